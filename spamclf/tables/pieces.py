"""A table some rows at a time, for one that does not fit in memory: the same columns, types and refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from spamclf.errors import DataFileError, SchemaError
from spamclf.schema import Table
from spamclf.tables.check import Loaded, check_names
from spamclf.tables.quarantine import Origin
from spamclf.tables.reading import (
    csv_batches,
    guarded,
    open_parquet,
    parquet_bytes,
    parts_of,
    refuse_if_larger,
)

__all__ = ["Piece", "Pieces"]


@dataclass(frozen=True)
class Piece:
    """Rows that stand beside each other.

    Attributes
    ----------
    number : int
        Counted over the whole table.
    first : int
        Its first row, counted over the whole table without rows that could not be read as such.
    read : callable
        Takes nothing, returns the rows as a pyarrow.Table.
    """

    number: int
    first: int
    read: Callable[[], pa.Table]


@dataclass
class Pieces:
    """A table's file or folder of parts, opened and not yet read.

    Attributes
    ----------
    spec : Table
    path : Path
    origin : Origin
        Which row stands in which file; of a CSV file complete once all pieces have been read.
    types : dict of str to pyarrow.DataType
        Of the contract's columns that are there.
    n_rows : int or None
        None where nobody knows before reading (CSV).
    text : bool
        Whether every value is text (CSV).
    """

    spec: Table
    path: Path
    origin: Origin
    types: dict[str, pa.DataType]
    n_rows: int | None
    text: bool
    _parts: list[Path] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, spec: Table) -> Pieces:
        """Look at names, types and sizes.

        Raises
        ------
        DataFileError, SchemaError
            As where a table is read whole.
        """
        if path.is_dir():
            parts = parts_of(path, spec)
            labels = [f"{path.name}/{part.name}" for part in parts]
        elif path.suffix.lower() == ".parquet" and path.is_file():
            parts, labels = [path], [path.name]
        else:
            return cls._of_csv(path, spec)
        opened = [
            guarded(_facts, part, label, spec, lambda names, where: check_names(spec, names, where))
            for part, label in zip(parts, labels, strict=True)
        ]
        rows = [n for n, _ in opened]
        starts = tuple(int(n) for n in np.cumsum([0, *rows])[:-1])
        where = f"{spec.name} ({path.name}{'/' if path.is_dir() else ''})"
        types = _joint_types([kinds for n, kinds in opened if n] or [opened[0][1]], where)
        return cls(spec, path, Origin(tuple(labels), starts), types, sum(rows), False, parts)

    @classmethod
    def _of_csv(cls, path: Path, spec: Table) -> Pieces:
        if path.suffix.lower() != ".csv" or (path.exists() and not path.is_file()):
            raise DataFileError(
                f"{spec.name} ({path.name}): the file must be a plain .parquet or .csv file; got another. Convert it."
            )
        batches = guarded(_csv, path, path.name, spec, lambda names, where: check_names(spec, names, where))
        types = dict.fromkeys(batches.names, pa.string())
        return cls(spec, path, Origin((path.name,)), types, None, True)

    def loaded(self, table: pa.Table | None = None) -> Loaded:
        """Return some rows as the checks take them; without a table none, to look at types alone."""
        if table is None:
            empty = {name: pa.chunked_array([], kind) for name, kind in self.types.items()}
            return Loaded(self.spec, empty, 1 if self.n_rows is None else self.n_rows, self.origin, self.text)
        columns = {name: table.column(name) for name in table.column_names}
        return Loaded(
            self.spec, columns, table.num_rows, Origin(self.origin.files, self.origin.starts), self.text
        )

    def largest(self, name: str) -> int:
        """Return the largest of a column of integers; a pass over that column."""
        found = 0
        for part in self._parts:
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(columns=[name]):
                    found = max(found, pc.max(batch.column(0)).as_py() or 0)
        return found

    def pieces(self, n_rows: int) -> Iterator[Piece]:
        """Cut the table: whole row groups where they are small, else `n_rows` rows at a time, in order."""
        number = first = 0
        for read in self._sequences(n_rows):
            for length, load in read:
                yield Piece(number, first, load)
                number, first = number + 1, first + length

    def _sequences(self, n_rows: int) -> Iterator[Iterator[tuple[int, Callable[[], pa.Table]]]]:
        if self.text:
            yield self._csv_pieces(n_rows)
        for part, label in zip(self._parts, self.origin.files, strict=False):
            with pq.ParquetFile(part) as file:
                sizes = [file.metadata.row_group(k).num_rows for k in range(file.metadata.num_row_groups)]
            for groups in _runs(sizes, n_rows):
                n = sum(sizes[k] for k in groups)
                yield (
                    self._large(part, label, groups, n_rows)
                    if n > 2 * n_rows
                    else iter([(n, self._reader(part, label, groups, n))])
                )

    def _reader(self, part: Path, label: str, groups: list[int], n: int) -> Callable[[], pa.Table]:
        def read(path: Path, where: str, spec: Table, _: Any) -> pa.Table:
            file, names = open_parquet(path, spec)
            with file:
                table = file.read_row_groups(groups, columns=names, use_threads=False)
            _check_length(table.num_rows, n, where)
            return table

        return lambda: guarded(read, part, label, self.spec, None)

    def _large(
        self, part: Path, label: str, groups: list[int], n_rows: int
    ) -> Iterator[tuple[int, Callable[[], pa.Table]]]:
        """Cut a large row group; its pieces are read one after the other."""
        file, names = open_parquet(part, self.spec)
        with file:
            batches = file.iter_batches(n_rows, row_groups=groups, columns=names, use_threads=False)
            yield from _ready(_steps(batches, part, label, self.spec), n_rows)

    def _csv_pieces(self, n_rows: int) -> Iterator[tuple[int, Callable[[], pa.Table]]]:
        batches = guarded(_csv, self.path, self.path.name, self.spec, lambda names, where: None)
        yield from _ready(_steps(batches, self.path, self.path.name, self.spec), n_rows)
        self.origin = Origin((self.path.name,), skipped=_sorted(batches.ragged))


def _sorted(rows: list[int]) -> NDArray[np.int64]:
    return np.array(sorted(rows), np.int64)


def _facts(
    path: Path, where: str, spec: Table, check: Callable[[list[str], str], None]
) -> tuple[int, dict[str, pa.DataType]]:
    # Of one row group at most a piece is in memory, yet what it may swell to must have room.
    n_bytes = parquet_bytes(path, where, spec, check)
    file, names = open_parquet(path, spec)
    with file:
        n_groups = max(file.metadata.num_row_groups, 1)
        refuse_if_larger(n_bytes / n_groups, "a row group", where)
        return file.metadata.num_rows, {name: file.schema_arrow.field(name).type for name in names}


def _csv(path: Path, where: str, spec: Table, check: Callable[[list[str], str], None]) -> Any:
    return csv_batches(path, where, spec, check)


def _joint_types(kinds: list[dict[str, pa.DataType]], where: str) -> dict[str, pa.DataType]:
    try:
        tables = [pa.schema(list(each.items())).empty_table() for each in kinds]
        whole = pa.concat_tables(tables, promote_options="default")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        reason = str(error).splitlines()[0][:200]
        msg = f"{where}: all parts must have the same types; got: {reason}. Write them with one schema."
        raise SchemaError(msg) from error
    return {name: whole.schema.field(name).type for name in whole.column_names}


def _runs(sizes: list[int], n_rows: int) -> Iterator[list[int]]:
    """Put row groups together that stand beside each other, up to `n_rows` rows."""
    run: list[int] = []
    for k, size in enumerate(sizes):
        if run and sum(sizes[j] for j in run) + size > n_rows:
            yield run
            run = []
        run.append(k)
    if run:
        yield run


def _steps(batches: Iterable[Any], path: Path, label: str, spec: Table) -> Iterator[pa.RecordBatch]:
    """Go through batches; what a damaged file raises on the way is told as where it is read whole."""
    it = iter(batches)
    while (batch := guarded(lambda *_: next(it, None), path, label, spec, None)) is not None:
        yield batch


def _ready(batches: Iterable[pa.RecordBatch], n_rows: int) -> Iterator[tuple[int, Callable[[], pa.Table]]]:
    """Cut a sequence of batches into tables of `n_rows` rows, the last one shorter."""
    held: list[pa.Table] = []
    size = 0
    for batch in batches:
        held.append(pa.Table.from_batches([batch]))
        size += batch.num_rows
        while size >= n_rows:
            whole = pa.concat_tables(held)
            yield _made(whole.slice(0, n_rows))
            held, size = [whole.slice(n_rows)], size - n_rows
    if size:
        yield _made(pa.concat_tables(held))


def _made(table: pa.Table) -> tuple[int, Callable[[], pa.Table]]:
    return table.num_rows, lambda: table


def _check_length(got: int, stated: int, where: str) -> None:
    if got != stated:
        msg = f"{where}: the file must hold {stated:,} rows; got {got:,}. Export or copy it again."
        raise DataFileError(msg)
