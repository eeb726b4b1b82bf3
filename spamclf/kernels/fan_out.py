"""Whom an account writes to."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._common import (
    CONTACT,
    CONTACT_KNOWN,
    DAY,
    DELIVERY_KNOWN,
    GROUP,
    HOUR,
    MINUTE,
    NAT,
    OUT,
    SECOND,
    TALLY,
    UNDELIVERED,
    entropy,
    median,
    most_in_window,
)
from spamclf.kernels._compile import compiled
from spamclf.kernels._peers import slot_of
from spamclf.kernels._types import Bytes, Codes, Floats, Ints


@compiled("int64(int64[::1], int64[::1], int64, int64[::1], int64)")
def most_distinct_in_window(times: Ints, slots: Ints, n: int, counts: Ints, width: int) -> int:
    """Return the largest number of different ``slots[:n]`` in any half-open window of `width`.

    `counts` must be zero at the slots and is zero again afterwards.
    """
    most = 0
    distinct = 0
    first = 0
    for last in range(n):
        distinct += counts[slots[last]] == 0
        counts[slots[last]] += 1
        while times[last] - times[first] >= width:
            counts[slots[first]] -= 1
            distinct -= counts[slots[first]] == 0
            first += 1
        most = max(most, distinct)
    for i in range(first, n):
        counts[slots[i]] -= 1
    return most


@compiled(
    "void(int64[::1], int32[::1], uint8[::1], int64[:, ::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    "int64, int64, int64, int64, float64[:, ::1])"
)
def measure(
    time: Ints,
    peer: Codes,
    flag: Bytes,
    facts: Ints,
    account: Ints,
    starts: Ints,
    ends: Ints,
    as_of: Ints,
    n_peers: int,
    n_countries: int,
    low: int,
    high: int,
    out: Floats,
) -> None:
    """Fill ``out[:, low:high]``; its rows are the features of the family in the catalogue's order.

    ``facts[account]`` is (registered_at, country): side by side, since nearly each message looks up another
    account and the wait for memory is what this kernel costs.
    """
    longest = 1
    for row in range(low, high):
        longest = max(longest, ends[row] - starts[row])
    seen = np.zeros(n_peers, np.int64)
    seen_country = np.zeros(n_countries + 1, np.int64)
    n_sent = np.empty(longest, np.int64)  # per slot
    n_received = np.empty(longest, np.int64)
    met = np.empty(longest, np.int64)  # times of first messages to strangers
    ages = np.empty(longest, np.int64)
    group_time = np.empty(longest, np.int64)
    group_slot = np.empty(longest, np.int64)
    group_count = np.zeros(longest, np.int64)
    tally = np.zeros(TALLY, np.int64)
    for row in range(low, high):
        slots = people = recipients = strangers = n_ages = group_sends = groups = 0
        contacts_known = contacts_lacking = delivery_known = undelivered = 0
        own = facts[account[row], 1] if facts[account[row], 0] < as_of[row] else -1  # else unseen yet
        countries = located = foreign = 0
        for i in range(starts[row], ends[row]):
            bits = flag[i]
            if not bits & OUT:
                slot = slot_of(seen, peer[i], row, slots)
                if slot == slots:
                    slots += 1
                    n_sent[slot] = 0
                    n_received[slot] = 0
                n_received[slot] += 1
                continue
            delivery_known += (bits & DELIVERY_KNOWN) != 0
            undelivered += (bits & UNDELIVERED) != 0
            slot = slot_of(seen, peer[i], row, slots)
            if slot == slots:
                slots += 1
                n_sent[slot] = 0
                n_received[slot] = 0
                groups += (bits & GROUP) != 0
            if bits & GROUP:
                group_time[group_sends] = time[i]
                group_slot[group_sends] = slot
                group_sends += 1
                continue
            people += 1
            contacts_known += (bits & CONTACT_KNOWN) != 0
            contacts_lacking += (bits & CONTACT_KNOWN) != 0 and not bits & CONTACT
            n_sent[slot] += 1
            if n_sent[slot] > 1:
                continue
            recipients += 1
            if n_received[slot] == 0 and not bits & CONTACT:
                met[strangers] = time[i]
                strangers += 1
            if peer[i] >= len(facts) or facts[peer[i], 0] >= time[i]:
                continue  # no account, or not yet
            if facts[peer[i], 0] != NAT:
                ages[n_ages] = time[i] - facts[peer[i], 0]
                n_ages += 1
            there = facts[peer[i], 1]
            if there >= 0:  # no branches below: whether a country is new or foreign cannot be predicted
                located += own >= 0
                foreign += (own >= 0) & (there != own)
                countries += seen_country[there] != row + 1
                seen_country[there] = row + 1
        n_groups = most_distinct_in_window(group_time, group_slot, group_sends, group_count, HOUR)
        once = written = 0
        for slot in range(slots):
            once += n_sent[slot] == 1
            if n_sent[slot] > 0:
                n_sent[written] = n_sent[slot]
                written += 1
        out[0, row] = recipients
        out[1, row] = strangers
        out[2, row] = strangers / recipients if recipients else np.nan
        out[3, row] = most_in_window(met, strangers, 10 * MINUTE)
        out[4, row] = most_in_window(met, strangers, HOUR)
        out[5, row] = most_in_window(met, strangers, DAY)
        out[6, row] = once
        out[7, row] = once / recipients if recipients else np.nan
        out[8, row] = entropy(n_sent, written, tally)
        out[9, row] = people / recipients if recipients else np.nan
        out[10, row] = contacts_lacking / contacts_known if contacts_known else np.nan
        out[11, row] = undelivered / delivery_known if delivery_known else np.nan
        out[12, row] = median(ages, n_ages) / SECOND
        out[13, row] = countries if countries else np.nan
        out[14, row] = foreign / located if located else np.nan
        out[15, row] = groups
        out[16, row] = n_groups
