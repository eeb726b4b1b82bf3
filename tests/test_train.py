"""Training: what it yields, what its threshold promises, what is refused before any work."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset, Model, predict, simulate, train
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.sightings import Sightings
from spamclf.ego import EgoLog
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.features import CATALOGUE, FAMILIES
from spamclf.instants import DAY_US, to_instant
from spamclf.labelled import CALIBRATION, EARLIER, PARTS, TEST, TRAIN, LabelledRows, labelled_rows
from spamclf.model import HonestScores
from spamclf.model.classifier import SpamClassifier
from spamclf.segments import hide_few, segment_names, segments_of
from spamclf.train.arguments import _check_boosting, check_arguments
from spamclf.train.fitting import _estimated
from spamclf.train.made_from import fingerprint
from tests.doors import SMALL, dataset, model, tables

NAMES = ("send_rate_sends", "fan_out_recipients")
QUICK: dict[str, Any] = SMALL | {"max_iter": 5, "features": NAMES, "n_jobs": 1}
MIDDLE = "2026-05-15"
TIME = pa.timestamp("us", "UTC")


@cache
def large() -> Dataset:
    """A world with honest calibration accounts enough for a certificate at 5 %, and campaigns enough to keep whole."""
    return Dataset(**simulate.world(700, 30, random_state=1028, media=False))


@cache
def certified(fpr: float = 0.05) -> Model:
    return train.fit(large(), fpr=fpr, features=["send_rate", "fan_out", "replies"], max_iter=20, n_jobs=1)


@cache
def rows_of(which: str) -> LabelledRows:
    """The rows that a model was made from."""
    made, data = {"small": (model, dataset), "certified": (certified, large)}[which]
    info, names = made().info, made().feature_names
    ego = EgoLog.build(data())
    return labelled_rows(
        ego, end_of(data()), names, history_days=30.0, whole_campaigns=info["whole_campaigns"], n_jobs=1
    )


def with_labels(**columns: Any) -> Dataset:
    """The same world with other labels: columns replaced by functions of the old ones."""
    labels = tables()["labels"]
    for name, change in columns.items():
        labels = labels.set_column(labels.column_names.index(name), name, change(labels[name]))
    return Dataset(**(tables() | {"labels": labels}))


def joined(one: pa.Table, other: pa.Table) -> pa.Table:
    """Two tables that differ at most in what is declared to be null."""
    return pa.concat_tables([one, other.cast(one.schema)])


def end_of(data: Dataset) -> int:
    last = data.last_instant()
    labelled = pc.max(data.labels["labelled_at"]).cast("int64").as_py()
    return max(last if last is not None else 0, int(labelled)) + 1


def saved(model: Model, folder: Any) -> dict[str, bytes]:
    model.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}


def same_model(one: Model, other: Model) -> None:
    for array in ("feature", "threshold", "value", "cover"):
        assert np.array_equal(getattr(one.forest, array), getattr(other.forest, array))
    assert (one.threshold, one.calibration) == (other.threshold, other.calibration)


# ---- the model ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [pytest.param(None, marks=pytest.mark.slow), 0.95])
def test_training_is_deterministic(tmp_path, monkeypatch, confidence):
    """The same data and seed give the same bytes, whatever the number of threads and the order of the rows."""
    monkeypatch.setattr("spamclf.model.classifier._MIN_CELLS", 0)  # boost in as many threads as are asked for
    settings = {
        "max_iter": 5, "features": ["send_rate", "fan_out"], "random_state": 7, "fpr": 0.2, "confidence": confidence,
        "whole_campaigns": confidence is not None, "unlabelled": 0.2,
    }  # fmt: skip
    data = large() if confidence else dataset()
    one = saved(train.fit(data, n_jobs=1, **settings), tmp_path / "one")
    for n_jobs in (1, 2):
        fresh = Dataset(**data.tables)
        assert one == saved(train.fit(fresh, n_jobs=n_jobs, **settings), tmp_path / f"again{n_jobs}")
    kinds = {name.split("-")[0] for name in one}
    assert kinds == {"card.md", "manifest.json", "trees", "honest", "reference"}


def test_the_order_of_rows_does_not_matter(tmp_path):
    """All features, memory and all: a fresh export of the same data gives the same bytes."""
    rng = np.random.default_rng(2)
    shuffled = {name: table.take(rng.permutation(table.num_rows)) for name, table in tables().items()}
    usual = SMALL | {"max_iter": 10, "n_jobs": 1, "unlabelled": 0.2, "label_noise": {True: 0.1}}
    saves = [
        saved(train.fit(data, **usual), tmp_path / name)
        for name, data in (("one", dataset()), ("other", Dataset(**shuffled)))
    ]
    assert saves[0] == saves[1]


def test_another_seed_is_another_model():
    one, other = (train.fit(dataset(), **QUICK, max_features=0.5, random_state=seed) for seed in (0, 1))
    assert one.name != other.name
    assert not np.array_equal(one.forest.feature, other.forest.feature)


def test_what_is_later_than_the_instant_is_unseen():
    """Messages, reports and labels at or after as_of change nothing but the data's fingerprint."""
    end = to_instant(MIDDLE)
    cut = {}
    for name, time in (("messages", "sent_at"), ("reports", "reported_at")):
        table = tables()[name]
        cut[name] = table.filter(pc.less(table[time].cast("int64"), end))
        assert cut[name].num_rows < table.num_rows
    # In this world hardly any label is known so early: bring them forward, and let others contradict them later.
    labels = tables()["labels"].select(["account_id", "is_automated", "labelled_at"])

    def at(instant, verdicts):
        instants = pa.array([instant] * labels.num_rows, labels["labelled_at"].type)
        changed = labels.set_column(2, "labelled_at", instants).set_column(1, "is_automated", verdicts)
        return changed.cast(labels.schema)

    early = at(end - DAY_US, labels["is_automated"])
    later = at(end, pa.array([True] * labels.num_rows))
    first = train.fit(Dataset(**(tables() | cut | {"labels": early})), as_of=MIDDLE, **QUICK)
    more = Dataset(**(tables() | {"labels": joined(early, later)}))
    second = train.fit(more, as_of=end, **QUICK)
    same_model(first, second)
    for what in ("metrics", "segments", "beside", "counts", "parts_end"):
        assert first.info[what] == second.info[what]
    assert first.info["data"]["messages"] == second.info["data"]["messages"] == cut["messages"].num_rows
    assert first.info["data"]["last_message"] == second.info["data"]["last_message"] < "2026-05-15"


# ---- what the threshold promises ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fpr", [0.001, 0.05, 0.2, 0.9])
def test_an_estimated_threshold_flags_no_more_than_fpr(fpr):
    """At most fpr of the honest calibration accounts reach the threshold, whichever of their rows is the highest."""
    model = train.fit(dataset(), **(QUICK | {"fpr": fpr}))
    rows = labelled_rows(
        EgoLog.build(dataset()), end_of(dataset()), NAMES, history_days=30.0, whole_campaigns=False
    )
    chosen = (rows.part == CALIBRATION) & ~rows.y
    scores, account = model.scores(rows.X)[chosen], rows.slices.account[chosen]
    highest = np.array([scores[account == each].max() for each in np.unique(account)])
    assert np.array_equal(np.sort(highest), model.honest.values[: model.honest.n_accounts])
    assert (highest >= model.threshold).sum() <= fpr * highest.size
    lower = np.nextafter(highest[highest < model.threshold].max(), 0)
    assert (highest >= lower).sum() > fpr * highest.size  # and none lower would do
    assert model.certificate is None


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.9, 0.999]), min_size=1, max_size=60), st.floats(0.001, 0.999)
)
def test_an_estimate_with_ties(honest, fpr):
    scores = np.array(honest)
    threshold = _estimated(HonestScores.of(np.arange(scores.size), scores), fpr)
    assert 0 < threshold <= 1
    assert (scores >= threshold).sum() <= fpr * scores.size
    below = scores[scores < threshold]
    assert (scores >= below.max()).sum() > fpr * scores.size


def test_no_estimate_above_the_largest_score():
    honest = HonestScores.of([1, 2, 3], [0.2, 1.0, 1.0])
    with pytest.raises(
        InsufficientDataError, match="reach the largest score must be at most 1 of 3; got more"
    ):
        _estimated(honest, 0.4)


def test_the_threshold_is_that_of_the_certificate():
    """Made of the highest scores in the lives of the honest calibration accounts, overall and in each segment."""
    model, rows = certified(), rows_of("certified")
    assert model.certificate == model.honest.certify(0.05, 0.95)
    assert model.threshold == model.certificate.threshold
    assert (model.certificate.fpr, model.certificate.confidence) == (0.05, 0.95)
    chosen = np.isin(rows.part, (CALIBRATION, EARLIER)) & ~rows.y
    ego, scores = EgoLog.build(large()), model.scores(rows.X)
    account, slices = rows.slices.account[chosen], rows.slices[chosen]
    segments = hide_few(account, segments_of(ego, slices, segment_names(ego, slices)))
    plain = HonestScores.of(account, scores[chosen], segments)
    assert plain.names == model.honest.names
    assert np.array_equal(plain.values, model.honest.values)
    assert plain.n_accounts == model.info["counts"]["calibration"]["honest"] >= 59
    looked = rows.slices.as_of[chosen]
    assert looked.min() < rows.bounds[1] < looked.max() <= rows.bounds[2]
    begin, end = (to_instant(each) for each in model.certificate.window)
    assert rows.bounds[0] <= begin < looked.min() + DAY_US
    assert end == rows.bounds[2]


def test_segments_only_raise_the_threshold():
    certificate = certified().certificate
    names = {row.name for row in certificate.segments}
    assert names == {"new", "established", "business", "other countries"}
    assert {row.pooled for row in certificate.segments} == {True, False}
    assert all(row.threshold >= certificate.threshold for row in certificate.segments)
    masks = {name: np.array([True, False]) for name in names}
    inside, outside = certified().thresholds(2, masks)
    assert inside == max(row.threshold for row in certificate.segments) >= outside == certified().threshold


@pytest.mark.parametrize(("fpr", "confidence"), [(0.1, 0.95), (0.05, 0.8)])
def test_certifying_anew_is_training_so(fpr, confidence):
    again = train.fit(
        large(),
        fpr=fpr,
        confidence=confidence,
        features=["send_rate", "fan_out", "replies"],
        max_iter=20,
        n_jobs=1,
    )
    moved = certified().certify(fpr, confidence)
    same_model(moved, again)
    assert moved.certificate == again.certificate
    assert moved.threshold < certified().threshold
    assert (moved.info["fpr"], moved.info["confidence"]) == (fpr, confidence)
    # What was measured with the former threshold is gone; what knows none stays.
    assert (
        again.info["segments"].keys() == moved.info["segments"].keys() == certified().info["segments"].keys()
    )
    for name, told in again.info["segments"].items():
        left = moved.info["segments"][name]
        assert left["roc_auc"] == told["roc_auc"]
        for kind in ("automated", "honest"):
            assert left[kind] == {"accounts": told[kind]["accounts"], "flagged_share": None}
    assert {name for name in again.info["metrics"] if name not in moved.info["metrics"]} == {
        "automated_flagged_share", "honest_flagged_share"
    }  # fmt: skip
    assert all(again.info["metrics"][name] == value for name, value in moved.info["metrics"].items())


def test_the_reference_is_in_the_mix_of_who_is_scored_then():
    """As many automated accounts for an honest one as among all labelled ones that sent in the look-back before."""
    model, rows = certified(), rows_of("certified")
    high, messages = rows.bounds[2], large().tables["messages"]
    sent = messages["sent_at"].cast("int64").to_numpy()
    recent = set(messages["sender_id"].to_numpy()[(sent < high) & (sent >= high - 30 * DAY_US)].tolist())
    latest = {row["account_id"]: row["is_automated"] for row in large().tables["labels"].to_pylist()}
    seen = [automated for name, automated in latest.items() if name in recent]
    scores = model.scores(rows.X)
    last = (rows.part == CALIBRATION) & rows.last()
    n_automated = (last & rows.y).sum()
    n_honest = round(n_automated * (len(seen) - sum(seen)) / sum(seen))
    assert n_honest < (last & ~rows.y).sum()
    everyone, *_ = model.honest.reference.scores.lists()
    assert everyone.size == n_automated + n_honest
    assert set(scores[last & rows.y]) <= set(everyone)


def test_neither_a_phone_number_nor_a_country_of_few_gets_into_a_model(monkeypatch, tmp_path):
    """Rows 23: what stands in the column of countries names a segment only if it is a code that many have."""
    monkeypatch.setattr("spamclf.segments.LEAST_OF_COUNTRY", 25)
    accounts = large().tables["accounts"]
    told = [
        ("DE", "DE", "DE", "BR", f"+4917{k:07d}")[k % 5] if k % 50 else "LI" for k in range(accounts.num_rows)
    ]
    column = accounts.column_names.index("country")
    changed = accounts.set_column(column, "country", pa.array(told))
    model = train.fit(
        Dataset(**(large().tables | {"accounts": changed})), **(QUICK | {"fpr": 0.2, "confidence": 0.5})
    )
    assert model.honest.names == ("new", "established", "business", "country=DE", "other countries")
    assert set(model.info["segments"]) <= set(model.honest.names)
    sizes = np.diff(model.honest.offsets)[1:]
    assert ((sizes >= 20) | (sizes == 0)).all()
    compared = np.diff(model.honest.reference.scores.offsets)[1:]
    assert ((compared >= 20) | (compared == 0)).all()
    for name, data in saved(model, tmp_path / "m").items():
        assert b"+4917" not in data, name
        assert b"=LI" not in data, name
        assert (b"country=DE" in data) == (name in ("manifest.json", "card.md"))


def test_a_certificate_is_refused_before_boosting(monkeypatch):
    """At once, and with the fpr that the accounts would support."""
    n_honest = certified().info["counts"]["calibration"]["honest"]

    def boosted(*_: Any, **__: Any) -> None:
        raise AssertionError("boosting has begun")

    monkeypatch.setattr(SpamClassifier, "fit", boosted)
    with pytest.raises(InsufficientDataError) as caught:
        train.fit(large(), features=NAMES, n_jobs=1)
    said = str(caught.value)
    assert (
        f"at least 2,995 for fpr 0.001 at confidence 0.95; got {n_honest:,}. Label more later accounts"
        in said
    )
    supported = float(said.split("fpr of ")[1].split()[0])
    assert (1 - supported) ** n_honest <= 0.05 < (1 - 0.98 * supported) ** n_honest
    with pytest.raises(AssertionError, match="boosting has begun"):
        train.fit(large(), fpr=supported, features=NAMES, n_jobs=1)


# ---- what was measured -------------------------------------------------------------------------------------------


def test_flagged_shares_stand_with_their_exact_interval():
    """On the test part, by the thresholds in force, an account flagged if any of its rows is; against scipy's test."""
    from scipy.stats import binomtest

    model, rows = certified(0.15), rows_of("certified")
    test = rows.part == TEST
    account, y, slices = rows.slices.account[test], rows.y[test], rows.slices[test]
    ego = EgoLog.build(large())
    masks = segments_of(ego, slices, segment_names(ego, slices))
    in_force = np.full(test.sum(), model.threshold)
    for row in model.certificate.segments:
        inside = masks.get(row.name, np.zeros(test.sum(), bool))
        in_force[inside] = np.maximum(in_force[inside], row.threshold)
    flagged = model.scores(rows.X[test]) >= in_force
    assert (flagged != (model.scores(rows.X[test]) >= model.threshold)).any()  # the segments matter
    seen = 0
    for name, inside in ({"": np.ones(test.sum(), bool)} | masks).items():
        for kind, those in (("automated", y), ("honest", ~y)):
            everybody = set(account[inside & those].tolist())
            n_flagged = len(set(account[inside & those & flagged].tolist()))
            told = model.info["segments"][name][kind] if name else None
            share = told["flagged_share"] if told else model.info["metrics"][f"{kind}_flagged_share"]
            if told:
                assert told["accounts"] == len(everybody)
            if not everybody:
                assert share is None
                continue
            exact = binomtest(n_flagged, len(everybody)).proportion_ci(0.95, "exact")
            assert share == pytest.approx([n_flagged / len(everybody), exact.low, exact.high], abs=1e-9)
            seen += n_flagged
    assert seen > 10
    assert set(model.info["segments"]) == set(masks)
    honest = model.info["segments"]["new"]["honest"]["accounts"]
    assert 0 < honest < model.info["counts"]["test"]["honest"]


def test_each_segment_has_a_figure_that_knows_no_threshold():
    """Each account at the last of its rows in the segment; against scikit-learn."""
    from sklearn.metrics import roc_auc_score

    model, rows = certified(0.15), rows_of("certified")
    test = rows.part == TEST
    account, y, scores = rows.slices.account[test], rows.y[test], model.scores(rows.X[test])
    ego, slices = EgoLog.build(large()), rows.slices[test]
    for name, inside in segments_of(ego, slices, segment_names(ego, slices)).items():
        last = {account[k]: k for k in np.flatnonzero(inside)}  # rows are in the order of time
        figure = roc_auc_score(y[[*last.values()]], scores[[*last.values()]])
        value, low, high = model.info["segments"][name]["roc_auc"]
        assert value == pytest.approx(figure)
        assert low <= value <= high


def test_what_a_person_can_check_stands_beside():
    beside = model().info["beside"]
    assert any(name in beside["rules"][0] for name in model().feature_names)
    assert beside["tree"][0].startswith("if ")
    lines = train.summary(model()).splitlines()
    assert [line.strip() for line in beside["tree"]] == [
        line.strip() for line in lines[-len(beside["tree"]) :]
    ]


# ---- settings ----------------------------------------------------------------------------------------------------


def test_settings_are_searched_and_told():
    """What the caller says is not varied."""
    fixed = {
        "max_iter": 6,
        "max_leaf_nodes": 4,
        "learning_rate": 0.1,
        "max_features": 1.0,
        "l2_regularization": 1.0,
    }
    said: list[str] = []
    found = train.fit(dataset(), **(QUICK | fixed), search=3, progress=said.append)
    assert [line.split()[0] for line in said] == ["looking", "trying", "boosting", "calibrating"]
    assert said[1] == "trying 3 settings ..."
    searched = found.info["searched"]
    assert searched
    assert {*searched[0]} == {"round", "n_rows", "score", "score_std", "min_samples_leaf"}
    best = searched[0]["min_samples_leaf"]
    same_model(found, train.fit(dataset(), **(QUICK | fixed), min_samples_leaf=best))
    assert found.info["boosting"] == fixed
    assert model().info["searched"] == []


def test_boosting_passes_through(monkeypatch):
    given_to: dict[str, Any] = {}
    plain = SpamClassifier.fit

    def fit(self, X, y, sample_weight=None, **told):
        given_to.update(self.get_params(), **told)
        return plain(self, X, y, sample_weight, **told)

    monkeypatch.setattr(SpamClassifier, "fit", fit)
    noisy = train.fit(dataset(), **QUICK, label_noise={True: 0.1}, random_state=3)
    rows = labelled_rows(
        EgoLog.build(dataset()), end_of(dataset()), NAMES, history_days=30.0, whole_campaigns=False
    )
    assert given_to["label_noise"] == {True: 0.1}
    assert (given_to["random_state"], given_to["n_jobs"]) == (3, 1)
    assert np.array_equal(given_to["groups"], rows.group[rows.part == TRAIN])
    assert np.array_equal(given_to["time"], rows.slices.as_of[rows.part == TRAIN])
    assert not np.array_equal(noisy.forest.value, train.fit(dataset(), **QUICK, random_state=3).forest.value)
    assert noisy.info["boosting"]["label_noise"] == {"true": 0.1}


def test_unlabelled_accounts_are_told_apart():
    """They change the trees, and nothing that is counted, calibrated or measured on."""
    some = train.fit(large(), fpr=0.05, features=NAMES, max_iter=5, n_jobs=1, unlabelled=0.5)
    none = train.fit(large(), fpr=0.05, features=NAMES, max_iter=5, n_jobs=1)
    assert some.info["counts"] == none.info["counts"]
    assert some.info["parts_end"] == none.info["parts_end"]
    assert some.info["unlabelled_accounts"] > 10 > none.info["unlabelled_accounts"] == 0
    assert some.honest.n_accounts == none.honest.n_accounts
    assert not np.array_equal(some.forest.value, none.forest.value)
    assert some.name != none.name


@pytest.mark.parametrize(
    "other",
    [{"fpr": 0.1}, {"features": NAMES[:1]}, {"history_days": 29},
     *(pytest.param(other, marks=pytest.mark.slow) for other in (
         {"confidence": 0.5}, {"whole_campaigns": True}, {"unlabelled": 0.5}, {"max_iter": 6}, {"random_state": 1}))],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_other_settings_are_another_name(other):
    usual = {
        "fpr": 0.2,
        "features": NAMES,
        "max_iter": 5,
        "confidence": None,
        "whole_campaigns": False,
        "n_jobs": 1,
    }
    one, again, changed = (train.fit(large(), **(usual | each)) for each in ({}, {"n_jobs": 2}, other))
    assert one.name == again.name != changed.name
    assert one.name[:11] == f"{one.info['as_of'][:10]}-"


def test_reports_are_read_when_asked_for_alone():
    feedback = {feature.name for feature in FAMILIES["feedback"].features}
    assert not feedback & set(model().feature_names)
    assert all(CATALOGUE[name].tier in "0123" for name in model().feature_names)
    asked = train.fit(dataset(), **(QUICK | {"features": ["feedback", "send_rate_sends"]}))
    assert set(asked.feature_names) == feedback | {"send_rate_sends"}


def test_a_model_sees_no_more_than_its_tiers():
    bare = train.fit(dataset(), **(QUICK | {"tiers": ("0", "1")}))
    used = {CATALOGUE[name].tier for name in bare.feature_names}
    assert used <= {"0", "1"}
    assert sorted(used) == bare.info["tiers"]
    assert bare.memory is None or not (len(bare.memory.photos) or len(bare.memory.texts))
    with pytest.raises(ParameterError, match="fit: tiers must be some of 0, 1, 2, 3, F; got 7"):
        train.fit(dataset(), tiers=("0", "7"))


def test_a_feature_of_another_tier_is_refused():
    with pytest.raises(
        ParameterError, match=r"must be of the tiers 0, 1; got 8 of others, such as photo_shown"
    ):
        train.fit(dataset(), tiers=("0", "1"), features=["photo", "send_rate"])


def test_memory_is_a_choice_or_an_index():
    with pytest.raises(ParameterError, match="memory must be True, False or a CampaignIndex; got str"):
        train.fit(dataset(), memory="yes")
    known = CampaignIndex().add(Sightings.of("photo", "pdq", [7], [10], [[1, 2, 3, 4]]))
    assert len(train.fit(dataset(), **(QUICK | {"memory": known})).memory) == 1


def test_memory_can_be_left_out():
    assert train.fit(dataset(), **(QUICK | {"memory": False})).memory is None


def test_the_model_separates_and_follows_the_catalogue():
    metrics = model().info["metrics"]
    assert 0.75 < metrics["roc_auc"][0] <= 1.0
    for name, figure in metrics.items():
        if isinstance(figure, list):
            assert 0 <= figure[1] <= figure[0] <= figure[2] <= 1, name
    column = model().feature_names.index("send_rate_sends")
    X = rows_of("small").X
    more = X.copy()
    more[:, column] += 50
    assert (model().forest.raw_scores(more) >= model().forest.raw_scores(X)).all()


def test_counts_and_what_it_was_made_from():
    info, rows = model().info, rows_of("small")
    assert {part: count["rows"] for part, count in info["counts"].items()} == {
        part: int((rows.part == k).sum()) for k, part in enumerate(PARTS)
    }
    labelled = sum(count["automated"] + count["honest"] for count in info["counts"].values())
    assert labelled == np.unique(rows.slices.account).size
    assert info["data"]["accounts"] == 300
    assert info["data"]["messages"] == tables()["messages"].num_rows
    assert (info["data"]["duplicates"], info["data"]["quarantined"]) == (0, 0)
    assert info["boosting"] == {"max_iter": 10, "max_features": 1.0}
    assert (info["fpr"], info["confidence"], info["whole_campaigns"], info["unlabelled"]) == (
        0.05,
        None,
        False,
        0.0,
    )
    assert info["calibration"] == "sigmoid"
    assert to_instant(info["as_of"]) == end_of(dataset())
    sent = dataset().messages["sent_at"].cast("int64").to_pylist()
    assert to_instant(info["parts_end"][-1]) == max(sent) + 1  # labels come later; nothing is to be looked at


def changed(table: pa.Table, name: str) -> pa.Table:
    """The same table with two values of a column exchanged, or one made null."""
    values = table[name].to_pylist()
    other = next((k for k, value in enumerate(values) if value is not None and value != values[0]), None)
    if other is None:
        values[next(k for k, value in enumerate(values) if value is not None)] = None
    else:
        values[0], values[other] = values[other], values[0]
    return table.set_column(
        table.column_names.index(name), name, pa.array(values, table.schema.field(name).type)
    )


COLUMNS = [
    (name, column)
    for name, table in tables().items()
    for column in table.column_names
    if table[column].null_count < table.num_rows
]


@pytest.mark.parametrize(("name", "column"), COLUMNS, ids=".".join)
def test_the_fingerprint_covers_every_column(name, column):
    table = tables()[name]
    other = Dataset(**(tables() | {name: changed(table, column)}), max_bad_share=1.0)
    assert fingerprint(other) != fingerprint(dataset())


def test_the_fingerprint_covers_every_row():
    for name, table in tables().items():
        for less in (table.slice(1), table.slice(0, table.num_rows - 1)):
            if name == "accounts":  # others speak of them
                continue
            assert fingerprint(Dataset(**(tables() | {name: less}))) != fingerprint(dataset()), name
    assert model().info["data"]["fingerprint"] == fingerprint(Dataset(**tables()))


def test_the_fingerprint_knows_no_order():
    rng = np.random.default_rng(1)
    shuffled = {
        name: table.take(rng.permutation(table.num_rows)).select(sorted(table.column_names, reverse=True))
        for name, table in reversed(tables().items())
    }
    assert fingerprint(Dataset(**shuffled)) == fingerprint(dataset())


def test_the_fingerprint_reads_signatures():
    def print_of(*signatures: list[int] | None) -> str:
        texts = {
            "account_id": ["a"] * len(signatures),
            "observed_at": [10] * len(signatures),
            "source": ["about"] * len(signatures),
            "signature": pa.array(signatures, pa.list_(pa.uint64())),
        }
        messages = {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [10]}
        accounts = {"account_id": ["a"]}
        return fingerprint(Dataset(accounts=accounts, messages=messages, texts=texts, time_unit="s"))

    one, other, third = list(range(128)), list(range(1, 129)), [5] * 128
    assert print_of(one, other) == print_of(other, one)
    assert len({print_of(*each) for each in ((one, other), (one, third), (one, one[::-1]), (one,))}) == 4
    assert print_of(one) != print_of(one[::-1])


@cache
def divided() -> pa.Table:
    """Accounts of `certified` and the parts they are in, one row each."""
    rows = train.split(large(), features=["send_rate", "fan_out", "replies"], n_jobs=1)
    return rows.group_by(["account_id", "part", "is_automated", "campaign"]).aggregate([])


def test_it_tells_how_campaigns_lie_in_the_parts():
    info, told = certified().info, train.summary(certified()).splitlines()
    for part, count in info["counts"].items():
        own = [row for row in divided().to_pylist() if row["part"] == part and row["is_automated"]]
        sizes = [n for n in Counter(row["campaign"] for row in own).values() if n > 1]
        assert (count["automated"], count["campaigns"]) == (len(own), len(sizes))
        assert (count["in_campaigns"], count["largest_campaign"]) == (sum(sizes), max(sizes))
        said = f"; {len(sizes)} campaigns, the largest {100 * max(sizes) / len(own):.0f} % of the automated"
        assert any(line.split()[0] == part and line.endswith(said) for line in told)
        assert f"In {part}{said.replace(';', ':')}." in certified().card
    several = [row for row in divided().to_pylist() if row["is_automated"]]
    where = {row["campaign"]: row["part"] for row in several}
    assert all(where[row["campaign"]] == row["part"] for row in several), "a campaign is in one part"


def test_it_tells_which_labels_were_of_use():
    labels = certified().info["labels"]
    known = set(large().labels["account_id"].to_pylist())
    sent = set(large().messages["sender_id"].to_pylist())
    used = set(divided()["account_id"].to_pylist())
    assert (labels["accounts"], labels["used"]) == (len(known), len(used))
    assert labels["never_sent"] == len(known - sent) > 0
    assert labels["silent"] + labels["between"] == len(known & sent - used) > 0
    told = f"of {len(known)} labelled accounts {len(used)} are in a part; {len(known - sent)} never sent, "
    assert told in train.summary(certified())
    assert told[1:] in certified().card
    late = f"{certified().info['late_labels']} of those to train on had no label yet"
    assert late in train.summary(certified())


def test_a_test_without_campaigns_is_warned_of():
    """Where nothing but single accounts is left to test on, as wrong labels are, figures say nothing of campaigns."""
    rows = divided().to_pylist()
    first = {row["campaign"]: row["account_id"] for row in rows if row["is_automated"]}
    mates = [
        row["account_id"]
        for row in rows
        if row["part"] == "test" and row["is_automated"] and first[row["campaign"]] != row["account_id"]
    ]
    labels = large().labels
    labels = labels.filter(pc.invert(pc.is_in(labels["account_id"], pa.array(mates))))
    thin = Dataset(**large().tables | {"labels": labels})
    names = {"features": ["send_rate", "fan_out"], "max_iter": 5, "confidence": None, "n_jobs": 1}
    with pytest.warns(UserWarning, match="whole_campaigns=False lets parts share it") as caught:
        doubted = train.fit(thin, **names)
    said = str(caught[0].message)
    assert doubted.info["counts"]["test"]["campaigns"] < 2
    assert f"and {doubted.info['counts']['test']['campaigns']} (train: " in said
    assert f"  warning: {said.removeprefix('fit: ')}" in train.summary(doubted)
    assert said.removeprefix("fit: c") in doubted.card.replace("\n", " ")
    assert "warning: " not in train.summary(train.fit(thin, **names, whole_campaigns=False)), (
        "they are shared"
    )


def test_the_rules_and_the_tree_name_the_classes():
    beside = certified().info["beside"]
    assert all(
        " % of the automated and " in rule and " % of the honest accounts" in rule for rule in beside["rules"]
    )
    assert any(" % automated (" in line for line in beside["tree"])
    assert "second class" not in train.summary(certified())
    assert "second class" not in certified().card


def test_summary_and_name():
    named = train.fit(dataset(), **QUICK, name="mine")
    lines = train.summary(named).splitlines()
    assert lines[0] == "model mine: 5 trees, 2 features"
    assert any(line.split()[0] == "roc_auc" and "[" in line for line in lines)
    assert ["threshold", f"{named.threshold:.4f}"] in [line.split() for line in lines]
    assert "no certificate: 0.05 of honest accounts is an estimate, often exceeded" in lines
    told = train.summary(certified())
    assert str(certified().certificate) in told
    assert "no certificate" not in told
    assert train.summary(replace(named, info={})).splitlines()[1].split()[0] == "threshold"
    assert set(predict.score(dataset(), named, n_reasons=0)["model"].to_pylist()) == {"mine"}


def test_features_that_nobody_knows_are_left_out():
    bare = {name: tables()[name] for name in ("messages", "labels")}
    data = Dataset(accounts=tables()["accounts"].select(["account_id"]), **bare)
    model = train.fit(data, **SMALL, max_iter=3, n_jobs=1)
    assert "account_age_s" in model.info["features_left_out"]
    assert not set(model.feature_names) & set(model.info["features_left_out"])
    assert predict.score(data, model)["verdict"].to_pylist().count("automated") >= 0
    with pytest.raises(InsufficientDataError, match="features must be known of some accounts"):
        train.fit(data, **SMALL, features=["account_age_s"])


# ---- row 8: what cannot be trained on ---------------------------------------------------------------------------


def only(value):
    return lambda column: pa.array([value] * len(column), pa.bool_())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            lambda: Dataset(**{k: v for k, v in tables().items() if k != "labels"}),
            r"labels must be known .* got none",
        ),
        (lambda: Dataset(**(tables() | {"labels": tables()["labels"].slice(0, 0)})), "got none"),
        (
            lambda: with_labels(is_automated=only(True)),
            "train part must hold at least 5 honest accounts; got 0",
        ),
        (lambda: with_labels(is_automated=only(False)), "train part .* at least 5 automated accounts; got 0"),
        (lambda: Dataset(**(tables() | {"labels": tables()["labels"].slice(0, 1)})), "at least 5"),
        (
            lambda: Dataset(**(tables() | {"messages": tables()["messages"].slice(0, 0)})),
            "must have sent messages",
        ),
    ],
)
def test_too_little_to_train_on(data, words):
    """Row 8."""
    with pytest.raises(InsufficientDataError, match=words):
        train.fit(data(), **QUICK)


def test_labels_that_nobody_knows_yet():
    with pytest.raises(
        InsufficientDataError, match=r"before 2026-05-01T00:00:00Z; got [\d,]+, all of them later"
    ):
        train.fit(dataset(), as_of="2026-05-01", **QUICK)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"fpr": 0}, "fpr must be between 0 and 1; got 0"),
        ({"fpr": float("nan")}, "fpr must be"),
        ({"history_days": 0}, "^fit: history_days must be above 0"),
        ({"history_days": float("inf")}, "history_days must be above 0"),
        ({"random_state": -1}, "random_state must be a whole number"),
        ({"random_state": None}, "random_state must be a whole number"),
        ({"features": []}, "features must be one at least"),
        ({"features": ["send_rat"]}, "got 'send_rat'. Did you mean send_rate"),
        ({"as_of": "soon"}, "as_of must be an instant"),
        ({"n_jobs": 0}, "^[a-z]+: n_jobs must be"),
        ({"max_iter": -1}, "parameters must be such as HistGradientBoostingClassifier takes; .* 'max_iter'"),
        (
            {"max_leaves": 3, "trees": 1},
            "boosting must be parameters of SpamClassifier; got max_leaves, trees",
        ),
        ({"confidence": 1}, "confidence must be between 0 and 1; got 1"),
        ({"confidence": float("nan")}, "confidence must be between 0 and 1"),
        ({"confidence": True}, "confidence must be between 0 and 1; got True"),
        ({"fpr": None}, "fpr must be between 0 and 1; got None"),
        ({"whole_campaigns": "no"}, "whole_campaigns must be True or False; got 'no'"),
        ({"unlabelled": -0.1}, "unlabelled must be a weight from 0 to 1; got -0.1"),
        ({"unlabelled": 1.1}, "unlabelled must be a weight"),
        ({"unlabelled": float("nan")}, "unlabelled must be a weight"),
        ({"unlabelled": True}, "unlabelled must be a weight"),
        ({"search": -1}, "search must be a number of settings to try; got -1"),
        ({"search": 2.5}, "search must be"),
        ({"search": True}, "search must be"),
    ],
)
def test_arguments_out_of_range(settings, words):
    with pytest.raises(ParameterError, match=words):
        train.fit(dataset(), **(QUICK | settings))


def test_what_is_wrong_is_said_before_any_work(monkeypatch):
    monkeypatch.setattr("spamclf.train.fitting.EgoLog.build", lambda *_, **__: pytest.fail("work has begun"))
    for wrong in (
        {"trees": 1}, {"fpr": 2}, {"search": -1}, {"tiers": ("9",)}, {"n_jobs": 0}, {"max_iter": -3},
        {"max_iter": 2.5}, {"max_leaf_nodes": 1}, {"learning_rate": "fast"}, {"label_noise": 0.9},
        {"label_noise": {"spam": 0.1}}, {"early_stopping": "yes"}, {"monotonic_cst": {"nobody": 1}},
    ):  # fmt: skip
        with pytest.raises(ParameterError):
            train.fit(dataset(), **(QUICK | wrong))


def test_boosting_is_tried_on_a_toy_of_one_tree(monkeypatch):
    grown = []
    monkeypatch.setattr(
        SpamClassifier, "fit", lambda self, X, y: grown.append((self.max_iter, X.num_columns))
    )
    for boosting in ({"max_iter": 5_000, "label_noise": {True: 0.1}}, {"max_leaf_nodes": 7}, {}):
        _check_boosting(boosting, ("account_age_s", "send_rate_sends"))
    assert grown == [(1, 2), (1, 2)]


def test_progress_must_be_something_to_call():
    settings = (dataset(), None, None, 30.0, 0.01, 0.95, True, 0.0, 0, True, 0, {})
    assert check_arguments(*settings, progress=print) == check_arguments(*settings)
    with pytest.raises(ParameterError, match="fit: progress must be a function that takes a line of text"):
        check_arguments(*settings, progress=5)


def test_labels_older_than_their_accounts_are_labels():
    """They are used and told: to set them aside, a registration that is unseen yet would have to be looked at."""
    first = pc.min(tables()["accounts"]["registered_at"]).cast("int64").as_py()

    def early(column: pa.ChunkedArray) -> pa.Array:
        return pa.array([first - DAY_US] * len(column), column.type)

    data = with_labels(labelled_at=early)
    assert len(data.quarantine) == 0
    found = train.fit(data, as_of="2026-06-20", **QUICK)
    usual = train.fit(dataset(), as_of="2026-06-20", **QUICK)
    same_model(found, usual)
    accounts = tables()["accounts"]
    dated = accounts.filter(pc.less(accounts["registered_at"], pa.scalar(to_instant("2026-06-20"), TIME)))[
        "account_id"
    ]
    n_labels = pc.sum(pc.is_in(data.labels["account_id"].cast(pa.string()), dated.combine_chunks())).as_py()
    assert 0 < n_labels < data.labels.num_rows
    assert found.info["data"]["labels_before_registration"] == n_labels
    assert f"  {n_labels} labels dated before the account registered" in train.summary(found)
    assert usual.info["data"]["labels_before_registration"] == 0
    assert "dated before" not in train.summary(usual)


def test_labels_that_come_too_late_are_told():
    """They change nothing else: what is dated at or after the end is not seen."""
    labels = tables()["labels"]
    late = pa.array([to_instant("2026-06-20")] * labels.num_rows, labels["labelled_at"].type)
    more = labels.set_column(labels.column_names.index("labelled_at"), "labelled_at", late)
    data = Dataset(**(tables() | {"labels": joined(labels, more)}))
    usual = train.fit(dataset(), as_of="2026-06-20", **QUICK)
    found = train.fit(data, as_of="2026-06-20", **QUICK)
    same_model(found, usual)
    n_before = usual.info["unseen_labels"]
    n_late = n_before + labels.num_rows
    assert found.info["unseen_labels"] == n_late
    assert f"  {n_late:,} labels dated 2026-06-20T00:00:00Z (as_of) or later: not seen\n" in train.summary(
        found
    )
    assert found.card is not None
    assert f"{n_late:,} labels dated at or after that end: not seen." in found.card
    all_seen = replace(usual, info=usual.info | {"unseen_labels": 0})
    assert "(as_of) or later" not in train.summary(all_seen)
    assert "at or after that end" not in str(all_seen.card)


def test_a_folder_is_no_dataset(tmp_path):
    with pytest.raises(ParameterError, match="fit: dataset must be a Dataset"):
        train.fit(tmp_path)
