from __future__ import annotations

import math

import pytest
from hypothesis import given, settings

from tests.worlds import World, account, assert_twin, at, look, sent, worlds


@settings(max_examples=40)
@given(worlds())
def test_kernel_equals_twin(world: World) -> None:
    assert_twin(world, "send_rate")


def test_windows_are_half_open() -> None:
    times = [0, 14.999999, 15, 59.999999, 3599.999999, 3600, 86_399.999999]
    got = look("send_rate", messages=[sent("a", f"r{k}", s) for k, s in enumerate(times)])["a"]
    assert got["send_rate_sends"] == 7
    assert got["send_rate_max_15s"] == 2  # 0 and 14.999999, or 14.999999 and 15; never 0 and 15
    assert got["send_rate_max_1m"] == 4
    assert got["send_rate_max_1h"] == 5  # from 0 to 3599.999999, or without 0 to 3600
    assert got["send_rate_max_24h"] == 7
    assert got["send_rate_busiest_hour_share"] == 5 / 7
    assert got["send_rate_per_active_day"] == 7


def test_first_hour_and_minutes_of_life() -> None:
    messages = [sent("a", "b", s) for s in (-10, 0, 3599, 3600, 7199)]
    got = look(
        "send_rate", accounts=[account("a", registered_at=at())], messages=messages, seconds=7200, days=0
    )["a"]
    assert got["send_rate_first_hour"] == 3
    assert got["send_rate_per_minute_of_life"] == 5 / 120
    young = look(
        "send_rate", accounts=[account("a", registered_at=at())], messages=messages, seconds=1, days=0
    )["a"]
    assert young["send_rate_per_minute_of_life"] == 2 / 1  # of less than a minute one is made


def test_life_before_the_history_does_not_count() -> None:
    got = look(
        "send_rate",
        accounts=[account("a", registered_at=at(days=-9))],
        messages=[sent("a", "b", 5)],
        history_days=2,
    )["a"]
    assert math.isnan(got["send_rate_first_hour"])
    assert got["send_rate_per_minute_of_life"] == 1 / (2 * 24 * 60)


def test_slope_of_a_steady_climb() -> None:
    messages = [sent("a", "b", 86_400 * day + k) for day in range(5) for k in range(2 * day + 1)]
    assert look("send_rate", messages=messages, days=5)["a"]["send_rate_slope"] == pytest.approx(2.0)
    assert math.isnan(look("send_rate", messages=messages, days=1)["a"]["send_rate_slope"])


def test_without_sends_counts_are_zero_and_shares_null() -> None:
    got = look("send_rate", accounts=[account("a")], messages=[sent("b", "a", 1)])["a"]
    assert got["send_rate_sends"] == got["send_rate_max_24h"] == 0
    assert math.isnan(got["send_rate_busiest_hour_share"])
    assert math.isnan(got["send_rate_per_active_day"])
