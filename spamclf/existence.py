"""Which accounts exist at an instant: whoever asks, features, campaigns or a model's memory, the rule is this one.

An account exists if its row of the accounts table is seen, registered before the instant or at an unknown time, or if
it sent a message in the look-back. What other tables say of an account that nobody knows yet is not seen: only a later
message or registration makes it known, and that must not change the past.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.facts import NAT, Instants, column_of, instants_of
from spamclf.ids import IdBook

__all__ = ["NEVER", "Existence", "labels_too_early", "row_seen_from"]

#: The instant from which an account without a row is seen by its row.
NEVER: int = int(np.iinfo(np.int64).max)


def row_seen_from(dataset: Dataset, n_accounts: int) -> Instants:
    """Return from when on each account's row is seen.

    Parameters
    ----------
    dataset : Dataset
    n_accounts : int
        The rows of the accounts table come first, those without a row after them.

    Returns
    -------
    instants : ndarray of shape (n_accounts,), dtype int64
        Microseconds since the epoch: the row is seen at later instants. `spamclf.facts.NAT`, before all, where the
        registration is unknown; `NEVER` without a row.

    Examples
    --------
    >>> accounts = {"account_id": ["a", "b"], "registered_at": [5, None]}
    >>> messages = {"sender_id": [], "recipient_id": [], "sent_at": []}
    >>> row_seen_from(Dataset(accounts=accounts, messages=messages, time_unit="us"), 3)
    array([                   5, -9223372036854775808,  9223372036854775807])
    """
    seen_from = np.full(n_accounts, NEVER)
    seen_from[: dataset.accounts.num_rows] = instants_of(dataset.accounts, "registered_at")
    return seen_from


def labels_too_early(dataset: Dataset, until: int = NEVER) -> int:
    """Count the labels dated before their account was registered.

    They are not set aside: a registration at or after an instant is unseen then, and must not take a label away that
    was known. Features count them from the registration on.

    Parameters
    ----------
    dataset : Dataset
    until : int, optional
        Labels and registrations at or after this instant (microseconds since the epoch) are unseen.

    Returns
    -------
    n : int
        None of an account whose registration is unknown.

    Examples
    --------
    >>> accounts = {"account_id": ["a", "b", "c"], "registered_at": [5, None, 5]}
    >>> messages = {"sender_id": [], "recipient_id": [], "sent_at": []}
    >>> labels = {"account_id": ["a", "b", "c"], "is_automated": [True] * 3, "labelled_at": [4, 4, 5]}
    >>> dataset = Dataset(accounts=accounts, messages=messages, labels=labels, time_unit="us")
    >>> labels_too_early(dataset), labels_too_early(dataset, until=5)
    (1, 0)
    """
    ids, labels = column_of(dataset.accounts, "account_id"), dataset.labels
    registered_at = np.append(
        instants_of(dataset.accounts, "registered_at"), NAT
    )  # the last one: without a row
    born = registered_at[np.minimum(IdBook(ids).encode(column_of(labels, "account_id")), len(ids))]
    return int(((instants_of(labels, "labelled_at") < born) & (born < until)).sum())


@dataclass(frozen=True, eq=False)
class Existence:
    """Who exists at an instant.

    Parameters
    ----------
    dataset : Dataset
    since, until : int
        The look-back ``[since, until)``, in microseconds since the epoch; `until` is the instant.

    Examples
    --------
    >>> accounts = {"account_id": ["a", "b", "c"], "registered_at": [5, None, 9]}
    >>> messages = {"sender_id": ["d", "e"], "recipient_id": ["a", "a"], "sent_at": [7, 8]}
    >>> dataset = Dataset(accounts=accounts, messages=messages, time_unit="us")
    >>> Existence(dataset, 0, 8).of(pa.array(["a", "b", "c", "d", "e"]))
    array([ True,  True, False,  True, False])
    """

    dataset: Dataset
    since: int
    until: int

    def of(self, ids: pa.Array) -> npt.NDArray[np.bool_]:
        """Tell of each account whether it exists; ids may be repeated. The messages are looked at only if need be."""
        coded = ids if pa.types.is_dictionary(ids.type) else ids.dictionary_encode()
        exists = pc.is_in(coded.dictionary, value_set=self._rows)
        if not pc.all(exists, min_count=0).as_py():
            exists = pc.or_(exists, pc.is_in(coded.dictionary, value_set=self._senders))
        return np.asarray(exists, np.bool_)[np.asarray(coded.indices, np.int64)]

    @cached_property
    def _rows(self) -> pa.Array:
        """The accounts whose row is seen."""
        accounts = self.dataset.accounts
        seen = row_seen_from(self.dataset, accounts.num_rows) < self.until
        return _plain(column_of(accounts, "account_id").filter(pa.array(seen)))

    @cached_property
    def _senders(self) -> pa.Array:
        """The accounts that sent in the look-back, once each."""
        messages = self.dataset.messages
        sent_at = column_of(messages, "sent_at").cast(pa.int64())
        inside = pc.and_(pc.greater_equal(sent_at, self.since), pc.less(sent_at, self.until))
        return _plain(column_of(messages, "sender_id").filter(inside).unique())


def _plain(ids: pa.Array) -> pa.Array:
    return ids.dictionary_decode() if pa.types.is_dictionary(ids.type) else ids
