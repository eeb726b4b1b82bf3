"""A table from peer to a small consecutive slot, reset for free between slices."""

from __future__ import annotations

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Ints


@compiled("int64(int64[::1], int32, int64, int64)")
def slot_of(seen: Ints, peer: int, row: int, n_slots: int) -> int:
    """Return the slot of `peer` in slice `row`; equal to `n_slots` when this is its first entry.

    ``seen[peer]`` holds the number of the last slice that met the peer and its slot there, so that a new slice
    needs no clearing and the per-slot state stays in a few cache lines.
    """
    mark = seen[peer]
    if mark >> 32 == row + 1:
        return mark & 0xFFFFFFFF
    seen[peer] = ((row + 1) << 32) | n_slots
    return n_slots
