"""How a table of labels stands on the disk, and how rows are put to it without a change to those that are there."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spamclf.errors import DataFileError, OutputError
from spamclf.instants import DAY_US, UNITS, iso
from spamclf.output import FORMULA
from spamclf.review.decisions import Decisions
from spamclf.schema import TABLES
from spamclf.tables.reading import parts_of

__all__ = ["CsvLabels", "ParquetLabels", "store_of"]

Instants = npt.NDArray[np.int64]
_US = pa.timestamp("us", tz="UTC")
_PROVENANCE = ("source", "score_id", "reviewer")
_USUAL = pa.schema(
    [
        ("account_id", pa.string()),
        ("is_automated", pa.bool_()),
        ("labelled_at", _US),
        ("campaign", pa.string()),
    ]
)


@dataclass(frozen=True)
class ParquetLabels:
    """A file or a folder of parts, or nothing yet.

    Attributes
    ----------
    tables : list of pyarrow.Table
        What is there, all columns.
    schema : pyarrow.Schema
        Of the rows to come.
    zone, unit : str or None
        How loose times are meant.
    """

    tables: list[pa.Table]
    schema: pa.Schema
    zone: str | None
    unit: str | None

    @classmethod
    def of(cls, path: Path | None, zone: str | None, unit: str | None) -> ParquetLabels:
        """Read what is there; it was read and checked as a table of the dataset before."""
        if path is None:
            return cls([], _with_provenance(_USUAL), zone, unit)
        parts = parts_of(path, TABLES["labels"]) if path.is_dir() else [path]
        tables = [pq.read_table(part, page_checksum_verification=True) for part in parts]
        schema = next((table.schema for table in tables if table.num_rows), tables[0].schema)
        return cls(tables, _with_provenance(schema), zone, unit)

    def rounded(self, instants: Instants) -> Instants:
        """Return instants as the column can hold them: later ones where it is coarser, for a label is never early."""
        kind = self.schema.field("labelled_at").type
        step = 1
        if pa.types.is_date(kind):
            step = DAY_US
        elif pa.types.is_timestamp(kind):
            step = UNITS[kind.unit]
        elif pa.types.is_integer(kind):
            step = UNITS[str(self.unit)]
        step = max(step, 1)  # of nanoseconds
        return -(-instants // step) * step

    def write(self, path: Path, fresh: Decisions, *, alone: bool) -> None:
        """Write the new rows, after those that are there unless they are to stand alone."""
        rows = self._rows(fresh)
        former = [] if alone else [_widened(table, self.schema) for table in self.tables]
        whole = pa.concat_tables([*former, rows], promote_options="default")
        pq.write_table(whole, path, write_page_checksum=True)

    def _rows(self, fresh: Decisions) -> pa.Table:
        values: dict[str, pa.Array] = {
            "account_id": pa.array(fresh.account_id, pa.string()),
            "is_automated": pa.array(fresh.is_automated, pa.bool_()),
            "labelled_at": pa.array(fresh.decided_at, pa.int64()),
            **{name: pa.array(getattr(fresh, name), pa.string()) for name in _PROVENANCE},
        }
        columns = []
        for field in self.schema:
            if field.name not in values:
                columns.append(pa.nulls(len(fresh.account_id), field.type))
                continue
            try:
                given = values[field.name]
                told = self._times(given, field.type) if field.name == "labelled_at" else given
                columns.append(_cast(told, field.type))
            except pa.ArrowException as error:
                raise OutputError(
                    f"labels: column '{field.name}' must be of a type that can hold the new labels; got {field.type}. "
                    "Convert the table, then add them again."
                ) from error
        return pa.Table.from_arrays(columns, schema=self.schema)

    def _times(self, instants: pa.Array, kind: pa.DataType) -> pa.Array:
        """Say microseconds as the column says times; whether it can is seen when they are read back."""
        stamps = instants.view(_US)
        if pa.types.is_timestamp(kind) and kind.tz is None:
            return pc.local_timestamp(stamps.cast(pa.timestamp("us", tz=self.zone or "UTC")))
        if pa.types.is_integer(kind):
            factor = UNITS[str(self.unit)]
            return pc.divide(instants, factor) if factor else pc.multiply(instants, 1000)
        return stamps.cast(pa.timestamp("us")) if pa.types.is_date(kind) else stamps


def _with_provenance(schema: pa.Schema) -> pa.Schema:
    """Add the columns of where a label comes from, and let what nobody knows of it be null."""
    known = {"account_id", "is_automated", "labelled_at"}
    fields = [field if field.name in known else field.with_nullable(True) for field in schema]
    fields += [pa.field(name, pa.string()) for name in _PROVENANCE if name not in schema.names]
    return pa.schema(fields, metadata=schema.metadata)


def _widened(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give a table the columns of the rows to come, and let these be null."""
    for name in _PROVENANCE:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, schema.field(name).type))
    return table.cast(pa.schema([field.with_nullable(True) for field in table.schema]))


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return values.cast(kind.value_type).dictionary_encode().cast(kind)
    return values.cast(kind)


@dataclass(frozen=True)
class CsvLabels:
    """A CSV file.

    Attributes
    ----------
    lines : list of list of str
        The header and the rows.
    """

    lines: list[list[str]]

    @classmethod
    def of(cls, path: Path) -> CsvLabels:
        """Read what is there."""
        text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
        try:
            lines = [line for line in csv.reader(io.StringIO(text, newline="")) if line]
        except csv.Error as error:
            raise DataFileError(
                f"{path.name}: every cell must be one that can be written again, of at most {csv.field_size_limit():,} "
                f"letters; got: {error}. Shorten it, or turn the table into Parquet."
            ) from error
        ragged = next((k for k, line in enumerate(lines) if len(line) != len(lines[0])), None)
        if ragged is not None:
            raise DataFileError(
                f"{path.name}: every row must have as many fields as the header; got another number in row "
                f"{ragged - 1:,} (from 0). Mend it, then add the decisions again."
            )
        return cls(lines)

    def rounded(self, instants: Instants) -> Instants:
        """Return instants as they are: text can hold any."""
        return instants

    def write(self, path: Path, fresh: Decisions, *, alone: bool) -> None:
        """Write the new rows after those that are there."""
        header = self.lines[0]
        added = [name for name in _PROVENANCE if name not in header]
        with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*header, *added])
            writer.writerows([*line, *("" for _ in added)] for line in self.lines[1:])
            writer.writerows(self._new(fresh, [*header, *added]))

    def _new(self, fresh: Decisions, header: list[str]) -> list[list[str]]:
        cells: dict[str, list[Any]] = {
            "account_id": fresh.account_id,
            "is_automated": [str(each).lower() for each in fresh.is_automated],
            "labelled_at": [iso(each) for each in fresh.decided_at.tolist()],
            **{name: _neutral(getattr(fresh, name)) for name in _PROVENANCE},
        }
        return [
            [cells[name][k] if name in cells else "" for name in header] for k in range(len(fresh.account_id))
        ]


def _neutral(texts: list[str | None]) -> list[str]:
    """Put an apostrophe before what a spreadsheet would take for a formula."""
    return [re.sub(FORMULA, r"'\1", text or "") for text in texts]


def store_of(path: Path | None, zone: str | None, unit: str | None) -> CsvLabels | ParquetLabels:
    """Read a table of labels as it stands; without one Parquet is what is to come."""
    if path is not None and path.suffix.lower() == ".csv":
        return CsvLabels.of(path)
    return ParquetLabels.of(path, zone, unit)
