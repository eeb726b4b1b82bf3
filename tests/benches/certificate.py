"""How often the false-flag bound breaks: ``python -m tests.benches.certificate``.

A large population of honest accounts stands for the truth, so that the share of them that a threshold flags is known
exactly. Each world draws calibration accounts from it, with replacement. Beside the certificate stands the naive
threshold: the one that at most fpr of the calibration accounts reach.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc, expit
from scipy.stats import binom, binomtest

from spamclf.model.honest import HonestScores
from spamclf.model.order_statistic import most_above
from tests.benches.timing import markdown

Floats = NDArray[np.float64]
KINDS = ("continuous", "tied", "heavy-tailed")
#: Calibration accounts for each bound: enough that the business accounts, a fifth of them, get their own.
SIZES = {0.01: 2_000, 0.003: 6_000, 0.001: 17_000}
CONFIDENCE = 0.95
_SNAPSHOTS = 5


@dataclass(frozen=True)
class Population:
    """Scores of every account at its snapshots (NaN: none), and whether it is a business."""

    scores: Floats
    is_business: NDArray[np.bool_]

    def maxima(self, segment: str) -> Floats:
        """Return the sorted highest scores of the accounts in a segment."""
        chosen = self.scores
        if segment == "new":
            chosen = chosen[:, :1]
        if segment == "business":
            chosen = chosen[self.is_business]
        return np.sort(np.nanmax(chosen, axis=1))

    def draw(self, n: int, rng: np.random.Generator) -> HonestScores:
        """Return what calibration keeps of n accounts."""
        chosen = rng.integers(0, len(self.scores), n)
        scores = self.scores[chosen]
        seen = ~np.isnan(scores)
        account, snapshot = np.nonzero(seen)
        segments = {"new": snapshot == 0, "business": self.is_business[chosen][account]}
        return HonestScores.of(account, scores[seen], segments)


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


def flagged_share(maxima: Floats, threshold: float) -> float:
    return 1.0 - float(np.searchsorted(maxima, threshold)) / maxima.size


def broken(
    kind: str, fpr: float, n_worlds: int, seed: int = 0
) -> tuple[dict[str, int], dict[str, int], dict[str, list[float]]]:
    """Count worlds whose certificate breaks its bound, overall and by segment, those certified, and the recall."""
    rng = np.random.default_rng(seed)
    people = population(kind)
    spam = population(kind, 50_000, shift=4.0, seed=1).maxima("all")
    truth = {segment: people.maxima(segment) for segment in ("all", "new", "business")}
    n_broken = dict.fromkeys([*truth, "naive"], 0)
    n_certified = dict.fromkeys(truth, 0)
    recall: dict[str, list[float]] = {"certificate": [], "naive": []}
    for _ in range(n_worlds):
        honest = people.draw(SIZES[fpr], rng)
        certificate = honest.certify(fpr, CONFIDENCE)
        thresholds = {"all": certificate.threshold} | {
            row.name: row.threshold for row in certificate.segments if not row.pooled
        }
        for segment, threshold in thresholds.items():
            n_certified[segment] += 1
            n_broken[segment] += flagged_share(truth[segment], threshold) > fpr
        first_unflagged = honest.values[: honest.n_accounts][::-1][int(fpr * honest.n_accounts)]
        naive = float(np.nextafter(first_unflagged, 2.0))
        n_broken["naive"] += flagged_share(truth["all"], naive) > fpr
        recall["certificate"].append(flagged_share(spam, certificate.threshold))
        recall["naive"].append(flagged_share(spam, naive))
    return n_broken, n_certified, recall


def exact(fpr: float, n: int) -> float:
    """Return how often the bound breaks where scores never tie."""
    n_above = most_above(n, fpr, CONFIDENCE)
    assert n_above is not None
    return float(betaincc(n_above + 1, n - n_above, fpr))


def slack(n_worlds: int, rate: float = 1 - CONFIDENCE) -> tuple[int, int]:
    """Return the 99.9 % acceptance region of a count."""
    return int(binom.ppf(0.0005, n_worlds, rate)), int(binom.ppf(0.9995, n_worlds, rate))


def main(n_worlds: int = 1000) -> None:
    print(
        f"{n_worlds:,} worlds a row, confidence {CONFIDENCE:g}; 99.9 % acceptance of 5 %: {slack(n_worlds)} worlds\n"
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
            ours, naive = (100 * float(np.mean(recall[key])) for key in ("certificate", "naive"))
            share = f"{100 * n_broken['all'] / n_worlds:.1f} % [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"
            naively = f"{100 * n_broken['naive'] / n_worlds:.1f} %"
            certain = f"{100 * exact(fpr, n):.1f} %"
            cost = f"{ours:.2f} % instead of {naive:.2f} %"
            rows.append([kind, f"{100 * fpr:g} %", f"{n:,}", share, certain, segments, naively, cost])
    header = [
        "scores",
        "fpr",
        "accounts",
        "bound broken",
        "exact, no ties",
        "in segments",
        "naive broken",
        "recall",
    ]
    print(markdown(header, rows))
    start = time.perf_counter()
    for _ in range(100):
        most_above(10_000_000, 1e-3, CONFIDENCE)
    print(f"\norder statistic of 10,000,000 accounts: {(time.perf_counter() - start) * 1e4:.0f} us")


if __name__ == "__main__":
    main()
