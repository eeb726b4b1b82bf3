"""Draw the cast of a world: first the honest accounts, then the operations among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spamclf.simulate.cast import Cast
from spamclf.simulate.circles import draw_circle, draw_groups
from spamclf.simulate.clock import draw_clocks, draw_sittings
from spamclf.simulate.kinds import AUTOMATED, COUNTRIES, HONEST
from spamclf.simulate.log import DAY, FloatArray, IntArray, lognormal, stream
from spamclf.simulate.operations import draw_market, draw_operations

__all__ = ["draw_cast"]

#: Sigma of how much people of one kind write: college.
_LIVELINESS = 2.0
#: Sittings per day of people who answer for an operation: assumed.
_OPERATOR_SITS = 4.0


def draw_cast(
    seed: int, n_accounts: int, start: int, days: int, automated_share: float, families: Sequence[str]
) -> Cast:
    """Draw the accounts of a world, their registration, rhythms, friends and operations.

    Honest accounts are the same whichever families there are.
    """
    end = start + days * DAY
    n_automated = round(n_accounts * automated_share)
    rows = [row for row in AUTOMATED if row.name in families]
    kind = np.concatenate(
        [
            _kinds([row.share for row in HONEST], range(len(HONEST)), n_accounts - n_automated),
            _kinds(
                [row.share for row in rows], [len(HONEST) + AUTOMATED.index(row) for row in rows], n_automated
            ),
        ]
    )
    cast = _honest_cast(seed, kind, (start, end))
    cast = replace(cast, market=draw_market(cast))
    operations = draw_operations(cast)
    registered = cast.registered.copy()
    for operation in operations:
        registered[operation.members] = operation.registered
    return replace(cast, registered=registered, operations=operations)


def _kinds(shares: list[float], numbers: Sequence[int], total: int) -> IntArray:
    edges = np.round(np.cumsum(shares) / max(sum(shares), 1e-9) * total).astype(np.int64)
    return np.repeat(np.array(numbers, dtype=np.int64), np.diff(edges, prepend=0))


def _honest_cast(seed: int, kind: IntArray, span: tuple[int, int]) -> Cast:
    """Draw what does not depend on the operations; automated accounts have a rhythm and a country already."""
    rng, size, n_honest = stream(seed, "accounts"), len(kind), int(np.searchsorted(kind, len(HONEST)))
    weights = np.array([weight for _, _, weight in COUNTRIES])
    country = rng.choice(len(COUNTRIES), size, p=weights / weights.sum())
    registered = _honest_registration(rng, kind, span)
    rhythms = [HONEST[number].rhythm if number < len(HONEST) else "day" for number in kind.tolist()]
    clocks = draw_clocks(rng, rhythms, np.array([hours for _, hours, _ in COUNTRIES])[country])
    begin, until = _active_days(rng, size, span)
    honest = np.arange(size) < n_honest
    begin = np.where(honest, np.maximum(begin, registered), span[0])
    present = begin, np.where(honest, np.maximum(until, begin), span[1])
    liveliness = lognormal(rng, 1.0, _LIVELINESS, size)
    people = _people(rng, kind[:n_honest], country)
    place = rng.integers(0, len(people), size)
    place[people] = np.arange(len(people))
    parts = [
        (np.arange(n_honest), stream(seed, "sittings")),
        (np.arange(n_honest, size), stream(seed, "operators")),
    ]
    return Cast(
        seed=seed,
        start=span[0],
        end=span[1],
        kind=kind,
        registered=registered,
        country=country,
        active_from=present[0],
        active_until=present[1],
        clocks=clocks,
        sittings=draw_sittings(parts, clocks, _sits(kind, liveliness), present, span),
        people=people,
        place=place,
        liveliness=liveliness,
        circle=draw_circle(stream(seed, "circle"), people, liveliness, clocks, present),
        groups=draw_groups(stream(seed, "groups"), people),
    )


def _people(rng: np.random.Generator, kind: IntArray, country: IntArray) -> IntArray:
    """Return the honest accounts with friends, compatriots side by side."""
    alone = rng.random(len(kind)) < np.array([row.alone for row in HONEST])[kind]
    people = np.flatnonzero((np.array([row.chats for row in HONEST])[kind] > 0) & ~alone)
    return people[np.lexsort((rng.random(len(people)), country[people]))]


def _sits(kind: IntArray, liveliness: FloatArray) -> FloatArray:
    """Return the sittings per day: lively people look more often, though not as often as they write more."""
    median = np.array([row.sits for row in HONEST] + [_OPERATOR_SITS] * len(AUTOMATED))[kind]
    return np.clip(median * liveliness**0.5, 0.05, 20.0)


def _honest_registration(rng: np.random.Generator, kind: IntArray, span: tuple[int, int]) -> IntArray:
    size = len(kind)
    new = np.array([row.new for row in HONEST] + [0.0] * len(AUTOMATED))[kind]
    recent = span[0] + rng.random(size) * (span[1] - span[0]) * 0.9
    old = span[0] - rng.beta(0.8, 1.6, size) * 5 * 365 * DAY
    return np.where(rng.random(size) < new, recent, old).astype(np.int64)


def _active_days(rng: np.random.Generator, size: int, span: tuple[int, int]) -> tuple[IntArray, IntArray]:
    """Return when everybody is there: most all the time, others come late, leave early or only look in (college)."""
    start, end = span
    edges = np.sort(start + rng.random((size, 2)) * (end - start), axis=1)
    partly = rng.random(size) < 0.55
    begin = np.where(partly & (rng.random(size) < 0.6), edges[:, 0], start).astype(np.int64)
    until = np.where(partly & (rng.random(size) < 0.6), edges[:, 1], end).astype(np.int64)
    visit = begin + (rng.exponential(1.5, size) * DAY).astype(np.int64)
    until = np.where(partly & (rng.random(size) < 0.35), np.minimum(visit, end), until)
    return begin, until
