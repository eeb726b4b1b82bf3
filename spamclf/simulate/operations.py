"""Draw the operations of a world: teams, lists, starts, and how each of them works."""

from __future__ import annotations

from itertools import count

import numpy as np

from spamclf.simulate.cast import Cast, Operation
from spamclf.simulate.kinds import AUTOMATED, COUNTRIES, AutomatedKind, Range
from spamclf.simulate.log import DAY, HOUR, MINUTE, IntArray, lognormal, span
from spamclf.simulate.pacing import Pace
from spamclf.simulate.presets import PAUSES, PRESETS, STRICTEST_QUOTA, Preset

__all__ = ["draw_market", "draw_operations"]

# All of it assumed: nobody publishes how operators share the work.
#: Chance that an operator's next campaign follows, with half of the list.
_AGAIN = 0.3
#: Chance that a list was bought where others buy too.
_BOUGHT = 0.55
#: How often a list is worked off.
_PASSES = (1.0, 1.0, 1.2, 1.6, 2.5)
#: Share of a list that are accounts; the rest are outsiders. Strangers of honest accounts are drawn alike.
_INSIDE = (0.25, 0.6)
#: Share of an enumerator's numbers that somebody has.
_LIVE = (0.15, 0.45)
_COUNTRY_WEIGHTS = np.array([weight for _, _, weight in COUNTRIES]) / sum(
    weight for _, _, weight in COUNTRIES
)
#: Families that take no care.
_BLATANT = ("blaster", "enumerator")
#: Mean days between the starts of a team's members: a box of SIM cards is opened in one afternoon.
_ROLLING = {"sim_farm": 0.5, "warm_up": 0.5, "blaster": 2.0}


def draw_operations(cast: Cast) -> tuple[Operation, ...]:
    """Draw the operations of every family that the cast has members of.

    An operation depends on the seed, its family and its number in the family alone, not on other families.
    """
    operations: list[Operation] = []
    for row in AUTOMATED:
        members, before = cast.of(row.name), None
        for number in count():
            if not len(members):
                break
            rng = cast.stream("operation", row.name, number)
            size = int(rng.integers(row.team[0], row.team[1] + 1))
            before = _draw_operation(cast, rng, row, members[:size], before)
            operations.append(before)
            members = members[size:]
    return tuple(operations)


def _draw_operation(
    cast: Cast,
    rng: np.random.Generator,
    row: AutomatedKind,
    members: IntArray,
    before: Operation | None,
) -> Operation:
    again = before if rng.random() < _AGAIN else None
    care = float(rng.beta(1.3, 1.7))
    country = int(rng.choice(len(COUNTRIES), p=_COUNTRY_WEIGHTS)) if again is None else again.country
    pace = _pace(rng, row, care, int(COUNTRIES[country][1] * HOUR))
    starts = _starts(cast, rng, row, len(members), pace)
    reach = _reach(rng, row, len(members), care)
    passes = min(1.0 + (float(rng.choice(_PASSES)) - 1.0) * (1.0 - care), len(members))
    wanted = max(int(reach.sum() / passes), 3)
    if row.name == "enumerator":
        targets = _numbers(cast, rng, wanted)
    else:
        targets = _list(cast, rng, wanted, country, care, again)
    name, operator = (f"{word}-{rng.integers(1 << 32):08x}" for word in ("campaign", "operator"))
    return Operation(
        name,
        operator if again is None else again.operator,
        row,
        members,
        starts,
        _registered(rng, row, starts),
        reach,
        targets,
        country,
        care,
        pace,
        replies=_one(rng, row.replies),
        complaints=_one(rng, row.complaints) * (1.0 - 0.5 * care),
    )


def _reach(rng: np.random.Generator, row: AutomatedKind, size: int, care: float) -> IntArray:
    """Return how many strangers each member writes to, at least three."""
    most = _one(rng, row.reach) * (1.0 if row.name in _BLATANT else 1.0 - 0.3 * care)
    return np.maximum(np.rint(most * lognormal(rng, 1.0, 0.25, size)), 3).astype(np.int64)


def _one(rng: np.random.Generator, bounds: Range) -> float:
    return float(span(rng, bounds, 1)[0])


def _starts(cast: Cast, rng: np.random.Generator, row: AutomatedKind, size: int, pace: Pace) -> IntArray:
    """Return the first bulk send of each member, within the program's hours."""
    first = cast.start + rng.uniform(0.05, 0.85) * (cast.end - cast.start)
    rolling = rng.exponential(_ROLLING.get(row.name, 4.0), size) * DAY
    starts = np.minimum(first + rolling, cast.end - DAY).astype(np.int64)
    if pace.hours is None:
        return starts
    low, high = pace.hours
    hour = rng.uniform(low, low + 0.6 * (high - low), size)
    return (starts + pace.offset) // DAY * DAY - pace.offset + (hour * HOUR).astype(np.int64)


def _registered(rng: np.random.Generator, row: AutomatedKind, starts: IntArray) -> IntArray:
    size = len(starts)
    aged = (span(rng, row.aged_days, size) * DAY).astype(np.int64)
    if row.name in ("sim_farm", "warm_up"):  # one afternoon with a box of SIM cards
        apart = np.cumsum(rng.exponential(2.0 * MINUTE, size)).astype(np.int64)
        return np.asarray(starts.min() - aged[0] - apart, dtype=np.int64)
    return starts - aged


# ---- pace ---------------------------------------------------------------------------------------------------


def _pace(rng: np.random.Generator, row: AutomatedKind, care: float, offset: int) -> Pace:
    """Draw an operation's settings: the more care, the fewer, slower and more human its sends."""
    hours = None
    if rng.random() < row.awake * (0.5 + care):
        hours = (float(rng.uniform(6.5, 9.5)), float(rng.uniform(18.0, 23.0)))
    words = float(rng.uniform(6, 35)) if rng.random() < row.acts * (0.6 + 0.8 * care) else 0.0
    by_hand = bool(rng.random() < 0.3 + 0.7 * care)
    if row.name == "anti_ban":
        return _preset(rng, care, words, offset)
    slow = np.exp(1.2 * care)
    if row.name in _BLATANT:  # nothing but fast: few spread their hundred over minutes
        slow = float(np.exp(12.0 * max(care - 0.75, 0.0)))
        hours, words = None, 0.0
    gap = _one(rng, row.gap_s) * slow
    spread = float(rng.uniform(1.2, 1.8) if row.name in _BLATANT else rng.uniform(1.5, 5.0))
    tick = float(rng.choice([60, 60, 300, 600])) if row.name == "scheduled" else 0.0
    return Pace(
        quota=_one(rng, row.quota) * (1.0 if row.name in (*_BLATANT, "drip") else 1.0 - 0.5 * care),
        gap=row.gap,
        gap_s=(gap, gap * spread),
        jitter=0.02 + 0.6 * care * rng.random() if row.gap == "fixed" else float(rng.uniform(0.6, 1.2)),
        weekend=float(rng.choice([1.0, 1.0, 0.5])),
        hours=hours,
        pauses=((0.04, 600.0, 5400.0),) if row.gap != "fixed" and rng.random() < 0.3 + care else (),
        words=words,
        by_hand=by_hand,
        varied=0.1 + 0.6 * care * float(rng.random()),
        pasted=float(rng.uniform(0.0, 0.3)) * (rng.random() < 0.6),
        tick_s=tick if care < 0.8 else tick / 60.0,
        offset=offset,
    )


def _preset(rng: np.random.Generator, care: float, words: float, offset: int) -> Pace:
    """Return one of the published presets: careful operators take the careful one, some in its strictest mode."""
    number = int(np.clip(np.floor((1.0 - care) * len(PRESETS) + rng.normal(0.0, 0.6)), 0, len(PRESETS) - 1))
    preset: Preset = PRESETS[number]
    strict = number == 0 and rng.random() < 0.5
    return Pace(
        quota=STRICTEST_QUOTA if strict else preset.first,
        gap="uniform",
        gap_s=preset.gap_s,
        growth=1.0 if strict else preset.growth,
        full=STRICTEST_QUOTA if strict else preset.per_day,
        warm_days=preset.warm_days,
        weekend=preset.weekend,
        hours=preset.hours,
        per_minute=preset.per_minute,
        per_hour=preset.per_hour,
        per_day=STRICTEST_QUOTA if strict else preset.per_day,
        pauses=PAUSES,
        words=max(words, 6.0),
        by_hand=True,
        varied=0.1 + 0.5 * care * float(rng.random()),
        pasted=float(rng.uniform(0.0, 0.3)) * (rng.random() < 0.6),
        offset=offset,
    )


# ---- lists --------------------------------------------------------------------------------------------------


def draw_market(cast: Cast) -> tuple[IntArray, ...]:
    """Draw the lists that are for sale, one or more for each 500 accounts."""
    rng = cast.stream("market")
    return tuple(
        _harvest(cast, rng, int(lognormal(rng, 700.0, 0.6, 1)[0]), int(rng.choice(cast.country)))
        for _ in range(cast.n_accounts // 500 + 1)
    )


def _list(
    cast: Cast, rng: np.random.Generator, size: int, country: int, care: float, again: Operation | None
) -> IntArray:
    """Return an operation's list: bought, or its own, with half of the operator's last one; better ones are checked."""
    targets = _harvest(cast, rng, size, country)
    if rng.random() < _BOUGHT * (1.0 - 0.5 * care):
        bought = cast.market[int(rng.integers(len(cast.market)))]
        begin = int(rng.integers(len(bought)))
        targets = np.unique(
            np.concatenate([np.roll(bought, begin)[:size], targets[: max(size - len(bought), 0)]])
        )
    if again is not None:
        targets = np.unique(np.concatenate([again.targets[: size // 2], targets[: size - size // 2]]))
    alive = targets[~cast.is_dead(targets)]
    checked = rng.random() < 0.4 + 0.4 * care and len(alive)
    return rng.permutation(alive if checked else targets)


def _harvest(cast: Cast, rng: np.random.Generator, size: int, country: int) -> IntArray:
    """Draw distinct numbers: a part are accounts, mostly of one country; the rest are outsiders."""
    weights = np.where(cast.country == country, 5.0, 1.0)
    inside = min(int(rng.uniform(*_INSIDE) * size), cast.n_accounts // 4)
    known = rng.choice(cast.n_accounts, inside, replace=False, p=weights / weights.sum())
    outside = min(size - inside, cast.n_outsiders)
    begin = int(rng.integers(0, cast.n_outsiders))
    return np.concatenate([known, cast.n_accounts + (begin + np.arange(outside) * 3) % cast.n_outsiders])


def _numbers(cast: Cast, rng: np.random.Generator, size: int) -> IntArray:
    """Return consecutive numbers, most of which nobody has."""
    total = cast.first_group - cast.first_unassigned
    numbers = cast.first_unassigned + (int(rng.integers(total)) + np.arange(size)) % total
    anybody = cast.strangers(rng, rng.integers(0, cast.n_accounts, size), 1.0 - rng.uniform(*_INSIDE))
    return np.where(rng.random(size) < _one(rng, _LIVE), anybody, numbers)
