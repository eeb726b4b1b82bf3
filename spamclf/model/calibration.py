"""From raw scores to probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.model.stated import check_keys, number, refuse

__all__ = ["LARGEST", "SigmoidCalibration", "check_calibration", "sigmoid"]

Floats = NDArray[np.float64]
LARGEST = 1e100  # with raw scores up to 1e100 (audit.MAX_SCORE) no product overflows


@dataclass(frozen=True)
class SigmoidCalibration:
    """A sigmoid over the raw score: ``1 / (1 + exp(-(slope * raw + intercept)))``.

    Two numbers can be learned from few labelled accounts, and a rising curve never changes who ranks above
    whom.

    Parameters
    ----------
    slope : float
        Above 0, at most 1e100.
    intercept : float
        At most 1e100 in size.

    Raises
    ------
    ParameterError
        If either is out of range.

    Examples
    --------
    >>> SigmoidCalibration(slope=1.0, intercept=0.0)([-1.0, 0.0, 1e9]).round(3)
    array([0.269, 0.5  , 1.   ])
    """

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not 0 < self.slope <= LARGEST:
            rule = f"above 0 and at most {LARGEST:g}"
            raise ParameterError(f"calibration: slope must be {rule}; got {self.slope}. Fit it again.")
        if not abs(self.intercept) <= LARGEST:
            rule = f"between -{LARGEST:g} and {LARGEST:g}"
            raise ParameterError(
                f"calibration: intercept must be {rule}; got {self.intercept}. Fit it again."
            )

    def __call__(self, raw: ArrayLike) -> Floats:
        """Turn raw scores (log odds, any shape, up to 1e100 in size) into probabilities above 0."""
        return sigmoid(self.slope * np.asarray(raw, np.float64) + self.intercept)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {"kind": "sigmoid", "slope": float(self.slope), "intercept": float(self.intercept)}

    @classmethod
    def from_dict(cls, stated: Any) -> SigmoidCalibration:
        """Construct from what `to_dict` gave, trusting nothing in it.

        Parameters
        ----------
        stated : dict

        Returns
        -------
        calibration : SigmoidCalibration

        Raises
        ------
        ParameterError
            If a key is missing or unknown, or a value is of another type or out of range.
        """
        check_keys("calibration", stated, ("kind", "slope", "intercept"))
        if stated["kind"] != "sigmoid":
            raise refuse("calibration", "kind", "'sigmoid'", "another")
        slope, intercept = (
            number("calibration", name, stated[name], -LARGEST, LARGEST) for name in ("slope", "intercept")
        )
        return cls(slope, intercept)

    @classmethod
    def fit(cls, raw: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> SigmoidCalibration:
        """Fit by maximum likelihood on accounts that the trees have not seen.

        Platt's targets (1999), ``(n_1 + 1) / (n_1 + 2)`` and ``1 / (n_0 + 2)`` in place of 1 and 0, keep the
        slope finite where the raw scores separate the classes; Newton steps as in Lin, Lin and Weng (2007,
        doi:10.1007/s10994-007-5018-6).

        Parameters
        ----------
        raw : array-like of shape (n,)
            Raw scores, finite.
        y : array-like of shape (n,)
            1 or True for automated accounts, 0 or False for honest ones.
        sample_weight : array-like of shape (n,), optional
            At least 0. Weights count as accounts in the targets, too.

        Returns
        -------
        calibration : SigmoidCalibration

        Raises
        ------
        ParameterError
            If lengths differ or a number is not finite.
        InsufficientDataError
            If a class is missing, or the raw scores do not rise with the label.

        Examples
        --------
        >>> calibration = SigmoidCalibration.fit([-2.0, -1, 0, 1, 2, 3], [0, 0, 1, 0, 1, 1])
        >>> calibration([-2.0, 3.0]).round(2)
        array([0.21, 0.79])
        """
        x, is_positive, weight = check_calibration(raw, y, sample_weight)
        n_positive = float(weight[is_positive].sum())
        n_negative = float(weight[~is_positive].sum())
        if n_positive <= 0 or n_negative <= 0:
            raise InsufficientDataError(
                "calibration: y must hold both classes; got one. Give labelled accounts of both kinds."
            )
        target = np.where(is_positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
        centre, scale = float(np.average(x, weights=weight)), float(np.ptp(x[weight > 0]))
        if scale > 0:  # Newton in units of the spread: the same steps whatever the raw scores' range
            slope, intercept = _newton((x - centre) / scale, target, weight)
            slope, intercept = slope / scale, intercept - slope / scale * centre
        if scale == 0 or not slope > 0:
            raise InsufficientDataError(
                "calibration: raw scores must be higher for automated accounts than for honest ones; got the "
                "opposite or no difference. Train on more, or on better labelled, accounts."
            )
        return cls(slope, intercept)


def sigmoid(log_odds: Floats) -> Floats:
    """Turn log odds into probabilities above 0.

    Examples
    --------
    >>> sigmoid(np.array([-1e300, 0.0, 1e300])).round(3)
    array([0. , 0.5, 1. ])
    """
    # Past 700 exp would overflow. Few steps: for one row they cost as much as the walk through the trees.
    probability: Floats = 1.0 / (1.0 + np.exp(np.maximum(np.minimum(-log_odds, 700.0), -700.0)))
    return probability


def check_calibration(
    raw: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Take raw scores, labels and weights of one length, as float64, bool and float64."""
    x, label = np.asarray(raw, np.float64), np.asarray(y)
    weight = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if x.ndim != 1 or label.shape != x.shape or weight.shape != x.shape:
        raise ParameterError(
            "calibration: raw, y and sample_weight must be one-dimensional and of one length; got shapes "
            f"{x.shape}, {label.shape} and {weight.shape}. Give one value per account."
        )
    if not (np.isfinite(x).all() and np.isfinite(weight).all() and (weight >= 0).all()):
        raise ParameterError(
            "calibration: raw and sample_weight must be finite, weights at least 0; got others. "
            "Leave such rows out."
        )
    if not np.isin(label, (0, 1)).all():
        raise ParameterError(
            "calibration: y must be 0 or 1; got other values. Encode automated as 1, honest as 0."
        )
    return x, label.astype(bool), weight


def _newton(x: Floats, target: Floats, weight: Floats) -> tuple[float, float]:
    """Minimise the weighted cross entropy of ``sigmoid(slope * x + intercept)``: convex, with one minimum."""

    def loss(slope: float, intercept: float) -> float:
        z = slope * x + intercept
        return float((weight * (np.logaddexp(0.0, z) - target * z)).sum())

    mean = float(np.average(target, weights=weight))
    slope, intercept = 0.0, math.log(mean / (1.0 - mean))
    current = loss(slope, intercept)
    for _ in range(100):
        p = SigmoidCalibration(1.0, 0.0)(slope * x + intercept)
        error, curve = weight * (p - target), weight * p * (1.0 - p)
        gradient = np.array([(error * x).sum(), error.sum()])
        if np.abs(gradient).max() <= 1e-12 * weight.sum():
            break
        mixed = (curve * x).sum()
        hessian = (
            np.array([[(curve * x * x).sum(), mixed], [mixed, curve.sum()]])
            + 1e-14 * np.eye(2) * weight.sum()
        )
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while (
            following := loss(slope - size * step[0], intercept - size * step[1])
        ) > current and size > 1e-10:
            size /= 2.0
        if following >= current:
            break
        slope, intercept, current = (
            slope - size * float(step[0]),
            intercept - size * float(step[1]),
            following,
        )
    return slope, intercept
