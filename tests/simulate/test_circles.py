from __future__ import annotations

import numpy as np

from spamclf.simulate.circles import ALWAYS
from tests.simulate.conftest import START, cast_of


def edges(circle):
    return list(zip(circle.owner.tolist(), circle.friend.tolist(), circle.since.tolist(), strict=True))


def test_friendship_goes_both_ways_and_is_told_once():
    rows = edges(cast_of().circle)
    assert len({(one, other) for one, other, _ in rows}) == len(rows)
    assert {(other, one, since) for one, other, since in rows} == set(rows)
    assert all(one != other for one, other, _ in rows)


def test_only_people_have_friends():
    cast = cast_of()
    assert set(np.flatnonzero(cast.circle.degree).tolist()) <= set(cast.people.tolist())


def test_circles_grow_mostly_through_friends():
    cast = cast_of(3000)
    rows = edges(cast.circle)
    new = [(one, other) for one, other, since in rows if since != ALWAYS and one < other]
    assert 0.08 < 2 * len(new) / len(rows) < 0.35
    assert all(
        START - 86_400_000_000 <= since <= cast.end + 86_400_000_000
        for _, _, since in rows
        if since != ALWAYS
    )
    old = {}
    for one, other, since in rows:
        if since == ALWAYS:
            old.setdefault(one, set()).add(other)
    shared = np.mean([bool(old.get(one, set()) & old.get(other, set())) for one, other in new])
    rng = np.random.default_rng(0)
    pairs = rng.choice(cast.people, (len(new), 2))
    by_chance = np.mean([bool(old.get(one, set()) & old.get(other, set())) for one, other in pairs.tolist()])
    assert shared > 0.5
    assert shared > by_chance + 0.2


def test_lively_people_know_more():
    cast = cast_of(3000)
    degree, lively = cast.circle.degree[cast.people], cast.liveliness[cast.people]
    assert np.median(degree[lively > 3]) > 1.5 * np.median(degree[lively < 0.3])
    assert 5 <= np.median(degree) <= 25


def test_picks_are_friends_and_favourites_come_more_often():
    circle = cast_of().circle
    who = np.repeat(np.argmax(circle.degree), 2000)
    edge = circle.pick(np.random.default_rng(1), who, loyalty=2.0)
    assert (circle.owner[edge] == who).all()
    rank = edge - circle.begins[who[0]]
    assert (rank < circle.degree[who[0]] / 4).mean() > 0.4


def test_groups_are_neighbours_of_some_size():
    cast = cast_of()
    groups = cast.groups
    assert len(groups) == len(cast.people) // 10
    assert (np.diff(groups.begins) >= 3).all()
    picked = groups.someone(np.random.default_rng(0), np.arange(len(groups)))
    for number, member in enumerate(picked.tolist()):
        assert member in set(groups.members[groups.begins[number] : groups.begins[number + 1]].tolist())
