"""Files of decisions: both forms, what a spreadsheet does to them, and every row that is refused."""

from __future__ import annotations

import csv
import json
import tracemalloc

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spamclf.campaigns.sightings import pseudonyms
from spamclf.dataset import Dataset
from spamclf.errors import BadRowsError, DataFileError
from spamclf.model.score_id import ScoreId
from spamclf.review import DECISIONS, decisions, read_decisions
from spamclf.review.decisions import COLUMNS, checked

NOON = "2026-06-09T12:00:00Z"


def decision(account="a", decided_at=NOON, what="automated", **more):
    return {"account_id": account, "decided_at": decided_at, "decision": what} | more


def score_id(account):
    return str(ScoreId(171, 7, int(pseudonyms(pa.array([account]))[0]), 0.5, 5, 0.25, 0))


SCORE_ID = score_id("a")


def as_json(path, rows, **head):
    told = {"format": "spamclf-decisions", "version": 1, "decisions": rows} | head
    path.write_text(json.dumps(told), "utf-8")
    return path


def as_csv(path, rows, delimiter=",", encoding="utf-8"):
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def dataset(ids=("a", "b"), **more):
    messages = {"sender_id": ["late"], "recipient_id": ["a"], "sent_at": [1_780_000_000]}
    if isinstance(ids[0], int):
        messages = {"sender_id": [9], "recipient_id": [ids[0]], "sent_at": [1_780_000_000]}
    return Dataset(accounts={"account_id": list(ids), **more}, messages=messages, time_unit="s")


def test_both_forms_tell_the_same(tmp_path):
    rows = [
        decision(note="writes \u201call day\u201d,\nsays she; a shop?", score_id="s1-0a", reviewer="Ada"),
        decision("b", what="unsure"),
        decision("late", "2026-06-09T14:00:00.5+02:00", "appeal_accepted"),
    ]
    found = [
        checked(read_decisions(path), dataset(), path)
        for path in (
            as_json(tmp_path / "d.json", rows),
            as_csv(tmp_path / "d.csv", rows),
            as_csv(tmp_path / "e.csv", rows, ";", "utf-8-sig"),
        )
    ]
    for each in found:
        assert each.account_id == ["a", "late"]
        assert each.decided_at.tolist() == [1_781_006_400_000_000, 1_781_006_400_500_000]
        assert each.is_automated == [True, False]
        assert each.source == ["review", "appeal"]
        assert (each.score_id, each.reviewer, each.n_unsure) == (["s1-0a", None], ["Ada", None], 1)
    assert read_decisions(tmp_path / "d.json") == read_decisions(tmp_path / "d.csv")


def neutralised(text):
    return f"'{text}" if text[:1] in tuple("=+-@\t\r\n＝＋－＠") else text


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ids=st.lists(
        st.text(st.sampled_from("=+-@'aü＝"), min_size=1, max_size=4), min_size=1, max_size=6, unique=True
    )
)
def test_what_a_spreadsheet_must_not_take_for_a_formula_reads_back_as_it_was(tmp_path, ids):
    """Also an id that begins with an apostrophe itself, unless both it and the one without are accounts."""
    known = dataset(tuple(ids))
    rows = [decision(neutralised(each), reviewer=neutralised(each)) for each in ids]
    found = checked(read_decisions(as_csv(tmp_path / "d.csv", rows)), known, "d.csv")
    if not any(f"'{each}" in ids for each in ids):
        assert found.account_id == ids
    as_it_is = [decision(each, reviewer=each) for each in ids]
    found = checked(read_decisions(as_json(tmp_path / "d.json", as_it_is)), known, "d.json")
    assert found.account_id == found.reviewer == ids


def test_numbers_are_ids_where_all_are(tmp_path):
    rows = [decision(7), decision("8"), decision(9)]
    found = checked(read_decisions(as_json(tmp_path / "d.json", rows)), dataset((7, 8)), "d.json")
    assert found.account_id == ["7", "8", "9"]
    rows = read_decisions(as_json(tmp_path / "d.json", [decision("07"), decision("9" * 30), decision("x")]))
    with pytest.raises(BadRowsError, match="unknown_account: 3, at row 0, 1, 2 "):
        checked(rows, dataset((7, 8)), "d.json")


FAULTS = {
    "malformed": [
        "text",
        decision(5.5),
        decision(note=["x"]),
        decision(reviewer="x" * 201),
        decision(score_id="a\x1b"),
        decision("\ud800"),
    ],
    "null": [decision(""), decision(None), {"account_id": "a"}, decision(what=None)],
    "unknown_value": [decision(what="spam"), decision(what="Automated")],
    "unparsable": [
        decision(decided_at=each)
        for each in ("soon", "2026-06-09T12:00:00", "2026-06-09", "1780000000", 1780000000, 1.78e9)
    ],
    "before_1970": [decision(decided_at="1969-12-31T23:59:59Z")],
    "in_future": [decision(decided_at="9000-01-01T00:00:00Z")],
    "unknown_account": [decision("nobody"), decision("A"), decision("'a")],
    "before_registration": [decision("b", "2026-06-01T00:00:00Z")],
    "wrong_score_id": [
        decision(score_id=each)
        for each in ("s1", "s2-0-of another account", "s2-0", f"{SCORE_ID[:-1]}x", score_id("b"))
    ],
    "contradiction": [decision(what="not_automated"), decision(what="appeal_accepted")],
}


@pytest.mark.parametrize("rule", FAULTS)
def test_a_row_that_breaks_a_rule_is_told_with_file_and_row(tmp_path, rule):
    known = dataset(registered_at=[None, 1_780_900_000])
    for wrong in FAULTS[rule]:
        path = as_json(tmp_path / "d.json", [decision(), wrong, decision(), wrong])
        with pytest.raises(BadRowsError) as caught:
            checked(read_decisions(path), known, path)
        assert str(caught.value).startswith(
            "d.json: every decision must keep the rules; got 2 of 4 that do not:\n"
        )
        assert f"  {rule}: 2, at row 1, 3 (from 0): " in str(caught.value)
        assert "nobody" not in str(caught.value)  # no id, no note


def test_a_score_id_of_the_account_is_taken(tmp_path):
    path = as_json(tmp_path / "d.json", [decision(score_id=SCORE_ID), decision("b", score_id="s1-0a")])
    assert checked(read_decisions(path), dataset(), path).score_id == [SCORE_ID, "s1-0a"]
    path = as_json(tmp_path / "e.json", [decision(7, score_id=score_id("7"))])
    assert checked(read_decisions(path), dataset((7, 8)), path).score_id == [score_id("7")]


def test_a_decision_at_the_registration_is_none_too_early(tmp_path):
    known = dataset(registered_at=[1_781_006_400, None])
    path = as_json(tmp_path / "d.json", [decision("a"), decision("b", "1971-01-01T00:00:00Z")])
    assert checked(read_decisions(path), known, path).account_id == ["a", "b"]


def test_a_ragged_row_of_a_csv_file(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text(f"account_id,decided_at,decision\na,{NOON},automated\n\na,{NOON}\n")
    with pytest.raises(BadRowsError, match="ragged: 1, at row 1 "):
        checked(read_decisions(path), dataset(), path)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("d.txt", b"", "must be a .json or .csv file"),
        ("d.json", b"", "must be JSON"),
        ("d.json", b"[" * 100_000, "must be JSON"),
        ("d.json", b"[]", 'must hold {"format"'),
        ("d.json", b'{"format": "spamclf-decisions", "version": 2, "decisions": []}', "of this version"),
        ("d.json", b'{"format": "spamclf-decisions", "version": 1, "decisions": {}}', 'must hold {"format"'),
        ("d.json", b'{"format": "spamclf-decisions", "version": true, "decisions": []}', "of this version"),
        ("d.json", b'{"format": "spamclf-decisions", "version": 1.0, "decisions": []}', "of this version"),
        ("d.json", b"\xff\xfe", "must be UTF-8"),
        ("d.csv", b"", "none called account_id, decided_at, decision"),
        ("d.csv", b"account_id,decided_at\n", "none called decision"),
        (
            "d.csv",
            b"account_id\n",
            "decided_at, decision and, if known, note, score_id, reviewer, at most once",
        ),
        ("d.csv", b"account_id,account_id,decided_at,decision\n", "got one twice"),
        ("d.csv", b'account_id,decided_at,decision\n"a,b', "must be CSV"),
        ("none.csv", None, "must be readable; got: No such file"),
    ],
)
def test_a_file_that_is_none(tmp_path, name, content, told):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataFileError, match="^" + name.replace(".", r"\.") + ": ") as caught:
        read_decisions(tmp_path / name)
    assert told in str(caught.value)


@pytest.mark.parametrize("write", [as_json, as_csv])
def test_more_decisions_than_a_file_may_hold(tmp_path, monkeypatch, write):
    monkeypatch.setattr(decisions, "_MOST", 3)
    ending = write.__name__[3:]
    assert len(read_decisions(write(tmp_path / f"d.{ending}", [decision()] * 3))) == 3
    with pytest.raises(DataFileError, match="at most 3 decisions; got more"):
        read_decisions(write(tmp_path / f"d.{ending}", [decision()] * 4))


def test_a_file_of_many_parts_is_refused_before_they_are_made(tmp_path):
    """A million empty decisions take 3 MB of a file, and would take hundreds in memory."""
    path = tmp_path / "d.json"
    path.write_text(
        '{"format": "spamclf-decisions", "version": 1, "decisions": [' + "{}," * 1_000_000 + "{}]}"
    )
    tracemalloc.start()
    with pytest.raises(DataFileError, match="at most 100,000 decisions"):
        read_decisions(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10 * path.stat().st_size


def test_no_decisions_are_no_mistake(tmp_path):
    path = as_json(tmp_path / "d.json", [])
    assert checked(read_decisions(path), dataset(), path).account_id == []
    assert {None if each is None else each[1] for each in DECISIONS.values()} == {"review", "appeal", None}
