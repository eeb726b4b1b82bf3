"""What an account says of itself, and how soon it begins to send."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._common import NAT, OUT, SECOND
from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bytes, Codes, Floats, Ints


@compiled(
    "void(int64[::1], uint8[::1], Tuple((int64[::1], int32[::1], float64[::1])), int64[::1], int64[::1], int64[::1],"
    "int64[::1], int64, int64, int64, float64[:, ::1])"
)
def measure(
    time: Ints, flag: Bytes, facts: tuple[Ints, Codes, Floats], account: Ints, starts: Ints, ends: Ints, as_of: Ints,
    history: int, low: int, high: int, out: Floats,
) -> None:  # fmt: skip
    """Fill ``out[:, low:high]``; its rows are the features of the family in the catalogue's order.

    An account registered before its history began has sent before, unseen: its first sends are unknown. `facts` by
    account are when it was registered, whether it declares a business (-1: unknown), what share of its row is filled.
    """
    registered_at, is_business, filled = facts
    for row in range(low, high):
        out[:, row] = np.nan
        who = account[row]
        born = registered_at[who]
        if born >= as_of[row]:  # its row is not seen yet
            continue
        out[4, row] = is_business[who] if is_business[who] >= 0 else np.nan
        out[5, row] = filled[who]
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
