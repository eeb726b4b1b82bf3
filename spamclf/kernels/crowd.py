"""How many accounts show one of a set of fingerprints, at many instants at once: a crowd of any size costs one pass.

An account shows one of them in the union of some spells. At which of the instants, which are in order, that is so is an
interval of their numbers, so each account is added where its interval begins and taken away where it ends, and running
sums give the counts at every instant.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spamclf.kernels._common import DAY
from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bools, Codes, Ints
from spamclf.kernels.spells import ACCOUNT, BEGIN, END, GROUP, INSTANT, SPELLS, Spells

WEEK = 7 * DAY
NEVER = np.iinfo(np.int64).max
#: What is summed up of a cluster at an instant: accounts, those seen more than a day before, those seen in the last
#: week, labelled ones, automated ones, ones tied to an operator, different fingerprints; and the first instant.
N_SUMS = 8

#: Labels by account, in order of time, of several at once the one that counts last; instants of evidence by account.
KNOWN = "Tuple((int64[::1], int64[::1], boolean[::1], int64[::1], int64[::1]))"
Known = tuple[Ints, Ints, Bools, Ints, Ints]

_CHANGES = "int64[:, ::1]"


@compiled("int64(int64[::1], int64)")
def _after(instants: Ints, instant: int) -> int:
    """Return the number of the first of `instants` that is later."""
    low, high = 0, instants.size
    while low < high:
        middle = (low + high) // 2
        if instants[middle] <= instant:
            low = middle + 1
        else:
            high = middle
    return low


@compiled("void(int64[::1], int64, int64)")
def _add(changes: Ints, low: int, high: int) -> None:
    """Count one more in ``[low, high)``, if that is not empty."""
    if low < high:
        changes[low] += 1
        changes[high] -= 1


@compiled(f"void(int64, int64, int64, int64, int64[::1], {KNOWN}, {_CHANGES})")
def _add_verdicts(
    account: int, low: int, high: int, history: int, instants: Ints, known: Known, changes: Any
) -> None:
    """Count an account in ``[low, high)`` where its latest label of the history says so, and where it is tied."""
    labels, labelled_at, is_automated, ties, observed_at = known
    for place in range(labels[account], labels[account + 1]):
        ends = labelled_at[place] + history
        if place + 1 < labels[account + 1]:
            ends = min(ends, labelled_at[place + 1])
        begin, end = max(low, _after(instants, labelled_at[place])), min(high, _after(instants, ends))
        _add(changes[3], begin, end)
        if is_automated[place]:
            _add(changes[4], begin, end)
    for place in range(ties[account], ties[account + 1]):
        end = min(high, _after(instants, observed_at[place] + history))
        _add(changes[5], max(low, _after(instants, observed_at[place])), end)
        low = max(low, end)


@compiled(f"void(int64, int64, int64[::1], int64, int64[::1], {SPELLS}, {KNOWN}, {_CHANGES})")
def _add_account(
    account: int,
    stamp: int,
    member: Ints,
    history: int,
    instants: Ints,
    spells: Spells,
    known: Known,
    changes: Any,
) -> None:
    """Count an account wherever it shows a marked fingerprint; its spells neither begin nor end before former ones."""
    rows, by_account, of_account, _, _, _, _ = spells
    seen = old = lately = 0  # so far it is counted
    for place in range(of_account[account], of_account[account + 1]):
        spell = by_account[place]
        if member[rows[spell, GROUP]] != stamp:
            continue
        low, high = _after(instants, rows[spell, BEGIN]), _after(instants, rows[spell, END])
        a_day_on = _after(instants, max(rows[spell, BEGIN], rows[spell, INSTANT] + DAY))
        _add(changes[1], max(old, a_day_on), high)
        a_week_on = _after(instants, min(rows[spell, END], rows[spell, INSTANT] + WEEK))
        _add(changes[2], max(lately, low), a_week_on)
        _add(changes[0], max(seen, low), high)
        _add_verdicts(account, max(seen, low), high, history, instants, known, changes)
        seen, old, lately = max(seen, high), max(old, high), max(lately, a_week_on)


@compiled("void(int64[::1], int64, int64, int64)")
def _lower(tree: Ints, low: int, high: int, value: int) -> None:
    """Lower the values of ``[low, high)`` to at most `value`; the leaves of the tree are its second half."""
    low, high = low + tree.size // 2, high + tree.size // 2
    while low < high:
        if low & 1:
            tree[low] = min(tree[low], value)
            low += 1
        if high & 1:
            high -= 1
            tree[high] = min(tree[high], value)
        low, high = low // 2, high // 2


@compiled(
    f"void(int32[::1], int64, int64[::1], int64[::1], int64, int64[::1], {SPELLS}, {KNOWN}, {_CHANGES}, int64[::1])"
)
def _count_all(
    crowd: Codes,
    stamp: int,
    member: Ints,
    met: Ints,
    history: int,
    instants: Ints,
    spells: Spells,
    known: Known,
    changes: Any,
    firsts: Ints,
) -> None:
    """Count the accounts that show a fingerprint of `crowd` at each of the instants, and find the first sighting."""
    rows, _, _, of_group, _, _, _ = spells
    for group in crowd:
        member[group] = stamp
    for group in crowd:
        for spell in range(of_group[group], of_group[group + 1]):
            low, high = _after(instants, rows[spell, BEGIN]), _after(instants, rows[spell, END])
            _lower(firsts, low, high, rows[spell, INSTANT])
            if met[rows[spell, ACCOUNT]] != stamp:
                met[rows[spell, ACCOUNT]] = stamp
                _add_account(rows[spell, ACCOUNT], stamp, member, history, instants, spells, known, changes)
    for k in range(1, instants.size):
        firsts[2 * k] = min(firsts[2 * k], firsts[k])
        firsts[2 * k + 1] = min(firsts[2 * k + 1], firsts[k])
    for k in range(len(changes)):
        changes[k] = np.cumsum(changes[k])


@compiled(
    f"void(int64[::1], int64[:, ::1], int32[::1], int64[::1], int64, {SPELLS}, {KNOWN}, int64[:, ::1], int64[::1])"
)
def count(
    order: Ints,
    spans: Any,
    crowd: Codes,
    until: Ints,
    history: int,
    spells: Spells,
    known: Known,
    sums: Any,
    effort: Ints,
) -> None:
    """Add to the sums of each case the accounts that show a fingerprint of ``crowd[spans[case, 0] : spans[case, 1]]``.

    `order` brings cases of the same fingerprints together, in order of their instants ``until[case]``; these are
    counted in one pass. ``effort[1]`` counts the spells gone through.
    """
    member, met = np.zeros(spells[3].size, np.int64), np.zeros(spells[2].size, np.int64)
    instants, number = np.empty(order.size, np.int64), np.empty(order.size, np.int64)
    start = 0
    while start < order.size:
        listed = crowd[spans[order[start], 0] : spans[order[start], 1]]
        end, n = start, 0
        while end < order.size:
            low, high = spans[order[end], 0], spans[order[end], 1]
            if low != spans[order[start], 0] and not np.array_equal(crowd[low:high], listed):
                break
            if end == start or until[order[end]] != instants[n - 1]:
                instants[n] = until[order[end]]
                n += 1
            number[end] = n - 1
            end += 1
        changes, firsts = np.zeros((6, n + 1), np.int64), np.full(2 * n, NEVER)
        for group in listed:
            effort[1] += spells[3][group + 1] - spells[3][group]
        _count_all(listed, start + 1, member, met, history, instants[:n], spells, known, changes, firsts)
        for place in range(start, end):
            k = number[place]
            sums[order[place], :6] += changes[:, k]
            sums[order[place], 7] = min(sums[order[place], 7], firsts[n + k])
        start = end
