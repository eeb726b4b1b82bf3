"""Compile all kernels at once, on all cores: the first run ever takes a minute of computing."""

from __future__ import annotations

import contextlib
import fcntl
import graphlib
import importlib
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import IO

from spamclf.kernels._sources import imported

_HERE = Path(__file__).parent
_MOST = 8  # processes: the longest chain of imports keeps no more busy
_SERVE = "import sys; sys.path[:] = {}; from spamclf.kernels import _ahead; _ahead.serve()"
_PATIENCE_S = 300.0  # with another process that is at it, or hangs
_begun = threading.Event()  # by this process, or by that which started it
_announced = threading.Event()
_once = threading.Lock()


def announce(how_often: str) -> None:
    """Say on stderr, once per process, why a run is slow; where nobody reads that, nothing."""
    if not _announced.is_set() and sys.stderr is not None:  # print would take stdout for None
        _announced.set()
        with contextlib.suppress(OSError, ValueError):
            print(f"spamclf: compiling its kernels, {how_often} ...", file=sys.stderr)


def compile_all(cache: Path) -> None:
    """Compile all kernels into the cache that is kept in a folder, once; where that is not possible, do nothing.

    It says so on stderr, for the first run ever takes long. Whoever needs one then finds it there, or compiles it
    alone. Of several processes that come to an empty cache one does the work; the others wait for it.
    """
    with _once:
        if _begun.is_set():
            return
        _begun.set()
        announce("once; later runs start at once")
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        # Where Python lives in another program, nobody knows what that would do with our arguments.
        if cores > 1 and Path(sys.executable or "").name.startswith("python"):
            with contextlib.suppress(OSError):
                _compile_or_wait(cache / ".compiling.lock", min(cores, _MOST))


def _compile_or_wait(path: Path, n_processes: int) -> None:
    with open(path, "wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _wait(lock)
        else:
            modules = (path for path in _HERE.glob("*.py") if path.stem != "__init__")
            import_in_processes({path.stem: imported(path) for path in modules}, n_processes)


def _wait(lock: IO[bytes]) -> None:
    """Wait until another process lets go, or for as long as it should take at most."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(0.1)


def import_in_processes(modules: dict[str, set[str]], n_processes: int) -> None:
    """Import kernel modules in several processes, each after those that it imports.

    Parameters
    ----------
    modules : dict of str to set of str
        By name those that it imports.
    n_processes : int

    Raises
    ------
    OSError
        If a process cannot be started, or fails.
    """
    order = graphlib.TopologicalSorter(modules)
    order.prepare()
    with ThreadPoolExecutor(n_processes) as threads, _Workers() as workers:
        running: dict[Future[None], str] = {}
        while order.is_active():
            running |= {threads.submit(workers.import_, name): name for name in order.get_ready()}
            for each in wait(running, return_when=FIRST_COMPLETED).done:
                each.result()
                order.done(running.pop(each))


class _Workers:
    """A process for each thread that asks; all are gone in the end."""

    def __init__(self) -> None:
        self._own, self._all = threading.local(), list[subprocess.Popen[bytes]]()
        self._starting, self._gone = threading.Lock(), False

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *_: object) -> None:
        with self._starting:  # nobody starts one that would not be met here
            self._gone = True
        for each in self._all:
            with each:  # which waits for it
                each.kill()  # a cached kernel is whole or not there

    def import_(self, name: str) -> None:
        """Import a module in the process of the thread that calls."""
        with self._starting:
            if self._gone:
                raise OSError("the work was broken off")
            if not hasattr(self._own, "worker"):
                self._own.worker = self._start()
        worker: subprocess.Popen[bytes] = self._own.worker
        assert worker.stdin
        assert worker.stdout
        line = f"{name}\n".encode()
        worker.stdin.write(line)
        if worker.stdout.readline() != line:
            raise OSError(f"kernel module {name} cannot be compiled by another process")

    def _start(self) -> subprocess.Popen[bytes]:
        # It looks for modules where this process does, and runs nothing else that lies about or is in the environment.
        worker = subprocess.Popen(
            [sys.executable, "-I", "-c", _SERVE.format(list(map(str, sys.path)))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
        )  # fmt: skip
        self._all.append(worker)
        return worker


def serve() -> None:
    """Import the kernel modules that are named line by line, and repeat each name when that is done."""
    _begun.set()
    for line in sys.stdin:
        importlib.import_module(f"spamclf.kernels.{line.strip()}")
        print(line, end="", flush=True)
