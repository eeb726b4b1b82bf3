"""Everybody's log, growing: messages go in one batch after the other, those that are too old fall out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.errors import InsufficientDataError
from spamclf.ids import Codes
from spamclf.live.people import People, grown

__all__ = ["Logs", "Messages", "Neighbourhood", "message_rows"]

Ints = npt.NDArray[np.int64]
_TYPES = (np.int64, np.int32, np.uint8, np.float64, np.int64)
_FIRST = 1 << 10  # entries that a new pool has room for
_FEWEST = 4  # entries that a block has room for beside what it needs
_GROWTH = 2.0  # of a new pool beside what it holds: each move of all entries costs as much as many messages


@dataclass(frozen=True)
class Messages:
    """A batch of messages by the numbers of people, as `kernels.ego` takes them."""

    sender: Codes
    recipient: Codes
    sent_at: Ints
    flags: npt.NDArray[np.uint8]
    typed_s: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Neighbourhood:
    """Slices of some accounts at one instant, and what these must know of others, everybody numbered anew.

    Attributes
    ----------
    codes : ndarray of shape (n,), dtype int64
        Who has each number: first the accounts asked for, in their order.
    offsets : ndarray of shape (n + 1,), dtype int64
        Where the entries of each begin; those of all but the first have none.
    time, peer, flag, typed_s : ndarray
        Entries as in `EgoLog`.
    recipients : tuple of ndarray
        Where the entries of each recipient begin, these, and how many wrote to it: see `StrangerSpans`.
    n_strangers : ndarray of shape (n + 1,), dtype int64
    """

    codes: Ints
    offsets: Ints
    time: Ints
    peer: Codes
    flag: npt.NDArray[np.uint8]
    typed_s: npt.NDArray[np.float64]
    recipients: tuple[Ints, Ints, npt.NDArray[np.uint8]]
    n_strangers: Ints


class Logs:
    """The logs of all people in one pool of entries.

    Parameters
    ----------
    history : int
        Look-back in microseconds.
    limit : int, optional
        Bytes that the pool of entries may take.

    Attributes
    ----------
    n_duplicates : int
        Exact repetitions of a message that was there, dropped.
    kept_since : int or None
        Earlier entries have fallen out; None as long as none has.
    version : int
        Higher after each change.
    """

    def __init__(self, history: int, limit: int | None = None) -> None:
        self.history, self.limit = history, limit
        self.kept_since: int | None = None
        self._blocks = tuple(np.zeros(0, np.int64) for _ in range(3))
        self._pool = _new_pool(_FIRST, typed=False)
        self._free = np.full(1, kernels.live.SCRATCH)
        self.n_duplicates = self.version = 0
        self._local = np.empty(0, np.int32)

    @property
    def nbytes(self) -> int:
        """Bytes of the pool and of the tables by person."""
        return self._pool[0].size * self._bytes_each + self._fixed

    @property
    def ends(self) -> tuple[Ints, Ints, Ints]:
        """Where the log of each person begins and ends, and the times of all entries."""
        return self._blocks[0], self._blocks[0] + self._blocks[1], self._pool[0]

    def add(self, messages: Messages, n_people: int, oldest: int, least: int) -> None:
        """Put messages into the logs of both sides.

        Parameters
        ----------
        messages : Messages
        n_people : int
            Their numbers are below it.
        oldest : int
            Entries before this instant fall out when room is needed.
        least : int
            If that is not enough, entries before this one do.

        Raises
        ------
        InsufficientDataError
            If the memory that may be taken does not hold what must be kept; nothing has changed then.
        """
        before = self._blocks, self._pool, self._local
        try:
            self._let_in(messages, n_people, oldest, least)
        except InsufficientDataError:
            self._blocks, self._pool, self._local = before
            raise
        self.version += 1
        order = np.argsort(messages.sent_at, kind="stable")
        self.n_duplicates += kernels.live.insert(
            messages.sender, messages.recipient, messages.sent_at, messages.flags, messages.typed_s, order,
            self.history, self._blocks, self._pool,
        )  # fmt: skip

    def _let_in(self, messages: Messages, n_people: int, oldest: int, least: int) -> None:
        """Make room for messages in the logs of both sides."""
        self.make_room_for(n_people)
        if messages.typed_s.size and not self._pool[3].size:
            self._pool = (*self._pool[:3], np.full(self._pool[0].size, np.nan), self._pool[4])
        _, size, room = self._blocks
        people, more = np.unique(np.concatenate([messages.sender, messages.recipient]), return_counts=True)
        after = size[people] + more
        moving = after > room[people]
        wanted = after[moving] + after[moving] // 2 + _FEWEST
        if self._free[0] + wanted.sum() <= self._pool[0].size:
            kernels.live.move(people[moving].astype(np.int64), wanted, self._blocks, self._pool, self._free)
        else:
            self._renew(oldest, least, people, more)

    def _renew(self, oldest: int, least: int, people: Codes, more: Ints) -> None:
        """Move all entries from `oldest` on into a new pool, in which some people have room for more.

        If it would be too large, those from `least` on.
        """
        at, held, _ = self._blocks
        limit = self.limit or 1 << 60
        most = limit // self._bytes_each
        for floor in (oldest, least):
            starts, ends = self.bounds(np.arange(at.size), floor, kernels.live.NEVER)
            room = ends - starts
            room += room // 4
            room[people] += more
            total = int(room.sum()) + kernels.live.SCRATCH
            if total <= most:
                break
        else:
            raise InsufficientDataError(
                "LiveScorer: memory_limit_mb must hold one history of the messages; got "
                f"{limit / 2**20:,.1f} MB where {total * self._bytes_each / 2**20:,.1f} MB are "
                "needed. Raise it, or use a model with a shorter history."
            )
        if (starts > at).any():
            self.kept_since = max(floor, self.kept_since or floor)
        size = max(_FIRST, int(total * _GROWTH))
        pool = _new_pool(min(size, most), typed=self._pool[3].size > 0)
        begins = kernels.live.SCRATCH + np.cumsum(room) - room
        blocks = begins, np.zeros_like(held), room
        kernels.live.compact(self._blocks, self._pool, starts, blocks, pool)
        self._blocks, self._pool = blocks, pool
        self._free[0] = total

    @property
    def _bytes_each(self) -> int:
        """Bytes of an entry."""
        return sum(np.dtype(kind).itemsize for kind in _TYPES) - (0 if self._pool[3].size else 8)

    @property
    def _fixed(self) -> int:
        """Bytes of what there is by person."""
        return sum(each.nbytes for each in self._blocks) + self._local.nbytes

    def make_room_for(self, n_people: int) -> None:
        """Let there be a log for each number below `n_people`, of a person or a group."""
        if n_people > self._local.size:
            size = max(1024, 2 * n_people)
            self._blocks = tuple(grown(each, size, 0) for each in self._blocks)
            self._local = grown(self._local, size, -1)

    def bounds(self, codes: Ints, since: int, until: int) -> tuple[Ints, Ints]:
        """Return where the entries of each person in ``[since, until)`` begin and end in the pool."""
        starts, ends = np.empty(codes.size, np.int64), np.empty(codes.size, np.int64)
        kernels.live.bounds(codes, since, until, self._blocks, self._pool[0], starts, ends)
        return starts, ends

    def last_sends(self, codes: Ints, since: int, until: int) -> tuple[Ints, Ints]:
        """Return the slices that hold but the last send of each person in ``[since, until)``; empty if it has none."""
        starts, ends = self.bounds(codes, since, until)
        first, last = np.full(codes.size, kernels.live.NEVER), np.full(codes.size, kernels.live.NEVER)
        kernels.ego.first_and_last(self._pool[0], self._pool[2], starts, ends, first, last)
        for k in np.flatnonzero(last < kernels.live.NEVER):
            flag = self._pool[2][starts[k] : ends[k]]
            starts[k] += int(np.flatnonzero(flag & 1)[-1])
            ends[k] = starts[k] + 1
        ends[last == kernels.live.NEVER] = starts[last == kernels.live.NEVER]
        return starts, ends

    def sends_of(self, codes: Ints) -> tuple[Ints, Ints]:
        """Return when some people sent: where those of each begin, and the instants."""
        lows, highs = self.bounds(codes, -kernels.live.NEVER, kernels.live.NEVER)
        times = [
            self._pool[0][low:high][(self._pool[2][low:high] & 1) != 0]
            for low, high in zip(lows, highs, strict=True)
        ]
        offsets = np.append(0, np.cumsum([each.size for each in times])).astype(np.int64)
        return offsets, np.concatenate([np.empty(0, np.int64), *times])

    def around(self, asked: Ints, starts: Ints, ends: Ints, until: int) -> Neighbourhood:
        """Gather slices of some people, each once, and what they need to know of others at `until`."""
        counts = ends - starts
        n = int(counts.sum())
        most = asked.size + n * (1 + kernels.co_target.FEW + 1)
        codes, offsets = np.empty(most, np.int64), np.empty(most + 1, np.int64)
        log = (
            np.empty(n, np.int64), np.empty(n, np.int32), np.empty(n, np.uint8),
            np.empty(n if self._pool[3].size else 0), np.empty(0, np.int64),
        )  # fmt: skip
        writers = np.zeros(most, np.uint8)
        entries, n_strangers = np.empty((most, 2), np.int64), np.empty(most + 1, np.int64)
        n_people, n_entries = kernels.live.gather(
            asked, starts, ends, until - self.history, until, self._blocks, self._pool, self._local,
            codes, log, offsets, writers, entries, n_strangers,
        )  # fmt: skip
        own = np.full(n_people + 1, n)
        own[0] = 0
        np.cumsum(counts, out=own[1 : asked.size + 1])
        return Neighbourhood(
            codes[:n_people], own, *log[:4], (offsets[: n_people + 1], entries[:n_entries], writers[:n_people]),
            n_strangers[: n_people + 1],
        )  # fmt: skip

    def sent(self) -> Messages:
        """Return every message that is kept."""
        at, size, _ = self._blocks
        time, peer, flag, typed, _ = self._pool
        place = np.repeat(at, size) + np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
        who = np.repeat(np.arange(at.size), size)
        sent = (flag[place] & 1) != 0
        place, who = place[sent], who[sent]
        return Messages(
            who.astype(np.int32), peer[place], time[place], flag[place], typed[place] if typed.size else typed
        )


def message_rows(logs: Logs, people: People) -> pa.Table:
    """Return every message that is kept as a row of the messages table."""
    from spamclf.kernels import _common as bits

    sent = logs.sent()
    to_group = (sent.flags & bits.GROUP) != 0
    recipients = pa.nulls(sent.flags.size, people.id_type)
    if to_group.any():
        recipients = pc.replace_with_mask(
            recipients, pa.array(to_group), people.take(sent.recipient[to_group], groups=True)
        )
    recipients = pc.replace_with_mask(recipients, pa.array(~to_group), people.take(sent.recipient[~to_group]))

    typed = sent.typed_s if sent.typed_s.size else np.full(sent.sent_at.size, np.nan)

    def fact(known: int, value: int, when: bool) -> pa.Array:
        return pa.array(((sent.flags & value) != 0) == when, mask=(sent.flags & known) == 0)

    return pa.table(
        {
            "sender_id": people.take(sent.sender.astype(np.int64)),
            "recipient_id": recipients,
            "sent_at": pa.array(sent.sent_at, pa.timestamp("us", "UTC")),
            "is_group": pa.array(to_group),
            "in_contacts": fact(bits.CONTACT_KNOWN, bits.CONTACT, True),
            "typed_s": pa.array(typed, from_pandas=True),
            "delivered": fact(bits.DELIVERY_KNOWN, bits.UNDELIVERED, False),
        }
    )


def _new_pool(size: int, *, typed: bool) -> tuple[npt.NDArray[Any], ...]:
    return tuple(np.empty(size if kind is not np.float64 or typed else 0, kind) for kind in _TYPES)
