"""Disjoint sets (union-find) over places 0 to n - 1."""

from __future__ import annotations

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


@compiled("void(int32[::1], int64[::1], int32[::1], int32[::1])")
def gather(root: Codes, sizes: Ints, numbers: Codes, members: Codes) -> None:
    """Write the numbers of those in sets of two and more, one set after the other, in order.

    `root` tells the smallest place of each one's set, `sizes` how many have it; the latter is used up.
    """
    before = 0
    for i in range(sizes.size):
        size = sizes[i]
        sizes[i] = before if size > 1 else -1
        before += size if size > 1 else 0
    for i in range(root.size):
        place = sizes[root[i]]
        if place >= 0:
            members[place] = numbers[i]
            sizes[root[i]] = place + 1
