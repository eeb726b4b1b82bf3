"""MinHash: bytes to 32-bit hashes, hashes to signatures, bit for bit those of datasketch 2's scheme ``affine32``.

A signature is made in three steps. Each item's bytes are hashed to 32 bits (xxHash32, or the first four bytes of
SHA-1 read as a little-endian number); the hash is mixed once with MurmurHash3's finaliser; each permutation maps it
to ``a * h + b`` modulo 2**32, and the least value over all items is the signature's.

All loops over items or permutations are written so that LLVM can run them in vector registers: straight-line
bodies on uint32, no branches, padded to a whole number of vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from spamclf.kernels._compile import compiled
from spamclf.kernels._hashes import (
    BYTES,
    P5,
    START,
    ZERO,
    avalanche,
    compress,
    swap,
    take_byte,
    take_word,
    xxh32,
)
from spamclf.kernels._types import Bytes, Codes, Ints

Words = NDArray[np.uint32]

XXH32 = 0
SHA1 = 1

_LANES = 16  # loops over items run to the next multiple: a remainder of scalar SHA-1 would cost as much as the rest
_PAD = 32  # bytes behind the last text that may be read, and are ignored
_SIZE = 5  # code points of a shingle, at most 20 bytes
_AT_ONCE = 8  # hashes that the permutations take at once

# Arrow's memory is read-only, and a read-only array is another type to numba; one that may be written also fits.
_OFFSETS = types.Array(types.int64, 1, "C", readonly=True)
_HASHES = types.Array(types.uint32, 1, "C", readonly=True)
_WEIGHTS = types.Array(types.uint8, 1, "C", readonly=True)
_U = types.uint32

_M1 = np.uint32(0x85EBCA6B)
_M2 = np.uint32(0xC2B2AE35)
_MOST = np.uint32(0xFFFFFFFF)

#: From one item of an element to the next, where it stands for several.
STEP = np.uint32(0x9E3779B9)


@compiled(_U(_U))
def mix(h: Any) -> Any:
    """MurmurHash3's finaliser, a bijection."""
    h = np.uint32(h ^ np.uint32(h >> np.uint32(16)))
    h = np.uint32(h * _M1)
    h = np.uint32(h ^ np.uint32(h >> np.uint32(13)))
    h = np.uint32(h * _M2)
    return np.uint32(h ^ np.uint32(h >> np.uint32(16)))


@compiled(types.void(BYTES, _OFFSETS, _U[::1], types.int64, types.int64))
def xxh32_of_items(data: Bytes, offsets: Ints, out: Words, low: int, high: int) -> None:
    """Write the hashes of the items ``[low, high)``; item i is ``data[offsets[i]:offsets[i + 1]]``."""
    for i in range(low, high):
        out[i] = xxh32(data, offsets[i], offsets[i + 1])


# ---- shingles of five code points ----------------------------------------------------------------------------


@compiled("UniTuple(int64, 2)(uint8[::1], int64, int32[::1])")
def _cut(text: Bytes, n_bytes: int, starts: Codes) -> tuple[int, int]:
    """Write where each code point starts, and the end; return the number of shingles and of their longest's bytes.

    A text of less than five code points is one shingle; the empty text has none.
    """
    n = 0
    for at in range(n_bytes):
        starts[n] = at
        n += (text[at] & 0xC0) != 0x80
    starts[n] = n_bytes
    if n < _SIZE:
        starts[_SIZE] = n_bytes
        return min(n, 1), n_bytes
    longest = 0
    for i in range(n - _SIZE + 1):
        longest = max(longest, starts[i + _SIZE] - starts[i])
    return n - _SIZE + 1, longest


@compiled("void(uint8[::1], int64, uint32[::1])")
def _read_words(text: Bytes, n: int, words: Words) -> None:
    """Read a word of four bytes, the least first, at every place."""
    for at in range(n):
        low = np.uint32(np.uint32(text[at]) | np.uint32(np.uint32(text[at + 1]) << np.uint32(8)))
        high = np.uint32(np.uint32(text[at + 2]) | np.uint32(np.uint32(text[at + 3]) << np.uint32(8)))
        words[at] = np.uint32(low | np.uint32(high << np.uint32(16)))


@compiled("void(uint32[::1], int64, uint32[::1])")
def _xxh32_of_ascii(words: Words, n: int, out: Words) -> None:
    """Hash shingles of five bytes, each a byte further than the one before."""
    h = np.uint32(P5 + np.uint32(_SIZE))
    for at in range(n):
        fifth = np.uint32(words[at + 1] >> np.uint32(24))
        out[at] = avalanche(take_byte(take_word(h, words[at]), fifth))


@compiled("void(uint32[::1], int32[::1], int64, uint32[:, ::1])")
def _xxh32_blocks(words: Words, starts: Codes, n: int, out: Words) -> None:
    """Write the first four words of each shingle, which hold all of one of less than 16 bytes."""
    for i in range(n):
        at = np.int64(starts[i])
        out[0, i] = words[at]
        out[1, i] = words[at + 4]
        out[2, i] = words[at + 8]
        out[3, i] = words[at + 12]


@compiled("void(uint32[:, ::1], int32[::1], int64, uint32[::1])")
def _xxh32_shingles(blocks: Words, starts: Codes, n: int, out: Words) -> None:
    """Hash shingles of less than 16 bytes: up to three words, then up to three bytes.

    All of them are worked in, whatever the length; a select takes those that belong.
    """
    for i in range(n):
        length = np.uint32(starts[i + _SIZE] - starts[i])
        h, rest = np.uint32(P5 + length), blocks[0, i]
        for k in range(3):
            whole = length >= np.uint32(4 * k + 4)
            taken = take_word(h, blocks[k, i])
            h = taken if whole else h
            rest = blocks[k + 1, i] if whole else rest
        odd = np.uint32(length & np.uint32(3))
        taken = take_byte(h, np.uint32(rest & np.uint32(0xFF)))
        h = taken if odd >= np.uint32(1) else h
        taken = take_byte(h, np.uint32(np.uint32(rest >> np.uint32(8)) & np.uint32(0xFF)))
        h = taken if odd >= np.uint32(2) else h
        taken = take_byte(h, np.uint32(np.uint32(rest >> np.uint32(16)) & np.uint32(0xFF)))
        h = taken if odd >= np.uint32(3) else h
        out[i] = avalanche(h)


@compiled("void(uint32[::1], int32[::1], int64, uint32[:, ::1])")
def _sha1_blocks(words: Words, starts: Codes, n: int, out: Words) -> None:
    """Write those words of SHA-1's blocks that are not always zero: 0 to 5, and 15."""
    for i in range(n):
        at = np.int64(starts[i])
        length = np.int32(starts[i + _SIZE] - starts[i])
        for k in range(6):
            word = swap(words[at + 4 * k])
            over = np.int32(4 * k + 4 - length)  # bytes of the word that are not the shingle's
            shift = np.uint32(
                8 * min(max(int(over), 1), 4) - 1
            )  # of the bit that ends the message; below it zeros
            ended = np.uint32(np.uint32(np.uint32(word >> shift) | np.uint32(1)) << shift)
            out[k, i] = word if over <= 0 else (ended if over <= 4 else ZERO)
        out[6, i] = np.uint32(8 * length)


@compiled("void(uint32[:, ::1], int64, uint32[::1])")
def _sha1_shingles(words: Words, n: int, out: Words) -> None:
    """Hash shingles of at most 20 bytes: each is one block, whose words 6 to 14 are zero."""
    z = ZERO
    for i in range(n):
        block = (
            words[0, i], words[1, i], words[2, i], words[3, i], words[4, i], words[5, i], z, z, z, z, z, z, z, z, z,
            words[6, i],
        )  # fmt: skip
        out[i] = swap(compress(START, block)[0])


# ---- signatures ----------------------------------------------------------------------------------------------


@compiled("int64(uint32[::1], int64, uint64[::1], uint64, uint32[::1])")
def _distinct(hashes: Words, n: int, seen: Any, stamp: Any, out: Words) -> int:
    """Mix the different ones among ``hashes[:n]``, which get lost, into `out`; return how many there are.

    `seen` is a hash table that is never cleared: a place that bears another stamp is free. The first pass has no
    branch to guess wrong and settles all but those whose place another one holds.
    """
    mask = 16
    while mask < 2 * n:
        mask *= 2
    mask -= 1
    for i in range(n):
        hashes[i] = mix(hashes[i])
    high = np.uint64(stamp << np.uint64(32))
    count = unsure = 0
    for i in range(n):
        h = hashes[i]
        value = np.uint64(high | np.uint64(h))
        place = np.int64(h) & mask
        there = seen[place]
        free = there >> np.uint64(32) != stamp
        seen[place] = value if free else there
        out[count] = h
        count += free
        hashes[unsure] = h
        unsure += (not free) & (there != value)
    for i in range(unsure):
        value = np.uint64(high | np.uint64(hashes[i]))
        place = np.int64(hashes[i]) & mask
        while seen[place] >> np.uint64(32) == stamp and seen[place] != value:
            place = (place + 1) & mask
        if seen[place] != value:
            seen[place] = value
            out[count] = hashes[i]
            count += 1
    return count


@compiled("void(uint32[::1], int64, uint32[::1], uint32[::1], uint32[::1])")
def minima(mixed: Words, n: int, a: Words, b: Words, out: Words) -> None:
    """Write each permutation's least value over ``mixed[:n]``, which has `_AT_ONCE` more places."""
    for k in range(out.size):
        out[k] = _MOST
    if n == 0:
        return
    for i in range(n, n + _AT_ONCE):
        mixed[i] = mixed[n - 1]
    for i in range(
        0, n, _AT_ONCE
    ):  # several at once, for each trip of the permutations to the registers and back
        p, q, r, s = mixed[i], mixed[i + 1], mixed[i + 2], mixed[i + 3]
        t, u, v, w = mixed[i + 4], mixed[i + 5], mixed[i + 6], mixed[i + 7]
        for k in range(out.size):
            x, y = a[k], b[k]
            one = min(np.uint32(np.uint32(x * p) + y), np.uint32(np.uint32(x * q) + y))
            two = min(np.uint32(np.uint32(x * r) + y), np.uint32(np.uint32(x * s) + y))
            three = min(np.uint32(np.uint32(x * t) + y), np.uint32(np.uint32(x * u) + y))
            four = min(np.uint32(np.uint32(x * v) + y), np.uint32(np.uint32(x * w) + y))
            out[k] = min(out[k], min(min(one, two), min(three, four)))


@compiled(
    types.void(
        BYTES,
        _OFFSETS,
        types.int64,
        _U[::1],
        _U[::1],
        _U[:, ::1],
        types.int32[::1],
        types.int64,
        types.int64,
    )
)
def of_texts(
    data: Bytes,
    offsets: Ints,
    which: int,
    a: Words,
    b: Words,
    out: Words,
    n_shingles: Codes,
    low: int,
    high: int,
) -> None:
    """Write the signatures, and the numbers of different shingles, of the texts ``[low, high)``.

    Text i is ``data[offsets[i]:offsets[i + 1]]`` in UTF-8. Shingles are told apart by their 32-bit hashes, which
    are all that a signature knows of them.
    """
    longest = 0
    for i in range(low, high):
        longest = max(longest, offsets[i + 1] - offsets[i])
    text = np.zeros(longest + _PAD, np.uint8)
    words = np.zeros(longest + _PAD, np.uint32)
    starts = np.zeros(longest + _PAD, np.int32)
    hashes = np.zeros(longest + _PAD, np.uint32)
    mixed = np.zeros(longest + _PAD, np.uint32)
    blocks = np.zeros((7, longest + _PAD), np.uint32)
    seen = np.zeros(4 * longest + _PAD, np.uint64)
    for i in range(low, high):
        begin, n_bytes = offsets[i], offsets[i + 1] - offsets[i]
        text[:n_bytes] = data[begin : begin + n_bytes]  # a loop of our own would go byte by byte
        _read_words(text, n_bytes + _PAD - 4, words)
        top = np.uint32(0)
        for k in range(n_bytes - 3):
            top |= words[k]
        ascii_fives = n_bytes >= _SIZE and top & np.uint32(0x80808080) == 0 and which == XXH32
        if ascii_fives:
            n = n_bytes - _SIZE + 1
            _xxh32_of_ascii(words, n, hashes)
        else:
            n, bytes_of_longest = _cut(text, n_bytes, starts)
            if which == XXH32:
                _xxh32_blocks(words, starts, n, blocks)
                _xxh32_shingles(blocks, starts, n, hashes)
                for k in range(n if bytes_of_longest >= 16 else 0):
                    if starts[k + _SIZE] - starts[k] >= 16:
                        hashes[k] = xxh32(text, starts[k], starts[k + _SIZE])
            else:
                _sha1_blocks(words, starts, n, blocks)
                _sha1_shingles(blocks, (n + _LANES - 1) // _LANES * _LANES, hashes)
        n_shingles[i] = _distinct(hashes, n, seen, np.uint64(i - low + 1), mixed)
        minima(mixed, n_shingles[i], a, b, out[i])


@compiled(types.void(_HASHES, _WEIGHTS, _OFFSETS, _U[::1], _U[::1], _U[:, ::1], types.int64, types.int64))
def of_sets(
    hashes: Words, weights: Bytes, offsets: Ints, a: Words, b: Words, out: Words, low: int, high: int
) -> None:
    """Write the signatures of the sets ``[low, high)``; set i is ``hashes[offsets[i]:offsets[i + 1]]``.

    A hash of weight w stands for w items: itself, and that plus `STEP`, plus twice `STEP` and so on.
    """
    largest = 0
    for i in range(low, high):
        size = 0
        for k in range(offsets[i], offsets[i + 1]):
            size += weights[k]
        largest = max(largest, size)
    mixed = np.zeros(largest + _PAD, np.uint32)
    for i in range(low, high):
        n = 0
        for k in range(offsets[i], offsets[i + 1]):
            item = hashes[k]
            for _ in range(weights[k]):
                mixed[n] = mix(item)
                item = np.uint32(item + STEP)
                n += 1
        minima(mixed, n, a, b, out[i])
