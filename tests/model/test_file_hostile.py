from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spamclf.errors import ModelFileError
from spamclf.model import Forest, load_model
from spamclf.model.audit import DTYPES, MAX_NODES
from tests.campaigns.indexes import random_index
from tests.model.folders import arrays_file, forge_arrays, refuse, reseal, set_in
from tests.model.forests import random_arrays, random_model, random_rows
from tests.model.honests import random_honest


def flips(folder: Path, n: int) -> Iterator[tuple[Path, bytes, int, int]]:
    rng = np.random.default_rng(0)
    paths = [folder / "manifest.json", *folder.glob("*.safetensors")]
    for path in sorted(paths):
        data = path.read_bytes()
        for place in rng.integers(0, len(data), n // len(paths)).tolist():
            yield path, data, place, int(rng.integers(1, 256))


def check_flips(folder: Path, n: int) -> None:
    for path, data, place, mask in flips(folder, n):
        changed = bytearray(data)
        changed[place] ^= mask
        path.write_bytes(changed)
        with pytest.raises(ModelFileError):
            load_model(folder)
        path.write_bytes(data)
    load_model(folder)


def test_a_flipped_byte_is_refused(folder: Path, knowing_folder: Path, certified_folder: Path) -> None:
    for each in (folder, knowing_folder, certified_folder):
        check_flips(each, 600)


@pytest.mark.slow
def test_ten_thousand_flipped_bytes_are_refused(
    folder: Path, knowing_folder: Path, certified_folder: Path
) -> None:
    for each in (folder, knowing_folder, certified_folder):
        check_flips(each, 10_000)


def test_truncation_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    rng = np.random.default_rng(0)
    large = random_model(rng, n_trees=60, n_leaves=30)
    honest = random_honest(rng, 1000)
    replace(large, memory=random_index(rng, n=30), honest=honest).certify(fpr=0.05).save(folder)
    stems = ("trees", "memory", "honest", "reference")
    for path in (folder / "manifest.json", *(arrays_file(folder, stem) for stem in stems)):
        data = path.read_bytes()
        for length in [*range(0, len(data), 1024), 1, 7, 8, 9, len(data) - 1]:
            path.write_bytes(data[:length])
            refuse(folder)
        path.write_bytes(data + b"\n")
        refuse(folder)
        path.write_bytes(data)


@pytest.mark.parametrize(
    "name", ["model.pkl", "model.pickle", "model.joblib", "model.zip", "model.skops", "model"]
)
def test_a_pickle_or_an_archive_is_refused_unread(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "run"),)

    (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
    monkeypatch.setattr(os, "open", lambda *_, **__: pytest.fail("it was opened"))
    refuse(tmp_path / name, "unread" if "." in name else "a folder with manifest.json")
    assert not (tmp_path / "run").exists()


def test_a_pickle_or_an_archive_in_place_of_the_arrays_is_refused(folder: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("../../escaped", "x")
    for data in (pickle.dumps({"feature": 1}), archive.getvalue(), b"\x93NUMPY" + bytes(200), bytes(8), b"x"):
        reseal(folder, lambda _: None, data)
        refuse(folder, "safetensors")


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path / "missing", "No such file")
    refuse(tmp_path, "a folder with manifest.json; got none")
    (tmp_path / "manifest.json").mkdir()
    refuse(tmp_path, "regular file")


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "7", "{", "[" * 100_000, '{"a":NaN}', "\ud800".encode("utf-8", "surrogatepass")],
)
def test_a_manifest_that_is_none_is_refused(folder: Path, text: str | bytes) -> None:
    (folder / "manifest.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    refuse(folder, r"manifest\.json must be")


def test_links_pipes_and_paths_are_refused(knowing_folder: Path, tmp_path: Path) -> None:
    for name in ("manifest.json", *(arrays_file(knowing_folder, stem).name for stem in ("trees", "memory"))):
        shutil.copytree(knowing_folder, tmp_path / "copy")
        path = tmp_path / "copy" / name
        path.rename(tmp_path / "outside")
        path.symlink_to(tmp_path / "outside")
        refuse(tmp_path / "copy", "symbolic link")
        path.unlink()
        os.mkfifo(path)
        refuse(tmp_path / "copy", "regular file")
        shutil.rmtree(tmp_path / "copy")


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "manifest.json", "trees-0000000000000000.safetensors", 7]
)
def test_arrays_by_any_other_name_are_refused(folder: Path, name: Any) -> None:
    reseal(folder, lambda manifest: manifest["arrays"].update(file=name))
    refuse(folder, r"arrays\.file must be")


def test_a_linked_folder_is_read_and_extra_files_are_not(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(folder)
    (folder / "trees-0123456789abcdef.safetensors").write_bytes(b"")
    (folder / "setup.py").write_text("raise SystemExit")
    load_model(tmp_path / "latest")


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"format_version": 1},  # with what only later ones say
        {"format_version": 2},
        {"format_version": 4},
        {"format_version": True},
        {"format_version": None},
        {"depth": 0},
        {"depth": 10**9},
        {"n_features": 0},
        {"n_features": 1},
        {"n_features": 10**12},
        {"n_features": "3"},
        {"feature_names": ["a", "a", "b"]},
        {"feature_names": ["a", "b"]},
        {"feature_names": "abc"},
        {"feature_names": [["a"], "b", "c"]},
        {"baseline": None},
        {"baseline": 10**400},
        {"calibration": {"kind": "sigmoid", "slope": -1.0, "intercept": 0.0}},
        {"calibration": {"kind": "sigmoid", "slope": 1.0}},
        {"calibration": {"kind": "python", "slope": 1.0, "intercept": 0.0}},
        {"calibration": {"kind": "sigmoid", "slope": "1", "intercept": 0.0}},
        {"threshold": 1.01},
        {"threshold": "0.5"},
        {"history_days": -1},
        {"name": "\x1b[31m"},
        {"name": None},
        {"info": 3},
        {"arrays": None},
        {"arrays": {}},
        {"extra": 1},
    ],
    ids=str,
)
def test_a_forged_manifest_is_refused(folder: Path, change: dict[str, Any]) -> None:
    reseal(folder, lambda manifest: manifest.update(change))
    refuse(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"size": 16 << 30},
        {"size": -1},
        {"size": 1.0},
        {"n_nodes": 10**9},
        {"n_nodes": 1},
        {"n_trees": 1},
        {"n_trees": True},
        {"sha256": "0" * 64},
        {"sha256": None},
        {"more": 1},
    ],
    ids=str,
)
def test_arrays_described_wrongly_are_refused(folder: Path, change: dict[str, Any]) -> None:
    reseal(folder, lambda manifest: manifest["arrays"].update(change))
    refuse(folder)


def set_at(name: str, place: int, value: float) -> Callable[[dict[str, NDArray[Any]]], object]:
    def change(arrays: dict[str, NDArray[Any]]) -> None:
        node = np.flatnonzero(arrays["feature"] >= 0)[0] if name != "roots" else 0
        arrays[name][node + place] = value

    return change


FORGERIES: dict[str, Callable[[dict[str, NDArray[Any]]], object]] = {
    "child beyond the end": set_at("left", 0, 2**31 - 1),
    "child before the start": set_at("right", 0, -(2**31)),
    "cycle": set_at("left", 0, 0),
    "feature index": set_at("feature", 0, 2**31 - 1),
    "NaN threshold": set_at("threshold", 0, np.nan),
    "infinite value": set_at("value", 0, np.inf),
    "no cover": set_at("cover", 0, 0.0),
    "roots": set_at("roots", 1, 2**31 - 1),
    "missing array": lambda arrays: arrays.pop("cover"),
    "extra array": lambda arrays: arrays.update(more=np.zeros(1)),
    "other dtype": lambda arrays: arrays.update(threshold=arrays["threshold"].astype(np.float32)),
    "other shape": lambda arrays: arrays.update(threshold=arrays["threshold"][None].copy()),
    "other length": lambda arrays: arrays.update(threshold=arrays["threshold"][1:].copy()),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_arrays_are_refused(folder: Path, forgery: str) -> None:
    forge_arrays(folder, FORGERIES[forgery])
    refuse(folder)


def test_the_largest_forged_forest_is_refused_in_little_memory(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    small = random_arrays(rng, 100, 40, 5)
    n, n_copies = len(small["feature"]), MAX_NODES // len(small["feature"])
    shift = np.repeat(np.arange(n_copies, dtype=np.int32) * n, n)
    arrays = {name: np.tile(small[name], n_copies) for name in DTYPES if name != "roots"}
    for name in ("left", "right"):
        arrays[name] = np.where(arrays[name] < 0, -1, arrays[name] + shift).astype(np.int32)
    arrays["roots"] = np.append(
        np.add.outer(np.arange(n_copies) * n, small["roots"][:-1]), n * n_copies
    ).astype(np.int32)
    forest = Forest(**arrays, baseline=0.0, n_features=5)
    replace(random_model(rng, n_features=5), forest=forest).save(tmp_path / "model")
    load_model(tmp_path / "model")
    last = int(np.flatnonzero(arrays["feature"] >= 0)[-1])
    forge_arrays(tmp_path / "model", lambda arrays: arrays["left"].__setitem__(last, 0))
    refuse(tmp_path / "model", f"got 0 at node {last}")


def check_sealed_flips(folder: Path, n: int) -> None:
    """Flip bytes and forge the digests to match: what still loads must score, whatever it scores."""
    rng = np.random.default_rng(0)
    data = arrays_file(folder).read_bytes()
    X = random_rows(rng, 5, 3)
    n_loaded = 0
    for _ in range(n):
        changed = bytearray(data)
        # half of them in the header, where a byte says most
        place = int(rng.integers(0, 600 if rng.random() < 0.5 else len(data)))
        changed[place] ^= int(rng.integers(1, 256))
        reseal(folder, lambda _: None, bytes(changed))
        try:
            model = load_model(folder)
        except ModelFileError:
            continue
        n_loaded += 1
        assert np.isfinite(model.scores(X)).all()
        model.forest.contributions(X)
    assert n_loaded < n


@pytest.mark.parametrize(
    "change",
    [
        {"memory": None},  # and schemes of nothing
        {"memory": {}},
        {"memory": 7},
        {"schemes": {}},
        {"schemes": None},
        {"schemes": {"photo": "pdq"}},
        {"format_version": 1},
    ],
    ids=str,
)
def test_a_forged_memory_is_refused(knowing_folder: Path, change: dict[str, Any]) -> None:
    reseal(knowing_folder, lambda manifest: manifest.update(change))
    refuse(knowing_folder)


def test_other_files_for_the_memory_are_refused(folder: Path, knowing_folder: Path) -> None:
    reseal(folder, lambda manifest: manifest.pop("memory"))
    refuse(folder, "memory must be described by")
    trees, memory = (arrays_file(knowing_folder, stem) for stem in ("trees", "memory"))
    reseal(knowing_folder, lambda manifest: manifest["memory"].update(file=trees.name))
    refuse(knowing_folder, r"memory\.file must be memory-")
    reseal(knowing_folder, lambda manifest: manifest["memory"].update(file=memory.name, size=4 << 30))
    refuse(knowing_folder, r"memory\.size must be [0-9,]+, that of safetensors")
    memory.unlink()
    refuse(knowing_folder)


def test_a_memory_that_is_not_sound_is_refused(knowing_folder: Path) -> None:
    data = bytearray(arrays_file(knowing_folder, "memory").read_bytes())
    data[-1] = 2  # the last byte is a verdict
    reseal(knowing_folder, lambda _: None, bytes(data), "memory")
    refuse(knowing_folder, "is_automated must be 0 or 1")


def test_flipped_bytes_with_matching_digests_never_crash(folder: Path) -> None:
    check_sealed_flips(folder, 300)


@pytest.mark.slow
def test_many_flipped_bytes_with_matching_digests_never_crash(folder: Path) -> None:
    check_sealed_flips(folder, 10_000)


JUNK = [None, True, -1, 0, 10**30, 1e308, "", "x", "\ud800", [], [[]], {}, {"a": 1}]


def places(inner: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a manifest; of a list the first and the last."""
    keys = list(inner) if isinstance(inner, dict) else sorted({0, len(inner) - 1}) if inner else []
    for key in keys:
        yield (*path, key)
        if isinstance(inner[key], dict | list):
            yield from places(inner[key], (*path, key))


def test_junk_anywhere_in_the_manifest_never_crashes(certified_folder: Path) -> None:
    original = json.loads((certified_folder / "manifest.json").read_bytes())
    kept = [path for path in places(original) if path[0] != "info"] + [("info",)]
    assert len(kept) > 80
    for path in kept:
        for junk in JUNK:

            def change(manifest: dict[str, Any], path: tuple[Any, ...] = path, junk: Any = junk) -> None:
                manifest.clear()
                manifest.update(json.loads(json.dumps(original)))
                set_in(*path, to=junk)(manifest)

            reseal(certified_folder, change)
            with contextlib.suppress(ModelFileError):
                model = load_model(certified_folder)
                assert np.isfinite(model.scores([[0.0, 1.0, np.nan]])).all()
                assert model.digest
                names = () if model.certificate is None else model.certificate.certified
                rows = dict.fromkeys(names, np.ones(1, np.bool_))
                assert model.thresholds(1, rows)[0] >= 0
                model.certify(0.1, 0.9)


def header(entries: Any, body: bytes = b"") -> bytes:
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + body


@pytest.mark.parametrize(
    "data",
    [
        (16 << 30).to_bytes(8, "little") + bytes(100),
        (2**64 - 1).to_bytes(8, "little") + bytes(100),
        header({"feature": {"dtype": "I32", "shape": [4 << 30], "data_offsets": [0, 16 << 30]}}, bytes(8)),
        header({"feature": {"dtype": "I32", "shape": [2**62, 2**62], "data_offsets": [0, 8]}}, bytes(8)),
        header({"feature": {"dtype": "I32", "shape": [-2], "data_offsets": [0, 8]}}, bytes(8)),
        header({"feature": {"dtype": "I32", "shape": [2], "data_offsets": [8, 0]}}, bytes(8)),
        header({"feature": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}}, bytes(8)),
        header({"feature": {"dtype": "PICKLE", "shape": [4], "data_offsets": [0, 8]}}, bytes(8)),
        header({"__metadata__": {"a": "b"}}),
        header([]),
        (8000).to_bytes(8, "little") + b"[" * 8000,
    ],
    ids=range(11),
)
def test_a_lying_header_is_refused(folder: Path, data: bytes) -> None:
    reseal(folder, lambda _: None, data)
    refuse(folder)


def test_huge_files_are_refused_unread(folder: Path) -> None:
    path = arrays_file(folder)
    with open(path, "ab") as file:
        file.truncate(16 << 30)  # sparse: it takes no room
    refuse(folder, "of [0-9,]+ bytes; got 17,179,869,184")
    reseal(folder, lambda manifest: manifest["arrays"].update(size=16 << 30))
    refuse(folder, r"arrays\.size must be between")
    with open(folder / "manifest.json", "ab") as file:
        file.truncate(16 << 30)
    refuse(folder, "at most 1,048,576 bytes")
