"""Counts of members equal those of loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spamclf.campaigns.tally import Members

rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 40), st.integers(0, 10)), max_size=25
)


def members(rows):
    """Rows of (group, account, first, length); groups are numbered anew, for each must have members."""
    places = {group: place for place, group in enumerate(sorted({row[0] for row in rows}))}
    table = np.array([(places[group], account, first, first + size) for group, account, first, size in rows])
    group, account, first, last = table.reshape(-1, 4).T.astype(np.int64)
    return Members.of(group, account.astype(np.int32), first, last, len(places))


def spans(found):
    """The first and last instant of each account by group."""
    groups = [{} for _ in range(found.n_groups)]
    for group, account, first, last in zip(found.group, found.account, found.first, found.last, strict=True):
        assert account not in groups[group]
        groups[group][int(account)] = (int(first), int(last))
    return groups


@given(rows)
def test_each_account_once_with_its_first_and_last(rows):
    expected = {}
    for group, account, first, size in rows:
        known = expected.setdefault(group, {}).get(account, (first, first + size))
        expected[group][account] = (min(known[0], first), max(known[1], first + size))
    assert spans(members(rows)) == [expected[group] for group in sorted(expected)]


@given(rows)
def test_sizes_spans_growth_and_overlap(rows):
    found = members(rows)
    groups = spans(found)
    assert found.sizes().tolist() == [len(each) for each in groups]
    among = np.arange(7) % 2 == 0
    assert found.sizes(among).tolist() == [sum(account % 2 == 0 for account in each) for each in groups]
    begin, end = found.span()
    assert begin.tolist() == [min(first for first, _ in each.values()) for each in groups]
    assert end.tolist() == [max(last for _, last in each.values()) for each in groups]
    assert found.grown(20).tolist() == [sum(first >= 20 for first, _ in each.values()) for each in groups]
    meets = [
        sum(
            any(other != mine and begin <= last and first <= end for other, (begin, end) in each.items())
            for mine, (first, last) in each.items()
        )
        / len(each)
        for each in groups
    ]
    np.testing.assert_allclose(found.overlapping(), meets)


@given(rows, st.lists(st.integers(-1, 1), min_size=4, max_size=4))
def test_regrouped(rows, place):
    found = members(rows)
    place = np.array(place[: found.n_groups], np.int64)
    kept = np.unique(place[place >= 0])
    again = found.regrouped(np.where(place >= 0, np.searchsorted(kept, place), -1), kept.size)
    expected = [
        {
            account
            for each, where in zip(spans(found), place, strict=True)
            if where == group
            for account in each
        }
        for group in kept
    ]
    assert [set(each) for each in spans(again)] == expected
