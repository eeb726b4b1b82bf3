"""What the tests of the live scorer share: a model that looks at everything, rows in any order and any batches."""

from __future__ import annotations

import copy
import random
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from spamclf import Dataset, Model, extract
from spamclf.features import CATALOGUE
from spamclf.predict import LiveScorer
from tests import doors

LATE_S = 1e9


@cache
def model_of(history_days: float, *names: str, remembers: bool = False) -> Model:
    """A model that asks for features; its scores are not looked at."""
    model = copy.copy(doors.model())
    told: dict[str, Any] = {"feature_names": names or tuple(CATALOGUE), "history_days": history_days}
    if not remembers:
        told["memory"] = None
    for name, value in told.items():
        object.__setattr__(model, name, value)
    return model


def observe_in_batches(live: LiveScorer, tables: dict[str, pa.Table], rng: random.Random) -> None:
    """Let the rows of all tables come in random order, in batches of random size."""
    parts = []
    for name, table in tables.items():
        rows = list(range(table.num_rows))
        rng.shuffle(rows)
        if not rows:
            parts.append((name, table))
        while rows:
            n = rng.choice((1, 2, 5, 50))
            parts.append((name, table.take(pa.array(rows[:n]))))
            rows = rows[n:]
    rng.shuffle(parts)
    for name, part in parts:
        live.observe(name, part)


def features_of(table: pa.Table) -> dict[Any, dict[str, Any]]:
    return {row.pop("account_id"): row for row in table.to_pylist()}


def differing(live: LiveScorer, dataset: Dataset, as_of: int, asked: list[Any] | None = None) -> list[Any]:
    """Features of accounts that are not, bit for bit, those of `extract` on the dataset."""
    names, days = live.model.feature_names, live.model.history_days
    ego = None
    if live.model.memory is not None:
        from spamclf.ego import EgoLog

        ego = EgoLog.build(dataset, n_jobs=1).remembering(live.model.memory)
    table = extract(dataset, as_of=as_of, features=names, history_days=days, n_jobs=1, ego=ego)
    wanted = dict(zip(table.account_ids.to_pylist(), table.values.T, strict=True))
    got = live.features(asked, as_of)
    rows = (
        np.column_stack([got[name].to_numpy(zero_copy_only=False) for name in names]) if got.num_rows else []
    )
    ids = got["account_id"].to_pylist()
    if asked is None:
        assert sorted(map(str, ids)) == sorted(map(str, wanted))
    return [
        (who, names[k], values[k], wanted[who][k])
        for who, values in zip(ids, rows, strict=True)
        for k in range(len(names))
        if np.float64(values[k]).tobytes() != wanted[who][k].tobytes()
        and not (np.isnan(values[k]) and np.isnan(wanted[who][k]))
    ]
