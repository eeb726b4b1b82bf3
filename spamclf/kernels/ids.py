"""From places in a list of values to codes, one pass each."""

from __future__ import annotations

from typing import Any

from numba import types

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bools, Codes, Ints

# Arrow's memory is read-only, and a read-only array is another type to numba; one that may be written also fits.
_READ = {
    name: types.Array(kind, 1, "C", readonly=True)
    for name, kind in (("i4", types.int32), ("i8", types.int64))
}


def _both(returned: Any, *rest: Any) -> list[Any]:
    """Return signatures for int32 places (a dictionary's) and int64 ones (integer ids)."""
    return [returned(_READ[width], *rest) for width in ("i8", "i4")]


@compiled(_both(types.void, types.int64, types.boolean[::1], types.int64, types.int64))
def mark(places: Ints, least: int, used: Bools, low: int, high: int) -> None:
    """Mark which values the rows ``[low, high)`` use."""
    for i in range(low, high):
        used[places[i] - least] = True


@compiled(_both(types.void, types.int64, types.int32[::1], types.int32[::1], types.int64, types.int64))
def translate(places: Ints, least: int, lookup: Codes, codes: Codes, low: int, high: int) -> None:
    """Write the codes of the rows ``[low, high)``."""
    for i in range(low, high):
        codes[i] = lookup[places[i] - least]
