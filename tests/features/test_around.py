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

from spamclf import AfterSends, Dataset, extract
from spamclf.campaigns.photos import fingerprint_files, to_hex
from spamclf.campaigns.shown import read_photos, read_texts
from spamclf.ego import EgoLog
from spamclf.features import around
from spamclf.features.catalogue import FAMILIES as FAMILIES_BY_NAME
from spamclf.features.extract import measure
from spamclf.remember import remember
from tests.campaigns import near_copies
from tests.features.crowds import LOWERED, crowd_world, lower
from tests.features.test_template import STATED
from tests.worlds import (
    DAY,
    TIMES,
    World,
    account,
    all_known,
    assert_equal_values,
    assert_twin,
    at,
    by_account,
    differing,
    disturbed,
    pictured,
    random_world,
    shuffled,
    tables_of,
)

AS_OF = 1_780_000_000_000_000
NAMES = tuple(feature.name for name in ("photo", "template") for feature in FAMILIES_BY_NAME[name].features)
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


# ---- crowds --------------------------------------------------------------------------------------------------------

FAMILIES = ["photo", "template", "evidence"]


def extracted(world: World, **settings: Any) -> Any:
    return extract(world.dataset(), history_days=world.history_days, features=FAMILIES, n_jobs=1, **settings)


@pytest.mark.parametrize("limits", LOWERED)
@pytest.mark.parametrize("seed", range(3))
def test_crowds_equal_their_twins(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, ...], seed: int
) -> None:
    lower(monkeypatch, *limits)
    assert_twin(crowd_world(seed), *FAMILIES)


@pytest.mark.slow
@pytest.mark.parametrize("limits", LOWERED)
def test_crowds_equal_their_twins_at_length(monkeypatch: pytest.MonkeyPatch, limits: tuple[int, ...]) -> None:
    lower(monkeypatch, *limits)
    for seed in range(3, 50):
        assert_twin(crowd_world(seed, 8 + seed % 30), *FAMILIES)


@pytest.mark.parametrize("limits", LOWERED)
def test_several_instants_of_a_crowd(monkeypatch: pytest.MonkeyPatch, limits: tuple[int, ...]) -> None:
    """They are counted in one pass, in which sightings of an account begin, overlap and expire."""
    lower(monkeypatch, *limits)
    world, rng = crowd_world(9), random.Random(9)
    instants = sorted({world.as_of - rng.randrange(4 * DAY) for _ in range(10)} | {world.as_of + 15 * DAY})
    together = extracted(world, snapshots=instants)
    for instant in instants:
        alone = extracted(world, as_of=instant)
        assert alone.values.tobytes() == together.values[:, together.as_of == instant].tobytes()
    for instant in instants[::5]:
        for who, values in by_account(extracted(world, as_of=instant)).items():
            assert_equal_values(values, world.twin(who, instant))
    after = extracted(world, as_of=world.as_of, snapshots=AfterSends(1, 2))
    assert len(after) > 4
    for row in range(len(after)):
        alone = by_account(extracted(world, as_of=int(after.as_of[row])))[after.account_ids[row].as_py()]
        np.testing.assert_array_equal(after.values[:, row], list(alone.values()))


def unseen_rows_change_nothing(world: World) -> None:
    world, rng = all_known(world), random.Random(world.seed)
    want = world.extract(features=FAMILIES)
    for _ in range(2):
        assert not differing(want, disturbed(world, rng).extract(features=FAMILIES))
    assert not differing(want, shuffled(world, rng).extract(features=FAMILIES))


@pytest.mark.parametrize("limits", LOWERED)
def test_unseen_rows_change_nothing_in_a_crowd(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, ...]
) -> None:
    """Not even where more are in reach than count: which do is no matter of what comes later, or came before."""
    lower(monkeypatch, *limits)
    for seed in range(2):
        unseen_rows_change_nothing(crowd_world(seed))


@pytest.mark.slow
@pytest.mark.parametrize("limits", LOWERED)
def test_unseen_rows_change_nothing_in_a_crowd_at_length(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, ...]
) -> None:
    lower(monkeypatch, *limits)
    for seed in range(2, 90):
        unseen_rows_change_nothing(crowd_world(seed, 6 + seed % 20))


def test_lowered_limits_do_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests above would test nothing."""
    world = crowd_world(0)
    whole = world.extract(features=FAMILIES)
    lower(monkeypatch, *LOWERED[0])
    names = {name for _, name in differing(whole, world.extract(features=FAMILIES))}
    assert names >= {"photo_cluster_accounts", "template_cluster_texts", "evidence_photo_accounts"}


def test_parts_and_families_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads share out the slices, batches see some of them, and families share what was seen."""
    lower(monkeypatch, *LOWERED[2])
    world = crowd_world(4)
    ego = EgoLog.build(world.dataset())
    names = [feature.name for name in FAMILIES for feature in FAMILIES_BY_NAME[name].features]
    slices = ego.slices(np.arange(ego.n_accounts), world.as_of, history_days=world.history_days)
    whole = measure(ego, slices, names, n_jobs=1)
    monkeypatch.setitem(measure.__globals__, "_MIN_WORK", 0)
    np.testing.assert_array_equal(whole, measure(ego, slices, names, n_jobs=2))
    for low in range(0, len(slices), 7):
        np.testing.assert_array_equal(whole[:, low : low + 7], measure(ego, slices[low : low + 7], names))
    for name in names[::3]:
        np.testing.assert_array_equal(whole[names.index(name)], measure(ego, slices, [name], n_jobs=1)[0])


# ---- effort: what is counted costs in proportion to it -----------------------------------------------------------


def effort(kind: str, n: int) -> tuple[int, int]:
    """Fingerprints compared, and sightings gone through, for `n` accounts of a crowd at one instant."""
    rng = np.random.default_rng(n)
    ids, until = [f"a{k}" for k in range(n)], AS_OF
    words = np.repeat(rng.integers(0, 2**64, (1, 4), np.uint64), n, axis=0)
    if kind != "one photo, thousands of times by one account" and kind != "one photo":
        words = near_copies.flipped(words, 12, rng)
    if kind == "half one photo":
        words[: n // 2] = words[0]
    owner = rng.integers(0, 10, n) if "by one account" in kind else np.arange(n)
    known = (
        np.where(rng.random(n) < 0.9, until + DAY, until - 90 * DAY) if "unknown" in kind else np.full(n, 0)
    )
    signatures = np.repeat(rng.integers(0, 2**26, (1, 128), np.uint32), n, axis=0)
    signatures = np.where(
        rng.random((n, 128)) < 0.25, rng.integers(0, 2**26, (n, 128), np.uint32), signatures
    )
    shown = {"account_id": [ids[k] for k in owner.tolist()], "at": until - rng.integers(1, 20 * DAY, n)}
    dataset = Dataset(
        accounts={"account_id": ids, "registered_at": known},
        messages={"sender_id": ids[:1], "recipient_id": ids[1:2], "sent_at": [until - DAY]},
        photos={"account_id": shown["account_id"], "set_at": shown["at"], "photo_hash": to_hex(words)},
        texts={
            "account_id": shown["account_id"], "observed_at": shown["at"], "source": ["about"] * n,
            "signature": signatures.tolist(),
        },
        schemes=STATED, time_unit="us", not_after="2040-01-01",
    )  # fmt: skip
    ego = EgoLog.build(dataset, n_jobs=1)
    slices = ego.slices(np.arange(n), until, history_days=30)
    shows = read_texts(dataset)[0] if kind == "texts" else read_photos(dataset)
    rows, work = around.clusters_around(ego, slices, shows, None)
    work(0, n)
    assert kind == "unknown" or np.nanmax(rows[0]) > 0
    laid = ego.once(("memory", "around", id(shows)), dict)
    return tuple(laid.latest.effort.tolist())  # type: ignore[return-value]


KINDS = (
    "one photo",
    "photos",
    "half one photo",
    "texts",
    "photos, most unknown",
    "one photo, thousands of times by one account",
)


def assert_linear(kind: str, n: int, per_account: int) -> None:
    small, large = effort(kind, n), effort(kind, 2 * n)
    for before, after in zip(small, large, strict=True):
        assert after <= 2.3 * before + 100
        assert after <= per_account * 2 * n


@pytest.mark.parametrize("kind", KINDS)
def test_effort_is_linear(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Twice as many accounts with nearly the same photo or text cost twice as much, not four times."""
    lower(monkeypatch, 40, 16, 8)
    assert_linear(kind, 1_000, 60)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_effort_is_linear_at_length(kind: str) -> None:
    assert_linear(kind, 10_000, 1_600)
