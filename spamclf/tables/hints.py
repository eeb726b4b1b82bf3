"""What bad values of a column may be, and how they are to be written instead."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spamclf.schema import Column
from spamclf.tables.arrays import is_text
from spamclf.tables.times import Reading
from spamclf.tables.units import epochs_of, likely_unit

__all__ = ["hint_for"]

_SOME = 1000
_EPOCHS = {"s": "1780272000", "ms": "1780272000000", "us": "1780272000000000", "ns": "1780272000000000000"}


def hint_for(
    column: Column, rule: str, rows: NDArray[np.int64], values: pa.ChunkedArray, how: Reading
) -> str:
    """Say what to do about the rows of a column that broke a rule.

    Parameters
    ----------
    column : Column
    rule : str
    rows : ndarray of int64
        Sorted.
    values : pyarrow.ChunkedArray
        The whole column, as it arrived.
    how : Reading

    Returns
    -------
    hint : str
        Never a value of the column; empty where there is nothing to say.

    Examples
    --------
    >>> from spamclf.schema import TABLES
    >>> kind = TABLES["reports"].column("kind")
    >>> hint_for(kind, "unknown_value", np.array([0]), pa.chunked_array([["BLOCK"]]), Reading(0))
    'write report or block'
    """
    if rule == "unknown_value":
        return f"write {' or '.join(column.choices)}"
    if rule == "unparsable":
        words = {"bool": "write true or false", "float": "write 2.5"}
        return _time_hint(values, how) if column.type == "time" else words.get(column.type, "")
    if rule == "in_future" and how.time_unit is not None:
        unit = likely_unit(epochs_of(values.take(pa.array(rows[:_SOME]))))
        if unit is not None and unit != how.time_unit:
            question = "is the unit wrong?" if 2 * len(rows) > len(values) else "are units mixed?"
            return f"in {unit!r}, not {how.time_unit!r}, they would lie in the past: {question}"
    return ""


def _time_hint(values: pa.ChunkedArray, how: Reading) -> str:
    """Say how a time is written: as most of its column are."""
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    head = values.slice(0, _SOME)
    if how.time_unit is not None and (
        not is_text(kind) or 2 * epochs_of(head).size > len(head) - head.null_count
    ):
        return f"write {_EPOCHS[how.time_unit]}, a number of {how.time_unit} since 1970"
    if how.time_zone is None:
        return "write 2026-05-20T10:00:00Z, with its zone"
    return f"write 2026-05-20 10:00:00, in {how.time_zone}, or with another zone"
