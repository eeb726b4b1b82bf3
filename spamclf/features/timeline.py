"""Instants grouped by a key: how many lie before any other instant, by binary search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.ego import EgoLog, Instants
from spamclf.ids import Codes

__all__ = ["Timeline", "fresh_rows", "label_spans", "standing_labels"]


@dataclass(frozen=True)
class Timeline:
    """Instants grouped by key, ascending in each group: counts up to any instant by binary search.

    Spans are two timelines, of their beginnings and of their ends: at an instant stand those begun and not ended.

    Attributes
    ----------
    offsets : ndarray of shape (n_keys + 1,), dtype int64
    instant : ndarray of shape (n,), dtype int64
        Microseconds since the epoch.
    weight_before : ndarray of shape (n + 1,), dtype int64
        Running sum of weights before each instant, and of all.
    """

    offsets: Instants
    instant: Instants
    weight_before: Instants

    @classmethod
    def of(cls, key: npt.NDArray[np.integer], instant: Instants, weight: Instants, n_keys: int) -> Timeline:
        """Order instants by (key, instant)."""
        order = np.lexsort((instant, key))
        offsets = np.zeros(n_keys + 1, np.int64)
        np.cumsum(np.bincount(key, minlength=n_keys), out=offsets[1:])
        weights = np.concatenate([[0], np.cumsum(weight[order])]).astype(np.int64)
        return cls(offsets, np.ascontiguousarray(instant[order]), weights)

    @property
    def arrays(self) -> tuple[Instants, Instants, Instants]:
        """All of it, as kernels take it."""
        return self.offsets, self.instant, self.weight_before

    def within(self, key: Instants, as_of: Instants, history: int) -> tuple[Instants, Instants]:
        """Return the number and the weight of a key's instants in each ``[as_of - history, as_of)``."""
        n, weight = np.empty(key.size, np.int64), np.empty(key.size, np.int64)
        kernels.timeline.within(self.arrays, key, as_of, history, n, weight)
        return n, weight

    def last(self, key: Instants, as_of: Instants, history: int) -> npt.NDArray[np.float64]:
        """Return the weight of a key's last instant in each ``[as_of - history, as_of)``; NaN where there is none."""
        weight = np.empty(key.size)
        kernels.timeline.last(self.arrays, key, as_of, history, weight)
        return weight


def label_spans(ego: EgoLog, history: int) -> tuple[Codes, Instants, Instants, Instants]:
    """Return (account, first, last, is automated): a label stands at every `as_of` in ``(first, last]``.

    It begins with the label (and not before the account's own row), and ends when the history passes it or a later
    label replaces it. Of labels of one instant the milder one stands.
    """
    if not ego.labels[0].size:
        none = np.empty(0, np.int64)
        return np.empty(0, np.int32), none, none, none
    account, first, last, value = standing_labels(*ego.labels, history)
    scored = account < ego.n_accounts
    account, first, last, value = account[scored], first[scored], last[scored], value[scored]
    first = np.maximum(first, ego.facts.registered_at[account])
    real = (first < last) & ~np.isnan(ego.facts.filled[account])
    return account[real].astype(np.int32), first[real], last[real], value[real]


def standing_labels(
    account: npt.NDArray[np.integer], labelled_at: Instants, is_automated: npt.NDArray[np.bool_], history: int
) -> tuple[Instants, Instants, Instants, Instants]:
    """Return (account, first, last, is automated) of labels that replace each other, ordered by account and instant.

    Examples
    --------
    >>> [each.tolist() for each in standing_labels(np.array([5, 5]), np.array([7, 3]), np.array([True, False]), 10)]
    [[5, 5], [3, 7], [7, 17], [0, 1]]
    """
    order = np.lexsort((~is_automated, labelled_at, account))  # among equals the last one stands
    who, first, value = account[order].astype(np.int64), labelled_at[order], is_automated[order]
    last = first + history
    if who.size:
        replaced = np.append(who[1:] == who[:-1], False)
        last = np.where(replaced, np.minimum(last, np.append(first[1:], 0)), last)
    return who, first, last, value.astype(np.int64)


def fresh_rows(*columns: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Tell of each row whether it repeats none before it in all columns.

    Examples
    --------
    >>> fresh_rows(np.array([1, 1, 2]), np.array([5, 5, 5]))
    array([ True, False,  True])
    """
    order = np.lexsort(columns)
    fresh = np.zeros(order.size, np.bool_)
    fresh[:1] = True
    for column in columns:
        fresh[1:] |= column[order[1:]] != column[order[:-1]]
    found = np.empty_like(fresh)
    found[order] = fresh
    return found
