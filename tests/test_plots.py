"""Plots draw what they are handed: these tests read the numbers back from the figures."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from spamclf import Dataset, evaluate, explain, load_model, plots, predict
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.explain import FamilyReasons, Reasons
from spamclf.instants import DAY_US
from spamclf.model import Reference
from spamclf.model.reasons import Reason
from tests import doors

AUTOMATED, HONEST = plots.AUTOMATED, plots.HONEST


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def score_table(n=40, ids=None, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    score[0], score[1] = 0.0, 1.0  # the ends of the scale, where log odds are infinite
    verdict = np.where(score >= 0.8, "automated", "not_automated").astype(object)
    verdict[2] = "insufficient_data"
    account_id = np.array([f"a{k}" for k in range(n)]) if ids is None else ids
    columns = {"account_id": account_id, "score": score, "verdict": verdict, "threshold": np.full(n, 0.8)}
    return pd.DataFrame(columns)


def small_dataset(ids=("a", "b"), reports=None):
    one, other = ids
    at = pd.to_datetime(["2026-06-01T08:00:01Z", "2026-06-01T08:02:00Z", "2026-06-03T23:00:00Z"])
    messages = pd.DataFrame(
        {"sender_id": [one, one, other], "recipient_id": [other, other, one], "sent_at": at}
    )
    return Dataset(messages=messages, accounts=pd.DataFrame({"account_id": list(ids)}), reports=reports)


def bar_counts(ax):
    """Return how many accounts the bars of each colour hold."""
    counts = {}
    for bar in ax.patches:
        colour = matplotlib.colors.to_hex(bar.get_facecolor()).upper()
        counts[colour] = counts.get(colour, 0) + round(bar.get_height())
    return counts


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
    assert ax.get_title(loc="left") == "2 sent, 1 received"


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


def test_change_sorts_accounts_by_how_their_verdict_moves():
    before, after = score_table(), score_table().sample(frac=1, random_state=0)  # order does not matter
    after.loc[5, ["score", "verdict"]] = [0.99, "automated"]
    before.loc[5, ["score", "verdict"]] = [0.01, "not_automated"]
    ax = plots.plot_change(before, after.drop(index=6), names=("old", "new"))
    counts = {dots.get_label().rsplit(" ", 1)[0]: len(dots.get_offsets()) for dots in ax.collections}
    assert sum(counts.values()) == 38  # neither the one without data nor the one that only one table holds
    assert counts["by new only"] == 1
    assert counts["by old only"] == 0


def test_every_plot_draws_on_the_axes_it_is_given():
    _, ax = plt.subplots()
    table = score_table()
    y = np.arange(40) % 2
    reasons = [{"sentence": "x", "contribution": 1.0}]
    for draw in (
        lambda: plots.plot_scores(table, ax=ax),
        lambda: plots.plot_reasons(reasons, ax=ax),
        lambda: plots.plot_roc(y, table["score"], ax=ax),
        lambda: plots.plot_precision_recall(y, table["score"], ax=ax),
        lambda: plots.plot_metrics(predict.load_shipped_model(), ax=ax),
        lambda: plots.plot_change(table, table, ax=ax),
        lambda: plots.plot_timeline(small_dataset(), "a", ax=ax),
    ):
        ax.clear()
        assert draw() is ax
        ax.figure.canvas.draw()
    assert len(plt.get_fignums()) == 1


def test_bad_input_is_refused_in_words():
    nothing = score_table().assign(verdict="insufficient_data")
    with pytest.raises(ParameterError, match="with enough data; got none"):
        plots.plot_scores(nothing)
    with pytest.raises(ParameterError, match="got none called threshold"):
        plots.plot_scores(score_table().drop(columns="threshold"))
    with pytest.raises(ParameterError, match="at least one reason"):
        plots.plot_reasons([])
    with pytest.raises(ParameterError, match="account_id must have messages") as caught:
        plots.plot_timeline(small_dataset(), "secret-id")
    assert "secret-id" not in str(caught.value)
    with pytest.raises(ParameterError, match="in common; got none"):
        plots.plot_change(score_table(), score_table(ids=np.array([f"b{k}" for k in range(40)])))


def test_matplotlib_is_loaded_only_when_something_is_drawn():
    code = "import sys, spamclf.plots; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def family(name, *values):
    features = tuple(
        Reason(feature=f"{name}_{k}", family=name, value=1.0, contribution=value, sentence="x")
        for k, value in enumerate(values)
    )
    return FamilyReasons(name, sum(values), features)


def some_reasons(*families, baseline=-3.0):
    raw = baseline + sum(each.contribution for each in families)
    told = {"model": "m", "as_of": 0, "score": 0.9, "threshold": 0.8, "verdict": "automated", "score_id": "s"}
    return Reasons(**told, raw_score=raw, baseline=baseline, families=families, top=())


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


def choices(**columns):
    told = {"fpr": [0.01, 0.001], "expected_per_million": [3000, 330], "recall": [0.8, 0.5]}
    return told | {"bound_per_million": [9000, 990]} | columns


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


def test_what_a_threshold_means_is_drawn_on_given_axes_and_refused_in_words():
    _, ax = plt.subplots()
    reference = Reference.of(np.linspace(0, 1, 500))
    for draw in (
        lambda: plots.plot_families(some_reasons(family("replies", 1.0)), ax=ax),
        lambda: plots.plot_calibration([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9], ax=ax),
        lambda: plots.plot_threshold_choice(choices(), ax=ax),
        lambda: plots.plot_false_flags({"": [0.01]}, 0.01, ax=ax),
        lambda: plots.plot_drift(reference.compare(np.linspace(0, 1, 200)), ax=ax),
    ):
        ax.clear()
        assert draw() is ax
        ax.figure.canvas.draw()
    assert len(plt.get_fignums()) == 1
    with pytest.raises(ParameterError, match="got none called recall"):
        plots.plot_threshold_choice({name: each for name, each in choices().items() if name != "recall"})
    with pytest.raises(ParameterError, match="got no row"):
        plots.plot_threshold_choice(pd.DataFrame(choices()).head(0))
    for nothing in ({}, {"naive": []}):
        with pytest.raises(ParameterError, match="lists of numbers by name"):
            plots.plot_false_flags(nothing, 0.01)
    with pytest.raises(ParameterError, match="same columns; got none"):
        plots.plot_drift({})
