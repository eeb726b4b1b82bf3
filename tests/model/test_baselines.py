"""The dumb lines beside a model: one-feature rules and a small tree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from spamclf.model.baselines import best_rules, fit_tree, rule_scores, some_of_each, tree_input

VALUES = st.one_of(st.just(np.nan), st.just(np.inf), st.integers(-3, 3).map(float))
ROWS = st.lists(st.tuples(VALUES, VALUES, st.booleans(), st.integers(1, 3)), min_size=2, max_size=30)


def test_a_rule_keeps_the_stated_direction():
    y = np.array([False, False, True, True])
    good, turned = np.array([1.0, 2, 3, 4]), np.array([4.0, 3, 2, 1])
    X, names = np.column_stack([turned, good]), ["turned", "good"]
    (rule,) = best_rules(X, y, np.ones(4), names, [1, 0], n=1)
    assert (rule.feature, rule.direction, rule.cut, rule.roc_auc) == ("good", 1, 3.0, 1.0)
    (rule,) = best_rules(X[:, :1], y, np.ones(4), names[:1], [1], n=1)
    assert (rule.direction, rule.roc_auc) == (1, 0.0), (
        "less of it would separate perfectly, but more is suspicious"
    )
    (rule,) = best_rules(X[:, :1], y, np.ones(4), names[:1], [0], n=1)
    assert (rule.direction, rule.cut, rule.roc_auc) == (-1, 2.0, 1.0)


@given(rows=ROWS.filter(lambda rows: len({row[2] for row in rows}) == 2))
def test_rules_are_the_best_of_a_slow_search(rows):
    X = np.array([row[:2] for row in rows])
    y, weight = (np.array([row[place] for row in rows]) for place in (2, 3))
    rules = best_rules(X, y, weight.astype(float), ["a", "b"], [0, -1])
    assert [rule.roc_auc for rule in rules] == sorted((rule.roc_auc for rule in rules), reverse=True)
    for rule in rules:
        readings = {
            turn: roc_auc_score(y, rule.scores(X) if turn == rule.direction else rule_scores(X[:, rule.column], turn),
                                sample_weight=weight)
            for turn in ((1, -1) if rule.feature == "a" else (-1,))
        }  # fmt: skip
        assert rule.roc_auc == pytest.approx(max(readings.values()), abs=1e-12)
        holds = rule.direction * tree_input(X[:, rule.column]) >= rule.direction * rule.cut
        if rule.hit < 1 or rule.false < 1:  # else it holds for all, the missing ones as well
            assert rule.hit == pytest.approx(np.average(holds[y], weights=weight[y]))
            assert rule.false == pytest.approx(np.average(holds[~y], weights=weight[~y]))


def test_missing_values_rank_last_in_a_rule():
    for direction in (1, -1):
        scores = rule_scores(np.array([np.nan, -5.0, 7.0]), direction)
        assert scores[0] < min(scores[1:])
    assert len(set(rule_scores(np.array([np.nan, np.nan]), 1).tolist())) == 1


@given(column=st.lists(VALUES, min_size=1, max_size=20), direction=st.sampled_from([-1, 1]))
def test_scores_keep_the_order(column, direction):
    column = np.array(column)
    scores, known = rule_scores(column, direction), ~np.isnan(column)
    assert np.isfinite(scores).all()
    order = np.argsort(scores[known], kind="stable")
    assert (np.diff(direction * tree_input(column[known])[order]) >= 0).all()
    if known.any() and not known.all():
        assert scores[~known].max() < scores[known].min()


def test_a_tree_of_depth_three_copes_with_what_is_missing_or_endless():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = X[:, 0] > 0
    X[::7, 1], X[::5, 2] = np.nan, np.inf
    tree = fit_tree(X, y, np.ones(400))
    assert tree.get_depth() <= 3
    assert (tree.predict(tree_input(X)) == y).mean() > 0.99


@given(
    second=st.lists(st.booleans(), min_size=1, max_size=50), most=st.integers(1, 60), seed=st.integers(0, 9)
)
def test_a_draw_weighs_what_all_weigh(second, most, seed):
    second = np.array([True, False, *second])
    weight = np.random.default_rng(seed).integers(0, 3, second.size).astype(float)
    weight[:2] = 1  # both classes weigh something: who asks has made sure
    rows, share = some_of_each(second, weight, most, seed)
    assert (np.diff(rows) > 0).all()
    assert (weight[rows] > 0).all()
    for label in (False, True):
        assert (second[rows] == label).sum() == min(most, (weight[second == label] > 0).sum())
        assert share[second[rows] == label].sum() == pytest.approx(weight[second == label].sum())
