"""The cast of a world: which account is of which kind, its registration, its rhythm, its friends and operations."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spamclf.simulate.circles import Circle, Groups
from spamclf.simulate.clock import Clocks, Sittings
from spamclf.simulate.kinds import AUTOMATED, HONEST, AutomatedKind
from spamclf.simulate.log import HOUR, BoolArray, FloatArray, IntArray, pair_uniform, positions, stream
from spamclf.simulate.pacing import Pace

__all__ = ["KIND_NAMES", "Cast", "Operation"]

KIND_NAMES: tuple[str, ...] = tuple(kind.name for kind in HONEST) + tuple(kind.name for kind in AUTOMATED)

#: People who receive messages and may complain, yet write nothing: their ids are not in ``accounts``.
_OUTSIDERS_PER_ACCOUNT = 20
#: Numbers that nobody has.
_UNASSIGNED_PER_ACCOUNT = 6
#: Share of the outsiders whose number is no longer in use: assumed.
_GIVEN_UP = 0.04
#: So many strangers are thought of until one is of the own country: assumed.
_TRIES = 4


@dataclass(frozen=True)
class Operation:
    """One campaign: accounts that one operator runs with one list of targets.

    Attributes
    ----------
    name, operator : str
        Opaque: they do not tell the family.
    kind : AutomatedKind
    members : ndarray of int64
        Codes of its accounts.
    starts : ndarray of int64
        When each member begins to write to strangers in bulk.
    registered : ndarray of int64
        When each member was registered.
    reach : ndarray of int64
        How many of `targets` each member writes to, slice after slice.
    targets : ndarray of int64
        The bought list.
    country : int
        Where all its numbers are from.
    care : float
        How much the operator does not to be found, from 0 to 1: families overlap because of it.
    pace : Pace
    replies, complaints : float
        Chances, as in `AutomatedKind`.
    """

    name: str
    operator: str
    kind: AutomatedKind
    members: IntArray
    starts: IntArray
    registered: IntArray
    reach: IntArray
    targets: IntArray
    country: int
    care: float
    pace: Pace
    replies: float
    complaints: float


@dataclass(frozen=True)
class Cast:
    """Everybody in a world, in arrays indexed by account code: honest accounts first, then automated ones.

    Codes from `n_accounts` on are outsiders, then numbers that nobody has, and from `first_group` on groups. Codes
    never reach the tables: ids are shuffled.

    Attributes
    ----------
    seed, start, end : int
        The seed, and the simulated time in microseconds.
    kind : ndarray of int64
        Position in `KIND_NAMES`.
    registered, active_from, active_until : ndarray of int64
    country : ndarray of int64
        Before operations buy their numbers; see `number_country`.
    clocks : Clocks
    sittings : Sittings
    people : ndarray of int64
        Honest accounts with friends, neighbours standing side by side.
    place : ndarray of int64
        The position in `people` of each account; for the others that of somebody.
    liveliness : ndarray of float64
        How much each account writes, 1 for the median of its kind.
    circle : Circle
    groups : Groups
    market : tuple of ndarray of int64
        Lists of numbers that are for sale.
    operations : tuple of Operation
    """

    seed: int
    start: int
    end: int
    kind: IntArray
    registered: IntArray
    country: IntArray
    active_from: IntArray
    active_until: IntArray
    clocks: Clocks
    sittings: Sittings
    people: IntArray
    place: IntArray
    liveliness: FloatArray
    circle: Circle
    groups: Groups
    market: tuple[IntArray, ...] = ()
    operations: tuple[Operation, ...] = ()

    @property
    def n_accounts(self) -> int:
        """Return the number of accounts."""
        return len(self.kind)

    @property
    def n_honest(self) -> int:
        """Return the number of honest accounts, whose codes come first."""
        return int(np.searchsorted(self.kind, len(HONEST)))

    @property
    def n_outsiders(self) -> int:
        """Return the number of people outside ``accounts``."""
        return _OUTSIDERS_PER_ACCOUNT * self.n_accounts

    @property
    def first_unassigned(self) -> int:
        """Return the code of the first number that nobody has."""
        return self.n_accounts + self.n_outsiders

    @property
    def first_group(self) -> int:
        """Return the code of the first group."""
        return self.first_unassigned + _UNASSIGNED_PER_ACCOUNT * self.n_accounts

    @property
    def is_automated(self) -> BoolArray:
        """Return a mask of the automated accounts."""
        return self.kind >= len(HONEST)

    @property
    def number_country(self) -> IntArray:
        """Return the country of each account's number: one for all of an operation."""
        country = self.country.copy()
        for operation in self.operations:
            country[operation.members] = operation.country
        return country

    def of(self, name: str) -> IntArray:
        """Return the codes of the accounts of one kind."""
        return np.flatnonzero(self.kind == KIND_NAMES.index(name))

    def stream(self, *names: str | int) -> np.random.Generator:
        """Return the random numbers of one part of this world."""
        return stream(self.seed, *names)

    def fact(self, left: npt.ArrayLike, right: npt.ArrayLike, name: str) -> FloatArray:
        """Return one number in [0, 1) for each pair, always the same for the same pair, world and name."""
        return pair_uniform(left, right, zlib.crc32(f"{self.seed} {name}".encode()))

    def own(self, who: npt.ArrayLike, name: str) -> FloatArray:
        """Return one number in [0, 1) for each account, always the same for the same account, world and name."""
        return self.fact(who, who, name)

    def is_dead(self, recipient: IntArray) -> BoolArray:
        """Return which recipients are numbers that do not exist."""
        outside = (recipient >= self.n_accounts) & (recipient < self.first_unassigned)
        given_up = outside & (self.own(recipient, "given up") < _GIVEN_UP)
        return given_up | ((recipient >= self.first_unassigned) & (recipient < self.first_group))

    def there(self, who: IntArray, when: IntArray) -> BoolArray:
        """Return whether each of `who` uses the platform at an instant; outsiders and programs always do."""
        code = np.minimum(who, self.n_accounts - 1)
        inside = (when >= self.active_from[code]) & (when <= self.active_until[code] + HOUR)
        return inside | (who >= self.n_honest)

    def days(self, who: IntArray) -> FloatArray:
        """Return how many days each of `who` is there."""
        return np.asarray((self.active_until[who] - self.active_from[who]) / (24 * HOUR))

    def awake(self, rng: np.random.Generator, who: IntArray) -> IntArray:
        """Draw an instant for each of `who` at which it is there and up."""
        return self.clocks.draw(rng, who, self.active_from[who], self.active_until[who])

    def strangers(self, rng: np.random.Generator, sender: IntArray, outside: npt.ArrayLike) -> IntArray:
        """Draw strangers: outsiders with the chance `outside`, else accounts, about half of the sender's country."""
        drawn = (self.n_accounts * rng.random((_TRIES, len(sender)))).astype(np.int64)
        same = self.country[drawn] == self.country[sender]
        account = drawn[np.argmax(same, axis=0), np.arange(len(sender))]
        outsider = self.n_accounts + (self.n_outsiders * rng.random(len(sender))).astype(np.int64)
        return np.where(rng.random(len(sender)) < np.asarray(outside), outsider, account)

    def contacts(self, owners: IntArray, counts: IntArray, outside: float) -> tuple[IntArray, IntArray]:
        """Return contacts for each owner: friends first, then other people, and a share `outside` of outsiders.

        The same call gives the same contacts, so an owner writes to its contacts again and again.
        """
        group, place = positions(counts)
        owner = owners[group]
        friendly = place < self.circle.degree[owner]
        entry = np.minimum(self.circle.begins[owner] + place, max(len(self.circle.friend) - 1, 0))
        other = self.people[(self.fact(owner, place, "acquaintance") * len(self.people)).astype(np.int64)]
        near = np.where(friendly, self.circle.friend[entry], other) if len(self.circle.friend) else other
        far = self.n_accounts + (self.fact(owner, place, "far contact") * self.n_outsiders).astype(np.int64)
        # Friends are here; of the others most are not.
        share = np.where(friendly, outside, np.maximum(outside, 0.8))
        return group, np.where((self.fact(owner, place, "outside") >= share) & (near != owner), near, far)
