"""Second stage: the logs of a shard's accounts, and what they must tell other shards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.ego import EgoLog
from spamclf.entries import order_messages, typed_of
from spamclf.errors import BadRowsError
from spamclf.facts import column_of
from spamclf.ids import IdBook
from spamclf.kernels._common import GROUP
from spamclf.schema import TABLES
from spamclf.shards import Summary
from spamclf.spark.parcels import Parcel, routes, sent_apart
from spamclf.spark.plan import Plan
from spamclf.spark.showing import show
from spamclf.spark.who import Who, summary_table
from spamclf.tables.check import Loaded, check_table

__all__ = ["keep_logs"]

Tables = dict[str, pa.Table]


def keep_logs(plan: Plan, shard: int, tables: Tables) -> Iterator[Parcel]:
    """Order the messages of a shard's accounts into logs; send what others have to know.

    Raises
    ------
    BadRowsError
        If an account has two rows, or a row is about an account that there is none of.
    """
    ego, people = _log_of(plan, shard, tables)
    _check_known(ego, tables)
    yield from _own(plan, shard, ego, people, tables)
    slices = ego.slices(np.arange(ego.n_accounts), plan.as_of, history_days=plan.history_days)
    summary, strangers = Summary.of(ego, slices)
    told = summary_table(ego.account_ids, summary)
    yield shard, "own.summary", told
    who = Who(
        {kind: tables[kind] for kind in ("accounts", "labels", "evidence") if kind in tables}
        | {"summary": told},
        ego.account_ids,
    )
    if "fan_out" in plan.families:
        yield from _asked(plan, shard, ego, people)
    if "co_target" in plan.families:
        yield from _strangers(
            plan, people, told, strangers.recipient, strangers.account, strangers.instant, who
        )
        known = plan.known(ego, "lists")
        to = np.repeat(np.arange(plan.n_shards), known.size)
        yield from who.told(to, np.tile(known, plan.n_shards), "passed")
    if "feedback" in plan.families and "reports" in tables:
        reports = tables["reports"]
        to = routes(reports["reporter_id"], plan.n_shards)
        yield from sent_apart("reports", reports, to)
        yield from who.told(to, who.codes(column_of(reports, "account_id")))
    yield from show(plan, ego, who, tables)
    if "registration" in plan.families and "accounts" in tables:
        yield from _registered(plan, tables["accounts"], who)


def _log_of(plan: Plan, shard: int, tables: Tables) -> tuple[EgoLog, pa.Array]:
    """Return the shard's log, and the ids of its people by code."""
    parts = [tables[kind] for kind in ("messages", "received") if kind in tables]
    n_sent = tables["messages"].num_rows if "messages" in tables else 0
    sender = recipient = plan.ids()
    flags, sent_at, typed = np.empty(0, np.uint8), np.empty(0, np.int64), np.empty(0)
    if parts:
        messages = pa.concat_tables(parts)
        sender, recipient = (column_of(messages, name) for name in ("sender_id", "recipient_id"))
        flags, sent_at = (np.array(column_of(messages, name)) for name in ("flags", "sent_at"))
        typed = typed_of(messages)
    earlier = column_of(tables["senders"], "account_id") if "senders" in tables else plan.ids()
    grouped = (flags & GROUP) != 0
    to_people = recipient.filter(pa.array(~grouped)) if grouped.any() else recipient
    groups = IdBook(plan.ids())
    group = groups.encode(recipient.filter(pa.array(grouped))) if grouped.any() else np.empty(0, np.int32)
    ego, people = EgoLog.numbered(
        plan.dataset(accounts=_accounts(plan, tables)),
        pa.concat_arrays([sender[:n_sent], earlier]),
        pa.concat_arrays([to_people, sender[n_sent:]]),
        len(groups),
    )
    book = IdBook(people)
    codes = book.encode(to_people)
    if grouped.any():
        of_people, codes = codes, np.empty(flags.size, np.int32)
        codes[~grouped], codes[grouped] = of_people, len(people) + group
    log = order_messages(book.encode(sender), codes, sent_at, flags, typed, ego.n_accounts, 1)
    return replace(ego, **log), people


def _accounts(plan: Plan, tables: Tables) -> pa.Table:
    """Return the accounts' rows; refuse an account with two of them."""
    spec = replace(TABLES["accounts"], known=())
    if "accounts" not in tables:
        return pa.table({"account_id": plan.ids()})
    table = tables["accounts"]
    columns = dict(zip(table.column_names, table.columns, strict=True))
    check_table(Loaded(spec, columns, table.num_rows), plan.reading, 0.0, {})
    return table


def _check_known(ego: EgoLog, tables: Tables) -> None:
    for name in ("reports", "labels", "photos", "texts", "evidence"):
        if name in tables:
            ids = tables[name]["account_id"]
            unknown = len(ids) - pc.sum(pc.is_in(ids, value_set=ego.account_ids)).as_py()
            if unknown:
                raise BadRowsError(
                    f"{name}: accounts must be in accounts or have sent a message; got {unknown:,} rows of others in "
                    "one part. Take these rows out."
                )


def _own(plan: Plan, shard: int, ego: EgoLog, people: pa.Array, tables: Tables) -> Iterator[Parcel]:
    """Hand the shard's log on to the same shard of the next stages."""
    counts = np.diff(ego.offsets)
    yield shard, "log.people", pa.table({"id": people})
    yield shard, "log.counts", pa.table({"account_id": ego.account_ids, "n": counts})
    entries = {"time": ego.time, "peer": ego.peer, "flag": ego.flag}
    if ego.typed_s.size:
        entries["typed_s"] = ego.typed_s
    yield shard, "log.entries", pa.table(entries)
    for name in ("accounts", "labels"):
        if name in tables:
            yield shard, f"own.{name}", tables[name]


def _asked(plan: Plan, shard: int, ego: EgoLog, people: pa.Array) -> Iterator[Parcel]:
    """Ask for the registrations of those whom the shard's accounts write to."""
    written = np.zeros(len(people), np.bool_)
    written[ego.peer[(ego.flag & (GROUP | 1)) == 1]] = True
    written[: ego.n_accounts] = False
    asked = people.filter(pa.array(written))
    table = pa.table({"id": asked, "asks": np.full(len(asked), shard)})
    yield from sent_apart("asks", table, routes(asked, plan.n_shards))


def _strangers(
    plan: Plan,
    people: pa.Array,
    told: pa.Table,
    recipient: np.ndarray,
    account: np.ndarray,
    instant: np.ndarray,
    who: Who,
) -> Iterator[Parcel]:
    """Tell of each stranger who wrote to it; of those who did and are labelled, all that others ask for."""
    to = routes(people, plan.n_shards)[recipient]
    ids = told["account_id"].combine_chunks().take(pa.array(account))
    table = pa.table(
        {
            "recipient_id": people.take(pa.array(recipient)),
            "account_id": ids,
            "instant": instant,
            "n_strangers": told["n_strangers"].combine_chunks().take(pa.array(account)),
        }
    )
    yield from sent_apart("strangers", table, to)
    judged = who.labelled()[account]
    yield from who.told(to[judged], account[judged].astype(np.int64), kinds=("accounts", "labels"))


def _registered(plan: Plan, accounts: pa.Table, who: Who) -> Iterator[Parcel]:
    """Send each registration to where all of its network are, and all of its device."""
    code = who.codes(column_of(accounts, "account_id"))
    for kind in ("network", "device"):
        known = np.flatnonzero(np.asarray(accounts[kind].is_valid()))
        to = routes(accounts[kind].take(pa.array(known)), plan.n_shards)
        yield from who.told(to, code[known], kind, ("accounts", "labels"))
