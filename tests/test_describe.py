"""The description counts everything and shows nobody."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spamclf.dataset import Dataset
from spamclf.describe import data_dictionary, describe
from spamclf.errors import ParameterError
from spamclf.folders import read_dataset
from spamclf.schema import TABLES
from spamclf.tables.quarantine import RULES, Quarantine

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


#: A grey picture of 8 by 8 pixels.
PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(bytes(9 * 8)))
    + chunk(b"IEND", b"")
)


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


def shown(tmp_path):
    """Photos as hashes and as files in every condition, texts as signatures."""
    (tmp_path / "good.png").write_bytes(PNG)
    (tmp_path / "page.jpg").write_bytes(b"<svg/>")
    vast = bytearray(PNG)
    vast[16:24] = (30_000).to_bytes(4, "big") * 2
    (tmp_path / "vast.png").write_bytes(bytes(vast))
    damaged = bytearray(PNG)  # its head is sound
    at = PNG.index(b"IDAT") + 8
    damaged[at : at + 8] = bytes(8)
    (tmp_path / "damaged.png").write_bytes(bytes(damaged))
    files = ["good.png", "damaged.png", "page.jpg", "vast.png", "canary.png", "../canary.png", None, None]
    photos = {"account_id": ["canary"] * 8, "set_at": [NOW] * 8, "photo": files}
    photos["photo_hash"] = [None] * 7 + ["0f" * 32]
    signatures = [[1] * 128, [1] * 127, None, None]
    texts = {
        "account_id": ["canary"] * 4,
        "observed_at": [NOW] * 4,
        "source": ["about"] * 4,
        "signature": signatures,
    }
    texts["text"] = [None, None, "canary", None]
    signed = {"scheme": "affine32", "hash": "sha1", "seed": 7, "n_perm": 128}
    return Dataset(
        messages={"sender_id": [], "recipient_id": [], "sent_at": []}, accounts={"account_id": ["canary"]},
        photos=photos, texts=texts, folder=tmp_path,
        schemes={"photo_hash": {"scheme": "pdq"}, "signature": signed},
    )  # fmt: skip


def test_photos_and_signatures_are_looked_at(tmp_path):
    dataset = shown(tmp_path)
    text = describe(dataset, n_jobs=1)
    assert "    shown: hash 12 %, scheme pdq; file alone 75 % (6 different files); neither 12 %\n" in text
    assert (
        "    shown: signature 50 %, scheme affine32 sha1 seed=7 n_perm=128 chars-5; text alone 25 %; neither 25 %"
        in text
    )
    wrong = text.split("What is wrong\n")[1].split("Data dictionary")[0].splitlines()
    assert [line.split(" (")[0] for line in wrong[:5]] == [
        "  photos.photo missing_file: 1 file",
        "  photos.photo not_a_picture: 2 files",
        "  photos.photo outside_folder: 1 file",
        "  photos.photo too_large: 1 file",
        "  texts.signature malformed: 1 row",
    ]
    assert "canary" not in text
    assert describe(dataset, n_jobs=2) == text
    assert dataset.photos.num_rows == 8  # nothing is set aside by being looked at


def test_what_is_not_stated_and_not_to_be_seen(tmp_path):
    tables = shown(tmp_path).tables
    text = describe(Dataset(**tables))
    assert (
        "hash 12 %, scheme not stated, taken for pdq; file alone 75 % (6 different files: no folder" in text
    )
    assert "signature 50 %, scheme not stated: see [signature] of dataset.toml" in text
    assert "to be set aside" not in text


def test_labels_before_the_registration_are_told():
    accounts = {"account_id": ["canary", "b"], "registered_at": [NOW, None]}
    labels = {"account_id": ["canary", "canary", "b"], "is_automated": [True] * 3}
    labels["labelled_at"] = [NOW - timedelta(days=400), NOW, NOW - timedelta(days=400)]
    messages = {"sender_id": [], "recipient_id": [], "sent_at": []}
    text = describe(Dataset(accounts=accounts, messages=messages, labels=labels))
    assert (
        "  labels.labelled_at before the account's registered_at: 1 row of 3, used; a time is wrong, or its zone\n"
        in text
    )
    assert "canary" not in text
    assert "registered_at: " not in describe(Dataset(accounts=accounts, messages=messages))


def test_only_a_dataset_is_described():
    with pytest.raises(ParameterError, match="describe: dataset must be a Dataset; got str"):
        describe("data/sample")


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


def test_what_makes_ids_and_times_doubtful():
    """Each row keeps the contract, and yet an id lost its zeros, and an account sent before it was registered."""
    messages = {"sender_id": ["171", "172", "a"], "recipient_id": ["b"] * 3, "sent_at": [NOW] * 3}
    accounts = {"account_id": ["0171", "0172", "a"], "registered_at": [NOW + timedelta(days=3)] * 3}
    text = describe(Dataset(messages=messages, accounts=accounts, not_after="2030-01-01"))
    assert (
        "messages.sender_id without a row in accounts: 2 of 3 senders, used; is an id written in two" in text
    )
    assert "accounts.registered_at after the account's first message: 1 of 3 senders, used" in text
    numbers = {"sender_id": [171, 172, 3], "recipient_id": [4] * 3, "sent_at": [NOW] * 3}
    plain = describe(Dataset(messages=numbers, accounts={"account_id": [171, 172]}))
    assert "without a row in accounts" not in plain
    assert "first message" not in plain


def test_what_to_write_instead_is_told():
    n = 200
    reports = {"account_id": ["a"] * n, "reporter_id": ["b"] * n, "reported_at": [NOW] * n}
    reports["kind"] = ["block"] * (n - 1) + ["BLOCK"]
    messages = {"sender_id": [], "recipient_id": [], "sent_at": []}
    text = describe(Dataset(messages=messages, accounts={"account_id": ["a"]}, reports=reports))
    assert f"reports.kind unknown_value: 1 row ({RULES['unknown_value']}); write report or block\n" in text


def test_times_before_any_messenger_are_told():
    messages = {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [int(NOW.timestamp())]}
    text = describe(Dataset(messages=messages, accounts={"account_id": ["a"]}, time_unit="ms"))
    assert (
        "  messages.sent_at before the year 2000: 1 row of 1, used; in 's', not 'ms', they would lie after it: is the "
        "unit wrong?\n" in text
    )
    assert "before the year 2000" not in describe(world())


def test_names_that_nobody_reads_are_told(tmp_path):
    (tmp_path / "messages.csv").write_text("sender_id,recipient_id,sent_at\n")
    (tmp_path / "accounts.csv").write_text("account_id,ip_country\na,DE\n")
    (tmp_path / "label.csv").write_text("account_id\n")
    (tmp_path / "TEXTS").mkdir()
    pq.write_table(pa.table({"text": ["canary"]}), tmp_path / "TEXTS" / "1.parquet")
    (tmp_path / "innocent.csv").write_text("kind,value\n")
    (tmp_path / "notes.txt").write_text("canary")
    labels = {"account_id": ["a"], "is_automated": [True], "labelled_at": [NOW], "reviewer": ["canary"]}
    pq.write_table(pa.table(labels), tmp_path / "labels.parquet")  # the reviewer is for people to read
    text = describe(read_dataset(tmp_path))
    told = "  not read, for no table or column is called so: TEXTS/, label.csv, accounts.ip_country\n"
    assert told in text
    assert "not read" not in describe(world())
    many = {"account_id": ["a"]} | {f"x{k}": ["a"] for k in range(30)}
    messages = {"sender_id": [], "recipient_id": [], "sent_at": []}
    assert "accounts.x11, 18 more\n" in describe(Dataset(messages=messages, accounts=many))
