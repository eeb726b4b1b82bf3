"""All tables but accounts and messages, as they grow: laid out anew when one that matters has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.dataset import Dataset
from spamclf.facts import instants_of
from spamclf.live.people import grown
from spamclf.schema import TABLES

__all__ = ["NOTED", "Notes"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: Tables that are kept as rows: what is shown, and what others say of accounts.
NOTED = ("photos", "texts", "reports", "labels", "evidence")


class Notes:
    """The rows of the tables that have few, and who is mentioned in them.

    Attributes
    ----------
    given : set of str
        Tables that were observed, with rows or without.
    mentioned : ndarray of shape (room,), dtype bool
        Accounts that a row is about: what becomes known of them later changes what the tables tell.
    version, n_reports : int
        Higher after each change; after one of reports the second one alone.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.given = {"accounts", "messages"}
        self.mentioned = np.empty(0, np.bool_)
        self.version = self.n_reports = 0
        self._settings = settings
        self._parts: dict[str, list[tuple[pa.Table, Ints]]] = {name: [] for name in NOTED}

    @property
    def nbytes(self) -> int:
        """Bytes of the rows."""
        return sum(table.nbytes + codes.nbytes for parts in self._parts.values() for table, codes in parts)

    def add(self, name: str, rows: pa.Table, codes: Ints, room: int) -> None:
        """Note rows about accounts."""
        if self.mentioned.size < room:
            self.mentioned = grown(self.mentioned, room, False)
        if name == "reports" and name in self.given:
            self.n_reports += 1
        else:
            self.version += 1
        self.given.add(name)
        if rows.num_rows:
            self._parts[name].append((rows, codes))
            self.mentioned[codes] = True

    def touch(self, codes: Ints) -> None:
        """Note that more is known of some accounts now."""
        inside = codes[codes < self.mentioned.size]
        if self.mentioned[inside].any():
            self.version += 1

    def forget(self, until: int) -> None:
        """Drop rows of before an instant, as far as whole batches of them are that old."""
        for name, parts in self._parts.items():
            time = TABLES[name].time
            self._parts[name] = [
                part for part in parts if instants_of(part[0], time).max(initial=until) >= until
            ]

    def table(self, name: str, known: Callable[[Ints], Bools] | None = None) -> tuple[pa.Table | None, Ints]:
        """Return the rows of a table about known accounts, or of all, and their numbers; None without a row."""
        tables, codes = [], [np.empty(0, np.int64)]
        for rows, about in self._parts[name]:
            keep = np.ones(about.size, np.bool_) if known is None else known(about)
            tables.append(rows if keep.all() else rows.filter(pa.array(keep)))
            codes.append(about[keep])
        if not tables:
            return None, codes[0]
        return pa.concat_tables(
            tables, promote_options="permissive"
        ).unify_dictionaries().combine_chunks(), np.concatenate(codes)

    def instants(self, name: str, known: Callable[[Ints], Bools]) -> Ints:
        """Return the times of the rows of a table about known accounts."""
        time = TABLES[name].time
        times = [instants_of(rows, time)[known(about)] for rows, about in self._parts[name]]
        return np.concatenate([np.empty(0, np.int64), *times])

    def dataset(self, known: Callable[[Ints], Bools], *, id_type: pa.DataType) -> Dataset:
        """Return a dataset of the rows about known accounts, without a message."""
        tables = {name: self.table(name, known)[0] for name in NOTED if name in self.given}
        ids = [_plain(table["account_id"], id_type) for table in tables.values() if table is not None]
        everyone = pa.chunked_array(ids, id_type).unique() if ids else pa.array([], id_type)
        nothing = pa.array([], id_type)
        empty = {
            "sender_id": nothing,
            "recipient_id": nothing,
            "sent_at": pa.array([], pa.timestamp("us", "UTC")),
        }
        return Dataset(
            accounts=pa.table({"account_id": everyone}),
            messages=pa.table(empty),
            **{name: _empty(name, id_type) if table is None else table for name, table in tables.items()},
            **self._settings,
        )


def _plain(column: Any, id_type: pa.DataType) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return (array.dictionary_decode() if pa.types.is_dictionary(array.type) else array).cast(id_type)


def _empty(name: str, id_type: pa.DataType) -> pa.Table:
    kinds = {"id": id_type, "time": pa.timestamp("us", "UTC"), "bool": pa.bool_(), "float": pa.float64()}
    columns = {
        column.name: pa.array([], kinds.get(column.type, pa.string()))
        for column in TABLES[name].columns
        if column.type != "signature"
    }
    return pa.table(columns)
