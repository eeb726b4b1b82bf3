"""Results are written whole or not at all, and an output that cannot be is refused before the work."""

from __future__ import annotations

import csv
import errno
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spamclf import files, output, predict
from spamclf.errors import OutputError, ParameterError
from spamclf.output import check_model_output, check_output, restored_ids, write_result
from tests.doors import dataset, model, same

IDS = [
    "00123",
    "+491701234567",
    "12345678901234567890",
    " a b ",
    'q"uo,te',
    "line\nbreak",
    "ünï-😀",
    "=1+1",
    "None",
]


def scores():
    return predict.score(dataset(), model(), reasons_for="all")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# ---- what is written ---------------------------------------------------------------------------------------------


def test_parquet_reads_back_with_page_checksums(tmp_path):
    write_result(scores(), tmp_path / "s.parquet")
    assert same(pq.read_table(tmp_path / "s.parquet", page_checksum_verification=True), scores())
    data = bytearray((tmp_path / "s.parquet").read_bytes())
    data[len(data) // 3] ^= 4
    (tmp_path / "flipped.parquet").write_bytes(data)
    with pytest.raises(OSError, match=r"[Cc]RC|checksum"):
        pq.read_table(tmp_path / "flipped.parquet", page_checksum_verification=True)
    assert names(tmp_path) == ["flipped.parquet", "s.parquet"]


def test_csv_holds_every_row(tmp_path):
    write_result(scores(), tmp_path / "s.csv")
    rows = read_csv(tmp_path / "s.csv")
    assert [row["account_id"] for row in rows] == scores()["account_id"].to_pylist()
    assert [float(row["score"]) for row in rows] == scores()["score"].to_pylist()
    first, expected = rows[0], scores().slice(0, 1).to_pylist()[0]
    assert first["as_of"] == expected["as_of"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert first["reasons"] == " | ".join(reason["sentence"] for reason in expected["reasons"])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_ids_survive(tmp_path, ending):
    """Row 5."""
    path = tmp_path / f"s.{ending}"
    changed = write_result(pa.table({"account_id": IDS, "score": [0.5] * len(IDS)}), path)
    if ending == "csv":
        ids = [row["account_id"] for row in read_csv(path)]
        assert ids == [f"'{each}" if each == "=1+1" else each for each in IDS]
        assert restored_ids(ids).to_pylist() == IDS
        assert changed == 1
    else:
        assert pq.read_table(path)["account_id"].to_pylist() == IDS


HARMFUL = [
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "+cmd|x",
    "-2+3+cmd|x!A",
    "＝1",
    "\t=1",
    "＋f(1)",
    "=",
    "+1 (2)",
    "'=1",
]
HARMLESS = ["+49170", "-5", "-aB3/+x_==", "@anna:home.org", "a=b(1)", "'a", "", "\u00e9", "'+49"]


def test_an_id_that_is_a_formula_is_none_in_csv(tmp_path):
    """Row 24, without a telephone number or a base64 id that is another when a machine joins by it."""
    ids = HARMFUL + HARMLESS
    assert write_result(
        pa.table({"account_id": pa.array(ids).dictionary_encode()}), tmp_path / "s.csv"
    ) == len(HARMFUL)
    written = [row["account_id"] for row in read_csv(tmp_path / "s.csv")]
    assert written == [f"'{each}" for each in HARMFUL] + HARMLESS
    assert restored_ids(written).to_pylist() == ids


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_no_rows(tmp_path, ending):
    write_result(scores().slice(0, 0), tmp_path / f"s.{ending}")
    assert (tmp_path / f"s.{ending}").stat().st_size > 0


# ---- row 16: what goes wrong while writing -----------------------------------------------------------------------


def fail(error):
    def call(*_, **__):
        raise error

    return call


FULL = OSError(errno.ENOSPC, "No space left on device")
BROKEN = OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("where", "what"),
    [
        (files, "_new_file_beside"),
        (output.pq, "write_table"),
        (output.pq, "read_table"),
        (output.pa.csv, "write_csv"),
        (files.os, "fsync"),
        (files.os, "replace"),
    ],
)
@pytest.mark.parametrize("error", [FULL, BROKEN])
def test_a_failed_step_leaves_the_old_output(tmp_path, monkeypatch, ending, where, what, error):
    path = tmp_path / f"s.{ending}"
    path.write_text("old")
    used = what not in (("write_csv",) if ending == "parquet" else ("write_table", "read_table"))
    monkeypatch.setattr(where, what, fail(error))
    if used:
        with pytest.raises(
            OutputError, match=rf"{path.name}: the output must be writable; got: {error.strerror}"
        ):
            write_result(scores(), path)
        assert path.read_text() == "old"
    assert names(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_full_disk(tmp_path, monkeypatch, ending):
    """The device that is always full takes the place of the temporary file."""

    def full_file_beside(path):
        link = path.with_name(f".full{path.suffix}")
        link.symlink_to("/dev/full")
        return link

    monkeypatch.setattr(files, "_new_file_beside", full_file_beside)
    path = tmp_path / f"s.{ending}"
    path.write_text("old")
    with pytest.raises(OutputError, match=r"No space left on device.*is untouched"):
        write_result(scores(), path)
    assert path.read_text() == "old"
    assert names(tmp_path) == [path.name]


def test_a_folder_that_cannot_be_flushed_is_told(tmp_path, monkeypatch):
    flush, calls = files.flush_to_disk, []

    def second_fails(path):
        calls.append(path)
        if len(calls) == 2:
            raise BROKEN
        flush(path)

    monkeypatch.setattr(files, "flush_to_disk", second_fails)
    with pytest.raises(OutputError, match="The new output stands there"):
        write_result(scores(), tmp_path / "s.parquet")
    assert same(pq.read_table(tmp_path / "s.parquet"), scores())


@pytest.mark.parametrize(
    "misread", [lambda *_, **__: scores().slice(1), fail(pa.ArrowInvalid("Parquet magic bytes not found"))]
)
def test_what_does_not_read_back_is_not_put_in_place(tmp_path, monkeypatch, misread):
    path = tmp_path / "s.parquet"
    path.write_text("old")
    monkeypatch.setattr(output.pq, "read_table", misread)
    with pytest.raises(OutputError, match="must read back as written"):
        write_result(scores(), path)
    assert path.read_text() == "old"
    assert names(tmp_path) == [path.name]


# ---- what is refused before the work -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["s.txt", "s", "s.parquet.gz", "s.CSV", ""])
def test_endings(tmp_path, name):
    with pytest.raises(ParameterError, match=r"must end in \.parquet or \.csv"):
        check_output(tmp_path / name)
    with pytest.raises(ParameterError, match=r"must end in"):
        write_result(scores(), tmp_path / name)


def test_places_where_no_result_can_be(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OutputError, match="its folder must exist; got 'none'"):
        check_output(tmp_path / "none" / "s.csv")
    with pytest.raises(OutputError, match=r"must be a file; got 'folder\.csv', a folder"):
        check_output(tmp_path / "folder.csv")
    assert check_output(str(tmp_path / "s.csv")) == tmp_path / "s.csv"


def test_places_where_no_model_can_be(tmp_path):
    (tmp_path / "file").write_text("")
    model().save(tmp_path / "m")
    with pytest.raises(OutputError, match="must be a folder; got 'file', a file"):
        check_model_output(tmp_path / "file", overwrite=True)
    with pytest.raises(OutputError, match="must hold no model yet; got 'm'"):
        check_model_output(tmp_path / "m", overwrite=False)
    with pytest.raises(OutputError, match="out: the folder must be one that can be made"):
        check_model_output(tmp_path / "file" / "below" / "m", overwrite=False)
    for nowhere in ("", " "):
        with pytest.raises(OutputError, match="must have a folder of its own; got ''"):
            check_model_output(nowhere, overwrite=True)
    assert check_model_output(tmp_path / "m", overwrite=True) == tmp_path / "m"
    assert check_model_output(f"{tmp_path}/a/b/", overwrite=False) == tmp_path / "a" / "b"
    assert names(tmp_path / "a") == []
    assert os.listdir(tmp_path / "m")
