"""The order of wide rows against numpy's, and disjoint sets."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf.kernels import rows as kernel
from spamclf.kernels import sets


def collapse(words: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    digits = np.array([kernel.digit(words, row, 0) for row in order], np.uint64)
    by = np.argsort(digits)
    order, digits = order[by], digits[by]
    same = np.zeros(len(order), np.bool_)
    kernel.refine(words, order, digits, same)
    rows, place = np.empty(len(order), np.int32), np.empty(len(words), np.int32)
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
    rows, place = collapse(words, np.arange(len(words), dtype=np.int32))
    if n == 0:
        assert rows.size == place.size == 0
        return
    distinct, first, inverse = np.unique(words, axis=0, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(words[rows], distinct)
    np.testing.assert_array_equal(rows, first)
    np.testing.assert_array_equal(place, inverse.ravel())


@pytest.mark.parametrize(("width", "kind"), [(4, np.uint64), (128, np.uint32)])
@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(1, 60), st.sampled_from([2, 2**32]))
def test_copies_are_folded(width: int, kind: Any, seed: int, n: int, n_distinct: int, high: int) -> None:
    rng = np.random.default_rng(seed)
    words = rng.integers(0, high, (n_distinct, width), kind)[rng.integers(0, n_distinct, n)]
    firsts, copy_of = np.full(n, -1, np.int32), np.empty(n, np.int32)
    digits = np.empty(n, np.uint64)
    left = kernel.fold(words, 0, n, firsts, copy_of, digits)
    assert digits[:left].tolist() == [kernel.digit(words, row, 0) for row in firsts[:left]]
    assert (np.diff(firsts[:left]) > 0).all()
    np.testing.assert_array_equal(words[firsts[copy_of]], words)
    assert left == len({row.tobytes() for row in words})
    np.testing.assert_array_equal(firsts[:left], np.unique(firsts[copy_of]))


def rows_of_one_hash(n: int) -> np.ndarray:
    """Anybody can read the factors: of two, f and g, f times g is g times f."""
    factors = [int(factor) >> 32 for factor in kernel.FACTORS]
    rows = []
    for i, j in itertools.combinations(range(128), 2):
        if max(factors[i], factors[j]) < 2**31:
            rows.append(np.full(128, 2**31, np.int64))
            rows[-1][[i, j]] += (factors[j], -factors[i])
    return np.array(rows[:n]).astype(np.uint32)


def test_rows_that_share_a_hash_are_kept_apart() -> None:
    words = rows_of_one_hash(200)
    sums = (words.astype(np.uint64) * (kernel.FACTORS >> np.uint64(32))).sum(axis=1)
    assert len(words) == 200
    assert len(set(sums.tolist())) == 1
    words = np.concatenate([words, words])
    firsts, copy_of = np.empty(len(words), np.int32), np.empty(len(words), np.int32)
    left = kernel.fold(words, 0, len(words), firsts, copy_of, np.empty(len(words), np.uint64))
    assert 200 < left < 400  # it gave up on some, which costs no square
    np.testing.assert_array_equal(words[firsts[copy_of]], words)
    rows, place = collapse(words, firsts[:left].copy())
    np.testing.assert_array_equal(words[rows], np.unique(words, axis=0))
    np.testing.assert_array_equal(words[rows][place[firsts[copy_of]]], words)


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
    members, starts = np.empty(30, np.int32), np.empty(16, np.int64)
    n = sets.gather(half, np.arange(100, 130, dtype=np.int32), members, starts)
    large = [root for root in sorted(set(label)) if label.count(root) > 1]
    assert np.diff(starts[: n + 1]).tolist() == [label.count(root) for root in large]
    assert members[: starts[n]].tolist() == [100 + i for root in large for i in range(30) if label[i] == root]
