"""What a user may be told of each family of features: true, and nothing that an evader could tune to."""

from __future__ import annotations

from spamclf.features.catalogue import CATALOGUE, family_of

__all__ = ["PLAIN", "plain_words"]

_MANY = "sent unusually many messages"
_FAST = f"{_MANY} in a short time"
_STRANGERS = "wrote to unusually many people it had no contact with"
_SOON = "began to send unusually soon after it was registered"
_ABROAD = "wrote to people in unusually many countries, or to unusually many abroad"
_UNANSWERED = "was answered by unusually few of the people it wrote to"
_REPORTED = "was reported or blocked"

#: By family: what can be said whatever its values are, and of which features more can be said. No number, no name of a
#: feature, no window of time, nobody else. Features that are not suspicious on one side alone have no words of their
#: own, for on which side the value lies would have to be told.
PLAIN: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "account": (
        "its age, its registration and its first messages resemble those of automated accounts",
        {
            _SOON: ("account_age_first_send_s", "account_time_to_send_10_s", "account_time_to_send_100_s"),
        },
    ),
    "registration": ("it was registered in circumstances in which automated accounts are", {}),
    "send_rate": (
        "how much and how fast it sends resembles automated accounts",
        {
            _MANY: ("send_rate_sends", "send_rate_per_active_day", "send_rate_per_minute_of_life"),
            _FAST: (
                "send_rate_max_15s", "send_rate_max_1m", "send_rate_max_10m", "send_rate_max_1h",
                "send_rate_max_24h", "send_rate_first_hour",
            ),
        },
    ),
    "fan_out": (
        "whom it writes to, and how often, resembles automated accounts",
        {
            "wrote to unusually many people": ("fan_out_recipients",),
            _STRANGERS: ("fan_out_strangers", "fan_out_stranger_share"),
            f"{_STRANGERS} in a short time": (
                "fan_out_max_strangers_10m", "fan_out_max_strangers_1h", "fan_out_max_strangers_24h"
            ),
            "wrote just once to unusually many people": ("fan_out_once", "fan_out_once_share"),
            "wrote unusually little to each person": ("fan_out_messages_per_recipient",),
            "wrote unusually often to people who do not have it in their contacts": (
                "fan_out_outside_contacts_share",
            ),
            "sent unusually many messages that could not be delivered": ("fan_out_undelivered_share",),
            _ABROAD: ("fan_out_recipient_countries", "fan_out_foreign_share"),
            "wrote to unusually many groups": ("fan_out_groups", "fan_out_max_groups_1h"),
        },
    ),
    "replies": (
        "how people answer it, and how it answers them, resembles automated accounts",
        {
            _UNANSWERED: ("replies_recipient_share", "replies_stranger_24h_share", "replies_debt"),
            "received unusually few messages for those it sent": ("replies_in_out_ratio",),
            "began unusually many of its conversations itself": ("replies_began_share",),
        },
    ),
    "rhythm": (
        "the times at which it sends resemble those of automated accounts",
        {},
    ),
    "co_target": ("the choice of people it wrote to resembles that of automated accounts", {}),
    "photo": ("its profile photo, and how it is used, resembles those of automated accounts", {}),
    "template": ("its public profile text resembles those of automated accounts", {}),
    "evidence": ("what it shows or sends is tied to automated sending by evidence", {}),
    "feedback": (
        "what people reported about it resembles what they report of automated accounts",
        {_REPORTED: ("feedback_reports", "feedback_blocks", "feedback_per_100_strangers", "feedback_reporters")},
    ),
}  # fmt: skip

_OF_FEATURE = {name: words for _, own in PLAIN.values() for words, names in own.items() for name in names}


def plain_words(feature: str, value: float | None) -> str:
    """Say what a feature speaks of in words that are safe to hand to the account's user.

    Parameters
    ----------
    feature : str
        One that raised the score.
    value : float or None

    Returns
    -------
    words : str
        What is said of its family, or more where the value can be on one side alone.

    Examples
    --------
    >>> plain_words("fan_out_max_strangers_10m", 214.0)
    'wrote to unusually many people it had no contact with in a short time'
    >>> plain_words("fan_out_max_strangers_10m", 0.0)
    'whom it writes to, and how often, resembles automated accounts'
    """
    words, _ = PLAIN[family_of(feature).name]
    if value is None or (CATALOGUE[feature].direction > 0 and value <= 0):
        return words
    return _OF_FEATURE.get(feature, words)
