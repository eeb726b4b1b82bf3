"""Family `fan_out`: whom an account writes to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.ego import EgoLog, Slices
from spamclf.features.feature import Family, Feature, Work

_SENT = ("messages.recipient_id",)
_STRANGER = (
    "recipients who get the account's first message, never wrote to it before and, where in_contacts is known, "
    "lack it"
)
_SOURCE = "Fakhraei et al. 2015"


def _most_strangers(window: str, words: str) -> Feature:
    return Feature(
        f"fan_out_max_strangers_{window}", "count", 1, f"most strangers first written to in any {words}, half-open",
        f"wrote to {{value}} strangers within {words}", _SENT, "1", "WhatsApp 2019, Stopping Abuse",
    )  # fmt: skip


FEATURES = (
    Feature(
        "fan_out_recipients", "count", 1, "different people written to (groups apart)", "wrote to {value} people",
        _SENT, "1", _SOURCE,
    ),
    Feature("fan_out_strangers", "count", 1, _STRANGER, "wrote to {value} strangers", _SENT, "1", _SOURCE),
    Feature(
        "fan_out_stranger_share", "share", 1, "strangers / recipients; null without recipients",
        "{value} of the people it wrote to were strangers", _SENT, "1", _SOURCE,
    ),
    _most_strangers("10m", "10 minutes"),
    _most_strangers("1h", "1 hour"),
    _most_strangers("24h", "24 hours"),
    Feature(
        "fan_out_once", "count", 1, "recipients who got exactly one message", "wrote just once to {value} people",
        _SENT, "1",
    ),
    Feature(
        "fan_out_once_share", "share", 1, "recipients who got exactly one message / recipients",
        "wrote just once to {value} of its recipients", _SENT, "1",
    ),
    Feature(
        "fan_out_entropy", "bits", 0, "Shannon entropy of messages over recipients; null without recipients",
        "spread its messages over people with an entropy of {value} bits", _SENT, "1",
    ),
    Feature(
        "fan_out_messages_per_recipient", "ratio", -1, "messages to people / recipients",
        "sent {value} messages to each recipient", _SENT, "1",
    ),
    Feature(
        "fan_out_outside_contacts_share", "share", 1,
        "share of messages to people who lack the account in their contacts, where that is known",
        "{value} of its messages went to people who do not have it in their contacts", ("messages.in_contacts",), "1",
    ),
    Feature(
        "fan_out_undelivered_share", "share", 1, "share of sends not delivered, where that is known",
        "{value} of its messages could not be delivered", ("messages.delivered",), "1", actionable=False,
    ),
    Feature(
        "fan_out_recipient_age_median_s", "s", 0,
        "median age at the first message to each, of the recipients registered before it",
        "its recipients' accounts were {value} old in the median", ("accounts.registered_at",), "1",
        actionable=False,
    ),
    Feature(
        "fan_out_recipient_countries", "count", 1,
        "different countries of recipients registered before the first message to each, or at an unknown time; null "
        "when none is known",
        "wrote to people in {value} countries", ("accounts.country",), "1",
    ),
    Feature(
        "fan_out_foreign_share", "share", 1,
        "share in another country than its own, of the recipients whose country fan_out_recipient_countries counts",
        "{value} of the people it wrote to are abroad", ("accounts.country",), "1",
    ),
    Feature(
        "fan_out_groups", "count", 1, "different groups written to", "wrote to {value} groups",
        ("messages.is_group",), "1",
    ),
    Feature(
        "fan_out_max_groups_1h", "count", 1, "most different groups written to in any hour, half-open",
        "wrote to {value} groups within 1 hour", ("messages.is_group",), "1",
    ),
)  # fmt: skip


def measure(ego: EgoLog, slices: Slices, out: npt.NDArray[np.float64]) -> Work:
    """Return the work that fills `out` for these slices."""
    n_countries = int(ego.facts.country.max(initial=-1)) + 1
    facts = np.stack([ego.facts.registered_at, ego.facts.country.astype(np.int64)], axis=1)

    def work(low: int, high: int) -> None:
        kernels.fan_out.measure(
            ego.time,
            ego.peer,
            ego.flag,
            facts,
            slices.account,
            slices.starts,
            slices.ends,
            slices.as_of,
            ego.n_peers,
            n_countries,
            low,
            high,
            out,
        )

    return work


FAMILY = Family("fan_out", FEATURES, measure)
