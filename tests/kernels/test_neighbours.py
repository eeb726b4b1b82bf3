"""Photos in reach of a print: all of them, each once, as comparing all pairs finds them."""

from __future__ import annotations

import numpy as np
import pytest

from spamclf import kernels
from spamclf.campaigns.shown import Prints
from spamclf.features.around import LISTED, _neighbours


def edited(base: np.ndarray, n_bits: int, rng: np.random.Generator) -> np.ndarray:
    bits = np.zeros(256, np.uint8)
    bits[rng.choice(256, n_bits, replace=False)] = 1
    return base ^ np.packbits(bits, bitorder="little").view(np.uint64)


@pytest.mark.parametrize("seed", range(8))
def test_every_pair_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bases = rng.integers(0, 2**63, (6, 4), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    words = np.unique(
        [edited(bases[k % 6], int(rng.choice([0, 3, 16, 30, 31, 32])), rng) for k in range(120)], axis=0
    )
    n_versions = rng.choice([1, 8], 50)
    versions = words[rng.integers(0, len(words), (50, 8))]
    versions[::2, 1] = versions[::2, 0]  # a picture that is its own mirror image
    prints = Prints(np.zeros(50, np.int32), versions, n_versions)
    offsets, near = _neighbours(prints, words, LISTED, 1000)
    distance = np.bitwise_count(versions[:, :, None, :] ^ words[None, None]).sum(axis=3)
    for k in range(50):
        want = np.flatnonzero((distance[k, : n_versions[k]] <= 31).any(axis=0))
        got = sorted(near[offsets[k] : offsets[k + 1]].tolist())
        assert got == (want.tolist() if want.size <= LISTED else [])


def test_one_with_too_many_lists_none() -> None:
    rng = np.random.default_rng(1)
    base = rng.integers(0, 2**63, 4, dtype=np.uint64)
    words = np.unique([edited(base, 4, rng) for _ in range(LISTED + 40)], axis=0)
    prints = Prints(np.zeros(1, np.int32), np.repeat(base[None, None], 8, axis=1), np.ones(1, np.int64))
    offsets, near = _neighbours(prints, words, LISTED, 1000)
    assert offsets.tolist() == [0, 0]
    assert near.size == 0


@pytest.mark.parametrize("near", [True, False])
def test_thousands_that_share_a_part_are_not_held_against_each_other(near: bool) -> None:
    """Neither near copies nor strangers that agree in one part of sixteen."""
    rng = np.random.default_rng(2)
    n, most = 4_000, 100
    words = rng.integers(0, 2**64, (n, 4), np.uint64)
    if near:
        words = np.unique([edited(words[0], int(k), rng) for k in rng.integers(1, 9, n)], axis=0)
    else:
        words[:, 0] &= ~np.uint64(0xFFFF)
    n = len(words)
    ends, members, columns = np.empty(65_536, np.int64), np.empty(n, np.int32), np.empty((4, n), np.uint64)
    versions, counts, effort = np.repeat(words, 8, axis=0), np.zeros(n, np.int32), np.zeros(1, np.int64)
    for chunk in range(16):
        kernels.hamming.sort_by_chunk(words, chunk, ends, members, columns)
        one = np.ones(n, np.int64)
        kernels.neighbours.find(
            chunk, versions, one, words, ends, members, columns, LISTED, most, counts, effort
        )
    assert effort[0] <= n * (LISTED + most)
    assert (counts > LISTED).mean() > 0.99
