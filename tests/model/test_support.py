"""A certificate is recomputed from the honest scores beside it, without scipy, and any other is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.model import Certificate, HonestScores
from spamclf.model.order_statistic import most_above, upper_bound
from spamclf.model.support import _tail, check_support
from tests.model.honests import random_honest


def certify(honest: HonestScores, fpr: float, confidence: float) -> Certificate | None:
    try:
        return honest.certify(fpr, confidence)
    except InsufficientDataError:
        return None


def agree(one: Certificate, other: Certificate | None) -> bool:
    """The same but for the last digits of the bounds."""
    if other is None or [row.bound is None for row in one.segments] != [
        row.bound is None for row in other.segments
    ]:
        return False
    bounds, others = (
        [each.bound, *(row.bound for row in each.segments if row.bound is not None)] for each in (one, other)
    )
    same_rows = [replace(row, bound=None) for row in one.segments]
    return (
        replace(one, bound=0.0, segments=()) == replace(other, bound=0.0, segments=())
        and same_rows == [replace(row, bound=None) for row in other.segments]
        and np.allclose(bounds, others, rtol=1e-3, atol=0)
    )


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 400),
    fpr=st.floats(1e-3, 0.9),
    confidence=st.floats(0.01, 0.999),
    less=st.floats(0.01, 0.999),
    ties=st.booleans(),
)
def test_what_is_certified_is_supported_and_nothing_else(
    seed: int, n: int, fpr: float, confidence: float, less: float, ties: bool
) -> None:
    honest = random_honest(np.random.default_rng(seed), n, ties=ties)
    certificate = certify(honest, fpr, confidence)
    if certificate is None:
        return
    check_support(certificate, honest)
    stated = certificate.to_dict()
    rows = [row | ({} if row["pooled"] else {"bound": row["bound"] * less}) for row in stated["segments"]]
    for more in (
        {"fpr": fpr * less, "bound": certificate.bound * less, "segments": rows},
        {"confidence": 1 - (1 - confidence) * less},
        {"bound": certificate.bound * less},
        {"segments": rows},
    ):
        try:
            forged = Certificate.from_dict(stated | more)
            check_support(forged, honest)
        except ParameterError:
            continue
        assert agree(forged, certify(honest, forged.fpr, forged.confidence))


@pytest.mark.parametrize("n", [1, 59, 2995, 4000, 10**6, 134_217_728])
def test_the_tail_is_that_of_the_binomial(n: int) -> None:
    for share in (1e-9, 1e-4, 1e-3, 0.05, 0.5, 0.999):
        first, tail = _tail(n, share)
        k = np.unique(np.linspace(0, tail.size - 1, 50).astype(np.int64))
        expected = binom.cdf(first + k, n, share)
        told = expected > 1e-20
        np.testing.assert_allclose(tail[k][told], expected[told], rtol=1e-8)  # what older scipy is good for
        assert first == 0 or tail[0] < 1e-25
        assert tail[-1] == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 5, 59, 299, 2995, 12_345, 29_956, 10**6, 10**7, 134_217_728])
def test_counts_and_bounds_of_any_size_are_accepted(n: int) -> None:
    from spamclf.model.support import _check_bound, _counts_above

    for fpr in (1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.999999):
        for confidence in (1e-6, 0.05, 0.5, 0.9, 0.95, 0.999, 1 - 1e-9, 1 - 2e-16):
            n_above = most_above(n, fpr, confidence)
            stated = Certificate(fpr, confidence, 0.5, n, n_above or 0, 0.0)
            least, most = _counts_above(n, stated)
            assert least <= (-1 if n_above is None else n_above) <= most
            if n_above is not None:
                _check_bound(upper_bound(n, n_above, fpr, confidence), n, n_above, stated)


HONEST = random_honest(np.random.default_rng(3))
STATED = HONEST.certify(0.05, 0.9).to_dict()


def test_the_certificate_to_forge_has_every_kind_of_segment() -> None:
    names = [row["name"] for row in STATED["segments"]]
    assert names == ["new", "business", "country=DE", "nobody", "other countries"]
    new, business, germany, nobody, others = STATED["segments"]
    assert min(business["threshold"], others["threshold"]) > STATED["threshold"]
    pooled = [each["pooled"] for each in (new, business, germany, nobody, others)]
    assert pooled == [False, False, False, True, False]
    assert [each["n_accounts"] for each in (germany, nobody, others)] == [60, 0, 60]


FORGERIES: dict[str, dict[str, Any]] = {
    "threshold lowered": {"threshold": STATED["threshold"] / 2},
    "threshold lowered by a hair": {"threshold": float(np.nextafter(STATED["threshold"], 0))},
    "threshold raised": {"threshold": STATED["segments"][0]["threshold"] * 1.01},
    "more accounts": {"n_accounts": STATED["n_accounts"] + 1},
    "fewer accounts": {"n_accounts": STATED["n_accounts"] - 1},
    "more above": {"n_above": STATED["n_above"] + 1},
    "fewer above": {"n_above": STATED["n_above"] - 1},
    "bound lowered": {"bound": STATED["bound"] * 0.999},
    "bound raised": {"bound": (STATED["bound"] + STATED["fpr"]) / 2},
    "bound raised to the top": {"bound": STATED["fpr"]},
    "no bound": {"bound": 0.0},
    "smaller share": {"fpr": STATED["bound"] * 0.999, "bound": STATED["bound"] * 0.999},
    "tiny share": {"fpr": 1e-12, "bound": 1e-12},
    "more confidence": {"confidence": 0.99},
    "all but certain": {"confidence": 1 - 2e-16},
    "other window": {"window": ["2026-05-01T00:00:00Z", "2026-12-01T00:00:00Z"]},
    "no window": {"window": None},
    "no segments": {"segments": []},
    "segments in another order": {"segments": STATED["segments"][::-1]},
    "segment of another name": {
        "segments": [*STATED["segments"][:-1], STATED["segments"][-1] | {"name": "x"}]
    },
}
for _place, _name, _change in (
    (0, "threshold raised", {"threshold": 0.9}),
    (1, "threshold lowered", {"threshold": STATED["threshold"]}),
    (1, "threshold lowered, flags told", {"threshold": STATED["threshold"], "n_flagged": 9}),
    (1, "bound lowered", {"bound": STATED["segments"][1]["bound"] / 2}),
    (1, "bound raised", {"bound": STATED["fpr"]}),
    (1, "pooled", {"pooled": True, "bound": None, "threshold": STATED["threshold"]}),
    (1, "fewer flagged", {"n_flagged": STATED["segments"][1]["n_flagged"] - 1}),
    (2, "another country", {"name": "country=FR"}),
    (2, "no country", {"name": "other"}),
    (3, "not pooled", {"pooled": False, "bound": 0.04}),
    (3, "accounts", {"n_accounts": 1}),
    (4, "fewer accounts", {"n_accounts": 30}),
    (4, "threshold lowered", {"threshold": STATED["threshold"]}),
    (4, "one country alone", {"name": "country=BR"}),
):
    _rows = [row | _change if k == _place else row for k, row in enumerate(STATED["segments"])]
    FORGERIES[f"segment {_place}: {_name}"] = {"segments": _rows}


def _apart(stated: dict[str, Any], *countries: str) -> list[dict[str, Any]]:
    """The segments as they would be with other countries standing alone, with bounds of all that could have one."""
    lists = HONEST.told_apart(countries)
    own = {name: HonestScores.of(np.arange(part.size), part) for name, part in lists.items()}
    rows = []
    for name, part in lists.items():
        made = certify(own[name], stated["fpr"], stated["confidence"])
        threshold = max(stated["threshold"], made.threshold if made else 0.0)
        rows.append({
            "name": name, "n_accounts": part.size, "n_flagged": int((part >= threshold).sum()), "threshold": threshold,
            "pooled": made is None, "bound": made.bound if made else None,
        })  # fmt: skip
    return rows


def test_which_countries_are_pooled_is_not_for_a_certificate_to_say() -> None:
    """Pooling one that is large enough, to flag its accounts by a lower threshold; or naming one that is not."""
    assert _apart(STATED, "country=DE") == STATED["segments"]
    for wrong in (
        (),
        ("country=DE", "country=FR"),
        ("country=DE", "country=BR", "country=FR"),
        ("country=FR",),
    ):
        forged = Certificate.from_dict(STATED | {"segments": _apart(STATED, *wrong)})
        with pytest.raises(ParameterError, match=r"segments.* must be what the honest scores give"):
            check_support(forged, HONEST)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_certificate_that_says_anything_else_is_refused(forgery: str) -> None:
    check_support(Certificate.from_dict(STATED), HONEST)
    with pytest.raises(ParameterError, match="certificate: "):
        check_support(Certificate.from_dict(STATED | FORGERIES[forgery]), HONEST)


def test_a_certificate_needs_honest_scores() -> None:
    with pytest.raises(ParameterError, match="honest scores must be there to support it; got none"):
        check_support(Certificate.from_dict(STATED), None)
    other = random_honest(np.random.default_rng(4))
    with pytest.raises(ParameterError, match="what the honest scores give"):
        check_support(Certificate.from_dict(STATED), other)
