from __future__ import annotations

import math
import re
import typing

import pytest

from spamclf.features import CATALOGUE, FAMILIES, Feature
from spamclf.features.catalogue import family_of
from spamclf.features.feature import Tier, Unit
from spamclf.schema import TABLES
from tests import naive
from tests.worlds import World, random_world, tables_of

EVERY = pytest.mark.parametrize("feature", CATALOGUE.values(), ids=CATALOGUE)


def needed(feature: Feature) -> list[tuple[str, str]]:
    """(table, column) of all that a feature needs, of alternatives each."""
    return [tuple(each.split(".")) for need in feature.needs for each in need.split("|")]  # type: ignore[misc]


@EVERY
def test_an_entry_is_complete(feature: Feature) -> None:
    family = family_of(feature.name)
    assert re.fullmatch(rf"{family.name}_[a-z0-9_]+", feature.name)
    assert feature.unit in typing.get_args(Unit)
    assert feature.tier in typing.get_args(Tier)
    assert feature.direction in (-1, 0, 1)
    assert feature.formula
    assert feature.sentence.count("{value}") == 1
    assert not feature.sentence.endswith(".")
    assert set(feature.companions) <= {other.name for other in family.features} - {feature.name}
    for table, column in needed(feature):
        assert column in {known.name for known in TABLES[table].columns}


@EVERY
def test_a_unit_shows_in_the_name(feature: Feature) -> None:
    assert (feature.unit == "s") == feature.name.endswith("_s")
    assert not feature.name.endswith("_share") or feature.unit == "share"


@EVERY
def test_a_tier_says_which_tables_are_looked_at(feature: Feature) -> None:
    looked_at = {table for table, _ in needed(feature)}
    assert bool(looked_at & {"reports", "evidence"}) <= (feature.tier == "F")
    assert ("photos" in looked_at) <= (feature.tier in "2F")
    assert ("texts" in looked_at) <= (feature.tier in "3F")


@EVERY
def test_a_sentence_can_be_said(feature: Feature) -> None:
    for value in (0.0, 0.25, 1.0, 1234.5, -7200.0):
        said = feature.say(value)
        assert "{" not in said
        assert said != feature.name
    assert feature.name in feature.say(float("nan"))


@EVERY
def test_a_sentence_is_english_whatever_the_numbers(feature: Feature) -> None:
    """One is singular, in noun and verb; several are plural; no number has an exponent."""
    values = (0.0, 1.0) if feature.unit == "flag" else (0.0, 0.5, 1.0, 2.0, 60.0, 4321.0, 1e-5)
    if feature.unit == "count":
        values = tuple(value for value in values if value == round(value))
    for value in values:
        for n in (0.0, 1.0, 2.0, float("nan")):
            others = {name: CATALOGUE[name].in_words(n) for name in feature.companions}
            said = feature.say(value, others)
            noun = r"(?:other |public )?[a-z]+s\b"
            assert not re.search(rf"(?<![\d.,])\b1 {noun}", said), said
            assert not re.search(r"(?<![\d.,])\b1 (?:other |public )?\w+ (?:are|were|have|share)\b", said), (
                said
            )
            assert not re.search(
                r"(?<![\d.,])\b(?:0|2|60|0\.5) (?:other |public )?(?:account|message|person)\b", said
            )
            assert not re.search(r"(?<![\d.,])\b1 other[^;]*as strangers", said), said
            assert not re.search(r"\de[+-]?\d|  |-0\b", said), said


def test_sentences_that_were_no_english() -> None:
    one = {"co_target_sharers": "1", "template_cluster_accounts": "1", "photo_cluster_accounts": "1"}
    for name, value, said in (
        ("account_age_s", 1.0, "is 1 second old"),
        ("account_age_s", 1234.5 * 86_400, "is 1,234 days old"),
        ("rhythm_active_days", 1.0, "sent on 1 day"),
        ("fan_out_entropy", 1.0, "spread its messages over people with an entropy of 1 bit"),
        ("fan_out_recipient_countries", 1.0, "wrote to people in 1 country"),
        ("fan_out_max_groups_1h", 1.0, "wrote to 1 group within 1 hour"),
        ("replies_debt", 1.0, "was not answered by 1 of the strangers it wrote to"),
        ("send_rate_per_minute_of_life", 1e-5, "sent 0.00001 messages for each minute of its life"),
        ("co_target_sharers", 1.0,
         "1 other account wrote, as a stranger, to at least two of the strangers it wrote to"),
        ("co_target_cluster_similarity", 0.442,
         "its list of strangers is 44.2 % the same as another account's; parts of it are shared by 1 other account"),
        ("template_cluster_gone_share", 1.0,
         "nearly the same text is shown by 1 other account; 100 % of such accounts have not shown it for a week"),
        ("photo_cluster_growth_24h", 0.0,
         "nearly the same photo is shown by 1 other account; within the last day 0 began to show it"),
        ("evidence_photo_accounts", 2.0,
         "nearly the same photo is shown by 2 other accounts that are tied to an operator"),
    ):  # fmt: skip
        assert CATALOGUE[name].say(value, one) == said


@EVERY
def test_without_what_it_needs_a_feature_tells_nothing(feature: Feature) -> None:
    world = random_world(4)
    for need in feature.needs:
        changed = {}
        for each in need.split("|"):
            table, column = each.split(".")
            nullable = next(known.nullable for known in TABLES[table].columns if known.name == column)
            rows = changed.get(table, world.tables[table])
            changed[table] = [row | {column: None} for row in rows] if nullable else []
        values = world.with_rows(**changed).extract(features=[feature.name]).values()
        assert len({value[feature.name] for value in values if not math.isnan(value[feature.name])}) <= 1


@EVERY
def test_shares_and_counts_stay_in_their_range(feature: Feature) -> None:
    for seed in range(3):
        values = [v[feature.name] for v in random_world(seed).extract(features=[feature.name]).values()]
        known = [value for value in values if not math.isnan(value)]
        if feature.unit == "share":
            assert all(0 <= value <= 1 for value in known)
        if feature.unit in ("count", "flag"):
            assert all(value >= 0 and value == round(value) for value in known)
        if feature.unit == "bits":
            assert all(value >= -1 for value in known)


def test_there_are_enough_features_each_once() -> None:
    names = [feature.name for family in FAMILIES.values() for feature in family.features]
    assert len(names) == len(set(names)) == len(CATALOGUE) >= 40
    assert {name.rsplit("_", 1)[0] for name in FAMILIES} >= {"account", "registration", "rhythm", "feedback"}


def test_every_feature_has_its_twin() -> None:
    world = World(tables_of())
    assert set(naive.features(world.tables, "a", world.as_of, world.history)) == set(CATALOGUE)


def test_values_in_words() -> None:
    assert CATALOGUE["send_rate_max_15s"].say(40.0) == "sent 40 messages within 15 seconds"
    assert CATALOGUE["fan_out_strangers"].say(12_345.0) == "wrote to 12,345 strangers"
    assert "12 %" in CATALOGUE["fan_out_once_share"].say(0.12)
    assert "3 days" in CATALOGUE["account_age_s"].say(3 * 86_400.0)
    assert "2.5 hours" in CATALOGUE["account_age_s"].say(9000.0)
