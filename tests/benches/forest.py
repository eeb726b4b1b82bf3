"""Compiled trees against scikit-learn: ``python -m tests.benches.forest``.

Both sides run in one process, by turns, on one thread; ratios are medians over the rounds. Raw scores are
asserted bit-identical before anything is timed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from spamclf.model import Forest, Model, SigmoidCalibration

N_FEATURES = 60
N_ROWS = 100_000
ROUNDS = 5


def make_data(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, N_FEATURES))
    noise = rng.normal(size=n)
    y = X[:, :10].sum(axis=1) + 2 * np.sin(3 * X[:, 3]) + X[:, 11] * X[:, 12] + noise > 1
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, y


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def one_row(call: Callable[[NDArray[np.float64]], object], X: NDArray[np.float64], n: int) -> float:
    """Return the median time of `n` calls, each on a row of its own."""
    return statistics.median(seconds(lambda k=k: call(X[k : k + 1])) for k in range(n))


def report(name: str, theirs: list[float], ours: list[float], unit: str, scale: float) -> None:
    ratio = statistics.median(a / b for a, b in zip(theirs, ours, strict=True))
    left, right = (statistics.median(times) * scale for times in (theirs, ours))
    print(f"{name:<44} scikit-learn {left:10,.1f} {unit}   spamclf {right:8,.1f} {unit}   ratio {ratio:6.1f}")


def cold_compile() -> float:
    """Time the import of the kernels without a cache, in a process of their own, after numba's import."""
    code = (
        "import time, numba, spamclf.kernels as k; from spamclf.kernels import _ahead\n"
        "_ahead._begun.set()  # those of the forest alone\n"
        "start = time.perf_counter(); k.forest; print(time.perf_counter() - start)"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        return float(
            subprocess.run(
                [sys.executable, "-c", code], env=environment, capture_output=True, check=True
            ).stdout
        )


def main() -> None:
    X, y = make_data(20_000, seed=0)
    rows, _ = make_data(N_ROWS, seed=1)
    with threadpool_limits(1):
        estimator = HistGradientBoostingClassifier(max_iter=200, max_leaf_nodes=31, early_stopping=False).fit(
            X, y
        )
        forest = Forest.from_sklearn(estimator)
        model = Model(
            "bench", forest, SigmoidCalibration(1.0, 0.0), tuple(f"f{k}" for k in range(N_FEATURES)), 30, 0.5
        )
        np.testing.assert_array_equal(forest.raw_scores(rows), estimator.decision_function(rows))
        print(f"{forest}; raw scores of {N_ROWS:,} rows bit-identical; {ROUNDS} rounds, one thread")

        single: dict[str, list[float]] = {"sklearn": [], "raw": [], "scores": []}
        batch: dict[str, list[float]] = {"sklearn": [], "raw": []}
        for _ in range(ROUNDS):
            single["sklearn"].append(one_row(estimator.predict_proba, rows, 200))
            single["raw"].append(one_row(forest.raw_scores, rows, 5000))
            single["scores"].append(one_row(model.scores, rows, 5000))
            batch["sklearn"].append(seconds(lambda: estimator.predict_proba(rows)))
            batch["raw"].append(seconds(lambda: model.scores(rows)))
        report("one row, raw score (p50)", single["sklearn"], single["raw"], "us", 1e6)
        report("one row, calibrated (p50)", single["sklearn"], single["scores"], "us", 1e6)
        report(f"{N_ROWS:,} rows, calibrated", batch["sklearn"], batch["raw"], "ms", 1e3)
        explained = statistics.median(seconds(lambda: forest.contributions(rows[:2000])) for _ in range(3))
        print(f"{'contributions':<44} {2000 / explained:,.0f} rows/s")
    colds = [cold_compile() for _ in range(3)]
    print(f"{'compile of all forest kernels, no cache':<44} {statistics.median(colds):.1f} s (median of 3)")


if __name__ == "__main__":
    main()
