"""The stages of the cluster door, one after the other and without a cluster."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spamclf.features import around
from spamclf.features.extract import resolve_features
from spamclf.instants import LAST_US
from spamclf.model import Model
from spamclf.spark.asked import files_of
from spamclf.spark.parcels import opened, sent
from spamclf.spark.plan import Plan
from spamclf.spark.showing import names_of
from spamclf.spark.stages import LAST, keep_logs, meet, route_rows
from spamclf.spark.ties import parcels_of, prints_of, remembered_of
from spamclf.tables.times import Reading
from tests.worlds import World, arrow

Tables = dict[str, pa.Table]
NONE = pa.schema(
    [("graph", pa.string()), ("node", pa.int64()), ("component", pa.int64()), ("to", pa.int64())]
).empty_table()


def plan_of(world: World, names: Any, n_shards: int, **settings: Any) -> Plan:
    reading = Reading(LAST_US)
    given = tuple(world.tables)
    return Plan(n_shards, world.as_of, world.history, given, reading, resolve_features(names), **settings)


def plan_of_model(tables: Tables, model: Model, as_of: int, n_shards: int, **settings: Any) -> Plan:
    names, files = files_of(model)
    history = round(model.history_days * 86_400_000_000)
    return Plan(n_shards, as_of, history, tuple(tables), Reading(LAST_US), names, files, **settings)


def run(plan: Plan, tables: Tables) -> pa.Table | None:
    """What the cluster would compute, by account; None for no account at all."""
    batches = [
        batch for name, table in tables.items() for batch in route_rows(plan, name, table.to_batches())
    ]
    batches += sent(parcels_of(plan, tied(plan, tables)))
    logs = opened(_stage(keep_logs, plan, opened(batches)))
    met = opened(_stage(meet, plan, logs))
    found = []
    for shard, tables in logs.items():
        own = {kind: table for kind, table in tables.items() if kind.startswith(("log.", "own."))}
        found += LAST(plan, shard, own | met.get(shard, {}))
    return pa.Table.from_batches(found).sort_by("account_id") if found else None


def _stage(stage: Any, plan: Plan, shards: dict[int, Tables]) -> list[pa.RecordBatch]:
    return [batch for shard, tables in shards.items() for batch in sent(stage(plan, shard, tables))]


def tied(plan: Plan, tables: Tables) -> pa.Table:
    """The components of what accounts show, as `ties` tells them, by all pairs."""
    found = []
    for name in ("photos", "texts"):
        if name in tables and names_of(plan, name):
            prints = [*prints_of(plan, name, tables[name].to_batches()), *remembered_of(plan, name, [])]
            if prints:
                found.append(components(name, pa.Table.from_batches(prints), around.MOST_PHOTOS))
    return pa.concat_tables(found) if found else NONE


def components(name: str, prints: pa.Table, most: int) -> pa.Table:
    """The component of each account, whether another one is in it or not."""
    nodes, place = np.unique(prints["account"], return_inverse=True)
    shown = prints["print"].to_pylist()
    words = np.array(shown, np.int64).view(np.uint64)
    if name == "texts":
        sets = [set(each) for each in prints["bands"].to_pylist()]
        ties = [
            (k, j) for k in range(len(sets)) for j in range(k) if shown[k] == shown[j] or sets[k] & sets[j]
        ]
    else:
        ties = [*zip(*np.nonzero(distances(words) <= 31), strict=True), *in_large_buckets(words, most)]
    one, other = (place[np.array([tie[k] for tie in ties], np.int64)] for k in range(2))
    graph = coo_array((np.ones(one.size), (one, other)), shape=(nodes.size, nodes.size))
    label = connected_components(graph, directed=False)[1]
    least = np.array([nodes[label == each].min() for each in range(label.max() + 1)], np.int64)
    table = {"graph": [name] * len(prints), "node": nodes[place], "component": least[label[place]]}
    return pa.table(table | {"to": prints["to"]}, schema=NONE.schema)


def distances(words: Any) -> Any:
    return np.bitwise_count(words[:, None] ^ words[None]).sum(axis=2)


def in_large_buckets(words: Any, most: int) -> list[tuple[int, int]]:
    """Pairs of rows: one stands in a bucket of more photos than are compared, the other looks into it."""
    chunks, different = (each.view(np.uint16).T for each in (words, np.unique(words, axis=0)))
    pairs = []
    for column, once in zip(chunks, different, strict=True):
        values, counts = np.unique(once, return_counts=True)
        for value in values[counts > most]:
            inside, looks_in = column == value, np.bitwise_count(column ^ value) <= 1
            pairs += [(int(np.argmax(inside)), int(j)) for j in np.flatnonzero(looks_in)]
    return pairs


def features(world: World, names: Any, n_shards: int) -> pa.Table | None:
    return run(plan_of(world, names, n_shards), arrow(world.tables))
