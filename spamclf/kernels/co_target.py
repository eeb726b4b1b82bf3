"""Who else wrote to the same strangers."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._common import CONTACT, DAY, GROUP, OUT
from spamclf.kernels._compile import compiled
from spamclf.kernels._spans import (
    LISTS,
    POPULAR,
    SIZES,
    Lists,
    Sizes,
    count_candidates,
    count_late,
    count_standing,
    invert,
    latest_of_blocks,
    list_size,
    lower_bound,
    order_begins,
    spans,
    standing,
    strangers_of,
)
from spamclf.kernels._types import Bytes, Codes, Floats, Ints

__all__ = [
    "FEW", "LEAST", "POPULAR", "SHARERS", "SIMILAR", "count_candidates", "count_late", "count_standing", "invert",
    "latest_of_blocks", "measure", "order_begins", "spans", "standing", "strangers_of",
]  # fmt: skip

LEAST = 5  # strangers below which lists are not compared with each other
SIMILAR = 0.3  # Jaccard similarity from which two lists are near-duplicates
FEW = 10  # others up to whom a stranger tells two buyers of a list from two members of a circle
SHARERS = 2  # shared strangers from which another account counts as one that shares some

_ASKED = 64  # strangers whose lists are fetched at once
_FEWEST_BITS = 6  # of the table of the other accounts that a slice meets
_FIBONACCI = 2_654_435_769
_PLACE = 0xFFFFFFFF
_WHOLE = 27_720  # weights 1 / n are exact as its parts: it is a multiple of every n up to FEW + 1

#: By account: offsets; first and last instant of each label's span, is automated.
LABELS = "Tuple((int64[::1], int64[::1], int64[::1], int64[::1]))"
Labels = tuple[Ints, Ints, Ints, Ints]
#: Entries of all logs: time, peer, flags.
LOG = "Tuple((int64[::1], int32[::1], uint8[::1]))"
Log = tuple[Ints, Codes, Bytes]
#: By peer a stamp; spans found; strangers by the number of others; those asked for and when; table of others; they;
#: what is shared with them.
_SCRATCH = "Tuple((int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int32[::1], int64[:, ::1]))"
Scratch = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Codes, Ints]


@compiled(f"int64({LABELS}, int64, int64)")
def label_at(labels: Labels, account: int, as_of: int) -> int:
    """Return the label of an account that stands at `as_of`: 1 automated, 0 not, -1 none."""
    offsets, first, last, is_automated = labels
    k = lower_bound(first, offsets[account], offsets[account + 1], as_of) - 1
    if k < offsets[account] or last[k] < as_of:
        return -1
    return is_automated[k]


@compiled("int64(int64, int64)")
def place_of(account: int, bits: int) -> int:
    """Return where in a table of ``2 ** bits`` places to look for an account first: Fibonacci hashing."""
    return ((account * _FIBONACCI) & 0xFFFFFFFF) >> (32 - bits)


@compiled("void(int64[::1], int32[::1], int64, int64, int64)")
def refill(table: Ints, others: Codes, n: int, bits: int, stamp: int) -> None:
    """Enter the first `n` of `others` in the first ``2 ** bits`` places of `table`, and nothing else."""
    table[: 1 << bits] = 0
    for k in range(n):
        place = place_of(others[k], bits)
        while table[place]:
            place = (place + 1) & ((1 << bits) - 1)
        table[place] = (stamp << 32) | k


@compiled("void(int64[::1], int64[:, ::1], int64[::1], int64, int64[::1])")
def fetch(offsets: Ints, entries: Ints, asked: Ints, n_asked: int, places: Ints) -> None:
    """Read where the lists of some recipients begin, so that they lie in near memory when they are used.

    They are far apart, and one wait for all of them is several times shorter than a wait for each.
    """
    last = max(len(entries) - 1, 0)
    for k in range(n_asked):
        places[k] = offsets[asked[k]]
    for k in range(n_asked):
        places[k] = entries[min(places[k], last), 0]


@compiled(
    f"UniTuple(int64, 2)({LISTS}, int64[::1], int64[::1], int64, int64, int64, int64, int64[::1], int64[::1],"
    "int64[::1], int32[::1], int64[:, ::1], int64, int64, int64)"
)
def meet(
    lists: Lists,
    asked: Ints,
    asked_at: Ints,
    n_asked: int,
    own: int,
    since: int,
    until: int,
    found: Ints,
    n_with: Ints,
    table: Ints,
    others: Codes,
    shared: Ints,
    n: int,
    bits: int,
    stamp: int,
) -> tuple[int, int]:
    """Count some strangers for each other account that wrote to them; return the new `n` and `bits`.

    ``others[:n]`` are the accounts met so far, ``shared[:n]`` what is shared with them: strangers, their weight, and
    how many of them got both first messages within a day. `table` finds an account's place there; its entries are
    those of this slice if they bear its `stamp`. It grows with what it holds, so that a short list's stays in the
    nearest memory. ``n_with[k]`` counts the strangers to whom k others wrote.
    """
    offsets, entries, late, tops, levels = lists
    for each in range(n_asked):
        n_found = standing(offsets, entries, late, tops, levels, asked[each], since, until, found)
        if n_found < found.size:
            n_with[n_found - 1] += 1
        if n_found > FEW + 1:
            continue
        weight = _WHOLE // n_found
        for f in range(n_found):
            other = np.int32(entries[found[f], 1] >> 32)
            if other == own:
                continue
            place = place_of(other, bits)
            while table[place] >> 32 == stamp and others[table[place] & _PLACE] != other:
                place = (place + 1) & ((1 << bits) - 1)
            k = table[place] & _PLACE
            if table[place] >> 32 != stamp:
                k = n
                table[place] = (stamp << 32) | k
                others[k] = other
                shared[k, 0] = shared[k, 1] = shared[k, 2] = 0
                n += 1
                if 2 * n > 1 << bits:
                    bits += 2
                    refill(table, others, n, bits, stamp)
            shared[k, 0] += 1
            shared[k, 1] += weight
            shared[k, 2] += abs(entries[found[f], 0] - asked_at[each]) <= DAY
    return n, bits


@compiled("void(int64[::1], int64, int64, float64[:, ::1])")
def describe_strangers(n_with: Ints, strangers: int, row: int, out: Floats) -> None:
    """Write how many others wrote to the strangers; ``n_with[n]`` is the number of those to whom n did."""
    n_shared = n_few = most = 0
    spread = 0.0
    for n in range(1, POPULAR + 1):
        if n_with[n]:
            n_shared += n_with[n]
            n_few += n_with[n] if n <= FEW else 0
            spread += n_with[n] * np.log2(1.0 + n)
            most = n
    out[0, row] = n_shared / strangers
    out[1, row] = n_few / strangers
    out[2, row] = 2.0 ** (spread / strangers) - 1.0
    out[3, row] = most


@compiled("void(int64[:, ::1], int64, int64, int64, float64[:, ::1])")
def describe_closest(shared: Ints, n_others: int, weight: int, row: int, out: Floats) -> None:
    """Write what is shared with the account that shares most; `weight` is that of all strangers whom few wrote to."""
    most = most_weight = most_near = 0
    for k in range(n_others):
        count, each, near = shared[k, 0], shared[k, 1], shared[k, 2]
        if count < most or (
            count == most and (each < most_weight or (each == most_weight and near <= most_near))
        ):
            continue
        most, most_weight, most_near = count, each, near
    out[4, row] = most
    out[5, row] = most_weight / weight if weight else np.nan
    out[6, row] = most_near / most if most else np.nan


@compiled(
    f"void({SIZES}, {LABELS}, int32[::1], int64[:, ::1], int64, int64, int64, int64, float64[:, ::1], int64,"
    "float64[:, ::1])"
)
def describe_others(
    sizes: Sizes,
    labels: Labels,
    others: Codes,
    shared: Ints,
    n_others: int,
    strangers: int,
    as_of: int,
    history: int,
    remembered: Floats,
    row: int,
    out: Floats,
) -> None:
    """Write who shares several strangers, whose list is nearly the same, and what is known of them.

    ``remembered[:, row]`` is what `known_lists.look_up` wrote: accounts with nearly the same list that are not at hand.
    """
    sharers = sharers_labelled = sharers_automated = 0
    alike, most_similar, alike_labelled, alike_automated = remembered[:, row]
    for k in range(n_others):
        count = shared[k, 0]
        if count < SHARERS:
            continue
        similarity = 0.0
        bound = count / strangers  # no similarity is larger: sizes are looked up for few accounts
        if strangers >= LEAST and (bound >= SIMILAR or bound > most_similar):
            size = list_size(sizes, others[k], as_of - history, as_of)
            if size >= LEAST:
                similarity = count / (strangers + size - count)
                most_similar = max(most_similar, similarity)
        label = label_at(labels, others[k], as_of)
        sharers += 1
        sharers_labelled += label >= 0
        sharers_automated += label == 1
        if similarity >= SIMILAR:
            alike += 1
            alike_labelled += label >= 0
            alike_automated += label == 1
    out[7, row] = sharers
    out[8, row] = (sharers_automated + 1) / (sharers_labelled + 2) if sharers_labelled else np.nan
    out[9, row] = alike if strangers >= LEAST else np.nan
    out[10, row] = most_similar if strangers >= LEAST else np.nan
    out[11, row] = (alike_automated + 1) / (alike_labelled + 2) if alike_labelled else np.nan


@compiled(
    f"UniTuple(int64, 2)({LOG}, {LISTS}, uint8[:, ::1], int64, int64, int64, int64, int64, int64, int64, {_SCRATCH})"
)
def meet_all(
    log: Log,
    lists: Lists,
    counts: Bytes,
    which: int,
    own: int,
    start: int,
    end: int,
    since: int,
    until: int,
    stamp: int,
    scratch: Scratch,
) -> tuple[int, int]:
    """Meet all others who wrote to the strangers in ``[start, end)`` of a log; return (strangers, others)."""
    time, peer, flag = log
    met, found, n_with, asked, asked_at, table, others, shared = scratch
    offsets, entries = lists[0], lists[1]
    strangers = n_others = n_asked = 0
    bits = _FEWEST_BITS
    n_with[:] = 0
    for i in range(start, end):
        if flag[i] & GROUP or met[peer[i]] == stamp:
            continue
        met[peer[i]] = stamp
        if not flag[i] & OUT or flag[i] & CONTACT:
            continue
        strangers += 1
        n = counts[which, peer[i]] if which >= 0 else 0
        if n == 1 or n > FEW + 1:
            n_with[n - 1] += n < found.size
            continue
        asked[n_asked] = peer[i]
        asked_at[n_asked] = time[i]
        n_asked += 1
        if n_asked == asked.size:
            fetch(offsets, entries, asked, n_asked, found)
            n_others, bits = meet(
                lists, asked, asked_at, n_asked, own, since, until, found, n_with, table, others, shared, n_others,
                bits, stamp,
            )  # fmt: skip
            n_asked = 0
    fetch(offsets, entries, asked, n_asked, found)
    n_others, bits = meet(
        lists, asked, asked_at, n_asked, own, since, until, found, n_with, table, others, shared, n_others, bits, stamp
    )  # fmt: skip
    return strangers, n_others


@compiled(
    f"void({LOG}, {LISTS}, {SIZES}, {LABELS}, uint8[:, ::1], int64[::1], float64[:, ::1], int64[::1], int64[::1],"
    "int64[::1], int64[::1], int64, int64, int64, int64, float64[:, ::1])"
)
def measure(
    log: Log,
    lists: Lists,
    sizes: Sizes,
    labels: Labels,
    counts: Bytes,
    which: Ints,
    remembered: Floats,
    account: Ints,
    starts: Ints,
    ends: Ints,
    as_of: Ints,
    history: int,
    n_peers: int,
    low: int,
    high: int,
    out: Floats,
) -> None:
    """Fill ``out[:, low:high]``; its rows are the features of the family in the catalogue's order.

    ``counts[which[row]]`` is what `count_standing` found at the slice's instant, where many slices ask at the same.
    """
    n_accounts = sizes[0].size - 1
    most_bits = _FEWEST_BITS
    while 1 << most_bits < 2 * n_accounts:
        most_bits += 2
    n_with, others = np.zeros(POPULAR + 2, np.int64), np.empty(n_accounts, np.int32)
    shared = np.empty((n_accounts, 3), np.int64)
    scratch = (
        np.zeros(n_peers, np.int64), np.empty(POPULAR + 2, np.int64), n_with, np.empty(_ASKED, np.int64),
        np.empty(_ASKED, np.int64), np.zeros(1 << most_bits, np.int64), others, shared,
    )  # fmt: skip
    for row in range(low, high):
        now = as_of[row]
        counted = which[row] if which.size else -1
        strangers, n_others = meet_all(
            log,
            lists,
            counts,
            counted,
            account[row],
            starts[row],
            ends[row],
            now - history,
            now,
            row + 1,
            scratch,
        )
        if strangers == 0:
            out[:, row] = np.nan
            continue
        weight = 0
        for n in range(FEW + 1):
            weight += n_with[n] * (_WHOLE // (n + 1))
        describe_strangers(n_with, strangers, row, out)
        describe_closest(shared, n_others, weight, row, out)
        describe_others(
            sizes, labels, others, shared, n_others, strangers, now, history, remembered, row, out
        )
        if label_at(labels, account[row], now) >= 0:  # what the others are would tell what it is itself
            out[8, row] = out[11, row] = np.nan
