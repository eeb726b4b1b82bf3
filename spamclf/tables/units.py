"""Which unit integer times are of, by their size; and times so early that another unit may have been meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spamclf.instants import UNITS
from spamclf.schema import TABLES
from spamclf.tables.arrays import is_text, one_chunk
from spamclf.wording import counted

__all__ = ["EPOCH_TEXT", "FIRST_US", "EarlyTimes", "early_times", "epochs_of", "likely_unit", "state_unit"]

EPOCH_TEXT = re.compile(r"[+-]?\d{1,25}(\.\d*)?", re.ASCII)
#: The years in which a messenger's data lie: 2000 to 2099, in microseconds since the epoch.
FIRST_US, _END_US = 946_684_800_000_000, 4_102_444_800_000_000
#: So many values say of which size a column's are.
_ENOUGH = 1000


def likely_unit(numbers: NDArray[np.float64]) -> str | None:
    """Return the unit in which the middle one of some epochs lies in the years 2000 to 2099.

    Parameters
    ----------
    numbers : ndarray of float64

    Returns
    -------
    unit : {"s", "ms", "us", "ns"} or None
        None without numbers, or if no unit puts them there. No number is plain in two units.

    Examples
    --------
    >>> likely_unit(np.array([1780272000000.0])), likely_unit(np.array([20.0]))
    ('ms', None)
    """
    if not numbers.size:
        return None
    middle = float(np.median(numbers))
    plain = (unit for unit, factor in UNITS.items() if FIRST_US <= middle * (factor or 1e-3) < _END_US)
    return next(plain, None)


def epochs_of(values: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return the first values of a column that are numbers, as such or as text; none of a column of timestamps."""
    values = values.slice(0, 10 * _ENOUGH).drop_null().slice(0, _ENOUGH)
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if is_text(kind):
        words = (word.strip() for word in values.to_pylist())
        return np.array([float(word) for word in words if EPOCH_TEXT.fullmatch(word)], np.float64)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return np.zeros(0)
    numbers = np.asarray(one_chunk(values.cast(kind)).cast(pa.float64(), safe=False), np.float64)
    return numbers[np.isfinite(numbers)]


def state_unit(values: pa.ChunkedArray) -> str:
    """Say how the unit of a column's integers is stated: the one that their size suggests, if it does.

    Examples
    --------
    >>> state_unit(pa.chunked_array([[1780272000000]]))
    "State it: time_unit='ms', as their size suggests, or [time] unit in dataset.toml."
    """
    unit = likely_unit(epochs_of(values))
    stated = (
        "time_unit='s' (or 'ms', 'us', 'ns')"
        if unit is None
        else f"time_unit={unit!r}, as their size suggests"
    )
    return f"State it: {stated}, or [time] unit in dataset.toml."


@dataclass(frozen=True)
class EarlyTimes:
    """Times of one column that lie before the year 2000, when there was no messenger.

    Attributes
    ----------
    column : str
        With its table: ``messages.sent_at``.
    n, n_rows : int
        How many lie there, of how many rows.
    times : int
        How many times too small they are if they are meant to lie in 2000 to 2099: 1,000, 1,000,000 or
        1,000,000,000; 0 if no unit puts them there.
    time_unit : str or None
        The unit that was stated.
    """

    column: str
    n: int
    n_rows: int
    times: int
    time_unit: str | None

    def __str__(self) -> str:
        """Say where they lie, and what they may be."""
        told = f"{self.column} before the year 2000: {counted(self.n, 'row')} of {self.n_rows:,}, used; "
        if not self.times:
            return told + "is 0, or another number, written for unknown?"
        meant = list(UNITS).index(self.time_unit or "s") - (len(str(self.times)) - 1) // 3
        if meant >= 0:
            told += f"in {list(UNITS)[meant]!r}, not {self.time_unit!r}, they would lie after it"
        else:
            told += f"{self.times:,} times as large they would lie after it"
        return told + (": is the unit wrong?" if 2 * self.n > self.n_rows else ": are units mixed?")


def early_times(tables: Mapping[str, pa.Table], time_unit: str | None) -> list[EarlyTimes]:
    """Find the columns of times that hold some before the year 2000.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        Checked ones, of the contract.
    time_unit : str or None
        The unit that was stated.

    Returns
    -------
    found : list of EarlyTimes
        In the order of the contract.

    Examples
    --------
    >>> times = pa.array([1780272000000, 1780272000000000], pa.timestamp("us", tz="UTC"))
    >>> early_times({"messages": pa.table({"sent_at": times})}, "us")
    [EarlyTimes(column='messages.sent_at', n=1, n_rows=2, times=1000, time_unit='us')]
    """
    found = []
    for name, spec in TABLES.items():
        if name not in tables or spec.time not in tables[name].column_names:
            continue
        times = tables[name][spec.time].cast(pa.int64())
        least = pc.min(times).as_py()  # the one pass over a table that is in order
        if least is not None and least < FIRST_US:
            early = pc.less(times, FIRST_US)
            some = epochs_of(times.filter(early))
            factor = next((10**k for k in (3, 6, 9) if likely_unit(some * 10.0**k) == "us"), 0)
            n = pc.sum(early).as_py()
            found.append(EarlyTimes(f"{name}.{spec.time}", n, len(times), factor, time_unit))
    return found
