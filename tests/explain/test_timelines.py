"""An account's timeline: the scores of `predict.score` at each look, and what the tables hold by then."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from spamclf import Dataset, explain, predict
from spamclf.errors import ParameterError
from spamclf.instants import DAY_US
from tests.doors import dataset, tables
from tests.explain.common import ego, ids_of, strict


@cache
def reported() -> str:
    """An account that sent and was reported."""
    sent = set(tables()["messages"]["sender_id"].to_pylist())
    return next(each for each in tables()["reports"]["account_id"].to_pylist() if each in sent)


def timeline(account_id, **settings):
    return explain.timeline(dataset(), strict(), account_id, ego=ego(), **settings)


def test_scores_are_those_of_predict_at_each_look():
    found = timeline(ids_of("automated")[0])
    looks = found.looks.to_pylist()
    assert len({row["verdict"] for row in looks}) > 1  # or nothing is seen to change
    for row in looks[:: max(len(looks) // 4, 1)]:
        scores = predict.score(dataset(), strict(), as_of=row["as_of"], n_reasons=0, ego=ego())
        mine = next(each for each in scores.to_pylist() if each["account_id"] == found.account_id)
        for name in ("score", "verdict", "threshold"):
            assert row[name] == mine[name]


def test_counts_are_those_of_the_tables():
    found = timeline(reported())
    messages = tables()["messages"].to_pandas().query("sender_id == @found.account_id")
    reports = tables()["reports"].to_pandas().query("account_id == @found.account_id")
    people = messages[~messages["is_group"].fillna(False).astype(bool)]
    for row in found.looks.to_pylist():
        assert row["n_messages"] == (messages["sent_at"] < row["as_of"]).sum()
        assert row["n_reports"] == (reports["reported_at"] < row["as_of"]).sum()
        assert 0 <= row["n_replied"] <= row["n_strangers"] <= people["recipient_id"].nunique()
    assert found.looks["n_reports"][-1].as_py() == len(reports) > 0
    for name in ("n_messages", "n_strangers", "n_replied", "n_reports"):
        assert (np.diff(found.looks[name].to_numpy()) >= 0).all()


def test_looks_are_midnights_and_the_last_instant():
    at = timeline(reported()).looks["as_of"].cast(pa.int64()).to_numpy()
    assert (at[:-1] % DAY_US == 0).all()
    assert (np.diff(at[:-1]) == DAY_US).all()
    assert at[-1] == timeline(reported()).as_of
    few = timeline(reported(), n_looks=4)
    assert few.looks.num_rows <= 4
    assert (np.diff(few.looks["as_of"].cast(pa.int64()).to_numpy()[:-1]) == few.every_days * DAY_US).all()


def test_nothing_at_or_after_the_last_look_is_seen():
    until = pd.Timestamp("2026-05-12T10:00Z")
    found = timeline(reported(), as_of=until)
    cut = dict(tables())
    for name, column in (("messages", "sent_at"), ("reports", "reported_at")):
        cut[name] = cut[name].filter(pc.less(cut[name][column], pa.scalar(until)))
        assert cut[name].num_rows < tables()[name].num_rows
    short = Dataset(**cut)
    again = explain.timeline(short, strict(), reported(), as_of=until)
    assert again.looks.equals(found.looks)
    assert found.looks["as_of"][-1].as_py() == until


def test_an_account_without_messages_has_its_last_look():
    accounts = {"account_id": [1, 2, 3]}
    messages = {"sender_id": [1], "recipient_id": [2], "sent_at": [1780272000]}
    quiet = Dataset(accounts=accounts, messages=messages, time_unit="s")
    (row,) = explain.timeline(quiet, account_id=3).looks.to_pylist()
    assert (row["verdict"], row["n_messages"], row["n_strangers"]) == ("insufficient_data", 0, 0)


def test_it_is_told_in_json_and_refuses_in_words():
    told = json.loads(json.dumps(timeline(reported()).to_dict()))
    assert told["looks"][-1]["as_of"] == told["as_of"]
    with pytest.raises(ParameterError, match=r"^timeline: n_looks must be"):
        timeline(reported(), n_looks=1)
    with pytest.raises(ParameterError, match=r"^timeline: account_id must be that of an account") as caught:
        timeline("secret-id")
    assert "secret-id" not in str(caught.value)
