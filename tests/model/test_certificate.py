"""The certificate is the exact order statistic, refuses what data cannot support, and keeps its promise."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.model.certificate import ASSUMPTION, Certificate, SegmentThreshold
from spamclf.model.honest import HonestScores
from spamclf.model.order_statistic import least_accounts, most_above, upper_bound
from tests.benches.certificate import (
    KINDS,
    SIZES,
    broken,
    by_the_library,
    exact,
    population,
    slack,
    thresholds_of,
)


def honest(n: int, seed: int = 0) -> HonestScores:
    return HonestScores.of(np.arange(n), np.random.default_rng(seed).random(n))


def brute_k(n: int, fpr: Fraction, confidence: Fraction) -> int | None:
    """The least k with P(Binomial(n, 1 - fpr) >= k) <= 1 - confidence, in exact fractions."""
    tail, least = Fraction(0), None
    for k in range(n, 0, -1):
        tail += comb(n, k) * (1 - fpr) ** k * fpr ** (n - k)
        if tail > 1 - confidence:
            break
        least = k
    return least


@pytest.mark.parametrize("fpr", ["1/2", "1/5", "1/10", "1/20", "1/100"])
@pytest.mark.parametrize("confidence", ["1/2", "4/5", "19/20", "99/100"])
def test_the_order_statistic_equals_brute_force(fpr: str, confidence: str) -> None:
    for n in (1, 2, 5, 13, 14, 28, 29, 59, 60, 90, 300):
        k = brute_k(n, Fraction(fpr), Fraction(confidence))
        n_above = most_above(n, float(Fraction(fpr)), float(Fraction(confidence)))
        assert n_above == (None if k is None else n - k), n


@pytest.mark.parametrize("n", [3_000, 100_000, 10_000_000])
@pytest.mark.parametrize("fpr", [1e-3, 3e-3, 0.2])
def test_the_order_statistic_of_many_accounts_agrees_with_scipy(n: int, fpr: float) -> None:
    n_above = most_above(n, fpr, 0.95)
    assert n_above is not None
    assert binom.cdf(n_above, n, fpr) <= 0.05 < binom.cdf(n_above + 1, n, fpr)
    assert binom.cdf(n_above, n, upper_bound(n, n_above, fpr, 0.95)) == pytest.approx(0.05, rel=1e-6)


def test_the_threshold_is_just_above_the_order_statistic() -> None:
    scores = honest(5000)
    certificate = scores.certify(0.01, 0.95)
    k = 5000 - certificate.n_above
    assert certificate.threshold == np.nextafter(scores.values[k - 1], 2)
    assert (scores.values >= certificate.threshold).sum() == certificate.n_above
    assert certificate.expected_per_million == pytest.approx(1e6 * (5001 - k) / 5001)
    assert certificate.expected_per_million < certificate.bound_per_million <= 1e6 * certificate.fpr


@pytest.mark.parametrize(("fpr", "least"), [(1e-2, 299), (3e-3, 998), (1e-3, 2995)])
def test_it_is_refused_one_account_short(fpr: float, least: int) -> None:
    assert least_accounts(fpr) == least
    assert honest(least).certify(fpr).n_above == 0
    with pytest.raises(InsufficientDataError, match=f"at least {least:,} .* got {least - 1:,}. Label"):
        honest(least - 1).certify(fpr)


@given(n=st.integers(1, 100_000), confidence=st.floats(0.01, 0.999))
@settings(max_examples=50)
def test_a_refusal_names_an_fpr_that_will_do(n: int, confidence: float) -> None:
    scores = HonestScores((), np.zeros(n), np.array([0, n]))
    with pytest.raises(InsufficientDataError) as refused:
        scores.certify(1e-7, confidence)
    fpr = float(str(refused.value).split("fpr of ")[1].split()[0])
    assume(fpr < 1)
    assert scores.certify(fpr, confidence).n_above == 0
    with pytest.raises(InsufficientDataError):
        scores.certify(fpr * 0.98, confidence)


def test_no_accounts_support_nothing() -> None:
    with pytest.raises(InsufficientDataError, match=r"got 0\. Label more later accounts\.$"):
        HonestScores.of([], []).certify()


def test_ties_stay_unflagged() -> None:
    scores = np.concatenate([np.full(4000, 0.25), np.full(1000, 0.5)])
    certificate = HonestScores.of(np.arange(5000), scores).certify(0.01)
    assert certificate.threshold == np.nextafter(0.5, 1)
    assert (scores >= certificate.threshold).sum() == 0 < certificate.n_above


def test_saturated_scores_are_refused_overall_and_unflagged_in_a_segment() -> None:
    scores = np.linspace(0, 0.5, 10_000)
    scores[:400] = 1.0
    is_business = np.arange(10_000) < 400
    with pytest.raises(InsufficientDataError, match="reach the largest score must be at most"):
        HonestScores.of(np.arange(10_000), scores).certify(0.01)
    certificate = HonestScores.of(np.arange(10_000), scores, {"business": is_business}).certify(0.05)
    (business,) = certificate.segments
    assert certificate.threshold < 1 < business.threshold
    assert (business.n_flagged, business.pooled) == (0, False)
    assert "nothing can be flagged" in str(certificate)
    assert certificate.thresholds(2, {"business": np.array([True, False])})[0] > 1
    assert Certificate.from_dict(certificate.to_dict()) == certificate


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.booleans(), st.booleans()),
        max_size=40,
    ),
    seed=st.integers(0, 99),
)
def test_maxima_equal_a_plain_loop_in_any_row_order(
    rows: list[tuple[int, float, bool, bool]], seed: int
) -> None:
    shuffled = [rows[k] for k in np.random.default_rng(seed).permutation(len(rows))]
    made = []
    for each in (rows, shuffled):
        account, score, new, business = (
            (
                np.array(column, dtype)
                for column, dtype in zip(zip(*each, strict=True), (int, float, bool, bool), strict=True)
            )
            if each
            else (np.zeros(0, dtype) for dtype in (int, float, bool, bool))
        )
        made.append(HonestScores.of(account, score, {"new": new, "business": business}))
    lists = []
    for wanted in (lambda row: True, lambda row: row[2], lambda row: row[3]):
        highest: dict[int, float] = {}
        for row in filter(wanted, rows):
            highest[row[0]] = max(highest.get(row[0], 0.0), row[1])
        lists.append(sorted(highest.values()))
    for honest_scores in made:
        assert np.split(honest_scores.values, honest_scores.offsets[1:-1])[0].tolist() == lists[0]
        assert [
            part.tolist() for part in np.split(honest_scores.values, honest_scores.offsets[1:-1])
        ] == lists
        again = HonestScores.from_arrays(honest_scores.arrays, list(honest_scores.names))
        assert again.arrays["values"].tobytes() == honest_scores.values.tobytes()


def with_segments() -> Certificate:
    rng = np.random.default_rng(3)
    account = np.repeat(np.arange(6000), 2)
    score = rng.beta(1, 20, 12_000)
    is_business = account < 4000
    score[is_business] = rng.beta(2, 20, 8000)
    segments = {"new": np.tile([True, False], 6000), "business": is_business, "small": account > 5990}
    return HonestScores.of(account, score, segments, window=("2026-05-01", "2026-06-01")).certify(1e-3)


def test_the_highest_threshold_of_a_rows_segments_is_in_force() -> None:
    certificate = with_segments()
    new, business, small = certificate.segments
    assert certificate.certified == ("new", "business")
    assert small.pooled
    assert small.threshold == new.threshold == certificate.threshold < business.threshold
    masks = {
        "new": np.array([True, True, False, False, False]),
        "business": np.array([False, True, True, False, False]),
        "small": np.array([False, False, False, True, False]),
        "country=unheard": np.array([True, False, False, False, True]),
    }
    low, high = certificate.threshold, business.threshold
    assert certificate.thresholds(5, masks).tolist() == [low, high, high, low, low]
    del masks["business"]
    with pytest.raises(ParameterError, match="for every certified segment; got none for 'business'"):
        certificate.thresholds(5, masks)
    for wrong in (np.ones(5), np.ones(4, bool), np.ones((5, 1), bool)):
        with pytest.raises(ParameterError, match="true or false for each of 5 rows"):
            certificate.thresholds(5, masks | {"business": wrong})
    for nothing in (None, 5, [masks]):
        with pytest.raises(ParameterError, match="thresholds: segments must be masks by name; got"):
            certificate.thresholds(5, nothing)  # type: ignore[arg-type]
    for number in (-1, 2.0, None, "5"):
        with pytest.raises(ParameterError, match="thresholds: n_rows must be"):
            certificate.thresholds(number, masks)  # type: ignore[arg-type]


def by_country(**n_accounts: int) -> HonestScores:
    """Honest accounts of some countries, each with scores of its own kind, and 2,000 of no country."""
    rng = np.random.default_rng(4)
    own = np.repeat(["", *n_accounts], [2000, *n_accounts.values()])
    scores = rng.beta(1 + np.unique(own, return_inverse=True)[1], 20)
    names = {name: f"country={name}" if len(name) == 2 else "other countries" for name in n_accounts}
    return HonestScores.of(np.arange(own.size), scores, {names[name]: own == name for name in n_accounts})


def test_small_countries_are_pooled_with_each_other() -> None:
    """With a threshold of their own where they are enough together, as if they were one country."""
    counts = {"BR": 400, "DE": 150, "FR": 120, "US": 500, "elsewhere": 60}
    scores = by_country(**counts)
    certificate = scores.certify(0.01)  # which takes 299 accounts
    assert [(row.name, row.n_accounts, row.pooled) for row in certificate.segments] == [
        ("country=BR", 400, False),
        ("country=US", 500, False),
        ("other countries", 330, False),
    ]
    lists = dict(zip(scores.names, list(scores.lists())[1:], strict=True))
    together = np.concatenate(
        [lists[f"country={name}"] for name in ("DE", "FR")] + [lists["other countries"]]
    )
    alone = HonestScores.of(np.arange(330), together).certify(0.01)
    others = certificate.segments[-1]
    assert (others.threshold, others.bound) == (max(alone.threshold, certificate.threshold), alone.bound)
    assert others.threshold > certificate.threshold
    assert re.search(
        r"other countries +330 accounts .* per million; all countries without a line here", str(certificate)
    )
    assert [row.name for row in scores.certify(0.1).segments] == [*scores.names]  # each is large enough alone
    strict = scores.certify(0.0015)  # none is, and all together are not
    assert [(row.name, row.n_accounts, row.pooled) for row in strict.segments] == [
        ("other countries", 1230, True)
    ]
    assert re.search("pooled, fewer than .*: the overall bound alone; all countries without", str(strict))


def test_pooling_leaves_other_segments_and_the_overall_bound_alone() -> None:
    scores = by_country(DE=150, FR=160)
    bare = replace(scores, names=(), values=scores.values[: scores.n_accounts], offsets=scores.offsets[:2])
    assert replace(scores.certify(0.01), segments=()) == bare.certify(0.01)
    assert scores.certify(0.01).certified == ("other countries",)


def test_an_account_is_of_one_country() -> None:
    two = {"country=DE": np.array([True, False, True]), "country=FR": np.array([False, True, False])}
    assert HonestScores.of([1, 2, 1], [0.1, 0.2, 0.3], two).n_accounts == 2
    with pytest.raises(ParameterError, match="segments must be of one country per account; got two of some"):
        HonestScores.of([1, 1, 2], [0.1, 0.2, 0.3], two)
    two["other countries"] = two.pop("country=FR")
    with pytest.raises(ParameterError, match="of one country per account"):
        HonestScores.of([1, 1, 2], [0.1, 0.2, 0.3], two)
    with pytest.raises(ParameterError, match="those of segments of the accounts"):
        HonestScores(("country=DE", "country=FR"), np.full(5, 0.1), np.array([0, 2, 4, 5]))  # 3 accounts of 2


def test_a_segment_that_is_not_told_apart_says_so() -> None:
    certificate = HonestScores.of(
        np.arange(400), np.linspace(0, 0.5, 400), {"new": np.zeros(400, bool)}
    ).certify(0.01)
    assert re.search(
        "new +too few accounts .* pooled, not told apart: the overall bound alone", str(certificate)
    )


def test_it_says_what_it_promises() -> None:
    text = str(with_segments())
    assert "at most 1,000 of a million honest accounts are flagged over a time as long as" in text
    assert "with confidence 0.95" in text
    assert "from 6,000 honest accounts of 2026-05-01 to 2026-06-01" in text
    assert re.search(r"small +9 accounts  threshold 0\.", text)
    assert "pooled, fewer than 2,995" in text
    assert ASSUMPTION in text


def test_it_survives_json() -> None:
    certificate = with_segments()
    stored = json.loads(json.dumps(certificate.to_dict(), allow_nan=False))
    assert Certificate.from_dict(stored) == certificate


@pytest.mark.parametrize(
    "change",
    [
        {"fpr": 0.0}, {"fpr": 1}, {"fpr": True}, {"fpr": "0.1"}, {"fpr": float("nan")}, {"confidence": 1.0},
        {"confidence": None}, {"threshold": 1.5}, {"threshold": -0.1}, {"threshold": float("inf")},
        {"threshold": 10**400}, {"n_accounts": 0}, {"n_accounts": 2.0}, {"n_above": 6000}, {"n_above": -1},
        {"bound": 0.5}, {"bound": None}, {"segments": {}}, {"segments": [1]}, {"segments": [{}]},
        {"window": "ab"}, {"window": ["a"]}, {"window": [1, 2]}, {"window": ["a", "b\n"]}, {"more": 1},
    ],
)  # fmt: skip
def test_what_was_stored_is_not_trusted(change: dict[str, Any]) -> None:
    stored = with_segments().to_dict()
    with pytest.raises(ParameterError, match="certificate"):
        Certificate.from_dict({**stored, **change})
    for key in set(stored) & set(change):
        with pytest.raises(ParameterError, match="must be a dict of"):
            Certificate.from_dict({name: value for name, value in stored.items() if name != key})


@pytest.mark.parametrize(
    "change",
    [
        {"name": "business"}, {"name": ""}, {"name": "a\nb"}, {"name": 3}, {"n_accounts": 6001}, {"n_flagged": 6001},
        {"n_flagged": -1}, {"threshold": 0.0}, {"threshold": 1.1}, {"pooled": True}, {"pooled": 0}, {"bound": None},
        {"bound": 0.01}, {"more": 1},
    ],
)  # fmt: skip
def test_what_was_stored_of_a_segment_is_not_trusted(change: dict[str, Any]) -> None:
    stored = with_segments().to_dict()
    stored["segments"][0] |= change
    with pytest.raises(ParameterError, match="certificate"):
        Certificate.from_dict(stored)


def test_a_pooled_segment_has_the_overall_threshold() -> None:
    certificate = with_segments()
    small = replace(certificate.segments[2], threshold=0.9)
    with pytest.raises(ParameterError, match="the overall one where pooled"):
        replace(certificate, segments=(small,))
    with pytest.raises(ParameterError, match="there unless pooled"):
        replace(certificate, segments=(SegmentThreshold("a", 1, 0, certificate.threshold, True, 0.0),))


@pytest.mark.parametrize(
    ("values", "offsets"),
    [
        ([0.1, 0.2], [0, 2]),  # no list of the segment
        ([0.1, 0.2], [0, 1, 3]),
        ([0.1, 0.2], [1, 1, 2]),
        ([0.1, 0.2], [0, 3, 2]),
        ([0.1, 0.2], [0, 1, 2]),  # higher in the segment than overall
        ([0.1, 0.1, 0.1], [0, 1, 3]),  # more accounts than overall
        ([0.2, 0.1], [0, 2, 2]),
        ([0.1, np.nan], [0, 2, 2]),
        ([-0.1, 0.1], [0, 2, 2]),
        ([0.1, 1.1], [0, 2, 2]),
        ([0.1, 0.2], [0, -(2**62), 2]),
    ],
)
def test_stored_scores_are_not_trusted(values: list[float], offsets: list[int]) -> None:
    with pytest.raises(ParameterError, match="honest scores"):
        HonestScores(("new",), np.array(values), np.array(offsets))
    with pytest.raises(ParameterError, match="one-dimensional array of"):
        HonestScores(("new",), np.array(values, np.float32), np.array(offsets))
    with pytest.raises(ParameterError, match="one-dimensional array of"):
        HonestScores(("new",), np.array([values]), np.array(offsets))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1], [0.1, 0.2]), "account must be one per score"),
        ((["a", None], [0.1, 0.2]), "account must be codes of one kind"),
        (([1], ["a"]), "between 0 and 1"),
        (([1], [[0.5], []]), "between 0 and 1"),
        (([1], [0.5], [True]), "masks by name; got list"),
        (([1], [1.2]), "between 0 and 1"),
        (([1], [np.nan]), "between 0 and 1"),
        (([1], [0.5], {"new": [1]}), "true or false for each of 1 rows"),
        (([1], [0.5], {"": [True]}), "printable"),
    ],
)
def test_misuse_is_refused(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        HonestScores.of(*arguments)


@pytest.mark.parametrize(
    "options",
    [{"fpr": 0.0}, {"fpr": 1.0}, {"fpr": np.nan}, {"fpr": "0.1"}, {"confidence": 0}, {"confidence": 1}],
)
def test_options_out_of_range(options: dict[str, Any]) -> None:
    [(name, value)] = options.items()
    with pytest.raises(ParameterError, match=f"certify: {name} must be between 0 and 1; got {value!r}"):
        honest(10).certify(**options)


@pytest.mark.parametrize("kind", KINDS)
def test_many_worlds_at_once_are_certified_as_one_by_one(kind: str) -> None:
    people, rng = population(kind), np.random.default_rng(0)
    chosen = rng.integers(0, len(people.scores), (20, 2000))
    chosen[1, people.is_business[chosen[1]]] = np.flatnonzero(~people.is_business)[
        0
    ]  # too few businesses for a bound
    found = thresholds_of(people, chosen, 0.01)
    for k, world in enumerate(chosen):
        for segment, threshold in by_the_library(people, world, 0.01).items():
            np.testing.assert_equal(found[segment][k], threshold)
    assert np.isnan(found["business"]).tolist() == [k == 1 for k in range(20)]


def test_the_promise_holds_in_a_thousand_worlds() -> None:
    n_broken, n_certified, _ = broken("continuous", 0.01, 1000)
    assert set(n_certified.values()) == {1000}
    low, high = slack(1000, exact("continuous", 0.01))
    assert low <= n_broken["all"] <= high
    assert n_broken["naive"] > 300  # the worlds are such that a careless threshold breaks its promise


@pytest.mark.slow
@pytest.mark.parametrize("fpr", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_promise_holds_in_many_worlds(kind: str, fpr: float) -> None:
    """Each count lies in the region that takes 99.9 % of counts at a rate of 5 %, or overall at the exact rate."""
    n_worlds = 4000
    n_broken, n_certified, _ = broken(kind, fpr, n_worlds, seed=1)
    for segment in ("all", "new", "business"):
        assert n_certified[segment] == n_worlds
        assert n_broken[segment] <= slack(n_worlds)[1], segment
    assert exact(kind, fpr) <= 0.05
    low, high = slack(n_worlds, exact(kind, fpr))
    assert low <= n_broken["all"] <= high  # neither broken too often nor needlessly careful
    assert n_broken["naive"] > 0.3 * n_worlds
