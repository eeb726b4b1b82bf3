"""What every stage on every executor must know: the instant, the shards, the model or the features."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.sightings import Sightings
from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.facts import Instants
from spamclf.features.catalogue import FAMILIES, family_of
from spamclf.model import Model, load_model
from spamclf.tables.times import Reading

__all__ = ["Plan", "plain"]


@dataclass(frozen=True)
class Plan:
    """One call, as it travels to the executors.

    Attributes
    ----------
    n_shards : int
    as_of, history : int
        Microseconds since the epoch; microseconds.
    given : tuple of str
        Names of the tables that were given.
    reading : Reading
        How loose values are to be read.
    names : tuple of str
        The features asked for.
    files : tuple of (str, bytes)
        The model's folder; empty where features alone are asked for.
    schemes : tuple
        As of `Dataset`, section by section.
    n_reasons : int
    reasons_for : str
    """

    n_shards: int
    as_of: int
    history: int
    given: tuple[str, ...]
    reading: Reading
    names: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    schemes: tuple[tuple[str, dict[str, Any]], ...] = ()
    n_reasons: int = 0
    reasons_for: str = "flagged"

    @property
    def since(self) -> int:
        """Where the history begins."""
        return self.as_of - self.history

    @property
    def history_days(self) -> float:
        """The history in days."""
        return self.history / 86_400_000_000

    @cached_property
    def families(self) -> frozenset[str]:
        """Names of the families of all features asked for, and of those that their sentences name."""
        return frozenset(family_of(name).name for name in self.names)

    def ids(self, values: pa.Array | None = None) -> pa.Array:
        """Return ids as all tables on their way hold them."""
        kind = pa.int64() if self.reading.integer_ids else pa.string()
        return pa.array([], kind) if values is None else values

    def model(self) -> Model:
        """Load the model, audited, once per process."""
        return _loaded(self.files)

    @property
    def memory(self) -> CampaignIndex | None:
        """The memory of the model, if there is one."""
        return self.model().memory if self.files else None

    def remembered(self, kind: str) -> Sightings | None:
        """Return what the model remembers of photos, texts or lists; None where that is nothing."""
        found: Sightings | None = getattr(self.memory, kind, None)
        return found if found is not None and len(found) else None

    def known(self, ego: EgoLog, kind: str) -> Instants:
        """Return the codes of accounts whose photos, texts or lists the model remembers."""
        remembered = self.remembered(kind)
        if remembered is None:
            return np.empty(0, np.int64)
        return np.flatnonzero(np.isin(ego.pseudonyms(), remembered.account))

    def dataset(self, **tables: pa.Table) -> Dataset:
        """Return part of the data as a dataset."""
        return Dataset.of_checked(
            tables, integer_ids=self.reading.integer_ids, given=self.given, schemes=dict(self.schemes)
        )

    def columns_of(self, family: str) -> list[str]:
        """Return the features of a family."""
        return [feature.name for feature in FAMILIES[family].features]


def plain(table: pa.Table) -> pa.Table:
    """Return a table without coded strings: two parts of it can be joined whatever their codes."""
    schema = table.schema
    for k, each in enumerate(schema):
        if pa.types.is_dictionary(each.type):
            schema = schema.set(k, each.with_type(each.type.value_type))
    return table.cast(schema)


@lru_cache(maxsize=2)
def _loaded(files: tuple[tuple[str, bytes], ...]) -> Model:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files:
            (Path(folder) / name).write_bytes(data)
        return load_model(folder)
