"""Whoever looks at the accounts that have to do with some alone sees what the whole index shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spamclf.ego import EgoLog
from spamclf.features import FAMILIES, around
from spamclf.features.extract import measure, snapshot_slices
from spamclf.features.reach import Tied
from tests.features.crowds import LOWERED, crowd_world, lower
from tests.rows import IDS, Tables
from tests.worlds import World

NAMES = [feature.name for name in ("photo", "template", "evidence") for feature in FAMILIES[name].features]


def several_crowds(seed: int, n: int, common: str = "z") -> World:
    """Crowds that have nothing to do with each other but for one account that they have in common, if any."""
    worlds = [crowd_world(seed + k, 8) for k in range(n)]
    tables: Tables = {name: [] for name in worlds[0].tables}
    for k, world in enumerate(worlds):
        for name, rows in world.tables.items():
            for row in rows:
                named: dict[str, Any] = {
                    column: f"{k}{row[column]}" for column in IDS if column in row and row[column] != common
                }
                if name != "accounts" or row["account_id"] != common or k == 0:
                    tables[name].append(row | named)
    return World(tables, worlds[0].as_of, worlds[0].history)


@pytest.mark.parametrize("limits", LOWERED)
def test_one_by_one_and_all_at_once(monkeypatch: pytest.MonkeyPatch, limits: tuple[int, ...]) -> None:
    lower(monkeypatch, *limits)
    for seed in (20, 40):
        world = several_crowds(seed, 4)
        ego = EgoLog.build(world.dataset(), n_jobs=1)
        instants = [world.as_of, world.as_of - world.history // 2]
        for instant in instants:
            slices = snapshot_slices(ego, [instant], None, world.history_days)
            monkeypatch.setattr(around, "SOME", 0)
            whole = measure(ego, slices, NAMES, n_jobs=1)
            monkeypatch.setattr(around, "SOME", 64)
            monkeypatch.setattr(around, "WORTH", 0)
            for n in (1, 3):
                for low in range(0, len(slices), n):
                    some = measure(ego, slices[low : low + n], NAMES, n_jobs=1)
                    np.testing.assert_array_equal(some, whole[:, low : low + n])


def test_components_part_what_has_nothing_in_common(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    part = Tied.part

    def counted(self: Tied, accounts: Any) -> Any:
        index = part(self, accounts)
        sizes.append(index.seen.known_from.size)
        return index

    monkeypatch.setattr(Tied, "part", counted)
    monkeypatch.setattr(around, "WORTH", 0)
    world = several_crowds(60, 4)
    ego = EgoLog.build(world.dataset(), n_jobs=1)
    slices = snapshot_slices(ego, [world.as_of], None, world.history_days)
    for row in range(len(slices)):
        measure(ego, slices[row : row + 1], NAMES, n_jobs=1)
    assert min(sizes) < max(sizes) < len(slices)
