from __future__ import annotations

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
