"""Last stage: a log that answers for a shard's accounts as the whole one would; features and scores of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.signatures import hash_items
from spamclf.ego import EgoLog, Slices
from spamclf.facts import column_of
from spamclf.features.co_target import StrangerSpans
from spamclf.features.extract import measure
from spamclf.ids import IdBook
from spamclf.scoring import ScoreTables, Scoring
from spamclf.shards import Summary, part_of
from spamclf.spark.plan import Plan, plain
from spamclf.spark.who import KINDS, read_summary

__all__ = ["answer"]

Tables = dict[str, pa.Table]
Floats = npt.NDArray[np.float64]

_BATCH = 50_000  # accounts whose features are in memory at once


def answer(plan: Plan, shard: int, tables: Tables) -> Iterator[pa.RecordBatch]:
    """Score the accounts of a shard, or measure them."""
    if "log.counts" not in tables or not tables["log.counts"].num_rows:
        return
    ego, own = _part(plan, tables)
    slices = ego.slices(own, plan.as_of, history_days=plan.history_days)
    ready = _ready(ego, tables)
    for low in range(0, len(slices), _BATCH):
        part = slices[low : low + _BATCH]
        if plan.files:
            scoring = _Scoring.with_ready(ego, plan, part, ready)
            table = ScoreTables(scoring, plan.n_reasons, plan.reasons_for).part(0, len(part))
        else:
            values = _filled(measure(ego, part, plan.names, n_jobs=1), part, plan.names, ready)
            table = _features(plan, ego, part, values)
        yield from plain(table).combine_chunks().to_batches()


class _Scoring(Scoring):
    """A part of a log, with values that were measured where all they need was."""

    ready: dict[str, Floats]

    @classmethod
    def with_ready(cls, ego: EgoLog, plan: Plan, slices: Slices, ready: dict[str, Floats]) -> _Scoring:
        scoring = cls.of_log(ego, plan.model(), slices)
        assert isinstance(scoring, _Scoring)
        scoring.ready = ready
        return scoring

    def measured(self, slices: Slices, names: Sequence[str]) -> Floats:
        return _filled(super().measured(slices, names), slices, names, self.ready)


def _filled(values: Floats, slices: Slices, names: Sequence[str], ready: dict[str, Floats]) -> Floats:
    """Put in what was measured elsewhere."""
    for row, name in enumerate(names):
        if name in ready:
            given = ready[name][slices.account]
            values[row] = np.where(np.isnan(given), values[row], given)
    return values


def _ready(ego: EgoLog, tables: Tables) -> dict[str, Floats]:
    """Return the values that were measured elsewhere, by name and code; NaN where there are none."""
    found = {}
    for kind, table in tables.items():
        if kind.startswith("ready."):
            code = IdBook(ego.account_ids).encode(column_of(table, "account_id"))
            for name in table.column_names[1:]:
                found[name] = np.full(ego.n_accounts, np.nan)
                found[name][code] = np.asarray(table[name])
    return found


def _features(plan: Plan, ego: EgoLog, slices: Slices, values: Floats) -> pa.Table:
    columns = {
        "account_id": ego.account_ids.take(pa.array(slices.account)),
        "as_of": pa.array(slices.as_of, pa.timestamp("us", tz="UTC")),
    }
    for name, each in zip(plan.names, values, strict=True):
        columns[name] = pa.array(each, from_pandas=True)
    return pa.table(columns)


def _part(plan: Plan, tables: Tables) -> tuple[EgoLog, npt.NDArray[np.int64]]:
    """Return the log, and the codes of the shard's accounts in it."""
    known = {kind: _once(plan, kind, tables) for kind in KINDS}
    people = column_of(tables["log.people"], "id")
    scored = column_of(tables["log.counts"], "account_id")
    context = known.pop("summary")
    reports = {"reports": tables["reports"]} if "reports" in tables else {}
    dataset = plan.dataset(**known, **reports)
    senders = pa.concat_arrays([scored, column_of(context, "account_id")])
    entries = tables["log.entries"]
    peer = np.asarray(entries["peer"])
    n_groups = max(int(peer.max(initial=-1)) + 1 - len(people), 0)
    if "lists" in tables:  # accounts without a row that nothing but their strangers is known of
        senders = pa.concat_arrays([senders, column_of(tables["lists"], "account_id")])
    skeleton, ids = EgoLog.numbered(dataset, senders.unique(), people, n_groups)
    skeleton = skeleton.remembering(plan.memory)
    book = IdBook(ids)
    lookup = np.append(book.encode(people), len(ids) + np.arange(n_groups, dtype=np.int32)).astype(np.int32)
    own = book.encode(scored).astype(np.int64)
    log = replace(
        skeleton, **_log(entries, lookup[peer], own, tables["log.counts"]["n"].to_numpy(), skeleton)
    )
    summary = Summary.empty(skeleton.n_accounts)
    summary.put(book.encode(column_of(context, "account_id")).astype(np.int64), read_summary(context))
    hashes = np.zeros(skeleton.n_peers, np.uint32)
    if skeleton.memory is not None and len(skeleton.memory.lists):
        hashes[: len(ids)] = hash_items(ids)
        skeleton.once("people hashed", lambda: hashes)
    spans = _spans(tables, book, summary, skeleton)
    return part_of(skeleton, log, summary, spans, plan.as_of, plan.history), own


def _once(plan: Plan, kind: str, tables: Tables) -> pa.Table:
    """Join what several shards told of accounts, each row once; the shard's own accounts come first."""
    own, others = tables.get(f"own.{kind}"), tables.get(f"who.{kind}")
    empty = pa.table({"account_id": plan.ids()})
    if own is None and others is None:
        return empty
    if others is None:
        return own
    if own is not None:
        scored = column_of(tables["log.counts"], "account_id")
        others = others.filter(pc.invert(pc.is_in(others["account_id"], value_set=scored)))
    if kind == "labels":  # an account may have several
        others = others.group_by(others.column_names).aggregate([])
    else:
        code = IdBook(plan.ids()).encode(column_of(others, "account_id"))
        others = others.take(pa.array(np.unique(code, return_index=True)[1]))
    return (
        others if own is None else pa.concat_tables([own, others.select(own.column_names)]).combine_chunks()
    )


def _log(
    entries: pa.Table,
    peer: npt.NDArray[np.int32],
    own: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    skeleton: EgoLog,
) -> dict[str, Any]:
    """Lay the shard's entries out by the codes of the part; those of its accounts are in the same order."""
    offsets, sizes = np.zeros(skeleton.n_accounts + 1, np.int64), np.zeros(skeleton.n_accounts, np.int64)
    sizes[own] = counts
    np.cumsum(sizes, out=offsets[1:])
    typed = np.array(entries["typed_s"].to_numpy()) if "typed_s" in entries.column_names else np.empty(0)
    time, flag = (
        np.array(entries[name].to_numpy()) for name in ("time", "flag")
    )  # Arrow's memory is read-only
    return {"offsets": offsets, "time": time, "peer": peer, "flag": flag, "typed_s": typed}


def _spans(tables: Tables, book: IdBook, summary: Summary, ego: EgoLog) -> StrangerSpans:
    """Lay out who else wrote to the strangers of the shard's accounts."""
    offsets, entries = np.zeros(ego.n_peers + 1, np.int64), np.empty((0, 2), np.int64)
    counts = np.ones(ego.n_peers, np.uint8)  # nobody else, where nothing else was told
    if "lists" in tables:
        lists = tables["lists"]
        recipient, account = (book.encode(column_of(lists, name)) for name in ("recipient_id", "account_id"))
        summary.n_strangers[account] = np.asarray(lists["n_strangers"])
        order = np.argsort(recipient, kind="stable")
        n_with = np.bincount(recipient, minlength=ego.n_peers)
        np.cumsum(n_with, out=offsets[1:])
        counts[n_with > 0] = n_with[n_with > 0]
        entries = np.stack([np.asarray(lists["instant"]), account.astype(np.int64) << 32], axis=1)[order]
    if "counts" in tables:
        counted = tables["counts"]
        counts[book.encode(column_of(counted, "recipient_id"))] = np.asarray(counted["n"])
    return StrangerSpans.at(offsets, np.ascontiguousarray(entries), np.append(summary.n_strangers, 0), counts)
