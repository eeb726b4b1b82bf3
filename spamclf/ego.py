"""EgoLog: each account's own time-ordered log, both directions, as arrays."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.campaigns.sightings import pseudonyms
from spamclf.dataset import Dataset
from spamclf.entries import flags_of, order_messages, typed_of
from spamclf.errors import ParameterError
from spamclf.facts import NAT, Facts, Instants, column_of, instants_of, read_facts
from spamclf.ids import Codes, IdBook

if TYPE_CHECKING:
    from spamclf.campaigns.index import CampaignIndex

__all__ = ["NAT", "EgoLog", "Facts", "Instants", "Sends", "Slices", "log_of"]

DAY_US = 86_400_000_000

T = TypeVar("T")


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

    def __getitem__(self, rows: slice | npt.NDArray[np.bool_ | np.int64]) -> Slices:
        """Return some of the slices, by a range, a mask or their places."""
        return Slices(self.account[rows], self.starts[rows], self.ends[rows], self.as_of[rows], self.history)


class Sends(Protocol):
    """Tells who sent when, of messages that a log does not hold and that may become more."""

    @property
    def version(self) -> int:
        """Higher after each change."""

    def sends_of(self, codes: Instants) -> tuple[Instants, Instants]:
        """Return what `EgoLog.sends_of` does."""


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
    dataset : Dataset
        What it was built from.
    memory : CampaignIndex or None
        Campaigns known from earlier data, beside what the dataset shows.
    instant : int or None
        The only instant that it may be looked at: of a part of a log, beside which stands what its accounts must know
        of all others at that instant. None for a whole log.
    sends : Sends or None
        Tells who sent when, where that is not known by the entries.
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
    dataset: Dataset = field(repr=False)
    memory: CampaignIndex | None = None
    instant: int | None = None
    sends: Sends | None = field(default=None, repr=False)
    _derived: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

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
        book = IdBook(column_of(dataset.accounts, "account_id"))
        sender = book.encode(column_of(messages, "sender_id"), n_jobs=n_jobs)
        n_accounts = len(book)
        flags = flags_of(messages)
        recipient, n_groups = _recipients(messages, book, flags, n_jobs)
        reporter = book.encode(column_of(dataset.reports, "reporter_id"))
        reported = book.encode(column_of(dataset.reports, "account_id"))
        labelled = book.encode(column_of(dataset.labels, "account_id"))
        recipient[recipient < 0] += np.int32(len(book) + n_groups)  # groups come after all people
        typed = typed_of(messages)
        sent_at = np.asarray(column_of(messages, "sent_at").cast(pa.int64()))  # Arrow's memory, not copied
        log = order_messages(sender, recipient, sent_at, flags, typed, n_accounts, n_jobs)
        codes = reported, reporter, labelled
        return cls._of(dataset, book.ids[:n_accounts], len(book) + n_groups, codes, log)

    @classmethod
    def numbered(
        cls, dataset: Dataset, senders: pa.Array, recipients: pa.Array, n_groups: int = 0
    ) -> tuple[EgoLog, pa.Array]:
        """Number the ids of a dataset whose messages are elsewhere, as `build` would with them: a log without entries.

        Parameters
        ----------
        dataset : Dataset
            Its messages are not looked at.
        senders, recipients : pyarrow.Array
            Of those messages, each id once or more; without groups.
        n_groups : int, default=0

        Returns
        -------
        ego : EgoLog
        people : pyarrow.Array
            The ids by code: of accounts first, then of others.

        Examples
        --------
        >>> from spamclf.dataset import Dataset
        >>> messages = {"sender_id": [], "recipient_id": [], "sent_at": []}
        >>> dataset = Dataset(accounts={"account_id": ["b"]}, messages=messages)
        >>> ego, people = EgoLog.numbered(dataset, pa.array(["a"]), pa.array(["c", "a"]))
        >>> ego.account_ids.to_pylist(), people.to_pylist()
        (['b', 'a'], ['b', 'a', 'c'])
        """
        book = IdBook(column_of(dataset.accounts, "account_id"))
        book.encode(senders)
        n_accounts = len(book)
        book.encode(recipients)
        reporter = book.encode(column_of(dataset.reports, "reporter_id"))
        reported = book.encode(column_of(dataset.reports, "account_id"))
        labelled = book.encode(column_of(dataset.labels, "account_id"))
        codes = reported, reporter, labelled
        return cls._of(
            dataset, book.ids[:n_accounts], len(book) + n_groups, codes, _no_entries(n_accounts)
        ), book.ids

    @classmethod
    def _of(
        cls,
        dataset: Dataset,
        account_ids: pa.Array,
        n_peers: int,
        codes: tuple[Codes, Codes, Codes],
        log: dict[str, Any],
    ) -> EgoLog:
        """Put a log together; `codes` are those of reported accounts, reporters and labelled accounts."""
        reported, reporter, labelled = codes
        is_block = pc.equal(column_of(dataset.reports, "kind"), "block")
        return cls(
            account_ids=account_ids,
            n_peers=n_peers,
            facts=read_facts(dataset.accounts, len(account_ids)),
            reports=(
                reported,
                reporter,
                instants_of(dataset.reports, "reported_at"),
                np.asarray(is_block, dtype=np.bool_),
            ),
            labels=(
                labelled,
                instants_of(dataset.labels, "labelled_at"),
                np.asarray(column_of(dataset.labels, "is_automated"), dtype=np.bool_),
            ),
            dataset=dataset,
            **log,
        )

    def people(self, *, n_jobs: int = -1) -> pa.Array:
        """Return the id behind each code of an account or another person, in order: groups have none.

        Messages do not keep the ids that they were numbered by; whoever needs them pays for numbering once more.
        """
        book = IdBook(self.account_ids)
        recipients = column_of(self.dataset.messages, "recipient_id")
        if "is_group" in self.dataset.messages.column_names:
            to_group = pc.fill_null(column_of(self.dataset.messages, "is_group"), False)
            recipients = recipients.filter(pc.invert(to_group))
        book.encode(recipients, n_jobs=n_jobs)
        return book.ids

    def pseudonyms(self) -> npt.NDArray[np.uint64]:
        """Return the pseudonym of each account, as `spamclf.campaigns.sightings.pseudonyms` makes it; read-only."""

        def build() -> npt.NDArray[np.uint64]:
            names = pseudonyms(self.account_ids)
            names.flags.writeable = False
            return names

        return self.once("pseudonyms", build)

    @property
    def n_accounts(self) -> int:
        """Number of scored accounts."""
        return self.offsets.size - 1

    def remembering(self, memory: CampaignIndex | None) -> EgoLog:
        """Return the same log with another memory; what was derived from the log alone is kept."""
        if memory is self.memory:
            return self
        kept = {key: value for key, value in self._derived.items() if not _of_memory(key)}
        return replace(self, memory=memory, _derived=kept)

    def once(self, key: Hashable, build: Callable[[], T]) -> T:
        """Return what `build` makes of this log, made at the first call only.

        Parameters
        ----------
        key : hashable
            Names it; a tuple that begins with ``"memory"`` where it depends on `memory` too.
        build : callable
        """
        if key not in self._derived:
            self._derived[key] = build()
        derived: T = self._derived[key]
        return derived

    def put(self, key: Hashable, value: Any) -> None:
        """Hand over what `once` shall return for a key, where it is known otherwise."""
        self._derived[key] = value

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
        codes = np.array(account, np.int64)  # a copy: what a caller hands in may be read-only
        until = np.array(np.broadcast_to(np.asarray(as_of, np.int64), codes.shape))
        if self.instant is not None and (until != self.instant).any():
            raise ValueError("a part of a log may be looked at at its own instant only")
        history = round(history_days * DAY_US)
        starts, ends = np.empty_like(codes), np.empty_like(codes)
        kernels.ego.first_at(self.time, self.offsets, codes, until - history, starts)
        kernels.ego.first_at(self.time, self.offsets, codes, until, ends)
        return Slices(codes, starts, ends, until, history)

    def sends_version(self) -> int:
        """Return a number that is another after what `sends_of` tells has changed."""
        return 0 if self.sends is None else self.sends.version

    def sends_of(self, codes: Instants) -> tuple[Instants, Instants]:
        """Return when some accounts sent: where those of each begin, and the instants."""
        if self.sends is not None:
            return self.sends.sends_of(codes)
        asked = np.zeros(self.n_accounts, np.bool_)
        asked[codes] = True
        entries = np.flatnonzero(np.repeat(asked, np.diff(self.offsets)) & ((self.flag & 1) != 0))
        who = np.searchsorted(self.offsets, entries, side="right") - 1
        place = np.empty(self.n_accounts, np.int64)
        place[codes] = np.arange(codes.size)
        order = np.argsort(place[who], kind="stable")
        counts = np.bincount(place[who], minlength=codes.size)
        return np.append(0, np.cumsum(counts)), self.time[entries[order]]

    def after_sends(self, counts: Sequence[int], before: npt.ArrayLike) -> tuple[Instants, Instants]:
        """Return (account, instant) just after each account's n-th send, for each n of `counts`.

        `before` (scalar or one instant per account) ends what is looked at.
        """
        wanted = np.unique(np.asarray(counts, np.int64))
        limit = np.array(np.broadcast_to(np.asarray(before, np.int64), self.n_accounts))
        account, instant = (np.empty(self.n_accounts * wanted.size, np.int64) for _ in range(2))
        n = kernels.ego.nth_sends(self.time, self.flag, self.offsets, wanted, limit, account, instant)
        return account[:n].copy(), instant[:n].copy()

    def after_last_send(self, before: npt.ArrayLike) -> tuple[Instants, Instants]:
        """Return (account, instant) just after the last send before `before` of each account that has one.

        `before` is a scalar, or one instant per account.
        """
        account = np.repeat(np.arange(self.n_accounts), np.diff(self.offsets))
        limit = np.broadcast_to(np.asarray(before, np.int64), self.n_accounts)
        sent = ((self.flag & 1) != 0) & (self.time < limit[account])
        accounts, place = np.unique(account[sent][::-1], return_index=True)
        return accounts, self.time[sent][::-1][place] + 1


def log_of(dataset: Dataset, ego: Any, where: str, *, n_jobs: int = -1) -> EgoLog:
    """Return the log that a caller hands in, if it is that of the dataset; or build it.

    Raises
    ------
    ParameterError
        If `ego` is the log of another dataset, or none at all.
    """
    if ego is None:
        return EgoLog.build(dataset, n_jobs=n_jobs)
    if isinstance(ego, EgoLog) and ego.dataset is dataset:
        return ego
    got = "that of another one" if isinstance(ego, EgoLog) else type(ego).__name__
    raise ParameterError(
        f"{where}: ego must be the log of this dataset; got {got}. Leave it out, or pass EgoLog.build(dataset)."
    )


def _of_memory(key: Hashable) -> bool:
    return isinstance(key, tuple) and key[:1] == ("memory",)


def _recipients(
    messages: pa.Table, book: IdBook, flags: npt.NDArray[np.uint8], n_jobs: int
) -> tuple[Codes, int]:
    """Return each recipient's code, a group's counted down from -1, and the number of groups."""
    from spamclf.kernels._common import GROUP

    column = column_of(messages, "recipient_id")
    to_group = (flags & GROUP) != 0
    if not to_group.any():
        return book.encode(column, n_jobs=n_jobs), 0
    groups = IdBook(column.slice(0, 0))
    codes = np.empty(len(column), np.int32)
    codes[~to_group] = book.encode(column.filter(pa.array(~to_group)))
    codes[to_group] = -1 - groups.encode(column.filter(pa.array(to_group)))
    return codes, len(groups)


def _no_entries(n_accounts: int) -> dict[str, Any]:
    return {
        "offsets": np.zeros(n_accounts + 1, np.int64), "time": np.empty(0, np.int64), "peer": np.empty(0, np.int32),
        "flag": np.empty(0, np.uint8), "typed_s": np.empty(0), "n_duplicates": 0,
    }  # fmt: skip
