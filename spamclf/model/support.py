"""Whether honest scores support a certificate that was stored beside them: recomputed wherever a model is made or read.

A digest tells damage, not forgery: whoever rewrites a model's folder writes the digests anew. So a certificate is never
taken at its word. The binomial tail is summed here and not taken from scipy as in ``order_statistic``: importing that
takes 0.2 s, in a process that only wants to score, and this a millisecond.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

from spamclf.errors import ParameterError
from spamclf.model.certificate import Certificate, SegmentThreshold
from spamclf.model.honest import HonestScores, just_above
from spamclf.model.score_lists import is_country
from spamclf.model.stated import refuse

__all__ = ["check_support"]

Floats = npt.NDArray[np.float64]

_WHERE = "certificate"
#: How far, as a share, the chance of a broken bound may lie from the stated one: a hundred times what summing the tail
#: loses for the largest file of scores. No count of accounts hangs on it but by accident.
_SLACK = 1e-9
#: The same for the bound, which the tail was inverted for, to fewer digits.
_BOUND_SLACK = 1e-5
_SPREAD = 12  # standard deviations beyond which a binomial tail is below any chance that is asked for


def check_support(certificate: Certificate, honest: HonestScores | None) -> None:
    """Refuse a certificate that is not the one which the honest scores give for its share and confidence.

    Parameters
    ----------
    certificate : Certificate
    honest : HonestScores or None

    Raises
    ------
    ParameterError
        If a threshold, a count or a bound differs, if only to promise less.

    Examples
    --------
    >>> from dataclasses import replace
    >>> honest = HonestScores.of(np.arange(5000), np.linspace(0, 0.9, 5000))
    >>> certificate = honest.certify(fpr=0.01)
    >>> check_support(certificate, honest)
    >>> check_support(replace(certificate, threshold=0.5), honest)
    Traceback (most recent call last):
    ...
    spamclf.errors.ParameterError: certificate: threshold must be what the honest scores give; got another. Certify or
    train the model again.
    """
    if honest is None:
        raise refuse(_WHERE, "honest scores", "there to support it", "none", "Train the model again.")
    everyone, *_ = honest.lists()
    if certificate.n_accounts != everyone.size:
        raise _unsupported("n_accounts")
    if certificate.window != honest.window:
        raise _unsupported("window")
    _check_names(certificate, honest)
    least, most = _counts_above(everyone.size, certificate)
    if not least <= certificate.n_above <= most:
        raise _unsupported("n_above")
    if certificate.threshold != just_above(everyone, certificate.n_above):
        raise _unsupported("threshold")
    _check_bound(certificate.bound, everyone.size, certificate.n_above, certificate)
    lists = honest.told_apart([row.name for row in certificate.segments])
    for row in certificate.segments:
        _check_segment(row, lists[row.name], certificate)


def _check_names(certificate: Certificate, honest: HonestScores) -> None:
    """Refuse other segments than those of the honest scores, and countries that are pooled though they need not be."""
    stated = [row.name for row in certificate.segments]
    if stated != list(honest.told_apart(stated)):
        raise _unsupported("segments")
    for name, part in zip(honest.names, itertools.islice(honest.lists(), 1, None), strict=True):
        if is_country(name):
            least, most = _counts_above(part.size, certificate)
            if (name in stated and most < 0) or (name not in stated and least >= 0):
                raise _unsupported("segments.pooled")


def _check_segment(row: SegmentThreshold, part: Floats, certificate: Certificate) -> None:
    if row.n_accounts != part.size:
        raise _unsupported("segments.n_accounts")
    if row.n_flagged != part.size - int(np.searchsorted(part, row.threshold, side="left")):
        raise _unsupported("segments.n_flagged")
    least, most = _counts_above(part.size, certificate)
    if row.pooled != (most < 0) and row.pooled != (least < 0):
        raise _unsupported("segments.pooled")
    if row.bound is None:
        return  # and the threshold is the overall one: the certificate itself refuses any other
    fitting = [
        n_above
        for n_above in dict.fromkeys((max(least, 0), most))
        if row.threshold == max(certificate.threshold, just_above(part, n_above))
    ]
    if not fitting:
        raise _unsupported("segments.threshold")
    _check_bound(row.bound, part.size, fitting[-1], certificate)


def _counts_above(n: int, certificate: Certificate) -> tuple[int, int]:
    """Return how many of n accounts may lie above, twice where rounding decides; -1: they are too few for a bound."""
    if not n:
        return -1, -1
    first, tail = _tail(n, certificate.fpr)
    delta = 1.0 - certificate.confidence
    # From the last one on nothing adds to the sum but rounding, and all n above is no threshold.
    least, most = np.searchsorted(tail, [delta * (1 - _SLACK), delta * (1 + _SLACK)], side="right")
    return min(first + int(least), n) - 1, min(first + int(most), n) - 1


def _check_bound(bound: float, n: int, n_above: int, certificate: Certificate) -> None:
    delta, chance = 1.0 - certificate.confidence, 1.0
    if bound > 0:
        first, tail = _tail(n, bound)
        # Beyond either end it is next to none or all, and then no bound that anything gives.
        chance = 0.0 if n_above < first else float(tail[min(n_above - first, tail.size - 1)])
    if not abs(chance / delta - 1) <= _BOUND_SLACK:
        raise _unsupported("bound")


def _tail(n: int, share: float) -> tuple[int, Floats]:
    """Return the chances that Binomial(n, share) is at most k, for k from the first on where it is not next to none."""
    mean = n * share
    reach = _SPREAD * math.sqrt(mean * (1 - share)) + 50
    low, high = max(0, math.floor(mean - reach)), min(n, math.ceil(mean + reach))
    # Outwards from the likeliest count, where the chance is largest: its neighbours follow by multiplication.
    mode = min(n, math.floor((n + 1) * share))
    k = np.arange(low, high + 1, dtype=np.float64)
    odds = share / (1 - share)
    up = np.cumprod((n - k[mode - low : -1]) / (k[mode - low : -1] + 1) * odds)
    down = np.cumprod((k[1 : mode - low + 1] / (n - k[1 : mode - low + 1] + 1) / odds)[::-1])[::-1]
    tail = np.cumsum(np.concatenate([down, [1.0], up]))
    return low, tail / tail[-1]  # all together they are 1


def _unsupported(name: str) -> ParameterError:
    return refuse(_WHERE, name, "what the honest scores give", "another", "Certify or train the model again.")
