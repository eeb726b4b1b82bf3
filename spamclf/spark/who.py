"""What one shard tells another about accounts: their rows and labels, and a summary of their logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.ids import IdBook
from spamclf.shards import Summary
from spamclf.spark.parcels import Parcel

__all__ = ["KINDS", "Who", "read_summary", "summary_table"]

Places = npt.NDArray[np.int64]

#: The tables of a `Who` that most others ask for; each has a column ``account_id``.
KINDS = ("accounts", "labels", "summary")
_ALL = (*KINDS, "evidence")


class Who:
    """Accounts, and what is known of each: a few tables, looked up by account.

    Parameters
    ----------
    tables : dict of str to pyarrow.Table
        Of the names `KINDS`, and ``evidence``; a missing one has no rows.
    """

    def __init__(self, tables: dict[str, pa.Table], ids: pa.Array) -> None:
        self.tables = {kind: table for kind, table in tables.items() if kind in _ALL and table.num_rows}
        self.book = IdBook(ids)
        codes = {kind: self.book.encode(_ids(table)) for kind, table in self.tables.items()}
        self.rows: dict[str, tuple[Places, Places]] = {}
        for kind, code in codes.items():
            offsets = np.zeros(len(self.book) + 1, np.int64)
            np.cumsum(np.bincount(code, minlength=len(self.book)), out=offsets[1:])
            self.rows[kind] = np.argsort(code, kind="stable"), offsets

    def codes(self, ids: Any) -> Places:
        """Return the code of each id, -1 for one that nothing is known of."""
        n = len(self.book)
        codes = IdBook(self.book.ids).encode(ids).astype(np.int64)
        return np.where(codes < n, codes, -1)

    def labelled(self) -> npt.NDArray[np.bool_]:
        """Tell which accounts have labels, by code."""
        if "labels" not in self.rows:
            return np.zeros(len(self.book), np.bool_)
        return np.diff(self.rows["labels"][1]) > 0

    def of(self, codes: Places, kinds: tuple[str, ...] = KINDS) -> dict[str, pa.Table]:
        """Return what is known of some accounts; each code once, -1 is nobody."""
        codes = codes[codes >= 0]
        found = {}
        for kind in kinds:
            if kind not in self.rows:
                continue
            order, offsets = self.rows[kind]
            counts = offsets[codes + 1] - offsets[codes]
            within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            found[kind] = self.tables[kind].take(pa.array(order[np.repeat(offsets[codes], counts) + within]))
        return found

    def told(
        self, shard: Places, codes: Places, prefix: str = "who", kinds: tuple[str, ...] = KINDS
    ) -> Iterator[Parcel]:
        """Tell each shard about the accounts that it has to do with: ``codes[k]`` with ``shard[k]``, perhaps twice."""
        if not codes.size:
            return
        width = len(self.book) + 1  # -1 is nobody
        pairs = np.unique(shard * width + codes + 1)
        for to, each in zip(*np.unique(pairs // width, return_index=True), strict=True):
            until = np.searchsorted(pairs, (to + 1) * width)
            for kind, table in self.of(pairs[each:until] - to * width - 1, kinds).items():
                if table.num_rows:
                    yield int(to), f"{prefix}.{kind}", table


def summary_table(ids: pa.Array, summary: Summary) -> pa.Table:
    """Write a summary as a table."""
    return pa.table(
        {
            "account_id": ids,
            "n_strangers": summary.n_strangers,
            "first_entry": summary.first_entry,
            "last_send": summary.last_send,
        }
    )


def read_summary(table: pa.Table) -> Summary:
    """Read a summary from its table."""
    return Summary(
        *(np.array(table[name].to_numpy(), np.int64) for name in ("n_strangers", "first_entry", "last_send"))
    )


def _ids(table: pa.Table) -> pa.Array:
    return table["account_id"].combine_chunks()
