"""Disjoint sets (union-find) over places 0 to n - 1."""

from __future__ import annotations

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Codes


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
