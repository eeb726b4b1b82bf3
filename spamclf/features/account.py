"""Family `account`: age, first sends, declared facts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.ego import EgoLog, Slices
from spamclf.features.feature import Family, Feature, Work

_AGE = ("accounts.registered_at",)
_BOTH = ("accounts.registered_at", "messages.sent_at")
_SENDS = "null when it did not send so often, or was registered before the history"

FEATURES = (
    Feature(
        "account_age_s", "s", -1, "as_of - registered_at", "is {value} old", _AGE, "0",
        "WhatsApp 2019, Stopping Abuse", actionable=False,
    ),
    Feature(
        "account_age_first_send_s", "s", -1, f"first send - registered_at; {_SENDS}",
        "sent its first message {value} after registering", _BOTH, "0", "WhatsApp 2019, Stopping Abuse",
    ),
    Feature(
        "account_time_to_send_10_s", "s", -1, f"10th send - registered_at; {_SENDS}",
        "sent 10 messages within {value} of registering", _BOTH, "0",
    ),
    Feature(
        "account_time_to_send_100_s", "s", -1, f"100th send - registered_at; {_SENDS}",
        "sent 100 messages within {value} of registering", _BOTH, "0",
    ),
    Feature(
        "account_is_business", "flag", 0, "declared business or API account", "is {value}a declared business account",
        ("accounts.is_business",), "0", actionable=False,
    ),
    Feature(
        "account_completeness", "share", 0, "filled columns of the 6 nullable ones of its row / 6; null without a row",
        "{value} of its registration facts are known", ("accounts.account_id",), "0", actionable=False,
    ),
)  # fmt: skip


def measure(ego: EgoLog, slices: Slices, out: npt.NDArray[np.float64]) -> Work:
    """Return the work that fills `out` for these slices."""
    facts = ego.facts.registered_at, ego.facts.is_business, ego.facts.filled

    def work(low: int, high: int) -> None:
        kernels.account.measure(
            ego.time, ego.flag, facts, slices.account, slices.starts, slices.ends, slices.as_of, slices.history, low,
            high, out,
        )  # fmt: skip

    return work


def seen_registration(ego: EgoLog, slices: Slices) -> npt.NDArray[np.int64]:
    """Return each slice's account's registered_at, `NAT` where it is unknown or not before `as_of`."""
    born = ego.facts.registered_at[slices.account]
    return np.where(born < slices.as_of, born, np.iinfo(np.int64).min)


def visible(ego: EgoLog, slices: Slices) -> npt.NDArray[np.bool_]:
    """Tell whether each slice's account's row exists at `as_of`: registered before it, or nobody knows when."""
    return ego.facts.registered_at[slices.account] < slices.as_of


FAMILY = Family("account", FEATURES, measure)
