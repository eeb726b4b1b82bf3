"""Kernels are compiled on all cores at once; whatever goes wrong, they are compiled."""

from __future__ import annotations

import fcntl
import io
import os
import subprocess
import sys
import threading

import pytest

from spamclf.kernels import _ahead
from tests.doors import COMPILING, ROOT

_COUNT = """
import importlib, sys
from numba.core.dispatcher import Dispatcher
from spamclf import kernels
for name in sys.argv[1:] or sorted(kernels._MODULES):
    importlib.import_module(f"spamclf.kernels.{name}")
found = [each for name, module in sys.modules.items() if name.startswith("spamclf.kernels")
         for each in vars(module).values() if isinstance(each, Dispatcher)]
# A kernel that a module imports from another one stands in both.
print(sum(sum(each.stats.cache_misses.values()) for each in {id(each): each for each in found}.values()))
"""


def n_compiled(cache, *modules):
    """Return how many kernels a fresh process had to compile by itself."""
    run = subprocess.run(
        [sys.executable, "-c", _COUNT, *modules],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)}, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(run.stdout)


@pytest.fixture
def cold(monkeypatch):
    """A process that has compiled nothing yet, on two cores."""
    monkeypatch.setattr(_ahead, "_begun", threading.Event())
    monkeypatch.setattr(_ahead, "_announced", threading.Event())
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)


@pytest.fixture
def asked(monkeypatch):
    """What is asked for, instead of doing it."""
    calls = []
    monkeypatch.setattr(_ahead, "import_in_processes", lambda modules, n: calls.append((set(modules), n)))
    return calls


def test_other_processes_compile_into_the_same_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    _ahead.import_in_processes({"_types": set(), "_peers": {"_types"}}, 2)
    assert n_compiled(tmp_path, "_peers") == 0


def test_nothing_is_said_of_compiling_where_nothing_is_compiled(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    _ahead.import_in_processes({"timeline": set()}, 1)
    code = """if True:
        import importlib.abc, sys, time
        class Slow(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path, target=None):
                time.sleep(2.2 * (name == "spamclf.kernels.timeline"))
        sys.meta_path.insert(0, Slow())
        from spamclf import kernels
        kernels.timeline.within
    """
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True).stderr == b""
    )


@pytest.mark.slow
def test_the_first_process_compiles_all_and_the_next_finds_them(tmp_path):
    assert n_compiled(tmp_path, "timeline") == 1  # the one by which it saw that nothing is there
    assert n_compiled(tmp_path) == 0


def test_every_module_is_compiled_once_a_process(tmp_path, cold, asked, capsys):
    _ahead.compile_all(tmp_path)
    _ahead.compile_all(tmp_path)
    assert capsys.readouterr().err == COMPILING
    assert [n for _, n in asked] == [2]
    assert {"_common", "near", "together"} <= asked[0][0]


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_where_nobody_reads_it_nothing_is_said(cold, monkeypatch, capsys, stream):
    if stream is not None:
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    _ahead.announce("once")
    assert capsys.readouterr() == ("", "")


def test_one_core_compiles_as_it_goes(tmp_path, cold, asked, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    _ahead.compile_all(tmp_path)
    assert not asked


def test_whoever_comes_second_waits(tmp_path, cold, asked):
    with open(tmp_path / ".compiling.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = threading.Thread(target=_ahead.compile_all, args=(tmp_path,))
        second.start()
        second.join(0.1)
        assert second.is_alive()
        fcntl.flock(lock, fcntl.LOCK_UN)
        second.join(10)
    assert not second.is_alive()
    assert not asked


def test_nobody_waits_for_ever(tmp_path, cold, asked, monkeypatch):
    monkeypatch.setattr(_ahead, "_PATIENCE_S", 0.2)
    with open(tmp_path / ".compiling.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _ahead.compile_all(tmp_path)
    assert not asked


def test_nothing_in_the_environment_runs_in_the_other_processes(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    _ahead.import_in_processes({"_types": set()}, 1)
    assert not (tmp_path / "ran").exists()


def test_numba_may_be_told_not_to_compile(tmp_path):
    code = "from spamclf.kernels.timeline import within; print(within.__name__)"
    run = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"NUMBA_DISABLE_JIT": "1", "NUMBA_CACHE_DIR": str(tmp_path)},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout == "within\n"


@pytest.mark.parametrize("does", [None, "exit 0", "echo no"])
def test_without_other_processes_it_goes_on(tmp_path, cold, monkeypatch, does):
    python = tmp_path / "python"
    if does:
        python.write_text(f"#!/bin/sh\n{does}\n")
        python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    _ahead.compile_all(tmp_path)
    with pytest.raises(OSError, match=r"No such file|cannot be compiled|Broken pipe"):
        _ahead.import_in_processes({"ids": set()}, 1)


def test_a_program_that_python_lives_in_is_not_started(tmp_path, cold, asked, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/usr/sbin/server")
    _ahead.compile_all(tmp_path)
    assert not asked


def test_without_a_folder_it_goes_on(tmp_path, cold, asked):
    _ahead.compile_all(tmp_path / "none")
    assert not asked


def test_what_is_broken_off_leaves_no_process(monkeypatch):
    workers = _ahead._Workers()

    def break_off(name):
        type(workers).import_(workers, name)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), workers:
        break_off("_types")
    assert [each.returncode for each in workers._all] == [-9]
    with pytest.raises(OSError, match="broken off"):
        workers.import_("_types")
