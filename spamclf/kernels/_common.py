"""Small pieces that several kernels share. Only kernels import this module."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._compile import compiled

# Bits of a log entry's flags. "Known" bits tell an unknown fact (null) from a false one.
OUT = 1
GROUP = 2
CONTACT_KNOWN = 4
CONTACT = 8
DELIVERY_KNOWN = 16
UNDELIVERED = 32

NAT = np.iinfo(np.int64).min  # an unknown instant
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@compiled("void(int64[::1], int64)")
def sort_prefix(values, n):
    """Sort ``values[:n]`` in place: insertion sort when short, else heap sort, whose worst case is n log n."""
    if n <= 48:
        for i in range(1, n):
            value = values[i]
            j = i - 1
            while j >= 0 and values[j] > value:
                values[j + 1] = values[j]
                j -= 1
            values[j + 1] = value
    else:
        values[:n] = np.sort(values[:n])


@compiled("float64(int64[::1], int64, float64)")
def quantile(ordered, n, q):
    """Return the `q` quantile of ``ordered[:n]`` by linear interpolation (numpy's default); NaN when empty."""
    if n == 0:
        return np.nan
    position = q * (n - 1)
    below = int(position)
    if below >= n - 1:
        return float(ordered[n - 1])
    return ordered[below] + (position - below) * (ordered[below + 1] - ordered[below])


@compiled("int64(int64[::1], int64, int64)")
def most_in_window(times, n, width):
    """Return the largest number of ``times[:n]`` (ascending) in any half-open window of `width`."""
    most = 0
    first = 0
    for last in range(n):
        while times[last] - times[first] >= width:
            first += 1
        most = max(most, last - first + 1)
    return most


@compiled("float64(int64[::1], int64)")
def entropy(counts, n):
    """Return the Shannon entropy in bits of ``counts[:n]``, which get sorted.

    Sorted, so that the order in which the counts arose cannot change the last bit of the sum.
    """
    sort_prefix(counts, n)
    total = 0
    weighted = 0.0
    i = 0
    while i < n:
        j = i
        while j < n and counts[j] == counts[i]:
            j += 1
        total += counts[i] * (j - i)
        weighted += (j - i) * (counts[i] * np.log2(counts[i]))
        i = j
    if total == 0:
        return np.nan
    # -0.0 and rounding below zero would be read as a value of their own
    return max(np.log2(total) - weighted / total, 0.0)
