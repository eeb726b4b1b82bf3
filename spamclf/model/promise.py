"""Whether the promise of a certificate was kept, by the share of honest accounts that was flagged."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["BROKEN", "KEPT", "NOT_PROMISED", "UNSURE", "enough_to_tell", "promise_line", "promise_verdict"]

#: The interval lies at or below the bound; above it; on both sides. A pooled segment has no bound of its own.
KEPT, BROKEN, UNSURE, NOT_PROMISED = "kept", "broken", "cannot tell", "not promised"


def promise_verdict(low: float | None, high: float | None, fpr: float) -> str:
    """Return what an interval of the share of honest accounts flagged says of the promise of at most `fpr`.

    Parameters
    ----------
    low, high : float or None
        Ends of the interval; None of no accounts.
    fpr : float

    Returns
    -------
    verdict : {"kept", "broken", "cannot tell"}
        Kept if all of the interval is allowed, broken if none of it is.

    Examples
    --------
    >>> promise_verdict(0.0, 0.0009, 0.001), promise_verdict(0.0272, 0.0591, 0.001), promise_verdict(0.0, 0.05, 0.01)
    ('kept', 'broken', 'cannot tell')
    """
    if low is None or high is None or low <= fpr < high:
        return UNSURE
    return KEPT if high <= fpr else BROKEN


def enough_to_tell(fpr: float) -> int:
    """Return how many honest accounts, none of them flagged, show at 95 % that at most `fpr` are.

    Examples
    --------
    >>> enough_to_tell(0.01), enough_to_tell(0.001)
    (368, 3688)
    """
    return math.ceil(math.log(0.025) / math.log1p(-fpr))


def promise_line(info: dict[str, Any]) -> str:
    """Return a sentence on what the test part of a training says of its promise; or nothing.

    Parameters
    ----------
    info : dict
        Of a model: its ``metrics``, ``fpr`` and ``confidence``, which is None without a promise.

    Examples
    --------
    >>> promise_line({"metrics": {"honest_flagged_share": [0.0, 0.0, 0.05]}, "fpr": 0.01, "confidence": 0.95})
    'Promised are at most 0.01 of the honest accounts; whether that is kept here, nobody can tell: too few accounts.'
    """
    share = info.get("metrics", {}).get("honest_flagged_share")
    if share is None or info.get("confidence") is None:
        return ""
    verdict = promise_verdict(share[1], share[2], info["fpr"])
    said = (
        "whether that is kept here, nobody can tell: too few accounts"
        if verdict == UNSURE
        else f"here it is {verdict}"
    )
    return f"Promised are at most {info['fpr']:g} of the honest accounts; {said}."
