"""The counterfactual of real rows: what it returns clears the account."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from spamclf import Dataset, explain, extract, predict, simulate
from spamclf.errors import ParameterError
from spamclf.explain.search import domain, search
from spamclf.features import CATALOGUE
from tests.doors import dataset, model
from tests.explain.common import behaviour, ego, ids_of, scores, strict


def check_rows(model_, X, max_features):
    """Search for each flagged row; return how many were found. Whatever is found clears, and is possible."""
    features = [CATALOGUE[name] for name in model_.feature_names]
    found = 0
    for x in X[model_.scores(X) >= model_.threshold]:
        change = search(model_, x, features, max_features)
        changed = x.copy()
        changed[list(change.columns)] = change.values
        assert (model_.scores(changed[None])[0] < model_.threshold) == bool(change.columns)
        for column, value in zip(change.columns, change.values, strict=True):
            low, high, whole = domain(features[column])
            assert low <= value <= high
            assert not whole or value == round(value)
            assert features[column].actionable
            assert (value - x[column]) * features[column].direction <= 0
        found += bool(change.columns)
    return found


def test_what_is_returned_clears_hundreds_of_accounts():
    n_flagged = n_found = 0
    for trained, thresholds in ((behaviour(), (0.1, 0.2, 0.3, 0.5, 0.8)), (model(), (0.05, 0.3))):
        X = extract(dataset(), features=trained.feature_names, ego=ego()).matrix()
        for threshold in thresholds:
            chosen = replace(trained, threshold=threshold)
            n_flagged += int((chosen.scores(X) >= threshold).sum())
            n_found += check_rows(chosen, X, 2)
    print(f"{n_found} of {n_flagged} flagged accounts can be cleared")
    assert n_found > 200


@pytest.mark.slow
def test_what_is_returned_clears_accounts_of_the_shipped_model():
    shipped = predict.load_shipped_model()
    data = Dataset(**simulate.world(400, 20, random_state=1003))
    X = extract(data, features=shipped.feature_names, history_days=shipped.history_days).matrix()
    flagged = X[shipped.scores(X) >= shipped.threshold][:40]
    n_found = check_rows(shipped, flagged, None)
    print(f"{n_found} of {len(flagged)} flagged accounts can be cleared")
    assert len(flagged) == 40
    assert n_found > 20  # of the others most are flagged for what others did


def test_a_flagged_account():
    for name in ids_of("automated")[::10]:
        change = explain.counterfactual(dataset(), strict(), name, ego=ego())
        row = next(row for row in scores().to_pylist() if row["account_id"] == name)
        assert (change.score, change.threshold, change.verdict) == (row["score"], 0.2, "automated")
        assert json.loads(json.dumps(change.to_dict(), allow_nan=False))["score"] == change.score
        assert change == explain.counterfactual(dataset(), strict(), name, ego=ego(), n_jobs=1)
        if change.changes:
            assert change.score_after < change.threshold
            assert all(each.sentence_to in str(change) for each in change.changes)
            assert ("smallest change there is" in str(change)) == change.exhaustive
            assert ("each needed in full" in str(change)) != change.exhaustive
        else:
            assert change.score_after is None
            assert str(change).startswith("nothing it could" if change.exhaustive else "no change of its own")


def test_the_changed_row_is_the_accounts_own():
    name = ids_of("automated")[-1]  # the lowest score of all flagged
    change = explain.counterfactual(dataset(), strict(), name, ego=ego())
    assert change.changes
    table = extract(dataset(), features=strict().feature_names, ego=ego())
    place = table.account_ids.to_pylist().index(name)
    x = table.matrix()[place]
    for each in change.changes:
        column = strict().feature_names.index(each.feature)
        assert x[column] == each.value != each.to
        assert each.sentence != each.sentence_to or abs(each.to - each.value) < 0.01 * abs(each.value)
        x[column] = each.to
    assert strict().scores(x[None])[0] == change.score_after


def test_who_is_not_flagged_needs_no_change():
    for verdict in ("not_automated", "insufficient_data"):
        change = explain.counterfactual(dataset(), strict(), ids_of(verdict)[0], ego=ego())
        assert (change.changes, change.score_after, change.verdict) == ((), None, verdict)
        assert "no change is needed" in str(change)


def test_nothing_clears():
    unclearable, name = replace(strict(), threshold=0.0), ids_of("automated")[0]
    change = explain.counterfactual(dataset(), unclearable, name, ego=ego())
    assert (change.changes, change.exhaustive) == ((), True)
    assert str(change) == "nothing it could change would clear it"
    assert str(replace(change, exhaustive=False)).startswith("no change of its own doing was found")
    change = explain.counterfactual(dataset(), unclearable, name, ego=ego(), max_features=1)
    assert str(change) == "no change of up to 1 feature of its own doing clears it"
    assert "2 features of its own doing was found" in str(replace(change, max_features=2, exhaustive=False))


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "3"])
def test_max_features_out_of_range(wrong):
    with pytest.raises(ParameterError, match="counterfactual: max_features must be"):
        explain.counterfactual(dataset(), strict(), ids_of("automated")[0], max_features=wrong, ego=ego())


def test_missing_values_stay_missing():
    x = np.full(len(model().feature_names), np.nan)
    flagging = replace(model(), threshold=0.0)
    assert search(flagging, x, [CATALOGUE[name] for name in model().feature_names], 3).columns == ()
