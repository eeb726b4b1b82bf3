"""How far a long run is: what is told, and who may hear it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spamclf import batch, evaluate, find, predict, progress, read_dataset, report, simulate, train
from spamclf.errors import ParameterError
from spamclf.progress import Pace, Progress, SlowPace, clock, listener
from spamclf.pseudonymise import pseudonymise
from tests.doors import SAMPLE

KEY = hashlib.sha256(b"a key").digest()


class Lines(list[str]):
    """A list that can be called."""

    def __call__(self, line: str) -> None:
        self.append(line)


def test_none_hears_nothing_and_an_empty_list_does() -> None:
    said = Lines()
    assert listener(said, "here") is said
    assert listener(None, "here")("a line") is None


def _doors(out: Path) -> dict[str, Callable[[Any], object]]:
    world = simulate.world(20, days=3)
    data, model = world.dataset, predict.load_shipped_model()
    return {
        "fit": lambda heard: train.fit(data, progress=heard),
        "certify": lambda heard: train.certify(model, data, progress=heard),
        "evaluate": lambda heard: evaluate.evaluate(data, progress=heard),
        "evaluate_worlds": lambda heard: evaluate.evaluate_worlds([world], progress=heard),
        "evasion_cost": lambda heard: evaluate.evasion_cost(model, world, progress=heard),
        "leave_one_family_out": lambda heard: evaluate.leave_one_family_out(
            print, world, [world], progress=heard
        ),
        "leave_campaigns_out": lambda heard: evaluate.leave_campaigns_out(print, world, progress=heard),
        "tier_price": lambda heard: evaluate.tier_price(print, world, [world], progress=heard),
        "report": lambda heard: report.write(data, out / "report.html", progress=heard),
        "campaigns": lambda heard: find.campaigns(data, progress=heard),
        "simulate.write": lambda heard: simulate.write(world, out / "world", progress=heard),
        "score": lambda heard: batch.score(SAMPLE, out / "scores", progress=heard),
        "pseudonymise": lambda heard: pseudonymise(SAMPLE, out / "data", key=KEY, progress=heard),
    }


def test_every_door_refuses_what_cannot_be_called_before_any_work(tmp_path: Path) -> None:
    for where, door in _doors(tmp_path).items():
        with pytest.raises(ParameterError) as refused:
            door(5)
        assert str(refused.value).startswith(
            f"{where}: progress must be a function that takes a line of text, or None; got int. "
        ), where
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def at(monkeypatch):
    """A clock to be set by hand."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_clock():
    assert [clock(each) for each in (0, 59.9, 60, 3599, 3600, 36_061)] == [
        "0:00",
        "0:59",
        "1:00",
        "59:59",
        "1:00:00",
        "10:01:01",
    ]


def test_rate_and_time_left_of_steps(at):
    pace = Pace(1000)
    assert pace.told(0, "accounts") == ""
    at[0] += 10
    assert pace.told(250, "accounts") == ", 25 accounts a second, 0:30 left"
    assert pace.told(500) == ", 0:10 left"
    assert pace.told(1000) == ""


def test_many_short_steps_say_a_line_now_and_then_and_none_in_a_short_run(at):
    lines = []
    pace = SlowPace(10, lines.append)
    for done in range(10):
        pace.tell(f"step {done}", done, "steps")
        at[0] += 2.0
    assert lines == [
        "step 3, 0.5 steps a second, 0:14 left ...",
        "step 6, 0.5 steps a second, 0:08 left ...",
        "step 9, 0.5 steps a second, 0:02 left ...",
    ]
    short = SlowPace(4, lines.append)
    for done in range(4):
        short.tell("short", done, "steps")
        at[0] += 0.2
    assert len(lines) == 3


def test_a_report_and_campaigns_tell_how_they_go_on(at, tmp_path, monkeypatch):
    """The search for changes takes long and its amount is known: it tells the rate and what is left."""
    from spamclf.report import cases

    def slowly(_):
        at[0] += 4.0
        return {}

    monkeypatch.setattr(cases, "_change", slowly)
    lines = []
    report.write(read_dataset(SAMPLE), tmp_path / "r.html", n_changes=4, n_pictures=0, progress=lines.append)
    assert lines[0] == "scoring 400 accounts ..."
    assert lines[1:5] == [
        "fingerprinting photos ...", "fingerprinting texts ...", "fingerprinting lists ...",
        "looking for near-duplicates ...",
    ]  # fmt: skip
    assert lines[5].startswith("writing ")
    assert lines[6:] == ["searching what would clear account 3 of 4, 0.25 accounts a second, 0:08 left ..."]


def test_rate_and_time_left_over_passes(at):
    """What a later pass takes is told by what its rows cost beside those that are done."""
    lines = []
    run = Progress(lines.append, {"reading": 1.0, "writing": 3.0})
    run.begin("reading", 100)
    at[0] += 10
    run.add(50)
    assert lines == ["reading 0 %", "reading 50 %, 5 a second, 1:10 left"]
    at[0] += 10
    run.add(50)
    run.begin("writing", 100)
    at[0] += 30
    run.add(50)
    assert lines[-1] == "writing 50 %, 1.7 a second, 0:30 left"
    Progress(None, {"reading": 1.0}).begin("reading", 5)
