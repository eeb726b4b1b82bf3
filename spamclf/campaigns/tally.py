"""Count what the accounts of campaigns have in common: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.existence import Existence
from spamclf.facts import Instants, column_of, instants_of
from spamclf.ids import Codes, IdBook

__all__ = ["Known", "Members", "in_order", "numbered", "times", "verdict_columns"]

Counts = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Members:
    """Who is in which group, and since when: each pair once, ordered by group.

    Attributes
    ----------
    group, account : ndarray of shape (n_pairs,), dtype int32
    first, last : ndarray of shape (n_pairs,), dtype int64
        The account's first and last sighting in the group, microseconds since the epoch.
    n_groups : int
        Every group has members.
    """

    group: Codes
    account: Codes
    first: Instants
    last: Instants
    n_groups: int

    @classmethod
    def of(
        cls, group: npt.NDArray[np.integer], account: Codes, first: Instants, last: Instants, n_groups: int
    ) -> Members:
        """Put rows of the same group and account together.

        Examples
        --------
        >>> codes, instants = np.array([0, 0, 0], np.int32), np.array([30, 10, 20])
        >>> members = Members.of(codes, np.array([5, 7, 5], np.int32), instants, instants, 1)
        >>> members.account, members.first, members.last
        (array([5, 7], dtype=int32), array([20, 10]), array([30, 10]))
        """
        key = group.astype(np.int64) << 32 | account
        order = np.argsort(key, kind="stable")
        key = key[order]
        begins = np.flatnonzero(np.diff(key, prepend=-1))
        if not begins.size:
            return cls(account[:0], account[:0], first[:0], last[:0], n_groups)
        return cls(
            (key[begins] >> 32).astype(np.int32),
            (key[begins] & 0xFFFFFFFF).astype(np.int32),
            np.minimum.reduceat(first[order], begins),
            np.maximum.reduceat(last[order], begins),
            n_groups,
        )

    @classmethod
    def join(cls, parts: Sequence[Members], n_groups: int) -> Members:
        """Put the members of several kinds, numbered by one list, together."""
        return cls.of(
            np.concatenate([part.group for part in parts]),
            np.concatenate([part.account for part in parts]),
            np.concatenate([part.first for part in parts]),
            np.concatenate([part.last for part in parts]),
            n_groups,
        )

    def regrouped(self, place: npt.NDArray[np.integer], n_groups: int) -> Members:
        """Return the members by ``place[group]``; those of groups with a negative place are left out."""
        where = place[self.group]
        keep = where >= 0
        return Members.of(where[keep], self.account[keep], self.first[keep], self.last[keep], n_groups)

    def sizes(self, among: npt.NDArray[np.bool_] | None = None) -> Counts:
        """Return each group's number of accounts; where told, only of those whose flag (by account) is set."""
        group = self.group if among is None else self.group[among[self.account]]
        return np.bincount(group, minlength=self.n_groups).astype(np.int32)

    def grown(self, since: int) -> Counts:
        """Return the number of accounts first seen in each group at or after `since`."""
        return np.bincount(self.group[self.first >= since], minlength=self.n_groups).astype(np.int32)

    def span(self) -> tuple[Instants, Instants]:
        """Return the first and the last instant of each group."""
        if not self.n_groups:
            return self.first, self.last
        begins = np.searchsorted(self.group, np.arange(self.n_groups))
        return np.minimum.reduceat(self.first, begins), np.maximum.reduceat(self.last, begins)

    def overlapping(self) -> npt.NDArray[np.float64]:
        """Return the share of each group's accounts whose time from first to last meets that of another one.

        Examples
        --------
        >>> group, account = np.zeros(3, np.int32), np.arange(3, dtype=np.int32)
        >>> first, last = np.array([0, 5, 20]), np.array([9, 7, 30])
        >>> Members.of(group, account, first, last, 1).overlapping()
        array([0.66666667])
        """
        order = np.lexsort((self.first, self.group))
        group, first, last = self.group[order], self.first[order], self.last[order]
        ranks = np.unique(np.concatenate([first, last]), return_inverse=True)[1]
        base = group.astype(np.int64) * (
            ranks.size + 1
        )  # of a later group always more than of an earlier one
        begin, end = ranks[: first.size] + base, ranks[first.size :] + base
        latest = np.maximum.accumulate(end)
        meets = np.zeros(group.size, np.bool_)
        meets[1:] = latest[:-1] >= begin[1:]
        meets[:-1] |= (group[1:] == group[:-1]) & (begin[1:] <= end[:-1])
        count = np.bincount(group[meets], minlength=self.n_groups)
        return np.asarray(count / np.maximum(self.sizes(), 1), np.float64)


def in_order(parts: Sequence[Members]) -> npt.NDArray[np.int64]:
    """Return the order in which the groups of several kinds are told: most accounts first, then the earlier one.

    Of one size and instant those of the earlier part come first, and of one part those that come first in it.
    """
    size = np.concatenate([part.sizes() for part in parts])
    first = np.concatenate([part.span()[0] for part in parts])
    return np.lexsort((first, -size))  # it is stable


def numbered(kind: npt.NDArray[np.integer]) -> Codes:
    """Number the rows of each kind from 1.

    Examples
    --------
    >>> numbered(np.array([0, 2, 2, 0]))
    array([1, 1, 2, 2], dtype=int32)
    """
    number = np.empty(kind.size, np.int32)
    for each in np.unique(kind):
        number[kind == each] = np.arange(1, (kind == each).sum() + 1)
    return number


def times(instants: Instants) -> pa.Array:
    """Return instants as times."""
    return pa.array(instants, pa.timestamp("us", tz="UTC"))


def verdict_columns(members: Members, labelled: Bools, automated: Bools, tied: Bools) -> dict[str, pa.Array]:
    """Return n_labelled, n_automated, automated_share (null where nobody is labelled) and n_evidence by group.

    The flags are by account: labelled, by the latest label automated, tied to an operator.
    """
    n_labelled, n_automated = members.sizes(labelled), members.sizes(automated)
    share = n_automated / np.maximum(n_labelled, 1)
    return {
        "n_labelled": pa.array(n_labelled),
        "n_automated": pa.array(n_automated),
        "automated_share": pa.array(share, mask=n_labelled == 0),
        "n_evidence": pa.array(members.sizes(tied)),
    }


@dataclass(frozen=True, eq=False)
class Known:
    """What labels and evidence say of the accounts as of an instant.

    Attributes
    ----------
    labelled, automated, tied : ndarray of shape (n_accounts,), dtype bool
        By the latest label (of two at once the milder); by evidence that names an operator.
    tied_account, tied_operator : ndarray of shape (n_tied,), dtype int32
        Each pair of an account and its operator once.
    operators : pyarrow.Array of str
        Names by code.
    """

    labelled: Bools
    automated: Bools
    tied: Bools
    tied_account: Codes
    tied_operator: Codes
    operators: pa.Array

    @classmethod
    def of(cls, dataset: Dataset, book: IdBook, existence: Existence) -> Known:
        """Read the labels and the evidence of a look-back, on accounts that exist at its end."""
        labels = _inside(dataset.labels, "labelled_at", existence)
        evidence = _inside(dataset.evidence, "observed_at", existence)
        labelled_account = book.encode(column_of(labels, "account_id"))
        evident_account = book.encode(column_of(evidence, "account_id"))
        labelled, automated, tied = (np.zeros(len(book), np.bool_) for _ in range(3))
        is_automated = np.asarray(column_of(labels, "is_automated"), np.bool_)
        order = np.lexsort((~is_automated, instants_of(labels, "labelled_at")))
        labelled[labelled_account] = True
        automated[labelled_account[order]] = is_automated[order]  # of several the last one stays
        names = column_of(evidence, "operator")
        named = np.asarray(names.is_valid(), np.bool_)
        tied[evident_account[named]] = True
        operator_book = IdBook(pa.array([], pa.string()))
        operator = operator_book.encode(names.drop_null())
        pairs = np.unique(np.column_stack([evident_account[named], operator]), axis=0)
        return cls(labelled, automated, tied, pairs[:, 0].copy(), pairs[:, 1].copy(), operator_book.ids)

    def columns(self, members: Members) -> dict[str, pa.Array]:
        """Return the columns of `verdict_columns`."""
        return verdict_columns(members, self.labelled, self.automated, self.tied)

    def operators_of(self, members: Members) -> tuple[Codes, pa.Array]:
        """Return (group, operator's name) of the members that are tied to one, each pair once, in that order."""
        order = np.argsort(members.account, kind="stable")
        account = members.account[order]
        low, high = (np.searchsorted(account, self.tied_account, side) for side in ("left", "right"))
        times = high - low
        place = np.repeat(low - np.cumsum(times) + times, times) + np.arange(times.sum())
        pairs = np.unique(
            np.column_stack([members.group[order][place], np.repeat(self.tied_operator, times)]), axis=0
        ).astype(np.int32)
        return pairs[:, 0], self.operators.take(pa.array(pairs[:, 1]))


def _inside(table: pa.Table, time: str, existence: Existence) -> pa.Table:
    instant = table[time].cast(pa.int64())
    table = table.filter(
        pc.and_(pc.greater_equal(instant, existence.since), pc.less(instant, existence.until))
    )
    return table.filter(pa.array(existence.of(column_of(table, "account_id"))))
