"""How soon an account begins to send."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._common import NAT, OUT, SECOND
from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bytes, Floats, Ints


@compiled(
    "void(int64[::1], uint8[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64, int64, int64, float64[:, ::1])"
)
def measure(
    time: Ints,
    flag: Bytes,
    starts: Ints,
    ends: Ints,
    as_of: Ints,
    registered_at: Ints,
    history: int,
    low: int,
    high: int,
    out: Floats,
) -> None:
    """Fill ``out[:, low:high]``: age at `as_of`, then time from registration to the 1st, 10th and 100th send.

    An account registered before its history began has sent before, unseen: its first sends are unknown.
    """
    for row in range(low, high):
        born = registered_at[row]
        out[0:4, row] = np.nan
        if born == NAT:
            continue
        out[0, row] = (as_of[row] - born) / SECOND
        if born < as_of[row] - history:
            continue
        sends = 0
        for i in range(starts[row], ends[row]):
            if flag[i] & OUT:
                sends += 1
                if sends == 1:
                    out[1, row] = (time[i] - born) / SECOND
                elif sends == 10:
                    out[2, row] = (time[i] - born) / SECOND
                elif sends == 100:
                    out[3, row] = (time[i] - born) / SECOND
                    break
