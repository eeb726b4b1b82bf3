"""A certificate by another dataset: all its honest accounts, looked at as an evaluation does, and nothing later."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow.compute as pc
import pytest

from spamclf import Dataset, evaluate, load_model, simulate, train
from spamclf.errors import InsufficientDataError, ParameterError
from tests.evaluate.common import shipped


@cache
def month() -> simulate.World:
    return simulate.world(400, random_state=1031, wrong_labels=0.0)


@cache
def certified():
    return train.certify(shipped(), month().dataset, fpr=0.05, n_jobs=1)


def labelled(made, as_of):
    """The truth about the accounts that a label calls honest by then, and all automated ones."""
    early = made["labels"].filter(pc.less(made["labels"]["labelled_at"].cast("int64"), as_of))
    honest = early.filter(pc.invert(early["is_automated"]))["account_id"]
    known = pc.is_in(made.truth["account_id"], honest.combine_chunks())
    return made.truth.filter(pc.or_(known, made.truth["is_automated"]))


def test_the_highest_scores_are_those_that_an_evaluation_finds():
    as_of = pc.max(month()["messages"]["sent_at"]).cast("int64").as_py() + 1
    model = train.certify(shipped(), month().dataset, as_of=as_of, fpr=0.05, n_jobs=1)
    found = evaluate.evaluate(
        month().dataset, shipped(), labelled(month(), as_of), as_of=as_of, n_jobs=1
    ).accounts
    highest = np.sort(np.asarray(found["score"])[~np.asarray(found["is_automated"])])
    everyone = next(model.honest.lists())
    assert highest.size > 150
    assert np.array_equal(everyone, highest)
    assert model.certificate.n_accounts == highest.size
    flagged = int((everyone >= model.threshold).sum())
    assert flagged <= model.certificate.n_above
    assert model.certificate.window[1] > model.certificate.window[0] >= "2026-05-01"


def test_trees_and_probabilities_stay_and_the_rest_is_of_the_new_data(tmp_path):
    model = certified()
    assert model.forest is shipped().forest
    assert model.calibration is shipped().calibration
    assert model.info["certified_on"]["accounts"] == 400
    assert "another dataset: 400 accounts" in model.card
    assert model.certify(0.1).certificate.n_accounts == model.certificate.n_accounts
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.certificate == model.certificate
    assert again.digest == model.digest


def test_what_comes_at_or_after_the_instant_changes_nothing():
    as_of = "2026-05-24"
    model = train.certify(shipped(), month().dataset, as_of=as_of, fpr=0.05, n_jobs=1)
    times = {
        "messages": "sent_at", "photos": "set_at", "texts": "observed_at", "reports": "reported_at",
        "labels": "labelled_at", "evidence": "observed_at",
    }  # fmt: skip
    early = {
        name: table.filter(pc.less(table[times[name]].cast("int64"), 1_779_580_800_000_000))
        if name in times
        else table
        for name, table in month().items()
    }
    other = train.certify(shipped(), Dataset(**early), as_of=as_of, fpr=0.05, n_jobs=1)
    assert np.array_equal(model.honest.values, other.honest.values)
    assert model.certificate.to_dict() == other.certificate.to_dict()


def test_new_accounts_like_these_keep_the_certificate():
    made = simulate.world(400, random_state=1032)
    scores = train.certify(shipped(), made.dataset, fpr=0.05, n_jobs=1).honest.reference.scores
    assert certified().certificate.check(next(scores.lists())).status != "expired"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "default"}, r"certify: model must be a Model; got str\. Use spamclf\.load_model"),
        ({"dataset": "data/sample"}, r"certify: dataset must be a Dataset"),
        ({"fpr": 0}, r"certify: fpr must be between 0 and 1; got 0"),
        ({"confidence": None}, r"certify: confidence must be between 0 and 1; got None"),
        ({"as_of": "May"}, r"certify: as_of must be"),
    ],
)
def test_wrong_arguments_are_named(change, words):
    asked = {"model": shipped(), "dataset": month().dataset, "fpr": 0.05} | change
    with pytest.raises(ParameterError, match=words):
        train.certify(asked.pop("model"), asked.pop("dataset"), **asked)


def test_the_data_that_it_was_trained_on_is_refused():
    model = train.fit(month().dataset, fpr=0.2, max_iter=5, memory=False, n_jobs=1)
    with pytest.raises(
        ParameterError, match=r"certify: dataset must be another one .*; got the same\. Use Model"
    ):
        train.certify(model, Dataset(**dict(month())), fpr=0.2)


def test_too_few_honest_accounts_are_refused_before_the_work():
    told = []
    with pytest.raises(
        InsufficientDataError, match=r"certify: honest accounts must be at least 2,995 for fpr 0\.001"
    ):
        train.certify(shipped(), month().dataset, progress=told.append)
    assert told == []
    with pytest.raises(InsufficientDataError, match="certify: labels must be known before"):
        train.certify(shipped(), month().dataset.emptied("labels"), fpr=0.05)
