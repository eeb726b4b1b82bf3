"""EgoLog: each account's own time-ordered log, both directions, as arrays."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.dataset import Dataset
from spamclf.ids import Codes, IdBook

__all__ = ["NAT", "EgoLog", "Facts", "Instants", "Slices", "equal_parts", "in_threads", "instants_of"]

Instants = npt.NDArray[np.int64]

NAT: int = int(np.iinfo(np.int64).min)
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Facts:
    """What the accounts table says of each scored account, by code; -1 (or `NAT`) is unknown.

    Attributes
    ----------
    registered_at : ndarray of shape (n_accounts,), dtype int64
        Microseconds since the epoch.
    is_business, country, network_country, network, device : ndarray of shape (n_accounts,), dtype int32
        0 or 1; codes of strings, one list for both countries.
    filled : ndarray of shape (n_accounts,), dtype float64
        Share of the row's nullable columns that are filled; NaN for an account without a row.
    """

    registered_at: Instants
    is_business: Codes
    country: Codes
    network_country: Codes
    network: Codes
    device: Codes
    filled: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Slices:
    """Pieces ``[start, end)`` of the log: one account's history before one instant each. They may overlap.

    Attributes
    ----------
    account, starts, ends, as_of : ndarray of shape (n_slices,), dtype int64
        The account's code, its entries' numbers, the instant in microseconds since the epoch.
    history : int
        Look-back in microseconds: a slice holds the entries in ``[as_of - history, as_of)``.
    """

    account: Instants
    starts: Instants
    ends: Instants
    as_of: Instants
    history: int

    def __len__(self) -> int:
        return self.account.size

    def __getitem__(self, rows: slice) -> Slices:
        """Return some of the slices."""
        return Slices(self.account[rows], self.starts[rows], self.ends[rows], self.as_of[rows], self.history)


@dataclass(frozen=True)
class EgoLog:
    """Each message twice: in its sender's log as out, in its recipient's as in, sorted by (account, time).

    Everything about one account and one instant is then a slice, and what lies after the instant is outside it.
    Only scored accounts (the rows of ``accounts`` and whoever sent a message) have a log; others are mere peers.

    Attributes
    ----------
    account_ids : pyarrow.Array of length n_accounts
        The id of each scored account by code: the accounts table in its order, then other senders by id.
    offsets : ndarray of shape (n_accounts + 1,), dtype int64
        The log of account `a` is ``[offsets[a], offsets[a + 1])`` of the arrays below.
    time, peer, flag : ndarray of shape (n_entries,), dtype int64, int32, uint8
        Microseconds since the epoch; code of the other side; bits of `spamclf.kernels._common`.
    typed_s : ndarray of shape (n_entries,) or (0,), dtype float64
        Seconds of typing, NaN where unknown; empty when the dataset does not tell.
    n_peers : int
        Codes of accounts, other people and groups lie in ``[0, n_peers)``.
    n_duplicates : int
        Exact repetitions of a message, dropped.
    facts : Facts
    reports : tuple of ndarray
        Account, reporter (dtype int32), instant (int64), is a block (bool) of each report.
    labels : tuple of ndarray
        Account (int32), instant (int64), is automated (bool) of each label.
    """

    account_ids: pa.Array
    offsets: Instants
    time: Instants
    peer: Codes
    flag: npt.NDArray[np.uint8]
    typed_s: npt.NDArray[np.float64]
    n_peers: int
    n_duplicates: int
    facts: Facts
    reports: tuple[Codes, Codes, Instants, npt.NDArray[np.bool_]]
    labels: tuple[Codes, Instants, npt.NDArray[np.bool_]]

    @classmethod
    def build(cls, dataset: Dataset, *, n_jobs: int = -1) -> EgoLog:
        """Order the messages of a dataset and number its ids.

        Parameters
        ----------
        dataset : Dataset
        n_jobs : int, default=-1
            Threads, in joblib's sense; the result does not depend on it.

        Examples
        --------
        >>> from spamclf.dataset import Dataset
        >>> dataset = Dataset(
        ...     accounts={"account_id": ["a", "b"]},
        ...     messages={"sender_id": ["a", "b"], "recipient_id": ["b", "a"], "sent_at": [1, 3]}, time_unit="s",
        ... )
        >>> ego = EgoLog.build(dataset)
        >>> ego.offsets, ego.peer, ego.flag & 1
        (array([0, 2, 4]), array([1, 1, 0, 0], dtype=int32), array([1, 0, 0, 1], dtype=uint8))
        """
        messages = dataset.messages
        book = IdBook(_column(dataset.accounts, "account_id"))
        sender = book.encode(_column(messages, "sender_id"))
        n_accounts = len(book)
        flags = _flags(messages)
        recipient, n_groups = _recipients(messages, book, flags)
        reporter = book.encode(_column(dataset.reports, "reporter_id"))
        reported = book.encode(_column(dataset.reports, "account_id"))
        labelled = book.encode(_column(dataset.labels, "account_id"))
        recipient[recipient < 0] += np.int32(len(book) + n_groups)  # groups come after all people
        typed = _floats(messages, "typed_s")
        log = _order(sender, recipient, instants_of(messages, "sent_at"), flags, typed, n_accounts, n_jobs)
        return cls(
            account_ids=book.ids[:n_accounts],
            n_peers=len(book) + n_groups,
            facts=_facts(dataset.accounts, n_accounts),
            reports=(
                reported,
                reporter,
                instants_of(dataset.reports, "reported_at"),
                np.asarray(pc.equal(_column(dataset.reports, "kind"), "block"), dtype=np.bool_),
            ),
            labels=(
                labelled,
                instants_of(dataset.labels, "labelled_at"),
                np.asarray(_column(dataset.labels, "is_automated"), dtype=np.bool_),
            ),
            **log,
        )

    @property
    def n_accounts(self) -> int:
        """Number of scored accounts."""
        return self.offsets.size - 1

    def slices(self, account: npt.ArrayLike, as_of: npt.ArrayLike, *, history_days: float) -> Slices:
        """Return the piece of each account's log in ``[as_of - history, as_of)``.

        Parameters
        ----------
        account : array_like of shape (n_slices,)
            Codes of scored accounts.
        as_of : array_like of shape (n_slices,) or scalar
            Instants, microseconds since the epoch.
        history_days : float
            Look-back in days.
        """
        codes = np.ascontiguousarray(account, np.int64)
        until = np.array(np.broadcast_to(np.asarray(as_of, np.int64), codes.shape))
        history = round(history_days * DAY_US)
        starts, ends = np.empty_like(codes), np.empty_like(codes)
        kernels.ego.first_at(self.time, self.offsets, codes, until - history, starts)
        kernels.ego.first_at(self.time, self.offsets, codes, until, ends)
        return Slices(codes, starts, ends, until, history)

    def after_sends(self, counts: Sequence[int], before: npt.ArrayLike) -> tuple[Instants, Instants]:
        """Return (account, instant) just after each account's n-th send, for each n of `counts`.

        `before` (scalar or one instant per account) ends what is looked at.
        """
        wanted = np.unique(np.asarray(counts, np.int64))
        limit = np.array(np.broadcast_to(np.asarray(before, np.int64), self.n_accounts))
        account, instant = (np.empty(self.n_accounts * wanted.size, np.int64) for _ in range(2))
        n = kernels.ego.nth_sends(self.time, self.flag, self.offsets, wanted, limit, account, instant)
        return account[:n].copy(), instant[:n].copy()

    def after_last_send(self, before: int) -> tuple[Instants, Instants]:
        """Return (account, instant) just after the last send before `before` of each account that has one."""
        account = np.repeat(np.arange(self.n_accounts), np.diff(self.offsets))
        sent = ((self.flag & 1) != 0) & (self.time < before)
        accounts, place = np.unique(account[sent][::-1], return_index=True)
        return accounts, self.time[sent][::-1][place] + 1


def instants_of(table: pa.Table, name: str) -> Instants:
    """Return a time column as int64 microseconds since the epoch; null is `NAT`."""
    return np.array(_column(table, name).cast(pa.int64()).fill_null(NAT), np.int64)


def in_threads(work: Callable[[int, int], Any], bounds: Sequence[int], n_jobs: int) -> list[Any]:
    """Call ``work(low, high)`` for each two neighbouring `bounds`, in threads (kernels drop the interpreter lock)."""
    pairs = list(itertools.pairwise(bounds))
    if joblib.effective_n_jobs(n_jobs) == 1 or len(pairs) == 1:
        return [work(low, high) for low, high in pairs]
    with ThreadPoolExecutor(joblib.effective_n_jobs(n_jobs)) as pool:
        return [task.result() for task in [pool.submit(work, low, high) for low, high in pairs]]


def equal_parts(weights_before: Instants, n_parts: int) -> list[int]:
    """Cut items into parts of about equal weight, given the running sum of weights before each item and in all."""
    targets = np.linspace(0, weights_before[-1], n_parts + 1)[1:-1]
    inner = np.searchsorted(weights_before, targets)
    return sorted({0, weights_before.size - 1, *(int(cut) for cut in inner)})


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _floats(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    if name not in table.column_names or table.column(name).null_count == table.num_rows:
        return np.empty(0)
    return np.array(_column(table, name).fill_null(np.nan), np.float64)


def _flags(messages: pa.Table) -> npt.NDArray[np.uint8]:
    """Pack the nullable facts of each message into bits."""
    from spamclf.kernels import _common as bits

    flags = np.zeros(messages.num_rows, np.uint8)
    for name, known, value, when in (
        ("is_group", 0, bits.GROUP, True),
        ("in_contacts", bits.CONTACT_KNOWN, bits.CONTACT, True),
        ("delivered", bits.DELIVERY_KNOWN, bits.UNDELIVERED, False),
    ):
        if name not in messages.column_names:
            continue
        column = _column(messages, name)
        flags |= np.asarray(column.is_valid()).astype(np.uint8) * np.uint8(known)
        flags |= np.asarray(pc.equal(column, when).fill_null(False)).astype(np.uint8) * np.uint8(value)
    return flags


def _recipients(messages: pa.Table, book: IdBook, flags: npt.NDArray[np.uint8]) -> tuple[Codes, int]:
    """Return each recipient's code, a group's counted down from -1, and the number of groups."""
    from spamclf.kernels._common import GROUP

    column = _column(messages, "recipient_id")
    to_group = (flags & GROUP) != 0
    if not to_group.any():
        return book.encode(column), 0
    groups = IdBook(column.slice(0, 0))
    codes = np.empty(len(column), np.int32)
    codes[~to_group] = book.encode(column.filter(pa.array(~to_group)))
    codes[to_group] = -1 - groups.encode(column.filter(pa.array(to_group)))
    return codes, len(groups)


def _order(
    sender: Codes,
    recipient: Codes,
    sent_at: Instants,
    flags: npt.NDArray[np.uint8],
    typed: npt.NDArray[np.float64],
    n_accounts: int,
    n_jobs: int,
) -> dict[str, Any]:
    """Sort the messages into logs: count, lay out, scatter, then put unordered stretches right."""
    n_parts = joblib.effective_n_jobs(n_jobs) if sender.size > 100_000 else 1
    counts = np.zeros(n_accounts, np.int64)
    whole = [round(n_accounts * part / n_parts) for part in range(n_parts + 1)]
    in_threads(
        lambda low, high: kernels.ego.count(sender, recipient, flags, low, high, counts), whole, n_jobs
    )
    offsets = np.zeros(n_accounts + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    size = int(offsets[-1])
    time, peer, flag = np.empty(size, np.int64), np.empty(size, np.int32), np.empty(size, np.uint8)
    typed_s = np.empty(size if typed.size else 0)
    cursor = offsets[:-1].copy()
    parts = equal_parts(offsets, n_parts)
    in_threads(
        lambda low, high: kernels.ego.scatter(
            sender, recipient, sent_at, flags, typed, low, high, cursor, time, peer, flag, typed_s
        ),
        parts,
        n_jobs,
    )
    repeated = np.zeros(size, np.bool_)
    n_duplicates = sum(
        in_threads(
            lambda low, high: kernels.ego.order_logs(offsets, low, high, time, peer, flag, typed_s, repeated),
            parts,
            n_jobs,
        )
    )
    if n_duplicates:
        dropped = np.zeros(size + 1, np.int64)
        np.cumsum(repeated, out=dropped[1:])
        offsets -= dropped[offsets]
        time, peer, flag = time[~repeated], peer[~repeated], flag[~repeated]
        typed_s = typed_s[~repeated] if typed.size else typed_s
    return {
        "offsets": offsets, "time": time, "peer": peer, "flag": flag, "typed_s": typed_s,
        "n_duplicates": n_duplicates,
    }  # fmt: skip


def _facts(accounts: pa.Table, n_accounts: int) -> Facts:
    """Read the accounts table; accounts without a row (other senders) get unknown facts."""
    names = ("registered_at", "is_business", "country", "network_country", "network", "device")
    given = [name for name in names if name in accounts.column_names]
    filled = np.full(n_accounts, np.nan)
    filled[: accounts.num_rows] = sum(
        (np.asarray(_column(accounts, name).is_valid()).astype(float) for name in given),
        np.zeros(accounts.num_rows),
    ) / len(names)

    def codes(*columns: str) -> list[Codes]:
        book = IdBook(pa.array([], pa.string()))
        found = []
        for name in columns:
            values = np.full(n_accounts, -1, np.int32)
            if name in given and accounts.num_rows:
                column = _column(accounts, name)
                known = np.asarray(column.is_valid(), dtype=np.bool_)
                values[: accounts.num_rows][known] = book.encode(column.drop_null())
            found.append(values)
        return found

    registered_at = np.full(n_accounts, NAT, np.int64)
    if "registered_at" in given:
        registered_at[: accounts.num_rows] = instants_of(accounts, "registered_at")
    business = np.full(n_accounts, -1, np.int32)
    if "is_business" in given:
        business[: accounts.num_rows] = np.asarray(
            _column(accounts, "is_business").cast(pa.int32()).fill_null(-1)
        )
    country, network_country = codes("country", "network_country")
    (network,), (device,) = codes("network"), codes("device")
    return Facts(registered_at, business, country, network_country, network, device, filled)
