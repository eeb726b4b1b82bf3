"""Who else was registered on the same network or device: all of it is binary search."""

from __future__ import annotations

from typing import Any

import numpy as np

from spamclf.kernels._common import DAY, HOUR, NAT
from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Codes, Floats, Ints
from spamclf.kernels.timeline import LINE, Line, before

#: Of a network or a device: the one of each account; registrations there, in order and not yet; beginnings and ends of
#: labels there.
KIND = f"Tuple((int32[::1], {LINE}, int64[:, :], {LINE}, {LINE}))"
Kind = tuple[Codes, Line, Ints, Line, Line]


@compiled(f"int64({LINE}, int64[:, :], int64, int64, int64)")
def registered(line: Line, waiting: Ints, key: int, since: int, until: int) -> int:
    """Return how many were registered on a network or device in ``[since, until)``."""
    n = before(line, key, until)[0] - before(line, key, since)[0]
    for k in range(waiting.shape[1]):
        n += (waiting[0, k] == key) & (since <= waiting[1, k]) & (waiting[1, k] < until)
    return n


@compiled(f"UniTuple(int64, 2)({LINE}, {LINE}, int64, int64)")
def standing(begun: Line, ended: Line, key: int, instant: int) -> tuple[int, int]:
    """Return how many labels of a key stand at an instant, and how many of them say automated."""
    n, hits = before(begun, key, instant)
    n_ended, hits_ended = before(ended, key, instant)
    return n - n_ended, hits - hits_ended


@compiled(
    f"void(int64[::1], int32[::1], int32[::1], UniTuple({KIND}, 2), {LINE}, {LINE}, int64[::1], int64[::1], int64,"
    "int64, int64, float64[:, ::1])"
)
def measure(
    registered_at: Ints, country: Codes, network_country: Codes, kinds: Any, own_begun: Line, own_ended: Line,
    account: Ints, as_of: Ints, history: int, low: int, high: int, out: Floats,
) -> None:  # fmt: skip
    """Fill ``out[:, low:high]``; its rows are the features of the family in the catalogue's order.

    Labels of a network have its number + 1 as key, those of an account likewise.
    """
    for row in range(low, high):
        who, now = account[row], as_of[row]
        out[:, row] = np.nan
        born, since = registered_at[who], now - history
        if born >= now:  # its row is not seen yet
            continue
        if country[who] >= 0 and network_country[who] >= 0:
            out[0, row] = country[who] != network_country[who]
        for k in range(2):
            group, line, waiting, begun, ended = kinds[k]
            key = group[who]
            if key < 0:
                continue
            for place, width in ((0, HOUR), (1, DAY)):
                if born != NAT and born - width >= since:
                    out[1 + 3 * k + place, row] = registered(line, waiting, key, born - width, born + 1) - 1
            itself = born != NAT and born >= since
            out[3 + 3 * k, row] = registered(line, waiting, key, since, now) - itself
            n, hits = standing(begun, ended, key + 1, now)
            # Of an account that is labelled itself nothing is told: among the others of its network, automated ones
            # would each see one automated account less than honest ones do, and so give themselves away.
            if n > 0 and standing(own_begun, own_ended, who + 1, now)[0] == 0:
                out[7 + k, row] = (hits + 1) / (n + 2)
