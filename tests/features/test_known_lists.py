"""Recipient lists that are remembered count for the cluster features of `co_target`, and for nothing else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset, kernels
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.recipients import SCHEME, WEIGHT
from spamclf.campaigns.sightings import Sightings, pseudonyms
from spamclf.campaigns.verdicts import Labels
from spamclf.ego import EgoLog
from spamclf.errors import SchemaError
from spamclf.features.co_target import FAMILY, FEATURES
from spamclf.features.extract import snapshot_slices
from spamclf.features.known_lists import N_ROWS, lists_remembered
from spamclf.lists import lists_of
from tests import doors, naive
from tests.features import naive_known_lists
from tests.features.naive_known_lists import Remembered
from tests.worlds import DAY, Row, World, account, at, differing, random_world, sent, tables_of

NAMES = [feature.name for feature in FEATURES]
CLUSTER = ("co_target_cluster_accounts", "co_target_cluster_similarity", "co_target_cluster_automated_share")


def index_of(memory: Sequence[Remembered], labels: Labels | None = None) -> CampaignIndex:
    rows = [(each.account, instant, each.signature) for each in memory for instant in {each.first, each.last}]
    who, instant, words = zip(*rows, strict=True)
    seen = Sightings.of("list", str(SCHEME), pseudonyms(pa.array(who)), instant, np.array(words, np.uint32))
    return CampaignIndex().add(seen, labels=labels)


def features(world: World, memory: CampaignIndex | None) -> dict[Any, dict[str, float]]:
    ego = EgoLog.build(world.dataset()).remembering(memory)
    slices = snapshot_slices(ego, [world.as_of], None, world.history_days)
    out = np.empty((len(FEATURES), len(slices)))
    FAMILY.measure(ego, slices, out)(0, len(slices))
    values = (dict(zip(NAMES, column, strict=True)) for column in out.T.tolist())
    return dict(zip(ego.account_ids.to_pylist(), values, strict=True))


def writing(who: str, people: Sequence[str], seconds: float = 0) -> list[Row]:
    return [sent(who, person, seconds + k) for k, person in enumerate(people)]


def world_of(messages: list[Row], **tables: list[Row]) -> World:
    names = sorted({row["sender_id"] for row in messages})
    tables = {"accounts": [account(name) for name in names]} | tables
    return World(tables_of(messages=messages, **tables), at(days=1), 30 * DAY)


def bought(name: str, people: Sequence[str], last: int, popular: Sequence[str] = ()) -> Remembered:
    return Remembered(name, frozenset(people), frozenset(popular), last - 1000, last)


# ---- the twin ----------------------------------------------------------------------------------------------------


def a_memory(world: World, rng: random.Random, n: int) -> tuple[World, list[Remembered]]:
    """The world with a few accounts that write to few people, and lists of the same and other people and accounts."""
    rows = [*world.tables["messages"]]
    rows += [
        dict.fromkeys(rows[0]) | {"sender_id": f"p{rng.randrange(6)}", "recipient_id": f"q{rng.randrange(9)}"}
        | {"sent_at": world.as_of - rng.randrange(-DAY, 3 * DAY)}
        for _ in range(60)
    ]  # fmt: skip
    people = [*(f"q{k}" for k in range(12)), *(f"p{k}" for k in range(6))]
    memory = []
    for _ in range(n):
        some = frozenset(rng.sample(people, rng.randrange(2, 14)))
        popular = some if rng.random() < 0.3 else frozenset(rng.sample(sorted(some), rng.randrange(2)))
        last = world.as_of - rng.choice([-1, 0, 1, DAY, 2 * DAY, 2 * DAY + 1, rng.randrange(3 * DAY)])
        memory.append(Remembered(rng.choice(["x", "y", "p0", "p1", "p2"]), some, popular, last - 5, last))
    return world.with_rows(messages=rows), memory


@st.composite
def memories(draw: st.DrawFn) -> tuple[World, list[Remembered]]:
    world = random_world(draw(st.integers(0, 30)), n_accounts=6, n_messages=draw(st.sampled_from([40, 120])))
    return a_memory(world, random.Random(draw(st.integers(0, 2**32))), draw(st.integers(1, 12)))


@settings(max_examples=6)
@given(memories())
def test_equals_the_slow_twin(drawn: tuple[World, list[Remembered]]) -> None:
    assert_twin(*drawn)


@pytest.mark.slow
@settings(max_examples=200)
@given(memories())
def test_equals_the_slow_twin_at_length(drawn: tuple[World, list[Remembered]]) -> None:
    assert_twin(*drawn)


def test_the_twin_finds_something() -> None:
    assert (
        sum(assert_twin(*a_memory(random_world(seed, 6, 40), random.Random(seed), 12)) for seed in range(3))
        > 3
    )


def assert_twin(world: World, memory: list[Remembered]) -> int:
    """Return how many accounts were found in all."""
    ego = EgoLog.build(world.dataset()).remembering(index_of(memory))
    slices = snapshot_slices(ego, [world.as_of], None, world.history_days)
    out = np.zeros((N_ROWS, len(slices)))
    work = lists_remembered(ego, slices, out)
    work(0, 2)
    work(2, len(slices))
    for who, (accounts, similarity, *_) in zip(ego.account_ids.to_pylist(), out.T.tolist(), strict=True):
        view = naive.View(world.tables, who, world.as_of, world.history)
        assert (accounts, similarity) == pytest.approx(_expected(view, memory))
    return int(out[0].sum())


def _expected(view: naive.View, memory: list[Remembered]) -> tuple[int, float]:
    accounts, similarity = naive_known_lists.known(view, memory)
    return len(accounts), similarity


# ---- what it is good for -----------------------------------------------------------------------------------------


def test_a_known_list_is_recognised_at_the_next_account() -> None:
    people = [f"r{k}" for k in range(40)]
    memory = [bought(f"m{k}", people[k : k + 35], at(-3600 - k)) for k in range(5)]
    labels = Labels.of(pseudonyms(pa.array(["m0", "m1", "m2"])), [at(-60)] * 3, [True, True, False])
    world = world_of([*writing("new", people[:30]), *writing("honest", [f"s{k}" for k in range(30)])])
    found = features(world, index_of(memory, labels))
    assert [found["new"][name] for name in CLUSTER][::2] == [5, 3 / 5]
    assert found["new"][CLUSTER[1]] == pytest.approx(30 / 36, abs=0.12)
    assert [found["honest"][name] for name in CLUSTER[:2]] == [0, 0]
    without = features(world, None)
    assert without["new"]["co_target_cluster_accounts"] == 0
    assert {name for _, name in differing(found, without)} == set(CLUSTER)


@pytest.mark.parametrize("popular", [0, 20, 40])
def test_popular_then_or_not_a_list_is_the_same(popular: int) -> None:
    """A list in a hundred hands was signed with small weights; the newcomer alone writes to its people now."""
    people = [f"r{k}" for k in range(40)]
    memory = [bought("m", people, at(-60), people[:popular])]
    assert features(world_of(writing("new", people)), index_of(memory))["new"][CLUSTER[0]] == 1


def test_labels_of_now_count_for_accounts_of_then() -> None:
    people = [f"r{k}" for k in range(20)]
    rows = [{"account_id": "m", "is_automated": True, "labelled_at": at(50)}]
    accounts = [account("new"), account("m")]
    world = world_of(writing("new", people), accounts=accounts, labels=rows)
    memory = index_of([bought("m", people, at(-60))])
    assert features(world, memory)["new"][CLUSTER[2]] == 2 / 3
    assert np.isnan(features(world, None)["new"][CLUSTER[2]])


def test_who_is_at_hand_is_not_counted_twice() -> None:
    """The data show what `other` wrote to; its remembered list says no more. One that they do not show counts."""
    people = [f"r{k}" for k in range(20)]
    world = world_of([*writing("new", people), *writing("other", people, 100)])
    memory = [bought("other", people, at(110))]
    assert features(world, index_of(memory))["new"][CLUSTER[0]] == 1
    assert features(world, index_of([*memory, bought("gone", people, at(110))]))["new"][CLUSTER[0]] == 2
    before = [bought("other", people, at(-50))]  # not covered by the data, which begin later
    few = world_of([*writing("new", people), *writing("other", ["z"], 100)])
    assert features(few, index_of(before))["new"][CLUSTER[0]] == 1
    assert features(few, index_of([bought("other", people, at(105))]))["new"][CLUSTER[0]] == 0


def test_two_lists_of_one_account_are_one_account() -> None:
    people = [f"r{k}" for k in range(20)]
    memory = [bought("m", people, at(-60)), bought("m", people[1:], at(-30))]
    assert features(world_of(writing("new", people)), index_of(memory))["new"][CLUSTER[0]] == 1


def test_an_own_list_does_not_count() -> None:
    people = [f"r{k}" for k in range(20)]
    memory = index_of([bought("new", people, at(-60))])
    assert [features(world_of(writing("new", people)), memory)["new"][name] for name in CLUSTER[:2]] == [0, 0]


def test_the_data_themselves_remembered_change_nothing() -> None:
    data = doors.dataset()
    until = (data.last_instant() or 0) + 1
    ego = EgoLog.build(data)
    memory = CampaignIndex().add(lists_of(ego, until, 30).sightings)
    assert len(memory.lists.words) > 50
    for as_of in (until, until + 3 * DAY):
        slices = snapshot_slices(ego, [as_of], None, 30)
        with_memory, without = (np.empty((len(FEATURES), len(slices))) for _ in range(2))
        FAMILY.measure(ego.remembering(memory), slices, with_memory)(0, len(slices))
        FAMILY.measure(ego, slices, without)(0, len(slices))
        np.testing.assert_array_equal(with_memory, without)


# ---- what is not seen, and what it costs -------------------------------------------------------------------------


def test_the_look_back_ends_a_remembered_list() -> None:
    people = [f"r{k}" for k in range(20)]
    world = world_of(writing("new", people))
    for last, seen in ((0, 0), (-1, 1), (-30 * DAY, 1), (-30 * DAY - 1, 0)):
        memory = index_of([bought("m", people, world.as_of + last)])
        assert features(world, memory)["new"][CLUSTER[0]] == seen, last


@given(st.integers(0, 2**32))
@settings(max_examples=10)
def test_what_the_memory_knows_later_changes_nothing(seed: int) -> None:
    rng = random.Random(seed)
    people = [f"r{k}" for k in range(30)]
    world = world_of(writing("new", people[:20]))
    draw = [
        bought(f"m{k}", rng.sample(people, 20), world.as_of + rng.randrange(-DAY, DAY)) for k in range(30)
    ]
    whole = index_of(draw)
    found, before = features(world, whole), features(world, whole.before(world.as_of))
    assert not differing(found, before)
    assert found["new"][CLUSTER[0]] > 0


def test_of_many_with_one_list_the_latest_thousand_count() -> None:
    """And those who come later crowd nobody out."""
    people = [f"r{k}" for k in range(20)]
    world = world_of(writing("new", people))
    most = kernels.known_lists.MOST
    earlier = [bought(f"m{k}", people, world.as_of - 1 - k) for k in range(most + 50)]
    later = [bought(f"n{k}", people, world.as_of + k) for k in range(most + 50)]
    latest = pseudonyms(pa.array([f"m{k}" for k in range(most)]))
    labels = Labels.of(latest, [world.as_of - DAY] * most, [True] * most)
    found = features(world, index_of([*earlier, *later], labels))["new"]
    assert found[CLUSTER[0]] == most
    assert found[CLUSTER[2]] == (most + 1) / (most + 2)


def test_of_many_like_lists_a_thousand_are_compared() -> None:
    rng = random.Random(0)
    people = [f"r{k}" for k in range(40)]
    world = world_of(writing("new", people))
    most = kernels.known_lists.MOST
    memory = [bought(f"m{k}", rng.sample(people, 34), world.as_of - 1 - k) for k in range(most + 100)]
    assert len({each.signature for each in memory}) > most
    assert features(world, index_of(memory))["new"][CLUSTER[0]] == most


def test_lists_of_another_scheme_are_refused() -> None:
    people = [f"r{k}" for k in range(20)]
    memory = index_of([bought("m", people, at(-60))])
    other = replace(
        memory, lists=replace(memory.lists, scheme=memory.lists.scheme.replace("seed=1", "seed=2"))
    )
    with pytest.raises(SchemaError, match=r"recipient lists: scheme must be .* seed=1"):
        features(world_of(writing("new", people)), other)


def test_formulas_state_the_numbers_of_the_kernel() -> None:
    kernel = kernels.known_lists
    formula = next(f.formula for f in FEATURES if f.name == CLUSTER[0])
    assert f"at least {kernel.MATCHES} of {kernels.bands.N_VALUES} MinHash values" in formula
    assert f"one of {kernel.N_KEYS} values" in formula
    assert f"weighing 1 or {kernel.WEIGHT} each" in formula
    assert formula.count(f"at most {kernel.MOST:,}") == 2
    assert kernel.WEIGHT == WEIGHT
    assert np.ceil(kernels.co_target.SIMILAR * 128) == kernel.MATCHES


def test_groups_and_integer_ids() -> None:
    """Ids of recipients are what a list is made of, in whatever type they come."""
    people = list(range(100, 130))
    memory = [bought("1", [str(each) for each in people], at(-60))]
    data = Dataset(
        accounts={"account_id": [7]},
        messages={
            "sender_id": [7] * 31,
            "recipient_id": [99, *people],
            "sent_at": [at(k) for k in range(31)],
            "is_group": [True] + [False] * 30,
        },
        time_unit="us",
        not_after="2040-01-01",
    )
    ego = EgoLog.build(data).remembering(index_of(memory))
    slices = snapshot_slices(ego, [at(days=1)], None, 30)
    out = np.zeros((N_ROWS, len(slices)))
    lists_remembered(ego, slices, out)(0, len(slices))
    assert out[:2].tolist() == [[1], [1]]
