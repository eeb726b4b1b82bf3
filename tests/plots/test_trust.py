"""Displays of promises count what breaks them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from spamclf import plots
from spamclf.errors import ParameterError
from spamclf.model import Reference
from tests.plots.common import choices


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table, dict])
def test_a_choice_spans_what_is_expected_and_what_is_excluded(frame):
    ax = plots.plot_threshold_choice(frame(choices()))
    spans = [np.asarray(each) for each in ax.collections[0].get_segments()]
    assert [each[:, 0].tolist() for each in spans] == [[3000, 9000], [330, 990]]
    assert [each[:, 1].tolist() for each in spans] == [[0.8, 0.8], [0.5, 0.5]]
    assert [(text.get_text(), *text.xy) for text in ax.texts] == [("1 %", 9000, 0.8), ("0.1 %", 990, 0.5)]
    assert ax.get_xscale() == "log"


def test_false_flags_count_the_draws_that_break_the_promise():
    shares = {"naive": np.linspace(0.0, 0.02, 201), "certified": np.full(50, 0.01)}
    ax = plots.plot_false_flags(shares, 0.01)
    told = [text.get_text() for text in ax.get_legend().get_texts()]
    assert told == ["naive: broken in 49.8 %", "certified: broken in 0.0 %"]  # just kept is kept
    drawn = [sum(bar.get_height() for bar in bars) for bars in ax.containers if len(bars) > 1]
    assert drawn == [201, 50]
    assert ax.lines[0].get_xdata()[0] == 0.01


def test_drift_is_drawn_by_column_and_report():
    rng = np.random.default_rng(0)
    reference = Reference.of(rng.random(3000), {"gap_s": rng.normal(size=3000)})
    reports = {
        "June": reference.compare(rng.random(2000), {"gap_s": rng.normal(size=2000)}),
        "July": reference.compare(rng.random(2000), {"gap_s": rng.normal(2, size=2000)}),
    }
    ax = plots.plot_drift(reports)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["score", "gap_s"]
    for dots, (name, report) in zip(ax.lines, reports.items(), strict=False):
        assert dots.get_label() == f"{name}: {report.status}"
        psi = [column.psi for column in report.columns]
        assert dots.get_xdata().tolist() == np.maximum(psi, 0.003).tolist()  # none falls off the axis
    june, july = ax.lines[:2]
    assert june.get_marker() != july.get_marker()
    assert len(plots.plot_drift(reports["June"]).lines) == 3  # and the two limits
    with pytest.raises(ParameterError, match="same columns"):
        plots.plot_drift(reports | {"other": reference.compare(rng.random(99))})


@pytest.mark.parametrize("n", [4, 6, 9])
def test_however_many_are_drawn_none_is_dropped_or_looks_like_another(n):
    names = [f"way {k}" for k in range(n)]
    ax = plots.plot_false_flags({name: [0.001 * k, 0.02] for k, name in enumerate(names)}, 0.01)
    assert [text.get_text().split(":")[0] for text in ax.get_legend().get_texts()] == names
    filled = [bars[0] for bars in ax.containers if len(bars) > 1]
    assert len({(bar.get_facecolor(), bar.get_hatch()) for bar in filled}) == n
    reference = Reference.of(np.linspace(0, 1, 500))
    ax = plots.plot_drift({name: reference.compare(np.linspace(0, 1, 200)) for name in names})
    assert [text.get_text().split(":")[0] for text in ax.get_legend().get_texts()] == names
    assert len({(dots.get_color(), dots.get_marker()) for dots in ax.lines[:n]}) == n


def test_what_cannot_be_drawn_is_refused_in_words():
    with pytest.raises(ParameterError, match="got none called recall"):
        plots.plot_threshold_choice({name: each for name, each in choices().items() if name != "recall"})
    with pytest.raises(ParameterError, match="got no row"):
        plots.plot_threshold_choice(pd.DataFrame(choices()).head(0))
    for nothing in ({}, {"naive": []}):
        with pytest.raises(ParameterError, match="lists of numbers by name"):
            plots.plot_false_flags(nothing, 0.01)
    with pytest.raises(ParameterError, match="same columns; got none"):
        plots.plot_drift({})


def test_what_the_limits_of_drift_mean_is_told_apart():
    reference = Reference.of(np.linspace(0, 1, 500), {"moved far": np.linspace(0, 1, 500)})
    ax = plots.plot_drift(reference.compare(np.linspace(0, 1, 500), {"moved far": np.full(500, 0.5)}))
    ax.figure.canvas.draw()
    drifting, moved = (text.get_window_extent() for text in ax.texts)
    assert [text.get_text() for text in ax.texts] == ["drifting", "moved"]
    assert not drifting.overlaps(moved)
