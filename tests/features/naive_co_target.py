"""The slow, obvious twin of the family `co_target`: plain rows in, plain numbers out."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from tests import naive
from tests.plain import DAY, share

POPULAR, FEW, LEAST, SIMILAR = 100, 10, 5, 0.3


def co_target(view: naive.View) -> naive.Values:
    own = view.strangers
    lists = {
        who: naive.View(view.tables, who, view.as_of, view.history).strangers
        for who in naive.scored(view.tables) if who != view.account
    }  # fmt: skip
    others = {person: [who for who, theirs in lists.items() if person in theirs] for person in own}
    n_others = {person: len(who) if len(who) <= POPULAR else 0 for person, who in others.items()}
    few = {person for person, who in others.items() if len(who) <= FEW}
    shared = {who: few & theirs.keys() for who, theirs in lists.items()}
    weight = {person: Fraction(1, 1 + len(others[person])) for person in few}
    closest = max(
        ((len(both), _total(weight, both), _at_once(own, lists[who], both)) for who, both in shared.items()),
        default=(0, Fraction(0), 0),
    )
    sharers = {who for who, both in shared.items() if len(both) >= 2}
    likeness = {
        who: len(shared[who]) / (len(own) + len(lists[who]) - len(shared[who]))
        for who in sharers if len(lists[who]) >= LEAST
    }  # fmt: skip
    alike = {who for who, value in likeness.items() if value >= SIMILAR}
    enough = len(own) >= LEAST
    return {
        "co_target_shared_share": share(sum(n > 0 for n in n_others.values()), len(own)),
        "co_target_few_share": share(sum(1 <= n <= FEW for n in n_others.values()), len(own)),
        "co_target_others_mean": (
            2 ** (sum(math.log2(1 + n) for n in n_others.values()) / len(own)) - 1 if own else None
        ),
        "co_target_others_max": max(n_others.values(), default=None),
        "co_target_closest_recipients": closest[0] if own else None,
        "co_target_closest_share": share(float(closest[1]), float(_total(weight, few))),
        "co_target_time_overlap": share(closest[2], closest[0]),
        "co_target_sharers": len(sharers) if own else None,
        "co_target_sharers_automated_share": _automated(view, sharers),
        "co_target_cluster_accounts": len(alike) if enough else None,
        "co_target_cluster_similarity": max(likeness.values(), default=0) if enough else None,
        "co_target_cluster_automated_share": _automated(view, alike if enough else set()),
    }


def _total(weight: dict[Any, Fraction], people: set[Any]) -> Fraction:
    return sum((weight[person] for person in people), Fraction(0))


def _at_once(own: dict[Any, int], theirs: dict[Any, int], people: set[Any]) -> int:
    return sum(abs(own[person] - theirs[person]) <= DAY for person in people)


def _automated(view: naive.View, accounts: set[Any]) -> float | None:
    """Of accounts whose row is seen, by the latest label."""
    labels = [view.label(who) for who in accounts if view.row(who) is not None]
    known = [label for label in labels if label is not None]
    own = view.row(view.account) is not None and view.label(view.account) is not None
    return (sum(known) + 1) / (len(known) + 2) if known and not own else None
