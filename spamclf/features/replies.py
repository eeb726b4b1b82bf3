"""Family `replies`: whether anybody answers, and how."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.ego import EgoLog, Slices
from spamclf.features.feature import Family, Feature, Work

_BOTH = ("messages.sender_id", "messages.recipient_id")

FEATURES = (
    Feature(
        "replies_recipient_share", "share", -1, "share of recipients who wrote back after the first message to them",
        "{value} of the people it wrote to ever answered", _BOTH, "1", actionable=False,
    ),
    Feature(
        "replies_stranger_24h_share", "share", -1,
        "share of strangers who wrote back after and within 24 hours of the first message",
        "{value} of the strangers it wrote to answered within a day", _BOTH, "1", actionable=False,
    ),
    Feature(
        "replies_debt", "count", 1, "strangers who have not written back after the first message (reply debt)",
        "was not answered by {value} of the strangers it wrote to", _BOTH, "1", actionable=False,
    ),
    Feature(
        "replies_latency_median_s", "s", 0,
        "median time from the first message not yet answered to the other side's answer; null without answers",
        "people took {value} to answer it", _BOTH, "1", actionable=False,
    ),
    Feature(
        "replies_in_out_ratio", "ratio", -1, "messages received / sent, to groups too; null without sends",
        "received {value} messages for each one it sent", _BOTH, "1", actionable=False,
    ),
    Feature(
        "replies_began_share", "share", 1,
        "share of conversations (people it wrote to or heard from) whose first message of the history it sent",
        "began {value} of its conversations", _BOTH, "1",
    ),
    Feature(
        "replies_own_latency_median_s", "s", 0,
        "median time from the first message it had not answered to its answer; null without answers",
        "took {value} to answer people", _BOTH, "1",
    ),
    Feature(
        "replies_mutual_share", "share", 0,
        "share of conversations with as many messages sent as received (warm-up pools)",
        "sent exactly as much as it received in {value} of its conversations", _BOTH, "1", actionable=False,
    ),
)  # fmt: skip


def measure(ego: EgoLog, slices: Slices, out: npt.NDArray[np.float64]) -> Work:
    """Return the work that fills `out` for these slices."""

    def work(low: int, high: int) -> None:
        kernels.replies.measure(
            ego.time, ego.peer, ego.flag, slices.starts, slices.ends, ego.n_peers, low, high, out
        )

    return work


FAMILY = Family("replies", FEATURES, measure)
