"""The canonical text of a row, and its hash: whoever has the data can tell whether a dossier rests on it.

The canonical text of a row is one JSON object without spaces or line breaks, in UTF-8, with these members in order:

1. ``table``, the table's name;
2. each column of the contract (`spamclf.schema.TABLES`) in its order; a column that the dataset lacks is ``null``, as a
   value that is not there. Other columns of a file are left out.

Ids are strings, of integers their decimal digits. Instants are strings in UTC with six digits of a second:
``"2026-05-13T02:07:05.641146Z"``. A flag is ``true`` or ``false``. Seconds are the shortest decimal number that reads
back as the same float64 (``2.0``, ``0.1``). A signature is an array of whole numbers. In strings only ``"``, ``\\`` and
the characters below U+0020 are escaped (``\\b \\f \\n \\r \\t``, others as ``\\u001f``); all others stand for
themselves.

The hash of a row is the SHA-256 of that text, as 64 hex digits. It does not depend on the file's format, the order of
its rows or columns, or the zone its times were written in. A hash hides a row from a glance only: whoever can list the
possible rows can find it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spamclf.errors import ParameterError
from spamclf.instants import iso, loose_instant
from spamclf.schema import TABLES, Column

__all__ = ["hashes_of", "row_hash", "row_text"]


def row_text(table: str, row: Mapping[str, Any]) -> str:
    """Return the canonical text of a row, as this module's docstring lays it down.

    Parameters
    ----------
    table : str
        One of the seven of `spamclf.schema.TABLES`.
    row : mapping of str to object
        Values by column. Instants are datetimes (without a zone: UTC), strings in ISO 8601 or whole microseconds since
        the epoch. Columns that are missing are null; others than the contract's are left out.

    Returns
    -------
    text : str
        Compact JSON, the table first, then the contract's columns in their order.

    Raises
    ------
    ParameterError
        For another table, or an instant that is none.

    Examples
    --------
    >>> print(row_text("labels", {"account_id": 7, "is_automated": True, "labelled_at": "2026-06-01"}))
    {"table":"labels","account_id":"7","is_automated":true,"labelled_at":"2026-06-01T00:00:00.000000Z","campaign":null}
    """
    if table not in TABLES:
        raise ParameterError(
            f"row_text: table must be one of {', '.join(TABLES)}; got {table!r}. Name the table the row is of."
        )
    columns = TABLES[table].columns
    return _json({"table": table} | {each.name: _plain(each, row.get(each.name)) for each in columns})


def row_hash(table: str, row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a row's canonical text, 64 hex digits.

    Parameters
    ----------
    table, row
        As of `row_text`.

    Returns
    -------
    digest : str

    Raises
    ------
    ParameterError
        As of `row_text`.

    Examples
    --------
    >>> row = {"account_id": "7", "is_automated": True, "labelled_at": "2026-06-01"}
    >>> row_hash("labels", row) == hashlib.sha256(row_text("labels", row).encode()).hexdigest()
    True
    """
    return _sha256(row_text(table, row))


def hashes_of(name: str, table: pa.Table) -> list[str]:
    """Return `row_hash` of each row of one of a dataset's tables, in its order.

    Examples
    --------
    >>> rows = pa.table({"account_id": ["7"], "is_automated": [True]})
    >>> hashes_of("labels", rows) == [row_hash("labels", {"account_id": "7", "is_automated": True})]
    True
    """
    columns = {each.name: _values(each, table) for each in TABLES[name].columns}
    rows = zip(*columns.values(), strict=True)
    return [_sha256(_json({"table": name} | dict(zip(columns, row, strict=True)))) for row in rows]


def _values(column: Column, table: pa.Table) -> list[Any]:
    """Return a column as JSON holds it: at once, for messages are many."""
    if column.name not in table.column_names:
        return [None] * table.num_rows
    values = table[column.name]
    if column.type == "time":  # of microseconds, %S has six digits after the point
        values = pc.strftime(values.cast(pa.timestamp("us", "UTC")), format="%Y-%m-%dT%H:%M:%SZ")
    elif column.type in ("id", "string"):
        values = values.cast(pa.string())
    return values.to_pylist()  # type: ignore[no-any-return]


def _plain(column: Column, value: Any) -> Any:
    """Return one value as JSON holds it."""
    if value is None:
        return None
    if column.type == "time":
        instant = loose_instant(value)
        if instant is None:
            raise ParameterError(
                f"row_text: {column.name} must be an instant; got {value!r}. Use a datetime, or a string in ISO 8601."
            )
        return f"{datetime.fromisoformat(iso(instant)):%Y-%m-%dT%H:%M:%S.%fZ}"
    if column.type in ("id", "string"):
        return str(value)
    if column.type == "signature":
        return [int(each) for each in value]
    return float(value) if column.type == "float" else bool(value)


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
