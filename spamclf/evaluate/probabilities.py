"""How well scores are calibrated: whether, of accounts that score 0.8, eight in ten are automated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spamclf.errors import ParameterError
from spamclf.evaluate.figures import Counts, Floats, Interval, bootstrap, checked

__all__ = ["CalibrationError", "brier_score", "calibration_error"]


@dataclass(frozen=True)
class CalibrationError(Interval):
    """A calibration error with its interval, its bins, and what chance alone makes of it.

    Attributes
    ----------
    value, low, high : float
    n_bins : int
        Bins that hold accounts.
    by_chance : float
        What perfectly calibrated scores like these would show on so few accounts, on average.

    Examples
    --------
    >>> print(CalibrationError(0.0182, 0.004, 0.025, 10, 0.0123))
    0.018 [0.004, 0.025] in 10 bins, 0.012 by chance alone
    """

    n_bins: int
    by_chance: float

    def __str__(self) -> str:
        return f"{super().__str__()} in {self.n_bins} bins, {self.by_chance:.3f} by chance alone"


def brier_score(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    n_bootstrap: int = 500,
    confidence: float = 0.95,
    random_state: int = 0,
) -> Interval:
    """Return the Brier score: the mean square of score minus truth; 0 is perfect.

    Parameters
    ----------
    y : array_like of shape (n,)
        1 or True for automated.
    scores : array_like of shape (n,)
        Probabilities, in [0, 1].
    n_bootstrap : int, default=500
        Rows are drawn so often, both classes together and with replacement.
    confidence : float, default=0.95
        The interval spans this middle share of what the draws give.
    random_state : int, default=0

    Returns
    -------
    figure : Interval

    Raises
    ------
    InsufficientDataError
        If a class is missing.
    ParameterError
        If lengths differ, a score is outside [0, 1] or an option is out of its range.

    References
    ----------
    G. W. Brier (1950). Verification of forecasts expressed in terms of probability. Monthly Weather Review 78(1), 1-3.

    Examples
    --------
    >>> round(brier_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value, 3)
    0.158
    """
    _, values = probabilities("brier_score", y, scores)
    chance = np.unique(values)[::-1]  # figures count from the highest score down

    def figure(positives: Counts, negatives: Counts) -> float:
        loss = positives @ (1 - chance) ** 2 + negatives @ chance**2
        return float(loss / (positives.sum() + negatives.sum()))

    return bootstrap("brier_score", figure, y, values, n_bootstrap, confidence, random_state, together=True)


def calibration_error(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    n_bins: int = 10,
    n_bootstrap: int = 500,
    confidence: float = 0.95,
    random_state: int = 0,
) -> CalibrationError:
    """Return the expected calibration error (ECE): how far mean score and share of automated accounts differ in a bin.

    Bins are of equal mass: each holds the same number of accounts, save that equal scores stay together. The figure
    is the mean over accounts of the bins' differences. Even perfectly calibrated scores show some error on few
    accounts, and every draw of rows adds to it; so the interval's lower end is the upper quantile of the draws mirrored
    in the value, and it is 0 where perfectly calibrated scores would show as much.

    Parameters
    ----------
    y, scores, n_bootstrap, confidence, random_state
        As of `brier_score`.
    n_bins : int, default=10

    Returns
    -------
    figure : CalibrationError
        With the number of bins, and the error that chance alone would give.

    Raises
    ------
    InsufficientDataError, ParameterError
        As of `brier_score`.

    References
    ----------
    R. Roelofs, N. Cain, J. Shlens and M. C. Mozer (2022). Mitigating bias in calibration error estimation. AISTATS.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> chance = rng.random(2000)
    >>> y = rng.random(2000) < chance
    >>> calibration_error(y, chance).low, calibration_error(y, chance**2).low > 0.1
    (0.0, True)
    """
    where = "calibration_error"
    _, values = probabilities(where, y, scores)
    chance, place = equal_bins(where, values, n_bins)
    count = np.unique(values, return_counts=True)[1][::-1]

    def figure(positives: Counts, negatives: Counts) -> float:
        rows = positives + negatives
        return float(np.abs(np.bincount(place, rows * chance - positives)).sum() / rows.sum())

    plain = bootstrap(where, figure, y, values, n_bootstrap, confidence, random_state, together=True)
    rng = np.random.default_rng(random_state)
    perfect = np.empty(n_bootstrap)
    for k in range(n_bootstrap):
        positives = rng.binomial(count, chance)
        perfect[k] = figure(positives, count - positives)
    low = max(0.0, 2 * plain.value - plain.high)
    if plain.value <= np.quantile(perfect, (1 + confidence) / 2):
        low = 0.0
    # Draws only err upwards: their upper quantile may stand, the lower end is the upper one's mirror image.
    return CalibrationError(
        plain.value,
        min(low, plain.value),
        max(plain.high, plain.value),
        int(place.max()) + 1,
        float(perfect.mean()),
    )


def equal_bins(where: str, values: Floats, n_bins: int) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Return the different scores, the highest first, and the bin of each: of equal mass, equal scores together."""
    if not isinstance(n_bins, int | np.integer) or n_bins < 1:
        raise ParameterError(f"{where}: n_bins must be at least 1; got {n_bins}. Use 10.")
    ascending, count = np.unique(values, return_counts=True)
    chance, count = ascending[::-1], count[::-1]
    middle = np.cumsum(count) - count / 2
    _, place = np.unique((middle * n_bins / values.size).astype(np.int64), return_inverse=True)
    return chance, place


def probabilities(
    where: str, y: npt.ArrayLike, scores: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Take labels of both classes, and a probability of each."""
    truth, values = checked(where, y, scores)
    if not ((values >= 0) & (values <= 1)).all():
        raise ParameterError(
            f"{where}: scores must be between 0 and 1; got others. Give scores, not raw scores."
        )
    return truth, values
