"""Everybody's own log: each message into its sender's and its recipient's, by counting sort."""

from __future__ import annotations

import numpy as np
from numba import types

from spamclf.kernels._common import GROUP, OUT
from spamclf.kernels._compile import compiled
from spamclf.kernels._order import argsort
from spamclf.kernels._types import Bools, Bytes, Codes, Floats, Ints

# Arrow's memory is read-only, and a read-only array is another type to numba; one that may be written also fits.
_INSTANTS = types.Array(types.int64, 1, "C", readonly=True)


@compiled("void(int32[::1], int32[::1], uint8[::1], int64, int64, int64[::1])")
def count(sender: Codes, recipient: Codes, flags: Bytes, low: int, high: int, counts: Ints) -> None:
    """Add to ``counts[account]`` the log entries that the messages ``[low, high)`` make.

    A sender whose log is elsewhere has a code past the last account's.
    """
    for i in range(low, high):
        if sender[i] < counts.size:
            counts[sender[i]] += 1
        if recipient[i] < counts.size and not flags[i] & GROUP:
            counts[recipient[i]] += 1


@compiled(
    types.void(
        types.int32[::1],
        types.int32[::1],
        _INSTANTS,
        types.uint8[::1],
        types.float64[::1],
        types.int64,
        types.int64,
        types.int64[::1],
        types.int64[::1],
        types.int32[::1],
        types.uint8[::1],
        types.float64[::1],
    )
)
def scatter(
    sender: Codes,
    recipient: Codes,
    sent_at: Ints,
    flags: Bytes,
    typed: Floats,
    low: int,
    high: int,
    cursor: Ints,
    time: Ints,
    peer: Codes,
    flag: Bytes,
    typed_s: Floats,
) -> None:
    """Write each of the messages ``[low, high)`` to the next place in its parties' logs, moving `cursor`.

    Each thread has the places of its own messages, after those of the threads before it, so that the result does
    not depend on how many threads there are.
    """
    has_typed = typed.size > 0
    for i in range(low, high):
        if sender[i] < cursor.size:
            place = cursor[sender[i]]
            cursor[sender[i]] = place + 1
            time[place] = sent_at[i]
            peer[place] = recipient[i]
            flag[place] = flags[i] | OUT
            if has_typed:
                typed_s[place] = typed[i]
        if recipient[i] < cursor.size and not flags[i] & GROUP:
            place = cursor[recipient[i]]
            cursor[recipient[i]] = place + 1
            time[place] = sent_at[i]
            peer[place] = sender[i]
            flag[place] = flags[i]
            if has_typed:
                typed_s[place] = typed[i]


@compiled("int64(int64[::1], int32[::1], uint8[::1], float64[::1], boolean, int64, int64)")
def compare(time: Ints, peer: Codes, flag: Bytes, typed_s: Floats, has_typed: bool, a: int, b: int) -> int:
    """Return the sign of entry `a` against `b`: by time, then in before out, then peer, facts, typing."""
    if time[a] != time[b]:
        return -1 if time[a] < time[b] else 1
    if flag[a] & OUT != flag[b] & OUT:
        return -1 if flag[a] & OUT < flag[b] & OUT else 1
    if peer[a] != peer[b]:
        return -1 if peer[a] < peer[b] else 1
    if flag[a] != flag[b]:
        return -1 if flag[a] < flag[b] else 1
    if has_typed:
        x, y = typed_s[a], typed_s[b]
        if np.isnan(x) != np.isnan(y):
            return 1 if np.isnan(x) else -1
        if x != y and not np.isnan(x):
            return -1 if x < y else 1
    return 0


@compiled("void(int64[::1], int64, int64, int64[::1], int32[::1], uint8[::1], float64[::1], boolean)")
def sift_down(
    order: Ints, root: int, size: int, time: Ints, peer: Codes, flag: Bytes, typed_s: Floats, has_typed: bool
) -> None:
    """Let ``order[root]`` sink until the heap ``order[:size]`` has its largest entry on top again."""
    while 2 * root + 1 < size:
        child = 2 * root + 1
        if (
            child + 1 < size
            and compare(time, peer, flag, typed_s, has_typed, order[child], order[child + 1]) < 0
        ):
            child += 1
        if compare(time, peer, flag, typed_s, has_typed, order[root], order[child]) >= 0:
            return
        order[root], order[child] = order[child], order[root]
        root = child


@compiled("void(int64[::1], int64[::1], int32[::1], uint8[::1], float64[::1], boolean)")
def sort_ties(order: Ints, time: Ints, peer: Codes, flag: Bytes, typed_s: Floats, has_typed: bool) -> None:
    """Sort the entry numbers `order` by `compare`: heap sort, n log n even if a whole log has one time."""
    for root in range(order.size // 2 - 1, -1, -1):
        sift_down(order, root, order.size, time, peer, flag, typed_s, has_typed)
    for last in range(order.size - 1, 0, -1):
        order[0], order[last] = order[last], order[0]
        sift_down(order, 0, last, time, peer, flag, typed_s, has_typed)


@compiled("boolean(int64[::1], int32[::1], uint8[::1], float64[::1], boolean, int64, int64)")
def in_order(
    time: Ints, peer: Codes, flag: Bytes, typed_s: Floats, has_typed: bool, start: int, end: int
) -> bool:
    """Tell whether the entries ``[start, end)`` are in order already, the usual case."""
    for i in range(start + 1, end):
        if time[i] <= time[i - 1] and compare(time, peer, flag, typed_s, has_typed, i - 1, i) > 0:
            return False
    return True


@compiled("int64(int64[::1], int64, int64, int64[::1], int32[::1], uint8[::1], float64[::1], boolean[::1])")
def order_logs(
    offsets: Ints, low: int, high: int, time: Ints, peer: Codes, flag: Bytes, typed_s: Floats, repeated: Bools
) -> int:
    """Order each log of the accounts ``[low, high)`` by `compare` and mark exact repetitions.

    The order among equal times is a matter of the entries alone, never of the rows' order in the file, so that
    any order of the same rows gives the same features. Returns how many *sent* entries repeat the one before.
    """
    has_typed = typed_s.size > 0
    n_repeated = 0
    for account in range(low, high):
        start, end = offsets[account], offsets[account + 1]
        if not in_order(time, peer, flag, typed_s, has_typed, start, end):
            order = argsort(time[start:end])
            order += start
            i = 0
            while i < order.size:
                j = i + 1
                while j < order.size and time[order[j]] == time[order[i]]:
                    j += 1
                if j - i > 1:
                    sort_ties(order[i:j], time, peer, flag, typed_s, has_typed)
                i = j
            time[start:end] = time[order]
            peer[start:end] = peer[order]
            flag[start:end] = flag[order]
            if has_typed:
                typed_s[start:end] = typed_s[order]
        for i in range(start + 1, end):
            if time[i] == time[i - 1] and compare(time, peer, flag, typed_s, has_typed, i - 1, i) == 0:
                repeated[i] = True
                n_repeated += flag[i] & OUT
    return n_repeated


@compiled("void(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def first_at(time: Ints, offsets: Ints, account: Ints, instant: Ints, place: Ints) -> None:
    """For each pair write where the account's log first reaches `instant`: binary search."""
    for i in range(account.size):
        low, high = offsets[account[i]], offsets[account[i] + 1]
        while low < high:
            middle = (low + high) // 2
            if time[middle] < instant[i]:
                low = middle + 1
            else:
                high = middle
        place[i] = low


@compiled("int64(int64[::1], uint8[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def nth_sends(
    time: Ints, flag: Bytes, offsets: Ints, counts: Ints, before: Ints, account: Ints, instant: Ints
) -> int:
    """List (account, instant just after its n-th send) for each n of the ascending `counts`.

    A log is read up to ``before[code]``. Returns the number of pairs written.
    """
    n_pairs = 0
    for code in range(offsets.size - 1):
        sends = 0
        k = 0
        for i in range(offsets[code], offsets[code + 1]):
            if k == counts.size or time[i] >= before[code]:
                break
            sends += flag[i] & OUT
            if sends == counts[k] and flag[i] & OUT:
                account[n_pairs] = code
                instant[n_pairs] = time[i] + 1
                n_pairs += 1
                k += 1
    return n_pairs


@compiled("void(int64[::1], uint8[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def first_and_last(time: Ints, flag: Bytes, starts: Ints, ends: Ints, first: Ints, last: Ints) -> None:
    """Write when each slice's first entry is, and its last one that goes out; what is not there is left alone."""
    for row in range(starts.size):
        if starts[row] < ends[row]:
            first[row] = time[starts[row]]
        for i in range(ends[row] - 1, starts[row] - 1, -1):
            if flag[i] & OUT:
                last[row] = time[i]
                break
