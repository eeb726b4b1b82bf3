"""Displays of labels and scores carry the figures of evaluate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spamclf import evaluate, load_model, plots, predict
from spamclf.errors import InsufficientDataError, ParameterError
from tests import doors
from tests.evaluate.common import found, shipped, world


def test_roc_and_precision_recall_carry_the_figures_of_evaluate():
    rng = np.random.default_rng(3)
    y = rng.random(60) < 0.4
    scores = {"one": y + rng.normal(size=60), "two": rng.normal(size=60)}
    for draw, figure in (
        (plots.plot_roc, evaluate.roc_auc),
        (plots.plot_precision_recall, evaluate.average_precision),
    ):
        ax = draw(y, scores)
        told = [text.get_text() for text in ax.get_legend().get_texts()]
        assert told == [f"{name}  {figure(y, values, n_bootstrap=200)}" for name, values in scores.items()]
        assert (
            len({line.get_linestyle() for line in ax.lines[1:]} | {line.get_color() for line in ax.lines[1:]})
            > 2
        )


def test_roc_area_is_that_under_the_drawn_curve():
    y, scores = [0, 0, 1, 1, 0, 1], [0.1, 0.4, 0.35, 0.8, 0.2, 0.2]
    x, found = plots.plot_roc(y, scores).lines[1].get_data()
    assert np.trapezoid(found, x) == pytest.approx(evaluate.roc_auc(y, scores).value)


def test_curves_need_both_classes():
    with pytest.raises(InsufficientDataError, match="both classes"):
        plots.plot_roc([1, 1], [0.1, 0.2])


def test_metrics_are_drawn_as_the_model_states_them():
    model = predict.load_shipped_model()
    ax = plots.plot_metrics(model)
    dots = {line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 1}
    stated = {
        model.info["metrics"][prefix + key][0]
        for prefix in ("", "one_rule_", "depth_3_tree_")
        for key in ("roc_auc", "average_precision")
    }
    assert dots == stated


def test_metrics_of_a_newly_trained_model_are_drawn(tmp_path):
    """Intervals beside figures of other kinds; fresh, loaded, or with another threshold."""
    doors.model().save(tmp_path / "m")
    drawn = []
    more = doors.model().info["metrics"] | {"honest_flagged_share": None, "a_number": 0.5}
    odd = replace(doors.model(), info=doors.model().info | {"metrics": more})
    for model in (doors.model(), load_model(tmp_path / "m"), doors.model().certify(0.2), odd):
        ax = plots.plot_metrics(model)
        drawn.append([(line.get_xdata().tolist(), line.get_ydata().tolist()) for line in ax.lines])
        rule = model.info["beside"]["rules"][0].split()[0]
        assert ax.get_yticklabels()[2].get_text() == f"one rule: {rule}"
    assert drawn[0] == drawn[1] == drawn[2] == drawn[3]
    assert drawn[0][0][0] == doors.model().info["metrics"]["roc_auc"][1:]
    with pytest.raises(ParameterError, match="must carry metrics; got none"):
        plots.plot_metrics(replace(doors.model(), info={}))


def test_calibration_draws_shares_against_mean_scores():
    rng = np.random.default_rng(1)
    scores = rng.random(4000)
    y = rng.random(4000) < scores**2
    ax = plots.plot_calibration(y, {"bold": scores}, n_bins=5)
    mean, share = ax.lines[1].get_data()
    for k, few in enumerate(np.array_split(np.argsort(scores), 5)):
        assert (mean[k], share[k]) == pytest.approx((scores[few].mean(), y[few].mean()), abs=2e-3)
    error = evaluate.calibration_error(y, scores, n_bootstrap=200)
    assert f"bold  {error.value:.3f} [{error.low:.3f}" in ax.get_legend().get_texts()[0].get_text()
    with pytest.raises(ParameterError, match="between 0 and 1"):
        plots.plot_calibration([0, 1], [0.5, 2.0])
    with pytest.raises(InsufficientDataError, match="both classes"):
        plots.plot_calibration([1, 1], [0.5, 0.2])


def test_precision_is_flat_leftwards_so_that_the_area_is_the_average_precision():
    rng = np.random.default_rng(3)
    y = rng.random(200) < 0.3
    scores = np.round(0.3 * y + rng.random(200), 1)
    display = plots.PrecisionRecallDisplay.from_predictions(y, scores)
    line = display.ax_.lines[1]
    recall, precision = (np.asarray(each) for each in line.get_data())
    assert line.get_drawstyle() == "steps-pre"
    assert (np.diff(recall) * precision[1:]).sum() == pytest.approx(display.figures[""].value)
    assert display.ax_.lines[0].get_ydata()[0] == pytest.approx(y.mean())


def test_calibration_carries_the_intervals_of_evaluate():
    rng = np.random.default_rng(1)
    scores = rng.random(400)
    display = plots.CalibrationDisplay.from_predictions(rng.random(400) < scores, scores)
    spans = [segment[:, 1].tolist() for segment in display.ax_.collections[0].get_segments()]
    rows = display.curves[""].to_pylist()
    assert spans == [[row["low"], row["high"]] for row in rows]
    assert display.ax_.lines[1].get_ydata().tolist() == [row["value"] for row in rows]


def test_curves_of_a_model_are_those_of_one_look():
    look = evaluate.one_look(doors.dataset(), doors.model())
    for display, what in (
        (plots.RocCurveDisplay, "roc_auc"),
        (plots.PrecisionRecallDisplay, "average_precision"),
    ):
        drawn = display.from_model(doors.model(), doors.dataset())
        assert drawn.figures == {"the model": look.figure(what), "one rule": look.figure(what, look.rule)}
        for name, of in (("the model", "model"), ("one rule", look.rule)):
            assert drawn.curves[name].equals(evaluate.flagging_curve(look.y, look.scores[of]))
    drawn = plots.CalibrationDisplay.from_model(doors.model(), doors.dataset())
    assert drawn.figures == {"the model": look.figure("calibration_error")}


def test_a_model_is_evaluated_and_drawn():
    made = world()
    drawn = plots.RecallAtFPRDisplay.from_model(shipped(), made.dataset, truth=made.truth, n_jobs=1)
    assert drawn.evaluation.overall.equals(found().overall)
