"""The order of wide rows against numpy's, and disjoint sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf.kernels import rows as kernel
from spamclf.kernels import sets


def collapse(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    digits = np.empty(len(words), np.uint64)
    kernel.first_digits(words, digits)
    order = np.argsort(digits).astype(np.int32)
    same = np.zeros(len(words), np.bool_)
    kernel.refine(words, order, digits[order], same)
    rows, place = np.empty(len(words), np.int32), np.empty(len(words), np.int32)
    return rows[: kernel.collapse(order, same, rows, place)], place


@pytest.mark.parametrize(("width", "kind"), [(4, np.uint64), (128, np.uint32)])
@settings(max_examples=40)
@given(
    st.integers(0, 2**32),
    st.integers(0, 120),
    st.sampled_from([2, 3, 1000, 2**32]),
    st.floats(0, 1),
    st.integers(1, 4),
)
def test_order_is_lexicographic(
    width: int, kind: Any, seed: int, n: int, high: int, shared: float, often: int
) -> None:
    rng = np.random.default_rng(seed)
    words = rng.integers(0, high, (n, width), kind)
    words[:, : int(shared * width)] = 5
    words = np.tile(words, (often, 1))[rng.permutation(n * often)] if n else words
    rows, place = collapse(words)
    if n == 0:
        assert rows.size == place.size == 0
        return
    distinct, first, inverse = np.unique(words, axis=0, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(words[rows], distinct)
    np.testing.assert_array_equal(rows, first)
    np.testing.assert_array_equal(place, inverse.ravel())


@given(
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60),
    st.randoms(use_true_random=False),
)
def test_sets_are_named_by_their_least_member(pairs: list[tuple[int, int]], random: Any) -> None:
    label = list(range(30))
    for a, b in pairs:
        label = [min(label[a], label[b]) if each in (label[a], label[b]) else each for each in label]
    random.shuffle(pairs)
    half, rest = np.arange(30, dtype=np.int32), np.arange(30, dtype=np.int32)
    for k, (a, b) in enumerate(pairs):
        parent = half if k % 2 else rest
        apart = sets.find(parent, a) != sets.find(parent, b)
        assert sets.union(parent, a, b) == apart
    sets.merge(half, rest)
    sets.flatten(half)
    assert half.tolist() == label
