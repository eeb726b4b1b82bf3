"""Isotonic calibration, and the choice between it and the sigmoid."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import ParameterError
from spamclf.model.calibration import LARGEST, SigmoidCalibration, check_calibration, sigmoid
from spamclf.model.stated import check_keys, number, refuse

__all__ = ["MIN_ISOTONIC", "Calibration", "IsotonicCalibration", "calibrate", "calibration_from_dict"]

Floats = npt.NDArray[np.float64]

#: Accounts of either class from which the isotonic calibration is taken. With 1,000 of each it cost 0.9 % of the log
#: loss where a sigmoid is exactly right, and saved 1.7 to 5 % on three shapes that are none; with 300 it cost 1.9 %,
#: and 11 % on one of the three.
MIN_ISOTONIC = 1000
_PRIOR = 5.0  # accounts' worth of the sigmoid in each step
_MAX_KNOTS = 2000
_LEAST_GAP, _LEAST_SLOPE = 1e-6, 1e-3  # between knots: in log odds of the sigmoid, of the sigmoid's slope
_MAX_LOG_ODDS = 700.0  # beyond it exp would overflow


@dataclass(frozen=True, eq=False, repr=False)
class IsotonicCalibration:
    """A rising curve of any shape over the raw score: straight lines between knots, in log odds.

    Unlike plain isotonic regression it has no flat steps, so it never makes two raw scores tie: what isotonic
    regression pools is one knot at its centre (Oron and Flournoy 2017, doi:10.1080/19466315.2017.1286256). Beyond the
    knots it goes on with the sigmoid's slope.

    Parameters
    ----------
    raw : array-like of shape (n_knots,)
        Raw scores of the knots, rising, at most 1e100 in size; 1 to 2,000 knots.
    log_odds : array-like of shape (n_knots,)
        What they mean; rising, within [-700, 700].
    slope : float
        Log odds per unit of raw score beyond the knots; above 0, at most 1e100.

    Raises
    ------
    ParameterError
        If a number is out of range, or knots do not rise.

    Examples
    --------
    >>> IsotonicCalibration([-1.0, 0.0, 2.0], [-3.0, 0.0, 1.0], slope=1.0)([-2.0, -1.0, 0.0, 1.0, 1e9]).round(3)
    array([0.018, 0.047, 0.5  , 0.622, 1.   ])
    """

    raw: Floats
    log_odds: Floats
    slope: float
    _ends: tuple[Floats, Floats] = field(init=False)

    def __post_init__(self) -> None:
        for name, limit in (("raw", LARGEST), ("log_odds", _MAX_LOG_ODDS)):
            knots = np.array(getattr(self, name), np.float64)
            if knots.ndim != 1 or not 1 <= knots.size <= _MAX_KNOTS or not (np.abs(knots) <= limit).all():
                rule = f"1 to {_MAX_KNOTS:,} numbers of at most {limit:g} in size"
                raise refuse("calibration", name, rule, "others", "Fit it again.")
            if (knots[1:] <= knots[:-1]).any():
                raise refuse("calibration", name, "rising", "others", "Fit it again.")
            object.__setattr__(self, name, knots)
        if self.raw.size != self.log_odds.size:
            got = f"{self.raw.size} and {self.log_odds.size}"
            raise refuse("calibration", "raw and log_odds", "of one length", got, "Fit it again.")
        number("calibration", "slope", self.slope, 5e-324, LARGEST)
        # One more knot far to the right spares a step of each call; to the left it would cancel digits.
        far = max(LARGEST, float(np.nextafter(self.raw[-1], np.inf)))
        end = self.log_odds[-1] + self.slope * (far - self.raw[-1])
        object.__setattr__(self, "_ends", (np.append(self.raw, far), np.append(self.log_odds, end)))

    def __repr__(self) -> str:
        return f"IsotonicCalibration(n_knots={self.raw.size}, slope={self.slope:.3g})"

    def __call__(self, raw: npt.ArrayLike) -> Floats:
        """Turn raw scores (log odds, any shape, up to 1e100 in size) into probabilities above 0."""
        x = np.asarray(raw, np.float64)
        return sigmoid(np.interp(x, *self._ends) + self.slope * np.minimum(x - self.raw[0], 0.0))

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        knots = {"raw": self.raw.tolist(), "log_odds": self.log_odds.tolist()}
        return {"kind": "isotonic", **knots, "slope": float(self.slope)}

    @classmethod
    def from_dict(cls, stated: Any) -> IsotonicCalibration:
        """Construct from what `to_dict` gave, trusting nothing in it.

        Parameters
        ----------
        stated : dict

        Returns
        -------
        calibration : IsotonicCalibration

        Raises
        ------
        ParameterError
            If a key is missing or unknown, or a value is of another type or out of range.
        """
        check_keys("calibration", stated, ("kind", "raw", "log_odds", "slope"))
        if stated["kind"] != "isotonic":
            raise refuse("calibration", "kind", "'isotonic'", "another")
        knots = []
        for name in ("raw", "log_odds"):
            if not isinstance(stated[name], list) or len(stated[name]) > _MAX_KNOTS:
                raise refuse("calibration", name, f"a list of at most {_MAX_KNOTS:,}", "something else")
            knots.append([number("calibration", name, each, -LARGEST, LARGEST) for each in stated[name]])
        slope = number("calibration", "slope", stated["slope"], 0, LARGEST)
        return cls(np.array(knots[0]), np.array(knots[1]), slope)

    @classmethod
    def fit(
        cls, raw: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> IsotonicCalibration:
        """Fit centred isotonic regression on accounts that the trees have not seen.

        Each step leans on the sigmoid by five accounts, so that a step of one class alone keeps finite log odds.

        Parameters
        ----------
        raw, y, sample_weight
            As of `SigmoidCalibration.fit`.

        Returns
        -------
        calibration : IsotonicCalibration

        Raises
        ------
        ParameterError, InsufficientDataError
            As of `SigmoidCalibration.fit`.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> raw = rng.uniform(-4, 4, 5000)
        >>> y = rng.random(5000) < np.where(raw < 1, 0.1, 0.7)  # a step, which no sigmoid follows
        >>> IsotonicCalibration.fit(raw, y)([-2.0, 0.0, 2.0]).round(1)
        array([0.1, 0.1, 0.7])
        """
        shape = SigmoidCalibration.fit(raw, y, sample_weight)
        x, is_positive, weight = check_calibration(raw, y, sample_weight)
        kept = weight > 0
        distinct, place = np.unique(x[kept], return_inverse=True)
        automated: Floats = np.bincount(place, weight[kept] * is_positive[kept], distinct.size).astype(
            np.float64
        )
        honest: Floats = np.bincount(place, weight[kept] * ~is_positive[kept], distinct.size).astype(
            np.float64
        )
        centre, automated, honest = _pool(distinct, automated, honest)
        # The sigmoid is never surer than one in as many accounts as there are, however far out a step lies.
        limits = -math.log1p(honest.sum()), math.log1p(automated.sum())
        leaning = np.clip(shape.slope * centre + shape.intercept, *limits)
        # Leaning may turn two neighbours around: pool once more.
        automated, honest = automated + _PRIOR * sigmoid(leaning), honest + _PRIOR * sigmoid(-leaning)
        centre, automated, honest = _pool(centre, automated, honest)
        knots, log_odds = _rising(centre, np.log(automated) - np.log(honest), shape.slope)
        return cls(knots, log_odds, shape.slope)


Calibration = SigmoidCalibration | IsotonicCalibration


def calibrate(
    raw: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None, kind: str = "auto"
) -> Calibration:
    """Fit a calibration on accounts that the trees have not seen.

    Parameters
    ----------
    raw, y, sample_weight
        As of `SigmoidCalibration.fit`; the weights of an account's rows sum to 1.
    kind : {"auto", "sigmoid", "isotonic"}, default="auto"
        Auto takes isotonic with at least 1,000 accounts of each class, by weight, and else the sigmoid, whose two
        numbers need fewer.

    Returns
    -------
    calibration : SigmoidCalibration or IsotonicCalibration

    Raises
    ------
    ParameterError, InsufficientDataError
        As of `SigmoidCalibration.fit`.

    Examples
    --------
    >>> calibrate([-2.0, -1, 0, 1, 2, 3], [0, 0, 1, 0, 1, 1])([-2.0, 3.0]).round(2)
    array([0.21, 0.79])
    """
    if kind == "auto":
        _, is_positive, weight = check_calibration(raw, y, sample_weight)
        fewest = min(weight[is_positive].sum(), weight[~is_positive].sum())
        # Weights of an account's rows may sum to a hair less than 1.
        kind = "isotonic" if fewest >= MIN_ISOTONIC * (1 - 1e-9) else "sigmoid"
    if kind == "sigmoid":
        return SigmoidCalibration.fit(raw, y, sample_weight)
    if kind == "isotonic":
        return IsotonicCalibration.fit(raw, y, sample_weight)
    raise ParameterError(f"calibrate: kind must be auto, sigmoid or isotonic; got {kind!r}. Use auto.")


def calibration_from_dict(stated: Any) -> Calibration:
    """Construct either kind from what its `to_dict` gave.

    Raises
    ------
    ParameterError
        If it is neither, or not sound.

    Examples
    --------
    >>> calibration_from_dict({"kind": "sigmoid", "slope": 1.0, "intercept": 0.0})
    SigmoidCalibration(slope=1.0, intercept=0.0)
    """
    kind = stated.get("kind") if isinstance(stated, dict) else None
    if kind == "sigmoid":
        return SigmoidCalibration.from_dict(stated)
    if kind == "isotonic":
        return IsotonicCalibration.from_dict(stated)
    raise refuse("calibration", "kind", "'sigmoid' or 'isotonic'", "another")


def _pool(x: Floats, automated: Floats, honest: Floats) -> tuple[Floats, Floats, Floats]:
    """Pool neighbours until shares rise; return centre and weights of each pool."""
    from scipy.optimize import isotonic_regression

    weight = automated + honest
    blocks = isotonic_regression(automated / weight, weights=weight).blocks[:-1]
    total = np.add.reduceat(weight, blocks)
    share = weight / np.repeat(
        total, np.diff(np.append(blocks, x.size))
    )  # products stay as small as raw scores
    return (
        np.add.reduceat(x * share, blocks),
        np.add.reduceat(automated, blocks),
        np.add.reduceat(honest, blocks),
    )


def _rising(x: Floats, log_odds: Floats, slope: float) -> tuple[Floats, Floats]:
    """Thin and tilt knots until the curve between them rises strictly, rounding and all."""
    steps = np.floor((x - x[0]) * slope / _LEAST_GAP)
    keep = np.append(True, steps[1:] > steps[:-1]) & np.append(True, np.diff(x) > _LEAST_GAP * np.abs(x[1:]))
    x, z = x[keep], log_odds[keep]
    if x.size > _MAX_KNOTS:
        chosen = np.unique(np.linspace(0, x.size - 1, _MAX_KNOTS).round().astype(np.int64))
        x, z = x[chosen], z[chosen]
    tilt = _LEAST_SLOPE * slope * (x - x[0])
    z = np.maximum.accumulate(z - tilt) + tilt
    z = np.clip(z, -_MAX_LOG_ODDS, _MAX_LOG_ODDS)
    keep = np.append(True, z[1:] > z[:-1])
    x, z = x[keep], z[keep]
    # Just left of a knot the interpolation may round to more than the knot itself: raise the knot by a hair.
    before = np.nextafter(x[1:], -np.inf)
    while (over := np.interp(before, x, z) > z[1:]).any():
        z[1:][over] = np.nextafter(z[1:][over], np.inf)
    return x, z
