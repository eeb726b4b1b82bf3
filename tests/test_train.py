"""Training: which rows, in which parts, with which weight; the threshold's promise; what is refused."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset, predict, train
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.sightings import Sightings
from spamclf.ego import EgoLog
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.features import CATALOGUE, FAMILIES
from spamclf.instants import DAY_US, to_instant
from spamclf.labelled import MIN_PER_CLASS, PARTS, SNAPSHOTS, labelled_rows
from tests.doors import dataset, model, tables

NAMES = ("send_rate_sends", "fan_out_recipients")
QUICK = {"max_iter": 5, "features": NAMES, "n_jobs": 1}
MIDDLE = "2026-05-15"


def rows_of(data, end, **settings):
    return labelled_rows(EgoLog.build(data), end, NAMES, **({"history_days": 30.0} | settings))


def with_labels(**columns):
    """The same world with other labels: columns replaced by functions of the old ones."""
    labels = tables()["labels"]
    for name, change in columns.items():
        place = labels.column_names.index(name)
        labels = labels.set_column(place, name, change(labels[name]))
    return Dataset(**(tables() | {"labels": labels}))


def joined(one, other):
    """Two tables that differ at most in what is declared to be null."""
    return pa.concat_tables([one, other.cast(one.schema)])


def end_of(data):
    return max(data.last_instant(), pc.max(data.labels["labelled_at"]).cast("int64").as_py()) + 1


def saved(model, folder):
    model.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}


# ---- rows --------------------------------------------------------------------------------------------------------


def test_rows_are_labelled_accounts_after_their_sends():
    """Against a plain count: the instants just after the n-th sends and the last one, and the end."""
    end, data = to_instant("2026-06-20"), dataset()
    rows = rows_of(data, end)
    ids = EgoLog.build(data).account_ids.to_pylist()
    labels = dict(
        zip(*(tables()["labels"][name].to_pylist() for name in ("account_id", "is_automated")), strict=True)
    )
    sends: dict[str, list[int]] = {}
    messages = tables()["messages"]
    messages = zip(
        messages["sender_id"].to_pylist(), messages["sent_at"].cast("int64").to_pylist(), strict=True
    )
    for sender, instant in messages:
        sends.setdefault(sender, []).append(instant)
    expected = set()
    for name in labels:
        times = sorted(sends.get(name, []))
        instants = (
            {times[n - 1] + 1 for n in SNAPSHOTS if n <= len(times)} | {t + 1 for t in times[-1:]} | {end}
        )
        expected |= {
            (name, instant, labels[name])
            for instant in instants
            if any(instant - 30 * DAY_US <= t < instant for t in times)
        }
    slices = rows.slices
    got = list(
        zip((ids[code] for code in slices.account), slices.as_of.tolist(), rows.y.tolist(), strict=True)
    )
    assert len(got) == len(set(got))
    assert set(got) == expected
    assert np.array_equal(np.lexsort((slices.as_of, slices.account)), np.arange(len(got)))


def test_rows_are_split_forward_in_time():
    rows = rows_of(dataset(), end_of(dataset()))
    account = rows.slices.account
    parts_of = {code: set(rows.part[account == code].tolist()) for code in np.unique(account)}
    assert all(len(parts) == 1 for parts in parts_of.values())
    first = {code: int(rows.slices.as_of[account == code].min()) for code in parts_of}
    spans = [
        [first[code] for code, parts in parts_of.items() if parts == {part}] for part in range(len(PARTS))
    ]
    assert max(spans[0]) <= min(spans[1]) <= max(spans[1]) <= min(spans[2])
    shares = [len(span) / len(first) for span in spans]
    assert shares == pytest.approx([0.6, 0.2, 0.2], abs=0.01)


def test_the_rows_of_an_account_weigh_one():
    rows = rows_of(dataset(), end_of(dataset()))
    assert max(Counter(rows.slices.account.tolist()).values()) > 3
    sums = np.bincount(rows.slices.account, rows.weight)
    assert sums[sums > 0] == pytest.approx(1.0)


def test_rows_without_a_send_in_the_history_are_left_out():
    rows = rows_of(dataset(), end_of(dataset()) + 90 * DAY_US, history_days=5.0)
    sends = rows.X[:, 0]
    assert sends.min() >= 1
    assert rows.slices.as_of.max() < end_of(dataset())


def test_maxima_and_last():
    rows = rows_of(dataset(), end_of(dataset()))
    scores, everyone = np.arange(len(rows.y), dtype=float), np.ones(len(rows.y), bool)
    assert np.array_equal(rows.maxima(everyone, scores), np.flatnonzero(rows.last()))


def test_the_latest_label_counts():
    labels = tables()["labels"].select(["account_id", "is_automated", "labelled_at"])
    flipped = labels.set_column(1, "is_automated", pc.invert(labels["is_automated"]))
    for shift, wins in ((-1, labels), (1, flipped)):
        moved = pc.add(labels["labelled_at"].cast("int64"), shift).cast(labels["labelled_at"].type)
        both = joined(labels, flipped.set_column(2, "labelled_at", moved))
        data = Dataset(**(tables() | {"labels": both}))
        got = rows_of(data, to_instant("2026-09-01"))
        want = rows_of(Dataset(**(tables() | {"labels": wins})), to_instant("2026-09-01"))
        assert np.array_equal(got.y, want.y)
    contradicting = Dataset(**(tables() | {"labels": joined(labels, flipped)}))
    with pytest.raises(
        InsufficientDataError, match="at least 5 automated ones; got 0"
    ):  # the milder one stands
        rows_of(contradicting, to_instant("2026-09-01"))


# ---- the model ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_training_is_deterministic(tmp_path, monkeypatch, n_jobs):
    """The same data and seed give the same bytes, whatever the number of threads."""
    monkeypatch.setattr(train, "_MIN_CELLS", 0)
    settings = {"max_iter": 5, "features": ["send_rate", "fan_out"], "random_state": 7}
    one = saved(train.fit(dataset(), n_jobs=1, **settings), tmp_path / "one")
    again = saved(train.fit(Dataset(**tables()), n_jobs=n_jobs, **settings), tmp_path / "again")
    assert one == again
    assert set(one) == {"card.md", "manifest.json", *(name for name in one if name.startswith("trees-"))}


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
    for array in ("feature", "threshold", "value", "cover"):
        assert np.array_equal(getattr(first.forest, array), getattr(second.forest, array))
    assert (first.threshold, first.calibration) == (second.threshold, second.calibration)
    assert first.info["metrics"] == second.info["metrics"]
    assert first.info["data"]["messages"] == second.info["data"]["messages"] == cut["messages"].num_rows
    assert first.info["data"]["last_message"] == second.info["data"]["last_message"] < "2026-05-15"


@pytest.mark.parametrize("fpr", [0.001, 0.05, 0.2, 0.9])
def test_the_threshold_flags_no_more_than_fpr(fpr):
    """At most fpr of the honest calibration accounts reach the threshold, whichever of their rows is the highest."""
    model = train.fit(dataset(), fpr=fpr, **QUICK)
    rows = rows_of(dataset(), end_of(dataset()))
    chosen = (rows.part == PARTS.index("calibration")) & ~rows.y
    highest = rows.maxima(chosen, model.scores(rows.X))
    assert highest.size >= MIN_PER_CLASS
    assert (highest >= model.threshold).sum() <= fpr * highest.size
    lower = np.nextafter(highest[highest < model.threshold].max(), 0)
    assert (highest >= lower).sum() > fpr * highest.size  # and none lower would do


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.9, 0.999]), min_size=1, max_size=60), st.floats(0.001, 0.999)
)
def test_threshold_with_ties(honest, fpr):
    scores = np.array(honest)
    threshold = train._threshold(scores, fpr)
    assert 0 < threshold <= 1
    assert (scores >= threshold).sum() <= fpr * scores.size


def test_no_threshold_above_the_largest_score():
    with pytest.raises(InsufficientDataError, match="must reach the largest score"):
        train._threshold(np.array([0.2, 1.0, 1.0]), 0.4)


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
    X = rows_of_model().X
    more = X.copy()
    more[:, column] += 50
    assert (model().forest.raw_scores(more) >= model().forest.raw_scores(X)).all()


def rows_of_model():
    ego = EgoLog.build(dataset())
    return labelled_rows(ego, end_of(dataset()), model().feature_names, history_days=30.0)


def test_counts_and_what_it_was_made_from():
    info, rows = model().info, rows_of_model()
    assert {part: count["rows"] for part, count in info["counts"].items()} == {
        part: int((rows.part == k).sum()) for k, part in enumerate(PARTS)
    }
    labelled = sum(count["automated"] + count["honest"] for count in info["counts"].values())
    assert labelled == np.unique(rows.slices.account).size
    assert info["data"]["accounts"] == 300
    assert info["data"]["messages"] == tables()["messages"].num_rows
    assert (info["data"]["duplicates"], info["data"]["quarantined"]) == (0, 0)
    assert info["boosting"] == {"max_iter": 10, "max_features": 1.0}
    assert info["card"].startswith(f"# Model {model().name}\n")


def test_the_fingerprint_tells_data_apart():
    def fingerprint(data):
        return train.fit(data, **QUICK).info["data"]["fingerprint"]

    first = fingerprint(dataset())
    assert first == fingerprint(Dataset(**tables()))
    changed = tables()["messages"].slice(1)
    assert first != fingerprint(Dataset(**(tables() | {"messages": changed})))
    accounts = tables()["accounts"]
    place = accounts.column_names.index("is_business")
    changed = accounts.set_column(place, "is_business", pc.invert(accounts["is_business"]))
    assert first != fingerprint(Dataset(**(tables() | {"accounts": changed})))


def test_summary_and_name():
    named = train.fit(dataset(), **QUICK, name="mine")
    lines = train.summary(named).splitlines()
    assert lines[0] == "model mine: 5 trees, 2 features"
    assert any(line.split()[0] == "roc_auc" and "[" in line for line in lines)
    assert lines[-1].split() == ["threshold", f"{named.threshold:.4f}"]
    assert set(predict.score(dataset(), named, n_reasons=0)["model"].to_pylist()) == {"mine"}


def test_features_that_nobody_knows_are_left_out():
    bare = {name: tables()[name] for name in ("messages", "labels")}
    data = Dataset(accounts=tables()["accounts"].select(["account_id"]), **bare)
    model = train.fit(data, max_iter=3, n_jobs=1)
    assert "account_age_s" in model.info["features_left_out"]
    assert not set(model.feature_names) & set(model.info["features_left_out"])
    assert predict.score(data, model)["verdict"].to_pylist().count("automated") >= 0
    with pytest.raises(InsufficientDataError, match="features must be known of some accounts"):
        train.fit(data, features=["account_age_s"])


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
        (lambda: with_labels(is_automated=only(True)), "at least 5 honest ones; got 0"),
        (lambda: with_labels(is_automated=only(False)), "earliest 60 % .* at least 5 automated ones; got 0"),
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
        ({"history_days": 0}, "history_days must be above 0"),
        ({"history_days": float("inf")}, "history_days must be above 0"),
        ({"random_state": -1}, "random_state must be a whole number"),
        ({"random_state": None}, "random_state must be a whole number"),
        ({"features": []}, "features must be one at least"),
        ({"features": ["send_rat"]}, "got 'send_rat'. Did you mean send_rate"),
        ({"as_of": "soon"}, "as_of must be an instant"),
        ({"n_jobs": 0}, "n_jobs must be"),
        ({"max_iter": -1}, "boosting must be arguments .* 'max_iter'"),
        ({"max_leaves": 3}, "boosting must be arguments .* 'max_leaves'"),
    ],
)
def test_arguments_out_of_range(settings, words):
    with pytest.raises(ParameterError, match=words):
        train.fit(dataset(), **(QUICK | settings))


def test_a_folder_is_no_dataset(tmp_path):
    with pytest.raises(ParameterError, match="fit: dataset must be a Dataset"):
        train.fit(tmp_path)
