"""Whether anybody answers, and how."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._common import CONTACT, DAY, GROUP, OUT, SECOND, median
from spamclf.kernels._compile import compiled
from spamclf.kernels._peers import slot_of
from spamclf.kernels._types import Bytes, Codes, Floats, Ints

_NONE = -1


@compiled(
    "void(int64[::1], int32[::1], uint8[::1], int64[::1], int64[::1], int64, int64, int64, float64[:, ::1])"
)
def measure(
    time: Ints,
    peer: Codes,
    flag: Bytes,
    starts: Ints,
    ends: Ints,
    n_peers: int,
    low: int,
    high: int,
    out: Floats,
) -> None:
    """Fill ``out[:, low:high]``; its rows are the features of the family in the catalogue's order.

    A reply's latency runs from the first message the other side has not answered yet to its answer.
    """
    longest = 1
    for row in range(low, high):
        longest = max(longest, ends[row] - starts[row])
    seen = np.zeros(n_peers, np.int64)
    n_sent = np.empty(longest, np.int64)  # per slot, as everything down to `stranger`
    n_received = np.empty(longest, np.int64)
    first_sent = np.empty(longest, np.int64)
    waiting = np.empty(longest, np.int64)  # since when the account waits for an answer, as an entry's number
    owing = np.empty(longest, np.int64)  # since when it owes one
    stranger = np.empty(longest, np.bool_)
    answered = np.empty(longest, np.bool_)
    latency = np.empty(longest, np.int64)
    own_latency = np.empty(longest, np.int64)
    for row in range(low, high):
        slots = sent = received = recipients = strangers = 0
        replied = replied_soon = unanswered = began = n_latency = n_own = 0
        for i in range(starts[row], ends[row]):
            out_going = (flag[i] & OUT) != 0
            sent += out_going
            received += not out_going
            if flag[i] & GROUP:
                continue
            slot = slot_of(seen, peer[i], row, slots)
            if slot == slots:
                slots += 1
                n_sent[slot] = n_received[slot] = 0
                waiting[slot] = owing[slot] = _NONE
                stranger[slot] = answered[slot] = False
                began += out_going
            if out_going:
                if n_sent[slot] == 0:
                    recipients += 1
                    first_sent[slot] = time[i]
                    stranger[slot] = n_received[slot] == 0 and not flag[i] & CONTACT
                    strangers += stranger[slot]
                n_sent[slot] += 1
                if owing[slot] != _NONE:
                    own_latency[n_own] = time[i] - time[owing[slot]]
                    n_own += 1
                    owing[slot] = _NONE
                if waiting[slot] == _NONE:
                    waiting[slot] = i
            else:
                n_received[slot] += 1
                if n_sent[slot] and not answered[slot]:
                    answered[slot] = True
                    replied += 1
                    replied_soon += stranger[slot] and time[i] - first_sent[slot] <= DAY
                if waiting[slot] != _NONE:
                    latency[n_latency] = time[i] - time[waiting[slot]]
                    n_latency += 1
                    waiting[slot] = _NONE
                if owing[slot] == _NONE:
                    owing[slot] = i
        mutual = 0
        for slot in range(slots):
            unanswered += stranger[slot] and not answered[slot]
            mutual += n_sent[slot] > 0 and n_sent[slot] == n_received[slot]
        out[0, row] = replied / recipients if recipients else np.nan
        out[1, row] = replied_soon / strangers if strangers else np.nan
        out[2, row] = unanswered
        out[3, row] = median(latency, n_latency) / SECOND
        out[4, row] = received / sent if sent else np.nan
        out[5, row] = began / slots if slots else np.nan
        out[6, row] = median(own_latency, n_own) / SECOND
        out[7, row] = mutual / slots if slots else np.nan
