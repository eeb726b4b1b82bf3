"""What is true of accounts, as an evaluation takes it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.ego import EgoLog
from spamclf.errors import ParameterError
from spamclf.schema import Column, Table
from spamclf.tables.frames import to_arrow
from spamclf.tables.reading import read_table_file

__all__ = ["Truth"]

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
_NEEDED = ("account_id", "is_automated")
_FILE = Table(
    "truth",
    (
        Column("account_id", "id", False, "the account"),
        Column("is_automated", "bool", False, "whether it is automated"),
        Column("family", "string", True, "kind of account"),
        Column("campaign", "string", True, "operation that it belongs to"),
        Column("starts_at", "time", True, "when it set out to write to strangers"),
        Column("labelled_at", "time", True, "when this was known"),
    ),
    "what is true of accounts",
    time="labelled_at",
)
_COLUMNS = tuple(column.name for column in _FILE.columns)


@dataclass(frozen=True, eq=False)
class Truth:
    """Accounts by their number in the log, ascending, and what is true of them.

    Attributes
    ----------
    account : ndarray of shape (n_accounts,), dtype int64
    is_automated : ndarray of shape (n_accounts,), dtype bool
    family : list of str or None
    campaign : ndarray of shape (n_accounts,), dtype int64
        One of its own for an account of none.
    starts_at : ndarray of shape (n_accounts,), dtype int64
        When an automated account set out to write to strangers, microseconds since the epoch; 0 where unknown.
    """

    account: Codes
    is_automated: Bools
    family: list[str | None]
    campaign: Codes
    starts_at: Codes

    @classmethod
    def of(cls, ego: EgoLog, truth: Any) -> Truth:
        """Read a table of labels or of the truth; of several rows of an account the latest label, or the last, counts.

        Of labels of one instant the milder one counts, as in training.

        Raises
        ------
        ParameterError
            If a column is missing, or is of another type, or no account is one of the log.
        DataFileError
            If it is a file that cannot be read.
        """
        if isinstance(truth, str | os.PathLike):
            table, _, _ = read_table_file(Path(truth), _FILE, lambda names, where: _check_names(names))
            names = table.column_names
        else:
            names, table = to_arrow(truth, _COLUMNS, "truth")
            _check_names(names)
        if "labelled_at" in names:
            when = _column(table, "labelled_at", pa.timestamp("us", tz="UTC")).cast(pa.int64())
            milder = pc.invert(_column(table, "is_automated", pa.bool_())).fill_null(False)
            order = np.lexsort((np.asarray(milder), np.asarray(when.fill_null(np.iinfo(np.int64).min))))
            table = table.take(pa.array(order))
        ids = ego.account_ids
        account_id = _column(table, "account_id", ids.type)
        is_automated = _column(table, "is_automated", pa.bool_())
        place = pc.index_in(account_id, ids)
        if 0 < table.num_rows == place.null_count:
            raise ParameterError(
                f"evaluate: truth must name accounts of this dataset; got none in {table.num_rows:,} rows. Check that "
                "both are of one platform."
            )
        known = np.flatnonzero(np.asarray(pc.and_(place.is_valid(), is_automated.is_valid())))[::-1]
        account, first = np.unique(np.asarray(place.take(pa.array(known)), np.int64), return_index=True)
        rows = pa.array(known[first])
        unnamed = pa.nulls(table.num_rows, pa.string())
        family, campaign = (
            (_column(table, name, pa.string()) if name in names else unnamed).take(rows)
            for name in ("family", "campaign")
        )
        starts_at = np.zeros(account.size, np.int64)
        if "starts_at" in names:
            starts = _column(table, "starts_at", pa.timestamp("us", tz="UTC")).take(rows)
            starts_at = np.asarray(starts.cast(pa.int64()).fill_null(0), np.int64)
        own = [f"\0{k}" if name is None else name for k, name in enumerate(campaign.to_pylist())]
        codes = np.unique(np.array(own, dtype=str), return_inverse=True)[1].astype(np.int64)
        return cls(
            account, np.asarray(is_automated.take(rows), np.bool_), family.to_pylist(), codes, starts_at
        )

    def only(self, kept: Bools) -> Truth:
        """Keep some accounts."""
        family = [name for name, keep in zip(self.family, kept, strict=True) if keep]
        return Truth(
            self.account[kept], self.is_automated[kept], family, self.campaign[kept], self.starts_at[kept]
        )


def _check_names(names: Sequence[str]) -> None:
    """Refuse a table without the needed columns, a file before anything else of it is read."""
    if absent := [name for name in _NEEDED if name not in names]:
        there = ", ".join(repr(name[:40]) for name in names[:6]) or "no column"
        raise ParameterError(
            f"evaluate: truth must have the columns account_id and is_automated; got none called "
            f"{' or '.join(absent)} among {there}. Use World.truth, or a table of labels."
        )


def _column(table: pa.Table, name: str, wanted: pa.DataType) -> pa.Array:
    """Return a column as one array of a type; an empty cell of a file is null."""
    column = table[name]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.if_else(pc.equal(column, ""), None, column)
    is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if pa.types.is_boolean(wanted) and is_number and not set(column.drop_null().to_pylist()) <= {0, 1}:
        raise ParameterError(
            f"evaluate: truth's column {name} must be true or false, or 1 or 0; got other numbers. "
            "Decide on each account before."
        )
    try:
        column = column.cast(wanted)
    except pa.ArrowException as error:
        raise ParameterError(
            f"evaluate: truth's column {name} must be of type {wanted}; got {table[name].type}. Convert it before."
        ) from error
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
