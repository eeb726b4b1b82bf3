"""Read a table's file or folder of parts: a damaged, hostile or huge file ends in a typed error."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spamclf.errors import DataFileError, SchemaError, SpamclfError
from spamclf.files import available_memory
from spamclf.schema import Table
from spamclf.tables.arrays import is_text, one_chunk, true_rows
from spamclf.tables.columns import LONGEST_SIGNATURE, is_plain, unfit
from spamclf.tables.pages import unpacked_size
from spamclf.tables.quarantine import Origin

__all__ = [
    "csv_batches", "guarded", "open_parquet", "parquet_bytes", "parts_of", "read_table_file", "refuse_if_larger",
]  # fmt: skip

#: Share of the free memory that one table may take; beyond it the table is refused before it is read.
_MEMORY_SHARE = 0.8
#: No sane row of a table is longer; a quote that is never closed runs into this bound, not into all memory.
_CSV_BLOCK = 8 << 20
#: Bytes that a value of a list takes while it is read: itself, its place, and the room that grows by doubling.
_LIST_VALUE = 32

#: Told the names of a file's columns, raises when they do not do.
CheckNames = Callable[[list[str], str], None]


def read_table_file(path: Path, spec: Table, check_names: CheckNames) -> tuple[pa.Table, Origin, bool]:
    """Read the contract's columns of one table.

    Parameters
    ----------
    path : Path
        A ``.parquet`` or ``.csv`` file, or a folder of Parquet parts, read in the order of their names.
    spec : Table
        The contract.
    check_names : callable (names, where)
        Called with each file's column names before anything else of it is read.

    Returns
    -------
    table : pyarrow.Table
        Columns that the contract does not know are not read.
    origin : Origin
        Which row stood in which file.
    text : bool
        Whether every value is text still (CSV).

    Raises
    ------
    DataFileError
        If a file is damaged, not what its name says, or larger than the memory.
    """
    if path.is_dir():
        table, origin = _read_folder(path, spec, check_names)
        return table, origin, False
    if path.exists() and not path.is_file():  # a pipe would be waited on for ever
        raise DataFileError(
            f"{spec.name} ({path.name}): the file must be a plain file; got none. Copy it first."
        )
    readers = {".parquet": _read_parquet, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        msg = (
            f"{spec.name} ({path.name}): the file must be .parquet or .csv; got '{path.suffix}'. Convert it."
        )
        raise DataFileError(msg)
    table, skipped = guarded(reader, path, path.name, spec, check_names)
    return table, Origin((path.name,), skipped=skipped), reader is _read_csv


def guarded(reader: Callable[..., Any], path: Path, label: str, spec: Table, check_names: Any) -> Any:
    """Call a reader of a file; a damaged one ends in a typed error, whatever the reader raises."""
    where = f"{spec.name} ({label})"
    try:
        return reader(path, where, spec, check_names)
    except SpamclfError:
        raise
    except FileNotFoundError:
        raise DataFileError(
            f"{where}: the file must exist; got nothing at this path. Check the name."
        ) from None
    except PermissionError:
        raise DataFileError(
            f"{where}: the file must be readable; got no permission. Check its rights."
        ) from None
    except Exception as error:
        # A damaged file makes the reader fail in more ways than any list of exceptions holds.
        reason = (str(error).splitlines() or [""])[0][:200].rstrip(".") or type(error).__name__
        kind = "CSV in UTF-8" if path.suffix.lower() == ".csv" else "Parquet"
        msg = f"{where}: the file must be whole {kind}; got: {reason}. Export or copy it again."
        raise DataFileError(msg) from error


def refuse_if_larger(n_bytes: float, what: str, where: str) -> None:
    """Refuse what would not fit in memory, before it is read."""
    budget = _MEMORY_SHARE * available_memory()
    if n_bytes > budget:
        msg = (
            f"{where}: the table must fit in {budget / 2**30:,.1f} GiB (80 % of the free memory); "
            f"got {what} that may need {n_bytes / 2**30:,.1f} GiB. Part the data, or use a larger machine."
        )
        raise DataFileError(msg)


def parts_of(folder: Path, spec: Table) -> list[Path]:
    """Return the Parquet parts of a table's folder, in the order of their names."""
    parts = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".parquet" and p.name[0] not in "._")
    if not parts:
        msg = (
            f"{spec.name} ({folder.name}/): the folder must hold Parquet parts; got none. "
            "Write them as NAME.parquet."
        )
        raise DataFileError(msg)
    return parts


def _read_folder(folder: Path, spec: Table, check_names: CheckNames) -> tuple[pa.Table, Origin]:
    parts = parts_of(folder, spec)
    where = f"{spec.name} ({folder.name}/)"
    tables = []
    n_bytes = 0.0
    for part in parts:
        label = f"{folder.name}/{part.name}"
        n_bytes += guarded(parquet_bytes, part, label, spec, check_names)
    refuse_if_larger(n_bytes, f"{len(parts)} parts", where)
    for part in parts:
        table, _ = guarded(_read_parquet, part, f"{folder.name}/{part.name}", spec, check_names)
        tables.append(table)
    starts = np.cumsum([0, *(table.num_rows for table in tables)])[:-1]
    try:
        whole = pa.concat_tables([t for t in tables if t.num_rows] or tables[:1], promote_options="default")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        reason = str(error).splitlines()[0][:200]
        msg = f"{where}: all parts must have the same types; got: {reason}. Write them with one schema."
        raise SchemaError(msg) from error
    return whole, Origin(tuple(f"{folder.name}/{p.name}" for p in parts), tuple(int(s) for s in starts))


def open_parquet(path: Path, spec: Table) -> tuple[pq.ParquetFile, list[str]]:
    """Open a file so that its strings stay coded; return it and the contract's columns in it."""
    file = pq.ParquetFile(path, page_checksum_verification=True)
    schema = file.schema_arrow
    names = [column.name for column in spec.columns if column.name in schema.names]
    # Strings stay coded as they are in the file: a few bytes on disk must not swell to gigabytes.
    coded = [
        name for name in names if schema.names.count(name) == 1 and _is_stringlike(schema.field(name).type)
    ]
    if coded:
        file.close()
        file = pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=coded)
    return file, names


def _is_stringlike(kind: pa.DataType) -> bool:
    return is_text(kind) or (pa.types.is_dictionary(kind) and is_text(kind.value_type))


def parquet_bytes(path: Path, where: str, spec: Table, check_names: CheckNames) -> float:
    """Say how much memory a file needs at most, by its footer, before anything else is read.

    Only facts of whole row groups are asked for: pyarrow ends the process, instead of raising, when the facts
    of a single column are damaged.
    """
    with pq.ParquetFile(path) as file:
        names = list(file.schema_arrow.names)
        check_names(names, where)
        _check_plain(file.schema_arrow, spec, where)
        footer = file.metadata
        n_wanted = sum(name in names for name in (column.name for column in spec.columns))
        stored: int = sum(max(footer.row_group(k).total_byte_size, 0) for k in range(footer.num_row_groups))
        # A value takes 8 bytes at most, beside the words of coded strings, which are stored once.
        n_rows = int(max(footer.num_rows, 0))
        return n_rows * 8.0 * n_wanted + stored + _signature_bytes(path, file, spec, where)


def _check_plain(schema: pa.Schema, spec: Table, where: str) -> None:
    """Refuse, before anything is read, columns of types that can swell: lists of lists, long binary values."""
    for column in spec.columns:
        for name in schema.names:
            if name.startswith(f"{column.name}."):  # it would be read as a part of the other column
                msg = f"{where}: no column's name may begin with '{column.name}.'; got such a one. Rename it."
                raise SchemaError(msg)
        if column.name in schema.names:
            kind = schema.field(column.name).type
            sentence = None if is_plain(kind) else unfit(column, kind)
            if sentence:
                raise SchemaError(f"{where}: column '{column.name}' {sentence}")


def _signature_bytes(path: Path, file: pq.ParquetFile, spec: Table, where: str) -> float:
    """Say how much memory signatures need at most; a list may hold more values than the file has bytes."""
    schema, n_rows = file.schema_arrow, max(file.metadata.num_rows, 0)
    total = 0.0
    for column in spec.columns:
        if column.name not in schema.names or is_plain(schema.field(column.name).type):
            continue
        kind = schema.field(column.name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if pa.types.is_fixed_size_binary(kind):
            total += n_rows * kind.byte_width
            continue
        paths = [file.schema.column(k).path for k in range(len(file.schema))]
        leaves = [k for k, leaf in enumerate(paths) if leaf.split(".")[0] == column.name]
        n_values, n_bytes = unpacked_size(path, leaves, len(paths))
        if n_values > LONGEST_SIGNATURE * n_rows:
            msg = (
                f"{where}: column '{column.name}' must be of {LONGEST_SIGNATURE:,} values a row at most; "
                f"got {n_values:,} in {n_rows:,} rows. Export it again."
            )
            raise DataFileError(msg)
        total += n_values * float(_LIST_VALUE) + n_bytes
    return total


def _read_parquet(path: Path, where: str, spec: Table, check_names: CheckNames) -> tuple[pa.Table, Any]:
    refuse_if_larger(parquet_bytes(path, where, spec, check_names), "its rows", where)
    file, names = open_parquet(path, spec)
    with file:
        stated = file.metadata.num_rows
        table = file.read(columns=names)
    if table.num_rows != stated:
        msg = f"{where}: the file must hold {stated:,} rows; got {table.num_rows:,}. Export or copy it again."
        raise DataFileError(msg)
    return table, np.zeros(0, dtype=np.int64)


def _read_csv(path: Path, where: str, spec: Table, check_names: CheckNames) -> tuple[pa.Table, Any]:
    refuse_if_larger(path.stat().st_size, "its bytes", where)
    header = _csv_header(path, where)
    check_names(header, where)
    table, ragged, broken = _parse_csv(path, header, spec, use_threads=True)
    if ragged:  # row numbers are known to a single thread only
        table, ragged, broken = _parse_csv(path, header, spec, use_threads=False)
    broken.extend(_swallowed_lines(table, len(header)))
    _refuse_broken(broken, where)
    return table, np.array(sorted(ragged), dtype=np.int64)


def _swallowed_lines(table: pa.Table, n_fields: int) -> list[int]:
    """Find a value that holds the end of one row and the start of the next: a stray quote made it.

    Free text may hold line breaks and commas of its own, and is not looked at.
    """
    if n_fields < 2:
        return []
    pattern = f"(?s)^[^,]*(,[^,]*){{{n_fields - 1},}}$"
    for name in table.column_names:
        if name != "text":
            broken = pc.match_substring(table[name], "\n")
            if pc.any(broken).as_py():
                suspects = pc.match_substring_regex(table[name].filter(broken), pattern)
                if pc.any(suspects).as_py():
                    first = true_rows(one_chunk(suspects))[0]
                    return [int(true_rows(one_chunk(broken))[first])]
    return []


def _csv_header(path: Path, where: str) -> list[str]:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if not head.strip():
        raise DataFileError(f"{where}: the file must have a header line; got an empty file. Export it again.")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[:4] == b"PAR1" or head[:2] == b"\x1f\x8b":
        msg = f"{where}: the file must be CSV in UTF-8; got UTF-16, gzip or Parquet. Convert or rename it."
        raise DataFileError(msg)
    return next(csv.reader(io.StringIO(head.decode("utf-8-sig", errors="replace"), newline="")), [])


def _parse_csv(
    path: Path, header: list[str], spec: Table, *, use_threads: bool
) -> tuple[pa.Table, list[int], list[int]]:
    """Parse all values as text; say which rows (from 0) have not as many fields as the header, and why."""
    import pyarrow.csv as pcsv

    ragged: list[int] = []
    broken: list[int] = []
    table = pcsv.read_csv(path, **_csv_options(header, spec, ragged, broken, use_threads=use_threads))
    return table, ragged, broken


def _csv_options(
    header: list[str], spec: Table, ragged: list[int], broken: list[int], *, use_threads: bool
) -> dict[str, Any]:
    """Say how values are parsed as text; rows of another number of fields are noted in the two lists."""
    import pyarrow.csv as pcsv

    names = [column.name for column in spec.columns if column.name in header]

    def set_aside(row: Any) -> str:
        number = -1 if row.number is None else row.number - 2
        ragged.append(number)
        if "\n" in row.text or "\r" in row.text:
            # Lines that were swallowed by a quote: they would vanish as one bad row.
            broken.append(number)
        return "skip"

    return {
        "read_options": pcsv.ReadOptions(use_threads=use_threads, block_size=_CSV_BLOCK),
        "parse_options": pcsv.ParseOptions(newlines_in_values=True, invalid_row_handler=set_aside),
        "convert_options": pcsv.ConvertOptions(
            include_columns=names,
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
            quoted_strings_can_be_null=True,
        ),
    }


@dataclass
class CsvBatches:
    """A CSV file as batches of text, one after the other; `ragged` rows are complete once all have been read."""

    names: list[str]
    ragged: list[int]
    batches: Iterator[pa.RecordBatch]

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self.batches


def csv_batches(path: Path, where: str, spec: Table, check_names: CheckNames) -> CsvBatches:
    """Open a CSV file to be read block by block."""
    import pyarrow.csv as pcsv

    header = _csv_header(path, where)
    check_names(header, where)
    ragged: list[int] = []
    broken: list[int] = []
    options = _csv_options(header, spec, ragged, broken, use_threads=False)

    def batches() -> Iterator[pa.RecordBatch]:
        first = 0
        with pcsv.open_csv(path, **options) as reader:
            for batch in reader:
                swallowed = _swallowed_lines(pa.Table.from_batches([batch]), len(header))
                _refuse_broken([*broken, *(first + row for row in swallowed)], where)
                yield batch
                first += batch.num_rows
        _refuse_broken(broken, where)

    return CsvBatches([c.name for c in spec.columns if c.name in header], ragged, batches())


def _refuse_broken(broken: list[int], where: str) -> None:
    if broken:
        msg = (
            f"{where}: every quote must be closed; got one that is not, or a stray one, in row "
            f"{broken[0]:,}. Quote fields that hold commas, quotes or line breaks; double the quotes within."
        )
        raise DataFileError(msg)
