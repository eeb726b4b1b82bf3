"""What accounts did before an instant: sends and strangers, in all, by day and since a policy date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.ego import EgoLog, Instants
from spamclf.features.co_target import stranger_lists
from spamclf.features.extract import measure
from spamclf.instants import DAY_US, iso

__all__ = ["Activity"]

Counts = npt.NDArray[np.int64]
_EVER_DAYS = 36_500.0
_COUNTED = ("send_rate_sends", "feedback_reports", "feedback_blocks")


@dataclass(frozen=True, eq=False)
class Activity:
    """Sends and strangers of some accounts, all before one instant.

    Attributes
    ----------
    codes : ndarray of shape (n,), dtype int64
    until : int
        The instant, microseconds since the epoch.
    n_sent, n_reports, n_blocks : ndarray of shape (n,), dtype int64
        The features ``send_rate_sends``, ``feedback_reports`` and ``feedback_blocks`` over the whole log.
    first_sent, last_sent : ndarray of shape (n,), dtype int64
        Microseconds since the epoch; -1 for accounts that never sent.
    stranger_of, stranger, reached_at : ndarray of shape (m,)
        Place in `codes`, code and instant of each account's strangers, as ``fan_out_strangers`` counts them.
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

    @classmethod
    def of(cls, ego: EgoLog, codes: Instants, until: int) -> Activity:
        """Measure the accounts with these codes."""
        slices = ego.slices(codes, until, history_days=_EVER_DAYS)
        n_sent, n_reports, n_blocks = np.nan_to_num(measure(ego, slices, _COUNTED)).astype(np.int64)
        offsets, sent_at = ego.sends_of(codes)
        each = [part[part < until] for part in np.split(sent_at, offsets[1:-1])]
        first, last = (
            np.array([int(of(part)) if part.size else -1 for part in each]) for of in (np.min, np.max)
        )
        return cls(
            ego, codes, until, n_sent, n_reports, n_blocks, first.astype(np.int64), last.astype(np.int64),
            *stranger_lists(ego, slices),
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
        """Count the different people that any of the accounts first wrote to as strangers at or after an instant."""
        return int((self._first_reached()[1] >= since).sum())

    def by_day(self) -> list[dict[str, Any]]:
        """Count sends, senders and people newly reached of each UTC day on which something was sent."""
        sent = self.first_sent >= 0
        if not sent.any():
            return []
        reached = self._first_reached()[1] // DAY_US
        first, last = int(self.first_sent[sent].min() // DAY_US), int(self.last_sent.max() // DAY_US)
        people = np.bincount(reached - first, minlength=last - first + 1)
        days = []
        for day in range(first, last + 1):
            n_sent = self.sent(day * DAY_US, min((day + 1) * DAY_US, self.until))
            if n_sent.any():
                days.append(
                    {
                        "day": iso(day * DAY_US)[:10],
                        "n_sent": int(n_sent.sum()),
                        "n_senders": int((n_sent > 0).sum()),
                        "n_strangers": int(people[day - first]),
                    }
                )
        return days

    def _first_reached(self) -> tuple[npt.NDArray[np.int32], Instants]:
        """Return the different strangers, and when the first of the accounts wrote to each."""
        order = np.lexsort((self.reached_at, self.stranger))
        people, first = np.unique(self.stranger[order], return_index=True)
        return people, self.reached_at[order][first]
