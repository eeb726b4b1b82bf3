from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds import World, account, assert_twin, at, look, sent, tables_of, worlds


@settings(max_examples=50)
@given(worlds())
def test_kernel_equals_twin(world: World) -> None:
    assert_twin(world, "fan_out")


def test_who_is_a_stranger() -> None:
    got = look(
        "fan_out",
        messages=[
            sent("a", "unknown", 1), sent("a", "lacking", 2, in_contacts=False),
            sent("a", "friend", 3, in_contacts=True),
            sent("wrote", "a", 1), sent("a", "wrote", 4), sent("at_once", "a", 5), sent("a", "at_once", 5),
            sent("a", "late", 6), sent("late", "a", 7), sent("a", "group", 8, is_group=True),
        ],
    )["a"]  # fmt: skip
    assert got["fan_out_recipients"] == 6
    assert got["fan_out_strangers"] == 3  # unknown, lacking, late
    assert got["fan_out_stranger_share"] == 3 / 6
    assert got["fan_out_outside_contacts_share"] == 1 / 2


def test_of_first_messages_at_one_instant_the_least_known_counts() -> None:
    pair = [sent("a", "b", 1, in_contacts=True), sent("a", "b", 1, delivered=False)]
    assert look("fan_out", messages=pair)["a"]["fan_out_strangers"] == 1


def test_strangers_in_a_window() -> None:
    messages = [sent("a", f"r{k}", 100 * k) for k in range(13)] + [sent("a", "r0", 1200)]
    got = look("fan_out", messages=messages)["a"]
    assert got["fan_out_max_strangers_10m"] == 6
    assert got["fan_out_max_strangers_1h"] == got["fan_out_max_strangers_24h"] == 13
    assert (got["fan_out_once"], got["fan_out_once_share"]) == (12, 12 / 13)


def test_entropy_of_even_and_uneven_spread() -> None:
    even = [sent("a", f"r{k}", 10 * k + j) for k in range(4) for j in range(3)]
    assert look("fan_out", messages=even)["a"]["fan_out_entropy"] == 2
    uneven = even + [sent("a", "r0", 100 + k) for k in range(4)]
    p = [7 / 16, 3 / 16, 3 / 16, 3 / 16]
    got = look("fan_out", messages=uneven)["a"]
    assert got["fan_out_entropy"] == pytest.approx(-sum(x * math.log2(x) for x in p))
    assert got["fan_out_messages_per_recipient"] == 4


def test_facts_of_recipients_are_those_known_at_the_first_message() -> None:
    got = look(
        "fan_out",
        accounts=[
            account("a", country="DE"), account("old", registered_at=at(0), country="DE"),
            account("young", registered_at=at(90), country="FR"),
            account("unborn", registered_at=at(100), country="US"),
            account("undated", country="FR"),
        ],
        messages=[sent("a", who, 100) for who in ("old", "young", "unborn", "undated", "nobody")],
    )["a"]  # fmt: skip
    assert got["fan_out_recipient_age_median_s"] == (100 + 10) / 2
    assert got["fan_out_recipient_countries"] == 2
    assert got["fan_out_foreign_share"] == 2 / 3


def test_groups_are_no_people() -> None:
    messages = [sent("a", f"g{k % 3}", 1800 * k, is_group=True, delivered=k > 0) for k in range(6)]
    got = look("fan_out", messages=messages)["a"]
    assert (got["fan_out_groups"], got["fan_out_max_groups_1h"], got["fan_out_recipients"]) == (3, 2, 0)
    assert got["fan_out_undelivered_share"] == 1 / 6
    assert math.isnan(got["fan_out_entropy"])


def test_a_group_may_bear_the_id_of_a_person() -> None:
    got = look(
        "fan_out",
        messages=[sent("a", "b", 1, is_group=True), sent("a", "b", 2), sent("b", "b", 3, is_group=True)],
    )
    assert (got["a"]["fan_out_groups"], got["a"]["fan_out_recipients"]) == (1, 1)
    assert (got["b"]["fan_out_groups"], got["b"]["fan_out_recipients"]) == (1, 0)


@settings(max_examples=30)
@given(worlds(), st.sampled_from(("new", "b", "x")))
def test_more_recipients_never_lower_the_fan_out(world: World, recipient: str) -> None:
    message = tables_of(messages=[sent("a", recipient, 0)])["messages"][0] | {"sent_at": world.as_of - 1}
    names = ["fan_out_recipients", "fan_out_strangers", "fan_out_max_strangers_24h", "fan_out_groups"]
    before = world.extract(features=names).get("a", dict.fromkeys(names, 0.0))
    after = world.with_rows(messages=[*world.tables["messages"], message]).extract(features=names)["a"]
    assert all(after[name] >= before[name] for name in names)
