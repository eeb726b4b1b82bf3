"""How much and how fast an account sends."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._common import DAY, HOUR, MINUTE, NAT, OUT, SECOND, most_in_window
from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bytes, Floats, Ints


@compiled("float64(int64[::1], int64, int64)")
def daily_slope(times: Ints, n: int, as_of: int) -> float:
    """Return the least-squares slope of sends a day over the days (24 h back from `as_of`) since the first send."""
    if n == 0:
        return np.nan
    n_days = (as_of - 1 - times[0]) // DAY + 1
    if n_days < 2:
        return np.nan
    sum_xy = 0
    for i in range(n):
        sum_xy += n_days - 1 - (as_of - 1 - times[i]) // DAY
    sum_x = n_days * (n_days - 1) // 2
    sum_xx = n_days * (n_days - 1) * (2 * n_days - 1) // 6
    return (n_days * sum_xy - sum_x * n) / (n_days * sum_xx - sum_x * sum_x)


@compiled("int64(int64[::1], int64)")
def count_days(times: Ints, n: int) -> int:
    """Return the number of UTC days in ``times[:n]``, ascending."""
    days = 0
    for i in range(n):
        if i == 0 or times[i] // DAY != times[i - 1] // DAY:
            days += 1
    return days


@compiled(
    "void(int64[::1], uint8[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64, int64, int64,"
    "float64[:, ::1])"
)
def measure(
    time: Ints, flag: Bytes, registered_at: Ints, account: Ints, starts: Ints, ends: Ints, as_of: Ints, history: int,
    low: int, high: int, out: Floats,
) -> None:  # fmt: skip
    """Fill ``out[:, low:high]``; its rows are the features of the family in the catalogue's order."""
    longest = 1
    for row in range(low, high):
        longest = max(longest, ends[row] - starts[row])
    sent = np.empty(longest, np.int64)
    for row in range(low, high):
        n = 0
        for i in range(starts[row], ends[row]):
            if flag[i] & OUT:
                sent[n] = time[i]
                n += 1
        t = as_of[row]
        born = registered_at[account[row]]
        if born >= t:  # its row is not seen yet
            born = NAT
        busiest = most_in_window(sent, n, HOUR)
        out[0, row] = n
        out[1, row] = n / count_days(sent, n) if n else np.nan
        out[2, row] = most_in_window(sent, n, 15 * SECOND)
        out[3, row] = most_in_window(sent, n, MINUTE)
        out[4, row] = most_in_window(sent, n, 10 * MINUTE)
        out[5, row] = busiest
        out[6, row] = most_in_window(sent, n, DAY)
        out[7, row] = np.nan
        if born != NAT and born >= t - history:
            out[7, row] = np.searchsorted(sent[:n], born + HOUR)
        out[8, row] = busiest / n if n else np.nan
        out[9, row] = np.nan
        if born != NAT:
            out[9, row] = n / max((t - max(born, t - history)) / MINUTE, 1.0)
        out[10, row] = daily_slope(sent, n, t)
