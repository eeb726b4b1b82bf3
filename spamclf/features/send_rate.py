"""Family `send_rate`: how much and how fast."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.ego import EgoLog, Slices
from spamclf.features.feature import Family, Feature, Work

_SENT = ("messages.sent_at",)
_BORN = ("messages.sent_at", "accounts.registered_at")


def _most(window: str, words: str) -> Feature:
    return Feature(
        f"send_rate_max_{window}", "count", 1, f"most sends in any {words}, half-open",
        f"sent {{value}} messages within {words}", _SENT, "1", "WhatsApp 2019, Stopping Abuse",
    )  # fmt: skip


FEATURES = (
    Feature("send_rate_sends", "count", 1, "sends", "sent {value} messages", _SENT, "1"),
    Feature(
        "send_rate_per_active_day", "1/day", 1, "sends / UTC days with a send; null without sends",
        "sent {value} messages a day on the days it sent", _SENT, "1",
    ),
    _most("15s", "15 seconds"),
    _most("1m", "1 minute"),
    _most("10m", "10 minutes"),
    _most("1h", "1 hour"),
    _most("24h", "24 hours"),
    Feature(
        "send_rate_first_hour", "count", 1,
        "sends before registered_at + 1 h; null when registration is unknown or before the history",
        "sent {value} messages in its first hour", _BORN, "1", "WhatsApp 2019, Stopping Abuse",
    ),
    Feature(
        "send_rate_busiest_hour_share", "share", 0, "most sends in any hour / sends; null without sends",
        "sent {value} of its messages in one hour", _SENT, "1",
    ),
    Feature(
        "send_rate_per_minute_of_life", "1/min", 1,
        "sends / minutes since registration or the history's beginning, at least 1; null when registration is unknown",
        "sent {value} messages for each minute of its life", _BORN, "1",
    ),
    Feature(
        "send_rate_slope", "1/day^2", 0,
        "least-squares slope of sends a day over the 24-hour days back from as_of to the first send; null below 2 days",
        "changed its daily messages by {value} a day", _SENT, "1",
    ),
)  # fmt: skip


def measure(ego: EgoLog, slices: Slices, out: npt.NDArray[np.float64]) -> Work:
    """Return the work that fills `out` for these slices."""
    registered_at = ego.facts.registered_at

    def work(low: int, high: int) -> None:
        kernels.send_rate.measure(
            ego.time, ego.flag, registered_at, slices.account, slices.starts, slices.ends, slices.as_of, slices.history,
            low, high, out,
        )  # fmt: skip

    return work


FAMILY = Family("send_rate", FEATURES, measure)
