"""A cast that newcomers have joined, with their operation and its lists."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np
import numpy.typing as npt

from spamclf.simulate.cast import KIND_NAMES, Cast, Operation
from spamclf.simulate.clock import Clocks, Sittings, draw_clocks, draw_sittings
from spamclf.simulate.kinds import AUTOMATED, COUNTRIES
from spamclf.simulate.log import DAY, HOUR, FloatArray, IntArray, stream
from spamclf.simulate.policy import Policy

__all__ = ["FAMILY", "Joined", "joined"]

#: The family of an attacker's accounts in `World.truth`.
FAMILY = "attacker"
#: Whom it writes to answers and complains as people do whom a SIM farm writes to: the middle of that kind's ranges.
_KIND = replace(next(row for row in AUTOMATED if row.name == "sim_farm"), name=FAMILY)
#: Share of a list that are accounts while there are some left, and the share of all accounts on such lists. Assumed.
_INSIDE, _LISTED = 0.4, 0.5
#: Sittings a day of the people behind an account, and how human their chatter is. Assumed.
_SITS, _CARE = 4.0, 0.5


@dataclass(frozen=True)
class Joined(Cast):
    """A cast in which some outsiders' codes became accounts, so that all others keep theirs.

    Attributes
    ----------
    base : Cast
        The cast before.
    random_state : int
        What the newcomers do, and what others think of them, depends on it.
    """

    base: Cast = field(kw_only=True)
    random_state: int = field(kw_only=True)

    @property
    def n_outsiders(self) -> int:
        """Return how many outsiders are left."""
        return self.base.n_outsiders - (self.n_accounts - self.base.n_accounts)

    @property
    def first_group(self) -> int:
        """Return the code of the first group, which is the same as before."""
        return self.base.first_group

    def stream(self, *names: str | int) -> np.random.Generator:
        """Return the random numbers of one part of what the newcomers do."""
        return stream(self.seed, FAMILY, self.base.n_accounts, self.random_state, *names)

    def fact(self, left: npt.ArrayLike, right: npt.ArrayLike, name: str) -> FloatArray:
        """Of pairs without a newcomer: as before. Else it differs from one random state to another."""
        return self.base.fact(self._seeded(left), self._seeded(right), name)

    def _seeded(self, codes: npt.ArrayLike) -> IntArray:
        codes = np.asarray(codes, dtype=np.int64)
        new = (codes >= self.base.n_accounts) & (codes < self.n_accounts)
        return np.where(new, codes + ((self.random_state % (1 << 20) + 1) << 40), codes)


def joined(base: Cast, policy: Policy, size: int, random_state: int, start_day: float) -> Joined:
    """Return the cast with newcomers in it, and their operation as its last one."""
    values = {field.name: getattr(base, field.name) for field in fields(Cast)}
    early = Joined(**values, base=base, random_state=random_state)
    rng = early.stream("accounts")
    country = int(rng.choice(base.country[: base.n_honest]))
    offset = int(COUNTRIES[country][1] * HOUR)
    low, high = policy.hours or (0.0, 24.0)
    begin = base.start + int(start_day * DAY)
    midnight = (begin + offset) // DAY * DAY - offset
    starts = midnight + (rng.uniform(low, low + 0.6 * (high - low), size) * HOUR).astype(np.int64)
    starts = np.where(starts < begin, starts + DAY, starts)
    wait = policy.wait_days * np.exp(0.1 * rng.standard_normal(size))
    registered = starts - (wait * DAY).astype(np.int64) - 1
    members = base.n_accounts + np.arange(size)
    clocks = draw_clocks(rng, ["day"] * size, np.full(size, COUNTRIES[country][1]))
    values |= {
        "kind": np.append(base.kind, np.full(size, len(KIND_NAMES))),
        "registered": np.append(base.registered, registered),
        "country": np.append(base.country, np.full(size, country)),
        "active_from": np.append(base.active_from, np.full(size, base.start)),
        "active_until": np.append(base.active_until, np.full(size, base.end)),
        "place": np.append(base.place, rng.integers(0, len(base.people), size)),
        "liveliness": np.append(base.liveliness, np.ones(size)),
        "clocks": _side_by_side(base.clocks, clocks),
    }
    cast = Joined(**values, base=base, random_state=random_state)
    days = (base.end - int(starts.min())) / DAY
    length = int(np.ceil(1.2 * policy.strangers_per_day * (days + 1)))
    operation = Operation(
        name=f"campaign-{rng.integers(1 << 32):08x}",
        operator=f"operator-{rng.integers(1 << 32):08x}",
        kind=_KIND,
        members=members,
        starts=starts,
        registered=registered,
        reach=np.full(size, length if policy.strangers_per_day else 0),
        targets=_lists(cast, rng, policy, size, length).ravel(),
        country=country,
        care=_CARE,
        pace=policy.pace(offset),
        replies=float(np.sqrt(np.prod(_KIND.replies))),
        complaints=float(np.sqrt(np.prod(_KIND.complaints))),
    )
    return replace(cast, sittings=_sittings(cast, rng, members), operations=(*base.operations, operation))


def _side_by_side(old: Clocks, new: Clocks) -> Clocks:
    parts = {
        field.name: np.concatenate([getattr(old, field.name), getattr(new, field.name)])
        for field in fields(Clocks)
        if field.name != "salt"
    }
    return Clocks(**parts, salt=old.salt)


def _sittings(cast: Joined, rng: np.random.Generator, members: IntArray) -> Sittings:
    """Let newcomers sit down, too; everybody else sits down when they did."""
    new = draw_sittings(
        [(members, rng)],
        cast.clocks,
        np.full(cast.n_accounts, _SITS),
        (cast.active_from, cast.active_until),
        (cast.start, cast.end),
    )
    old = cast.base.sittings
    last = np.append(old.begins, np.zeros(len(members), dtype=np.int64) + len(old.key))
    return replace(old, begins=last + new.begins, key=np.concatenate([old.key, new.key]))


def _lists(cast: Joined, rng: np.random.Generator, policy: Policy, size: int, length: int) -> IntArray:
    """Return whom each member writes to in turn, shape (size, length): a share of it all have in common.

    Accounts are a fixed share of every stretch of a list until they run out, so that a slow operation and a fast one
    begin with people of the same kind.
    """
    outside = rng.permutation(np.arange(cast.n_accounts, cast.first_unassigned))
    weight = np.where(cast.base.country == cast.country[-1], 5.0, 1.0)
    n_inside = int(_LISTED * cast.base.n_accounts)
    inside = rng.choice(cast.base.n_accounts, n_inside, replace=False, p=weight / weight.sum())
    most = int(n_inside / (policy.overlap + size * (1.0 - policy.overlap)))
    n_known = min(round(_INSIDE * length), most)
    known = _cut(inside, rng, policy.overlap, size, n_known)
    return _mixed(known, _cut(outside, rng, policy.overlap, size, length - n_known), _INSIDE)


def _cut(pool: IntArray, rng: np.random.Generator, overlap: float, size: int, length: int) -> IntArray:
    """Cut a pool into lists, one row each, a share `overlap` the same in all; where it runs out they share the rest."""
    n_common = min(
        int(np.ceil(overlap * length)), len(pool) - 1
    )  # rounded down, there might be too few others
    common = rng.permuted(np.broadcast_to(pool[:n_common], (size, n_common)), axis=1)
    nth = np.arange(length - n_common)[None, :] * size + np.arange(size)[:, None]
    rest = pool[n_common:]
    # Moved by one at each round through the rest, or a member might meet its own again.
    return _mixed(common, rest[(nth + nth // len(rest)) % len(rest)], overlap)


def _mixed(some: IntArray, others: IntArray, share: float) -> IntArray:
    """Put columns among others, a `share` of every stretch as long as there are some."""
    place = np.arange(some.shape[1]) / max(share, 1e-9), np.arange(others.shape[1]) / max(1.0 - share, 1e-9)
    order = np.argsort(np.concatenate(place), kind="stable")
    return np.concatenate([some, others], axis=1)[:, order]
