from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.model.folds import group_folds, later_part, time_folds


@st.composite
def _rows(draw: st.DrawFn) -> tuple[list[int], list[str]]:
    n = draw(st.integers(8, 40))
    times = draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))
    groups = draw(st.lists(st.sampled_from("abcdefgh"), min_size=n, max_size=n))
    return times, groups


def _check(time: np.ndarray, groups: np.ndarray, train: np.ndarray, later: np.ndarray) -> None:
    assert train.size
    assert later.size
    assert not set(groups[train]) & set(groups[later])
    assert time[train].max() < time[later].min()
    # whole groups are validated on
    assert np.isin(groups, groups[later]).sum() == later.size


@given(rows=_rows(), n_folds=st.integers(1, 4))
def test_earlier_rows_of_earlier_groups_train(rows: tuple[list[int], list[str]], n_folds: int) -> None:
    time, groups = map(np.array, rows)
    try:
        folds = time_folds(*rows, n_folds=n_folds)
    except InsufficientDataError:
        return
    assert len(folds) == n_folds
    for train, later in folds:
        _check(time, groups, train, later)
    validated = np.concatenate([later for _, later in folds])
    assert validated.size == np.unique(validated).size
    first = {group: time[groups == group].min() for group in set(groups)}
    starts = [min(first[group] for group in groups[later]) for _, later in folds]
    assert starts == sorted(starts)


@given(rows=_rows(), share=st.floats(0.1, 0.5))
def test_the_later_part_is_later(rows: tuple[list[int], list[str]], share: float) -> None:
    time, groups = map(np.array, rows)
    try:
        train, later = later_part(*rows, share=share)
    except InsufficientDataError:
        return
    _check(time, groups, train, later)
    assert np.unique(groups[later]).size == max(1, round(share * np.unique(groups).size))


@given(rows=_rows(), seed=st.integers(0, 1000))
def test_the_order_of_rows_decides_nothing(rows: tuple[list[int], list[str]], seed: int) -> None:
    time, groups = map(np.array, rows)
    order = np.random.default_rng(seed).permutation(time.size)
    try:
        folds = time_folds(time, groups)
    except InsufficientDataError:
        with pytest.raises(InsufficientDataError):
            time_folds(time[order], groups[order])
        return
    for (train, later), (train_2, later_2) in zip(folds, time_folds(time[order], groups[order]), strict=True):
        assert sorted(order[train_2]) == train.tolist()
        assert sorted(order[later_2]) == later.tolist()


def test_datetimes_order_as_their_numbers_do() -> None:
    time = np.array([5, 1, 3, 2, 9, 7])
    moments = np.datetime64("2026-05-01", "us") + time
    for one, other in zip(time_folds(time), time_folds(moments), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


@given(seed=st.integers(0, 10_000), n_folds=st.integers(2, 6))
def test_groups_are_dealt_out_whole_and_evenly(seed: int, n_folds: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 50, 200)
    is_positive = rng.random(50) < 0.3
    fold = group_folds(is_positive[groups], groups=groups, n_folds=n_folds, random_state=seed)
    codes, first = np.unique(groups, return_index=True)
    np.testing.assert_array_equal(fold, fold[first][np.searchsorted(codes, groups)])
    for label in (False, True):
        sizes = np.bincount(fold[first][is_positive[codes] == label], minlength=n_folds)
        assert np.ptp(sizes) <= 1


@pytest.mark.parametrize(
    ("time", "groups", "message"),
    [
        ([1.0, np.nan, 2.0], None, "time must be numbers or datetimes"),
        (
            np.array(["2026-05-01", "NaT", "2026-05-02"], "datetime64[D]"),
            None,
            "time must be numbers or datetimes",
        ),
        (["a", "b", "c"], None, "time must be numbers or datetimes"),
        ([[1, 2, 3]], None, "time must be one value per row"),
        ([1, 2, 3], ["a"], "groups must be one value per row"),
        ([1, 2, 3], np.array(["a", None, 1], object), "groups must be values of one kind"),
    ],
)
def test_misuse_is_refused(time: Any, groups: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        time_folds(time, groups, n_folds=1)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ParameterError, match="n_folds must be at least 1"):
        time_folds([1, 2], n_folds=0)
    with pytest.raises(ParameterError, match="share must be between 0 and 1"):
        later_part([1, 2], share=1.0)


@pytest.mark.parametrize("time", [[], [1], [1, 1, 1, 1, 1], [1, 2]])
def test_too_little_to_train_on_is_refused(time: list[int]) -> None:
    with pytest.raises(InsufficientDataError, match="groups must be enough"):
        time_folds(time)
