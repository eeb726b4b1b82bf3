"""Campaigns are joined by the accounts they share, never by one innocent account, and by nothing that hides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.campaigns.operations import LARGEST_LOAD, LEAST_SHARE, LEAST_SHARED, LEAST_TIED, join_campaigns


def joined(campaigns, operators=(), component=None):
    """Join campaigns, given as sets of accounts; return each one's operation."""
    component = np.arange(len(campaigns)) if component is None else np.array(component)

    def pairs(sets):
        rows = [(k, account) for k, members in enumerate(sets) for account in sorted(members)]
        return np.array(rows, np.int32).reshape(-1, 2).T

    campaign, account = pairs(campaigns)
    operator, tied = pairs(operators)
    return join_campaigns(campaign, account, component.astype(np.int32), tied, operator).tolist()


def slow(campaigns, operators, component=None):
    """Join until nothing changes, in sets."""
    component = component or range(len(campaigns))
    nodes = [set(each) for each in [*campaigns, *operators]]
    load = {account: sum(account in node for node in nodes) for node in nodes for account in node}
    label = list(range(len(nodes)))
    for one in range(len(nodes)):
        for other in range(one):
            both = {account for account in nodes[one] & nodes[other] if load[account] <= LARGEST_LOAD}
            least = min(len(nodes[one]), len(nodes[other]))
            share = LEAST_TIED if one >= len(campaigns) else LEAST_SHARE
            alike = one < len(campaigns) and component[one] == component[other]
            if alike or (len(both) >= LEAST_SHARED and len(both) >= share * least):
                label = [label[other] if each == label[one] else each for each in label]
    number = {}
    return [number.setdefault(each, len(number)) for each in label[: len(campaigns)]]


def people(first, size):
    return set(range(first, first + size))


@pytest.mark.parametrize(
    ("campaigns", "operators", "expected"),
    [
        ([], [], []),
        ([people(0, 3)], [], [0]),
        ([people(0, 5), people(4, 5)], [], [0, 1]),  # one account in both joins nothing ...
        ([people(0, 4), people(2, 4)], [], [0, 0]),  # ... two of four do
        ([people(0, 1000), people(998, 4)], [], [0, 0]),  # the smaller one counts
        ([people(0, 1000), people(998, 5)], [], [0, 1]),  # two of five: less than half of it
        ([people(0, 5), people(10, 5), people(2, 11)], [], [0, 0, 0]),  # by way of the third
        ([people(0, 5), people(10, 5)], [{0, 1, 10, 11}], [0, 0]),  # both tied to one operator
        ([people(0, 5), people(10, 5)], [{0, 10, 11}], [0, 1]),  # a single account is not enough
        ([people(0, 5), people(10, 5)], [{0, 1}, {10, 11}], [0, 1]),
        ([people(0, 500), people(600, 500)], [{*people(0, 2), *people(600, 2), *people(2000, 6)}], [0, 0]),
        ([people(0, 500), people(1000, 5)], [{0, 1, *range(1000, 1020)}], [0, 1]),  # two of 22 tied ones
    ],
)
def test_the_rule(campaigns, operators, expected):
    assert joined(campaigns, operators) == slow(campaigns, operators) == expected


sets = st.lists(st.sets(st.integers(0, 25), min_size=1, max_size=12), max_size=8)


@given(sets, st.lists(st.sets(st.integers(0, 25), min_size=1), max_size=3), st.randoms(use_true_random=False))
def test_joined_as_slowly_and_in_any_order(campaigns, operators, rng):
    component = [rng.randrange(12) for _ in campaigns]
    found = joined(campaigns, operators, component)
    assert found == slow(campaigns, operators, component)
    order = list(range(len(campaigns)))
    rng.shuffle(order)
    other = joined([campaigns[k] for k in order], operators, [component[k] for k in order])
    place = {k: other[position] for position, k in enumerate(order)}
    for one in order:
        for two in order:
            assert (found[one] == found[two]) == (place[one] == place[two])


def test_pieces_of_one_component_are_joined():
    """They share nobody: a text that changed step by step was cut where it had become another one."""
    assert joined([people(0, 5), people(10, 5), people(20, 5), people(30, 5)], (), [4, 1, 4, 0]) == [
        0,
        1,
        0,
        2,
    ]


def test_accounts_that_are_everywhere_join_nothing():
    """Two accounts that pass through every campaign would otherwise make one operation of them all."""
    few = [{0, 1, *people(10 * k + 10, 2)} for k in range(LARGEST_LOAD)]
    assert set(joined(few)) == {0}
    many = [{0, 1, *people(10 * k + 10, 2)} for k in range(LARGEST_LOAD + 1)]
    assert len(set(joined(many))) == len(many)
    assert joined(many) == slow(many, [])


def test_a_hot_account_costs_little():
    """Row 13 in small: 20,000 campaigns that share two accounts do not become 400 million pairs."""
    campaign = np.repeat(np.arange(20_000, dtype=np.int32), 4)
    account = np.arange(campaign.size, dtype=np.int32)
    account[0::4], account[1::4] = 0, 1
    nobody = np.empty(0, np.int32)
    assert (
        join_campaigns(campaign, account, np.arange(20_000, dtype=np.int32), nobody, nobody).max() == 19_999
    )
