"""Disjoint sets (union-find) over places 0 to n - 1."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Codes, Ints


@compiled("int64(int32[::1], int64)")
def find(parent: Codes, i: int) -> int:
    """Return the smallest member of the set of `i`, halving the way there."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@compiled("boolean(int32[::1], int64, int64)")
def union(parent: Codes, i: int, j: int) -> bool:
    """Make one set of the sets of `i` and `j`; tell whether they were two.

    The smaller root stays the root: the name of a set is then a matter of its members, not of the order of unions.
    """
    i, j = find(parent, i), find(parent, j)
    if i < j:
        parent[j] = i
    else:
        parent[i] = j
    return i != j


@compiled("void(int32[::1], int32[::1])")
def merge(parent: Codes, other: Codes) -> None:
    """Unite in `parent` what is united in `other`."""
    for i in range(parent.size):
        if other[i] != i:
            union(parent, i, other[i])


@compiled("void(int32[::1])")
def flatten(parent: Codes) -> None:
    """Point every place at the smallest member of its set. Parents are smaller, so one pass upwards is enough."""
    for i in range(parent.size):
        parent[i] = parent[parent[i]]


@compiled("int64(int32[::1], int32[::1], int32[::1], int64[::1])")
def gather(root: Codes, numbers: Codes, members: Codes, starts: Ints) -> int:
    """Write the numbers of those in sets of two and more, one set after the other, in order; return how many sets.

    `root` tells the smallest place of each one's set, ``starts`` gets where each set begins and where the last ends.
    """
    cursors = np.zeros(root.size, np.int64)
    for place in root:
        cursors[place] += 1
    n = starts[0] = 0
    for place in range(root.size):
        size = cursors[place]
        cursors[place] = starts[n] if size > 1 else -1
        if size > 1:
            starts[n + 1] = starts[n] + size
            n += 1
    for i in range(root.size):
        place = cursors[root[i]]
        if place >= 0:
            members[place] = numbers[i]
            cursors[root[i]] = place + 1
    return n


@compiled("int64(int32[::1], int32[::1], int32[::1])")
def number(leader: Codes, label: Codes, leaders: Codes) -> int:
    """Number sets, each told by a leader, in the order of their first members; return how many."""
    numbers = np.full(leader.size, -1, np.int32)
    n = 0
    for i in range(leader.size):
        if numbers[leader[i]] < 0:
            numbers[leader[i]], leaders[n] = n, leader[i]
            n += 1
        label[i] = numbers[leader[i]]
    return n
