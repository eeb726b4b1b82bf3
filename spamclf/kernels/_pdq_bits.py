"""The bits of PDQ: from the 64 x 64 reduction of a picture to its hashes and its quality.

Arithmetic in Meta's order, as in `spamclf.kernels.pdq`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spamclf.kernels._compile import compiled
from spamclf.kernels._select import select

Singles = NDArray[np.float32]
Words = NDArray[np.uint64]

SIDE = 64  # of the reduction
_KEPT = 16  # frequencies kept along each axis, the constant one left out
_HALF = (_KEPT * _KEPT - 1) // 2  # the place of the lower median

_ROWS = "float32[:, ::1]"
_MATRIX = "Array(float32, 2, 'C', readonly=True)"

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


@compiled(f"void({_MATRIX}, {_MATRIX}, {_ROWS})")
def _product(left: Singles, right: Singles, out: Singles) -> None:
    """Multiply matrices; each sum is taken in the order of its terms, four of them in one pass."""
    for i in range(left.shape[0]):
        out[i] = 0.0
        for k in range(0, left.shape[1], 4):
            one, two, three, four = left[i, k], left[i, k + 1], left[i, k + 2], left[i, k + 3]
            for j in range(right.shape[1]):
                total = out[i, j] + one * right[k, j]
                total += two * right[k + 1, j]
                total += three * right[k + 2, j]
                out[i, j] = total + four * right[k + 3, j]


@compiled(f"void({_ROWS}, uint64[:, ::1])")
def _eight(frequencies: Singles, out: Words) -> None:
    """Fill `out` with the hashes of the picture turned by 0, 90, 180, 270 degrees and mirrored in four ways.

    Turning and mirroring a picture changes the signs of its frequencies and swaps their axes. A bit says that its
    frequency is above the median; the first word holds the highest bits, as hex digits do.
    """
    signed = np.empty(_KEPT * _KEPT, np.float32)
    scratch = np.empty(_KEPT * _KEPT, np.float32)
    out[:] = 0
    for signs in range(4):
        for i in range(_KEPT):
            for j in range(_KEPT):
                flip = (signs & 1 and j % 2 == 0) != (signs & 2 and i % 2 == 0)
                signed[i * _KEPT + j] = -frequencies[i, j] if flip else frequencies[i, j]
        scratch[:] = signed
        select(scratch, scratch.size, _HALF, scratch.size)
        median = scratch[_HALF]
        straight, swapped = (0, 5, 4, 2)[signs], (6, 1, 3, 7)[signs]
        for i in range(_KEPT):
            for j in range(_KEPT):
                bit, mirror = i * _KEPT + j, j * _KEPT + i
                above = np.uint64(signed[bit] > median)  # no branch: which way it goes cannot be guessed
                out[straight, 3 - bit // 64] |= above << np.uint64(bit % 64)
                out[swapped, 3 - mirror // 64] |= above << np.uint64(mirror % 64)


@compiled(f"int64({_ROWS}, uint64[:, ::1])")
def hash_small(small: Singles, out: Words) -> int:
    """Fill `out`, (8, 4), with the eight hashes of a picture given as its reduction, and return its quality."""
    half = np.empty((_KEPT, SIDE), np.float32)
    frequencies = np.empty((_KEPT, _KEPT), np.float32)
    _product(_COSINES, small, half)
    _product(half, _COSINES_T, frequencies)
    _eight(frequencies, out)
    return quality(small)
