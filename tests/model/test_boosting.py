from __future__ import annotations

import functools
from types import SimpleNamespace

import numpy as np
import pytest

from spamclf.errors import ParameterError
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


@pytest.mark.parametrize("error", [ValueError("disk is full"), TypeError("no line"), KeyboardInterrupt()])
def test_what_goes_wrong_with_the_callers_function_is_the_callers(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    monkeypatch.setattr(boosting, "SlowPace", functools.partial(SlowPace, every_s=0))

    def fails(line: str) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        _fitted(False, progress=fails)
    assert raised.value is error


def test_a_function_that_is_none_is_refused_before_any_tree() -> None:
    with pytest.raises(ParameterError, match=r"^SpamClassifier: progress must be a function"):
        _fitted(False, progress=True)


def test_the_pace_begins_with_the_first_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is binned before takes its time, but says nothing of how fast trees grow."""
    begun: list[int] = []
    monkeypatch.setattr(boosting, "SlowPace", lambda *args: begun.append(1) or SlowPace(*args))
    estimator = SimpleNamespace(
        max_iter=2, _get_loss=lambda: SimpleNamespace(gradient_hessian=lambda: "gradients")
    )
    boosting._tell_trees(estimator, print)
    loss = estimator._get_loss()  # scikit-learn bins after it
    assert begun == []
    assert [loss.gradient_hessian(), loss.gradient_hessian()] == ["gradients", "gradients"]
    assert begun == [1]


def test_an_estimator_without_what_is_not_promised_is_left_alone() -> None:
    estimator = object()
    boosting._tell_trees(estimator, print)
    assert not hasattr(estimator, "_get_loss")
