from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.errors import ParameterError
from spamclf.model.noise import label_trust, noise_rates

CLASSES = np.array(["ham", "spam"])


def test_rates_are_by_true_class() -> None:
    assert noise_rates(0.0, CLASSES) == (0.0, 0.0)
    assert noise_rates(0.015, CLASSES) == (0.015, 0.015)
    assert noise_rates({"spam": 0.1}, CLASSES) == (0.0, 0.1)
    assert noise_rates({0: 0.01, 1: 0.2}, np.array([0, 1])) == (0.01, 0.2)


@pytest.mark.parametrize("rate", [-0.1, 0.41, np.nan, "much", None, True, {"eggs": 0.1}, {"spam": 1.0}])
def test_other_rates_are_refused(rate: Any) -> None:
    with pytest.raises(ParameterError, match="label_noise must be a share"):
        noise_rates(rate, CLASSES)


def test_it_is_bayes_rule_where_the_bound_does_not_bind() -> None:
    chance, of_first, of_second = 0.7, 0.05, 0.2
    observed = chance * (1 - of_second) + (1 - chance) * of_first
    raw = np.full(1000, np.log(observed / (1 - observed)))
    is_second = np.arange(1000) < 1000 * observed
    trust = label_trust(raw, is_second, np.ones(1000), None, (of_first, of_second))
    assert trust[0] == pytest.approx(chance * (1 - of_second) / observed)
    assert trust[-1] == pytest.approx((1 - chance) * (1 - of_first) / (1 - observed))


@given(
    seed=st.integers(0, 2**32 - 1),
    of_first=st.floats(0, 0.4),
    of_second=st.floats(0, 0.4),
    spread=st.floats(0, 50),
)
def test_no_more_is_doubted_than_expected(
    seed: int, of_first: float, of_second: float, spread: float
) -> None:
    rng = np.random.default_rng(seed)
    raw, is_second, weight = rng.normal(0, spread, 60), rng.random(60) < 0.4, rng.uniform(0.1, 2, 60)
    groups = rng.integers(0, 25, 60)
    trust = label_trust(raw, is_second, weight, groups, (of_first, of_second))
    assert ((trust >= 0) & (trust <= 1)).all()
    doubted = weight * (1 - trust)
    assert doubted[is_second].sum() <= of_first * weight.sum() / (1 - of_first - of_second) + 1e-9
    assert doubted[~is_second].sum() <= of_second * weight.sum() / (1 - of_first - of_second) + 1e-9
    if of_first == 0:
        assert (trust[is_second] == 1).all()
    for group in np.unique(groups):
        for label in (False, True):
            assert np.unique(trust[(groups == group) & (is_second == label)]).size <= 1


@given(seed=st.integers(0, 2**32 - 1))
def test_the_more_contradicted_the_less_believed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw, is_second = np.sort(rng.normal(0, 4, 80)), rng.random(80) < 0.5
    trust = label_trust(raw, is_second, np.ones(80), None, (0.02, 0.02))
    assert (np.diff(trust[is_second]) >= -1e-12).all()
    assert (np.diff(trust[~is_second]) <= 1e-12).all()
