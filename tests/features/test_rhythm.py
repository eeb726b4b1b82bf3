from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import plain
from tests.worlds import START, World, assert_equal_values, assert_twin, look, sent, tables_of, worlds


def _rhythm(gaps: list[float], *, first: float = 0.0, **facts: object) -> dict[str, float]:
    """The rhythm of an account that leaves these gaps, in seconds, between its sends."""
    times = np.concatenate([[first], first + np.cumsum(gaps)])
    messages = [sent("a", f"r{k}", float(t), **facts) for k, t in enumerate(times)]
    return look("rhythm", messages=messages, days=30)["a"]


@settings(max_examples=60)
@given(worlds(size=40))
def test_kernel_equals_twin(world: World) -> None:
    assert_twin(world, "rhythm")


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from((0, 1, 2, 499_999, 500_000, 1_000_000, 3_599_999_999, 3_600_000_000)), min_size=4
    ),
    st.data(),
)
def test_kernel_equals_twin_on_a_single_senders_gaps(gaps: list[int], data: st.DataObject) -> None:
    more = data.draw(st.lists(st.integers(0, 7_200_000_000), max_size=80))
    times = START + np.cumsum([0, *gaps, *more])
    rows = [
        sent("a", "b", 0) | {"sent_at": int(t), "is_group": k % 2 == 0}
        for k, t in enumerate(dict.fromkeys(times))
    ]
    world = World(tables_of(messages=rows), int(times[-1]) + 1, 60 * plain.DAY)
    assert_twin(world, "rhythm")


@pytest.mark.parametrize("n", [49, 50, 512, 513, 514, 3000])
def test_kernel_equals_twin_on_long_logs(n: int) -> None:
    """Short, middle and long lists are sorted in different ways."""
    rng = random.Random(n)
    gaps = [round(rng.choice((rng.expovariate(0.1), rng.uniform(0, 4000), 7.0)), 6) for _ in range(n)]
    rows = [sent("a", "b", float(t), typed_s=rng.choice((0.0, 1.25, 3.0))) for t in np.cumsum(gaps)]
    world = World(tables_of(messages=rows), START + 60 * plain.DAY, 90 * plain.DAY)
    assert_equal_values(world.extract(features=["rhythm"])["a"], world.twin("a"))


def test_a_clock() -> None:
    got = _rhythm([10.0] * 20)
    assert got["rhythm_gap_p01_s"] == got["rhythm_gap_p90_s"] == 10
    assert got["rhythm_gap_cv"] == got["rhythm_gap_entropy"] == got["rhythm_conditional_entropy"] == 0
    assert got["rhythm_burstiness"] == -1
    assert math.isnan(got["rhythm_memory"])
    assert got["rhythm_modal_gap_share"] == got["rhythm_lower_edge"] == got["rhythm_upper_edge"] == 1


def test_one_gap_that_holds_all_is_the_greatest_burstiness() -> None:
    assert _rhythm([0.0] * 9 + [1.0])["rhythm_burstiness"] == pytest.approx(1.0)


def test_alternating_gaps_have_the_memory_of_a_pendulum() -> None:
    got = _rhythm([1.0, 9.0] * 10)
    assert got["rhythm_memory"] == pytest.approx(-1.0)
    assert got["rhythm_gap_cv"] == pytest.approx(4 / 5)
    assert got["rhythm_gap_entropy"] == 1
    assert (
        got["rhythm_conditional_entropy"] < 0.05 * got["rhythm_gap_entropy"]
    )  # the next gap is never a surprise


def test_gaps_of_people_are_surprising() -> None:
    rng = random.Random(0)
    assert _rhythm([rng.expovariate(0.01) for _ in range(500)])["rhythm_conditional_entropy"] > 1.5


def test_edges_of_jitter() -> None:
    got = _rhythm([30, 40, 50, 60, 70, 7200])  # the pause is no jitter
    assert (got["rhythm_lower_edge"], got["rhythm_upper_edge"]) == (30 / 50, 50 / 70)
    assert math.isnan(_rhythm([30, 40, 50, 60, 7200])["rhythm_lower_edge"])


@pytest.mark.parametrize(("second", "share"), [(0.05, 1), (0.050001, 0), (0.95, 1), (0.949999, 0)])
def test_round_seconds(second: float, share: float) -> None:
    assert _rhythm([3.0, 4.0], first=second)["rhythm_round_second_mass"] == share
    assert math.isnan(_rhythm([3.0, 4.0])["rhythm_round_second_mass"])  # a log stamped to the second


def test_hours_nights_and_quiet_spells() -> None:
    hours = [1, 5, 12, 24 + 5]
    got = look(
        "rhythm", messages=[sent("a", "b", 3600.0 * hour) for hour in hours], seconds=3 * 3600, days=1
    )["a"]
    assert got["rhythm_night_share"] == 2 / 3  # the send at 5 h of the second day is unseen
    assert got["rhythm_hour_entropy"] == pytest.approx(math.log2(3))
    assert got["rhythm_quiet_spell_s"] == 12 * 3600
    assert got["rhythm_active_days"] == 1
    two_days = look("rhythm", messages=[sent("a", "b", 3600.0 * h) for h in hours], seconds=6 * 3600, days=1)[
        "a"
    ]
    assert two_days["rhythm_quiet_spell_s"] == (12 + 5) / 2 * 3600  # the second day lasts until the instant
    assert two_days["rhythm_active_days"] == 2


def test_typing() -> None:
    messages = [sent("a", "b", k, typed_s=s) for k, s in enumerate((0.0, None, 1.0, 3.0))]
    got = look("rhythm", messages=messages)["a"]
    assert got["rhythm_untyped_share"] == pytest.approx(1 / 3)
    assert got["rhythm_typed_cv"] == pytest.approx(1 / 2)


def test_without_sends() -> None:
    got = look("rhythm", accounts=[{"account_id": "b"}], messages=[sent("a", "b", 0)])["b"]
    assert got.pop("rhythm_active_days") == 0
    assert all(math.isnan(value) for value in got.values())
