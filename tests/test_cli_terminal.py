"""What a person at a terminal sees: a table that fits, how the work goes on, and what the shell completes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import click
import pytest

from spamclf import load_model
from spamclf.cli import main, scores, shared
from spamclf.cli.shared import apostrophes
from tests.doors import COMPILING, ROOT, SAMPLE, cli, cli_process


def commands(group=main, path=()):
    """Every command, those of groups too."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize(
    ("path", "command"), list(commands()), ids=lambda each: each[0] if isinstance(each, tuple) else ""
)
def test_every_command_has_an_example_that_it_takes(path, command):
    """Its examples name commands and options that there are, and each option says what it does."""
    text = cli(*path, "--help").stdout
    assert re.search(r"^  Examples?:$", text, re.M)
    shown = [
        line
        for line in text.replace("\\\n", " ").splitlines()
        if f"spamclf {' '.join(path)}" in line and "Usage" not in line
    ]
    assert shown
    flags = {flag for each in command.params for flag in (*each.opts, *each.secondary_opts)} | {"--help"}
    if not isinstance(command, click.Group):
        assert all(set(re.findall(r" (--[\w-]+)", line)) <= flags for line in shown), shown
    for each in command.params:
        assert each.param_type_name != "option" or (each.help or "").strip().endswith("."), each.name


@pytest.mark.parametrize("path", [(), ("labels",)])
def test_the_list_of_commands_is_cut_nowhere(path):
    text = cli(*path, "--help").stdout
    assert "..." not in text.split("Commands:")[1]
    assert max(map(len, text.splitlines())) <= 80


# ---- the table of scores --------------------------------------------------------------------------------------


def told(**more):
    row = {"score": 0.5, "verdict": "automated", "account_id": "a", "n_messages": 1234, "reasons": []} | more
    return scores.Told(
        5,
        highest=[row],
        verdicts=scores.Counter(automated=1),
        thresholds=[0.1, 0.1],
        as_of=datetime(2026, 6, 1, tzinfo=UTC),
    )


def test_a_line_of_the_table():
    reasons = [{"sentence": "sent 9 messages"}, {"sentence": "is new"}]
    head, line, total = told(reasons=reasons).text().splitlines()
    assert head == "  score  verdict        messages  account  top reason"
    assert line == " 0.5000  automated         1,234  a        sent 9 messages"
    assert total.startswith("1 accounts as of")
    assert told(reasons=reasons).text(all_reasons=True).splitlines()[2] == " " * 43 + "is new"
    assert told().text().splitlines()[1] == " 0.5000  automated         1,234  a"


def test_a_long_id_does_not_widen_the_table():
    head, line, _ = told(account_id="x" * 100_000, reasons=[{"sentence": "is new"}]).text().splitlines()
    assert line == f" 0.5000  automated         1,234  {'x' * 64}…  is new"
    assert head.index("top reason") == line.index("is new")


def test_ids_that_were_changed_are_told(capsys):
    apostrophes(0)
    assert capsys.readouterr().err == ""
    apostrophes(1)
    assert capsys.readouterr().err.startswith(
        "Warning: 1 id would be a formula in a spreadsheet: an apostrophe"
    )


def test_a_terminal_gets_lines_that_fit_and_a_file_gets_all(monkeypatch):
    text = told(reasons=[{"sentence": "x" * 200}])
    assert "x" * 200 in text.text(width=scores.terminal_width(all_reasons=False))  # no terminal here
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((80, 24)))
    assert scores.terminal_width(all_reasons=True) is None
    lines = text.text(width=scores.terminal_width(all_reasons=False)).splitlines()
    assert len(lines[1]) == 80
    assert lines[1].endswith("xx…")


# ---- how the work goes on --------------------------------------------------------------------------------------------


def test_a_terminal_is_told_how_long_it_took_so_far(monkeypatch, capsys):
    shared.say("boosting ...")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    shared.say("boosting ...")
    assert re.fullmatch(r" +\d+:\d\d  boosting \.\.\.\n", capsys.readouterr().err)


# ---- completion ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell(shell, tmp_path):
    done = cli("completion", shell)
    assert (done.exit_code, done.stderr) == (0, "")
    assert f"_SPAMCLF_COMPLETE={shell}_complete" in done.stdout
    if shutil.which(shell):
        (tmp_path / "script").write_text(done.stdout)
        subprocess.run([shell, "-n", tmp_path / "script"], check=True)


def test_no_other_shell():
    refused = cli("completion", "tcsh")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "bash" in refused.stderr


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("spamclf sc", "score"),
        ("spamclf labels a", "add"),
        ("spamclf score --reasons-for f", "flagged"),
        ("spamclf score --al", "--all-reasons"),
    ],
)
def test_what_is_completed(words, found):
    asked = {"_SPAMCLF_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    run = subprocess.run(
        [sys.executable, "-m", "spamclf"],
        cwd=ROOT,
        env=os.environ | asked,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert f"plain,{found}" in run.stdout.splitlines()


# ---- errors ----------------------------------------------------------------------------------------------------------


def test_errors_follow_the_template(tmp_path):
    """One place, the rule, what there is, what to do; no traceback, nothing on stdout."""
    (tmp_path / "d.json").write_text("{}")
    for arguments in (
        ["labels", "add", tmp_path / "none", tmp_path / "d.json"],
        ["labels", "add", SAMPLE, tmp_path / "d.json", "--out", tmp_path / "labels.parquet"],
        ["labels", "add", SAMPLE, tmp_path / "none.json", "--out", tmp_path / "labels.parquet"],
        ["labels", "add", SAMPLE, tmp_path / "d.json", "--out", tmp_path / "labels.csv"],
        ["pseudonymise", SAMPLE, "--out", tmp_path / "o", "--key-file", tmp_path / "none"],
        ["pseudonymise", SAMPLE, "--out", SAMPLE / "o", "--key-file", tmp_path / "d.json"],
        ["score", SAMPLE, "--model", tmp_path / "none"],
    ):
        run = cli(*arguments)
        assert run.exit_code in (1, 2), run.stdout
        assert run.stdout == ""
        said = run.stderr.replace(COMPILING, "")
        assert re.fullmatch(r"Error: [\w ./'-]+: .* must .*; got[: ].*\..*\n", said), said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["score", SAMPLE, "--jobs", 0], "spamclf: --jobs must be"),
        (["train", SAMPLE, "--out", "m", "--history-days", -1], "fit: --history-days must be above 0"),
        (["train", SAMPLE, "--out", "m", "--as-of", "1999-01-01"], "or a later --as-of."),
        (["simulate", "w", "--accounts", 3], "simulate.world: --accounts must be a whole number from 20"),
        (["simulate", ".", "--accounts", 20], "Choose another, or say --overwrite."),
        (["dossier", SAMPLE, "--out", "d", "--policy-date", "never", "--campaign", "photo 1"], "--policy-date must"),
        (["train", SAMPLE, "--out", "file/m"], "out: the folder must be one that can be made; got 'file'"),
        (["simulate", "file/w", "--accounts", 20, "--days", 3], "the folder must be one that can be made; got 'w'"),
        (["dossier", SAMPLE, "--campaign", "photo 1", "--out", "file/d"], "the folder must be one that can be made"),
        (["labels", "add", SAMPLE, "file"], "file: decisions must be a .json or .csv file; got none of either"),
    ],
)  # fmt: skip
def test_a_refusal_speaks_of_options_and_leaves_nothing(arguments, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    run = cli(*arguments)
    assert run.exit_code in (1, 2)
    assert told in run.stderr
    left = [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")]
    assert left == ["file"]


@pytest.mark.parametrize("command", ["describe", "train", "report", "campaigns", "simulate"])
def test_an_interrupted_command_ends_with_130_and_a_line(command, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("spamclf.folders.read_dataset", interrupted)
    monkeypatch.setattr("spamclf.simulate.world", interrupted)
    out = {"train": ["--out", tmp_path / "m"], "report": ["--out", tmp_path / "r.html"]}.get(command, [])
    run = cli(command, tmp_path / "w" if command == "simulate" else SAMPLE, *out)
    assert (run.exit_code, run.stdout) == (130, "")
    assert run.stderr == "\nInterrupted. No output is left half-written.\n"
    assert all(path.name.endswith(".lock") for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], 0), (["score", "nowhere"], 1), (["score", "-x"], 2)]
)
def test_a_process_ends_when_its_command_does(arguments, code):
    """It waits for no thread that is still at work, but what is to be done at exit is done."""
    script = (
        "import atexit, sys, threading, time\n"
        "from spamclf import cli\n"
        "atexit.register(print, 'done at exit')\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n"
        f"sys.argv = {['spamclf', *arguments]}\n"
        "cli.run()\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == code, run.stderr
    assert run.stdout.splitlines()[-1] == "done at exit"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize(
    ("command", "code"),
    [("--version", 0), ("nosuch", 2), ("describe data/sample", 0), ("score data/sample --top 1", 0)],
)
def test_a_closed_stream_is_nobody_who_reads(command, code, closed):
    shell = f"{sys.executable} -m spamclf {command} {closed}"
    run = subprocess.run(
        shell, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert (run.returncode, "Traceback" in run.stderr) == (code, False), run.stderr
    assert "Error" not in run.stdout  # what is meant for one stream does not go to the other


@pytest.mark.slow
def test_a_search_in_several_processes_ends_with_its_command(tmp_path):
    run = cli_process(
        "train", SAMPLE, "--out", tmp_path / "m", "--fpr", 0.1, "--search", 2, "--jobs", 2, timeout=250
    )
    assert run.returncode == 0, run.stderr
    assert load_model(tmp_path / "m").info["searched"]


def test_a_pipe_sees_results_alone():
    run = cli_process("score", "data/sample", "--top", 1)
    assert run.returncode == 0
    assert run.stderr in ("", COMPILING)
    assert len(run.stdout.splitlines()) == 4
