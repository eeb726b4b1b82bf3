from __future__ import annotations

import math

from hypothesis import given, settings

from tests.worlds import World, account, assert_twin, look, sent, worlds


@settings(max_examples=40)
@given(worlds())
def test_kernel_equals_twin(world: World) -> None:
    assert_twin(world, "replies")


def test_reply_debt_and_late_answers() -> None:
    got = look(
        "replies",
        messages=[
            sent("a", "never", 0), sent("a", "soon", 0), sent("soon", "a", 60), sent("a", "edge", 0),
            sent("edge", "a", 86_400), sent("a", "late", 0), sent("late", "a", 86_401),
            sent("a", "mate", 0, in_contacts=True),
        ],
        days=3,
    )["a"]  # fmt: skip
    assert got["replies_debt"] == 1  # a friend owes nothing
    assert got["replies_recipient_share"] == 3 / 5
    assert got["replies_stranger_24h_share"] == 2 / 4
    assert got["replies_latency_median_s"] == 86_400
    assert got["replies_in_out_ratio"] == 3 / 5
    assert got["replies_began_share"] == 1


def test_an_answer_counts_from_the_first_message_not_yet_answered() -> None:
    talk = [sent("a", "b", 0), sent("a", "b", 10), sent("b", "a", 30), sent("b", "a", 35), sent("a", "b", 50)]
    got = look("replies", messages=talk)
    assert got["a"]["replies_latency_median_s"] == 30
    assert got["a"]["replies_own_latency_median_s"] == 20
    assert got["b"]["replies_latency_median_s"] == 20
    assert got["b"]["replies_own_latency_median_s"] == 30
    assert (got["a"]["replies_began_share"], got["b"]["replies_began_share"]) == (1, 0)


def test_at_one_instant_the_received_message_comes_first() -> None:
    got = look("replies", messages=[sent("a", "b", 5), sent("b", "a", 5)])
    for who in ("a", "b"):
        assert got[who]["replies_recipient_share"] == 0
        assert got[who]["replies_own_latency_median_s"] == 0
        assert got[who]["replies_began_share"] == 0


def test_warm_up_pool_is_perfectly_mutual() -> None:
    pool = [sent("a", "b", 0), sent("b", "a", 1), sent("a", "c", 2), sent("c", "a", 3), sent("a", "d", 4)]
    assert look("replies", messages=pool)["a"]["replies_mutual_share"] == 2 / 3


def test_groups_count_as_sends_alone() -> None:
    got = look("replies", messages=[sent("a", "g", 0, is_group=True), sent("b", "a", 1)])["a"]
    assert got["replies_in_out_ratio"] == 1
    assert math.isnan(got["replies_recipient_share"])


def test_a_silent_account_has_nothing_to_share() -> None:
    got = look("replies", accounts=[account("a")])["a"]
    assert got.pop("replies_debt") == 0
    assert all(math.isnan(value) for value in got.values())
