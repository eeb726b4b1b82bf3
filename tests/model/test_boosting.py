from __future__ import annotations

import functools

import numpy as np
import pytest

from spamclf.model import boosting
from spamclf.model.classifier import SpamClassifier
from spamclf.progress import SlowPace


def _fitted(weighted: bool, **told: object) -> SpamClassifier:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = X @ [1, -1, 0.5] + rng.normal(size=300) > 0
    return SpamClassifier(max_iter=30).fit(X, y, rng.random(300) + 0.5 if weighted else None, **told)


@pytest.mark.parametrize("weighted", [False, True])
def test_growing_trees_are_told_of_and_are_the_same(monkeypatch: pytest.MonkeyPatch, weighted: bool) -> None:
    monkeypatch.setattr(boosting, "SlowPace", functools.partial(SlowPace, every_s=0))
    said: list[str] = []
    told, silent = _fitted(weighted, progress=said.append), _fitted(weighted)
    assert [line.split(" trees")[0] for line in said] == [f"grown {k} of 30" for k in range(1, 30)]
    assert all(line.endswith(" left ...") and " trees a second, " in line for line in said)
    for name in ("feature", "threshold", "left", "right", "value", "cover"):
        assert getattr(told.forest_, name).tobytes() == getattr(silent.forest_, name).tobytes()


def test_a_short_fit_says_nothing() -> None:
    said: list[str] = []
    _fitted(False, progress=said.append)
    assert said == []


def test_an_estimator_without_what_is_not_promised_is_left_alone() -> None:
    estimator = object()
    boosting._tell_trees(estimator, print)
    assert not hasattr(estimator, "_get_loss")
