"""The cast of a world: which account is of which kind, its registration, its friends, and the operations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spamclf.simulate.kinds import AUTOMATED, CHATS, COUNTRIES, HONEST, RHYTHMS, AutomatedKind
from spamclf.simulate.log import DAY, HOUR, MINUTE, BoolArray, IntArray, pair_uniform, positions

__all__ = ["KIND_NAMES", "OUTSIDERS_PER_ACCOUNT", "Cast", "Operation", "dead_numbers", "draw_cast"]

KIND_NAMES: tuple[str, ...] = tuple(kind.name for kind in HONEST) + tuple(kind.name for kind in AUTOMATED)

#: People who receive messages and may complain, yet write nothing: their ids are not in ``accounts``.
OUTSIDERS_PER_ACCOUNT = 20

#: Share of the outsiders whose number does not exist.
_DEAD_SHARE = 0.07

_RHYTHM_NAMES = tuple(RHYTHMS)
_OFFSETS = np.array([hours for _, hours, _ in COUNTRIES]) * HOUR


@dataclass(frozen=True)
class Operation:
    """One campaign: accounts that one operator runs with one list of targets.

    Attributes
    ----------
    number, operator : int
    kind : AutomatedKind
    members : ndarray of int64
        Codes of its accounts.
    starts : ndarray of int64
        When each member begins to write to strangers.
    reach : ndarray of int64
        How many of `targets` each member writes to, slice after slice.
    targets : ndarray of int64
        The bought list.
    shared : bool
        Whether networks, devices and the photo are shared.
    """

    number: int
    operator: int
    kind: AutomatedKind
    members: IntArray
    starts: IntArray
    reach: IntArray
    targets: IntArray
    shared: bool


@dataclass(frozen=True)
class Cast:
    """Everybody in a world, in arrays indexed by account code ``0 .. n_accounts - 1``.

    Codes from ``n_accounts`` on are outsiders, and from `first_group` on groups.

    Attributes
    ----------
    start, end : int
        The simulated days, microseconds.
    kind : ndarray of int64
        Position in `KIND_NAMES`.
    registered, country, rhythm, offset, active_from, active_until : ndarray of int64
        `offset` is local time minus UTC in microseconds, `rhythm` a position in `RHYTHMS`.
    people : ndarray of int64
        Honest accounts with friends, neighbours standing side by side.
    place : ndarray of int64
        The position in `people` of each account; for the others that of somebody.
    operations : tuple of Operation
    """

    start: int
    end: int
    kind: IntArray
    registered: IntArray
    country: IntArray
    rhythm: IntArray
    offset: IntArray
    active_from: IntArray
    active_until: IntArray
    people: IntArray
    place: IntArray
    operations: tuple[Operation, ...]

    @property
    def n_accounts(self) -> int:
        """Return the number of accounts."""
        return len(self.kind)

    @property
    def n_outsiders(self) -> int:
        """Return the number of people outside ``accounts``."""
        return OUTSIDERS_PER_ACCOUNT * self.n_accounts

    @property
    def n_groups(self) -> int:
        """Return the number of groups."""
        return max(len(self.people) // 10, 1)

    @property
    def first_group(self) -> int:
        """Return the code of the first group."""
        return self.n_accounts + self.n_outsiders

    @property
    def is_automated(self) -> BoolArray:
        """Return a mask of the automated accounts."""
        return self.kind >= len(HONEST)

    def of(self, name: str) -> IntArray:
        """Return the codes of the accounts of one kind."""
        return np.flatnonzero(self.kind == KIND_NAMES.index(name))

    def there(self, who: IntArray, when: IntArray) -> BoolArray:
        """Return whether each of `who` uses the platform at an instant; outsiders and programs always do."""
        code = np.minimum(who, self.n_accounts - 1)
        inside = (when >= self.active_from[code]) & (when <= self.active_until[code] + HOUR)
        return inside | (who >= self.n_accounts) | self.is_automated[code]

    def awake(self, rng: np.random.Generator, who: IntArray, begin: IntArray, until: IntArray) -> IntArray:
        """Draw one instant per entry of `who`, on a day from `begin` to `until`, at an hour it is awake."""
        day = (begin + rng.random(len(who)) * (until - begin)).astype(np.int64)
        day = (day + self.offset[who]) // DAY
        hours = np.zeros(len(who))
        drawn = rng.random(len(who))
        for number, name in enumerate(_RHYTHM_NAMES):
            mine = self.rhythm[who] == number
            cumulative = np.concatenate([[0.0], np.cumsum(RHYTHMS[name])])
            hours[mine] = np.interp(drawn[mine], cumulative / cumulative[-1], np.arange(25))
            if name == "work":  # day 0 of the epoch was a Thursday; a weekend's work is done two days earlier
                day = np.where(mine & ((day + 3) % 7 >= 5), day - 2, day)
        return day * DAY + (hours * HOUR).astype(np.int64) - self.offset[who]

    def contacts(self, owners: IntArray, counts: IntArray, outside: float) -> tuple[IntArray, IntArray]:
        """Return distinct contacts for each owner: people nearby, and a share `outside` of outsiders.

        The same call gives the same contacts, so an owner writes to its contacts again and again.
        """
        group, place = positions(counts)
        owner = owners[group]
        distance = (place // 2 + 1) * np.where(place % 2 == 0, 1, -1)
        near = self.people[(self.place[owner] + distance) % len(self.people)]
        far = self.n_accounts + (owner * 7919 + place) % self.n_outsiders
        inside = (pair_uniform(owner, place, 11) >= outside) & (np.abs(distance) < len(self.people) // 2)
        return group, np.where(inside & (near != owner), near, far)


def dead_numbers(outsiders: IntArray) -> BoolArray:
    """Return which outsiders are numbers that do not exist."""
    return pair_uniform(outsiders, 0, 5) < _DEAD_SHARE


def draw_cast(
    rng: np.random.Generator, n_accounts: int, start: int, days: int, automated_share: float
) -> Cast:
    """Draw the accounts of a world and their registration."""
    end = start + days * DAY
    n_automated = round(n_accounts * automated_share)
    kind = _draw_kinds(rng, n_accounts, n_automated)
    weights = np.array([weight for _, _, weight in COUNTRIES])
    country = rng.choice(len(COUNTRIES), n_accounts, p=weights / weights.sum())
    registered = _honest_registration(rng, kind, start, end)
    honest = kind < len(HONEST)
    people = np.flatnonzero(CHATS[kind] > 0)
    people = people[np.lexsort((rng.random(len(people)), country[people]))]
    place = rng.integers(0, len(people), n_accounts)
    place[people] = np.arange(len(people))
    rhythm = np.array([_RHYTHM_NAMES.index(row.rhythm) for row in HONEST] + [0] * len(AUTOMATED))[kind]
    # Early birds and owls: everybody's day is shifted a little.
    offset = (_OFFSETS[country] + rng.normal(0.0, 1.5, n_accounts) * HOUR).astype(np.int64)
    operations = _draw_operations(rng, kind, country, (start, end))
    for operation in operations:
        country[operation.members] = country[operation.members[0]]
        registered[operation.members] = _automated_registration(rng, operation)
    begin, until = _active_days(rng, n_accounts, start, end)
    begin = np.where(honest, np.maximum(begin, registered), start)
    return Cast(
        start,
        end,
        kind,
        registered,
        country,
        rhythm,
        offset,
        begin,
        np.maximum(until, begin),
        people,
        place,
        operations,
    )


def _draw_kinds(rng: np.random.Generator, n_accounts: int, n_automated: int) -> IntArray:
    parts = []
    for rows, total, first in ((HONEST, n_accounts - n_automated, 0), (AUTOMATED, n_automated, len(HONEST))):
        shares = np.cumsum([row.share for row in rows])
        edges = np.round(shares / shares[-1] * total).astype(np.int64)
        parts.append(np.repeat(np.arange(len(rows)) + first, np.diff(edges, prepend=0)))
    return rng.permutation(np.concatenate(parts))


def _honest_registration(rng: np.random.Generator, kind: IntArray, start: int, end: int) -> IntArray:
    size = len(kind)
    new = np.array([row.new for row in HONEST] + [0.0] * len(AUTOMATED))[kind]
    recent = start + rng.random(size) * (end - start) * 0.9
    old = start - rng.beta(0.8, 1.6, size) * 5 * 365 * DAY
    return np.where(rng.random(size) < new, recent, old).astype(np.int64)


def _automated_registration(rng: np.random.Generator, operation: Operation) -> IntArray:
    size = len(operation.members)
    least, most = operation.kind.aged_days
    aged = (np.exp(rng.uniform(np.log(least), np.log(most), size)) * DAY).astype(np.int64)
    if operation.kind.name in ("sim_farm", "warm_up"):  # one afternoon with a box of SIM cards
        minutes_apart: IntArray = np.cumsum(rng.exponential(1.5 * MINUTE, size)).astype(np.int64)
        return np.asarray(operation.starts.min() - aged[0] - minutes_apart, dtype=np.int64)
    return np.asarray(operation.starts - aged, dtype=np.int64)


def _active_days(rng: np.random.Generator, size: int, start: int, end: int) -> tuple[IntArray, IntArray]:
    """Return when everybody is there: most all the time, others come late, leave early or only look in."""
    edges = np.sort(start + rng.random((size, 2)) * (end - start), axis=1)
    partly = rng.random(size) < 0.45
    begin = np.where(partly & (rng.random(size) < 0.6), edges[:, 0], start).astype(np.int64)
    until = np.where(partly & (rng.random(size) < 0.6), edges[:, 1], end).astype(np.int64)
    visit = begin + (rng.exponential(1.5, size) * DAY).astype(np.int64)
    until = np.where(partly & (rng.random(size) < 0.35), np.minimum(visit, end), until)
    return begin, until


def _draw_operations(
    rng: np.random.Generator, kind: IntArray, country: IntArray, span: tuple[int, int]
) -> tuple[Operation, ...]:
    operations: list[Operation] = []
    honest = np.flatnonzero(kind < len(HONEST))
    for number, row in enumerate(AUTOMATED, start=len(HONEST)):
        members = np.flatnonzero(kind == number)
        while len(members):
            size = int(rng.integers(row.team[0], row.team[1] + 1))
            team, members = members[:size], members[size:]
            # An operator often runs the next campaign too.
            again = bool(operations) and rng.random() < 0.3
            operator = operations[-1].operator if again else len(operations)
            reach = rng.integers(row.reach[0], row.reach[1] + 1, len(team))
            # Some lists are worked off twice or more, so that a second account writes when the first has gone.
            wanted = int(reach.sum()) // int(rng.choice((1, 1, 2, 3)))
            targets = _bought_list(rng, honest, country, int(country[team[0]]), max(wanted, 1), len(kind))
            if again:  # and keeps a part of the list
                kept = operations[-1].targets[: len(targets) // 2]
                targets = rng.permutation(np.unique(np.concatenate([kept, targets])))[: max(wanted, 1)]
            starts = _starts(rng, row, len(team), span)
            shared = bool(rng.random() < row.shared)
            operations.append(Operation(len(operations), operator, row, team, starts, reach, targets, shared))
    return tuple(operations)


def _starts(rng: np.random.Generator, row: AutomatedKind, size: int, span: tuple[int, int]) -> IntArray:
    start, end = span
    first = start + rng.uniform(0.08, 0.85) * (end - start)
    spread = {"sim_farm": 0.3, "warm_up": 0.3, "blaster": 2.0}.get(row.name, 4.0)
    return np.minimum(first + rng.exponential(spread, size) * DAY, end - DAY).astype(np.int64)


def _bought_list(
    rng: np.random.Generator, honest: IntArray, country: IntArray, where: int, size: int, n_accounts: int
) -> IntArray:
    """Draw a list of numbers: a part are accounts, mostly of one country; the rest are outsiders."""
    weights = np.where(country[honest] == where, 5.0, 1.0)
    inside = min(int(rng.uniform(0.2, 0.6) * size), len(honest) // 4)
    known = rng.choice(honest, inside, replace=False, p=weights / weights.sum())
    n_outsiders = OUTSIDERS_PER_ACCOUNT * n_accounts
    outside = min(size - inside, n_outsiders)
    begin = int(rng.integers(0, n_outsiders))
    unknown = n_accounts + (begin + np.arange(outside) * 3) % n_outsiders
    if rng.random() < 0.6:  # a better list, without numbers that do not exist
        unknown = unknown[~dead_numbers(unknown)]
    return rng.permutation(np.concatenate([known, unknown]))
