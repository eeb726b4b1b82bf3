"""What contributions say in words, from the definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spamclf.features import CATALOGUE
from spamclf.model.reasons import Telling
from tests.model.forests import subject_of

NAMES = tuple(CATALOGUE)[::3]


@given(st.integers(0, 2**32), st.integers(0, 20))
def test_the_largest_of_each_subject_of_known_values(seed, n):
    rng = np.random.default_rng(seed)
    x = np.where(rng.random(len(NAMES)) < 0.3, np.nan, rng.random(len(NAMES)))
    contributions = rng.normal(size=len(NAMES)).round(1)  # some are equal
    telling = Telling(NAMES)
    chosen = telling.chosen(x, contributions, {}, n)
    best = {}
    for k, name in enumerate(NAMES):
        if contributions[k] > 0 and not np.isnan(x[k]):
            subject = subject_of(name)
            if subject not in best or contributions[k] > contributions[best[subject]]:
                best[subject] = k
    expected = sorted(best.values(), key=lambda k: (-contributions[k], k))[:n]
    assert [each.feature for each in chosen] == [NAMES[k] for k in expected]
    assert all(each.value is not None and "nothing is known" not in each.sentence for each in chosen)
    every = telling.every(x, contributions, {})
    assert sorted(each.feature for each in every) == sorted(NAMES)
    assert [each.contribution for each in every] == sorted(contributions.tolist(), reverse=True)
    assert sum(each.value is None for each in every) == np.isnan(x).sum()


def test_companions_are_named():
    telling = Telling(["photo_cluster_pictures"])
    assert telling.companions == ("photo_cluster_accounts",)
    (reason,) = telling.every(np.array([3.0]), np.array([1.0]), {"photo_cluster_accounts": 23.0})
    assert reason.sentence == CATALOGUE["photo_cluster_pictures"].say(3.0, {"photo_cluster_accounts": "23"})
    assert reason.family == "photo"
