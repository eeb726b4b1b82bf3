"""Honest scores and certified models to test on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from spamclf.model import HonestScores, IsotonicCalibration, Model, Reference
from tests.campaigns.indexes import random_index
from tests.model.forests import random_model

WINDOW = ("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z")
#: What a model needs in its `info` to have a card, as `train.fit` puts it there.
MADE: dict[str, Any] = {
    "as_of": "2026-07-01T00:00:00Z",
    "data": {
        "accounts": 9, "messages": 99, "duplicates": 0, "quarantined": 0, "first_message": None,
        "last_message": None, "fingerprint": "0" * 64,
    },
    "counts": {"train": {"automated": 5, "honest": 6, "rows": 7}},
    "parts_end": ["2026-05-01T00:00:00Z"],
    "whole_campaigns": True,
    "left_out": 0,
    "late_labels": 0,
    "metrics": {"honest_flagged_share": [0.1, 0.0, 0.2], "roc_auc": [0.9, 0.8, 0.95]},
    "segments": {},
    "calibration": "sigmoid",
    "fpr": 0.001,
    "confidence": None,
}  # fmt: skip


def random_honest(rng: np.random.Generator, n: int = 150, *, ties: bool = False) -> HonestScores:
    """Accounts of several rows each in overlapping segments, one of them empty; and a reference of some features.

    With the usual 150 of them, Germany is large enough for a bound of 5 % at confidence 0.9, and so are Brazil and
    France together.
    """
    account = np.repeat(np.arange(n), rng.integers(1, 4, n))
    scores = rng.beta(1, 6, account.size)
    if ties:
        scores = scores.round(1)
    business = (account % 2 == 0) & (rng.random(account.size) < 0.9)
    france = (account >= 0.6 * n) & (account < 0.8 * n)
    scores = np.where(business | france, np.minimum(scores * 1.5, 0.99), scores)
    segments = {
        "new": rng.random(account.size) < 0.5,
        "business": business,
        "country=BR": account < 0.2 * n,
        "country=DE": (account >= 0.2 * n) & (account < 0.6 * n),
        "country=FR": france,
        "nobody": np.zeros(account.size, np.bool_),
    }
    gap = np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n).round(1))
    features = {"gap_s": gap, "all_missing": np.full(n, np.nan)}
    compared = {"business": np.arange(n) % 2 == 0, "country=FR": np.arange(n) >= 0.6 * n}
    reference = Reference.of(rng.random(n).round(2), features, compared)
    return HonestScores.of(account, scores, segments, window=WINDOW, reference=reference)


def certified_model(rng: np.random.Generator, *, memory: bool = False, **honest: Any) -> Model:
    """A model that holds whatever a folder can hold, with a certificate in which a segment is held to more."""
    model = replace(
        random_model(rng),
        memory=random_index(rng, n=30) if memory else None,
        honest=random_honest(rng, **honest),
        calibration=IsotonicCalibration([-2.0, 0.1, 3.0], [-3.0, 0.3, 2.0], slope=0.7),
    )
    return model.certify(fpr=0.05, confidence=0.9)


def same_arrays(one: Any, other: Any) -> bool:
    """Bit for bit."""
    return set(one) == set(other) and all(
        one[name].dtype == other[name].dtype and np.array_equal(one[name], other[name], equal_nan=True)
        for name in one
    )
