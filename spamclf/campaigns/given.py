"""What callers hand in: taken where it keeps its values, else refused in words that quote none of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import ParameterError
from spamclf.instants import LAST_US

__all__ = ["check_type", "described", "given_columns", "kept", "path_of"]

#: What a column of each type must be, and what to do where it is not.
_COLUMNS = {
    "u8": ("pseudonyms (uint64)", "Use pseudonyms(ids)"),
    "i8": ("microseconds from 1970 to 9999 (int64)", "Give microseconds since the epoch"),
    "?": ("booleans", "Give True or False"),
}


def given_columns(where: str, **columns: tuple[npt.ArrayLike, str]) -> list[npt.NDArray[Any]]:
    """Return columns in their types; refuse what would not keep its values in them, and columns of several lengths."""
    found: list[npt.NDArray[Any]] = []
    for name, (values, kind) in columns.items():
        column = kept(values, kind)
        if column is None or column.ndim != 1 or (kind == "i8" and not _are_instants(column)):
            rule, advice = _COLUMNS[kind]
            raise ParameterError(
                f"{where}: {name} must be a column of {rule}; got {described(values)}. {advice}."
            )
        found.append(column)
    if len({column.size for column in found}) > 1:
        sizes = ", ".join(str(column.size) for column in found)
        raise ParameterError(
            f"{where}: {', '.join(columns)} must be of one length; got {sizes}. Give one value per row."
        )
    return found


def _are_instants(column: npt.NDArray[np.int64]) -> bool:
    return not column.size or bool(column.min() >= 0 and column.max() <= LAST_US)


def kept(values: npt.ArrayLike, dtype: npt.DTypeLike) -> npt.NDArray[Any] | None:
    """Return values as an array of a type; None where it would not keep them.

    Examples
    --------
    >>> kept([1, 2.0], np.uint32), kept([1, 2.5], np.uint32), kept([-1], np.uint32)
    (array([1, 2], dtype=uint32), None, None)
    """
    try:
        given = np.asarray(values)
        if given.dtype == dtype:
            return given
        with np.errstate(invalid="ignore"):
            column = np.asarray(values, dtype)  # of a list of large numbers, `given` is of floats
        exact = given.dtype.kind in "biuf" and bool((column == given).all())
    except (TypeError, ValueError, OverflowError):
        return None
    return column if exact or not given.size else None


def described(values: object) -> str:
    """Describe what arrived, without a value of it."""
    if isinstance(values, np.ndarray):
        return f"{values.dtype} {values.shape}"
    return f"a {type(values).__name__}"


def check_type(value: object, kind: type, where: str, name: str, advice: str) -> None:
    """Refuse what is not of a type.

    Raises
    ------
    ParameterError
    """
    if not isinstance(value, kind):
        raise ParameterError(f"{where}: {name} must be {kind.__name__}; got {described(value)}. {advice}.")


def path_of(value: object, where: str, name: str) -> Path:
    """Return a path; refuse what is none.

    Raises
    ------
    ParameterError
    """
    if not isinstance(value, str | os.PathLike):
        raise ParameterError(f"{where}: {name} must be a path; got {described(value)}. Pass its name.")
    return Path(value)
