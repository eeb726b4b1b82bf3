"""What a model looks at: the mean of what the reasons of each account say."""

from __future__ import annotations

import numpy as np
import pytest

from spamclf import explain, predict
from spamclf.errors import InsufficientDataError, ParameterError
from tests.doors import dataset
from tests.explain.common import ego, strict


def importance(**settings):
    return explain.importance(dataset(), strict(), ego=ego(), **settings)


def test_it_is_the_mean_of_all_accounts_reasons():
    early = "2026-05-01T08:00Z"  # when few have sent
    found = importance(as_of=early)
    scores = predict.score(dataset(), strict(), as_of=early, n_reasons=0, ego=ego()).to_pylist()
    told = [row["account_id"] for row in scores if row["verdict"] != "insufficient_data"]
    assert 5 < len(told) < 60
    assert found.n_accounts == len(told)
    families, features = {}, {}
    for each in told:
        for family in explain.reasons(dataset(), strict(), each, as_of=early, ego=ego()).families:
            families.setdefault(family.family, []).append(abs(family.contribution))
            for reason in family.features:
                features.setdefault(reason.feature, []).append(abs(reason.contribution))
    for table, name, wanted in ((found.families, "family", families), (found.features, "feature", features)):
        assert {row[name] for row in table.to_pylist()} == set(wanted)
        for row in table.to_pylist():
            assert row["value"] == pytest.approx(np.mean(wanted[row[name]]))
            assert row["low"] <= row["value"] <= row["high"]
        assert table["value"].to_pylist() == sorted(table["value"].to_pylist(), reverse=True)
    assert sum(found.families["n_features"].to_pylist()) == len(strict().feature_names)


def test_some_accounts_are_drawn_the_same_each_time():
    few, again, other = (
        importance(n_accounts=20),
        importance(n_accounts=20),
        importance(n_accounts=20, random_state=1),
    )
    assert few.n_accounts == 20
    assert few.families.equals(again.families)
    assert not few.families.equals(other.families)
    width = {
        n: np.mean(np.subtract(*(importance(n_accounts=n).families[end] for end in ("high", "low"))))
        for n in (20, 200)
    }
    assert width[200] < width[20]


def test_it_refuses_in_words():
    with pytest.raises(ParameterError, match=r"^importance: n_accounts must be"):
        importance(n_accounts=0)
    with pytest.raises(InsufficientDataError, match=r"^importance: dataset must hold accounts that sent"):
        explain.importance(dataset(), as_of="2020-06-01")
