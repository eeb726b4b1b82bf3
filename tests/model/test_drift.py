"""Drift is seen where there is some, and not cried where there is none."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import kolmogorov
from scipy.stats import ks_2samp

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.model.drift import LEVEL
from spamclf.model.honest import HonestScores
from spamclf.model.reference import Reference

Columns = dict[str, np.ndarray[Any, np.dtype[np.float64]]]


def traffic(n: int, rng: np.random.Generator, shift: float = 0.0) -> tuple[Any, Columns]:
    """Scores, and features of all manners: counts, heavy tails, missing values. A shift moves scores and f0 only."""
    scores = 1 / (1 + np.exp(3 - rng.normal(size=n) - shift))
    features = {
        "f0": rng.normal(size=n) + shift,
        "f1": rng.poisson(1.0, n).astype(float),
        "f2": np.exp(3 * rng.normal(size=n)),
        "f3": rng.normal(size=n).round(),
        "f4": np.full(n, np.nan),
    }
    for name, missing in (("f1", 0.001), ("f2", 0.3), ("f3", 0.95)):
        features[name][rng.random(n) < missing] = np.nan
    return scores, features


def statistic(before: list[float], now: list[float]) -> float:
    with warnings.catch_warnings():  # its p-value, which nobody asked for, may not work out
        warnings.simplefilter("ignore")
        return float(ks_2samp(before, now).statistic)


@given(
    before=st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]), min_size=1, max_size=60),
    now=st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.75, 1.0]), min_size=1, max_size=60),
)
def test_ks_equals_scipy(before: list[float], now: list[float]) -> None:
    (found,) = Reference.of(before).compare(now).columns
    # The reference knows its own values alone; between two of them, new values can only be further apart.
    grid = np.unique(before)
    shares = [np.searchsorted(np.sort(each), grid, side="right") / len(each) for each in (before, now)]
    assert found.ks == pytest.approx(np.abs(shares[0] - shares[1]).max(), abs=1e-12)
    assert found.ks <= statistic(before, now) + 1e-12
    n = len(before) * len(now) / (len(before) + len(now))
    assert found.p_value == pytest.approx(kolmogorov(n**0.5 * found.ks), abs=1e-12)


def test_a_grid_of_200_values_loses_little_and_scores_nothing() -> None:
    rng = np.random.default_rng(0)
    before, now = rng.random(5000), rng.random(3000) ** 1.1
    score, feature = Reference.of(before, {"f": before}).compare(now, {"f": now}).columns
    plain = ks_2samp(before, now, method="asymp")
    assert (
        plain.statistic - 1 / 3000 <= score.ks <= plain.statistic
    )  # looked at before each new value, or after
    assert plain.statistic - 0.01 <= feature.ks <= plain.statistic
    assert np.log(feature.p_value) == pytest.approx(np.log(plain.pvalue), rel=0.2)


def test_psi_equals_its_definition_on_many_rows() -> None:
    rng = np.random.default_rng(1)
    before, now = rng.random(100_000), rng.beta(1.5, 1.0, 100_000)
    edges = np.quantile(before, np.linspace(0, 1, 11)[1:-1])
    shares = [np.bincount(np.searchsorted(edges, each), minlength=10) / each.size for each in (before, now)]
    psi = ((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum()
    assert Reference.of(before).compare(now).columns[0].psi == pytest.approx(psi, rel=0.01)


def test_few_rows_are_no_reason_for_alarm() -> None:
    """Even where the index of so few rows is large by chance; an alarm is as rare as with many rows."""
    rng, found = np.random.default_rng(6), Counter[str]()
    for n in range(1, 51):
        for _ in range(6):
            report = Reference.of(*traffic(1000, rng)).compare(*traffic(n, rng))
            found[report.status] += 1
            assert report.least_rows is not None
            assert report.least_rows > 50
            assert (report.holds is None) == (report.status == "unsure")
    assert found["unsure"] >= 300 * (1 - LEVEL)


def test_the_same_traffic_rarely_alarms_and_shifted_traffic_does() -> None:
    rng = np.random.default_rng(2)
    same, shifted = Counter[str](), Counter[str]()
    for k in range(300):
        n = (200, 1000, 5000)[k % 3]
        reference = Reference.of(*traffic(2000, rng))
        same[reference.compare(*traffic(n, rng)).status] += 1
        shifted[reference.compare(*traffic(n, rng, shift=0.8)).status] += 1
    assert same["holds"] >= 300 * (1 - LEVEL)
    assert shifted == {"expired": 300}


def test_many_rows_show_a_small_shift_that_matters_to_nobody() -> None:
    rng = np.random.default_rng(3)
    report = Reference.of(rng.random(200_000)).compare(rng.random(200_000) ** 1.03)
    assert report.columns[0].p_value < 1e-6
    assert report.columns[0].psi < 0.01
    assert report.status == "holds"


def test_it_says_which_column_moved() -> None:
    rng = np.random.default_rng(4)
    reference = Reference.of(*traffic(5000, rng))
    scores, features = traffic(2000, rng)
    features["f2"][rng.random(2000) < 0.5] = np.nan  # more missing than before
    features["f4"] = rng.normal(size=2000)  # known for the first time
    report = reference.compare(scores, features)
    assert set(report.moved) == {"f2", "f4"}
    assert report.status == "watch"
    assert report.holds
    assert "Look at what moved" in str(report)
    assert reference.compare(scores).moved == ()


def test_a_small_reference_never_holds() -> None:
    report = Reference.of(np.linspace(0, 1, 20)).compare(np.linspace(0, 1, 5000))
    assert report.status == "unsure"
    assert "a reference of more accounts" in report.advice


def test_infinite_values_are_the_largest_there_are() -> None:
    column = np.array([-np.inf, 0.0, np.inf, np.nan] * 500)
    reference = Reference.of(np.linspace(0, 1, 2000), {"f": column})
    assert np.isfinite(reference.cuts).all()
    assert reference.compare(np.linspace(0, 1, 2000), {"f": column}).columns[1].ks == 0


@given(seed=st.integers(0, 999), n=st.integers(1, 500))
@settings(max_examples=30)
def test_it_survives_storage_and_any_row_order(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    scores, features = traffic(n, rng)
    order = rng.permutation(n)
    segments = {"country=DE": scores > 0.1, "nobody": scores > 1}
    made = Reference.of(scores, features, segments)
    shuffled = Reference.of(
        scores[order],
        *({name: column[order] for name, column in each.items()} for each in (features, segments)),
    )
    again = Reference.from_arrays(made.arrays, list(made.names), list(segments))
    for name, array in made.arrays.items():
        assert array.tobytes() == shuffled.arrays[name].tobytes() == again.arrays[name].tobytes()
    report = again.compare(scores, features)
    assert again.n_rows == n
    assert all(column.ks == 0 and column.psi == pytest.approx(0, abs=1e-12) for column in report.columns)


GOOD = {
    "cuts": np.array([0.1, 0.5, 1.0, -3.0, 8.0]),
    "counts": np.array([2, 5, 9, 4, 7]),
    "offsets": np.array([0, 3, 5]),
    "missing": np.array([0, 2]),
    "score_values": np.array([*np.linspace(0.1, 0.9, 9), 0.1, 0.4]),
    "score_offsets": np.array([0, 9, 11]),
}


@pytest.mark.parametrize(
    "change",
    [
        {"cuts": np.array([0.1, 0.5, 1.0, -3.0, np.nan])}, {"cuts": np.array([0.1, 0.5, 1.0, -3.0, np.inf])},
        {"cuts": np.array([0.5, 0.1, 1.0, -3.0, 8.0])}, {"cuts": np.array([0.1, 0.5, 1.0, 8.0, 8.0])},
        {"cuts": np.array([1, 2, 3, 4, 5])}, {"cuts": np.zeros((5, 1))}, {"cuts": [0.1, 0.5, 1.0, -3.0, 8.0]},
        {"counts": np.array([2, 5, 9, 4, 8])}, {"counts": np.array([0, 5, 9, 4, 7])},
        {"counts": np.array([5, 5, 9, 4, 7])}, {"counts": np.array([2, 5, 9, 4])},
        {"counts": np.array([2, 5, 2**62, 4, 7])}, {"offsets": np.array([0, 5])}, {"offsets": np.array([0, 5, 3])},
        {"offsets": np.array([0, 0, 5])}, {"offsets": np.array([1, 3, 5])}, {"offsets": np.array([0, -(2**62), 5])},
        {"offsets": np.array([0, 2**62, 5])}, {"missing": np.array([1, 2])}, {"missing": np.array([0, -2])},
        {"missing": np.array([0])}, {"score_values": np.zeros(0), "score_offsets": np.array([0, 0, 0])},
        {"score_values": np.linspace(0, 1, 8), "score_offsets": np.array([0, 8, 8])},
        {"score_values": GOOD["score_values"][::-1].copy()}, {"score_values": GOOD["score_values"] + 0.5},
        {"score_values": np.append(GOOD["score_values"][:-1], 0.95)}, {"score_offsets": np.array([0, 11])},
    ],
)  # fmt: skip
def test_stored_arrays_are_not_trusted(change: dict[str, Any]) -> None:
    assert Reference.from_arrays(GOOD, ["e", "f"], ["new"]).n_rows == 9
    with pytest.raises(ParameterError, match=r"(reference|scores): "):
        Reference.from_arrays({**GOOD, **change}, ["e", "f"], ["new"])


def test_stored_names_are_not_trusted() -> None:
    wrong: list[Any]
    for wrong in ([], ["a"], ["a", "b", "c"], ["a", ""], ["a", 3], ["a", "a"], ["a", "a\n"], ["a", "score"]):
        with pytest.raises(ParameterError, match="reference: "):
            Reference.from_arrays(GOOD, wrong, ["new"])
    for wrong in ([], ["a", "b"], [""], [3]):
        with pytest.raises(ParameterError, match="scores: "):
            Reference.from_arrays(GOOD, ["e", "f"], wrong)
    with pytest.raises(ParameterError, match="arrays must be counts, cuts"):
        Reference.from_arrays({"cuts": GOOD["cuts"]}, ["e", "f"], ["new"])
    with pytest.raises(ParameterError, match="scores must be ScoreLists; got list"):
        Reference([0.5], (), *(GOOD[name] for name in ("cuts", "counts", "offsets", "missing")))  # type: ignore[arg-type]


def test_misuse_is_refused() -> None:
    reference = Reference.of([0.1, 0.2], {"f": [1.0, 2.0]})
    with pytest.raises(InsufficientDataError, match="got none"):
        reference.compare([])
    with pytest.raises(ParameterError, match=r"one number per score \(2\)"):
        reference.compare([0.1, 0.2], {"f": [1.0]})
    with pytest.raises(ParameterError, match="1 fewer, such as f"):
        reference.compare([0.1, 0.2], {"g": [1.0, 2.0]})
    for wrong in ([1.5], [np.nan], [-3.0]):
        with pytest.raises(ParameterError, match="between 0 and 1"):
            reference.compare(wrong)
    with pytest.raises(ParameterError, match="numbers"):
        Reference.of([0.1], {"f": ["a"]})
    for nothing in (5, "f", [[1.0, 2.0]]):
        with pytest.raises(ParameterError, match="check: features must be columns by name; got"):
            reference.compare([0.1, 0.2], nothing)  # type: ignore[arg-type]
    for unsound in (["a", "b"], [[0.1], []], None):
        with pytest.raises(ParameterError, match="check: scores must be a list of numbers between 0 and 1"):
            reference.compare(unsound)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="otherwise than 'score'"):
        Reference.of([0.1], {"score": [1.0]})
    with pytest.raises(ParameterError, match="must have a reference"):
        HonestScores.of(np.arange(99), np.linspace(0, 1, 99)).certify(0.1).check([0.1])
