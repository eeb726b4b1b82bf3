"""Scoring of accounts by their live numbers: two logs, one computation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.ego import Slices
from spamclf.features.catalogue import family_of
from spamclf.features.extract import measure
from spamclf.live.people import People
from spamclf.live.surroundings import Surroundings
from spamclf.model import Model
from spamclf.model.reasons import Telling
from spamclf.scoring import Scoring

__all__ = ["LiveScoring"]

Floats = npt.NDArray[np.float64]

#: Families that look at no message of the account itself.
_TOLD = ("registration", "photo", "template", "evidence")


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
        logged = [name for name in names if family_of(name).name not in _TOLD]
        told = [name for name in names if family_of(name).name in _TOLD]
        values = np.empty((len(names), len(slices)))
        place = {name: k for k, name in enumerate(names)}
        if logged and len(slices):
            ego, local = self._around.neighbourhood(self.ego, slices)
            values[[place[name] for name in logged]] = measure(ego, local, logged, n_jobs=1)
        if told and len(slices):
            values[[place[name] for name in told]] = measure(self.ego, slices, told, n_jobs=1)
        return values
