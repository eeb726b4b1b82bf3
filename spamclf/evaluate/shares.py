"""Shares and quantiles of accounts with their intervals: accounts by themselves, or campaigns as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.evaluate.figures import Interval

__all__ = [
    "campaign_quantile",
    "campaign_share",
    "campaign_shares",
    "exact_share",
    "flagged_shares",
    "mean_share",
]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
_N_BOOTSTRAP, _AT_ONCE = 500, 50


def exact_share(k: int, n: int, confidence: float = 0.95) -> Interval | None:
    """Return the share k / n with its interval (Clopper and Pearson 1934); None for none of none.

    Examples
    --------
    >>> print(exact_share(0, 300), exact_share(0, 0))
    0.000 [0.000, 0.012] None
    """
    from scipy.special import betaincinv

    if not n:
        return None
    tail = (1.0 - confidence) / 2.0
    low = float(betaincinv(k, n - k + 1, tail)) if k else 0.0
    high = float(betaincinv(k + 1, n - k, 1.0 - tail)) if k < n else 1.0
    return Interval(k / n, low, high)


def campaign_share(found: Bools, campaign: Codes) -> Interval | None:
    """Return the share of accounts found, with a 95 % interval that draws whole campaigns.

    Accounts of a campaign are found together or missed together. The interval is nowhere narrower than the exact one of
    single accounts: of few campaigns the draws know little.
    """
    return campaign_shares([found], campaign)[0]


def campaign_shares(every: Sequence[Bools], campaign: Codes) -> list[Interval | None]:
    """Return the same of the same accounts, found in several ways: campaigns are drawn once for all."""
    if not campaign.size:
        return [None] * len(every)
    group = np.unique(campaign, return_inverse=True)[1]
    counts = np.stack([np.bincount(group, weights) for weights in (*every, np.ones(group.size))], axis=1)
    drawn = np.concatenate([times @ counts for times in _times(len(counts))])
    lows, highs = np.quantile(drawn[:, :-1] / drawn[:, -1:], [0.025, 0.975], axis=0).tolist()
    shares: list[Interval | None] = []
    for found, low, high in zip(every, lows, highs, strict=True):
        exact = exact_share(int(found.sum()), found.size)
        assert exact is not None
        shares.append(Interval(exact.value, min(exact.low, low), max(exact.high, high)))
    return shares


def mean_share(parts: Sequence[tuple[Bools, Codes]]) -> Interval | None:
    """Return the mean of several groups' shares of accounts found, with a 95 % interval that draws whole campaigns.

    Parameters
    ----------
    parts : sequence of (ndarray of bool, ndarray of int64)
        Of each group the accounts, found or not, and their campaigns. The groups are these, not drawn: their
        intervals add up as those of independent figures do (Zou and Donner 2008).

    Examples
    --------
    >>> found, campaign = np.array([True, False]), np.array([0, 1])
    >>> mean_share([(found, campaign), (~found, campaign)]).value
    0.5
    """
    every = [share for share in (campaign_share(*part) for part in parts) if share is not None]
    if not every:
        return None
    value, low, high = (
        np.array([getattr(each, name) for each in every]) for name in ("value", "low", "high")
    )
    mean, n = float(value.mean()), len(every)
    below, above = (float(np.sqrt(((value - end) ** 2).sum())) / n for end in (low, high))
    return Interval(mean, max(mean - below, 0.0), min(mean + above, 1.0))


def campaign_quantile(values: Floats, campaign: Codes, q: float) -> Interval | None:
    """Return the smallest value that at least a share `q` of accounts does not exceed; campaigns are drawn whole."""

    def quantile(ranked: Floats, weight: Floats) -> Floats:
        total = np.cumsum(weight, axis=1)
        first = np.argmax(total >= q * total[:, -1:], axis=1)
        return np.asarray(ranked[first], np.float64)

    return _drawn(values, campaign, quantile) if values.size else None


def _drawn(values: Floats, campaign: Codes, figure: Callable[[Floats, Floats], Floats]) -> Interval:
    """Return a figure of ascending values and their weights (a row per draw), and the quantiles of its draws."""
    from scipy.sparse import csr_array

    ranked, place = np.unique(values, return_inverse=True)
    group = np.unique(campaign, return_inverse=True)[1]
    n = int(group.max()) + 1
    counts = csr_array((np.ones(values.size), (place, group)), shape=(ranked.size, n))
    draws = [figure(ranked, (counts @ times.T).T) for times in _times(n)]
    low, high = np.quantile(np.concatenate(draws), [0.025, 0.975])
    value = figure(ranked, counts.sum(axis=1)[None, :])
    return Interval(float(value[0]), float(low), float(high))


def _times(n: int) -> Iterator[Codes]:
    """Draw as many of `n` campaigns, again and again: how often each is in, a row per draw, some rows at a time."""
    rng = np.random.default_rng(0)
    for _ in range(0, _N_BOOTSTRAP, _AT_ONCE):
        yield rng.multinomial(n, np.full(n, 1 / n), _AT_ONCE)


def flagged_shares(account: Codes, y: Bools, flagged: Bools, inside: Bools) -> dict[str, dict[str, Any]]:
    """Count the accounts with rows inside, and those flagged in any of these; with the exact binomial interval."""
    told: dict[str, dict[str, Any]] = {}
    for kind, those in (("automated", y), ("honest", ~y)):
        everybody = np.unique(account[inside & those])
        n_flagged = np.unique(account[inside & those & flagged]).size
        found = exact_share(n_flagged, everybody.size)
        share = None if found is None else [found.value, found.low, found.high]
        told[kind] = {"accounts": everybody.size, "flagged_share": share}
    return told
