"""Spells: at which instants of looking it counts that an account showed a fingerprint.

Whoever looks at an instant `until` sees a sighting if it lies before `until` and in the look-back, if the account is
known by then, and if that account has not shown too many other fingerprints since. Each of these holds for an interval
of instants, so a sighting counts from just after one instant to another, ``(begin, end]``: a spell. All that can be
asked of a crowd at any instant is then a matter of counting intervals, and nobody need think of these rules again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bools, Codes, Ints

OWN = 16  # different fingerprints of an account: the latest so many count, so that nobody crowds others out

# Columns of a spell, as many as fill a line of the cache: the instant of the sighting, from when and until when it
# counts, account, fingerprint, where the spells of that account begin and end, whether anything was found out about it.
INSTANT, BEGIN, END, ACCOUNT, GROUP, LOW, HIGH, JUDGED, N_COLUMNS = range(9)

#: The spells, ordered by fingerprint, then account. Their numbers by account, in order of time; where each account's
#: begin; where each fingerprint's begin; where the times begin at which anybody shows each fingerprint, and these.
SPELLS = "Tuple((int64[:, ::1], int32[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1]))"
Spells = tuple[Any, Codes, Ints, Ints, Ints, Ints, Ints]


@compiled("void(int64, int64, int32[::1], int64[::1], int64[::1])")
def _crowded_out(low: int, high: int, group: Codes, instant: Ints, limit: Ints) -> None:
    """Write when an account has shown `OWN` other fingerprints after each of its sightings ``[low, high)``."""
    later, shown_at = np.empty(OWN + 2, np.int32), np.empty(OWN + 2, np.int64)  # the soonest first, each once
    n = 0
    for place in range(high - 1, low - 1, -1):
        others, moving, since = 0, group[place], instant[place]
        for k in range(n):
            others += later[k] != group[place]
            if others == OWN and later[k] != group[place]:
                limit[place] = shown_at[k]
        known = False
        for k in range(n):  # this fingerprint comes first now, and the others move up
            later[k], moving = moving, later[k]
            shown_at[k], since = since, shown_at[k]
            known = moving == group[place]
            if known:
                break
        if not known and n <= OWN:
            later[n], shown_at[n] = moving, since
            n += 1


@compiled(
    "int64(int64[::1], int32[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64, int64, int64, int32[::1],"
    "int64[::1], int64[::1])"
)
def lay_out(
    of_account: Ints,
    group: Codes,
    instant: Ints,
    known: Ints,
    known_from: Ints,
    known_until: Ints,
    history: int,
    first: int,
    last: int,
    sighting: Codes,
    begin: Ints,
    end: Ints,
) -> int:
    """Write the spells that matter to who looks at an instant of ``[first, last]``; return how many there are.

    The sightings are ordered by account (each one's begin at `of_account`), instant and fingerprint. An account `a` is
    known in the intervals ``(known_from[k], known_until[k]]`` from ``known[a]`` on, which are in order and apart. The
    results are so too within each account: no later spell begins earlier, or ends earlier.
    """
    limit = np.full(instant.size, np.iinfo(np.int64).max)
    n = 0
    for account in range(of_account.size - 1):
        low, high = of_account[account], of_account[account + 1]
        if high - low > OWN:
            _crowded_out(low, high, group, instant, limit)
        for k in range(known[account], known[account + 1]):
            while low < high and instant[low] + history <= known_from[k]:
                low += 1
            for place in range(low, high):
                begins = max(instant[place], known_from[k])
                ends = min(instant[place] + history, known_until[k], limit[place])
                if begins >= min(last, known_until[k]):
                    break
                if begins < ends and ends >= first:
                    sighting[n], begin[n], end[n] = place, begins, ends
                    n += 1
    return n


@compiled("int64(int64, int64, int64, int64[::1], int64[::1])")
def _unite(begins: int, ends: int, n: int, begin: Ints, end: Ints) -> int:
    """Add ``(begins, ends]`` to `n` intervals that lie apart; return how many there are then, 0 if it lies in one."""
    for k in range(n):
        if begin[k] <= begins and ends <= end[k]:
            return 0
    m = 0
    for k in range(n):
        if end[k] < begins or ends < begin[k]:
            begin[m], end[m] = begin[k], end[k]
            m += 1
        else:
            begins, ends = min(begins, begin[k]), max(ends, end[k])
    begin[m], end[m] = begins, ends
    return m + 1


@compiled("int64(int64[:, ::1], int64[::1], int64, int64, boolean[::1], int64[::1], int64[::1], int64[::1])")
def stand_for(
    spells: Any,
    of_group: Ints,
    first: int,
    last: int,
    chosen: Bools,
    of_time: Ints,
    time_begin: Ints,
    time_end: Ints,
) -> int:
    """Choose the spells that stand for their fingerprint, and unite the times of all; return how many times there are.

    At each instant of ``[first, last]`` the spell of the account that comes first among those that show a fingerprint
    is chosen. A thousand accounts with one photo have a few spells that stand for it, and at one instant a single one.
    """
    longest = 0
    for group in range(of_group.size - 1):
        longest = max(longest, of_group[group + 1] - of_group[group])
    begins, ends = np.empty(longest + 1, np.int64), np.empty(longest + 1, np.int64)
    total = 0
    for group in range(of_group.size - 1):
        n = 0
        for spell in range(of_group[group], of_group[group + 1]):
            m = _unite(max(spells[spell, BEGIN], first - 1), min(spells[spell, END], last), n, begins, ends)
            chosen[spell] = m > 0
            n = m if m else n
            if n == 1 and begins[0] == first - 1 and ends[0] == last:
                break
        for k in range(n):
            time_begin[total + k], time_end[total + k] = begins[k], ends[k]
        total += n
        of_time[group + 1] = total
    return total


@compiled("void(int32[:, ::1], int64[:, ::1], int32[::1], int64[::1], int32[:, ::1])")
def fill_buckets(keys: Codes, spells: Any, standing: Codes, cursors: Ints, entries: Codes) -> None:
    """Write the `standing` spells, in order, each with its fingerprint, into the buckets of that, from `cursors` on."""
    for spell in standing:
        group = spells[spell, GROUP]
        for key in keys[group]:
            if key >= 0:
                entries[cursors[key], 0], entries[cursors[key], 1] = spell, group
                cursors[key] += 1
