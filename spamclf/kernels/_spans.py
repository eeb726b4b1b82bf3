"""When a recipient is whose stranger: spans of instants, by recipient and by account."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._common import CONTACT, GROUP, NAT, OUT
from spamclf.kernels._compile import compiled
from spamclf.kernels._order import argsort
from spamclf.kernels._types import Bytes, Codes, Ints

POPULAR = (
    100  # a recipient to whom more others wrote as strangers is a hotline or a customer, on no bought list
)

_SHORT = 128  # spans of a recipient up to which they are all looked at, rather than sorted
_FAN = 16  # spans, or blocks of them, in one block of the tree of latest instants
_BITS = 4
_NUMBER = 0xFFFFFFFF

#: By recipient: offsets; of each span (message's instant, account << 32 | number among the late ones); begins of the
#: late ones; latest instants of blocks, where their levels begin.
LISTS = "Tuple((int64[::1], int64[:, ::1], int64[::1], int64[::1], int64[::1]))"
#: By account: offsets; begins of its spans and instants of their messages, each ascending. Where one instant alone is
#: asked for these may be empty, and instead of offsets stands how many strangers each account has then.
SIZES = "Tuple((int64[::1], int64[::1], int64[::1]))"
Lists = tuple[Ints, Ints, Ints, Ints, Ints]
Sizes = tuple[Ints, Ints, Ints]


@compiled("int64(int64[::1], int64, int64, int64)")
def lower_bound(times: Ints, low: int, high: int, instant: int) -> int:
    """Return the first place in ``times[low:high]``, ascending, that reaches `instant`."""
    while low < high:
        middle = (low + high) // 2
        if times[middle] < instant:
            low = middle + 1
        else:
            high = middle
    return low


@compiled("int64(uint8[::1])")
def count_candidates(flag: Bytes) -> int:
    """Return how many entries could be the first message to a stranger."""
    n = 0
    for bits in flag:
        n += bits & (OUT | GROUP | CONTACT) == OUT
    return n


@compiled(
    "int64(int64[::1], int64[::1], int32[::1], uint8[::1], int64, int64, int64[::1], int64[::1], int64[::1],"
    "int32[::1])"
)
def spans(
    offsets: Ints,
    time: Ints,
    peer: Codes,
    flag: Bytes,
    history: int,
    n_peers: int,
    begins_at: Ints,
    begin: Ints,
    instant: Ints,
    recipient: Codes,
) -> int:
    """List by account when a recipient is its stranger; returns how many spans there are.

    A message is the first of its conversation that is seen at the instants ``(begin, instant + history]``: after
    itself, after the message before it has left the history, and until it leaves the history too. Of these spans
    those count whose message goes out to somebody without the account in its contacts. ``begins_at[account]`` is
    where the account's spans begin; they are in the order of its log.
    """
    last = np.full(n_peers, NAT, np.int64)  # of the account's messages with each peer so far
    n = 0
    for account in range(offsets.size - 1):
        begins_at[account] = n
        for i in range(offsets[account], offsets[account + 1]):
            if flag[i] & GROUP:
                continue
            before = last[peer[i]]
            last[peer[i]] = time[i]
            if not flag[i] & OUT or flag[i] & CONTACT or before == time[i]:
                continue
            begin[n] = time[i] if before == NAT else max(time[i], before + history)
            instant[n] = time[i]
            recipient[n] = peer[i]
            n += 1
        for i in range(offsets[account], offsets[account + 1]):
            last[peer[i]] = NAT
    begins_at[offsets.size - 1] = n
    return n


@compiled("int64(int64[::1], int64[::1])")
def count_late(begin: Ints, instant: Ints) -> int:
    """Return how many spans begin later than with their message: when an earlier one has left the history."""
    n = 0
    for k in range(begin.size):
        n += begin[k] > instant[k]
    return n


@compiled("int64(int64[:, ::1], int64[::1], int64)")
def begin_of(entries: Ints, late: Ints, k: int) -> int:
    """Return the begin of span `k`."""
    number = entries[k, 1] & _NUMBER
    return late[number] if number else entries[k, 0]


@compiled("void(int64[::1], int64[::1], int64[::1], int32[::1], int64[::1], int64[:, ::1], int64[::1])")
def invert(
    begins_at: Ints, begin: Ints, instant: Ints, recipient: Codes, offsets: Ints, entries: Ints, late: Ints
) -> None:
    """Write the spans by recipient, the long lists in the order of their begins; ``late[0]`` is none."""
    for r in recipient:
        offsets[r + 1] += 1
    for r in range(offsets.size - 1):
        offsets[r + 1] += offsets[r]
    cursor = offsets[:-1].copy()
    n = 0
    for account in range(begins_at.size - 1):
        for k in range(begins_at[account], begins_at[account + 1]):
            place = cursor[recipient[k]]
            cursor[recipient[k]] = place + 1
            entries[place, 0] = instant[k]
            entries[place, 1] = account << 32
            if begin[k] > instant[k]:
                n += 1
                late[n] = begin[k]
                entries[place, 1] |= n
    for r in range(offsets.size - 1):
        low, high = offsets[r], offsets[r + 1]
        if high - low > _SHORT:
            begins = np.empty(high - low, np.int64)
            for k in range(low, high):
                begins[k - low] = begin_of(entries, late, k)
            by, former = argsort(begins), entries[low:high].copy()
            for k in range(high - low):
                entries[low + k, 0], entries[low + k, 1] = former[by[k], 0], former[by[k], 1]


@compiled("void(int64[::1], int64[::1])")
def order_begins(begins_at: Ints, begin: Ints) -> None:
    """Sort the begins of each account; most are in order already."""
    for account in range(begins_at.size - 1):
        low, high = begins_at[account], begins_at[account + 1]
        for k in range(low + 1, high):
            if begin[k] < begin[k - 1]:
                begin[low:high].sort()
                break


@compiled("UniTuple(int64[::1], 2)(int64[:, ::1])")
def latest_of_blocks(entries: Ints) -> tuple[Ints, Ints]:
    """Return the latest instant of each block of spans, of each block of blocks and so on; and where levels begin."""
    starts = [0]
    size = len(entries)
    while size > 1:
        size = (size + _FAN - 1) // _FAN
        starts.append(starts[-1] + size)
    tops = np.empty(starts[-1], np.int64)
    for level in range(len(starts) - 1):
        below = len(entries) if level == 0 else starts[level] - starts[level - 1]
        for block in range(starts[level + 1] - starts[level]):
            latest = NAT
            for k in range(block * _FAN, min((block + 1) * _FAN, below)):
                latest = max(latest, entries[k, 0] if level == 0 else tops[starts[level - 1] + k])
            tops[starts[level] + block] = latest
    return tops, np.array(starts)


@compiled(
    "int64(int64[::1], int64[:, ::1], int64[::1], int64[::1], int64[::1], int64, int64, int64, int64[::1])"
)  # arrays one by one: taking them from a tuple, call by call, would cost more than the work
def standing(
    offsets: Ints,
    entries: Ints,
    late: Ints,
    tops: Ints,
    levels: Ints,
    recipient: int,
    since: int,
    until: int,
    found: Ints,
) -> int:
    """Write which spans of a recipient stand at `until`, until `found` is full; return their number.

    Those begin before `until` and have their message at or after `since`, the beginning of the history. A long list
    ends where the begins reach `until`, and blocks without a message that late are skipped: what is found costs
    its own number and little more, however many accounts wrote at other times.
    """
    low, high = offsets[recipient], offsets[recipient + 1]
    if high - low > _SHORT:
        first = low
        while first < high:  # the first that begins at or after `until`
            middle = (first + high) // 2
            if begin_of(entries, late, middle) < until:
                first = middle + 1
            else:
                high = middle
    n = 0
    i = high - 1
    while i >= low:
        if entries[i, 0] >= since:
            if begin_of(entries, late, i) < until:
                found[n] = i
                n += 1
                if n == found.size:
                    return n
            i -= 1
            continue
        step, level = 1, 0
        while level < levels.size - 1:
            block = i >> (_BITS * (level + 1))
            if (i + 1) & (step * _FAN - 1) or tops[levels[level] + block] >= since:
                break
            step *= _FAN
            level += 1
        i -= step
    return n


@compiled(f"void({LISTS}, int64[::1], int64, int64, int64, uint8[:, ::1])")
def count_standing(lists: Lists, instants: Ints, history: int, low: int, high: int, counts: Bytes) -> None:
    """Write how many spans of each recipient ``[low, high)`` stand at each of `instants`; of a popular one the most."""
    offsets, entries, late, tops, levels = lists
    found = np.empty(POPULAR + 2, np.int64)
    for recipient in range(low, high):
        for k in range(instants.size):
            since = instants[k] - history
            counts[k, recipient] = standing(
                offsets, entries, late, tops, levels, recipient, since, instants[k], found
            )


@compiled(f"int64({SIZES}, int64, int64, int64)")
def list_size(sizes: Sizes, account: int, since: int, until: int) -> int:
    """Return how many strangers an account has at `until`: the spans begun by then, less those that have ended."""
    offsets, begin, instant = sizes
    if begin.size == 0:
        return offsets[account]
    low, high = offsets[account], offsets[account + 1]
    return lower_bound(begin, low, high, until) - lower_bound(instant, low, high, since)


@compiled(
    "int64(int64[::1], int32[::1], uint8[::1], int64[::1], int64[::1], int64, int64[::1], int32[::1], int64[::1])"
)
def strangers_of(
    time: Ints,
    peer: Codes,
    flag: Bytes,
    starts: Ints,
    ends: Ints,
    n_peers: int,
    rows: Ints,
    recipient: Codes,
    instant: Ints,
) -> int:
    """List (slice, stranger, instant of the first message) of slices, in their order; return how many there are."""
    met = np.zeros(n_peers, np.int64)
    n = 0
    for row in range(starts.size):
        for i in range(starts[row], ends[row]):
            if flag[i] & GROUP or met[peer[i]] == row + 1:
                continue
            met[peer[i]] = row + 1
            if flag[i] & OUT and not flag[i] & CONTACT:
                rows[n] = row
                recipient[n] = peer[i]
                instant[n] = time[i]
                n += 1
    return n
