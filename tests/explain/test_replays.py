"""Replay: the same score from the same rows, and a word on what is not the same."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf import Dataset, explain, load_model, predict
from spamclf.errors import ParameterError
from spamclf.model import Forest, HonestScores, Model, SigmoidCalibration
from spamclf.model.audit import DTYPES
from spamclf.model.score_id import ScoreId
from tests.doors import dataset, large, model, tables
from tests.explain.common import ego, scores, strict


def ids():
    return scores()["score_id"].to_pylist()


def test_every_score_is_rebuilt_bit_for_bit():
    for text, row in zip(ids()[::15], scores().to_pylist()[::15], strict=True):
        again = explain.replay(text, dataset(), strict(), ego=ego())
        assert again.identical
        assert again.score_now == again.score_then == row["score"]
        assert again.threshold_now == again.threshold_then == row["threshold"]
        assert again.verdict_now == again.verdict_then == row["verdict"]
        assert again.differences == ()
        assert str(again).startswith(
            f"identical: score {row['score']:.4f}, threshold 0.2000, {row['verdict']}, as of "
        )
        assert again.to_dict()["identical"] is True


def test_of_a_past_instant_and_a_saved_model(tmp_path):
    strict().save(tmp_path / "m")
    past = predict.score(dataset(), strict(), as_of="2026-05-11", n_reasons=0)["score_id"].to_pylist()
    for text in past[::100]:
        for each in (tmp_path / "m", load_model(tmp_path / "m")):
            assert explain.replay(text, dataset(), each).identical


def test_later_rows_do_not_matter():
    early = Dataset(**{name: _before(table, "2026-05-11") for name, table in tables().items()})
    known = predict.score(early, strict(), as_of="2026-05-11", n_reasons=0)
    for row in known.to_pylist()[::100]:
        assert explain.replay(row["score_id"], dataset(), strict(), ego=ego()).identical


def _before(table, day):
    import pyarrow.compute as pc

    times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
    if not times or times == ["registered_at"]:
        return table
    until = pa.scalar(day).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    return table.filter(pc.less(table[times[0]], until))


def test_integer_ids():
    some = predict.score(large(), strict(), n_reasons=0)["score_id"][7].as_py()
    assert explain.replay(some, large(), strict()).identical


def test_a_changed_row_is_found():
    row = next(row for row in scores().to_pylist() if row["n_messages"] > 20)
    mine = [sender == row["account_id"] for sender in tables()["messages"]["sender_id"].to_pylist()]
    kept = [not own or k != mine.index(True) for k, own in enumerate(mine)]
    fewer = Dataset(**{**tables(), "messages": tables()["messages"].filter(pa.array(kept))})
    again = explain.replay(row["score_id"], fewer, strict())
    assert not again.identical
    assert again.same_model
    assert not again.same_features
    assert "rows" in again.differences[0]
    assert again.score_then == row["score"]
    assert "not identical" in str(again)


def test_another_model_is_found():
    for other in (
        replace(strict(), threshold=0.21),
        replace(strict(), history_days=29.0),
        replace(strict(), calibration=replace(strict().calibration, intercept=0.123)),
    ):
        again = explain.replay(ids()[0], dataset(), other, ego=ego())
        assert not again.identical
        assert not again.same_model
        assert "another model" in again.differences[0]
    assert explain.replay(
        ids()[0], dataset(), replace(strict(), name="renamed", info={}), ego=ego()
    ).identical
    assert explain.replay(ids()[0], dataset(), replace(strict(), threshold=0.3), ego=ego()).same_score


def test_a_gone_account_is_found():
    name = scores()["account_id"][0].as_py()
    others = Dataset(
        accounts={"account_id": ["somebody"]}, messages={"sender_id": [], "recipient_id": [], "sent_at": []}
    )
    again = explain.replay(ids()[0], others, strict())
    assert (again.score_now, again.threshold_now, again.verdict_now) == (None, None, None)
    assert not any((again.same_features, again.same_score, again.same_threshold, again.same_verdict))
    assert "no account" in again.differences[0]
    assert len(explain.replay(ids()[0], others, model()).differences) == 2
    assert name not in str(again)


@cache
def held_to_more() -> Model:
    """A model whose certificate holds Germans to more than others."""
    code = np.arange(1000)
    honest = HonestScores.of(code, np.where(code < 100, 0.999, 0.1), {"country=DE": code < 100})
    return replace(strict(), honest=honest).certify(0.2, 0.5)


def test_another_threshold_and_verdict_are_found():
    """A fact that no feature tells, but which segment the account is in, came to be another."""
    facts = {"registered_at": [10, 900], "network": ["n", None]}
    messages = {
        "sender_id": ["x"] * 30 + ["a"],
        "recipient_id": [*(f"r{k}" for k in range(30)), "x"],
        "sent_at": [*range(1000, 1030), 990],
    }
    abroad, home = (
        Dataset(accounts={"account_id": ["a", "x"], "country": ["FR", country]} | facts, messages=messages,
                time_unit="s", max_bad_share=1.0)
        for country in ("FR", "DE")
    )  # fmt: skip
    then, now = (predict.score(each, held_to_more(), n_reasons=0).to_pylist()[1] for each in (abroad, home))
    assert then["score"] == now["score"]
    assert (then["verdict"], now["verdict"]) == ("automated", "not_automated")
    again = explain.replay(then["score_id"], home, held_to_more())
    assert (again.threshold_then, again.threshold_now) == (then["threshold"], now["threshold"])
    assert (again.verdict_then, again.verdict_now) == ("automated", "not_automated")
    assert again.same_model
    assert again.same_features
    assert again.same_score
    assert (again.same_threshold, again.same_verdict, again.identical) == (False, False, False)
    (said,) = again.differences
    assert "other segments of the certificate" in said
    lines = str(again).splitlines()
    assert lines[0].startswith("not identical: score ")
    assert f", threshold {then['threshold']:.4f}, automated, as of " in lines[0]
    assert lines[1].startswith("now: score ")
    assert lines[1].endswith(f", threshold {now['threshold']:.4f}, not_automated")
    assert explain.replay(now["score_id"], home, held_to_more()).identical


def test_another_verdict_alone_is_found():
    """A model that looks at no message: whether the account sent anything changes its verdict alone."""
    stump = {"feature": [0, -1, -1], "threshold": [0.5, 0, 0], "left": [1, -1, -1], "right": [2, -1, -1],
             "missing_left": [1, 0, 0], "value": [0.0, -1, 1], "cover": [2.0, 1, 1], "roots": [0, 3]}  # fmt: skip
    forest = Forest(**{k: np.array(a, DTYPES[k]) for k, a in stump.items()}, baseline=0.0, n_features=1)
    blind = Model("blind", forest, SigmoidCalibration(1.0, 0.0), ("account_is_business",), 30, threshold=0.2)
    accounts = {"account_id": ["a", "b"], "is_business": [True, False]}
    talking, silent = (
        Dataset(
            accounts=accounts,
            messages={"sender_id": who, "recipient_id": ["c"], "sent_at": [5]},
            time_unit="s",
        )
        for who in (["a"], ["b"])
    )
    score_id = predict.score(talking, blind, n_reasons=0)["score_id"][0].as_py()
    again = explain.replay(score_id, silent, blind)
    assert (again.verdict_then, again.verdict_now) == ("automated", "insufficient_data")
    assert again.same_threshold
    assert not again.identical
    assert again.differences == (
        "the account has sends in the look-back now and had none, or the other way round",
    )


def test_another_score_of_the_same_features_is_found():
    then = ScoreId.parse(ids()[0])
    again = explain.replay(str(replace(then, score=0.5)), dataset(), strict(), ego=ego())
    assert again.same_model
    assert again.same_features
    assert not again.same_score
    assert "the score differs" in again.differences[0]


@given(st.one_of(st.text(), st.integers(), st.none(), st.binary(), st.floats()))
def test_what_is_no_score_id_is_refused(wrong):
    with pytest.raises(ParameterError, match="score_id: it must be"):
        explain.replay(wrong, dataset(), strict(), ego=ego())


@given(st.data())
def test_a_damaged_score_id_is_refused(data):
    text = ids()[data.draw(st.integers(0, len(ids()) - 1))]
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("0123456789abcdefABCDEF-s \n٣"))
    damaged = text[:place] + letter + text[place + 1 :]
    if damaged != text:
        with pytest.raises(ParameterError, match="score_id: it must be") as caught:
            ScoreId.parse(damaged)
        assert text[5:21] not in str(caught.value)
    for other in (text[:place], text + letter, letter + text):
        with pytest.raises(ParameterError):
            ScoreId.parse(other)
