"""A case: one operation at one instant, made ready to be told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.table import Campaigns
from spamclf.campaigns.tally import Known
from spamclf.dataset import Dataset
from spamclf.dossier.activity import Activity
from spamclf.dossier.tables import Rows
from spamclf.dossier.ties import Shared
from spamclf.ego import EgoLog
from spamclf.scoring import ScoreTables, Scoring

__all__ = ["Case"]

_REASONS = 3


@dataclass(frozen=True, eq=False)
class Case:
    """One operation at one instant.

    Attributes
    ----------
    scoring : Scoring
        Dataset, log and model, made ready.
    found : Campaigns
    until : int
        The instant, microseconds since the epoch; rows at or after it are unseen.
    policy : int or None
        The instant from which a policy was in force.
    min_accounts : int
    operator : str or None
    asked : (kind, number) or None
        The campaign that was asked for.
    core : ndarray of shape (n_accounts,), dtype bool
        The accounts that evidence ties to the operator, or those of the campaign.
    shared : tuple of Shared
    known : Known
        What labels say, over the whole log.
    """

    scoring: Scoring
    found: Campaigns
    until: int
    policy: int | None
    min_accounts: int
    operator: str | None
    asked: tuple[str, int] | None
    core: npt.NDArray[np.bool_]
    shared: tuple[Shared, ...]
    known: Known

    @property
    def ego(self) -> EgoLog:
        """The log."""
        return self.scoring.ego

    @property
    def dataset(self) -> Dataset:
        """The dataset."""
        return self.ego.dataset

    @property
    def operation(self) -> str:
        """What the operation is called: the operator, or the campaign."""
        return str(self.operator) if self.asked is None else " ".join(map(str, self.asked))

    @cached_property
    def codes(self) -> npt.NDArray[np.int64]:
        """The accounts of the operation: the core, and those that what is used infers; by id."""
        chosen = self.core.copy()
        cleared = self.known.labelled & ~self.known.automated
        for each in self.shared:
            if each.used:
                chosen[each.members] |= ~cleared[each.members]
        codes = np.flatnonzero(chosen)
        ids = [str(each) for each in self.ego.account_ids.take(pa.array(codes)).to_pylist()]
        return codes[sorted(range(codes.size), key=lambda place: ids[place])]

    @cached_property
    def ids(self) -> pa.Array:
        """Their ids."""
        return self.ego.account_ids.take(pa.array(self.codes))

    @cached_property
    def rows(self) -> Rows:
        """The rows about them."""
        return Rows(self.dataset, self.ids, self.until)

    @cached_property
    def activity(self) -> Activity:
        """What they did."""
        return Activity.of(self.ego, self.codes, self.until)

    def scores(self) -> list[dict[str, Any]]:
        """Return the rows of `predict.score` for them."""
        scoring = self.scoring.over(self.scoring.slices[self.codes])
        table = ScoreTables(scoring, _REASONS, "flagged").part(0, self.codes.size)
        return table.to_pylist()  # type: ignore[no-any-return]
