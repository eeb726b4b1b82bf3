"""Whatever state the cache is in, a kernel runs."""

from __future__ import annotations

import numba
import pytest

from spamclf.kernels._compile import compiled


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
def test_a_cache_that_cannot_be_used_is_done_without(monkeypatch, error):
    njit = numba.njit

    def refusing(*signature, **options):
        if options.get("cache"):
            raise error
        return njit(*signature, **options)

    monkeypatch.setattr(numba, "njit", refusing)
    assert compiled("int64(int64)")(plus_one)(2) == 3


def test_other_errors_are_not_hidden(monkeypatch):
    def failing(*_, **__):
        raise RuntimeError("no such type")

    monkeypatch.setattr(numba, "njit", failing)
    with pytest.raises(RuntimeError, match="no such type"):
        compiled("int64(int64)")(plus_one)
