"""Letters of texts mapped one by one, from UTF-8 to UTF-8."""

from __future__ import annotations

from typing import Any

from numba import types

from spamclf.kernels._compile import compiled
from spamclf.kernels._hashes import BYTES
from spamclf.kernels._types import Bools, Bytes, Codes, Ints

UNKNOWN = -1  # in the table of what a code point becomes: not met before
GONE = -2  # nothing; below that, -3 - k is row k of those that become several

_BLANK = 0x20
_REPLACEMENT = 0xFFFD  # stands for bytes that are no UTF-8
_WIDEST = 18 * 4  # bytes that one code point can become: NFKC writes at most 18 code points for one

_PAIR: Any = types.UniTuple(types.int64, 2)  # type: ignore[no-untyped-call]
_OFFSETS = types.Array(types.int64, 1, "C", readonly=True)


@compiled(_PAIR(BYTES, types.int64, types.int64))
def _read(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return the code point at a place and the place behind it; reads no byte at or behind `end`."""
    lead = int(data[at])
    if lead < 0x80:
        return lead, at + 1
    more = 1 if 0xC2 <= lead < 0xE0 else 2 if 0xE0 <= lead < 0xF0 else 3 if 0xF0 <= lead < 0xF5 else 0
    if more == 0 or at + more >= end:
        return _REPLACEMENT, at + 1
    code = lead & (0x3F >> more)
    for k in range(at + 1, at + 1 + more):
        if data[k] & 0xC0 != 0x80:
            return _REPLACEMENT, at + 1
        code = code << 6 | (data[k] & 0x3F)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return _REPLACEMENT, at + 1
    return code, at + 1 + more


@compiled("int64(uint8[::1], int64, int64)")
def _write(out: Bytes, at: int, code: int) -> int:
    """Write a code point; return the place behind it."""
    if code < 0x80:
        out[at] = code
        return at + 1
    if code < 0x800:
        out[at] = 0xC0 | code >> 6
    elif code < 0x10000:
        out[at] = 0xE0 | code >> 12
    else:
        out[at] = 0xF0 | code >> 18
        at += 1
        out[at] = 0x80 | (code >> 12 & 0x3F)
    if code >= 0x800:
        at += 1
        out[at] = 0x80 | (code >> 6 & 0x3F)
    out[at + 1] = 0x80 | (code & 0x3F)
    return at + 2


@compiled(_PAIR(BYTES, types.int64, types.int32[::1], types.int32[::1]))
def find_unknown(data: Bytes, at: int, table: Codes, found: Codes) -> tuple[int, int]:
    """Collect code points, from a place on, that the table does not know, until `found` is full.

    Returns how many were found, some perhaps more than once, and the place to go on at.
    """
    n = 0
    while at < data.size and n < found.size:
        code, at = _read(data, at, data.size)
        found[n] = code
        n += table[code] == UNKNOWN
    return n, at


@compiled(
    types.int64(
        BYTES, _OFFSETS, types.int32[::1], types.int32[::1], types.int64[::1], types.boolean[::1], types.int64,
        types.int64, types.uint8[::1], types.int64[::1], types.boolean[::1],
    )
)  # fmt: skip
def map_letters(
    data: Bytes,
    offsets: Ints,
    table: Codes,
    pool: Codes,
    pool_begins: Ints,
    may_unite: Bools,
    longest: int,
    low: int,
    out: Bytes,
    out_offsets: Ints,
    unite: Bools,
) -> int:
    """Write what the letters of texts become, each run of blanks as one and none at the ends, cut to `longest`.

    Begins with text `low` and ends where `out` has no room for another, or all are done; returns the text it
    stopped before. Text ``low + i`` ends at ``out_offsets[i + 1]``; ``unite[i]`` tells whether any of it
    may unite with what stands before.
    """
    written = 0
    out_offsets[0] = 0
    for i in range(low, offsets.size - 1):
        at, end = offsets[i], offsets[i + 1]
        if written + min(_WIDEST * (end - at), 4 * longest) > out.size:
            return i
        blank, any_unites = True, False  # so that a first blank is left out
        n = 0
        while at < end and n < longest:
            code, at = _read(data, at, end)
            to = table[code]
            first, last = 0, 1
            if to <= GONE:
                first = pool_begins[GONE - 1 - to] if to < GONE else 0
                last = pool_begins[GONE - to] if to < GONE else 0
            for k in range(first, last):
                letter = to if to >= 0 else pool[k]
                if (letter == _BLANK and blank) or n == longest:
                    continue
                blank = letter == _BLANK
                any_unites |= may_unite[letter]
                written = _write(out, written, letter)
                n += 1
        written -= n > 0 and blank
        out_offsets[i - low + 1] = written
        unite[i - low] = any_unites
    return offsets.size - 1
