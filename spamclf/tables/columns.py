"""Read one column of any legal kind into the contract's type, and say which rows cannot be read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.schema import Column
from spamclf.tables.arrays import is_text, one_chunk, one_dictionary, true_rows
from spamclf.tables.strings import STRINGS, read_strings
from spamclf.tables.times import STATE_ZONE, Bad, Reading, read_times
from spamclf.tables.units import state_unit

__all__ = ["LONGEST_SIGNATURE", "arrow_type", "is_plain", "misfit", "read_column", "unfit"]

#: Values of a signature; 128 are usual.
LONGEST_SIGNATURE = 1024
_SIGNATURE = pa.list_(pa.uint64())
_SLICE = 4096


def arrow_type(column: Column, how: Reading) -> pa.DataType:
    """Return the Arrow type of a checked column."""
    types = {
        "id": pa.int64() if how.integer_ids else STRINGS,
        "string": STRINGS,
        "time": pa.timestamp("us", tz="UTC"),
        "bool": pa.bool_(),
        "float": pa.float64(),
        "signature": _SIGNATURE,
    }
    return types[column.type]


#: What to do where a dataframe holds text; text is parsed only where it comes from a CSV file.
_TEXT_HINTS = {
    "time": "Parse it before loading, e.g. pandas.to_datetime(column, utc=True); only in CSV files are times parsed.",
    "bool": "Make it true or false before loading, e.g. column == 'true'.",
}


def misfit(column: Column, values: pa.ChunkedArray, how: Reading) -> str | None:
    """Say what is wrong with a column's type, or None when its values can be read.

    Returns
    -------
    sentence : str or None
        What is wanted, what arrived, what to do.
    """
    kind = values.type
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_null(inner) or (how.text and is_text(inner)):
        return None
    sentence = unfit(column, kind)
    if sentence:
        return sentence
    if column.type == "time":
        naive = pa.types.is_date(inner) or (pa.types.is_timestamp(inner) and inner.tz is None)
        if naive and how.time_zone is None:
            return f"must be a time with a zone; got {kind}, which has none. {STATE_ZONE}"
        numeric = pa.types.is_integer(inner) or pa.types.is_floating(inner)
        if numeric and how.time_unit is None:
            return f"must be a time; got {kind} without a unit. {state_unit(values)}"
    return None


def unfit(column: Column, kind: pa.DataType) -> str | None:
    """Say what is wrong with a column's type whatever zone, unit or file it comes with, or None.

    Examples
    --------
    >>> from spamclf.schema import TABLES
    >>> unfit(TABLES["texts"].column("text"), pa.list_(pa.int8()))
    'must be string; got list<item: int8>. Convert it before loading.'
    """
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    wanted, fits = _FITS[column.type]
    if pa.types.is_null(inner) or fits(inner):
        return None
    hint = _TEXT_HINTS.get(column.type) if is_text(inner) else None
    return f"must be {wanted}; got {kind}. {hint or 'Convert it before loading.'}"


def _is_whole(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0))


def _is_id(kind: pa.DataType) -> bool:
    return is_text(kind) or _is_whole(kind)


def _is_time(kind: pa.DataType) -> bool:
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind) or is_number)


def _is_bool(kind: pa.DataType) -> bool:
    return bool(pa.types.is_boolean(kind) or pa.types.is_integer(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_signature(kind: pa.DataType) -> bool:
    if pa.types.is_fixed_size_binary(kind):
        return bool(kind.byte_width <= 4 * LONGEST_SIGNATURE)
    if pa.types.is_fixed_size_list(kind) and kind.list_size > LONGEST_SIGNATURE:
        return False
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(listed and pa.types.is_integer(kind.value_type))


_FITS: dict[str, tuple[str, Callable[[pa.DataType], bool]]] = {
    "id": ("string or integer", _is_id),
    "string": ("string", _is_id),
    "time": ("timestamp[us, UTC]", _is_time),
    "bool": ("bool", _is_bool),
    "float": ("float64", _is_number),
    "signature": (
        f"a list of integers or fixed-size binary, of {LONGEST_SIGNATURE:,} values at most",
        _is_signature,
    ),
}


def is_plain(kind: pa.DataType) -> bool:
    """Say whether a value of this type takes some bytes at most, or is text.

    Examples
    --------
    >>> is_plain(pa.timestamp("us")), is_plain(pa.list_(pa.int8())), is_plain(pa.binary(100))
    (True, False, False)
    """
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        is_text(inner) or pa.types.is_null(inner) or pa.types.is_primitive(inner) or _is_number(inner)
    )


def read_column(
    column: Column, values: pa.ChunkedArray, how: Reading, where: str
) -> tuple[pa.Array, list[Bad]]:
    """Read one column whose type fits into the contract's type.

    Parameters
    ----------
    column : Column
        What the contract says.
    values : pyarrow.ChunkedArray
        What arrived; its type has passed `misfit`.
    how : Reading
        Zone, unit and bounds of times, and whether ids are integers.
    where : str
        ``<table>: column '<name>'``, for errors.

    Returns
    -------
    array : pyarrow.Array
        One chunk of the type that `arrow_type` names; an unreadable value is anything.
    bad : list of (rule, rows)
        Rows that broke a rule, in the fixed order of the rules; a row may be named twice.
    """
    bad: list[Bad] = []
    if pa.types.is_null(values.type):
        array = pa.nulls(len(values), arrow_type(column, how))
    elif column.type == "time":
        array, bad = read_times(values, how, where)
    elif column.type == "id" and how.integer_ids:
        array = one_chunk(values.cast(pa.int64()))
    elif column.type in ("id", "string"):
        array, bad = read_strings(column, values)
    elif column.type == "bool":
        array, bad = _read_bools(values)
    elif column.type == "float":
        array, bad = _read_floats(column, values)
    else:
        array, bad = _read_signatures(values)
    if array.null_count and not column.nullable:
        # Unparsable values may be null too; their own rule is more telling, so "null" comes last.
        bad = [*bad, ("null", true_rows(array.is_null()))]
    return array, bad


_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


def _read_bools(values: pa.ChunkedArray) -> tuple[pa.Array, list[Bad]]:
    if pa.types.is_dictionary(values.type) or is_text(values.type):
        return _read_words(values, lambda word: _TRUTHS.get(word.strip().lower()), pa.bool_())
    array = one_chunk(values)
    if pa.types.is_boolean(array.type):
        return array, []
    wrong = true_rows(pc.and_(pc.not_equal(array, 0), pc.not_equal(array, 1)))
    return array.cast(pa.bool_()), [("unparsable", wrong)] if len(wrong) else []


def _read_floats(column: Column, values: pa.ChunkedArray) -> tuple[pa.Array, list[Bad]]:
    bad: list[Bad] = []
    if pa.types.is_dictionary(values.type) or is_text(values.type):
        array, bad = _read_words(values, _to_float, pa.float64())
    else:
        array = one_chunk(values).cast(pa.float64(), safe=False)
    if pc.any(pc.is_nan(array)).as_py():
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, pa.float64()), array)
    extremes = pc.min_max(array)
    least, most = extremes["min"].as_py(), extremes["max"].as_py()
    if least is not None and (math.isinf(least) or math.isinf(most)):
        bad.append(("not_finite", true_rows(pc.is_inf(array))))
    if least is not None and column.minimum is not None and least < column.minimum:
        bad.append(("below_minimum", true_rows(pc.less(array, column.minimum))))
    return array, bad


_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?|nan", re.ASCII | re.IGNORECASE)


def _to_float(word: str) -> float | None:
    word = word.strip()
    return float(word) if _FLOAT.fullmatch(word) else None


def _read_words(
    values: pa.ChunkedArray, parse: Callable[[str], object], target: pa.DataType
) -> tuple[pa.Array, list[Bad]]:
    """Read text by parsing each distinct word once; an empty word is null, one that does not parse is bad."""
    kind = values.type
    codes = one_dictionary(values)
    if pa.types.is_dictionary(kind) and not is_text(kind.value_type):
        words = [None if word is None else str(word) for word in codes.dictionary.to_pylist()]
    else:
        words = codes.dictionary.to_pylist()
    parsed = [None if not word else parse(word) for word in words]
    wrong = np.array(
        [bool(word) and value is None for word, value in zip(words, parsed, strict=True)], dtype=bool
    )
    array = pa.array(parsed, type=target).take(codes.indices)
    rows = np.zeros(0, dtype=np.int64)
    if wrong.any():
        rows = true_rows(pa.array(wrong).take(codes.indices))
    return array, [("unparsable", rows)] if len(rows) else []


def _read_signatures(values: pa.ChunkedArray) -> tuple[pa.Array, list[Bad]]:
    """Read MinHash values: lists of integers; little-endian uint32 in binary; parted by blanks in text."""
    try:
        array = one_chunk(values.cast(_SIGNATURE))
        longest = pc.max(pc.list_value_length(array)).as_py() or 0
        if not array.flatten().null_count and longest <= LONGEST_SIGNATURE:
            return array, []
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    pieces, wrong = [], []
    for start in range(0, len(values), _SLICE):  # as Python's numbers all of them may not fit in memory
        part = values.slice(start, _SLICE)
        lists = [None if value is None else _to_signature(value) for value in part.to_pylist()]
        absent = part.is_null().to_pylist()
        wrong += [start + k for k, value in enumerate(lists) if value is None and not absent[k]]
        pieces.append(pa.array(lists, type=_SIGNATURE))
    bad: list[Bad] = [("malformed", np.array(wrong, np.int64))] if wrong else []
    return one_chunk(pa.chunked_array(pieces, type=_SIGNATURE)), bad


def _to_signature(value: str | bytes | list[int | None]) -> list[int] | None:
    if isinstance(value, bytes):
        return np.frombuffer(value, dtype="<u4").tolist() if len(value) % 4 == 0 else None
    if isinstance(value, str):
        words = value.split()
        if not all(word.isascii() and word.isdigit() and len(word) <= 20 for word in words):
            return None
        value = [int(word) for word in words]
    numbers = [v for v in value if v is not None and 0 <= v < 2**64]
    return numbers if len(numbers) == len(value) <= LONGEST_SIGNATURE else None
