"""Who knows whom: circles of friends that grow while a world runs, and groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spamclf.simulate.clock import Clocks
from spamclf.simulate.log import FloatArray, IntArray, lognormal, positions

__all__ = ["ALWAYS", "Circle", "Groups", "draw_circle", "draw_groups"]

#: Since when old friends have known each other.
ALWAYS = np.iinfo(np.int64).min

#: Median friends of a person, and the spread of their number: college.
_FRIENDS, _SPREAD = 9.0, 1.3
#: New contacts of a month as a share of the old ones: college.
_GROWTH = 0.25
#: Share of the new contacts that are friends of friends; the others are strangers, a seller or a new flatmate.
_THROUGH_FRIENDS = 0.75


@dataclass(frozen=True)
class Circle:
    """Friendships as compressed rows, both ways; the favourite friends of each account stand first.

    Attributes
    ----------
    begins : ndarray of int64
        Where the row of each account code begins; one entry more than codes.
    friend : ndarray of int64
    since : ndarray of int64
        The instant they met; `ALWAYS` for old friends.
    """

    begins: IntArray
    friend: IntArray
    since: IntArray

    @property
    def degree(self) -> IntArray:
        """Return how many friends each account has."""
        return np.diff(self.begins)

    @property
    def owner(self) -> IntArray:
        """Return whose row each entry stands in."""
        return np.repeat(np.arange(len(self.begins) - 1), self.degree)

    def pick(self, rng: np.random.Generator, who: IntArray, loyalty: float) -> IntArray:
        """Return one entry for each of `who`, who must have friends: with more loyalty the favourites more often."""
        rank = self.degree[who] * rng.random(len(who)) ** loyalty
        return self.begins[who] + rank.astype(np.int64)

    @classmethod
    def of(cls, rng: np.random.Generator, edges: tuple[IntArray, IntArray, IntArray], n_codes: int) -> Circle:
        """Build from (one, other, since), in any order and once per pair; each becomes two entries."""
        one, other = np.concatenate([edges[0], edges[1]]), np.concatenate([edges[1], edges[0]])
        since = np.concatenate([edges[2], edges[2]])
        order = np.lexsort((rng.random(len(one)), one))
        begins = np.searchsorted(one[order], np.arange(n_codes + 1))
        return cls(begins, other[order], since[order])


@dataclass(frozen=True)
class Groups:
    """Groups of neighbours.

    Attributes
    ----------
    begins : ndarray of int64
        Where each group begins in `members`; one entry more than groups.
    members : ndarray of int64
    """

    begins: IntArray
    members: IntArray

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self.begins) - 1

    def someone(self, rng: np.random.Generator, group: IntArray) -> IntArray:
        """Return a random member of each of some groups."""
        size = self.begins[group + 1] - self.begins[group]
        return self.members[self.begins[group] + (size * rng.random(len(group))).astype(np.int64)]


def draw_circle(
    rng: np.random.Generator,
    people: IntArray,
    liveliness: FloatArray,
    clocks: Clocks,
    present: tuple[IntArray, IntArray],
) -> Circle:
    """Draw who knows whom among `people`, whose neighbours stand side by side, and who meets whom when.

    Parameters
    ----------
    rng : numpy.random.Generator
    people : ndarray of int64
        Account codes.
    liveliness : ndarray of float64
        How much each account code writes, 1 for the median: lively people know more people and meet more.
    clocks : Clocks
    present : tuple of ndarray of int64
        From when to when each account is there.
    """
    size, n_codes = len(people), len(liveliness)
    wanted = lognormal(rng, _FRIENDS * liveliness[people] ** 0.55, _SPREAD, size)
    degree = np.clip(wanted / 2.0, 1, 300).astype(np.int64)  # as many again come from the other side
    place, _ = positions(degree)
    distance = np.ceil(rng.exponential(1.0, len(place)) * np.maximum(degree[place], 4) * 1.5).astype(np.int64)
    other = (place + distance * rng.choice([-1, 1], len(place))) % max(size, 1)
    old = Circle.of(rng, _once(people[place], people[other], np.full(len(place), ALWAYS), n_codes), n_codes)
    new, met = _meetings(rng, people, old, rng.poisson(_GROWTH * degree))
    since = clocks.draw(rng, new, *(edge[new] for edge in present))
    one, other = np.concatenate([old.owner, new]), np.concatenate([old.friend, met])
    return Circle.of(rng, _once(one, other, np.concatenate([old.since, since]), n_codes), n_codes)


def _meetings(
    rng: np.random.Generator, people: IntArray, old: Circle, counts: IntArray
) -> tuple[IntArray, IntArray]:
    """Return who meets whom: mostly a friend of a friend, else anybody."""
    who = np.repeat(people, counts)
    anybody = people[(len(people) * rng.random(len(who))).astype(np.int64)]
    through = (rng.random(len(who)) < _THROUGH_FRIENDS) & (old.degree[who] > 0)
    friend = old.friend[old.pick(rng, who[through], 1.0)]
    anybody[through] = old.friend[old.pick(rng, friend, 1.0)]
    return who, anybody


def _once(
    one: IntArray, other: IntArray, since: IntArray, n_codes: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Keep the first of every pair, whichever way round, and nobody with itself."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    _, first = np.unique(low * n_codes + high, return_index=True)
    first = first[low[first] != high[first]]
    return low[first], high[first], since[first]


def draw_groups(rng: np.random.Generator, people: IntArray) -> Groups:
    """Draw groups of neighbours, a tenth as many as people, of three to a hundred and twenty: assumed."""
    sizes = np.clip(lognormal(rng, 7.0, 0.8, max(len(people) // 10, 1)), 3, 120).astype(np.int64)
    group, place = positions(sizes)
    centre = rng.integers(0, len(people), len(sizes))
    members = people[(centre[group] + place) % len(people)]
    return Groups(np.concatenate([[0], np.cumsum(sizes)]), members)
