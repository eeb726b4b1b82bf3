"""Third stage: where those meet who have to do with the same recipient, reporter, network or device."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.ego import EgoLog
from spamclf.facts import column_of
from spamclf.features.extract import measure
from spamclf.ids import IdBook
from spamclf.kernels import co_target
from spamclf.spark.parcels import Parcel, routes, sent_apart
from spamclf.spark.plan import Plan
from spamclf.spark.showing import SHOWN, compare
from spamclf.spark.who import KINDS, Who

__all__ = ["meet"]

Tables = dict[str, pa.Table]
Places = npt.NDArray[np.int64]


def meet(plan: Plan, shard: int, tables: Tables) -> Iterator[Parcel]:
    """Answer what other shards ask; bring those together who share a stranger, a reporter or a registration."""
    for kind, table in tables.items():
        if kind.startswith("passed."):
            yield shard, kind.replace("passed", "who"), table
    who = Who(_known(tables), plan.ids())
    if "asks" in tables:
        code, asks = who.codes(column_of(tables["asks"], "id")), np.asarray(tables["asks"]["asks"])
        yield from who.told(asks[code >= 0], code[code >= 0], kinds=("accounts",))
    if "strangers" in tables:
        yield from _strangers(plan, tables["strangers"], who)
    if "reports" in tables:
        yield from _reports(plan, tables["reports"], who)
    for table in SHOWN:
        yield from compare(plan, table, tables)
    for kind in ("network", "device"):
        if f"{kind}.accounts" in tables:
            yield from _registered(plan, kind, tables[f"{kind}.accounts"], tables.get(f"{kind}.labels"))


def _known(tables: Tables) -> Tables:
    """Join what the shard knows of its own accounts with what it was told of others."""
    found = {}
    for kind in KINDS:
        parts = [tables[name] for name in (f"own.{kind}", f"who.{kind}") if name in tables]
        if parts:
            found[kind] = pa.concat_tables(parts).combine_chunks()
    return found


def _strangers(plan: Plan, table: pa.Table, who: Who) -> Iterator[Parcel]:
    """Tell who else wrote to the same strangers; where they are more than a few, how many."""
    recipient = IdBook(plan.ids()).encode(column_of(table, "recipient_id")).astype(np.int64)
    to = routes(table["account_id"], plan.n_shards)
    n_with = np.bincount(recipient)
    shared = n_with[recipient] > 1  # where nobody else wrote there is nothing to tell
    many = shared & (n_with[recipient] > co_target.FEW + 1)
    most = co_target.POPULAR + 2
    rows, shards = _each_once(recipient, to, many)
    counts = pa.table({"recipient_id": table["recipient_id"], "n": np.minimum(n_with[recipient], most)})
    yield from sent_apart("counts", counts, shards, rows)
    rows, shards = _of_all(recipient, to, shared & ~many)
    yield from sent_apart("lists", table, shards, rows)
    code = who.codes(column_of(table, "account_id"))[rows]
    judged = np.append(who.labelled(), False)[code]
    yield from who.told(shards[judged], code[judged], kinds=("accounts", "labels"))


def _reports(plan: Plan, table: pa.Table, who: Who) -> Iterator[Parcel]:
    """Tell each account that was reported what else those who did so report."""
    reporter = IdBook(plan.ids()).encode(column_of(table, "reporter_id")).astype(np.int64)
    to = routes(table["account_id"], plan.n_shards)
    rows, shards = _of_all(reporter, to, np.ones(reporter.size, np.bool_))
    yield from sent_apart("reports", table, shards, rows)
    yield from who.told(shards, who.codes(column_of(table, "account_id"))[rows])


def _each_once(key: Places, to: Places, chosen: npt.NDArray[np.bool_]) -> tuple[Places, Places]:
    """Return one of the chosen rows for each key and shard, and the shard."""
    rows = np.flatnonzero(chosen)
    pair = key[rows] * (int(to.max(initial=0)) + 1) + to[rows]
    rows = rows[np.unique(pair, return_index=True)[1]]
    return rows, to[rows]


def _of_all(key: Places, to: Places, chosen: npt.NDArray[np.bool_]) -> tuple[Places, Places]:
    """Return for each shard all chosen rows of the keys that it has a row of, and the shard of each."""
    rows = np.flatnonzero(chosen)
    rows = rows[np.argsort(key[rows], kind="stable")]
    offsets = np.searchsorted(key[rows], np.arange(int(key.max(initial=-1)) + 2))
    one, shards = _each_once(key, to, chosen)
    begins, counts = offsets[key[one]], offsets[key[one] + 1] - offsets[key[one]]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows[np.repeat(begins, counts) + within], np.repeat(shards, counts)


def _registered(plan: Plan, kind: str, accounts: pa.Table, labels: pa.Table | None) -> Iterator[Parcel]:
    """Measure what concerns a network, or a device, where all of its accounts are."""
    tables = {"accounts": accounts} | ({} if labels is None else {"labels": labels})
    ego, _ = EgoLog.numbered(plan.dataset(**tables), plan.ids(), plan.ids())
    slices = ego.slices(np.arange(ego.n_accounts), plan.as_of, history_days=plan.history_days)
    names = [name for name in plan.columns_of("registration") if name.startswith(f"registration_{kind}_")]
    values = dict(zip(names, measure(ego, slices, names, n_jobs=1), strict=True))
    table = pa.table({"account_id": ego.account_ids} | values)
    yield from sent_apart(f"ready.{kind}", table, routes(ego.account_ids, plan.n_shards))
