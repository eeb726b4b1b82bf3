"""Read a column of strings or ids into dictionary-coded strings; rules are tried on distinct words only."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spamclf.schema import Column
from spamclf.tables.arrays import is_text, one_dictionary
from spamclf.tables.times import Bad

__all__ = ["STRINGS", "compact", "read_strings"]

#: What every string and every string id becomes.
STRINGS = pa.dictionary(pa.int32(), pa.string())


def read_strings(column: Column, values: pa.ChunkedArray) -> tuple[pa.DictionaryArray, list[Bad]]:
    """Turn a column into dictionary-coded strings, and list the rows that break a rule."""
    kind = values.type
    outside = pa.types.is_dictionary(kind) and is_text(kind.value_type)
    if pa.types.is_dictionary(kind) and not outside:
        values = values.cast(kind.value_type)
    # Coding before casting keeps the copy as small as the distinct values.
    coded = one_dictionary(values)
    words, indices = coded.dictionary, coded.indices
    if words.type != pa.string():
        words = words.cast(pa.string())
    if indices.type != pa.int32():
        indices = indices.cast(pa.int32())
    fate = _fate_of_words(column, words)
    if outside:
        fate = _drop_unused(words, indices, fate)
    if fate is None:
        return pa.DictionaryArray.from_arrays(indices, words, safe=False), []
    return _recode(words, indices, fate)


#: Fates of a dictionary's words below 0: the code of a word that is kept is its place in the new dictionary.
_TO_NULL, _NOT_UNICODE, _UNKNOWN_VALUE, _MALFORMED = -1, -2, -3, -4
_FATES = {_NOT_UNICODE: "not_unicode", _UNKNOWN_VALUE: "unknown_value", _MALFORMED: "malformed"}


def _fate_of_words(column: Column, words: pa.Array) -> NDArray[np.int64] | None:
    """Say what becomes of each distinct string; None when all stay. An empty string is no value."""
    fate = np.zeros(len(words), dtype=np.int64)
    if words.null_count:
        fate[words.is_null().to_numpy(zero_copy_only=False)] = _TO_NULL
    try:
        words.validate(full=True)
    except pa.ArrowInvalid:
        fate[[not _is_unicode(word) for word in words.cast(pa.binary()).to_pylist()]] = _NOT_UNICODE
        keep = pa.array(fate >= 0)
        words = pc.if_else(keep, words, pa.scalar("", pa.string()))
    empty = pc.fill_null(pc.equal(words, ""), False).to_numpy(zero_copy_only=False)
    fate[empty & (fate == 0)] = _TO_NULL
    if column.choices:
        known = pc.is_in(words, value_set=pa.array(column.choices)).to_numpy(zero_copy_only=False)
        fate[~known & (fate == 0)] = _UNKNOWN_VALUE
    if column.pattern:
        fits = pc.match_substring_regex(words, f"^(?:{column.pattern})$")
        fate[~pc.fill_null(fits, False).to_numpy(zero_copy_only=False) & (fate == 0)] = _MALFORMED
    return fate if fate.any() else None


def _is_unicode(word: bytes | None) -> bool:
    try:
        (word or b"").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _drop_unused(
    words: pa.Array, indices: pa.Array, fate: NDArray[np.int64] | None
) -> NDArray[np.int64] | None:
    """Mark words that no row uses and words that stand twice: a dictionary from outside may hold both."""
    codes = (pc.drop_null(indices) if indices.null_count else indices).to_numpy()
    used = np.bincount(codes, minlength=len(words)) > 0
    if used.all() and pc.count_distinct(words, mode="all").as_py() == len(words):
        return fate
    fate = np.zeros(len(words), dtype=np.int64) if fate is None else fate
    fate[~used & (fate == 0)] = _TO_NULL
    return fate


def _recode(
    words: pa.Array, indices: pa.Array, fate: NDArray[np.int64]
) -> tuple[pa.DictionaryArray, list[Bad]]:
    """Build the array anew from the words that stay."""
    kept = np.flatnonzero(fate == 0)
    merged = pc.dictionary_encode(words.take(pa.array(kept)))  # equal words become one
    fate[kept] = merged.indices.to_numpy() if len(kept) else 0
    fate = np.append(fate, _TO_NULL)  # the fate of a null, whose code is -1
    codes = fate[pc.fill_null(indices, -1).to_numpy() if indices.null_count else indices.to_numpy()]
    bad = [(rule, np.flatnonzero(codes == code).astype(np.int64)) for code, rule in _FATES.items()]
    absent = codes < 0
    new = pa.array(codes.astype(np.int32), mask=absent if absent.any() else None)
    return pa.DictionaryArray.from_arrays(new, merged.dictionary, safe=False), [b for b in bad if len(b[1])]


def compact(array: pa.Array) -> pa.Array:
    """Drop the words that no row of a dictionary-coded array uses; other arrays stay as they are."""
    if not pa.types.is_dictionary(array.type):
        return array
    fate = _drop_unused(array.dictionary, array.indices, None)
    return array if fate is None else _recode(array.dictionary, array.indices, fate)[0]
