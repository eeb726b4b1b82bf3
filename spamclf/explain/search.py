"""A change of a row that brings its score below a threshold: the smallest one, or one that needs all its parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from spamclf.features.feature import Feature
from spamclf.model import Forest, Model

__all__ = ["Found", "Steps", "domain", "search"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_BUDGET = 50_000  # rows scored at most to try every change of one more feature
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
        Whether there is no smaller change, or, where none was found, none at all: of as many features as were allowed,
        or, if any number was, not even if what is unknown of the row became known.
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
    model: Model,
    x: Floats,
    features: Sequence[Feature],
    max_features: int | None = None,
    threshold: float | None = None,
) -> Found:
    """Find a change of few features, and of little cost, that brings a row's score below the threshold.

    Every change of one feature is tried, and of several as long as there are at most 50,000: the smallest that clears
    is the smallest there is. Where none does, features are changed one after the other, each time the one that lowers
    the score most, until it clears; then changes are taken back or made smaller, one at a time, as long as it still
    does. What is left needs each of its changes, in full.

    Parameters
    ----------
    model : Model
    x : ndarray of shape (n_features,), dtype float64
    features : sequence of Feature
        The catalogue's entry of each column.
    max_features : int, optional
        By default all of them.
    threshold : float, optional
        By default the model's.

    Returns
    -------
    found : Found
    """
    steps = Steps.of(model, x, features)
    unknown = np.isnan(x) & np.array([feature.actionable for feature in features], np.bool_)
    trial = _Trial(model, x, steps, model.threshold if threshold is None else threshold)
    n_columns = trial.columns.size
    most = n_columns if max_features is None else min(max_features, n_columns)
    if trial.is_hopeless(unknown):
        return Found((), (), math.inf, exhaustive=True)
    states, size = np.full((1, n_columns), -1), 0
    while size < most and (size == 0 or len(states) * steps.column.size <= _BUDGET):
        states, size = trial.extended(states), size + 1
        clearing = states[trial.clears(trial.raw_scores(states))]
        if len(clearing):
            return trial.found(trial.smallest(clearing), exhaustive=True)
    nothing = Found(
        (), (), math.inf, exhaustive=size == most and (max_features is not None or not unknown.any())
    )
    state = None if size == most else trial.irreducible()
    return nothing if state is None or (state >= 0).sum() > most else trial.found(state, exhaustive=False)


@dataclass(frozen=True, eq=False)
class _Trial:
    """A row with some of its features changed.

    A state says of each feature that can change which of `steps` it takes, -1 for none.
    """

    model: Model
    x: Floats
    steps: Steps
    threshold: float

    @cached_property
    def columns(self) -> Ints:
        """The features that can change."""
        return np.unique(self.steps.column)

    @cached_property
    def place(self) -> Ints:
        """Of each step its feature's place in `columns`."""
        return np.searchsorted(self.columns, self.steps.column)

    def raw_scores(self, states: Ints) -> Floats:
        """Return the raw score of each state."""
        out = np.empty(len(states))
        for low in range(0, len(states), _CHUNK):
            part = states[low : low + _CHUNK]
            X = np.repeat(self.x[None], len(part), axis=0)
            X[:, self.columns] = np.where(part >= 0, self.steps.value[part], self.x[self.columns])
            out[low : low + len(part)] = self.model.forest.raw_scores(X)
        return out

    def clears(self, raw: Floats) -> Bools:
        """Tell which raw scores lie below the threshold, as `Model.scores` would have them."""
        return np.asarray(self.model.calibration(raw) < self.threshold)

    def is_hopeless(self, unknown: Bools) -> bool:
        """Tell whether no state clears, for not even the sum of what each tree could come to at least does.

        Features that are `unknown` may take any value, or stay unknown.
        """
        low, high = np.where(unknown, -np.inf, self.x), np.where(unknown, np.inf, self.x)
        np.minimum.at(low, self.steps.column, self.steps.value)
        np.maximum.at(high, self.steps.column, self.steps.value)
        least = _least_raw_score(self.model.forest, low, high, unknown)
        return not self.clears(np.array([least - 1e-9 * (1.0 + abs(least))]))[0]

    def extended(self, states: Ints) -> Ints:
        """Return each state with a step of one more feature, one that comes after those changed already."""
        n_columns = self.columns.size
        last = np.where(states >= 0, np.arange(n_columns), -1).max(axis=1)
        which, step = np.nonzero(self.place > last[:, None])
        grown = states[which]
        grown[np.arange(len(grown)), self.place[step]] = step
        return grown

    def irreducible(self) -> Ints | None:
        """Return a state that clears, but would not with any of its changes taken back or made smaller."""
        unchanged = np.full(self.columns.size, -1)
        for start in (unchanged, self._farthest()):
            state = self._lowered(start)
            if state is not None:
                return self._reduced(state)
        return None

    def smallest(self, states: Ints) -> Ints:
        """Return the state of the fewest changes, and of these the cheapest."""
        n_changes, costs = self._sizes(states)
        return np.asarray(states[np.lexsort((*states.T[::-1], costs, n_changes))[0]])

    def found(self, state: Ints, *, exhaustive: bool) -> Found:
        """Return a state in words of columns and values."""
        chosen = state[state >= 0]
        columns, values = self.steps.column[chosen].tolist(), self.steps.value[chosen].tolist()
        return Found(tuple(columns), tuple(values), math.fsum(self.steps.cost[chosen].tolist()), exhaustive)

    def _farthest(self) -> Ints:
        """Return the state in which every feature takes its last step, as far from what is suspicious as can be."""
        return np.searchsorted(self.steps.column, self.columns, side="right") - 1

    def _lowered(self, state: Ints) -> Ints | None:
        """Change one feature at a time, each time what lowers the score most, until it clears; None if none does."""
        (raw,) = self.raw_scores(state[None])
        while not self.clears(raw):
            tries = self._neighbours(state)
            scores = self.raw_scores(tries)
            best = int(scores.argmin())
            if scores[best] >= raw:
                return None
            state, raw = tries[best], scores[best]
        return state

    def _reduced(self, state: Ints) -> Ints:
        """Take changes back, or make them smaller, one at a time, as long as the state clears."""
        while True:
            tries = self._neighbours(state)
            (n_now,), (cost_now,) = self._sizes(state[None])
            n_changes, costs = self._sizes(tries)
            tries = tries[(n_changes < n_now) | ((n_changes == n_now) & (costs < cost_now))]
            tries = tries[self.clears(self.raw_scores(tries))]
            if not len(tries):
                return state
            state = self.smallest(tries)

    def _neighbours(self, state: Ints) -> Ints:
        """Return the states in which one feature takes another step, or none."""
        n_steps, changed = self.place.size, np.flatnonzero(state >= 0)
        tries = np.repeat(state[None], n_steps + changed.size, axis=0)
        tries[np.arange(len(tries)), np.append(self.place, changed)] = np.append(
            np.arange(n_steps), np.full(changed.size, -1)
        )
        return tries

    def _sizes(self, states: Ints) -> tuple[Ints, Floats]:
        """Return of each state the number of its changes, and what they cost."""
        changed = states >= 0
        return changed.sum(axis=1), np.where(changed, self.steps.cost[states], 0.0).sum(axis=1)


def _least_raw_score(forest: Forest, low: Floats, high: Floats, unknown: Bools) -> float:
    """Return what no row between two others can score below: the sum of the least that each tree can come to.

    A feature that is NaN in `low` is missing; one that is `unknown` may be.
    """
    feature, least = forest.feature, forest.value.copy()
    never, left_if_missing = np.isnan(low[feature]), forest.missing_left != 0
    missing = never | unknown[feature]
    goes_left = (~never & (low[feature] <= forest.threshold)) | (missing & left_if_missing)
    goes_right = (~never & (high[feature] > forest.threshold)) | (missing & ~left_if_missing)
    for node in np.flatnonzero(feature >= 0)[::-1].tolist():  # children come after their parent
        ways = (forest.left[node], goes_left[node]), (forest.right[node], goes_right[node])
        least[node] = min(least[child] for child, goes in ways if goes)
    return forest.baseline + float(least[forest.roots[:-1]].sum())


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
