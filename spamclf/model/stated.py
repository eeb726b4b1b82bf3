"""What a manifest states about a model: taken only if it is what it should be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from spamclf.errors import ParameterError

__all__ = ["check_keys", "number", "refuse", "whole", "window", "words"]

_MAX_WORD = 200
_LARGEST_WHOLE = 2**53  # what JSON readers agree on


def refuse(
    where: str, name: str, rule: str, got: object, remedy: str = "Train the model again."
) -> ParameterError:
    """Return the error to raise; `got` never holds a text that was read."""
    return ParameterError(f"{where}: {name} must be {rule}; got {got}. {remedy}")


def check_keys(where: str, stated: Any, keys: Iterable[str]) -> None:
    """Refuse what is no dict of these keys.

    Examples
    --------
    >>> check_keys("calibration", {"kind": "sigmoid"}, ["kind"])
    """
    expected = sorted(keys)
    if not isinstance(stated, dict) or set(stated) != set(expected):
        got = f"{len(stated)} others" if isinstance(stated, dict) else type(stated).__name__
        raise refuse(where, "what was stored", f"a dict of {', '.join(expected)}", got)


def number(where: str, name: str, value: Any, low: float, high: float) -> float:
    """Take a finite number from low to high; neither a bool nor a string that looks like one.

    Examples
    --------
    >>> number("certificate", "fpr", 0.001, 0, 1)
    0.001
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise refuse(where, name, "a number", type(value).__name__)
    try:
        taken = float(value)
    except OverflowError:
        taken = math.inf
    if not (math.isfinite(taken) and low <= taken <= high):
        raise refuse(where, name, f"between {low:g} and {high:g}", taken)
    return taken


def whole(where: str, name: str, value: Any, low: int, high: int = _LARGEST_WHOLE) -> int:
    """Take a whole number from low to high.

    Examples
    --------
    >>> whole("certificate", "n_accounts", 12, 0)
    12
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise refuse(where, name, "a whole number", type(value).__name__)
    if not low <= value <= high:
        raise refuse(where, name, f"between {low:,} and {high:,}", "another")
    return int(value)


def words(where: str, name: str, values: Any) -> tuple[str, ...]:
    """Take distinct names of 1 to 200 printable characters.

    Examples
    --------
    >>> words("certificate", "segments", ["new", "business"])
    ('new', 'business')
    """
    rule = f"distinct names of 1 to {_MAX_WORD} printable characters"
    if not isinstance(values, list | tuple):
        raise refuse(where, name, rule, type(values).__name__)
    for value in values:
        if not isinstance(value, str) or not value.isprintable() or not 1 <= len(value) <= _MAX_WORD:
            raise refuse(where, name, rule, "something else")
    if len(set(values)) != len(values):
        raise refuse(where, name, rule, f"{len(values) - len(set(values))} repeated")
    return tuple(values)


def window(where: str, value: Any) -> tuple[str, str] | None:
    """Take two instants in words, from and to, or None.

    Examples
    --------
    >>> window("certificate", ["2026-05-01", "2026-06-01"])
    ('2026-05-01', '2026-06-01')
    """
    if value is None:
        return None
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise refuse(where, "window", "two instants", "something else")
    begin, end = (words(where, "window", [each])[0] for each in value)
    return begin, end
