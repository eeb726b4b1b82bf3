"""Everybody's log, growing: messages go in one batch after the other, those that are too old fall out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.errors import InsufficientDataError
from spamclf.ids import Codes
from spamclf.kernels import live as kernel
from spamclf.live.people import grown

__all__ = ["Logs", "Messages", "Neighbourhood"]

Ints = npt.NDArray[np.int64]
_TYPES = (np.int64, np.int32, np.uint8, np.float64, np.int64)
_FIRST = 1 << 16  # entries that a new pool has room for
_GROWTH = 1.5


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
        Bytes that the pool may take.

    Attributes
    ----------
    n_duplicates : int
        Exact repetitions of a message that was there, dropped.
    kept_since : int or None
        Earlier entries have fallen out; None as long as none has.
    """

    def __init__(self, history: int, limit: int | None = None) -> None:
        self.history, self.limit = history, limit
        self.kept_since: int | None = None
        self._blocks = tuple(np.zeros(0, np.int64) for _ in range(3))
        self._pool = _new_pool(_FIRST, typed=False)
        self._free = np.full(1, kernel.SCRATCH)
        self._duplicates = np.zeros(1, np.int64)
        self._local = np.empty(0, np.int32)

    @property
    def n_duplicates(self) -> int:
        return int(self._duplicates[0])

    @property
    def nbytes(self) -> int:
        """Bytes of the pool and of the tables by person."""
        return sum(each.nbytes for each in (*self._pool, *self._blocks, self._local))

    @property
    def ends(self) -> tuple[Ints, Ints, Ints]:
        """Where the log of each person begins and ends, and the times of all entries."""
        return self._blocks[0], self._blocks[0] + self._blocks[1], self._pool[0]

    def add(self, messages: Messages, oldest: int, least: int) -> None:
        """Put messages into the logs of both sides.

        Parameters
        ----------
        messages : Messages
        oldest : int
            Entries before this instant fall out when room is needed.
        least : int
            If that is not enough, entries before this one do.

        Raises
        ------
        InsufficientDataError
            If the memory that may be taken does not hold what must be kept; none of the messages is in then.
        """
        if messages.typed_s.size and not self._pool[3].size:
            self._pool = (*self._pool[:3], np.full(self._pool[0].size, np.nan), self._pool[4])
        # Both sides of each, and blocks that move to where there is room for twice as many.
        self._reserve(self._needed(messages), oldest, least)
        order = np.argsort(messages.sent_at, kind="stable")
        done = 0
        while True:
            done = kernel.insert(
                messages.sender, messages.recipient, messages.sent_at, messages.flags, messages.typed_s, order, done,
                self.history, self._blocks, self._pool, self._free, self._duplicates,
            )  # fmt: skip
            if done == order.size:
                return
            self._renew(int(self._pool[0].size * _GROWTH) + _FIRST, oldest)

    def _needed(self, messages: Messages) -> int:
        """Return how many entries the blocks that move will take, at most."""
        _, size, room = self._blocks
        people, more = np.unique(np.concatenate([messages.sender, messages.recipient]), return_counts=True)
        after = size[people] + more
        moving = after > room[people]
        return int((2 * np.maximum(after[moving], kernel.FEWEST)).sum()) * 2

    def _reserve(self, needed: int, oldest: int, least: int) -> None:
        """Make room for so many entries at the pool's end."""
        size = self._pool[0].size
        if self._free[0] + needed <= size:
            return
        self._renew(size, oldest, at_least=needed)
        if self.limit is None or self.nbytes <= self.limit:
            return
        self._renew(0, least, at_least=needed)
        if self.nbytes > self.limit:
            raise InsufficientDataError(
                f"LiveScorer: memory_limit_mb must hold one history of the messages; got {self.limit >> 20:,} MB where "
                f"{self.nbytes >> 20:,} MB are needed. Raise it, or use a model with a shorter history."
            )

    def _renew(self, size: int, oldest: int, *, at_least: int = 0) -> None:
        """Move all entries from `oldest` on into a pool of `size` entries or more, with room for `at_least` more."""
        at = self._blocks[0]
        starts, ends = np.empty_like(at), np.empty_like(at)
        kernel.bounds(np.arange(at.size), oldest, kernel.NEVER, self._blocks, self._pool[0], starts, ends)
        if (starts > at).any():
            self.kept_since = max(oldest, self.kept_since or oldest)
        kept = int((ends - starts).sum())
        kept += kept // 8 + at.size + kernel.SCRATCH + at_least
        if kept > 0.8 * size:
            size = int(kept * _GROWTH)
            if self.limit is not None:  # rather close than over the limit
                each = sum(np.dtype(kind).itemsize for kind in _TYPES) - (0 if self._pool[3].size else 8)
                size = max(kept, min(size, self.limit // each))
        pool = _new_pool(size, typed=self._pool[3].size > 0)
        blocks = tuple(np.zeros(at.size, np.int64) for _ in range(3))
        kernel.compact(self._blocks, self._pool, oldest, blocks, pool, self._free)
        self._blocks, self._pool = blocks, pool

    def make_room_for(self, n_people: int) -> None:
        """Let there be a log for each number below `n_people`, of a person or a group."""
        if n_people > self._local.size:
            size = max(1024, 2 * n_people)
            self._blocks = tuple(grown(each, size, 0) for each in self._blocks)
            self._local = grown(self._local, size, -1)

    def bounds(self, codes: Ints, since: int, until: int) -> tuple[Ints, Ints]:
        """Return where the entries of each person in ``[since, until)`` begin and end in the pool."""
        starts, ends = np.empty(codes.size, np.int64), np.empty(codes.size, np.int64)
        kernel.bounds(codes, since, until, self._blocks, self._pool[0], starts, ends)
        return starts, ends

    def last_sends(self, codes: Ints, since: int, until: int) -> tuple[Ints, Ints]:
        """Return the slices that hold but the last send of each person in ``[since, until)``; empty if it has none."""
        starts, ends = self.bounds(codes, since, until)
        first, last = np.full(codes.size, kernel.NEVER), np.full(codes.size, kernel.NEVER)
        kernels.ego.first_and_last(self._pool[0], self._pool[2], starts, ends, first, last)
        for k in np.flatnonzero(last < kernel.NEVER):
            flag = self._pool[2][starts[k] : ends[k]]
            starts[k] += int(np.flatnonzero(flag & 1)[-1])
            ends[k] = starts[k] + 1
        ends[last == kernel.NEVER] = starts[last == kernel.NEVER]
        return starts, ends

    def sends_of(self, codes: Ints) -> tuple[Ints, Ints]:
        """Return when some people sent: where those of each begin, and the instants."""
        lows, highs = self.bounds(codes, -kernel.NEVER, kernel.NEVER)
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
        n_people, n_entries = kernel.gather(
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

    def messages(self) -> tuple[Ints, dict[str, npt.NDArray[Any]]]:
        """Return every message that is kept: its sender, and recipient, time, flags and typing."""
        at, size, _ = self._blocks
        place = np.repeat(at, size) + np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
        who = np.repeat(np.arange(at.size), size)
        sent = (self._pool[2][place] & 1) != 0
        place, who = place[sent], who[sent]
        typed = self._pool[3][place] if self._pool[3].size else np.empty(0)
        return who, {
            "recipient": self._pool[1][place], "time": self._pool[0][place], "flag": self._pool[2][place],
            "typed_s": typed,
        }  # fmt: skip


def _new_pool(size: int, *, typed: bool) -> tuple[npt.NDArray[Any], ...]:
    return tuple(np.empty(size if kind is not np.float64 or typed else 0, kind) for kind in _TYPES)
