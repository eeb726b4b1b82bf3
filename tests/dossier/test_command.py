"""The command ``dossier`` writes the page and the data, or says in one line why not."""

from __future__ import annotations

import pytest

from spamclf.errors import OutputError
from tests.doors import SAMPLE, cli
from tests.dossier.common import OPERATOR, POLICY, found
from tests.test_output import fail


def test_it_writes_what_the_function_gives(tmp_path):
    out = tmp_path / "case"
    result = cli(
        "dossier", SAMPLE, "--operator", OPERATOR, "--policy-date", POLICY, "--out", out, "--jobs", 1
    )
    assert result.exit_code == 0, result.stderr
    assert (out / "dossier.json").read_text("utf-8") == found().to_json()
    assert (out / "dossier.html").read_text("utf-8") == found().to_html()
    assert "6 accounts, 2 known by evidence and 4 inferred: 982 messages to 935 strangers" in result.stdout
    assert "from the policy date on: 3 messages to 0 new strangers, 0 new accounts" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--operator", "operator-6f"), 2, "The nearest names: operator-6"),
        (("--campaign", "photo 99"), 2, "There are photo 1 to 6"),
        ((), 2, "operator or campaign must be given"),
        (
            ("--operator", OPERATOR, "--policy-date", "2031-01-01"),
            2,
            "--policy-date must be no later than --as-of",
        ),
    ],
)
def test_what_is_refused(tmp_path, arguments, code, words):
    result = cli("dossier", SAMPLE, *arguments, "--out", tmp_path / "case")
    assert result.exit_code == code
    assert words in result.stderr
    assert not list(tmp_path.rglob("dossier.*"))


def test_never_among_the_tables():
    result = cli("dossier", SAMPLE, "--operator", OPERATOR, "--out", SAMPLE)
    assert result.exit_code == 1
    assert "a folder of their own" in result.stderr


def test_a_failed_write_leaves_the_old_one(tmp_path, monkeypatch):
    (tmp_path / "dossier.json").write_text("old")
    monkeypatch.setattr("spamclf.files.os.replace", fail(OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match="No space left"):
        found().write(tmp_path)
    assert (tmp_path / "dossier.json").read_text() == "old"
