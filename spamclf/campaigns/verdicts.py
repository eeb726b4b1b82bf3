"""What others found out about accounts, by pseudonym: labels of reviews, and evidence of an operator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.given import given_columns
from spamclf.campaigns.sightings import pseudonyms
from spamclf.dataset import Dataset
from spamclf.facts import column_of, instants_of

__all__ = ["NO_OPERATOR", "Evidence", "Labels"]

Pseudonyms = npt.NDArray[np.uint64]
Instants = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Stands for the operator of evidence that names none.
NO_OPERATOR = np.uint64(0)


@dataclass(frozen=True, eq=False)
class Labels:
    """Verdicts of reviews with their instants, all of them: which one counts depends on who asks as of when.

    Attributes
    ----------
    account : ndarray of shape (n,), dtype uint64
        Pseudonyms.
    labelled_at : ndarray of shape (n,), dtype int64
        Microseconds since the epoch.
    is_automated : ndarray of shape (n,), dtype bool
        Rows are sorted by (labelled_at, account); of two verdicts on one account at once the milder one is kept.

    Examples
    --------
    >>> labels = Labels.of([7, 5, 5], [20, 10, 10], [True, True, False])
    >>> labels.account, labels.is_automated
    (array([5, 7], dtype=uint64), array([False,  True]))
    """

    account: Pseudonyms
    labelled_at: Instants
    is_automated: Bools

    def __len__(self) -> int:
        return self.account.size

    @classmethod
    def of(cls, account: npt.ArrayLike, labelled_at: npt.ArrayLike, is_automated: npt.ArrayLike) -> Labels:
        """Order verdicts; exact repetitions are dropped.

        Raises
        ------
        ParameterError
            If they are no columns of pseudonyms, instants and booleans, of one length.
        """
        who, when, verdict = given_columns(
            "Labels.of",
            account=(account, "u8"),
            labelled_at=(labelled_at, "i8"),
            is_automated=(is_automated, "?"),
        )
        order = np.lexsort((verdict, who, when))  # the milder one first
        order = order[_fresh(when[order], who[order])]
        return cls(who[order], when[order], verdict[order])

    @classmethod
    def of_dataset(cls, dataset: Dataset, rows: Bools | None = None) -> Labels:
        """Read the labels of a dataset, all or some rows."""
        table = _some(dataset.labels, rows)
        return cls.of(
            _hashed(column_of(table, "account_id")),
            instants_of(table, "labelled_at"),
            np.asarray(column_of(table, "is_automated"), np.bool_),
        )

    @classmethod
    def join(cls, *parts: Labels) -> Labels:
        """Return the verdicts of all parts; of none, none."""
        names = ("account", "labelled_at", "is_automated")
        empty = cls.of([], [], [])
        return cls.of(*(np.concatenate([getattr(part, name) for part in (empty, *parts)]) for name in names))

    def between(self, since: int, until: int) -> Labels:
        """Return the rows of ``[since, until)``."""
        return self.where((self.labelled_at >= since) & (self.labelled_at < until))

    def where(self, chosen: Bools) -> Labels:
        """Return some of the rows."""
        return Labels(self.account[chosen], self.labelled_at[chosen], self.is_automated[chosen])


@dataclass(frozen=True, eq=False)
class Evidence:
    """Accounts tied to an operator by something seen elsewhere, with the instants at which it was seen.

    Attributes
    ----------
    account : ndarray of shape (n,), dtype uint64
        Pseudonyms.
    observed_at : ndarray of shape (n,), dtype int64
        Microseconds since the epoch.
    operator : ndarray of shape (n,), dtype uint64
        Pseudonyms of the operators' names; `NO_OPERATOR` where none is named. Rows are sorted by (observed_at, account,
        operator) and differ from each other.

    Examples
    --------
    >>> Evidence.of([7, 5, 7], [20, 10, 20], [1, 1, 1]).account
    array([5, 7], dtype=uint64)
    """

    account: Pseudonyms
    observed_at: Instants
    operator: Pseudonyms

    def __len__(self) -> int:
        return self.account.size

    @classmethod
    def of(cls, account: npt.ArrayLike, observed_at: npt.ArrayLike, operator: npt.ArrayLike) -> Evidence:
        """Order rows; exact repetitions are dropped.

        Raises
        ------
        ParameterError
            If they are no columns of pseudonyms, instants and pseudonyms, of one length.
        """
        who, when, whose = given_columns(
            "Evidence.of", account=(account, "u8"), observed_at=(observed_at, "i8"), operator=(operator, "u8")
        )
        order = np.lexsort((whose, who, when))
        order = order[_fresh(when[order], who[order], whose[order])]
        return cls(who[order], when[order], whose[order])

    @classmethod
    def of_dataset(cls, dataset: Dataset, rows: Bools | None = None) -> Evidence:
        """Read the evidence of a dataset, all or some rows; sources are left behind, operators become pseudonyms."""
        table = _some(dataset.evidence, rows)
        names = column_of(table, "operator")
        operator = np.full(len(names), NO_OPERATOR)
        operator[np.asarray(names.is_valid(), np.bool_)] = _hashed(names.drop_null())
        return cls.of(_hashed(column_of(table, "account_id")), instants_of(table, "observed_at"), operator)

    @classmethod
    def join(cls, *parts: Evidence) -> Evidence:
        """Return the rows of all parts, each once; of none, none."""
        names = ("account", "observed_at", "operator")
        empty = cls.of([], [], [])
        return cls.of(*(np.concatenate([getattr(part, name) for part in (empty, *parts)]) for name in names))

    def between(self, since: int, until: int) -> Evidence:
        """Return the rows of ``[since, until)``."""
        return self.where((self.observed_at >= since) & (self.observed_at < until))

    def where(self, chosen: Bools) -> Evidence:
        """Return some of the rows."""
        return Evidence(self.account[chosen], self.observed_at[chosen], self.operator[chosen])


def _some(table: pa.Table, rows: Bools | None) -> pa.Table:
    return table if rows is None else table.filter(pa.array(rows))


def _fresh(*columns: npt.NDArray[np.generic]) -> Bools:
    """Tell of each row whether it differs from the one before."""
    fresh = np.zeros(columns[0].size, np.bool_)
    fresh[:1] = True
    for column in columns:
        fresh[1:] |= column[1:] != column[:-1]
    return fresh


def _hashed(column: pa.Array) -> Pseudonyms:
    """Return the pseudonym of each row; each different value is hashed once."""
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    codes = np.asarray(coded.indices, np.int64)
    return pseudonyms(coded.dictionary)[codes]
