"""``SpamClassifier.fit`` against the bare estimator: ``python -m tests.benches.training``.

Both sides train by turns in one process with equal settings; times are medians over the rounds. Raw scores are
asserted bit-identical before anything is printed. The cost above the bare fit is checking, the forest's arrays, the
depth-3 tree, the rules and the figures of all three.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from spamclf.model import Forest
from spamclf.model.classifier import SpamClassifier
from tests.benches.forest import N_FEATURES, make_data
from tests.benches.timing import markdown, side_by_side

N_ROWS = 200_000
N_WEIGHTED = 20_000  # more take scikit-learn minutes
SETTINGS: dict[str, Any] = {
    "learning_rate": 0.06,
    "max_iter": 200,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
    "max_features": 0.5,
    "early_stopping": False,
    "monotonic_cst": None,
    "random_state": 0,
}
_EXPLAINED = 4000  # rows


def training(n_rows: int, *, weighted: bool = False, threads: int = 1, rounds: int = 3) -> dict[str, float]:
    """Return the median seconds of both fits."""
    X, y = make_data(n_rows, seed=0)
    weight = np.random.default_rng(0).uniform(0.2, 1.0, n_rows) if weighted else None
    fitted: dict[str, Any] = {}

    def bare() -> None:
        with threadpool_limits(threads):
            fitted["bare"] = HistGradientBoostingClassifier(**SETTINGS).fit(X, y, sample_weight=weight)

    def ours() -> None:
        fitted["ours"] = SpamClassifier(**SETTINGS, n_jobs=threads).fit(X, y, sample_weight=weight)

    took = side_by_side({"bare": bare, "ours": ours}, rounds=rounds, warm=False)
    if not weighted:  # with weights scikit-learn draws the edges of its bins otherwise
        raw = [each.decision_function(X[:1000]) for each in fitted.values()]
        np.testing.assert_array_equal(raw[0], raw[1])
    return took


def _trees_of_shap(estimator: Any, rows: Any) -> Callable[[], Any] | None:
    try:
        import shap
    except ImportError:
        return None
    explainer = shap.TreeExplainer(estimator)
    return lambda: explainer.shap_values(rows, check_additivity=False)


def _trees_of_lightgbm(X: Any, y: Any, rows: Any) -> Callable[[], Any] | None:
    try:
        import lightgbm
    except ImportError:
        return None
    settings = {"n_estimators": 200, "num_leaves": 31, "n_jobs": 1, "verbose": -1}
    booster = lightgbm.LGBMClassifier(**settings).fit(X, y)
    return lambda: booster.predict(rows, pred_contrib=True)


def explaining(rounds: int = 3) -> dict[str, float]:
    """Return the median seconds of exact Shapley values, 200 trees x 31 leaves, one thread; of what is installed."""
    X, y = make_data(20_000, seed=0)
    rows, _ = make_data(_EXPLAINED, seed=1)
    with threadpool_limits(1):
        estimator = HistGradientBoostingClassifier(
            max_iter=200, max_leaf_nodes=31, early_stopping=False, random_state=0
        ).fit(X, y)
        forest = Forest.from_sklearn(estimator)
        works = {
            "spamclf": lambda: forest.contributions(rows, n_jobs=1),
            "shap.TreeExplainer, same forest": _trees_of_shap(estimator, rows),
            "LightGBM pred_contrib, equal size": _trees_of_lightgbm(X, y, rows),
        }
        if works["shap.TreeExplainer, same forest"]:
            values = np.asarray(works["shap.TreeExplainer, same forest"]())
            np.testing.assert_allclose(forest.contributions(rows, n_jobs=1)[0], values, rtol=0, atol=1e-9)
        return side_by_side({name: work for name, work in works.items() if work}, rounds=rounds)


def main() -> None:
    table = []
    for n_rows, weighted in ((N_ROWS, False), (N_WEIGHTED, True)):
        took = training(n_rows, weighted=weighted)
        table.append(
            [
                f"{n_rows:,}{' with weights' if weighted else ''}",
                f"{took['bare']:.1f}",
                f"{took['ours']:.1f}",
                f"{took['ours'] / took['bare']:.2f}",
            ]
        )
    print(f"Fit of {N_FEATURES} features, 200 trees x 15 leaves, one thread\n")
    print(markdown(["rows", "HistGradientBoostingClassifier, s", "SpamClassifier, s", "ratio"], table))
    explained = explaining()
    ours = explained["spamclf"]
    print(f"\nExact Shapley values, 200 trees x 31 leaves x {N_FEATURES} features, one thread\n")
    print(
        markdown(
            ["", "rows/s", "spamclf is faster by"],
            [
                [name, f"{_EXPLAINED / seconds:,.0f}", f"{seconds / ours:.1f}"]
                for name, seconds in explained.items()
            ],
        )
    )
    missing = [name for name in ("shap", "lightgbm") if name not in sys.modules]
    if missing:
        print(f"\nNot installed, so not measured: {', '.join(missing)}.")


if __name__ == "__main__":
    main()
