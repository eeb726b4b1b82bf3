"""The unit that integer times are of, by their size; and times that lie before any messenger."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.dataset import Dataset
from spamclf.errors import BadRowsError, SchemaError
from spamclf.folders import read_dataset
from spamclf.instants import UNITS
from spamclf.tables.units import early_times, epochs_of, likely_unit

NOW_S = 1_780_272_000
PER_S = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def folder(path, *sent_at, registered_at=NOW_S * 1000):
    n = len(sent_at)
    messages = {"sender_id": [f"a{k}" for k in range(n)], "recipient_id": ["b"] * n, "sent_at": sent_at}
    pd.DataFrame(messages).to_csv(path / "messages.csv", index=False)
    accounts = {"account_id": messages["sender_id"], "registered_at": registered_at}
    pd.DataFrame(accounts).to_csv(path / "accounts.csv", index=False)
    return path


@given(st.integers(946_684_800, 4_102_444_799), st.sampled_from(list(UNITS)))
def test_the_unit_of_plain_times(seconds, unit):
    assert likely_unit(np.array([float(seconds * PER_S[unit])])) == unit


@pytest.mark.parametrize("number", [-1.0, 0.0, 20_600.0, 946_684_799.0, 5e9, 1e30])
def test_other_numbers_are_of_no_unit(number):
    assert likely_unit(np.array([number])) is None


def test_numbers_of_every_kind_of_column():
    kinds = [
        pa.chunked_array([[1, None], [2]]), pa.chunked_array([[1.0, np.nan, 2.0]]),
        pa.chunked_array([["1", " 2", "x", None]]), pa.chunked_array([pa.array(["1", "2"]).dictionary_encode()]),
    ]  # fmt: skip
    assert [epochs_of(values).tolist() for values in kinds] == [[1.0, 2.0]] * 4
    assert epochs_of(pa.chunked_array([pa.array([1], pa.timestamp("s"))])).size == 0
    assert epochs_of(pa.chunked_array([], pa.string())).size == 0


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("text", [True, False])
def test_integers_without_a_unit_are_told_theirs(tmp_path, unit, text):
    times = [NOW_S * PER_S[unit]] * 3
    where = folder(tmp_path, *times, registered_at=times[0])
    frames = {name: pd.read_csv(where / f"{name}.csv") for name in ("messages", "accounts")}
    read = (lambda: read_dataset(where)) if text else (lambda: Dataset(**frames))
    with pytest.raises(SchemaError, match=f"without a unit. State it: time_unit='{unit}', as their size"):
        read()


def test_a_wrong_unit_is_warned_of(tmp_path):
    with pytest.warns(UserWarning, match="before the year 2000") as told:
        dataset = read_dataset(folder(tmp_path, *[NOW_S * 1000] * 3), time_unit="us")
    assert dataset.messages.num_rows == 3  # used all the same
    assert [str(each.message).split(": ", 1)[1] for each in told] == [
        f"{column} before the year 2000: 3 rows of 3, used; in 'ms', not 'us', they would lie after it: "
        "is the unit wrong?"
        for column in ("accounts.registered_at", "messages.sent_at")
    ]


def test_mixed_units_are_warned_of(tmp_path):
    with pytest.warns(UserWarning, match=r"1 row of 4, used; in 's', not 'ms', .*: are units mixed\?"):
        read_dataset(folder(tmp_path, *[NOW_S * 1000] * 3, NOW_S), time_unit="ms")


def test_what_is_early_in_every_unit_is_warned_of(tmp_path):
    where = folder(tmp_path, NOW_S * 1000, registered_at=0)
    with pytest.warns(UserWarning, match=r"registered_at before the year 2000: 1 row of 1, used; is 0, or"):
        read_dataset(where, time_unit="ms")


def test_no_word_of_times_in_order(tmp_path):
    assert read_dataset(folder(tmp_path, NOW_S * 1000), time_unit="ms").messages.num_rows == 1


def test_timestamps_that_were_made_with_a_wrong_unit():
    times = pa.array([NOW_S * 1000], pa.timestamp("us", tz="UTC"))
    (found,) = early_times({"messages": pa.table({"sent_at": times})}, None)
    assert str(found).endswith("1,000 times as large they would lie after it: is the unit wrong?")


def test_times_of_the_future_are_told_the_unit_in_which_they_are_not(tmp_path):
    where = folder(tmp_path, *[NOW_S * 1000] * 3)
    with pytest.raises(
        BadRowsError, match=r"in_future: 3, .*; in 'ms', not 's', they would lie in the past: is the unit wr"
    ):
        read_dataset(where, time_unit="s")
    mixed = folder(tmp_path, *[NOW_S * 1000] * 99, NOW_S * 10**6)
    dataset = read_dataset(mixed, time_unit="ms")
    assert dataset.quarantine.hints == {
        (
            "messages",
            "sent_at",
            "in_future",
        ): "in 'us', not 'ms', they would lie in the past: are units mixed?"
    }
