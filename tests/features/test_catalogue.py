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
    assert CATALOGUE["replies_debt"].say(12_345.0).startswith("12,345 strangers")
    assert "12 %" in CATALOGUE["fan_out_once_share"].say(0.12)
    assert "3 days" in CATALOGUE["account_age_s"].say(3 * 86_400.0)
    assert "2.5 hours" in CATALOGUE["account_age_s"].say(9000.0)
