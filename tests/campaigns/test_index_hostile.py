"""Rows 1 to 3 for the memory of campaigns: a hostile folder can be refused, not obeyed."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spamclf.campaigns.audit import PART
from spamclf.campaigns.index import CampaignIndex
from spamclf.errors import ModelFileError
from spamclf.instants import LAST_US
from tests.campaigns.indexes import (
    SCHEMES,
    arrays_file,
    forge_arrays,
    random_index,
    refuse,
    reseal,
    sightings,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    index = random_index(np.random.default_rng(0), n=30)
    assert all(array.size > 2 for array in index.arrays.values())
    index.save(tmp_path / "index")
    return tmp_path / "index"


def check_flips(folder: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    for path in (folder / "campaigns.json", arrays_file(folder)):
        data = path.read_bytes()
        for place in rng.integers(0, len(data), n // 2).tolist():
            changed = bytearray(data)
            changed[place] ^= int(rng.integers(1, 256))
            path.write_bytes(changed)
            with pytest.raises(ModelFileError):
                CampaignIndex.load(folder)
        path.write_bytes(data)
    CampaignIndex.load(folder)


def test_a_flipped_byte_is_refused(folder: Path) -> None:
    check_flips(folder, 600)


@pytest.mark.slow
def test_ten_thousand_flipped_bytes_are_refused(folder: Path) -> None:
    check_flips(folder, 10_000)


def check_sealed_flips(folder: Path, n: int) -> None:
    """Flip bytes and forge the digests to match: what still loads is a sound index, and works."""
    rng = np.random.default_rng(0)
    data = arrays_file(folder).read_bytes()
    n_loaded = 0
    for _ in range(n):
        changed = bytearray(data)
        changed[int(rng.integers(len(data)))] ^= int(rng.integers(1, 256))
        reseal(folder, lambda _: None, bytes(changed))
        with contextlib.suppress(ModelFileError):
            index = CampaignIndex.load(folder)
            index.merge(index.forget(5)).before(7).save(folder.parent / "again", overwrite=True)
            n_loaded += 1
    assert 0 < n_loaded < n


def test_flipped_bytes_with_matching_digests_never_crash(folder: Path) -> None:
    check_sealed_flips(folder, 200)


@pytest.mark.slow
def test_many_flipped_bytes_with_matching_digests_never_crash(folder: Path) -> None:
    check_sealed_flips(folder, 10_000)


def test_truncation_is_refused(folder: Path) -> None:
    for path in (folder / "campaigns.json", arrays_file(folder)):
        data = path.read_bytes()
        for length in [*range(0, len(data), 1024), 1, 7, 8, 9, len(data) - 1]:
            path.write_bytes(data[:length])
            refuse(folder)
        path.write_bytes(data + b"\n")
        refuse(folder)
        path.write_bytes(data)


def set_at(name: str, place: Any, value: Any) -> Callable[[dict[str, npt.NDArray[Any]]], object]:
    return lambda arrays: arrays[name].__setitem__(place, value)


def swapped(*names: str) -> Callable[[dict[str, npt.NDArray[Any]]], object]:
    def change(arrays: dict[str, npt.NDArray[Any]]) -> None:
        for name in names:
            arrays[name][:] = arrays[name][::-1].copy()

    return change


def doubled(*names: str) -> Callable[[dict[str, npt.NDArray[Any]]], object]:
    def change(arrays: dict[str, npt.NDArray[Any]]) -> None:
        for name in names:
            arrays[name][1] = arrays[name][0]

    return change


ROWS = {kind: tuple(f"{kind}_{name}" for name in ("account", "instant", "group")) for kind in SCHEMES}
ROWS |= {
    "label": ("label_account", "labelled_at"),
    "evidence": ("evidence_account", "observed_at", "operator"),
}
FORGERIES: dict[str, tuple[Callable[[dict[str, npt.NDArray[Any]]], object], str]] = {}
for kind in SCHEMES:
    FORGERIES |= {
        f"{kind} group beyond": (set_at(f"{kind}_group", 0, 2**31 - 1), f"{kind}_group must be a row"),
        f"{kind} group before": (set_at(f"{kind}_group", -1, -1), f"{kind}_group must be a row"),
        f"{kind} group at the minimum": (set_at(f"{kind}_group", 0, -(2**31)), f"{kind}_group must be a row"),
        f"{kind} groups all one": (set_at(f"{kind}_group", slice(None), 0), "shown by some account each"),
        f"{kind} words unsorted": (swapped(f"{kind}_words"), "lexicographic order"),
        f"{kind} words twice": (doubled(f"{kind}_words"), "lexicographic order"),
        f"{kind} instant early": (set_at(f"{kind}_instant", 0, -1), "between 1970 and 9999"),
        f"{kind} instant late": (set_at(f"{kind}_instant", -1, LAST_US + 1), "between 1970 and 9999"),
    }
for what, names in ROWS.items():
    FORGERIES |= {
        f"{what} rows unsorted": (swapped(*names), "sorted"),
        f"{what} rows twice": (doubled(*names), "distinct"),
    }
FORGERIES |= {
    "verdict": (set_at("is_automated", 0, 2), "is_automated must be 0 or 1"),
    "label early": (set_at("labelled_at", 0, -(2**63)), "between 1970 and 9999"),
    "evidence late": (set_at("observed_at", -1, 2**63 - 1), "between 1970 and 9999"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_numbers_are_refused(folder: Path, forgery: str) -> None:
    change, match = FORGERIES[forgery]
    forge_arrays(folder, change)
    refuse(folder, match)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "spamclf-model"},
        {"format_version": 0},
        {"format_version": 2},
        {"format_version": True},
        {"schemes": None},
        {"schemes": {}},
        {"schemes": {**SCHEMES, "voice": "x"}},
        {"schemes": {**SCHEMES, "photo": "dhash"}},
        {"schemes": {**SCHEMES, "text": 7}},
        {"schemes": {**SCHEMES, "text": "affine32 md5 seed=1 n_perm=128 chars-5"}},
        {"schemes": {**SCHEMES, "text": SCHEMES["text"] + "\n"}},
        {"schemes": {**SCHEMES, "text": SCHEMES["list"]}},
        {"schemes": {**SCHEMES, "list": SCHEMES["text"]}},
        {"schemes": {**SCHEMES, "text": SCHEMES["text"].replace("128", "64")}},
        {"schemes": {**SCHEMES, "text": SCHEMES["text"].replace("seed=1", "seed=99999999999")}},
        {"schemes": {**SCHEMES, "text": "affine32 xxh32 seed=9999999999 n_perm=128 chars-5"}},
        {"schemes": {**SCHEMES, "list": "affine32 xxh32 seed=01 n_perm=128 recipients"}},
        {"arrays": None},
        {"arrays": {}},
        {"arrays": []},
        {"extra": 1},
    ],
    ids=str,
)
def test_a_forged_manifest_is_refused(folder: Path, change: dict[str, Any]) -> None:
    reseal(folder, lambda manifest: manifest.update(change))
    refuse(folder)


@pytest.mark.parametrize("key", ["size", *PART.sizes])
@pytest.mark.parametrize("value", [-1, 0, 1, 77, 10**6, 2**31 - 1, 2**40, 10**30, True, 1.0, None, "1", [1]])
def test_sizes_that_are_not_those_of_the_file_are_refused(folder: Path, key: str, value: Any) -> None:
    """Also a small file that claims to be large: nothing is made of the sizes that it claims."""
    before = time.perf_counter()
    reseal(folder, lambda manifest: manifest["arrays"].update({key: value}))
    refuse(folder, rf"arrays\.({key}|size) must be")
    assert time.perf_counter() - before < 1


def test_a_truthful_size_of_a_small_file_is_refused_unread(folder: Path) -> None:
    """All of the manifest fits together, and the file is not there."""

    def change(manifest: dict[str, Any]) -> None:
        manifest["arrays"] |= {"n_photo_sightings": 10**8}
        _, places = PART.layout(manifest["arrays"])
        manifest["arrays"]["size"] = max(end for _, end in places.values())

    reseal(folder, change)
    refuse(folder, r"safetensors must be of 2,0[0-9,]+ bytes; got")


def test_huge_files_are_refused_unread(folder: Path) -> None:
    with open(arrays_file(folder), "ab") as file:
        file.truncate(16 << 30)  # sparse: it takes no room
    refuse(folder, "of [0-9,]+ bytes; got 17,179,869,184")
    with open(folder / "campaigns.json", "ab") as file:
        file.truncate(16 << 30)
    refuse(folder, "at most 1,048,576 bytes")


def test_another_header_is_refused(folder: Path) -> None:
    """The header follows from the manifest; one that says anything else, for instance twice, is not read."""
    data = arrays_file(folder).read_bytes()
    n_header = int.from_bytes(data[:8], "little")
    header = data[8 : 8 + n_header]
    for other in (
        header.replace(b'"I64"', b'"U64"', 1),
        header.replace(b"label_account", b"photo_account"),
        header.rstrip()[:-1].ljust(n_header),
        b"[" * n_header,
        bytes(n_header),
    ):
        assert other != header
        reseal(folder, lambda _: None, data[:8] + other + data[8 + n_header :])
        refuse(folder, "safetensors of the arrays")
    for length in (0, n_header - 1, n_header + 1, 16 << 30, 2**64 - 1):
        reseal(folder, lambda _: None, length.to_bytes(8, "little") + data[8:])
        refuse(folder, "safetensors of the arrays")


def test_links_pipes_paths_and_pickles_are_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("campaigns.json", arrays_file(folder).name):
        shutil.copytree(folder, tmp_path / "copy")
        path = tmp_path / "copy" / name
        path.rename(tmp_path / "outside")
        path.symlink_to(tmp_path / "outside")
        refuse(tmp_path / "copy", "symbolic link")
        path.unlink()
        path.symlink_to(path)  # a link in a circle
        refuse(tmp_path / "copy", "symbolic link")
        path.unlink()
        os.mkfifo(path)
        refuse(tmp_path / "copy", "regular file")
        path.unlink()
        path.mkdir()
        refuse(tmp_path / "copy", "regular file")
        shutil.rmtree(tmp_path / "copy")
    (tmp_path / "index.pkl").write_bytes(pickle.dumps({}))
    refuse(tmp_path / "index.pkl", "a campaign index must be a folder with campaigns.json.*unread")
    reseal(folder, lambda _: None, pickle.dumps(CampaignIndex.empty().arrays))
    refuse(folder)
    for file in (
        "../outside",
        "/etc/passwd",
        "campaigns.json",
        "campaigns-0000000000000000.safetensors",
        None,
    ):
        reseal(folder, lambda manifest, file=file: manifest["arrays"].update(file=file))
        refuse(folder, r"arrays\.file must be")


def test_extra_files_are_not_read(folder: Path) -> None:
    (folder / "campaigns-0123456789abcdef.safetensors").write_bytes(b"")
    (folder / "manifest.json").write_text("{}")
    (folder / "setup.py").write_text("raise SystemExit")
    CampaignIndex.load(folder)


JUNK = [None, True, -1, 0, 10**30, 1e308, "", "x", "\ud800", [], [[]], {}, {"a": 1}]


def test_junk_anywhere_in_the_manifest_never_crashes(folder: Path) -> None:
    original = json.loads((folder / "campaigns.json").read_bytes())
    places = [(original, key) for key in original if key != "sha256"]
    places += [(original[part], key) for part in ("arrays", "schemes") for key in original[part]]
    for part, key in places:
        kept = part[key]
        for junk in JUNK:
            part[key] = junk

            def change(manifest: dict[str, Any]) -> None:
                manifest.clear()
                manifest.update(json.loads(json.dumps(original)))

            reseal(folder, change)
            refuse(folder)
        part[key] = kept


def test_the_audit_looks_at_every_piece(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is compared piece by piece is compared across the pieces' ends, too."""
    import spamclf.campaigns.audit as audit

    n = 40
    words = np.arange(n * 128, dtype=np.uint32).reshape(n, 128)
    column = np.arange(n)
    for step in (128, 256, 1000, 3):
        monkeypatch.setattr(audit, "_STEP", step)
        assert audit._rising(words)
        assert audit._rising_rows(column, column)
        for row in range(n - 1):
            forged, columns = words.copy(), column.copy()
            forged[row], columns[row] = words[row + 1], column[row + 1]
            assert not audit._rising(forged)
            assert not audit._rising_rows(columns, columns)
            assert audit._rising_rows(columns, column)
    for size in (0, 1):
        assert audit._rising(words[:size])
        assert audit._rising_rows(column[:size])


def test_a_large_forgery_is_refused_in_little_memory(tmp_path: Path) -> None:
    rows = [(account, account, account % 7) for account in range(50_000)]
    index = CampaignIndex().add(sightings("photo", rows))
    index.save(tmp_path / "index")
    forge_arrays(tmp_path / "index", set_at("photo_group", -1, 7))
    before = time.perf_counter()
    refuse(tmp_path / "index", "photo_group must be")
    assert time.perf_counter() - before < 1
