"""Whatever state the cache is in, a kernel runs."""

from __future__ import annotations

import threading

import numba
import pytest

from spamclf.kernels import _ahead
from spamclf.kernels._compile import compiled, sources


def plus_one(x):
    return x + 1


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'numba.core.types.old_scalars'"),
        EOFError("Ran out of input"),
        RuntimeError("cannot cache function: no locator available"),
    ],
    ids=repr,
)
def test_a_cache_that_cannot_be_used_is_done_without(monkeypatch, capsys, error):
    monkeypatch.setattr(_ahead, "_announced", threading.Event())
    njit = numba.njit

    def refusing(*signature, **options):
        if options.get("cache"):
            raise error
        return njit(*signature, **options)

    monkeypatch.setattr(numba, "njit", refusing)
    assert compiled("int64(int64)")(plus_one)(2) == 3
    assert "compiling its kernels, at every start" in capsys.readouterr().err


def test_other_errors_are_not_hidden(monkeypatch):
    def failing(*_, **__):
        raise RuntimeError("no such type")

    monkeypatch.setattr(numba, "njit", failing)
    with pytest.raises(RuntimeError, match="no such type"):
        compiled("int64(int64)")(plus_one)


def test_a_changed_helper_changes_what_is_cached(tmp_path):
    (tmp_path / "_deep.py").write_text("A = 1\n")
    (tmp_path / "_near.py").write_text("from spamclf.kernels._deep import A\n")
    kernel, alone = tmp_path / "kernel.py", tmp_path / "alone.py"
    kernel.write_text("from spamclf.kernels._near import A\n")
    alone.write_text("B = 1\n")
    before = [sources(path) for path in (kernel, alone)]
    (tmp_path / "_deep.py").write_text("A = 2\n")
    sources.cache_clear()
    after = [sources(path) for path in (kernel, alone)]
    assert before[0] != after[0]
    assert before[1] == after[1]
    assert sources(tmp_path / "missing.py")  # as in an archive: no file to read
