"""What accounts show, compared where all that it has to do with is: component by component (`ties`).

A photo is no more than a hash of 32 bytes there, a text a signature of 512; logs stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.sightings import pseudonyms
from spamclf.ego import EgoLog
from spamclf.facts import column_of
from spamclf.features.co_target import StrangerSpans
from spamclf.features.extract import measure
from spamclf.shards import Summary, part_of, shard_of
from spamclf.spark.parcels import Parcel, routes, sent_apart
from spamclf.spark.plan import Plan
from spamclf.spark.who import Who, read_summary

__all__ = ["SHOWN", "compare", "names_of", "show"]

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
    for table in SHOWN:
        if table not in plan.given or not names_of(plan, table):
            continue
        accounts = plan.known(ego, table)  # what is found out now of those who are remembered counts, too
        shown = who.codes(column_of(tables[table], "account_id")) if table in tables else accounts[:0]
        accounts = np.unique(np.concatenate([accounts, shown]))
        to = _places(plan, ego.account_ids.take(pa.array(accounts)), tables.get(f"{table}.tied"))
        if shown.size:
            yield from sent_apart(f"{table}.{table}", tables[table], to[np.searchsorted(accounts, shown)])
        yield from who.told(to, accounts, table, _KINDS)


def _places(plan: Plan, ids: pa.Array, tied: pa.Table | None) -> npt.NDArray[np.int64]:
    """Return the shard in which what each account shows is compared: that of its component, or its own one."""
    component = pseudonyms(ids).view(np.int64)
    if tied is not None:
        node, first = np.unique(tied["node"], return_index=True)
        place = np.minimum(np.searchsorted(node, component), node.size - 1)
        of_node = np.asarray(tied["component"])[first]
        component = np.where(node[place] == component, of_node[place], component)
    return shard_of(component, plan.n_shards)


def compare(plan: Plan, table: str, tables: Tables) -> Iterator[Parcel]:
    """Measure what a table decides for those accounts with a row in it whose components are here."""
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
