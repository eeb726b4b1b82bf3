from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from spamclf.model.bins import bin_codes, bin_edges, with_edges
from spamclf.model.forest import Forest
from tests.model.forests import random_rows


@given(seed=st.integers(0, 2**32 - 1), n_values=st.integers(1, 60), max_bins=st.integers(2, 30))
def test_codes_keep_the_order_and_edges_are_their_upper_ends(seed: int, n_values: int, max_bins: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=n_values)[rng.integers(0, n_values, (80, 2))]
    X[rng.random(X.shape) < 0.1] = np.nan
    X[0] = 0.0
    edges = bin_edges(X, max_bins)
    codes = bin_codes(X, edges)
    for column, code, cuts in zip(X.T, codes.T, edges, strict=True):
        assert cuts.size < max_bins
        assert (np.diff(cuts) > 0).all()
        np.testing.assert_array_equal(np.isnan(code), np.isnan(column))
        for place, cut in enumerate(cuts):
            np.testing.assert_array_equal(code <= place, column <= cut)


@pytest.mark.parametrize("max_bins", [3, 20, 255])
def test_a_forest_on_codes_and_the_one_on_values_score_alike(max_bins: int) -> None:
    rng = np.random.default_rng(max_bins)
    X = np.column_stack([rng.normal(size=600), rng.integers(0, 5, 600), rng.exponential(size=600)])
    X[rng.random(X.shape) < 0.2] = np.nan
    y = np.nan_to_num(X[:, 0]) * np.nan_to_num(X[:, 1], nan=2.0) > np.isnan(X[:, 2])
    edges = bin_edges(X, max_bins)
    codes = bin_codes(X, edges)
    fitted = HistGradientBoostingClassifier(max_iter=30, min_samples_leaf=3).fit(
        codes, y, sample_weight=rng.uniform(0.1, 2, 600)
    )
    forest = with_edges(Forest.from_sklearn(fitted), edges)
    np.testing.assert_array_equal(forest.raw_scores(X), fitted.decision_function(codes))
    other = random_rows(rng, 200, 3)
    np.testing.assert_array_equal(forest.raw_scores(other), fitted.decision_function(bin_codes(other, edges)))
