"""Check one table against the contract: columns and types first, then values, pairs, keys and accounts."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spamclf.errors import BadRowsError, SchemaError
from spamclf.schema import Table
from spamclf.tables.columns import arrow_type, misfit, read_column
from spamclf.tables.hints import hint_for
from spamclf.tables.quarantine import BadRows, Origin
from spamclf.tables.rules import Columns, duplicates, same_account, unknown
from spamclf.tables.strings import compact
from spamclf.tables.times import Reading

__all__ = ["Checked", "Loaded", "check_names", "check_table", "check_types", "refuse_if_too_many"]


@dataclass
class Loaded:
    """One table as it arrived; checking empties `columns`, so that what was converted is freed.

    Attributes
    ----------
    spec : Table
    columns : dict of str to pyarrow.ChunkedArray
        The contract's columns that are there.
    n_rows : int
    origin : Origin
    text : bool
        Whether every value is text (CSV).
    unread : tuple of str
        Names of the columns that are none of the contract's.
    """

    spec: Table
    columns: dict[str, pa.ChunkedArray]
    n_rows: int
    origin: Origin = field(default_factory=Origin)
    text: bool = False
    unread: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The table and its file, for errors."""
        first = self.origin.files[0]
        if len(self.origin.files) > 1:
            first = first.split("/")[0] + "/"
        return f"{self.spec.name} ({first})" if first else self.spec.name


@dataclass(frozen=True)
class Checked:
    """One table that fits the contract, and the rows that did not.

    Attributes
    ----------
    table : pyarrow.Table
    bad : tuple of BadRows
    rows_in : int
    kept : ndarray of int64, or None
        Which of the loaded rows the table holds; None for all.
    """

    table: pa.Table
    bad: tuple[BadRows, ...]
    rows_in: int
    kept: NDArray[np.int64] | None = None


def check_names(spec: Table, names: Sequence[str], where: str) -> None:
    """Check that the needed columns are there, each once.

    Raises
    ------
    SchemaError
        With one line per column; a column that is missing lists near names.
    """
    known = {column.name for column in spec.columns}
    lines = []
    for column in spec.columns:
        if names.count(column.name) > 1:
            lines.append(
                f"'{column.name}' stands {names.count(column.name)} times. Drop or rename the others."
            )
        elif column.name not in names and not column.nullable:
            others = [name for name in names if name not in known]
            near = difflib.get_close_matches(column.name, others, n=3, cutoff=0.5)
            hint = f"Is it {' or '.join(repr(name) for name in near)}? Rename it." if near else _among(others)
            lines.append(f"'{column.name}' ({column.type}: {column.meaning}) is missing. {hint}")
    if lines and len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        lines.append("The header is a single name: columns must be parted by commas.")
    _raise_for_columns(lines, where)


def _among(others: Sequence[str]) -> str:
    """Say which other columns there are, one of which may be it."""
    if not others:
        return "Add it."
    shown = ", ".join(repr(name[:40]) for name in others[:6]) + (", ..." if len(others) > 6 else "")
    return f"Got {shown}: rename the one that it is, or add it."


def check_types(loaded: Loaded, how: Reading) -> None:
    """Check that each column's type can be read as the contract's.

    Raises
    ------
    SchemaError
        With one line per column: what is wanted, what arrived, what to do.
    """
    if not loaded.n_rows:  # a dataframe without rows has no types worth the name
        return
    lines = []
    for name, values in loaded.columns.items():
        sentence = misfit(loaded.spec.column(name), values, how)
        if sentence:
            lines.append(f"'{name}' {sentence}")
    _raise_for_columns(lines, loaded.where)


def _raise_for_columns(lines: list[str], where: str) -> None:
    if len(lines) == 1:
        raise SchemaError(f"{where}: column {lines[0]}")
    if lines:
        listed = "".join(f"\n  {line}" for line in sorted(lines))
        msg = f"{where}: columns must fit the contract; got {len(lines)} that do not:{listed}"
        raise SchemaError(msg)


def check_table(loaded: Loaded, how: Reading, max_bad_share: float, tables: dict[str, pa.Table]) -> Checked:
    """Check all rows of a table whose names and types fit.

    Parameters
    ----------
    loaded : Loaded
        The table as it arrived; its columns are taken out one by one.
    how : Reading
        How loose values are to be read.
    max_bad_share : float
        Share of bad rows, from 0 to 1, above which the table is refused.
    tables : dict of str to pyarrow.Table
        The tables checked before: accounts and messages, to know an account by.

    Returns
    -------
    checked : Checked
        Row order is kept.

    Raises
    ------
    BadRowsError
        If too many rows are bad.
    """
    spec = loaded.spec
    work = _Work(loaded, max_bad_share)
    columns: Columns = {}
    for column in spec.columns:
        if column.name in loaded.columns:
            values = loaded.columns.pop(column.name)
            if not loaded.n_rows:
                columns[column.name] = pa.nulls(0, arrow_type(column, how))
                continue
            where = f"{loaded.where}: column '{column.name}'"
            columns[column.name], bad = read_column(column, values, how, where)
            for rule, rows in bad:
                work.hints[column.name, rule] = hint_for(column, rule, rows, values, how)
            work.mark(column.name, bad)
            del values
        elif spec.name != "messages":  # a missing column of messages would cost memory for nothing
            columns[column.name] = pa.nulls(loaded.n_rows, arrow_type(column, how))
    if spec.distinct:
        work.mark(spec.distinct[1], [("same_account", same_account(spec, columns))])
    columns = work.drop(columns)
    if spec.key:
        work.mark(spec.key[0], [("duplicate_key", duplicates(spec, columns))])
        columns = work.drop(columns)
    for name in spec.known:
        work.mark(name, [("unknown_account", unknown(columns[name], tables))])
        columns = work.drop(columns)
    schema = pa.schema(
        [(column.name, arrow_type(column, how)) for column in spec.columns if column.name in columns]
    )
    table = pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)
    return Checked(table, tuple(work.bad), work.rows_in, work.kept)


class _Work:
    """The bad rows of one table while it is checked, in stages; sparse, for most tables have none."""

    def __init__(self, loaded: Loaded, max_bad_share: float) -> None:
        skipped = loaded.origin.skipped
        self.loaded = loaded
        self.max_bad_share = max_bad_share
        self.rows_in = loaded.n_rows + len(skipped)
        self.bad = [BadRows(loaded.spec.name, "", "ragged", skipped)] if len(skipped) else []
        self.kept: NDArray[np.int64] | None = None  # None: all
        self.marks: list[tuple[str, str, NDArray[np.int64]]] = []
        self.hints: dict[tuple[str, str], str] = {}

    def mark(self, column: str, bad: Sequence[tuple[str, NDArray[np.int64]]]) -> None:
        """Note rows of the present columns that broke a rule."""
        self.marks.extend((column, rule, rows) for rule, rows in bad if len(rows))

    def drop(self, columns: Columns) -> Columns:
        """Take the marked rows out, each under the first rule it broke; refuse a table with too many."""
        if not self.marks:
            self._refuse_if_too_many()
            return columns
        rows = np.concatenate([rows for _, _, rows in self.marks])
        which = np.repeat(np.arange(len(self.marks)), [len(rows) for _, _, rows in self.marks])
        rows, first = np.unique(rows, return_index=True)  # the first mark of each row counts
        present = self.kept if self.kept is not None else np.arange(self.loaded.n_rows, dtype=np.int64)
        for k, (column, rule, _) in enumerate(self.marks):
            mine = present[rows[which[first] == k]]
            if len(mine):
                hint = self.hints.get((column, rule), "")
                self.bad.append(
                    BadRows(self.loaded.spec.name, column, rule, self.loaded.origin.in_file(mine), hint)
                )
        self.marks = []
        self._refuse_if_too_many()
        stays = np.ones(len(present), dtype=bool)
        stays[rows] = False
        self.kept = present[stays]
        mask = pa.array(stays)
        return {name: compact(array.filter(mask)) for name, array in columns.items()}

    def _refuse_if_too_many(self) -> None:
        refuse_if_too_many(self.loaded.where, self.rows_in, self.bad, self.loaded.origin, self.max_bad_share)


def refuse_if_too_many(
    where: str,
    rows_in: int,
    bad: Sequence[BadRows],
    origin: Origin,
    max_bad_share: float,
    n_before: int = 0,
) -> None:
    """Refuse a table of which more rows were set aside than `max_bad_share` allows, `n_before` of them earlier.

    Raises
    ------
    BadRowsError
        With one line per rule.
    """
    n_bad = n_before + sum(len(part.rows) for part in bad)
    # In a small table one bad row is more than any sensible share, and no reason to stop.
    tolerated = rows_in * max_bad_share
    if max_bad_share > 0 and rows_in < 100:
        tolerated = max(tolerated, 1)
    if n_bad <= tolerated * (1 + 1e-12):
        return
    rules = [f"  {_describe(part, origin)}" for part in sorted(bad, key=lambda p: -len(p.rows))]
    msg = (
        f"{where}: bad rows must be at most {max_bad_share * 100:g} % of {rows_in:,}; got {n_bad:,}:\n"
        + "\n".join(rules)
        + "\nMend them, or raise max_bad_share."
    )
    raise BadRowsError(msg)


def _describe(part: BadRows, origin: Origin) -> str:
    files, rows = origin.locate(part.rows[:1])
    place = f" of {files[0]}" if files[0] else ""
    column = f"{part.column} " if part.column else ""
    hint = f"; {part.hint}" if part.hint else ""
    return f"{column}{part.rule}: {len(part.rows):,}, first at row {rows[0]:,} (from 0){place}{hint}"
