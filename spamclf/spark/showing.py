"""What accounts show, compared where all of it is: photos in one place, texts in another.

Whose photo is near whose is known only once all are held against each other. A photo is no more than a hash of 32 bytes
there, a text a signature of 512, so many millions of them fit in one place; logs would not, and stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spamclf.ego import EgoLog
from spamclf.facts import column_of
from spamclf.features.co_target import StrangerSpans
from spamclf.features.extract import measure
from spamclf.shards import Summary, part_of
from spamclf.spark.parcels import Parcel, routes, sent_apart
from spamclf.spark.plan import Plan
from spamclf.spark.who import Who, read_summary

__all__ = ["SHOWN", "compare", "show"]

Tables = dict[str, pa.Table]

#: By table the features that it decides: a family, and single ones.
SHOWN = {
    "photos": ("photo", "evidence_photo_accounts"),
    "texts": ("template", "evidence_template_accounts", "evidence_reported_accounts"),
}
_KINDS = ("accounts", "labels", "evidence", "summary")


def names_of(plan: Plan, table: str) -> list[str]:
    """Return those of the features asked for that a table decides."""
    family, *single = SHOWN[table]
    return [name for name in plan.names if name in (*plan.columns_of(family), *single)]


def show(plan: Plan, ego: EgoLog, who: Who, tables: Tables) -> Iterator[Parcel]:
    """Send what a shard's accounts show, and what is known of them, to where it is compared."""
    for place, table in enumerate(SHOWN):
        if table not in plan.given or not names_of(plan, table):
            continue
        to = place * (plan.n_shards - 1)
        accounts = plan.known(ego, table)  # what is found out now of those who are remembered counts, too
        if table in tables:
            yield to, f"{table}.{table}", tables[table]
            accounts = np.concatenate([accounts, who.codes(column_of(tables[table], "account_id"))])
        yield from who.told(np.full(accounts.size, to), accounts, table, _KINDS)


def compare(plan: Plan, table: str, tables: Tables) -> Iterator[Parcel]:
    """Measure what a table decides for all accounts that have a row in it."""
    told = {kind: tables[f"{table}.{kind}"] for kind in (*_KINDS, table) if f"{table}.{kind}" in tables}
    if table not in told:
        return
    summaries = told.pop("summary")
    ids = column_of(summaries, "account_id")
    skeleton, _ = EgoLog.numbered(plan.dataset(**told), ids, plan.ids())
    skeleton = skeleton.remembering(plan.memory)
    book_of = Who({}, skeleton.account_ids)
    summary = Summary.empty(skeleton.n_accounts)
    summary.put(book_of.codes(ids), read_summary(summaries))
    nobody = StrangerSpans.at(np.zeros(1, np.int64), np.empty((0, 2), np.int64), np.zeros(1, np.int64))
    ego = part_of(skeleton, skeleton, summary, nobody, plan.as_of, plan.history)
    own = np.unique(book_of.codes(column_of(told[table], "account_id")))
    slices = ego.slices(own, plan.as_of, history_days=plan.history_days)
    names = names_of(plan, table)
    values = dict(zip(names, measure(ego, slices, names, n_jobs=1), strict=True))
    shown = ego.account_ids.take(pa.array(own))
    yield from sent_apart(
        f"ready.{table}", pa.table({"account_id": shown} | values), routes(shown, plan.n_shards)
    )
