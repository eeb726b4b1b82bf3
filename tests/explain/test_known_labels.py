"""The known label is the latest before the instant, nothing later is seen, and no score reads it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset, explain, predict
from spamclf.ego import EgoLog
from spamclf.explain.known_labels import KnownLabel, known_labels
from tests.doors import dataset, model, tables
from tests.explain.common import ids_of, strict

ACCOUNTS = {"account_id": ["a", "b"]}
MESSAGES = {"sender_id": ["a", "b"], "recipient_id": ["c", "c"], "sent_at": [0, 1]}
ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.integers(0, 9)), max_size=12)


def told(rows, until):
    names = ("account_id", "is_automated", "labelled_at")
    labels = {name: [row[k] for row in rows] for k, name in enumerate(names)}
    labels["is_automated"] = pa.array(labels["is_automated"], pa.bool_())
    labels["account_id"] = pa.array(labels["account_id"], pa.string())
    labels["labelled_at"] = pa.array(labels["labelled_at"], pa.timestamp("us", "UTC"))
    ego = EgoLog.build(Dataset(accounts=ACCOUNTS, messages=MESSAGES, labels=labels, time_unit="us"))
    return known_labels(ego, np.array([0, 1]), until)


@settings(max_examples=40, deadline=None)
@given(ROWS, ROWS, st.integers(1, 9))
def test_it_is_the_latest_before_the_instant_and_nothing_later_is_seen(rows, later, until):
    wanted = []
    for account in "ab":
        mine = [(at, not automated) for who, automated, at in rows if who == account and at < until]
        wanted.append(KnownLabel(not max(mine)[1], max(mine)[0]) if mine else None)
    assert told(rows, until) == wanted
    unseen = [(who, automated, until + at) for who, automated, at in later]
    assert told(rows + unseen, until) == wanted
    assert told((rows + unseen)[::-1], until) == wanted


def labelled(account_id, *, is_automated):
    """The world in which an account has one label, of the first instant, and no other."""
    labels = tables()["labels"]
    others = labels.filter(pa.compute.not_equal(labels["account_id"].cast(pa.string()), account_id))
    first = pa.compute.min(dataset().messages["sent_at"]).as_py()
    row = {
        "account_id": [account_id],
        "is_automated": [is_automated],
        "labelled_at": [first],
        "campaign": [None],
    }
    own = pa.Table.from_pydict(row, schema=labels.schema)
    return Dataset(**(tables() | {"labels": pa.concat_tables([others, own])}))


def test_no_score_reads_it_and_every_door_of_explain_tells_it():
    unknowing = replace(strict(), memory=None)
    account_id = ids_of("automated")[0]
    cleared, charged = (labelled(account_id, is_automated=each) for each in (False, True))
    why, other = (explain.reasons(each, unknowing, account_id) for each in (cleared, charged))
    assert (why.score, why.families) == (other.score, other.families)
    assert (why.known_label.is_automated, other.known_label.is_automated) == (False, True)
    assert f"known label: {why.known_label}" in str(why)
    assert "no part of the score" in str(why)
    assert json.loads(json.dumps(why.to_dict()))["known_label"]["is_automated"] is False
    statement = explain.statement(cleared, unknowing, account_id)
    assert statement.details["reasons"]["known_label"] == why.known_label.to_dict()
    assert "known label: not automated" in str(statement)
    user = explain.statement(cleared, unknowing, account_id, audience="user")
    assert "label" not in json.dumps(user.to_dict()) + str(user)


def test_nobody_labelled_is_told_so():
    bare = Dataset(**{name: table for name, table in tables().items() if name != "labels"})
    flagged = predict.score(bare, model(), n_reasons=0)["account_id"][0].as_py()
    why = explain.reasons(bare, model(), flagged)
    assert why.known_label is None
    assert why.to_dict()["known_label"] is None
    assert "known label: none" in str(why)
