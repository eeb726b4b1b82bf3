"""Shares and quantiles, and that their intervals know about campaigns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from spamclf.evaluate.by_hand import at_most
from spamclf.evaluate.figures import roc_auc
from spamclf.evaluate.shares import campaign_quantile, campaign_share, exact_share, mean_share


def test_exact_intervals_are_those_of_scipy():
    for k, n in ((0, 1), (0, 300), (1, 300), (7, 9), (300, 300)):
        found, exact = exact_share(k, n), binomtest(k, n).proportion_ci(method="exact")
        assert (found.value, found.low, found.high) == pytest.approx((k / n, exact.low, exact.high))
    assert exact_share(0, 0) is None


def test_accounts_that_are_found_together_tell_less():
    found = np.repeat([True, False], 100)
    alone = campaign_share(found, np.arange(200))
    in_tens = campaign_share(found, np.arange(200) // 10)
    assert alone.value == in_tens.value == 0.5
    assert in_tens.low < alone.low - 0.1
    assert in_tens.high > alone.high + 0.1
    assert campaign_share(found[:0], np.arange(0)) is None


def test_an_interval_of_campaigns_holds_the_truth_as_often_as_it_says():
    rng, hits = np.random.default_rng(0), 0
    campaign = np.repeat(np.arange(40), 6)
    for _ in range(150):
        found = (rng.random(40) < 0.7)[campaign]
        share = campaign_share(found, campaign)
        hits += share.low <= 0.7 <= share.high
    assert hits / 150 >= 0.88


def test_quantiles_are_values_that_are_there():
    rng = np.random.default_rng(1)
    values = rng.integers(0, 50, 101).astype(float)
    for q in (0.5, 0.9):
        found = campaign_quantile(values, np.arange(101), q)
        assert found.value == np.quantile(values, q, method="inverted_cdf")
        assert found.low <= found.value <= found.high
    together = campaign_quantile(values, np.zeros(101, int), 0.5)
    assert together.low == together.high == together.value
    assert campaign_quantile(values[:0], np.arange(0), 0.5) is None


def test_a_mean_of_many_shares_is_known_better_than_each():
    rng = np.random.default_rng(2)
    parts = [(rng.random(60) < share, np.arange(60)) for share in (0.2, 0.5, 0.8, 0.5)]
    found, each = mean_share(parts), [campaign_share(*part) for part in parts]
    assert found.value == pytest.approx(np.mean([share.value for share in each]))
    assert found.high - found.low < min(share.high - share.low for share in each)
    assert mean_share(parts[:1]) == each[0]
    assert mean_share([(parts[0][0][:0], parts[0][1][:0]), parts[1]]) == each[1]
    assert mean_share([]) is None


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.9])
def test_a_threshold_that_flags_at_most_a_share(share):
    scores = np.random.default_rng(3).integers(0, 9, 40) / 8  # many are equal
    cut = at_most(scores, share)
    assert (scores >= cut).mean() <= share
    lower = scores[scores < cut].max()
    assert (scores >= lower).mean() > share


def test_campaigns_are_drawn_whole_for_rankings_too():
    rng = np.random.default_rng(4)
    y = np.repeat([True, False], 120)
    group = np.arange(240) // 12
    scores = rng.normal(size=20)[group] + y
    wide, narrow = roc_auc(y, scores, groups=group), roc_auc(y, scores)
    assert wide.value == narrow.value
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    assert roc_auc(y, scores, groups=np.arange(240)) == narrow
    assert roc_auc(y, scores, groups=[f"c{k}" for k in group]) == wide
    with pytest.raises(Exception, match="groups must be one per row of y"):
        roc_auc(y, scores, groups=group[1:])
