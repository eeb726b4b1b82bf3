"""Campaigns that join accounts: those that labels name, clusters found, chains of them that are cut."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset, simulate
from spamclf.campaigns.listing import list_campaigns
from spamclf.ego import EgoLog
from spamclf.groups import CampaignGroups, _Groups, campaign_groups, each_alone
from spamclf.instants import to_instant
from spamclf.lists import lists_of
from spamclf.splits import latest_labels

END = to_instant("2027-01-01")


@cache
def tables() -> dict[str, pa.Table]:
    return dict(simulate.world(700, 30, random_state=1021, media=False))


def named(campaigns: list[str | None]) -> dict[str, pa.Table]:
    labels = tables()["labels"]
    place = labels.column_names.index("campaign")
    return tables() | {"labels": labels.set_column(place, "campaign", pa.array(campaigns, pa.string()))}


def found_in(given: dict[str, pa.Table]) -> tuple[EgoLog, np.ndarray, CampaignGroups]:
    ego = EgoLog.build(Dataset(**given))
    label = latest_labels(ego, END)
    return ego, label, campaign_groups(ego, END, label)


def codes_of(ego: EgoLog) -> dict[str, int]:
    return {name: k for k, name in enumerate(ego.account_ids.to_pylist())}


def united(n: int, campaigns: list[list[int]], *, whole: bool = False) -> list[set[int]]:
    groups = _Groups(np.ones(n, np.bool_))
    for members in campaigns:
        groups.unite(np.array(members), whole=whole)
    group = groups.of_each()
    return [set(np.flatnonzero(group == each).tolist()) for each in np.unique(group)]


def test_a_cluster_is_one_group_however_large() -> None:
    assert united(100, [list(range(60))])[0] == set(range(60))


def test_a_chain_is_cut_between_clusters() -> None:
    """The second cluster keeps its own members together; those of the first stay where they are."""
    first, second = list(range(3)), list(range(2, 40))
    assert {3, 20, 39} <= next(each for each in united(100, [first, second]) if 3 in each)
    assert {0, 1, 2} in united(100, [first, second])
    assert set(range(40)) in united(100, [first, second], whole=True)


def test_the_group_with_most_members_is_joined_first() -> None:
    campaigns = [[0, 1], [2, 3], [1, 2, 3]]
    assert {0, 1, 2, 3} in united(100, campaigns)  # 4 of 100: there is room
    assert {2, 3} in united(50, campaigns)  # 2 of 50 are the most


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 39), min_size=2, max_size=6, unique=True), max_size=12),
    st.integers(0, 99),
)
def test_whole_campaigns_are_connected_components(campaigns: list[list[int]], seed: int) -> None:
    """And do not depend on the order in which they come."""
    apart = {account: {account} for account in range(40)}
    for members in campaigns:
        joined = set().union(*(apart[each] for each in members))
        for each in joined:
            apart[each] = joined
    wanted = {frozenset(each) for each in apart.values()}
    for order in (campaigns, random.Random(seed).sample(campaigns, len(campaigns))):
        assert {frozenset(each) for each in united(40, order, whole=True)} == wanted


def test_campaigns_that_labels_name_stay_whole_whoever_is_in_them() -> None:
    """However large, and though most of its members were found honest."""
    labels = tables()["labels"]
    automated = labels["is_automated"].to_pylist()
    ego, label, groups = found_in(named(["one" if flag else None for flag in automated]))
    assert (label == 1).sum() > 0.1 * (label >= 0).sum()
    assert np.unique(groups.group[label == 1]).size == 1
    honest = [k for k, flag in enumerate(automated) if not flag][:6]
    some = [k for k, flag in enumerate(automated) if flag][:2] + honest
    ego, _, groups = found_in(named(["mixed" if k in some else None for k in range(len(automated))]))
    code = codes_of(ego)
    ids = labels["account_id"].to_pylist()
    assert np.unique(groups.group[[code[ids[k]] for k in some]]).size == 1


def test_clusters_of_automated_accounts_are_campaigns() -> None:
    """Without campaigns in the labels they are found; those of honest people join nobody."""
    given = named([None] * tables()["labels"].num_rows)
    ego, label, groups = found_in(given)
    code = codes_of(ego)
    members = list_campaigns(
        Dataset(**given), as_of=END, history_days=400, min_accounts=2,
        lists=lambda until: lists_of(ego, until, 400, n_jobs=1),
    ).members()  # fmt: skip
    clusters: dict[tuple[str, int], set[int]] = {}
    for row in members.to_pylist():
        clusters.setdefault((row["kind"], row["campaign"]), set()).add(code[row["account_id"]])
    wanted = {
        frozenset(each)
        for each in clusters.values()
        if (label[list(each)] == 1).sum() >= (label[list(each)] == 0).sum()
    }
    got = {frozenset(groups.account[groups.cluster == each].tolist()) for each in np.unique(groups.cluster)}
    assert got == wanted
    assert len(wanted) > 10
    in_none = np.setdiff1d(np.arange(ego.n_accounts), groups.account)
    assert (np.bincount(groups.group)[groups.group[in_none]] == 1).all()


def test_mates_are_found() -> None:
    groups = CampaignGroups(np.arange(6), np.array([0, 1, 1, 2, 4, 5]), np.array([0, 0, 1, 1, 2, 2]))
    chosen = np.zeros(6, np.bool_)
    chosen[0] = True
    assert groups.with_mates(chosen).tolist() == [True, True, False, False, False, False]
    assert not each_alone(6).with_mates(chosen).any()
