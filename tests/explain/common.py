"""What the tests of explanations share: a model that flags many, and who is flagged by it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from spamclf import extract, predict
from spamclf.ego import EgoLog
from spamclf.model import Forest, Model, SigmoidCalibration
from tests.doors import dataset, model, tables


@cache
def strict() -> Model:
    """The doors' model with a threshold that many reach, for few and for many reasons."""
    return replace(model(), threshold=0.2)


@cache
def behaviour() -> Model:
    """A model of nothing but what accounts do themselves: most whom it flags could have done otherwise."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    table = extract(dataset(), features=["send_rate", "fan_out", "rhythm"], ego=ego())
    automated = {row["account_id"] for row in tables()["labels"].to_pylist() if row["is_automated"]}
    y = np.array([each in automated for each in table.account_ids.to_pylist()])
    boosting = HistGradientBoostingClassifier(max_iter=15, max_leaf_nodes=8).fit(table.matrix(), y)
    forest = Forest.from_sklearn(boosting)
    return Model("behaviour", forest, SigmoidCalibration(1.0, 0.0), table.names, 30, threshold=0.5)


@cache
def ego() -> EgoLog:
    return EgoLog.build(dataset())


@cache
def scores() -> pa.Table:
    return predict.score(dataset(), strict(), reasons_for="all", n_reasons=5, ego=ego())


@cache
def ids_of(verdict: str) -> list[Any]:
    """Accounts with a verdict, the highest scores first."""
    rows = sorted(scores().to_pylist(), key=lambda row: -row["score"])
    return [row["account_id"] for row in rows if row["verdict"] == verdict]
