"""Damaged, hostile and huge files end in a typed error; what can be read is read."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from spamclf.dataset import Dataset
from spamclf.errors import BadRowsError, DataFileError, SchemaError, SpamclfError
from spamclf.tables import reading

US = pa.timestamp("us", tz="UTC")
ACCOUNTS = {"account_id": ["a", "b"]}
HEADER = "sender_id,recipient_id,sent_at\n"
ROW = "a,b,2026-03-01T00:00:00Z\n"


def messages(n=200, n_ids=20):
    start = datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1_000_000
    return pa.table(
        {
            "sender_id": [f"sender {k % n_ids}" for k in range(n)],
            "recipient_id": [f"recipient {k % 7}" for k in range(n)],
            "sent_at": pa.array([int(start) + k for k in range(n)], pa.int64()).cast(US),
            "typed_s": [k / 3 for k in range(n)],
        }
    )


def load(path, **settings):
    return Dataset(messages=path, accounts=ACCOUNTS, **settings)


class TestCsv:
    def write(self, tmp_path, text, encoding="utf-8"):
        path = tmp_path / "messages.csv"
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return path

    def test_ragged_rows(self, tmp_path):
        text = HEADER + ROW * 2 + "a,b\n" + ROW + "\n" + "a,b,2026-03-01T00:00:00Z,\n" + "a,b,when\n" + ROW
        dataset = load(self.write(tmp_path, text), max_bad_share=0.5)
        found = [tuple(e.values()) for e in dataset.quarantine.to_arrow().to_pylist()]
        assert found == [
            ("messages", "messages.csv", 2, "", "ragged"),
            ("messages", "messages.csv", 4, "", "ragged"),
            ("messages", "messages.csv", 5, "sent_at", "unparsable"),
        ]
        counts = dataset.counts["messages"]
        assert (counts.rows_in, counts.rows_used, counts.rows_quarantined) == (7, 4, 3)

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_line_ends(self, tmp_path, end):
        text = (HEADER + ROW + "a,b\n" + ROW).replace("\n", end)
        dataset = load(self.write(tmp_path, text), max_bad_share=0.5)
        assert dataset.messages.num_rows == 2
        assert dataset.quarantine.to_arrow()["row"].to_pylist() == [1]

    def test_too_many_ragged_rows(self, tmp_path):
        with pytest.raises(BadRowsError, match=r"ragged: 4, first at row 300 \(from 0\) of messages\.csv"):
            load(self.write(tmp_path, HEADER + ROW * 300 + "x\n" * 4))

    @pytest.mark.parametrize(
        "tail",
        [
            '"a,b,2026-03-01T00:00:00Z\n' + ROW * 5,
            'a,"b,2026-03-01T00:00:00Z\n' + ROW * 3 + 'a,b",\n',
            '"' + ROW * 600_000,
            'a,b,"2026-03-01T00:00:00Z\n' + 'a,b,2026-03-01T00:00:00Z"\n',
            '"a,b,2026-03-01T00:00:00Z\n' + 'a",b,2026-03-01T00:00:00Z\n',
        ],
    )
    def test_unclosed_quotes(self, tmp_path, tail):
        with pytest.raises(DataFileError, match=r"messages \(messages.csv\)"):
            load(self.write(tmp_path, HEADER + ROW * 3 + tail))

    @pytest.mark.parametrize(
        ("text", "error", "message"),
        [
            (b"", DataFileError, "got an empty file"),
            (HEADER.encode("utf-16"), DataFileError, "UTF-16"),
            (HEADER.encode() + b"a\xff,b,2026-03-01T00:00:00Z\n", DataFileError, "UTF8|UTF-8"),
            (HEADER.replace(",", ";").encode() + ROW.encode(), SchemaError, "parted by commas"),
            (b"PAR1" + bytes(100), DataFileError, "Parquet"),
            (b"sender_id,sender_id,recipient_id,sent_at\n", SchemaError, "stands 2 times"),
            (b"sender,recipient_id,sent_at\n", SchemaError, "Is it 'sender'"),
        ],
    )
    def test_refused(self, tmp_path, text, error, message):
        with pytest.raises(error, match=message):
            load(self.write(tmp_path, text))

    def test_header_only_and_byte_order_mark(self, tmp_path):
        assert load(self.write(tmp_path, HEADER)).messages.num_rows == 0
        assert load(self.write(tmp_path, HEADER + ROW, "utf-8-sig")).messages.num_rows == 1

    def test_values(self, tmp_path):
        head = "sender_id,recipient_id,sent_at,is_group,typed_s,in_contacts,extra\n"
        rows = "NA,null,2026-03-01 01:00:00+01:00,True,1e1,0,x\n" + '007,"",2026-03-01T00:00:00Z,,,,\n'
        rows += "nan,7,2026-03-01T00:00:00.000000999Z,f,nan,1,\n" + "1,2,2026-03-01T00:00Z,maybe,x,1,\n"
        dataset = load(self.write(tmp_path, head + rows), max_bad_share=0.5)
        table = dataset.messages.to_pydict()
        assert table["sender_id"] == ["NA", "nan"]
        assert table["recipient_id"] == ["null", "7"]
        assert table["sent_at"] == [datetime(2026, 3, 1, tzinfo=UTC)] * 2
        assert table["is_group"] == [True, False]
        assert table["typed_s"] == [10.0, None]
        assert table["in_contacts"] == [False, True]
        assert dataset.quarantine.counts == {
            ("messages", "is_group", "unparsable"): 1,
            ("messages", "recipient_id", "null"): 1,
        }

    def test_signatures(self, tmp_path):
        (tmp_path / "texts.csv").write_text(
            "account_id,observed_at,source,signature\na,2026-03-01T00:00:00Z,name,1 2 18446744073709551615\n"
            "a,2026-03-01T00:00:00Z,name,1 x\na,2026-03-01T00:00:00Z,name,\n"
        )
        values = [np.array([1, 2], "<u4").tobytes(), None]
        for texts, expected in (
            (tmp_path / "texts.csv", [[1, 2, 2**64 - 1], None]),
            ({"signature": pa.array(values, pa.binary(8))}, [[1, 2], None]),
            ({"signature": pa.array([[1, 2], None], pa.list_(pa.int32(), 2))}, [[1, 2], None]),
            ({"signature": [[1, 2], [3, None]]}, [[1, 2]]),
            ({"signature": [[1, 2], [-3]]}, [[1, 2]]),
        ):
            if isinstance(texts, dict):
                texts |= {"account_id": ["a", "a"], "observed_at": ["2026"] * 2, "source": ["name"] * 2}
                texts["observed_at"] = pa.array([0, 0], US)
            dataset = Dataset(messages=messages(3), accounts=ACCOUNTS, texts=texts, max_bad_share=0.5)
            assert dataset.texts["signature"].to_pylist() == expected


class TestParquet:
    def test_truncated(self, tmp_path):
        path = tmp_path / "messages.parquet"
        pq.write_table(messages(2000), path, write_page_checksum=True)
        whole = path.read_bytes()
        for size in [0, 1, 3, 4, 8, 11, *range(12, len(whole), 1024), len(whole) - 1]:
            path.write_bytes(whole[:size])
            with pytest.raises(
                DataFileError, match=r"messages \(messages.parquet\): the file must be whole Parquet"
            ):
                load(path)

    @pytest.mark.parametrize("n_flips", [150, pytest.param(5000, marks=pytest.mark.slow)])
    def test_flipped_bits(self, tmp_path, n_flips):
        path = tmp_path / "messages.parquet"
        pq.write_table(messages(500), path, write_page_checksum=True, row_group_size=300)
        whole = path.read_bytes()
        expected = load(path).messages.to_pydict()
        footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
        draw = random.Random(n_flips)
        silent = 0
        for _ in range(n_flips):
            place = draw.randrange(4, len(whole))
            path.write_bytes(
                whole[:place] + bytes([whole[place] ^ (1 << draw.randrange(8))]) + whole[place + 1 :]
            )
            try:
                got = load(path).messages.to_pydict()
            except SpamclfError:
                continue
            # Pages carry checksums; the footer has none, so that a changed meaning can slip through.
            if place < footer:
                assert got == expected
            silent += got != expected
        assert silent <= n_flips / 50

    def test_bombs(self, tmp_path):
        """One long word, a million times: small on disk and in memory, huge if it were expanded."""
        path = tmp_path / "messages.parquet"
        n, size = 1_000_000, 100_000
        coded = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array(["x" * size]))
        table = pa.table(
            {"sender_id": coded, "recipient_id": pa.array(["y"]).take(pa.array(np.zeros(n, np.int64)))}
        ).append_column("sent_at", pa.array(np.zeros(n, np.int64)).cast(US))
        pq.write_table(table, path)
        assert path.stat().st_size < 1_000_000
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert load(path).messages.num_rows == n
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # KiB

    def test_more_than_the_memory(self, tmp_path, monkeypatch):
        path = tmp_path / "messages.parquet"
        pq.write_table(messages(2000), path)
        folder = tmp_path / "messages"
        folder.mkdir()
        pq.write_table(messages(2000), folder / "a.parquet")
        text = tmp_path / "messages.csv"
        pa.csv.write_csv(messages(2000), text)
        monkeypatch.setattr(reading, "available_memory", lambda: 20_000)
        for source in (path, folder, text):
            with pytest.raises(DataFileError, match=r"must fit in 0\.0 GiB"):
                load(source)

    def test_a_pipe_is_not_waited_on(self, tmp_path):
        os.mkfifo(tmp_path / "messages.parquet")
        with pytest.raises(DataFileError, match="must be a plain file"):
            load(tmp_path / "messages.parquet")

    def test_not_parquet(self, tmp_path):
        for name, match in (
            ("messages.parquet", "whole Parquet"),
            ("messages.xlsx", "must be .parquet or .csv"),
        ):
            (tmp_path / name).write_bytes(b"PK\x03\x04" * 100)
            with pytest.raises(DataFileError, match=match):
                load(tmp_path / name)
        with pytest.raises(DataFileError, match="must exist"):
            load(tmp_path / "none.parquet")

    def test_invalid_unicode(self, tmp_path):
        path = tmp_path / "messages.parquet"
        ids = pa.array([b"a", b"\xff\xfe", b"a"]).view(pa.string())
        table = pa.table({"sender_id": ids, "recipient_id": ["b"] * 3, "sent_at": pa.array([0, 0, 0], US)})
        pq.write_table(table, path)
        dataset = load(path, max_bad_share=0.5)
        assert dataset.quarantine.counts == {("messages", "sender_id", "not_unicode"): 1}
        assert dataset.messages["sender_id"].to_pylist() == ["a", "a"]

    def test_parts(self, tmp_path):
        folder = tmp_path / "messages"
        folder.mkdir()
        for k, n in ((2, 3), (1, 4), (3, 2)):
            pq.write_table(messages(n), folder / f"{k}.parquet")
        broken = messages(3).set_column(2, "sent_at", pa.array([0, None, 0], US)).drop_columns("typed_s")
        pq.write_table(broken, folder / "4.parquet")
        pq.write_table(messages(0), folder / "0.parquet")
        dataset = load(folder)
        assert dataset.quarantine.to_arrow().to_pylist() == [
            {"table": "messages", "file": "messages/4.parquet", "row": 1, "column": "sent_at", "rule": "null"}
        ]
        assert dataset.messages["typed_s"].to_pylist()[:5] == [0, 1 / 3, 2 / 3, 1, 0]
        (folder / "3.parquet").write_bytes(b"PAR1")
        with pytest.raises(DataFileError, match=r"messages \(messages/3.parquet\)"):
            load(folder)
        pq.write_table(messages(3).drop_columns("sent_at"), folder / "3.parquet")
        with pytest.raises(SchemaError, match=r"messages \(messages/3.parquet\): column 'sent_at'"):
            load(folder)
        other = messages(3).set_column(0, "sender_id", pa.array([1, 2, 3]))
        pq.write_table(other, folder / "3.parquet")
        with pytest.raises(SchemaError, match="same types"):
            load(folder)
        for part in folder.iterdir():
            part.unlink()
        with pytest.raises(DataFileError, match="must hold Parquet parts"):
            load(folder)


def test_bounded_memory_for_a_lying_footer(tmp_path):
    """Whatever a damaged footer claims, the process neither dies nor takes much memory."""
    path = tmp_path / "messages.parquet"
    n = 100_000
    zeros = pa.array(np.zeros(n, np.int64))
    pq.write_table(pa.table({"sender_id": zeros, "recipient_id": zeros, "sent_at": zeros.cast(US)}), path)
    code = """
import resource, sys
import numpy as np
from spamclf.dataset import Dataset
from spamclf.errors import SpamclfError
whole = open(sys.argv[1], "rb").read()
accounts = {"account_id": [1]}
def load():
    try:
        Dataset(messages=sys.argv[1], accounts=accounts)
    except SpamclfError:
        pass
load()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
for place in range(footer, len(whole) - 8, 4):
    damaged = bytearray(whole)
    damaged[place] ^= 0x40
    open(sys.argv[1], "wb").write(damaged)
    load()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert int(done.stdout) < 300_000  # KiB


def signatures(path, n, n_values, **settings):
    """Write texts whose signatures are one value over and over: next to nothing in the file."""
    offsets = pa.array(np.arange(0, n * n_values + 1, n_values, dtype=np.int32))
    lists = pa.ListArray.from_arrays(offsets, pa.array(np.zeros(n * n_values, np.int64)))
    columns = {"account_id": ["a"] * n, "observed_at": pa.array(np.zeros(n, np.int64)).cast(US)}
    table = pa.table(columns | {"source": ["about"] * n, "signature": lists})
    pq.write_table(table, path, compression="zstd", **settings)


def load_texts(path, **settings):
    return Dataset(messages=messages(3), accounts=ACCOUNTS, texts=path, **settings)


class TestSignatureBombs:
    @pytest.mark.parametrize("version", ["1.0", "2.0"])
    @pytest.mark.parametrize(("n", "n_values"), [(1, 20_000_000), (10, 2_000_000)])
    def test_long_lists_are_refused_unread(self, tmp_path, n, n_values, version):
        path = tmp_path / "texts.parquet"
        signatures(path, n, n_values, data_page_version=version)
        assert path.stat().st_size < 4_000
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(
            DataFileError, match=r"'signature' must be of 1,024 values a row at most; got 20,000,000 in"
        ):
            load_texts(path)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB

    def test_many_lists_count_against_the_memory(self, tmp_path, monkeypatch):
        path = tmp_path / "texts.parquet"
        signatures(path, 5_000, 1024)
        assert load_texts(path).texts.num_rows == 5_000
        monkeypatch.setattr(reading, "available_memory", lambda: 100 << 20)
        with pytest.raises(DataFileError, match=r"must fit in 0\.1 GiB"):
            load_texts(path)

    @pytest.mark.parametrize("where", ["header", "footer"])
    def test_a_lie_about_the_number_of_values(self, tmp_path, where):
        """As many values are read as the page says, until there are as many as the footer says: both count."""
        path = tmp_path / "texts.parquet"
        signatures(path, 1, 20_000_000, data_page_version="2.0")
        whole = path.read_bytes()
        stated = bytes([0x80 | 40_000_000 & 127, 0x80 | 40_000_000 >> 7 & 127, 0x80 | 40_000_000 >> 14 & 127])
        stated += bytes([40_000_000 >> 21])  # a varint, doubled for its sign
        places = [k for k in range(len(whole)) if whole.startswith(stated, k)]
        place = places[0] if where == "header" else places[-1]
        path.write_bytes(whole[:place] + b"\x82\x80\x80\x00" + whole[place + 4 :])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(DataFileError):
            load_texts(path)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB

    @pytest.mark.parametrize("kind", [pa.list_(pa.int8()), pa.binary(), pa.struct([("x", pa.int8())])])
    def test_other_columns_hold_no_lists(self, tmp_path, kind):
        path = tmp_path / "texts.parquet"
        signatures(path, 3, 4)
        pq.write_table(pq.read_table(path).append_column("text", pa.nulls(3, kind)), path)
        with pytest.raises(SchemaError, match=r"texts \(texts.parquet\): column 'text' must be string; got"):
            load_texts(path)

    def test_what_would_be_read_with_another_column(self, tmp_path):
        path = tmp_path / "texts.parquet"
        signatures(path, 3, 4)
        pq.write_table(pq.read_table(path).append_column("source.of", pa.nulls(3)), path)
        with pytest.raises(SchemaError, match=r"no column's name may begin with 'source\.'"):
            load_texts(path)

    def test_honest_signatures(self, tmp_path):
        path = tmp_path / "texts.parquet"
        lists = [[2**64 - 1] * 128, None, [], [1, 2]] * 3000
        for kind in (pa.list_(pa.uint64()), pa.large_list(pa.uint64())):
            for version in ("1.0", "2.0"):
                signatures(path, len(lists), 1)
                table = pq.read_table(path).drop_columns("signature")
                table = table.append_column("signature", pa.array(lists, kind))
                pq.write_table(table, path, row_group_size=5000, data_page_version=version)
                assert load_texts(path).texts["signature"].to_pylist() == lists

    def test_a_list_that_is_too_long_is_a_bad_row(self, tmp_path):
        texts = {"account_id": ["a"] * 3, "source": ["about"] * 3, "observed_at": pa.array([0] * 3, US)}
        for lists in ([[1], [1] * 1024, [1] * 1025], [[1], None, [1, None]]):
            dataset = load_texts(texts | {"signature": lists}, max_bad_share=0.5)
            assert dataset.quarantine.counts == {("texts", "signature", "malformed"): 1}
            assert dataset.texts["signature"].to_pylist() == lists[:2]

    @pytest.mark.parametrize("n_flips", [300, pytest.param(5_000, marks=pytest.mark.slow)])
    def test_whatever_is_damaged_takes_no_more_than_its_share_of_memory(self, tmp_path, n_flips):
        path = tmp_path / "texts.parquet"
        signatures(path, 20_000, 128)
        done = subprocess.run(
            [sys.executable, "-c", _DAMAGE, str(path), str(n_flips)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-500:]
        grown, n_refused = done.stdout.split()
        assert int(n_refused) > n_flips / 2
        assert int(grown) < 1.2 * 0.8 * 150 * 1024  # KiB


_DAMAGE = """
import random, resource, sys
from pathlib import Path
from spamclf.errors import SpamclfError
from spamclf.schema import TABLES
from spamclf.tables import reading
reading.available_memory = lambda: 150 << 20
path, n, refused = Path(sys.argv[1]), int(sys.argv[2]), 0
whole, draw = path.read_bytes(), random.Random(3)
footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
def load():
    reading.read_table_file(path, TABLES["texts"], lambda names, where: None)
load()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(n):
    data = bytearray(whole)
    for _ in range(draw.choice((1, 1, 2, 3))):
        place = draw.randrange(draw.choice((4, footer)), len(data) - 8)
        data[place] = draw.choice((data[place] ^ 1 << draw.randrange(8), draw.randrange(256)))
    path.write_bytes(data)
    try:
        load()
    except SpamclfError:
        refused += 1
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, refused)
"""
