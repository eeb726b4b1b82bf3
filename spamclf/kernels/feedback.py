"""What recipients report, and how far their reports can be believed."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._common import CONTACT, DAY, GROUP, OUT
from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bools, Bytes, Codes, Floats, Ints

HEARD = 3  # reporters for each contact; no more than these are not heard
_WROTE, _WAS_WRITTEN, _CONTACT = 1, 2, 4
_LATEST = 1000  # of one reporter's reports, the latest so many count: a flood of reports must cost no square
_SCALE = 1_000_000_000_000  # credibilities are summed as integers, so that their order cannot matter

_LOG = "Tuple((int64[::1], int64[::1], int32[::1], uint8[::1], int64[::1]))"
_PEOPLE = "Tuple((int64[::1], boolean[::1], int64[::1], int64[::1], boolean[::1]))"
_REPORTS = "Tuple((int64[::1], int64[::1], int32[::1], boolean[::1]))"
_MADE = "Tuple((int64[::1], int64[::1], int32[::1]))"


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


@compiled("boolean(int64, int64, int64, int64[::1], int64[::1], int64[::1])")
def sends(account: int, as_of: int, history: int, offsets: Ints, time: Ints, sent_before: Ints) -> bool:
    """Tell whether an account sends in the history; ``sent_before[i]`` is the number of sends before entry i."""
    if account >= offsets.size - 1:
        return False
    start = lower_bound(time, offsets[account], offsets[account + 1], as_of - history)
    end = lower_bound(time, start, offsets[account + 1], as_of)
    return sent_before[end] > sent_before[start]


@compiled(f"int64(int64[::1], int32[::1], int64, int64, int64, int64, int64, {_PEOPLE}, {_LOG})")
def first_of_latest(
    made_at: Ints,
    target: Codes,
    since: int,
    until: int,
    own: int,
    now: int,
    history: int,
    people: tuple[Ints, Bools, Ints, Ints, Bools],
    log: tuple[Ints, Ints, Codes, Bytes, Ints],
) -> int:
    """Return where the latest `_LATEST` reports of ``[since, until)`` on known accounts but `own` begin.

    Reports tied with one that has no place any more have none either: which of them come first is no matter of
    time, and would be decided by the order of the rows.
    """
    offsets, time, _, _, sent_before = log
    registered_at, has_row, _, _, _ = people
    n = 0
    for m in range(until - 1, since - 1, -1):
        other = target[m]
        if other == own:
            continue
        row_seen = has_row[other] and registered_at[other] < now  # a call for each report would cost the most
        n += row_seen or sends(other, now, history, offsets, time, sent_before)
        if n > _LATEST:
            first = m + 1
            while first < until and made_at[first] == made_at[m]:
                first += 1
            return first
    return since


@compiled("int64(int64, int64, int64, int64[::1], int64[::1], boolean[::1])")
def label_at(
    account: int, as_of: int, history: int, offsets: Ints, labelled_at: Ints, is_automated: Bools
) -> int:
    """Return the latest label of an account in the history: 1 automated, 0 not, -1 none."""
    last = lower_bound(labelled_at, offsets[account], offsets[account + 1], as_of) - 1
    if last < offsets[account] or labelled_at[last] < as_of - history:
        return -1
    return is_automated[last]


@compiled("UniTuple(int64, 2)(int64[::1], int32[::1], uint8[::1], int64, int64, uint8[::1], int64[::1])")
def count_people(
    time: Ints, peer: Codes, flag: Bytes, start: int, end: int, met: Bytes, first_at: Ints
) -> tuple[int, int]:
    """Return how many strangers were written to in ``[start, end)``, as `kernels.fan_out` counts them, and contacts.

    A contact is a person with whom messages went both ways, the last a day or more after the first. `met` must be zero
    and is zero again afterwards.
    """
    strangers = contacts = 0
    for i in range(start, end):
        if flag[i] & GROUP:
            continue
        who, out_going = peer[i], (flag[i] & OUT) != 0
        if met[who] == 0:
            first_at[who] = time[i]
            strangers += out_going and not flag[i] & CONTACT
        met[who] |= _WROTE if out_going else _WAS_WRITTEN
        if met[who] == _WROTE | _WAS_WRITTEN and time[i] - first_at[who] >= DAY:
            met[who] |= _CONTACT
            contacts += 1
    for i in range(start, end):
        met[peer[i]] = 0
    return strangers, contacts


@compiled("int64(int32[::1], int64, int64, int64[::1], int64)")
def count_reporters(reporter: Codes, first: int, last: int, marked: Ints, row: int) -> int:
    """Return how many different people ``reporter[first:last]`` are; `marked` holds the row that met each last."""
    reporters = 0
    for k in range(first, last):
        reporters += marked[reporter[k]] != row + 1
        marked[reporter[k]] = row + 1
    return reporters


@compiled(
    "UniTuple(int64, 2)(int64[::1], int32[::1], uint8[::1], int64, int64, int64[::1], int32[::1], int64, int64,"
    "int64[::1])"
)
def first_messages(
    time: Ints,
    peer: Codes,
    flag: Bytes,
    start: int,
    end: int,
    reported_at: Ints,
    reporter: Codes,
    report: int,
    report_end: int,
    n_written: Ints,
) -> tuple[int, int]:
    """Return how many reports came after exactly one message to the reporter, and after any.

    Walks the messages and the reports of one slice together, in time. `n_written` counts the messages to each
    person; it must be zero and is zero again afterwards.
    """
    first = reached_at_all = 0
    i = start
    for k in range(report, report_end):
        while i < end and time[i] <= reported_at[k]:
            if flag[i] & OUT and not flag[i] & GROUP:
                n_written[peer[i]] += 1
            i += 1
        first += n_written[reporter[k]] == 1
        reached_at_all += n_written[reporter[k]] >= 1
    for j in range(start, i):
        if flag[j] & OUT and not flag[j] & GROUP:
            n_written[peer[j]] = 0
    return first, reached_at_all


@compiled(
    f"void({_LOG}, {_PEOPLE}, {_REPORTS}, {_MADE}, int64[::1], int64[::1], int64[::1], int64[::1], int64, int64,"
    "int64, int64, float64[:, ::1])"
)
def measure(
    log: tuple[Ints, Ints, Codes, Bytes, Ints],
    people: tuple[Ints, Bools, Ints, Ints, Bools],
    reports: tuple[Ints, Ints, Codes, Bools],
    made: tuple[Ints, Ints, Codes],
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

    `log` is (offsets, time, peer, flag, sends before each entry); `people` is (registered_at, has_row, label
    offsets, labelled_at, is_automated); `reports` is (offsets by account, instant, reporter, is a block) and
    `made` (offsets by reporter, instant, account reported), each ascending in time.
    """
    offsets, time, peer, flag, sent_before = log
    registered_at, has_row, label_offsets, labelled_at, is_automated = people
    report_offsets, reported_at, reporter, is_block = reports
    made_offsets, made_at, target = made
    marked = np.zeros(n_peers, np.int64)  # by the number of the slice
    met = np.zeros(n_peers, np.uint8)
    first_at = np.empty(n_peers, np.int64)
    seen_target = np.zeros(n_peers, np.int64)
    n_written = np.zeros(n_peers, np.int64)
    shared_with = np.zeros(n_peers, np.int64)
    shared = np.empty(n_peers, np.int32)  # where `shared_with` is not zero
    pair = 0
    for row in range(low, high):
        own, now = account[row], as_of[row]
        first = lower_bound(reported_at, report_offsets[own], report_offsets[own + 1], now - history)
        last = lower_bound(reported_at, report_offsets[own], report_offsets[own + 1], now)
        out[0:7, row] = 0.0
        out[2:, row] = np.nan
        strangers, contacts = count_people(time, peer, flag, starts[row], ends[row], met, first_at)
        reporters = count_reporters(reporter, first, last, marked, row)
        if reporters <= HEARD * contacts:  # a brigade shall not outweigh those who talk with it
            last = first
            reporters = 0
        out[2, row] = 100.0 * (last - first) / strangers if strangers else np.nan
        out[4, row] = 0.0
        if last == first:
            continue
        blocks = credible = most_shared = n_shared = 0
        for k in range(first, last):
            blocks += is_block[k]
            who = reporter[k]
            if marked[who] == -(row + 1):
                continue
            marked[who] = -(row + 1)
            pair += 1
            hits = known = 0
            since = lower_bound(made_at, made_offsets[who], made_offsets[who + 1], now - history)
            until = lower_bound(made_at, made_offsets[who], made_offsets[who + 1], now)
            if until - since > _LATEST:
                since = first_of_latest(made_at, target, since, until, own, now, history, people, log)
            for m in range(since, until):
                other = target[m]
                if other == own or seen_target[other] == pair:
                    continue
                seen_target[other] = pair
                row_seen = has_row[other] and registered_at[other] < now
                if not row_seen and not sends(other, now, history, offsets, time, sent_before):
                    continue
                if shared_with[other] == 0:
                    shared[n_shared] = other
                    n_shared += 1
                shared_with[other] += 1
                most_shared = max(most_shared, shared_with[other])
                label = label_at(other, now, history, label_offsets, labelled_at, is_automated)
                known += label >= 0
                hits += label == 1
            credible += round(_SCALE * (hits + 1) / (known + 2))
        for k in range(n_shared):
            shared_with[shared[k]] = 0
        once, reached = first_messages(
            time, peer, flag, starts[row], ends[row], reported_at, reporter, first, last, n_written
        )
        out[0, row] = last - first - blocks
        out[1, row] = blocks
        out[3, row] = once / reached if reached else np.nan
        out[4, row] = reporters
        out[5, row] = credible / _SCALE / reporters
        out[6, row] = most_shared / reporters if reporters >= 2 else np.nan
