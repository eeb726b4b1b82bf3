from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf.simulate.log import DAY, HOUR, SECOND
from spamclf.simulate.pacing import Pace, acted_typing, paced
from spamclf.simulate.presets import PAUSES, PRESETS
from tests.simulate.conftest import START

END = START + 30 * DAY


def sends(pace, reach=(400, 400), starts=None, seed=0):
    begin = np.array([START + 10 * HOUR, START + 34 * HOUR] if starts is None else starts)
    return paced(np.random.default_rng(seed), pace, begin, np.array(reach), END)


def most_in(when, window):
    return max(np.searchsorted(when, when + window, side="left") - np.arange(len(when)))


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: str(preset.per_minute))
def test_published_presets_keep_their_caps_gaps_and_hours(preset):
    pace = Pace(
        preset.first, "uniform", preset.gap_s, growth=preset.growth, full=preset.per_day, per_day=preset.per_day,
        warm_days=preset.warm_days, weekend=preset.weekend, hours=preset.hours, per_minute=preset.per_minute,
        per_hour=preset.per_hour, pauses=PAUSES, words=8, by_hand=True,
    )  # fmt: skip
    member, nth, when, typed = sends(pace, reach=(3000, 3000))
    for one in (0, 1):
        mine = when[member == one]
        assert (np.diff(mine) >= preset.gap_s[0] * SECOND).all()
        assert nth[member == one].tolist() == sorted(set(nth[member == one].tolist()))
        hour = (mine % DAY) / HOUR
        assert hour.min() >= preset.hours[0]
        assert hour.max() < preset.hours[1]
        by_day = Counter((mine // DAY).tolist())
        assert max(by_day.values()) <= preset.per_day
        first = by_day[START // DAY + one]
        assert 0.3 * preset.first * preset.weekend <= first <= 2 * preset.first
        # Caps count from the first send of a day on: no window of two caps holds more than two.
        assert most_in(mine, HOUR) <= 2 * preset.per_hour
        assert most_in(mine, 60 * SECOND) <= 2 * preset.per_minute
    assert (typed > 0).all()


def test_the_warm_up_grows_and_weekends_are_half():
    pace = Pace(20, "uniform", (0.1, 0.2), growth=1.8, full=1500, warm_days=7, weekend=0.5, hours=(8.0, 21.0))
    counts = np.zeros(7)
    for seed in range(30):
        _, _, when, _ = sends(pace, reach=(5000,), starts=[START + 3 * DAY + 9 * HOUR], seed=seed)  # a Monday
        counts += np.bincount((when // DAY - START // DAY - 3)[when < START + 10 * DAY], minlength=7)[:7]
    growth = counts[1:5] / counts[:4]
    assert np.abs(growth - 1.8).max() < 0.35
    assert 0.35 < counts[5] / (counts[4] * 1.8) < 0.65


def test_caps_hold_back_and_keep_the_gaps():
    pace = Pace(1000, "fixed", (1.0, 1.0), per_minute=10, per_hour=100)
    _, _, when, _ = sends(pace, reach=(500,), starts=[START])
    since = when - START
    place = np.arange(len(when))
    assert (since >= place // 100 * HOUR).all()
    assert (since >= place // 100 * HOUR + place % 100 // 10 * 60 * SECOND).all()
    assert (np.diff(when) >= SECOND).all()
    assert most_in(when, 60 * SECOND) <= 2 * 10


def test_a_clock_sends_on_round_seconds_and_a_jittered_one_does_not():
    rounded = sends(Pace(200, "fixed", (60.0, 60.0), tick_s=60.0))[2]
    assert (rounded % (60 * SECOND) < 5 * SECOND).all()
    loose = sends(Pace(200, "fixed", (60.0, 60.0), jitter=0.3))[2]
    assert (loose % (60 * SECOND) < 5 * SECOND).mean() < 0.2
    gaps = np.diff(loose[:150]) / SECOND
    assert 0.69 * 60 <= gaps.min() < gaps.max() <= 1.31 * 60


def test_typing_has_the_published_speed_and_pauses():
    typed = acted_typing(np.random.default_rng(0), np.full(20_000, 30.0))
    without = 30 * 60 / 45
    assert without < np.mean(typed) < 1.6 * without
    assert np.quantile(typed, 0.02) > 30 * 60 / 90
    assert (acted_typing(np.random.default_rng(0), np.zeros(5)) == 0).all()


def test_who_does_not_act_types_nothing_and_some_paste():
    assert (sends(Pace(50, "exponential", (20.0, 20.0)))[3] == 0).all()
    typed = sends(Pace(50, "exponential", (20.0, 20.0), words=10, by_hand=True, pasted=0.3))[3]
    assert 0.2 < (typed == 0).mean() < 0.4


@settings(max_examples=50, deadline=None)
@given(
    quota=st.floats(1, 300),
    gap=st.sampled_from(["lognormal", "exponential", "uniform", "fixed"]),
    gap_s=st.floats(0.1, 5000),
    hours=st.sampled_from([None, (8.0, 21.0), (6.5, 23.5)]),
    reach=st.lists(st.integers(1, 200), min_size=1, max_size=5),
    seed=st.integers(0, 99),
)
def test_any_pace_sends_in_order_once_and_not_before_the_start(quota, gap, gap_s, hours, reach, seed):
    starts = np.array([START + 12 * HOUR + k * DAY for k in range(len(reach))])
    pace = Pace(quota, gap, (gap_s, 2 * gap_s), jitter=0.5, hours=hours)
    member, nth, when, typed = sends(pace, reach, starts, seed)
    assert len(member) == len(nth) == len(when) == len(typed)
    for one in range(len(reach)):
        mine = when[member == one]
        assert mine[0] == starts[one]
        assert (np.diff(mine) >= 0).all()
        assert nth[member == one].max() < reach[one]
        assert len(set(nth[member == one].tolist())) == len(mine)
