"""The command ``explain``: both statements and what stands behind them, in a terminal's safe letters."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from spamclf import explain, predict, read_dataset
from spamclf.ego import EgoLog
from tests import doors
from tests.doors import SAMPLE, cli, tables, write_folder

HOSTILE = "a\x1b[2J\nb"


@pytest.fixture(scope="module")
def verdicts():
    """One account of the sample per verdict, by the shipped model."""
    scores = predict.score(read_dataset(SAMPLE), n_reasons=0).to_pylist()
    return {row["verdict"]: row["account_id"] for row in scores}


def done(result):
    assert result.exit_code == 0, (result.stdout, result.stderr, result.exception)
    return result.stdout


def test_it_prints_everything(verdicts):
    text = done(cli("explain", SAMPLE, "--account", verdicts["automated"]))
    dataset = read_dataset(SAMPLE)
    why = explain.reasons(dataset, account_id=verdicts["automated"])
    for part in (
        "Reasons",
        "What would clear it",
        "for the reviewer",
        "for the user",
        "Redress:",
        why.score_id,
    ):
        assert part in text
    assert all(each.sentence in text for each in why.top)
    user = explain.statement(dataset, account_id=verdicts["automated"], audience="user")
    assert all(line in text for line in str(user).splitlines())


def test_for_the_user_alone(verdicts):
    text = done(cli("explain", SAMPLE, "--account", verdicts["automated"], "--for", "user"))
    assert not any(letter.isdigit() for letter in text)
    assert "Reasons, in log odds" not in text
    assert "reviewer" not in text
    assert "for the user" not in done(
        cli("explain", SAMPLE, "--account", verdicts["automated"], "--for", "reviewer")
    )


def test_the_known_label_is_for_the_analyst_alone(verdicts):
    dataset = read_dataset(SAMPLE)
    labelled = dict(
        zip(*(dataset.labels[name].to_pylist() for name in ("account_id", "is_automated")), strict=True)
    )
    flagged = [
        row["account_id"]
        for row in predict.score(dataset, n_reasons=0).to_pylist()
        if row["verdict"] == "automated"
    ]
    arguments = ("explain", SAMPLE, "--account", next(each for each in flagged if each in labelled))
    assert "known label: automated, by the label of 2026-" in done(cli(*arguments, "--for", "reviewer"))
    result = cli(*arguments, "--for", "user")
    assert "label" not in done(result)
    assert result.stderr.startswith("For you, not for the user: known label: automated")


def test_who_decided_is_said_when_it_was_said(verdicts):
    arguments = ("explain", SAMPLE, "--account", verdicts["automated"], "--for", "user")
    text = done(cli(*arguments))
    assert "for the user: a draft, until --decided-by says who decided" in text
    assert "a person who reviewed" not in text
    text = done(cli(*arguments, "--decided-by", "person"))
    assert "draft" not in text
    assert "The decision was taken by a person who reviewed the account." in text


def test_as_json(verdicts):
    told = json.loads(
        done(cli("explain", SAMPLE, "--account", verdicts["automated"], "--json", "--ground", "Clause 9."))
    )
    assert list(told) == ["reasons", "counterfactual", "reviewer", "user"]
    assert told["user"]["ground"] == told["reviewer"]["ground"] == "Clause 9."
    assert told["reviewer"]["details"]["counterfactual"] == told["counterfactual"]
    user = json.loads(
        done(cli("explain", SAMPLE, "--account", verdicts["automated"], "--json", "--for", "user"))
    )
    assert list(user) == ["user"]


def test_a_change_of_so_many_features():
    dataset = read_dataset(SAMPLE)
    flagged = [
        row["account_id"]
        for row in predict.score(dataset, n_reasons=0).to_pylist()
        if row["verdict"] == "automated"
    ]
    ego = EgoLog.build(dataset)
    sizes = {
        each: len(explain.counterfactual(dataset, account_id=each, ego=ego).changes) for each in flagged[:12]
    }
    several = next(each for each, size in sizes.items() if size > 1)
    text = done(cli("explain", SAMPLE, "--account", several, "--for", "reviewer"))
    assert f"a change of {sizes[several]} features, each needed in full" in text
    text = done(cli("explain", SAMPLE, "--account", several, "--for", "reviewer", "--max-features", 1))
    assert "no change of up to 1 feature of its own doing clears it" in text


@pytest.mark.parametrize("verdict", ["not_automated", "insufficient_data"])
def test_an_account_that_is_not_flagged(verdicts, verdict):
    text = done(cli("explain", SAMPLE, "--account", verdicts[verdict]))
    assert verdict.replace("_", " ") in text
    assert "no change is needed" in text
    assert text.count("none: the model does not flag this account") == 2
    told = json.loads(done(cli("explain", SAMPLE, "--account", verdicts[verdict], "--json")))
    assert told["user"] is told["reviewer"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--account", "nobody"), 2, "account_id must be"),
        ((), 2, "--account"),
        (("--account", "nobody", "--for", "all"), 2, "--for"),
        (("--account", "nobody", "--max-features", "0"), 2, "--max-features"),
        (("--account", "nobody", "--ground", ""), 2, "ground must be a text"),
        (("--account", "nobody", "--decided-by", "chance"), 2, "--decided-by"),
        (("--account", "nobody", "--as-of", "yesterday"), 2, "--as-of must be"),
        (("--account", "nobody", "--model", "no/model"), 1, "model"),
    ],
)
def test_what_is_refused(arguments, code, words):
    result = cli("explain", SAMPLE, *arguments)
    assert result.exit_code == code
    assert words in result.stderr
    assert "nobody" not in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_no_letter_moves_a_cursor(tmp_path, verdicts):
    few = {name: tables()[name] for name in ("accounts", "messages")}
    few["accounts"] = few["accounts"].set_column(
        0, "account_id", pa.array([HOSTILE, *few["accounts"]["account_id"].to_pylist()[1:]])
    )
    folder = write_folder(few, tmp_path / "data")
    text = done(cli("explain", folder, "--account", HOSTILE, "--ground", HOSTILE))
    assert "\x1b" not in text
    ground = done(
        cli("explain", SAMPLE, "--account", verdicts["automated"], "--for", "user", "--ground", HOSTILE)
    )
    assert "\x1b" not in ground
    assert "a\\x1b[2J" in ground


def test_help_has_an_example():
    text = done(cli("explain", "--help"))
    assert "spamclf explain data/sample --account ID" in text


def test_a_score_is_rebuilt(verdicts, tmp_path):
    dataset = read_dataset(SAMPLE)
    score_id = explain.reasons(dataset, account_id=verdicts["automated"]).score_id
    assert done(cli("replay", SAMPLE, "--score-id", score_id)).startswith("identical: score ")
    fewer = tables() | {"messages": tables()["messages"].slice(0, 10)}
    result = cli("replay", write_folder(fewer, tmp_path / "d"), "--score-id", score_id, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["identical"] is False
    assert told["differences"]


def test_another_model_than_the_shipped_one_must_be_given(verdicts, tmp_path):
    doors.model().save(tmp_path / "m")
    (row, *_) = predict.score(read_dataset(SAMPLE), tmp_path / "m", n_reasons=0).to_pylist()
    result = cli("replay", SAMPLE, "--score-id", row["score_id"])
    assert result.exit_code == 1
    assert "none was given, so the shipped one was taken" in result.stdout
    done(cli("replay", SAMPLE, "--score-id", row["score_id"], "--model", tmp_path / "m"))


def test_what_is_no_score_id_is_refused():
    result = cli("replay", SAMPLE, "--score-id", "s1-none")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
