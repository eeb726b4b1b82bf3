"""Segments: who is new, established, a business, of a country; each against a plain rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spamclf import Dataset
from spamclf.ego import EgoLog
from spamclf.instants import DAY_US
from spamclf.model.score_lists import LEAST_OF_COUNTRY, LEAST_SCORES
from spamclf.segments import KINDS, NEW_DAYS, hide_few, segment_names, segments_of

WEEK = NEW_DAYS * DAY_US
START = 1_780_000_000_000_000


def ego(**columns: Any) -> EgoLog:
    """Accounts 0, 1, ... with such facts, and one sender that the accounts table does not know."""
    n = len(next(iter(columns.values())))
    messages = {"sender_id": [n], "recipient_id": [0], "sent_at": [START]}
    accounts = {"account_id": list(range(n))} | columns
    return EgoLog.build(Dataset(accounts=accounts, messages=messages, time_unit="us"), n_jobs=1)


def at(log: EgoLog, as_of: int, *names: str) -> dict[str, list[bool]]:
    slices = log.slices(np.arange(log.n_accounts), as_of, history_days=30)
    found = segments_of(log, slices, names)
    assert list(found) == list(names)
    assert all(mask.dtype == np.bool_ and mask.shape == (len(slices),) for mask in found.values())
    return {name: mask.tolist() for name, mask in found.items()}


def names_at(log: EgoLog, as_of: int) -> tuple[str, ...]:
    return segment_names(log, log.slices(np.arange(log.n_accounts), as_of, history_days=30))


# ---- who is in a segment -----------------------------------------------------------------------------------------


def test_seven_days_to_the_microsecond() -> None:
    log = ego(registered_at=[START, START + 1, None])
    assert at(log, START + WEEK, "new", "established") == {
        "new": [False, True, False, False],
        "established": [True, False, False, False],
    }
    assert at(log, START + WEEK - 1, "new")["new"] == [True, True, False, False]
    assert at(log, START + WEEK + 1, "new")["new"] == [False] * 4


def test_an_unknown_registration_is_in_neither() -> None:
    assert at(ego(registered_at=[None, None]), START + 1, "new", "established") == {
        "new": [False] * 3,
        "established": [False] * 3,
    }


def test_businesses_are_those_that_say_so() -> None:
    assert at(ego(is_business=[True, False, None]), START + 1, "business") == {
        "business": [True, False, False, False]
    }


def test_countries() -> None:
    log = ego(country=["DE", "BR", None, "DE", "IT"])
    assert at(log, START + 1, "country=BR", "other countries", "country=DE") == {
        "country=BR": [False, True, False, False, False, False],
        "other countries": [False, False, False, False, True, False],
        "country=DE": [True, False, False, True, False, False],
    }
    assert at(log, START + 1, "other countries")["other countries"] == [True, True, False, True, True, False]


@pytest.mark.parametrize(
    "country",
    ["D", "DEUX", "de", "D1", "+491701234567", "Anna", "DE\n", "\nDE", " DE", "ДЕ", "ß", "DE\x00", "DЕ"],
)
def test_what_is_no_code_is_another_country(country: str) -> None:
    """Whatever stands in the column, it names no segment."""
    log = ego(country=[country] * 150)
    assert names_at(log, START + 1) == (*KINDS, "other countries")
    found = at(log, START + 1, f"country={country}", "other countries")
    assert found == {f"country={country}": [False] * 151, "other countries": [True] * 150 + [False]}


def test_names_that_nobody_can_be_in() -> None:
    log = ego(country=["DE"], is_business=[True], registered_at=[START])
    assert at(log, START + 1, "country=XX", "no such segment", "business") == {
        "country=XX": [False] * 2,
        "no such segment": [False] * 2,
        "business": [True, False],
    }
    assert at(log, START + 1) == {}


@pytest.mark.parametrize("column", ["country", "is_business", "registered_at"])
def test_columns_that_are_not_given(column: str) -> None:
    given = {"country": ["DE"], "is_business": [True], "registered_at": [START]}
    of = {"country": "country=DE", "is_business": "business", "registered_at": "new"}
    log = ego(**{name: values for name, values in given.items() if name != column})
    assert at(log, START + 1, *of.values(), "other countries") == {
        name: [each != column, False] for each, name in of.items()
    } | {"other countries": [False, False]}
    assert names_at(log, START + 1) == (*KINDS, *["other countries"] * (column != "country"))


def test_an_account_grows_out_of_new() -> None:
    """Slices of one account at several instants, in any order."""
    log = ego(registered_at=[START])
    instants = np.array([START + WEEK, START + 1, START + 3 * WEEK])
    found = segments_of(log, log.slices([0, 0, 0], instants, history_days=30), ["new", "established"])
    assert found["new"].tolist() == [False, True, False]
    assert found["established"].tolist() == [True, False, True]


def test_a_row_of_the_future_says_nothing() -> None:
    """An account that registers at the instant or later, though it sent before: its facts are not to be seen yet."""
    facts = {"country": ["DE", "FR"], "is_business": [True, True]}
    for later in (START + 5, START + 6, START + WEEK):
        log = ego(registered_at=[later, START], **facts)
        names = ("new", "established", "business", "country=DE", "country=FR", "other countries")
        unseen = at(log, START + 5, *names)
        assert [name for name in names if unseen[name][0]] == []
        assert [name for name in names if unseen[name][1]] == ["new", "business", "country=FR"]
        assert at(log, later + 1, *names)["country=DE"][0]
    assert names_at(ego(registered_at=[START] * 200, country=["DE"] * 200), START) == KINDS


# ---- which segments are told apart -------------------------------------------------------------------------------


def named(**n_accounts: int) -> tuple[str, ...]:
    """The names where so many accounts are of each country; `none` has no code."""
    country = [each if each != "none" else "+49" for each, n in n_accounts.items() for _ in range(n)]
    return tuple(
        name.removeprefix("country=") for name in names_at(ego(country=country), START + 1)[len(KINDS) :]
    )


def test_no_segment_is_named_after_a_few() -> None:
    assert LEAST_OF_COUNTRY == 100
    assert named(DE=100, BR=150) == ("BR", "DE")
    assert named(DE=99, BR=150) == ("other countries",)
    assert named(DE=99, BR=150, FR=1) == ("BR", "other countries")
    assert named(DE=99) == ("other countries",)
    assert named(DE=300, none=99) == (
        "other countries",
    )  # else whoever subtracts the one from all had the 99
    assert named(DE=300, none=100) == ("DE", "other countries")
    assert named(DE=300, BR=200, none=3, FR=2) == ("DE", "other countries")
    assert named(DE=200, BR=200, FR=50) == ("DE", "other countries")  # of equal ones the first by name joins


def test_each_segment_has_enough_accounts_or_none_of_the_rest() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        codes = ["DE", "BR", "IN", "USA", "x", None]
        country = rng.permutation(
            np.repeat(np.array(codes, object), rng.integers(0, 250, len(codes)))
        ).tolist()
        if not country:
            continue
        log = ego(country=country)
        names = names_at(log, START + 1)
        sizes = {name: sum(mask) for name, mask in at(log, START + 1, *names).items() if name not in KINDS}
        assert sum(sizes.values()) == sum(each is not None for each in country)
        few = [name for name, size in sizes.items() if size < LEAST_OF_COUNTRY]
        assert not few or list(sizes) == ["other countries"]


def test_an_account_counts_once() -> None:
    log = ego(country=["DE"] * 60)
    twice = log.slices(np.tile(np.arange(60), 2), START + 1, history_days=30)
    assert segment_names(log, twice) == (*KINDS, "other countries")


def test_no_list_is_of_a_few() -> None:
    everyone = np.ones(60, bool)
    for n_accounts in (1, LEAST_SCORES - 1, LEAST_SCORES):
        some = hide_few(np.arange(60) % n_accounts, {"business": everyone, "new": everyone & False})
        assert some["business"].tolist() == [n_accounts == LEAST_SCORES] * 60
        assert not some["new"].any()
