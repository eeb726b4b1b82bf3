"""Instants by key: how many lie in a look-back, and what they weigh."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._compile import compiled
from spamclf.kernels._spans import lower_bound
from spamclf.kernels._types import Floats, Ints

__all__ = ["LINE", "Line", "before", "last", "within"]

#: Where the instants of each key begin, they, ascending, and the running sum of their weights.
LINE = "Tuple((int64[::1], int64[::1], int64[::1]))"
Line = tuple[Ints, Ints, Ints]


@compiled(f"UniTuple(int64, 2)({LINE}, int64, int64)")
def before(line: Line, key: int, instant: int) -> tuple[int, int]:
    """Return the number and the weight of a key's instants before an instant; none of a key that has no place."""
    offsets, instants, weight_before = line
    if key + 1 >= offsets.size:
        return 0, 0
    start = offsets[key]
    place = lower_bound(instants, start, offsets[key + 1], instant)
    return place - start, weight_before[place] - weight_before[start]


@compiled(f"void({LINE}, int64[::1], int64[::1], int64, int64[::1], int64[::1])")
def within(line: Line, key: Ints, as_of: Ints, history: int, n: Ints, weight: Ints) -> None:
    """Write the number and the weight of each key's instants in ``[as_of - history, as_of)``."""
    for k in range(key.size):
        n_until, until = before(line, key[k], as_of[k])
        n_since, since = before(line, key[k], as_of[k] - history)
        n[k], weight[k] = n_until - n_since, until - since


@compiled(f"void({LINE}, int64[::1], int64[::1], int64, float64[::1])")
def last(line: Line, key: Ints, as_of: Ints, history: int, weight: Floats) -> None:
    """Write the weight of each key's last instant in ``[as_of - history, as_of)``; NaN where there is none."""
    offsets, _, weight_before = line
    for k in range(key.size):
        n = before(line, key[k], as_of[k])[0]
        weight[k] = np.nan
        if n > before(line, key[k], as_of[k] - history)[0]:
            place = offsets[key[k]] + n
            weight[k] = weight_before[place] - weight_before[place - 1]
