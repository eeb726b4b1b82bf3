"""Scoring of accounts by their live numbers: two logs, one computation."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.ego import Slices
from spamclf.features.catalogue import FAMILIES, family_of
from spamclf.features.extract import measure
from spamclf.live.people import People
from spamclf.live.surroundings import TOGETHER, Surroundings
from spamclf.model import Model
from spamclf.model.reasons import Telling
from spamclf.scoring import Scoring

__all__ = ["LiveScoring"]

Floats = npt.NDArray[np.float64]

#: Families that look at what accounts show.
_TOLD = ("photo", "template", "evidence")


class LiveScoring(Scoring):
    """Scores slices of accounts by their live numbers, all of one instant."""

    def __init__(
        self, around: Surroundings, people: People, model: Model, telling: Telling, slices: Slices
    ) -> None:
        self.n_jobs, self.model, self.ego, self.slices = 1, model, around.told(), slices
        self.telling, self._around, self._people = telling, around, people

    def account_ids(self, slices: Slices) -> pa.Array:
        """Return the id of each slice's account."""
        ids = self._people.ids
        return pa.array([ids[code] for code in slices.account.tolist()], self._people.id_type)

    def measured(self, slices: Slices, names: Sequence[str]) -> Floats:
        """Return the values of features: those of messages on a small log, the others on that of all that is told."""
        together, logged, told = _divided(tuple(names))
        values = np.empty((len(names), len(slices)))
        if not len(slices):
            return values
        if together.names or logged.names:
            hood = self._around.neighbourhood(self.ego, slices)
            if together.names:
                values[together.rows] = self._around.measure(self.ego, hood)[together.places]
            if logged.names:
                values[logged.rows] = measure(*self._around.log_of(self.ego, hood), logged.names, n_jobs=1)
        if told.names:
            values[told.rows] = measure(self.ego, slices, told.names, n_jobs=1)
        return values


class _Part(NamedTuple):
    """Some features: their names, where they stand among all asked for, and where among those of `TOGETHER`."""

    names: list[str]
    rows: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]


@functools.lru_cache(maxsize=64)
def _divided(names: tuple[str, ...]) -> tuple[_Part, _Part, _Part]:
    """Divide features into those that are measured together, others of an account's messages, and all others."""
    place = {
        feature.name: k
        for k, feature in enumerate(each for name in TOGETHER for each in FAMILIES[name].features)
    }
    is_told = [family_of(name).name in _TOLD for name in names]
    chosen = (
        [k for k, name in enumerate(names) if name in place],
        [k for k, name in enumerate(names) if name not in place and not is_told[k]],
        [k for k, name in enumerate(names) if is_told[k]],
    )
    together, logged, told = (
        _Part(
            [names[k] for k in rows],
            np.array(rows, np.int64),
            np.array([place.get(names[k], -1) for k in rows], np.int64),
        )
        for rows in chosen
    )
    return together, logged, told
