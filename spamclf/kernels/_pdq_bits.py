"""The bits of PDQ: from the 64 x 64 reduction of a picture to its hashes and its quality.

Arithmetic in Meta's order, as in `spamclf.kernels.pdq`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spamclf.kernels._compile import compiled

Singles = NDArray[np.float32]
Words = NDArray[np.uint64]

SIDE = 64  # of the reduction
_KEPT = 16  # frequencies kept along each axis, the constant one left out
_BITS = _KEPT * _KEPT
_HALF = (_BITS - 1) // 2  # the place of the lower median

_ROWS = "float32[:, ::1]"
_MATRIX = "Array(float32, 2, 'C', readonly=True)"
_WORDS = "uint64[:, ::1]"

_SCALE = float(np.float32(np.sqrt(2.0 / SIDE)))
#: The cosine transform, (frequency, place), and turned.
_COSINES = np.array(
    [
        [_SCALE * float(np.cos(np.pi / (2.0 * SIDE) * i * (2 * j + 1))) for j in range(SIDE)]
        for i in range(1, _KEPT + 1)
    ],
    np.float32,
)
_COSINES_T = np.ascontiguousarray(_COSINES.T)
_FLIPS = np.where(
    np.arange(_KEPT) % 2 == 0, -1.0, 1.0
)  # the signs that mirroring gives the frequencies of an axis
#: Of the 256 frequencies in a picture that is not mirrored, left to right, top to bottom, and both ways.
_SIGNS = np.array(
    [np.outer(down, across) for down in (_FLIPS**2, _FLIPS) for across in (_FLIPS**2, _FLIPS)], np.float32
).reshape(4, _BITS)


@compiled("float32(float32, float32)", inline=True)
def _step(one: float, other: float) -> np.float32:
    step = np.float32(np.int32((one - other) * np.float32(100) / np.float32(255)))
    return max(step, -step)


@compiled(f"int64({_ROWS})")
def quality(small: Singles) -> int:
    """Return 0..100: the steps between neighbours of the reduction, in whole percents of the range of grey.

    Whole numbers as singles, summed by columns: exact below 2 ** 24, and eight at a time.
    """
    totals = np.zeros(SIDE, np.float32)
    for i in range(SIDE):
        for j in range(SIDE - 1):
            totals[j] += _step(small[i, j], small[i, j + 1])
    for i in range(SIDE - 1):
        for j in range(SIDE):
            totals[j] += _step(small[i, j], small[i + 1, j])
    total = 0
    for j in range(SIDE):
        total += int(totals[j])
    return min(total // 90, 100)


@compiled(f"void({_MATRIX}, {_MATRIX}, {_ROWS})", inline=True)
def _product(left: Singles, right: Singles, out: Singles) -> None:
    """Multiply matrices; each sum is taken in the order of its terms.

    Four rows and four terms at a time, so that what is read is used more than once. Inlined, a cosine is known to be
    none of the numbers that are written.
    """
    out[:] = 0.0
    for i in range(0, left.shape[0], 4):
        for k in range(0, left.shape[1], 4):
            for j in range(right.shape[1]):
                one, two, three, four = right[k, j], right[k + 1, j], right[k + 2, j], right[k + 3, j]
                for row in range(i, i + 4):
                    total = out[row, j] + left[row, k] * one
                    total += left[row, k + 1] * two
                    total += left[row, k + 2] * three
                    out[row, j] = total + left[row, k + 3] * four


@compiled("float32(float32[::1])")
def lower_median(values: Singles) -> float:
    """Return the lower median of 256 values.

    Singles are in the order of their bits, taken for whole numbers, once those of negative ones are turned over. So
    the bits of the median are found one by one, from the highest, by counting what is below. No branch depends on
    the values: guessing wrong costs quickselect ten times as much as all this counting.
    """
    keys = np.empty(_BITS, np.int32)
    bits = values.view(np.int32)
    for i in range(_BITS):
        keys[i] = bits[i] ^ (bits[i] >> 31 & 0x7FFFFFFF)
    found = -(2**31)
    for place in range(31, -1, -1):
        probe = np.int32(found + (1 << place))
        below = np.int32(0)
        for i in range(_BITS):
            below = np.int32(below + np.int32(keys[i] < probe))
        if below <= _HALF:
            found += 1 << place
    keys[0] = found ^ (found >> 31 & 0x7FFFFFFF)
    return keys.view(np.float32)[0]


@compiled("void(float32[::1], float32, uint64[::1])")
def _above(values: Singles, median: float, out: Words) -> None:
    """Set a bit for each value above the median; the first word holds the highest bits, as hex digits do."""
    for word in range(4):
        bits = np.uint64(0)
        for bit in range(64):
            bits |= np.uint64(values[64 * word + bit] > median) << np.uint64(bit)
        out[3 - word] = bits


@compiled(f"void({_ROWS}, {_WORDS})")
def _eight(frequencies: Singles, out: Words) -> None:
    """Fill `out` with the hashes of the picture turned by 0, 90, 180, 270 degrees and mirrored in four ways."""
    straight = frequencies.copy().ravel()
    swapped = frequencies.T.copy().ravel()
    signed = np.empty(_BITS, np.float32)
    for signs in range(4):
        for k in range(_BITS):
            signed[k] = straight[k] * _SIGNS[signs, k]
        median = lower_median(signed)
        _above(signed, median, out[(0, 5, 4, 2)[signs]])
        for k in range(_BITS):
            signed[k] = swapped[k] * _SIGNS[(0, 2, 1, 3)[signs], k]
        _above(signed, median, out[(6, 1, 3, 7)[signs]])


@compiled(f"int64({_ROWS}, {_WORDS})")
def hash_small(small: Singles, out: Words) -> int:
    """Fill `out`, (8, 4), with the eight hashes of a picture given as its reduction, and return its quality."""
    half = np.empty((_KEPT, SIDE), np.float32)
    frequencies = np.empty((_KEPT, _KEPT), np.float32)
    _product(_COSINES, small, half)
    _product(half, _COSINES_T, frequencies)
    _eight(frequencies, out)
    return quality(small)
