"""Distances between 256-bit fingerprints, and which of a million lie close together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bools, Codes, Ints
from spamclf.kernels.sets import find, union

Words = NDArray[np.uint64]

N_CHUNKS = 16  # of 16 bits: two fingerprints within 31 bits differ in at most one bit of some chunk
MOST = 32_768  # so many of a bucket, or of a set in it, one fingerprint is compared with at most

_CHUNK_VALUES = 1 << 16
_MANY = 32  # a bucket of so many is searched for sets that are linked, one pivot after the other
_NONE, _SEVERAL = -1, -2  # instead of the root of a bucket
_SET = 8  # smaller ones are not worth a segment
_MISSES = 16  # so many pivots may find too little before the rest of a bucket counts as single
_SHARE = 512  # a pivot finds too little below this part of the rest
_ASKED = 1024  # members that tell what is usual in a set
CUTS = 512  # so many clusters at most are cut out of a set before what is left is linked again: linking costs more

#: (n, 4) uint64; memory that a file was mapped to is read-only, and a writable array fits as well
WORDS = types.Array(types.uint64, 2, "C", readonly=True)


def _popcount(_context: Any, _bits: Any) -> Any:

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


#: The ones of an uint64: one instruction, which no way of writing it in Python compiles to for certain.
popcount: Any = intrinsic(_popcount)


@compiled([types.int64(WORDS, types.int64, WORDS, types.int64)])
def hamming256(words: Words, i: int, words2: Words, j: int) -> int:
    """Return in how many of 256 bits the rows ``words[i]`` and ``words2[j]`` differ."""
    return (
        popcount(words[i, 0] ^ words2[j, 0])
        + popcount(words[i, 1] ^ words2[j, 1])
        + popcount(words[i, 2] ^ words2[j, 2])
        + popcount(words[i, 3] ^ words2[j, 3])
    )


@compiled("void(uint64[:, ::1], int64, int64, uint64[::1])", inline=False)
def _swap(columns: Words, i: int, j: int, spare: Words) -> None:
    for k in range(4):
        spare[k] = columns[k, i]
    for k in range(4):
        columns[k, i] = columns[k, j]
        columns[k, j] = spare[k]


@compiled("int64(uint64[:, ::1], int64, int64, int64, int64)")
def _next_near(columns: Words, i: int, start: int, end: int, most: int) -> int:
    """Return the first place of ``[start, end)`` whose fingerprint is within `most` bits of that at `i`, or `end`.

    `columns` is (4, n), the words that differ most in the first: half of the bits are enough to pass over strangers.
    """
    first, second = columns[0, i], columns[1, i]
    for j in range(start, end):
        distance = popcount(columns[0, j] ^ first) + popcount(columns[1, j] ^ second)
        if distance <= most:
            distance += popcount(columns[2, j] ^ columns[2, i]) + popcount(columns[3, j] ^ columns[3, i])
            if distance <= most:
                return j
    return end


@compiled([types.void(WORDS, types.int64, types.int64[::1], types.int32[::1], types.uint64[:, ::1])])
def sort_by_chunk(words: Words, chunk: int, ends: Ints, members: Codes, columns: Words) -> None:
    """Sort fingerprints by the value of a chunk, and copy them in that order, the chunk's own word last.

    ``ends[v]`` becomes the end of the bucket `v`.
    """
    word, shift = chunk >> 2, np.uint64(16 * (chunk & 3))
    ends[:] = 0
    for i in range(members.size):
        ends[np.int64(words[i, word] >> shift) & (_CHUNK_VALUES - 1)] += 1
    ends[:] = np.cumsum(ends) - ends  # where each begins; filling moves it to the end
    for i in range(members.size):
        value = np.int64(words[i, word] >> shift) & (_CHUNK_VALUES - 1)
        place = ends[value]
        ends[value] += 1
        members[place] = i
        for k in range(4):
            columns[k, place] = words[i, (word + 1 + k) & 3]


@compiled(
    "int64(int32[::1], uint64[:, ::1], int64, int64, int64, int32[::1], int32[::1], int64, int64, uint64[::1])"
)
def _adopt(
    members: Codes, columns: Words, start: int, end: int, most: int, parent: Codes, segments: Codes, first: int, n: int,
    spare: Words,
) -> int:  # fmt: skip
    """Make a segment of the single members near to each segment, from `first`, then of those near to these, and so on.

    A hot picture's furthest versions are near to no other of them, but to the middle: single, they would cost a square.
    """
    asked = first
    segments[n] = start  # the end of the last
    while asked < n and start < end:
        found = start
        for i in range(start, end):
            high = min(segments[asked + 1], segments[asked] + MOST)
            near = _next_near(columns, i, segments[asked], high, most)
            if near < high:
                union(parent, members[i], members[near])
                members[found], members[i] = members[i], members[found]
                _swap(columns, found, i, spare)
                found += 1
        if found > start:
            n += 1
            segments[n] = start = found
        asked += 1
    segments[n + 1] = end
    return n + 2


@compiled("int64(int32[::1], uint64[:, ::1], int64, int64, int64, int32[::1], int32[::1], int64)")
def _find_sets(
    members: Codes, columns: Words, start: int, end: int, most: int, parent: Codes, segments: Codes, n: int
) -> int:
    """Bring the members of a bucket that are near to a pivot together, pivot after pivot; unite them.

    Writes where each segment begins to ``segments[n:]``, then the single members (maybe none), then where these end;
    returns the new `n`. What is found depends on the bucket's members and their order alone, not on what is united
    already.
    """
    spare = np.empty(4, np.uint64)
    misses, pivots, first = 0, 0, n
    while end - start >= _MANY and misses < _MISSES:
        pivot = start + (pivots * 0x9E3779B1) % (end - start)
        pivots += 1
        members[start], members[pivot] = members[pivot], members[start]
        _swap(columns, start, pivot, spare)
        found = start + 1
        near = _next_near(columns, start, found, end, most)
        while near < end:
            union(parent, members[start], members[near])
            members[found], members[near] = members[near], members[found]
            _swap(columns, found, near, spare)
            found += 1
            near = _next_near(columns, start, near + 1, end, most)
        if found - start >= _SET and (found - start) * _SHARE >= end - start:
            segments[n] = start
            n += 1
            start = found
        else:
            misses += 1
    return _adopt(members, columns, start, end, most, parent, segments, first, n, spare)


@compiled("void(int32[::1], uint64[:, ::1], int64, int64, int64, int64, boolean, int64, int32[::1])")
def _meet(
    members: Codes, columns: Words, start: int, end: int, other: int, other_end: int, one_set: bool, most: int,
    parent: Codes,
) -> None:  # fmt: skip
    """Unite members of ``[start, end)`` with those near to them in ``[other, other_end)``, which may be one set.

    Of a set one near member is enough. With ``other == start`` each pair is looked at once. Of more than `MOST` only so
    many are looked at; of single ones a window that slides along.
    """
    n = other_end - other
    for i in range(start, end):
        if one_set and find(parent, members[i]) == find(parent, members[other]):
            continue
        low, high = i + 1 if other == start else other, other_end
        if n > MOST:
            if other != start and not one_set:
                low = other + (i - start) * (n - MOST) // (end - start)
            high = min(low + MOST, other_end)
        near = _next_near(columns, i, low, high, most)
        while near < high:
            union(parent, members[i], members[near])
            near = high if one_set else _next_near(columns, i, near + 1, high, most)


@compiled("void(int32[::1], uint64[:, ::1], int32[::1], int64, int64, int64, int64, int64, int32[::1])")
def _meet_buckets(
    members: Codes,
    columns: Words,
    segments: Codes,
    a: int,
    a_end: int,
    b: int,
    b_end: int,
    most: int,
    parent: Codes,
) -> None:
    """Unite what is near in two buckets (or in one), given as segments; the last of each is of single members."""
    for s in range(a, a_end - 1):
        for t in range(s if a == b else b, b_end - 1):
            s_end, t_end = segments[s + 1], segments[t + 1]
            s_set, t_set = s < a_end - 2, t < b_end - 2
            if segments[s] == s_end or segments[t] == t_end or (s == t and s_set):
                continue
            if s_set and t_set and find(parent, members[segments[s]]) == find(parent, members[segments[t]]):
                continue  # in hot buckets all are one set soon
            if s_set and not t_set:  # the single ones ask the set
                _meet(members, columns, segments[t], t_end, segments[s], s_end, True, most, parent)
            else:
                _meet(members, columns, segments[s], s_end, segments[t], t_end, t_set, most, parent)


@compiled("void(int32[::1], int64[::1], int32[::1], int32[::1])")
def _roots_of_buckets(members: Codes, ends: Ints, parent: Codes, root: Codes) -> None:
    """Write the root of each bucket's members, `_SEVERAL` if they are not one set, `_NONE` if there are none."""
    start = 0
    for value in range(_CHUNK_VALUES):
        root[value] = find(parent, members[start]) if ends[value] > start else _NONE
        for i in range(start + 1, ends[value]):
            if find(parent, members[i]) != root[value]:
                root[value] = _SEVERAL
                break
        start = ends[value]


@compiled("boolean(int32[::1], int64)")
def _is_settled(root: Codes, value: int) -> bool:
    """Tell whether a bucket and all that are a bit away are one set already: nothing is left to be found in it."""
    mine = root[value]
    settled = mine >= 0
    for bit in range(16):
        other = root[value ^ (1 << bit)]
        settled &= (other == mine) | (other == _NONE)
    return settled or mine == _NONE


@compiled([types.void(WORDS, types.int64, types.int64, types.int64, types.int32[::1])])
def link(words: Words, chunk: int, step: int, most: int, parent: Codes) -> None:
    """Unite the fingerprints within `most` bits that differ in at most one bit of each `step`-th chunk from `chunk`.

    Every such pair ends in one set, except in a bucket of more than `MOST` that are not in one set (see `_meet`).
    """
    n = parent.size
    members, columns = np.empty(n, np.int32), np.empty((4, n), np.uint64)
    ends = np.empty(_CHUNK_VALUES, np.int64)
    segments = np.empty(n + 2 * _CHUNK_VALUES, np.int32)
    buckets = np.empty(_CHUNK_VALUES + 1, np.int32)  # where the segments of each begin
    root = np.empty(_CHUNK_VALUES, np.int32)
    for c in range(chunk, N_CHUNKS, step):
        sort_by_chunk(words, c, ends, members, columns)
        _roots_of_buckets(members, ends, parent, root)
        n_segments = start = 0
        for value in range(_CHUNK_VALUES):
            buckets[value] = n_segments
            if not _is_settled(root, value):
                n_segments = _find_sets(
                    members, columns, start, ends[value], most, parent, segments, n_segments
                )
            start = ends[value]
        buckets[_CHUNK_VALUES] = n_segments
        for value in range(_CHUNK_VALUES):
            a, a_end = buckets[value], buckets[value + 1]
            if a == a_end:
                continue
            _meet_buckets(members, columns, segments, a, a_end, a, a_end, most, parent)
            for bit in range(16 if most >= N_CHUNKS else 0):  # fewer bits than chunks leave one chunk equal
                other = value | (1 << bit)
                b, b_end = buckets[other], buckets[other + 1]
                if other == value or b == b_end:
                    continue
                if a_end - a == 2 and b_end - b == 2:  # the usual case: a few single ones
                    _meet(
                        members,
                        columns,
                        segments[a],
                        segments[a + 1],
                        segments[b],
                        segments[b + 1],
                        False,
                        most,
                        parent,
                    )
                else:
                    _meet_buckets(members, columns, segments, a, a_end, b, b_end, most, parent)


@compiled([types.void(WORDS, types.int64, types.int32[::1])])
def link_all(words: Words, most: int, parent: Codes) -> None:
    """Unite the fingerprints within `most` bits, comparing all: the fastest way for a few thousand."""
    n = parent.size
    members, columns = np.arange(n, dtype=np.int32), np.empty((4, n), np.uint64)
    for i in range(n):
        for k in range(4):
            columns[k, i] = words[i, k]
    segments = np.empty(n + 2, np.int32)
    n_segments = _find_sets(members, columns, 0, n, most, parent, segments, 0)
    _meet_buckets(members, columns, segments, 0, n_segments, 0, n_segments, most, parent)


@compiled([types.void(WORDS, types.int32[::1], types.int64, types.int64, types.uint64[:, ::1])])
def _usual(words: Words, members: Codes, low: int, high: int, usual: Words) -> None:
    """Write the more frequent value of each bit (of a tie 0) over rows of ``members[low:high]``.

    Of a large set, `_ASKED` members at equal distances in canonical order stand for all.
    """
    n, ones = min(high - low, _ASKED), np.zeros((4, 64), np.uint32)
    for asked in range(n):
        row = members[low + asked * (high - low) // n]
        for k in range(4):
            word = words[row, k]
            for bit in range(64):
                ones[k, bit] += (word >> np.uint64(bit)) & np.uint64(1)
    for k in range(4):
        usual[0, k] = 0
        for bit in range(64):
            if 2 * np.int64(ones[k, bit]) > n:
                usual[0, k] |= np.uint64(1) << np.uint64(bit)


@compiled([types.int64(WORDS, types.int32[::1], types.int64, types.uint64[:, ::1])])
def _medoid(words: Words, members: Codes, n: int, usual: Words) -> int:
    """Return which of ``members[:n]`` is nearest to the values that most have in each bit; of several the first."""
    medoid, least = 0, 257
    if n > 2:  # two are as near to each other as each to the other
        _usual(words, members, 0, n, usual)
        for k in range(n):
            distance = hamming256(words, members[k], usual, 0)
            if distance < least:
                medoid, least = k, distance
    return medoid


@compiled(
    [
        types.void(
            WORDS, types.int32[::1], types.int64[::1], types.int64, types.int32[::1], types.boolean[::1],
            types.int64, types.int64,
        )
    ]
)  # fmt: skip
def centre(
    words: Words, members: Codes, starts: Ints, reach: int, medoids: Codes, inside: Bools, low: int, high: int
) -> None:
    """Find the medoids of the sets ``[low, high)``; tell who is within `reach` bits of one, and of which.

    The set `s` is the rows ``members[starts[s] : starts[s + 1]]`` in canonical order. Those within reach of its medoid
    are cut out of it; if they are less than half, then those of the medoid of the rest too, and so on, up to `CUTS`
    times. ``medoids[place]``, the medoid's place, is written where ``inside[place]``.
    """
    usual = np.empty((1, 4), np.uint64)
    for s in range(low, high):
        start, size = starts[s], starts[s + 1] - starts[s]
        places, rest = np.empty(size, np.int64), np.empty(size, np.int32)
        for k in range(size):
            places[k], rest[k] = start + k, members[start + k]
        n, cuts = size, 0
        while cuts == 0 or (2 * n > size and cuts < CUTS):
            medoid = _medoid(words, rest, n, usual)
            place, row = places[medoid], rest[medoid]
            left = 0
            for k in range(n):
                near = hamming256(words, rest[k], words, row) <= reach
                inside[places[k]], medoids[places[k]] = near, place
                places[left], rest[left] = places[k], rest[k]
                left += not near
            n = left
            cuts += 1


@compiled(
    [
        types.void(
            WORDS, types.int32[::1], types.int64[::1], types.int64, types.int32[::1], types.int64, types.int64
        )
    ]
)
def lead(words: Words, members: Codes, starts: Ints, reach: int, leaders: Codes, low: int, high: int) -> None:
    """Give each member of the sets ``[low, high)`` the first leader within `reach` bits, or make it one.

    ``leaders[place]`` gets the leader's place.
    """
    for s in range(low, high):
        chosen = np.empty(starts[s + 1] - starts[s], np.int32)
        n = 0
        for place in range(starts[s], starts[s + 1]):
            k = 0
            while k < n and hamming256(words, members[place], words, members[chosen[k]]) > reach:
                k += 1
            if k == n:
                chosen[n] = place
                n += 1
            leaders[place] = chosen[k]
