"""What a live scorer is told, checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from spamclf.errors import ParameterError

__all__ = ["lateness_of", "limit_of", "listed"]


def lateness_of(lateness_s: Any) -> int:
    """Return a lateness in microseconds."""
    if not _number(lateness_s) >= 0:
        raise ParameterError(
            f"LiveScorer: lateness_s must be a number of seconds from 0; got {lateness_s!r}. Use 86_400 for a day."
        )
    return int(min(lateness_s, 1e12) * 1e6)  # more than the years that there are


def limit_of(memory_limit_mb: Any) -> int | None:
    """Return a memory limit in bytes, None for none."""
    if memory_limit_mb is None:
        return None
    if not 0 < _number(memory_limit_mb) < 1e12:
        raise ParameterError(
            f"LiveScorer: memory_limit_mb must be a number above 0; got {memory_limit_mb!r}. Leave it out for no "
            "limit."
        )
    return round(float(memory_limit_mb) * 2**20)


def listed(account_ids: Any) -> list[Any]:
    """Return account ids as a list of strings or of integers; refuse what is none."""
    if isinstance(account_ids, Iterable) and not isinstance(account_ids, str | bytes):
        ids = account_ids.to_pylist() if hasattr(account_ids, "to_pylist") else list(account_ids)
        ids = [int(each) if isinstance(each, np.integer) else each for each in ids]
        if all(isinstance(each, str | int) and not isinstance(each, bool) for each in ids):
            return ids
    raise ParameterError(
        f"score: account_ids must be a sequence of ids, as they were observed; got {type(account_ids).__name__}. "
        "Use live.score(['a42'])."
    )


def _number(value: Any) -> float:
    """Return a number as a float, what is none as NaN."""
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return float(value) if is_number else float("nan")
