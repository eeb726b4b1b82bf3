"""Displays of score tables count every account once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from spamclf import plots, predict
from spamclf.errors import ParameterError
from tests.plots.common import bar_counts, score_table, small_dataset

AUTOMATED, HONEST = plots.AUTOMATED, plots.HONEST


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.from_pandas, pa.Table.from_pandas, dict])
def test_scores_counts_every_account_with_enough_data_once(frame):
    ax = plots.plot_scores(frame(score_table()))
    assert sum(bar_counts(ax).values()) == 39
    drawn_at = ax.lines[0].get_xdata()[0]
    assert drawn_at == pytest.approx(np.log(0.8 / 0.2))
    flagged = (score_table()["verdict"] == "automated").sum()
    assert f"{flagged} of 39 flagged" in ax.texts[0].get_text()


def test_scores_are_coloured_by_label():
    labels = pd.DataFrame({"account_id": ["a5", "a6", "a7"], "is_automated": [True, False, False]})
    counts = bar_counts(plots.plot_scores(score_table(), labels=labels))
    assert (counts[AUTOMATED], counts[HONEST], sum(counts.values())) == (1, 2, 39)


def test_integer_ids_meet_integer_labels():
    labels = {"account_id": pa.array([5, 6]), "is_automated": pa.array([True, False])}
    counts = bar_counts(plots.plot_scores(score_table(ids=np.arange(40)), labels=labels))
    assert (counts[AUTOMATED], counts[HONEST]) == (1, 1)


def test_scores_of_the_library_are_drawn_as_they_come():
    scores = predict.score(small_dataset())
    assert sum(bar_counts(plots.plot_scores(scores)).values()) == 2


def test_change_sorts_accounts_by_how_their_verdict_moves():
    before, after = score_table(), score_table().sample(frac=1, random_state=0)  # order does not matter
    after.loc[5, ["score", "verdict"]] = [0.99, "automated"]
    before.loc[5, ["score", "verdict"]] = [0.01, "not_automated"]
    ax = plots.plot_change(before, after.drop(index=6), names=("old", "new"))
    counts = {dots.get_label().rsplit(" ", 1)[0]: len(dots.get_offsets()) for dots in ax.collections}
    assert sum(counts.values()) == 38  # neither the one without data nor the one that only one table holds
    assert counts["by new only"] == 1
    assert counts["by old only"] == 0
    told = [each.get_text() for each in ax.get_legend().get_texts()]
    assert told[-2:] == ["threshold", "the same score"]
    after["threshold"] = np.linspace(0.7, 0.8, len(after))
    told = [each.get_text() for each in plots.plot_change(before, after).get_legend().get_texts()]
    assert told.count("thresholds, by segment") == 1


def test_score_tables_are_refused_in_words():
    with pytest.raises(ParameterError, match="with enough data; got none"):
        plots.plot_scores(score_table().assign(verdict="insufficient_data"))
    with pytest.raises(ParameterError, match=r"^ScoresDisplay: .* got none called threshold"):
        plots.plot_scores(score_table().drop(columns="threshold"))
    with pytest.raises(ParameterError, match="in common; got none"):
        plots.plot_change(score_table(), score_table(ids=np.array([f"b{k}" for k in range(40)])))


def test_every_threshold_in_force_is_drawn():
    """A certificate may bound segments apart."""
    scores = score_table()
    scores.loc[:9, "threshold"] = 0.7
    ax = plots.plot_scores(scores)
    odds = [np.log(0.7 / 0.3), np.log(0.8 / 0.2)]
    assert [line.get_xdata()[0] for line in ax.lines] == pytest.approx(odds)
    assert ax.texts[0].get_text().startswith("thresholds 0.700 to 0.800\n")
    assert len(plots.plot_change(scores, score_table()).lines) == 4  # two, one, and the diagonal


@pytest.mark.parametrize("threshold", [0.0005, 0.8, 0.99999])
def test_what_is_said_of_the_threshold_stays_inside(threshold):
    ax = plots.plot_scores(score_table().assign(threshold=threshold))
    ax.figure.canvas.draw()
    said, inside = ax.texts[0].get_window_extent(), ax.figure.bbox
    assert inside.x0 <= said.x0 <= said.x1 <= inside.x1
