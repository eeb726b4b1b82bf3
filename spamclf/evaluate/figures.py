"""How good scores are, with intervals, and beside what a single rule reaches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.model.baselines import Rule, best_rules
from spamclf.model.inputs import directions_of

__all__ = ["Interval", "average_precision", "best_rule", "roc_auc"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Figure = Callable[[Counts, Counts], float]


@dataclass(frozen=True)
class Interval:
    """A figure with its bootstrap interval.

    Attributes
    ----------
    value, low, high : float

    Examples
    --------
    >>> print(Interval(0.9218, 0.88, 0.95))
    0.922 [0.880, 0.950]
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def roc_auc(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    n_bootstrap: int = 500,
    confidence: float = 0.95,
    random_state: int = 0,
) -> Interval:
    """Return the area under the ROC curve: how often a positive outscores a negative, ties half.

    Parameters
    ----------
    y : array_like of shape (n,)
        1 or True for automated.
    scores : array_like of shape (n,)
        No NaN.
    groups : array_like of shape (n,), optional
        Rows of a group, such as the accounts of a campaign, are drawn together; by default each row by itself.
    n_bootstrap : int, default=500
        Rows are drawn so often, each class apart and with replacement.
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
        If lengths differ, a score is NaN or an option is out of its range.

    Examples
    --------
    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.75
    """
    return bootstrap("roc_auc", _roc_auc, y, scores, n_bootstrap, confidence, random_state, groups=groups)


def average_precision(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    n_bootstrap: int = 500,
    confidence: float = 0.95,
    random_state: int = 0,
) -> Interval:
    """Return the average precision: the mean, over positives, of the precision down to each.

    Parameters
    ----------
    y, scores, groups, n_bootstrap, confidence, random_state
        As of `roc_auc`.

    Returns
    -------
    figure : Interval

    Raises
    ------
    InsufficientDataError, ParameterError
        As of `roc_auc`.

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value, 3)
    0.833
    """
    return bootstrap(
        "average_precision",
        _average_precision,
        y,
        scores,
        n_bootstrap,
        confidence,
        random_state,
        groups=groups,
    )


def best_rule(X: Floats, y: npt.ArrayLike, names: Sequence[str]) -> Rule:
    """Return the single feature that separates best, the dumb line to hold a model against.

    A feature is read in its catalogue direction, or in the better one where it has none; missing values rank as
    least suspicious.

    Parameters
    ----------
    X : ndarray of shape (n, n_features), dtype float64
    y : array_like of shape (n,)
        1 or True for automated.
    names : sequence of str
        The features of the columns.

    Returns
    -------
    rule : Rule

    Raises
    ------
    InsufficientDataError, ParameterError
        As of `roc_auc`.

    Examples
    --------
    >>> rule = best_rule(np.array([[1.0, 5.0], [2.0, 4.0], [2.0, 9.0]]), [0, 1, 1], ["gap_s", "send_rate_sends"])
    >>> rule.feature, rule.direction, rule.roc_auc
    ('gap_s', 1, 1.0)
    """
    X = np.asarray(X, np.float64)
    truth, _ = checked("best_rule", y, np.zeros(len(X)))
    directions = directions_of("catalogue", names, len(names))
    return best_rules(X, truth, np.ones(len(X)), names, directions, n=1)[0]


def _roc_auc(positives: Counts, negatives: Counts) -> float:
    below = negatives.sum() - np.cumsum(negatives)
    return float((positives * (below + negatives / 2)).sum() / (positives.sum() * negatives.sum()))


def _average_precision(positives: Counts, negatives: Counts) -> float:
    found = np.cumsum(positives)
    precision = found / np.maximum(found + np.cumsum(negatives), 1)
    return float((positives * precision).sum() / positives.sum())


def checked(where: str, y: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Take labels of both classes, and a score of each."""
    labels, values = np.asarray(y), np.asarray(scores, np.float64)
    if not np.isin(labels, (0, 1)).all():
        raise ParameterError(
            f"{where}: y must be 0 or 1, or false or true; got other values. Leave unlabelled rows out."
        )
    truth = labels.astype(bool)
    if truth.ndim != 1 or truth.shape != values.shape:
        raise ParameterError(
            f"{where}: scores must be one number per row of y; got shapes {values.shape} and {truth.shape}. "
            "Give two lists of one length."
        )
    if np.isnan(values).any():
        raise ParameterError(
            f"{where}: scores must be numbers; got {int(np.isnan(values).sum()):,} NaN. Leave those rows out."
        )
    n_positive = int(truth.sum())
    if not 0 < n_positive < truth.size:
        raise InsufficientDataError(
            f"{where}: y must hold both classes; got {n_positive:,} automated and {truth.size - n_positive:,} "
            "honest. Give labelled accounts of both kinds."
        )
    return truth, values


def counted_by_score(truth: npt.NDArray[np.bool_], values: Floats) -> tuple[Counts, Counts]:
    """Count positives and negatives at each distinct score, the highest first."""
    distinct, place = np.unique(-values, return_inverse=True)
    size = distinct.size
    return np.bincount(place[truth], minlength=size), np.bincount(place[~truth], minlength=size)


def bootstrap(
    where: str,
    figure: Figure,
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    n_bootstrap: int,
    confidence: float,
    random_state: int,
    *,
    together: bool = False,
    groups: npt.ArrayLike | None = None,
) -> Interval:
    """Return a figure and the quantiles of its draws. Sort once; each draw is then two counts over the distinct scores.

    Classes are drawn apart, as figures of ranking want it, or `together`, as figures that depend on the share of
    positives do. Rows of a group are drawn together.
    """
    truth, values = checked(where, y, scores)
    if n_bootstrap < 1:
        raise ParameterError(f"{where}: n_bootstrap must be at least 1; got {n_bootstrap}. Use 500.")
    if not 0 < confidence < 1:
        raise ParameterError(
            f"{where}: confidence must be between 0 and 1; got {confidence}. Use 0.95 for 95 %."
        )
    distinct, place = np.unique(-values, return_inverse=True)
    size = distinct.size
    place = np.where(truth, place, place + size)  # counts of positives first, then of negatives
    classes = [np.flatnonzero(truth), np.flatnonzero(~truth)]
    classes = [np.concatenate(classes)] if together else classes
    group = _groups(where, groups, truth.size)
    units = [np.arange(rows.size) if group is None else _coded(group[rows]) for rows in classes]
    drawn_from = [(place[rows], unit, int(unit.max()) + 1) for rows, unit in zip(classes, units, strict=True)]
    rng = np.random.default_rng(random_state)

    def draw() -> float:
        drawn = np.zeros(2 * size, np.int64)
        for mine, unit, n in drawn_from:
            times = np.bincount(rng.integers(0, n, n), minlength=n)
            drawn += np.bincount(mine, times[unit], 2 * size).astype(np.int64)
        return figure(drawn[:size], drawn[size:])

    tail = (1 - confidence) / 2
    low, high = np.quantile([draw() for _ in range(n_bootstrap)], [tail, 1 - tail])
    return Interval(figure(*counted_by_score(truth, values)), float(low), float(high))


def _groups(where: str, groups: npt.ArrayLike | None, n_rows: int) -> npt.NDArray[Any] | None:
    if groups is None:
        return None
    group = np.asarray(groups)
    if group.shape != (n_rows,):
        raise ParameterError(
            f"{where}: groups must be one per row of y; got shapes {group.shape} and {(n_rows,)}. "
            "Give two lists of one length."
        )
    return group


def _coded(values: npt.NDArray[Any]) -> Counts:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
