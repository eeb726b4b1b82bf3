"""Who exists at an instant: the rule by hand, the rule of the features, and what campaigns make of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from spamclf import extract, find, predict
from spamclf.campaigns.table import Campaigns
from spamclf.ego import EgoLog
from spamclf.errors import ParameterError
from spamclf.existence import Existence, labels_too_early
from spamclf.remember import remember
from tests import worlds as w
from tests.naive import View

FEATURES = ["photo_shown", "template_texts"]


@settings(max_examples=100, deadline=None)
@given(w.worlds())
def test_the_rule_is_that_of_the_slow_count(world: w.World) -> None:
    people = ["a", "b", "c", "d", "e", "x", "y", "nobody", "a"]
    existence = Existence(world.dataset(), world.as_of - world.history, world.as_of)
    expected = [View(world.tables, who, world.as_of, world.history).knows(who) for who in people]
    assert existence.of(pa.array(people)).tolist() == expected
    assert existence.of(pa.array(people).dictionary_encode()).tolist() == expected
    assert existence.of(pa.array([], pa.string())).tolist() == []


def test_integer_ids() -> None:
    tables = w.tables_of(
        accounts=[w.account(1, registered_at=w.at(5)), w.account(2, registered_at=w.at(9))],
        messages=[w.sent(3, 4, 6)],
    )
    dataset = w.Dataset(**w.arrow(tables, ids=pa.int64()), not_after="2040-01-01")
    assert dataset.integer_ids
    assert Existence(dataset, 0, w.at(9)).of(pa.array([1, 2, 3, 4])).tolist() == [True, False, True, False]


@settings(max_examples=100, deadline=None)
@given(w.worlds())
def test_labels_before_the_registration_are_counted(world: w.World) -> None:
    born = {row["account_id"]: row["registered_at"] for row in world.tables["accounts"]}

    def by_hand(rows: list[w.Row], until: float) -> int:
        dates = [(row["labelled_at"], born.get(row["account_id"])) for row in rows]
        return sum(since is not None and at < since < until for at, since in dates)

    labels = world.tables["labels"]
    dataset = world.dataset()
    assert labels_too_early(dataset) == by_hand(labels, float("inf"))
    assert labels_too_early(dataset, world.as_of) == by_hand(labels, world.as_of)
    assert labels_too_early(cut(world).dataset()) == by_hand(cut(world).tables["labels"], world.as_of)
    assert dataset.labels.num_rows == len(labels)  # none is set aside


# ---- campaigns --------------------------------------------------------------------------------------------------


def cut(world: w.World) -> w.World:
    """The same world without every row that comes at or after the instant."""
    return world.with_rows(
        **{
            name: [row for row in rows if row[w.TIMES[name]] is None or row[w.TIMES[name]] < world.as_of]
            for name, rows in world.tables.items()
        }
    )


def listed(world: w.World) -> Campaigns:
    return find.campaigns(
        world.dataset(), as_of=world.as_of, history_days=world.history_days, min_accounts=1, n_jobs=1
    )


def assert_same(one: Campaigns, other: Campaigns) -> None:
    assert one.table.equals(other.table)
    assert one.members().equals(other.members())
    assert one.operations(operators=True).equals(other.operations(operators=True))
    prints = [each.fingerprints().drop_columns(["row"]) for each in (one, other)]
    assert prints[0].equals(prints[1])


@settings(max_examples=40, deadline=None)
@given(w.worlds())
def test_a_listing_sees_nothing_of_what_comes_later(world: w.World) -> None:
    assert_same(listed(world), listed(cut(world)))


@pytest.mark.parametrize("seed", range(12))
def test_a_listing_of_many_sees_nothing_of_what_comes_later(seed: int) -> None:
    world = w.random_world(seed)
    found = listed(world)
    assert len(found)
    assert_same(found, listed(cut(world)))


@settings(max_examples=60, deadline=None)
@given(w.worlds())
def test_a_memory_sees_nothing_of_what_comes_later(world: w.World) -> None:
    def memory(of: w.World) -> Any:
        ego = EgoLog.build(of.dataset(), n_jobs=1)
        found = remember(ego, of.as_of, FEATURES, history_days=of.history_days, n_jobs=1)
        return {} if found is None else found.arrays

    # The look-back is counted from the last row where that is earlier: here it never is.
    last = w.sent("x", "y", 0) | {"sent_at": world.as_of - 1}
    [row] = w.tables_of(messages=[last])["messages"]
    world = world.with_rows(messages=[*world.tables["messages"], row])
    whole, early = memory(world), memory(cut(world))
    assert whole.keys() == early.keys()
    for name, array in whole.items():
        assert np.array_equal(array, early[name]), name


def test_accounts_that_come_later_are_neither_listed_nor_remembered() -> None:
    photo = w.HASHES[0]
    text = w.TEXTS[9]
    people = [
        w.account("a"),
        w.account("b", registered_at=w.at(5)),
        w.account("late", registered_at=w.at(50)),
    ]
    world = w.World(
        w.tables_of(
            accounts=people,
            messages=[w.sent("sender", "a", 20), w.sent("later", "a", 60), w.sent("early", "a", -60)],
            photos=[w.pictured(who, photo, 30) for who in ("a", "b", "late", "sender", "later", "early")],
            texts=[w.said(who, text, 30) for who in ("a", "late", "later")],
            labels=[w.labelled(who, True, 31) for who in ("a", "late", "later")],
            evidence=[w.tied(who, "o", 32) for who in ("a", "late", "later")],
        ),
        as_of=w.at(50),
        history=w.at(50) - w.at(0),
    )
    found = listed(world)
    members = found.members()
    assert set(members["account_id"].to_pylist()) == {"a", "b", "sender"}
    photos, texts = found.table.sort_by("kind").to_pylist()
    assert (photos["n_accounts"], photos["n_labelled"], photos["n_evidence"]) == (3, 1, 1)
    assert texts["n_accounts"] == 1
    memory = remember(EgoLog.build(world.dataset()), world.as_of, FEATURES, history_days=world.history_days)
    assert memory is not None
    assert len(memory) == 3
    assert len(memory.labels) == len(memory.evidence) == 1


def test_the_log_must_be_that_of_the_dataset() -> None:
    world = w.random_world(1)
    for ego in (EgoLog.build(world.dataset()), "log"):
        with pytest.raises(ParameterError, match="ego must be the log of this dataset"):
            find.campaigns(world.dataset(), as_of=world.as_of, ego=ego)
        with pytest.raises(ParameterError, match="extract: ego must be the log of this dataset"):
            extract(world.dataset(), as_of=world.as_of, ego=ego)
        with pytest.raises(ParameterError, match="score: ego must be the log of this dataset"):
            predict.score(world.dataset(), as_of=world.as_of, ego=ego)
