from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spamclf.model.file as file_module
from spamclf.errors import OutputError
from spamclf.files import hold
from spamclf.model import Model, load_model
from tests.model.folders import arrays_file, refuse
from tests.model.forests import random_model, random_rows

FIXTURES = Path(__file__).parent / "fixtures"


def check_round_trip(seed: int, folder: Path) -> None:
    rng = np.random.default_rng(seed)
    size = {
        "n_trees": int(rng.integers(1, 9)),
        "n_leaves": int(rng.integers(1, 9)),
        "n_features": int(rng.integers(1, 5)),
    }
    model = random_model(rng, **size)
    X = random_rows(rng, 20, size["n_features"])
    model.save(folder, overwrite=True)
    loaded = load_model(folder)
    np.testing.assert_array_equal(loaded.scores(X), model.scores(X))
    np.testing.assert_array_equal(loaded.forest.contributions(X)[0], model.forest.contributions(X)[0])
    for name in ("name", "calibration", "feature_names", "history_days", "threshold", "info"):
        assert getattr(loaded, name) == getattr(model, name)


def test_saved_models_score_the_same_bits(tmp_path: Path) -> None:
    for seed in range(30):
        check_round_trip(seed, tmp_path / "model")


@pytest.mark.slow
def test_a_thousand_saved_models_score_the_same_bits(tmp_path: Path) -> None:
    for seed in range(1000, 2000):
        check_round_trip(seed, tmp_path / "model")


def test_the_card_stands_beside_the_manifest(folder: Path) -> None:
    assert (folder / "card.md").read_text() == "# A model\n"


def test_nothing_is_written_outside_the_folder(model: Model, folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    for name in ("manifest.json", "card.md", arrays_file(folder).name):
        victim.write_text("mine")
        (folder / name).unlink()
        (folder / name).symlink_to(victim)
        model.save(folder, overwrite=True)
        assert victim.read_text() == "mine"
        load_model(folder)


def test_a_reader_between_two_models_sees_one_of_them(
    model: Model, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = random_model(np.random.default_rng(5))
    read_arrays = file_module._read_arrays
    calls = []

    def replace_first(handle: int, described: Any) -> Any:
        if not calls:
            other.save(folder, overwrite=True)
        calls.append(1)
        return read_arrays(handle, described)

    monkeypatch.setattr(file_module, "_read_arrays", replace_first)
    X = random_rows(np.random.default_rng(2), 5, 3)
    np.testing.assert_array_equal(load_model(folder).scores(X), other.scores(X))
    assert len(calls) == 2
    arrays_file(folder).unlink()
    refuse(folder, "no such file")


@pytest.mark.parametrize("n_good", range(12))
def test_a_full_disk_leaves_the_former_model(
    n_good: int, model: Model, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fail at the n-th write, flush or renaming of the second save, one after the other."""
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}
    other = replace(random_model(np.random.default_rng(5)), info={"card": "# Another\n"})
    n_calls = 0

    def fragile(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal n_calls
            n_calls += 1
            if n_calls > n_good:
                raise OSError(errno.ENOSPC, "No space left on device")
            return function(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for owner, name in ((os, "fsync"), (os, "replace"), (Path, "write_bytes"), (Path, "write_text")):
            patch.setattr(owner, name, fragile(getattr(owner, name)))
        try:
            other.save(folder, overwrite=True)
            failed = False
        except OutputError as error:
            failed = "No space left" in str(error)
    X = random_rows(np.random.default_rng(2), 5, 3)
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}
    manifest_moved = after["manifest.json"] != before["manifest.json"]
    assert manifest_moved or failed
    if not manifest_moved:
        assert after == before
    expected = other if manifest_moved else model
    np.testing.assert_array_equal(load_model(folder).scores(X), expected.scores(X))


def test_a_second_writer_is_told_who_holds_the_folder(model: Model, folder: Path) -> None:
    with hold(folder / "manifest.json"), pytest.raises(OutputError, match=f"process {os.getpid()} on "):
        model.save(folder, overwrite=True)


def test_a_file_where_the_folder_should_be_is_kept(model: Model, tmp_path: Path) -> None:
    (tmp_path / "model").write_text("mine")
    with pytest.raises(OutputError, match="must be a folder"):
        model.save(tmp_path / "model", overwrite=True)
    assert (tmp_path / "model").read_text() == "mine"


@pytest.mark.parametrize("version", range(1, file_module.FORMAT_VERSION + 1))
def test_models_of_earlier_formats_keep_loading(version: int) -> None:
    folder = FIXTURES / f"format-{version}"
    expected = json.loads((folder / "expected.json").read_text())
    model = load_model(folder)
    X = np.array([[np.nan if value is None else value for value in row] for row in expected["X"]])
    np.testing.assert_array_equal(
        model.forest.raw_scores(X), list(map(float.fromhex, expected["raw_scores"]))
    )
    # The last bit of exp depends on the processor; walking trees only compares and adds.
    np.testing.assert_allclose(model.scores(X), list(map(float.fromhex, expected["scores"])), rtol=1e-14)
    assert model.info == expected["info"]
