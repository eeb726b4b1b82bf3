"""Figures equal their definitions, carry intervals, and refuse what they cannot be computed from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.evaluate import average_precision, best_rule, roc_auc

ROWS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([-np.inf, 0.0, 0.25, 0.5, 1.0])), min_size=2, max_size=40
)


@settings(max_examples=60)
@given(ROWS)
def test_figures_equal_scikit_learn(rows):
    y, scores = (list(column) for column in zip(*rows, strict=True))
    if len(set(y)) < 2:
        return
    finite = np.maximum(scores, -1.0)  # scikit-learn takes no infinity; the order is what counts
    for ours, theirs in ((roc_auc, roc_auc_score), (average_precision, average_precision_score)):
        assert ours(y, scores, n_bootstrap=1).value == pytest.approx(theirs(y, finite), abs=1e-12)


def test_roc_auc_is_the_chance_to_outscore():
    rng = np.random.default_rng(0)
    y, scores = rng.random(80) < 0.3, rng.integers(0, 6, 80)
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[y] for b in scores[~y]]
    assert roc_auc(y, scores).value == pytest.approx(np.mean(pairs), abs=1e-12)


@pytest.mark.parametrize("figure", [roc_auc, average_precision])
def test_intervals(figure):
    rng = np.random.default_rng(1)
    y = rng.random(400) < 0.4
    scores = y + rng.normal(size=400)
    wide, narrow = figure(y, scores, confidence=0.99), figure(y, scores, confidence=0.5)
    assert wide.low < narrow.low < wide.value < narrow.high < wide.high
    assert figure(y, scores) == figure(y, scores)
    assert figure(y, scores) != figure(y, scores, random_state=1)
    assert figure(y, scores).low == pytest.approx(figure(y, scores, n_bootstrap=2000).low, abs=0.01)
    assert figure(y, y) == (type(wide))(1.0, 1.0, 1.0)
    assert str(figure(y, y)) == "1.000 [1.000, 1.000]"


def test_an_interval_holds_the_truth_as_often_as_it_says():
    """Two normal distributions a distance d apart have the area Phi(d / sqrt 2)."""
    rng, hits = np.random.default_rng(2), 0
    y = np.repeat([True, False], [60, 120])
    for _ in range(200):
        found = roc_auc(y, rng.normal(size=180) + y, n_bootstrap=200)
        hits += found.low <= 0.7602 <= found.high
    assert 0.88 <= hits / 200 <= 0.99


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([1, 1], [0.1, 0.2]), InsufficientDataError, "both classes; got 2 automated and 0 honest"),
        (([], []), InsufficientDataError, "got 0 automated"),
        (([0, 1], [0.1]), ParameterError, "one number per row of y; got shapes"),
        (([0, 1], [0.1, np.nan]), ParameterError, "got 1 NaN"),
    ],
)
def test_refusals(arguments, error, words):
    for figure in (roc_auc, average_precision):
        with pytest.raises(error, match=words):
            figure(*arguments)


@pytest.mark.parametrize("options", [{"n_bootstrap": 0}, {"confidence": 1.0}, {"confidence": 0.0}])
def test_options_out_of_range(options):
    with pytest.raises(ParameterError, match=f"{next(iter(options))} must be"):
        roc_auc([0, 1], [0, 1], **options)


@pytest.mark.parametrize("y", [[0, float("nan"), 1], [-1, 1, 1], ["0", "1", "1"]])
def test_labels_are_zero_or_one(y: list[object]) -> None:
    with pytest.raises(ParameterError, match="y must be 0 or 1"):
        roc_auc(y, [0.1, 0.2, 0.3])


def test_the_best_rule_keeps_to_the_catalogue():
    y, turned = [0, 0, 1, 1], np.array([[4.0], [3.0], [2.0], [1.0]])
    # Less of it would separate perfectly, yet the catalogue says that more is suspicious.
    assert best_rule(turned, y, ["send_rate_sends"]).roc_auc == 0.0
    rule = best_rule(turned, y, ["an_unknown_measure"])
    assert (rule.feature, rule.direction, rule.roc_auc) == ("an_unknown_measure", -1, 1.0)
    with pytest.raises(InsufficientDataError):
        best_rule(turned, [1, 1, 1, 1], ["an_unknown_measure"])
