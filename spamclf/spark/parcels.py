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
    order = np.argsort(shard, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(shard[order])) + 1, shard.size)
    taken = order if rows is None else rows[order]
    start = 0
    for end in ends.tolist():
        yield int(shard[order[start]]), kind, table.take(pa.array(taken[start:end]))
        start = end


def sent(parcels: Iterable[Parcel]) -> Iterator[pa.RecordBatch]:
    """Write parcels as the rows that the cluster sends."""
    rows: list[tuple[int, str, int, bytes]] = []
    size = 0
    for to, kind, table in parcels:
        for low in range(0, max(table.num_rows, 1), _ROWS):
            rows.append((to, kind, low, _written(table.slice(low, _ROWS))))
            size += len(rows[-1][3])
        if size > _BYTES:
            yield _batch(rows)
            rows, size = [], 0
    if rows:
        yield _batch(rows)


def opened(batches: Iterable[pa.RecordBatch]) -> dict[int, dict[str, pa.Table]]:
    """Open the parcels that arrived: by shard, then by kind; what one shard sent is in its order again."""
    found: dict[int, dict[str, list[tuple[int, pa.Table]]]] = {}
    for batch in batches:
        for to, kind, part, data in zip(*(batch.column(k) for k in range(4)), strict=True):
            here = found.setdefault(to.as_py(), {}).setdefault(kind.as_py(), [])
            here.append((part.as_py(), pa.ipc.open_stream(data.as_buffer()).read_all()))
    return {
        to: {kind: _joined(tables) for kind, tables in kinds.items()} for to, kinds in sorted(found.items())
    }


def _joined(parts: list[tuple[int, pa.Table]]) -> pa.Table:
    tables = [table for _, table in sorted(parts, key=lambda part: part[0])]
    return pa.concat_tables(tables).combine_chunks()


def _batch(rows: list[tuple[int, str, int, bytes]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(list(each), kind.type) for each, kind in zip(columns, _SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)


def _written(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
