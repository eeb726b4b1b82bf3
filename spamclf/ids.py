"""Opaque ids become consecutive int32 codes, once, at the edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.threads import in_threads, n_threads

__all__ = ["Codes", "IdBook"]

Codes = npt.NDArray[np.int32]

_MIN_ROWS = 100_000  # below, a second thread costs more than it saves


class IdBook:
    """Number the ids of several columns by one list: the n-th different id gets the code n.

    The first ids keep their order; the new ids of a later column are numbered in ascending order, so that the
    order of its rows does not matter.

    Attributes
    ----------
    ids : pyarrow.Array
        The ids by code; strings, or int64 where every id of the dataset is one.

    Examples
    --------
    >>> book = IdBook(pa.array(["b", "a"]))
    >>> book.encode(pa.array(["d", "a", "c", "d"]))
    array([3, 1, 2, 3], dtype=int32)
    >>> book.ids.to_pylist()
    ['b', 'a', 'c', 'd']
    """

    def __init__(self, first: pa.Array) -> None:
        self.ids: pa.Array = _decoded(first)

    def __len__(self) -> int:
        return len(self.ids)

    def encode(self, column: pa.Array, *, n_jobs: int = 1) -> Codes:
        """Return the code of each row of `column`, which has no nulls; ids not met before get the next codes."""
        n = len(column)
        codes = np.empty(n, np.int32)
        if n == 0:
            return codes
        values, places, least = _distinct(column)
        parts = n_threads(n_jobs) if n > _MIN_ROWS else 1
        bounds = [n * part // parts for part in range(parts + 1)]
        used = np.zeros(len(values), np.bool_)
        in_threads(lambda low, high: kernels.ids.mark(places, least, used, low, high), bounds, parts)
        lookup = np.zeros(len(values), np.int32)
        lookup[used] = self._number(values.filter(pa.array(used)))
        in_threads(
            lambda low, high: kernels.ids.translate(places, least, lookup, codes, low, high), bounds, parts
        )
        return codes

    def _number(self, values: pa.Array) -> Codes:
        """Return the codes of different values, numbering those not met before."""
        codes = _places(values, self.ids)
        fresh = codes < 0
        added = values.filter(pa.array(fresh))
        order = _ascending(added)
        rank = np.empty(len(added), np.int32)
        rank[order] = np.arange(len(added), dtype=np.int32)
        codes[fresh] = len(self.ids) + rank
        self.ids = pa.concat_arrays([self.ids, added.take(pa.array(order))])
        return codes


def _decoded(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _places(values: pa.Array, ids: pa.Array) -> Codes:
    """Return the place of each value among different ids, -1 for a value that is none of them."""
    if pa.types.is_integer(values.type) and len(ids) and not ids.null_count:  # a live group has no id
        numbers, known = (each.to_numpy(zero_copy_only=False) for each in (values, ids))
        low, high = int(known.min()), int(known.max())
        if high - low < 16 * known.size + 1_000:  # dense enough for a table: no hashing
            table = np.full(high - low + 1, -1, np.int32)
            table[known - low] = np.arange(known.size, dtype=np.int32)
            places = np.full(numbers.size, -1, np.int32)
            inside = (numbers >= low) & (numbers <= high)
            places[inside] = table[numbers[inside] - low]
            return places
    return np.array(pc.index_in(values, value_set=ids).fill_null(-1), np.int32)


def _ascending(values: pa.Array) -> npt.NDArray[np.integer[Any]]:
    if pa.types.is_integer(values.type):  # often they are in order already, which this notices
        return np.argsort(values.to_numpy(zero_copy_only=False), kind="stable")
    return np.asarray(pc.sort_indices(values))


def _distinct(column: pa.Array) -> tuple[pa.Array, npt.NDArray[Any], int]:
    """Return candidate values, each once, and per row a number that is its place among them plus the third result."""
    if pa.types.is_integer(column.type):
        numbers = column.to_numpy(zero_copy_only=False)
        low, high = (number.as_py() for number in pc.min_max(column).values())
        if high - low < 2 * len(numbers) + 1_000_000:  # dense enough for a table: no hashing
            return pa.array(low + np.arange(high - low + 1), column.type), numbers, low
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return column.dictionary, column.indices.to_numpy(zero_copy_only=False), 0
