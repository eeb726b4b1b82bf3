"""The smallest change of a row that brings its score below a threshold: a beam search over the splits of a forest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spamclf.features.feature import Feature
from spamclf.model import Model

__all__ = ["Found", "Steps", "domain", "search"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_BUDGET = 50_000  # rows scored at most to try one more feature
_GRID = 4_000  # rows to try every pair of steps of two features
_FINALISTS = 8
_CHUNK = 8_192  # rows in memory at once
_BETWEEN = {"rhythm_burstiness": (-1.0, 1.0), "rhythm_memory": (-1.0, 1.0)}
_AT_LEAST = {"send_rate_sends": 1.0}  # sending nothing at all gets no verdict, which is no way to be cleared


@dataclass(frozen=True, eq=False)
class Steps:
    """Every change of one feature that matters to a forest, each into the next interval between two splits.

    Attributes
    ----------
    column : ndarray of shape (n,), dtype int64
        Ascending; of one column the cheapest first.
    value : ndarray of shape (n,), dtype float64
        The nearest value of the interval that the feature can have and that is short to say.
    cost : ndarray of shape (n,), dtype float64
        Splits of the feature between the value now and then, as a share of all of its splits. Boosting puts splits
        where its training rows differ, so this is close to a share of the accounts, whatever the unit.
    """

    column: Ints
    value: Floats
    cost: Floats

    @classmethod
    def of(cls, model: Model, x: Floats, features: Sequence[Feature]) -> Steps:
        """List the steps of a row over the actionable features whose value is known, away from what is suspicious."""
        rows = []
        forest = model.forest
        for column, feature in enumerate(features):
            splits = np.unique(forest.threshold[forest.feature == column])
            splits = splits[np.isfinite(splits)]
            if feature.actionable and splits.size and not np.isnan(x[column]):
                rows += [(column, *step) for step in _of_feature(feature, float(x[column]), splits)]
        rows.sort(key=lambda row: (row[0], row[2], row[1]))
        table = np.array(rows, np.float64).reshape(-1, 3)
        return cls(table[:, 0].astype(np.int64), table[:, 1].copy(), table[:, 2].copy())


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    columns, values : tuple
        The change; empty when none was found.
    cost : float
    exhaustive : bool
        Whether every change of fewer features, and of as many, was tried.
    """

    columns: tuple[int, ...]
    values: tuple[float, ...]
    cost: float
    exhaustive: bool


def domain(feature: Feature) -> tuple[float, float, bool]:
    """Return the least and the largest value that a feature can have, and whether it is a whole number."""
    whole = feature.unit in ("count", "flag")
    if feature.name in _BETWEEN:
        return (*_BETWEEN[feature.name], whole)
    if feature.unit in ("share", "flag"):
        return 0.0, 1.0, whole
    least = -math.inf if feature.unit == "1/day^2" else _AT_LEAST.get(feature.name, 0.0)
    return least, math.inf, whole


def search(
    model: Model, x: Floats, features: Sequence[Feature], max_features: int, threshold: float | None = None
) -> Found:
    """Find the change of the fewest features, then of the least cost, that brings a row's score below the threshold.

    Every change of one feature is tried. Of several, all combinations are tried where there are at most 50,000, else
    those that go on from the most promising of one feature less.

    Parameters
    ----------
    model : Model
    x : ndarray of shape (n_features,), dtype float64
    features : sequence of Feature
        The catalogue's entry of each column.
    max_features : int
    threshold : float, optional
        By default the model's.

    Returns
    -------
    found : Found
    """
    steps = Steps.of(model, x, features)
    trial = _Trial(model, x, steps, model.threshold if threshold is None else threshold)
    n = steps.column.size
    states, raw, exhaustive = np.empty((1, 0), np.int64), np.zeros(1), True
    for _ in range(max_features if n else 0):
        if len(states) * n > _BUDGET and states.shape[1]:
            states, exhaustive = _beam(states, raw, steps.column, max(1, _BUDGET // n)), False
        states = _extended(states, steps.column)
        if not len(states):
            break
        raw = trial.raw_scores(states)
        clears = np.flatnonzero(trial.clears(raw))
        if clears.size:
            best = trial.cheapest(states[clears], improve=not exhaustive)
            columns, values = steps.column[best].tolist(), steps.value[best].tolist()
            return Found(tuple(columns), tuple(values), trial.cost(best), exhaustive)
    return Found((), (), math.inf, exhaustive)


class _Trial:
    """Scores a row with some of its features changed."""

    def __init__(self, model: Model, x: Floats, steps: Steps, threshold: float) -> None:
        self.model, self.x, self.steps, self.threshold = model, x, steps, threshold

    def raw_scores(self, states: Ints) -> Floats:
        """Return the raw score of each state, a row of places in `steps`."""
        out = np.empty(len(states))
        for low in range(0, len(states), _CHUNK):
            part = states[low : low + _CHUNK]
            X = np.repeat(self.x[None], len(part), axis=0)
            X[np.arange(len(part))[:, None], self.steps.column[part]] = self.steps.value[part]
            out[low : low + len(part)] = self.model.forest.raw_scores(X)
        return out

    def clears(self, raw: Floats) -> npt.NDArray[np.bool_]:
        """Tell which raw scores lie below the threshold, as `Model.scores` would have them."""
        return np.asarray(self.model.calibration(raw) < self.threshold)

    def cost(self, state: Ints) -> float:
        """Return what a state costs."""
        return math.fsum(self.steps.cost[state].tolist())

    def cheapest(self, states: Ints, *, improve: bool) -> Ints:
        """Return the cheapest state; with `improve`, after looking for cheaper ones of the same features."""
        costs = self.steps.cost[states].sum(axis=1)
        order = np.lexsort((*states.T[::-1], costs))
        if not improve:
            return np.asarray(states[order[0]])
        _, first = np.unique(self.steps.column[states[order]], axis=0, return_index=True)
        finalists = [self._improved(states[order[place]]) for place in np.sort(first)[:_FINALISTS]]
        return min(finalists, key=lambda state: (self.cost(state), tuple(state)))

    def _improved(self, state: Ints) -> Ints:
        """Make the changes of a state smaller as long as it clears: two at once if that is not too much, else one."""
        choices = [np.flatnonzero(self.steps.column == column) for column in self.steps.column[state]]
        if len(state) == 2 and choices[0].size * choices[1].size <= _GRID:
            grid = np.stack(np.meshgrid(*choices, indexing="ij"), axis=-1).reshape(-1, 2)
            return self.cheapest(grid[self.clears(self.raw_scores(grid))], improve=False)
        best = state
        while True:
            tries = np.concatenate([_replaced(best, place, each) for place, each in enumerate(choices)])
            tries = tries[self.steps.cost[tries].sum(axis=1) < self.steps.cost[best].sum()]
            tries = tries[self.clears(self.raw_scores(tries))]
            if not len(tries):
                return best
            best = self.cheapest(tries, improve=False)


def _of_feature(feature: Feature, value: float, splits: Floats) -> list[tuple[float, float]]:
    """Return the (value, cost) of one feature's steps."""
    low, high, whole = domain(feature)
    here = int(np.searchsorted(splits, value))  # in (splits[here - 1], splits[here]]
    edges = [-math.inf, *splits.tolist(), math.inf]
    steps = []
    for place in range(splits.size + 1):
        down = place < here
        if place == here or feature.direction == (-1 if down else 1):
            continue
        new = _nearest(max(edges[place], low), min(edges[place + 1], high), edges[place] < low, down, whole)
        if new is not None:
            steps.append((new, abs(place - here) / splits.size))
    return steps


def _nearest(low: float, high: float, with_low: bool, down: bool, whole: bool) -> float | None:
    """Return the value of ``(low, high]`` (or ``[low, high]``) nearest its end, with few digits if it can be."""
    least = low if with_low or math.isinf(low) else math.nextafter(low, math.inf)
    if whole:
        least, high = (
            math.ceil(least) if math.isfinite(least) else least,
            math.floor(high) if math.isfinite(high) else high,
        )
    if not least <= high:
        return None
    exact = float(high if down else least)
    shorter = (exact if whole else float(f"{exact:.{digits}e}") for digits in range(1, 17))
    return next((each for each in shorter if least <= each <= high), exact)


def _replaced(state: Ints, place: int, choices: Ints) -> Ints:
    """Return a state once for each choice of one of its steps."""
    states = np.repeat(state[None], choices.size, axis=0)
    states[:, place] = choices
    return states


def _extended(states: Ints, column: Ints) -> Ints:
    """Return every state with one step of another feature added, each once."""
    n = column.size
    grown = np.empty((len(states) * n, states.shape[1] + 1), np.int64)
    grown[:, :-1] = np.repeat(states, n, axis=0)
    grown[:, -1] = np.tile(np.arange(n), len(states))
    fresh = (column[grown[:, :-1]] != column[grown[:, -1:]]).all(axis=1)
    grown = np.sort(grown[fresh], axis=1)
    order = np.lexsort(grown.T[::-1])
    again = np.zeros(len(grown), np.bool_)
    again[1:] = (grown[order[1:]] == grown[order[:-1]]).all(axis=1)
    return np.asarray(grown[order[~again]])


def _beam(states: Ints, raw: Floats, column: Ints, width: int) -> Ints:
    """Keep the states of the lowest raw scores, and of each set of features its best one before any second."""
    order = np.lexsort((*states.T[::-1], raw))
    _, first = np.unique(column[states[order]], axis=0, return_index=True)
    second = np.ones(order.size, np.bool_)
    second[first] = False
    return np.asarray(states[order[np.argsort(second, kind="stable")][:width]])
