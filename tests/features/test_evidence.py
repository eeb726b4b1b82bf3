from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.features.test_template import OFFER, POEM, SPUN, people
from tests.worlds import (
    DAY,
    HASHES,
    World,
    all_known,
    assert_equal_values,
    assert_twin,
    at,
    differing,
    disturbed,
    look,
    pictured,
    random_world,
    said,
    shuffled,
    tables_of,
    tied,
    worlds,
)


@settings(max_examples=50)
@given(worlds(size=4))
def test_kernel_equals_twin(world: World) -> None:
    assert_twin(world, "evidence")


@pytest.mark.slow
@settings(max_examples=600)
@given(worlds(size=4))
def test_kernel_equals_twin_at_length(world: World) -> None:
    assert_twin(world, "evidence")


@pytest.mark.parametrize("seed", range(0, 20, 2))
def test_larger_worlds_equal_their_twins(seed: int) -> None:
    assert_twin(random_world(seed, n_accounts=5 + 2 * seed, n_messages=20), "evidence")


def _unseen_rows_change_nothing(world: World) -> None:
    world, rng = all_known(world), random.Random(world.seed)
    want = world.extract(features=["evidence"])
    for _ in range(2):
        assert not differing(want, disturbed(world, rng).extract(features=["evidence"]))
    again = world.with_rows(evidence=world.tables["evidence"] * 2, texts=world.tables["texts"] * 3)
    assert not differing(want, shuffled(again, rng).extract(features=["evidence"]))


@settings(max_examples=15)
@given(worlds(size=4))
def test_unseen_rows_change_nothing(world: World) -> None:
    _unseen_rows_change_nothing(world)


@pytest.mark.slow
@settings(max_examples=200)
@given(worlds(size=4))
def test_unseen_rows_change_nothing_at_length(world: World) -> None:
    _unseen_rows_change_nothing(world)


def test_seen_rows_do_matter() -> None:
    changed: set[str] = set()
    for seed in range(6):
        world = random_world(seed)
        now = replace(world, as_of=world.as_of - DAY // 2)
        changed |= {name for _, name in differing(world.extract(features=["evidence"]), now.extract())}
    assert len(changed) == 3


@pytest.mark.parametrize("missing", [["evidence"], ["photos"], ["texts"], ["photos", "texts", "evidence"]])
def test_tables_that_were_not_given(missing: list[str]) -> None:
    for seed in range(3):
        assert_twin(random_world(seed).without(*missing), "evidence", "photo", "template")


def test_accounts_tied_to_an_operator() -> None:
    photos = [pictured(who, HASHES[0], 1) for who in "abcd"]
    texts = [said("a", OFFER, 1), said("b", SPUN, 1), said("d", OFFER, 1), said("e", POEM, 1)]
    evidence = [
        tied("a", "o1", 5), tied("b", "o1", 5), tied("b", "o2", 6, "off_platform"), tied("c", None, 5),
        tied("d", "o1", 86_400), tied("e", "o1", 5),
    ]  # fmt: skip
    got = look("evidence", accounts=people(*"abcdef"), photos=photos, texts=texts, evidence=evidence)
    assert [got[who]["evidence_photo_accounts"] for who in "abcd"] == [1, 1, 2, 2]
    assert [got[who]["evidence_template_accounts"] for who in "abde"] == [1, 1, 2, 0]
    assert math.isnan(got["f"]["evidence_photo_accounts"])
    assert math.isnan(got["c"]["evidence_template_accounts"])


def test_reported_texts_are_held_against_reported_ones_alone() -> None:
    texts = [
        said("a", OFFER, 1, "reported"), said("b", SPUN, 2, "reported"), said("b", OFFER, 3, "reported"),
        said("c", OFFER, 4), said("d", POEM, 5, "reported"), said("e", "hi", 5, "reported"),
        said("f", OFFER, 86_400, "reported"),
    ]  # fmt: skip
    got = look("evidence", accounts=people(*"abcdef"), texts=texts)
    assert [got[who]["evidence_reported_accounts"] for who in "abd"] == [1, 1, 0]
    assert all(math.isnan(got[who]["evidence_reported_accounts"]) for who in "cef")


def test_a_hot_photo_with_evidence() -> None:
    """Each account is counted, however many there are."""
    rng = random.Random(1)
    names = [f"v{k}" for k in range(1500)]
    photos = [pictured(name, HASHES[0], k // 3) for k, name in enumerate(names)] + [
        pictured("a", HASHES[0], 0)
    ]
    evidence = [tied(name, "o", rng.randrange(9)) for name in rng.sample(names, 500)]
    world = World(
        tables_of(accounts=people("a", *names), photos=photos, evidence=evidence), at(days=1), 9 * DAY
    )
    values = world.extract(features=["evidence"])
    for who in ("a", "v3", "v900"):
        assert_equal_values(values[who], world.twin(who))
    assert values["a"]["evidence_photo_accounts"] == 500
