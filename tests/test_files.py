"""A file is written whole or not at all; an output has one holder; a hash is a hash."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys

import pytest

from spamclf.errors import OutputError
from spamclf.files import atomic_write, available_memory, hold, make_folder, sha256_file

HOLDER = """
import sys, time
from spamclf.files import hold
with hold(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_new_and_replaced(tmp_path):
    path = tmp_path / "scores.parquet"
    for content in (b"old", b"new"):
        with atomic_write(path) as temporary:
            assert temporary.parent == tmp_path
            assert temporary.suffix == ".parquet"
            temporary.write_bytes(content)
        assert path.read_bytes() == content
    assert names(tmp_path) == ["scores.parquet"]
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize(
    "failure", [KeyError("x"), KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")]
)
def test_a_failed_block_leaves_the_old_file(tmp_path, failure):
    path = tmp_path / "scores.csv"
    path.write_text("old")

    def write():
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            raise failure

    expected = OutputError if isinstance(failure, OSError) else type(failure)
    with pytest.raises(expected) as caught:
        write()
    if expected is OutputError:
        assert str(caught.value).startswith(
            "scores.csv: the output must be writable; got: No space left on device."
        )
    assert path.read_text() == "old"
    assert names(tmp_path) == ["scores.csv"]


@pytest.mark.parametrize("step", ["fsync", "replace", "open"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_every_failing_step_leaves_the_old_file(tmp_path, monkeypatch, step, code):
    path = tmp_path / "scores.csv"
    path.write_text("old")

    def fail(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    def write():
        with atomic_write(path) as temporary:
            temporary.write_text("new")
            monkeypatch.setattr(f"spamclf.files.os.{step}", fail)

    with pytest.raises(OutputError, match=os.strerror(code)):
        write()
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["scores.csv"]


def test_missing_folder(tmp_path):
    with (
        pytest.raises(OutputError, match="No such file or directory"),
        atomic_write(tmp_path / "no" / "scores.csv"),
    ):
        pass


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_an_output_error(tmp_path):
    def write():
        with atomic_write(tmp_path / "scores.csv"), open("/dev/full", "w") as full:
            full.write("x")
            full.flush()

    with pytest.raises(OutputError, match="No space left on device"):
        write()
    assert names(tmp_path) == []


def test_a_reader_sees_old_or_new_when_the_writer_is_killed(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("old")
    code = """
import os, signal, sys
from spamclf.files import atomic_write
with atomic_write(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


class TestHold:
    def test_again_after_release(self, tmp_path):
        for _ in range(2):
            with hold(tmp_path / "out"):
                assert names(tmp_path) == [".out.lock"]

    def test_twice_in_one_process(self, tmp_path):
        mine = f"held by process {os.getpid()} on "
        with hold(tmp_path / "out"), pytest.raises(OutputError, match=mine), hold(tmp_path / "out"):
            pass
        with hold(tmp_path / "out"):
            pass

    def test_another_process_and_its_death(self, tmp_path):
        path = tmp_path / "out"
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout.readline() == b"held\n"
            who = rf"out: the output must be free; got one held by process {other.pid} on"
            with pytest.raises(OutputError, match=who), hold(path):
                pass
            other.kill()
            other.wait()
        with hold(path):
            pass

    def test_a_holder_that_has_not_written_yet(self, tmp_path):
        import fcntl

        with open(tmp_path / ".out.lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(OutputError, match="held by another process"), hold(tmp_path / "out"):
                pass

    def test_no_folder(self, tmp_path):
        with pytest.raises(OutputError, match="must be writable"), hold(tmp_path / "no" / "out"):
            pass


def test_a_folder_is_made_or_says_why_not(tmp_path):
    made = make_folder(tmp_path / "a" / "b", where="here")
    assert make_folder(made, where="here") == made
    assert made.is_dir()
    (tmp_path / "file").write_text("")
    told = "here: the folder must be one that can be made; got 'below' .*Choose another place"
    with pytest.raises(OutputError, match=told):
        make_folder(tmp_path / "file" / "below", where="here")


def test_sha256(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc" * 1_000_000)
    assert sha256_file(path) == hashlib.sha256(b"abc" * 1_000_000).hexdigest()


def test_available_memory():
    assert 1 << 20 < available_memory() < 1 << 50
