"""MinHash signatures: how much two agree, and which of a million agree enough."""

from __future__ import annotations

import numpy as np
from numba import types
from numpy.typing import NDArray

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bools, Codes, Ints
from spamclf.kernels.rows import FACTORS, fetch_row
from spamclf.kernels.sets import find, flatten, union

Words = NDArray[np.uint32]
Keys = NDArray[np.uint64]

N_VALUES = 128  # of a signature
LATEST = 48  # of a bucket's members, each is compared with so many before it ...
FIRST = 16  # ... and with so many of the first: a bucket of all must cost no square, one of 64 misses no pair

_AHEAD = 6  # rows
_FEW = 32_768  # so many are linked without parting them
_PART_BITS = 13  # a part of a band's table holds some 8,192 fingerprints: it fits the second-level cache
_SLOTS = 8  # of the table for each of them
_FREE = -1  # a slot of no place yet

#: (n, 128) uint32; memory that a file was mapped to is read-only, and a writable array fits as well
WORDS = types.Array(types.uint32, 2, "C", readonly=True)


@compiled([types.int64(WORDS, types.int64, WORDS, types.int64)])
def matches(words: Words, i: int, words2: Words, j: int) -> int:
    """Return in how many of 128 values the rows ``words[i]`` and ``words2[j]`` agree."""
    equal = np.uint32(0)  # as wide as a value, so that the loop becomes a few wide instructions
    for k in range(N_VALUES):
        equal += np.uint32(words[i, k] == words2[j, k])
    return int(equal)


@compiled([types.uint64(WORDS, types.int64, types.int64, types.int64)])
def band_key(words: Words, i: int, first: int, n_rows: int) -> np.uint64:
    """Return the hash of ``words[i, first : first + n_rows]``."""
    key = np.uint64(0x9E3779B97F4A7C15)
    for k in range(first, first + n_rows):
        key = (key + np.uint64(words[i, k])) * np.uint64(0xFF51AFD7ED558CCD)
    return key ^ (key >> np.uint64(32))


@compiled([types.void(WORDS, types.int64, types.uint64[:, ::1], types.int64, types.int64)])
def _fill_keys(words: Words, n_rows: int, keys: Keys, low: int, high: int) -> None:
    for i in range(low, high):
        for band in range(keys.shape[1]):
            keys[i, band] = band_key(words, i, band * n_rows, n_rows)


def band_keys(words: Words, n_bands: int, n_rows: int) -> Keys:
    """Return the hash of each band of each signature: the values ``[band * n_rows, (band + 1) * n_rows)``.

    Parameters
    ----------
    words : (n, 128) uint32 array
        Signatures.
    n_bands, n_rows : int
        Number of bands and of values in each, at most 128 in all.

    Returns
    -------
    (n, n_bands) uint64 array
        Equal values give equal keys; different values give equal keys about once in 2**64.
    """
    keys = np.empty((words.shape[0], n_bands), np.uint64)
    _fill_keys(words, n_rows, keys, 0, words.shape[0])
    return keys


@compiled(
    [
        types.void(
            WORDS, types.int32[::1], types.int64, types.int64, types.uint32[:, ::1], types.int32[::1], types.int64,
            types.int64,
        )
    ]
)  # fmt: skip
def keys_of(
    words: Words, rows: Codes, n_rows: int, need: int, keys: Words, parent: Codes, low: int, high: int
) -> None:
    """Write keys of the fingerprints ``[low, high)``, and unite each with the one before it as `link` would.

    `keys` is (n_bands, n), `rows` says where each stands. A key is half of a sum of products, which wait for nothing as
    those of `band_key` do; who shares a bucket by chance is compared once more than needed. In canonical order most
    that are near to any are near to the one before, and here both are at hand.
    """
    for i in range(low, high):
        fetch_row(words, rows[min(i + _AHEAD, high - 1)])
        row, before = rows[i], max(i - 1, low)
        total, left, band, shared = np.uint64(0), n_rows, 0, False
        for k in range(keys.shape[0] * n_rows):
            total += np.uint64(words[row, k]) * FACTORS[k]
            left -= 1
            if left == 0:
                keys[band, i] = np.uint32(total >> np.uint64(32))
                shared |= keys[band, before] == keys[band, i]
                total, left, band = np.uint64(0), n_rows, band + 1
        parent[i] = i
        if shared and matches(words, row, words, rows[before]) >= need:
            parent[i] = parent[before]


@compiled("void(uint32[::1], int64, int64[::1], uint32[::1], int32[::1])")
def _scatter(keys: Words, bits: int, ends: Ints, by_key: Words, members: Codes) -> None:
    """Part fingerprints by the leading bits of their keys, in order: parts whose table fits the fast cache."""
    ends[:] = 0
    shift = np.uint32(32 - bits)
    for i in range(keys.size):
        ends[np.int64(keys[i] >> shift)] += 1
    ends[:] = np.cumsum(ends) - ends  # where each begins; filling moves it to the end
    for i in range(keys.size):
        part = np.int64(keys[i] >> shift)
        by_key[ends[part]], members[ends[part]] = keys[i], i
        ends[part] += 1


@compiled(
    [
        types.boolean(
            WORDS, types.int32[::1], types.int64, types.int32[::1], types.int32[:, ::1], types.int64, types.int64,
            types.boolean, types.int32[::1],
        )
    ]
)  # fmt: skip
def _meet(
    words: Words, rows: Codes, place: int, members: Codes, beside: Codes, first: int, need: int, whole: bool,
    parent: Codes,
) -> bool:  # fmt: skip
    """Compare a bucket's newest member with earlier ones; tell whether the bucket is one set after it.

    The latest `LATEST` members are asked, then the `FIRST` of all. In a bucket that was one set, one link is enough.
    """
    mine = members[place]
    root = find(parent, mine)
    other = beside[0, place]
    asked, forward = 0, False
    while other >= 0:
        theirs = find(parent, members[other])
        if theirs != root and matches(words, rows[mine], words, rows[members[other]]) >= need:
            union(parent, theirs, root)
            root = theirs = min(theirs, root)
        if whole and theirs == root:
            return True
        asked += 1
        if not forward and asked == LATEST:  # what stands between the first and the latest is passed over
            forward, last = True, beside[0, other]
            other = first if last >= 0 else -1
        elif forward:
            other = beside[1, other] if asked < LATEST + FIRST and other < last else -1
        else:
            other = beside[0, other]
    return False


@compiled("int64(int64)")
def _n_slots(size: int) -> int:
    """Return how many slots of the table so many places use: a power of two."""
    slots = 16
    while slots < _SLOTS * size:
        slots *= 2
    return slots


@compiled("int64(uint32[::1], int32[::1], int32[::1], int64, int64, int32[::1], int32[::1], int32[::1])")
def _open_places(
    by_key: Words,
    members: Codes,
    parent: Codes,
    start: int,
    end: int,
    table: Codes,
    roots: Codes,
    places: Codes,
) -> int:
    """Write the places of ``[start, end)`` whose bucket may be more than one set, in order; return how many.

    Most are alone in their bucket, or it is one set already, and then nothing is left to do for it: all find in their
    slot of `table` the root that the last one wrote there, which is their own. Of a slot that two keys share, it is
    not asked which of them is one set. No branches, as nobody could guess which way they go. What was in `table`
    before does not matter; slots of the places returned are `_FREE` after it.
    """
    mask = np.uint32(_n_slots(end - start) - 1)
    for place in range(start, end):  # unsigned indices need no look at whether they count from the end
        root = parent[np.uint64(members[place])]
        roots[np.uint64(place - start)] = root
        table[np.uint64(by_key[place] & mask)] = root
    for place in range(start, end):
        slot = np.uint64(by_key[place] & mask)
        table[slot] = table[slot] if table[slot] == roots[np.uint64(place - start)] else _FREE
    n = 0
    for place in range(start, end):
        places[np.uint64(n)] = place
        n += table[np.uint64(by_key[place] & mask)] == _FREE
    return n


@compiled(
    [
        types.void(
            WORDS, types.int32[::1], types.uint32[::1], types.int32[::1], types.int32[:, ::1], types.boolean[::1],
            types.int32[::1], types.int64, types.int64, types.int32[::1], types.int64, types.int32[::1],
        )
    ]
)  # fmt: skip
def _link_places(
    words: Words, rows: Codes, by_key: Words, members: Codes, beside: Codes, whole: Bools, places: Codes, n: int,
    size: int, table: Codes, need: int, parent: Codes,
) -> None:  # fmt: skip
    """Unite within the buckets of ``places[:n]``, which are whole buckets, in order.

    `table`, `_FREE` for them, gets the last place of each slot; `beside` of each place the one before in its
    bucket, the one after, the first, and the one before in its slot; `whole` whether the bucket is one set up to here.
    """
    mask = np.uint32(_n_slots(size) - 1)
    for k in range(n):
        place = np.int64(places[k])
        slot = by_key[place] & mask
        last = np.int64(table[slot])
        table[slot] = place
        beside[1, place], beside[3, place] = -1, last
        while last >= 0 and by_key[last] != by_key[place]:
            last = np.int64(beside[3, last])
        beside[0, place] = last
        if last < 0:
            beside[2, place], whole[place] = place, True
        else:
            first = np.int64(beside[2, last])
            beside[1, last], beside[2, place] = place, first
            whole[place] = _meet(words, rows, place, members, beside, first, need, whole[last], parent)


@compiled(
    [
        types.void(
            WORDS,
            types.int32[::1],
            types.uint32[:, ::1],
            types.int64,
            types.int64,
            types.int64,
            types.int32[::1],
        )
    ]
)
def link(words: Words, rows: Codes, keys: Words, band: int, step: int, need: int, parent: Codes) -> None:
    """Unite the fingerprints that share a band, of each `step`-th from `band`, and agree in `need` values.

    Which pairs of a bucket are compared is a matter of their canonical order alone: each member with the `LATEST`
    before it and with the `FIRST` of all. Passing over a pair that is in one set already cannot change the sets.
    """
    n = rows.size
    bits = 0
    while n > _FEW and bits < 12 and n >> (bits + _PART_BITS):
        bits += 1
    ends = np.empty(1 << bits, np.int64)
    by_key, members = np.empty(n, np.uint32), np.empty(n, np.int32)
    everyone = np.arange(0 if bits else n).astype(np.int32)
    beside, whole = np.empty((4, n), np.int32), np.empty(n, np.bool_)
    table, roots, places = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32)
    for b in range(band, keys.shape[0], step):
        if bits:
            _scatter(keys[b], bits, ends, by_key, members)
        else:
            by_key, members, ends[0] = keys[b], everyone, n
        flatten(parent)  # most of those in one set have one parent then
        start = 0
        for part in range(ends.size):
            size = ends[part] - start
            if roots.size < size:
                roots, places = np.empty(size + size // 8, np.int32), np.empty(size + size // 8, np.int32)
            if table.size < _n_slots(size):
                table = np.empty(_n_slots(size), np.int32)
            left = _open_places(by_key, members, parent, start, ends[part], table, roots, places)
            if left:
                _link_places(
                    words, rows, by_key, members, beside, whole, places, left, size, table, need, parent
                )
            start = ends[part]


@compiled(
    [types.void(WORDS, types.int32[::1], types.int64, types.int64, types.uint32[::1], types.int32[::1])]
)
def _usual(words: Words, members: Codes, low: int, high: int, usual: Words, votes: Codes) -> None:
    """Write the value that most rows of ``members[low:high]`` have, position by position.

    By Boyer and Moore's vote, in the members' order: a value that more than half have always wins. Where there is none,
    the winner means little, and adds little to what the members have in common with the result.
    """
    votes[:] = 0
    for place in range(low, high):
        fetch_row(words, members[min(place + _AHEAD, members.size - 1)])
        row = members[place]
        for k in range(N_VALUES):
            value = words[row, k]
            agree = value == usual[k]
            usual[k] = usual[k] if votes[k] else value
            votes[k] += np.int32(1) if agree or not votes[k] else np.int32(-1)


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
    """Find the medoids of the sets ``[low, high)`` and tell who agrees with its medoid in `reach` values.

    The set `s` is the rows ``members[starts[s] : starts[s + 1]]`` in canonical order. Its medoid is the member that
    agrees most with the values that most members have in each position (`_usual`); of several the first. Its place is
    written to ``medoids[place]`` for each place of the set.
    """
    usual, votes = np.zeros((1, N_VALUES), np.uint32), np.empty(N_VALUES, np.int32)
    for s in range(low, high):
        start, end = starts[s], starts[s + 1]
        medoid, most = start, 0
        medoids[start:end] = 0
        if end - start > 2:  # two are as near to each other as each to the other
            _usual(words, members, start, end, usual[0], votes)
            for place in range(start, end):
                equal = matches(words, members[place], usual, 0)
                if equal > most:
                    medoid, most = place, equal
                medoids[place] = equal
        for place in range(start, end):
            sure = most + medoids[place] - N_VALUES  # in so many values both agree with what is usual
            inside[place] = sure >= reach or matches(words, members[place], words, members[medoid]) >= reach
            medoids[place] = medoid


@compiled(
    [
        types.void(
            WORDS, types.int32[::1], types.int64[::1], types.int64, types.int32[::1], types.int64, types.int64
        )
    ]
)
def lead(words: Words, members: Codes, starts: Ints, reach: int, leaders: Codes, low: int, high: int) -> None:
    """Give each member of the sets ``[low, high)`` the first leader in `reach` values equal, or make it one.

    ``leaders[place]`` gets the leader's place.
    """
    for s in range(low, high):
        chosen = np.empty(starts[s + 1] - starts[s], np.int32)
        n = 0
        for place in range(starts[s], starts[s + 1]):
            k = 0
            while k < n and matches(words, members[place], words, members[chosen[k]]) < reach:
                k += 1
            if k == n:
                chosen[n] = place
                n += 1
            leaders[place] = chosen[k]
