"""The description counts everything and shows nobody."""

from __future__ import annotations

from datetime import UTC, datetime

from spamclf.dataset import Dataset
from spamclf.describe import data_dictionary, describe
from spamclf.schema import TABLES
from spamclf.tables.quarantine import RULES, Quarantine

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def world():
    n = 300
    messages = {"sender_id": ["canary"] * n, "recipient_id": ["b"] * n, "sent_at": [NOW] * n}
    messages["typed_s"] = [None] + [1.0] * (n - 1)
    messages["sender_id"][5] = "b"
    texts = {"account_id": ["canary"], "observed_at": [NOW], "source": ["name"], "text": ["canary"]}
    return Dataset(messages=messages, accounts={"account_id": ["canary"]}, texts=texts)


def test_what_is_there_and_what_is_wrong():
    text = describe(world())
    assert "  messages 299 rows, 2026-03-01T00:00:00Z to 2026-03-01T00:00:00Z" in text
    assert "typed_s < 1 %" in text
    assert "  texts 1 row, 2026" in text
    assert "not given: photos, reports, labels, evidence" in text
    assert f"  messages.recipient_id same_account: 1 row ({RULES['same_account']})" in text
    assert "  302 rows in = 301 used + 1 in quarantine" in text
    assert text.endswith(data_dictionary())


def test_no_id_and_no_text():
    assert "canary" not in describe(world())


def test_every_column_is_explained_in_short_lines():
    lines = data_dictionary().splitlines()
    for table in TABLES.values():
        for column in table.columns:
            assert any(line.split()[:2] == [column.name, column.type] for line in lines)
    assert max(map(len, describe(world()).splitlines())) <= 125


def test_an_empty_dataset():
    empty = {"sender_id": [], "recipient_id": [], "sent_at": []}
    text = describe(Dataset(messages=empty, accounts={"account_id": []}))
    assert "  messages 0 rows\n" in text
    assert "0 rows in = 0 used + 0 in quarantine" in text


def test_an_empty_quarantine():
    assert repr(Quarantine()) == "<Quarantine: 0 rows>"
    assert Quarantine().to_arrow().column_names == ["table", "file", "row", "column", "rule"]
