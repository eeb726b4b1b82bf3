"""Statements of reasons: complete, and the user's tells nothing that an evader could tune to."""

from __future__ import annotations

import json
import re

import pytest

from spamclf import Dataset, explain
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.explain.statements import GROUND, REDRESS, statement_of
from spamclf.explain.subject import Subject
from spamclf.features import CATALOGUE, FAMILIES
from spamclf.features.wording import PLAIN
from tests.doors import dataset, tables
from tests.explain.common import ego, ids_of, strict

CANARY = "canary-9f3b"


def statement(account_id, **settings):
    return explain.statement(dataset(), strict(), account_id, ego=ego(), **settings)


def flagged_subjects():
    for name in ids_of("automated")[::6]:
        yield Subject.of("test", dataset(), strict(), name, None, 1, ego())


def words_of(told):
    """Every text in what a statement tells."""
    if isinstance(told, dict):
        return " ".join(words_of(each) for each in told.values())
    return " ".join(map(words_of, told)) if isinstance(told, list) else str(told)


def test_the_users_view_holds_no_number_name_or_weight():
    n_facts, seen = 0, set()
    for subject in flagged_subjects():
        told = statement_of(subject, "user")
        assert told.details is None
        assert "details" not in told.to_dict()
        for text in (str(told), repr(told), words_of(told.to_dict())):
            assert not re.search(r"\d|%", text), text
            assert not any(name in text for name in CATALOGUE)
            assert "threshold" not in text
            assert "score" not in text
            assert strict().name not in text
        for text in (str(told), words_of(told.to_dict())):
            assert "_" not in text
            assert "other account" not in text
        n_facts += len(told.facts)
        seen |= set(told.facts)
    assert n_facts > 20
    assert len(seen) > 4


def test_the_order_of_the_users_facts_tells_no_weight():
    """Two accounts with the same facts get the same text, whatever weighs more."""
    sayable = [words for default, own in PLAIN.values() for words in (*own, default)]
    for subject in flagged_subjects():
        told = statement_of(subject, "user")
        families = [
            next(name for name, (default, own) in PLAIN.items() if fact in (default, *own))
            for fact in told.facts
        ]
        assert families == sorted(families, key=list(FAMILIES).index)
        assert set(told.facts) <= set(sayable)


def test_the_reviewers_view_holds_everything():
    for name in ids_of("automated")[::15]:
        told = statement(name)
        why = explain.reasons(dataset(), strict(), name, ego=ego())
        change = explain.counterfactual(dataset(), strict(), name, ego=ego())
        assert told.facts == tuple(each.sentence for each in why.top)
        assert told.details["reasons"] == why.to_dict()
        assert told.details["counterfactual"] == change.to_dict()
        assert told.details["score"] == why.score
        assert told.details["threshold"] == strict().threshold
        assert told.details["model_digest"] == strict().digest
        assert told.details["data_until"] > told.details["data_from"]
        text = str(told)
        for part in (*told.facts, why.score_id, strict().digest, str(strict().threshold), GROUND, *REDRESS):
            assert part in text
        assert explain.replay(told.details["score_id"], dataset(), strict(), ego=ego()).identical
        json.dumps(told.to_dict(), allow_nan=False)


def test_it_states_what_article_17_asks_for():
    for audience in ("user", "reviewer"):
        text = str(statement(ids_of("automated")[0], audience=audience))
        for part in (
            "suspension of the account", "wherever the service is offered", "until further notice",
            "own initiative", "automated means", "is not stated here", GROUND, "complain", "out-of-court", "court",
        ):  # fmt: skip
            assert part in text


def test_what_the_caller_says_is_stated():
    told = statement(
        ids_of("automated")[0], audience="user", ground="Clause 4.2: no bulk messages.", restriction="a warning",
        territory="in the EU", duration="for 14 days", decided_by="machine", redress=["Write to us."],
    )  # fmt: skip
    text = str(told)
    for part in ("Clause 4.2: no bulk messages.", "a warning, in the EU, for 14 days", "- Write to us."):
        assert part in text
    assert "taken by automated means" in text
    assert "person" not in text
    assert "court" not in text
    assert statement(ids_of("automated")[0], redress="Write.").redress == ("Write.",)


@pytest.mark.parametrize("audience", ["user", "reviewer"])
def test_nobody_is_said_to_have_decided_unless_the_caller_says_so(audience):
    said = {
        who: statement(ids_of("automated")[0], audience=audience, decided_by=who).decision
        for who in (None, "person", "machine")
    }
    assert said[None] == statement(ids_of("automated")[0], audience=audience).decision
    assert "not stated" in said[None]
    assert "was taken by" not in said[None]
    assert said["person"] == "The decision was taken by a person who reviewed the account."
    assert said["machine"] == "The decision was taken by automated means."


def test_reports_are_said_to_be_relied_on():
    relied = set()
    for subject in flagged_subjects():
        told = statement_of(subject, "user")
        details = statement_of(subject, "reviewer").details
        by_reports = any(
            "reports.kind" in CATALOGUE[each["feature"]].needs for each in details["reasons"]["top"]
        )
        assert ("reports by users" in told.initiative) == by_reports
        relied.add(by_reports)
    assert False in relied


def test_nobody_who_is_not_flagged_gets_one():
    for verdict, words in (("not_automated", "below the threshold"), ("insufficient_data", "sent nothing")):
        with pytest.raises(InsufficientDataError, match=words):
            statement(ids_of(verdict)[0])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"audience": "everybody"}, "audience must be 'reviewer' or 'user'"),
        ({"audience": None}, "audience must be"),
        ({"ground": ""}, "ground must be a text"),
        ({"ground": 5}, "ground must be a text"),
        ({"duration": "x" * 2_001}, "duration must be a text"),
        ({"territory": "  "}, "territory must be a text"),
        ({"restriction": None}, "restriction must be a text"),
        ({"redress": []}, "redress must be a text"),
        ({"redress": ["Write.", 3]}, "redress must be a text"),
        ({"redress": None}, "redress must be a text"),
        ({"redress": 5}, "redress must be a text"),
        ({"decided_by": "nobody"}, "decided_by must be 'person', 'machine' or None; got 'nobody'"),
        ({"decided_by": True}, "decided_by must be 'person', 'machine' or None; got 'True'"),
        ({"decided_by": ["person"]}, "decided_by must be"),
    ],
)
def test_wrong_arguments(settings, words):
    with pytest.raises(ParameterError, match=words):
        statement(ids_of("automated")[0], **settings)


def test_no_text_or_id_of_anybody_is_told():
    """Row 23: not even in the reviewer's view, whose caller knows the account."""
    given = dict(tables())
    names = sorted({*given["accounts"]["account_id"].to_pylist()})
    renamed = {name: f"{CANARY}-{k}" for k, name in enumerate(names)}
    for table, column in (
        ("accounts", "account_id"), ("messages", "sender_id"), ("messages", "recipient_id"),
        ("reports", "account_id"), ("reports", "reporter_id"), ("photos", "account_id"), ("texts", "account_id"),
        ("labels", "account_id"), ("evidence", "account_id"),
    ):  # fmt: skip
        ids = [renamed.get(each, each) for each in given[table][column].to_pylist()]
        given[table] = given[table].set_column(given[table].column_names.index(column), column, [ids])
    texts = given["texts"]
    said = [None if each is None else f"{CANARY} {each}" for each in texts["text"].to_pylist()]
    given["texts"] = texts.set_column(texts.column_names.index("text"), "text", [said])
    data = Dataset(**given)
    account_id = renamed[ids_of("automated")[0]]
    told = [
        door(data, strict(), account_id)
        for door in (explain.reasons, explain.counterfactual, explain.statement)
    ]
    told.append(explain.replay(told[0].score_id, data, strict()))
    for each in told:
        for text in (str(each), repr(each), json.dumps(each.to_dict())):
            assert CANARY not in text
