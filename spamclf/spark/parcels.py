"""Parcels: tables on their way between the shards of a cluster, as rows that it sends without looking inside.

A table row by row through a cluster's own format would be written and read value by value, several times. So what
goes from one shard to another is one Arrow table in one cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.signatures import hash_items
from spamclf.shards import shard_of
from spamclf.spark.packing import joined, packed

__all__ = ["DDL", "Parcel", "opened", "routes", "sent", "sent_apart"]

#: Where to, what, which piece of it, the table: Spark's words for the columns of a parcel's row.
DDL = "to bigint, kind string, part bigint, data binary"
Parcel = tuple[int, str, pa.Table]
Shards = npt.NDArray[np.int64]

_SCHEMA = pa.schema([("to", pa.int64()), ("kind", pa.string()), ("part", pa.int64()), ("data", pa.binary())])
_ROWS = 1 << 21  # of a table in one parcel: a cell may hold 2 GiB, and no more
_BYTES = 1 << 25  # of parcels that are handed over at once


def routes(ids: Any, n_shards: int) -> Shards:
    """Return the shard that each id belongs to, by a hash of its text: the same in every process.

    Examples
    --------
    >>> routes(pa.array(["a", "b", "c", "d", "a"]), 2)
    array([1, 1, 0, 0, 1])
    """
    ids = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    if not len(ids):
        return np.empty(0, np.int64)
    if pa.types.is_integer(ids.type):
        return shard_of(ids.to_numpy(zero_copy_only=False), n_shards)
    coded = ids if pa.types.is_dictionary(ids.type) else ids.dictionary_encode()
    shards = shard_of(hash_items(coded.dictionary), n_shards)
    found: Shards = shards[coded.indices.to_numpy(zero_copy_only=False)]
    return found


def sent_apart(kind: str, table: pa.Table, shard: Shards, rows: Shards | None = None) -> Iterator[Parcel]:
    """Send rows of a table to their shards: row `rows[k]`, or row k, goes to ``shard[k]``."""
    if not shard.size:
        return
    table = packed(table)
    few = shard.astype(np.min_scalar_type(int(shard.max())))  # narrow numbers are sorted by counting
    order = np.argsort(few, kind="stable")
    few = few[order]
    ends = np.append(np.flatnonzero(few[1:] != few[:-1]) + 1, few.size)
    taken = order if rows is None else rows[order]
    start = 0
    for end in ends.tolist():
        yield int(few[start]), kind, table.take(pa.array(taken[start:end]))
        start = end


def sent(parcels: Iterable[Parcel]) -> Iterator[pa.RecordBatch]:
    """Write parcels as the rows that the cluster sends."""
    sink, rows, ends = pa.BufferOutputStream(), [], [0]
    for to, kind, table in parcels:
        for low in range(0, max(table.num_rows, 1), _ROWS):
            part = packed(table.slice(low, _ROWS))
            with pa.ipc.new_stream(sink, part.schema) as writer:
                writer.write_table(part)
            rows.append((to, kind, low))
            ends.append(sink.tell())
        if ends[-1] > _BYTES:
            yield _batch(rows, ends, sink.getvalue())
            sink, rows, ends = pa.BufferOutputStream(), [], [0]
    if rows:
        yield _batch(rows, ends, sink.getvalue())


def opened(batches: Iterable[pa.RecordBatch]) -> dict[int, dict[str, pa.Table]]:
    """Open the parcels that arrived: by shard, then by kind; what one shard sent is in its order again."""
    found: dict[int, dict[str, list[tuple[int, pa.Table]]]] = {}
    for batch in batches:
        for to, kind, part, data in zip(*(batch.column(k) for k in range(4)), strict=True):
            if data.is_valid:  # the others are for another stage
                here = found.setdefault(to.as_py(), {}).setdefault(kind.as_py(), [])
                here.append((part.as_py(), pa.ipc.open_stream(data.as_buffer()).read_all()))
    return {
        to: {kind: _in_order(tables) for kind, tables in kinds.items()} for to, kinds in sorted(found.items())
    }


def _in_order(parts: list[tuple[int, pa.Table]]) -> pa.Table:
    return joined([table for _, table in sorted(parts, key=lambda part: part[0])])


def _batch(rows: list[tuple[int, str, int]], ends: list[int], data: pa.Buffer) -> pa.RecordBatch:
    columns = [pa.array(each) for each in zip(*rows, strict=True)]
    offsets = pa.py_buffer(np.array(ends, np.int32))
    cells = pa.Array.from_buffers(pa.binary(), len(rows), [None, offsets, data])
    return pa.RecordBatch.from_arrays([*columns, cells], schema=_SCHEMA)
