from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from spamclf.errors import ParameterError
from spamclf.model import Forest
from spamclf.model.audit import MAX_NODES
from tests.model.forests import (
    naive_contributions,
    naive_raw_score,
    random_arrays,
    random_forest,
    random_rows,
)

seeds = st.integers(0, 2**32 - 1)


def training_data(
    n: int = 600, n_features: int = 6, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features))
    X[:, 1] = rng.integers(0, 4, n)  # ties at the thresholds
    y = X[:, 0] + 0.5 * X[:, 1] + rng.normal(size=n) > 0.7
    missing = rng.random(X.shape) < 0.1
    missing[:, 2] = y & (rng.random(n) < 0.9)  # being missing says the most: a split at +inf
    X[missing] = np.nan
    return X, y


SETTINGS: list[dict[str, Any]] = [
    {"max_iter": 30},
    {"max_iter": 7, "max_leaf_nodes": None, "min_samples_leaf": 1},
    {"max_iter": 40, "max_depth": 1},
    {"max_iter": 3, "min_samples_leaf": 400},  # no split at all: every tree is one leaf
    {"max_iter": 30, "early_stopping": True, "random_state": 0},
    {
        "max_iter": 17,
        "monotonic_cst": {0: 1},
        "class_weight": "balanced",
        "max_features": 0.5,
        "random_state": 0,
    },
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_raw_scores_are_those_of_scikit_learn_bit_for_bit(settings: dict[str, Any]) -> None:
    X, y = training_data()
    settings = dict(settings)
    if "monotonic_cst" in settings:
        settings["monotonic_cst"] = [1, 0, 0, 0, 0, 0]
    estimator = HistGradientBoostingClassifier(**settings).fit(X, y)
    forest = Forest.from_sklearn(estimator)
    new, _ = training_data(seed=1)
    new[::50, 0], new[1::50, 0] = np.inf, -np.inf
    for rows in (X, new, new[:0], new[:1], new[:3], new[:4], new[:64], new[:65]):
        expected = estimator.decision_function(rows) if len(rows) else np.empty(0)
        np.testing.assert_array_equal(forest.raw_scores(rows), expected, strict=True)
    assert forest.depth == max(trees[0].get_max_depth() for trees in estimator._predictors)


def test_weights_and_missing_only_splits_come_through() -> None:
    X, y = training_data()
    estimator = HistGradientBoostingClassifier(max_iter=10).fit(
        X, y, sample_weight=np.linspace(0.1, 5, len(X))
    )
    forest = Forest.from_sklearn(estimator)
    np.testing.assert_array_equal(forest.raw_scores(X), estimator.decision_function(X))
    X = np.where(np.arange(200)[:, None] % 2 == 0, np.nan, 0.0)  # one value and nothing
    estimator = HistGradientBoostingClassifier(max_iter=2).fit(X, np.isnan(X[:, 0]))
    forest = Forest.from_sklearn(estimator)
    assert np.isposinf(forest.threshold).any()
    np.testing.assert_array_equal(forest.raw_scores(X), estimator.decision_function(X))


@given(seed=seeds, n_trees=st.integers(1, 40), n_leaves=st.integers(1, 12), n=st.integers(0, 70))
@settings(max_examples=60, deadline=None)
def test_raw_scores_equal_a_plain_walk(seed: int, n_trees: int, n_leaves: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    forest = random_forest(rng, n_trees, n_leaves, 4)
    X = random_rows(rng, n, 4)
    np.testing.assert_array_equal(forest.raw_scores(X), [naive_raw_score(forest, x) for x in X])


@given(seed=seeds, n_features=st.integers(1, 6), n_leaves=st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_contributions_are_shapley_values(seed: int, n_features: int, n_leaves: int) -> None:
    rng = np.random.default_rng(seed)
    forest = random_forest(rng, 3, n_leaves, n_features)
    X = random_rows(rng, 4, n_features)
    values, expected = forest.contributions(X)
    np.testing.assert_allclose(values, [naive_contributions(forest, x) for x in X], rtol=0, atol=1e-9)
    np.testing.assert_allclose(values.sum(axis=1) + expected, forest.raw_scores(X), rtol=0, atol=1e-9)


def test_contributions_are_shapley_values_of_eight_features() -> None:
    rng = np.random.default_rng(8)
    forest = random_forest(rng, 4, 20, 8)
    X = random_rows(rng, 3, 8)
    values, _ = forest.contributions(X)
    np.testing.assert_allclose(values, [naive_contributions(forest, x) for x in X], rtol=0, atol=1e-9)


def test_contributions_sum_to_the_scores_of_scikit_learn() -> None:
    X, y = training_data(2000)
    estimator = HistGradientBoostingClassifier(max_iter=50, max_leaf_nodes=None, min_samples_leaf=2).fit(X, y)
    values, expected = Forest.from_sklearn(estimator).contributions(X)
    np.testing.assert_allclose(
        values.sum(axis=1) + expected, estimator.decision_function(X), rtol=0, atol=1e-9
    )


def test_contributions_of_the_deepest_tree_still_sum() -> None:
    arrays = chain(64)
    forest = Forest(**arrays, baseline=0.5, n_features=64)
    X = np.random.default_rng(0).choice([-1.0, 1.0, np.nan], (200, 64), p=[0.9, 0.05, 0.05])
    values, expected = forest.contributions(X)
    np.testing.assert_allclose(values.sum(axis=1) + expected, forest.raw_scores(X), rtol=0, atol=1e-9)


def chain(depth: int) -> dict[str, NDArray[Any]]:
    """Build a tree that splits once per level and per feature."""
    rng = np.random.default_rng(depth)
    n = 2 * depth + 1
    inner = np.arange(n) % 2 == 0
    inner[-1] = False
    index = np.arange(n)
    cover = np.where(inner | (index == n - 1), depth + 1 - index // 2, 1.0)
    arrays = {
        "feature": np.where(inner, index // 2, -1).astype(np.int32),
        "threshold": np.zeros(n),
        "left": np.where(inner, index + 2, -1).astype(np.int32),
        "right": np.where(inner, index + 1, -1).astype(np.int32),
        "missing_left": np.zeros(n, np.uint8),
        "value": rng.normal(size=n),
        "cover": cover,
        "roots": np.array([0, n], np.int32),
    }
    for node in reversed(range(0, n - 1, 2)):
        sides = [node + 1, node + 2]
        arrays["value"][node] = np.average(arrays["value"][sides], weights=cover[sides])
    return arrays


def test_threads_and_batches_change_no_bit() -> None:
    rng = np.random.default_rng(3)
    forest = random_forest(rng, 30, 16, 5)
    X = random_rows(rng, 5000, 5)
    scores, (values, _) = forest.raw_scores(X), forest.contributions(X)
    for n_jobs in (2, 3, -1):
        np.testing.assert_array_equal(forest.raw_scores(X, n_jobs=n_jobs), scores)
        np.testing.assert_array_equal(forest.contributions(X, n_jobs=n_jobs)[0], values)
    for size in (1, 3, 7, 64, 1000):
        parts = [X[k : k + size] for k in range(0, 2000, size)]
        np.testing.assert_array_equal(
            np.concatenate([forest.raw_scores(part) for part in parts])[:2000], scores[:2000]
        )
        np.testing.assert_array_equal(
            np.concatenate([forest.contributions(part)[0] for part in parts])[:2000], values[:2000]
        )


def test_any_container_of_numbers_is_scored() -> None:
    rng = np.random.default_rng(4)
    forest = random_forest(rng, n_features=3)
    X = random_rows(rng, 10, 3).round()
    scores = forest.raw_scores(X)
    frozen = X.copy()
    frozen.flags.writeable = False
    for other in (
        frozen,
        np.asfortranarray(X),
        X.astype(np.float32),
        X.tolist(),
        np.repeat(X, 2, axis=0)[::2],
    ):
        np.testing.assert_array_equal(forest.raw_scores(other), scores)


@pytest.mark.parametrize("X", [[1.0, 2.0, 3.0], [[1.0, 2.0]], [["a", "b", "c"]], [[1.0], [2.0, 3.0]], None])
def test_other_matrices_are_refused(X: Any) -> None:
    forest = random_forest(np.random.default_rng(0), n_features=3)
    for call in (forest.raw_scores, forest.contributions):
        with pytest.raises(ParameterError, match="X must be"):
            call(X)


def test_no_threads_at_all_are_refused() -> None:
    with pytest.raises(ParameterError, match="n_jobs must be"):
        random_forest(np.random.default_rng(0)).raw_scores([[0.0, 0.0, 0.0]], n_jobs=0)


def test_estimators_that_do_not_fit_are_refused() -> None:
    X, y = training_data(300)
    with pytest.raises(ParameterError, match="fitted"):
        Forest.from_sklearn(HistGradientBoostingClassifier())
    with pytest.raises(ParameterError, match="fitted"):
        Forest.from_sklearn(object())
    with pytest.raises(ParameterError, match="got 3 classes"):
        Forest.from_sklearn(HistGradientBoostingClassifier(max_iter=2).fit(X, np.arange(len(X)) % 3))
    with pytest.raises(ParameterError, match="categorical"):
        Forest.from_sklearn(HistGradientBoostingClassifier(max_iter=2, categorical_features=[1]).fit(X, y))


@pytest.mark.parametrize(
    ("name", "node", "value", "message"),
    [
        ("left", 0, 99, "after its parent"),
        ("left", 0, 0, "after its parent"),  # a cycle of one
        ("right", 2, 0, "after its parent"),  # a cycle through the root
        ("left", 2, 5, "in the same tree"),
        ("left", 2, -7, "after its parent"),
        ("right", 0, 3, "exactly one parent"),
        ("left", 1, 2, "-1 at a leaf"),
        ("feature", 0, 2, "below n_features"),
        ("feature", 0, -2, "below n_features"),
        ("feature", 0, -1, "-1 at a leaf"),
        ("threshold", 0, np.nan, "threshold must be a number"),
        ("value", 1, np.inf, "value must be finite"),
        ("value", 1, np.nan, "value must be finite"),
        ("value", 0, 0.5, "the mean of"),
        ("cover", 1, 0.0, "above 0"),
        ("cover", 1, 3.0, "the sum of"),
        ("missing_left", 0, 2, "0 or 1"),
        ("roots", 1, 4, "one parent|same tree"),
        ("roots", 1, 0, "rising from 0"),
        ("roots", 0, 1, "rising from 0"),
        ("roots", 2, 9, "rising from 0"),
    ],
)
def test_unsound_forests_are_refused(name: str, node: int, value: float, message: str) -> None:
    arrays = two_trees()
    Forest(**arrays, baseline=0.0, n_features=2)
    arrays[name][node] = value
    with pytest.raises(ParameterError, match=message):
        Forest(**arrays, baseline=0.0, n_features=2)


def two_trees() -> dict[str, NDArray[Any]]:
    return {
        "feature": np.array([0, -1, 1, -1, -1, 0, -1, -1], np.int32),
        "threshold": np.zeros(8),
        "left": np.array([1, -1, 3, -1, -1, 6, -1, -1], np.int32),
        "right": np.array([2, -1, 4, -1, -1, 7, -1, -1], np.int32),
        "missing_left": np.zeros(8, np.uint8),
        "value": np.array([0.0, -2, 1, 0, 2, 0, -1, 1]),
        "cover": np.array([6.0, 2, 4, 2, 2, 2, 1, 1]),
        "roots": np.array([0, 5, 8], np.int32),
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"baseline": np.nan}, "baseline"),
        ({"baseline": np.inf}, "baseline"),
        ({"n_features": 0}, "n_features"),
        ({"n_features": 10**9}, "n_features"),
        ({"threshold": np.zeros(7)}, "as long as"),
        ({"threshold": np.zeros(8, np.float32)}, "dtype float64"),
        ({"cover": np.zeros((8, 1))}, "one-dimensional"),
        ({"roots": np.array([0], np.int32)}, "rising"),
        ({"value": np.array([1e308, 1e308, 1e308, 1e308, 1e308, 1e308, 1e308, 1e308])}, "at most 1e"),
    ],
)
def test_forests_of_other_shapes_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Forest(**{**two_trees(), "baseline": 0.0, "n_features": 2, **change})


def test_too_deep_or_too_large_forests_are_refused() -> None:
    with pytest.raises(ParameterError, match="depth must be at most 64"):
        Forest(**chain(65), baseline=0.0, n_features=65)
    arrays = random_arrays(np.random.default_rng(0), 1, 1, 1)
    many = {name: np.repeat(array, MAX_NODES + 1) for name, array in arrays.items() if name != "roots"}
    with pytest.raises(ParameterError, match="number of nodes"):
        Forest(**many, roots=np.arange(MAX_NODES + 2, dtype=np.int32), baseline=0.0, n_features=1)
