from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from spamclf import simulate
from spamclf.errors import OutputError, ParameterError
from spamclf.folders import read_dataset
from spamclf.schema import TABLES
from spamclf.simulate.__main__ import main

MODULE = sys.modules["spamclf.simulate.write"]  # a function has the name in the package
SAMPLE = Path(__file__).parents[2] / "data" / "sample"


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_what_is_written_is_read_back_and_has_checksums(tmp_path, tables):
    simulate.write(tables, tmp_path)
    for name in TABLES:
        again = pq.read_table(tmp_path / f"{name}.parquet", page_checksum_verification=True)
        assert again.equals(tables[name])


def test_the_same_call_writes_the_same_bytes(tmp_path):
    for folder in ("one", "two"):
        simulate.write(simulate.world(60, days=7, random_state=4, media=True), tmp_path / folder)
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    assert one == two
    assert any(name.startswith("photos/") for name in one)


def test_the_dataset_reader_finds_nothing_wrong(tmp_path):
    tables = simulate.world(120, days=10, random_state=4, media=True)
    simulate.write(tables, tmp_path)
    dataset = read_dataset(tmp_path)
    for name in TABLES:
        assert dataset.tables[name].num_rows == tables[name].num_rows


def test_a_missing_table_is_named(tmp_path, tables):
    with pytest.raises(
        ParameterError, match=r"simulate\.write: tables must be all seven; got none called photos"
    ):
        simulate.write({name: table for name, table in tables.items() if name != "photos"}, tmp_path)


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path, tables):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"simulate\.write: the folder must be one that can be made"):
        simulate.write(tables, tmp_path / "file" / "folder")


def test_what_breaks_off_leaves_the_folder_as_it_was(tmp_path, monkeypatch):
    tables = simulate.world(60, days=7, random_state=4, media=True)
    drawn = []

    def interrupted(name):
        if drawn:
            raise KeyboardInterrupt
        drawn.append(name)
        return b"picture"

    (tmp_path / "accounts.parquet").write_text("mine")
    with monkeypatch.context() as patched:
        patched.setattr(MODULE, "picture", interrupted)
        with pytest.raises(KeyboardInterrupt):
            simulate.write(tables, tmp_path, overwrite=True)
    assert drawn
    assert files(tmp_path) == {"accounts.parquet": b"mine"}
    simulate.write(tables, tmp_path, overwrite=True)
    assert read_dataset(tmp_path).accounts.num_rows == 60


def test_it_is_told_how_far_the_pictures_are(tmp_path, monkeypatch):
    now, lines = [100.0], []
    monkeypatch.setattr("spamclf.progress.time.monotonic", lambda: now[0])

    def slowly(name):
        now[0] += 2.0
        return b"picture"

    monkeypatch.setattr(MODULE, "picture", slowly)
    tables = simulate.world(60, days=7, random_state=4, media=True)
    n = len(set(tables["photos"]["photo"].drop_null().to_pylist()))
    simulate.write(tables, tmp_path, progress=lines.append)
    assert len(lines) == n + 1
    minutes, seconds = divmod(2 * (n - 2), 60)
    assert lines[2] == f"drawing {2 / n:.0%}, 0.5 a second, {minutes}:{seconds:02d} left".replace("%", " %")


def test_the_command_writes_a_folder_or_says_why_not(tmp_path):
    done = CliRunner().invoke(main, [str(tmp_path / "out"), "--accounts", "30", "--days", "4"])
    assert done.exit_code == 0
    assert "accounts: 30 rows" in done.output
    refused = CliRunner().invoke(main, [str(tmp_path / "out"), "--accounts", "3"])
    assert refused.exit_code == 1
    assert "n_accounts must be" in refused.output


def test_the_shipped_sample_is_what_its_datasheet_says():
    tables = simulate.world(400, random_state=0, media=True)
    for name in TABLES:
        assert pq.read_table(SAMPLE / f"{name}.parquet").equals(tables[name]), name
    named = set(tables["photos"]["photo"].drop_null().to_pylist())
    assert {f"photos/{path.name}" for path in (SAMPLE / "photos").iterdir()} == named
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) <= 3_000_000
    sheet = (SAMPLE / "README.md").read_text(encoding="utf-8")
    for name in TABLES:
        assert f"| {name} | {tables[name].num_rows:,} |" in sheet
