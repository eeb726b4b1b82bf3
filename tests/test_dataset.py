"""Seven tables in any dress: the same data gives the same tables; bad rows are counted to the last one."""

from __future__ import annotations

from datetime import timedelta

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.errors import BadRowsError, DataFileError, ParameterError, SchemaError
from spamclf.folders import read_dataset
from spamclf.schema import TABLES
from tests.tiny import START, US, times, two


def small():
    """All seven tables, a few rows each, with nulls where they are legal; whole seconds."""
    ids = ["00123", "+491700000", "12345678901234567890", "ünï\U0001f600", 'a,b"c\nd', " e "]
    n = 12
    senders = [ids[k % 5] for k in range(n)]
    recipients = [ids[(k % 5 + 1 + k // 6) % 6] for k in range(n)]
    grouped = [None if k % 4 == 3 else k % 4 == 0 for k in range(n)]
    return {
        "accounts": pa.table(
            {
                "account_id": ids[:4],
                "registered_at": pa.array([START, None, START, START - timedelta(days=99)], US),
                "is_business": [True, None, False, None],
                "country": ["DE", "NA", None, "null"],
            }
        ),
        "messages": pa.table(
            {
                "sender_id": senders,
                "recipient_id": recipients,
                "sent_at": pa.array(times(n), US),
                "is_group": grouped,
                "typed_s": [None if k % 5 == 4 else k / 4 for k in range(n)],
                "delivered": [k % 2 == 0 for k in range(n)],
            }
        ),
        "photos": pa.table(
            {"account_id": ids[:2], "set_at": pa.array(times(2), US), "photo_hash": ["0f" * 32, None]}
        ),
        "texts": pa.table(
            {
                "account_id": ids[:2],
                "observed_at": pa.array(times(2), US),
                "source": ["name", "reported"],
                "text": ['buy, "now"\nor never', None],
            }
        ),
        "reports": pa.table(
            {
                "account_id": ids[:1],
                "reporter_id": ids[1:2],
                "reported_at": pa.array(times(1), US),
                "kind": ["block"],
            }
        ),
        "labels": pa.table(
            {"account_id": ids[:2], "is_automated": [True, False], "labelled_at": pa.array(times(2), US)}
        ),
        "evidence": pa.table(
            {"account_id": ids[:1], "observed_at": pa.array(times(1), US), "kind": ["off_platform"]}
        ),
    }


def plain(dataset):
    """All tables as Python values, whatever the dictionaries look like."""
    return {name: table.to_pydict() for name, table in dataset.tables.items()}


class TestKinds:
    def test_types_and_chunks(self):
        dataset = Dataset(**small())
        assert dataset.given == frozenset(TABLES)
        for name, table in dataset.tables.items():
            for column in TABLES[name].columns:
                if column.name not in table.column_names:
                    assert name == "messages"
                    assert column.nullable
                    continue
                values = table[column.name]
                assert values.num_chunks == 1
                assert column.nullable or values.null_count == 0
                if column.type in ("id", "string"):
                    assert values.type == pa.dictionary(pa.int32(), pa.string())
        assert len(dataset.quarantine) == 0
        assert "in_contacts" not in dataset.messages.column_names
        assert dataset.last_instant() == int(times(12)[-1].timestamp()) * 1_000_000

    @pytest.mark.parametrize("kind", ["pandas", "polars", "duckdb", "dict", "large", "coded"])
    def test_dataframes(self, kind):
        tables = small()
        make = {
            "pandas": lambda t: t.to_pandas(),
            "polars": pl.from_arrow,
            "duckdb": duckdb.from_arrow,
            "dict": lambda t: t.to_pydict(),
            "large": lambda t: pl.from_arrow(t).to_arrow(compat_level=pl.CompatLevel.oldest()),
            "coded": lambda t: pa.table([c.dictionary_encode() for c in t.columns], names=t.column_names),
        }[kind]
        expected = Dataset(**tables)
        got = Dataset(**{name: make(table) for name, table in tables.items()})
        assert plain(got) == plain(expected)
        assert got.frame == (kind if kind in ("pandas", "polars", "duckdb") else "pyarrow")
        native = got.to_native(pa.table({"score": [0.5]}))
        assert type(native).__module__.split(".")[0].lstrip("_") == got.frame

    @pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
    def test_units(self, unit):
        tables = small()
        expected = plain(Dataset(**tables))
        for zone in ("UTC", "America/New_York"):
            other = {}
            epochs = {}
            for name, table in tables.items():
                place = table.column_names.index(TABLES[name].time)
                stamps = table.column(place).cast(pa.timestamp(unit, zone))
                other[name] = table.set_column(place, TABLES[name].time, stamps)
                epochs[name] = table.set_column(place, TABLES[name].time, stamps.cast(pa.int64()))
            assert plain(Dataset(**other)) == expected
            assert plain(Dataset(**epochs, time_unit=unit)) == expected
        naive = {name: t.to_pandas() for name, t in other.items()}
        for name, frame in naive.items():
            frame[TABLES[name].time] = (
                frame[TABLES[name].time].dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
            )
        assert plain(Dataset(**naive, time_zone="Europe/Berlin")) == expected

    @pytest.mark.parametrize("form", ["parquet", "csv", "pandas csv", "polars csv", "parts"])
    def test_folders(self, tmp_path, form):
        tables = small()
        for name, table in tables.items():
            if form == "parquet":
                pq.write_table(table, tmp_path / f"{name}.parquet")
            elif form == "csv":
                pa.csv.write_csv(table, tmp_path / f"{name}.csv")
            elif form == "pandas csv":
                table.to_pandas().to_csv(tmp_path / f"{name}.csv", index=False)
            elif form == "polars csv":
                pl.from_arrow(table).write_csv(tmp_path / f"{name}.csv")
            else:
                (tmp_path / name).mkdir()
                (tmp_path / name / "_SUCCESS").touch()
                for k, start in enumerate(range(0, table.num_rows, 5)):
                    pq.write_table(table.slice(start, 5), tmp_path / name / f"part-{k}.parquet")
        got = read_dataset(tmp_path, frame="pandas")
        assert plain(got) == plain(Dataset(**tables))
        assert got.frame == "pandas"
        assert got.folder == tmp_path

    @settings(max_examples=60, deadline=None)
    @given(names=st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=6, unique=True))
    def test_any_unicode_survives_as_id(self, names, tmp_path_factory):
        folder = tmp_path_factory.mktemp("ids")
        accounts = pa.table({"account_id": names})
        messages = pa.table(
            {"sender_id": names[:1], "recipient_id": names[1:2], "sent_at": pa.array(times(1), US)}
        )
        pq.write_table(accounts, folder / "accounts.parquet")
        pa.csv.write_csv(messages, folder / "messages.csv")
        for dataset in (
            read_dataset(folder),
            Dataset(messages=messages.to_pandas(), accounts=pl.from_arrow(accounts)),
        ):
            assert dataset.accounts["account_id"].to_pylist() == names
            assert dataset.messages["recipient_id"].to_pylist() == names[1:2]


class TestIds:
    def test_integers_stay_integers(self):
        messages = {"sender_id": np.array([1, 2], np.uint8), "recipient_id": [2, 2**62], "sent_at": times(2)}
        dataset = two(messages, accounts={"account_id": pa.array([1, 2], pa.int32())})
        assert dataset.integer_ids
        assert dataset.messages["recipient_id"].to_pylist() == [2, 2**62]
        assert dataset.accounts.schema.field("account_id").type == pa.int64()
        assert dataset.labels.schema.field("account_id").type == pa.int64()

    def test_mixed_kinds_become_strings(self):
        messages = {"sender_id": [-1, 20], "recipient_id": [20, 3], "sent_at": times(2)}
        with pytest.warns(
            UserWarning, match=r"integers in messages\.sender_id and strings in accounts\.account_id"
        ):
            dataset = two(messages)
        assert not dataset.integer_ids
        assert dataset.messages["sender_id"].to_pylist() == ["-1", "20"]

    def test_mixed_kinds_of_polars_and_of_words_that_no_row_bears(self):
        messages = {"sender_id": ["007"], "recipient_id": ["b"], "sent_at": times(1)}
        with pytest.warns(UserWarning, match="ids should be strings everywhere"):
            Dataset(accounts=pl.DataFrame({"account_id": [7]}), messages=pl.DataFrame(messages))
        sender = pa.DictionaryArray.from_arrays([1], ["x", "9"])
        Dataset(
            accounts={"account_id": [7]},
            messages=pa.table(messages | {"sender_id": sender, "recipient_id": ["8"]}),
        )

    def test_the_largest_integer_is_an_id_as_others(self):
        messages = {"sender_id": [1], "recipient_id": [2**63 - 1], "sent_at": times(1)}
        assert EgoLog.build(two(messages, accounts={"account_id": [1, 2]})).n_peers == 3

    def test_strings_that_integers_are_written_as_meet_them(self):
        messages = {"sender_id": [7, 20], "recipient_id": [20, 7], "sent_at": times(2)}
        dataset = two(messages, accounts={"account_id": ["7", "20"]})
        assert dataset.messages["sender_id"].to_pylist() == dataset.accounts["account_id"].to_pylist()

    def test_integers_beyond_int64_become_strings(self):
        big = 2**64 - 1
        dataset = two(
            {"sender_id": pa.array([big], pa.uint64()), "recipient_id": [1], "sent_at": times(1)},
            accounts={"account_id": [1]},
        )
        assert dataset.messages["sender_id"].to_pylist() == [str(big)]
        huge = duckdb.sql("select 12345678901234567890::hugeint as account_id")
        assert two(accounts=huge).accounts["account_id"].to_pylist() == ["12345678901234567890"]

    def test_dictionaries_are_compact(self):
        coded = pa.DictionaryArray.from_arrays(pa.array([2, 0, 3], pa.int8()), pa.array(["a", "x", "b", "a"]))
        messages = pa.table({"sender_id": coded, "recipient_id": ["q", "q", "q"], "sent_at": times(3)})
        column = two(messages).messages["sender_id"]
        assert column.to_pylist() == ["b", "a", "a"]
        assert sorted(column.chunk(0).dictionary.to_pylist()) == ["a", "b"]

    def test_categoricals_of_many_chunks(self):
        frames = [pl.DataFrame({"sender_id": [f"s{k}"], "recipient_id": ["r"]}) for k in range(300)]
        frame = pl.concat(frames, rechunk=False).with_columns(
            pl.col("sender_id").cast(pl.Categorical), sent_at=pl.lit(START)
        )
        assert two(frame).messages["sender_id"].to_pylist() == [f"s{k}" for k in range(300)]
        parts = [
            pa.array([f"s{k}"]).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))
            for k in range(300)
        ]
        table = pa.table(
            {"sender_id": pa.chunked_array(parts), "recipient_id": ["r"] * 300, "sent_at": times(300)}
        )
        assert two(table).messages["sender_id"].to_pylist() == [f"s{k}" for k in range(300)]


class TestSmallData:
    def test_empty_tables(self):
        for empty in ([], pa.array([], pa.int64()), np.array([])):
            dataset = Dataset(
                messages={"sender_id": empty, "recipient_id": empty, "sent_at": empty},
                accounts={"account_id": empty},
            )
            assert dataset.last_instant() is None
            assert dataset.messages.num_rows == 0
        assert Dataset(
            messages=pd.DataFrame(columns=["sender_id", "recipient_id", "sent_at"]),
            accounts={"account_id": ["a"]},
        )

    def test_emptied_is_the_same_without_rows_of_some_tables(self):
        dataset = Dataset(**small())
        full = {name: table.num_rows for name, table in dataset.tables.items()}
        alone = dataset.emptied("labels", "evidence")
        assert alone.labels.num_rows == alone.evidence.num_rows == 0
        assert alone.labels.schema == dataset.labels.schema
        for name in TABLES:
            assert dataset.tables[name].num_rows == full[name] > 0
            assert name in ("labels", "evidence") or alone.tables[name] is dataset.tables[name]
        for wrong in ("nope", "messages", ["labels"]):
            with pytest.raises(
                ParameterError, match=r"emptied: tables must be of photos, .*; got .*\. Name them"
            ):
                dataset.emptied(wrong)
        rules = np.array(["missing_file"] + [""] * (full["photos"] - 1), dtype=object)
        Dataset(**small(), max_bad_share=1).emptied("labels").set_aside("photos", "photo", rules)
        assert len(dataset.quarantine) == 0

    def test_messages_without_accounts(self):
        dataset = two(accounts={"account_id": []})
        assert dataset.messages["sender_id"].to_pylist() == ["a"]
        assert not dataset.integer_ids

    def test_accounts_without_messages(self):
        dataset = two({"sender_id": [], "recipient_id": [], "sent_at": []}, accounts={"account_id": [5]})
        assert dataset.integer_ids
        assert dataset.last_instant() is None

    def test_all_null_columns(self):
        n = 3
        nulls = [None] * n
        messages = {"sender_id": ["a"] * n, "recipient_id": ["b"] * n, "sent_at": times(n)}
        messages |= {"is_group": nulls, "in_contacts": nulls, "typed_s": nulls, "delivered": nulls}
        accounts = {
            "account_id": ["a", "b", "c"],
            "registered_at": nulls,
            "is_business": nulls,
            "country": nulls,
        }
        dataset = two(messages, accounts=accounts)
        assert dataset.messages["typed_s"].type == pa.float64()
        assert dataset.messages["typed_s"].null_count == n
        with pytest.raises(BadRowsError, match="sender_id null: 3"):
            two(messages | {"sender_id": nulls})

    def test_missing_table(self):
        with pytest.raises(SchemaError, match="table 'accounts' must be given"):
            Dataset(messages={}, accounts=None)


class TestSettings:
    @pytest.mark.parametrize(
        "wrong",
        [{"time_unit": "h"}, {"time_zone": "Mars/Crater"}, {"max_bad_share": 2}, {"not_after": "soon"}],
    )
    def test_bad_parameters(self, wrong):
        with pytest.raises(ParameterError, match=next(iter(wrong))):
            two(**wrong)

    def test_not_after(self):
        with pytest.raises(BadRowsError, match="in_future"):
            two(not_after="2026-02-28", max_bad_share=0)
        assert two(not_after=START).messages.num_rows == 1


def test_one_is_one():
    assert repr(two()) == "<Dataset: 2 accounts, 1 message>"
    tables = {"labels": {"account_id": ["a"], "is_automated": [True], "labelled_at": times(1)}}
    tables["evidence"] = {"account_id": ["a", "nobody"], "kind": ["on_platform"] * 2, "observed_at": times(2)}
    assert repr(two(**tables)) == (
        "<Dataset: 2 accounts, 1 message, 1 label, 1 evidence; 1 row in quarantine>"
    )


def test_no_id_or_text_in_errors_and_reprs(tmp_path):
    canary = "canary-7f3a"
    bad = {"sender_id": [canary] * 3, "recipient_id": [canary] * 3, "sent_at": times(3)}
    for call in (
        lambda: two(bad),
        lambda: two({"sender_id": [canary, 1], "recipient_id": ["b", "b"], "sent_at": times(2)}),
        lambda: two(bad | {"sent_at": [canary] * 3}),
        lambda: two(pd.DataFrame(bad | {"sender_id": [canary, 1, 2.5]}, dtype=object)),
        lambda: two(accounts=canary),
    ):
        with pytest.raises((BadRowsError, SchemaError, DataFileError)) as caught:
            call()
        assert canary not in str(caught.value).replace(f"accounts ({canary})", "")
    (tmp_path / "accounts.csv").write_text(f"account_id,country\n{canary},{canary},{canary}\n{canary},x\n")
    (tmp_path / "messages.csv").write_text(f"sender_id,recipient_id,sent_at\n{canary},{canary},{canary}\n")
    dataset = read_dataset(tmp_path)
    assert len(dataset.quarantine) == 2
    assert canary not in repr(dataset) + repr(dataset.quarantine) + str(dataset.quarantine.to_arrow())
