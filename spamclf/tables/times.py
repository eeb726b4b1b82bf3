"""Read a column of times: timestamps of any unit and zone, dates, epochs, ISO 8601 text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spamclf.errors import SchemaError
from spamclf.instants import DAY_US, LAST_US, UNITS, loose_instant
from spamclf.tables.arrays import is_text, one_chunk, true_rows
from spamclf.tables.units import EPOCH_TEXT, state_unit

__all__ = ["STATE_ZONE", "Bad", "Reading", "read_times"]

STATE_ZONE = "State it: time_zone='Europe/Berlin', or [time] zone in dataset.toml."

_US = pa.timestamp("us", tz="UTC")
#: Where one value of a slice cannot be parsed, the slice is parsed value by value; small ones keep it short.
_SLICE = 65_536

#: A rule, and the rows (sorted) that broke it.
Bad = tuple[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Reading:
    """How loose values are to be read.

    Attributes
    ----------
    not_after : int
        Latest legal instant, microseconds since the epoch, UTC.
    integer_ids : bool
        Whether ids are int64 (every id column of every table is an integer) or strings.
    time_zone : str or None
        Zone of naive timestamps.
    time_unit : {"s", "ms", "us", "ns"} or None
        Unit of integer epochs.
    text : bool
        Whether every value arrives as text, as from a CSV file.
    """

    not_after: int
    integer_ids: bool = False
    time_zone: str | None = None
    time_unit: str | None = None
    text: bool = False


def read_times(values: pa.ChunkedArray, how: Reading, where: str) -> tuple[pa.Array, list[Bad]]:
    """Read one time column of any legal kind.

    Returns
    -------
    times : pyarrow.Array of timestamp[us, UTC]
        Finer units are floored; what a naive clock shows twice is its first time, what it skips is the end
        of the gap.
    bad : list of (rule, rows)
        Rows (sorted) that are unparsable, before 1970 or later than ``how.not_after``.
    """
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = kind.value_type
    if pa.types.is_null(kind):
        return pa.nulls(len(values), _US), []
    if is_text(kind):
        return _from_text(values, how, where)
    if pa.types.is_date(kind):
        values = (
            values.cast(pa.timestamp("s")) if pa.types.is_date32(kind) else values.cast(pa.timestamp("ms"))
        )
        kind = values.type
    if pa.types.is_floating(kind):
        array, rounded = _from_floats(values, how)
        unit, zone = "us", "UTC"
        times = _scale(array, unit)
        if rounded is not None:
            return _within(times, how, [("unparsable", rounded)])
    else:
        whole = one_chunk(values)
        is_stamp = pa.types.is_timestamp(kind)
        unit = kind.unit if is_stamp else str(how.time_unit)
        zone = kind.tz if is_stamp else "UTC"
        times = _scale(whole.view(pa.int64()) if is_stamp else _as_int64(whole), unit)
    if zone is None:
        times = _localise(times, how)
    return _within(times, how, [])


def _as_int64(array: pa.Array) -> pa.Array:
    """Cast any integers to int64; what does not fit is as good as the largest: far in the future."""
    if pa.types.is_uint64(array.type):
        array = pc.min_element_wise(array, pa.scalar(2**63 - 1, pa.uint64()), skip_nulls=False)
    return array.cast(pa.int64())


def _from_floats(values: pa.ChunkedArray, how: Reading) -> tuple[pa.Array, NDArray[np.int64] | None]:
    """Epochs as floats, as pandas makes them of integers with gaps; NaN is null, infinity is bad."""
    array = one_chunk(values).cast(pa.float64())
    array = pc.if_else(pc.is_nan(array), pa.scalar(None, pa.float64()), array)
    seen = np.array(pc.fill_null(array, 0.0))
    infinite = np.flatnonzero(~np.isfinite(seen))
    seen[infinite] = 0.0
    factor = UNITS[str(how.time_unit)] or 1e-3
    micros = np.floor(np.clip(seen * factor, -2.0 * DAY_US, float(LAST_US))).astype(np.int64)
    mask = array.is_null().to_numpy(zero_copy_only=False)
    mask[infinite] = True
    return pa.array(micros, mask=mask), infinite if len(infinite) else None


def _scale(array: pa.Array, unit: str) -> pa.Array:
    """Bring int64 of a unit to microseconds, clipped to what a calendar can hold; nulls stay nulls."""
    low, high = -2 * DAY_US, LAST_US
    factor = UNITS[unit]
    if factor:
        low, high = low // factor, high // factor
    else:
        low, high = low * 1000, 2**63 - 1
    extremes = pc.min_max(array)
    least, most = extremes["min"].as_py(), extremes["max"].as_py()
    if least is None or (unit == "us" and low <= least and most <= high):
        return array
    mask = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    numbers = (pc.fill_null(array, 0) if array.null_count else array).to_numpy()
    if least < low or most > high:
        numbers = np.clip(numbers, low, high)
    numbers = numbers * factor if factor else numbers // 1000
    return pa.array(numbers, mask=mask)


def _localise(times: pa.Array, how: Reading) -> pa.Array:
    """Give naive microseconds their zone: the first of two the clock shows, the end of a gap it skips."""
    if how.time_zone in ("UTC", "Etc/UTC"):
        return times
    naive = times.view(pa.timestamp("us"))
    aware = pc.assume_timezone(naive, how.time_zone, ambiguous="earliest", nonexistent="latest")
    return aware.view(pa.int64())


def _within(times: pa.Array, how: Reading, bad: list[Bad]) -> tuple[pa.Array, list[Bad]]:
    """Check the bounds of int64 microseconds and call them timestamps."""
    extremes = pc.min_max(times)
    least, most = extremes["min"].as_py(), extremes["max"].as_py()
    if least is not None and least < 0:
        bad.append(("before_1970", true_rows(pc.less(times, 0))))
    if most is not None and most > how.not_after:
        bad.append(("in_future", true_rows(pc.greater(times, how.not_after))))
    return times.view(_US), bad


# Text: zoned and naive ISO 8601, or epochs when their unit is stated.

_ISO = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d{1,9})?)?)?)?\s?(?P<zone>Z|[+-]\d\d(:?\d\d)?)?", re.ASCII
)
_NULL, _ZONED, _NAIVE, _NUMBER, _BAD = range(5)


def _from_text(values: pa.ChunkedArray, how: Reading, where: str) -> tuple[pa.Array, list[Bad]]:
    micros = np.zeros(len(values), dtype=np.int64)
    kinds = np.zeros(len(values), dtype=np.uint8)
    at = 0
    for chunk in values.chunks:
        for start in range(0, len(chunk), _SLICE):
            part = chunk.slice(start, _SLICE)
            stop = at + len(part)
            micros[at:stop], kinds[at:stop] = _parse_fast(part, how) or _parse_slow(part, how)
            at = stop
    counts = np.bincount(kinds, minlength=5)
    bad: list[Bad] = []
    if counts[_NUMBER]:
        if counts[_NUMBER] > counts[_ZONED] + counts[_NAIVE]:
            raise SchemaError(f"{where} must be a time; got integers without a unit. {state_unit(values)}")
        kinds[kinds == _NUMBER] = _BAD
    if counts[_NAIVE] and how.time_zone is None:
        if counts[_NAIVE] > counts[_ZONED]:
            raise SchemaError(f"{where} must be a time with a zone; got times without one. {STATE_ZONE}")
        kinds[kinds == _NAIVE] = _BAD
    if (kinds == _BAD).any():
        bad.append(("unparsable", np.flatnonzero(kinds == _BAD).astype(np.int64)))
    naive = np.flatnonzero(kinds == _NAIVE)
    if len(naive):
        micros[naive] = _localise(pa.array(micros[naive]), how).to_numpy()
    absent = (kinds == _NULL) | (kinds == _BAD)
    return _within(pa.array(micros, mask=absent if absent.any() else None), how, bad)


Parsed = tuple[NDArray[np.int64], NDArray[np.uint8]]


def _parse_fast(part: pa.Array, how: Reading) -> Parsed | None:
    """Parse a slice whose values are all of one kind; None when they are not."""
    targets: list[tuple[pa.DataType, int]] = [(_US, _ZONED), (pa.timestamp("us"), _NAIVE)]
    targets += [(pa.timestamp("ns", tz="UTC"), _ZONED), (pa.timestamp("ns"), _NAIVE)]
    if how.time_unit is not None:
        targets.insert(0, (pa.int64(), _ZONED))
    for target, kind in targets:
        try:
            array = part.cast(target)
        except pa.ArrowInvalid:
            continue
        unit = target.unit if pa.types.is_timestamp(target) else how.time_unit
        numbers = _scale(pc.fill_null(array.view(pa.int64()), 0), str(unit)).to_numpy()
        kinds = np.full(len(part), kind, dtype=np.uint8)
        if part.null_count:
            kinds[part.is_null().to_numpy(zero_copy_only=False)] = _NULL
        return numbers, kinds
    return None


def _parse_slow(part: pa.Array, how: Reading) -> Parsed:
    """Parse a slice value by value."""
    codes = pc.dictionary_encode(part)
    parsed = [_parse_one(text, how) for text in codes.dictionary.to_pylist()]
    parsed.append((0, _NULL))  # the code of a null is -1
    numbers = np.array([number for number, _ in parsed], dtype=np.int64)
    kinds = np.array([kind for _, kind in parsed], dtype=np.uint8)
    which = pc.fill_null(codes.indices, -1).to_numpy()
    return numbers[which], kinds[which]


def _parse_one(text: str, how: Reading) -> tuple[int, int]:
    text = text.strip()
    if EPOCH_TEXT.fullmatch(text):
        if how.time_unit is None:
            return 0, _NUMBER
        number = Decimal(text)
        factor = UNITS[how.time_unit]
        instant = math.floor(number * factor if factor else number / 1000)
        return max(min(instant, LAST_US), -2 * DAY_US), _ZONED
    match = _ISO.fullmatch(text)
    if match is None:
        return 0, _BAD
    try:
        parsed = datetime.fromisoformat(text.replace(" Z", "Z").replace(" +", "+").replace(" -", "-"))
    except ValueError:
        return 0, _BAD
    kind = _ZONED if match["zone"] else _NAIVE
    return max(loose_instant(parsed) or 0, -2 * DAY_US), kind
