"""Calibration figures equal their definitions, and their intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.evaluate.probabilities import brier_score, calibration_error

ROWS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])), min_size=2, max_size=60
)


def world(n, rng, bend=1.0):
    """Scores that overstate the log odds `bend` times."""
    log_odds = 2 * rng.normal(size=n) - 1
    y = rng.random(n) < 1 / (1 + np.exp(-log_odds))
    return y, 1 / (1 + np.exp(-bend * log_odds))


@settings(max_examples=60)
@given(ROWS)
def test_brier_equals_scikit_learn(rows):
    y, scores = (np.array(column) for column in zip(*rows, strict=True))
    if 0 < y.sum() < y.size:
        found = brier_score(y, scores, n_bootstrap=2)
        assert found.value == pytest.approx(brier_score_loss(y, scores), abs=1e-12)


@settings(max_examples=60)
@given(ROWS, st.integers(1, 12))
def test_ece_equals_a_plain_loop(rows, n_bins):
    y, scores = (np.array(column) for column in zip(*rows, strict=True))
    if not 0 < y.sum() < y.size:
        return
    bins = {}
    for score in scores:  # by the middle rank, from the top, of those who score the same
        rank = (scores > score).sum() + (scores == score).sum() / 2
        bins[score] = int(rank * n_bins / scores.size)
    place = np.array([bins[score] for score in scores])
    error = sum(abs((scores - y)[place == each].sum()) for each in set(bins.values())) / y.size
    found = calibration_error(y, scores, n_bins=n_bins, n_bootstrap=2)
    assert found.value == pytest.approx(error, abs=1e-12)
    assert found.n_bins == len(set(bins.values())) <= n_bins
    assert 0 <= found.low <= found.value <= found.high


def test_bins_hold_equally_many():
    y, scores = world(1000, np.random.default_rng(0))
    order = np.argsort(-scores)
    parts = [np.abs((scores - y)[part].sum()) for part in np.array_split(order, 10)]
    assert calibration_error(y, scores, n_bootstrap=2).value == pytest.approx(sum(parts) / 1000)


def test_perfect_scores_have_no_error():
    y = np.array([0, 1] * 50)
    assert brier_score(y, y).high == 0
    assert calibration_error(y, y).high == 0
    assert str(calibration_error(y, y)) == "0.000 [0.000, 0.000] in 2 bins, 0.000 by chance alone"


@pytest.mark.parametrize("bend", [1.0, 1.8])
def test_intervals_hold_the_truth(bend):
    """Where scores are calibrated the error is 0, and the interval must begin there."""
    rng = np.random.default_rng(1)
    many, scores = world(400_000, rng, bend)
    true_brier = brier_score(many, scores, n_bootstrap=1).value
    true_error = 0.0 if bend == 1 else calibration_error(many, scores, n_bootstrap=1).value
    hits = np.zeros(2)
    for k in range(60):
        y, scores = world(500, rng, bend)
        ece, brier = (
            figure(y, scores, n_bootstrap=100, random_state=k) for figure in (calibration_error, brier_score)
        )
        hits += [ece.low <= true_error <= ece.high, brier.low <= true_brier <= brier.high]
    assert (hits / 60 >= 0.85).all()  # of 95 %


def test_chance_alone_is_told_from_error():
    rng = np.random.default_rng(2)
    fair, bent = (calibration_error(*world(2000, rng, bend)) for bend in (1.0, 2.0))
    assert fair.low == 0
    assert fair.value < 2 * fair.by_chance
    assert bent.low > bent.by_chance


@pytest.mark.parametrize("figure", [brier_score, calibration_error])
def test_figures_are_repeatable_and_know_no_order(figure):
    y, scores = world(300, np.random.default_rng(3))
    order = np.random.default_rng(4).permutation(300)
    found, again = figure(y, scores), figure(y, scores)
    assert found == again
    assert found != figure(y, scores, random_state=1)
    assert found.value == pytest.approx(figure(y[order], scores[order]).value, abs=1e-12)
    assert figure(y, scores, confidence=0.5).high < figure(y, scores, confidence=0.99).high


@pytest.mark.parametrize("figure", [brier_score, calibration_error])
@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([1, 1], [0.1, 0.2]), InsufficientDataError, "both classes"),
        (([0, 1], [0.1]), ParameterError, "one number per row of y"),
        (([0, 1], [0.1, np.nan]), ParameterError, "got 1 NaN"),
        (([0, 1], [0.1, 1.5]), ParameterError, "scores must be between 0 and 1"),
        (([0, 1], [-3.0, 0.5]), ParameterError, "scores must be between 0 and 1"),
    ],
)
def test_refusals(figure, arguments, error, words):
    with pytest.raises(error, match=words):
        figure(*arguments)


@pytest.mark.parametrize("options", [{"n_bootstrap": 0}, {"confidence": 1.0}, {"n_bins": 0}, {"n_bins": 2.5}])
def test_options_out_of_range(options):
    with pytest.raises(ParameterError, match=f"{next(iter(options))} must be"):
        calibration_error([0, 1], [0, 1], **options)
