from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings

from tests import plain
from tests.worlds import (
    World,
    account,
    assert_equal_values,
    assert_twin,
    differing,
    labelled,
    look,
    reported,
    sent,
    shuffled,
    tables_of,
    worlds,
)


@settings(max_examples=60)
@given(worlds(size=12))
def test_kernel_equals_twin(world: World) -> None:
    assert_twin(world, "feedback")


def test_counts() -> None:
    reports = [
        reported("a", "r0", 9),
        reported("a", "r0", 9, "block"),
        reported("a", "r1", 9),
        reported("b", "r1", 9),
    ]
    messages = [sent("a", f"r{k}", k) for k in range(8)] + [sent("b", "a", 0)]
    got = look("feedback", messages=messages, reports=reports)["a"]
    assert (got["feedback_reports"], got["feedback_blocks"], got["feedback_reporters"]) == (2, 1, 2)
    assert got["feedback_per_100_strangers"] == 100 * 3 / 8
    assert got["feedback_co_report_share"] == 1 / 2


def test_reports_on_the_first_message() -> None:
    messages = [
        sent("a", "first", 10), sent("a", "second", 10), sent("a", "second", 20), sent("a", "later", 30),
        sent("a", "group", 1, is_group=True),
    ]  # fmt: skip
    reports = [
        reported("a", "first", 10),
        reported("a", "second", 25),
        reported("a", "later", 25),
        reported("a", "group", 40),
    ]
    got = look("feedback", messages=messages, reports=reports)["a"]
    assert got["feedback_first_message_share"] == 1 / 2  # "later" and "group" had got no message of it


def test_credibility_of_reporters_from_other_decided_cases() -> None:
    accounts = [account(name) for name in "abcd"]
    reports = [
        reported("a", "judge", 1), reported("b", "judge", 2), reported("b", "judge", 3), reported("c", "judge", 4),
        reported("a", "liar", 5), reported("d", "liar", 6),
    ]  # fmt: skip
    labels = [labelled("a", True, 7), labelled("b", True, 7), labelled("d", False, 7)]
    got = look("feedback", accounts=accounts, reports=reports, labels=labels)["a"]
    assert got["feedback_reporter_credibility"] == pytest.approx(((1 + 1) / (1 + 2) + (0 + 1) / (1 + 2)) / 2)


def test_a_brigade_reports_together() -> None:
    brigade = [f"r{k}" for k in range(10)]
    reports = [reported(victim, who, 5) for who in brigade for victim in ("a", "b")] + [
        reported("a", "honest", 6)
    ]
    got = look("feedback", accounts=[account("a"), account("b")], reports=reports)
    assert got["a"]["feedback_co_report_share"] == 10 / 11
    assert got["b"]["feedback_co_report_share"] == 1


def test_an_account_registered_later_but_sending_already_is_known() -> None:
    """Whether its row is there yet must not matter: it is registered at the instant or after it."""
    rows = {
        "messages": [sent("b", "x", 1), sent("a", "x", 1)],
        "reports": [reported("a", "r", 2), reported("b", "r", 2), reported("a", "s", 2)],
    }
    without = look("feedback", **rows)["a"]
    got = look("feedback", accounts=[account("b", registered_at=plain.DAY * 25_000)], **rows)["a"]
    assert got == pytest.approx(without, nan_ok=True)
    assert got["feedback_co_report_share"] == 1 / 2


def test_a_flood_of_reports_does_not_depend_on_its_order() -> None:
    """Of one reporter's reports the latest 1,000 count; what is left of a tie at that edge counts for nobody."""
    names = [f"v{k}" for k in range(1500)]
    accounts = [account(name) for name in ["a", *names]]
    reports = [reported("a", "flood", 5)] + [
        reported(name, "flood", 3 if k < 800 else 4) for k, name in enumerate(names)
    ]
    labels = [labelled(name, k % 3 == 0, 6) for k, name in enumerate(names)]
    world = World(
        tables_of(accounts=accounts, reports=reports, labels=labels), plain.DAY * 20_615, 30 * plain.DAY
    )
    values = world.extract(features=["feedback"])
    assert_equal_values(values["a"], world.twin("a"))
    assert values["a"]["feedback_reporter_credibility"] == pytest.approx((233 + 1) / (700 + 2))
    for seed in range(3):
        assert not differing(values, shuffled(world, random.Random(seed)).extract(features=["feedback"]))


@pytest.mark.parametrize(("n_reporters", "heard"), [(1, False), (6, False), (7, True)])
def test_reporters_must_outnumber_contacts(n_reporters: int, heard: bool) -> None:
    """Two contacts outweigh six people; who writes one way alone, or has only just begun, is none."""
    late = plain.DAY // plain.SECOND + 9
    messages = [
        sent("a", "x", 1),
        sent("x", "a", late),
        sent("y", "a", 3),
        sent("a", "y", late),
        sent("z", "a", 5),
    ]
    messages += [sent("a", f"s{k}", 6) for k in range(9)] + [sent("s0", "a", 7), sent("a", "s1", late)]
    reports = [reported("a", f"s{k}", late, "block") for k in range(n_reporters)] * 2
    got = look("feedback", messages=messages, reports=reports, days=2)["a"]
    nobody = look("feedback", messages=messages, days=2)["a"]
    assert got["feedback_reporters"] == (n_reporters if heard else 0)
    assert heard or got == pytest.approx(nobody, nan_ok=True)


def test_nobody_reported_it() -> None:
    got = look("feedback", accounts=[account("a")])["a"]
    assert got["feedback_reports"] == got["feedback_blocks"] == got["feedback_reporters"] == 0
    assert math.isnan(got["feedback_reporter_credibility"])
