"""More accounts over a threshold than chance allows: told exactly, for all of them, a segment, and honest ones."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom

from spamclf import predict, read_dataset
from spamclf.errors import ParameterError
from spamclf.model import Certificate, HonestScores, Reference
from spamclf.model.drift import LEVEL
from spamclf.model.reach import against_bound, against_others
from tests.benches.certificate import alarms

Array = np.ndarray[Any, np.dtype[Any]]


# ---- the tests themselves ----------------------------------------------------------------------------------------


@given(
    st.integers(0, 300),
    st.integers(1, 300),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from([0.01, 0.1, 0.5]),
)
def test_others_are_compared_by_the_hypergeometric_tail(
    n: int, m: int, here: float, there: float, level: float
) -> None:
    k, j = round(here * n), round(there * m)
    found = against_others("a", n, k, m, j, level)
    chances = [hypergeom.sf(each - 1, n + m, each + j, n) for each in range(n + 1)]
    assert found.p_value == pytest.approx(chances[k], rel=1e-6, abs=1e-12)
    assert found.expected == pytest.approx(n * j / m)
    if not any(abs(each - level) < 1e-9 for each in chances):
        assert found.n_limit == next((each for each in range(n + 1) if chances[each] <= level), None)
        assert found.too_many == (chances[k] <= level)


def test_of_many_accounts_the_tail_is_the_same() -> None:
    for n, m, k, j in (
        (100_000, 2_000_000, 150, 2500),
        (50_000, 400_000, 2700, 20_000),
        (10**6, 10**6, 120, 100),
    ):
        found = against_others("a", n, k, m, j, LEVEL)
        assert found.p_value == pytest.approx(hypergeom.sf(k - 1, n + m, k + j, n), rel=1e-4)


@pytest.mark.parametrize(("n", "m", "n_above"), [(4, 5, 0), (4, 5, 2), (6, 4, 3), (3, 6, 5)])
def test_it_is_exact_where_the_threshold_is_the_others_own_order_statistic(
    n: int, m: int, n_above: int
) -> None:
    """Over all orders in which n new and m other scores can fall, just above the threshold that leaves so many."""
    counts: Counter[int] = Counter()
    for places in itertools.combinations(range(n + m), m):  # of the others, the highest score first
        counts[places[n_above] - n_above] += 1  # new ones above the highest of the others that is not flagged
    total = sum(counts.values())
    for k in range(n + 1):
        exact = sum(count for each, count in counts.items() if each >= k) / total
        assert against_others("a", n, k, m, n_above, LEVEL).p_value == pytest.approx(exact, rel=1e-9)


@given(st.integers(0, 400), st.floats(0, 1), st.sampled_from([0.001, 0.01, 0.3]))
def test_a_bound_is_tested_by_the_binomial_tail(n: int, share: float, bound: float) -> None:
    k = round(share * n)
    found = against_bound("a", n, k, bound, LEVEL)
    chances = binom.sf(np.arange(-1, n), n, bound)
    assert found.p_value == pytest.approx(chances[k], rel=1e-6, abs=1e-300)
    assert found.n_limit == next((each for each in range(n + 1) if chances[each] <= LEVEL), None)
    assert found.too_many == (chances[k] <= LEVEL)


# ---- new accounts ------------------------------------------------------------------------------------------------


def check_alarms(n: int, *, n_draws: int, told: float, **settings: Any) -> None:
    found = alarms(n, n_draws=n_draws, **settings)
    assert found["false"] <= binom.ppf(0.999, n_draws, LEVEL)  # as rare as stated
    assert found["false by score"] == found["told by score"] == 0
    assert found["told"] >= told * n_draws


def test_noise_is_no_alarm_and_a_jump_over_the_threshold_is() -> None:
    """Some accounts jump, three times as many as the bound allows: nothing that a distance of all scores would show."""
    check_alarms(1000, fpr=0.01, jump=0.03, n_accounts=600, n_draws=300, told=0.99)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "automated", "told"),
    [(300, 0.0, 0.99), (5000, 0.0, 0.99), (20_000, 0.0, 0.99), (1000, 0.05, 0.5), (5000, 0.05, 0.85)],
)
def test_noise_is_no_alarm_and_a_jump_is_in_many_draws(n: int, automated: float, told: float) -> None:
    """Ten times the bound; where some accounts reach the threshold by right, it takes more accounts to be told."""
    check_alarms(n, fpr=0.001, jump=0.01, automated=automated, n_draws=1000, told=told)


def test_a_jump_of_some_is_told_with_its_count() -> None:
    rng = np.random.default_rng(0)
    reference = Reference.of(rng.beta(1, 20, 5000))
    certificate = HonestScores.of(np.arange(5000), rng.beta(1, 20, 5000), reference=reference).certify(1e-3)
    new = rng.beta(1, 20, 5000)
    new[:50] = 0.999
    report = certificate.check(new)
    (found,) = report.reaching
    everyone = next(reference.scores.lists())
    above, before = (int((each >= certificate.threshold).sum()) for each in (new, everyone))
    assert (found.name, found.n_accounts, found.n_reaching) == ("all accounts", 5000, above)
    assert found.p_value == pytest.approx(hypergeom.sf(above - 1, 10_000, above + before, 5000))
    assert (report.status, report.columns[0].level) == ("expired", "steady")
    assert f"reach the threshold, all accounts: {above} of 5,000, " in str(report)
    few = certificate.check(new[50:60])
    assert few.status == "unsure"


@cache
def with_businesses() -> tuple[HonestScores, Certificate]:
    """Businesses score higher and are held to more; small countries are pooled."""
    rng = np.random.default_rng(1)
    scores, masks = people(20_000, rng)
    reference = Reference.of(*people(20_000, rng)[:1], segments=masks)
    honest = HonestScores.of(np.arange(20_000), scores, masks, reference=reference)
    return honest, honest.certify(0.01)


def people(n: int, rng: np.random.Generator) -> tuple[Array, dict[str, Array]]:
    """Scores and segments of n accounts, of which the masks are the same for the same n."""
    place = np.arange(n) % 100
    business = place < 20
    masks = {
        "business": business,
        "country=DE": (place >= 10) & (place < 60),
        "country=FR": place == 60,
        "country=IT": place == 61,
        "nobody": place < 0,
    }
    scores = rng.beta(1, 20, n)
    return np.where(business, np.minimum(2.5 * scores, 1.0), scores), masks


def test_a_segment_is_looked_at_by_its_own_threshold() -> None:
    """Businesses that come to lie above theirs, where all accounts together are no more than before."""
    honest, certificate = with_businesses()
    assert certificate.certified == ("business", "country=DE", "other countries")
    rng = np.random.default_rng(2)
    scores, masks = people(10_000, rng)
    masks = {name: masks[name] for name in ("business", "country=DE")} | {
        "other countries": masks["country=FR"] | masks["country=IT"]
    }
    own = {row.name: row.threshold for row in certificate.segments}
    good = certificate.check(scores, segments=masks)
    assert [each.name for each in good.reaching] == ["all accounts", *certificate.certified]
    assert [each.n_accounts for each in good.reaching] == [10_000, 2000, 5000, 200]
    assert good.status == "holds"
    assert honest.reference is not None
    known = honest.reference.scores.told_apart(certificate.certified)
    for each in good.reaching[1:]:
        inside, before = scores[masks[each.name]], known[each.name]
        assert each.n_reaching == (inside >= own[each.name]).sum()
        assert each.expected == pytest.approx(inside.size * (before >= own[each.name]).mean())
    between = masks["business"] & (scores >= certificate.threshold) & (scores < own["business"])
    assert between.sum() > 40
    scores[np.flatnonzero(between)[:40]] = own["business"]
    bad = certificate.check(scores, segments=masks)
    assert [each.name for each in bad.reaching if each.too_many] == ["business"]
    assert (bad.status, certificate.check(scores).status) == ("expired", "holds")
    with pytest.raises(
        ParameterError, match="check: segments must be given for every certified segment; got none for"
    ):
        certificate.check(scores, segments={"business": masks["business"]})
    assert [
        each.name
        for each in certificate.check(
            scores[:0:-1], segments=dict.fromkeys(masks, masks["business"][1:] & False)
        ).reaching
    ] == ["all accounts"]


def test_a_reference_without_a_segment_is_silent_on_it() -> None:
    honest, _ = with_businesses()
    scores, masks = people(1000, np.random.default_rng(3))
    masks["other countries"] = masks["country=FR"] | masks["country=IT"]
    bare = HonestScores(honest.names, honest.values, honest.offsets, reference=Reference.of(scores)).certify(
        0.01
    )
    assert [each.name for each in bare.check(scores, segments=masks).reaching] == ["all accounts"]


# ---- honest accounts ---------------------------------------------------------------------------------------------


def test_honest_accounts_test_the_bound_itself() -> None:
    rng = np.random.default_rng(5)
    scores = rng.beta(1, 9, 20_000)
    certificate = HonestScores.of(np.arange(20_000), scores, reference=Reference.of(scores)).certify(0.01)
    new, honest = rng.beta(1, 9, 5000), rng.beta(1, 9, 3000)
    good = certificate.check(new, honest=honest)
    assert good.status == "holds"
    assert [each.n_reaching for each in good.honest] == [(honest >= certificate.threshold).sum()]
    assert good.honest[0].n_reaching > 0
    bad = certificate.check(new, honest=rng.beta(1, 6, 3000))
    assert bad.status == "expired"
    assert bad.holds is False
    assert "honest, yet flagged, all accounts: " in str(bad)
    assert certificate.check(new).honest == certificate.check(new, honest=[]).honest == ()


def test_a_recount_is_the_binomial_tail() -> None:
    scores = np.linspace(0, 0.9, 10_000)
    certificate = HonestScores.of(np.arange(10_000), scores, reference=Reference.of(scores)).certify(0.01)
    for flagged in (0, 1, 3, 20):
        honest = np.append(np.ones(flagged), np.zeros(400 - flagged))
        (found,) = certificate.check(scores, honest=honest).honest
        assert (found.n_accounts, found.n_reaching, found.expected) == (400, flagged, 4.0)
        assert found.p_value == pytest.approx(binom.sf(flagged - 1, 400, 0.01))


def test_honest_accounts_are_counted_by_the_threshold_in_force() -> None:
    """Businesses that only the overall threshold would flag are not flagged, and break no promise."""
    _, certificate = with_businesses()
    own = {row.name: row.threshold for row in certificate.segments}
    scores, _ = people(4000, np.random.default_rng(6))
    everybody, nobody = np.ones(1000, bool), np.zeros(1000, bool)
    masks = {"business": everybody, "country=DE": nobody, "other countries": nobody}
    honest = np.linspace(0.0, own["business"], 1000, endpoint=False)
    assert binom.sf((honest >= certificate.threshold).sum() - 1, 1000, 0.01) < 1e-9
    kept = certificate.check(scores, honest=honest, honest_segments=masks)
    assert [(each.name, each.n_accounts, each.n_reaching) for each in kept.honest] == [
        ("all accounts", 1000, 0),
        ("business", 1000, 0),
    ]
    assert kept.status == "holds"
    honest[:30] = own["business"]
    broken = certificate.check(scores, honest=honest, honest_segments=masks)
    assert [each.n_reaching for each in broken.honest if each.too_many] == [30, 30]
    with pytest.raises(
        ParameterError, match="check: honest_segments must be given for every certified segment"
    ):
        certificate.check(scores, honest=honest)


def test_the_refusal_tells_the_call_that_works() -> None:
    dataset = read_dataset("data/sample")
    model = predict.load_shipped_model()
    score = np.array(predict.score(dataset, model, n_reasons=0)["score"])
    rows = np.arange(score.size) % 2 == 0
    with pytest.raises(ParameterError) as refused:
        model.certificate.check(score, honest=score[rows])
    call = re.search(r"honest_segments=(\{.*\.items\(\)\})", str(refused.value)).group(1)
    scope = {"predict": predict, "dataset": dataset, "model": model, "rows": rows}
    report = model.certificate.check(score, honest=score[rows], honest_segments=eval(call, scope))
    assert {each.name for each in report.honest} <= {"all accounts", *model.certificate.certified}
    with pytest.raises(ParameterError, match=r"Give segments=\{name: mask\[sent\]"):
        model.certificate.check(score, segments={})


def test_each_segment_is_tested_by_itself() -> None:
    """Too many flagged in one are told, though they are not too many of all."""
    _, certificate = with_businesses()
    masks = {
        name: mask for name, mask in people(10_000, np.random.default_rng(7))[1].items() if name != "nobody"
    }
    masks["other countries"] = masks.pop("country=FR") | masks.pop("country=IT")
    honest = np.zeros(10_000)
    honest[np.flatnonzero(masks["other countries"])[:12]] = 1.0
    report = certificate.check(honest, honest=honest, honest_segments=masks)
    assert [(each.name, each.n_accounts, each.n_reaching, each.too_many) for each in report.honest] == [
        ("all accounts", 10_000, 12, False),
        ("business", 2000, 0, False),
        ("country=DE", 5000, 0, False),
        ("other countries", 200, 12, True),
    ]


def test_an_account_is_flagged_if_any_of_its_looks_is() -> None:
    """Against a plain loop over accounts: looks in different segments are held to different thresholds."""
    _, certificate = with_businesses()
    own = {row.name: row.threshold for row in certificate.segments}
    rng = np.random.default_rng(8)
    account = rng.integers(0, 300, 2000)
    score = rng.beta(1, 3, 2000)
    masks = {name: rng.random(2000) < 0.3 for name in certificate.certified}
    flagged: dict[str, set[int]] = {name: set() for name in ("all accounts", *masks)}
    for k in range(2000):
        inside = [name for name in masks if masks[name][k]]
        if score[k] >= max([certificate.threshold, *(own[name] for name in inside)]):
            for name in ("all accounts", *inside):
                flagged[name].add(int(account[k]))
    for codes in (account, [f"a{each}" for each in account]):
        report = certificate.check(score, honest=score, honest_account=codes, honest_segments=masks)
        assert {each.name: each.n_reaching for each in report.honest} == {
            name: len(those) for name, those in flagged.items()
        }
        assert report.honest[0].n_accounts == np.unique(account).size


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"honest": ["a"]}, "check: honest must be a list of numbers between 0 and 1"),
        ({"honest": 0.5}, "check: honest must be a list of numbers"),
        ({"honest": [1.5]}, "check: honest must be a list of numbers between 0 and 1"),
        ({"honest": [0.1, 0.2], "honest_account": [1]}, r"check: honest_account must be one per score \(2\)"),
        ({"honest": [0.1], "honest_segments": 5}, "check: honest_segments must be masks by name; got int"),
        (
            {"honest": [0.1], "honest_segments": {"new": [1]}},
            "check: honest_segments must be true or false for each",
        ),
        ({"segments": ["new"]}, "check: segments must be masks by name; got list"),
        ({"segments": {"new": [True]}}, "check: segments must be true or false for each of 3 rows"),
    ],
)
def test_misuse_is_refused(arguments: dict[str, Any], words: str) -> None:
    scores = np.linspace(0, 0.9, 1000)
    certificate = HonestScores.of(np.arange(1000), scores, reference=Reference.of(scores)).certify(0.1)
    with pytest.raises(ParameterError, match=words):
        certificate.check([0.1, 0.2, 0.3], **arguments)
