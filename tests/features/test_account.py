from __future__ import annotations

import math

from hypothesis import given, settings

from tests.worlds import World, account, assert_twin, at, look, sent, worlds


@settings(max_examples=40)
@given(worlds())
def test_kernel_equals_twin(world: World) -> None:
    assert_twin(world, "account")


def test_first_sends_count_from_registration() -> None:
    got = look(
        accounts=[account("a", registered_at=at(100))],
        messages=[sent("a", f"r{k}", 110 + 2 * k) for k in range(100)],
        seconds=1000, days=0,
    )["a"]  # fmt: skip
    assert got["account_age_s"] == 900
    assert got["account_age_first_send_s"] == 10
    assert got["account_time_to_send_10_s"] == 10 + 2 * 9
    assert got["account_time_to_send_100_s"] == 10 + 2 * 99


def test_sends_before_registration_are_negative() -> None:
    got = look("account", accounts=[account("a", registered_at=at(100))], messages=[sent("a", "b", 40)])["a"]
    assert got["account_age_first_send_s"] == -60


def test_registered_before_the_history_has_unknown_first_sends() -> None:
    got = look(
        "account",
        accounts=[account("a", registered_at=at(days=-3))],
        messages=[sent("a", "b", 5)],
        history_days=2,
    )["a"]
    assert got["account_age_s"] == 4 * 86_400
    assert math.isnan(got["account_age_first_send_s"])


def test_facts_of_a_row_not_registered_yet_are_unseen() -> None:
    rows = [account("a", registered_at=at(), is_business=True, country="DE")]
    before, after = (look("account", accounts=rows, days=0, seconds=s)["a"] for s in (0, 0.000001))
    assert all(math.isnan(value) for value in before.values())
    assert after["account_is_business"] == 1
    assert after["account_completeness"] == 3 / 6
    assert after["account_age_s"] == 1e-6


def test_a_sender_without_a_row_has_no_facts() -> None:
    got = look("account", messages=[sent("z", "b", 5)])["z"]
    assert all(math.isnan(value) for value in got.values())
