"""A policy, a world and a model: what becomes of each account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.ego import DAY_US, EgoLog
from spamclf.evaluate.evasion.knobs import NAIVE
from spamclf.kernels import _common as bits
from spamclf.model import Model
from spamclf.scoring import Scoring
from spamclf.simulate import Policy, World, attack

__all__ = ["Arena", "Outcome", "strangers_until"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Accounts are looked at up to these days, then the survivors up to the next: the dead cost nothing.
_STAGES = (0.75, 2, 5)
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Outcome:
    """What became of each account: strangers reached, whether flagged, days alive, highest score."""

    strangers: Floats
    flagged: Bools
    alive_days: Floats
    score: Floats

    @property
    def reached(self) -> float:
        """Mean strangers per account: what an attacker maximises."""
        return float(self.strangers.mean())


class Arena:
    """A model and a world in which policies are tried, each once per random state; parameters as of `evasion_cost`."""

    def __init__(
        self,
        model: Model,
        world: World,
        n_accounts: int,
        start_day: float | None,
        look_every_h: float,
        sends: tuple[int, ...],
        n_jobs: int,
    ) -> None:
        self.model, self.world, self.n_accounts, self.start_day = model, world, n_accounts, start_day
        self.sends, self.n_jobs = sends, n_jobs
        self.every = round(look_every_h * DAY_US / 24)
        self.known: dict[tuple[Policy, int], Outcome] = {}
        attack(world, replace(NAIVE, strangers_per_day=0.0), n_accounts, start_day=start_day)  # refuse early
        assert world.behind is not None
        first, self.end = world.behind.cast.start, world.behind.cast.end
        days = (self.end - first) / DAY_US
        self.begin = first + round((days / 2 if start_day is None else start_day) * DAY_US)
        self.horizon_days = (self.end - self.begin) / DAY_US
        self.looks = f"after send {', '.join(map(str, sends))} and every {look_every_h:g} h"

    def outcome(self, policy: Policy, random_state: int) -> Outcome:
        """Return what becomes of the accounts of an operation that follows the policy."""
        key = policy, random_state
        if key not in self.known:
            made = attack(self.world, policy, self.n_accounts, random_state, start_day=self.start_day)
            self.known[key] = self._outcome(made)
        return self.known[key]

    def _outcome(self, made: World) -> Outcome:
        scoring = Scoring(made.dataset, self.model, self.end, self.n_jobs, None, where="evasion_cost")
        ego, size = scoring.ego, self.n_accounts
        first = made["accounts"].num_rows - size  # newcomers stand last
        account, instant = ego.after_sends(self.sends, self.end)
        ours = account >= first
        ours &= account < first + size
        daily = np.append(np.arange(self.begin + self.every, self.end, self.every), self.end)
        account = np.append(account[ours], np.repeat(first + np.arange(size), daily.size))
        instant = np.append(instant[ours], np.tile(daily, size))
        score, death = np.zeros(size), np.full(size, _NEVER)
        for since, until in pairwise((0, *(self.begin + days * DAY_US for days in _STAGES), self.end + 1)):
            now = (since <= instant) & (instant < until) & (death[account - first] == _NEVER)
            if not now.any():
                continue
            scoring.slices = ego.slices(account[now], instant[now], history_days=self.model.history_days)
            looked = scoring.look(0, int(now.sum()), companions=False)
            place, flagged = account[now] - first, looked.verdict == 0
            np.minimum.at(death, place[flagged], instant[now][flagged])
            alive = instant[now] <= death[place]
            np.maximum.at(score, place[alive], looked.scores[alive])
        starts = np.asarray(made.truth["starts_at"][first:].cast(pa.int64()).to_numpy())
        alive_days = np.maximum(np.minimum(death, self.end) - starts, 0) / DAY_US
        return Outcome(strangers_until(ego, first, death), death < _NEVER, alive_days, score)


def strangers_until(ego: EgoLog, first: int, death: npt.NDArray[np.int64]) -> Floats:
    """Count the strangers that accounts reached: people whom their messages before their death were delivered to.

    Parameters
    ----------
    ego : EgoLog
    first : int
        Code of the first account of the operation; the others follow. Messages among them do not count.
    death : ndarray of shape (n_accounts,), dtype int64
        Microseconds since the epoch.

    Returns
    -------
    n_strangers : ndarray of shape (n_accounts,), dtype float64
    """
    size = death.size
    low, high = int(ego.offsets[first]), int(ego.offsets[first + size])
    place = np.repeat(np.arange(size), np.diff(ego.offsets[first : first + size + 1]))
    flag, peer = ego.flag[low:high], ego.peer[low:high].astype(np.int64)
    reached = (flag & bits.OUT != 0) & (flag & (bits.GROUP | bits.UNDELIVERED) == 0)
    reached &= (peer < first) | (peer >= first + size)
    reached &= ego.time[low:high] < death[place]
    pairs = np.unique(place[reached] * ego.n_peers + peer[reached])
    return np.bincount(pairs // ego.n_peers, minlength=size).astype(np.float64)
