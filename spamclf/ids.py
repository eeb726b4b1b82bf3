"""Opaque ids become consecutive int32 codes, once, at the edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Codes", "IdBook"]

Codes = npt.NDArray[np.int32]


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

    def encode(self, column: pa.Array) -> Codes:
        """Return the code of each row of `column`, which has no nulls; ids not met before get the next codes."""
        if len(column) == 0:
            return np.empty(0, np.int32)
        values, indices = _distinct(column)
        used = np.zeros(len(values), np.bool_)
        used[indices] = True
        places = np.flatnonzero(used)
        met = values.take(pa.array(places))
        known = pc.index_in(met, value_set=self.ids)
        fresh = known.is_null()
        added = met.filter(fresh)
        order = np.asarray(pc.sort_indices(added))
        codes = np.array(known.fill_null(0), np.int32)
        rank = np.empty(len(added), np.int32)
        rank[order] = np.arange(len(added), dtype=np.int32)
        codes[np.asarray(fresh, dtype=np.bool_)] = len(self.ids) + rank
        self.ids = pa.concat_arrays([self.ids, added.take(pa.array(order))])
        lookup = np.zeros(len(values), np.int32)
        lookup[places] = codes
        found: Codes = lookup[indices]
        return found


def _decoded(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _distinct(column: pa.Array) -> tuple[pa.Array, npt.NDArray[Any]]:
    """Return candidate values, each once, and each row's place among them."""
    if pa.types.is_integer(column.type):
        numbers = column.to_numpy(zero_copy_only=False)
        low, high = int(numbers.min()), int(numbers.max())
        if high - low < 2 * len(numbers) + 1_000_000:  # dense enough for a table: no hashing
            return pa.array(np.arange(low, high + 1), column.type), (numbers - low if low else numbers)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return column.dictionary, column.indices.to_numpy(zero_copy_only=False)
