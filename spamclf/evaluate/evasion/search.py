"""The best response to a model: coordinate ascent over the knobs from several starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np

from spamclf.evaluate.evasion.arena import Arena
from spamclf.evaluate.evasion.knobs import ADVISED, KNOBS, NAIVE
from spamclf.simulate import Policy

__all__ = ["Search"]


class Search:
    """Coordinate ascent over `KNOBS` on the accounts of one random state."""

    def __init__(self, arena: Arena, random_state: int, n_starts: int, say: Callable[[str], None]) -> None:
        self.arena, self.random_state = arena, random_state
        self.rng = np.random.default_rng(random_state)
        starts = [("naive", NAIVE), ("as advised", ADVISED)][:n_starts]
        starts += [(f"at random {k + 1}", self._anywhere()) for k in range(n_starts - len(starts))]
        tops = [self._climb(name, start, say) for name, start in starts]
        self.climbs = [
            (name, self.value(start), self.value(top))
            for (name, start), top in zip(starts, tops, strict=True)
        ]
        self.best = max(tops, key=self.rank)

    @property
    def n_tried(self) -> int:
        """Return how many policies were tried."""
        return sum(random_state == self.random_state for _, random_state in self.arena.known)

    def value(self, policy: Policy) -> float:
        """Return the strangers per account and day."""
        return self.arena.outcome(policy, self.random_state).reached / self.arena.horizon_days

    def rank(self, policy: Policy) -> tuple[float, float]:
        """Return what is maximised: strangers, and where they are as many, the distance to the threshold.

        Without the latter nothing leads away from a policy whose accounts all die at the same look, nor does a policy
        that survives by a hair give way to a safe one.
        """
        outcome = self.arena.outcome(policy, self.random_state)
        return outcome.reached, -float(outcome.score.mean())

    def best_of(self, policy: Policy, name: str) -> Policy:
        """Return the policy with one knob where it ranks highest; as it is where nothing ranks higher."""
        others = (replace(policy, **{name: value}) for value in KNOBS.get(name, ()))
        return max((policy, *others), key=self.rank)

    def _anywhere(self) -> Policy:
        drawn = {name: values[int(self.rng.integers(len(values)))] for name, values in KNOBS.items()}
        return Policy(**drawn)

    def _climb(self, name: str, start: Policy, say: Callable[[str], None]) -> Policy:
        best, climbing = start, True
        while climbing:
            before = best
            for knob in self.rng.permutation(list(KNOBS)).tolist():
                best = self.best_of(best, knob)
            climbing = best != before
            say(f"from {name}: {self.value(best):.1f} strangers per account-day ...")
        return best

    def path(self) -> list[tuple[str, Policy]]:
        """Return the knobs that the best response turns, what adds most first, each with the policy up to there."""
        here, found = NAIVE, []
        left = [
            each.name for each in fields(Policy) if getattr(self.best, each.name) != getattr(NAIVE, each.name)
        ]
        while left:
            steps = {name: replace(here, **{name: getattr(self.best, name)}) for name in left}
            name = max(left, key=lambda each: self.rank(steps[each]))
            here = steps[name]
            left.remove(name)
            found.append((name, here))
        return found

    def names(self) -> list[str]:
        """Return all knobs, those of the path first."""
        turned = [name for name, _ in self.path()]
        return [*turned, *(name for name in KNOBS if name not in turned)]
