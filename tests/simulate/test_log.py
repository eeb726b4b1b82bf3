from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spamclf.simulate.log import Log, lognormal, micros, pair_uniform, positions, running_sum, span, stream

counts = st.lists(st.integers(0, 6), max_size=12).map(lambda values: np.array(values, dtype=np.int64))


@given(counts)
def test_positions_count_up_within_each_group(counts):
    group, place = positions(counts)
    expected = [(number, nth) for number, count in enumerate(counts) for nth in range(count)]
    assert list(zip(group.tolist(), place.tolist(), strict=True)) == expected


@given(counts, st.integers(0, 99))
def test_running_sum_restarts_with_each_group(counts, seed):
    values = np.random.default_rng(seed).integers(-5, 5, counts.sum())
    begins = np.cumsum(counts) - counts
    parts = [np.cumsum(values[b : b + c]) for b, c in zip(begins, counts, strict=True)]
    assert running_sum(values, counts).tolist() == np.concatenate([[], *parts]).tolist()


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 99))
def test_a_pair_keeps_its_number(left, right, salt):
    one = pair_uniform([left], [right], salt)
    assert 0.0 <= one[0] < 1.0
    assert one[0] == pair_uniform([1, left], [2, right], salt)[1]


def test_pairs_are_spread_evenly():
    left, right = np.divmod(np.arange(40_000), 200)
    shares = np.histogram(pair_uniform(left, right, 3), 10, (0, 1))[0] / 40_000
    assert np.abs(shares - 0.1).max() < 0.01


def test_single_values_stand_for_every_row():
    log = Log.of([1, 2], 3, [5, 6], is_group=True)
    assert log.recipient.tolist() == [3, 3]
    assert log.is_group.tolist() == [True, True]
    assert len(Log.join([])) == 0


def test_lognormal_has_the_stated_median():
    draws = lognormal(np.random.default_rng(0), 7.0, 1.0, 20_000)
    assert abs(np.median(draws) - 7.0) < 0.2


def test_micros_round():
    assert micros(np.array([0.0, 1e-6, 1.4e-6, 86400.0])).tolist() == [0, 1, 1, 86_400_000_000]


def test_span_is_even_on_a_logarithmic_scale():
    drawn = span(np.random.default_rng(0), (2.0, 200.0), 20_000)
    assert drawn.min() >= 2.0
    assert drawn.max() <= 200.0
    assert abs(np.median(drawn) - 20.0) < 1.0


def test_streams_are_the_same_for_the_same_names_and_else_differ():
    assert stream(1, "a", 2).random() == stream(1, "a", 2).random()
    others = (stream(1, "a", 3), stream(2, "a", 2), stream(1, "a"), stream(1, 2, "a"))
    assert len({rng.random() for rng in (stream(1, "a", 2), *others)}) == 5
