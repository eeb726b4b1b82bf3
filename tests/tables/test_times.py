"""Times of every kind become the same microseconds; what is no time is said to be none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf.errors import ParameterError, SchemaError
from spamclf.folders import read_dataset
from spamclf.instants import iso, to_instant
from spamclf.tables.times import Reading, read_times

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = to_instant("2100-01-01")


def read(values, kind=None, **how):
    array = pa.chunked_array([pa.array(values, kind)])
    times, bad = read_times(array, Reading(LATEST, **how), "messages: column 'sent_at'")
    assert times.type == pa.timestamp("us", tz="UTC")
    broken = {row for _, rows in bad for row in rows.tolist()}
    micros = times.cast(pa.int64()).to_pylist()
    return [None if k in broken else value for k, value in enumerate(micros)], {
        r: rows.tolist() for r, rows in bad
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-02", 86_400_000_000),
        ("1970-01-01T00:00:01.5Z", 1_500_000),
        ("1970-01-01T01:00:00+01:00", 0),
        (date(1970, 1, 2), 86_400_000_000),
        (datetime(1970, 1, 1, 0, 0, 1), 1_000_000),
        (datetime(1970, 1, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")), 0),
        (np.datetime64("1970-01-01T00:00:00.000000999"), 0),
        (pd.Timestamp("1970-01-01T00:00:01", tz="UTC"), 1_000_000),
        (np.int64(5), 5),
    ],
)
def test_to_instant(value, expected):
    assert to_instant(value) == expected


@pytest.mark.parametrize(
    "value", ["soon", "", None, 1.5, True, -1, "1969-12-31", pd.NaT, np.datetime64("NaT"), 10**18]
)
def test_to_instant_refuses(value):
    with pytest.raises(ParameterError, match="extract: as_of must be an instant"):
        to_instant(value, where="extract")


def test_iso_is_the_inverse():
    assert to_instant(iso(1_780_272_000_123_456)) == 1_780_272_000_123_456


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_extreme_epochs(unit):
    big = 2**63 - 1
    for kind in (pa.int64(), pa.timestamp(unit, "UTC")):
        values = [1, None, -1, big, -big - 1]
        got, bad = read(values, kind, time_unit=unit)
        assert got == [{"s": 10**6, "ms": 1000, "us": 1, "ns": 0}[unit], None, None, None, None]
        assert bad == {"before_1970": [2, 4], "in_future": [3]}
    assert read([2**64 - 1], pa.uint64(), time_unit=unit)[1] == {"in_future": [0]}
    got, bad = read([1e3, np.nan, -1.0, np.inf, 1e300, None], time_unit=unit)
    assert got[1:] == [None] * 5
    assert bad == {"unparsable": [3], "before_1970": [2], "in_future": [4]}


def test_the_last_legal_nanosecond():
    assert read([LATEST * 1000 + 999, LATEST * 1000 + 1000], pa.timestamp("ns", "UTC")) == (
        [LATEST, None],
        {"in_future": [1]},
    )


def test_naive_clocks():
    spring, autumn = datetime(2026, 3, 29, 2, 30), datetime(2026, 10, 25, 2, 30)
    got, bad = read(
        [spring, autumn, None, datetime(1960, 1, 1)], pa.timestamp("ms"), time_zone="Europe/Berlin"
    )
    assert [None if v is None else iso(v) for v in got[:3]] == [
        "2026-03-29T01:00:00Z",
        "2026-10-25T00:30:00Z",
        None,
    ]
    assert bad == {"before_1970": [3]}
    assert read([date(2026, 1, 2)], time_zone="Asia/Tokyo")[0] == [to_instant("2026-01-01T15:00:00Z")]
    assert read([2**62], pa.timestamp("us"), time_zone="Asia/Tokyo")[1] == {"in_future": [0]}


@settings(max_examples=200, deadline=None)
@given(
    moments=st.lists(st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)), min_size=1, max_size=8),
    zone=st.sampled_from(
        ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Monrovia"]
    ),
    digits=st.sampled_from([0, 3, 6, 9]),
    broken=st.booleans(),
)
def test_text_of_every_form_agrees_with_datetime(moments, zone, digits, broken):
    """The fast path (all of one form) and the slow one (value by value) read the same instants."""
    tz = ZoneInfo(zone)
    expected, texts = [], []
    for moment in moments:
        aware = moment.replace(tzinfo=UTC).astimezone(tz)
        whole = aware.replace(microsecond=0)
        micros = (whole - EPOCH) // timedelta(microseconds=1)
        fraction = f"{moment.microsecond:06d}123"[:digits]
        if digits:
            micros += int(fraction[:6].ljust(6, "0"))
        offset = whole.utcoffset()
        if offset.seconds % 60:  # Monrovia before 1972: no text form has seconds of an offset
            return
        text = whole.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if digits else "")
        minutes = offset // timedelta(minutes=1)
        sign = "-" if minutes < 0 else "+"
        texts.append(f"{text}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}")
        expected.append(micros)
    if broken:
        texts.append("not a time")
        expected.append(None)
    got, bad = read(texts, text=True)
    assert got == expected
    assert bad == ({"unparsable": [len(texts) - 1]} if broken else {})


@pytest.mark.parametrize(
    "text",
    ["2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-13-01", "20260101T000000Z", "2026-W01-1", "x", " ",
     "1e9", "2026-01-01T00:00:00+25:00", "2026-01-01T00:00:00 CET", "٢٠٢٦-01-01T00:00:00Z", "99999-01-01"],
)  # fmt: skip
def test_text_that_is_no_time(text):
    good = "2026-01-01T00:00:00Z"
    got, bad = read([good, text, good], text=True)
    assert got == [to_instant(good), None, to_instant(good)]
    assert bad == {"unparsable": [1]}


def test_text_with_and_without_zone():
    zoned, naive = "2026-01-01T00:00:00Z", "2026-01-01 00:00:00"
    assert read([zoned, zoned, naive], text=True)[1] == {"unparsable": [2]}
    with pytest.raises(SchemaError, match="must be a time with a zone"):
        read([zoned, naive, naive], text=True)
    got, bad = read([zoned, naive, None], text=True, time_zone="Europe/Berlin")
    assert [None if v is None else iso(v) for v in got] == [
        "2026-01-01T00:00:00Z",
        "2025-12-31T23:00:00Z",
        None,
    ]
    assert bad == {}


def test_text_epochs():
    with pytest.raises(SchemaError, match="integers without a unit"):
        read(["1780272000", "1780272001"], text=True)
    expected = [1_780_272_000_000_000, None]
    assert read(["1780272000", None], text=True, time_unit="s")[0] == expected
    assert read(["1780272000.0", None], text=True, time_unit="s")[0] == expected
    assert read(["1780272000", "2026-06-01T00:00:00Z"], text=True, time_unit="s")[0] == expected[:1] * 2
    got, bad = read(["1780272000", "9" * 25, "-1", "x"], text=True, time_unit="ms")
    assert got == [1_780_272_000_000, None, None, None]
    assert bad == {"unparsable": [3], "before_1970": [2], "in_future": [1]}


def test_slices(monkeypatch):
    monkeypatch.setattr("spamclf.tables.times._SLICE", 3)
    texts = [f"2026-01-01T00:00:{k:02d}Z" for k in range(10)]
    texts[4] = "x"
    texts[8] = None
    got, bad = read(texts, text=True)
    start = to_instant("2026-01-01")
    assert got == [None if k in (4, 8) else start + k * 1_000_000 for k in range(10)]
    assert bad == {"unparsable": [4]}


@pytest.mark.parametrize(
    ("text", "unit", "instant"),
    [
        ("1780272000.25", "s", 1_780_272_000_250_000),
        ("1780272000250.5", "ms", 1_780_272_000_250_500),
        ("1780272000250000.9", "us", 1_780_272_000_250_000),
        ("1780272000250000999", "ns", 1_780_272_000_250_000),
    ],
)
def test_fractions_of_an_epoch_are_kept(tmp_path: Path, text: str, unit: str, instant: int) -> None:
    (tmp_path / "accounts.csv").write_text("account_id\na\nb\n")
    (tmp_path / "messages.csv").write_text(f"sender_id,recipient_id,sent_at\na,b,{text}\n")
    dataset = read_dataset(tmp_path, time_unit=unit)
    assert dataset.messages["sent_at"].cast("int64").to_pylist() == [instant]
