from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import kernels, simulate
from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.features.co_target import FAMILY, FEATURES, StrangerSpans, stranger_lists
from spamclf.features.extract import AfterSends, snapshot_slices
from spamclf.threads import in_threads
from tests import naive
from tests.features import naive_co_target
from tests.worlds import (
    DAY,
    Row,
    World,
    account,
    at,
    differing,
    disturbed,
    labelled,
    random_world,
    sent,
    shuffled,
    tables_of,
    worlds,
)

NAMES = [feature.name for feature in FEATURES]
Values = dict[Any, dict[str, float]]


def measured(
    world: World, snapshots: Any = None, bounds: Sequence[int] | None = None, n_jobs: int = 1
) -> Values:
    """Values by account, or by (account, instant) of snapshots; the slices cut at `bounds` and handed to threads."""
    ego = EgoLog.build(world.dataset())
    slices = snapshot_slices(ego, [world.as_of], snapshots, world.history_days)
    out = np.full((len(FEATURES), len(slices)), -1.0)
    in_threads(FAMILY.measure(ego, slices, out), [0, len(slices)] if bounds is None else bounds, n_jobs)
    ids = ego.account_ids.to_pylist()
    keys = [
        ids[code] if snapshots is None else (ids[code], int(t))
        for code, t in zip(slices.account, slices.as_of, strict=True)
    ]
    return {
        key: dict(zip(NAMES, values, strict=True)) for key, values in zip(keys, out.T.tolist(), strict=True)
    }


def twin(world: World, who: Any, as_of: int) -> naive.Values:
    return naive_co_target.co_target(naive.View(world.tables, who, as_of, world.history))


def assert_equal(got: dict[str, float], expected: naive.Values) -> None:
    for feature in FEATURES:
        value, wanted = got[feature.name], expected[feature.name]
        if wanted is None:
            assert np.isnan(value), feature.name
        elif feature.unit == "count":
            assert value == wanted, feature.name
        else:
            np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-9, err_msg=feature.name)


def assert_twin(world: World) -> Values:
    values = measured(world)
    for who, got in values.items():
        assert_equal(got, twin(world, who, world.as_of))
    return values


def look(history_days: int = 30, **rows: list[Row]) -> Values:
    return assert_twin(World(tables_of(**rows), at(days=1), history_days * DAY))


def writing(senders: str, recipients: Sequence[str], seconds: float = 0) -> list[Row]:
    return [sent(who, person, seconds + k) for k, person in enumerate(recipients) for who in senders]


# ---- worlds ------------------------------------------------------------------------------------------------------


@st.composite
def lists_worlds(draw: st.DrawFn) -> World:
    """Several accounts that write to few people, over three histories: conversations that begin anew, and ties."""
    history = DAY // 2
    as_of = at(days=1)
    instants = st.one_of(
        st.integers(0, 12).map(lambda k: as_of - k * history // 4),
        st.integers(-1, 1).map(lambda us: as_of - history + us),
        st.integers(as_of - 3 * history, as_of),
    )
    who, person = st.sampled_from("abcdef"), st.sampled_from([*"abuvwxyz"])
    row = st.tuples(
        who, person, instants, st.sampled_from((None, None, False, True)), st.sampled_from((None, True))
    )
    drawn = draw(st.lists(row, max_size=60))
    messages = [
        {"sender_id": s, "recipient_id": r, "sent_at": t, "in_contacts": contact, "is_group": group and r == "z"}
        for s, r, t, contact, group in drawn if s != r
    ]  # fmt: skip
    messages += draw(st.lists(st.sampled_from(messages), max_size=3)) if messages else []
    born = st.one_of(st.none(), instants)
    accounts = [account(name, registered_at=draw(born)) for name in draw(st.lists(who, unique=True))]
    scored = sorted({row["account_id"] for row in accounts} | {row["sender_id"] for row in messages})
    labels = st.tuples(st.sampled_from(scored), st.booleans(), instants) if scored else st.nothing()
    return World(
        tables_of(
            accounts=accounts, messages=messages,
            labels=[
                dict(zip(("account_id", "is_automated", "labelled_at"), values, strict=True))
                for values in (draw(st.lists(labels, max_size=6)) if scored else [])
            ],
        ), as_of, history,
    )  # fmt: skip


def popular_world(seed: int) -> World:
    """Many accounts and few people, so that some are popular and some are known to about ten accounts."""
    rng = random.Random(seed)
    people = [f"r{k}" for k in range(30)]
    messages = [
        sent(f"s{k}", person, -rng.randrange(3 * 86_400), in_contacts=rng.choice((None, None, None, True)))
        for k in range(130)
        for person in rng.sample(people[rng.choice((0, 10, 20)) :], 4)
    ]
    messages += [sent(f"s{k}", "hotline", -rng.randrange(86_400)) for k in range(130)]
    messages += [sent(person, "s1", -rng.randrange(3 * 86_400)) for person in people[:10]]
    labels = [
        labelled(f"s{rng.randrange(130)}", rng.random() < 0.5, -rng.randrange(3 * 86_400)) for _ in range(60)
    ]
    accounts = [account(f"s{k}") for k in range(0, 130, 2)]
    return World(
        tables_of(accounts=accounts, messages=messages, labels=labels_of_listed(labels, accounts)),
        at(0),
        2 * DAY,
    )


def labels_of_listed(labels: list[Row], accounts: list[Row]) -> list[Row]:
    listed = {row["account_id"] for row in accounts}
    return [row for row in labels if row["account_id"] in listed]


@settings(max_examples=80)
@given(worlds())
def test_kernel_equals_twin(world: World) -> None:
    assert_twin(world)


@settings(max_examples=150)
@given(lists_worlds())
def test_kernel_equals_twin_where_lists_overlap(world: World) -> None:
    assert_twin(world)


@settings(max_examples=40)
@given(lists_worlds())
def test_many_instants_of_each_account(world: World) -> None:
    for (who, instant), got in measured(world, AfterSends(1, 2, 3, 5, 8)).items():
        assert_equal(got, twin(world, who, instant))


@pytest.mark.slow
@settings(max_examples=3000)
@given(lists_worlds())
def test_kernel_equals_twin_in_thousands_of_worlds(world: World) -> None:
    assert_twin(world)


def test_popular_recipients() -> None:
    world = popular_world(0)
    got = assert_twin_of_some(world, 25)
    largest = max(values["co_target_others_max"] for values in got.values())
    assert 20 < largest <= 100
    ego = EgoLog.build(world.dataset())
    slices = snapshot_slices(ego, [world.as_of], None, world.history_days)
    _, recipient, _ = stranger_lists(ego, slices)
    assert np.bincount(recipient).max() > 101  # one is popular


def assert_twin_of_some(world: World, n: int) -> Values:
    values = measured(world)
    for who in list(values)[:n]:
        assert_equal(values[who], twin(world, who, world.as_of))
    return values


# ---- what must not matter ----------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(worlds(), st.integers(0, 2**32 - 1))
def test_rows_that_must_not_be_seen(world: World, seed: int) -> None:
    assert not differing(measured(world), measured(disturbed(world, random.Random(seed))))


@settings(max_examples=100)
@given(lists_worlds(), st.integers(0, 2**32 - 1))
def test_messages_that_must_not_be_seen_change_no_list(world: World, seed: int) -> None:
    """Whatever an account wrote before the history does not make a stranger of it known."""
    assert not differing(measured(world), measured(disturbed(world, random.Random(seed))))


@settings(max_examples=30)
@given(lists_worlds(), st.integers(0, 2**32 - 1))
def test_order_of_rows(world: World, seed: int) -> None:
    one, other = measured(world), measured(shuffled(world, random.Random(seed)))
    assert one.keys() == other.keys()
    assert not differing(one, other)


def test_parts_and_threads() -> None:
    world = random_world(5, n_accounts=20, n_messages=600)
    whole = measured(world)
    n = len(whole)
    assert not differing(whole, measured(world, bounds=list(range(n + 1)), n_jobs=3))
    assert not differing(whole, measured(world, bounds=[0, n // 3, n], n_jobs=2))


def test_some_accounts_alone_and_all_at_once() -> None:
    """Whether counts are made first for all, or for each slice, depends on how many slices there are."""
    world = random_world(6, n_accounts=30, n_messages=900)
    whole = measured(world)
    ego = EgoLog.build(world.dataset())
    for code, who in enumerate(ego.account_ids.to_pylist()):
        slices = ego.slices([code], world.as_of, history_days=world.history_days)
        out = np.empty((len(FEATURES), 1))
        FAMILY.measure(ego, slices, out)(0, 1)
        assert not differing({who: whole[who]}, {who: dict(zip(NAMES, out[:, 0].tolist(), strict=True))})


def test_repeated_rows() -> None:
    world = random_world(7)
    rows = world.tables["messages"]
    assert not differing(measured(world), measured(world.with_rows(messages=rows + rows[::2])))


# ---- by hand -----------------------------------------------------------------------------------------------------


def test_a_list_in_two_hands() -> None:
    people = [f"r{k}" for k in range(6)]
    got = look(messages=[*writing("a", people), *writing("b", people, 100), *writing("c", ["x"])])
    for who in "ab":
        assert [got[who][name] for name in NAMES[:7]] == [1, 1, 1, 1, 6, 1, 1]
        assert got[who]["co_target_cluster_accounts"] == got[who]["co_target_cluster_similarity"] == 1
        assert math.isnan(got[who]["co_target_cluster_automated_share"])
    assert got["c"]["co_target_shared_share"] == got["c"]["co_target_closest_recipients"] == 0
    assert math.isnan(got["c"]["co_target_time_overlap"])
    assert math.isnan(got["c"]["co_target_cluster_accounts"])  # one stranger is no list


def test_what_the_labels_say_of_others_not_of_itself() -> None:
    people = [f"r{k}" for k in range(6)]
    rows = {"accounts": [account(who) for who in "abc"], "messages": writing("abc", people)}
    got = look(**rows, labels=[labelled("a", True, 9), labelled("b", True, 9), labelled("b", False, 10)])
    assert math.isnan(got["a"]["co_target_sharers_automated_share"])  # it is labelled: the others would tell
    assert math.isnan(got["b"]["co_target_cluster_automated_share"])
    assert got["c"]["co_target_cluster_automated_share"] == (1 + 1) / (2 + 2)


def test_within_a_day() -> None:
    messages = [sent("a", "x", 0), sent("b", "x", -86_400), sent("a", "y", 0), sent("b", "y", -86_400.000001)]
    got = look(messages=messages)
    assert got["a"]["co_target_time_overlap"] == got["b"]["co_target_time_overlap"] == 1 / 2


def test_friends_and_groups_are_no_strangers() -> None:
    messages = [
        sent("a", "x", 5), sent("a", "y", 5), sent("a", "z", 5), sent("a", "g", 5, is_group=True),
        sent("b", "x", 5, in_contacts=True), sent("b", "g", 6, is_group=True),
        sent("y", "b", 1), sent("b", "y", 5), sent("c", "z", 5), sent("z", "c", 5),
    ]  # fmt: skip
    got = look(messages=messages)
    assert got["a"]["co_target_shared_share"] == 0
    assert math.isnan(got["b"]["co_target_shared_share"])  # it has no strangers
    assert math.isnan(got["c"]["co_target_shared_share"])  # at one instant what it received comes first


def test_the_history_decides_who_is_a_stranger() -> None:
    """An old answer that leaves the history makes a stranger of somebody known: for the others too."""
    messages = [sent("a", "x", 0), sent("x", "b", -9 * 86_400), sent("b", "x", 1)]
    assert look(messages=messages)["a"]["co_target_others_max"] == 0
    assert look(history_days=5, messages=messages)["a"]["co_target_others_max"] == 1


def test_a_hotline_is_on_no_bought_list() -> None:
    for n, most in ((100, 100), (101, 0)):
        messages = [sent(f"s{k}", "hotline", k) for k in range(n + 1)]
        got = measured(World(tables_of(messages=messages), at(days=1), DAY * 2))
        assert {values["co_target_others_max"] for values in got.values()} == {most}
        assert {values["co_target_shared_share"] for values in got.values()} == {most / 100}
        assert {values["co_target_closest_recipients"] for values in got.values()} == {0}


# ---- size --------------------------------------------------------------------------------------------------------


def spans_of(messages: dict[str, Any], history: int) -> tuple[EgoLog, StrangerSpans]:
    ego = EgoLog.build(Dataset(accounts={"account_id": []}, messages=messages, time_unit="us"))
    return ego, StrangerSpans.of(ego, history)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_who_stands_in_long_lists(seed: int, history: int) -> None:
    """One recipient with more spans than are looked at one by one, at every instant."""
    rng = np.random.default_rng(seed)
    n = 400
    ego, spans = spans_of(
        {
            "sender_id": [f"s{k}" for k in rng.integers(0, 40, n)],
            "recipient_id": ["r"] * n,
            "sent_at": rng.integers(1000, 1000 + rng.choice([30, 300, 3000]), n),
        },
        history,
    )
    offsets, entries, late, tops, levels = spans.by_recipient
    code = int(np.argmax(np.diff(offsets)))
    found = np.empty(102, np.int64)
    for until in range(1000, 1400, 7):
        expected = {
            who for who in range(ego.n_accounts)
            if ((mine := ego.time[ego.offsets[who] : ego.offsets[who + 1]]) < until).any()
            and (mine[mine < until] >= until - history).any()
        }  # fmt: skip
        got = kernels.co_target.standing(
            offsets, entries, late, tops, levels, code, until - history, until, found
        )
        accounts = (entries[found[:got], 1] >> 32).tolist()
        assert len(set(accounts)) == got
        assert set(accounts) == expected
        firsts = {who: entries[found[k], 0] for k, who in enumerate(accounts)}
        for who in expected:
            mine = ego.time[ego.offsets[who] : ego.offsets[who + 1]]
            assert firsts[who] == mine[mine >= until - history].min()


def seconds_of(messages: dict[str, Any], counts: tuple[int, ...]) -> float:
    import time

    ego = EgoLog.build(Dataset(accounts={"account_id": []}, messages=messages, time_unit="us"))
    slices = snapshot_slices(ego, [10**15], AfterSends(*counts), 30)
    out = np.empty((len(FEATURES), len(slices)))
    start = time.perf_counter()
    FAMILY.measure(ego, slices, out)(0, len(slices))
    return time.perf_counter() - start


@pytest.mark.parametrize(
    "case", ["one recipient of all", "one sender to all", "one conversation", "two with one list"]
)
def test_nothing_costs_a_square(case: str) -> None:
    measured(random_world(1))  # compiled

    def rows(n: int) -> dict[str, Any]:
        many, one = np.arange(n) + 10, np.zeros(n, np.int64)
        when = 10**12 + np.arange(n) * 60_000_000
        if case == "one recipient of all":
            return {"sender_id": many, "recipient_id": one, "sent_at": when}
        if case == "one sender to all":
            return {"sender_id": one, "recipient_id": many, "sent_at": when}
        if case == "one conversation":
            return {"sender_id": one, "recipient_id": one + 1, "sent_at": when}
        return {"sender_id": many % 2, "recipient_id": many // 2 + 5, "sent_at": when}

    few, more = (min(seconds_of(rows(n), (1, n // 2)) for _ in range(3)) for n in (25_000, 100_000))
    assert more < 12 * few + 0.2


# ---- the catalogue, and what it is for ---------------------------------------------------------------------------


def test_formulas_state_the_numbers_of_the_kernel() -> None:
    kernel = kernels.co_target
    text = " ".join(feature.formula for feature in FEATURES)
    assert re.findall(r"more than (\d+) did", text) == [str(kernel.POPULAR)] * 3
    assert set(re.findall(r"at most (\d+) others", text)) == {str(kernel.FEW)}
    assert set(re.findall(r"at least (\d+) strangers", text)) == {str(kernel.LEAST)}
    assert set(re.findall(r"at least (0\.\d+)", text)) == {str(kernel.SIMILAR)}
    assert (naive_co_target.POPULAR, naive_co_target.FEW) == (kernel.POPULAR, kernel.FEW)
    assert all(27_720 % n == 0 for n in range(1, kernel.FEW + 2))


def test_lists_of_strangers() -> None:
    world = World(
        tables_of(messages=[*writing("a", ["x", "y"]), sent("b", "a", 7), sent("a", "b", 8)]), at(9), DAY
    )
    ego = EgoLog.build(world.dataset())
    row, recipient, instant = stranger_lists(ego, ego.slices([0, 1], world.as_of, history_days=1))
    assert row.tolist() == [0, 0, 1]
    assert instant.tolist() == [at(0), at(1), at(7)]
    assert recipient[2] == 0


def test_bought_lists_stand_out_of_a_simulated_platform() -> None:
    settings = {"n_accounts": 400, "random_state": 3}
    dataset = Dataset(**simulate.world(**settings))
    truth = simulate.truth(**settings)
    bad = dict(zip(truth["account_id"].to_pylist(), truth["is_automated"].to_pylist(), strict=True))
    ego = EgoLog.build(dataset)
    slices = snapshot_slices(ego, [dataset.last_instant() + 1], None, 30)
    out = np.empty((len(FEATURES), len(slices)))
    FAMILY.measure(ego, slices, out)(0, len(slices))
    automated = np.array([bad[who] for who in ego.account_ids.to_pylist()])
    values = out[NAMES.index("co_target_closest_recipients")]
    one, other = values[automated & ~np.isnan(values)], values[~automated & ~np.isnan(values)]
    assert (one[:, None] > other).mean() + 0.5 * (one[:, None] == other).mean() > 0.75


def test_another_history_has_lists_of_its_own() -> None:
    world = random_world(8)
    ego = EgoLog.build(world.dataset())
    for days in (1, 2):
        slices = snapshot_slices(ego, [world.as_of], None, days)
        out = np.empty((len(FEATURES), len(slices)))
        FAMILY.measure(ego, slices, out)(0, len(slices))
        expected = measured(replace(world, history=days * DAY))
        got = dict(
            zip(
                ego.account_ids.to_pylist(),
                (dict(zip(NAMES, v, strict=True)) for v in out.T.tolist()),
                strict=True,
            )
        )
        assert not differing(expected, got)
