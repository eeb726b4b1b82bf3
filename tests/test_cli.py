"""The command line: what it prints, how it ends, and that no run leaves half an output."""

from __future__ import annotations

import csv
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from spamclf import Dataset, find, load_model, predict, read_dataset, train
from spamclf.cli import main
from spamclf.files import hold
from spamclf.model import HonestScores
from spamclf.model.card_labels import thin_parts
from spamclf.schema import TABLES
from tests import doors
from tests.doors import COMPILING, ROOT, SAMPLE, by_account, cli, cli_process, same, tables, write_folder

IDS = [
    "00123",
    "+491701234567",
    "12345678901234567890",
    "9" * 40,
    "ünï-😀",
    " a ",
    "1e5",
    "nan",
    "NULL",
    "-0",
    "a;b",
    'q"',
]
FEW = ("accounts", "messages")
#: `doors.SMALL` as options.
SMALL_OPTIONS = ("--fpr", "0.05", "--confidence", "none", "--split-campaigns")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The simulated world as a folder."""
    return write_folder(tables(), tmp_path_factory.mktemp("world"))


def test_train_warns_of_a_part_without_campaigns_once_and_by_its_options(world, tmp_path, monkeypatch):
    count = {
        "automated": 9,
        "honest": 50,
        "rows": 60,
        "campaigns": 3,
        "in_campaigns": 9,
        "largest_campaign": 5,
    }
    none = count | {"campaigns": 0, "in_campaigns": 0, "largest_campaign": 0}
    parts = {"train": count, "calibration": count, "test": none}
    info = doors.model().info | {"whole_campaigns": True, "counts": parts}

    def fit(*_, **__):
        warnings.warn(f"fit: {thin_parts(info)}", stacklevel=2)
        return replace(doors.model(), info=info)

    monkeypatch.setattr(train, "fit", fit)
    result = cli("train", world, "--out", tmp_path / "m")
    assert result.exit_code == 0, (result.stdout, result.stderr)
    (said,) = re.findall("^  warning: (.*)$", result.stdout, re.M)
    assert "got 3 and 0 (train: 3)" in said
    assert "--split-campaigns lets parts share it" in said
    assert "Warning" not in result.stderr


def files_in(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def refused(result, code=1):
    """The one message of a refusal; nothing on stdout, no traceback."""
    assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr, result.exception)
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr
    return result.stderr


def done(result):
    assert result.exit_code == 0, (result.stdout, result.stderr, result.exception)
    assert result.stderr in ("", COMPILING)
    return result.stdout


def balance(text):
    """The line that says what became of all rows: in, used, in quarantine, repeated."""
    numbers = re.search(
        r"([\d,]+) rows in = ([\d,]+) used \+ ([\d,]+) in quarantine \+ ([\d,]+) repeated messages?", text
    )
    assert numbers, text
    return [int(number.replace(",", "")) for number in numbers.groups()]


def rows_of(text):
    """The rows of the table that `score` prints: account and top reason."""
    lines = text.splitlines()
    head = next(line for line in lines if line.lstrip().startswith("score "))
    account, reason = head.index("account"), head.index("top reason")
    rows = [line for line in lines if re.match(r" [01]\.\d{4}  ", line)]
    return [(row[account:reason].strip(), row[reason:].strip()) for row in rows]


# ---- help and codes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [None, *main.commands])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_has_examples(command, flag):
    text = done(cli(*filter(None, [command]), flag))
    assert "Example" in text
    assert f"  spamclf {command or 'score'} " in text
    for parameter in main.commands[command].params if command else []:
        if parameter.param_type_name == "option" and parameter.name != "help":
            assert (parameter.help or "").strip().endswith("."), f"{parameter.name} needs a sentence of help"


def test_exit_codes_are_told():
    assert "Exit codes: 0" in done(cli("--help"))


def test_version():
    import spamclf

    assert spamclf.__version__ in done(cli("--version"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["score"],
        ["score", "FOLDER", "--no-such-option"],
        ["score", "FOLDER", "--top", "-1"],
        ["score", "FOLDER", "--reasons", "x"],
        ["score", "FOLDER", "--jobs", "0"],
        ["score", "FOLDER", "--as-of", "soon"],
        ["score", "FOLDER", "--time-unit", "h"],
        ["score", "FOLDER", "--max-bad-share", "2"],
        ["score", "FOLDER", "--out", "scores.txt"],
        ["train", "FOLDER"],
        ["train", "FOLDER", "--out", "m", "--fpr", "7"],
        ["train", "FOLDER", "--out", "m", "--features", "no_such_family"],
        ["train", "FOLDER", "--out", "m", "--features", ""],
        ["train", "FOLDER", "--out", "m", "--random-state", "-1"],
        ["train", "FOLDER", "--out", "m", "--fpr", "0"],
        ["train", "FOLDER", "--out", "m", "--fpr", "1e-320"],
        ["train", "FOLDER", "--out", "m", "--fpr", "few"],
        ["train", "FOLDER", "--out", "m", "--confidence", "1"],
        ["train", "FOLDER", "--out", "m", "--confidence", "nan"],
        ["train", "FOLDER", "--out", "m", "--unlabelled", "2"],
        ["train", "FOLDER", "--out", "m", "--label-noise", "0.5"],
        ["train", "FOLDER", "--out", "m", "--label-noise", "spam=0.1"],
        ["train", "FOLDER", "--out", "m", "--label-noise", "honest=0.1,honest=0.2"],
        ["train", "FOLDER", "--out", "m", "--label-noise", "honest=0.1,0.2"],
        ["train", "FOLDER", "--out", "m", "--search", "-1"],
        ["simulate", "out", "--accounts", "1"],
    ],
)
def test_a_wrong_command_ends_with_2(world, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    refused(cli(*(str(world) if each == "FOLDER" else each for each in arguments)), code=2)
    assert files_in(tmp_path) == []


def test_refusals_come_before_any_work(world, tmp_path, monkeypatch):
    """An output that cannot be, or an argument out of range, is refused without a look at the data."""

    def no_work(*_, **__):
        raise AssertionError("work was begun")

    monkeypatch.setattr("spamclf.folders.read_dataset", no_work)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "manifest.json").touch()
    assert "must end in .parquet or .csv; got 's.xlsx'" in refused(
        cli("score", world, "--out", tmp_path / "s.xlsx"), 2
    )
    assert "folder must exist" in refused(cli("score", world, "--out", tmp_path / "none" / "s.csv"))
    assert "none of the dataset's tables" in refused(cli("score", world, "--out", world / "messages.csv"))
    assert "hold no model yet" in refused(cli("train", world, "--out", tmp_path / "old"))
    monkeypatch.chdir(tmp_path)
    for inside in ("", world, world / ".." / world.name, world / "messages", world / "photos" / "m"):
        for more in ((), ("--overwrite",)):
            message = refused(cli("train", world, "--out", inside, *more))
            assert "a model must have a folder of its own" in message
    for name, value in (("fpr", "7"), ("confidence", "1"), ("label-noise", "automated=x")):
        assert f"--{name} must be between" in refused(
            cli("train", world, "--out", tmp_path / "m", f"--{name}", value), 2
        )
    assert "Did you mean fan_out" in refused(
        cli("train", world, "--out", tmp_path / "m", "--features", "fan_ot"), 2
    )
    assert "--as-of must be an instant" in refused(
        cli("train", world, "--out", tmp_path / "m", "--as-of", "x"), 2
    )
    assert files_in(tmp_path) == ["old"]


@pytest.mark.parametrize("command", ["describe", "score"])
def test_no_dataset_there(tmp_path, command):
    assert "must be a folder; got nothing" in refused(cli(command, tmp_path / "none"))
    assert "table 'accounts' must be there; got nothing" in refused(cli(command, tmp_path))


# ---- what the commands do ----------------------------------------------------------------------------------------


def test_describe(world):
    text = done(cli("describe", world))
    assert all(section in text for section in ("What is there", "What is wrong", "Data dictionary"))
    rows = sum(table.num_rows for table in tables().values())
    assert balance(text) == [rows, rows, 0, 0]


def test_train_and_score(world, tmp_path):
    text = done(
        cli(
            "train",
            world,
            "--out",
            tmp_path / "models" / "m",
            *SMALL_OPTIONS,
            "--features",
            "send_rate, fan_out",
            "--random-state",
            3,
        )
    )
    assert "roc_auc" in text
    assert "no certificate: 0.05 of honest accounts is an estimate" in text
    assert "one-feature rules:" in text
    assert "tree of depth 3:" in text
    assert balance(text)[0] == balance(text)[1]
    model = load_model(tmp_path / "models" / "m")
    assert {name.split("_")[0] for name in model.feature_names} == {"send", "fan"}
    assert model.info["random_state"] == 3

    out = tmp_path / "s.parquet"
    text = done(
        cli("score", world, "--model", tmp_path / "models" / "m", "--out", out, "--top", 4, "--reasons", 2)
    )
    expected = predict.score(read_dataset(world), model, n_reasons=2)
    assert same(pq.read_table(out), expected)
    judged = [row for row in expected.to_pylist() if row["verdict"] != "insufficient_data"]
    best = sorted(judged, key=lambda row: (-row["score"], row["account_id"]))[:4]
    assert rows_of(text) == [
        (row["account_id"], row["reasons"][0]["sentence"] if row["reasons"] else "") for row in best
    ]
    assert not any(reason["sentence"] in text for row in best for reason in row["reasons"][1:])
    told = done(
        cli("score", world, "--model", tmp_path / "models" / "m", "--top", 4, "--reasons", 2, "--all-reasons")
    )
    assert all(reason["sentence"] in told for row in best for reason in row["reasons"])
    assert rows_of(told) == rows_of(text)
    assert f"(model {model.name}, threshold {model.threshold:.4f})" in text
    assert f"{expected.num_rows} scores written to {out}" in text
    again = ["train", world, "--out", tmp_path / "models" / "m", *SMALL_OPTIONS, "--features", "send_rate"]
    assert cli(*again).exit_code == 1
    done(cli(*again, "--overwrite"))
    assert {name.split("_")[0] for name in load_model(tmp_path / "models" / "m").feature_names} == {"send"}


def test_the_thresholds_of_segments_are_told_by_their_range(world, tmp_path):
    code = np.arange(1000)
    honest = HonestScores.of(code, np.where(code < 100, 0.9, 0.1), {"business": code < 100})
    replace(doors.model(), honest=honest).certify(fpr=0.2, confidence=0.5).save(tmp_path / "m")
    text = done(cli("score", world, "--model", tmp_path / "m"))
    assert f"(model {doors.model().name}, thresholds 0.1000 to 0.9000, by segment)" in text
    bare = write_folder({name: tables()[name] for name in ("messages",)}, tmp_path / "bare")
    write_folder({"accounts": tables()["accounts"].select(["account_id"])}, bare)
    assert ", threshold 0.1000)" in done(cli("score", bare, "--model", tmp_path / "m"))


def test_train_with_a_certificate(tmp_path):
    """The first example of the help, and the balance of what it printed."""
    text = done(
        cli("train", SAMPLE, "--out", tmp_path / "m", "--fpr", 0.1, "--features", "send_rate,fan_out")
    )
    model = load_model(tmp_path / "m")
    assert model.certificate is not None
    assert str(model.certificate) in text
    assert (model.certificate.fpr, model.certificate.confidence) == (0.1, 0.95)
    assert train.summary(model).splitlines()[0] in text
    assert "no certificate" not in text
    assert "one-feature rules:" in text
    assert "tree of depth 3:" in text
    assert model.info["whole_campaigns"] is True
    assert balance(text)[2:] == [0, 0]


def test_an_unknown_tier_is_refused_in_words_of_the_command_line(world, tmp_path):
    message = refused(cli("train", world, "--out", tmp_path / "m", "--tiers", "9"), 2)
    assert "tiers must be some of 0, 1, 2, 3, F; got 9. Use 0 and 1 for a model that sees" in message


def test_a_certificate_beyond_the_data_is_refused(tmp_path):
    """One line, with the code of data that do not suffice, that says what would do; nothing is written."""
    message = refused(cli("train", SAMPLE, "--out", tmp_path / "m", "--features", "send_rate"))
    n, least = re.search(
        r"at least 2,995 for fpr 0\.001 .*; got (\d+)\. .* an fpr of (0\.\d+) or more\.", message
    ).groups()
    assert len(message.splitlines()) == 1
    assert "--confidence none" in message
    assert files_in(tmp_path) == []
    done(cli("train", SAMPLE, "--out", tmp_path / "m", "--features", "send_rate", "--fpr", least))
    assert load_model(tmp_path / "m").certificate.n_accounts == int(n)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--label-noise", "0.1"], {"label_noise": 0.1}),
        (["--label-noise", "automated=0.1, honest=0.01"], {"label_noise": {True: 0.1, False: 0.01}}),
        (["--unlabelled", "0.5"], {"unlabelled": 0.5}),
        (["--search", "9"], {"search": 9}),
        (["--early-stopping"], {"early_stopping": True}),
        (["--split-campaigns"], {"whole_campaigns": False}),
        (["--confidence", "none", "--fpr", "0.2"], {"confidence": None, "fpr": 0.2}),
        (["--confidence", "0.9"], {"confidence": 0.9}),
        (["--no-memory", "--tiers", "0, 1"], {"memory": False, "tiers": ("0", "1")}),
        (
            ["--history-days", "7", "--as-of", "2026-05-20"],
            {"history_days": 7.0, "as_of": 1_779_235_200_000_000},
        ),
    ],
    ids=str,
)
def test_options_of_training_reach_it(world, tmp_path, monkeypatch, options, told):
    usual = {
        "as_of": None, "features": None, "tiers": None, "history_days": 30.0, "fpr": 0.001, "confidence": 0.95,
        "whole_campaigns": True, "unlabelled": 0.0, "search": 0, "memory": True, "random_state": 0, "n_jobs": -1,
    }  # fmt: skip
    got, made = {}, doors.model()

    def fit(dataset, *, progress, **settings):
        got.update(settings)
        return made

    monkeypatch.setattr("spamclf.train.fit", fit)
    done(cli("train", world, "--out", tmp_path / "m", *options))
    assert got == usual | told


def test_training_tells_a_terminal_how_it_goes_on(world, tmp_path, monkeypatch):
    made = doors.model()

    def fit(dataset, *, progress, **settings):
        progress("boosting ...")
        return made

    monkeypatch.setattr("spamclf.train.fit", fit)
    monkeypatch.setattr("spamclf.cli.models.say", lambda text: click.echo(text, err=True))
    result = cli("train", world, "--out", tmp_path / "m")
    assert result.exit_code == 0
    assert [line for line in result.stderr.splitlines() if line.endswith("...")] == [
        "reading ...",
        "boosting ...",
    ]


def test_as_of(world, tmp_path):
    out = tmp_path / "s.parquet"
    text = done(cli("score", world, "--as-of", "2026-05-10T02:00:00+02:00", "--out", out))
    assert "as of 2026-05-10 00:00:00 UTC" in text
    assert same(pq.read_table(out), predict.score(read_dataset(world), as_of="2026-05-10"))


def test_simulate(tmp_path):
    text = done(cli("simulate", tmp_path / "w", "--accounts", 20, "--days", 3))
    assert [line.split(":")[0] for line in text.splitlines()] == list(TABLES)
    done(cli("score", tmp_path / "w"))


def test_the_same_dataset_as_csv_and_in_any_unit(tmp_path):
    """Row 6: the scores do not depend on how the tables were stored."""
    whole = tables()["messages"].select(["sender_id", "recipient_id", "sent_at", "is_group", "delivered"])
    whole = whole.set_column(2, "sent_at", pc.floor_temporal(whole["sent_at"], unit="second"))
    accounts = tables()["accounts"].select(["account_id", "country", "is_business"])
    found = {}
    for name, ending, kind in [
        ("us", "parquet", pa.timestamp("us", "UTC")), ("ns", "parquet", pa.timestamp("ns", "Europe/Berlin")),
        ("s", "parquet", pa.int64()), ("ms", "csv", pa.int64()), ("iso", "csv", pa.timestamp("s", "UTC")),
    ]:  # fmt: skip
        scale = {"s": 1_000_000, "ms": 1_000}.get(name)
        sent = pc.divide(whole["sent_at"].cast("int64"), scale) if scale else whole["sent_at"].cast(kind)
        folder = write_folder(
            {"accounts": accounts, "messages": whole.set_column(2, "sent_at", sent)}, tmp_path / name, ending
        )
        done(
            cli(
                "score",
                folder,
                "--out",
                tmp_path / f"{name}.parquet",
                *(["--time-unit", name] if scale else []),
            )
        )
        found[name] = pq.read_table(tmp_path / f"{name}.parquet")
    assert all(same(found["us"], table) for table in found.values())


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("into", ["csv", "parquet"])
def test_ids_survive(tmp_path, ending, into):
    """Row 5."""
    sent = pa.array([1_780_000_000_000_000 + k for k in range(len(IDS))], pa.timestamp("us", "UTC"))
    messages = {"sender_id": IDS, "recipient_id": [*IDS[1:], IDS[0]], "sent_at": sent}
    folder = write_folder({"accounts": {"account_id": IDS}, "messages": messages}, tmp_path / "d", ending)
    out = tmp_path / f"s.{into}"
    text = done(cli("score", folder, "--out", out, "--top", 100))
    assert sorted(account for account, _ in rows_of(text)) == sorted(name.strip() for name in IDS)
    if into == "csv":
        with open(out, encoding="utf-8", newline="") as file:
            got = [row["account_id"] for row in csv.DictReader(file)]
    else:
        got = pq.read_table(out)["account_id"].to_pylist()
    assert got == IDS


def test_an_id_cannot_move_the_cursor(tmp_path):
    evil = "a\x1b[2Jb\nspoofed"
    messages = {"sender_id": [evil], "recipient_id": ["b"], "sent_at": [1_780_272_000]}
    folder = write_folder({"accounts": {"account_id": [evil]}, "messages": messages}, tmp_path / "d")
    text = done(cli("score", folder, "--time-unit", "s"))
    assert "\x1b" not in text
    assert repr(evil) in text


# ---- rows 7 and 8: bad rows and little data ----------------------------------------------------------------------


def test_rows_in_are_rows_used_and_quarantined_and_repeated(tmp_path):
    """Row 7: below the limit the run goes on and says so; above it nothing is written."""
    messages, n = tables()["messages"], tables()["messages"].num_rows
    bad = messages.filter(pc.invert(messages["is_group"])).slice(0, 7)
    bad = bad.set_column(1, "recipient_id", bad["sender_id"])  # written to oneself
    extended = pa.concat_tables([messages, messages.slice(0, 5), bad.cast(messages.schema)])
    folder = write_folder({"accounts": tables()["accounts"], "messages": extended}, tmp_path / "d")
    rows = tables()["accounts"].num_rows + n + 12
    for arguments in (
        ["describe", folder],
        ["score", folder],
        ["score", folder, "--out", tmp_path / "s.csv"],
    ):
        assert balance(done(cli(*arguments))) == [rows, rows - 12, 7, 5]
    (tmp_path / "s.csv").unlink()
    share = 5 / (n + 12)
    for arguments in (
        ["score", folder, "--out", tmp_path / "s.csv"],
        ["train", folder, "--out", tmp_path / "m"],
    ):
        message = refused(cli(*arguments, "--max-bad-share", share))
        assert "7" in message
        assert "sender_id" in message or "same_account" in message
    assert files_in(tmp_path) == ["d"]


def nothing(name):
    return tables()[name].slice(0, 0)


def nulls(name, *columns):
    table = tables()[name]
    for column in columns or [column.name for column in TABLES[name].columns if column.nullable]:
        place = table.column_names.index(column)
        table = table.set_column(place, column, pa.nulls(table.num_rows, table.field(column).type))
    return table


LITTLE = {
    "nothing at all": lambda: {name: nothing(name) for name in TABLES},
    "no accounts, no messages": lambda: {name: nothing(name) for name in FEW},
    "accounts without messages": lambda: tables() | {"messages": nothing("messages")},
    "messages without accounts": lambda: {"accounts": nothing("accounts"), "messages": tables()["messages"]},
    "one row each": lambda: {name: tables()[name].slice(0, 1) for name in ("accounts", "messages")},
    "no labels": lambda: {name: tables()[name] for name in FEW},
    "one class": lambda: (
        tables() | {"labels": tables()["labels"].filter(pc.field("is_automated") == True)}  # noqa: E712
    ),
    "nulls wherever they may be": lambda: {name: nulls(name) for name in TABLES},
    "only what must be there": lambda: {
        name: tables()[name].select([column.name for column in TABLES[name].columns if not column.nullable])
        for name in TABLES
    },
    "senders all null": lambda: tables() | {"messages": nulls("messages", "sender_id")},
    "labels all null": lambda: tables() | {"labels": nulls("labels", "is_automated")},
    "no table of messages": lambda: {"accounts": tables()["accounts"]},
}
#: What each command says of them; None: it does its work.
SAYS = {
    "nothing at all": (None, "labels must be known", "--as-of must be given"),
    "no accounts, no messages": (None, "labels must be known", "--as-of must be given"),
    "accounts without messages": (None, "must have sent messages", None),
    "messages without accounts": (None, "labels must be known", None),
    "one row each": (None, "labels must be known", None),
    "no labels": (None, "labels must be known", None),
    "one class": (None, "at least 5 honest accounts; got 0", None),
    "nulls wherever they may be": (None, None, None),
    "only what must be there": (None, None, None),
    "senders all null": ("sender_id", "sender_id", "sender_id"),
    "labels all null": ("is_automated", "is_automated", "is_automated"),
    "no table of messages": ("table 'messages' must be there",) * 3,
}


@pytest.mark.parametrize("case", LITTLE)
def test_little_data(tmp_path, case):
    """Row 8: a valid result, or an error that says what is missing."""
    folder = write_folder(LITTLE[case](), tmp_path / "d")
    commands = (
        ["describe", folder],
        ["train", folder, "--out", tmp_path / "m", "--features", "send_rate", *SMALL_OPTIONS],
        ["score", folder, "--out", tmp_path / "s.parquet"],
    )
    for command, says in zip(commands, SAYS[case], strict=True):
        result = cli(*command)
        if says is None:
            done(result)
        else:
            assert says in refused(result), command[0]
            assert len(result.stderr.splitlines()) <= 3
    assert (tmp_path / "s.parquet").exists() == (SAYS[case][2] is None)
    assert (tmp_path / "m").exists() == (SAYS[case][1] is None)


def test_no_accounts_are_a_result_at_an_instant(tmp_path):
    folder = write_folder(LITTLE["no accounts, no messages"](), tmp_path / "d")
    text = done(cli("score", folder, "--as-of", "2026-06-01", "--out", tmp_path / "s.csv"))
    assert "no accounts" in text
    assert len((tmp_path / "s.csv").read_text().splitlines()) == 1


# ---- row 23: what must never be told -----------------------------------------------------------------------------

CANARY = "CANARYxq7"


def marked(word):
    """The world with a canary in every string that somebody might tell: ids, texts, networks, campaigns.

    But for the country of the number, which names a segment of the certificate.
    """
    marked = {}
    for name, table in tables().items():
        for column in TABLES[name].columns:
            free = column.type in ("id", "string") and not column.choices and not column.pattern
            if free and column.name != "country":
                place = table.column_names.index(column.name)
                values = pc.binary_join_element_wise(word, table[column.name].cast(pa.string()), "")
                table = table.set_column(place, column.name, values)
        marked[name] = table
    return marked


def test_no_canary_in_models_and_messages(tmp_path):
    """Row 23: ids stand in results alone, texts nowhere."""
    folder = write_folder(marked(CANARY), tmp_path / "d")
    assert CANARY not in done(cli("describe", folder))
    assert CANARY not in done(cli("train", folder, "--out", tmp_path / "m", *SMALL_OPTIONS))
    files = [path for path in (tmp_path / "m").iterdir() if path.is_file()]
    kinds = sorted(re.sub(r"-[0-9a-f]{16}", "", path.name) for path in files if path.suffix != ".lock")
    assert kinds == [
        "card.md", "honest.safetensors", "manifest.json", "memory.safetensors", "reference.safetensors",
        "trees.safetensors",
    ]  # fmt: skip
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]
    result = cli("score", folder, "--out", tmp_path / "s.csv")
    shown = re.findall(rf"{CANARY}\S*", done(result))
    assert shown
    assert set(shown) <= set(marked(CANARY)["accounts"]["account_id"].to_pylist())
    texts = {text.encode() for text in marked(CANARY)["texts"]["text"].drop_null().to_pylist()}
    assert not [text for text in texts if text in (tmp_path / "s.csv").read_bytes()]


def broken():
    """Ways to be refused, with a canary in every string."""
    whole = marked(CANARY)
    messages, accounts, labels = whole["messages"], whole["accounts"], whole["labels"]
    k = messages.column_names.index("sent_at")
    words = pa.array([CANARY] * messages.num_rows)
    twice = pa.concat_tables([accounts] * 2)
    to_oneself = messages.set_column(1, "recipient_id", messages["sender_id"])
    stranger = labels.set_column(0, "account_id", pa.array([f"{CANARY}{n}" for n in range(labels.num_rows)]))
    return {
        "times are words": whole | {"messages": messages.set_column(k, "sent_at", words)},
        "a flag is a word": whole
        | {"labels": labels.set_column(1, "is_automated", words.slice(0, labels.num_rows))},
        "accounts twice": whole | {"accounts": twice},
        "to oneself": whole | {"messages": to_oneself},
        "unknown accounts": whole | {"labels": stranger},
        "another column": whole | {"messages": messages.rename_columns(["from", *messages.column_names[1:]])},
        "one class": whole
        | {"labels": labels.set_column(1, "is_automated", pa.array([True] * labels.num_rows))},
    }


@pytest.mark.parametrize("case", broken())
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_no_canary_in_errors(tmp_path, case, ending):
    """Row 23."""
    chosen = {
        name: table if ending == "parquet" or name != "texts" else table.drop_columns(["signature"])
        for name, table in broken()[case].items()
    }
    folder = write_folder(chosen, tmp_path / "d", ending)
    message = refused(cli("train", folder, "--out", tmp_path / "m", "--features", "send_rate"))
    assert CANARY not in message
    assert not (tmp_path / "m").exists()


# ---- processes ---------------------------------------------------------------------------------------------------


def test_in_a_pipe_it_prints_results_alone():
    run = cli_process("score", SAMPLE, "--top", "1")
    assert run.returncode == 0
    assert run.stderr in ("", COMPILING)
    assert run.stdout == cli("score", SAMPLE, "--top", "1").stdout
    assert not re.search(r"account/s|\r|\x1b", run.stdout)


def test_a_refusal_ends_with_a_line_and_1(tmp_path):
    run = cli_process("score", tmp_path)
    assert (run.returncode, run.stdout) == (1, "")
    assert re.fullmatch(r"Error: .* must be there; got nothing\. Add .*\n", run.stderr)


def test_nobody_can_take_what_it_prints():
    with open("/dev/full", "w") as full:
        run = cli_process("describe", SAMPLE, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert run.returncode == 1
    message = "Error: output: it must be writable; got: No space left on device. Check where it goes"
    assert run.stderr.removeprefix(COMPILING) == f"{message} and the free space.\n"


def test_a_reader_that_has_seen_enough():
    read, write = os.pipe()
    os.close(read)
    run = cli_process("describe", SAMPLE, capture_output=False, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert "Traceback" not in run.stderr
    assert "Error" not in run.stderr


def test_a_second_run_is_told_who_holds_the_output(world, tmp_path):
    """Row 16."""
    out = tmp_path / "s.parquet"
    with hold(out):
        message = refused(cli("score", world, "--out", out))
    assert f"s.parquet: the output must be free; got one held by process {os.getpid()} on " in message
    assert files_in(tmp_path) == []
    done(cli("score", world, "--out", out))
    with hold(tmp_path / "m"):
        assert "m: the output must be free" in refused(cli("train", world, "--out", tmp_path / "m"))
    assert files_in(tmp_path) == ["s.parquet"]


@pytest.mark.slow
def test_two_runs_on_one_output(world, tmp_path):
    """Row 16: started together, both end well or one is told of the other; the output is whole."""
    out = tmp_path / "s.parquet"
    command = [sys.executable, "-m", "spamclf", "score", world, "--out", out]
    runs = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in "ab"
    ]
    ends = {run.pid: (*run.communicate(timeout=600), run.returncode) for run in runs}
    codes = sorted(code for _, _, code in ends.values())
    assert codes in ([0, 0], [0, 1])
    for pid, (_, stderr, code) in ends.items():
        if code:
            (other,) = ends.keys() - {pid}
            assert f"held by process {other} on" in stderr
    assert same(pq.read_table(out), predict.score(read_dataset(world)))


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_no_file_may_grow_further(world, tmp_path, ending):
    """Row 16: the system refuses to write beyond a size, as a full disk does, at one write after another."""
    out = tmp_path / f"s.{ending}"
    done(cli("score", world, "--out", out))
    size = out.stat().st_size
    out.write_text("old")
    for limit in (0, 50, 100, 1_000, size // 2, size - 1):
        run = cli_process(
            "score",
            world,
            "--out",
            out,
            preexec_fn=lambda n=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (n, n)),
        )
        assert run.returncode == 1, (limit, run)
        assert re.search(
            rf"Error: s\.{ending}: the output must be writable; got: .*File too large", run.stderr
        ), limit
        assert "Traceback" not in run.stderr
        assert out.read_text() == "old"
        assert files_in(tmp_path) == [out.name]


#: Ends its own process at the n-th event that Python's audit hooks see from the first temporary file on.
KILL = """
import os, signal, sys
left = int(sys.argv.pop(1))
def count(event, arguments):
    global left, writing
    writing = writing or event == "tempfile.mkstemp"
    if writing and event.startswith(("open", "os.", "tempfile")):
        left -= 1
        if left < 0:
            writing = False  # the kill is such an event, too
            os.kill(os.getpid(), signal.SIGKILL)
writing = False
sys.addaudithook(count)
from spamclf.cli import main
main(prog_name="spamclf")
"""


@pytest.mark.slow
def test_killed_at_any_point(world, tmp_path):
    """Row 15: afterwards the old output, the new one or none; run again, the same file as if nothing had been."""
    out, clean = tmp_path / "s.parquet", tmp_path / "clean.parquet"
    took = 600.0
    for _ in "ab":  # the first run may have to compile the kernels
        began = time.monotonic()
        assert cli_process("score", world, "--out", clean).returncode == 0
        took = min(took, time.monotonic() - began)
    rng = random.Random(15)
    killed, found = 0, []
    points: list[tuple[str, float]] = [("event", n) for n in range(9)]
    points += [("time", rng.uniform(0.2, 1.1) * took) for _ in range(11)]
    for k, (kind, point) in enumerate(points):
        out.unlink(missing_ok=True)
        if k % 2:
            out.write_bytes(b"old")
        command = ["score", str(world), "--out", str(out)]
        start = (
            [sys.executable, "-c", KILL, str(point)] if kind == "event" else [sys.executable, "-m", "spamclf"]
        )
        run = subprocess.Popen(
            [*start, *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            run.wait(timeout=600 if kind == "event" else point)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
        killed += kind == "event" and run.returncode == -signal.SIGKILL
        state = out.read_bytes() if out.exists() else b""
        assert state in (b"old" if k % 2 else b"", clean.read_bytes())
        found.append(state[:4])
        assert cli_process("score", world, "--out", out).returncode == 0
        assert out.read_bytes() == clean.read_bytes()
    assert killed >= 6
    assert {b"", b"old", b"PAR1"} <= set(found)
    assert not [
        name for name in files_in(tmp_path) if name[0] != "." and name not in ("s.parquet", "clean.parquet")
    ]


def test_the_sample_scores():
    """What a first look shows: the shipped model on the shipped sample, in the words of the README."""
    text = done(cli("score", SAMPLE, "--top", "3"))
    assert len(re.findall(r"^ \d\.\d{4}  automated ", text, re.M)) == 3
    assert balance(text)[2:] == [0, 0]
    assert by_account(predict.score(Dataset(**tables()), n_reasons=0))
    assert Path(SAMPLE / "README.md").exists()
    assert np.isfinite(balance(text)).all()


def test_scores_never_replace_a_part_of_a_table(tmp_path: Path) -> None:
    for name in ("accounts", "messages"):
        (tmp_path / "ds" / name).mkdir(parents=True)
        shutil.copy(f"data/sample/{name}.parquet", tmp_path / "ds" / name / "part-0.parquet")
    for out in ("accounts/part-0.parquet", "messages/scores.parquet", "labels.csv"):
        done = CliRunner().invoke(main, ["score", str(tmp_path / "ds"), "--out", str(tmp_path / "ds" / out)])
        assert done.exit_code == 1
        assert "none of the dataset's tables" in done.output


def test_simulate_leaves_a_folder_with_files_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a")
    done = CliRunner().invoke(main, ["simulate", str(tmp_path), "--accounts", "20", "--days", "3"])
    assert done.exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]
    done = CliRunner().invoke(
        main, ["simulate", str(tmp_path), "--accounts", "20", "--days", "3", "--overwrite"]
    )
    assert done.exit_code == 0


@pytest.mark.parametrize("command", ["score", "report", "campaigns"])
def test_an_empty_look_back_is_told(command: str, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "r.html"), "--changes", "0"] if command == "report" else []
    for as_of, doubted in (("2020-01-01", True), ("2026-05-30", False)):
        run = cli(command, "data/sample", "--as-of", as_of, *out)
        assert run.exit_code == 0
        assert ("Warning: the look-back holds 0 of" in run.stderr) == doubted
        assert "Warning" not in run.stdout


# ---- campaigns ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A world in which strangers share texts, some of them hostile, and photos of which only hashes are known."""
    whole = dict(tables())
    ids = whole["accounts"]["account_id"].to_pylist()
    at = pa.array([1_778_000_000_000_000 + k for k in range(16)], pa.timestamp("us", "UTC"))
    spoken = [
        "=HYPERLINK(1) call +49 170 1234567 now for more",
        "\x1b[2J\x1b[31mwin 500 euro a day from home today",
    ]
    texts = {
        "account_id": ids[:16], "observed_at": at, "source": ["about"] * 16,
        "text": [spoken[0]] * 8 + [spoken[1]] * 8,
    }  # fmt: skip
    return write_folder(whole | {"texts": texts}, tmp_path_factory.mktemp("shared"))


def test_campaigns(shared, tmp_path):
    out, members, sheet = tmp_path / "c.csv", tmp_path / "m.csv", tmp_path / "s.png"
    text = done(cli("campaigns", shared, "--out", out, "--members", members, "--sheet", sheet))
    found = find.campaigns(read_dataset(shared))
    assert text.startswith(find.summary(found))
    assert balance(text)[0] == sum(balance(text)[1:])
    assert f"campaigns written to {out}" in text
    assert "\x1b" not in text
    assert "\\x1b[2J" in text
    ids = set(tables()["accounts"]["account_id"].to_pylist())
    assert not ids & set(re.findall(r"\w+", text))
    with open(out, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(found)
    assert [row["example"][:2] for row in rows if "HYPERLINK" in row["example"]] == ["'="]
    with open(members, encoding="utf-8", newline="") as file:
        assert [row["account_id"] for row in csv.DictReader(file)] == found.members()[
            "account_id"
        ].to_pylist()
    assert sheet.read_bytes()[:4] == b"\x89PNG"


def test_campaigns_are_written_as_they_are_to_parquet(shared, tmp_path):
    done(
        cli("campaigns", shared, "--out", tmp_path / "c.parquet", "--kind", "text, list", "--min-accounts", 2)
    )
    expected = find.campaigns(read_dataset(shared), kinds=["text", "list"], min_accounts=2).table
    assert pq.read_table(tmp_path / "c.parquet").equals(expected)


def test_campaigns_as_of(shared):
    assert "no campaigns as of 2026-05-02 00:00:00 UTC, 0.5 days back" in done(
        cli("campaigns", shared, "--kind", "text", "--as-of", "2026-05-02", "--history-days", 0.5)
    )


def test_operators_are_named_only_if_asked_for(shared):
    assert "operator-" not in done(cli("campaigns", shared, "--min-accounts", 2))
    assert "operator-" in done(cli("campaigns", shared, "--min-accounts", 2, "--operators"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--kind", "video"],
        ["--kind", ""],
        ["--min-accounts", "0"],
        ["--top", "-1"],
        ["--history-days", "0"],
        ["--as-of", "soon"],
        ["--out", "c.txt"],
        ["--members", "m.png"],
        ["--sheet", "s.jpg"],
        ["--kind", "list", "--sheet", "s.png"],
    ],
)
def test_a_wrong_campaigns_command_ends_with_2(shared, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    refused(cli("campaigns", shared, *arguments), code=2)
    assert files_in(tmp_path) == []


def test_outputs_of_campaigns_are_checked_before_any_work(shared, tmp_path, monkeypatch):
    def no_work(*_, **__):
        raise AssertionError("work was begun")

    monkeypatch.setattr("spamclf.folders.read_dataset", no_work)
    for arguments, says in (
        (["--out", shared / "texts.csv"], "out: it must be none of the dataset's tables"),
        (["--sheet", shared / "photos" / "one.png"], "folder must exist"),
        (["--members", tmp_path / "none" / "m.csv"], "members: its folder must exist"),
        (["--out", tmp_path / "x.csv", "--members", tmp_path / "x.csv"], "out and members: they must differ"),
    ):
        assert says in refused(cli("campaigns", shared, *arguments))


@pytest.mark.parametrize("case", LITTLE)
def test_campaigns_of_little_data(tmp_path, case):
    """Row 8."""
    result = cli("campaigns", write_folder(LITTLE[case](), tmp_path / "d"))
    says = SAYS[case][2]
    if says is None:
        done(result)
    else:
        assert says in refused(result)


def test_no_id_in_what_campaigns_says(tmp_path):
    """Row 23: ids stand in --members alone; texts of names and reports nowhere."""
    whole = marked(CANARY)
    private = pc.is_in(whole["texts"]["source"], pa.array(["name", "reported"]))
    whole["texts"] = whole["texts"].filter(private)
    folder = write_folder(whole, tmp_path / "d")
    assert CANARY not in done(
        cli("campaigns", folder, "--out", tmp_path / "c.csv", "--members", tmp_path / "m.csv")
    )
    assert CANARY not in (tmp_path / "c.csv").read_text()
    assert CANARY in (tmp_path / "m.csv").read_text()


def test_no_canary_in_refusals_of_campaigns(tmp_path):
    whole = marked(CANARY)
    photos = whole["photos"].drop_columns(["photo_hash"])
    photos = photos.set_column(2, "photo", pa.array([f"{CANARY}{k}.jpg" for k in range(photos.num_rows)]))
    folder = write_folder(whole | {"photos": photos}, tmp_path / "d")
    message = refused(cli("campaigns", folder))
    assert "photo" in message
    assert CANARY not in message


def test_messages_speak_of_options(tmp_path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "accounts.csv").write_text("account_id\na\nb\n")
    (tmp_path / "w" / "messages.csv").write_text("sender_id,recipient_id,sent_at\na,b,2026-05-01 10:00:00\n")
    message = refused(cli("describe", tmp_path / "w"), code=1)
    assert "State it: --time-zone 'Europe/Berlin'" in message
    done(cli("describe", tmp_path / "w", "--time-zone", "Europe/Berlin"))


@pytest.mark.filterwarnings("always::UserWarning")
def test_a_warning_is_a_line_for_people(tmp_path):
    (tmp_path / "messages.csv").write_text("sender_id,recipient_id,sent_at\na,b,1780272000\n")
    (tmp_path / "accounts.csv").write_text("account_id\na\n")
    done = cli("describe", tmp_path, "--time-unit", "ms")
    assert done.exit_code == 0
    (line,) = [each for each in done.stderr.splitlines() if "2000" in each]
    assert line.startswith(
        f"Warning: {tmp_path.name}: messages.sent_at before the year 2000: 1 row of 1, used; in 's'"
    )
    assert ".py" not in done.stderr
