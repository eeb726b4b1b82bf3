"""The plot of what evasion costs draws the figures it is handed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spamclf import plots
from spamclf.errors import ParameterError
from spamclf.evaluate import EvasionCost, Interval, Knob, PolicyCost
from spamclf.simulate import Policy


def cost(name, policy, reached, flagged=0.0):
    around = Interval(reached, reached - 1, reached + 2)
    share = Interval(flagged, flagged, flagged)
    return PolicyCost(name, policy, around, around, 1.0, share, 1.0, 0.5, 1.0, 10.0, 10.0)


def searched():
    aged = Policy(wait_days=30)
    best = replace(aged, hours=(8.0, 21.0))
    knobs = (
        Knob(
            "wait_days", cost("a", aged, 9.0), cost("b", aged, 9.0), cost("c", Policy(hours=(8.0, 21.0)), 2.0)
        ),
        Knob("hours", cost("d", Policy(), 3.0), cost("e", best, 7.0), cost("f", aged, 9.0)),
        Knob("photo", cost("g", Policy(), 3.0), None, None),
    )
    ends = cost("naive", Policy(), 3.0, 1.0), cost("best response", best, 7.0, 0.25)
    return EvasionCost("a model", ends, knobs, (), 9, 20, 14.0, "now and then", 0)


def test_a_bar_for_each_knob_that_is_turned_leads_from_naive_to_best():
    ax = plots.plot_evasion(searched())
    bars = {round(bar.get_y() + bar.get_height() / 2): bar for bar in ax.patches}
    spans = {place: (bar.get_x(), bar.get_x() + bar.get_width()) for place, bar in bars.items()}
    assert spans == {0: (0, 3), 1: (3, 9), 2: (9, 7), 3: (0, 7)}
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "naive policy",
        "wait_days = 30",
        "hours = 8 to 21",
        "best response",
    ]
    assert [text.get_text() for text in ax.texts] == [
        "3.0, 100 % flagged",
        "7.0, 25 % flagged",
        "+6.0",
        "-2.0",
    ]
    assert bars[2].get_hatch()
    assert not bars[1].get_hatch()


def test_texts_stay_inside():
    ax = plots.plot_evasion(searched())
    ax.figure.canvas.draw()
    box = ax.figure.bbox
    for text in ax.texts:
        assert text.get_window_extent().x1 <= box.x1


def test_given_policies_have_no_steps_to_draw():
    given = replace(searched(), knobs=())
    with pytest.raises(ParameterError, match=r"^EvasionDisplay: cost must be that of a search; got"):
        plots.plot_evasion(given)
