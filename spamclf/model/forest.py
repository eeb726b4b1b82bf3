"""Boosted trees as flat arrays: scored and explained without scikit-learn."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spamclf import kernels
from spamclf.errors import ParameterError
from spamclf.model.audit import DTYPES, MAX_DEPTH, tree_depths
from spamclf.threads import in_threads, n_threads

__all__ = ["Forest"]

Floats = NDArray[np.float64]
_ROWS_PER_THREAD = 1024  # fewer are done sooner than a thread has started


@dataclass(frozen=True, eq=False, repr=False)
class Forest:
    """The trees of a boosted classifier, all nodes of all trees in one set of arrays.

    A row starts at the root of every tree. At a split it goes left when its value is at most the threshold,
    and where ``missing_left`` says when it is NaN. The values of the leaves it ends in, added to the baseline
    in the order of the trees, are its raw score: the log odds before calibration.

    Parameters
    ----------
    feature : ndarray of shape (n_nodes,), dtype int32
        Column a split looks at; -1 at a leaf.
    threshold : ndarray of shape (n_nodes,), dtype float64
        Never NaN; +inf splits the missing values off.
    left, right : ndarray of shape (n_nodes,), dtype int32
        Index of the child, beyond its parent's and in the same tree; -1 at a leaf.
    missing_left : ndarray of shape (n_nodes,), dtype uint8
    value : ndarray of shape (n_nodes,), dtype float64
        What a leaf adds to the raw score (log odds); at a split the mean of its leaves by cover.
    cover : ndarray of shape (n_nodes,), dtype float64
        Training rows that reached the node.
    roots : ndarray of shape (n_trees + 1,), dtype int32
        Tree k is the nodes ``roots[k]:roots[k + 1]``, its root first.
    baseline : float
        Raw score before the first tree.
    n_features : int

    Attributes
    ----------
    depths : ndarray of shape (n_trees,), dtype int32
        Splits on the longest way through each tree.

    Raises
    ------
    ParameterError
        If the arrays are no sound forest (see ``spamclf.model.audit``).

    Examples
    --------
    >>> stump = {"feature": [0, -1, -1], "threshold": [0.5, 0, 0], "left": [1, -1, -1], "right": [2, -1, -1],
    ...          "missing_left": [1, 0, 0], "value": [0.0, -1, 1], "cover": [2.0, 1, 1], "roots": [0, 3]}
    >>> forest = Forest(**{k: np.array(a, DTYPES[k]) for k, a in stump.items()}, baseline=0.25, n_features=2)
    >>> forest
    Forest(n_trees=1, n_nodes=3, depth=1, n_features=2)
    >>> forest.raw_scores([[0.5, 0.0], [0.6, 0.0], [np.nan, 0.0]])
    array([-0.75,  1.25, -0.75])
    """

    feature: NDArray[np.int32]
    threshold: Floats
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.uint8]
    value: Floats
    cover: Floats
    roots: NDArray[np.int32]
    baseline: float
    n_features: int
    depths: NDArray[np.int32] = field(init=False)
    _walk: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        for name in DTYPES:
            array = np.require(
                getattr(self, name), requirements=["C", "W"]
            )  # what the kernels are compiled for
            object.__setattr__(self, name, array)
        object.__setattr__(self, "baseline", float(self.baseline))
        arrays = {name: getattr(self, name) for name in DTYPES}
        object.__setattr__(self, "depths", tree_depths(arrays, self.baseline, self.n_features))
        object.__setattr__(self, "_walk", self._walking_order())

    def __repr__(self) -> str:
        size = f"n_trees={self.n_trees}, n_nodes={len(self.feature)}, depth={self.depth}"
        return f"Forest({size}, n_features={self.n_features})"

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.roots) - 1

    @property
    def depth(self) -> int:
        """Splits on the longest path of all trees."""
        return int(self.depths.max())

    @property
    def expected(self) -> float:
        """Mean raw score of the training rows, by cover: where an explanation starts."""
        return self.baseline + float(self.value[self.roots[:-1]].sum())

    @classmethod
    def from_sklearn(cls, estimator: Any) -> Forest:
        """Take the trees out of a fitted ``HistGradientBoostingClassifier``.

        Parameters
        ----------
        estimator : sklearn.ensemble.HistGradientBoostingClassifier
            Fitted on two classes and numbers only; the raw score speaks for the second of ``classes_``.

        Returns
        -------
        forest : Forest
            Its raw scores are the estimator's ``decision_function``, bit for bit.

        Raises
        ------
        ParameterError
            If the estimator is not fitted, knows more than two classes or has categorical features.

        Examples
        --------
        >>> from sklearn.ensemble import HistGradientBoostingClassifier
        >>> X = np.arange(100.0)[:, None]
        >>> estimator = HistGradientBoostingClassifier(max_iter=5, max_depth=1).fit(X, X[:, 0] > 60)
        >>> Forest.from_sklearn(estimator)
        Forest(n_trees=5, n_nodes=15, depth=1, n_features=1)
        """
        _check_estimator(estimator)
        nodes = [trees[0].nodes for trees in estimator._predictors]
        roots = np.cumsum([0, *map(len, nodes)])
        first = np.repeat(roots[:-1], np.diff(roots))
        all_nodes = np.concatenate(nodes)
        is_leaf = all_nodes["is_leaf"] != 0
        if (all_nodes["is_categorical"][~is_leaf] != 0).any():
            raise _unfit("without categorical splits", "a categorical split")
        arrays = {
            "feature": np.where(is_leaf, -1, all_nodes["feature_idx"]),
            "threshold": np.where(is_leaf, 0.0, all_nodes["num_threshold"]),
            "left": np.where(is_leaf, -1, all_nodes["left"] + first),
            "right": np.where(is_leaf, -1, all_nodes["right"] + first),
            "missing_left": np.where(is_leaf, 0, all_nodes["missing_go_to_left"]),
            "value": all_nodes["value"].astype(np.float64),
            "cover": all_nodes["count"],
            "roots": roots,
        }
        arrays = {name: np.ascontiguousarray(arrays[name], dtype) for name, dtype in DTYPES.items()}
        _fill_means(arrays, all_nodes["depth"])
        baseline = float(np.ravel(estimator._baseline_prediction)[0])
        return cls(**arrays, baseline=baseline, n_features=int(estimator.n_features_in_))

    def raw_scores(self, X: ArrayLike, *, n_jobs: int = 1) -> Floats:
        """Score rows: the log odds before calibration.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Numbers; NaN is missing.
        n_jobs : int, default 1
            Threads, in joblib's sense: -1 for one per available core. The scores do not depend on it.

        Returns
        -------
        scores : ndarray of shape (n,), dtype float64

        Raises
        ------
        ParameterError
            If `X` has another shape or holds no numbers, or `n_jobs` is 0.

        Examples
        --------
        See ``Forest``.
        """
        X = self._check(X)
        out = np.empty(len(X))
        score = kernels.forest.raw_scores
        _in_threads(lambda rows: score(*self._walk, X[rows], out[rows]), len(X), n_jobs)
        return out

    def contributions(self, X: ArrayLike, *, n_jobs: int = 1) -> tuple[Floats, float]:
        """Share each raw score out among the features: exact Shapley values.

        A feature outside the coalition sends a row down both sides of a split, weighted by cover (TreeSHAP,
        path-dependent; Lundberg et al. 2020, doi:10.1038/s42256-019-0138-9).

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Numbers; NaN is missing.
        n_jobs : int, default 1
            Threads, in joblib's sense: -1 for one per available core. The values do not depend on it.

        Returns
        -------
        contributions : ndarray of shape (n, n_features), dtype float64
            In log odds; a row plus ``expected`` is its raw score within 1e-9.
        expected : float
            Mean raw score of the training rows.

        Raises
        ------
        ParameterError
            As for ``raw_scores``.

        Examples
        --------
        >>> stump = {"feature": [0, -1, -1], "threshold": [0.5, 0, 0], "left": [1, -1, -1],
        ...          "right": [2, -1, -1], "missing_left": [1, 0, 0], "value": [0.5, -1, 1],
        ...          "cover": [4.0, 1, 3], "roots": [0, 3]}
        >>> arrays = {name: np.array(array, DTYPES[name]) for name, array in stump.items()}
        >>> forest = Forest(**arrays, baseline=0.25, n_features=2)
        >>> forest.contributions([[0.9, 7.0]])
        (array([[0.5, 0. ]]), 0.75)
        """
        X = self._check(X)
        out = np.zeros(X.shape)
        add = kernels.forest.contributions
        trees = (
            self.feature,
            self.threshold,
            self.left,
            self.missing_left,
            self.value,
            self.cover,
            self._parents,
        )
        rules = _gauss_rules((self.depth + 1) // 2)
        _in_threads(lambda rows: add(*trees, *rules, X[rows], out[rows]), len(X), n_jobs)
        return out, self.expected

    @property
    def _parents(self) -> NDArray[np.int32]:
        parents = np.full(len(self.feature), -1, np.int32)
        inner = np.flatnonzero(self.feature >= 0).astype(np.int32)
        parents[self.left[inner]] = inner
        parents[self.right[inner]] = inner
        return parents

    def _check(self, X: ArrayLike) -> Floats:
        try:
            rows = np.require(X, np.float64, ["C", "W"])
        except (TypeError, ValueError) as error:
            raise ParameterError(
                "forest: X must be numbers; got something else. Give missing values as NaN."
            ) from error
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise ParameterError(
                f"forest: X must be of shape (n, {self.n_features}); got {rows.shape}. Give one column per feature."
            )
        return rows

    def _walking_order(self) -> tuple[Any, ...]:
        """Lay the nodes out for ``kernels.forest.raw_scores``: siblings adjacent, one word per link."""
        is_leaf = self.feature < 0
        inner = np.flatnonzero(~is_leaf)
        # Within its tree, the j-th split puts its children at 1 + 2j and 2 + 2j: with the root, that is all.
        n_before: NDArray[np.int64] = np.cumsum(~is_leaf) - ~is_leaf
        tree = np.repeat(np.arange(self.n_trees), np.diff(self.roots))
        root = self.roots[tree].astype(np.int64)
        place = root.copy()
        left = root[inner] + 1 + 2 * (n_before[inner] - n_before[root[inner]])
        place[self.left[inner]] = left
        place[self.right[inner]] = left + 1
        thresholds = np.full(len(place), np.inf)
        thresholds[place[inner]] = self.threshold[inner]
        links = np.arange(len(place), dtype=np.uint64) << np.uint64(32)
        missing_right = (self.missing_left[inner] == 0).astype(np.uint64)
        features = self.feature[inner].astype(np.uint64) << np.uint64(1)
        links[place[inner]] = left.astype(np.uint64) << np.uint64(32) | features | missing_right
        values = np.zeros(len(place))
        values[place[is_leaf]] = self.value[is_leaf]
        return thresholds, links, values, self.roots[:-1].copy(), self.depths, self.baseline


def _unfit(rule: str, got: object) -> ParameterError:
    return ParameterError(
        f"Forest.from_sklearn: estimator must be {rule}; got {got}. Train it so, on numbers alone."
    )


def _check_estimator(estimator: Any) -> None:
    if not getattr(estimator, "_predictors", None) or not hasattr(estimator, "classes_"):
        raise _unfit("a fitted HistGradientBoostingClassifier", type(estimator).__name__)
    if len(estimator.classes_) != 2 or estimator.n_trees_per_iteration_ != 1:
        raise _unfit("of two classes", f"{len(estimator.classes_)} classes")
    categorical = getattr(estimator, "is_categorical_", None)
    if categorical is not None and np.any(categorical):
        raise _unfit("without categorical features", f"{int(np.sum(categorical))} of them")


def _fill_means(arrays: dict[str, NDArray[Any]], depth: NDArray[Any]) -> None:
    """Set each split's value to the mean of its leaves by cover, deepest splits first."""
    value, cover = arrays["value"], arrays["cover"]
    if depth.max() > MAX_DEPTH:
        raise _unfit(f"at most {MAX_DEPTH} splits deep", f"a tree of depth {depth.max()}")
    for level in range(int(depth.max()), -1, -1):
        inner = np.flatnonzero((depth == level) & (arrays["feature"] >= 0))
        left, right = arrays["left"][inner], arrays["right"][inner]
        total = cover[left] + cover[right]
        value[inner] = value[left] * (cover[left] / total) + value[right] * (cover[right] / total)


@functools.cache
def _gauss_rules(n: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre rules on [0, 1] of 1 to `n` points, one after the other: points and weights."""
    rules = [np.polynomial.legendre.leggauss(k) for k in range(1, n + 1)]
    points = np.concatenate([np.empty(0), *((x + 1) / 2 for x, _ in rules)])
    weights = np.concatenate([np.empty(0), *(w / 2 for _, w in rules)])
    return points, weights


def _in_threads(work: Callable[[slice], object], n_rows: int, n_jobs: int) -> None:
    """Call `work` on consecutive slices of the rows, in at most `n_jobs` threads."""
    n_parts = max(1, min(n_threads(n_jobs), n_rows // _ROWS_PER_THREAD))
    bounds = [round(n_rows * part / n_parts) for part in range(n_parts + 1)]
    in_threads(lambda low, high: work(slice(low, high)), bounds, n_parts)
