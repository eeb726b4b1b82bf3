"""Displays of one account put everything at its time."""

from __future__ import annotations

from collections import Counter
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num

from spamclf import explain, plots
from spamclf.drawing import log_odds
from spamclf.errors import ParameterError
from spamclf.instants import DAY_US
from tests import doors
from tests.plots.common import small_dataset


@pytest.mark.parametrize("ids", [("a", "b"), (7, 8)])
def test_timeline_puts_each_message_at_its_day_and_hour(ids):
    ax = plots.plot_timeline(small_dataset(ids), ids[0])
    sent, received = ax.collections
    assert [dots.get_label() for dots in (sent, received)] == ["sent", "received"]
    assert len(sent.get_offsets()) == 1  # two within the same ten minutes are one dot ...
    assert sent.get_sizes()[0] == 2 * received.get_sizes()[0]  # ... twice as large
    assert sent.get_offsets()[0][1] == pytest.approx(8 + 5 / 60)
    days = received.get_offsets()[0][0] - sent.get_offsets()[0][0]
    assert days == pytest.approx(2.4)  # two days, and received stands beside sent
    assert ax.get_title(loc="left") == f"{ids[0]}: 2 sent, 1 received"
    bare = plots.RhythmDisplay.from_account(small_dataset(ids), ids[0], name="")
    assert bare.ax_.get_title(loc="left") == "2 sent, 1 received"


def test_timeline_shows_reports():
    reports = pd.DataFrame(
        {
            "account_id": ["a"],
            "reporter_id": ["b"],
            "reported_at": pd.to_datetime(["2026-06-02T00:00Z"]),
            "kind": ["block"],
        }
    )
    ax = plots.plot_timeline(small_dataset(reports=reports), "a")
    assert ax.collections[2].get_label() == "reported or blocked"
    low, high = ax.get_xlim()
    assert low < ax.collections[2].get_offsets()[0][0] < high
    assert high - low == pytest.approx(3 * DAY_US / DAY_US)


def test_rhythm_ends_before_an_instant():
    display = plots.RhythmDisplay.from_account(small_dataset(), "a", as_of="2026-06-01T08:02:00Z", name="a")
    assert (display.sent.size, display.received.size) == (1, 0)
    assert display.ax_.get_title(loc="left") == "a: 1 sent, 0 received"
    with pytest.raises(ParameterError, match="account_id must have messages") as caught:
        plots.plot_timeline(small_dataset(), "secret-id")
    assert "secret-id" not in str(caught.value)


@cache
def busy() -> str:
    """An account that sent and was reported."""
    sent = set(doors.tables()["messages"]["sender_id"].to_pylist())
    return next(each for each in doors.tables()["reports"]["account_id"].to_pylist() if each in sent)


def test_timeline_is_drawn_as_explain_tells_it():
    settings = {"as_of": "2026-05-20", "n_jobs": 1}
    display = plots.TimelineDisplay.from_account(doors.dataset(), busy(), model=doors.model(), **settings)
    told = explain.timeline(doors.dataset(), doors.model(), busy(), **settings)
    assert told.looks.equals(display.timeline.looks)
    above, below = display.axes_
    looks = told.looks.to_pydict()
    np.testing.assert_allclose(above.lines[0].get_ydata(), log_odds(looks["score"]))
    marks = {
        line.get_label(): len(line.get_xdata()) for line in above.lines if line.get_linestyle() == "None"
    }
    verdicts = Counter(each.replace("_", " ") for each in looks["verdict"])
    assert marks == dict(verdicts)
    dashed = next(line for line in above.lines if line.get_linestyle() == "--")
    np.testing.assert_allclose(dashed.get_ydata(), log_odds(looks["threshold"]))
    assert dashed.get_label() == f"threshold {looks['threshold'][0]:.3f}"
    assert not above.texts  # nothing is written over the curve
    heights = {bars.get_label(): [bar.get_height() for bar in bars] for bars in below.containers}
    for label, name, sign in (
        ("sent", "n_messages", 1),
        ("to new strangers", "n_strangers", 1),
        ("strangers who wrote back", "n_replied", -1),
    ):
        assert heights[label] == (sign * np.diff(looks[name], prepend=0)).tolist()
    (triangles,) = below.collections
    assert len(triangles.get_offsets()) == np.count_nonzero(np.diff(looks["n_reports"], prepend=0))
    ends = [bar.get_x() + bar.get_width() for bar in below.containers[0]]  # a bar ends where its look is
    np.testing.assert_allclose(ends, date2num(looks["as_of"]))
    assert (
        display.axes_[0]
        .get_title(loc="left")
        .startswith(f"{busy()}: {looks['verdict'][-1].replace('_', ' ')}")
    )


def test_timeline_of_several_days_a_look_says_so():
    display = plots.TimelineDisplay.from_account(doors.dataset(), busy(), model=doors.model(), n_looks=5)
    assert display.axes_[1].get_ylabel() == f"messages, strangers\nper {display.timeline.every_days} days"


def test_timeline_needs_axes_of_a_grid():
    ax = plt.figure().add_axes((0.1, 0.1, 0.8, 0.8))
    with pytest.raises(ParameterError, match=r"^TimelineDisplay: ax must be of a grid"):
        plots.TimelineDisplay.from_account(doors.dataset(), busy(), model=doors.model(), ax=ax)


def test_an_id_is_no_formula():
    who = r"$\frac{$"
    dataset = small_dataset(ids=(who, "b"))
    displays = (
        plots.TimelineDisplay.from_account(dataset, who),
        plots.RhythmDisplay.from_account(dataset, who, name=who),
        plots.RhythmDisplay.from_account(dataset, who, name=who, ax=plt.figure().subplots()),
    )
    for display in displays:
        display.figure_.canvas.draw()
        plt.close(display.figure_)
