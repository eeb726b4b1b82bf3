"""From what a caller hands over, dataframes and files, to columns that are ready to be checked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
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

__all__ = ["all_integer_ids", "kind_of", "load_table", "load_tables"]


def kind_of(given: Mapping[str, Any]) -> str:
    """Return the dataframe library of the first table that is a dataframe."""
    frames = [data for data in given.values() if data is not None and not isinstance(data, str | os.PathLike)]
    return frame_kind(frames[0]) if frames else "pyarrow"


def load_table(spec: Table, data: Any) -> Loaded:
    """Read one table, its columns as they come."""
    if isinstance(data, str | os.PathLike):
        path = Path(data)
        table, origin, text = read_table_file(
            path, spec, lambda names, where: check_names(spec, names, where)
        )
    else:
        names, table = to_arrow(data, [column.name for column in spec.columns], spec.name)
        check_names(spec, names, spec.name)
        origin, text = Origin(), False
    columns = {name: table.column(name) for name in table.column_names}
    return Loaded(spec, columns, table.num_rows, origin, text)


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
                f"Dataset: table '{name}' must be given; got none. Pass {name}=, it may be empty."
            )
    return loaded


def all_integer_ids(tables: Iterable[Loaded]) -> bool:
    """Say whether every id of every table is an integer."""
    with_rows = [table for table in tables if table.n_rows]
    return bool(with_rows) and all(_has_integer_ids(table) for table in with_rows)


def _has_integer_ids(loaded: Loaded) -> bool:
    """Say whether no id column of a table needs to be a string."""
    for column in loaded.spec.columns:
        if column.type != "id":
            continue
        values = loaded.columns[column.name]
        kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
        if pa.types.is_null(kind):
            continue
        if not pa.types.is_integer(kind):
            return False
        if pa.types.is_uint64(kind) and (pc.max(values.cast(kind)).as_py() or 0) >= 2**63:
            return False
    return True
