"""Looks: each once, none outside the log, and every question gets its own."""

from __future__ import annotations

import numpy as np

from spamclf.evaluate.looks import STATED, WATCHED, Looks, questions
from spamclf.evaluate.truth import Truth
from spamclf.scoring import Scoring
from tests.evaluate.common import stump, world


def looks(end=None, *, asked=None):
    made, lines = world(), []
    scoring = Scoring(made.dataset, stump(), None, 1, None)
    last = int(scoring.slices.as_of[0])
    end = last if end is None else end
    who = Truth.of(scoring.ego, made.truth)
    return Looks.at(scoring, who, end, asked or questions(scoring.ego, last), lines.append), scoring.ego, who


def instants(each):
    return list(zip(each.slices.account.tolist(), each.slices.as_of.tolist(), strict=True))


def test_no_look_lies_outside_the_log():
    found, ego, _ = looks()
    first, last = int(ego.time.min()), max(int(each.slices.as_of.max()) for each in found.values())
    middle = (first + last) // 2
    early, _, _ = looks(end=middle)
    for name, each in early.items():
        assert each.slices.as_of.min() > first
        assert instants(each) == [look for look in instants(found[name]) if look[1] <= middle]


def test_a_look_that_two_questions_ask_for_is_scored_once_and_in_order():
    found, _, who = looks()
    for each in found.values():
        assert instants(each) == sorted(set(instants(each)))
        assert (who.account[each.place] == each.slices.account).all()
    assert set(instants(found[STATED])) <= set(instants(found[WATCHED]))
    scores = {}
    for each in found.values():
        for look, score in zip(instants(each), each.score.tolist(), strict=True):
            assert scores.setdefault(look, score) == score


def test_batches_change_nothing(monkeypatch):
    whole, _, _ = looks()
    monkeypatch.setattr("spamclf.evaluate.looks._BATCH", 37)
    parts, _, _ = looks()
    for name, each in whole.items():
        assert np.array_equal(each.score, parts[name].score)
        assert np.array_equal(each.flagged, parts[name].flagged)


def test_nobody_asked_for_is_nobody_looked_at():
    nobody = np.empty(0, np.int64)
    found, _, _ = looks(asked={"none": (nobody, nobody)})
    assert not found["none"].highest(3).any()
    assert not found["none"].looked_at(3).any()
