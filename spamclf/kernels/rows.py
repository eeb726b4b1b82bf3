"""The lexicographic order of wide rows without copying them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bools, Codes

PHOTOS = types.Array(types.uint64, 2, "C", readonly=True)
TEXTS = types.Array(types.uint32, 2, "C", readonly=True)
Words = NDArray[Any]

_FEW = 16  # so many rows are sorted by insertion
_PROBES = 32  # places of the hash table that are looked at; rows made to share a hash must cost no square
_TRIED = 16_384  # rows, after which hashing goes on only if one in _WORTH of them was a copy
_WORTH = 16

#: One odd factor for each 32 bits of a row.
FACTORS = np.random.default_rng(128).integers(0, 2**63, 128, np.uint64) * np.uint64(2) + np.uint64(1)


def _both(returned: Any, *rest: Any) -> list[Any]:
    return [returned(words, *rest) for words in (PHOTOS, TEXTS)]


@compiled(_both(types.uint64, types.int64, types.int64))
def digit(words: Words, i: int, level: int) -> np.uint64:
    """Return the 64 bits of a row at a level; rows compare as their digits do, the first first."""
    if words.shape[1] == 4:
        return np.uint64(words[i, level])
    return (np.uint64(words[i, 2 * level]) << np.uint64(32)) | np.uint64(words[i, 2 * level + 1])


@compiled(_both(types.boolean, types.int64, types.int64))
def equal(words: Words, i: int, j: int) -> bool:
    """Tell whether two rows are equal, without stopping early: a few wide instructions."""
    differ = words[i, 0] ^ words[j, 0]
    for k in range(1, words.shape[1]):
        differ |= words[i, k] ^ words[j, k]
    return differ == 0


@compiled(_both(types.int64, types.int64, types.int64, types.int64))
def compare(words: Words, i: int, j: int, level: int) -> int:
    """Return -1, 0 or 1 as row `i` is below, equal to or above row `j`; digits before `level` are known to agree."""
    first = level if words.shape[1] == 4 else 2 * level
    for k in range(first, words.shape[1]):
        if words[i, k] != words[j, k]:
            return -1 if words[i, k] < words[j, k] else 1
    return 0


@compiled(_both(types.uint64, types.int64))
def _hash(words: Words, i: int) -> np.uint64:
    """Return a sum of products, one for each 32 bits of a row; none waits for another, so they go many at a time."""
    total = np.uint64(0)
    if words.shape[1] == 4:
        for k in range(4):
            total += (np.uint64(words[i, k]) & np.uint64(0xFFFFFFFF)) * FACTORS[2 * k]
            total += (np.uint64(words[i, k]) >> np.uint64(32)) * FACTORS[2 * k + 1]
    else:
        for k in range(words.shape[1]):
            total += np.uint64(words[i, k]) * FACTORS[k]
    return total


@compiled(_both(types.int64, types.int32[::1], types.int32[::1]))
def fold(words: Words, firsts: Codes, copy_of: Codes) -> int:
    """Find rows that are copies of an earlier one, as far as that is cheap; return how many are left.

    ``firsts[:left]`` gets those left, ascending, and ``copy_of[i]`` the place there of row `i` or of what it is a copy
    of. A row is called a copy only once it is compared; a copy that stays unseen among those left (where many share a
    hash, or where the first rows hold next to no copies) costs the sort more time, and changes no result.
    """
    n = words.shape[0]
    bits = 4
    while bits < 40 and (1 << bits) < 2 * n:
        bits += 1
    table = np.full(1 << bits, -1, np.int32)
    hashes = np.empty(n, np.uint64)
    left = 0
    for i in range(n):
        if i == _TRIED and (i - left) * _WORTH < i:
            for rest in range(i, n):
                firsts[left], copy_of[rest] = rest, left
                left += 1
            break
        mine = _hash(words, i)
        place = np.int64(mine >> np.uint64(64 - bits))
        found = -1
        for _ in range(_PROBES):
            other = table[place]
            if other < 0:
                table[place] = left
                break
            if hashes[other] == mine and equal(words, i, firsts[other]):
                found = other
                break
            place = (place + 1) & (table.size - 1)
        if found < 0:
            found = left
            firsts[left], hashes[left] = i, mine
            left += 1
        copy_of[i] = found
    return left


@compiled(_both(types.void, types.int32[::1], types.uint64[::1]))
def first_digits(words: Words, order: Codes, digits: NDArray[np.uint64]) -> None:
    """Write the first digit of each of the rows `order`."""
    for place in range(order.size):
        digits[place] = digit(words, order[place], 0)


@compiled(_both(types.void, types.int32[::1], types.boolean[::1], types.int64, types.int64, types.int64))
def _insert(words: Words, order: Codes, same: Bools, low: int, high: int, level: int) -> None:
    for place in range(low + 1, high):
        row = order[place]
        hole = place
        while hole > low and compare(words, order[hole - 1], row, level) > 0:
            order[hole] = order[hole - 1]
            hole -= 1
        order[hole] = row
    for place in range(low + 1, high):
        same[place] = compare(words, order[place - 1], order[place], level) == 0


@compiled(_both(types.int64, types.int32[::1], types.uint64[::1], types.int64, types.int64, types.int64))
def _sort_by_next(
    words: Words, order: Codes, digits: NDArray[np.uint64], low: int, high: int, level: int
) -> int:
    """Sort ``order[low:high]`` by the first level at which rows differ; return it (if none, the one after the last)."""
    n_levels = words.shape[1] if words.shape[1] == 4 else words.shape[1] // 2
    place = low + 1
    while place < high and equal(words, order[low], order[place]):  # a text that many sent, as a rule
        place += 1
    if place == high:
        return n_levels
    while level < n_levels:
        differ = False
        for place in range(low, high):
            digits[place] = digit(words, order[place], level)
            differ |= digits[place] != digits[low]
        if differ:
            by = np.argsort(
                digits[low:high], kind="mergesort"
            )  # quicksort can be made to need a square of time
            order[low:high] = order[low:high][by]
            digits[low:high] = digits[low:high][by]
            return level
        level += 1
    return level


@compiled(_both(types.void, types.int32[::1], types.uint64[::1], types.boolean[::1]))
def refine(words: Words, order: Codes, digits: NDArray[np.uint64], same: Bools) -> None:
    """Order rows that are sorted by their first digits (`digits`, in that order) by all; mark those equal to the last.

    Only rows that agree so far are looked at again, digit by digit: each of an identical row's bytes is read once.
    """
    n, n_levels = order.size, words.shape[1] if words.shape[1] == 4 else words.shape[1] // 2
    lows, highs, levels = (
        np.empty(n // 2 + 1, np.int32),
        np.empty(n // 2 + 1, np.int32),
        np.empty(n // 2 + 1, np.int8),
    )
    size = 0
    low, high, level = 0, n, 0
    while True:
        start = low
        for place in range(low + 1, high + 1):  # runs of equal digits
            if place == high or digits[place] != digits[start]:
                if place - start > 1:
                    lows[size], highs[size], levels[size] = start, place, level + 1
                    size += 1
                start = place
        while size:
            size -= 1
            low, high, level = lows[size], highs[size], levels[size]
            if high - low <= _FEW:
                _insert(words, order, same, low, high, level)
                continue
            level = _sort_by_next(words, order, digits, low, high, level)
            if level < n_levels:
                break
            same[low + 1 : high] = True
        else:
            return


@compiled("int64(int32[::1], boolean[::1], int32[::1], int32[::1])")
def collapse(order: Codes, same: Bools, rows: Codes, place: Codes) -> int:
    """Number the distinct rows; return their count. `rows` gets the first of each, `place` the number of each row."""
    n = 0
    for p in range(order.size):
        if same[p]:
            rows[n - 1] = min(rows[n - 1], order[p])
        else:
            rows[n] = order[p]
            n += 1
        place[order[p]] = n - 1
    return n
