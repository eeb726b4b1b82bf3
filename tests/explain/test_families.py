"""The reasons of a score: in full they add up, and what is chosen is what the scores give."""

from __future__ import annotations

import json
import math
from collections import Counter
from functools import cache

import numpy as np
import pytest

from spamclf import Dataset, explain
from spamclf.ego import EgoLog
from spamclf.errors import ModelFileError, ParameterError
from spamclf.features import CATALOGUE
from spamclf.features.catalogue import family_of
from tests.doors import dataset, large
from tests.explain.common import ego, ids_of, scores, strict


def reasons(account_id, **settings):
    return explain.reasons(dataset(), strict(), account_id, ego=ego(), **settings)


def some_rows():
    return scores().to_pylist()[::25]


def test_they_add_up_with_missing_values_and_without():
    """Row 19."""
    missing = 0
    for row in some_rows():
        why = reasons(row["account_id"])
        features = [each for family in why.families for each in family.features]
        assert sorted(each.feature for each in features) == sorted(strict().feature_names)
        for parts in (features, why.families):
            total = why.baseline + math.fsum(each.contribution for each in parts)
            assert abs(total - why.raw_score) < 1e-9
        for family in why.families:
            assert abs(family.contribution - sum(each.contribution for each in family.features)) < 1e-9
            assert {family_of(each.feature).name for each in family.features} == {family.family}
            assert {each.family for each in family.features} == {family.family}
        missing += sum(each.value is None and each.contribution != 0 for each in features)
    assert missing > 0, "no value was missing: this shows less than it says"


def test_they_are_those_of_the_scores():
    for row in some_rows():
        why = reasons(row["account_id"])
        assert (why.score, why.verdict, why.score_id) == (row["score"], row["verdict"], row["score_id"])
        assert (why.model, why.threshold) == (row["model"], row["threshold"])
        told = [(each.feature, each.value, each.contribution, each.sentence) for each in why.top]
        assert told == [tuple(reason.values()) for reason in row["reasons"]]
        assert strict().calibration([why.raw_score])[0] == why.score


def test_the_largest_comes_first():
    why = reasons(ids_of("automated")[0], top=100)
    totals = [family.contribution for family in why.families]
    assert totals == sorted(totals, reverse=True)
    for each in (*(family.features for family in why.families), why.top):
        contributions = [reason.contribution for reason in each]
        assert contributions == sorted(contributions, reverse=True)
    counts = Counter(each.family for each in why.top)
    assert len(counts) > 3
    # What the account showed, and who else showed it, may be told one beside the other.
    assert all(
        n == 1 or (n == 2 and family in ("photo", "template", "co_target")) for family, n in counts.items()
    )
    assert reasons(ids_of("automated")[0], top=0).top == ()
    assert reasons(ids_of("automated")[0], top=2).top == why.top[:2]


def test_each_line_against_has_the_figure_of_what_it_says():
    n_unknown = 0
    for row in some_rows():
        why = reasons(row["account_id"])
        every = {each.feature: each for family in why.families for each in family.features}
        sizes = [each.contribution for each in why.against]
        assert sizes == sorted(sizes)
        assert all(size < 0 for size in sizes)
        for each in why.against:
            told = [every[name] for name in each.features]
            assert each.contribution == pytest.approx(sum(one.contribution for one in told), abs=1e-12)
            if told[0].value is not None:
                assert [one.sentence for one in told] == [each.sentence]
            else:
                unknown = [one for one in every.values() if one.family == each.family and one.value is None]
                assert len(told) == len(unknown)
                assert each.sentence.startswith(f"{len(told)} feature")
                n_unknown += 1
            assert f"{each.contribution:+.2f}  {each.family.replace('_', ' ')}: {each.sentence}" in str(why)
    assert n_unknown


def test_as_json_and_as_text():
    why = reasons(ids_of("automated")[0])
    told = json.loads(json.dumps(why.to_dict(), allow_nan=False))
    assert told["score"] == why.score
    assert told["top"][0]["sentence"] == why.top[0].sentence
    assert len(told["families"]) == len(why.families)
    text = str(why)
    assert "automated" in text.splitlines()[0]
    assert why.top[0].sentence in text
    assert "nothing is known" not in text
    assert str(ids_of("automated")[0]) not in text + repr(why)


def test_an_account_that_sent_nothing():
    silent = Dataset(
        accounts={"account_id": ["a"]}, messages={"sender_id": [], "recipient_id": [], "sent_at": []}
    )
    why = explain.reasons(silent, strict(), "a", as_of="2026-06-01")
    assert why.verdict == "insufficient_data"
    assert "insufficient data" in str(why)


def test_the_instant_matters():
    names = ids_of("automated")[::8]
    assert any(reasons(name, as_of="2026-05-04").raw_score != reasons(name).raw_score for name in names)
    assert reasons(names[0], as_of="1980-01-01").verdict == "insufficient_data"


@pytest.mark.parametrize("unknown", [None, "nobody", "", 7, 1.5, True, b"a", ["a"], "\ud800"])
def test_an_account_that_is_not_there(unknown):
    for door in (explain.reasons, explain.counterfactual, explain.statement):
        with pytest.raises(ParameterError, match=f"{door.__name__}: account_id must be") as caught:
            door(dataset(), strict(), unknown, ego=ego())
        assert "nobody" not in str(caught.value)


@cache
def large_ego():
    return EgoLog.build(large())


@cache
def seventeen():
    return explain.reasons(large(), strict(), 17, ego=large_ego())


@pytest.mark.parametrize("form", [17, "17", np.int64(17), np.uint8(17)])
def test_a_number_or_its_text(form):
    assert explain.reasons(large(), strict(), form, ego=large_ego()) == seventeen()


@pytest.mark.parametrize("wrong", ["017", "1e1", "-1", "4000", 4000, 2**70, "9" * 30, 17.0, "١٧"])
def test_a_number_that_is_not_there(wrong):
    with pytest.raises(ParameterError, match="account_id"):
        explain.reasons(large(), strict(), wrong, ego=large_ego())


def test_wrong_arguments():
    with pytest.raises(ParameterError, match="top must be a whole number from 0"):
        reasons(ids_of("automated")[0], top=-1)
    with pytest.raises(ParameterError, match="reasons: dataset must be a Dataset"):
        explain.reasons("data/sample", strict(), "a")
    with pytest.raises(ModelFileError):
        explain.reasons(dataset(), "no/model", "a")


def test_every_feature_says_whether_it_is_actionable():
    """What others decide, and what an account is rather than does, nobody can be asked to change."""
    assert all(isinstance(feature.actionable, bool) for feature in CATALOGUE.values())
    fixed = {name for name, feature in CATALOGUE.items() if not feature.actionable}
    for family in ("registration", "co_target", "evidence", "feedback"):
        assert {name for name in CATALOGUE if family_of(name).name == family} <= fixed
    assert {name for name in CATALOGUE if "_cluster_" in name or name.endswith("automated_share")} <= fixed
    assert {"account_age_s", "account_is_business", "replies_recipient_share", "replies_debt"} <= fixed
    for name in (
        "send_rate_sends",
        "fan_out_strangers",
        "rhythm_gap_p50_s",
        "account_age_first_send_s",
        "photo_changes",
    ):
        assert CATALOGUE[name].actionable
