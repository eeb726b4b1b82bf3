"""Which remembered recipient lists are like those of accounts at instants: MinHash against MinHash.

A list of now is signed twice, with every stranger weighing as one that is popular and with every one weighing as one
that is not: how popular people were when the remembered list was signed nobody knows any more. The more similar counts.
"""

from __future__ import annotations

import numpy as np

from spamclf.kernels._common import CONTACT, GROUP, OUT
from spamclf.kernels._compile import compiled
from spamclf.kernels._spans import lower_bound
from spamclf.kernels._types import Bytes, Codes, Floats, Ints
from spamclf.kernels.bands import N_VALUES
from spamclf.kernels.co_target import LABELS, LEAST, Labels, label_at
from spamclf.kernels.minhash import STEP, Words, minima, mix

__all__ = ["MATCHES", "MOST", "N_KEYS", "WEIGHT", "look_up"]

WEIGHT = 4  # of a recipient that is not popular, as lists are signed
N_KEYS = (
    32  # values of a signature by which lists are found: of those like enough one in 90,000 agrees in none
)
MATCHES = 39  # of 128 values, from which on a list is nearly the same: the similarity that lists at hand need
MOST = 1000  # lists that one is compared with, and accounts with them that are looked at: the latest ones

_PAD = 16
_WORDS = "Array(uint32, 2, 'C', True)"  # a file's memory is read-only
#: Entries of the logs that are signed: peer, flags; and the hash of each peer's id.
_LOG = "Tuple((int32[::1], uint8[::1], uint32[::1]))"
#: Entries of all logs: where those of each account begin and end; time.
_OTHERS = "Tuple((int64[::1], int64[::1], int64[::1]))"
#: The different lists: signatures; by key their values, ascending, and which list has each; since when each is known.
_LISTS = f"Tuple(({_WORDS}, uint32[:, ::1], int32[:, ::1], int64[::1]))"
#: By list, the latest last: offsets; accounts; when they wrote to the last of it.
_MEMBERS = "Tuple((int64[::1], int32[::1], int64[::1]))"
#: By remembered account: its code in the data or -1; its labels.
_KNOWN = f"Tuple((int64[::1], {LABELS}))"
#: Stamps by peer, by list and by remembered account; items; both signatures.
_SCRATCH = "Tuple((int64[::1], int64[::1], int64[::1], uint32[::1], uint32[:, ::1]))"

Log = tuple[Codes, Bytes, Words]
Others = tuple[Ints, Ints, Ints]
Lists = tuple[Words, Words, Codes, Ints]
Members = tuple[Ints, Codes, Ints]
Known = tuple[Ints, Labels]
Scratch = tuple[Ints, Ints, Ints, Words, Words]


@compiled(f"int64({_LOG}, uint32[::1], uint32[::1], int64, int64, int64, {_SCRATCH})")
def sign(log: Log, a: Words, b: Words, start: int, end: int, stamp: int, scratch: Scratch) -> int:
    """Sign the strangers in ``[start, end)`` of a log in both ways; return how many strangers there are."""
    peer, flag, hashes = log
    met, _, _, items, own = scratch
    n = 0
    for i in range(start, end):
        if flag[i] & GROUP or met[peer[i]] == stamp:
            continue
        met[peer[i]] = stamp
        if flag[i] & OUT and not flag[i] & CONTACT:
            items[n] = hashes[peer[i]]
            n += 1
    if n < LEAST:
        return n
    for k in range(n, WEIGHT * n):
        items[k] = np.uint32(items[k - n] + STEP)
    for k in range(WEIGHT * n):
        items[k] = mix(items[k])
    minima(items[n:], (WEIGHT - 1) * n, a, b, own[1])
    minima(items, n, a, b, own[0])  # it pads, over what was used
    for k in range(N_VALUES):
        own[1, k] = min(own[0, k], own[1, k])
    return n


@compiled(f"int64(uint32[:, ::1], {_WORDS}, int64)")
def agreement(own: Words, words: Words, which: int) -> int:
    """Return in how many values a remembered list agrees with the more similar of the two signatures."""
    alone = weighed = 0
    for k in range(N_VALUES):
        alone += own[0, k] == words[which, k]
        weighed += own[1, k] == words[which, k]
    return max(alone, weighed)


@compiled(f"boolean(int64, int64, int64, {_OTHERS})")
def is_at_hand(code: int, since: int, last: int, others: Others) -> bool:
    """Tell whether the data show a message of an account up to the end of its list: then they know the list better."""
    begin, end, time = others
    if code < 0:
        return False
    first = lower_bound(time, begin[code], end[code], since)
    return first < end[code] and time[first] <= last


@compiled(
    f"int64(int64, int64, int64, int64, int64, int64, {_MEMBERS}, {_KNOWN}, {_OTHERS}, int64[::1], float64[:, ::1],"
    "int64, int64)"
)
def add_accounts(
    which: int,
    n_equal: int,
    own: int,
    since: int,
    until: int,
    looked: int,
    members: Members,
    known: Known,
    others: Others,
    counted: Ints,
    out: Floats,
    row: int,
    stamp: int,
) -> int:
    """Add the accounts of a remembered list to ``out[:, row]``; return how many have been looked at by now."""
    offsets, account, last = members
    code_of, labels = known
    place = lower_bound(last, offsets[which], offsets[which + 1], until) - 1
    while place >= offsets[which] and last[place] >= since and looked < MOST:
        who = account[place]
        looked += 1
        if code_of[who] != own and not is_at_hand(code_of[who], since, last[place], others):
            out[1, row] = max(out[1, row], n_equal / N_VALUES)
            if n_equal >= MATCHES and counted[who] != stamp:
                counted[who] = stamp
                label = label_at(labels, who, until)
                out[0, row] += 1
                out[2, row] += label >= 0
                out[3, row] += label == 1
        place -= 1
    return looked


@compiled(f"int64({_LISTS}, int64, uint32, int64)")
def known_before(lists: Lists, key: int, value: int, until: int) -> int:
    """Return where, among the lists by a key, those with a value end that were known before an instant."""
    _, values, order, known_from = lists
    low, high = 0, order.shape[1]
    while low < high:
        middle = (low + high) // 2
        there = values[key, middle]
        if there < value or (there == value and known_from[order[key, middle]] < until):
            low = middle + 1
        else:
            high = middle
    return low


@compiled(
    f"void({_LISTS}, {_MEMBERS}, {_KNOWN}, {_OTHERS}, int64, int64, int64, int64, {_SCRATCH}, float64[:, ::1], int64)"
)
def compare(
    lists: Lists,
    members: Members,
    known: Known,
    others: Others,
    account: int,
    since: int,
    until: int,
    stamp: int,
    scratch: Scratch,
    out: Floats,
    row: int,
) -> None:
    """Hold the signed list against the remembered ones that share a value with it, the latest first."""
    words, values, order, _ = lists
    _, judged, counted, _, own = scratch
    compared = looked = 0
    for key in range(N_KEYS):
        for way in range(2):
            place = known_before(lists, key, own[way, key], until) - 1
            while place >= 0 and values[key, place] == own[way, key] and compared < MOST:
                which = order[key, place]
                place -= 1
                if judged[which] == stamp:
                    continue
                judged[which] = stamp
                compared += 1
                looked = add_accounts(
                    which, agreement(own, words, which), account, since, until, looked, members, known, others,
                    counted, out, row, stamp,
                )  # fmt: skip


@compiled(
    f"void({_LOG}, uint32[::1], uint32[::1], {_LISTS}, {_MEMBERS}, {_KNOWN}, {_OTHERS}, int64[::1], int64[::1],"
    "int64[::1], int64[::1], int64, int64, int64, int64, float64[:, ::1])"
)
def look_up(
    log: Log,
    a: Words,
    b: Words,
    lists: Lists,
    members: Members,
    known: Known,
    others: Others,
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
    """Fill ``out[:, low:high]`` with what is remembered of lists like those of slices.

    Its rows: accounts with nearly the same list, the largest similarity to any list, how many of these accounts are
    labelled, and automated.
    """
    longest = 0
    for row in range(low, high):
        longest = max(longest, ends[row] - starts[row])
    scratch = (
        np.zeros(n_peers, np.int64), np.zeros(lists[3].size, np.int64), np.zeros(known[0].size, np.int64),
        np.empty(WEIGHT * longest + _PAD, np.uint32), np.empty((2, N_VALUES), np.uint32),
    )  # fmt: skip
    for row in range(low, high):
        out[:, row] = 0
        stamp = row - low + 1
        if sign(log, a, b, starts[row], ends[row], stamp, scratch) >= LEAST:
            since, until = as_of[row] - history, as_of[row]
            compare(lists, members, known, others, account[row], since, until, stamp, scratch, out, row)
