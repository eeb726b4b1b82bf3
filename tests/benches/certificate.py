"""How often the false-flag bound breaks, and what ``check`` tells: ``python -m tests.benches.certificate``.

A large population of honest accounts stands for the truth, so that the share of them that a threshold flags is known
exactly. Each world draws calibration accounts from it, with replacement. Beside the certificate stands the naive
threshold: the one that at most fpr of the calibration accounts reach.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import binom, binomtest

from spamclf.model import HonestScores, Reference
from spamclf.model.order_statistic import most_above
from tests.benches.timing import markdown

Floats = NDArray[np.float64]
KINDS = ("continuous", "tied", "heavy-tailed")
#: Calibration accounts for each bound: enough that the business accounts, a fifth of them, get their own.
SIZES = {0.01: 2_000, 0.003: 6_000, 0.001: 17_000}
CONFIDENCE = 0.95
_SNAPSHOTS = 5
_BLOCK = 2_000_000  # accounts drawn at once


@dataclass(frozen=True)
class Population:
    """Scores of every account at its snapshots (NaN: none), and whether it is a business."""

    scores: Floats
    is_business: NDArray[np.bool_]

    @cached_property
    def highest(self) -> dict[str, Floats]:
        """The highest score of each account overall and in each segment, -1 where it is not in it."""
        highest = np.nanmax(self.scores, axis=1)
        return {
            "all": highest,
            "new": self.scores[:, 0],
            "business": np.where(self.is_business, highest, -1.0),
        }

    @cached_property
    def last(self) -> Floats:
        """The last score of each account."""
        return self.scores[np.arange(len(self.scores)), (~np.isnan(self.scores)).sum(axis=1) - 1]

    def maxima(self, segment: str) -> Floats:
        """Return the sorted highest scores of the accounts in a segment."""
        highest = self.highest[segment]
        return np.sort(highest[highest >= 0])

    def calibration(self, chosen: NDArray[np.int64], reference: Reference | None = None) -> HonestScores:
        """Return what calibration keeps of some accounts."""
        scores = self.scores[chosen]
        seen = ~np.isnan(scores)
        account, snapshot = np.nonzero(seen)
        segments = {"new": snapshot == 0, "business": self.is_business[chosen][account]}
        return HonestScores.of(account, scores[seen], segments, reference=reference)


@cache
def population(kind: str, n: int = 300_000, *, shift: float = 0.0, seed: int = 0) -> Population:
    """Make accounts of 1 to 5 snapshots, whose scores hang together; businesses score higher."""
    rng = np.random.default_rng(seed)
    is_business = rng.random(n) < 0.2
    level = rng.normal(size=(n, 1)) + is_business[:, None] + shift
    if kind == "heavy-tailed":
        raw = level + rng.pareto(0.8, (n, _SNAPSHOTS))
        scores = raw.clip(0) / (100 + raw.clip(0))
    else:
        scores = expit(level + rng.normal(size=(n, _SNAPSHOTS)) - 4)
    if kind == "tied":
        scores = scores.round(2)
    scores[np.arange(_SNAPSHOTS) >= rng.integers(1, _SNAPSHOTS + 1, n)[:, None]] = np.nan
    return Population(scores, is_business)


def flagged_share(maxima: Floats, thresholds: Floats | float) -> Floats:
    return 1.0 - np.searchsorted(maxima, thresholds) / maxima.size


# ---- how often the bound breaks ----------------------------------------------------------------------------------


def thresholds_of(people: Population, chosen: NDArray[np.int64], fpr: float) -> dict[str, Floats]:
    """Return the thresholds of many worlds at once, NaN where there is none: what `HonestScores.certify` chooses.

    Parameters
    ----------
    chosen : ndarray of shape (n_worlds, n_accounts), dtype int64
    """
    n_worlds, n = chosen.shape
    found = {}
    for segment, highest in people.highest.items():
        drawn = highest[chosen]
        top = -np.sort(-np.partition(drawn, n - 1 - int(fpr * n), axis=1)[:, n - 1 - int(fpr * n) :], axis=1)
        sizes = (drawn >= 0).sum(axis=1)
        above = np.array([-1 if (k := _most_above(int(size), fpr)) is None else k for size in sizes])
        own = np.where(above < 0, np.nan, np.nextafter(top[np.arange(n_worlds), above], 2.0))
        found[segment] = own if segment == "all" else np.maximum(own, found["all"])
        if segment == "all":
            found["naive"] = np.nextafter(top[:, -1], 2.0)
    return found


@cache
def _most_above(n: int, fpr: float) -> int | None:
    return most_above(n, fpr, CONFIDENCE)


def by_the_library(people: Population, chosen: NDArray[np.int64], fpr: float) -> dict[str, float]:
    """Return the thresholds of one world as a model would get them."""
    certificate = people.calibration(chosen).certify(fpr, CONFIDENCE)
    rows = {row.name: np.nan if row.pooled else row.threshold for row in certificate.segments}
    return {"all": certificate.threshold} | rows


def worlds(people: Population, fpr: float, n_worlds: int, seed: int) -> Iterator[dict[str, Floats]]:
    """Draw calibration accounts again and again, some worlds at a time; the library certifies the first one, too."""
    rng, n = np.random.default_rng(seed), SIZES[fpr]
    per_block = max(1, _BLOCK // n)
    for low in range(0, n_worlds, per_block):
        chosen = rng.integers(0, len(people.scores), (min(per_block, n_worlds - low), n))
        found = thresholds_of(people, chosen, fpr)
        for segment, threshold in by_the_library(people, chosen[0], fpr).items():
            np.testing.assert_equal(found[segment][0], threshold)
        yield found


def broken(
    kind: str, fpr: float, n_worlds: int, seed: int = 0
) -> tuple[dict[str, int], dict[str, int], dict[str, float]]:
    """Count worlds whose certificate breaks its bound, overall and by segment, those certified, and the mean recall."""
    people = population(kind)
    spam = population(kind, 50_000, shift=4.0, seed=1).maxima("all")
    truth = {segment: people.maxima(segment) for segment in people.highest}
    n_broken, n_certified, recall = (Counter[str](), Counter[str](), Counter[str]())
    for found in worlds(people, fpr, n_worlds, seed):
        for segment, thresholds in found.items():
            thresholds = thresholds[~np.isnan(thresholds)]
            n_certified[segment] += thresholds.size
            n_broken[segment] += int(
                (flagged_share(truth.get(segment, truth["all"]), thresholds) > fpr).sum()
            )
            recall[segment] += float(flagged_share(spam, thresholds).sum()) / n_worlds
    return dict(n_broken), dict(n_certified), dict(recall)


def exact(kind: str, fpr: float) -> float:
    """Return how often the overall bound breaks, by the binomial law, ties and all.

    It breaks where the order statistic lies below the lowest score v with at most a share fpr above it: where no more
    accounts than may lie above are drawn from those that score v or more.
    """
    maxima, n = population(kind).maxima("all"), SIZES[fpr]
    values = np.unique(maxima)
    lowest = values[1.0 - np.searchsorted(maxima, values, side="right") / maxima.size <= fpr][0]
    return float(binom.cdf(_most_above(n, fpr), n, flagged_share(maxima, lowest)))


def slack(n_worlds: int, rate: float = 1 - CONFIDENCE) -> tuple[int, int]:
    """Return the 99.9 % acceptance region of a count."""
    return int(binom.ppf(0.0005, n_worlds, rate)), int(binom.ppf(0.9995, n_worlds, rate))


def bounds(n_worlds: int) -> None:
    print(
        f"{n_worlds:,} worlds a row, confidence {CONFIDENCE:g}; beside what was counted stands the exact chance, ties "
        "and all\n"
    )
    rows = []
    for kind in KINDS:
        for fpr, n in SIZES.items():
            n_broken, n_certified, recall = broken(kind, fpr, n_worlds)
            interval = binomtest(n_broken["all"], n_worlds).proportion_ci()
            segments = ", ".join(
                f"{name} {100 * n_broken[name] / max(n_certified[name], 1):.1f} %"
                for name in ("new", "business")
            )
            share = f"{100 * n_broken['all'] / n_worlds:.2f} % [{100 * interval.low:.2f}, {100 * interval.high:.2f}]"
            naively = f"{100 * n_broken['naive'] / n_worlds:.1f} %"
            certain = f"{100 * exact(kind, fpr):.2f} %"
            cost = f"{100 * recall['all']:.2f} % instead of {100 * recall['naive']:.2f} %"
            rows.append([kind, f"{100 * fpr:g} %", f"{n:,}", share, certain, segments, naively, cost])
    print(
        markdown(
            ["scores", "fpr", "accounts", "bound broken", "exact", "in segments", "naive broken", "recall"],
            rows,
        )
    )


# ---- what check tells --------------------------------------------------------------------------------------------


def alarms(
    n_new: int,
    fpr: float = 0.001,
    *,
    jump: float,
    automated: float = 0.0,
    n_accounts: int = 3_000,
    n_draws: int = 300,
    seed: int = 0,
) -> Counter[str]:
    """Count draws in which a check cries by the threshold, or by the spread of scores; of clean accounts and of others.

    Each draw calibrates and certifies anew, on honest accounts and a share of automated ones, and checks new accounts
    of the same mix; then a share of these is moved to the highest scores.
    """
    people, spam = population("continuous"), population("continuous", 50_000, shift=4.0, seed=1)
    rng, found = np.random.default_rng(seed), Counter[str]()

    def mixed(honest: NDArray[np.int64]) -> Floats:
        n_spam = rng.binomial(honest.size, automated)
        return np.append(people.last[honest], rng.choice(spam.last, n_spam))[-honest.size :]

    for _ in range(n_draws):
        chosen, new = (rng.integers(0, len(people.last), n) for n in (n_accounts, n_new))
        certificate = people.calibration(chosen, Reference.of(mixed(chosen))).certify(fpr, CONFIDENCE)
        scores = mixed(new)
        for what, moved in (("false", 0), ("told", round(jump * n_new))):
            scores[rng.permutation(n_new)[:moved]] = 0.9999
            report = certificate.check(scores)
            found[what] += any(count.too_many for count in report.reaching)
            found[f"{what} by score"] += report.columns[0].level == "moved"
    return found


def checks(n_draws: int) -> None:
    print(
        f"\n{n_draws:,} draws a row: fpr 0.1 %, {3_000:,} calibration accounts; then 1 % of the new accounts jump\n"
    )
    rows = []
    for automated in (0.0, 0.05):
        for n_new in (300, 1_000, 5_000, 20_000):
            found = alarms(n_new, jump=0.01, automated=automated, n_draws=n_draws)
            shares = [
                f"{100 * found[name] / n_draws:.1f} %"
                for name in ("false", "told", "false by score", "told by score")
            ]
            rows.append([f"{100 * automated:g} %", f"{n_new:,}", *shares])
    print(
        markdown(
            ["automated", "new accounts", "false alarm", "jump told", "false by score", "jump told by score"],
            rows,
        )
    )


def main(n_worlds: int = 20_000, n_draws: int = 1_000) -> None:
    bounds(n_worlds)
    checks(n_draws)
    start = time.perf_counter()
    for _ in range(100):
        most_above(10_000_000, 1e-3, CONFIDENCE)
    print(f"\norder statistic of 10,000,000 accounts: {(time.perf_counter() - start) * 1e4:.0f} us")


if __name__ == "__main__":
    main()
