"""The lexicographic order of wide rows without copying them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.core.cgutils import ir  # type: ignore[attr-defined]  # llvmlite's own, of the version numba goes with
from numba.extending import intrinsic
from numpy.typing import NDArray

from spamclf.kernels._compile import compiled
from spamclf.kernels._order import argsort
from spamclf.kernels._types import Bools, Codes

PHOTOS = types.Array(types.uint64, 2, "C", readonly=True)
TEXTS = types.Array(types.uint32, 2, "C", readonly=True)
Words = NDArray[Any]

_FEW = 16  # so many rows are sorted by insertion
_PROBES = 32  # places of the hash table that are looked at; rows made to share a hash must cost no square
_TRIED = 16_384  # rows, after which hashing goes on only if one in _WORTH of them was a copy
_WORTH = 16
_HALF = np.uint64(0xFFFFFFFF)
_LINE = 64  # bytes that come from memory at once
_AHEAD = 4  # rows, a power of two

#: One odd factor for each 32 bits of a row.
FACTORS = np.random.default_rng(128).integers(0, 2**63, 128, np.uint64) * np.uint64(2) + np.uint64(1)


def _fetch(_context: Any, array: Any, _row: Any, _byte: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        words = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, number = ir.IntType(8), ir.IntType(32)
        fetch = builder.module.declare_intrinsic(
            "llvm.prefetch",
            [byte.as_pointer()],
            ir.FunctionType(ir.VoidType(), [byte.as_pointer()] + 3 * [number]),
        )
        place = builder.add(builder.mul(arguments[1], builder.extract_value(words.strides, 0)), arguments[2])
        address = builder.gep(builder.bitcast(words.data, byte.as_pointer()), [place])
        builder.call(fetch, [address, number(0), number(3), number(1)])  # to read, to keep, data
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), generate


#: Have a byte of a row, and those that share its line, on their way from memory: waiting for rows that lie anywhere is
#: most of the work, and more so behind a branch that nobody could guess.
fetch: Any = intrinsic(_fetch)


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


@compiled(_both(types.void, types.int64))
def fetch_row(words: Words, row: int) -> None:
    """Have a row on its way from memory."""
    for byte in range(0, 32 if words.shape[1] == 4 else 512, _LINE):
        fetch(words, row, byte)


@compiled(_both(types.uint64, types.int64))
def _hash(words: Words, i: int) -> np.uint64:
    """Return a sum of products, one for each 32 bits of a row, times an odd number.

    Products of 32 bits wait for nothing, and go many at a time.
    """
    total = np.uint64(0)
    if words.shape[1] == 4:
        for k in range(4):
            total += (np.uint64(words[i, k]) & _HALF) * (FACTORS[2 * k] >> np.uint64(32))
            total += (np.uint64(words[i, k]) >> np.uint64(32)) * (FACTORS[2 * k + 1] >> np.uint64(32))
    else:
        for k in range(FACTORS.size):  # a number that the compiler knows
            total += np.uint64(words[i, k]) * (FACTORS[k] >> np.uint64(32))
    return total * FACTORS[0]


@compiled(_both(types.int64, types.int64, types.int64, types.int32[::1], types.int32[::1], types.uint64[::1]))
def fold(words: Words, low: int, high: int, firsts: Codes, copy_of: Codes, digits: NDArray[np.uint64]) -> int:
    """Find rows of ``[low, high)`` that are copies of an earlier one of them, as far as that is cheap.

    ``firsts[low:end]`` gets those that are left, ascending, ``digits[low:end]`` their first digits, and ``copy_of[i]``
    the place in `firsts` of row `i` or of what it is a copy of; returns the end. A row is called a copy only once it is
    compared; a copy that stays unseen among those left (where many share a hash, or where the first rows hold next to
    no copies) costs the sort more time, and changes no result.
    """
    bits = 8
    while bits < 40 and 2 * (1 << bits) < 3 * (high - low):
        bits += 1
    shift = np.uint64(64 - bits)
    table = np.full(1 << bits, _HALF)  # half of a hash, then the row; a free place has ones instead of a row
    hashes = np.empty(_AHEAD, np.uint64)  # of the next rows: their places of the table are on their way, too
    end = low
    for i in range(low - _AHEAD, high):
        turn, later = i & (_AHEAD - 1), i + _AHEAD
        mine = hashes[turn]
        if later < high:
            fetch_row(words, min(later + _AHEAD, high - 1))
            hashes[turn] = _hash(words, later)
            fetch(table, np.int64(hashes[turn] >> shift), 0)
        if i < low:
            continue
        if i == low + _TRIED and (i - end) * _WORTH < _TRIED:
            for rest in range(i, high):
                fetch(words, min(rest + _AHEAD, high - 1), 0)
                firsts[end], copy_of[rest], digits[end] = rest, end, digit(words, rest, 0)
                end += 1
            break
        place, half, found = np.int64(mine >> shift), mine << np.uint64(32), np.int32(-1)
        for _ in range(_PROBES):
            other = np.int64(table[place] & _HALF)
            if other == np.int64(_HALF):
                table[place] = half | np.uint64(i)
                break
            if table[place] ^ half <= _HALF and equal(words, i, other):
                found = copy_of[other]
                break
            place = (place + 1) & (table.size - 1)
        if found < 0:
            found = np.int32(end)
            firsts[end], digits[end] = i, digit(words, i, 0)
            end += 1
        copy_of[i] = found
    return end


@compiled(_both(types.void, types.int32[::1], types.boolean[::1], types.int64, types.int64, types.int64))
def _insert(words: Words, order: Codes, same: Bools, low: int, high: int, level: int) -> None:
    for place in range(low + 1, high):
        row = order[place]
        hole, above = place, 1
        while hole > low and above > 0:
            above = compare(words, order[hole - 1], row, level)
            if above > 0:
                order[hole], same[hole] = order[hole - 1], same[hole - 1]
                hole -= 1
        order[hole], same[hole] = row, above == 0


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
            by, rows, values = argsort(digits[low:high]), order[low:high].copy(), digits[low:high].copy()
            for k in range(high - low):
                order[low + k], digits[low + k] = rows[by[k]], values[by[k]]
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
            ahead = max(size - _AHEAD, 0)
            for place in range(lows[ahead], min(highs[ahead], lows[ahead] + _FEW)):
                fetch(words, order[place], 0)
                fetch(words, order[place], _LINE)
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
