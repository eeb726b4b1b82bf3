"""The search for the smallest change: as small as trying everything finds, and always a possible one."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from spamclf.explain import search as module
from spamclf.explain.search import Found, Steps, domain, search
from spamclf.features import CATALOGUE
from spamclf.model import Forest, Model, SigmoidCalibration
from spamclf.model.audit import DTYPES
from tests.model.forests import naive_raw_score, random_forest

NAMES = (
    "send_rate_max_1m",
    "fan_out_stranger_share",
    "send_rate_slope",
    "template_url",
    "rhythm_memory",
    "replies_debt",
)
FEATURES = [CATALOGUE[name] for name in NAMES]
#: Every value that could matter: thresholds are halves from -2 to 2.
GRID = sorted({k / 4 for k in range(-12, 13)})


def tiny(seed, **size):
    """A model of six features, four of them with a bounded domain, and a row of possible values."""
    rng = np.random.default_rng(seed)
    forest = random_forest(rng, n_features=len(NAMES), **({"n_trees": 4, "n_leaves": 8} | size))
    x = np.array([rng.integers(0, 5), rng.random(), rng.normal(), rng.integers(2), rng.uniform(-1, 1), 3.0])
    x[rng.random(x.size) < 0.15] = np.nan
    raw = float(forest.raw_scores(x[None])[0])
    threshold = float(1 / (1 + math.exp(-(raw - rng.exponential(0.7)))))
    return Model("tiny", forest, SigmoidCalibration(1.0, 0.0), NAMES, 30, threshold), x


def possible(feature, value):
    low, high, whole = domain(feature)
    return low <= value <= high and (not whole or value == round(value))


def tried(model, x, column):
    """Values of one feature to try, and what they cost: straight from the definition."""
    feature = FEATURES[column]
    splits = sorted({t for t in model.forest.threshold[model.forest.feature == column] if math.isfinite(t)})
    if not feature.actionable or math.isnan(x[column]):
        return
    for value in GRID:
        ok = {1: value < x[column], -1: value > x[column], 0: True}[feature.direction]
        crossed = sum(min(value, x[column]) <= split < max(value, x[column]) for split in splits)
        if ok and crossed and possible(feature, value):
            yield value, crossed / len(splits)


def exhaustive(model, x, max_features):
    """The fewest features and the least cost of all changes that clear, or None."""
    choices = [list(tried(model, x, column)) for column in range(x.size)]
    for size in range(1, max_features + 1):
        costs = []
        for columns in itertools.combinations(range(x.size), size):
            for steps in itertools.product(*(choices[column] for column in columns)):
                changed = x.copy()
                changed[list(columns)] = [value for value, _ in steps]
                raw = naive_raw_score(model.forest, changed)
                if model.calibration([raw])[0] < model.threshold:
                    costs.append(sum(cost for _, cost in steps))
        if costs:
            return size, min(costs)
    return None


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_as_small_as_trying_everything_finds(seed):
    model, x = tiny(seed)
    found, expected = search(model, x, FEATURES, 2), exhaustive(model, x, 2)
    assert found.exhaustive
    if expected is None:
        assert found.columns == ()
    else:
        assert len(found.columns) == expected[0]
        assert found.cost == pytest.approx(expected[1])


@settings(max_examples=200)
@given(st.integers(0, 2**32), st.sampled_from([50, 400, 100_000]))
def test_what_is_found_clears_and_is_possible(seed, budget):
    model, x = tiny(seed, n_trees=8, n_leaves=12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BUDGET", budget)
        found = search(model, x, FEATURES, 3)
    assume(found.columns)
    changed = x.copy()
    changed[list(found.columns)] = found.values
    assert model.scores(changed[None])[0] < model.threshold
    for column, value in zip(found.columns, found.values, strict=True):
        feature = FEATURES[column]
        assert feature.actionable
        assert not math.isnan(x[column])
        assert possible(feature, value)
        assert value != x[column]
        assert (value - x[column]) * feature.direction <= 0
    for left_out in range(len(found.columns)):  # each change is needed
        fewer = changed.copy()
        fewer[found.columns[left_out]] = x[found.columns[left_out]]
        assert model.scores(fewer[None])[0] >= model.threshold


@settings(max_examples=100)
@given(st.integers(0, 2**32))
def test_what_trying_all_did_not_find_is_irreducible(seed):
    """No change can be taken back, nor made smaller by itself."""
    model, x = tiny(seed, n_trees=8, n_leaves=12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BUDGET", 1)
        found = search(model, x, FEATURES)
    assume(found.columns)
    assert found.exhaustive == (len(found.columns) == 1)
    changed = x.copy()
    changed[list(found.columns)] = found.values
    for column, value in zip(found.columns, found.values, strict=True):
        smaller = [(x[column], 0.0), *tried(model, x, column)]
        cost = next(
            cost for each, cost in smaller if interval(model, column, each) == interval(model, column, value)
        )
        for each, its_cost in smaller:
            if its_cost < cost:
                other = changed.copy()
                other[column] = each
                assert model.scores(other[None])[0] >= model.threshold


def interval(model, column, value):
    splits = np.unique(model.forest.threshold[model.forest.feature == column])
    return int(np.searchsorted(splits, value))


def test_changing_one_after_the_other_seldom_misses_what_all_would_find(monkeypatch):
    cases = []
    for seed in range(80):
        model, x = tiny(seed, n_trees=10, n_leaves=16)
        raw = float(model.forest.raw_scores(x[None])[0])
        cases.append((replace(model, threshold=1 / (1 + math.exp(2 - raw))), x))
    found = []
    for budget in (3_000_000, 1):
        monkeypatch.setattr(module, "_BUDGET", budget)
        found.append([search(model, x, FEATURES, 3) for model, x in cases])
    pairs = list(zip(*found, strict=True))
    assert all(one.exhaustive for one, _ in pairs)
    assert sum(len(one.columns) > 1 for one, _ in pairs) > 10
    assert sum(len(one.columns) != len(other.columns) for one, other in pairs) <= 1
    for one, other in pairs:
        assert other.exhaustive == (len(other.columns) == 1) or not other.columns
        assert not other.columns or len(one.columns) <= len(other.columns)


@settings(max_examples=100)
@given(st.integers(0, 2**32))
@example(5847)  # a split whether a feature is known, which stays unknown
def test_where_nothing_is_said_to_clear_nothing_does(seed):
    model, x = tiny(seed, n_trees=2, n_leaves=4)
    model = replace(model, threshold=model.threshold / 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BUDGET", 1)
        found = search(model, x, FEATURES)
    assume(found.exhaustive and not found.columns)
    assert exhaustive(model, x, x.size) is None


def test_what_could_become_known_is_not_said_to_be_of_no_use():
    """A split on a missing value that is the account's own doing may clear it, but no change of a known one does."""
    column, x = NAMES.index("template_url"), np.full(len(NAMES), np.nan)
    split = {"feature": [column, -1, -1], "threshold": [0.5, 0, 0], "left": [1, -1, -1], "right": [2, -1, -1]}
    split |= {"missing_left": [0, 0, 0], "value": [0.0, -1.0, 1.0], "cover": [2.0, 1, 1], "roots": [0, 3]}
    arrays = {name: np.array(split[name], DTYPES[name]) for name in DTYPES}
    forest = Forest(**arrays, baseline=0.0, n_features=len(NAMES))
    model = Model("split", forest, SigmoidCalibration(1.0, 0.0), NAMES, 30, 0.5)
    assert search(model, x, FEATURES) == Found((), (), math.inf, exhaustive=False)
    assert search(model, x, FEATURES, 2) == Found((), (), math.inf, exhaustive=True)
    assert search(replace(model, threshold=0.2), x, FEATURES) == Found((), (), math.inf, exhaustive=True)
    fixed = [replace(feature, actionable=False) for feature in FEATURES]
    assert search(model, x, fixed) == Found((), (), math.inf, exhaustive=True)


@pytest.mark.parametrize(("budget", "exhaustive"), [(50_000, True), (1, False)])
def test_as_many_features_are_changed_as_it_takes(monkeypatch, budget, exhaustive):
    """Of ten stumps that each add 1, seven must be turned to come from 10 to below 3.5."""
    monkeypatch.setattr(module, "_BUDGET", budget)
    names = [name for name, each in CATALOGUE.items() if each.actionable and each.direction > 0][:10]
    nodes = {"feature": [0, -1, -1], "left": [1, -1, -1], "right": [2, -1, -1], "value": [0.5, 0.0, 1.0]}
    trees = {name: np.tile(each, 10) for name, each in nodes.items()}
    at = np.repeat(np.arange(10), 3)
    for name in ("left", "right"):
        trees[name] = np.where(trees[name] < 0, -1, trees[name] + 3 * at)
    trees["feature"] = np.where(trees["feature"] < 0, -1, at)
    trees |= {
        "threshold": np.tile([0.5, 0, 0], 10),
        "missing_left": np.zeros(30),
        "cover": np.tile([2.0, 1, 1], 10),
    }
    trees["roots"] = np.arange(0, 31, 3)
    forest = Forest(
        **{name: np.array(trees[name], DTYPES[name]) for name in DTYPES}, baseline=0.0, n_features=10
    )
    model = Model("stumps", forest, SigmoidCalibration(1.0, 0.0), names, 30, float(1 / (1 + math.exp(-3.5))))
    x, features = np.ones(10), [CATALOGUE[name] for name in names]
    for most in (None, 10, 7):
        found = search(model, x, features, most)
        assert (len(found.columns), max(found.values) <= 0.5, found.exhaustive) == (7, True, exhaustive)
    assert search(model, x, features, 6) == Found((), (), math.inf, exhaustive=exhaustive)
    hopeless = replace(model, threshold=0.5)
    assert search(hopeless, x, features) == Found((), (), math.inf, exhaustive=True)


def test_steps_go_away_from_what_is_suspicious():
    for seed in range(50):
        model, x = tiny(seed)
        steps = Steps.of(model, x, FEATURES)
        for column, value, cost in zip(steps.column.tolist(), steps.value, steps.cost, strict=True):
            assert any(cost == pytest.approx(other) for _, other in tried(model, x, column))
            assert possible(FEATURES[column], value)


def test_nothing_to_change():
    model, x = tiny(3)
    nothing = search(model, np.full(x.size, np.nan), FEATURES, 3)
    assert (nothing.columns, nothing.values, nothing.exhaustive) == ((), (), True)
    fixed = [replace(feature, actionable=False) for feature in FEATURES]
    assert search(model, x, fixed, 3).columns == ()
    impossible = replace(model, threshold=0.0)
    assert search(impossible, x, FEATURES, 3).columns == ()


def test_domains():
    assert domain(CATALOGUE["send_rate_sends"]) == (1, math.inf, True)
    assert domain(CATALOGUE["fan_out_strangers"]) == (0, math.inf, True)
    assert domain(CATALOGUE["template_url"]) == (0, 1, True)
    assert domain(CATALOGUE["fan_out_stranger_share"]) == (0, 1, False)
    assert domain(CATALOGUE["rhythm_burstiness"]) == (-1, 1, False)
    assert domain(CATALOGUE["send_rate_slope"])[0] == -math.inf
    assert domain(CATALOGUE["rhythm_gap_p50_s"]) == (0, math.inf, False)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6, exclude_min=True), st.booleans(), st.booleans(), st.booleans())
def test_the_nearest_value_lies_in_the_interval(low, width, with_low, down, whole):
    high = low + width
    assume(high > low)
    value = module._nearest(low, high, with_low, down, whole)
    if value is None:
        assert whole
        assert math.floor(high) < (math.ceil(low) if with_low else math.floor(low) + 1)
    else:
        assert low <= value <= high
        assert with_low or value > low
        assert not whole or value == round(value)
