"""The exact order statistic: how many honest accounts may lie above a threshold that keeps its promise."""

from __future__ import annotations

import math

from spamclf.errors import InsufficientDataError

__all__ = ["least_accounts", "most_above", "too_few", "upper_bound"]


def least_accounts(fpr: float, confidence: float = 0.95) -> int:
    """Return how many honest accounts a certificate needs at least.

    Examples
    --------
    >>> least_accounts(1e-3), least_accounts(1e-2)
    (2995, 299)
    """
    n = max(1, math.ceil(math.log1p(-confidence) / math.log1p(-fpr)) - 1)
    while most_above(n, fpr, confidence) is None:  # once or twice: the logarithms are rounded
        n += 1
    return n


def most_above(n: int, fpr: float, confidence: float) -> int | None:
    """Return how many of n scores may lie above the threshold; None if even none are too many.

    The most such that Binomial(n, fpr) is no larger with probability 1 - confidence at most: then the threshold is the
    least order statistic that breaks the bound no more often. The tail is an incomplete beta function, exact to
    rounding for any n; quantile functions of the binomial are not, and a search takes log2(n) steps.
    """
    from scipy.special import betaincc

    delta = 1.0 - confidence

    def breaks(m: int) -> bool:
        return bool(betaincc(m + 1, n - m, fpr) > delta)

    if n < 1 or breaks(0):
        return None
    low, high = 0, n  # all n above is no threshold, and breaks surely
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if breaks(middle) else (middle, high)
    return low


def upper_bound(n: int, n_above: int, fpr: float, confidence: float) -> float:
    """Return the share that would be exceeded with probability 1 - confidence, with so many above."""
    from scipy.special import betainccinv

    return min(float(betainccinv(n_above + 1, n - n_above, 1.0 - confidence)), fpr)


def too_few(n: int, fpr: float, confidence: float) -> InsufficientDataError:
    """Return the refusal of a certificate, with the fpr that so many accounts would support."""
    remedy = "Label more later accounts"
    if n:
        least = -math.expm1(math.log1p(-confidence) / n)
        step = 10.0 ** (math.floor(math.log10(least)) - 2)
        shown = f"{math.ceil(least / step) * step:.3g}"  # rounded up: it must do
        remedy += f", or ask for an fpr of {shown} or more"
    return InsufficientDataError(
        f"certify: honest accounts must be at least {least_accounts(fpr, confidence):,} for fpr {fpr:g} at confidence "
        f"{confidence:g}; got {n:,}. {remedy}."
    )
