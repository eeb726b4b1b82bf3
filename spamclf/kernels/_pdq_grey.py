"""The grey values that PDQ is made of, from pixels as Pillow holds them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bytes

Singles = NDArray[np.float32]

#: What a pixel is, by Pillow's name: one byte of grey, or three values and a byte that says nothing.
LAYOUTS = {"L": 0, "RGB": 1, "YCbCr": 2}
GREY, _RGB = LAYOUTS["L"], LAYOUTS["RGB"]

#: Numba widens whole numbers to 64 bits, and then half as many pixels are worked on at a time.
_int = np.int32


@compiled("int32(int32)", inline=True)
def _clipped(value: np.int32) -> np.int32:
    value = value if value > _int(0) else _int(0)
    return value if value < _int(255) else _int(255)


@compiled("float32(int32, int32, int32)", inline=True)
def _luma(red: int, green: int, blue: int) -> np.float32:
    """Return 0.299 r + 0.587 g + 0.114 b as Meta's code has it: in doubles, rounded to single precision.

    A quotient of two whole numbers, rounded once, is the same and takes a third of the time.
    """
    return np.float32(_int(299 * red + 587 * green + 114 * blue)) / np.float32(1000)


@compiled("float32(int32)", inline=True)
def _luma_of_ycc(pixel: int) -> np.float32:
    """Turn a pixel into red, green and blue with the roundings of libjpeg, then into grey.

    Its factors 1.402, 0.34414, 0.71414 and 1.772 in 65536ths, less whole ones: what is left has 16 bits.
    """
    y, cb, cr = _int(pixel & 255), _int((pixel >> 8 & 255) - 128), _int((pixel >> 16 & 255) - 128)
    red = _int(y + cr + (_int(26345 * cr + 32768) >> 16))
    green = _int(y - cr + (_int(18734 * cr - 22554 * cb + 32768) >> 16))
    blue = _int(y + 2 * cb + (_int(-14942 * cb + 32768) >> 16))
    return _luma(_clipped(red), _clipped(green), _clipped(blue))


@compiled("void(Array(uint8, 2, 'C', readonly=True), int64, int64, int64, float32[:, ::1])")
def grey(pixels: Bytes, low: int, n: int, layout: int, out: Singles) -> None:
    """Fill ``out[:n]`` with the grey values of ``pixels[low : low + n]``."""
    width = out.shape[1]
    if layout == GREY:
        for i in range(n):
            for j in range(width):
                out[i, j] = np.float32(pixels[low + i, j])
        return
    packed = pixels.view(np.int32)  # the first value lowest, as on every machine that numba compiles for
    for i in range(n):
        if layout == _RGB:
            for j in range(width):
                pixel = packed[low + i, j]
                out[i, j] = _luma(_int(pixel & 255), _int(pixel >> 8 & 255), _int(pixel >> 16 & 255))
        else:
            for j in range(width):
                out[i, j] = _luma_of_ycc(packed[low + i, j])
