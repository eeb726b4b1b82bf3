"""Instants: whatever a caller calls a time becomes int64 microseconds since the epoch, UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from numbers import Real
from typing import Any, Protocol

import numpy as np

from spamclf.errors import InsufficientDataError, ParameterError

__all__ = [
    "DAY_US",
    "EARLY_US",
    "LAST_US",
    "UNITS",
    "check_history",
    "check_unit",
    "instant_or_last",
    "iso",
    "loose_instant",
    "to_instant",
]

DAY_US = 86_400_000_000
#: Microseconds of one unit of an epoch; nanoseconds are divided instead.
UNITS: dict[str, int] = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 0}
#: The last microsecond of the year 9999, beyond which no calendar library is at home.
LAST_US = 253_402_300_799_999_999
EARLY_US = (
    10**14
)  # in March 1973: what is below is of the data's time in another unit, or older than any messenger
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_instant(value: Any, *, name: str = "as_of", where: str = "spamclf") -> int:
    """Turn an instant, as a caller writes it, into microseconds since the epoch.

    Parameters
    ----------
    value : str, datetime, date, numpy.datetime64, pandas.Timestamp or int
        A string in ISO 8601; what has no zone is UTC. An integer is microseconds since the epoch already.
    name, where : str
        How an error names the argument and the call.

    Returns
    -------
    instant : int
        Microseconds since 1970-01-01, UTC.

    Raises
    ------
    ParameterError
        If the value is no instant between 1970 and 9999.

    Examples
    --------
    >>> to_instant("2026-06-01")
    1780272000000000
    >>> to_instant("2026-06-01T02:00:00+02:00")
    1780272000000000
    """
    instant = loose_instant(value)
    if instant is None or not 0 <= instant <= LAST_US:
        shown = repr(value)[:60]
        msg = (
            f"{where}: {name} must be an instant from 1970 on; got {shown}. "
            "Use for example '2026-06-01', '2026-06-01T12:00:00+02:00' or a datetime."
        )
        raise ParameterError(msg)
    return instant


def loose_instant(value: Any) -> int | None:
    """Turn an instant into microseconds as `to_instant` does; None when it is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            return None
        return int(value.astype("datetime64[us]").astype(np.int64))
    if isinstance(value, datetime):
        if value != value:  # pandas.NaT
            return None
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(microseconds=1)
    if isinstance(value, date):
        return (value - _EPOCH.date()).days * DAY_US
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    return None


class _Dated(Protocol):
    """A dataset, of which this floor knows no more."""

    def last_instant(self) -> int | None: ...


def check_unit(as_of: Any, instant: int, last: int | None, where: str) -> None:
    """Refuse a whole number that can only be seconds or milliseconds, the data being of the last decades."""
    if isinstance(as_of, int | np.integer) and instant < EARLY_US and last is not None and last >= EARLY_US:
        raise ParameterError(
            f"{where}: as_of must be microseconds since the epoch, where it is a number; got {as_of}, which is "
            f"{iso(instant)}, while the data end at {iso(last)}. Multiply it, or use a date."
        )


def instant_or_last(dataset: _Dated, as_of: Any, where: str = "spamclf") -> int:
    """Return `as_of` in microseconds since the epoch; None is the instant just after the dataset's last row.

    Raises
    ------
    ParameterError
        As of `to_instant`.
    InsufficientDataError
        If no instant is given and no row has a time.
    """
    if as_of is not None:
        instant = to_instant(as_of, where=where)
        if instant < EARLY_US:
            check_unit(as_of, instant, dataset.last_instant(), where)
        return instant
    last = dataset.last_instant()
    if last is None:
        raise InsufficientDataError(
            f"{where}: as_of must be given when the dataset has no row with a time; got None. Pass as_of='2026-06-01'."
        )
    return last + 1


def check_history(history_days: float, where: str = "spamclf") -> None:
    """Refuse a look-back that is no number of days; `where` names the call.

    Raises
    ------
    ParameterError
        If it is not from 0.00001 days (about a second) to 36,500.
    """
    if not isinstance(history_days, Real) or isinstance(history_days, bool):
        raise ParameterError(
            f"{where}: history_days must be a number of days; got {type(history_days).__name__}. Use 30 for a month."
        )
    if not 1e-5 <= history_days <= 36_500:
        raise ParameterError(
            f"{where}: history_days must be above 0 (from 0.00001) and at most 36,500; got {history_days}. "
            "Use 30 for a month."
        )


def iso(instant: int) -> str:
    """Write an instant as ISO 8601 in UTC.

    Examples
    --------
    >>> iso(1780272000000000)
    '2026-06-01T00:00:00Z'
    """
    text = (_EPOCH + timedelta(microseconds=int(instant))).isoformat()
    return text.replace("+00:00", "Z")
