"""Score ids as texts, and their check digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from spamclf.kernels._compile import compiled

_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying loses nothing
_SHIFT = np.uint64(29)
_HALF = np.uint64(32)
_DIGIT = np.uint64(4)
_NIBBLE = np.uint64(15)
_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
_DASH = np.uint8(ord("-"))

Words = npt.NDArray[np.uint64]


@compiled(types.uint64(types.uint64[:, ::1], types.uint8[::1], types.int64))
def check(words: Words, verdict: npt.NDArray[np.uint8], row: int) -> Any:
    """Return 32 check bits of a row: they tell a slip of the pen, and defend against nobody."""
    mixed = np.uint64(0)
    for k in range(words.shape[1]):
        mixed = (mixed ^ words[row, k]) * _MIX
        mixed ^= mixed >> _SHIFT
    mixed = (mixed ^ np.uint64(verdict[row])) * _MIX
    mixed ^= mixed >> _SHIFT
    return mixed >> _HALF


@compiled(types.int64(types.uint64, types.int64, types.uint8[:, ::1], types.int64, types.int64))
def _write(word: Any, n_digits: int, text: npt.NDArray[np.uint8], row: int, at: int) -> int:
    """Write a dash and so many hexadecimal digits; return where they end."""
    text[row, at] = _DASH
    for k in range(n_digits, 0, -1):
        text[row, at + k] = _DIGITS[word & _NIBBLE]
        word >>= _DIGIT
    return at + n_digits + 1


@compiled(types.void(types.uint64[:, ::1], types.uint8[::1], types.uint8[:, ::1]))
def spell(words: Words, verdict: npt.NDArray[np.uint8], text: npt.NDArray[np.uint8]) -> None:
    """Write a verdict, six words and their check digits into each row of `text`, after what stands there."""
    for row in range(words.shape[0]):
        at = _write(np.uint64(verdict[row]), 1, text, row, 2)
        for k in range(words.shape[1]):
            at = _write(words[row, k], 16, text, row, at)
        _write(check(words, verdict, row), 8, text, row, at)
