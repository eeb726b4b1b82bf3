"""One look at labelled accounts: the scores of predict, the figures of evaluate, and no label from later."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from spamclf import Dataset, evaluate, predict
from spamclf.errors import InsufficientDataError, ParameterError
from tests import doors


def look(**settings):
    return evaluate.one_look(doors.dataset(), doors.model(), **settings)


def labelled(**settings):
    """Labelled accounts that sent, by account: the score row, and what the latest label says."""
    scores = doors.by_account(predict.score(doors.dataset(), doors.model(), n_reasons=0, **settings))
    until = next(iter(scores.values()))["as_of"]
    labels = doors.tables()["labels"].sort_by("labelled_at").to_pylist()
    truth = {row["account_id"]: row["is_automated"] for row in labels if row["labelled_at"] < until}
    return [(scores[each], truth[each]) for each in truth if scores.get(each, {}).get("n_messages")]


def test_scores_and_flags_are_those_of_predict():
    found, wanted = look(), labelled()
    assert found.y.size == len(wanted) > 100
    assert sorted(zip(found.scores["model"].tolist(), found.y.tolist(), strict=True)) == sorted(
        (row["score"], automated) for row, automated in wanted
    )
    assert found.flagged.sum() == sum(row["verdict"] == "automated" for row, _ in wanted)
    honest = [row["verdict"] == "automated" for row, automated in wanted if not automated]
    assert found.figure("honest_flagged").value == np.mean(honest)


def test_figures_are_those_of_evaluate():
    found = look()
    for what, figure in (("roc_auc", evaluate.roc_auc), ("average_precision", evaluate.average_precision)):
        for of, values in found.scores.items():
            told = found.figure(what, of)
            assert told.value == figure(found.y, values).value
            assert told.low <= told.value <= told.high
    with pytest.raises(ParameterError, match="OneLook: what and of must name"):
        found.figure("speed")


def test_scores_that_are_at_hand_are_taken():
    from spamclf.evaluate.one_look import look_once
    from spamclf.scoring import Scoring

    scores = predict.score(doors.dataset(), doors.model(), n_reasons=0)
    again = look_once(Scoring(doors.dataset(), doors.model(), None, 1, None), scores=scores)
    assert again.figures.equals(look().figures)


def test_labels_from_then_on_do_not_count():
    times = doors.tables()["labels"]["labelled_at"]
    until = pc.quantile(times.cast(pa.int64()), 0.5)[0].as_py()
    found = look(as_of=int(until))
    before = pc.less(times, pa.scalar(int(until), times.type))
    cut = Dataset(**(doors.tables() | {"labels": doors.tables()["labels"].filter(before)}))
    again = evaluate.one_look(cut, doors.model(), as_of=int(until))
    assert found.figures.equals(again.figures)
    assert 0 < found.y.size < look().y.size


def test_a_model_remembers_what_it_learned_from():
    assert look().n_remembered > 0
    assert evaluate.one_look(doors.dataset(), predict.load_shipped_model()).n_remembered == 0


def test_labels_of_one_kind_are_too_few():
    honest = doors.tables()["labels"].filter(pc.invert(doors.tables()["labels"]["is_automated"]))
    with pytest.raises(InsufficientDataError, match="one_look: labels must hold accounts of both kinds"):
        look(labels=honest)
