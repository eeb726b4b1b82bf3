"""The cluster around an account's own print, at any instant: who else showed a fingerprint in reach of it.

A print is what the account itself showed: of a photo its fingerprint and, where the picture was at hand, those of the
picture turned and mirrored. In reach is a relation of a print and a fingerprint and of nothing else, so what is seen
later cannot change what was in reach before. Fingerprints stand in buckets, and only those of a common bucket are
compared. Where there are too many in reach to look at all, those count that are met first: bucket by bucket, in each by
the accounts that show them at that instant (`spells.stand_for`), so that a fingerprint of many comes before one of few.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Codes, Ints
from spamclf.kernels.bands import matches
from spamclf.kernels.hamming import hamming256
from spamclf.kernels.neighbours import CHUNK_VALUES, CHUNKS, VERSIONS
from spamclf.kernels.rows import fetch_row
from spamclf.kernels.spells import BEGIN, END, OWN, SPELLS, Spells

_AHEAD = 6  # texts that are on their way from memory
MEMBER, JUDGED, LOOKED, _, N_MARKS = range(5)  # columns of a fingerprint's marks
STAMP, CROWDED, COMPARED, MET, N_COUNTERS = range(
    5
)  # the last stamp used, listed fingerprints, and the work done
EVER = np.iinfo(np.int64).min  # instead of an instant: whoever is seen at any of those that are asked for

PRINTS = (
    "Tuple((uint64[:, ::1], int64[::1], int32[::1], uint64[:, ::1], uint32[:, ::1], int32[:, ::1], int64,"
    " int64[::1], int32[::1]))"
)
BUCKETS = "Tuple((int64[::1], int32[:, ::1], int32[::1]))"
OWN_PRINTS = "Tuple((int64[::1], int64[::1], int32[::1]))"
SCRATCH = "Tuple((int64[::1], int64[:, ::1], int64[::1], int64[::1]))"

Prints = tuple[Any, Ints, Codes, Any, Any, Codes, int, Ints, Codes]
Buckets = tuple[Ints, Any, Codes]
Own = tuple[Ints, Ints, Codes]
Scratch = tuple[Ints, Any, Ints, Ints]


@compiled("void(uint64[:, ::1], int32[:, ::1])")
def chunk_keys(words: Any, keys: Codes) -> None:
    """Write the buckets of each photo: one for the value of each 16 bits."""
    for group in range(words.shape[0]):
        for chunk in range(keys.shape[1]):
            value = np.int64(words[group, chunk >> 2] >> np.uint64(16 * (chunk & 3))) & (CHUNK_VALUES - 1)
            keys[group, chunk] = chunk * CHUNK_VALUES + value


@compiled(
    f"int64({OWN_PRINTS}, int64[::1], int64[::1], int64, int64, int64, int64[::1], int32[::1], int64[::1])"
)
def own_prints(
    own: Own,
    accounts: Ints,
    until: Ints,
    history: int,
    low: int,
    high: int,
    offsets: Ints,
    prints: Codes,
    first_at: Ints,
) -> int:
    """Write the prints that each row's account showed last, and since when; return how many there are.

    Those of the row `low` + `i` begin at ``offsets[i]``.
    """
    own_offsets, own_instant, own_print = own
    n = 0
    for row in range(low, high):
        start = offsets[row - low] = n
        for place in range(own_offsets[accounts[row] + 1] - 1, own_offsets[accounts[row]] - 1, -1):
            if own_instant[place] >= until[row]:
                continue
            if own_instant[place] < until[row] - history:
                break
            k = start
            while k < n and prints[k] != own_print[place]:
                k += 1
            if k == start + OWN:
                break
            prints[k] = own_print[place]
            first_at[k] = own_instant[place]  # the earliest so far, as they come backwards
            n = max(n, k + 1)
    offsets[high - low] = n
    return n


@compiled("boolean(uint64[:, ::1], int64, int64, uint64[:, ::1], int64, int64)")
def _any_within(versions: Any, first: int, n: int, photos: Any, other: int, reach: int) -> bool:
    """Tell whether a photo is within `reach` bits of one of `n` versions from `first` on."""
    found = False
    for version in range(first, first + n):
        found |= hamming256(versions, version, photos, other) <= reach
    return found


@compiled(f"boolean(int64, int64, {PRINTS})")
def in_reach(own: int, other: int, prints: Prints) -> bool:
    """Tell whether a fingerprint is in reach of an own print: near enough, and, of texts, in a common bucket."""
    versions, n_versions, group_of, photos, texts, keys, reach, _, _ = prints
    mine = group_of[own]
    if not texts.shape[0]:
        return bool(_any_within(versions, VERSIONS * own, n_versions[own], photos, other, reach))
    found = False
    for band in range(keys.shape[1]):
        found |= keys[mine, band] >= 0 and keys[mine, band] == keys[other, band]
    return found and matches(texts, mine, texts, other) >= reach


@compiled(f"int64(int64, int64, {PRINTS})")
def _bucket_of(own: int, k: int, prints: Prints) -> int:
    """Return the k-th bucket in which a print's neighbours stand.

    Of a text there is one per band, -1 if it is alone there; of each version of a photo one per part and value of it
    within one bit of its own.
    """
    versions, _, group_of, _, texts, keys, _, _, _ = prints
    if texts.shape[0]:
        return int(keys[group_of[own], k])
    version, part = k // (17 * CHUNKS), k % (17 * CHUNKS)
    chunk, bit = part // 17, part % 17 - 1
    word = versions[VERSIONS * own + version, chunk >> 2] >> np.uint64(16 * (chunk & 3))
    value = np.int64(word) & (CHUNK_VALUES - 1)
    return int(chunk * CHUNK_VALUES + (value if bit < 0 else value ^ (1 << bit)))


@compiled(f"int64(int64, int64, int64, int64, int64, int64, int64, {PRINTS}, {SPELLS}, {BUCKETS}, {SCRATCH})")
def _add_bucket(
    bucket: int, own: int, until: int, stamp: int, asked: int, n: int, most: int, prints: Prints, spells: Spells,
    buckets: Buckets, scratch: Scratch,
) -> int:  # fmt: skip
    """Add a bucket's fingerprints in reach to the `n` members, of at most `most` compared, until there are `most`."""
    versions, n_versions, group_of, photos, texts, _, reach, _, _ = prints
    offsets, entries, _ = buckets
    members, marks, _, counters = scratch
    counters[STAMP] += 2
    here, compared, rows = counters[STAMP], 0, spells[0]
    limit = most + (until == EVER)
    last = offsets[bucket + 1] - 1
    for place in range(offsets[bucket], last + 1):
        if texts.shape[0]:
            fetch_row(texts, entries[min(place + _AHEAD, last), 1])
        spell, other = entries[place, 0], entries[place, 1]
        is_seen = until == EVER or rows[spell, BEGIN] < until <= rows[spell, END]
        if not is_seen or marks[other, LOOKED] == here:
            continue
        if compared == most:
            break
        marks[other, LOOKED] = here
        compared += 1
        if marks[other, JUDGED] >> 1 != asked:
            if texts.shape[0]:
                near = matches(texts, group_of[own], texts, other) >= reach
            else:
                near = _any_within(versions, VERSIONS * own, n_versions[own], photos, other, reach)
            marks[other, JUDGED] = (asked << 1) | np.int64(near)
            counters[COMPARED] += 1
        is_new = marks[other, JUDGED] & (
            marks[other, MEMBER] != stamp
        )  # no branch: nobody could guess which way it goes
        marks[other, MEMBER] += is_new * (stamp - marks[other, MEMBER])
        members[n] = other
        n += is_new
        if n == limit:
            break
    return n


@compiled(f"int64(int64, int64, int64, int64, int64, {PRINTS}, {SPELLS}, {BUCKETS}, {SCRATCH})")
def gather(
    own: int,
    until: int,
    stamp: int,
    asked: int,
    most: int,
    prints: Prints,
    spells: Spells,
    buckets: Buckets,
    scratch: Scratch,
) -> int:
    """Write the fingerprints of a print's cluster to the members, its own first; return how many there are.

    For `EVER`, what is in reach at any instant, a number above `most` says that there is no such list: too many stand
    in one of its buckets, or are in reach.
    """
    _, n_versions, group_of, _, texts, keys, _, near_from, near = prints
    different = buckets[2]
    members, marks = scratch[0], scratch[1]
    members[0] = group_of[own]
    marks[group_of[own], MEMBER] = stamp
    n = 1
    for place in range(near_from[own], near_from[own + 1]):
        if marks[near[place], MEMBER] != stamp:
            marks[near[place], MEMBER] = stamp
            members[n] = near[place]
            n += 1
    if near_from[own] < near_from[own + 1]:
        return n  # listed, all of them
    n_buckets = keys.shape[1] if texts.shape[0] else n_versions[own] * 17 * CHUNKS
    for k in range(n_buckets):
        bucket = _bucket_of(own, k, prints)
        if bucket < 0 or not different[bucket]:
            continue
        if until == EVER and different[bucket] > most:
            return most + 1
        n = _add_bucket(bucket, own, until, stamp, asked, n, most, prints, spells, buckets, scratch)
        if n > most or (n == most and until != EVER):
            break
    return n
