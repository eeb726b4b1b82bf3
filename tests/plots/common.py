"""Small tables, reasons and datasets to draw, and how to read bars back."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd

from spamclf import Dataset
from spamclf.explain import FamilyReasons, Reasons
from spamclf.model.reasons import Reason


def score_table(n=40, ids=None, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    score[0], score[1] = 0.0, 1.0  # the ends of the scale, where log odds are infinite
    verdict = np.where(score >= 0.8, "automated", "not_automated").astype(object)
    verdict[2] = "insufficient_data"
    account_id = np.array([f"a{k}" for k in range(n)]) if ids is None else ids
    columns = {"account_id": account_id, "score": score, "verdict": verdict, "threshold": np.full(n, 0.8)}
    return pd.DataFrame(columns)


def small_dataset(ids=("a", "b"), reports=None):
    one, other = ids
    at = pd.to_datetime(["2026-06-01T08:00:01Z", "2026-06-01T08:02:00Z", "2026-06-03T23:00:00Z"])
    messages = pd.DataFrame(
        {"sender_id": [one, one, other], "recipient_id": [other, other, one], "sent_at": at}
    )
    return Dataset(messages=messages, accounts=pd.DataFrame({"account_id": list(ids)}), reports=reports)


def bar_counts(ax):
    """Return how many accounts the bars of each colour hold."""
    counts = {}
    for bar in ax.patches:
        colour = matplotlib.colors.to_hex(bar.get_facecolor()).upper()
        counts[colour] = counts.get(colour, 0) + round(bar.get_height())
    return counts


def family(name, *values):
    features = tuple(
        Reason(feature=f"{name}_{k}", family=name, value=1.0, contribution=value, sentence="x")
        for k, value in enumerate(values)
    )
    return FamilyReasons(name, sum(values), features)


def some_reasons(*families, baseline=-3.0):
    raw = baseline + sum(each.contribution for each in families)
    told = {"model": "m", "as_of": 0, "score": 0.9, "threshold": 0.8, "verdict": "automated", "score_id": "s"}
    return Reasons(**told, raw_score=raw, baseline=baseline, families=families, top=())


def choices(**columns):
    told = {"fpr": [0.01, 0.001], "expected_per_million": [3000, 330], "recall": [0.8, 0.5]}
    return told | {"bound_per_million": [9000, 990]} | columns
