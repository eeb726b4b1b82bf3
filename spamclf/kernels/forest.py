"""Walk boosted trees: raw scores, and exact additive contributions (path-dependent TreeSHAP).

Scores walk many lanes in step: the rows of a block through one tree, or one row through 16 trees. A walk is a
chain of loads that each wait on the last; lanes side by side hide that wait and let LLVM gather eight nodes
at once. A leaf points at itself, so every lane takes the same number of steps and nothing branches. All sums
run in the order of the trees, so neither the block, the lane nor the thread of a row changes a bit of its
score.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64

from spamclf.kernels._compile import compiled

_LOW = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_HALF = np.uint64(32)
_BLOCK = 64  # rows: their features stay in the first-level cache while all trees pass over them
_LANES = 16  # trees walked side by side for a single row
_EXPLAINED = 2048  # rows whose reasons are worked out together
_MOST_TABLED = 12  # features of a path, of which each pattern is worked out once
_MAX_PATH = 64  # most distinct features on a path; model/audit.py bounds the depth
_MAX_POINTS = 32  # quadrature points that are exact for a path of _MAX_PATH


@compiled("uint64(float64[::1], uint64[::1], float64[::1], uint64, uint64)", inline=True)
def _step(thresholds: Any, links: Any, x: Any, first: Any, at: Any) -> Any:
    """Go from node `at` to its child for the row that begins at ``x[first]``.

    Unsigned indices: a signed one costs numba's test for "counted from the end" at every load.
    """
    link = links[at]
    value = x[first + ((link & _LOW) >> _ONE)]
    right = (value > thresholds[at]) | ((value != value) & ((link & _ONE) != 0))
    return (link >> _HALF) + uint64(right)


@compiled(
    "void(float64[::1], uint64[::1], float64[::1], int32[::1], int32[::1], float64,"
    " float64[::1], float64[::1])"
)
def _score_one(
    thresholds: Any, links: Any, values: Any, roots: Any, depths: Any, baseline: Any, x: Any, out: Any
) -> None:
    at = np.empty(_LANES, np.uint64)
    n_trees = len(depths)
    score = baseline
    for first in range(0, n_trees, _LANES):
        n_steps = 0
        for lane in range(_LANES):
            tree = min(first + lane, n_trees - 1)
            at[lane] = roots[tree]
            n_steps = max(n_steps, depths[tree])
        for _ in range(n_steps):
            for lane in range(_LANES):
                at[lane] = _step(thresholds, links, x, uint64(0), at[lane])
        for lane in range(min(_LANES, n_trees - first)):
            score += values[at[lane]]
    out[0] = score


@compiled(
    "void(float64[::1], uint64[::1], float64[::1], int32[::1], int32[::1], float64,"
    " float64[:, ::1], float64[::1])"
)
def _score_block(
    thresholds: Any, links: Any, values: Any, roots: Any, depths: Any, baseline: Any, X: Any, out: Any
) -> None:
    n, n_features = X.shape
    width = np.uint64(n_features)
    x = X.reshape(-1)
    at = np.empty(_BLOCK, np.uint64)
    for begin in range(0, n, _BLOCK):
        m = min(_BLOCK, n - begin)
        out[begin : begin + m] = baseline
        for tree in range(len(depths)):
            at[:m] = uint64(roots[tree])
            for _ in range(depths[tree]):
                for row in range(m):
                    at[row] = _step(thresholds, links, x, uint64(begin + row) * width, at[row])
            for row in range(m):
                out[begin + row] += values[at[row]]


@compiled(
    "void(float64[::1], uint64[::1], float64[::1], int32[::1], int32[::1], float64,"
    " float64[:, ::1], float64[::1])"
)
def raw_scores(
    thresholds: Any, links: Any, values: Any, roots: Any, depths: Any, baseline: Any, X: Any, out: Any
) -> None:
    """Write the raw score of each row of `X` into `out`.

    Parameters
    ----------
    thresholds, values : float64 arrays of shape (n_nodes,)
        In walking order: siblings adjacent, the left one first. A leaf's threshold is inf.
    links : uint64 array of shape (n_nodes,)
        ``left_child << 32 | feature << 1 | missing_goes_right``; a leaf is its own left child, on feature 0.
    roots, depths : int32 arrays of shape (n_trees,)
    baseline : float
    X : float64 array of shape (n, n_features); NaN is missing
    out : float64 array of shape (n,)
    """
    if len(X) < 4:
        for row in range(len(X)):
            _score_one(thresholds, links, values, roots, depths, baseline, X[row], out[row : row + 1])
    else:
        _score_block(thresholds, links, values, roots, depths, baseline, X, out)


@compiled(
    "int64(int64, int32[::1], float64[::1], int32[::1], uint8[::1], float64[::1], int32[::1],"
    " int64[::1], float64[:, ::1], uint8[::1])"
)
def _read_path(
    leaf: Any,
    feature: Any,
    threshold: Any,
    left: Any,
    missing_left: Any,
    cover: Any,
    parent: Any,
    features: Any,
    bounds: Any,
    missing: Any,
) -> Any:
    """Gather the path to `leaf`, one entry per distinct feature; return how many there are.

    The splits of one feature amount to an interval ``(bounds[j, 0], bounds[j, 1]]``, to whether a missing
    value stays on the path, and to the share of the training rows that follow it (``bounds[j, 2]``). A lower
    bound of NaN is none at all: unlike -inf it also lets -inf through.
    """
    n = 0
    child = leaf
    while parent[child] >= 0:
        node = parent[child]
        j = 0
        while j < n and features[j] != feature[node]:
            j += 1
        if j == n:
            features[j] = feature[node]
            bounds[j, 0], bounds[j, 1], bounds[j, 2] = np.nan, np.inf, 1.0
            missing[j] = 1
            n += 1
        goes_left = left[node] == child
        if goes_left:
            bounds[j, 1] = min(bounds[j, 1], threshold[node])
        elif not bounds[j, 0] >= threshold[node]:
            bounds[j, 0] = threshold[node]
        bounds[j, 2] *= cover[child] / cover[node]
        if goes_left != (missing_left[node] != 0):
            missing[j] = 0
        child = node
    return n


@compiled(
    "void(int64, int64, float64[:, ::1], float64[:, :, ::1], float64[:, ::1], float64[::1], float64[::1])"
)
def _share_out(
    pattern: Any, n: Any, bounds: Any, factors: Any, inverse: Any, product: Any, shares: Any
) -> None:
    """Write what a leaf adds for each feature of its path, given which of them a row is inside of (bits)."""
    n_points = factors.shape[2] - 1
    for q in range(n_points):
        product[q] = factors[n, 0, q]
    for j in range(n):
        side = (pattern >> j) & 1
        for q in range(n_points):
            product[q] *= factors[j, side, q]
    outside = 0.0
    for q in range(n_points):
        outside -= product[q] * factors[n, 1, q]
    for j in range(n):
        shares[j] = outside
        if (pattern >> j) & 1:
            share = 0.0
            for q in range(n_points):
                share += product[q] * inverse[j, q]
            shares[j] = share * (1.0 - bounds[j, 2])


@compiled(
    "void(float64, int64, int64[::1], float64[:, ::1], uint8[::1], float64[::1], float64[::1],"
    " float64[:, ::1], float64[:, ::1], int64, int64[::1], float64[:, ::1], int64[::1], int64)"
)
def _add_leaf(
    value: Any,
    n: Any,
    features: Any,
    bounds: Any,
    missing: Any,
    points: Any,
    weights: Any,
    columns: Any,
    sums: Any,
    n_rows: Any,
    patterns: Any,
    table: Any,
    made_for: Any,
    stamp: Any,
) -> None:
    """Add one leaf's contributions to the rows of a block, which lie in columns.

    They depend on nothing but which features of the path a row is inside of. So each such pattern is worked out once,
    when the first row shows it, and looked up for the others.
    """
    n_points = len(points)
    factors = np.empty((n + 1, 2, n_points + 1))
    inverse = np.empty((n, n_points))
    for q in range(n_points):
        factors[n, 0, q], factors[n, 1, q] = weights[q] * value, 1.0 / (1.0 - points[q])
    for j in range(n):
        for q in range(n_points):
            factors[j, 0, q] = (1.0 - points[q]) * bounds[j, 2]
            factors[j, 1, q] = factors[j, 0, q] + points[q]
            inverse[j, q] = 1.0 / factors[j, 1, q]
    product, shares = np.empty(n_points), np.empty(n)
    patterns[:n_rows] = 0
    for j in range(n):
        low, high, stays = bounds[j, 0], bounds[j, 1], missing[j] != 0
        column = columns[features[j]]
        for row in range(n_rows):
            x = column[row]
            inside = ((not x <= low) & (x <= high)) | ((x != x) & stays)
            patterns[row] |= np.int64(inside) << j
    if n > _MOST_TABLED:
        for row in range(n_rows):
            _share_out(patterns[row], n, bounds, factors, inverse, product, shares)
            for j in range(n):
                sums[features[j], row] += shares[j]
        return
    for row in range(n_rows):
        pattern = patterns[row]
        if made_for[pattern] != stamp:
            made_for[pattern] = stamp
            _share_out(pattern, n, bounds, factors, inverse, product, shares)
            for j in range(n):
                table[j, pattern] = shares[j]
    for j in range(n):
        looked_up, total = table[j], sums[features[j]]
        for row in range(n_rows):
            total[row] += looked_up[patterns[row]]


@compiled(
    "void(int32[::1], float64[::1], int32[::1], uint8[::1], float64[::1], float64[::1], int32[::1],"
    " float64[::1], float64[::1], float64[:, ::1], float64[:, ::1])"
)
def contributions(
    feature: Any,
    threshold: Any,
    left: Any,
    missing_left: Any,
    value: Any,
    cover: Any,
    parent: Any,
    points: Any,
    weights: Any,
    X: Any,
    out: Any,
) -> None:
    """Add each feature's Shapley value for the raw score of each row of `X` to `out`.

    The game is that of TreeSHAP (Lundberg et al. 2020, "path dependent"): a feature outside the coalition
    sends a row down both sides of a split, by their cover. A leaf then adds ``value`` times a product with
    one factor per distinct feature of its path: 1 or 0 (inside the interval or not) within the coalition, the
    cover share ``z`` outside it. As ``s! (n-1-s)! / n!`` is the integral of ``t^s (1-t)^(n-1-s)`` over [0,
    1], feature j's Shapley value is that of ``(inside_j - z_j) * product over i != j of (t * inside_i + (1-t)
    * z_i)``: a polynomial of degree n - 1, which Gauss's rule of ``(n + 1) // 2`` points integrates exactly.
    Every term has one sign, so nothing cancels, unlike in the usual extending and unwinding of paths; and all
    features outside their interval share one value.

    Parameters
    ----------
    feature, left, parent : int32 arrays of shape (n_nodes,)
        As in ``Forest``; ``parent`` is -1 at a root.
    threshold, value, cover : float64 arrays of shape (n_nodes,)
    missing_left : uint8 array of shape (n_nodes,)
    points, weights : float64 arrays
        Gauss-Legendre rules on [0, 1] of 1, 2, 3, ... points, one after the other.
    X, out : float64 arrays of shape (n, n_features)
    """
    features = np.empty(_MAX_PATH, np.int64)
    bounds = np.empty((_MAX_PATH, 3))
    missing = np.empty(_MAX_PATH, np.uint8)
    size = min(len(X), _EXPLAINED)
    columns, sums = np.empty((X.shape[1], size)), np.empty((X.shape[1], size))
    patterns = np.empty(size, np.int64)
    table, made_for = np.empty((_MOST_TABLED, 1 << _MOST_TABLED)), np.zeros(1 << _MOST_TABLED, np.int64)
    stamp = 0
    for begin in range(0, len(X), _EXPLAINED):
        n_rows = min(_EXPLAINED, len(X) - begin)
        for row in range(n_rows):
            for k in range(X.shape[1]):
                columns[k, row], sums[k, row] = X[begin + row, k], out[begin + row, k]
        for leaf in range(len(feature)):
            if feature[leaf] >= 0:
                continue
            n = _read_path(
                leaf, feature, threshold, left, missing_left, cover, parent, features, bounds, missing
            )
            n_points = (n + 1) // 2
            first = n_points * (n_points - 1) // 2
            rule, its_weights = points[first : first + n_points], weights[first : first + n_points]
            stamp += 1
            _add_leaf(
                value[leaf], n, features, bounds, missing, rule, its_weights, columns, sums, n_rows, patterns,
                table, made_for, stamp,
            )  # fmt: skip
        for row in range(n_rows):
            for k in range(X.shape[1]):
                out[begin + row, k] = sums[k, row]
