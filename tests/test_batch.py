"""The batch door: the rows of `predict.score`, whatever the shards and files; resumed where it broke."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset, batch, files, predict, read_dataset
from spamclf.batch import numbers, parts, publish, reading
from spamclf.errors import BadRowsError, OutputError, ParameterError, SchemaError, SpamclfError
from tests import doors
from tests.rows import arrow
from tests.worlds import World, worlds

NOT_AFTER = "2040-01-01"


def scores_of(out: Path) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in sorted(out.glob("part-*.parquet"))])


def assert_same_scores(out: Path, wanted: pa.Table) -> None:
    got, names = scores_of(out), wanted.column_names
    assert got.schema.equals(wanted.schema)
    assert names == got.column_names
    assert got.num_rows == wanted.num_rows
    one, other = (each.sort_by("account_id").combine_chunks() for each in (got, wanted))
    assert one.equals(other), [name for name in names if not one[name].equals(other[name])]


def manifest(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "_scores.json").read_text()))


def flat(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """What a CSV file can hold."""
    return {
        name: table.drop_columns([each.name for each in table.schema if pa.types.is_list(each.type)])
        for name, table in tables.items()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return doors.write_folder(doors.tables(), tmp_path_factory.mktemp("batch") / "world")


@pytest.fixture(scope="module")
def wanted(folder: Path) -> pa.Table:
    return predict.score(read_dataset(folder), doors.model(), n_jobs=1)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS", 3_000)


# ---- the same rows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_shards", "n_jobs"), [(1, 1), (2, 2), (7, 2)])
def test_scores_are_those_of_predict(
    folder: Path, wanted: pa.Table, tmp_path: Path, n_shards: int, n_jobs: int, small_pieces: None
) -> None:
    out = batch.score(folder, tmp_path / "out", doors.model(), n_shards=n_shards, n_jobs=n_jobs)
    assert_same_scores(out, wanted)
    told = manifest(out)
    assert [part["rows"] for part in told["parts"]] == [
        pq.read_metadata(path).num_rows for path in sorted(out.glob("part-*"))
    ]
    assert len(told["parts"]) == n_shards
    assert {part["file"]: part["sha256"] for part in told["parts"]} == {
        path.name: files.sha256_file(path) for path in out.glob("part-*")
    }
    assert sum(told["verdicts"].values()) == told["n_accounts"] == wanted.num_rows
    assert told["as_of_us"] == wanted["as_of"][0].cast(pa.int64()).as_py()
    assert not (tmp_path / "out.partial").exists()


def test_an_instant_of_old(folder: Path, tmp_path: Path, small_pieces: None) -> None:
    dataset = read_dataset(folder)
    instant = pc.quantile(dataset.messages["sent_at"].cast(pa.int64()), 0.4)[0].as_py()
    want = predict.score(dataset, doors.model(), as_of=int(instant), reasons_for="all", n_reasons=2, n_jobs=1)
    out = batch.score(
        folder, tmp_path / "out", doors.model(), as_of=int(instant), reasons_for="all", n_reasons=2, n_jobs=1
    )
    assert_same_scores(out, want)


def test_csv(wanted: pa.Table, tmp_path: Path, small_pieces: None) -> None:
    tables = flat(doors.tables())
    csv = doors.write_folder(tables, tmp_path / "csv", "csv")
    want = predict.score(read_dataset(csv), doors.model(), n_jobs=1)
    assert_same_scores(batch.score(csv, tmp_path / "out", doors.model(), n_shards=2, n_jobs=2), want)


@pytest.mark.parametrize("group_rows", [700, 100_000])
def test_parts_of_parquet(wanted: pa.Table, tmp_path: Path, group_rows: int, small_pieces: None) -> None:
    tables = dict(doors.tables())
    messages = tables.pop("messages")
    here = doors.write_folder(tables, tmp_path / "world")
    (here / "messages").mkdir()
    cuts = [0, 5_000, 5_000, 5_001, messages.num_rows]
    for k, (low, high) in enumerate(itertools.pairwise(cuts)):
        piece = messages.slice(low, high - low)
        pq.write_table(piece, here / "messages" / f"{k}.parquet", row_group_size=group_rows)
    assert_same_scores(batch.score(here, tmp_path / "out", doors.model(), n_shards=3, n_jobs=2), wanted)


@pytest.mark.parametrize("kind", [pa.int64(), pa.int32(), pa.uint64(), "large"])
def test_ids_that_are_integers(tmp_path: Path, kind: Any, small_pieces: None) -> None:
    tables = renumbered(pa.int64() if kind == "large" else kind)
    if kind == "large":  # one id beyond int64: all are strings
        messages = tables["messages"]
        ids = np.asarray(messages["sender_id"]).astype(np.uint64)
        ids[ids == ids[7]] = 2**63 + 5
        tables["messages"] = messages.set_column(
            messages.column_names.index("sender_id"), "sender_id", pa.array(ids)
        )
    here = doors.write_folder(tables, tmp_path / "world")
    want = predict.score(read_dataset(here), doors.model(), n_jobs=1)
    assert pa.types.is_integer(want.schema.field("account_id").type) == (kind != "large")
    assert_same_scores(batch.score(here, tmp_path / "out", doors.model(), n_shards=3, n_jobs=1), want)


def renumbered(kind: pa.DataType) -> dict[str, pa.Table]:
    columns = ("account_id", "sender_id", "recipient_id", "reporter_id")
    ids = pa.chunked_array(
        [
            chunk.cast(pa.string())
            for table in doors.tables().values()
            for name in columns
            if name in table.column_names
            for chunk in table[name].chunks
        ]
    ).unique()
    tables = {}
    for name, table in doors.tables().items():
        for column in columns:
            if column in table.column_names:
                codes = pc.index_in(table[column].cast(pa.string()), value_set=ids).cast(kind)
                table = table.set_column(table.column_names.index(column), column, codes)
        tables[name] = table
    return tables


@settings(max_examples=12)
@given(worlds(), st.integers(1, 4), st.integers(1, 9), st.sampled_from(("parquet", "csv")), st.booleans())
def test_small_worlds(world: World, n_shards: int, rows: int, ending: str, given_instant: bool) -> None:
    assert_world_is_the_same(world, n_shards, rows, ending, given_instant)


@pytest.mark.slow
@settings(max_examples=100)
@given(worlds(), st.integers(1, 4), st.integers(1, 9), st.sampled_from(("parquet", "csv")), st.booleans())
def test_many_small_worlds(world: World, n_shards: int, rows: int, ending: str, given_instant: bool) -> None:
    assert_world_is_the_same(world, n_shards, rows, ending, given_instant)


def assert_world_is_the_same(
    world: World, n_shards: int, rows: int, ending: str, given_instant: bool
) -> None:
    tables = arrow(world.tables)
    if ending == "csv" and "texts" in tables:
        tables["texts"] = tables["texts"].drop_columns(["signature"])
    as_of = world.as_of if given_instant else None
    with tempfile.TemporaryDirectory() as temporary, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "ROWS", rows)
        patch.setattr(parts, "SLICES", 2)
        home = doors.write_folder(tables, Path(temporary) / "world", ending)
        loose = {"max_bad_share": 1.0, "not_after": NOT_AFTER}
        told = {"as_of": as_of, "reasons_for": "all", "n_jobs": 1}
        dataset = read_dataset(home, **loose)
        try:
            want = predict.score(dataset, doors.model(), **told)
        except SpamclfError as error:
            with pytest.raises(type(error)):
                batch.score(home, Path(temporary) / "out", doors.model(), **told, **loose)
            return
        out = batch.score(home, Path(temporary) / "out", doors.model(), n_shards=n_shards, **told, **loose)
        assert_same_scores(out, want)
        assert_counts(out, dataset)


def assert_counts(out: Path, dataset: Dataset) -> None:
    told = manifest(out)
    assert told["tables"] == {
        name: {
            "rows_in": each.rows_in,
            "rows_used": each.rows_used,
            "rows_quarantined": each.rows_quarantined,
        }
        for name, each in dataset.counts.items()
    }
    counts = {(row["table"], row["column"], row["rule"]): row["rows"] for row in told["quarantine"]}
    assert counts == dataset.quarantine.counts


def test_photos_that_are_files(tmp_path: Path) -> None:
    here = tmp_path / "sample"
    shutil.copytree(doors.SAMPLE, here)
    photos = read_dataset(here).photos
    assert photos["photo"].null_count < photos.num_rows
    want = predict.score(read_dataset(here), n_jobs=1)
    assert_same_scores(batch.score(here, tmp_path / "out", n_shards=2, n_jobs=2), want)


# ---- bad rows ------------------------------------------------------------------------------------------------------


def spoiled(share: float) -> dict[str, pa.Table]:
    """The world with messages to oneself, without a recipient, and of the far future."""
    tables = dict(doors.tables())
    messages = tables["messages"]
    rng = np.random.default_rng(7)
    sender, recipient = (
        messages[name].cast(pa.string()).to_pylist() for name in ("sender_id", "recipient_id")
    )
    sent_at = messages["sent_at"].cast(pa.int64()).to_pylist()
    for k in rng.choice(len(sender), int(share * len(sender)), replace=False).tolist():
        rule = rng.integers(0, 3)
        if rule == 0:
            recipient[k] = sender[k]
        elif rule == 1:
            recipient[k] = None
        else:
            sent_at[k] = 4_000_000_000_000_000
    for name, values in (("recipient_id", pa.array(recipient)),
                         ("sent_at", pa.array(sent_at, pa.timestamp("us", tz="UTC")))):  # fmt: skip
        messages = messages.set_column(messages.column_names.index(name), name, values)
    tables["messages"] = messages
    return tables


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_bad_rows_are_set_aside_and_counted(tmp_path: Path, ending: str, small_pieces: None) -> None:
    tables = flat(spoiled(0.008))
    here = doors.write_folder(tables, tmp_path / "world", ending)
    if ending == "csv":  # rows that are none, too
        text = (here / "messages.csv").read_text().splitlines(keepends=True)
        for k in (9_000, 4_000, 1):
            text.insert(k, "a,b\n")
        (here / "messages.csv").write_text("".join(text))
    dataset = read_dataset(here)
    assert dataset.counts["messages"].rows_quarantined > 100
    out = batch.score(here, tmp_path / "out", doors.model(), n_shards=2, n_jobs=2)
    assert_same_scores(out, predict.score(dataset, doors.model(), n_jobs=1))
    assert_counts(out, dataset)


def test_units_are_told_as_elsewhere(tmp_path: Path) -> None:
    n = 300
    times = pa.array([1_780_272_000_000] * (n - 2) + [1_780_272_000, 1_780_272_000_000_000])
    ids = pa.array([f"p{k}" for k in range(n)])
    tables = {
        "accounts": pa.table({"account_id": ids}),
        "messages": pa.table({"sender_id": ids, "recipient_id": ids[::-1], "sent_at": times}),
    }
    here = doors.write_folder(tables, tmp_path / "world")
    early = "the earliest is 1970-01-21T14:31:12Z, used; is the unit"
    with pytest.warns(UserWarning, match=early), pytest.raises(BadRowsError) as refused:
        batch.score(here, tmp_path / "out", doors.model(), n_jobs=1, time_unit="ms", max_bad_share=0)
    assert "; in 'us', not 'ms', they would lie in the past: are units mixed?" in str(refused.value)
    with pytest.warns(UserWarning, match=early):
        batch.score(here, tmp_path / "out", doors.model(), n_jobs=1, n_shards=1, time_unit="ms")


def test_too_many_bad_rows_write_nothing(tmp_path: Path, small_pieces: None) -> None:
    here = doors.write_folder(spoiled(0.02), tmp_path / "world")
    with pytest.raises(BadRowsError) as expected:
        read_dataset(here)
    with pytest.raises(BadRowsError) as refused:
        batch.score(here, tmp_path / "out", doors.model(), n_jobs=1)
    assert str(refused.value).splitlines()[0][:60] == str(expected.value).splitlines()[0][:60]
    assert not list(tmp_path.glob("out*"))
    batch.score(here, tmp_path / "out", doors.model(), n_jobs=1, max_bad_share=0.1)


@pytest.mark.filterwarnings(
    "ignore:Dataset. ids should be strings everywhere", "ignore:.*before the year 2000"
)
@pytest.mark.parametrize("id_", ["p7", None])
def test_messages_of_which_none_is_good(tmp_path: Path, id_: str | None) -> None:
    """Whether ids are integers is a matter of their column's type, not of the rows that stay."""
    tables = {
        "accounts": {"account_id": [1, 2], "registered_at": pa.array([5, 9], pa.timestamp("s", "UTC"))},
        "messages": {
            "sender_id": pa.array([id_], pa.string()),
            "recipient_id": pa.array([id_], pa.string()),
            "sent_at": pa.array([7], pa.timestamp("s", "UTC")),
        },
    }
    here = doors.write_folder(tables, tmp_path / "world")
    dataset = read_dataset(here)
    out = batch.score(here, tmp_path / "out", doors.model(), n_shards=2)
    assert_same_scores(out, predict.score(dataset, doors.model()))
    assert_counts(out, dataset)
    assert dataset.counts["messages"].rows_used == 0


def test_columns_that_do_not_fit(folder: Path, tmp_path: Path) -> None:
    here = shutil.copytree(folder, tmp_path / "world")
    messages = doors.tables()["messages"].rename_columns(
        ["sender" if name == "sender_id" else name for name in doors.tables()["messages"].column_names]
    )
    pq.write_table(messages, here / "messages.parquet")
    with pytest.raises(SchemaError, match=r"'sender_id' .* is missing. Is it 'sender'"):
        batch.score(here, tmp_path / "out", doors.model())


def damaged(here: Path, how: str) -> None:
    """Spoil the messages of a folder."""
    path, messages = here / "messages.parquet", doors.tables()["messages"]
    if how == "cut short":
        path.write_bytes(path.read_bytes()[:-400])
    elif how == "a byte turned":
        pq.write_table(messages, path, write_page_checksum=True)
        text = bytearray(path.read_bytes())
        text[len(text) // 3] ^= 0xFF
        path.write_bytes(text)
    elif how == "a quote that is not closed":
        path.unlink()
        pa.csv.write_csv(messages, here / "messages.csv")
        text = (here / "messages.csv").read_text().splitlines(keepends=True)
        text[40] = '"' + text[40].replace('"', "")
        (here / "messages.csv").write_text("".join(text))
    elif how == "an empty file":
        path.unlink()
        (here / "messages.csv").write_text("")
    elif how == "parts of several types":
        path.unlink()
        (here / "messages").mkdir()
        other = messages.set_column(messages.column_names.index("sent_at"), "sent_at", messages["sender_id"])
        pq.write_table(messages, here / "messages" / "a.parquet")
        pq.write_table(other, here / "messages" / "b.parquet")
    elif how == "times without a zone":
        naive = messages["sent_at"].cast(pa.timestamp("us"))
        pq.write_table(messages.set_column(messages.column_names.index("sent_at"), "sent_at", naive), path)
    elif how == "twice":
        pa.csv.write_csv(messages, here / "messages.csv")
    else:
        path.unlink()


@pytest.mark.parametrize(
    "how",
    ["cut short", "a byte turned", "a quote that is not closed", "an empty file", "parts of several types",
     "times without a zone", "twice", "not there"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_as_elsewhere(
    folder: Path, tmp_path: Path, how: str, small_pieces: None
) -> None:
    here = shutil.copytree(folder, tmp_path / "world")
    damaged(here, how)
    with pytest.raises(SpamclfError) as expected:
        read_dataset(here)
    with pytest.raises(type(expected.value)) as refused:
        batch.score(here, tmp_path / "out", doors.model(), n_jobs=2)
    assert str(refused.value)[:50] == str(expected.value)[:50]
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    ("wrong", "word"),
    [({"n_shards": 0}, "n_shards"), ({"memory_gb": 0.1}, "memory_gb"), ({"n_reasons": -1}, "n_reasons"),
     ({"as_of": "yesterday"}, "as_of"), ({"n_jobs": 0}, "n_jobs"), ({"max_bad_share": 2}, "max_bad_share"),
     ({"time_unit": "h"}, "time_unit"), ({"time_zone": "Mars"}, "time_zone"), ({"not_after": -1}, "not_after")],
)  # fmt: skip
def test_arguments_out_of_range(folder: Path, tmp_path: Path, wrong: dict[str, Any], word: str) -> None:
    with pytest.raises(ParameterError, match=word):
        batch.score(folder, tmp_path / "out", doors.model(), **wrong)
    assert not list(tmp_path.glob("out*"))


# ---- one output, whole or not at all --------------------------------------------------------------------------------


def test_scores_that_are_there_are_kept_unless_told(folder: Path, tmp_path: Path) -> None:
    out = batch.score(folder, tmp_path / "out", doors.model(), n_shards=2, n_jobs=1)
    former = manifest(out)
    with pytest.raises(OutputError, match="must hold no scores yet"):
        batch.score(folder, out, doors.model(), n_shards=3, n_jobs=1)
    assert manifest(out) == former
    batch.score(folder, out, doors.model(), n_shards=3, n_jobs=1, overwrite=True)
    assert len(manifest(out)["parts"]) == len(list(out.glob("part-*"))) == 3
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["out"]


def test_another_folder_is_no_output(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    for out in (tmp_path / "mine", folder, tmp_path / "no" / "such"):
        with pytest.raises(OutputError):
            batch.score(folder, out, doors.model(), overwrite=True)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_a_second_run_is_told_who_holds_it(folder: Path, tmp_path: Path) -> None:
    with files.hold(tmp_path / "out"), pytest.raises(OutputError, match=f"held by process {os.getpid()}"):
        batch.score(folder, tmp_path / "out", doors.model())


def test_without_an_exchange_of_names(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "_exchange", lambda one, other: False)
    for n_shards in (1, 2):
        out = batch.score(
            folder, tmp_path / "out", doors.model(), n_shards=n_shards, n_jobs=1, overwrite=True
        )
    assert len(list(out.glob("part-*"))) == 2
    assert not (tmp_path / "out.partial").exists()


class BrokenError(Exception):
    """The power went."""


def breaking(monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException) -> list[str]:
    """Let the write of this number fail, when its bytes are written and its name is not moved."""
    seen: list[str] = []
    true = os.replace

    def replace(source: Any, target: Any) -> None:
        seen.append(Path(target).name)
        if len(seen) == at + 1:
            raise error
        true(source, target)

    monkeypatch.setattr(files.os, "replace", replace)
    return seen


def test_a_full_disk_at_any_write(
    folder: Path, wanted: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS", 20_000)
    out = batch.score(folder, tmp_path / "out", doors.model(), n_shards=1, n_jobs=1)
    former = {path.name: path.read_bytes() for path in out.iterdir()}
    for at in itertools.count():
        shutil.rmtree(tmp_path / "out.partial", ignore_errors=True)
        with monkeypatch.context() as patch:
            breaking(patch, at, OSError(28, "No space left on device"))
            try:
                batch.score(folder, out, doors.model(), n_shards=2, n_jobs=1, overwrite=True)
                break
            except OutputError as error:
                told = str(error)
        assert "No space left on device" in told
        assert {path.name: path.read_bytes() for path in out.iterdir()} == former
    assert at > 8
    assert_same_scores(out, wanted)


def test_a_broken_run_is_resumed(
    folder: Path, wanted: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_pieces: None
) -> None:
    whole = batch.score(folder, tmp_path / "whole", doors.model(), n_shards=3, n_jobs=1)
    with monkeypatch.context() as patch:
        seen = breaking(patch, 10**9, BrokenError())
        batch.score(folder, tmp_path / "dry", doors.model(), n_shards=3, n_jobs=1)
    for at in random.Random(3).sample(range(len(seen)), 6):
        out = tmp_path / f"out{at}"
        with monkeypatch.context() as patch:
            breaking(patch, at, BrokenError())
            with pytest.raises(BrokenError):
                batch.score(folder, out, doors.model(), n_shards=3, n_jobs=1)
        assert not out.exists()
        with monkeypatch.context() as patch:
            again = breaking(patch, 10**9, BrokenError())
            batch.score(folder, out, doors.model(), n_shards=3, n_jobs=2)
        assert len(again) <= len(seen) - at + 1  # nothing is done twice but the plan
        assert {path.name: path.read_bytes() for path in out.glob("*")} == {
            path.name: path.read_bytes() for path in whole.glob("*")
        }


def test_what_a_killed_write_leaves_is_not_published(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        breaking(patch, 4, BrokenError())
        with pytest.raises(BrokenError):
            batch.score(folder, out, doors.model(), n_jobs=1)
    (tmp_path / "out.partial" / "scores" / ".part-00000-ab12.parquet").write_bytes(b"PAR1")
    batch.score(folder, out, doors.model(), n_jobs=1)
    assert not [path.name for path in out.iterdir() if path.name.startswith(".")]


def test_a_run_is_not_resumed_with_other_inputs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, out = shutil.copytree(folder, tmp_path / "world"), tmp_path / "out"
    with monkeypatch.context() as patch:
        breaking(patch, 4, BrokenError())
        with pytest.raises(BrokenError):
            batch.score(here, out, doors.model(), n_jobs=1)
    with pytest.raises(OutputError, match=r"got other n_reasons. Remove out.partial, or say overwrite"):
        batch.score(here, out, doors.model(), n_jobs=1, n_reasons=2)
    with pytest.raises(OutputError, match="got other model"):
        batch.score(here, out, n_jobs=1)
    os.utime(here / "messages.parquet")
    with pytest.raises(OutputError, match=r"got other messages\.parquet"):
        batch.score(here, out, doors.model(), n_jobs=1)
    batch.score(here, out, doors.model(), n_jobs=1, overwrite=True)
    assert not (tmp_path / "out.partial").exists()


def test_what_was_published_is_tidied_up(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("spamclf.batch.run.remove", lambda folder: None)
        out = batch.score(folder, tmp_path / "out", doors.model(), n_jobs=1)
    assert (tmp_path / "out.partial").exists()
    former = {path.name: path.read_bytes() for path in out.iterdir()}
    batch.score(folder, out, doors.model(), n_jobs=1)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == former
    assert not (tmp_path / "out.partial").exists()


# ---- killed --------------------------------------------------------------------------------------------------------

_RUN = """
import sys
from spamclf import batch
from spamclf.batch import reading
reading.ROWS = 3_000
batch.score(sys.argv[1], sys.argv[2], sys.argv[3], n_shards=3, n_jobs=2)
"""


def run_process(*arguments: Path, kill_after: float | None = None) -> int:
    """Run in a process of its own, and kill it after some seconds if asked to."""
    process = subprocess.Popen([sys.executable, "-c", _RUN, *map(str, arguments)], cwd=doors.ROOT)
    if kill_after is not None:
        time.sleep(kill_after)
        process.send_signal(signal.SIGKILL)
    return process.wait(300)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "mine"
    doors.model().save(path)
    return path


def kills(folder: Path, saved: Path, home: Path, n: int, seed: int) -> Iterator[tuple[bool, Path]]:
    """Kill a run at random points, again and again, until one comes through; tell whether it was killed at work."""
    start = time.monotonic()
    assert run_process(folder, home / "whole", saved) == 0
    whole_s = time.monotonic() - start
    rng, out, k = random.Random(seed), home / "out0", 0
    for _ in range(n):
        code = run_process(folder, out, saved, kill_after=rng.uniform(0.3, 1.05) * whole_s)
        yield code != 0, out
        if out.exists():  # it may have been killed when all was done
            k += 1
            out = home / f"out{k}"
    assert run_process(folder, out, saved) == 0
    yield False, out


def assert_survives(folder: Path, saved: Path, home: Path, n: int, seed: int) -> None:
    n_killed = 0
    for killed, out in kills(folder, saved, home, n, seed):
        n_killed += killed
        if out.exists():  # whole, or not at all
            assert {path.name: path.read_bytes() for path in out.iterdir()} == {
                path.name: path.read_bytes() for path in (home / "whole").iterdir()
            }
        else:
            assert killed
    assert n_killed


@pytest.mark.slow
def test_killed_a_hundred_times(folder: Path, saved: Path, tmp_path: Path) -> None:
    assert_survives(folder, saved, tmp_path, 100, 2)


def test_entries_of_groups_are_numbered_after_people() -> None:
    codes, people, groups = reading._parted(
        np.array([0, 1, 0, 2], np.int32), pa.array(["a", "b", "g"]), np.array([False, False, True, True])
    )
    assert codes.tolist() == [0, 1, -1, -2]
    assert people.to_pylist() == ["a", "b"]
    assert groups.to_pylist() == ["a", "g"]


@pytest.mark.parametrize("n_jobs", [1, 2, 5])
def test_ids_of_all_pieces_are_one_list(monkeypatch: pytest.MonkeyPatch, n_jobs: int) -> None:
    monkeypatch.setattr(numbers, "_MIN_WORDS", 0)
    pieces = [["a", "g"], [], ["a", "b"], ["c"], ["g", "c", "a"], []]
    codes, words = numbers._jointly([pa.array(each, pa.string()) for each in pieces], pa.string(), n_jobs)
    assert sorted(words.to_pylist()) == ["a", "b", "c", "g"]
    assert [[words[code].as_py() for code in each.tolist()] for each in codes] == pieces


# ---- the command -----------------------------------------------------------------------------------------------------


def test_the_command_prints_what_it_prints_of_a_file(folder: Path, saved: Path, tmp_path: Path) -> None:
    whole = doors.cli("score", folder, "--model", saved, "--out", tmp_path / "scores.parquet")
    done = doors.cli("score", folder, "--model", saved, "--out", tmp_path / "scores", "--shards", 3)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[:-1] == whole.stdout.splitlines()[:-1]
    assert done.stdout.splitlines()[-1].endswith("scores in 3 parts")
    assert done.stderr == ""
    assert_same_scores(tmp_path / "scores", pq.read_table(tmp_path / "scores.parquet"))
    again = doors.cli("score", folder, "--model", saved, "--out", tmp_path / "scores")
    assert again.exit_code == 1
    assert "must hold no scores yet" in again.stderr
    assert (
        doors.cli("score", folder, "--model", saved, "--out", tmp_path / "scores", "--overwrite").exit_code
        == 0
    )


def test_what_belongs_to_a_folder_is_refused_without_one(folder: Path, tmp_path: Path) -> None:
    for out in ((), ("--out", tmp_path / "scores.csv")):
        refused = doors.cli("score", folder, *out, "--shards", 2)
        assert refused.exit_code == 2
        assert "must come with a folder" in refused.stderr
    assert doors.cli("score", folder, "--out", tmp_path / "scores.txt").exit_code == 2


def test_what_was_killed_in_its_first_write_has_begun_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / ".run-abcdefgh.json").write_text("{")
    batch.score(folder, tmp_path / "out", doors.model(), n_jobs=1)
    assert (tmp_path / "out" / "_scores.json").exists()


def test_no_messages_and_no_bad_row_allowed(tmp_path: Path) -> None:
    nothing = pa.table({name: pa.array([], pa.string()) for name in ("sender_id", "recipient_id")})
    messages = nothing.append_column("sent_at", pa.array([], pa.timestamp("us", "UTC")))
    here = doors.write_folder({"accounts": {"account_id": ["a", "b"]}, "messages": messages}, tmp_path / "in")
    out = batch.score(here, tmp_path / "out", doors.model(), as_of="2026-06-01", max_bad_share=0, n_jobs=1)
    assert sum(pq.read_table(path).num_rows for path in out.glob("*.parquet")) == 2
