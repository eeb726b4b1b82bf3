from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf.ego import EgoLog
from spamclf.facts import column_of
from spamclf.features import CATALOGUE
from spamclf.features.extract import measure, snapshot_slices
from spamclf.shards import Summary, part_of, shard_of, spans_of
from tests.features.test_co_target import lists_worlds
from tests.worlds import World, worlds

NAMES = tuple(CATALOGUE)


def skeleton_of(ego: EgoLog) -> EgoLog:
    """What is left of a log without its messages, numbered from their ids alone."""
    messages = ego.dataset.messages
    recipients, groups = column_of(messages, "recipient_id"), 0
    if "is_group" in messages.column_names:
        grouped = pc.fill_null(column_of(messages, "is_group"), False)
        groups = len(recipients.filter(grouped).unique())
        recipients = recipients.filter(pc.invert(grouped))
    skeleton, people = EgoLog.numbered(
        ego.dataset, column_of(messages, "sender_id").unique(), recipients.unique(), groups
    )
    assert skeleton.account_ids.equals(ego.account_ids)
    assert people.slice(0, len(ego.people())).equals(ego.people())  # reporters come after
    assert skeleton.n_peers == ego.n_peers
    return skeleton.remembering(ego.memory)


def shard(ego: EgoLog, number: int, n_shards: int) -> EgoLog:
    """The entries of a shard's accounts alone."""
    mine = shard_of(np.arange(ego.n_accounts), n_shards) == number
    counts = np.where(mine, np.diff(ego.offsets), 0)
    kept = np.repeat(mine, np.diff(ego.offsets))
    typed = ego.typed_s[kept] if ego.typed_s.size else ego.typed_s
    return replace(
        ego, offsets=np.append(0, np.cumsum(counts)), time=ego.time[kept], peer=ego.peer[kept], flag=ego.flag[kept],
        typed_s=typed, _derived={},
    )  # fmt: skip


def assert_shards_equal_the_whole(world: World, n_shards: int) -> None:
    ego = EgoLog.build(world.dataset(), n_jobs=1)
    slices = snapshot_slices(ego, [world.as_of], None, world.history_days)
    wanted = measure(ego, slices, NAMES, n_jobs=1)
    skeleton = skeleton_of(ego)
    parts = [shard(ego, number, n_shards) for number in range(n_shards)]
    owner = shard_of(np.arange(ego.n_accounts), n_shards)
    summary, strangers = Summary.empty(ego.n_accounts), []
    for number, part in enumerate(parts):
        own = np.flatnonzero(owner == number)
        told, listed = Summary.of(part, part.slices(own, world.as_of, history_days=world.history_days))
        summary.put(own, told)
        strangers.append(listed)
    spans = spans_of(strangers, summary, ego.n_peers)
    for number, part in enumerate(parts):
        whole = part_of(skeleton, part, summary, spans, world.as_of, world.history)
        own = np.flatnonzero(owner == number)
        got = measure(whole, whole.slices(own, world.as_of, history_days=world.history_days), NAMES, n_jobs=1)
        different = (got.view(np.int64) != wanted[:, own].view(np.int64)) & ~(
            np.isnan(got) & np.isnan(wanted[:, own])
        )
        assert not different.any(), [NAMES[k] for k in np.flatnonzero(different.any(axis=1))]


@settings(max_examples=50)
@given(worlds(), st.integers(1, 4))
def test_shards_equal_the_whole(world: World, n_shards: int) -> None:
    assert_shards_equal_the_whole(world, n_shards)


@settings(max_examples=25)
@given(lists_worlds(), st.integers(2, 5))
def test_shards_equal_the_whole_where_lists_overlap(world: World, n_shards: int) -> None:
    assert_shards_equal_the_whole(world, n_shards)


@pytest.mark.slow
@settings(max_examples=500)
@given(st.one_of(worlds(), lists_worlds()), st.integers(2, 5))
def test_shards_equal_the_whole_in_thousands_of_worlds(world: World, n_shards: int) -> None:
    assert_shards_equal_the_whole(world, n_shards)


def test_neighbours_part() -> None:
    counts = np.bincount(shard_of(np.arange(10_000), 7), minlength=7)
    assert counts.min() > 1300
    assert (shard_of(np.arange(10), 1) == 0).all()
