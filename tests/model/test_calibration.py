from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.model import SigmoidCalibration


def test_it_is_the_sigmoid_and_never_overflows() -> None:
    calibration = SigmoidCalibration(1.5, -0.25)
    raw = np.linspace(-300, 300, 1001)
    np.testing.assert_allclose(calibration(raw), expit(1.5 * raw - 0.25), rtol=1e-13)
    assert calibration(0.0).shape == ()
    with np.errstate(all="raise"):
        np.testing.assert_allclose(SigmoidCalibration(1e100, -1e100)([-1e100, 1e100]), [0, 1], atol=1e-300)


@given(raw=st.lists(st.floats(-700, 700), min_size=2, max_size=50))
def test_it_keeps_the_order_and_the_unit_interval(raw: list[float]) -> None:
    scores = SigmoidCalibration(0.7, 0.1)(np.sort(raw))
    assert (np.diff(scores) >= 0).all()
    assert ((scores >= 0) & (scores <= 1)).all()


@given(
    seed=st.integers(0, 2**32 - 1),
    spread=st.floats(0.01, 100),
    shift=st.floats(-50, 50),
    weighted=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_fit_finds_the_minimum_that_scipy_finds(
    seed: int, spread: float, shift: float, weighted: bool
) -> None:
    rng = np.random.default_rng(seed)
    y = rng.random(400) < 0.3
    unit = rng.normal(size=400) + 2 * y
    weight = rng.uniform(0.1, 3, 400) if weighted else np.ones(400)
    fitted = SigmoidCalibration.fit(unit * spread + shift, y, weight if weighted else None)

    n_1, n_0 = weight[y].sum(), weight[~y].sum()
    target = np.where(y, (n_1 + 1) / (n_1 + 2), 1 / (n_0 + 2))

    def loss(ab: Any) -> float:
        z = ab[0] * unit + ab[1]
        return float((weight * (np.logaddexp(0, z) - target * z)).sum())

    best = minimize(loss, [0.0, 0.0], method="BFGS").fun
    slope, intercept = fitted.slope * spread, fitted.intercept + fitted.slope * shift
    assert loss([slope, intercept]) <= best + 1e-6


def test_separable_scores_keep_a_finite_slope() -> None:
    fitted = SigmoidCalibration.fit([-3.0, -2, -1, 1, 2, 3], [0, 0, 0, 1, 1, 1])
    assert 0 < fitted.slope < 10
    assert fitted(3.0) > 0.7


def test_rows_of_weight_zero_do_not_count() -> None:
    raw, y = [-2.0, -1, 0, 1, 2, 3], [0, 0, 1, 0, 1, 1]
    fitted = SigmoidCalibration.fit([*raw, 9e9], [*y, 0], [1] * 6 + [0])
    plain = SigmoidCalibration.fit(raw, y)
    np.testing.assert_allclose([fitted.slope, fitted.intercept], [plain.slope, plain.intercept], rtol=1e-6)


@pytest.mark.parametrize(
    ("raw", "y", "message"),
    [
        ([0.0, 1.0], [1, 1], "both classes"),
        ([0.0, 1.0], [0, 0], "both classes"),
        ([], [], "both classes"),
        ([1.0, 1.0, 1.0], [0, 1, 1], "higher for automated"),
        ([0.0, 1.0, 2.0, 3.0], [1, 1, 0, 0], "higher for automated"),
    ],
)
def test_data_that_cannot_calibrate_are_refused(raw: list[float], y: list[int], message: str) -> None:
    with pytest.raises(InsufficientDataError, match=message):
        SigmoidCalibration.fit(raw, y)


@pytest.mark.parametrize(
    ("raw", "y", "weight"),
    [
        ([0.0, 1.0], [0], None),
        ([[0.0, 1.0]], [[0, 1]], None),
        ([0.0, np.nan], [0, 1], None),
        ([0.0, 1.0], [0, 2], None),
        ([0.0, 1.0], [0, 1], [1.0]),
        ([0.0, 1.0], [0, 1], [1.0, -1.0]),
        ([0.0, 1.0], [0, 1], [1.0, np.inf]),
    ],
)
def test_misuse_is_refused(raw: Any, y: Any, weight: Any) -> None:
    with pytest.raises(ParameterError, match="calibration: "):
        SigmoidCalibration.fit(raw, y, weight)


@pytest.mark.parametrize(
    ("slope", "intercept"),
    [(0.0, 0.0), (-1.0, 0.0), (np.nan, 0.0), (np.inf, 0.0), (1.0, np.nan), (1.0, np.inf)],
)
def test_numbers_out_of_range_are_refused(slope: float, intercept: float) -> None:
    with pytest.raises(ParameterError, match="must be"):
        SigmoidCalibration(slope, intercept)


def test_it_is_stored_under_the_keys_of_every_manifest() -> None:
    stored = SigmoidCalibration(1.5, -0.25).to_dict()
    assert stored == {"kind": "sigmoid", "slope": 1.5, "intercept": -0.25}
    assert SigmoidCalibration.from_dict(stored) == SigmoidCalibration(1.5, -0.25)
    assert SigmoidCalibration.from_dict({**stored, "slope": 2}) == SigmoidCalibration(2.0, -0.25)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "isotonic"}, {"slope": 0}, {"slope": -1.0}, {"slope": "1"}, {"slope": True}, {"slope": 10**400},
        {"slope": None}, {"intercept": float("nan")}, {"intercept": 1e101}, {"more": 1},
    ],
)  # fmt: skip
def test_what_was_stored_is_not_trusted(change: dict[str, Any]) -> None:
    stored = {"kind": "sigmoid", "slope": 1.5, "intercept": -0.25}
    with pytest.raises(ParameterError, match="calibration"):
        SigmoidCalibration.from_dict({**stored, **change})
    for broken in (None, [], {}, {"kind": "sigmoid"}):
        with pytest.raises(ParameterError, match="calibration"):
            SigmoidCalibration.from_dict(broken)
