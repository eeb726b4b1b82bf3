"""How far a long run is: what is told, and who may hear it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spamclf import batch, evaluate, find, predict, report, simulate, train
from spamclf.errors import ParameterError
from spamclf.progress import Pace, Progress, SlowPace, clock, listener
from spamclf.pseudonymise import pseudonymise
from tests.doors import SAMPLE

KEY = hashlib.sha256(b"a key").digest()


def test_none_hears_nothing() -> None:
    said: list[str] = []
    assert listener(said.append, "here") == said.append
    assert listener(None, "here")("a line") is None


def _doors(out: Path) -> dict[str, Callable[[Any], object]]:
    world = simulate.world(20, days=3)
    data, model = world.dataset, predict.load_shipped_model()
    return {
        "fit": lambda progress: train.fit(data, progress=progress),
        "certify": lambda progress: train.certify(model, data, progress=progress),
        "evaluate": lambda progress: evaluate.evaluate(data, progress=progress),
        "evaluate_worlds": lambda progress: evaluate.evaluate_worlds([world], progress=progress),
        "evasion_cost": lambda progress: evaluate.evasion_cost(model, world, progress=progress),
        "report": lambda progress: report.write(data, out / "report.html", progress=progress),
        "campaigns": lambda progress: find.campaigns(data, progress=progress),
        "simulate.write": lambda progress: simulate.write(world, out / "world", progress=progress),
        "score": lambda progress: batch.score(SAMPLE, out / "scores", progress=progress),
        "pseudonymise": lambda progress: pseudonymise(SAMPLE, out / "data", key=KEY, progress=progress),
    }


def test_every_door_refuses_what_cannot_be_called_before_any_work(tmp_path: Path) -> None:
    for where, door in _doors(tmp_path).items():
        with pytest.raises(ParameterError) as refused:
            door(5)
        assert str(refused.value).startswith(
            f"{where}: progress must be a function that takes a line of text, or None; got int. "
        ), where
    assert list(tmp_path.iterdir()) == []


def test_passes_tell_their_share_and_what_is_left() -> None:
    said: list[str] = []
    progress = Progress(said.append, {"reading": 1.0, "scoring": 2.0})
    progress.begin("reading", 0)
    progress.add(7)
    progress.begin("scoring", 8)
    progress.add(8)
    assert [line.split(",")[0] for line in said] == [
        "reading 0 rows", "reading 7 rows", "scoring 0 %", "scoring 100 %",
    ]  # fmt: skip


def test_a_slow_pace_says_nothing_in_a_short_run() -> None:
    said: list[str] = []
    for every_s in (60.0, 0.0):
        pace = SlowPace(4, said.append, every_s=every_s)
        for done in range(5):
            pace.tell(f"searching {done} of 4", done, "accounts")
    assert [line.split(",")[0] for line in said] == [
        "searching 1 of 4", "searching 2 of 4", "searching 3 of 4", "searching 4 of 4 ...",
    ]  # fmt: skip


def test_what_is_left_is_as_slow_as_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 10.0])
    monkeypatch.setattr("spamclf.progress.time.monotonic", lambda: next(now))
    assert Pace(50).told(5, "trees") == ", 0.5 trees a second, 1:30 left"
    assert clock(59.9) == "0:59"
