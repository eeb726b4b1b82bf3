"""Small pieces that several kernels share. Only kernels import this module."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._compile import compiled
from spamclf.kernels._select import select
from spamclf.kernels._types import Ints

# Bits of a log entry's flags. "Known" bits tell an unknown fact (null) from a false one.
OUT = 1
GROUP = 2
DELIVERY_KNOWN = 4
UNDELIVERED = 8
CONTACT_KNOWN = 16  # the highest: of messages at one instant, flags sort those first whose contact is unknown
CONTACT = 32

TALLY = 64  # counts below this are tallied by `entropy`

NAT = np.iinfo(np.int64).min  # an unknown instant
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


_ROUNDS = 64  # of quickselect; an order made to defeat it would need n of them, and a square of time
_DIGIT = 11  # bits of a radix sort's digit: 2,048 counters fit the first-level cache


@compiled("void(int64[::1], int64)")
def radix_sort(values: Ints, n: int) -> None:
    """Sort ``values[:n]``, none negative, by digits from the least: a few linear passes, no comparison."""
    source, target = values[:n].copy(), np.empty(n, np.int64)
    places = np.empty(1 << _DIGIT, np.int64)
    top = source.max()
    shift = 0
    while top >> shift:
        places[:] = 0
        for i in range(n):
            places[(source[i] >> shift) & ((1 << _DIGIT) - 1)] += 1
        before = 0
        for digit in range(places.size):
            before, places[digit] = before + places[digit], before
        for i in range(n):
            digit = (source[i] >> shift) & ((1 << _DIGIT) - 1)
            target[places[digit]] = source[i]
            places[digit] += 1
        source, target = target, source
        shift += _DIGIT
    values[:n] = source


@compiled("void(int64[::1], int64)")
def sort_prefix(values: Ints, n: int) -> None:
    """Sort ``values[:n]``, none negative, in place: insertion sort when short, radix sort when long."""
    if n <= 48:
        for i in range(1, n):
            value = values[i]
            j = i - 1
            while j >= 0 and values[j] > value:
                values[j + 1] = values[j]
                j -= 1
            values[j + 1] = value
    elif n <= 256:
        values[:n].sort()
    else:
        radix_sort(values, n)


@compiled("float64(int64[::1], int64)")
def median(values: Ints, n: int) -> float:
    """Return the median of ``values[:n]``, which get partly sorted (quickselect); NaN when empty."""
    if n == 0:
        return np.nan
    half = n // 2
    if not select(values, n, half, _ROUNDS):
        sort_prefix(values, n)
    if n % 2:
        return float(values[half])
    below = values[0]
    for k in range(1, half):
        below = max(below, values[k])
    return below + 0.5 * (values[half] - below)


@compiled("float64(int64[::1], int64, float64)")
def quantile(ordered: Ints, n: int, q: float) -> float:
    """Return the `q` quantile of ``ordered[:n]`` by linear interpolation (numpy's default); NaN when empty."""
    if n == 0:
        return np.nan
    position = q * (n - 1)
    below = int(position)
    if below >= n - 1:
        return float(ordered[n - 1])
    return ordered[below] + (position - below) * (ordered[below + 1] - ordered[below])


@compiled("int64(int64[::1], int64, int64)")
def most_in_window(times: Ints, n: int, width: int) -> int:
    """Return the largest number of ``times[:n]`` (ascending) in any half-open window of `width`.

    Only a window larger than the largest so far matters, so one comparison for each time is enough.
    """
    most = 0
    for last in range(n):
        if times[last] - times[last - most] < width:
            most += 1
    return most


@compiled("float64(int64[::1], int64, int64[::1])")
def entropy(counts: Ints, n: int, tally: Ints) -> float:
    """Return the Shannon entropy in bits of ``counts[:n]``; NaN when they are all zero. `counts` is used up.

    Equal counts are added up together and in ascending order, so that the order in which they arose cannot change
    the last bit of the sum. Small ones, the usual case, are tallied rather than sorted; `tally` (`TALLY` places)
    must be zero and is zero again afterwards.
    """
    large = total = top = 0
    for i in range(n):
        count = counts[i]
        total += count
        if count < TALLY:
            tally[count] += 1
            top = max(top, count)
        else:
            counts[large] = count
            large += 1
    weighted = 0.0
    tally[0] = 0
    for count in range(1, top + 1):
        if tally[count] and count > 1:
            weighted += tally[count] * (count * np.log2(count))
        tally[count] = 0
    if total == 0:
        return np.nan
    sort_prefix(counts, large)
    for i in range(large):
        weighted += counts[i] * np.log2(counts[i])
    # rounding below zero, or -0.0, would be read as a value of its own
    return max(np.log2(total) - weighted / total, 0.0)
