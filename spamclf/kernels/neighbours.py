"""Which photos are in reach of which: all pairs within 31 bits, by an index of sixteen parts of each fingerprint.

Two fingerprints of 256 bits that differ in at most 31 differ in at most one bit of one of their sixteen parts of 16, so
each is held against those of 17 buckets per part alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Codes, Ints
from spamclf.kernels.hamming import hamming256, popcount

CHUNKS = 16
CHUNK_VALUES = 65_536
VERSIONS = 8  # of a photo: turned and mirrored; the first is the photo as it is
REACH = 31
MOST = 64  # neighbours that are listed; who has more is found by its buckets, where the latest stand last


@compiled("boolean(uint64[:, ::1], int64, int64, int64, uint64[:, ::1], int64)")
def _found_before(versions: Any, print_: int, version: int, chunk: int, words: Any, group: int) -> bool:
    """Tell whether an earlier version or an earlier part finds this pair, too: it is listed once."""
    found = False
    for earlier in range(version):
        found |= hamming256(versions, VERSIONS * print_ + earlier, words, group) <= REACH
    row = VERSIONS * print_ + version
    for earlier in range(chunk):
        word = (versions[row, earlier >> 2] ^ words[group, earlier >> 2]) >> np.uint64(16 * (earlier & 3))
        found |= popcount(word & np.uint64(CHUNK_VALUES - 1)) <= 1
    return found


@compiled(
    "int32[:, ::1](int64, uint64[:, ::1], int64[::1], uint64[:, ::1], int64[::1], int32[::1], uint64[:, ::1],"
    "int32[::1], int64, int64)"
)
def find(
    chunk: int,
    versions: Any,
    n_versions: Ints,
    words: Any,
    ends: Ints,
    members: Codes,
    columns: Any,
    counts: Codes,
    low: int,
    high: int,
) -> Codes:
    """Return the pairs (print, fingerprint) that this part finds first, of the prints ``[low, high)``.

    `ends`, `members` and `columns` are the fingerprints by the value of the part (`hamming.sort_by_chunk`); `counts`
    of the prints goes on from part to part, and who has more than `MOST` is looked at no further.
    """
    pairs, n = np.empty((1024, 2), np.int32), 0
    word, shift = chunk >> 2, np.uint64(16 * (chunk & 3))
    own = np.empty(4, np.uint64)
    for print_ in range(low, high):
        for version in range(n_versions[print_]):
            row = VERSIONS * print_ + version
            for k in range(4):
                own[k] = versions[row, (word + 1 + k) & 3]
            value = np.int64(own[3] >> shift) & (CHUNK_VALUES - 1)
            for bit in range(-1, 16):
                bucket = value if bit < 0 else value ^ (1 << bit)
                for place in range(ends[bucket - 1] if bucket else 0, ends[bucket]):
                    # Half of the bits are enough to pass over strangers.
                    distance = popcount(columns[0, place] ^ own[0]) + popcount(columns[1, place] ^ own[1])
                    if distance > REACH or counts[print_] > MOST:
                        continue
                    distance += popcount(columns[2, place] ^ own[2]) + popcount(columns[3, place] ^ own[3])
                    group = members[place]
                    if distance > REACH or _found_before(versions, print_, version, chunk, words, group):
                        continue
                    if n == len(pairs):
                        longer = np.empty((2 * n, 2), np.int32)
                        longer[:n] = pairs
                        pairs = longer
                    pairs[n, 0], pairs[n, 1] = print_, group
                    n += 1
                    counts[print_] += 1
    return pairs[:n].copy()
