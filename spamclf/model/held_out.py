"""What forests say of rows they were not fitted on, and what they reach: for label noise and early stopping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.model.folds import Split, group_folds, later_part

__all__ = ["Boost", "Figures", "best_n_trees", "cross_fitted", "figures_of", "later_or_random"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
#: ROC-AUC and average precision.
Figures = tuple[float, float]
#: Fits scikit-learn's boosting to some rows (an index), given the weights of all.
Boost = Callable[[Any, Floats], Any]


def figures_of(is_second: Bools, scores: Floats, weight: Floats) -> Figures:
    """Return ROC-AUC and average precision, by weight.

    Examples
    --------
    >>> figures_of(np.array([False, True]), np.array([0.1, 0.2]), np.ones(2))
    (1.0, 1.0)
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    auc = roc_auc_score(is_second, scores, sample_weight=weight)
    return float(auc), float(average_precision_score(is_second, scores, sample_weight=weight))


def cross_fitted(
    table: Floats, is_second: Bools, weight: Floats, groups: Any, n_folds: int, seed: int, boost: Boost
) -> Floats:
    """Return each row's raw score by a forest that saw no row of its group."""
    fold = group_folds(is_second, groups=groups, n_folds=n_folds, random_state=seed)
    raw = np.empty(len(table))
    for held_out in (fold == k for k in range(n_folds)):
        raw[held_out] = boost(~held_out, weight).decision_function(table[held_out])
    return raw


def later_or_random(is_second: Bools, groups: Any, time: Any, share: float, seed: int) -> Split:
    """Part rows to train on from rows to validate on: by time where it is known, else at random by class."""
    if time is not None:
        return later_part(time, groups, share=share)
    n_folds = max(2, round(1 / share))
    fold = group_folds(is_second, groups=groups, n_folds=n_folds, random_state=seed)
    return np.flatnonzero(fold), np.flatnonzero(fold == 0)


def best_n_trees(
    table: Floats, is_second: Bools, weight: Floats, split: Split, boost: Boost
) -> tuple[int, Figures | None]:
    """Return the number of trees with the least log loss on the rows held out, and what they reach there.

    Of rows of one class there are no figures.
    """
    train, later = split
    sign, share = np.where(is_second[later], -1.0, 1.0), weight[later]
    least, best, n_trees = np.inf, np.zeros(later.size), 1
    for trees, raw in enumerate(boost(train, weight).staged_decision_function(table[later]), start=1):
        loss = float((share * np.logaddexp(0.0, sign * raw)).sum())
        if loss < least:
            least, best, n_trees = loss, raw.copy(), trees
    has_both = 0 < is_second[later].sum() < later.size
    return n_trees, figures_of(is_second[later], best, share) if has_both else None
