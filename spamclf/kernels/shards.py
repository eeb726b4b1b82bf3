"""Messages into the log entries of shards of accounts, and these into logs: by counting, never by comparing."""

from __future__ import annotations

from numba import types

from spamclf.kernels._common import GROUP, OUT
from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bytes, Codes, Floats, Ints

# What a file holds is mapped into memory read-only, and that is another type to numba; a writable array also fits.
_CODES = types.Array(types.int32, 1, "C", readonly=True)
_INTS = types.Array(types.int64, 1, "C", readonly=True)
_BYTES = types.Array(types.uint8, 1, "C", readonly=True)
_FLOATS = types.Array(types.float64, 1, "C", readonly=True)
_I8 = types.int64


@compiled(types.void(_CODES, _CODES, _INTS, _BYTES, _I8, _I8, _INTS, _I8[::1]))
def count(
    sender: Codes,
    recipient: Codes,
    time: Ints,
    flags: Bytes,
    since: int,
    until: int,
    home: Ints,
    counts: Ints,
) -> None:
    """Add to ``counts[shard]`` the entries of messages of ``[since, until)``; `home` is an account's (shard, rank)."""
    for i in range(sender.size):
        if since <= time[i] < until:
            counts[home[sender[i]] >> 32] += 1
            if recipient[i] < home.size and not flags[i] & GROUP:
                counts[home[recipient[i]] >> 32] += 1


@compiled(
    types.void(
        _CODES, _CODES, _INTS, _BYTES, _FLOATS, _I8, _I8, _INTS, _I8[::1],
        types.int32[::1], types.int64[::1], types.int32[::1], types.uint8[::1], types.float64[::1],
    )
)  # fmt: skip
def split(
    sender: Codes,
    recipient: Codes,
    time: Ints,
    flags: Bytes,
    typed: Floats,
    since: int,
    until: int,
    home: Ints,
    cursor: Ints,
    rank: Codes,
    entry_time: Ints,
    peer: Codes,
    flag: Bytes,
    typed_s: Floats,
) -> None:
    """Write the entries that `count` counted, those of a shard beside each other, moving its `cursor`."""
    has_typed = typed.size > 0
    for i in range(sender.size):
        if time[i] < since or time[i] >= until:
            continue
        sides = 2 if recipient[i] < home.size and not flags[i] & GROUP else 1
        for side in range(sides):
            own = home[sender[i]] if side == 0 else home[recipient[i]]
            place = cursor[own >> 32]
            cursor[own >> 32] = place + 1
            rank[place] = own & 0xFFFFFFFF
            entry_time[place] = time[i]
            peer[place] = recipient[i] if side == 0 else sender[i]
            flag[place] = flags[i] | OUT if side == 0 else flags[i]
            if has_typed:
                typed_s[place] = typed[i]


@compiled(
    types.void(
        _CODES, _INTS, _CODES, _BYTES, _FLOATS, _I8[::1],
        types.int64[::1], types.int32[::1], types.uint8[::1], types.float64[::1],
    )
)  # fmt: skip
def place(
    rank: Codes,
    entry_time: Ints,
    entry_peer: Codes,
    entry_flag: Bytes,
    entry_typed: Floats,
    cursor: Ints,
    time: Ints,
    peer: Codes,
    flag: Bytes,
    typed_s: Floats,
) -> None:
    """Write entries to the next places of their accounts' logs, moving `cursor`."""
    for i in range(rank.size):
        there = cursor[rank[i]]
        cursor[rank[i]] = there + 1
        time[there] = entry_time[i]
        peer[there] = entry_peer[i]
        flag[there] = entry_flag[i]
        if entry_typed.size > 0:
            typed_s[there] = entry_typed[i]
