"""The families that look at messages and registrations, measured one after the other: for a few accounts at an instant.

What each of them costs then is mostly the way from Python to its kernel, so they go it together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bytes, Codes, Floats, Ints
from spamclf.kernels.account import measure as measure_account
from spamclf.kernels.co_target import LABELS, Labels
from spamclf.kernels.co_target import measure as measure_co_target
from spamclf.kernels.fan_out import measure as measure_fan_out
from spamclf.kernels.registration import KIND
from spamclf.kernels.registration import measure as measure_registration
from spamclf.kernels.replies import measure as measure_replies
from spamclf.kernels.rhythm import measure as measure_rhythm
from spamclf.kernels.send_rate import measure as measure_send_rate
from spamclf.kernels.timeline import LINE

#: By person: registered_at, is_business, filled, country, network_country.
FACTS = "Tuple((int64[::1], int32[::1], float64[::1], int32[::1], int32[::1]))"
Facts = tuple[Ints, Codes, Floats, Codes, Codes]
#: Entries of the slices, by numbers that stand for `codes`: offsets, time, peer, flags, typing.
LOG = "Tuple((int64[::1], int64[::1], int32[::1], uint8[::1], float64[::1]))"
Log = tuple[Ints, Ints, Codes, Bytes, Floats]
#: By number: where the entries of each recipient begin, they, how many there are, how many strangers each has.
LISTS = "Tuple((int64[::1], int64[:, ::1], uint8[::1], int64[::1]))"
Lists = tuple[Ints, Ints, Bytes, Ints]


@compiled(f"{LABELS}({LABELS}, int64[::1])")
def labels_of(labels: Labels, codes: Ints) -> Labels:
    """Return the labels of some people by their place in `codes`."""
    offsets, first, last, value = labels
    begins = np.zeros(codes.size + 1, np.int64)
    if first.size == 0:
        return begins, first, last, value
    for k in range(codes.size):
        begins[k + 1] = begins[k] + offsets[codes[k] + 1] - offsets[codes[k]]
    n = begins[-1]
    own_first, own_last, own_value = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    for k in range(codes.size):
        for i in range(begins[k + 1] - begins[k]):
            there = offsets[codes[k]] + i
            own_first[begins[k] + i], own_last[begins[k] + i] = first[there], last[there]
            own_value[begins[k] + i] = value[there]
    return begins, own_first, own_last, own_value


@compiled(
    f"void(int64[::1], int64[::1], int64, {FACTS}, int64, {LOG}, {LISTS}, {LABELS},"
    f"UniTuple({KIND}, 2), {LINE}, {LINE}, float64[:, ::1],"
    "UniTuple(float64[:, ::1], 7))"
)
def measure(
    codes: Ints, as_of: Ints, history: int, facts: Facts, n_countries: int, log: Log, lists: Lists,
    labels: Labels, kinds: Any, own_begun: Any, own_ended: Any, remembered: Floats, out: Any,
) -> None:  # fmt: skip
    """Fill `out`, one block for each of account, registration, send_rate, fan_out, replies, rhythm and co_target.

    The slices are those of the first ``as_of.size`` people of `codes`, which says who has each number; the entries of
    each begin at its offset. All other arrays are as `live.gather` and the families' kernels have them.
    """
    registered_at, is_business, filled, country, network_country = facts
    offsets, time, peer, flag, typed_s = log
    n, n_people = as_of.size, codes.size
    who, number, starts, ends = codes[:n], np.arange(n), offsets[:n], offsets[1 : n + 1]
    measure_account(
        time, flag, (registered_at, is_business, filled), who, starts, ends, as_of, history, 0, n, out[0]
    )
    measure_registration(
        registered_at,
        country,
        network_country,
        kinds,
        own_begun,
        own_ended,
        who,
        as_of,
        history,
        0,
        n,
        out[1],
    )
    measure_send_rate(time, flag, registered_at, who, starts, ends, as_of, history, 0, n, out[2])
    beside = np.empty((n_people, 2), np.int64)
    for k in range(n_people):
        beside[k, 0], beside[k, 1] = registered_at[codes[k]], country[codes[k]]
    measure_fan_out(
        time, peer, flag, beside, number, starts, ends, as_of, n_people, n_countries, 0, n, out[3]
    )
    measure_replies(time, peer, flag, starts, ends, n_people, 0, n, out[4])
    measure_rhythm(time, flag, typed_s, starts, ends, as_of, 0, n, out[5])
    recipients, entries, counts, n_strangers = lists
    none, level = np.empty(0, np.int64), np.zeros(1, np.int64)
    measure_co_target(
        (time, peer, flag), (recipients, entries, level, none, level), (n_strangers, none, none),
        labels_of(labels, codes), counts.reshape((1, counts.size)), np.zeros(n, np.int64), remembered, number, starts,
        ends, as_of, history, n_people, 0, n, out[6],
    )  # fmt: skip
