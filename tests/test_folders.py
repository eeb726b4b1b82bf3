"""Dataset folders: which file is which table, and what is stated beside them."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from spamclf.errors import DataFileError, SchemaError
from spamclf.folders import read_dataset
from tests.test_dataset import small


def test_toml(tmp_path):
    for name, table in small().items():
        pa.csv.write_csv(table, tmp_path / f"{name}.csv")
    frame = pd.DataFrame({"sender_id": ["a"], "recipient_id": ["b"], "sent_at": ["2026-07-01 12:00:00"]})
    frame.to_csv(tmp_path / "messages.csv", index=False)
    with pytest.raises(SchemaError, match=r"messages \(messages.csv\): column 'sent_at' .* zone"):
        read_dataset(tmp_path)
    (tmp_path / "dataset.toml").write_text('[time]\nzone = "Europe/Berlin"\n[photo_hash]\nscheme = "pdq"\n')
    dataset = read_dataset(tmp_path)
    assert dataset.messages["sent_at"][0].as_py() == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert dataset.schemes == {"photo_hash": {"scheme": "pdq"}}
    assert read_dataset(tmp_path, time_zone="UTC").messages["sent_at"][0].as_py().hour == 12


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[time", DataFileError),
        ("[tme]\nzone=1", SchemaError),
        ("time = 3", SchemaError),
        ("[time]\nzon='UTC'", SchemaError),
    ],
)
def test_bad_toml(tmp_path, text, error):
    for name, table in small().items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    (tmp_path / "dataset.toml").write_text(text)
    with pytest.raises(error, match=r"dataset\.toml"):
        read_dataset(tmp_path)


def test_a_table_is_there_once(tmp_path):
    for name, table in small().items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
        pa.csv.write_csv(table, tmp_path / f"{name}.csv")
    with pytest.raises(DataFileError, match=r"must be there once; got accounts\.parquet and accounts\.csv"):
        read_dataset(tmp_path)


def test_a_table_is_missing(tmp_path):
    pq.write_table(pa.table({"account_id": ["a"]}), tmp_path / "accounts.parquet")
    with pytest.raises(SchemaError, match=r"table 'messages' must be there; got accounts\.parquet"):
        read_dataset(tmp_path)
