"""What holds for every display: axes are respected, everything is named, nothing is cut off, grey is enough."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from matplotlib.container import BarContainer, ErrorbarContainer

from spamclf import find, plots, predict
from spamclf.model import Reference
from tests import doors
from tests.evaluate.common import found
from tests.plots.common import choices, family, score_table, small_dataset, some_reasons
from tests.plots.test_evasion import searched

RNG = np.random.default_rng(0)
Y, SCORES = np.arange(40) % 2, {"one": RNG.random(40), "two": RNG.random(40), "three": RNG.random(40)}
LABELS = {"account_id": [f"a{k}" for k in range(3, 20)], "is_automated": [k % 2 == 0 for k in range(3, 20)]}


@cache
def campaigns():
    return find.campaigns(doors.dataset(), kinds=["text"])


@cache
def reports():
    reference = Reference.of(RNG.random(3000))
    return {name: reference.compare(RNG.random(2000)) for name in ("June", "July", "August", "September")}


@cache
def sender():
    return doors.tables()["messages"]["sender_id"][0].as_py()


#: How to draw each display; the same data every time.
DRAWN = {
    "ScoresDisplay": lambda **on: plots.ScoresDisplay.from_scores(score_table(), labels=LABELS, **on),
    "ScoreDriftDisplay": lambda **on: plots.ScoreDriftDisplay.from_scores(
        {f"2026-0{k}-01": score_table(seed=k) for k in range(1, 5)}, **on
    ),
    "ChangeDisplay": lambda **on: plots.ChangeDisplay.from_scores(score_table(), score_table(seed=1), **on),
    "ReasonsDisplay": lambda **on: plots.ReasonsDisplay.from_reasons(
        [{"sentence": "wrote to 214 strangers", "contribution": 1.0}], **on
    ),
    "FamilyReasonsDisplay": lambda **on: plots.FamilyReasonsDisplay.from_reasons(
        some_reasons(family("replies", 1.0), family("rhythm", -0.5)), **on
    ),
    "ImportanceDisplay": lambda **on: plots.ImportanceDisplay.from_model(
        doors.model(), doors.dataset(), n_accounts=20, **on
    ),
    "RhythmDisplay": lambda **on: plots.RhythmDisplay.from_account(small_dataset(), "a", **on),
    "TimelineDisplay": lambda **on: plots.TimelineDisplay.from_account(
        doors.dataset(), sender(), model=doors.model(), **on
    ),
    "CampaignGrowthDisplay": lambda **on: plots.CampaignGrowthDisplay.from_campaigns(campaigns(), **on),
    "RocCurveDisplay": lambda **on: plots.RocCurveDisplay.from_predictions(Y, SCORES, **on),
    "PrecisionRecallDisplay": lambda **on: plots.PrecisionRecallDisplay.from_predictions(Y, SCORES, **on),
    "CalibrationDisplay": lambda **on: plots.CalibrationDisplay.from_predictions(Y, SCORES, **on),
    "MetricsDisplay": lambda **on: plots.MetricsDisplay.from_model(predict.load_shipped_model(), **on),
    "ThresholdChoiceDisplay": lambda **on: plots.ThresholdChoiceDisplay.from_choices(choices(), **on),
    "FalseFlagsDisplay": lambda **on: plots.FalseFlagsDisplay.from_shares(
        {"one": [0.001, 0.02], "two": [0.004, 0.006], "three": [0.005]}, 0.01, **on
    ),
    "DriftDisplay": lambda **on: plots.DriftDisplay.from_reports(reports(), **on),
    "RecallAtFPRDisplay": lambda **on: plots.RecallAtFPRDisplay.from_evaluation(found(), **on),
    "ColdStartDisplay": lambda **on: plots.ColdStartDisplay.from_evaluation(found(), **on),
    "StrangersDisplay": lambda **on: plots.StrangersDisplay.from_evaluation(found(), **on),
    "FamilyRecallDisplay": lambda **on: plots.FamilyRecallDisplay.from_evaluation(found(), **on),
    "EvasionDisplay": lambda **on: plots.EvasionDisplay.from_cost(searched(), **on),
}  # fmt: skip

each_display = pytest.mark.parametrize("name", DRAWN)


def axes_of(display):
    return getattr(display, "axes_", (display.ax_,))


def titled(display):
    return axes_of(display)[0].get_title(loc="left")


def test_every_display_is_tried_here():
    assert set(DRAWN) == {name for name in plots.__all__ if name.endswith("Display")} - {"Display"}


@each_display
def test_axes_that_are_given_are_drawn_on_and_no_figure_is_opened(name):
    figure, (ax, other) = plt.subplots(1, 2, figsize=(16, 8), layout="constrained")
    display = DRAWN[name](ax=ax, title="here")
    assert (display.ax_, display.figure_) == (ax, figure)
    assert titled(display) == "here"
    assert not other.has_data()
    assert display.plot(other, title="") is display  # the same data again, elsewhere
    assert display.ax_ is other
    assert titled(display) == ""
    figure.canvas.draw()
    assert plt.get_fignums() == [figure.number]


@each_display
def test_a_new_figure_has_everything_named_and_inside(name):
    display = DRAWN[name]()
    figure = display.figure_
    figure.canvas.draw()  # where there is no room, this warns
    assert titled(display)
    assert axes_of(display)[-1].get_xlabel()
    for ax in axes_of(display):
        ticks = [label.get_text() for label in ax.get_yticklabels()]
        assert ax.get_ylabel() or any(not each[:1].isdigit() for each in ticks if each)
        legend, title = ax.get_legend(), ax._left_title.get_window_extent()
        inside = [title] + ([legend.get_window_extent()] if legend else [])
        for box in inside:
            assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
            assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1
        assert not title.width or not legend or not title.overlaps(legend.get_window_extent())


def look_of(handle):
    """Return how a series looks in grey: shape, dashes, hatch, and how light it is."""
    if isinstance(handle, ErrorbarContainer):
        handle = handle.lines[0]
    if isinstance(handle, BarContainer):
        handle = handle.patches[0]
    if isinstance(handle, PathCollection):
        return handle.get_paths()[0].vertices.tobytes(), lightness(handle.get_facecolor())
    if hasattr(handle, "get_hatch"):
        return (handle.get_hatch() or ""), lightness(handle.get_facecolor())
    dashes = str(handle._unscaled_dash_pattern) + handle.get_linestyle()
    return (dashes, handle.get_marker()), lightness(handle.get_markerfacecolor())


def lightness(colour):
    if len(colour) == 0:  # hollow
        return 1.0
    return float(np.dot(to_rgb(colour[0] if np.ndim(colour) == 2 else colour), (0.299, 0.587, 0.114)))


@each_display
def test_series_differ_in_grey(name):
    for ax in axes_of(DRAWN[name]()):
        handles, labels = ax.get_legend_handles_labels()
        looks = dict(zip(labels, map(look_of, handles), strict=True))
        for one in labels:
            for other in labels:
                shape, light = looks[one]
                if one != other and shape == looks[other][0]:
                    assert abs(light - looks[other][1]) > 0.25, f"{one} and {other} look the same in grey"


def test_functions_are_the_axes_of_displays():
    assert plots.plot_scores(score_table()).get_title(loc="left") == "Scores of 39 accounts"
    for name in plots.__all__:
        if name.startswith("plot_"):
            assert "Display.from_" in getattr(plots, name).__doc__


def test_matplotlib_is_loaded_only_when_something_is_drawn():
    code = "import sys, spamclf.plots; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
