"""PDQ, Meta's 256-bit hash of a picture, and how much there is to hash in it.

The arithmetic is float32, step by step in the order of Meta's own code. That matters where the hash has nothing to go
by: in a symmetric picture half of the coefficients are zero but for rounding, and only the same rounding gives the
bits that a bank made elsewhere holds.

A picture is read once, from top to bottom, in bands of any number of rows: grey values, a box filter along the rows,
one down the columns, and the two again, of which the last are computed only where a pixel of the 64 x 64 reduction is
taken. A running sum cannot be hurried along its row, so `_LANES` rows are summed side by side.
"""

from __future__ import annotations

import numpy as np

from spamclf.kernels._compile import compiled
from spamclf.kernels._pdq_bits import SIDE, Words, hash_small
from spamclf.kernels._pdq_grey import GREY, LAYOUTS, Singles, grey
from spamclf.kernels._types import Bytes, Ints

__all__ = ["LAYOUTS", "SIDE", "Reader", "feed", "hash_little", "hash_of", "hash_unfiltered", "window_size"]

_LANES = 32
_BLOCK = 16  # places that are transposed at a time, so that they stay in the first-level cache

_PIXELS = "Array(uint8, 2, 'C', readonly=True)"
_ROWS = "float32[:, ::1]"
_WORDS = "uint64[:, ::1]"


@compiled("int64(int64)")
def window_size(length: int) -> int:
    """Return the width of the box filter along `length` pixels; two of them span a pixel of the reduction."""
    return (length + 2 * SIDE - 1) // (2 * SIDE)


@compiled(f"void({_ROWS}, int64, {_ROWS})")
def _running_sums(rows: Singles, window: int, out: Singles) -> None:
    """Fill ``out[j, lane]`` with the sum of the `window` values of row `lane` that end at place j.

    Ahead of the row's start and beyond its end, the window holds what there is; `out` has a place more for each value
    that is still to leave it. The order of the additions is part of the result.
    """
    width = rows.shape[1]
    columns = np.empty((width, _LANES), np.float32)
    for start in range(0, width, _BLOCK):
        end = min(start + _BLOCK, width)
        for j in range(start, end):
            for lane in range(_LANES):
                columns[j, lane] = rows[lane, j]
    sums = np.zeros(_LANES, np.float32)
    for j in range(min(window, width)):
        for lane in range(_LANES):
            sums[lane] += columns[j, lane]
            out[j, lane] = sums[lane]
    for j in range(window, width):
        for lane in range(_LANES):
            total = sums[lane] + columns[j, lane] - columns[j - window, lane]
            sums[lane] = total
            out[j, lane] = total
    for j in range(width, out.shape[0]):
        for lane in range(_LANES):
            sums[lane] -= columns[j - window, lane]
            out[j, lane] = sums[lane]


@compiled("float32(int64, int64, int64)", inline=True)
def _size(place: int, length: int, window: int) -> np.float32:
    """Return how many of `length` values a window that ends at `place` holds."""
    return np.float32(min(place + 1, length) - max(place + 1 - window, 0))


@compiled(f"void({_ROWS}, int64, {_ROWS})")
def _means(sums: Singles, window: int, out: Singles) -> None:
    """Turn running sums into means about each place, as rows again."""
    width = out.shape[1]
    ahead = sums.shape[0] - width
    whole = width - width % _BLOCK
    for start in range(0, whole, _BLOCK):
        for lane in range(_LANES):
            for k in range(_BLOCK):
                out[lane, start + k] = sums[start + k + ahead, lane]
    for j in range(whole, width):
        for lane in range(_LANES):
            out[lane, j] = sums[j + ahead, lane]
    sizes = np.empty(width, np.float32)
    for j in range(width):
        sizes[j] = _size(j + ahead, width, window)
    for lane in range(_LANES):
        for j in range(width):
            out[lane, j] /= sizes[j]


@compiled(f"void({_ROWS}, int64, int64[::1], {_ROWS})")
def _sample(running: Singles, width: int, n_rows: Ints, narrow: Singles) -> None:
    """Append the rows that wait to `narrow`, at the places of the reduction alone."""
    window = window_size(width)
    ahead = running.shape[0] - width
    for sample in range(SIDE):
        place = (2 * sample + 1) * width // (2 * SIDE) + ahead
        size = _size(place, width, window)
        for lane in range(n_rows[0]):
            narrow[n_rows[1] + lane, sample] = running[place, lane] / size
    n_rows[1] += n_rows[0]
    n_rows[0] = 0


@compiled(f"void({_ROWS}, int64, boolean, {_ROWS}, int64, float32[::1])")
def _enter(rows: Singles, lane: int, first: bool, ring: Singles, slot: int, sums: Singles) -> None:
    """Let a row enter the sums down the columns, and the one whose place it takes in the ring leave them."""
    if first:
        for j in range(sums.size):
            sums[j] += rows[lane, j]
            ring[slot, j] = rows[lane, j]
    else:
        for j in range(sums.size):
            sums[j] = sums[j] + rows[lane, j] - ring[slot, j]
            ring[slot, j] = rows[lane, j]


@compiled(f"void({_PIXELS}, int64, int64, int64, {_ROWS}, float32[::1], {_ROWS}, int64[::1], {_ROWS})")
def feed(
    pixels: Bytes,
    layout: int,
    top: int,
    height: int,
    ring: Singles,
    sums: Singles,
    waiting: Singles,
    n_rows: Ints,
    narrow: Singles,
) -> None:
    """Read the next rows of a picture, those from `top`.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (rows of this band, width * bytes of a pixel)
    layout : int
        Of ``LAYOUTS``.
    top, height : int
        The number of the first of these rows, and of all rows of the picture.
    ring : ndarray of float32, shape (window_size(height), width)
        The rows last read, filtered along.
    sums : ndarray of float32, shape (width,)
        Their sums; zero before the first band.
    waiting : ndarray of float32, shape (32, width)
        Rows filtered along and down, until they are enough to go on with.
    n_rows : ndarray of int64, shape (2,)
        How many wait, and how many have gone on; zero before the first band.
    narrow : ndarray of float32, shape (height, 64)
        What `hash_of` takes, filled once the last row is read.
    """
    width = sums.size
    across, down = window_size(width), window_size(height)
    ahead = (down + 2) // 2 - 1
    rows = np.zeros((_LANES, width), np.float32)
    running = np.empty((width + (across + 2) // 2 - 1, _LANES), np.float32)
    bottom = top + pixels.shape[0]
    for row in range(top, bottom + ahead if bottom == height else bottom):
        lane, slot = (row - top) % _LANES, row % down
        if lane == 0 and row < bottom:
            grey(pixels, row - top, min(_LANES, bottom - row), layout, rows)
            _running_sums(rows, across, running)
            _means(running, across, rows)
        if row < height:
            _enter(rows, lane, row < down, ring, slot, sums)
        else:
            for j in range(width):
                sums[j] -= ring[slot, j]
        if row >= ahead:
            size = _size(row, height, down)
            for j in range(width):
                waiting[n_rows[0], j] = sums[j] / size
            n_rows[0] += 1
            if n_rows[0] == _LANES or row == height + ahead - 1:
                _running_sums(waiting, across, running)
                _sample(running, width, n_rows, narrow)


@compiled(f"void({_ROWS}, {_ROWS})")
def _reduce(narrow: Singles, out: Singles) -> None:
    """Filter (height, 64) down its columns and take 64 rows of it."""
    height = narrow.shape[0]
    window = window_size(height)
    ahead = (window + 2) // 2 - 1
    sums = np.zeros(SIDE, np.float32)
    sample = 0
    for row in range(height + ahead):
        if row < window:
            for j in range(SIDE):
                sums[j] += narrow[row, j]
        elif row < height:
            for j in range(SIDE):
                sums[j] = sums[j] + narrow[row, j] - narrow[row - window, j]
        else:
            for j in range(SIDE):
                sums[j] -= narrow[row - window, j]
        size = _size(row, height, window)
        while sample < SIDE and (2 * sample + 1) * height // (2 * SIDE) == row - ahead:
            for j in range(SIDE):
                out[sample, j] = sums[j] / size
            sample += 1


@compiled(f"int64({_ROWS}, uint64[:, ::1])")
def hash_of(narrow: Singles, out: Words) -> int:
    """Fill `out`, (8, 4), with the eight hashes of a picture that `feed` has read, and return its quality."""
    small = np.empty((SIDE, SIDE), np.float32)
    _reduce(narrow, small)
    return hash_small(small, out)


@compiled(f"int64({_PIXELS}, int64, {_WORDS})")
def hash_unfiltered(pixels: Bytes, layout: int, out: Words) -> int:
    """Do as `hash_little` for a picture of 64 x 64 that is taken for its own reduction."""
    small = np.empty((SIDE, SIDE), np.float32)
    grey(pixels, 0, SIDE, layout, small)
    return hash_small(small, out)


@compiled(f"void({_ROWS})")
def _follow_rows(rows: Singles) -> None:
    """Turn values into running sums of one value, along each row; the number of rows is a multiple of eight.

    Such a sum is the value itself but for the rounding of what entered and left, which stays in it. Eight rows at
    once: each is a chain of additions that wait for one another. In place: one copy fits into the first-level cache.
    """
    for i in range(0, rows.shape[0], 8):
        a, b, c, d = rows[i, 0], rows[i + 1, 0], rows[i + 2, 0], rows[i + 3, 0]
        e, f, g, h = rows[i + 4, 0], rows[i + 5, 0], rows[i + 6, 0], rows[i + 7, 0]
        sum_a, sum_b, sum_c, sum_d, sum_e, sum_f, sum_g, sum_h = a, b, c, d, e, f, g, h
        for j in range(1, rows.shape[1]):
            sum_a, a = sum_a + rows[i, j] - a, rows[i, j]
            sum_b, b = sum_b + rows[i + 1, j] - b, rows[i + 1, j]
            sum_c, c = sum_c + rows[i + 2, j] - c, rows[i + 2, j]
            sum_d, d = sum_d + rows[i + 3, j] - d, rows[i + 3, j]
            sum_e, e = sum_e + rows[i + 4, j] - e, rows[i + 4, j]
            sum_f, f = sum_f + rows[i + 5, j] - f, rows[i + 5, j]
            sum_g, g = sum_g + rows[i + 6, j] - g, rows[i + 6, j]
            sum_h, h = sum_h + rows[i + 7, j] - h, rows[i + 7, j]
            rows[i, j], rows[i + 1, j], rows[i + 2, j], rows[i + 3, j] = sum_a, sum_b, sum_c, sum_d
            rows[i + 4, j], rows[i + 5, j], rows[i + 6, j], rows[i + 7, j] = sum_e, sum_f, sum_g, sum_h


@compiled(f"void({_ROWS})")
def _follow_columns(rows: Singles) -> None:
    """Do as `_follow_rows` down each column."""
    last = rows[0].copy()
    for i in range(1, rows.shape[0]):
        for j in range(rows.shape[1]):
            value = rows[i, j]
            rows[i, j] = rows[i - 1, j] + value - last[j]
            last[j] = value


@compiled(f"int64({_PIXELS}, int64, {_WORDS})")
def hash_little(pixels: Bytes, layout: int, out: Words) -> int:
    """Do as `feed` and `hash_of` for a picture of at most 128 x 128, whose windows hold one value each.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width * bytes of a pixel)
    layout : int
        Of ``LAYOUTS``.
    out : ndarray of uint64, shape (8, 4)
        To be filled with the hashes.

    Returns
    -------
    quality : int
    """
    height, width = pixels.shape[0], pixels.shape[1] // (1 if layout == GREY else 4)
    rows = np.empty(((height + 7) // 8 * 8, width), np.float32)
    rows[height:] = 0.0
    grey(pixels, 0, height, layout, rows)
    for _ in range(2):
        _follow_rows(rows)
        _follow_columns(rows)
    places = np.empty(SIDE, np.int64)
    for j in range(SIDE):
        places[j] = (2 * j + 1) * width // (2 * SIDE)
    small = np.empty((SIDE, SIDE), np.float32)
    for i in range(SIDE):
        row = (2 * i + 1) * height // (2 * SIDE)
        for j in range(SIDE):
            small[i, j] = rows[row, places[j]]
    return hash_small(small, out)


class Reader:
    """Reads one picture from top to bottom, in as many bands as there are, and hashes it.

    Examples
    --------
    >>> reader = Reader(96, 64, LAYOUTS["L"])
    >>> reader.feed(np.zeros((40, 96), np.uint8))
    >>> reader.feed(np.zeros((24, 96), np.uint8))
    >>> words, quality = reader.hashes()
    >>> words.shape, quality
    ((8, 4), 0)
    """

    def __init__(self, width: int, height: int, layout: int) -> None:
        self._height, self._layout, self._top = height, layout, 0
        self._ring = np.zeros((window_size(height), width), np.float32)
        self._sums = np.zeros(width, np.float32)
        self._waiting = np.zeros((_LANES, width), np.float32)
        self._n_rows = np.zeros(2, np.int64)
        self._narrow = np.zeros((height, SIDE), np.float32)

    def feed(self, pixels: Bytes) -> None:
        """Read the next rows: (n, width) of grey, (n, 4 * width) otherwise."""
        feed(
            pixels, self._layout, self._top, self._height, self._ring, self._sums,
            self._waiting, self._n_rows, self._narrow,
        )  # fmt: skip
        self._top += len(pixels)

    def hashes(self) -> tuple[Words, int]:
        """Return the eight hashes, (8, 4), and the quality, once all rows are read."""
        words = np.empty((8, 4), np.uint64)
        return words, hash_of(self._narrow, words)
