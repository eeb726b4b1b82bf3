"""Parts of rows for nested validation: later groups on later rows, whole groups on one side."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import InsufficientDataError, ParameterError

__all__ = ["group_codes", "group_folds", "later_part", "one_per_row", "time_folds"]

Ints = npt.NDArray[np.int64]
Split = tuple[Ints, Ints]


def time_folds(time: Any, groups: Any = None, *, n_folds: int = 3) -> list[Split]:
    """Return pairs of earlier rows to train on and later rows to validate on.

    Groups are ordered by their first row and cut into ``n_folds + 1`` stretches of about equal count. Fold k validates
    on all rows of the groups of stretch k + 1, and trains on those rows of the groups before that lie before the first
    of them: what a model could have learned from on that day.

    Parameters
    ----------
    time : array_like of shape (n_rows,)
        Instant of each row: numbers or datetimes, none missing.
    groups : array_like of shape (n_rows,), optional
        Account or campaign of each row: its rows stay on one side. By default each row is a group.
    n_folds : int, default=3
        At least 1.

    Returns
    -------
    folds : list of (train, validation)
        Row numbers, rising, dtype int64.

    Raises
    ------
    InsufficientDataError
        If there are fewer groups than stretches, or a fold has nothing to train on.
    ParameterError
        If `time` or `groups` have another length or values that cannot be ordered.

    Examples
    --------
    >>> for train, validation in time_folds([1, 9, 2, 5, 7], ["a", "a", "b", "c", "d"], n_folds=2):
    ...     print(train, validation)
    [0] [2]
    [0 2] [3 4]
    """
    if n_folds < 1:
        raise ParameterError(f"folds: n_folds must be at least 1; got {n_folds}. Use 3.")
    place, instant, rank = _ordered(time, groups)
    cuts = [rank.size * k // (n_folds + 1) for k in range(1, n_folds + 2)]
    return [_cut(place, instant, rank, start, end) for start, end in itertools.pairwise(cuts)]


def later_part(time: Any, groups: Any = None, *, share: float = 0.2) -> Split:
    """Return the rows to train on, and those of the latest `share` of the groups to validate on.

    Parameters
    ----------
    time, groups
        As of `time_folds`.
    share : float, default=0.2
        Of the groups, between 0 and 1.

    Returns
    -------
    train, validation : ndarray of int64
        Row numbers, rising; rows to train on lie before those to validate on.

    Raises
    ------
    InsufficientDataError, ParameterError
        As of `time_folds`.

    Examples
    --------
    >>> later_part([1, 2, 3, 9], ["a", "b", "c", "a"], share=0.4)
    (array([0, 1]), array([2]))
    """
    if not 0 < share < 1:
        raise ParameterError(f"folds: share must be between 0 and 1; got {share}. Use 0.2 for a fifth.")
    place, instant, rank = _ordered(time, groups)
    return _cut(place, instant, rank, rank.size - max(1, round(share * rank.size)), rank.size)


def group_folds(
    y: npt.NDArray[np.bool_], *, groups: Any = None, n_folds: int = 5, random_state: int = 0
) -> Ints:
    """Deal groups out to folds at random, each fold the same share of either class.

    Parameters
    ----------
    y : ndarray of shape (n_rows,), dtype bool
    groups : array_like of shape (n_rows,), optional
        By default each row is a group.
    n_folds : int, default=5
    random_state : int, default=0

    Returns
    -------
    fold : ndarray of shape (n_rows,), dtype int64
        From 0 to ``n_folds - 1``; the same for all rows of a group.

    Raises
    ------
    ParameterError
        If `groups` have another length or cannot be told apart.

    Examples
    --------
    >>> fold = group_folds(np.array([True, True, False, False]), groups=["a", "a", "b", "c"], n_folds=2)
    >>> bool(fold[0] == fold[1]), bool(fold[2] == fold[3])
    (True, False)
    """
    place, n_groups = group_codes(groups, len(y))
    is_positive = np.zeros(n_groups, bool)
    is_positive[place[y]] = True
    shuffled = np.random.default_rng(random_state).permutation(n_groups)
    fold = np.empty(n_groups, np.int64)
    fold[np.lexsort((shuffled, is_positive))] = np.arange(n_groups) % n_folds
    return fold[place]


def group_codes(groups: Any, n_rows: int) -> tuple[Ints, int]:
    """Number the groups: the code of each row's, and how many there are."""
    if groups is None:
        return np.arange(n_rows), n_rows
    values = one_per_row("groups", groups, n_rows)
    try:
        distinct, place = np.unique(values, return_inverse=True)
    except TypeError as error:
        raise ParameterError(
            "folds: groups must be values of one kind; got a mixture, or missing ones. Give ids as strings."
        ) from error
    return place.astype(np.int64), distinct.size


def _ordered(time: Any, groups: Any) -> tuple[Ints, npt.NDArray[Any], Ints]:
    """Return each row's group and instant, and each group's rank by its first row."""
    instant = np.asarray(time)
    instant = one_per_row("time", time, instant.size)
    is_whole = instant.dtype.kind in "iu"
    if not is_whole and (instant.dtype.kind not in "fM" or np.isnan(instant).any()):
        raise ParameterError(
            "folds: time must be numbers or datetimes, none missing; got others. "
            "Give the instant of each row, for instance as microseconds."
        )
    place, n_groups = group_codes(groups, instant.size)
    by_time = np.lexsort((place, instant))
    groups_in_order, at = np.unique(place[by_time], return_index=True)
    rank = np.empty(n_groups, np.int64)
    rank[groups_in_order[np.argsort(at)]] = np.arange(n_groups)
    return place, instant, rank


def _cut(place: Ints, instant: npt.NDArray[Any], rank: Ints, start: int, end: int) -> Split:
    """Validate on the groups of ranks start to end, train on the rows before them of those of lower rank."""
    of_row = rank[place]
    is_later = (of_row >= start) & (of_row < end)
    is_earlier = of_row < start
    if is_later.any():
        is_earlier &= instant < instant[is_later].min()
    if not (is_earlier.any() and is_later.any()):
        raise InsufficientDataError(
            f"folds: groups must be enough for earlier ones to train on and later ones to validate on; got "
            f"{rank.size:,}. Give more accounts, over a longer stretch of time, or ask for fewer folds."
        )
    return np.flatnonzero(is_earlier), np.flatnonzero(is_later)


def one_per_row(name: str, values: Any, n_rows: int) -> npt.NDArray[Any]:
    """Return values as an array, refused unless there is one for each row."""
    column = np.asarray(values)
    if column.shape != (n_rows,):
        raise ParameterError(
            f"folds: {name} must be one value per row, {n_rows:,} in all; got shape {column.shape}. "
            "Give a list as long as y."
        )
    return column
