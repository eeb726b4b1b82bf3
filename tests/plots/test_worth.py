"""Plots of an evaluation: the numbers are read back from the figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sklearn.metrics import roc_curve

from spamclf import evaluate, plots
from spamclf.errors import ParameterError
from tests.evaluate.common import found, stump, world


def test_recall_is_the_roc_curve_on_a_logarithmic_axis():
    ax = plots.plot_recall(found())
    x, height = (np.asarray(each) for each in ax.lines[0].get_data())
    y, scores = (np.asarray(found().accounts[name]) for name in ("is_automated", "score"))
    fall_out, recall, _ = roc_curve(y, scores, drop_intermediate=False)
    least = 0.4 / (~y).sum()
    np.testing.assert_allclose(x, np.maximum(fall_out[1:], least))
    np.testing.assert_allclose(height, recall[1:])
    assert ax.get_xscale() == "log"
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == [
        "promised: 1 %", "the model, at its thresholds", "the same, nobody labelled yet", "tree of depth 3", "one rule"
    ]  # fmt: skip


def test_cold_start_draws_every_look():
    ax = plots.plot_cold_start(found())
    rows = [row for row in found().cold_start.to_pylist() if row["value"] is not None]
    drawn = [value for line in ax.lines[:4] for value in line.get_ydata()]
    order = sorted(rows, key=lambda row: (not row["is_automated"], "registration" not in row["look"]))
    assert drawn == [row["value"] for row in order]
    assert [label.get_text() for label in ax.get_xticklabels()][::4] == ["at\nregistration", "after\n1 send"]


def test_strangers_end_at_the_share_that_is_ever_flagged():
    ax = plots.plot_strangers(found())
    table = found().accounts.filter(pc.fill_null(found().accounts["wrote"], False))
    caught = np.asarray(table["caught"])
    x, height = ax.lines[0].get_data()
    assert height[-1] == pytest.approx(caught.mean())
    strangers = np.asarray(table["strangers"])
    at_five = height[np.flatnonzero(np.asarray(x) <= 5)[-1]]
    assert at_five == pytest.approx((caught & (strangers <= 5)).mean())
    assert any(text.get_text().startswith("never flagged: ") for text in ax.texts) == (not caught.all())


def test_strangers_of_nobody_flagged_and_of_nobody_at_all():
    made = world()
    silent = evaluate.evaluate(made.dataset, stump(low=0.0, high=0.0), made.truth, n_jobs=1)
    ax = plots.plot_strangers(silent)
    assert ax.lines[0].get_ydata()[-1] == 0
    wrote = pa.nulls(silent.accounts.num_rows, pa.bool_())
    place = silent.accounts.column_names.index("wrote")
    with pytest.raises(ParameterError, match="must hold automated accounts that wrote to strangers"):
        plots.plot_strangers(replace(silent, accounts=silent.accounts.set_column(place, "wrote", wrote)))


def test_families_have_a_bar_each_and_unseen_ones_a_hollow_mark():
    rows = found().by_family.to_pylist()
    ax = plots.plot_recall_by_family(found())
    assert [bar.get_width() for bar in ax.patches] == [row["value"] for row in rows]
    assert [text.get_text() for text in ax.texts] == [f"{row['accounts']:,}" for row in rows]
    unseen = pa.table({"family": ["drip", "mean over families"], "value": [0.25, 0.5]})
    ax = plots.plot_recall_by_family(replace(found(), retrained={"families": unseen}))
    hollow = next(line for line in ax.lines if line.get_marker() == "D")
    names = [row["family"] for row in rows]
    assert (list(hollow.get_xdata()), list(hollow.get_ydata())) == ([0.25], [names.index("drip")])


def test_models_stand_where_the_evaluation_has_them():
    ax = plots.RecallAtFPRDisplay.from_evaluation(found()).ax_
    least = 0.4 / found().counts["honest"]
    for bars, of in zip(
        ax.containers, ("model", "nobody labelled", "tree of depth 3", "one rule"), strict=True
    ):
        x, y = found().figure("honest_flagged", of), found().figure("recall", of)
        assert [float(each[0]) for each in bars.lines[0].get_data()] == [max(x.value, least), y.value]
        across, upright = (segments.get_segments()[0] for segments in bars.lines[2])
        np.testing.assert_allclose(across[:, 0], np.maximum([x.low, x.high], least))
        np.testing.assert_allclose(upright[:, 1], [y.low, y.high])
    promised = next(line for line in ax.lines if str(line.get_label()).startswith("promised"))
    assert promised.get_xdata()[0] == found().fpr
