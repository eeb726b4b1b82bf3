"""Spells: at any instant they tell the sightings that count, as the rules say one by one."""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np
import pytest

from spamclf.existence import NEVER
from spamclf.features.spells import Seen, offsets_of
from spamclf.kernels.crowd import count
from spamclf.kernels.spells import ACCOUNT, BEGIN, END, GROUP, INSTANT
from tests.naive_near import OWN

HISTORY = 30


class Sighting(NamedTuple):
    account: int
    instant: int
    group: int


class Few:
    """Sightings of a few accounts, some known from an instant on, some by what they sent."""

    def __init__(self, seed: int, n_accounts: int = 6, n_groups: int = 25) -> None:
        rng = random.Random(seed)
        self.n_accounts, self.n_groups = n_accounts, n_groups
        shown = {
            Sighting(rng.choice([0, rng.randrange(n_accounts)]), rng.randrange(120), rng.randrange(n_groups))
            for _ in range(rng.choice([20, 150]))
        }
        shown |= {Sighting(1, instant, 3) for instant in range(40, 80)}  # again and again
        self.sightings = sorted(shown)
        self.known_from = [rng.choice([-9, -9, rng.randrange(150), NEVER]) for _ in range(n_accounts)]
        self.sends = [sorted(rng.choices(range(120), k=rng.randrange(5))) for _ in range(n_accounts)]
        self.keys = np.array([[rng.randrange(3)] for _ in range(n_groups)], np.int32)

    def seen(self) -> Seen:
        account, instant, group = (np.array(each) for each in zip(*self.sightings, strict=True))
        return Seen(
            offsets_of(account, self.n_accounts), group.astype(np.int32), instant, np.array(self.known_from),
            lambda which: (
                np.cumsum([0, *map(len, self.sends)]),
                np.array([each for sent in self.sends for each in sent], np.int64),
            ),
            lambda: 0,
            np.arange(self.n_accounts),
            self.keys, 3, np.zeros(self.n_accounts, np.bool_),
        )  # fmt: skip

    def counting(self, until: int) -> set[Sighting]:
        """What whoever looks at an instant sees, by the rules."""
        inside = [s for s in self.sightings if until - HISTORY <= s.instant < until]

        def is_known(account: int) -> bool:
            sent = any(until - HISTORY <= each < until for each in self.sends[account])
            return self.known_from[account] < until or sent

        def others_since(s: Sighting) -> set[int]:
            return {later.group for later in inside if later.account == s.account and later > s} - {s.group}

        return {s for s in inside if is_known(s.account) and len(others_since(s)) < OWN}


@pytest.mark.parametrize(("first", "last"), [(0, 200), (60, 90), (77, 77)])
@pytest.mark.parametrize("seed", range(6))
def test_spells_tell_what_counts(seed: int, first: int, last: int) -> None:
    few = Few(seed)
    rows, by_account, of_account, of_group, of_time, time_begin, time_end = few.seen().spells(
        HISTORY, first, last
    )[0]
    assert (np.diff(rows[:, GROUP]) >= 0).all()
    for account in range(few.n_accounts):  # no later one begins or ends earlier
        own = rows[by_account[of_account[account] : of_account[account + 1]]]
        assert (own[:, ACCOUNT] == account).all()
        assert (np.diff(own[:, [BEGIN, END]], axis=0) >= 0).all()
    for until in range(first, last + 1):
        inside = rows[(rows[:, BEGIN] < until) & (until <= rows[:, END])]
        got = {Sighting(*map(int, row)) for row in inside[:, [ACCOUNT, INSTANT, GROUP]]}
        want = few.counting(until)
        assert got <= want
        for left_out in want - got:  # a repetition between two others
            same = [s.instant for s in got if (s.account, s.group) == (left_out.account, left_out.group)]
            assert min(same) < left_out.instant < max(same)
        for group in range(few.n_groups):
            times = slice(of_time[group], of_time[group + 1])
            is_shown = ((time_begin[times] < until) & (until <= time_end[times])).any()
            assert is_shown == any(s.group == group for s in want)
            assert is_shown <= (of_group[group] < of_group[group + 1])


@pytest.mark.parametrize("seed", range(4))
def test_those_of_the_first_account_stand_in_the_buckets(seed: int) -> None:
    few = Few(seed)
    spells, (offsets, entries, different) = few.seen().spells(HISTORY, 20, 140)
    rows = spells[0]
    for bucket in range(3):
        standing = entries[offsets[bucket] : offsets[bucket + 1]]
        assert (rows[standing[:, 0], GROUP] == standing[:, 1]).all()
        assert set(standing[:, 1]) == {g for g in rows[:, GROUP] if few.keys[g, 0] == bucket}
        assert different[bucket] == len(set(standing[:, 1]))
        for until in range(20, 141, 3):
            first: dict[int, int] = {}
            for s in few.counting(until):
                if few.keys[s.group, 0] == bucket:
                    first[s.group] = min(first.get(s.group, 99), s.account)
            met: list[int] = []
            for spell, group in standing.tolist():
                if rows[spell, BEGIN] < until <= rows[spell, END] and group not in met:
                    met.append(group)
            assert met == sorted(first, key=lambda group: (first[group], group))


def test_repetitions_leave_no_trace_at_one_instant() -> None:
    few = Few(0)
    rows = few.seen().spells(HISTORY, 77, 77)[0][0]
    assert ((rows[:, ACCOUNT] == 1) & (rows[:, GROUP] == 3)).sum() <= 2


def test_accounts_that_are_not_known_leave_no_trace() -> None:
    few = Few(1)
    few.known_from, few.sends = [200] * few.n_accounts, [[] for _ in range(few.n_accounts)]
    spells, buckets = few.seen().spells(HISTORY, 0, 200)
    assert len(spells[0]) == len(buckets[1]) == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_crowd_is_counted_at_every_instant(seed: int) -> None:
    """At many instants in one pass, as by going through what counts at each of them."""
    day = 86_400_000_000
    few, rng = Few(seed), random.Random(seed)
    few.sightings = [Sighting(a, day * t, g) for a, t, g in few.sightings]
    few.known_from = [each if each == NEVER else day * each for each in few.known_from]
    few.sends = [[day * each for each in sent] for sent in few.sends]
    spells = few.seen().spells(HISTORY * day, 0, 200 * day)[0]
    labels = sorted((rng.randrange(6), day * rng.randrange(120), rng.random() < 0.5) for _ in range(9))
    ties = sorted((rng.randrange(6), day * rng.randrange(120)) for _ in range(6))
    known = (
        offsets_of(np.array([each[0] for each in labels]), 6), np.array([each[1] for each in labels]),
        np.array([each[2] for each in labels]), offsets_of(np.array([each[0] for each in ties]), 6),
        np.array([each[1] for each in ties]),
    )  # fmt: skip
    crowd = np.array(sorted(rng.sample(range(few.n_groups), 8)), np.int32)
    until = np.array(sorted(rng.choices(range(150), k=40))) * day + 1
    sums = np.zeros((until.size, 8), np.int64)
    sums[:, 7] = NEVER
    spans = np.tile(np.array([0, crowd.size, 7]), (until.size, 1))
    count(
        np.arange(until.size), spans, crowd, until, HISTORY * day, spells, known, sums, np.zeros(2, np.int64)
    )
    rows = spells[0]
    for u, got in zip(until.tolist(), sums.tolist(), strict=True):
        inside = rows[(rows[:, BEGIN] < u) & (u <= rows[:, END]) & np.isin(rows[:, GROUP], crowd)]
        accounts = set(inside[:, ACCOUNT].tolist())
        latest = {who: is_automated for who, when, is_automated in labels if u - HISTORY * day <= when < u}
        tied = {who for who, when in ties if u - HISTORY * day <= when < u}
        old = inside[inside[:, INSTANT] < u - day, ACCOUNT]
        lately = inside[inside[:, INSTANT] >= u - 7 * day, ACCOUNT]
        assert got == [
            len(accounts), len(set(old.tolist())), len(set(lately.tolist())), len(accounts & latest.keys()),
            sum(latest.get(who, False) for who in accounts), len(accounts & tied), 0,
            min(inside[:, INSTANT].tolist(), default=NEVER),
        ]  # fmt: skip
