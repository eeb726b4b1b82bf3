"""Segments: who is new, established, a business, of a country; each against a plain rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spamclf import Dataset
from spamclf.ego import EgoLog
from spamclf.instants import DAY_US
from spamclf.segments import NEW_DAYS, segments_of

WEEK = NEW_DAYS * DAY_US
START = 1_780_000_000_000_000


def ego(**columns: Any) -> EgoLog:
    """Accounts a, b, ... with such facts, and one sender that the accounts table does not know."""
    n = len(next(iter(columns.values())))
    ids = [chr(97 + k) for k in range(n)]
    messages = {"sender_id": ["stranger"], "recipient_id": ["a"], "sent_at": [START]}
    accounts = {"account_id": ids} | columns
    return EgoLog.build(Dataset(accounts=accounts, messages=messages, time_unit="us"), n_jobs=1)


def at(log: EgoLog, as_of: int, names: list[str] | None = None) -> dict[str, list[bool]]:
    slices = log.slices(np.arange(log.n_accounts), as_of, history_days=30)
    found = segments_of(log, slices, names)
    assert all(mask.dtype == np.bool_ and mask.shape == (len(slices),) for mask in found.values())
    return {name: mask.tolist() for name, mask in found.items()}


def test_seven_days_to_the_microsecond() -> None:
    log = ego(registered_at=[START, START + 1, None])
    assert at(log, START + WEEK) == {
        "new": [False, True, False, False],
        "established": [True, False, False, False],
    }
    assert at(log, START + WEEK - 1)["new"] == [True, True, False, False]
    assert "new" not in at(log, START + WEEK + 1)


def test_an_unknown_registration_is_in_neither() -> None:
    assert at(ego(registered_at=[None, None]), START + 1, ["new", "established"]) == {
        "new": [False] * 3,
        "established": [False] * 3,
    }
    assert at(ego(is_business=[None, False]), START + 1) == {}


def test_businesses_are_those_that_say_so() -> None:
    assert at(ego(is_business=[True, False, None]), START + 1) == {"business": [True, False, False, False]}


def test_countries() -> None:
    log = ego(country=["DE", "BR", None, "DE"])
    assert at(log, START + 1) == {
        "country=BR": [False, True, False, False, False],
        "country=DE": [True, False, False, True, False],
    }


def test_names_alone_are_answered_in_their_order() -> None:
    log = ego(country=["DE", "BR"], is_business=[True, False], registered_at=[START, START])
    names = ["country=XX", "business", "country=DE", "established", "no such segment"]
    found = at(log, START + 1, names)
    assert list(found) == names
    assert found == {
        "country=XX": [False] * 3,
        "business": [True, False, False],
        "country=DE": [True, False, False],
        "established": [False] * 3,
        "no such segment": [False] * 3,
    }
    assert at(log, START + 1, []) == {}


@pytest.mark.parametrize("column", ["country", "is_business", "registered_at"])
def test_columns_that_are_not_given(column: str) -> None:
    """A dataset without a fact has nobody in its segments, and says so only if asked."""
    given = {"country": ["DE"], "is_business": [True], "registered_at": [START]}
    of = {"country": "country=DE", "is_business": "business", "registered_at": "new"}
    log = ego(**{name: values for name, values in given.items() if name != column})
    found = at(log, START + 1)
    assert sorted(found) == sorted(name for each, name in of.items() if each != column)
    assert at(log, START + 1, [of[column]]) == {of[column]: [False, False]}


def test_an_account_grows_out_of_new() -> None:
    """Slices of one account at several instants, in any order."""
    log = ego(registered_at=[START])
    instants = np.array([START + WEEK, START + 1, START + 3 * WEEK])
    found = segments_of(log, log.slices([0, 0, 0], instants, history_days=30))
    assert found["new"].tolist() == [False, True, False]
    assert found["established"].tolist() == [True, False, True]
