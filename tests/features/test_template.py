from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from spamclf import Dataset, extract
from spamclf.campaigns.innocent import Innocent
from spamclf.campaigns.listing import list_campaigns
from spamclf.errors import SchemaError
from tests import naive_near
from tests.worlds import (
    DAY,
    Row,
    World,
    account,
    all_known,
    arrow,
    assert_equal_values,
    assert_twin,
    at,
    by_account,
    differing,
    disturbed,
    labelled,
    look,
    random_world,
    said,
    shuffled,
    some_texts,
    tables_of,
    worlds,
)

OFFER = "limited offer: buy cheap golden watches today, save half the price and pay nothing until June"
SPUN = "limited offer: buy cheap silver watches today, save half the price and pay nothing until July"
POEM = "the quick brown fox jumps over the lazy dog while seven wizards sleep beside the frozen river"


def people(*names: str) -> list[Row]:
    return [account(name) for name in names]


# ---- twins -------------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(worlds(size=4))
def test_kernel_equals_twin(world: World) -> None:
    assert_twin(world, "template")


@pytest.mark.slow
@settings(max_examples=600)
@given(worlds(size=4))
def test_kernel_equals_twin_at_length(world: World) -> None:
    assert_twin(world, "template")


@pytest.mark.parametrize("seed", range(0, 20, 2))
def test_larger_worlds_equal_their_twins(seed: int) -> None:
    assert_twin(random_world(seed, n_accounts=5 + 2 * seed, n_messages=20), "template")


def _unseen_rows_change_nothing(world: World) -> None:
    world, rng = all_known(world), random.Random(world.seed)
    want = world.extract(features=["template"])
    for _ in range(2):
        assert not differing(want, disturbed(world, rng).extract(features=["template"]))
    again = world.with_rows(texts=world.tables["texts"] * 2)
    assert not differing(want, shuffled(again, rng).extract(features=["template"]))


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
        changed |= {name for _, name in differing(world.extract(features=["template"]), now.extract())}
    assert len(changed) >= 9  # nobody is gone for a week in a history of two days


def test_without_a_table_of_texts_nothing_is_known() -> None:
    world = random_world(2).without("texts")
    assert_twin(world, "template")
    values = world.extract(features=["template"])
    assert all(math.isnan(v) for each in values.values() for v in each.values())


# ---- by hand -----------------------------------------------------------------------------------------------------


def test_what_it_showed() -> None:
    texts = [
        said("a", OFFER, 1), said("a", OFFER, 1), said("a", OFFER, 1, "description"), said("a", None, 2),
        said("a", POEM, 3, "name"), said("a", POEM, 3, "reported"), said("b", "hi", 1), said("c", None, 1),
    ]  # fmt: skip
    got = look("template", accounts=people(*"abcd"), texts=texts)
    assert [got[who]["template_texts"] for who in "abcd"] == [2, 1, 0, 0]
    assert got["a"]["template_cluster_accounts"] == 0
    assert all(math.isnan(got[who]["template_cluster_accounts"]) for who in "bcd")
    assert [got[who]["template_url"] for who in "ab"] == [0, 0]
    assert all(math.isnan(got[who]["template_url"]) for who in "cd")


def test_a_template_with_spun_words() -> None:
    texts = [
        said("a", OFFER, 9), said("b", SPUN, 5), said("c", OFFER.upper() + "  ", 7), said("d", POEM, 1),
        said("e", OFFER, 2, "reported"), said("f", OFFER, 3, "name"), said("c", SPUN, 8, "description"),
    ]  # fmt: skip
    got = look("template", accounts=people(*"abcdef"), texts=texts)["a"]
    assert got["template_cluster_accounts"] == 2
    assert got["template_cluster_texts"] == 2
    assert got["template_cluster_age_s"] == DAY / 1e6 - 5
    assert got["template_cluster_growth_24h"] == 2
    assert got["template_top_share"] == 1


def test_sender_turnover() -> None:
    texts = [said("a", OFFER, 0), said("b", OFFER, -6 * 86_400), said("c", OFFER, -6 * 86_400 - 1e-6)]
    texts += [said("d", OFFER, -20 * 86_400), said("d", SPUN, 0), said("e", POEM, 0)]
    got = look("template", accounts=people(*"abcde"), texts=texts)
    assert got["a"]["template_cluster_gone_share"] == 1 / 3
    assert math.isnan(got["e"]["template_cluster_gone_share"])


def test_share_of_its_texts_in_the_template() -> None:
    texts = [said("a", OFFER, 1), said("a", SPUN, 2), said("a", POEM, 3), said("a", "hi", 3)]
    texts += [said("b", OFFER, 1)]
    got = look("template", accounts=people("a", "b"), texts=texts)
    assert got["a"]["template_top_share"] == 2 / 3


def test_links_and_telephone_numbers() -> None:
    texts = [
        said("a", "see https://example.com/offer", 1), said("b", "call +49 170 1234567", 1), said("c", "plain", 1),
        said("d", "see https://example.com/offer", 1, "reported"), said("d", "x", 1),
    ]  # fmt: skip
    got = look("template", accounts=people(*"abcd"), texts=texts)
    assert [got[who]["template_url"] for who in "abcd"] == [1, 0, 0, 0]
    assert [got[who]["template_phone"] for who in "abcd"] == [0, 1, 0, 0]


def test_short_and_innocent_texts_are_in_no_cluster() -> None:
    usual = [text for text in Innocent.default().texts if len(naive_near.shingles(text)) >= 12]
    for text in ["hello there", "", "🙂🙂🙂🙂🙂", *usual[:2]]:
        texts = [said(who, text, 1) for who in "abc"]
        got = look("template", accounts=people(*"abc"), texts=texts)
        assert math.isnan(got["a"]["template_cluster_accounts"]), text


def test_automated_share() -> None:
    texts = [said(who, OFFER, 1) for who in "abc"]
    labels = [labelled("a", False, 5), labelled("b", True, 5), labelled("d", False, 5)]
    got = look("template", accounts=people(*"abcd"), texts=texts, labels=labels)
    assert got["c"]["template_cluster_automated_share"] == (1 + 1) / (2 + 2)
    assert math.isnan(got["a"]["template_cluster_automated_share"])  # it is labelled itself


@pytest.mark.parametrize("seed", range(3))
def test_many_own_texts(seed: int) -> None:
    rng = random.Random(seed)
    pool = some_texts(rng, 15)
    texts = [
        said(rng.choice("aaabcdefgh"), rng.choice(pool), rng.randrange(40)) for _ in range(250)
    ]  # fmt: skip
    look("template", accounts=people(*"abcdefgh"), texts=texts)


@pytest.mark.parametrize("ties", [pytest.param(1, marks=pytest.mark.slow), 10_000])
def test_a_hot_template(ties: int) -> None:
    rng = random.Random(ties)
    near = [OFFER, SPUN, OFFER.replace("golden", "leather"), OFFER.replace("June", "the summer")]
    names = [f"v{k}" for k in range(1500)]
    texts = [said(name, rng.choice(near), k // ties) for k, name in enumerate(names)]
    texts += [said(rng.choice(names), rng.choice(near), rng.randrange(1500) // ties) for _ in range(300)]
    texts += [said("a", OFFER, 2000), said("a", SPUN, 700), said("b", near[2], 9000)]
    labels = [labelled(name, k % 3 == 0, 6) for k, name in enumerate(names)]
    world = World(
        tables_of(accounts=people("a", "b", *names), texts=texts, labels=labels), at(days=9), 30 * DAY
    )
    values = world.extract(features=["template"])
    for who in ("a", "b", "v0", "v700", "v1499"):
        assert_equal_values(values[who], world.twin(who))
    assert not differing(values, shuffled(world, rng).extract(features=["template"]))


# ---- signatures made on the device ----------------------------------------------------------------------------------

STATED = {"signature": {"scheme": "affine32", "hash": "xxh32", "seed": 1, "n_perm": 128}}


def signed(who: str, text: str, seconds: float, **facts: object) -> Row:
    return said(who, None, seconds, signature=list(naive_near.signature_of(text)), **facts)


def test_a_signature_does_what_its_text_does() -> None:
    for seed in range(8):
        world = random_world(seed, n_messages=10)
        rng = random.Random(seed)
        texts: list[Row] = []
        for row in world.tables["texts"]:
            usable = row["text"] is not None and naive_near.is_usable_text(row["text"])
            signature = naive_near.signature_of(row["text"]) if usable else ()
            swap = usable and naive_near.is_usable_signature(signature) and rng.random() < 0.6
            made = {"text": None, "signature": list(signature)} if swap else {}
            texts.append(row | made)
        signed_world = world.with_rows(texts=texts)
        dataset = signed_world.dataset(schemes=STATED)
        got = by_account(extract(dataset, as_of=world.as_of, history_days=2, features=["template"]))
        cluster = [name for name in got["p0"] if "cluster" in name or "top" in name]
        for who, values in got.items():
            assert_equal_values(values, signed_world.twin(who))
            assert_equal_values({name: values[name] for name in cluster}, world.twin(who))


def test_a_signature_alone_tells_no_link() -> None:
    tables = tables_of(accounts=people("a", "b"), texts=[signed("a", OFFER, 1), said("b", SPUN, 2)])
    got = by_account(extract(World(tables).dataset(schemes=STATED), as_of=at(days=1), features=["template"]))
    assert got["a"]["template_texts"] == 1
    assert got["a"]["template_cluster_accounts"] == 1
    assert math.isnan(got["a"]["template_url"])


@pytest.mark.parametrize("text", ["ok", "Love", "Mum of 2", "At work"])
def test_a_short_text_joins_nobody_as_a_signature_either(text: str) -> None:
    texts = [signed(who, text, k) for k, who in enumerate("abc")]
    dataset = World(tables_of(accounts=people("a", "b", "c"), texts=texts)).dataset(schemes=STATED)
    got = by_account(extract(dataset, as_of=at(days=1), features=["template"]))
    assert math.isnan(got["a"]["template_cluster_accounts"])
    assert got["a"]["template_texts"] == 1
    assert len(list_campaigns(dataset, as_of=at(days=1), kinds=["text"])) == 0


@pytest.mark.parametrize(
    "words", [[0] * 128, [7] * 128, [2**32 // 50] * 128, list(range(128)), [2**32 - 1] * 128]
)
def test_what_no_text_has_as_its_signature_joins_nobody(words: list[int]) -> None:
    texts = [said(who, None, k, signature=words) for k, who in enumerate("abc")]
    dataset = World(tables_of(accounts=people("a", "b", "c"), texts=texts)).dataset(schemes=STATED)
    got = by_account(extract(dataset, as_of=at(days=1), features=["template"]))
    assert math.isnan(got["a"]["template_cluster_accounts"])
    assert len(list_campaigns(dataset, as_of=at(days=1), kinds=["text"])) == 0


def test_a_signature_of_another_scheme_is_refused() -> None:
    tables = arrow(tables_of(accounts=people("a"), texts=[signed("a", OFFER, 1)]))
    for schemes in (None, {"signature": STATED["signature"] | {"n_perm": 64}}):
        with pytest.raises(SchemaError, match="signature"):
            extract(Dataset(**tables, not_after="2040-01-01", schemes=schemes), features=["template"])


def test_threads_do_not_matter() -> None:
    world = random_world(3, n_accounts=40)
    tables = [
        extract(world.dataset(), as_of=world.as_of, history_days=2, features=["template", "photo"], n_jobs=n)
        for n in (1, 2)
    ]
    np.testing.assert_array_equal(tables[0].values, tables[1].values)


def test_one_account_crowds_nobody_out() -> None:
    names = [f"p{k}" for k in range(12)]
    texts = [said(who, OFFER, k) for k, who in enumerate(names)]
    flood = [said("z", OFFER, 20 + k / 10) for k in range(9_000)]
    world = World(tables_of(accounts=people(*names, "z"), texts=texts + flood), at(days=1))
    got = world.extract(features=["template_cluster_accounts"])
    assert [got[who]["template_cluster_accounts"] for who in names] == [len(names)] * len(names)
