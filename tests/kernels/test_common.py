from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.kernels import _common as common
from spamclf.kernels.ego import compare, order_logs
from spamclf.kernels.fan_out import most_distinct_in_window
from tests import plain

COUNTS = st.lists(st.integers(0, 2**40), max_size=60)


def array(values: list[int]) -> np.ndarray:
    return np.array([*values, -7], np.int64)  # what lies behind the prefix must not be touched


@given(COUNTS)
def test_sort_prefix(values: list[int]) -> None:
    got = array(values)
    common.sort_prefix(got, len(values))
    assert got.tolist() == [*sorted(values), -7]


@pytest.mark.parametrize("n", [48, 49, 512, 513, 5000])
@pytest.mark.parametrize("top", [1, 2, 2**11, 2**22, 2**62])
def test_sort_prefix_at_length(n: int, top: int) -> None:
    for values in (
        np.random.default_rng(n).integers(0, top, n),
        np.arange(n)[::-1] % top,
        np.arange(n) % top,
    ):
        got = array(values.tolist())
        common.sort_prefix(got, n)
        assert got.tolist() == [*sorted(values.tolist()), -7]


@given(COUNTS)
def test_median(values: list[int]) -> None:
    got = common.median(array(values), len(values))
    assert math.isnan(got) if not values else got == pytest.approx(float(np.median(values)), rel=1e-15)


@pytest.mark.parametrize("n", [1, 2, 3, 100, 1001, 20_000])
@pytest.mark.parametrize("shape", ["equal", "ascending", "descending", "organ pipe", "two values"])
def test_median_of_unkind_lists(n: int, shape: str) -> None:
    k = np.arange(n)
    values = {
        "equal": k * 0 + 5, "ascending": k, "descending": n - k, "organ pipe": np.minimum(k, n - k),
        "two values": k % 2,
    }[shape]  # fmt: skip
    assert common.median(array(values.tolist()), n) == np.median(values)


def unkindest_order(n: int) -> tuple[list[int], int]:
    """Values for which each pivot of the kernel's quickselect is the least left, and how many (McIlroy 1999)."""
    value = [math.inf] * n  # decided when a place becomes a pivot; until then larger than all decided ones
    place = list(range(n))
    low, high, decided = 0, n - 1, 0
    while low < high:
        pivot = place[(low + high) // 2]
        if value[pivot] == math.inf:
            value[pivot] = decided
            decided += 1
        i, j = low, high
        while i <= j:
            while value[place[i]] < value[pivot]:
                i += 1
            while value[place[j]] > value[pivot]:
                j -= 1
            if i <= j:
                place[i], place[j] = place[j], place[i]
                i, j = i + 1, j - 1
        if n // 2 <= j:
            high = j
        elif n // 2 >= i:
            low = i
        else:
            break
    return [decided + k if each == math.inf else int(each) for k, each in enumerate(value)], decided


@pytest.mark.parametrize("n", [2000, 2001])
def test_median_of_an_order_made_to_defeat_quickselect(n: int) -> None:
    values, n_pivots = unkindest_order(n)
    assert n_pivots > 100  # more than the rounds after which the kernel sorts
    assert common.median(array(values), n) == np.median(values)


@given(COUNTS, st.sampled_from((0.0, 0.01, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0)))
def test_quantile(values: list[int], q: float) -> None:
    got = common.quantile(array(sorted(values)), len(values), q)
    assert math.isnan(got) if not values else got == pytest.approx(float(np.quantile(values, q)), rel=1e-12)


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(1, 30))
def test_most_in_window(times: list[int], width: int) -> None:
    assert common.most_in_window(array(sorted(times)), len(times), width) == plain.most(times, width)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), max_size=40), st.integers(1, 30))
def test_most_distinct_in_window(events: list[tuple[int, int]], width: int) -> None:
    events = sorted(events)
    scratch = np.zeros(6, np.int64)
    slots = array([slot for _, slot in events])
    got = most_distinct_in_window(array([t for t, _ in events]), slots, len(events), scratch, width)
    assert got == plain.most_different(events, width)
    assert not scratch.any()


def entropy(counts: list[int]) -> float:
    tally = np.zeros(common.TALLY, np.int64)
    found = common.entropy(array(counts), len(counts), tally)
    assert not tally.any()  # left as found
    return float(found)


@given(st.lists(st.one_of(st.integers(0, 40), st.integers(0, 2**30)), max_size=80))
def test_entropy(counts: list[int]) -> None:
    got = entropy(counts)
    expected = plain.entropy([n for n in counts if n])
    if expected is None:
        assert math.isnan(got)
    else:
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-9)
        assert math.copysign(1.0, got) == 1.0


@given(st.lists(st.integers(1, 100), min_size=1, max_size=80), st.randoms(use_true_random=False))
def test_entropy_does_not_depend_on_the_order(counts: list[int], rng: object) -> None:
    other = sorted(counts, key=lambda _: rng.random())  # type: ignore[attr-defined]
    assert entropy(counts) == entropy(other)


ENTRY = st.tuples(
    st.integers(0, 3), st.integers(0, 2), st.integers(0, 63), st.sampled_from((0.0, 1.0, 2.5, float("nan")))
)


@given(st.lists(ENTRY, max_size=40), st.booleans())
def test_order_logs(rows: list[tuple[int, int, int, float]], typed: bool) -> None:
    moment, peer, flag, typed_s = (
        np.array([row[k] for row in rows], kind)
        for k, kind in enumerate((np.int64, np.int32, np.uint8, np.float64))
    )
    if not typed:
        typed_s = np.empty(0)
        rows = [(*row[:3], 0.0) for row in rows]
    repeated = np.zeros(len(rows), np.bool_)
    n = order_logs(np.array([0, len(rows)]), 0, 1, moment, peer, flag, typed_s, repeated)

    def key(row: tuple[int, int, int, float]) -> tuple[float, ...]:
        typed = math.inf if math.isnan(row[3]) else row[3]
        return row[0], row[2] & common.OUT, row[1], row[2], typed

    expected = sorted(key(row) for row in rows)
    shown = typed_s if typed else np.zeros(len(rows))
    got = [
        key(row) for row in zip(moment.tolist(), peer.tolist(), flag.tolist(), shown.tolist(), strict=True)
    ]
    assert got == expected
    kept = [row for row, again in zip(got, repeated, strict=True) if not again]
    assert kept == sorted(set(expected))
    assert n == sum((count - 1) * int(row[1]) for row, count in Counter(expected).items())
    for i in range(1, len(rows)):
        assert compare(moment, peer, flag, typed_s, typed, i - 1, i) == (-1 if got[i - 1] < got[i] else 0)


def test_a_log_at_one_instant_is_sorted_in_n_log_n() -> None:
    """Half a million equal times would take hours in a square."""
    n = 500_000
    rng = np.random.default_rng(0)
    peer = rng.permutation(n).astype(np.int32)
    repeated = np.zeros(n, np.bool_)
    order_logs(
        np.array([0, n]), 0, 1, np.zeros(n, np.int64), peer, np.ones(n, np.uint8), np.empty(0), repeated
    )
    assert (peer == np.arange(n)).all()
