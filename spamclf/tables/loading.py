"""From what a caller hands over, dataframes and files, to columns that are ready to be checked."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spamclf.errors import SchemaError
from spamclf.schema import TABLES, Table
from spamclf.tables.check import Loaded, check_names
from spamclf.tables.frames import frame_kind, to_arrow
from spamclf.tables.quarantine import Origin
from spamclf.tables.reading import read_table_file

__all__ = ["all_integer_ids", "kind_of", "load_table", "load_tables", "warn_of_mixed_ids"]


def kind_of(given: Mapping[str, Any]) -> str:
    """Return the dataframe library of the first table that is a dataframe."""
    frames = [data for data in given.values() if data is not None and not isinstance(data, str | os.PathLike)]
    return frame_kind(frames[0]) if frames else "pyarrow"


def load_table(spec: Table, data: Any) -> Loaded:
    """Read one table, its columns as they come."""
    names: dict[str, None] = {}

    def check(found: list[str], where: str) -> None:
        check_names(spec, found, where)
        names.update(dict.fromkeys(found))

    if isinstance(data, str | os.PathLike):
        path = Path(data)
        table, origin, text = read_table_file(path, spec, check)
    else:
        found, table = to_arrow(data, [column.name for column in spec.columns], spec.name)
        check(found, spec.name)
        origin, text = Origin(), False
    columns = {name: table.column(name) for name in table.column_names}
    unread = tuple(name for name in names if name not in {column.name for column in spec.columns})
    return Loaded(spec, columns, table.num_rows, origin, text, unread)


def load_tables(given: Mapping[str, Any]) -> dict[str, Loaded]:
    """Read every table that is given, its columns as they come.

    Raises
    ------
    SchemaError
        If a required table is not given, or a column is missing.
    DataFileError
        If a file cannot be read.
    """
    loaded = {}
    for name, spec in TABLES.items():
        data = given[name]
        if data is not None:
            loaded[name] = load_table(spec, data)
        elif spec.required:
            raise SchemaError(
                f"Dataset: table '{name}' must be given; got none. Pass {name}=; where nothing is known, the needed "
                f"columns without a row: {{{', '.join(f'{c.name!r}: []' for c in spec.columns if not c.nullable)}}}."
            )
    return loaded


def id_columns(loaded: Loaded) -> tuple[list[str], list[str]]:
    """Return the names of a table's id columns that hold integers, and of those that hold something else.

    Those without a value are neither.
    """
    columns = {
        column.name: loaded.columns[column.name] for column in loaded.spec.columns if column.type == "id"
    }
    known = [name for name, values in columns.items() if values.null_count < len(values)]
    integers = [name for name in known if pa.types.is_integer(_value_type(columns[name]))]
    return integers, [name for name in known if name not in integers]


def all_integer_ids(tables: Iterable[Loaded]) -> bool:
    """Say whether every id of every table is an integer."""
    with_rows = [table for table in tables if table.n_rows]
    return bool(with_rows) and all(_has_integer_ids(table) for table in with_rows)


def warn_of_mixed_ids(tables: Iterable[Loaded]) -> None:
    """Warn where ids are integers in one column and strings in another that no integer is written as."""
    columns = [
        (f"{table.spec.name}.{column.name}", table.columns[column.name])
        for table in tables
        if table.n_rows and not table.text
        for column in table.spec.columns
        if column.type == "id"
    ]
    integers = [name for name, values in columns if pa.types.is_integer(_value_type(values))]
    if not integers:
        return
    for name, values in columns:
        if name not in integers and not all(map(_is_number, _words(values))):
            warnings.warn(
                f"Dataset: ids should be strings everywhere, or integers everywhere; got integers in {integers[0]} and "
                f"strings in {name}. Integers have lost leading zeros and plus signs: read all ids as strings.",
                stacklevel=3,
            )
            return


def _is_number(word: str) -> bool:
    """Tell whether a string is what an integer is written as."""
    return re.fullmatch(r"0|-?[1-9][0-9]*", word, re.ASCII) is not None


def _words(values: pa.ChunkedArray) -> Iterator[str]:
    """Yield the strings of a column, what is no string left out."""
    if pa.types.is_dictionary(values.type):  # with words, it may be, that no row bears
        chunks = [chunk.dictionary.take(chunk.indices.unique().drop_null()) for chunk in values.chunks]
    else:
        chunks = values.chunks
    for chunk in chunks:
        if _is_text(chunk.type):
            yield from (
                word for word in chunk.cast(pa.large_string()).unique().to_pylist() if word is not None
            )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view())


def _value_type(values: pa.ChunkedArray) -> pa.DataType:
    """Return the type of a column's values, coded or not."""
    return values.type.value_type if pa.types.is_dictionary(values.type) else values.type


def _has_integer_ids(loaded: Loaded) -> bool:
    """Say whether no id column of a table needs to be a string."""
    for column in loaded.spec.columns:
        if column.type != "id":
            continue
        values = loaded.columns[column.name]
        kind = _value_type(values)
        if pa.types.is_null(kind):
            continue
        if not pa.types.is_integer(kind):
            return False
        if pa.types.is_uint64(kind) and (pc.max(values.cast(kind)).as_py() or 0) >= 2**63:
            return False
    return True
