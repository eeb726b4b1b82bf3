from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.model.classifier import SpamClassifier
from spamclf.model.folds import time_folds
from spamclf.model.search import search

SPACE = {"max_iter": [3, 40], "max_leaf_nodes": [2, 8]}


def _data(n: int = 900) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, 3))
    y = (X[:, 0] * X[:, 1] > 0.3) ^ (rng.random(n) < 0.05)
    groups = rng.integers(0, n // 3, n)
    return {
        "X": X,
        "y": y,
        "time": rng.integers(0, 10**6, n),
        "groups": groups,
        "sample_weight": rng.uniform(0.5, 2, n),
    }


def test_it_finds_what_is_better_and_tells_of_all() -> None:
    best, table = search(**_data(2400), space=SPACE, n_candidates=4, n_folds=2, n_jobs=1)
    assert isinstance(best, SpamClassifier)
    assert not hasattr(best, "forest_")
    assert (best.max_iter, best.max_leaf_nodes) == (40, 8)  # a product of two features needs depth
    assert {name: table[0][name] for name in SPACE} == {name: getattr(best, name) for name in SPACE}
    rounds = [row["round"] for row in table]
    assert rounds == sorted(rounds, reverse=True)
    assert sum(number == 0 for number in rounds) == 4
    assert table[0]["n_rows"] > table[-1]["n_rows"]


def test_a_score_is_the_weighted_mean_over_later_groups() -> None:
    data = _data()
    _, table = search(**data, space={"max_iter": [7]}, n_candidates=1, n_folds=2, n_jobs=1)
    [row] = table
    scores = []
    for train, later in time_folds(data["time"], data["groups"], n_folds=2):
        model = SpamClassifier(max_iter=7).fit(
            data["X"][np.sort(train)], data["y"][train], sample_weight=data["sample_weight"][train]
        )
        raw = model.decision_function(data["X"][later])
        scores.append(
            average_precision_score(data["y"][later], raw, sample_weight=data["sample_weight"][later])
        )
    assert row["score"] == pytest.approx(np.mean(scores), abs=0.02)  # rows come in another order
    assert row["score_std"] == pytest.approx(np.std(scores), abs=0.02)


def test_other_settings_of_the_estimator_stay() -> None:
    data = _data(400)
    data["X"] = pd.DataFrame(data["X"], columns=list("abc"))
    base = SpamClassifier(monotonic_cst={"a": 1}, early_stopping=True, max_iter=10)
    best, _ = search(
        **data, estimator=base, space={"max_leaf_nodes": [3]}, n_candidates=1, n_folds=1, n_jobs=1
    )
    assert best.get_params() == base.get_params() | {"max_leaf_nodes": 3}


def test_it_repeats() -> None:
    runs = [
        search(**_data(400), space=SPACE, n_candidates=3, n_folds=1, n_jobs=1, random_state=5)
        for _ in range(2)
    ]
    assert runs[0][1] == runs[1][1]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"space": {"max_leaves": [3]}}, "space must be .* max_leaves"),
        ({"space": {}}, "space must be"),
        ({"space": "huge"}, "space must be"),
        ({"scoring": "accuracy"}, "scoring must be"),
        ({"n_candidates": 0}, "n_candidates must be"),
        ({"n_folds": 0}, "n_folds must be"),
        ({"time": [1, 2]}, "time must be one instant per row"),
    ],
)
def test_misuse_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        search(**{**_data(60), "n_jobs": 1, **changed})


def test_a_fold_of_one_class_is_refused() -> None:
    data = _data(60)
    data["y"] = data["time"] > np.median(data["time"])
    with pytest.raises(InsufficientDataError, match="each fold must hold both classes"):
        search(**data, n_jobs=1)
