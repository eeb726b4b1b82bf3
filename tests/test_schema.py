"""The contract is whole: every table can be checked, ordered in time and explained."""

from __future__ import annotations

import pytest

from spamclf.schema import TABLES


def test_seven_tables_two_required():
    assert list(TABLES) == ["accounts", "messages", "photos", "texts", "reports", "labels", "evidence"]
    assert [name for name, table in TABLES.items() if table.required] == ["accounts", "messages"]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_columns(table):
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert table.column(table.time).type == "time"
    for name in (*table.known, *table.distinct, *table.key):
        assert table.column(name).type == "id"
    for column in table.columns:
        assert column.meaning
        assert column.meaning == column.meaning.strip()
        assert (column.type == "float") == bool(column.unit)
        assert column.minimum is None or column.type == "float"
        assert not (column.choices or column.pattern) or column.type == "string"
        assert column.type != "id" or not column.nullable


def test_unknown_column():
    with pytest.raises(StopIteration):
        TABLES["accounts"].column("age")
