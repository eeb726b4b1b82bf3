"""Tables made narrow for the way: whole numbers in as few bytes as they need, and nothing at all for what is unknown.

Each byte on its way between two shards is written, compressed, read and copied a dozen times. What a column was stands
in its field, and is restored where parts are joined.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["joined", "packed"]

_WAS = b"was"
_TYPES = {str(each).encode(): each for each in (pa.int64(), pa.float64(), pa.string())}
_NARROW = (pa.uint8(), pa.uint16(), pa.int32(), pa.uint32())


def packed(table: pa.Table) -> pa.Table:
    """Return the same rows in fewer bytes, to be read by `joined`.

    Examples
    --------
    >>> packed(pa.table({"n": [1, 200], "of": [-1, 5], "why": pa.nulls(2, pa.string())})).schema.types
    [DataType(uint8), DataType(int32), DataType(null)]
    """
    fields, columns = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        name = str(field.type).encode()
        if name in _TYPES and table.num_rows and _WAS not in (field.metadata or {}):
            column = _narrow(column)
            field = pa.field(field.name, column.type, metadata={_WAS: name})
        fields.append(field)
        columns.append(column)
    return pa.table(columns, schema=pa.schema(fields))


def _narrow(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column))])
    if not pa.types.is_integer(column.type):
        return column
    least, most = (each.as_py() for each in pc.min_max(column).values())
    for kind in _NARROW:
        bounds = np.iinfo(kind.to_pandas_dtype())
        if bounds.min <= least and most <= bounds.max:
            return column.cast(kind)
    return column


def joined(parts: list[pa.Table]) -> pa.Table:
    """Return the rows of several tables of one kind, one after the other, as they were before they were packed."""
    fields = [
        field.with_type(_TYPES[field.metadata[_WAS]]).remove_metadata()
        if _WAS in (field.metadata or {})
        else field
        for field in parts[0].schema
    ]
    columns = [_joined([part.column(k) for part in parts], field.type) for k, field in enumerate(fields)]
    return pa.table(columns, schema=pa.schema(fields))


def _joined(pieces: list[pa.ChunkedArray], kind: pa.DataType) -> pa.Array:
    chunks = [chunk for piece in pieces for chunk in piece.chunks]
    if kind == pa.int64() and not any(chunk.null_count for chunk in chunks):
        return pa.array(_whole(chunks))
    return pa.chunked_array([chunk.cast(kind) for chunk in chunks], kind).combine_chunks()


def _whole(chunks: list[pa.Array]) -> npt.NDArray[np.int64]:
    """Widen and join in one go."""
    ends = np.cumsum([0] + [len(chunk) for chunk in chunks])
    numbers = np.empty(ends[-1], np.int64)
    for chunk, low, high in zip(chunks, ends[:-1], ends[1:], strict=True):
        numbers[low:high] = chunk.to_numpy(zero_copy_only=False)
    return numbers
