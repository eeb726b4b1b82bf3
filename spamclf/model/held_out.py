"""What forests say of rows they were not fitted on, and what they reach: for label noise and early stopping."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spamclf.model.boosting import Boosting, Rows
from spamclf.model.folds import Split, group_folds, later_part
from spamclf.model.noise import label_trust

__all__ = ["Figures", "best_n_trees", "cross_fitted", "figures_of", "later_or_random", "trust_of"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
#: ROC-AUC and average precision.
Figures = tuple[float, float]


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


def cross_fitted(boosting: Boosting, split: Split | None, n_folds: int, seed: int) -> Floats:
    """Return each row's raw score by forests that saw no row of its group.

    With a split, forests see rows to train on alone: they score each other by turns, and rows to validate on by their
    mean.
    """
    rows = boosting.rows
    everybody = np.arange(len(rows))
    train, later = (everybody, everybody[:0]) if split is None else split
    may_train, fold = np.isin(everybody, train), np.full(len(rows), -1)
    earlier = np.setdiff1d(
        everybody, later
    )  # also rows of groups to train on that are too late to be trained on
    groups = None if rows.groups is None else rows.groups[earlier]
    fold[earlier] = group_folds(rows.is_second[earlier], groups=groups, n_folds=n_folds, random_state=seed)
    raw = np.zeros(len(rows))
    for k in range(n_folds):
        forest = boosting.fit(may_train & (fold != k), rows.weight)
        for scored, share in ((np.flatnonzero(fold == k), 1.0), (later, 1.0 / n_folds)):
            if scored.size:
                raw[scored] += share * forest.decision_function(rows.X[scored])
    return raw


def trust_of(rows: Rows, raw: Floats, split: Split | None, rates: tuple[float, float]) -> Floats:
    """Return how far each label is to be believed: as of `label_trust`, and apart for rows to validate on."""
    trust, is_later = np.ones(len(rows)), np.zeros(len(rows), np.bool_)
    if split is not None:
        is_later[split[1]] = True
    for side in (~is_later, is_later):
        groups = None if rows.groups is None else rows.groups[side]
        trust[side] = label_trust(raw[side], rows.is_second[side], rows.weight[side], groups, rates)
    return trust


def later_or_random(rows: Rows, share: float, seed: int) -> Split:
    """Part rows to train on from rows to validate on: by time where it is known, else at random by class."""
    if rows.time is not None:
        return later_part(rows.time, rows.groups, share=share)
    n_folds = max(2, round(1 / share))
    fold = group_folds(rows.is_second, groups=rows.groups, n_folds=n_folds, random_state=seed)
    return np.flatnonzero(fold), np.flatnonzero(fold == 0)


def best_n_trees(boosting: Boosting, weight: Floats, split: Split) -> tuple[int, Figures | None]:
    """Return the number of trees with the least log loss on the rows held out, and what they reach there.

    Of rows of one class there are no figures.
    """
    train, later = split
    is_second, share = boosting.rows.is_second[later], weight[later]
    sign = np.where(is_second, -1.0, 1.0)
    least, best, n_trees = np.inf, np.zeros(later.size), 1
    stages = boosting.fit(train, weight).staged_decision_function(boosting.rows.X[later])
    for trees, raw in enumerate(stages, start=1):
        loss = float((share * np.logaddexp(0.0, sign * raw)).sum())
        if loss < least:
            least, best, n_trees = loss, raw.copy(), trees
    has_both = 0 < is_second.sum() < later.size
    return n_trees, figures_of(is_second, best, share) if has_both else None
