"""A dataset that left: the same features and scores, no id, no text, no key, and whole or not there."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spamclf import extract, predict, read_dataset
from spamclf.dataset import Dataset
from spamclf.errors import BadRowsError, DataFileError, OutputError, ParameterError, SchemaError
from spamclf.pseudonymise import TREATMENT, pseudonym, pseudonymise, run
from spamclf.schema import TABLES
from tests import doors, rows
from tests.doors import SAMPLE, cli, same, write_folder

KEY = bytes.fromhex("8f1d0c6ab37e52f94405d8e1a79b3c6072fe15c89a4de03b61f7259c0eb8d643")
OTHER = KEY[::-1]
#: What a text tells and its fingerprint does not.
DROPPED = ["template_url", "template_phone"]
PEOPLE = {"accounts": ["account_id"], "messages": ["sender_id"], "reports": ["account_id", "reporter_id"]}


def made(folder, out, key=KEY, **settings):
    return read_dataset(pseudonymise(folder, out, key=key, n_jobs=1, **settings).folder)


def named(table: pa.Table, key=KEY) -> pa.Table:
    """Put pseudonyms for the accounts of a result, and order it by them."""
    ids = pa.array([pseudonym(each, key=key) for each in table["account_id"].to_pylist()])
    return table.set_column(0, "account_id", ids).sort_by(
        [("account_id", "ascending"), ("as_of", "ascending")]
    )


def features(dataset: Dataset) -> pa.Table:
    return extract(dataset, n_jobs=1).to_arrow()


@cache
def world() -> Path:
    """A world whose photos are hashes, with as many texts as signatures: nothing of it is dropped."""
    tables = doors.tables()
    assert tables["photos"]["photo"].null_count == tables["photos"].num_rows
    return write_folder(tables | {"texts": tables["texts"].slice(0, 0)}, Path(mkdtemp()) / "world")


@cache
def left() -> Dataset:
    return made(world(), world().parent / "left")


def test_every_column_of_the_contract_is_decided_on():
    assert {name: list(spec) for name, spec in TREATMENT.items()} == {
        name: [column.name for column in spec.columns] for name, spec in TABLES.items()
    }
    for name, spec in TABLES.items():
        for column in spec.columns:
            how = TREATMENT[name][column.name]
            assert (column.type == "id") <= (how in ("person", "recipient")), (name, column.name)
            assert (column.type in ("time", "bool", "float")) <= (how == "kept"), (name, column.name)
            assert how != "kept" or column.type != "string" or column.choices or "country" in column.name


def test_features_and_scores_are_the_same_bit_for_bit():
    """Where nothing was dropped; the order of ids, which decides how accounts are numbered, does not matter."""
    before = read_dataset(world())
    assert before.messages["is_group"].to_pylist().count(True) > 100
    assert same(named(features(before)), named_already(features(left())))
    model = replace(doors.model(), memory=None)
    one, other = (predict.score(each, model, n_jobs=1, reasons_for="all") for each in (before, left()))
    names = [name for name in one.column_names if name != "score_id"]
    assert same(named(one.select(names)), named_already(other.select(names)))


def named_already(table: pa.Table) -> pa.Table:
    return table.sort_by([("account_id", "ascending"), ("as_of", "ascending")])


def test_of_the_sample_only_what_was_dropped_is_missing(tmp_path):
    """Pictures and texts too: a text hardly longer than twelve pieces may be read as shorter off its signature."""
    before, after = (
        named(features(read_dataset(SAMPLE))),
        named_already(features(made(SAMPLE, tmp_path / "o"))),
    )
    changed = {
        name: before.num_rows - pc.sum(pc.equal(filled(before[name]), filled(after[name]))).as_py()
        for name in before.column_names
        if not before[name].equals(after[name])
    }
    changed = {name: n for name, n in changed.items() if n}
    assert set(DROPPED) <= set(changed)
    few = {name for name in changed if name.startswith("template_") or name == "evidence_template_accounts"}
    assert set(changed) == few
    assert all(changed[name] <= 8 for name in few - set(DROPPED))


def filled(column):
    return (
        pc.fill_null(pc.if_else(pc.is_nan(column), -1.0, column), -1.0)
        if pa.types.is_floating(column.type)
        else column
    )


def test_the_same_id_is_the_same_in_every_table_and_run(tmp_path):
    known = {pseudonym(each, key=KEY) for each in read_dataset(world()).accounts["account_id"].to_pylist()}
    for name, columns in PEOPLE.items():
        for column in columns:
            assert set(left().tables[name][column].to_pylist()) & known, (name, column)
    again = made(world(), tmp_path / "again")
    assert all(same(left().tables[name], again.tables[name]) for name in TABLES)
    others = made(world(), tmp_path / "others", OTHER)
    assert not set(others.accounts["account_id"].to_pylist()) & known
    assert others.messages.num_rows == left().messages.num_rows


def test_equal_names_of_different_kinds_do_not_link(tmp_path):
    x = "same-name"
    tables = rows.arrow(
        rows.tables_of(
            accounts=[rows.account(x, network=x, device=x, country="DE"), rows.account("b")],
            messages=[
                rows.sent("b", x, 1),
                rows.sent("b", x, 2, is_group=True),
                rows.sent(x, "b", 3, is_group=None),
            ],
            labels=[rows.labelled(x, True, 5) | {"campaign": x}],
            evidence=[rows.tied(x, x, 5) | {"source": x}],
        )
    )
    after = made(write_folder(tables, tmp_path / "d"), tmp_path / "o")
    persons, (group,) = after.accounts["account_id"].to_pylist(), groups(after)
    found = [*persons, group]
    found += [after.accounts[name].drop_null().to_pylist()[0] for name in ("network", "device")]
    found += [after.labels["campaign"][0].as_py(), after.evidence["operator"][0].as_py()]
    assert len(set(found)) == len(found) == 7
    assert after.accounts["country"].drop_null().to_pylist() == ["DE"]
    assert after.evidence["source"].null_count == 1
    assert after.accounts["network"].null_count == 1


def groups(dataset):
    return set(
        dataset.messages.filter(pc.fill_null(dataset.messages["is_group"], False))["recipient_id"].to_pylist()
    )


IDS = st.one_of(
    st.lists(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=6), min_size=3, max_size=6, unique=True
    ),
    st.lists(st.integers(0, 2**62), min_size=3, max_size=6, unique=True),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=IDS, seed=st.integers(0, 99))
def test_any_ids_become_pseudonyms_one_to_one(tmp_path, ids, seed):
    rng = random.Random(seed)
    kind = pa.int64() if isinstance(ids[0], int) else pa.string()
    sent = [(*rng.sample(ids, 2), k, rng.random() < 0.3) for k in range(20)]
    tables = rows.tables_of(
        accounts=[rows.account(each, device=rng.choice(["d", None])) for each in ids],
        messages=[rows.sent(one, other, k, is_group=to) for one, other, k, to in sent],
    )
    for name in ("d", "o"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
    folder = write_folder(
        rows.arrow({name: tables[name] for name in ("accounts", "messages")}, ids=kind), tmp_path / "d"
    )
    after = made(folder, tmp_path / "o")
    assert sorted(after.accounts["account_id"].to_pylist()) == sorted(
        pseudonym(each, key=KEY) for each in ids
    )
    expected = [
        (pseudonym(one, key=KEY), pseudonym(other, key=KEY, domain="group" if to else "person"), to)
        for one, other, _, to in sent
    ]
    got = zip(
        *(after.messages[name].to_pylist() for name in ("sender_id", "recipient_id", "is_group")), strict=True
    )
    assert sorted(got) == sorted(expected)


def test_nothing_that_was_there_is_found_in_the_bytes(tmp_path):
    """A canary in every id, text, path, free word, column of nobody's, and in the key."""
    canary, n = "CaNaRy", iter(range(100))

    def word():
        return f"{canary}{next(n)}"

    who = [word() for _ in range(3)]
    tables = rows.tables_of(
        accounts=[rows.account(each, network=word(), device=word()) for each in who],
        messages=[
            rows.sent(who[0], each, k, is_group=k > 3)
            for k, each in enumerate([who[1], who[2], word(), word(), word()])
        ],
        photos=[rows.pictured(who[0], None, 1, photo=f"{canary}.png"), rows.pictured(who[1], "5a" * 32, 1)],
        texts=[
            rows.said(each, f"{canary} I sell golden watches today for half of the price", 1) for each in who
        ]
        + [
            rows.said(who[0], canary, 2, "name"),
            rows.said(who[0], f"{canary} told me a long story in private", 2, "reported"),
        ],
        reports=[rows.reported(who[0], word(), 1)],
        labels=[rows.labelled(who[0], True, 1) | {"campaign": word()}],
        evidence=[rows.tied(who[0], word(), 1) | {"source": word()}],
    )
    made_of = rows.arrow(tables)
    made_of["accounts"] = made_of["accounts"].append_column("note", pa.array([word()] * 3))
    made_of["accounts"] = made_of["accounts"].replace_schema_metadata({"note": word()})
    folder = write_folder(made_of, tmp_path / "d")
    (folder / f"{canary}.png").write_bytes(b"")
    shutil.copy(next((SAMPLE / "photos").iterdir()), folder / f"{canary}.png")
    (folder / "innocent.csv").write_text(f"text,{canary}\nphoto,{'0' * 64}\n")
    for shown in ("fingerprints", "nothing"):
        out = pseudonymise(folder, tmp_path / shown, key=KEY, shown=shown, n_jobs=1).folder
        files = [path for path in out.rglob("*") if path.is_file()]
        assert {path.suffix for path in files} <= {".parquet", ".toml", ".csv"}
        for path in files:
            told = path.read_bytes() + path.name.encode()
            if path.suffix == ".parquet":
                told += str(pq.read_table(path).to_pydict()).encode()  # compressed pages, too
                assert pq.read_schema(path).metadata is None
            assert canary.lower() not in told.decode("latin1").lower(), path
            assert KEY not in told
            assert KEY.hex()[:16].encode() not in told
        assert (
            (out / "texts.parquet").exists() is (out / "photos.parquet").exists() is (shown == "fingerprints")
        )
        found = predict.score(read_dataset(out), n_jobs=1)
        assert found.num_rows == 3


def test_names_and_short_texts_leave_no_signature(tmp_path):
    """Who guesses a name could check the guess by its signature."""
    texts = [rows.said("a", "Ada Lovelace of London and of Ockham Park", 1, "name"), rows.said("a", "Ada", 2)]
    texts += [rows.said("b", "Ada", 3), rows.said("b", None, 4), rows.said("a", "Busy", 5)]
    tables = rows.tables_of(
        accounts=[rows.account("a"), rows.account("b")], messages=[rows.sent("a", "b", 1)], texts=texts
    )
    folder = write_folder(rows.arrow(tables), tmp_path / "d")
    after, other = (made(folder, tmp_path / name, key) for name, key in (("o", KEY), ("p", OTHER)))
    by_time = {row["observed_at"]: row["signature"] for row in after.texts.to_pylist()}
    name, one, two, none, busy = (by_time[each] for each in sorted(by_time))
    assert none is None
    assert one == two
    assert len({tuple(each) for each in (name, one, busy)}) == 3
    assert all(set(each[4:]) == {0} for each in (name, one, busy))
    keyed = {row["observed_at"]: row["signature"] for row in other.texts.to_pylist()}
    assert keyed[sorted(keyed)[0]] != name
    assert extract(after, features=["template_texts"], n_jobs=1).to_arrow()["template_texts"].to_pylist() != [
        0.0,
        0.0,
    ]


def test_the_order_of_rows_does_not_tell_the_order_of_ids(tmp_path):
    ids = [f"{k:05d}" for k in range(200)]
    tables = {"accounts": pa.table({"account_id": ids}), "messages": doors.tables()["messages"].slice(0, 0)}
    after = made(write_folder(tables, tmp_path / "d"), tmp_path / "o").accounts["account_id"].to_pylist()
    assert after == sorted(after)
    assert after != [pseudonym(each, key=KEY) for each in ids]


# ---- messages that do not fit in memory, bad rows ------------------------------------------------------


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_piece_by_piece_is_the_same(tmp_path, monkeypatch, ending):
    few = {name: doors.tables()[name] for name in ("accounts", "messages", "reports")}
    folder = write_folder(few, tmp_path / "d", ending)
    whole = made(folder, tmp_path / "whole")
    monkeypatch.setattr(run, "ROWS", 1000)
    if ending == "parquet":
        pq.write_table(few["messages"], folder / "messages.parquet", row_group_size=700)
    pieces = made(folder, tmp_path / "pieces")
    assert len(list((tmp_path / "pieces" / "messages").iterdir())) > 10
    one, other = (
        sorted(map(tuple, each.messages.to_pandas().astype(str).to_numpy())) for each in (whole, pieces)
    )
    assert one == other
    assert same(named_already(features(whole)), named_already(features(pieces)))


def test_bad_rows_stay_behind_and_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "ROWS", 1000)
    few = {name: doors.tables()[name] for name in ("accounts", "messages", "labels")}
    n, bad = few["messages"].num_rows, few["messages"].slice(0, 3)
    bad = bad.set_column(1, "recipient_id", bad["sender_id"]).set_column(3, "is_group", pa.array([False] * 3))
    few["messages"] = pa.concat_tables([few["messages"], bad.cast(few["messages"].schema)])
    stranger = few["labels"].slice(0, 1).set_column(0, "account_id", pa.array(["nobody"]))
    few["labels"] = pa.concat_tables([few["labels"], stranger.cast(few["labels"].schema)])
    folder = write_folder(few, tmp_path / "d")
    found = pseudonymise(folder, tmp_path / "o", key=KEY)
    expected = read_dataset(folder)
    assert found.counts["messages"] == expected.counts["messages"]
    assert found.counts["messages"].rows_quarantined == 3
    assert found.counts["labels"] == expected.counts["labels"]
    assert "accounts: 300 rows\n" in str(found)
    assert ", 3 bad ones left behind" in str(found)
    assert read_dataset(tmp_path / "o").counts["messages"].rows_quarantined == 0
    with pytest.raises(BadRowsError, match=f"same_account: 3, first at row {n:,} "):
        pseudonymise(folder, tmp_path / "p", key=KEY, max_bad_share=0)
    assert not (tmp_path / "p").exists()


def test_little_data(tmp_path):
    empty = {name: doors.tables()[name].slice(0, 0) for name in ("accounts", "messages", "texts")}
    after = made(write_folder(empty, tmp_path / "d"), tmp_path / "o")
    assert after.given == {"accounts", "messages", "texts"}
    assert after.messages.num_rows == 0
    (tmp_path / "e").mkdir()
    with pytest.raises(SchemaError, match="table 'messages' must be there"):
        pseudonymise(tmp_path / "e", tmp_path / "p", key=KEY)


# ---- whole or not there ---------------------------------------------------------------------------------------------


def test_what_fails_leaves_nothing(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    for where in ("publish", "_settings", "treated"):
        with monkeypatch.context() as patch:
            patch.setattr(run, where, full)
            with pytest.raises(OutputError, match="must be writable; got: No space left"):
                pseudonymise(SAMPLE, tmp_path / "o", key=KEY, shown="nothing")
        assert [path.name for path in tmp_path.iterdir()] == [".o.lock"]
    (tmp_path / "o").mkdir()
    assert pseudonymise(SAMPLE, tmp_path / "o", key=KEY, shown="nothing").folder == tmp_path / "o"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".o.lock", "o"]


KILLED = """
import os, signal, sys
from spamclf.pseudonymise import pseudonymise, run
folder, out, key, where = sys.argv[1:]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(run, where, die)
pseudonymise(folder, out, key=bytes.fromhex(key), shown="nothing", n_jobs=1)
"""


@pytest.mark.parametrize("where", ["_others", "publish"])
def test_what_a_killed_run_left_is_no_output_and_goes_with_the_next(tmp_path, where):
    tables = {name: doors.tables()[name] for name in ("accounts", "messages")}
    folder, out = write_folder(tables, tmp_path / "d"), tmp_path / "o"
    call = [sys.executable, "-c", KILLED, *map(str, (folder, out)), KEY.hex(), where]
    assert subprocess.run(call, timeout=120, check=False).returncode == -signal.SIGKILL
    assert sorted(path.name for path in tmp_path.iterdir()) == [".o.half", ".o.lock", "d"]
    with pytest.raises(DataFileError, match="got nothing"):
        read_dataset(out)
    made = pseudonymise(folder, out, key=KEY, shown="nothing", n_jobs=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".o.lock", "d", "o"]
    assert read_dataset(out).messages.num_rows == made.counts["messages"].rows_used


def test_refusals(tmp_path):
    folder = write_folder({"accounts": doors.tables()["accounts"].slice(0, 1)}, tmp_path / "d")
    for out in (folder, folder / "messages", folder / ".." / "d"):
        with pytest.raises(OutputError, match="must lie outside of the dataset's folder"):
            pseudonymise(folder, out, key=KEY)
    with pytest.raises(OutputError, match="its folder must exist"):
        pseudonymise(folder, tmp_path / "none" / "o", key=KEY)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    for taken in ("full", "full/x"):
        with pytest.raises(OutputError, match="must be a new or an empty folder"):
            pseudonymise(folder, tmp_path / taken, key=KEY)
    with pytest.raises(ParameterError, match="shown must be one of"):
        pseudonymise(folder, tmp_path / "o", key=KEY, shown="all")


# ---- the command -----------------------------------------------------------------------------------------------------


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.delenv("SPAMCLF_KEY", raising=False)
    (tmp_path / "key").write_text(KEY.hex())
    (tmp_path / "key").chmod(0o644)
    done = cli(
        "pseudonymise",
        SAMPLE,
        "--out",
        tmp_path / "one",
        "--key-file",
        tmp_path / "key",
        "--shown",
        "nothing",
    )
    assert done.exit_code == 0
    (said,) = done.stderr.splitlines()
    assert said.startswith(
        "Warning: pseudonymise: the key file should be its owner's alone; got one that others"
    )
    assert "messages: 40,782 rows" in done.stdout
    assert "can tell who somebody is" in done.stdout
    monkeypatch.setenv("SPAMCLF_KEY", KEY.hex())
    assert cli("pseudonymise", SAMPLE, "--out", tmp_path / "two", "--shown", "nothing").exit_code == 0
    one, two = (read_dataset(tmp_path / name) for name in ("one", "two"))
    assert same(one.messages, two.messages)


def test_the_command_refuses_without_showing_the_key(tmp_path, monkeypatch):
    monkeypatch.delenv("SPAMCLF_KEY", raising=False)
    refused = cli("pseudonymise", SAMPLE, "--out", tmp_path / "o")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "got neither. Make one:" in refused.stderr
    (tmp_path / "key").write_text("my-secret-password")
    refused = cli("pseudonymise", SAMPLE, "--out", tmp_path / "o", "--key-file", tmp_path / "key")
    assert refused.exit_code == 2
    assert "my-secret" not in refused.stderr
    assert not (tmp_path / "o").exists()
