"""Small things to do with Arrow arrays that every reader of columns needs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["is_text", "one_chunk", "one_dictionary", "true_rows"]


def is_text(kind: pa.DataType) -> bool:
    """Say whether a type holds Unicode text, in any of Arrow's layouts.

    Examples
    --------
    >>> is_text(pa.large_string())
    True
    """
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def one_chunk(values: pa.ChunkedArray) -> pa.Array:
    """Join the chunks of a column; a column of one chunk is not copied.

    Examples
    --------
    >>> one_chunk(pa.chunked_array([[1, 2], [3]])).to_pylist()
    [1, 2, 3]
    """
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()


def true_rows(mask: pa.Array) -> NDArray[np.int64]:
    """Return the rows where a boolean array is true, sorted; null is not true.

    Examples
    --------
    >>> true_rows(pa.array([True, None, False, True]))
    array([0, 3])
    """
    return np.flatnonzero(pc.fill_null(mask, False).to_numpy(zero_copy_only=False)).astype(np.int64)


def one_dictionary(values: pa.ChunkedArray) -> pa.DictionaryArray:
    """Code a column by its distinct values, in one chunk; a coded column keeps its codes where it can.

    Examples
    --------
    >>> one_dictionary(pa.chunked_array([["b", "a"], ["a", None]])).indices.to_pylist()
    [0, 1, 1, None]
    """
    kind = values.type
    if pa.types.is_dictionary(kind) and kind.index_type.bit_width < 32 and values.num_chunks > 1:
        values = values.cast(kind.value_type)  # many chunks may need more codes than small indices have
    elif pa.types.is_dictionary(kind):
        return one_chunk(values.unify_dictionaries())
    return one_chunk(pc.dictionary_encode(values))
