"""Sealed folders, whatever they hold. What models and indexes hold is tested where they are."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

import spamclf.sealed.read as read_module
from spamclf.errors import ModelFileError, OutputError, ParameterError
from spamclf.sealed import Array, Form, Part, read_sealed, write_sealed
from spamclf.sealed.form import seal

DTYPES = ("uint8", "int32", "uint32", "float64", "int64", "uint64")
SOME = Part(
    stem="some",
    sizes={"n": (0, 100), "n_more": (0, 100)},
    arrays={
        **{f"{letter}_{dtype}": Array(dtype, ("n",)) for dtype in DTYPES for letter in "ba"},
        "wide": Array("uint32", ("n_more", 3)),
        "ends": Array("int32", ("n_more",), more=1),
    },
    max_bytes=1 << 16,
)
OTHER = Part("other", {"n": (1, 5)}, {"x": Array("float64", ("n",))}, 1 << 10, optional=True)
FORM = Form(
    "spamclf-thing", "a thing", "Thing.save", "Thing.load", "Copy it again.", "make it again",
    {1: {"some": SOME}, 2: {"some": SOME, "other": OTHER}}, "thing.json", ("note.md",),
)  # fmt: skip


def some(n: int, n_more: int = 4) -> dict[str, Any]:
    rng = np.random.default_rng(n)
    arrays: dict[str, Any] = {
        name: rng.integers(0, 200, n).astype(array.dtype)
        for name, array in SOME.arrays.items()
        if "_" in name
    }
    arrays["wide"] = rng.integers(0, 9, (n_more, 3)).astype(np.uint32)
    return {**arrays, "ends": np.arange(n_more + 1, dtype=np.int32)}


def check_equal(one: dict[str, Any] | None, other: dict[str, Any]) -> None:
    assert one is not None
    assert one.keys() == other.keys()
    for name, array in other.items():
        assert one[name].dtype == array.dtype
        np.testing.assert_array_equal(one[name], array)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 100])
@pytest.mark.parametrize("n_more", [0, 1, 5])
def test_the_files_are_safetensors_to_the_byte(n: int, n_more: int, tmp_path: Path) -> None:
    """The library is the oracle: it writes the same bytes and reads ours."""
    arrays = some(n, n_more)
    write_sealed(tmp_path, FORM, {}, {"some": arrays, "other": None})
    (path,) = tmp_path.glob("some-*.safetensors")
    data = path.read_bytes()
    check_equal(load(data), arrays)
    n_header = 8 + int.from_bytes(data[:8], "little")
    assert n_header % 8 == 0
    if n:  # the library puts types of one width in an order of its own, which may change
        assert data[n_header:].__len__() == sum(array.nbytes for array in arrays.values())
    plain = {name: array for name, array in arrays.items() if name.startswith("a_") and "uint32" not in name}
    part = replace(SOME, arrays={name: SOME.arrays[name] for name in plain}, sizes={"n": (0, 100)})
    write_sealed(tmp_path / "plain", replace(FORM, versions={1: {"some": part}}), {}, {"some": plain})
    (path,) = (tmp_path / "plain").glob("some-*.safetensors")
    assert path.read_bytes() == save(plain)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    write_sealed(
        tmp_path,
        FORM,
        {"a": [1, "ä"]},
        {"some": some(5), "other": {"x": np.ones(2)}},
        beside={"note.md": "hi"},
    )
    manifest, parts = read_sealed(tmp_path, FORM)
    assert manifest["a"] == [1, "ä"]
    assert (tmp_path / "note.md").read_text() == "hi"
    check_equal(parts["some"], some(5))
    check_equal(parts["other"], {"x": np.ones(2)})
    for arrays in parts.values():
        assert arrays is not None
        for array in arrays.values():
            assert array.flags.writeable
            assert array.flags.aligned
            assert array.flags.c_contiguous
    write_sealed(tmp_path, FORM, {}, {"some": some(6), "other": None}, overwrite=True)
    assert sorted(path.name.split("-")[0] for path in tmp_path.iterdir() if path.suffix != ".lock") == [
        "some", "thing.json",
    ]  # fmt: skip
    check_equal(read_sealed(tmp_path, FORM)[1]["some"], some(6))
    assert read_sealed(tmp_path, FORM)[1]["other"] is None


def test_strided_and_swapped_arrays_are_written_as_they_read(tmp_path: Path) -> None:
    arrays = {name: np.repeat(array, 2, axis=0)[::2] for name, array in some(5).items()}
    write_sealed(tmp_path, FORM, {}, {"some": arrays, "other": None})
    check_equal(read_sealed(tmp_path, FORM)[1]["some"], some(5))


def test_an_earlier_version_is_read(tmp_path: Path) -> None:
    write_sealed(tmp_path, replace(FORM, versions={1: FORM.versions[1]}), {}, {"some": some(5)})
    manifest, parts = read_sealed(tmp_path, FORM)
    assert manifest["format_version"] == 1
    assert parts.keys() == {"some"}


def test_errors_speak_of_the_thing(tmp_path: Path) -> None:
    with pytest.raises(
        ModelFileError, match=r"Thing\.load: a thing must be a folder with thing\.json; got 'no' "
    ):
        read_sealed(tmp_path / "no", FORM)
    with pytest.raises(
        ModelFileError, match=r"a thing must be .*; got none. Pass the folder that Thing\.save wrote"
    ):
        read_sealed(tmp_path, FORM)
    write_sealed(tmp_path, FORM, {}, {"some": some(5), "other": None})
    with pytest.raises(OutputError, match=r"Thing\.save: folder must hold no thing yet"):
        write_sealed(tmp_path, FORM, {}, {"some": some(5), "other": None})
    with pytest.raises(
        ModelFileError, match=r"format_version must be 1; got 2. Update spamclf, or make it again\."
    ):
        read_sealed(tmp_path, replace(FORM, versions={1: FORM.versions[1]}))
    with pytest.raises(ModelFileError, match=r"thing\.json must be of format 'spamclf-bling'; got another"):
        read_sealed(tmp_path, replace(FORM, name="spamclf-bling"))


def test_a_part_that_must_be_there_is_missed(tmp_path: Path) -> None:
    write_sealed(tmp_path, FORM, {}, {"some": some(5), "other": None})
    manifest = json.loads((tmp_path / "thing.json").read_bytes())
    for change in ({"some": None}, {"other": {}}):
        forged = {key: value for key, value in {**manifest, **change}.items() if key != "sha256"}
        (tmp_path / "thing.json").write_bytes(seal(forged))
        with pytest.raises(ModelFileError, match="must be described by file, n"):
            read_sealed(tmp_path, FORM)


def test_what_is_too_large_is_not_written(tmp_path: Path) -> None:
    small = replace(FORM, versions={1: {"some": replace(SOME, max_bytes=1000)}})
    with pytest.raises(
        ParameterError, match=r"Thing\.save: some must fit in 1,000 bytes; got [0-9,]+\. Leave"
    ):
        write_sealed(tmp_path / "folder", small, {}, {"some": some(100)})
    with pytest.raises(ParameterError, match="must fit in a manifest"):
        write_sealed(tmp_path / "folder", FORM, {"a": "x" * (1 << 20)}, {"some": some(5), "other": None})
    assert not (tmp_path / "folder").exists()


def test_what_does_not_fit_into_memory_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sealed(tmp_path, FORM, {}, {"some": some(5), "other": None})
    monkeypatch.setattr(read_module, "_PATIENT_BYTES", 1000)
    monkeypatch.setattr(read_module, "available_memory", lambda: 1100)
    with pytest.raises(ModelFileError, match=r"smaller than the free memory \(1,100 bytes\)"):
        read_sealed(tmp_path, FORM)
    monkeypatch.setattr(read_module, "available_memory", lambda: 10_000)
    read_sealed(tmp_path, FORM)


def test_a_file_that_grows_or_shrinks_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sealed(tmp_path, FORM, {}, {"some": some(5), "other": None})
    (path,) = tmp_path.glob("some-*.safetensors")
    data = path.read_bytes()
    fstat = os.fstat
    for other in (data + b"x", data[:-1]):

        def change(handle: int, other: bytes = other) -> os.stat_result:
            status = fstat(handle)
            if status.st_size == len(data):
                path.write_bytes(other)
            return status

        with monkeypatch.context() as patch:
            patch.setattr(read_module.os, "fstat", change)
            with pytest.raises(ModelFileError, match="left alone while it is read; got another length"):
                read_sealed(tmp_path, FORM)
        path.write_bytes(data)


def test_reading_holds_nothing_twice(tmp_path: Path) -> None:
    """An index of gigabytes is read into its own size."""
    import tracemalloc

    n = 1 << 20
    part = Part("big", {"n": (1, n)}, {"x": Array("uint64", ("n",)), "y": Array("uint8", ("n",))}, 1 << 30)
    form = replace(FORM, versions={1: {"big": part}})
    arrays = {"x": np.arange(n, dtype=np.uint64), "y": np.zeros(n, np.uint8)}
    size = sum(array.nbytes for array in arrays.values())
    for call, bound in (
        (lambda: write_sealed(tmp_path, form, {}, {"big": arrays}), 1 << 20),
        (lambda: read_sealed(tmp_path, form), size + (1 << 20)),
    ):
        tracemalloc.start()
        try:
            call()
            assert tracemalloc.get_traced_memory()[1] < bound
        finally:
            tracemalloc.stop()
