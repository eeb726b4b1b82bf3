"""Every container of a table becomes Arrow, and a result comes back in the caller's own."""

from __future__ import annotations

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from spamclf.errors import SchemaError
from spamclf.tables.frames import frame_kind, to_arrow, to_native

TABLE = pa.table({"a": [1, 2], "b": ["x", None], "c": [0.5, 1.5]})


class OnlyStream:
    """Speaks the Arrow stream and nothing else."""

    def __arrow_c_stream__(self, requested_schema=None):
        return TABLE.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: TABLE, "pyarrow"),
        (lambda: TABLE.combine_chunks().to_batches()[0], "pyarrow"),
        (lambda: TABLE.to_reader(), "pyarrow"),
        (TABLE.to_pydict, "pyarrow"),
        (lambda: {"a": np.array([1, 2]), "b": pd.Series(["x", None]), "c": pl.Series([0.5, 1.5])}, "pyarrow"),
        (OnlyStream, "pyarrow"),
        (TABLE.to_pandas, "pandas"),
        (lambda: TABLE.to_pandas(types_mapper=pd.ArrowDtype), "pandas"),
        (lambda: pl.from_arrow(TABLE), "polars"),
        (lambda: pl.from_arrow(TABLE).lazy(), "polars"),
        (lambda: nw.from_native(pl.from_arrow(TABLE)), "polars"),
        (lambda: duckdb.from_arrow(TABLE), "duckdb"),
    ],
)
def test_to_arrow(make, kind):
    names, table = to_arrow(make(), ["c", "b", "z"], "messages")
    assert names == ["a", "b", "c"]
    assert table.select(["b", "c"]).to_pydict() == {"b": ["x", None], "c": [0.5, 1.5]}
    assert table.num_columns == 2
    assert frame_kind(make()) == kind


def test_an_extra_column_of_objects_is_not_converted():
    frame = pd.DataFrame({"a": [1, 2], "b": [object(), object()]})
    assert to_arrow(frame, ["a"], "messages")[1].to_pydict() == {"a": [1, 2]}


@pytest.mark.parametrize("value", [["x", 1], [10**30, 1], [object(), object()]])
def test_a_column_that_arrow_cannot_hold_is_named(value):
    for data in ({"a": [1, 2], "b": value}, pd.DataFrame({"a": [1, 2], "b": pd.Series(value, dtype=object)})):
        with pytest.raises(SchemaError, match="messages: column 'b' must hold values of one type"):
            to_arrow(data, ["a", "b"], "messages")


@pytest.mark.parametrize("data", [None, 3, [1], pd.Series([1])])
def test_no_dataframe(data):
    with pytest.raises(SchemaError):
        to_arrow(data, ["a"], "messages")


@pytest.mark.parametrize("kind", ["pyarrow", "pandas", "polars", "duckdb"])
def test_there_and_back(kind):
    native = to_native(TABLE, kind)
    assert frame_kind(native) == kind
    assert to_arrow(native, ["a", "b", "c"], "scores")[1].to_pydict() == TABLE.to_pydict()


def test_a_kind_that_cannot_be_made_stays_arrow():
    assert to_native(TABLE, "pyspark") is TABLE
