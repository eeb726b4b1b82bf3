"""Logs that grow message by message, and the neighbourhood of some accounts at an instant.

Each person's log is a block of one pool with room behind it; a block that is full moves to the pool's end. Beside each
entry stands since when its recipient counts as a stranger of its sender, the same as `spans` in `kernels._spans` finds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spamclf.kernels._common import CONTACT, GROUP, OUT
from spamclf.kernels._compile import compiled
from spamclf.kernels._spans import POPULAR, lower_bound
from spamclf.kernels._types import Bytes, Codes, Floats, Ints
from spamclf.kernels.co_target import FEW, SHARERS
from spamclf.kernels.ego import compare

__all__ = ["NEVER", "SCRATCH", "bounds", "compact", "gather", "insert", "move"]

NEVER = np.iinfo(np.int64).max  # of an entry whose recipient is no stranger by it
SCRATCH = 1  # entries at the pool's beginning that belong to nobody
_MOST = POPULAR + 2  # writers to a stranger that are counted

#: By person: where the block begins, entries, room.
BLOCKS = "Tuple((int64[::1], int64[::1], int64[::1]))"
Blocks = tuple[Ints, Ints, Ints]
#: Entries: time, peer, flags, typing (or nothing), since when the recipient is the sender's stranger.
POOL = "Tuple((int64[::1], int32[::1], uint8[::1], float64[::1], int64[::1]))"
Pool = tuple[Ints, Codes, Bytes, Floats, Ints]


@compiled(f"void(int64[::1], int64[::1], {BLOCKS}, {POOL}, int64[::1])")
def move(people: Ints, wanted: Ints, blocks: Blocks, pool: Pool, free: Ints) -> None:
    """Move blocks to the pool's end, ``free[0]``, where each has as much room as is wanted."""
    at, size, room = blocks
    time, peer, flag, typed, since = pool
    for k in range(people.size):
        who = people[k]
        here, there, n = at[who], free[0], size[who]
        time[there : there + n] = time[here : here + n]
        peer[there : there + n] = peer[here : here + n]
        flag[there : there + n] = flag[here : here + n]
        since[there : there + n] = since[here : here + n]
        if typed.size:
            typed[there : there + n] = typed[here : here + n]
        at[who], room[who] = there, wanted[k]
        free[0] += wanted[k]


@compiled(f"int64(int64, {BLOCKS}, {POOL})")
def place_of_new(who: int, blocks: Blocks, pool: Pool) -> int:
    """Return where the entry in the scratch place belongs in a block; below 0 if it stands there already."""
    at, size, _ = blocks
    time, peer, flag, typed, _ = pool
    low, high = at[who], at[who] + size[who]
    if low == high or time[high - 1] < time[0]:
        return high
    while low < high:
        middle = (low + high) // 2
        order = compare(time, peer, flag, typed, typed.size > 0, 0, middle)
        if order == 0:
            return -1
        if order > 0:
            low = middle + 1
        else:
            high = middle
    return low


@compiled(f"void(int64, int64, {BLOCKS}, {POOL})")
def put(who: int, place: int, blocks: Blocks, pool: Pool) -> None:
    """Put the entry in the scratch place into a block that has room."""
    at, size, _ = blocks
    time, peer, flag, typed, since = pool
    for k in range(at[who] + size[who], place, -1):  # one array after the other: each is a move of memory
        time[k] = time[k - 1]
    for k in range(at[who] + size[who], place, -1):
        peer[k] = peer[k - 1]
    for k in range(at[who] + size[who], place, -1):
        flag[k] = flag[k - 1]
    for k in range(at[who] + size[who], place, -1):
        since[k] = since[k - 1]
    if typed.size:
        for k in range(at[who] + size[who], place, -1):
            typed[k] = typed[k - 1]
    time[place], peer[place], flag[place], since[place] = time[0], peer[0], flag[0], since[0]
    if typed.size:
        typed[place] = typed[0]
    size[who] += 1


@compiled(f"UniTuple(int64, 3)(int64, int64, int64, {BLOCKS}, {POOL})")
def neighbours(who: int, peer_code: int, instant: int, blocks: Blocks, pool: Pool) -> tuple[int, int, int]:
    """Return when two wrote last before an instant, how often at it, and when first after it; `NEVER` if not."""
    at, size, _ = blocks
    time, peer, flag, _, _ = pool
    n, after = 0, NEVER
    for k in range(at[who] + size[who] - 1, at[who] - 1, -1):
        if peer[k] == peer_code and not flag[k] & GROUP:
            if time[k] < instant:
                return time[k], n, after
            n += time[k] == instant
            after = time[k] if time[k] > instant else after
    return -NEVER, n, after


@compiled(f"void(int64, int64, int64, int64, int64, {BLOCKS}, {POOL})")
def respan(
    who: int, peer_code: int, instant: int, before: int, history: int, blocks: Blocks, pool: Pool
) -> None:
    """Find anew, in the log of one of two, since when their messages of an instant make strangers.

    The first of them does, unless both wrote then; `before` is when they wrote last before.
    """
    at, size, _ = blocks
    time, peer, flag, _, since = pool
    end = at[who] + size[who]
    first_in = first_out = -1
    k = lower_bound(time, at[who], end, instant)
    while k < end and time[k] == instant:
        if peer[k] == peer_code and not flag[k] & GROUP:
            since[k] = NEVER
            if flag[k] & OUT:
                first_out = k if first_out < 0 else first_out
            else:
                first_in = k if first_in < 0 else first_in
        k += 1
    first = max(first_in, first_out)
    if min(first_in, first_out) < 0 <= first and not flag[first] & CONTACT:
        since[first] = instant if before == -NEVER else max(instant, before + history)


@compiled(
    f"int64(int32[::1], int32[::1], int64[::1], uint8[::1], float64[::1], int64[::1], int64, {BLOCKS}, {POOL})"
)
def insert(
    sender: Codes, recipient: Codes, sent_at: Ints, flags: Bytes, typed_s: Floats, order: Ints, history: int,
    blocks: Blocks, pool: Pool,
) -> int:  # fmt: skip
    """Write messages, in an order, into the logs of both sides, which have room; return how many were there already."""
    time, peer, flag, typed, since = pool
    size = blocks[1]
    n_repeated = 0
    for i in order:
        who, other, instant, bits = np.int64(sender[i]), np.int64(recipient[i]), sent_at[i], flags[i]
        time[0], peer[0], flag[0], since[0] = instant, np.int32(other), bits | OUT, NEVER
        if typed.size:
            typed[0] = typed_s[i] if typed_s.size else np.nan
        place = place_of_new(who, blocks, pool)
        if place < 0:
            n_repeated += 1
            continue
        if bits & GROUP:
            put(who, place, blocks, pool)
            continue
        if size[who] <= size[other]:  # both logs hold all that went between the two
            before, n_then, after = neighbours(who, other, instant, blocks, pool)
        else:
            before, n_then, after = neighbours(other, who, instant, blocks, pool)
        if n_then == 0 and not bits & CONTACT:
            since[0] = instant if before == -NEVER else max(instant, before + history)
        put(who, place, blocks, pool)
        peer[0], flag[0] = np.int32(who), bits
        put(other, place_of_new(other, blocks, pool), blocks, pool)
        if n_then:
            respan(who, other, instant, before, history, blocks, pool)
            respan(other, who, instant, before, history, blocks, pool)
        if after != NEVER:
            respan(who, other, after, instant, history, blocks, pool)
            respan(other, who, after, instant, history, blocks, pool)
    return n_repeated


@compiled(f"void({BLOCKS}, {POOL}, int64[::1], {BLOCKS}, {POOL})")
def compact(blocks: Blocks, pool: Pool, starts: Ints, new_blocks: Blocks, new_pool: Pool) -> None:
    """Copy all blocks, without the entries before ``starts``, to where they begin in a new pool."""
    at, size, _ = blocks
    time, peer, flag, typed, since = pool
    new_at, new_size, _ = new_blocks
    for who in range(at.size):
        low, end, there = starts[who], at[who] + size[who], new_at[who]
        n = end - low
        new_pool[0][there : there + n] = time[low:end]
        new_pool[1][there : there + n] = peer[low:end]
        new_pool[2][there : there + n] = flag[low:end]
        new_pool[4][there : there + n] = since[low:end]
        if typed.size:
            new_pool[3][there : there + n] = typed[low:end]
        new_size[who] = n


@compiled(f"void(int64[::1], int64, int64, {BLOCKS}, int64[::1], int64[::1], int64[::1])")
def bounds(who: Ints, since: int, until: int, blocks: Blocks, time: Ints, starts: Ints, ends: Ints) -> None:
    """Write where the entries in ``[since, until)`` of each log begin and end."""
    at, size, _ = blocks
    for k in range(who.size):
        low, high = at[who[k]], at[who[k]] + size[who[k]]
        starts[k] = lower_bound(time, low, high, since)
        ends[k] = lower_bound(time, starts[k], high, until)


@compiled("int64(int64, int64, int64, int64[::1])")
def last_before(until: int, low: int, high: int, time: Ints) -> int:
    """Return the place of the last of ``time[low:high]`` before an instant: mostly the last of all."""
    if high > low and time[high - 1] >= until:
        return lower_bound(time, low, high, until) - 1
    return high - 1


@compiled("int64(int64, int64, int64, int64[::1], uint8[::1])")
def count_strangers(low: int, high: int, until: int, begin: Ints, flag: Bytes) -> int:
    """Count the strangers whom somebody wrote to in the entries ``[low, high)`` of its log."""
    n, own_begin, own_flag = 0, begin[low:high], flag[low:high]
    for i in range(own_begin.size):
        n += (own_begin[i] < until) & ((own_flag[i] & (OUT | GROUP)) == OUT)
    return n


@compiled("int64(int64, int32[::1], int64[::1], int64[::1])", inline=True)
def local_of(code: int, local: Codes, codes: Ints, n: Ints) -> int:
    """Return the local number of a person, the next one for somebody new."""
    if local[code] < 0:
        local[code] = n[0]
        codes[n[0]] = code
        n[0] += 1
    return local[code]


@compiled(
    f"UniTuple(int64, 2)(int64[::1], int64[::1], int64[::1], int64, int64, {BLOCKS}, {POOL}, int32[::1], int64[::1],"
    f"{POOL}, int64[::1], uint8[::1], int64[:, ::1], int64[::1])"
)
def gather(
    asked: Ints, starts: Ints, ends: Ints, since: int, until: int, blocks: Blocks, pool: Pool, local: Codes,
    codes: Ints, log: Pool, offsets: Ints, counts: Bytes, entries: Any, n_strangers: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Copy slices, and what they need to know of others at `until`, everybody numbered anew; return how many.

    Local numbers go to the accounts `asked` first, then to their peers, then to others who wrote to their strangers;
    ``codes`` says who is who. Writes the entries of the slices one after the other; for each of the numbered how many
    wrote to it as a stranger (``counts``, if it is one of a slice), who these are, if few (``entries`` from
    ``offsets`` on: instant, local number from bit 32), and how many strangers each of these has who shares several.
    Returns how many have a number, and how many entries there are. `local` must hold -1 everywhere, and does again
    afterwards.
    """
    at, size, _ = blocks
    time, peer, flag, typed, begin = pool
    n = np.zeros(1, np.int64)
    for code in asked:
        local_of(code, local, codes, n)
    where = 0
    for k in range(asked.size):
        for i in range(starts[k], ends[k]):
            who = local_of(peer[i], local, codes, n)
            log[0][where], log[1][where], log[2][where] = time[i], np.int32(who), flag[i]
            if typed.size:
                log[3][where] = typed[i]
            if flag[i] & (OUT | GROUP) == OUT and begin[i] < until:
                counts[who] = 1
            where += 1
    n_people, n_entries = n[0], 0
    found = np.empty(FEW + 2, np.int64)
    for person in range(n_people):
        offsets[person] = n_entries
        if counts[person] == 0:
            continue
        code, met = codes[person], 0
        low, high = at[code], at[code] + size[code]
        if low < high and time[low] < since:
            low = lower_bound(time, low, high, since)
        high = last_before(until, low, high, time) + 1
        own_begin, own_flag = begin[low:high], flag[low:high]
        for i in range(own_begin.size):  # without a branch that nobody can foresee
            found[min(met, FEW + 1)] = low + i
            met += (own_begin[i] < until) & ((own_flag[i] & (OUT | GROUP)) == 0)
        met = min(met, _MOST)
        counts[person] = met
        if 2 <= met <= FEW + 1:
            for k in range(met):
                entries[n_entries, 0] = time[found[k]]
                entries[n_entries, 1] = local_of(peer[found[k]], local, codes, n) << 32
                n_entries += 1
    offsets[n_people : n[0] + 1] = n_entries
    counts[n_people : n[0]] = 0
    n_strangers[: n[0]] = 0
    for k in range(n_entries):
        n_strangers[entries[k, 1] >> 32] += 1
    for person in range(n[0]):
        if n_strangers[person] < SHARERS:  # of whom shares less nobody asks
            n_strangers[person] = 0
            continue
        code = codes[person]
        low, high = at[code], at[code] + size[code]
        n_strangers[person] = count_strangers(
            lower_bound(time, low, high, since), last_before(until, low, high, time) + 1, until, begin, flag
        )
    for k in range(n[0]):
        local[codes[k]] = -1
    return n[0], n_entries
