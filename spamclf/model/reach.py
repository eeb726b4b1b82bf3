"""How many accounts reach a threshold, and whether so many are chance: two exact tests."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from spamclf.model.drift import ThresholdCount

__all__ = ["against_bound", "against_others"]

_SPREAD = 12  # standard deviations below which a tail adds nothing


def against_bound(name: str, n: int, n_reaching: int, bound: float, level: float) -> ThresholdCount:
    """Compare a count with the share that was promised not to be exceeded: the binomial tail.

    Parameters
    ----------
    name : str
        Of the accounts.
    n, n_reaching : int
        Accounts, and those that reach the threshold.
    bound : float
        Within (0, 1).
    level : float
        Chance at which a count is no accident any more.

    Returns
    -------
    count : ThresholdCount

    Examples
    --------
    >>> print(against_bound("all accounts", 1000, 5, 0.001, 0.01))
    all accounts: 5 of 1,000, 1 expected, too many from 5 on (p 0.0036)
    """
    from scipy.special import betainc

    def chance(k: int) -> float:
        return float(betainc(k, n - k + 1, bound)) if k else 1.0

    return ThresholdCount(name, n, n_reaching, n * bound, _fewest(chance, n, level), chance(n_reaching))


def against_others(
    name: str, n: int, n_reaching: int, m: int, m_reaching: int, level: float
) -> ThresholdCount:
    """Compare a count with that of `m` other accounts: Fisher's exact test, one-sided.

    It holds for any share that both have in common, and also where the threshold is an order statistic of the others'
    scores, as a certificate's is: then the count follows the negative hypergeometric law, whose tail is the same sum.

    Parameters
    ----------
    name, n, n_reaching, level
        As of `against_bound`.
    m, m_reaching : int
        The others, of whom there is at least one, and those of them that reach the threshold.

    Returns
    -------
    count : ThresholdCount

    Examples
    --------
    >>> print(against_others("all accounts", 1000, 12, 5000, 20, 0.01))
    all accounts: 12 of 1,000, 4 expected, too many from 11 on (p 0.0037)
    """

    def chance(k: int) -> float:
        return _others_at_most(m_reaching, k + m_reaching, n, m)

    return ThresholdCount(
        name, n, n_reaching, n * m_reaching / m, _fewest(chance, n, level), chance(n_reaching)
    )


def _others_at_most(most: int, drawn: int, n: int, m: int) -> float:
    """Return the chance that of so many drawn from n and m, at most `most` are of the m."""
    from scipy.special import gammaln

    mean = drawn * m / (n + m)
    reach = _SPREAD * math.sqrt(mean * n / (n + m)) + 50
    first = max(0, drawn - n, math.floor(min(most, mean) - reach))
    last = min(most, m, drawn, math.ceil(mean + reach))
    k = np.arange(first, last + 1, dtype=np.float64)

    def ways(size: float, chosen: Any) -> Any:  # the logarithm of the binomial coefficient
        return gammaln(size + 1) - gammaln(chosen + 1) - gammaln(size - chosen + 1)

    return min(1.0, float(np.exp(ways(m, k) + ways(n, drawn - k) - ways(n + m, drawn)).sum()))


def _fewest(chance: Callable[[int], float], n: int, level: float) -> int | None:
    """Return the fewest of n that are too many at a level; None if not even all are."""
    if chance(n) > level:
        return None
    low, high = 0, n  # none are never too many
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if chance(middle) <= level else (middle, high)
    return high
