from __future__ import annotations

import numpy as np
import pytest

from spamclf.simulate.clock import RHYTHMS, Sittings, draw_clocks, draw_sittings
from spamclf.simulate.log import DAY, HOUR
from tests.simulate.conftest import START


def drawn(rhythm, size=400, each=50):
    rng = np.random.default_rng(1)
    clocks = draw_clocks(rng, [rhythm] * size, np.full(size, 2.0))
    who = np.repeat(np.arange(size), each)
    begin = np.full(len(who), START)
    return clocks, who, clocks.draw(rng, who, begin, begin + 28 * DAY)


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_people_write_while_they_are_up_and_seldom_in_their_sleep(rhythm):
    clocks, who, when = drawn(rhythm)
    since_waking = ((when + 2 * HOUR) / HOUR - clocks.wake_h[who]) % 24
    asleep = since_waking > clocks.awake_h[who]
    assert 0.2 * RHYTHMS[rhythm].leak < asleep.mean() < 2 * RHYTHMS[rhythm].leak
    assert np.std(clocks.wake_h) > 0.5


def test_offices_are_shut_at_weekends_and_others_are_not():
    for rhythm, low, high in (("work", 0.0, 0.05), ("day", 0.1, 0.35)):
        _, _, when = drawn(rhythm)
        weekend = ((when + 2 * HOUR) // DAY + 3) % 7 >= 5
        assert low <= weekend.mean() <= high


def test_each_person_has_days_of_its_own():
    _, who, when = drawn("day", size=40, each=400)
    day = (when + 2 * HOUR) // DAY
    one, other = (np.bincount(day[who == code] - day.min(), minlength=30) for code in (1, 2))
    assert np.corrcoef(one, other)[0, 1] < 0.6
    assert one.max() > 3 * one.mean()


def test_the_next_sitting_is_the_first_one_after():
    clocks = draw_clocks(np.random.default_rng(2), ["day"] * 30, np.zeros(30))
    present = np.full(30, START), np.full(30, START + 10 * DAY)
    rates = np.where(np.arange(30) == 7, 0.0, 2.0)
    sittings = draw_sittings(
        [(np.arange(30), np.random.default_rng(3))], clocks, rates, present, (START, START + 10 * DAY)
    )
    who = np.repeat(np.arange(30), 20)
    when = START + np.tile(np.arange(20), 30) * DAY // 2
    got = sittings.after(who, when)
    for code, instant, found in zip(who.tolist(), when.tolist(), got.tolist(), strict=True):
        mine = times_of(sittings, code)
        later = mine[mine > instant]
        assert found == (later[0] if len(later) else START + 20 * DAY)
    assert not len(times_of(sittings, 7))
    row, some = sittings.some(np.random.default_rng(4), who)
    assert 7 not in set(who[row].tolist())
    assert all(
        at in set(times_of(sittings, code).tolist()) for code, at in zip(who[row], some.tolist(), strict=True)
    )


def times_of(sittings: Sittings, code: int):
    begin, end = sittings.begins[code], sittings.begins[code + 1]
    return sittings.start + (sittings.key[begin:end] - code * sittings.width) * 1_000_000


def test_a_part_of_the_accounts_keeps_its_sittings_whatever_the_others_do():
    clocks = draw_clocks(np.random.default_rng(2), ["day"] * 20, np.zeros(20))
    present = np.full(20, START), np.full(20, START + 10 * DAY)

    def of_the_first_ten(rates):
        parts = [(np.arange(k, k + 10), np.random.default_rng(k)) for k in (0, 10)]
        made = draw_sittings(parts, clocks, rates, present, (START, START + 10 * DAY))
        return made.key[: made.begins[10]].tolist()

    rates = np.ones(20)
    assert of_the_first_ten(rates) == of_the_first_ten(np.where(np.arange(20) < 10, rates, 9.0)) != []
