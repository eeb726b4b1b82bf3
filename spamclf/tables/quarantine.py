"""The rows that broke a rule: which file, which row, which column, which rule. Never their content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["RULES", "BadRows", "Origin", "Quarantine", "RowCounts"]

#: Every rule a row can break, in the words of the report.
RULES: dict[str, str] = {
    "ragged": "the row has not as many fields as the header",
    "null": "no value where one is needed",
    "not_unicode": "bytes that are not UTF-8",
    "unparsable": "cannot be read as the column's type",
    "before_1970": "a time before 1970-01-01",
    "in_future": "a time later than not_after (one day after now, unless stated)",
    "not_finite": "an infinite number",
    "below_minimum": "a number below the least legal value",
    "unknown_value": "none of the legal values",
    "malformed": "not of the form the column needs",
    "same_account": "two accounts that must differ are the same",
    "duplicate_key": "another row has the same key",
    "missing_file": "there is no such file, or it cannot be read",
    "outside_folder": "the path leads out of the dataset's folder",
    "not_a_picture": "the file is no JPEG, PNG, WebP or GIF that can be decoded",
    "too_large": "a picture of over 20 MB or 40 megapixels, or one that takes as much memory as such a one",
    "too_late": "a message further behind the newest one than a live scorer's lateness_s",
    "unknown_account": "the account is neither in accounts nor a sender in messages",
}


@dataclass(frozen=True)
class RowCounts:
    """What became of a table's rows; ``rows_in == rows_used + rows_quarantined``."""

    rows_in: int
    rows_used: int
    rows_quarantined: int


@dataclass(frozen=True)
class Origin:
    """Where the rows of a table came from.

    Attributes
    ----------
    files : tuple of str
        Names of the files, relative to the dataset folder; one empty name for a dataframe.
    starts : tuple of int
        The first row of each file, counted over all files.
    skipped : ndarray of int64
        Rows of a single CSV file that could not be read as rows at all, sorted.
    """

    files: tuple[str, ...] = ("",)
    starts: tuple[int, ...] = (0,)
    skipped: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def in_file(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number rows of the table as they stand in the files, skipped rows counted."""
        if not len(self.skipped):
            return rows
        shifted = self.skipped - np.arange(len(self.skipped))
        return rows + np.searchsorted(shifted, rows, side="right")

    def locate(self, rows: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
        """Say of each row, as `in_file` numbers it, the file and the row number in it (from 0)."""
        which = np.searchsorted(self.starts, rows, side="right") - 1
        return [self.files[k] for k in which], rows - np.asarray(self.starts, dtype=np.int64)[which]


@dataclass(frozen=True)
class BadRows:
    """The rows of one table that broke one rule in one column, numbered as `Origin.in_file` does.

    `hint` says what they may be and how they are to be written, if that is known; never a value of theirs.
    """

    table: str
    column: str
    rule: str
    rows: NDArray[np.int64]
    hint: str = ""


_SCHEMA = pa.schema(
    [
        ("table", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("column", pa.string()),
        ("rule", pa.string()),
    ]
)


class Quarantine:
    """All rows that were set aside, one entry per row: the first rule that it broke.

    Parameters
    ----------
    most : int, optional
        So many rows are listed; later ones are counted only, as those of a stream without end.

    Examples
    --------
    >>> quarantine = Quarantine()
    >>> quarantine.add([BadRows("messages", "sent_at", "null", np.array([3]))], Origin())
    >>> quarantine
    <Quarantine: 1 row; messages.sent_at null: 1>
    >>> quarantine.to_arrow()["row"].to_pylist()
    [3]
    """

    def __init__(self, most: int | None = None) -> None:
        self._parts: list[tuple[BadRows, Origin]] = []
        self._most, self._n_listed = most, 0
        self._unlisted: Counter[tuple[str, str, str]] = Counter()

    def add(self, parts: Iterable[BadRows], origin: Origin) -> None:
        """Set rows of one table aside."""
        for part in parts:
            if self._most is not None and self._n_listed + len(part.rows) > self._most:
                self._unlisted[part.table, part.column, part.rule] += len(part.rows)
            elif len(part.rows):
                self._parts.append((part, origin))
                self._n_listed += len(part.rows)

    def forget(self, table: str) -> None:
        """Take back what was set aside of one table."""
        self._parts = [(part, origin) for part, origin in self._parts if part.table != table]
        self._n_listed = sum(len(part.rows) for part, _ in self._parts)
        self._unlisted = Counter({key: n for key, n in self._unlisted.items() if key[0] != table})

    def of(self, table: str) -> list[BadRows]:
        """Return what was set aside of one table."""
        return [part for part, _ in self._parts if part.table == table]

    @property
    def counts(self) -> dict[tuple[str, str, str], int]:
        """Number of rows for each (table, column, rule), most first."""
        counted = Counter(self._unlisted)
        for part, _ in self._parts:
            counted[part.table, part.column, part.rule] += len(part.rows)
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

    @property
    def hints(self) -> dict[tuple[str, str, str], str]:
        """What to do about the rows of each (table, column, rule), where that is known."""
        return {(part.table, part.column, part.rule): part.hint for part, _ in self._parts if part.hint}

    def __len__(self) -> int:
        return self._n_listed + self._unlisted.total()

    def __repr__(self) -> str:
        rules = "".join(f"; {t}.{c} {rule}: {n:,}" for (t, c, rule), n in self.counts.items())
        return f"<Quarantine: {len(self):,} row{'' if len(self) == 1 else 's'}{rules}>"

    def to_arrow(self) -> pa.Table:
        """Return one row per quarantined row: table, file, row (from 0, in that file), column, rule."""
        tables = []
        for part, origin in self._parts:
            files, numbers = origin.locate(part.rows)
            n = len(numbers)
            columns = [[part.table] * n, files, numbers, [part.column] * n, [part.rule] * n]
            tables.append(pa.Table.from_arrays([pa.array(c) for c in columns], schema=_SCHEMA))
        if not tables:
            return _SCHEMA.empty_table()
        return pa.concat_tables(tables).sort_by([(name, "ascending") for name in ("table", "file", "row")])
