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
    "int64, int64, int32[::1], int64[::1])"
)
def find(
    chunk: int, versions: Any, n_versions: Ints, words: Any, ends: Ints, members: Codes, columns: Any, listed: int,
    most: int, counts: Codes, effort: Ints,
) -> Codes:  # fmt: skip
    """Return the pairs (print, fingerprint) that this part finds first.

    `ends`, `members` and `columns` are the fingerprints by the value of the part (`hamming.sort_by_chunk`); `counts`
    of the prints goes on from part to part. A print with more than `listed` neighbours, or a bucket of more than
    `most`, is given up, with a count above `listed`: thousands of near copies must not be held against each other.
    ``effort[0]`` counts the comparisons.
    """
    pairs, n = np.empty((1024, 2), np.int32), 0
    word, shift = chunk >> 2, np.uint64(16 * (chunk & 3))
    own = np.empty(4, np.uint64)
    for print_ in range(counts.size):
        for k in range(17 * n_versions[print_]):
            version, bit = k // 17, k % 17 - 1
            for j in range(4):
                own[j] = versions[VERSIONS * print_ + version, (word + 1 + j) & 3]
            value = np.int64(own[3] >> shift) & (CHUNK_VALUES - 1)
            bucket = value if bit < 0 else value ^ (1 << bit)
            start = ends[bucket - 1] if bucket else 0
            if ends[bucket] - start > most:
                counts[print_] = listed + 1
            if counts[print_] > listed:
                break
            for place in range(start, ends[bucket]):
                effort[0] += 1
                # Half of the bits are enough to pass over strangers.
                distance = popcount(columns[0, place] ^ own[0]) + popcount(columns[1, place] ^ own[1])
                if distance > REACH:
                    continue
                distance += popcount(columns[2, place] ^ own[2]) + popcount(columns[3, place] ^ own[3])
                if distance > REACH or _found_before(versions, print_, version, chunk, words, members[place]):
                    continue
                if n == len(pairs):
                    pairs = np.concatenate((pairs, pairs))
                pairs[n, 0], pairs[n, 1] = print_, members[place]
                n += 1
                counts[print_] += 1
                if counts[print_] > listed:
                    break
    return pairs[:n].copy()
