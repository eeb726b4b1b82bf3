"""Values as numbers of bins, for boosting with weights.

Given weights, scikit-learn 1.9 finds each edge of each feature's bins by a weighted quantile of its own, which sorts
the column anew: 254 times per feature. Columns of at most 255 values it takes as they are. So they are binned here,
once, and the trees' thresholds are turned back into values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from spamclf.model.forest import Forest

__all__ = ["bin_codes", "bin_edges", "with_edges"]

Floats = npt.NDArray[np.float64]


def bin_edges(X: Floats, max_bins: int) -> list[Floats]:
    """Return the upper edges of each column's bins but the last, rising: quantiles, or the middles of few values.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), dtype float64
        NaN is missing; no infinities.
    max_bins : int

    Returns
    -------
    edges : list of ndarray of float64
        At most ``max_bins - 1`` per column.

    Examples
    --------
    >>> bin_edges(np.array([[1.0, 0.0], [2.0, 0.0], [np.nan, 0.0], [4.0, 0.0]]), 255)
    [array([1.5, 3. ]), array([], dtype=float64)]
    """
    shares = np.linspace(0, 100, max_bins + 1)[1:-1]
    edges = []
    for column in X.T:
        known = np.sort(column[~np.isnan(column)])
        values = np.unique(known)
        if values.size <= max_bins:
            edges.append((values[1:] + values[:-1]) / 2)
        else:
            edges.append(np.unique(np.percentile(known, shares, method="averaged_inverted_cdf")))
    return edges


def bin_codes(X: Floats, edges: list[Floats]) -> Floats:
    """Return the number of each value's bin, NaN where it is missing.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), dtype float64
    edges : list of ndarray of float64

    Returns
    -------
    codes : ndarray of shape (n_rows, n_features), dtype float64
        Code k: above edge k - 1, at most edge k.

    Examples
    --------
    >>> bin_codes(np.array([[1.0], [1.5], [2.0], [np.nan]]), [np.array([1.5])]).ravel()
    array([ 0.,  0.,  1., nan])
    """
    codes = np.empty_like(X, order="F")
    for place, (column, cuts) in enumerate(zip(X.T, edges, strict=True)):
        codes[:, place] = np.searchsorted(cuts, column)
    codes[np.isnan(X)] = np.nan
    return codes


def with_edges(forest: Forest, edges: list[Floats]) -> Forest:
    """Turn a forest on codes into the one on values that sends every row the same way.

    Parameters
    ----------
    forest : Forest
    edges : list of ndarray of float64

    Returns
    -------
    forest : Forest
    """
    starts = np.cumsum([0, *(cuts.size for cuts in edges)])
    threshold = forest.threshold.copy()
    cut = np.flatnonzero(
        (forest.feature >= 0) & np.isfinite(threshold)
    )  # infinite ones part missing values off
    if cut.size:
        place = starts[forest.feature[cut]] + np.floor(threshold[cut]).astype(np.int64)
        threshold[cut] = np.concatenate(edges)[place]
    return replace(forest, threshold=threshold)
