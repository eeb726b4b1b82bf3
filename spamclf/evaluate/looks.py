"""Scores of accounts at many instants: what an evaluation is counted from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spamclf.ego import EgoLog, Slices
from spamclf.evaluate.truth import Truth
from spamclf.facts import NAT
from spamclf.features.extract import measure
from spamclf.labelled import stated_looks, worth_a_look
from spamclf.progress import Pace
from spamclf.scoring import Scoring
from spamclf.wording import counted

__all__ = ["STATED", "WATCHED", "Looks", "questions"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

STATED, WATCHED = "stated", "watched"
#: Sends after which a watcher looks.
_SENDS_WATCHED = (
    *range(1, 21), 25, 30, 40, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000
)  # fmt: skip
#: Single looks early in an account's life: minutes after registration, and sends.
_MINUTES, _SENDS = (0, 1, 5, 60), (1, 5, 10, 50)
_MINUTE_US = 60_000_000
_EVER_DAYS = 36_500.0  # strangers are counted over the whole log
_BATCH = 50_000  # looks measured at once


def questions(ego: EgoLog, end: int) -> dict[str, tuple[Codes, Codes]]:
    """Return (account, instant) of the looks that each part of an evaluation asks for, by its name.

    ``stated`` are those that a certificate speaks of, ``watched`` those of somebody who looks after many a send; the
    others are single looks, early in an account's life.
    """
    stated, watched = stated_looks(ego, end), ego.after_sends(_SENDS_WATCHED, end)
    at = ego.facts.registered_at
    registered = np.flatnonzero(at != NAT)
    return {
        STATED: stated,
        WATCHED: (np.concatenate([stated[0], watched[0]]), np.concatenate([stated[1], watched[1]])),
        **{
            f"{counted(minutes, 'minute')} after registration" if minutes else "at registration": (
                registered,
                at[registered] + minutes * _MINUTE_US + 1,
            )
            for minutes in _MINUTES
        },
        **{f"after {counted(sends, 'send')}": ego.after_sends((sends,), end) for sends in _SENDS},
    }


@dataclass(frozen=True, eq=False)
class Looks:
    """Judged accounts at instants, by account and then instant.

    Attributes
    ----------
    slices : Slices
    place : ndarray of shape (n_looks,), dtype int64
        Place of the account among those that are judged.
    score : ndarray of shape (n_looks,), dtype float64
    flagged : ndarray of shape (n_looks,), dtype bool
        Whether the score reaches the threshold in force, even before a first send.
    """

    slices: Slices
    place: Codes
    score: Floats
    flagged: Bools

    @classmethod
    def at(
        cls,
        scoring: Scoring,
        who: Truth,
        end: int,
        asked: Mapping[str, tuple[Codes, Codes]],
        say: Callable[[str], None],
    ) -> dict[str, Looks]:
        """Look at judged accounts within the log, once where several questions ask for the same look."""
        ego = scoring.ego
        begin = int(ego.time.min()) if ego.time.size else end
        account, instant = (np.concatenate([each[k] for each in asked.values()]) for k in range(2))
        question = np.repeat(np.arange(len(asked)), [each[0].size for each in asked.values()])
        kept = np.isin(account, who.account) & (begin < instant) & (instant <= end)
        (account, instant), row = np.unique(
            np.stack([account[kept], instant[kept]]), axis=1, return_inverse=True
        )
        row = row.reshape(-1)  # numpy 2.0 gives it another shape
        slices = ego.slices(account, instant, history_days=scoring.model.history_days)
        # Repeated looks count where there is something to see, as in training; a single one wherever it falls.
        seen = worth_a_look(ego, slices)
        mine = {name: np.zeros(len(slices), np.bool_) for name in asked}
        for k, (name, rows) in enumerate(mine.items()):
            rows[row[question[kept] == k]] = True
            rows &= seen | (name not in (STATED, WATCHED))
        wanted = np.logical_or.reduce(list(mine.values()))
        found = cls._scored(scoring, who, slices[wanted], say)
        return {name: found.only(rows[wanted]) for name, rows in mine.items()}

    @classmethod
    def _scored(cls, scoring: Scoring, who: Truth, slices: Slices, say: Callable[[str], None]) -> Looks:
        asked, n = scoring.over(slices), len(slices)
        score, flagged = np.empty(n), np.empty(n, np.bool_)
        pace = Pace(n)
        for low in range(0, n, _BATCH):
            high = min(low + _BATCH, n)
            say(f"scoring accounts at {low:,} to {high:,} of {n:,} instants{pace.told(low, 'instants')} ...")
            looked = asked.look(low, high, companions=False)
            score[low:high], flagged[low:high] = looked.scores, looked.scores >= looked.thresholds
        return cls(slices, np.searchsorted(who.account, slices.account), score, flagged)

    def only(self, rows: Bools) -> Looks:
        """Return some of the looks."""
        return Looks(self.slices[rows], self.place[rows], self.score[rows], self.flagged[rows])

    def looked_at(self, n_accounts: int) -> Bools:
        """Tell of each judged account whether there is a look at it."""
        return np.bincount(self.place, minlength=n_accounts) > 0

    def any_of(self, n_accounts: int, values: Bools) -> Bools:
        """Tell of each judged account whether this holds for one of its looks."""
        return np.bincount(self.place[values], minlength=n_accounts) > 0

    def highest(self, n_accounts: int) -> Floats:
        """Return the highest score of each judged account; 0 without a look."""
        highest = np.zeros(n_accounts)
        np.maximum.at(highest, self.place, self.score)
        return highest


def strangers_until(scoring: Scoring, account: Codes, instant: Codes) -> Floats:
    """Return how many strangers accounts had written to before an instant, in the whole log."""
    ego, found = scoring.ego, np.empty(account.size)
    for low in range(0, account.size, _BATCH):
        part = slice(low, low + _BATCH)
        slices = ego.slices(account[part], instant[part], history_days=_EVER_DAYS)
        found[part] = measure(ego, slices, ["fan_out_strangers"], n_jobs=scoring.n_jobs)[0]
    return found
