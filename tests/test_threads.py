from __future__ import annotations

import os
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.errors import ParameterError
from spamclf.threads import equal_parts, in_threads, n_threads


@given(st.lists(st.integers(0, 100), min_size=1), st.integers(1, 7))
def test_equal_parts_cover_everything_once(weights: list[int], n_parts: int) -> None:
    bounds = equal_parts(np.concatenate([[0], np.cumsum(weights)]), n_parts)
    assert bounds[0] == 0
    assert bounds[-1] == len(weights)
    assert bounds == sorted(set(bounds))
    assert len(bounds) <= n_parts + 1


def test_in_threads_keeps_the_order_and_hands_errors_on() -> None:
    assert in_threads(lambda low, high: (low, high), [0, 2, 5, 9], 2) == [(0, 2), (2, 5), (5, 9)]
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda low, high: low // 0, [0, 2, 5], 2)


def test_what_runs_in_threads_may_use_threads_itself() -> None:
    """The threads stay and are shared: nobody may wait for a piece that only a waiting thread could begin."""
    inner = [list(range(k, k + 5)) for k in range(6)]
    found = in_threads(lambda low, _: in_threads(lambda a, b: a + b, inner[low], 3), list(range(7)), 3)
    assert found == [[2 * k + 1 + 2 * j for j in range(4)] for k in range(6)]


def test_a_failed_piece_leaves_nothing_running() -> None:
    begun, ended = [], []

    def work(low: int, _: int) -> None:
        begun.append(low)
        time.sleep(0.01)
        ended.append(low)
        if low == 3:
            raise ValueError("piece 3")

    with pytest.raises(ValueError, match="piece 3"):
        in_threads(work, list(range(9)), 4)
    time.sleep(0.05)
    assert sorted(begun) == sorted(ended)
    assert in_threads(lambda low, _: low, list(range(9)), 4) == list(range(8))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_has_threads_of_its_own() -> None:
    assert in_threads(lambda low, _: low, [0, 1, 2, 3], 2) == [0, 1, 2]
    child = os.fork()
    if not child:
        os._exit(0 if in_threads(lambda low, _: low, [0, 1, 2, 3], 2) == [0, 1, 2] else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_number_of_threads() -> None:
    assert n_threads(2) == 2
    assert n_threads(-1) >= 1
    for wrong in (0, "all", True, 1.5):
        with pytest.raises(
            ParameterError, match=r"^spamclf: n_jobs must be a number of threads, or negative; got"
        ):
            n_threads(wrong)  # type: ignore[arg-type]
        with pytest.raises(ParameterError, match=r"^score: n_jobs must be"):
            n_threads(wrong, "score")  # type: ignore[arg-type]
