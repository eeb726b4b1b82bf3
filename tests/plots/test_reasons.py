"""Displays of reasons stack up to the score."""

from __future__ import annotations

import matplotlib
import pytest

from spamclf import explain, plots
from spamclf.errors import ParameterError
from tests import doors
from tests.plots.common import family, small_dataset, some_reasons

AUTOMATED, HONEST = plots.AUTOMATED, plots.HONEST


def test_reasons_stand_largest_at_the_top():
    reasons = [{"sentence": f"reason {k}", "contribution": value} for k, value in enumerate([0.5, 2.0, 1.0])]
    ax = plots.plot_reasons(reasons, title="a")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["reason 0", "reason 2", "reason 1"]
    assert [bar.get_width() for bar in ax.patches] == [0.5, 1.0, 2.0]


def test_a_long_reason_is_folded_and_leaves_the_bars_room():
    long = "wrote to 51 of the strangers that another account wrote to; " * 3
    figure = plots.plot_reasons([{"sentence": long, "contribution": 1.0}] * 2).figure
    (ax,) = figure.axes
    assert ax.get_yticklabels()[0].get_text().replace("\n", " ") == long.strip()
    figure.canvas.draw()  # where no room is left, this warns
    assert ax.get_window_extent().width > figure.get_window_extent().width / 3


def test_families_lead_from_any_account_to_this_one():
    why = some_reasons(family("replies", 1.5, 0.5), family("photo", 0.02), family("rhythm", -0.01, -0.75))
    ax = plots.plot_families(why)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["any account", "replies", "rhythm", "1 more", "this account"]
    at = why.baseline
    for bar, step in zip(
        ax.patches, [2.0, -0.76, 0.02], strict=True
    ):  # each begins where the one above it ended
        colour = matplotlib.colors.to_hex(bar.get_facecolor()).upper()
        assert colour == (AUTOMATED if step > 0 else HONEST)
        assert sorted([at, at + step]) == pytest.approx(sorted([bar.get_x(), bar.get_x() + bar.get_width()]))
        at += step
    ends = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]
    assert ends == pytest.approx([why.baseline, why.raw_score])
    low, high = ax.get_xlim()
    assert low < why.baseline < high  # nothing is cut off


def test_families_of_the_library_add_up():
    dataset = small_dataset()
    why = explain.reasons(dataset, account_id="a")
    ax = plots.plot_families(why, least=0.0)
    assert len(ax.patches) == len(why.families)
    drawn = sum(bar.get_width() for bar in ax.patches)
    assert why.baseline + drawn == pytest.approx(why.raw_score)


def test_no_reasons_are_refused():
    with pytest.raises(ParameterError, match="at least one reason"):
        plots.plot_reasons([])


def test_importance_is_drawn_as_explain_tells_it():
    dataset = doors.dataset()
    display = plots.ImportanceDisplay.from_model(doors.model(), dataset, n_accounts=30, n_jobs=1)
    rows = explain.importance(dataset, doors.model(), n_accounts=30, n_jobs=1).families.to_pylist()
    ax = display.ax_
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        row["family"].replace("_", " ") for row in rows
    ]
    assert [bar.get_width() for bar in ax.patches] == [row["value"] for row in rows]
    spans = [segment[:, 0].tolist() for segment in ax.collections[0].get_segments()]
    assert spans == [[row["low"], row["high"]] for row in rows]
    assert "30 accounts" in ax.get_xlabel()
