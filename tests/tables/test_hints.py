"""Each rule that a value breaks comes with what to write instead."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from spamclf.schema import TABLES
from spamclf.tables.columns import read_column
from spamclf.tables.hints import hint_for
from spamclf.tables.times import Reading

NOT_AFTER = 1_790_000_000_000_000


def hint(table, column, values, rule="unparsable", **how):
    rows = np.arange(len(values), dtype=np.int64)
    how = Reading(NOT_AFTER, text=True, **how)
    return hint_for(TABLES[table].column(column), rule, rows, pa.chunked_array([values]), how)


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [("reports", "kind", ["BLOCK"]), ("texts", "source", ["bio"]), ("messages", "is_group", ["DIRECT"])],
)
def test_legal_values_are_named_and_are_legal(table, column, values):
    rule = "unparsable" if column == "is_group" else "unknown_value"
    told = hint(table, column, values, rule)
    words = told.removeprefix("write ").split(" or ")
    spec = TABLES[table].column(column)
    assert spec.choices in ((), tuple(words))
    _, bad = read_column(spec, pa.chunked_array([words]), Reading(NOT_AFTER, text=True), column)
    assert not bad


TIMES = [
    (["2026-05-20T10:00:00+02:00", "05.04.2026"], {}, "write 2026-05-20T10:00:00Z, with its zone"),
    (["2026-05-20 10:00", "05.04.2026"], {"time_zone": "Europe/Berlin"}, "write 2026-05-20 10:00:00, in Europe/Berlin"),
    (["1780272000000", "1780272000000", "n/a"], {"time_unit": "ms"}, "write 1780272000000, a number of ms since 1970"),
    (["2026-05-20T10:00:00Z", "05.04.2026"], {"time_unit": "ms"}, "write 2026-05-20T10:00:00Z, with its zone"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "how", "told"), TIMES)
def test_a_time_is_written_as_the_others_of_its_column(values, how, told):
    found = hint("labels", "labelled_at", values, **how)
    assert found.startswith(told)
    written = pa.chunked_array([[found.removeprefix("write ").split(",")[0]]])
    column = TABLES["labels"].column("labelled_at")
    _, bad = read_column(column, written, Reading(NOT_AFTER, text=True, **how), "labelled_at")
    assert not bad  # what is told can be read


def test_nothing_is_told_where_nothing_is_known():
    assert hint("messages", "sent_at", ["9999-01-01"], "in_future") == ""
    assert hint("messages", "sent_at", ["99999999999"], "in_future", time_unit="s") == ""
    assert hint("messages", "sender_id", [""], "null") == ""
