"""How good scores are, with intervals, and beside what a single rule reaches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import InsufficientDataError
from spamclf.features.catalogue import CATALOGUE

__all__ = ["Interval", "average_precision", "best_rule", "roc_auc"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A figure with its bootstrap interval.

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


def roc_auc(y: npt.ArrayLike, scores: npt.ArrayLike, **options: Any) -> Interval:
    """Return the area under the ROC curve: how often a positive outscores a negative, ties half.

    Parameters
    ----------
    y : array_like of shape (n,)
        1 or True for automated.
    scores : array_like of shape (n,)
    **options
        ``n_bootstrap`` (default 500), ``confidence`` (0.95), ``random_state`` (0): rows are drawn with replacement,
        each class apart, and the interval spans the middle share of what comes out.

    Raises
    ------
    InsufficientDataError
        If a class is missing.

    Examples
    --------
    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.75
    """
    from sklearn.metrics import roc_auc_score

    return _bootstrap(roc_auc_score, y, scores, **options)


def average_precision(y: npt.ArrayLike, scores: npt.ArrayLike, **options: Any) -> Interval:
    """Return the average precision: the mean, over positives, of the precision down to each.

    Parameters, errors and the interval are those of `roc_auc`.

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value, 3)
    0.833
    """
    from sklearn.metrics import average_precision_score

    return _bootstrap(average_precision_score, y, scores, **options)


def best_rule(X: Floats, y: npt.ArrayLike, names: Sequence[str]) -> tuple[str, int, float]:
    """Return the single feature that separates best, the dumb line to hold a model against.

    A feature is read in its catalogue direction, or in the better one where it has none; missing values rank as
    least suspicious.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
    y : array_like of shape (n,)
    names : sequence of str
        The features of the columns.

    Returns
    -------
    name : str
    direction : {-1, 1}
    auc : float
        Its ROC-AUC on these rows.
    """
    from sklearn.metrics import roc_auc_score

    best = ("", 1, -1.0)
    for name, column in zip(names, X.T, strict=True):
        stated = CATALOGUE[name].direction if name in CATALOGUE else 0
        for direction in (stated,) if stated else (1, -1):
            auc = float(roc_auc_score(y, rule_scores(column, direction)))
            if auc > best[2]:
                best = (name, direction, auc)
    return best


def rule_scores(column: Floats, direction: int) -> Floats:
    """Return a feature as a score: turned so that more is more suspicious, missing values last."""
    turned = direction * column
    known = turned[~np.isnan(turned)]
    least = float(known.min()) - 1.0 if known.size else 0.0
    return np.where(np.isnan(turned), least, turned)


def _bootstrap(
    figure: Callable[[Any, Any], float],
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    n_bootstrap: int = 500,
    confidence: float = 0.95,
    random_state: int = 0,
) -> Interval:
    truth, values = np.asarray(y).astype(bool), np.asarray(scores, np.float64)
    positive, negative = np.flatnonzero(truth), np.flatnonzero(~truth)
    if not positive.size or not negative.size:
        raise InsufficientDataError(
            f"evaluate: y must hold both classes; got {positive.size:,} automated and {negative.size:,} honest. "
            "Give labelled accounts of both kinds."
        )
    rng = np.random.default_rng(random_state)
    drawn = []
    for _ in range(n_bootstrap):
        rows = np.concatenate([rng.choice(positive, positive.size), rng.choice(negative, negative.size)])
        drawn.append(figure(truth[rows], values[rows]))
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail]) if drawn else (np.nan, np.nan)
    return Interval(float(figure(truth, values)), float(low), float(high))
