"""Isotonic calibration follows any rising shape, never ties, and is chosen where accounts suffice."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.model.calibration import SigmoidCalibration
from spamclf.model.isotonic import MIN_ISOTONIC, IsotonicCalibration, calibrate, calibration_from_dict


def rows(n: int, seed: int, spread: float = 1.0, shift: float = 0.0) -> tuple[Any, Any]:
    """Raw scores whose log odds are a step, bent and heavy-tailed: no sigmoid."""
    rng = np.random.default_rng(seed)
    raw = rng.standard_t(2, n)
    y = rng.random(n) < np.where(raw < 0.5, 0.05, 0.6) + 0.3 * expit(4 * raw)
    return raw * spread + shift, y


def test_it_interpolates_log_odds_between_knots() -> None:
    calibration = IsotonicCalibration([-1.0, 0.0, 2.0], [-3.0, 0.0, 1.0], slope=0.5)
    raw = np.array([-11.0, -1.0, -0.5, 0.0, 1.0, 2.0, 12.0])
    np.testing.assert_allclose(logit(calibration(raw)), [-8, -3, -1.5, 0, 0.5, 1, 6], rtol=1e-10)
    assert calibration(0.0).shape == ()
    assert calibration(np.zeros((2, 3))).shape == (2, 3)


def test_it_never_overflows() -> None:
    extreme = np.array([-1e100, -1e9, 0.0, 1e9, 1e100])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for calibration in (
            IsotonicCalibration([-1e100, 1e100], [-700.0, 700.0], slope=1e100),
            IsotonicCalibration([0.0], [0.0], slope=5e-324),
            IsotonicCalibration([1e100], [0.0], slope=1e100),
        ):
            scores = calibration(extreme)
            assert (np.diff(scores) >= 0).all()
            assert ((scores > 0) & (scores <= 1)).all()


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(30, 2000),
    spread=st.sampled_from([1e-30, 0.01, 1.0, 50.0, 1e80]),
    shift=st.sampled_from([0.0, 3.0, -40.0]),
    decimals=st.sampled_from([0, 1, 15]),
)
@settings(max_examples=60, deadline=None)
def test_the_curve_rises_strictly_rounding_and_all(
    seed: int, n: int, spread: float, shift: float, decimals: int
) -> None:
    raw, y = rows(n, seed)
    raw = raw.round(decimals) * spread + shift * spread
    try:
        calibration = IsotonicCalibration.fit(raw, y)
    except InsufficientDataError:  # the sample does not rise with the label
        return
    knots = calibration.raw
    near = [knots]
    for side in (-np.inf, np.inf):
        each = knots
        for _ in range(3):
            each = np.nextafter(each, side)
            near.append(each)
    scores = calibration(np.sort(np.concatenate(near)))
    assert (np.diff(scores) >= 0).all()
    # What differs by more than rounding differs in its score too.
    apart = np.linspace(knots[0] - 2 * spread, knots[-1] + 2 * spread, 5000)
    z = calibration(apart)
    assert (np.diff(z[z < 1 - 1e-9]) > 0).all()


@given(seed=st.integers(0, 2**32 - 1), weighted=st.booleans())
@settings(max_examples=20)
def test_it_is_centred_isotonic_regression(seed: int, weighted: bool) -> None:
    """Where pools are large, knots lie at their centres and at the height of scikit-learn's steps."""
    rng = np.random.default_rng(seed)
    raw = rng.integers(0, 6, 60_000).astype(float)
    share = np.array([0.1, 0.3, 0.25, 0.2, 0.6, 0.9])  # 1 to 3 are pooled
    y = rng.random(raw.size) < share[raw.astype(int)]
    weight = rng.uniform(0.5, 1.5, raw.size) if weighted else np.ones(raw.size)
    calibration = IsotonicCalibration.fit(raw, y, weight)
    steps = IsotonicRegression().fit(raw, y, sample_weight=weight).predict(np.arange(6.0))
    assert calibration.raw.size == len(set(steps)) == 4
    np.testing.assert_allclose(calibration.raw, [0, 2, 4, 5], atol=0.03)
    np.testing.assert_allclose(
        expit(calibration.log_odds), [steps[0], steps[2], steps[4], steps[5]], atol=1e-3
    )


def test_tails_go_on_as_the_sigmoid_does() -> None:
    raw, y = rows(5000, 0)
    calibration, shape = IsotonicCalibration.fit(raw, y), SigmoidCalibration.fit(raw, y)
    below, above = calibration.raw[0] - np.array([2.0, 1.0]), calibration.raw[-1] + np.array([1.0, 2.0])
    for pair in (below, above):
        assert np.diff(logit(calibration(pair)))[0] == pytest.approx(shape.slope, rel=1e-6)


def test_it_finds_the_truth_where_a_sigmoid_cannot() -> None:
    raw, y = rows(40_000, 1)
    inside = np.linspace(-2, 2, 81)
    truth = np.where(inside < 0.5, 0.05, 0.6) + 0.3 * expit(4 * inside)
    far = np.abs(inside - 0.5) > 0.2
    miss = {
        kind: np.abs(calibrate(raw, y, kind=kind)(inside) - truth)[far].max()
        for kind in ("isotonic", "sigmoid")
    }
    assert miss["isotonic"] < 0.05 < miss["sigmoid"]


def test_classes_apart_keep_finite_log_odds() -> None:
    raw = np.concatenate([np.linspace(-9, -1, 2000), np.linspace(1, 9, 2000)])
    calibration = IsotonicCalibration.fit(raw, raw > 0)
    assert np.isfinite(calibration.log_odds).all()
    assert calibration([-9.0, 9.0]).round(3).tolist() == [0.0, 1.0]
    assert 0 < calibration(-9.0) < calibration(-8.0) < 0.01


def test_rows_of_weight_zero_do_not_count_and_their_order_neither() -> None:
    raw, y = rows(3000, 2)
    plain = IsotonicCalibration.fit(raw, y)
    order = np.random.default_rng(0).permutation(3002)
    more = (np.append(raw, [50.0, -50.0])[order], np.append(y, [False, True])[order], np.ones(3002))
    more[2][order >= 3000] = 0
    again = IsotonicCalibration.fit(*more)
    np.testing.assert_allclose(again.raw, plain.raw, rtol=1e-6)
    np.testing.assert_allclose(again.log_odds, plain.log_odds, rtol=1e-5)


@pytest.mark.parametrize("far", [1e3, 1e9, 1e100])
def test_a_raw_score_far_out_does_no_harm(far: float) -> None:
    raw, y = rows(4000, 5)
    calibration = IsotonicCalibration.fit(np.append(raw, [far, -far]), np.append(y, [True, False]))
    scores = calibration([-far, -1.0, 2.0, far])
    assert np.isfinite(scores).all()
    assert (np.diff(scores) >= 0).all()


def test_auto_counts_accounts_of_either_class() -> None:
    raw, y = rows(8000, 3)
    positives, negatives = np.flatnonzero(y), np.flatnonzero(~y)
    for n_1, n_0, expected in (
        (MIN_ISOTONIC, MIN_ISOTONIC, IsotonicCalibration),
        (MIN_ISOTONIC - 1, 2000, SigmoidCalibration),
        (2000, MIN_ISOTONIC - 1, SigmoidCalibration),
    ):
        some = np.concatenate([positives[:n_1], negatives[:n_0]])
        assert type(calibrate(raw[some], y[some])) is expected
        thrice = np.repeat(some, 3)  # snapshots of an account weigh 1 together
        assert type(calibrate(raw[thrice], y[thrice], np.full(thrice.size, 1 / 3))) is expected
    assert type(calibrate(raw, y, kind="sigmoid")) is SigmoidCalibration
    assert type(calibrate(raw[:200], y[:200], kind="isotonic")) is IsotonicCalibration
    with pytest.raises(ParameterError, match="kind must be auto, sigmoid or isotonic; got 'beta'"):
        calibrate(raw, y, kind="beta")
    with pytest.raises(ParameterError, match="y must be 0 or 1"):
        calibrate(raw, y + 2)


@pytest.mark.parametrize("n", [MIN_ISOTONIC - 900, 6000])
def test_both_kinds_survive_json(n: int) -> None:
    raw, y = rows(n, 4)
    calibration = calibrate(raw, y)
    again = calibration_from_dict(json.loads(json.dumps(calibration.to_dict(), allow_nan=False)))
    assert type(again) is type(calibration)
    assert again(raw).tobytes() == calibration(raw).tobytes()


def test_there_are_never_too_many_knots() -> None:
    raw = np.arange(60_000.0)
    rng = np.random.default_rng(0)
    y = rng.random(raw.size) < np.linspace(0.001, 0.999, raw.size) ** 2
    stair = np.repeat([0, 1], 30_000)
    for labels in (y, stair):
        calibration = IsotonicCalibration.fit(raw, labels)
        assert 1 <= calibration.raw.size <= 2000


SOUND: dict[str, Any] = {"kind": "isotonic", "raw": [0.0, 1.0], "log_odds": [-1.0, 2.0], "slope": 1.0}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "beta"}, {"kind": None}, {"kind": []}, {"raw": [1.0, 1.0]}, {"raw": [1.0, 0.0]}, {"raw": [0.0]},
        {"raw": []}, {"raw": "ab"}, {"raw": ["0", "1"]}, {"raw": [True, 2.0]}, {"raw": [0.0, float("nan")]},
        {"raw": [0.0, float("inf")]}, {"raw": [0.0, 1e101]}, {"raw": [0.0, 10**400]}, {"raw": [[0.0], [1.0]]},
        {"raw": [float(k) for k in range(2001)]}, {"log_odds": [0.0, 0.0]}, {"log_odds": [0.0, 701.0]},
        {"log_odds": [2.0, -1.0]}, {"slope": 0.0}, {"slope": -1.0}, {"slope": 1e101}, {"slope": float("nan")},
        {"slope": None}, {"more": 1},
    ],
)  # fmt: skip
def test_what_was_stored_is_not_trusted(change: dict[str, Any]) -> None:
    assert isinstance(calibration_from_dict(SOUND), IsotonicCalibration)
    with pytest.raises(ParameterError, match="calibration"):
        calibration_from_dict({**SOUND, **change})
    for key in SOUND:
        with pytest.raises(ParameterError, match="calibration"):
            calibration_from_dict({name: value for name, value in SOUND.items() if name != key})


@pytest.mark.parametrize(
    ("raw", "y", "message"),
    [([0.0, 1.0], [1, 1], "both classes"), ([0.0, 1.0, 2.0, 3.0], [1, 1, 0, 0], "higher for automated")],
)
def test_data_that_cannot_calibrate_are_refused(raw: list[float], y: list[int], message: str) -> None:
    with pytest.raises(InsufficientDataError, match=message):
        IsotonicCalibration.fit(raw, y)
