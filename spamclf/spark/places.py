"""Which number Spark puts into which task: found by its own hash, so that each task gets one shard."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["numbers_of"]

_SEED = 42  # Spark's, of hash partitioning
Words = npt.NDArray[np.uint32]


def numbers_of(n_tasks: int) -> list[int]:
    """Return for each task the least number from 0 that Spark's hash partitioning puts there.

    Were the hash another one some day, tasks would get shards of others beside their own, or none: slower, not wrong.

    Examples
    --------
    >>> numbers_of(4)
    [2, 0, 14, 3]
    """
    numbers = np.arange(0)
    task = numbers
    while np.unique(task).size < n_tasks:
        numbers = np.arange(max(2 * numbers.size, 16 * n_tasks))
        task = _hashes(numbers).view(np.int32).astype(np.int64) % n_tasks
    return [int(each) for each in np.unique(task, return_index=True)[1]]


def _hashes(numbers: npt.NDArray[np.int64]) -> Words:
    """Murmur3 of 64-bit numbers, 32 bits wide."""
    state = np.full(numbers.size, _SEED, np.uint32)
    for word in (numbers.astype(np.uint32), (numbers >> 32).astype(np.uint32)):
        mixed = _turned(word * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)
        state = _turned(state ^ mixed, 13) * np.uint32(5) + np.uint32(0xE6546B64)
    state ^= np.uint32(8)
    state = (state ^ (state >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    state = (state ^ (state >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return state ^ (state >> np.uint32(16))


def _turned(words: Words, by: int) -> Words:
    return (words << np.uint32(by)) | (words >> np.uint32(32 - by))
