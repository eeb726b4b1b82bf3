"""Worlds and models that the tests of evaluations share."""

from __future__ import annotations

from functools import cache

import numpy as np

from spamclf import Model, evaluate, predict, simulate
from spamclf.model import Forest, SigmoidCalibration
from spamclf.model.audit import DTYPES


@cache
def world(seed: int = 1021) -> simulate.World:
    return simulate.world(250, 20, random_state=seed)


def stump(
    feature: str = "send_rate_sends", cut: float = 4.5, *, low: float = -2.0, high: float = 2.0
) -> Model:
    """A model of one question: it flags where a feature lies above a cut."""
    arrays = {
        "feature": [0, -1, -1], "threshold": [cut, 0, 0], "left": [1, -1, -1], "right": [2, -1, -1],
        "missing_left": [1, 0, 0], "value": [(low + high) / 2, low, high], "cover": [2.0, 1, 1], "roots": [0, 3],
    }  # fmt: skip
    forest = Forest(**{k: np.array(a, DTYPES[k]) for k, a in arrays.items()}, baseline=0.0, n_features=1)
    return Model("stump", forest, SigmoidCalibration(1.0, 0.0), (feature,), 30.0, 0.6, {"fpr": 0.1})


@cache
def shipped() -> Model:
    return predict.load_shipped_model().certify(fpr=0.01)


@cache
def found() -> evaluate.Evaluation:
    made = world()
    return evaluate.evaluate(made.dataset, shipped(), made.truth, n_jobs=1)


@cache
def found_by_stump(seed: int = 1021) -> evaluate.Evaluation:
    made = world(seed)
    return evaluate.evaluate(made.dataset, stump(), made.truth, n_jobs=1)
