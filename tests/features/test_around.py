"""What the families photo, template and evidence share: prints of files and hashes, and what is remembered."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset, extract
from spamclf.campaigns.photos import fingerprint_files, to_hex
from spamclf.ego import EgoLog
from spamclf.features.catalogue import FAMILIES
from spamclf.features.extract import measure
from spamclf.remember import remember
from tests.worlds import (
    DAY,
    TIMES,
    World,
    account,
    all_known,
    at,
    by_account,
    differing,
    pictured,
    random_world,
    tables_of,
)

AS_OF = 1_780_000_000_000_000
NAMES = tuple(feature.name for name in ("photo", "template") for feature in FAMILIES[name].features)
CLUSTERS = tuple(name for name in NAMES if "cluster" in name)


# ---- a ready-made hash and a file may show one picture -----------------------------------------------------------


@cache
def pictures(folder: Path) -> list[tuple[str, str]]:
    """Two pictures, each as it is and mirrored: path and hash."""
    from PIL import Image, ImageOps

    paths = []
    for k in range(2):
        grain = np.random.default_rng(k).integers(0, 255, (6, 6, 3), dtype=np.uint8)
        picture = Image.fromarray(grain).resize((96, 96), Image.Resampling.BICUBIC)
        for turned, name in ((picture, f"{k}.png"), (ImageOps.mirror(picture), f"{k}_mirrored.png")):
            turned.save(folder / name)
            paths.append(name)
    made = fingerprint_files(folder, paths)
    assert (np.asarray(made.quality) >= 50).all()
    return list(zip(paths, to_hex(made.words[:, 0]), strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


_ROW = st.tuples(st.integers(0, 4), st.integers(0, 3), st.booleans(), st.integers(-5, 5))


def shown_by(folder: Path, rows: list[tuple[int, int, bool, int]]) -> dict[Any, dict[str, float]]:
    """Features of accounts that show pictures, by file or by hash, days before or after the instant."""
    listed = [
        (f"a{who}", AS_OF + day * DAY, *((path, None) if as_file else (None, digest)))
        for who, which, as_file, day in rows
        for path, digest in [pictures(folder)[which]]
    ]
    columns = ("account_id", "set_at", "photo", "photo_hash")
    dataset = Dataset(
        messages={"sender_id": ["a0"], "recipient_id": ["a1"], "sent_at": [AS_OF - DAY]},
        accounts={"account_id": [f"a{k}" for k in range(5)]},
        photos={name: [row[k] for row in listed] for k, name in enumerate(columns)} if listed else None,
        folder=folder,
        time_unit="us",
        not_after="2040-01-01",
    )
    return by_account(extract(dataset, as_of=AS_OF, features=["photo"], n_jobs=1))


@settings(max_examples=40, deadline=None)
@given(st.lists(_ROW, min_size=1, max_size=8))
def test_later_files_and_hashes_change_nothing(folder: Path, rows: list[tuple[int, int, bool, int]]) -> None:
    """A later file of the very same hash must not lend its mirrored versions to whoever gave the hash."""
    seen = [
        (0, 0, True, -6),
        *(row for row in rows if row[3] < 0),
    ]  # one at least: an empty table is another thing
    later = [row for row in rows if row[3] >= 0]
    assert not differing(shown_by(folder, seen), shown_by(folder, seen + later))


def test_a_hash_has_no_versions_but_a_file_has(folder: Path) -> None:
    by_hash, by_file = (
        shown_by(folder, [(0, 0, as_file, -1), (1, 1, False, -1)]) for as_file in (False, True)
    )
    assert by_hash["a0"]["photo_cluster_accounts"] == 0
    assert by_file["a0"]["photo_cluster_accounts"] == 1
    same = shown_by(folder, [(0, 0, False, -1), (0, 0, True, 0), (2, 0, True, -1), (1, 1, False, -1)])
    assert same["a0"]["photo_cluster_accounts"] == 1  # the other with its very hash, not the mirrored one
    assert same["a2"]["photo_cluster_accounts"] == 2


# ---- a memory stands in for the rows it was made from ------------------------------------------------------------


def split(world: World, cut: int) -> tuple[World, World]:
    """The rows before an instant, and those from it on."""
    halves: tuple[dict[str, list[Any]], dict[str, list[Any]]] = ({}, {})
    for name, rows in world.tables.items():
        for half, is_later in zip(halves, (False, True), strict=True):
            half[name] = [r for r in rows if name == "accounts" or (r[TIMES[name]] >= cut) == is_later]
    return World(halves[0], world.as_of, world.history), World(halves[1], world.as_of, world.history)


@pytest.mark.parametrize("seed", range(12))
def test_a_memory_and_the_rows_since_are_as_good_as_all_rows(seed: int) -> None:
    """So the threshold of a model, set without a memory, holds with it: no value means anything else."""
    world = all_known(random_world(seed, n_accounts=16, n_messages=30))
    cut = world.as_of - random.Random(seed).randrange(world.history)
    before, since = split(world, cut)
    memory = remember(EgoLog.build(before.dataset()), cut, NAMES, history_days=world.history_days)
    own = {row["account_id"] for name in ("photos", "texts") for row in before.tables[name]}
    values = []
    for part, remembered in ((world, None), (since, memory)):
        ego = EgoLog.build(part.dataset()).remembering(remembered)
        slices = ego.slices(np.arange(ego.n_accounts), part.as_of, history_days=part.history_days)
        table = measure(ego, slices, CLUSTERS, n_jobs=1)
        values.append(dict(zip(ego.account_ids.to_pylist(), table.T, strict=True)))
    fresh = [who for who in values[1] if who not in own]  # what they show themselves is all in the later rows
    assert fresh
    for who in fresh:
        np.testing.assert_array_equal(values[0][who], values[1][who])


def test_what_is_remembered_expires_with_the_look_back() -> None:
    digest = f"{random.Random(3).getrandbits(256):064x}"
    old, new = (
        World(
            tables_of(accounts=[account(who)], photos=[pictured(who, digest, seconds)]),
            at(days=20, seconds=1),
        )
        for who, seconds in (("old", 0), ("new", 20 * 86_400))
    )
    memory = remember(EgoLog.build(old.dataset()), old.as_of, ["photo_cluster_accounts"], history_days=30)
    ego = EgoLog.build(new.dataset()).remembering(memory)
    near = [
        float(measure(ego, ego.slices([0], new.as_of, history_days=days), ["photo_cluster_accounts"])[0, 0])
        for days in (30, 19)
    ]
    assert near == [1, 0]
