"""Photo distances, and every pair within the bound, by comparing all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import kernels
from spamclf.kernels import sets

N = 300


def photos(seed: int, n: int = N, most: int = 33) -> np.ndarray:
    """Random photos, copies with up to `most` changed bits, and copies of copies."""
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 2**64, (n, 4), np.uint64)
    for i in range(n // 10, n):
        words[i] = words[rng.integers(0, i)]
        for bit in rng.choice(256, rng.integers(0, most + 1), replace=False):
            words[i, bit >> 6] ^= np.uint64(1) << np.uint64(bit & 63)
    return words


def roots_by_comparing_all(words: np.ndarray, most: int) -> list[int]:
    near = np.bitwise_count(words[:, None] ^ words[None]).sum(axis=2) <= most
    root = np.arange(len(words))
    for _ in range(len(words)):
        least = np.where(near, root[None], len(words)).min(axis=1)
        if (least == root).all():
            break
        root = least
    return [int(each) for each in root]


def roots(words: np.ndarray, most: int, step: int) -> list[int]:
    whole = np.arange(len(words), dtype=np.int32)
    for part in range(step):
        parent = np.arange(len(words), dtype=np.int32)
        kernels.hamming.link(words, part, step, most, parent)
        sets.merge(whole, parent)
    sets.flatten(whole)
    return whole.tolist()


def test_distance() -> None:
    words = photos(1)
    other = words[::-1].copy()
    other.flags.writeable = False
    expected = np.bitwise_count(words ^ other).sum(axis=1)
    assert [kernels.hamming.hamming256(words, i, other, i) for i in range(N)] == expected.tolist()
    ends = np.array([[0] * 4, [2**64 - 1] * 4], np.uint64)
    assert kernels.hamming.hamming256(ends, 0, ends, 1) == 256


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([0, 7, 15, 16, 30, 31]), st.sampled_from([1, 2, 5]))
def test_links_as_comparing_all_does(seed: int, most: int, step: int) -> None:
    words = photos(seed, 120)
    expected = roots_by_comparing_all(words, most)
    assert roots(words, most, step) == expected
    parent = np.arange(120, dtype=np.int32)
    kernels.hamming.link_all(words, most, parent)
    sets.flatten(parent)
    assert parent.tolist() == expected


@pytest.mark.parametrize("most", [16, 31])
@pytest.mark.parametrize("spread", [12, 33, 60])
def test_links_within_full_buckets(most: int, spread: int) -> None:
    """A bucket of hundreds: several hot pictures, and strangers that share 16 bits with them."""
    rng = np.random.default_rng(spread)
    words = np.repeat(rng.integers(0, 2**64, (4, 4), np.uint64), 200, axis=0)
    for i in range(len(words)):
        for bit in rng.choice(256, rng.integers(0, spread + 1), replace=False):
            words[i, bit >> 6] ^= np.uint64(1) << np.uint64(bit & 63)
    strangers = rng.integers(0, 2**64, (300, 4), np.uint64)
    strangers[:, 0] = words[0, 0]
    words = rng.permutation(np.concatenate([words, strangers]))
    words[::2, 2] &= np.uint64(0xFFFF)  # and half of all share 48 bits
    expected = roots_by_comparing_all(words, most)
    assert roots(words, most, 1) == roots(words, most, 3) == expected


def test_a_pair_that_differs_by_the_bound_in_any_way_is_found() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        pair = np.repeat(rng.integers(0, 2**64, (1, 4), np.uint64), 2, axis=0)
        one = rng.integers(0, 16)
        for chunk in range(16):  # two bits in each chunk but one
            for bit in rng.choice(16, 1 if chunk == one else 2, replace=False):
                place = 16 * chunk + int(bit)
                pair[1, place >> 6] ^= np.uint64(1) << np.uint64(place & 63)
        assert kernels.hamming.hamming256(pair, 0, pair, 1) == 31
        assert roots(pair, 31, 1) == [0, 0]
        assert roots(pair, 30, 1) == [0, 1]


@pytest.mark.parametrize("n", [10, 600, 2_000])
def test_of_a_scattered_set_half_is_cut_or_so_many(n: int) -> None:
    words = np.random.default_rng(n).integers(0, 2**64, (n, 4), np.uint64)  # nobody is in reach of another
    members, starts = np.arange(n, dtype=np.int32), np.array([0, n])
    medoids, inside = np.empty(n, np.int32), np.empty(n, np.bool_)
    kernels.hamming.centre(words, members, starts, 31, medoids, inside, 0, 1)
    assert inside.sum() == min(n // 2, kernels.hamming.CUTS)
    np.testing.assert_array_equal(medoids[inside], members[inside])
