"""Wrong columns and types are refused, with all that is wrong said at once."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from spamclf.dataset import Dataset
from spamclf.errors import BadRowsError, SchemaError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
GOOD = {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [NOW]}


def load(messages, accounts=None, **rest):
    return Dataset(messages=messages, accounts=accounts or {"account_id": ["a"]}, **rest)


def refused(messages, **rest):
    with pytest.raises(SchemaError) as caught:
        load(messages, **rest)
    return str(caught.value)


def test_one_missing_column():
    message = refused({"sender_id": ["a"], "recipient": ["b"], "sent_at": [NOW]})
    assert message.startswith(
        "messages: column 'recipient_id' (id: to whom; the group's id where is_group) is missing."
    )
    assert message.endswith("Is it 'recipient'? Rename it.")


def test_missing_columns_are_counted_and_sorted():
    lines = refused({"x": ["a"]}).splitlines()
    assert lines[0] == "messages: columns must fit the contract; got 3 that do not:"
    assert [line.split("'")[1] for line in lines[1:]] == ["recipient_id", "sender_id", "sent_at"]


def test_wrong_types_one_line_each():
    message = refused(GOOD | {"sender_id": [1.5], "sent_at": ["2026-03-01T00:00:00Z"], "typed_s": ["1"]})
    assert message.splitlines()[1:] == [
        "  'sender_id' must be string or integer; got double. Convert it before loading.",
        "  'sent_at' must be timestamp[us, UTC]; got string. Parse it before loading, e.g. pandas.to_datetime(column, "
        "utc=True); only in CSV files are times parsed.",
        "  'typed_s' must be float64; got string. Convert it before loading.",
    ]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("sender_id", [True]),
        ("sender_id", pa.array([b"a"])),
        ("sender_id", [["a"]]),
        ("is_group", [0.0]),
        ("is_group", ["true"]),
        ("typed_s", [True]),
        ("sent_at", [True]),
        ("sent_at", pa.array([5], pa.duration("s"))),
        ("sent_at", pa.array([5], pa.time64("us"))),
    ],
)
def test_wrong_type(column, values):
    assert refused(GOOD | {column: values}).startswith(f"messages: column '{column}' must be ")


def test_times_need_a_zone_or_a_unit():
    naive = refused(GOOD | {"sent_at": [datetime(2026, 3, 1)]})
    assert "must be a time with a zone; got timestamp[us], which has none. State it: time_zone=" in naive
    epoch = refused(GOOD | {"sent_at": [1_780_272_000]})
    assert "must be a time; got int64 without a unit. State it: time_unit='s'" in epoch


def test_a_column_twice():
    table = pa.table(
        [["a"], ["b"], ["c"], [NOW]], names=["sender_id", "sender_id", "recipient_id", "sent_at"]
    )
    assert refused(table) == "messages: column 'sender_id' stands 2 times. Drop or rename the others."


@pytest.mark.parametrize("data", [5, object(), [1, 2]])
def test_no_dataframe(data):
    assert refused(data).startswith("messages: the table must be a dataframe (pandas,")


def test_a_mixture_in_one_column():
    assert "column 'sender_id' must hold values of one type" in refused(
        {"sender_id": ["a", 1], "recipient_id": ["b"] * 2, "sent_at": [NOW] * 2}
    )


def test_columns_of_different_lengths():
    assert refused({"sender_id": ["a", "b"], "recipient_id": ["b"] * 2, "sent_at": [NOW]}) == (
        "messages: columns must be of one length; got 2 of sender_id, 2 of recipient_id, 1 of sent_at. Give one "
        "value for each row."
    )


@pytest.mark.parametrize(
    "odd", [np.array("a"), pd.DataFrame({"x": ["a"]}), iter(["a", "b"]), [{"a": 1}, "b"]]
)
def test_whatever_is_no_column_is_told(odd):
    assert "must" in refused({"sender_id": odd, "recipient_id": ["b"], "sent_at": [NOW]})


def test_a_gap_among_texts_and_half_a_letter_name_their_column():
    for odd in (["a", float("nan")], ["a", "\ud800"]):
        rows = [{"sender_id": each, "recipient_id": "b", "sent_at": NOW} for each in odd]
        assert "column 'sender_id' must hold values of one type" in refused(rows)


def test_a_mixture_in_rows_names_its_column():
    rows = [{"sender_id": each, "recipient_id": "b", "sent_at": NOW} for each in ("a", 1)]
    assert "column 'sender_id' must hold values of one type" in refused(rows)


def test_extra_columns_are_ignored():
    dataset = load(GOOD | {"body": [{"a": [1]}], "sender": [5]})
    assert dataset.messages.column_names == ["sender_id", "recipient_id", "sent_at"]


def test_bools_as_integers():
    many = {name: values * 3 for name, values in GOOD.items()}
    dataset = load(many | {"is_group": pa.array([0, 1, None], pa.int8()), "delivered": [1, 2, 0]})
    assert dataset.messages["is_group"].to_pylist() == [False, None]
    assert dataset.quarantine.counts == {("messages", "delivered", "unparsable"): 1}


def test_floats():
    many = {name: values * 4 for name, values in GOOD.items()}
    for typed in (
        [1, 2, None, 0],
        np.array([1, 2, np.nan, 0], np.float32),
        pa.array([1, 2, None, 0], pa.decimal128(5)),
    ):
        assert load(many | {"typed_s": typed}).messages["typed_s"].to_pylist() == [1.0, 2.0, None, 0.0]


def test_coded_values_of_every_type():
    columns = GOOD | {"is_group": [True], "typed_s": [1.5], "delivered": [None]}
    coded = pa.table(
        {
            name: pa.array(values).dictionary_encode()
            for name, values in columns.items()
            if name != "delivered"
        }
    )
    assert load(coded).messages.to_pylist()[0] == {
        name: columns[name][0] for name in columns if name != "delivered"
    }
    numbers = {"sender_id": pa.array([1]).dictionary_encode(), "recipient_id": [2], "sent_at": [NOW]}
    assert load(numbers, {"account_id": pa.array([1]).dictionary_encode()}).messages[
        "sender_id"
    ].to_pylist() == [1]
    with pytest.warns(UserWarning, match="ids should be strings everywhere"):
        assert load(numbers).messages["sender_id"].to_pylist() == ["1"]


def test_the_error_counts_every_rule():
    n = 300
    messages = {"sender_id": ["a"] * n, "recipient_id": ["b"] * n, "sent_at": [NOW] * n, "typed_s": [1.0] * n}
    messages["sender_id"][7] = None
    messages["typed_s"][9:20] = [-1.0] * 11
    with pytest.raises(BadRowsError) as caught:
        load(messages)
    assert str(caught.value).splitlines() == [
        "messages: bad rows must be at most 1 % of 300; got 12:",
        "  typed_s below_minimum: 11, first at row 9 (from 0)",
        "  sender_id null: 1, first at row 7 (from 0)",
        "Mend them, or raise max_bad_share.",
    ]
