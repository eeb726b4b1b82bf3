"""Forests to test on: random ones, and slow obvious twins of what the kernels compute."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spamclf.features.catalogue import CATALOGUE, family_of
from spamclf.model import Forest, Model, SigmoidCalibration
from spamclf.model.audit import DTYPES


def subject_of(feature: str) -> str:
    """What a reason speaks of: its family, or the cluster of which its family tells the size."""
    family = family_of(feature).name
    size = f"{family}_cluster_accounts"
    return size if size in (feature, *CATALOGUE[feature].companions) else family


def random_arrays(
    rng: np.random.Generator, n_trees: int, n_leaves: int, n_features: int
) -> dict[str, NDArray[Any]]:
    """Grow trees by splitting a random leaf; thresholds repeat, some are infinite."""
    nodes: dict[str, list[float]] = {name: [] for name in DTYPES if name != "roots"}
    roots = [0]
    for _ in range(n_trees):
        _grow(nodes, rng, int(rng.integers(1, n_leaves + 1)), n_features)
        roots.append(len(nodes["feature"]))
    arrays = {name: np.array(column, DTYPES[name]) for name, column in nodes.items()}
    fill_means(arrays)
    return {**arrays, "roots": np.array(roots, np.int32)}


def _grow(nodes: dict[str, list[float]], rng: np.random.Generator, n_leaves: int, n_features: int) -> None:
    def add(cover: float) -> int:
        leaf = {"feature": -1, "threshold": 0.0, "left": -1, "right": -1, "missing_left": 0}
        leaf |= {"value": rng.normal(), "cover": cover}
        for name, number in leaf.items():
            nodes[name].append(number)
        return len(nodes["feature"]) - 1

    leaves = [add(float(rng.integers(n_leaves, 1000)))]
    for _ in range(n_leaves - 1):
        divisible = [leaf for leaf in leaves if nodes["cover"][leaf] >= 2]
        node = divisible[int(rng.integers(len(divisible)))]
        leaves.remove(node)
        cover = nodes["cover"][node]
        share = float(rng.integers(1, cover))
        left, right = add(share), add(cover - share)
        leaves += [left, right]
        threshold = (
            float(rng.choice([-np.inf, np.inf])) if rng.random() < 0.05 else float(rng.integers(-4, 5)) / 2
        )
        split = {
            "feature": int(rng.integers(n_features)),
            "threshold": threshold,
            "left": left,
            "right": right,
        }
        for name, number in {**split, "missing_left": int(rng.integers(2))}.items():
            nodes[name][node] = number


def fill_means(arrays: dict[str, NDArray[Any]]) -> None:
    value, cover = arrays["value"], arrays["cover"]
    for node in reversed(range(len(value))):
        if arrays["feature"][node] >= 0:
            sides = [arrays["left"][node], arrays["right"][node]]
            value[node] = np.average(value[sides], weights=cover[sides])


def random_forest(
    rng: np.random.Generator, n_trees: int = 5, n_leaves: int = 8, n_features: int = 3
) -> Forest:
    arrays = random_arrays(rng, n_trees, n_leaves, n_features)
    return Forest(**arrays, baseline=float(rng.normal()), n_features=n_features)


def random_rows(rng: np.random.Generator, n: int, n_features: int) -> NDArray[np.float64]:
    """Rows that meet thresholds exactly, miss values and hold infinities."""
    X = rng.integers(-5, 6, (n, n_features)) / 2
    odd = rng.random(X.shape)
    X[odd < 0.2] = np.nan
    X[odd > 0.95] = np.inf
    X[odd > 0.97] = -np.inf
    return X


def random_model(rng: np.random.Generator, **size: int) -> Model:
    forest = random_forest(rng, **size)
    calibration = SigmoidCalibration(float(rng.uniform(0.1, 3)), float(rng.normal()))
    names = [f"feature_{k}" for k in range(forest.n_features)]
    return Model(
        "random",
        forest,
        calibration,
        tuple(names),
        float(rng.uniform(1, 90)),
        float(rng.random()),
        {"seed": 0},
    )


def children(forest: Forest, node: int) -> tuple[int, int]:
    return int(forest.left[node]), int(forest.right[node])


def goes_left(forest: Forest, node: int, x: NDArray[np.float64]) -> bool:
    value = x[forest.feature[node]]
    return bool(forest.missing_left[node]) if math.isnan(value) else bool(value <= forest.threshold[node])


def naive_raw_score(forest: Forest, x: NDArray[np.float64]) -> float:
    score = forest.baseline
    for root in forest.roots[:-1].tolist():
        node = root
        while forest.feature[node] >= 0:
            node = children(forest, node)[0 if goes_left(forest, node, x) else 1]
        score += float(forest.value[node])
    return score


def naive_contributions(forest: Forest, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shapley values from their definition: every coalition of features."""

    def worth(node: int, coalition: frozenset[int]) -> float:
        if forest.feature[node] < 0:
            return float(forest.value[node])
        left, right = children(forest, node)
        if forest.feature[node] in coalition:
            return worth(left if goes_left(forest, node, x) else right, coalition)
        share = forest.cover[left] / (forest.cover[left] + forest.cover[right])
        return float(share * worth(left, coalition) + (1 - share) * worth(right, coalition))

    n = forest.n_features
    sets = [frozenset(s) for size in range(n + 1) for s in itertools.combinations(range(n), size)]
    worths = {s: sum(worth(root, s) for root in forest.roots[:-1].tolist()) for s in sets}
    result = np.zeros(n)
    for j in range(n):
        for s in sets:
            if j not in s:
                weight = math.factorial(len(s)) * math.factorial(n - 1 - len(s)) / math.factorial(n)
                result[j] += weight * (worths[s | {j}] - worths[s])
    return result
