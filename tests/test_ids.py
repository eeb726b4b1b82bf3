from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.ids import IdBook


def as_array(ids: list[object], kind: str) -> pa.Array:
    if kind == "integers":
        return pa.array(ids, pa.int64())
    array = pa.array([str(each) for each in ids], pa.string())
    return array.dictionary_encode() if kind == "dictionary" else array


@pytest.mark.parametrize("kind", ["strings", "dictionary", "integers"])
@given(first=st.sets(st.integers(-5, 30)), columns=st.lists(st.lists(st.integers(-5, 30)), max_size=3))
def test_codes_number_the_ids_and_read_back(kind: str, first: set[int], columns: list[list[int]]) -> None:
    book = IdBook(as_array(list(first), kind))
    read = [str(each) if kind != "integers" else each for each in first]
    for column in columns:
        array = as_array(column, kind)
        codes = book.encode(array)
        assert codes.dtype == np.int32
        assert codes.flags.c_contiguous
        values = [str(each) if kind != "integers" else each for each in column]
        read += sorted(set(values) - set(read))  # new ids by value: the order of rows does not matter
        assert book.ids.to_pylist() == read
        assert codes.tolist() == [read.index(value) for value in values]
    assert len(book) == len(read)


@pytest.mark.parametrize("ids", [[2**62, -(2**62), 5], [2**63 - 1, -(2**63)], [10**15], [-(2**63)]])
def test_integers_far_apart(ids: list[int]) -> None:
    book = IdBook(pa.array([], pa.int64()))
    assert book.encode(pa.array(ids, pa.int64())).tolist() == [sorted(ids).index(each) for each in ids]
    assert book.ids.to_pylist() == sorted(ids)


def test_opaque_strings_survive() -> None:
    ids = ["00123", "123", "+49 170", "９９", "a\u0301", "á", "", " ", "98765432109876543210", "💬"]
    book = IdBook(pa.array(ids))
    assert book.encode(pa.array(ids[::-1])).tolist() == list(range(len(ids)))[::-1]
    assert book.ids.to_pylist() == ids


def test_a_dictionary_may_hold_words_that_no_row_uses() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([2, 0], pa.int32()), pa.array(["b", "unused", "a"]))
    book = IdBook(pa.array([], pa.string()))
    assert book.encode(column).tolist() == [0, 1]
    assert book.ids.to_pylist() == ["a", "b"]


def test_a_slice_of_a_column() -> None:
    column = pa.array(["x", "b", "a", "b", "y"]).dictionary_encode().slice(1, 3)
    book = IdBook(pa.array(["b"]))
    assert book.encode(column).tolist() == [0, 1, 0]
    numbers = IdBook(pa.array([7]))
    assert numbers.encode(pa.array([1, 7, 9, 7]).slice(1, 3)).tolist() == [0, 1, 0]


def test_nothing_to_encode() -> None:
    book = IdBook(pa.array(["a"]))
    assert book.encode(pa.array([], pa.string())).tolist() == []
    assert len(book) == 1
