"""Parts: later time for later parts, accounts and campaigns on one side, whatever the order of the rows."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spamclf import Dataset, evaluate, simulate, train
from spamclf.ego import EgoLog
from spamclf.errors import InsufficientDataError
from spamclf.groups import campaign_groups, each_alone
from spamclf.instants import DAY_US, to_instant
from spamclf.splits import PARTS, SHARES, Split, latest_labels, split_accounts, with_unlabelled

END = to_instant("2027-01-01")


@cache
def tables() -> dict[str, pa.Table]:
    return dict(simulate.world(700, 30, random_state=1028, media=False))


def made(data: Dataset, end: int = END) -> tuple[EgoLog, np.ndarray, Split]:
    ego = EgoLog.build(data)
    label = latest_labels(ego, end)
    return ego, label, split_accounts(ego, end, label, campaign_groups(ego, end, label))


@cache
def usual() -> tuple[EgoLog, np.ndarray, Split]:
    return made(Dataset(**tables()))


def first_sends(ego: EgoLog, end: int = END) -> dict[int, int]:
    first: dict[int, int] = {}
    for account in range(ego.n_accounts):
        mine = slice(ego.offsets[account], ego.offsets[account + 1])
        sent = ego.time[mine][(ego.flag[mine] & 1) != 0]
        if sent.size and sent.min() < end:
            first[account] = int(sent.min())
    return first


def test_labelled_senders_have_a_part() -> None:
    """All but automated ones of a cluster that had to be cut."""
    ego, label, split = usual()
    senders = {k for k in first_sends(ego) if label[k] >= 0}
    inside = set(np.flatnonzero(split.part >= 0).tolist())
    assert inside <= senders
    assert len(senders - inside) == split.n_left_out
    assert all(label[k] == 1 for k in senders - inside)


def test_time_is_cut_in_three() -> None:
    _, _, split = usual()
    low, first, second, last = split.bounds
    assert low < first < second < last == int(usual()[0].time.max()) + 1
    account = np.flatnonzero(split.part >= 0)
    begin, until = split.window(account)
    for k in range(len(PARTS)):
        assert set(begin[split.part[account] == k]) == {split.bounds[k]}
        assert set(until[split.part[account] == k]) == {split.bounds[k + 1]}


def test_logs_one_after_the_other_are_cut_between_them() -> None:
    """Five worlds: three train, one calibrates, one tests; no account is seen for the rest of a world only."""
    ego, _, split = made(evaluate.worlds_in_a_row(range(1, 6), 200).dataset)
    quiet = np.flatnonzero(np.diff(np.sort(ego.time)) > 30 * DAY_US)
    ends = (np.sort(ego.time)[quiet] // DAY_US + 1) * DAY_US
    assert split.bounds[1:3] == (ends[2], ends[3])
    _, _, mixed = made(evaluate.worlds_in_a_row({1: {}, 2: {"n_accounts": 1000}, 3: {}}, 200).dataset)
    assert not np.isin(mixed.bounds[1:3], ends).any()  # no silence is near: as usual


def test_campaigns_that_began_later_are_in_a_later_part() -> None:
    """A campaign began with its first account; those that began early are in all three parts."""
    ego, label, split = usual()
    began: dict[int, int] = {}
    for account, instant in first_sends(ego).items():
        if label[account] >= 0:
            group = int(split.groups.group[account])
            began[group] = min(began.get(group, instant), instant)
    early = set()
    automated = {int(group) for group in split.groups.group[(label == 1) & (split.part >= 0)]}
    for account in np.flatnonzero(split.part >= 0):
        if int(split.groups.group[account]) not in automated:
            continue
        instant = began[int(split.groups.group[account])]
        stretch = sum(instant >= cut for cut in split.bounds[1:3])
        if stretch:
            assert split.part[account] == stretch
        else:
            early.add(int(split.part[account]))
    assert early == {0, 1, 2}


def test_honest_newcomers_are_as_rare_in_every_part() -> None:
    """Who calibrates is what a later instant brings, neither newer nor older."""
    ego, label, split = usual()
    began = first_sends(ego)
    honest = np.flatnonzero((label == 0) & (split.part >= 0))
    is_new = np.array([began[int(account)] > split.bounds[1] for account in honest])
    shares = [is_new[split.part[honest] == part].mean() for part in range(len(PARTS))]
    assert is_new.mean() > 0.05
    assert max(shares) - min(shares) < 0.12


@pytest.mark.parametrize("is_automated", [0, 1])
def test_parts_have_their_shares(is_automated: int) -> None:
    _, label, split = usual()
    mine = split.part[(label == is_automated) & (split.part >= 0)]
    shares = np.bincount(mine, minlength=3) / mine.size
    assert shares == pytest.approx(SHARES, abs=0.15)


def test_a_campaign_is_on_one_side() -> None:
    _, label, split = usual()
    for chosen in (split.part >= 0, (split.part >= 0) & (label == 1)):
        groups = split.groups.group[chosen]
        for group in np.unique(groups):
            assert np.unique(split.part[(split.groups.group == group) & chosen]).size == 1
        assert np.unique(groups, return_counts=True)[1].max() > 3


def test_no_automated_account_has_a_mate_in_an_earlier_part() -> None:
    """By a plain loop over clusters; campaigns share texts and lists here, so that some chains have to be cut."""
    n_cut, n_left_out, automated = 0, 0, 0
    for seed in (7, 8, 9):
        settings = {"automated_share": 0.3, "families": ("group_spammer", "sim_farm")}
        data = Dataset(**simulate.world(900, 30, random_state=seed, **settings))
        _, label, split = made(data)
        for cluster in np.unique(split.groups.cluster):
            members = split.groups.account[split.groups.cluster == cluster]
            assert (label[members] == 1).sum() >= (label[members] == 0).sum()
            inside = members[(split.part[members] >= 0) & (label[members] == 1)]
            assert np.unique(split.part[inside]).size <= 1
            n_cut += np.unique(split.groups.group[members]).size > 1
            automated += inside.size
        n_left_out += split.n_left_out
    assert automated > 150
    assert n_cut > 0
    assert 0 < n_left_out < 0.3 * automated


def test_the_library_s_own_audit_finds_no_leak_in_it() -> None:
    data = Dataset(**simulate.world(900, 30, random_state=7))
    found = evaluate.audit_leakage(data, ["send_rate"], split=train.split(data), n_instants=0)
    assert [each for each in found.findings if each.severity == "leak"] == []


def test_the_order_of_rows_does_not_matter() -> None:
    ego, _, split = usual()
    rng = random.Random(3)
    shuffled = {
        name: table.take(rng.sample(range(len(table)), len(table))) for name, table in tables().items()
    }
    other_ego, _, other = made(Dataset(**shuffled))

    def by_id(log: EgoLog, values: np.ndarray) -> dict[Any, Any]:
        return dict(zip(log.account_ids.to_pylist(), values.tolist(), strict=True))

    assert by_id(ego, split.part) == by_id(other_ego, other.part)
    assert split.bounds == other.bounds


def test_later_rows_change_nothing() -> None:
    end = to_instant("2026-05-25")
    ego, _, split = made(Dataset(**tables()), end)
    times = {"messages": "sent_at", "photos": "set_at", "texts": "observed_at", "labels": "labelled_at"}
    cut = {
        name: table.filter(pa.compute.less(table[times[name]].cast("int64"), end)) if name in times else table
        for name, table in tables().items()
    }
    other_ego, _, other = made(Dataset(**cut), end)
    assert (
        ego.account_ids.to_pylist()[: len(tables()["accounts"])]
        == (other_ego.account_ids.to_pylist()[: len(tables()["accounts"])])
    )
    n = len(tables()["accounts"])
    assert np.array_equal(split.part[:n], other.part[:n])
    assert split.bounds == other.bounds


def test_nobody_sent() -> None:
    silent = Dataset(**(tables() | {"messages": tables()["messages"].slice(0, 0)}))
    with pytest.raises(InsufficientDataError, match="labelled accounts must have sent messages"):
        made(silent)


# ---- accounts without a label ------------------------------------------------------------------------------------


def half_labelled() -> dict[str, pa.Table]:
    """The world without the labels of every other account."""
    labels = tables()["labels"]
    return tables() | {"labels": labels.filter(pa.array([k % 2 == 0 for k in range(labels.num_rows)]))}


@cache
def half() -> tuple[EgoLog, np.ndarray, Split]:
    return made(Dataset(**half_labelled()))


def test_unlabelled_accounts_train_unless_their_campaign_is_elsewhere() -> None:
    ego, label, split = half()
    more = with_unlabelled(ego, split, label)
    assert np.array_equal(more.part[label >= 0], split.part[label >= 0])
    assert more.bounds == split.bounds
    assert more.groups is split.groups
    taken = (label < 0) & (more.part >= 0)
    assert set(more.part[taken]) == {0}
    of_group: dict[int, set[int]] = {}
    for group, part in zip(more.groups.group.tolist(), more.part.tolist(), strict=True):
        if part >= 0:
            of_group.setdefault(group, set()).add(part)
    assert all(len(parts) == 1 for parts in of_group.values())
    # There is something to keep out: the unlabelled members of campaigns in later parts.
    later = set(split.groups.group[split.part > 0].tolist())
    assert sum(int(group) in later for group in split.groups.group[label < 0]) > 3
    # ... and something to let in: of those who are free and sent in time, six in ten.
    first = first_sends(ego, split.bounds[1])
    free = [k for k in np.flatnonzero(label < 0) if k in first and int(split.groups.group[k]) not in later]
    assert set(np.flatnonzero(taken)) <= set(free)
    assert taken.sum() / len(free) == pytest.approx(0.6, abs=0.15)
    assert len(free) > 60


def test_who_never_sent_stays_out() -> None:
    """As of the labelled ones: else whoever is silent would be taken for honest."""
    ego, label, split = half()
    more = with_unlabelled(ego, split, label)
    sent = first_sends(ego, split.bounds[1])
    silent = np.array([k for k in range(ego.n_accounts) if k not in sent])
    assert (label[silent] < 0).sum() > 20
    assert (more.part[silent[label[silent] < 0]] == -1).all()


def test_the_order_of_rows_does_not_matter_to_unlabelled_ones() -> None:
    turned = {
        name: table.take(pa.array(np.arange(len(table))[::-1])) for name, table in half_labelled().items()
    }
    found = []
    for ego, label, split in (half(), made(Dataset(**turned))):
        part = with_unlabelled(ego, split, label).part.tolist()
        found.append(dict(zip(ego.account_ids.to_pylist(), part, strict=True)))
    assert found[0] == found[1]


# ---- campaigns that nobody asked to keep whole --------------------------------------------------------------------


def test_without_campaigns_each_account_is_alone() -> None:
    """What `whole_campaigns=False` does: parts share campaigns, yet no account, and keep their shares better."""
    ego, label, split = usual()
    alone = split_accounts(ego, END, label, each_alone(ego.n_accounts))
    assert alone.bounds == split.bounds
    assert ((alone.part >= 0) & (split.part < 0)).sum() == split.n_left_out
    assert not ((alone.part < 0) & (split.part >= 0)).any()
    group = split.groups.group
    cut = [g for g in np.unique(group) if len(set(alone.part[(group == g) & (alone.part >= 0)])) > 1]
    assert len(cut) > 3
    first = first_sends(ego)
    for account in np.flatnonzero(alone.part >= 0):
        stretch = sum(first[account] >= bound for bound in alone.bounds[1:3])
        assert alone.part[account] == stretch or stretch == 0 or label[account] == 0


def test_a_campaign_that_labels_name_stays_whole_however_large() -> None:
    """Clusters are joined up to a tenth of the labelled accounts; a campaign that somebody named is no guess."""
    labels = tables()["labels"]
    named = pa.array(["one" if flag else None for flag in labels["is_automated"].to_pylist()])
    place = labels.column_names.index("campaign")
    data = Dataset(**(tables() | {"labels": labels.set_column(place, "campaign", named)}))
    _, label, split = made(data)
    automated = (label == 1) & (split.part >= 0)
    assert automated.sum() > 0.1 * (label >= 0).sum()
    assert np.unique(split.groups.group[label == 1]).size == 1
    assert np.unique(split.part[automated]).size == 1
