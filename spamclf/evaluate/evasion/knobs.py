"""The knobs that an attacker turns, where it starts from, and traffic that it may add as padding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spamclf.simulate import Policy

__all__ = ["ADVISED", "KNOBS", "NAIVE", "padded", "setting"]

#: What the best response is searched among; reports of own accounts are not among it, see `padded`.
KNOBS: dict[str, tuple[Any, ...]] = {
    "strangers_per_day": (5.0, 20.0, 50.0, 100.0, 200.0),
    "gap": ("fixed", "jittered", "human", "bursts"),
    "gap_s": (0.15, 5.0, 60.0, 600.0),
    "hours": (None, (8.0, 21.0)),
    "wait_days": (0.004, 1.0, 7.0, 30.0, 180.0),
    "chats_per_day": (0.0, 1.0, 5.0),
    "overlap": (0.0, 0.5, 1.0),
    "photo": ("shared", "edited", "own", "none"),
    "text": ("one", "spun", "own", "none"),
    "registration": ("shared", "fresh"),
    "typing": (False, True),
}
NAIVE = Policy()
#: What makers of bulk senders advise.
ADVISED = Policy(
    strangers_per_day=15.0, gap="human", gap_s=600.0, hours=(8.0, 21.0), wait_days=30.0, chats_per_day=1.0,
    overlap=0.0, photo="own", text="spun", registration="fresh", typing=True,
)  # fmt: skip


def padded(policy: Policy) -> dict[str, Policy]:
    """Return a policy, and the same with traffic added to it that a constrained model should not reward.

    The sends of the policy stay the same, message by message, under one random state, but for those of ``more
    strangers``. A flag ends the looks at an account: to compare scores look by look, hand over a model that flags
    nobody, ``dataclasses.replace(model, certificate=None, threshold=1.0)``.

    Parameters
    ----------
    policy : Policy

    Returns
    -------
    policies : dict of str to Policy

    Examples
    --------
    >>> list(padded(Policy(chats_per_day=1)))
    ['as it is', 'more chat in the pool', 'more strangers', 'own reports', 'more of all']
    """
    chat: dict[str, Any] = {"chats_per_day": policy.chats_per_day + 10}
    strangers: dict[str, Any] = {"strangers_per_day": 2 * policy.strangers_per_day}
    reports: dict[str, Any] = {"self_reports": policy.self_reports + 10}
    return {
        "as it is": policy,
        "more chat in the pool": replace(policy, **chat),
        "more strangers": replace(policy, **strangers),
        "own reports": replace(policy, **reports),
        "more of all": replace(policy, **(chat | strangers | reports)),
    }


def setting(policy: Policy, name: str) -> str:
    """Return a knob's setting in few words.

    Examples
    --------
    >>> setting(Policy(hours=(8, 21)), "hours"), setting(Policy(), "hours"), setting(Policy(), "wait_days")
    ('8 to 21', 'all', '0.004')
    """
    value = getattr(policy, name)
    if name == "hours":
        return "all" if value is None else f"{value[0]:g} to {value[1]:g}"
    if isinstance(value, bool):
        return "acted" if value else "none"
    return f"{value:g}" if isinstance(value, float | int) else str(value)
