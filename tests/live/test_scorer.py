from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf.predict import LiveScorer
from tests.features.test_co_target import lists_worlds
from tests.live.observing import LATE_S, differing, model_of, observe_in_batches
from tests.rows import arrow
from tests.worlds import DAY, World, worlds


def live_of(world: World, seed: int) -> LiveScorer:
    live = LiveScorer(
        model_of(world.history_days),
        lateness_s=LATE_S,
        max_bad_share=1.0,
        not_after="2040-01-01",
        tables=world.tables,
    )
    observe_in_batches(live, arrow(world.tables), random.Random(seed))
    return live


def assert_live_equals_extract(world: World, seed: int) -> None:
    live, dataset = live_of(world, seed), world.dataset()
    for instant in (world.as_of, world.as_of - DAY // 3, world.as_of + 1, world.as_of - world.history):
        assert not differing(live, dataset, instant)


@settings(max_examples=100)
@given(worlds(), st.integers(0, 2**32))
def test_it_equals_extract(world: World, seed: int) -> None:
    assert_live_equals_extract(world, seed)


@settings(max_examples=50)
@given(lists_worlds(), st.integers(0, 2**32))
def test_it_equals_extract_where_lists_overlap(world: World, seed: int) -> None:
    assert_live_equals_extract(world, seed)
