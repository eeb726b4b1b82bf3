"""First stage: check the rows of a table and send them where they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.entries import flags_of
from spamclf.errors import BadRowsError
from spamclf.facts import column_of, instants_of
from spamclf.schema import TABLES
from spamclf.spark.packing import packed
from spamclf.spark.parcels import Parcel, routes, sent, sent_apart
from spamclf.spark.plan import Plan, plain
from spamclf.tables.check import Loaded, check_table

__all__ = ["checked", "joined", "route_rows"]

_ROWS = 1 << 20  # that are sent at once: fewer would make many small parcels


def route_rows(plan: Plan, name: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Send the rows of a table to the shards of their accounts; of messages, to those of both sides.

    Raises
    ------
    BadRowsError
        If a row breaks a rule of the contract.
    """
    for table in checked(plan, name, batches):
        parcels = _messages(plan, table) if name == "messages" else _others(plan, name, table)
        yield from sent(parcels)


def checked(plan: Plan, name: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Check the rows of a table, about a million at a time, as far as they can be by themselves."""
    spec = replace(TABLES[name], key=(), known=())  # what other rows have to say is looked at where they meet
    for table in joined(batches):
        columns = {each.name: table[each.name] for each in spec.columns if each.name in table.column_names}
        try:
            yield check_table(Loaded(spec, columns, table.num_rows), plan.reading, 0.0, {}).table
        except BadRowsError as error:
            rules = [
                line.strip().split(", first at row")[0]
                for line in str(error).splitlines()
                if line[:2] == "  "
            ]
            raise BadRowsError(
                f"spark: rows of {name} must all keep the contract; got, in one part of them, {'; '.join(rules)}. "
                f"Take such rows out first: {_filters(rules)}."
            ) from None


def _filters(rules: list[str]) -> str:
    """Return how rows that break some rules are taken out in Spark."""
    ways = {
        "null": "filter('{column} is not null')",
        "same_account": "filter('sender_id <> recipient_id or is_group')",
        "in_future": "filter('{column} < now()')",
    }
    found = dict.fromkeys(
        ways[rule.rstrip(":")].format(column=column)
        for column, rule in (each.split()[:2] for each in rules)
        if rule.rstrip(":") in ways
    )
    return ", ".join(found) or "filter them"


def joined(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Join batches to tables of about a million rows."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(each.num_rows for each in waiting) >= _ROWS:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def _others(plan: Plan, name: str, table: pa.Table) -> Iterator[Parcel]:
    shard = routes(column_of(table, "account_id"), plan.n_shards)
    yield from sent_apart(name, plain(table), shard)


def _messages(plan: Plan, table: pa.Table) -> Iterator[Parcel]:
    """Send each message of the history to its sender and, if that is elsewhere, to its recipient.

    Of the others it is told only that their senders exist.
    """
    sent_at = instants_of(table, "sent_at")
    inside = (sent_at >= plan.since) & (sent_at < plan.as_of)
    if not inside.all():
        senders = column_of(table.filter(pa.array(~inside)), "sender_id").unique()
        senders = senders.dictionary_decode() if pa.types.is_dictionary(senders.type) else senders
        yield from sent_apart("senders", pa.table({"account_id": senders}), routes(senders, plan.n_shards))
        table = table.filter(pa.array(inside)).combine_chunks()
    flags, to_group = flags_of(table), np.zeros(table.num_rows, np.bool_)
    if "is_group" in table.column_names:
        to_group = np.asarray(pc.fill_null(column_of(table, "is_group"), False), np.bool_)
    message = {name: column_of(table, name) for name in ("sender_id", "recipient_id")}
    message |= {"sent_at": pa.array(instants_of(table, "sent_at")), "flags": pa.array(flags)}
    message["typed_s"] = (
        column_of(table, "typed_s") if "typed_s" in table.column_names else pa.nulls(len(flags), pa.float64())
    )
    sender, recipient = (routes(message[name], plan.n_shards) for name in ("sender_id", "recipient_id"))
    elsewhere = np.flatnonzero((sender != recipient) & ~to_group)
    whole = packed(pa.table(message))
    yield from _plain(sent_apart("messages", whole, sender))
    yield from _plain(sent_apart("received", whole, recipient[elsewhere], elsewhere))


def _plain(parcels: Iterable[Parcel]) -> Iterator[Parcel]:
    for to, kind, table in parcels:
        yield to, kind, plain(table)
