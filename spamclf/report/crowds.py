"""The campaigns that flagged accounts are in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.shown import read_photos
from spamclf.campaigns.table import Campaigns
from spamclf.dataset import Dataset
from spamclf.instants import DAY_US
from spamclf.report.pictures import Pictures

__all__ = ["crowds_of"]

_PICTURES = 6  # of a campaign
_PLAIN = (
    "kind", "campaign", "operation", "n_accounts", "n_fingerprints", "growth_24h", "n_labelled", "n_automated",
    "n_evidence", "example", "n_recipients",
)  # fmt: skip


def crowds_of(
    found: Campaigns,
    dataset: Dataset,
    flagged: pa.Table,
    n_shown: int,
    highest: npt.NDArray[np.int64],
    pictures: Pictures,
) -> dict[str, Any]:
    """Return the campaigns that have flagged accounts, as columns, those of most flagged accounts first.

    Parameters
    ----------
    found : Campaigns
    dataset : Dataset
        The one that they were listed from.
    flagged : pyarrow.Table
        The rows of `predict.score` of all flagged accounts.
    n_shown : int
        How many of them the page shows.
    highest : ndarray of shape (n_flagged,), dtype int64
        Rows of `flagged` in the order of the page.
    pictures : Pictures

    Returns
    -------
    columns : dict
        ``members`` are numbers of accounts on the page; who is not flagged is in ``n_accounts`` alone.
    """
    table, members = found.table, found.members()
    keys = {
        (kind, number): k
        for k, (kind, number) in enumerate(
            zip(table["kind"].to_pylist(), table["campaign"].to_pylist(), strict=True)
        )
    }
    pairs = zip(members["kind"].to_pylist(), members["campaign"].to_pylist(), strict=True)
    campaign = np.fromiter((keys[pair] for pair in pairs), np.int64, members.num_rows)
    ids = flagged["account_id"].combine_chunks()
    row = pc.index_in(members["account_id"], ids.cast(members["account_id"].type))
    row = np.asarray(pc.fill_null(row, -1))
    place = np.full(flagged.num_rows + 1, -1)  # the last one is nobody's
    place[highest] = np.arange(flagged.num_rows)
    n_flagged = np.bincount(campaign[row >= 0], minlength=len(found))
    on_page = np.flatnonzero((row >= 0) & (place[row] < n_shown))
    chosen = np.unique(campaign[on_page])
    chosen = chosen[np.argsort(-n_flagged[chosen], kind="stable")]
    rank = np.full(len(found), -1)
    rank[chosen] = np.arange(chosen.size)
    group = rank[campaign[on_page]]
    order = np.lexsort((place[row[on_page]], group))
    on_page, offsets = on_page[order], np.searchsorted(group[order], np.arange(chosen.size + 1))
    rows = table.take(pa.array(chosen))
    return {
        **{name: rows[name].to_pylist() for name in _PLAIN},
        "n_flagged": n_flagged[chosen].tolist(),
        "first": _days(rows["first_seen"]),
        "last": _days(rows["last_seen"]),
        "offsets": offsets.tolist(),
        "members": place[row[on_page]].tolist(),
        "pictures": _sheets(found, _shown_by(found, dataset, ids), dataset, rows, pictures),
    }


def _days(times: pa.ChunkedArray) -> list[str]:
    return [f"{time:%Y-%m-%d}" for time in times.to_pylist()]


def _shown_by(found: Campaigns, dataset: Dataset, ids: pa.Array) -> dict[int, int]:
    """Return for each fingerprint of a photo that some accounts showed in the history one of their rows.

    Fingerprints are named by the photo's row of `Campaigns.fingerprints`; of several rows it is that of the least path.
    """
    prints = found.fingerprints()
    named = np.asarray(prints.filter(pc.equal(prints["kind"], "photo"))["row"], np.int64)
    if not named.size:
        return {}
    shown = read_photos(dataset)
    since = found.as_of - round(found.history_days * DAY_US)
    who = shown.account_ids
    who = who.cast(getattr(who.type, "value_type", who.type))
    theirs = np.asarray(pc.is_in(who, value_set=ids.cast(who.type)), np.bool_)
    inside = np.flatnonzero(theirs & (shown.instant >= since) & (shown.instant < found.as_of))
    paths = dataset.photos["photo"].take(pa.array(shown.row[inside])).cast(pa.string())
    keys = pa.table({"path": paths, "group": shown.group[inside]})
    order = inside[
        np.asarray(pc.sort_indices(keys, [("group", "ascending"), ("path", "ascending")]), np.int64)
    ]
    group, first = np.unique(shown.group[order], return_index=True)
    row_of = dict(zip(group.tolist(), shown.row[order[first]].tolist(), strict=True))
    group_of = np.full(len(dataset.photos), -1, np.int64)
    group_of[shown.row] = shown.group
    places = zip(named.tolist(), group_of[named].tolist(), strict=True)
    return {row: row_of[group] for row, group in places if group in row_of}


def _sheets(
    found: Campaigns, shown: dict[int, int], dataset: Dataset, rows: pa.Table, pictures: Pictures
) -> list[list[list[int]]]:
    """Return (picture, accounts) of each photo campaign's most used photos; the first of each come before the others.

    What no flagged account shows is left out: it is somebody's picture who is not flagged.
    """
    prints = found.fingerprints()
    prints = prints.filter(pc.equal(prints["kind"], "photo"))
    number, named = np.asarray(prints["campaign"]), prints["row"].to_pylist()
    seen = np.array([row in shown for row in named], np.bool_)
    paths = dataset.photos["photo"].take(pa.array([shown.get(row) for row in named], pa.int64())).to_pylist()
    n_accounts = prints["n_accounts"].to_pylist()
    mine = [
        np.flatnonzero((number == campaign) & seen)[:_PICTURES].tolist() if kind == "photo" else []
        for kind, campaign in zip(rows["kind"].to_pylist(), rows["campaign"].to_pylist(), strict=True)
    ]
    for places in mine:
        for place in places[:1]:
            pictures.number(paths[place])
    return [[[pictures.number(paths[place]), n_accounts[place]] for place in places] for places in mine]
