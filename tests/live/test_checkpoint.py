"""A checkpoint is whole or not there, and a scorer that goes on from it scores as if it had never ended."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import predict
from spamclf.errors import DataFileError, OutputError, ParameterError
from spamclf.live.checkpoint import MANIFEST, read_checkpoint
from spamclf.predict import LiveScorer
from tests import doors
from tests.live.observing import LATE_S, differing, model_of, observe_in_batches
from tests.rows import arrow
from tests.worlds import World, worlds


def scorer() -> LiveScorer:
    live = LiveScorer(doors.model(), lateness_s=LATE_S)
    for name, table in doors.tables().items():
        live.observe(name, table)
    return live


@settings(max_examples=8)
@given(worlds(), st.integers(0, 2**32))
def test_it_goes_on_from_a_checkpoint(tmp_path_factory: Any, world: World, seed: int) -> None:
    folder, rng = tmp_path_factory.mktemp("checkpoint"), random.Random(seed)
    tables = arrow(world.tables)
    model = model_of(world.history_days)
    live = LiveScorer(
        model, lateness_s=LATE_S, max_bad_share=1.0, not_after="2040-01-01", tables=list(tables)
    )
    observe_in_batches(
        live, {name: table.slice(0, table.num_rows // 2) for name, table in tables.items()}, rng
    )
    live.checkpoint(folder)
    other = LiveScorer.restore(folder, model)
    assert other.counts == live.counts
    assert (other.n_accounts, other.n_duplicates, other.watermark) == (
        live.n_accounts, live.n_duplicates, live.watermark
    )  # fmt: skip
    later = {name: table.slice(table.num_rows // 2) for name, table in tables.items()}
    again = {name: tables[name] for name in ("accounts", "messages")}  # the same once more changes nothing
    observe_in_batches(other, later | again, rng)
    assert not differing(other, world.dataset(), world.as_of)


def test_the_scores_are_the_same(tmp_path: Path) -> None:
    live = scorer()
    live.checkpoint(tmp_path / "here")
    live.checkpoint(tmp_path / "here")  # over the former one
    other = LiveScorer.restore(tmp_path / "here", doors.model())
    assert doors.by_account(other.score()) == doors.by_account(live.score())
    assert doors.by_account(other.score()) == doors.by_account(predict.score(doors.dataset(), doors.model()))
    named = {
        each["file"] for each in json.loads((tmp_path / "here" / MANIFEST).read_text())["tables"].values()
    }
    assert {path.name for path in (tmp_path / "here").glob("*.parquet")} == named
    assert LiveScorer.restore(tmp_path / "here", doors.model()).watermark == live.watermark


def test_under_a_memory_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spamclf.live.scorer._CHUNK", 700)
    messages = doors.tables()["messages"].sort_by("sent_at")
    live = LiveScorer(doors.model(), lateness_s=0, memory_limit_mb=2.0)
    live.observe("messages", messages)
    live._observed.logs.limit = (
        live._observed.logs._pool[0].size * live._observed.logs._bytes_each
    )  # as full as can be
    live.settings["memory_limit_mb"] = live._observed.logs.limit / 2**20
    live.checkpoint(tmp_path)
    other = LiveScorer.restore(tmp_path, doors.model())
    assert doors.by_account(other.score()) == doors.by_account(live.score())


def test_an_empty_one(tmp_path: Path) -> None:
    LiveScorer(doors.model()).checkpoint(tmp_path)
    assert LiveScorer.restore(tmp_path, doors.model()).n_accounts == 0


# ---- what is no checkpoint ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    live = LiveScorer(doors.model(), time_unit="s")
    live.observe("accounts", {"account_id": ["a", "b"], "country": ["DE", None]})
    live.observe("messages", {"sender_id": ["a"] * 50, "recipient_id": ["b"] * 50, "sent_at": range(50)})
    live.checkpoint(folder)
    return folder


def copy(folder: Path, target: Path) -> Path:
    target.mkdir()
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def test_flipped_bytes_are_refused(written: Path, tmp_path: Path) -> None:
    rng = random.Random(0)
    folder = copy(written, tmp_path / "flipped")
    files = [file for file in folder.iterdir() if file.suffix in (".json", ".parquet")]
    for _ in range(300):
        file = rng.choice(files)
        whole = file.read_bytes()
        place = rng.randrange(len(whole))
        file.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << rng.randrange(8))]) + whole[place + 1 :])
        with pytest.raises(DataFileError, match="checkpoint: the folder must"):
            LiveScorer.restore(folder, doors.model())
        file.write_bytes(whole[: rng.randrange(len(whole))])
        with pytest.raises(DataFileError, match="checkpoint: the folder must"):
            read_checkpoint(folder)
        file.write_bytes(whole)
    LiveScorer.restore(folder, doors.model())


def sealed(folder: Path, change: Any) -> None:
    """Change a manifest, and seal it again as a forger would."""
    import hashlib

    document = json.loads((folder / MANIFEST).read_text())
    del document["digest"]
    change(document)
    document["digest"] = hashlib.sha256(json.dumps(document, indent=1).encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(document, indent=1))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(format="other"),
        lambda d: d.update(format_version=2),
        lambda d: d["tables"]["messages"].update(file="../messages-0123456789abcdef.parquet"),
        lambda d: d["tables"]["messages"].update(rows=49),
        lambda d: d["tables"].update(posts=d["tables"]["messages"]),
        lambda d: d["tables"].pop("messages"),
        lambda d: d["state"].pop("settings"),
        lambda d: d["state"].update(newest_message="x"),
        lambda d: d["state"].update(frame="nonsense"),
        lambda d: d["state"].update(n_duplicates=float("inf")),
        lambda d: d["state"]["settings"].update(time_unit="qq"),
        lambda d: d["state"].update(counts=[1]),
        lambda d: d["state"]["settings"].update(lateness_s="x"),
        lambda d: d["state"]["settings"].update(model=1),
    ],
)
def test_forged_manifests_are_refused(written: Path, tmp_path: Path, change: Any) -> None:
    folder = copy(written, tmp_path / "forged")
    sealed(folder, change)
    with pytest.raises(DataFileError, match="checkpoint: "):
        LiveScorer.restore(folder, doors.model())


def test_forged_rows_are_refused(written: Path, tmp_path: Path) -> None:
    folder = copy(written, tmp_path / "forged")
    name = json.loads((folder / MANIFEST).read_text())["tables"]["messages"]["file"]
    rows = pq.read_table(folder / name)
    spoilt = rows.set_column(1, "recipient_id", rows["sender_id"])
    pq.write_table(spoilt, folder / name, write_page_checksum=True)
    from spamclf.files import sha256_file

    sealed(folder, lambda d: d["tables"]["messages"].update(sha256=sha256_file(folder / name)))
    with pytest.raises(DataFileError, match="its rows must keep the contract"):
        LiveScorer.restore(folder, doors.model())


def test_another_model_is_refused(written: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ParameterError, match=r"restore: model must be the one .* got none, so the one that comes with"
    ):
        LiveScorer.restore(written)
    with pytest.raises(
        ParameterError, match=r"restore: model must be the one .* got another one\. Load that one"
    ):
        LiveScorer.restore(written, predict.load_shipped_model())
    with pytest.raises(DataFileError, match=r"must have a checkpoint\.json; got none"):
        LiveScorer.restore(tmp_path)


def test_a_full_disk_leaves_the_former_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = scorer()
    live.checkpoint(tmp_path)
    before = (tmp_path / MANIFEST).read_bytes()
    live.observe("accounts", {"account_id": ["new"]})

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OutputError, match="No space left on device"):
        live.checkpoint(tmp_path)
    assert (tmp_path / MANIFEST).read_bytes() == before
    assert LiveScorer.restore(tmp_path, doors.model()).n_accounts == live.n_accounts - 1


# ---- kill -9 -----------------------------------------------------------------------------------------------------

_PROGRAM = """
import sys
from spamclf import predict
from tests import doors
from tests.live.observing import LATE_S

folder, model = sys.argv[1:]
live = predict.LiveScorer(model, lateness_s=LATE_S)
tables = doors.tables()
for name, table in tables.items():
    if name != "messages":
        live.observe(name, table)
messages = tables["messages"].sort_by("sent_at")
print("begun", flush=True)
for low in range(0, messages.num_rows, 50):
    live.observe("messages", messages.slice(low, 50))
    live.checkpoint(folder)
print("done", flush=True)
"""


def kill_and_restore(folder: Path, model: Path, seconds: float) -> bool:
    """Kill a scorer that writes checkpoints; restore the last one, let the rows come again: are the scores right?"""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(folder), str(model)], cwd=doors.ROOT, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    if not (folder / MANIFEST).exists():
        return False
    live = LiveScorer.restore(folder, model)
    live.observe("messages", doors.tables()["messages"])  # the checkpoint has all of the other tables
    assert doors.by_account(live.score()) == doors.by_account(predict.score(doors.dataset(), doors.model()))
    return True


def test_killed_and_restored(tmp_path: Path) -> None:
    doors.model().save(tmp_path / "model")
    assert kill_and_restore(tmp_path / "checkpoint", tmp_path / "model", 0.7)


@pytest.mark.slow
def test_killed_at_a_hundred_points_and_restored(tmp_path: Path) -> None:
    doors.model().save(tmp_path / "model")
    rng = random.Random(0)
    n = sum(
        kill_and_restore(tmp_path / "checkpoint", tmp_path / "model", rng.uniform(0.0, 1.0))
        for _ in range(100)
    )
    assert n > 90


def test_a_folder_with_other_files_is_not_taken(tmp_path: Path) -> None:
    live = LiveScorer(doors.model())
    live.observe("accounts", {"account_id": ["a"]})
    (tmp_path / "messages-0123456789abcdef.parquet").write_text("left by a checkpoint that was broken off")
    live.checkpoint(tmp_path)
    assert not (tmp_path / "messages-0123456789abcdef.parquet").exists()
    here = tmp_path / "here"
    here.mkdir()
    for name in ("messages-2026.parquet", "notes-0123456789abcdef.parquet"):
        (here / name).write_text("mine")
        with pytest.raises(
            OutputError, match="path must be a folder of its own; got 'here', which holds other files"
        ):
            live.checkpoint(here)
        assert [each.name for each in here.iterdir()] == [name]
        (here / name).unlink()
