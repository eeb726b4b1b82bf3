"""The largest cluster around each account's own prints, at any instants: whoever shows what is in reach, all of them.

What is asked comes in cases, a print and an instant each: thousands of accounts with one photo are one case. Accounts
that show a fingerprint of few are counted case by case. Fingerprints that many show are not gone through again for each
print in their reach, but listed, so that cases with the same ones are counted together (`crowd.count`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spamclf.kernels._common import DAY, SECOND
from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Codes, Floats, Ints
from spamclf.kernels.crowd import KNOWN, NEVER, WEEK, Known
from spamclf.kernels.near import (
    BUCKETS,
    COMPARED,
    CROWDED,
    EVER,
    MEMBER,
    MET,
    N_COUNTERS,
    N_MARKS,
    PRINTS,
    SCRATCH,
    STAMP,
    Buckets,
    Prints,
    Scratch,
    gather,
    in_reach,
)
from spamclf.kernels.spells import ACCOUNT, BEGIN, END, GROUP, HIGH, INSTANT, JUDGED, LOW, SPELLS, Spells

N_ROWS = 8  # of the result
_SEEN, _OLD, _LATELY = 1, 2, 4  # bits of what an account does in a cluster: see the sums of `crowd`

#: Each case's print and instant, ordered so; where those who ask for it begin, and their codes among the sightings.
CASES = "Tuple((int32[::1], int64[::1], int64[::1], int32[::1]))"
Cases = tuple[Codes, Ints, Ints, Codes]
#: Where each row's prints begin; each print, when the account showed it first, its case, what the account does there.
OWN = "Tuple((int64[::1], int32[::1], int64[::1], int64[::1], uint8[::1]))"
Own = tuple[Ints, Codes, Ints, Ints, Any]


@compiled("int64(int64[::1], int64[::1], int64, int64, int64)")
def _latest(offsets: Ints, instants: Ints, account: int, since: int, until: int) -> int:
    """Return the place of an account's latest instant in ``[since, until)``, -1 if there is none."""
    latest = -1
    for place in range(offsets[account], offsets[account + 1]):
        if since <= instants[place] < until:
            latest = place
    return latest


@compiled("int64(int64, int64)")
def _doing(instant: int, until: int) -> int:
    """Return what an account does that shows something since an instant (bits)."""
    return _SEEN | _OLD * (instant < until - DAY) | _LATELY * (instant >= until - WEEK)


@compiled("UniTuple(int64, 2)(int64[:, ::1], int32[::1], int64, int64, int64, int64, int64[:, ::1])")
def _does(
    rows: Any, by_account: Codes, low: int, high: int, until: int, least: int, marks: Any
) -> tuple[int, int]:
    """Return what an account does with fingerprints that are marked with `least` or more (bits), and since when."""
    bits, first = 0, NEVER
    for place in range(low, high):
        spell = by_account[place]
        if rows[spell, BEGIN] < until <= rows[spell, END] and marks[rows[spell, GROUP], MEMBER] >= least:
            bits |= _doing(rows[spell, INSTANT], until)
            first = min(first, rows[spell, INSTANT])
    return bits, first


@compiled("boolean(int64, int64, int64[::1], int64[::1], int64[::1])")
def _is_shown(group: int, until: int, of_time: Ints, begin: Ints, end: Ints) -> bool:
    """Tell whether anybody shows a fingerprint at an instant."""
    shown = False
    for k in range(of_time[group], of_time[group + 1]):
        shown |= begin[k] < until <= end[k]
    return shown


@compiled(f"void(int64, int64, int64, int64, {SPELLS}, {KNOWN}, {SCRATCH}, int64[::1])")
def _add_few(
    n: int, until: int, history: int, stamp: int, spells: Spells, known: Known, scratch: Scratch, sums: Ints
) -> None:
    """Add the accounts that show one of `n` members to the sums, each once: what they do beyond listed ones."""
    rows, by_account, _, of_group, of_time, time_begin, time_end = spells
    labels, labelled_at, is_automated, ties, observed_at = known
    members, marks, met, counters = scratch
    counters[STAMP] += 2
    now, has_crowd, since, first = counters[STAMP], counters[CROWDED] > 0, until - history, sums[7]
    seen = old = lately = 0
    for group in members[:n]:
        if has_crowd and marks[group, MEMBER] != stamp:
            sums[6] += _is_shown(group, until, of_time, time_begin, time_end)
            continue
        is_shown = False
        counters[MET] += of_group[group + 1] - of_group[group]
        for spell in range(of_group[group], of_group[group + 1]):
            if rows[spell, BEGIN] >= until or rows[spell, END] < until:
                continue
            is_shown = True
            does, counted = _doing(rows[spell, INSTANT], until), 0
            first = min(first, rows[spell, INSTANT])
            who, low, high = rows[spell, ACCOUNT], rows[spell, LOW], rows[spell, HIGH]
            if high - low > 1:  # of an account with one spell, as most have, no more is to be looked at
                if met[who] == now:
                    continue
                met[who] = now
                does, earliest = _does(rows, by_account, low, high, until, stamp, marks)
                counted, _ = _does(rows, by_account, low, high, until, stamp + 1, marks)
                first = min(first, earliest)
            seen += (does & _SEEN) - (counted & _SEEN)
            old += ((does & _OLD) - (counted & _OLD)) // _OLD
            lately += ((does & _LATELY) - (counted & _LATELY)) // _LATELY
            if rows[spell, JUDGED] and not counted & _SEEN:
                label = _latest(labels, labelled_at, who, since, until)
                sums[3] += label >= 0
                sums[4] += label >= 0 and is_automated[label]
                sums[5] += _latest(ties, observed_at, who, since, until) >= 0
        sums[6] += is_shown
    sums[0] += seen
    sums[1] += old
    sums[2] += lately
    sums[7] = first


@compiled(
    f"void(int64, int64, int64, int64, {CASES}, {SPELLS}, {KNOWN}, {SCRATCH}, int64[:, ::1], uint8[::1])"
)
def _sum_up(
    case: int,
    n: int,
    history: int,
    stamp: int,
    cases: Cases,
    spells: Spells,
    known: Known,
    scratch: Scratch,
    sums: Any,
    bits: Any,
) -> None:
    """Sum up a case of `n` members but for the listed ones, and note what the accounts that ask do themselves."""
    _, instants, asking, accounts = cases
    rows, by_account, of_account, _, of_time, time_begin, time_end = spells
    members, marks, until = scratch[0], scratch[1], instants[case]
    sums[case, :7], sums[case, 7] = 0, NEVER
    _add_few(n, until, history, stamp, spells, known, scratch, sums[case])
    sums[case, 6] += not _is_shown(members[0], until, of_time, time_begin, time_end)  # its own counts anyway
    for k in range(asking[case], asking[case + 1]):
        low, high = of_account[accounts[k]], of_account[accounts[k] + 1]
        bits[k], _ = _does(rows, by_account, low, high, until, stamp, marks)


@compiled(f"int64(int64, int64, int64, int64, {SPELLS}, {SCRATCH}, int32[::1])")
def _list_crowd(
    n: int, used: int, least: int, stamp: int, spells: Spells, scratch: Scratch, crowd: Codes
) -> int:
    """List, after the `used` ones, and mark those of `n` members with `least` spells; return how many are listed."""
    of_group, members, marks, counters = spells[3], scratch[0], scratch[1], scratch[3]
    end = used
    for group in members[:n]:
        if of_group[group + 1] - of_group[group] >= least:
            marks[group, MEMBER] = stamp + 1
            crowd[end] = group
            end += 1
    crowd[used:end].sort()
    counters[CROWDED] = end - used
    return end


@compiled(
    f"int64(int64, int64, int64, int64, int64, int64, {CASES}, {PRINTS}, {SPELLS}, {BUCKETS}, {KNOWN}, {SCRATCH},"
    "int64[:, ::1], uint8[::1], int32[::1], int64[:, ::1])"
)
def _look_around(
    case: int, end: int, used: int, most: int, few: int, history: int, cases: Cases, prints: Prints, spells: Spells,
    buckets: Buckets, known: Known, scratch: Scratch, sums: Any, bits: Any, crowd: Codes, spans: Any,
) -> int:  # fmt: skip
    """Look at the cases ``[case, end)`` of one print; return how much of `crowd` is used then."""
    own, counters = cases[0][case], scratch[3]
    counters[STAMP] += 2
    asked = stamp = counters[STAMP]
    n, same = most + 1, 1
    if end - case > 1:  # what is in reach is the same at any instant, unless it is too much
        n = gather(own, EVER, stamp, asked, most, prints, spells, buckets, scratch)
    if n <= most:
        same = end - case
    for each in range(case, end):
        if same == 1:
            counters[STAMP] += 2
            stamp = counters[STAMP]
            n = gather(own, cases[1][each], stamp, asked, most, prints, spells, buckets, scratch)
        if same > 1 and each > case:
            spans[each] = spans[case]
        else:
            spans[each, 0], spans[each, 2] = used, 0
            used = _list_crowd(n, used, few // same, stamp, spells, scratch, crowd)
            spans[each, 1] = used
            for group in crowd[spans[each, 0] : used]:
                spans[each, 2] = (spans[each, 2] ^ (group + 1)) * 0x5851F42D4C957F2D
        _sum_up(each, n, history, stamp, cases, spells, known, scratch, sums, bits)
    return used


@compiled(
    f"int64({CASES}, int64, int64, int64, int64, {PRINTS}, {SPELLS}, {BUCKETS}, {KNOWN}, int64[:, ::1], uint8[::1],"
    "int32[::1], int64[:, ::1], int64[::1])"
)
def look(
    cases: Cases, start: int, most: int, few: int, history: int, prints: Prints, spells: Spells, buckets: Buckets,
    known: Known, sums: Any, bits: Any, crowd: Codes, spans: Any, effort: Ints,
) -> int:  # fmt: skip
    """Look at cases from `start` on; return the first for which there was no more room in `crowd`.

    Of the fingerprints in reach `most` count. Writes the sums of each case but for the accounts that show one of the
    fingerprints ``crowd[spans[case, 0] : spans[case, 1]]``, whose hash is ``spans[case, 2]``: those with `few` spells
    or more, counted for all instants that a print is asked for. And writes what each account that asks does itself.
    Adds to `effort` how many fingerprints were compared and how many spells gone through.
    """
    case_print = cases[0]
    scratch = (
        np.empty(most + 1, np.int64), np.zeros((spells[3].size, N_MARKS), np.int64), np.zeros(spells[2].size, np.int64),
        np.zeros(N_COUNTERS, np.int64),
    )  # fmt: skip
    case, used = start, 0
    while case < case_print.size and used + most <= crowd.size:
        end, room = case + 1, (crowd.size - used) // most
        while end < case_print.size and case_print[end] == case_print[case] and end - case < room:
            end += 1
        used = _look_around(
            case, end, used, most, few, history, cases, prints, spells, buckets, known, scratch, sums, bits, crowd,
            spans,
        )  # fmt: skip
        case = end
    effort += scratch[3][COMPARED : MET + 1]
    return case


@compiled(f"void(int64[::1], uint8, int64, int64, int64, int64, {KNOWN}, float64[:])")
def _tell_sums(
    sums: Ints, does: int, account: int, first: int, until: int, history: int, known: Known, result: Any
) -> None:
    """Write what the sums of a cluster tell, less what the account does itself.

    Of an account that is labelled itself no share is told: among the others of its cluster, the labelled automated
    ones would each see one automated account less than the honest ones do, and so give themselves away.
    """
    others = sums[0] - (does & _SEEN)
    old = sums[1] - ((does & _OLD) >> 1)
    lately = sums[2] - ((does & _LATELY) >> 2)
    result[0] = others
    result[3] = others - old
    labels, labelled_at, _, ties, observed_at = known
    is_labelled = _latest(labels, labelled_at, account, until - history, until) >= 0
    tied = does & _SEEN and _latest(ties, observed_at, account, until - history, until) >= 0
    result[7] = sums[5] - tied
    if others:
        result[1] = sums[6]
        result[2] = (until - first) / SECOND
        result[5] = (others - lately) / others
        if sums[3] and not is_labelled:
            result[4] = (sums[4] + 1) / (sums[3] + 2)


@compiled(
    f"void(int64, int64, int64[::1], int64[::1], int64[::1], {OWN}, int64[:, ::1], {PRINTS}, {KNOWN}, float64[:, ::1])"
)
def tell(
    low: int, history: int, accounts: Ints, until: Ints, code_of: Ints, own: Own, sums: Any, prints: Prints,
    known: Known, out: Floats,
) -> None:  # fmt: skip
    """Fill the columns of `out` from `low` on with the largest cluster around a print of each row's account.

    Its rows: other accounts, different fingerprints, age in seconds, accounts that came in the last 24 hours,
    known-automated share, share not seen for 7 days, share of its own prints that lie in the cluster, accounts tied to
    an operator. All NaN for an account that showed nothing; without other accounts only counts of them are known.
    """
    offsets, own_print, first_at, case_of, bits = own
    for i in range(offsets.size - 1):
        row, best, most, first = low + i, -1, np.int64(-1), NEVER
        out[:, row] = np.nan
        for k in range(offsets[i], offsets[i + 1]):
            others = sums[case_of[k], 0] - (bits[k] & _SEEN)
            since = min(sums[case_of[k], 7], first_at[k])
            is_least = others == most and since == first and own_print[k] < own_print[best]
            if others > most or (others == most and since < first) or is_least:
                best, most, first = k, others, since
        if best < 0:
            continue
        code = code_of[accounts[row]]
        _tell_sums(sums[case_of[best]], bits[best], code, first, until[row], history, known, out[:, row])
        inside = 0
        for k in range(offsets[i], offsets[i + 1]):
            inside += k == best or in_reach(own_print[best], prints[2][own_print[k]], prints)
        out[6, row] = inside / (offsets[i + 1] - offsets[i]) if most else np.nan
