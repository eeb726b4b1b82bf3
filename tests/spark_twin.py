"""The stages of the cluster door, one after the other and without a cluster."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from spamclf.features.extract import resolve_features
from spamclf.instants import LAST_US
from spamclf.model import Model
from spamclf.spark.door import _plan_of_model
from spamclf.spark.parcels import opened, sent
from spamclf.spark.plan import Plan
from spamclf.spark.stages import LAST, STAGES, route_rows
from spamclf.tables.times import Reading
from tests.worlds import World, arrow

Tables = dict[str, pa.Table]


def plan_of(world: World, names: Any, n_shards: int, **settings: Any) -> Plan:
    reading = Reading(LAST_US)
    given = tuple(world.tables)
    return Plan(n_shards, world.as_of, world.history, given, reading, resolve_features(names), **settings)


def plan_of_model(tables: Tables, model: Model, as_of: int, n_shards: int, **settings: Any) -> Plan:
    names, files = _plan_of_model(model)
    history = round(model.history_days * 86_400_000_000)
    return Plan(n_shards, as_of, history, tuple(tables), Reading(LAST_US), names, files, **settings)


def run(plan: Plan, tables: Tables) -> pa.Table | None:
    """What the cluster would compute, by account; None for no account at all."""
    batches = [
        batch for name, table in tables.items() for batch in route_rows(plan, name, table.to_batches())
    ]
    for stage in STAGES:
        batches = [
            batch for shard, parcels in opened(batches).items() for batch in sent(stage(plan, shard, parcels))
        ]
    found = [batch for shard, parcels in opened(batches).items() for batch in LAST(plan, shard, parcels)]
    return pa.Table.from_batches(found).sort_by("account_id") if found else None


def features(world: World, names: Any, n_shards: int) -> pa.Table | None:
    return run(plan_of(world, names, n_shards), arrow(world.tables))
