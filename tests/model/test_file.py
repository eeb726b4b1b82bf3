from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spamclf.model.file as file_module
import spamclf.sealed.read as read_module
from spamclf.errors import OutputError
from spamclf.files import hold
from spamclf.model import HonestScores, Model, load_model
from tests.campaigns.indexes import random_index, same
from tests.model.folders import arrays_file, refuse
from tests.model.forests import random_model, random_rows
from tests.model.honests import MADE, certified_model, random_honest, same_arrays

FIXTURES = Path(__file__).parent / "fixtures"


def same_honest(one: HonestScores | None, other: HonestScores | None) -> bool:
    if one is None or other is None:
        return one is other
    assert one.reference is not None
    assert other.reference is not None
    return (
        (one.names, one.window, one.reference.names) == (other.names, other.window, other.reference.names)
        and same_arrays(one.arrays, other.arrays)
        and same_arrays(one.reference.arrays, other.reference.arrays)
    )


def written_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


def check_round_trip(seed: int, folder: Path) -> None:
    rng = np.random.default_rng(seed)
    size = {
        "n_trees": int(rng.integers(1, 9)),
        "n_leaves": int(rng.integers(1, 9)),
        "n_features": int(rng.integers(1, 5)),
    }
    memory = random_index(rng) if seed % 2 else None
    honest = random_honest(rng, int(rng.integers(60, 200)), ties=seed % 4 == 1) if seed % 3 else None
    model = replace(random_model(rng, **size), memory=memory, honest=honest)
    if honest is not None and seed % 3 == 2:
        model = model.certify(fpr=0.05, confidence=0.9)
    X = random_rows(rng, 20, size["n_features"])
    model.save(folder, overwrite=True)
    loaded = load_model(folder)
    np.testing.assert_array_equal(loaded.scores(X), model.scores(X))
    np.testing.assert_array_equal(loaded.forest.contributions(X)[0], model.forest.contributions(X)[0])
    for name in ("name", "calibration", "feature_names", "history_days", "threshold", "info", "digest"):
        assert getattr(loaded, name) == getattr(model, name)
    assert loaded.certificate == model.certificate
    assert same_honest(loaded.honest, honest)
    written = written_in(folder)
    loaded.save(folder, overwrite=True)
    assert written_in(folder) == written
    if memory is None or loaded.memory is None:
        assert memory is loaded.memory
    else:
        assert same(loaded.memory, memory)


def test_saved_models_score_the_same_bits(tmp_path: Path) -> None:
    for seed in range(30):
        check_round_trip(seed, tmp_path / "model")


@pytest.mark.slow
def test_a_thousand_saved_models_score_the_same_bits(tmp_path: Path) -> None:
    for seed in range(1000, 2000):
        check_round_trip(seed, tmp_path / "model")


def test_the_memory_of_a_replaced_model_is_gone(knowing: Model, knowing_folder: Path) -> None:
    arrays_file(knowing_folder, "memory")
    replace(knowing, memory=None).save(knowing_folder, overwrite=True)
    assert not list(knowing_folder.glob("memory-*"))
    assert load_model(knowing_folder).memory is None


def test_an_index_is_kept_out_of_the_folder_of_a_model(knowing: Model, knowing_folder: Path) -> None:
    before = written_in(knowing_folder)
    with pytest.raises(OutputError, match="must be no model's"):
        random_index(np.random.default_rng(7)).save(knowing_folder, overwrite=True)
    assert written_in(knowing_folder) == before


def test_what_a_replaced_model_knew_of_honest_accounts_is_gone(
    certified: Model, certified_folder: Path
) -> None:
    kinds = {path.name.split("-")[0] for path in certified_folder.glob("*.safetensors")}
    assert kinds == {"trees", "memory", "honest", "reference"}
    assert certified.honest is not None
    unreferenced = replace(certified.honest, reference=None)
    replace(certified, honest=unreferenced).save(certified_folder, overwrite=True)
    loaded = load_model(certified_folder)
    assert not list(certified_folder.glob("reference-*"))
    assert loaded.certificate == certified.certificate
    assert loaded.certificate is not None
    assert loaded.certificate.reference is None
    replace(certified, certificate=None, honest=None).save(certified_folder, overwrite=True)
    assert not list(certified_folder.glob("honest-*"))
    assert load_model(certified_folder).honest is None


def test_a_loaded_certificate_still_compares(certified: Model, certified_folder: Path) -> None:
    rng = np.random.default_rng(8)
    scores = rng.random(500).round(2)
    features = {"gap_s": rng.normal(size=500), "all_missing": np.full(500, np.nan)}
    before, after = certified.certificate, load_model(certified_folder).certificate
    assert before is not None
    assert after is not None
    assert after.check(scores, features) == before.check(scores, features)


def test_a_model_without_a_single_honest_account_keeps(model: Model, tmp_path: Path) -> None:
    nobody = HonestScores.of([], [], {"new": np.zeros(0, np.bool_)})
    replace(model, honest=nobody).save(tmp_path / "m")
    assert same_arrays(load_model(tmp_path / "m").honest.arrays, nobody.arrays)  # type: ignore[union-attr]


def test_the_card_stands_beside_the_manifest(folder: Path) -> None:
    text = (folder / "card.md").read_text(encoding="utf-8")
    assert text == load_model(folder).card
    assert text.startswith("# Model random\n")


def test_nothing_is_written_outside_the_folder(model: Model, folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    for name in ("manifest.json", "card.md", arrays_file(folder).name):
        victim.write_text("mine")
        (folder / name).unlink()
        (folder / name).symlink_to(victim)
        model.save(folder, overwrite=True)
        assert victim.read_text() == "mine"
        load_model(folder)


@pytest.mark.parametrize("n_before", [0, 1, 2])
def test_a_reader_between_two_memories_sees_trees_and_memory_of_one_model(
    n_before: int, knowing: Model, knowing_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replace the model before the n-th file is read, also by one of the same trees."""
    rng = np.random.default_rng(5)
    X = random_rows(rng, 5, 3)
    read_arrays = read_module._read_arrays
    for other in (
        replace(random_model(rng), memory=random_index(rng, n=30)),
        replace(knowing, memory=random_index(rng, n=30)),
        replace(random_model(rng), memory=knowing.memory),
        random_model(rng),
    ):
        knowing.save(knowing_folder, overwrite=True)
        calls = []

        def replace_once(*arguments: Any, other: Model = other, calls: list[int] = calls) -> Any:
            if len(calls) == n_before:
                other.save(knowing_folder, overwrite=True)
            calls.append(1)
            return read_arrays(*arguments)

        monkeypatch.setattr(read_module, "_read_arrays", replace_once)
        loaded = load_model(knowing_folder)
        (whole,) = [
            model
            for model in (knowing, other)
            if np.array_equal(loaded.scores(X), model.scores(X))
            and (loaded.memory is None) == (model.memory is None)
            and (loaded.memory is None or same(loaded.memory, model.memory))
        ]
        assert whole.name == loaded.name
        assert whole.threshold == loaded.threshold


def test_a_reader_between_two_models_sees_one_of_them(
    model: Model, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = random_model(np.random.default_rng(5))
    read_arrays = read_module._read_arrays
    calls = []

    def replace_first(*arguments: Any) -> Any:
        if not calls:
            other.save(folder, overwrite=True)
        calls.append(1)
        return read_arrays(*arguments)

    monkeypatch.setattr(read_module, "_read_arrays", replace_first)
    X = random_rows(np.random.default_rng(2), 5, 3)
    np.testing.assert_array_equal(load_model(folder).scores(X), other.scores(X))
    assert len(calls) == 2
    arrays_file(folder).unlink()
    refuse(folder, "no such file")


@pytest.mark.parametrize("n_before", range(5))
def test_a_reader_between_two_certified_models_sees_all_of_one(
    n_before: int, certified: Model, certified_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = certified_model(np.random.default_rng(5), memory=True)
    read_arrays = read_module._read_arrays
    calls = []

    def replace_once(*arguments: Any) -> Any:
        if len(calls) == n_before:
            other.save(certified_folder, overwrite=True)
        calls.append(1)
        return read_arrays(*arguments)

    monkeypatch.setattr(read_module, "_read_arrays", replace_once)
    loaded = load_model(certified_folder)
    assert loaded.digest in (certified.digest, other.digest)
    whole = certified if loaded.digest == certified.digest else other
    assert whole.threshold == loaded.threshold
    assert loaded.certificate == whole.certificate
    assert same_honest(loaded.honest, whole.honest)


@pytest.mark.parametrize("n_good", range(17))
@pytest.mark.parametrize("first", [False, True])
def test_a_full_disk_leaves_the_former_model(
    n_good: int, first: bool, knowing: Model, knowing_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fail at the n-th opening to write, flush or renaming of the second save, or of the first, one after the other."""
    folder = knowing_folder
    if first:
        shutil.rmtree(folder)
        folder.mkdir()
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}
    rng = np.random.default_rng(5)
    other = replace(random_model(rng), info=MADE, memory=random_index(rng, n=30))
    n_calls, opened = 0, Path.open

    def fragile(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal n_calls
            reads = function is opened and "r" in kwargs.get("mode", "".join(args[1:2]))
            n_calls += not reads
            if n_calls > n_good and not reads:
                raise OSError(errno.ENOSPC, "No space left on device")
            return function(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for owner, name in ((os, "fsync"), (os, "replace"), (Path, "open")):
            patch.setattr(owner, name, fragile(getattr(owner, name)))
        try:
            other.save(folder, overwrite=True)
            failed = False
        except OutputError as error:
            failed = "No space left" in str(error)
    X = random_rows(np.random.default_rng(2), 5, 3)
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}
    manifest_moved = after.get("manifest.json") != before.get("manifest.json")
    assert manifest_moved or failed
    if not manifest_moved:
        assert after == before
    if manifest_moved or not first:
        expected, loaded = other if manifest_moved else knowing, load_model(folder)
        np.testing.assert_array_equal(loaded.scores(X), expected.scores(X))
        assert same(loaded.memory, expected.memory)


def test_a_second_writer_is_told_who_holds_the_folder(model: Model, folder: Path) -> None:
    with hold(folder / "manifest.json"), pytest.raises(OutputError, match=f"process {os.getpid()} on "):
        model.save(folder, overwrite=True)


def test_a_file_where_the_folder_should_be_is_kept(model: Model, tmp_path: Path) -> None:
    (tmp_path / "model").write_text("mine")
    with pytest.raises(OutputError, match=r"the folder must be one that can be made; got .model."):
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
    remembered = expected.get("memory")
    if remembered is None:
        assert model.memory is None
    else:
        assert model.memory is not None
        assert model.memory.schemes == remembered["schemes"]
        arrays = {name: array.tolist() for name, array in model.memory.arrays.items()}
        assert arrays == remembered["arrays"]
    honest = model.honest
    if (kept := expected.get("honest")) is None:
        assert honest is None
        assert model.certificate is None
        return
    assert honest is not None
    assert honest.reference is not None
    assert model.certificate is not None
    assert (list(honest.names), list(honest.window or ())) == (kept["names"], kept["window"])
    assert {name: array.tolist() for name, array in honest.arrays.items()} == kept["arrays"]
    assert list(honest.reference.names) == expected["reference"]["names"]
    spread = {name: array.tolist() for name, array in honest.reference.arrays.items()}
    assert spread == expected["reference"]["arrays"]
    assert model.certificate.to_dict() == expected["certificate"]
    assert model.digest == expected["digest"]
