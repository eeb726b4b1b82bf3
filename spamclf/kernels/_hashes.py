"""xxHash32 and SHA-1 of a few bytes, written so that LLVM can hash many of them at once in vector registers.

Bodies without branches on uint32: a loop over items that calls them becomes a loop over vectors of items.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bytes

BYTES = types.Array(types.uint8, 1, "C", readonly=True)  # Arrow's memory; one that may be written also fits
_U = types.uint32

_P1 = np.uint32(2654435761)
_P2 = np.uint32(2246822519)
_P3 = np.uint32(3266489917)
_P4 = np.uint32(668265263)
P5 = np.uint32(374761393)
_K0 = np.uint32(0x5A827999)
_K1 = np.uint32(0x6ED9EBA1)
_K2 = np.uint32(0x8F1BBCDC)
_K3 = np.uint32(0xCA62C1D6)
_H0 = np.uint32(0x67452301)
_H1 = np.uint32(0xEFCDAB89)
_H2 = np.uint32(0x98BADCFE)
_H3 = np.uint32(0x10325476)
_H4 = np.uint32(0xC3D2E1F0)
START = (_H0, _H1, _H2, _H3, _H4)
ZERO = np.uint32(0)


# numba widens uint32 arithmetic to uint64; each result is cut back at once, and LLVM sees 32 bits throughout
@compiled(_U(_U, _U))
def _turn(x: Any, n: Any) -> Any:
    """Rotate to the left by n bits, 0 < n < 32."""
    return np.uint32(np.uint32(x << n) | np.uint32(x >> np.uint32(np.uint32(32) - n)))


# ---- xxHash32, seed 0 ----------------------------------------------------------------------------------------


@compiled(_U(_U, _U))
def take_word(h: Any, word: Any) -> Any:
    """Work a word of four bytes into the state of xxHash32, as it does with what is left of an item."""
    return np.uint32(_turn(np.uint32(h + np.uint32(word * _P3)), np.uint32(17)) * _P4)


@compiled(_U(_U, _U))
def take_byte(h: Any, byte: Any) -> Any:
    """Work one of an item's last bytes into the state of xxHash32."""
    return np.uint32(_turn(np.uint32(h + np.uint32(byte * P5)), np.uint32(11)) * _P1)


@compiled(_U(_U, _U))
def _round(lane: Any, word: Any) -> Any:
    return np.uint32(_turn(np.uint32(lane + np.uint32(word * _P2)), np.uint32(13)) * _P1)


@compiled(_U(_U))
def avalanche(h: Any) -> Any:
    """Return the hash that the last state of xxHash32 stands for: each bit of it hangs on each of the state."""
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(15))) * _P2)
    h = np.uint32(np.uint32(h ^ np.uint32(h >> np.uint32(13))) * _P3)
    return np.uint32(h ^ np.uint32(h >> np.uint32(16)))


@compiled(_U(BYTES, types.int64))
def _word_at(data: Bytes, at: int) -> Any:
    """Read four bytes, the least first, at any place."""
    low = np.uint32(np.uint32(data[at]) | np.uint32(np.uint32(data[at + 1]) << np.uint32(8)))
    high = np.uint32(np.uint32(data[at + 2]) | np.uint32(np.uint32(data[at + 3]) << np.uint32(8)))
    return np.uint32(low | np.uint32(high << np.uint32(16)))


@compiled(_U(BYTES, types.int64, types.int64))
def xxh32(data: Bytes, start: int, end: int) -> Any:
    """Return the xxHash32 of ``data[start:end]``, of any length, with seed 0."""
    at = start
    if end - start >= 16:
        one, two = np.uint32(_P1 + _P2), _P2
        three, four = ZERO, np.uint32(ZERO - _P1)
        while at + 16 <= end:
            one = _round(one, _word_at(data, at))
            two = _round(two, _word_at(data, at + 4))
            three = _round(three, _word_at(data, at + 8))
            four = _round(four, _word_at(data, at + 12))
            at += 16
        h = np.uint32(_turn(one, np.uint32(1)) + _turn(two, np.uint32(7)))
        h = np.uint32(h + np.uint32(_turn(three, np.uint32(12)) + _turn(four, np.uint32(18))))
    else:
        h = P5
    h = np.uint32(h + np.uint32(end - start))
    while at + 4 <= end:
        h = take_word(h, _word_at(data, at))
        at += 4
    while at < end:
        h = take_byte(h, np.uint32(data[at]))
        at += 1
    return avalanche(h)


# ---- SHA-1 of one block --------------------------------------------------------------------------------------

_STATE: Any = types.UniTuple(_U, 5)  # type: ignore[no-untyped-call]
_BLOCK: Any = types.UniTuple(_U, 16)  # type: ignore[no-untyped-call]
State = tuple[Any, Any, Any, Any, Any]


@compiled(_U(_U, _U, _U))
def _choose(x: Any, y: Any, z: Any) -> Any:
    return np.uint32(z ^ np.uint32(x & np.uint32(y ^ z)))


@compiled(_U(_U, _U, _U))
def _parity(x: Any, y: Any, z: Any) -> Any:
    return np.uint32(x ^ np.uint32(y ^ z))


@compiled(_U(_U, _U, _U))
def _majority(x: Any, y: Any, z: Any) -> Any:
    return np.uint32(np.uint32(x & y) | np.uint32(z & np.uint32(x | y)))


@compiled(_U(_U, _U, _U, _U, _U))
def _add(a: Any, e: Any, f: Any, k: Any, word: Any) -> Any:
    return np.uint32(np.uint32(np.uint32(_turn(a, np.uint32(5)) + f) + np.uint32(k + word)) + e)


@compiled(_STATE(_STATE, _U, _U, _U, _U, _U))
def _five_choose(state: State, v: Any, w: Any, x: Any, y: Any, z: Any) -> State:
    """Five rounds, after which the five words are in their places again."""
    a, b, c, d, e = state
    e, b = _add(a, e, _choose(b, c, d), _K0, v), _turn(b, np.uint32(30))
    d, a = _add(e, d, _choose(a, b, c), _K0, w), _turn(a, np.uint32(30))
    c, e = _add(d, c, _choose(e, a, b), _K0, x), _turn(e, np.uint32(30))
    b, d = _add(c, b, _choose(d, e, a), _K0, y), _turn(d, np.uint32(30))
    a, c = _add(b, a, _choose(c, d, e), _K0, z), _turn(c, np.uint32(30))
    return a, b, c, d, e


@compiled(_STATE(_STATE, _U, _U, _U, _U, _U, _U))
def _five_parity(state: State, k: Any, v: Any, w: Any, x: Any, y: Any, z: Any) -> State:
    a, b, c, d, e = state
    e, b = _add(a, e, _parity(b, c, d), k, v), _turn(b, np.uint32(30))
    d, a = _add(e, d, _parity(a, b, c), k, w), _turn(a, np.uint32(30))
    c, e = _add(d, c, _parity(e, a, b), k, x), _turn(e, np.uint32(30))
    b, d = _add(c, b, _parity(d, e, a), k, y), _turn(d, np.uint32(30))
    a, c = _add(b, a, _parity(c, d, e), k, z), _turn(c, np.uint32(30))
    return a, b, c, d, e


@compiled(_STATE(_STATE, _U, _U, _U, _U, _U))
def _five_majority(state: State, v: Any, w: Any, x: Any, y: Any, z: Any) -> State:
    a, b, c, d, e = state
    e, b = _add(a, e, _majority(b, c, d), _K2, v), _turn(b, np.uint32(30))
    d, a = _add(e, d, _majority(a, b, c), _K2, w), _turn(a, np.uint32(30))
    c, e = _add(d, c, _majority(e, a, b), _K2, x), _turn(e, np.uint32(30))
    b, d = _add(c, b, _majority(d, e, a), _K2, y), _turn(d, np.uint32(30))
    a, c = _add(b, a, _majority(c, d, e), _K2, z), _turn(c, np.uint32(30))
    return a, b, c, d, e


@compiled(_U(_U, _U, _U, _U))
def _blend(w: Any, x: Any, y: Any, z: Any) -> Any:
    return _turn(np.uint32(np.uint32(w ^ x) ^ np.uint32(y ^ z)), np.uint32(1))


@compiled(_BLOCK(_BLOCK))
def _next_words(w: Any) -> Any:
    """Return the 16 words of the schedule that follow 16."""
    a = _blend(w[13], w[8], w[2], w[0])
    b = _blend(w[14], w[9], w[3], w[1])
    c = _blend(w[15], w[10], w[4], w[2])
    d = _blend(a, w[11], w[5], w[3])
    e = _blend(b, w[12], w[6], w[4])
    f = _blend(c, w[13], w[7], w[5])
    g = _blend(d, w[14], w[8], w[6])
    h = _blend(e, w[15], w[9], w[7])
    i = _blend(f, a, w[10], w[8])
    j = _blend(g, b, w[11], w[9])
    k = _blend(h, c, w[12], w[10])
    m = _blend(i, d, w[13], w[11])
    n = _blend(j, e, w[14], w[12])
    o = _blend(k, f, w[15], w[13])
    p = _blend(m, g, a, w[14])
    q = _blend(n, h, b, w[15])
    return a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q


@compiled(_STATE(_STATE, _BLOCK), inline=True)
def compress(state: State, r: Any) -> State:
    """SHA-1's 80 rounds over one block of 16 words."""
    s = _next_words(r)
    t = _next_words(s)
    u = _next_words(t)
    v = _next_words(u)
    now = _five_choose(state, r[0], r[1], r[2], r[3], r[4])
    now = _five_choose(now, r[5], r[6], r[7], r[8], r[9])
    now = _five_choose(now, r[10], r[11], r[12], r[13], r[14])
    now = _five_choose(now, r[15], s[0], s[1], s[2], s[3])
    now = _five_parity(now, _K1, s[4], s[5], s[6], s[7], s[8])
    now = _five_parity(now, _K1, s[9], s[10], s[11], s[12], s[13])
    now = _five_parity(now, _K1, s[14], s[15], t[0], t[1], t[2])
    now = _five_parity(now, _K1, t[3], t[4], t[5], t[6], t[7])
    now = _five_majority(now, t[8], t[9], t[10], t[11], t[12])
    now = _five_majority(now, t[13], t[14], t[15], u[0], u[1])
    now = _five_majority(now, u[2], u[3], u[4], u[5], u[6])
    now = _five_majority(now, u[7], u[8], u[9], u[10], u[11])
    now = _five_parity(now, _K3, u[12], u[13], u[14], u[15], v[0])
    now = _five_parity(now, _K3, v[1], v[2], v[3], v[4], v[5])
    now = _five_parity(now, _K3, v[6], v[7], v[8], v[9], v[10])
    now = _five_parity(now, _K3, v[11], v[12], v[13], v[14], v[15])
    a, b, c, d, e = now
    return (
        np.uint32(state[0] + a), np.uint32(state[1] + b), np.uint32(state[2] + c), np.uint32(state[3] + d),
        np.uint32(state[4] + e),
    )  # fmt: skip


@compiled(_U(_U))
def swap(x: Any) -> Any:
    """Reverse the order of the four bytes."""
    outer = np.uint32(np.uint32(x << np.uint32(24)) | np.uint32(x >> np.uint32(24)))
    inner = np.uint32(
        np.uint32(np.uint32(x << np.uint32(8)) & np.uint32(0xFF0000))
        | np.uint32(np.uint32(x >> np.uint32(8)) & np.uint32(0xFF00))
    )
    return np.uint32(outer | inner)
