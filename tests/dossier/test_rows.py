"""The hash of a row is what its docstring says, by another implementation, whatever the file looks like."""

from __future__ import annotations

import hashlib
import json

import pyarrow as pa
import pytest

from spamclf import Dataset, dossier, read_dataset
from spamclf.dossier.rows import hashes_of
from spamclf.errors import ParameterError
from spamclf.schema import TABLES
from tests.doors import SAMPLE, write_folder
from tests.dossier.common import START, found

TIMES = {
    "accounts": "registered_at",
    "messages": "sent_at",
    "photos": "set_at",
    "texts": "observed_at",
    "reports": "reported_at",
    "labels": "labelled_at",
    "evidence": "observed_at",
}
#: The contract's columns, written down once more: a test must not read them where the library does.
COLUMNS = {
    "accounts": "account_id registered_at is_business country network_country network device",
    "messages": "sender_id recipient_id sent_at is_group in_contacts typed_s delivered",
    "photos": "account_id set_at photo photo_hash",
    "texts": "account_id observed_at source text signature",
    "reports": "account_id reporter_id reported_at kind",
    "labels": "account_id is_automated labelled_at campaign",
    "evidence": "account_id observed_at kind operator source",
}


def test_by_hand():
    text = dossier.row_text(
        "texts",
        {
            "account_id": "a\u202e",
            "observed_at": START,
            "source": "about",
            "text": 'é "\\\n\x1f/',
            "other": 1,
        },
    )
    assert text == (
        '{"table":"texts","account_id":"a\u202e","observed_at":"2026-06-01T00:00:00.000000Z","source":"about",'
        '"text":"é \\"\\\\\\n\\u001f/","signature":null}'
    )
    assert dossier.row_hash("texts", json.loads(text)) == hashlib.sha256(text.encode("utf-8")).hexdigest()


@pytest.mark.parametrize("table", COLUMNS)
def test_the_sample_by_duckdb(table):
    """Each row about the accounts before the instant is there, and no other: read by DuckDB, written by hand."""
    duckdb = pytest.importorskip("duckdb")
    contents = found().to_dict()
    chosen = [row["account_id"] for row in contents["accounts"]]
    path, columns = SAMPLE / f"{table}.parquet", COLUMNS[table].split()
    who = ["sender_id", "recipient_id"] if table == "messages" else ["account_id"]
    about = " or ".join(f"{name} in (select unnest(?))" for name in who)
    with duckdb.connect() as base:
        there = {row[0] for row in base.execute(f"describe select * from '{path}'").fetchall()}
        picked = [
            f"epoch_us({name})" if name == TIMES[table] else name if name in there else "null"
            for name in columns
        ]
        rows = base.execute(
            f"select {', '.join(picked)} from '{path}' where ({about}) and ({TIMES[table]} is null or "
            f"epoch_us({TIMES[table]}) < ?)",
            [*[chosen] * len(who), end_of(contents)],
        ).fetchall()
    assert rows
    hashes = sorted(hashlib.sha256(plain(table, columns, row).encode()).hexdigest() for row in rows)
    assert contents["inputs"]["rows"][table] == hashes


def end_of(contents):
    from datetime import datetime

    end = datetime.fromisoformat(contents["about"]["as_of"])
    return round(end.timestamp()) * 1_000_000 + end.microsecond


def plain(table, columns, row):
    """The canonical text, letter by letter."""
    from datetime import UTC, datetime, timedelta

    parts = [f'"table":"{table}"']
    for name, value in zip(columns, row, strict=True):
        if name == TIMES[table] and value is not None:
            when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)
            told = when.strftime('"%Y-%m-%dT%H:%M:%S.%fZ"')
        elif value is None or isinstance(value, bool):
            told = {None: "null", True: "true", False: "false"}[value]
        elif isinstance(value, float):
            told = repr(value)
        else:
            escaped = (
                value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
            )
            told = f'"{escaped}"'
        parts.append(f'"{name}":{told}')
    return "{" + ",".join(parts) + "}"


def test_rows_with_hashes_are_those_of_the_list():
    contents = found().to_dict()
    for table in ("evidence", "photos", "texts"):
        told = [row["sha256"] for row in contents[table]]
        assert told
        assert set(told) <= set(contents["inputs"]["rows"][table])
    for row in contents["evidence"]:  # and whoever holds the page's data can make the hash again
        assert dossier.row_hash("evidence", row) == row["sha256"]


def test_the_same_by_any_file(tmp_path):
    """CSV or Parquet, integers or strings, microseconds or seconds: one row, one hash."""
    rows = {
        "sender_id": [1, 2],
        "recipient_id": [3, 3],
        "sent_at": [START // 1_000_000, START // 1_000_000 + 1],
    }
    rows["typed_s"] = [0.1, None]
    as_text = rows | {
        "sender_id": ["1", "2"],
        "recipient_id": ["3", "3"],
        "sent_at": [START, START + 1_000_000],
    }
    one = Dataset(accounts={"account_id": [1]}, messages=rows, time_unit="s")
    other = Dataset(accounts={"account_id": ["1"]}, messages=pa.table(as_text), time_unit="us")
    folder = write_folder({"accounts": {"account_id": ["1"]}, "messages": as_text}, tmp_path / "csv", "csv")
    third = read_dataset(folder, time_unit="us")
    hashes = hashes_of("messages", one.messages)
    assert len(set(hashes)) == 2
    assert hashes == hashes_of("messages", other.messages) == hashes_of("messages", third.messages)
    assert hashes[0] == dossier.row_hash("messages", {name: values[0] for name, values in as_text.items()})


def test_signatures_and_flags():
    row = {
        "account_id": 5,
        "observed_at": "2026-06-01T02:00:00+02:00",
        "source": "about",
        "signature": [1, 2**32 - 1],
    }
    assert dossier.row_text("texts", row).endswith('"text":null,"signature":[1,4294967295]}')
    row = {"sender_id": 1, "recipient_id": 2, "sent_at": START, "is_group": False, "typed_s": 2}
    assert '"is_group":false,"in_contacts":null,"typed_s":2.0' in dossier.row_text("messages", row)


def test_wrong_ones_are_refused():
    with pytest.raises(ParameterError, match="table must be one of accounts"):
        dossier.row_text("account", {})
    with pytest.raises(ParameterError, match="sent_at must be an instant; got 'yesterday'"):
        dossier.row_text("messages", {"sent_at": "yesterday"})


def test_the_contract_is_the_one_written_down():
    assert {name: " ".join(each.name for each in table.columns) for name, table in TABLES.items()} == COLUMNS
