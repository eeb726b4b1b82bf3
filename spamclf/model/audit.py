"""What a sound forest is. Every forest passes here before a kernel walks it, wherever it came from.

The kernels check no index, for speed; a forest that is not sound could make them read outside their arrays or
never end. So the rules below are the safety of the process, not only the quality of a score.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spamclf.errors import ParameterError

__all__ = ["DTYPES", "MAX_DEPTH", "MAX_FEATURES", "MAX_NODES", "tree_depths"]

MAX_NODES = 500_000  # 8,000 trees of 31 leaves; keeps the memory to refuse a hostile file under 50 MB
MAX_DEPTH = 64
MAX_FEATURES = 65_536
MAX_SCORE = 1e100
DTYPES: Mapping[str, str] = {
    "feature": "int32",
    "threshold": "float64",
    "left": "int32",
    "right": "int32",
    "missing_left": "uint8",
    "value": "float64",
    "cover": "float64",
    "roots": "int32",
}


def tree_depths(arrays: Mapping[str, NDArray[Any]], baseline: float, n_features: int) -> NDArray[np.int32]:
    """Audit a forest's arrays and measure its trees.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The arrays of ``Forest``, by name.
    baseline : float
    n_features : int

    Returns
    -------
    depths : ndarray of shape (n_trees,), dtype int32
        Splits on the longest path of each tree; 0 for a single leaf.

    Raises
    ------
    ParameterError
        If anything is out of order: dtype, shape, bounds, two parents or none, a child before its parent or
        in another tree, too deep, NaN or infinite where a number is needed, covers or means that do not add
        up.

    Examples
    --------
    >>> stump = {"feature": [0, -1, -1], "threshold": [0.5, 0, 0], "left": [1, -1, -1], "right": [2, -1, -1],
    ...          "missing_left": [1, 0, 0], "value": [0.0, -1, 1], "cover": [2.0, 1, 1], "roots": [0, 3]}
    >>> tree_depths({name: np.array(a, DTYPES[name]) for name, a in stump.items()}, 0.0, 1)
    array([1], dtype=int32)
    """
    _check_shapes(arrays, n_features)
    _check_roots(arrays["roots"], len(arrays["feature"]))
    _check_links(arrays, n_features)
    depths = _measure(arrays)
    _check_numbers(arrays, baseline)
    return depths


def _refuse(name: str, rule: str, got: object) -> ParameterError:
    return ParameterError(f"forest: {name} must be {rule}; got {got}. Train the model again.")


def _first(bad: NDArray[np.bool_], array: NDArray[Any]) -> str:
    node = int(np.flatnonzero(bad)[0])
    return f"{array[node]} at node {node}"


def _check_shapes(arrays: Mapping[str, NDArray[Any]], n_features: int) -> None:
    if not 1 <= n_features <= MAX_FEATURES:
        raise _refuse("n_features", f"between 1 and {MAX_FEATURES:,}", n_features)
    n_nodes = len(arrays["feature"])
    if not 1 <= n_nodes <= MAX_NODES:
        raise _refuse("the number of nodes", f"between 1 and {MAX_NODES:,}", n_nodes)
    for name, dtype in DTYPES.items():
        array = arrays[name]
        if array.dtype != np.dtype(dtype) or array.ndim != 1:
            raise _refuse(
                name, f"one-dimensional of dtype {dtype}", f"{array.ndim} dimensions of {array.dtype}"
            )
        if name != "roots" and len(array) != n_nodes:
            raise _refuse(name, f"as long as feature ({n_nodes:,})", f"{len(array):,}")


def _check_roots(roots: NDArray[np.int32], n_nodes: int) -> None:
    if len(roots) < 2 or roots[0] != 0 or roots[-1] != n_nodes or not (roots[1:] > roots[:-1]).all():
        raise _refuse("roots", f"rising from 0 to the number of nodes ({n_nodes:,})", "another sequence")


def _check_links(arrays: Mapping[str, NDArray[Any]], n_features: int) -> None:
    """Check that the links form trees: each node but a root has one parent, before it and in its own tree."""
    feature, left, right, roots = (arrays[name] for name in ("feature", "left", "right", "roots"))
    n_nodes = len(feature)
    if (bad := (feature < -1) | (feature >= n_features)).any():
        raise _refuse("feature", f"-1 (leaf) or below n_features ({n_features})", _first(bad, feature))
    is_leaf = feature < 0
    if (bad := is_leaf & ((left != -1) | (right != -1))).any():
        raise _refuse("left and right", "-1 at a leaf", _first(bad, np.maximum(left, right)))
    end = np.repeat(roots[1:], np.diff(roots))
    index = np.arange(n_nodes)
    for name, child in (("left", left), ("right", right)):
        if (bad := ~is_leaf & ((child <= index) | (child >= end))).any():
            raise _refuse(name, "after its parent, in the same tree", _first(bad, child))
    n_parents = np.bincount(np.concatenate([left[~is_leaf], right[~is_leaf]]), minlength=n_nodes)
    wanted = np.ones(n_nodes, np.int64)
    wanted[roots[:-1]] = 0
    if (bad := n_parents != wanted).any():
        rule = "such that each node but a root has exactly one parent"
        raise _refuse("left and right", rule, _first(bad, n_parents))
    if (bad := arrays["missing_left"] > 1).any():
        raise _refuse("missing_left", "0 or 1", _first(bad, arrays["missing_left"]))


def _measure(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.int32]:
    roots, feature, left, right = (arrays[name] for name in ("roots", "feature", "left", "right"))
    depths = np.zeros(len(roots) - 1, np.int32)
    level = roots[:-1][feature[roots[:-1]] >= 0]
    for depth in range(1, MAX_DEPTH + 1):
        if not len(level):
            return depths
        level = np.concatenate([left[level], right[level]])
        depths[np.searchsorted(roots, level, side="right") - 1] = depth
        level = level[feature[level] >= 0]
    if len(level):
        raise _refuse("depth", f"at most {MAX_DEPTH}", "a deeper tree")
    return depths


def _check_numbers(arrays: Mapping[str, NDArray[Any]], baseline: float) -> None:
    """Check the numbers. A threshold may be infinite: scikit-learn splits "missing or not" at +inf."""
    value, cover, roots, feature = (arrays[name] for name in ("value", "cover", "roots", "feature"))
    if (bad := np.isnan(arrays["threshold"])).any():
        raise _refuse("threshold", "a number", _first(bad, arrays["threshold"]))
    if (bad := ~np.isfinite(value)).any():
        raise _refuse("value", "finite", _first(bad, value))
    if (bad := ~(np.isfinite(cover) & (cover > 0))).any():
        raise _refuse("cover", "finite and above 0", _first(bad, cover))
    with np.errstate(over="ignore"):
        largest = abs(baseline) + np.maximum.reduceat(np.abs(value), roots[:-1]).sum()
    if not largest <= MAX_SCORE:
        raise _refuse("baseline plus the values", f"at most {MAX_SCORE:g} in size", largest)
    inner = np.flatnonzero(feature >= 0)
    left, right = arrays["left"][inner], arrays["right"][inner]
    with np.errstate(over="ignore", invalid="ignore"):
        total = cover[left] + cover[right]
        mean = value[left] * (cover[left] / total) + value[right] * (cover[right] / total)
        slack = 1e-9 * np.maximum(np.abs(value[left]), np.abs(value[right])) + 1e-300
        light = ~(np.abs(cover[inner] - total) <= 1e-9 * total)
        off = ~(np.abs(value[inner] - mean) <= slack)
    if light.any():
        raise _refuse(
            "cover", "the sum of the covers of a split's sides", f"another at node {inner[light][0]}"
        )
    if off.any():
        raise _refuse(
            "value", "the mean of a split's sides by cover", f"{value[inner[off][0]]} at node {inner[off][0]}"
        )
