"""What accounts did before an instant: sends and strangers, in all, by day and since a policy date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.ego import EgoLog, Instants, Slices
from spamclf.explain.tallies import OUT
from spamclf.features.co_target import stranger_lists
from spamclf.features.extract import measure
from spamclf.instants import DAY_US, iso

__all__ = ["Activity"]

Counts = npt.NDArray[np.int64]
_EVER_DAYS = 36_500.0


@dataclass(frozen=True, eq=False)
class Activity:
    """Sends and strangers of some accounts, all before one instant.

    Attributes
    ----------
    codes : ndarray of shape (n,), dtype int64
    until : int
        The instant, microseconds since the epoch.
    n_sent : ndarray of shape (n,), dtype int64
        The feature ``send_rate_sends`` over the whole log.
    n_reports, n_blocks : ndarray of shape (n,), dtype int64
        Rows of the table of reports, as `spamclf.explain.tallies` counts them; not the features ``feedback_*``, which
        hear no reporters until they are many more than the people the account talks with.
    first_sent, last_sent : ndarray of shape (n,), dtype int64
        Microseconds since the epoch; -1 for accounts that never sent.
    stranger_of, stranger, reached_at : ndarray of shape (m,)
        Place in `codes`, code and instant of each account's strangers, as ``fan_out_strangers`` counts them.
    written_at : ndarray of shape (m,), dtype int64
        When the first of all these accounts wrote to that person at all, be it as no stranger.
    """

    ego: EgoLog
    codes: Instants
    until: int
    n_sent: Counts
    n_reports: Counts
    n_blocks: Counts
    first_sent: Instants
    last_sent: Instants
    stranger_of: Instants
    stranger: npt.NDArray[np.int32]
    reached_at: Instants
    written_at: Instants

    @classmethod
    def of(cls, ego: EgoLog, codes: Instants, until: int) -> Activity:
        """Measure the accounts with these codes."""
        slices = ego.slices(codes, until, history_days=_EVER_DAYS)
        n_sent = np.asarray(measure(ego, slices, ["send_rate_sends"])[0], np.int64)
        offsets, sent_at = ego.sends_of(codes)
        each = [part[part < until] for part in np.split(sent_at, offsets[1:-1])]
        first, last = (
            np.array([int(of(part)) if part.size else -1 for part in each]) for of in (np.min, np.max)
        )
        of, stranger, reached_at = stranger_lists(ego, slices)
        people, written_at = _first_written(ego, slices)
        return cls(
            ego, codes, until, n_sent, *_reports(ego, codes, until), first.astype(np.int64), last.astype(np.int64),
            of, stranger, reached_at, written_at[np.searchsorted(people, stranger)],
        )  # fmt: skip

    def strangers(self, since: int = 0) -> Counts:
        """Return how many strangers each account first wrote to at or after an instant."""
        return np.bincount(self.stranger_of[self.reached_at >= since], minlength=self.codes.size)

    def sent(self, since: int, until: int) -> Counts:
        """Return how many messages each account sent in ``[since, until)``."""
        if until <= since:
            return np.zeros(self.codes.size, np.int64)
        slices = self.ego.slices(self.codes, until, history_days=(until - since) / DAY_US)
        return np.asarray(measure(self.ego, slices, ["send_rate_sends"])[0], np.int64)

    def reached(self, since: int = 0) -> int:
        """Count the different strangers whom none of the accounts had written to at all before an instant."""
        return int(np.unique(self.stranger[self.written_at >= since]).size)

    def by_day(self, policy: int | None = None) -> list[dict[str, Any]]:
        """Count sends, senders and new strangers of each UTC day on which something was sent.

        A stranger is new on the day on which the first of the accounts reached it, unless one had written to it on a
        day before. With a policy date the sends at or after it are counted, too.
        """
        sent = self.first_sent >= 0
        if not sent.any():
            return []
        first, last = int(self.first_sent[sent].min() // DAY_US), int(self.last_sent.max() // DAY_US)
        people = np.bincount(self._newly_reached() - first, minlength=last - first + 1)
        days = []
        for day in range(first, last + 1):
            begin, end = day * DAY_US, min((day + 1) * DAY_US, self.until)
            n_sent = self.sent(begin, end)
            if n_sent.any():
                told = {
                    "day": iso(begin)[:10],
                    "n_sent": int(n_sent.sum()),
                    "n_senders": int((n_sent > 0).sum()),
                    "n_strangers": int(people[day - first]),
                }
                if policy is not None:
                    told["n_sent_after_policy"] = int(self.sent(max(begin, policy), end).sum())
                days.append(told)
        return days

    def _newly_reached(self) -> Instants:
        """Return the day on which each new stranger was reached first, in days since the epoch."""
        order = np.lexsort((self.reached_at, self.stranger))
        _, first = np.unique(self.stranger[order], return_index=True)
        reached, written = (at[order][first] // DAY_US for at in (self.reached_at, self.written_at))
        return np.asarray(reached[written == reached])


def _first_written(ego: EgoLog, slices: Slices) -> tuple[npt.NDArray[np.int32], Instants]:
    """Return whom the accounts of some slices wrote to, by code, and when the first of them did."""
    bounds = zip(slices.starts.tolist(), slices.ends.tolist(), strict=True)
    entry = np.concatenate([np.arange(0), *(np.arange(low, high) for low, high in bounds)])
    entry = entry[(ego.flag[entry] & OUT) != 0]
    entry = entry[np.lexsort((ego.time[entry], ego.peer[entry]))]
    people, first = np.unique(ego.peer[entry], return_index=True)
    return people, ego.time[entry[first]]


def _reports(ego: EgoLog, codes: Instants, until: int) -> tuple[Counts, Counts]:
    """Count the reports and the blocks of each account before an instant."""
    account, _, instant, is_block = ego.reports
    size = int(max(account.max(initial=-1), codes.max(initial=-1))) + 1
    seen = instant < until
    n_reports, n_blocks = (
        np.bincount(account[seen & of], minlength=size)[codes] for of in (~is_block, is_block)
    )
    return n_reports, n_blocks
