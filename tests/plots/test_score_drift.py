"""Scores of several instants over each other are those of predict, as shares."""

from __future__ import annotations

import pytest

from spamclf import plots, predict
from spamclf.errors import ParameterError
from tests.plots.common import score_table, small_dataset


def test_scores_over_each_other_are_shares():
    few, many = score_table(n=10), score_table(seed=1)
    ax = plots.plot_score_drift({"May": few, "June": many})
    curves = {line.get_label(): line.get_ydata() for line in ax.lines if len(line.get_ydata()) > 2}
    assert list(curves) == [
        f"{name}: {n} of {rows} flagged"
        for name, n, rows in (
            ("May", (few["verdict"] == "automated").sum(), 9),
            ("June", (many["verdict"] == "automated").sum(), 39),
        )
    ]
    assert [sum(each) for each in curves.values()] == pytest.approx([1, 1])
    for none in ({}, few):
        with pytest.raises(ParameterError, match=r"^ScoreDriftDisplay: scores must be tables by name"):
            plots.ScoreDriftDisplay.from_scores(none)


def test_scores_at_several_instants_are_those_of_predict():
    at = ["2026-06-02", "2026-06-04"]
    drawn = plots.ScoreDriftDisplay.from_model(None, small_dataset(), as_of=at)
    for instant in at:
        wanted = predict.score(small_dataset(), as_of=instant, n_reasons=0)
        wanted = wanted[wanted["verdict"] != "insufficient_data"]
        assert drawn.scores[instant]["score"].to_pylist() == wanted["score"].to_list()
