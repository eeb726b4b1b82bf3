"""Drawing only: scores, reasons, timelines, curves. What is drawn comes from the caller or from `evaluate`.

Every function draws on the axes it is given, or on a new figure, and returns the axes. Of the two colours that
speak of accounts, orange says automated, flagged or sent, blue the contrary; readers who do not see red and green
tell them apart (Okabe and Ito 2008).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import drawing, evaluate
from spamclf.dataset import Dataset
from spamclf.drawing import AUTOMATED, HONEST, INK, OTHER, SECOND
from spamclf.errors import ParameterError
from spamclf.instants import DAY_US
from spamclf.model import Model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "plot_change",
    "plot_metrics",
    "plot_precision_recall",
    "plot_reasons",
    "plot_roc",
    "plot_scores",
    "plot_timeline",
]


def plot_scores(scores: Any, *, labels: Any = None, ax: Axes | None = None) -> Axes:
    """Draw how many accounts score how high, and the threshold.

    The axis is stretched near 0 and 1 (log odds), where scores crowd. Accounts with insufficient data are left
    out.

    Parameters
    ----------
    scores : dataframe
        From `predict.score`.
    labels : dataframe, optional
        ``account_id`` and ``is_automated``, for instance ``dataset.labels``: colours the bars.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> scores = {"account_id": ["a", "b"], "score": [0.01, 0.98], "verdict": ["not_automated", "automated"]}
    >>> plot_scores(scores | {"threshold": [0.9, 0.9]}).get_ylabel()
    'accounts'
    """
    table = drawing.scored(scores, "plot_scores")
    odds, threshold = drawing.log_odds(table["score"]), float(table["threshold"][0].as_py())
    low, high = drawing.log_odds([drawing.EDGE, 1 - drawing.EDGE])
    bins = np.linspace(low, high, 47)
    known = drawing.truth(table["account_id"], labels)
    groups = {"labelled not automated": (known == 0, HONEST), "no label": (known < 0, OTHER)}
    groups["labelled automated"] = (known == 1, AUTOMATED)
    groups = {name: group for name, group in groups.items() if group[0].any()}
    ax = drawing.new_axes(ax, (8.0, 3.6))
    ax.hist(
        [odds[chosen] for chosen, _ in groups.values()],
        bins=list(bins),
        stacked=True,
        color=[colour for _, colour in groups.values()],
        label=list(groups),
        edgecolor="white",
        linewidth=0.5,
    )
    flagged = int((np.asarray(table["verdict"].to_pylist()) == "automated").sum())
    ax.axvline(drawing.log_odds([threshold])[0], color=INK, linestyle="--", linewidth=1.2)
    ax.annotate(
        f"threshold {threshold:.3f}\n{flagged:,} of {len(odds):,} flagged",
        (drawing.log_odds([threshold])[0], 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-6, -2),
        textcoords="offset points",
        ha="right",
        va="top",
        color=INK,
    )
    drawing.score_axis(ax.xaxis)
    ax.set(xlabel="score: probability of being automated", ylabel="accounts")
    if labels is not None:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=3, frameon=False)
    return ax


def plot_reasons(reasons: Iterable[Mapping[str, Any]], *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw the reasons of one account's score, the largest at the top.

    Parameters
    ----------
    reasons : iterable of mappings
        One cell of the column ``reasons`` of `predict.score`.
    title : str, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> ax = plot_reasons([{"sentence": "wrote to 214 strangers", "contribution": 2.1}])
    >>> ax.get_yticklabels()[0].get_text()
    'wrote to 214 strangers'
    """
    rows = sorted(reasons, key=lambda reason: float(reason["contribution"]))
    if not rows:
        raise ParameterError(
            "plot_reasons: reasons must hold at least one reason; got none. "
            "Score with reasons_for='all' to get reasons for accounts that are not flagged."
        )
    values = [float(reason["contribution"]) for reason in rows]
    ax = drawing.new_axes(ax, (8.0, 0.9 + 0.36 * len(rows)))
    bars = ax.barh(
        [str(reason["sentence"]) for reason in rows],
        values,
        height=0.62,
        color=[AUTOMATED if value > 0 else HONEST for value in values],
    )
    ax.bar_label(bars, [f"{value:+.2f}" for value in values], padding=4, color=INK)
    ax.margins(x=0.2)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.set(xlabel="pushes the score up by (log odds)")
    ax.set_title(title, loc="left")
    return ax


def plot_timeline(dataset: Dataset, account_id: Any, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw when one account sent and received: days to the right, hours of the day upwards.

    People leave an empty band where they sleep; a schedule is a line; a burst is a blot. A dot's area is the
    number of messages within the same ten minutes; of each day, what was sent stands left of what was received.
    Reports and blocks are triangles at the top.

    Parameters
    ----------
    dataset : Dataset
    account_id : str or int
        An account of the dataset.
    title : str, optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> from spamclf import Dataset
    >>> messages = {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [1780272000]}
    >>> dataset = Dataset(messages=messages, accounts={"account_id": ["a"]}, time_unit="s")
    >>> plot_timeline(dataset, "a").get_title(loc="left")
    '1 sent, 0 received'
    """
    messages = dataset.messages
    sent = drawing.times_of(messages, "sender_id", account_id, "sent_at")
    received = drawing.times_of(messages, "recipient_id", account_id, "sent_at")
    if not sent.size and not received.size:
        raise ParameterError(
            "plot_timeline: account_id must have messages; got one without. "
            "Choose another, with n_messages above 0."
        )
    ax = drawing.new_axes(ax, (8.0, 3.4))
    largest = max(drawing.slots(times)[2].max(initial=1) for times in (sent, received))
    scale = min(7.0, 900.0 / float(largest))
    for times, what, colour, shift in ((sent, "sent", AUTOMATED, -1), (received, "received", HONEST, 1)):
        day, hour, count = drawing.slots(times)
        size = np.maximum(scale * count, 6.0)
        beside = day + np.timedelta64(shift * DAY_US // 5, "us")
        ax.scatter(beside, hour, s=size, color=colour, alpha=0.6, linewidths=0, label=what, clip_on=False)
    _reports(ax, dataset, account_id)
    extremes = pc.min_max(messages["sent_at"].cast(pa.int64()))
    first, last = (extremes[key].as_py() // DAY_US * DAY_US for key in ("min", "max"))
    low, high = drawing.instants([first - DAY_US // 2, last + DAY_US // 2])
    ax.set_xlim(low, high)
    ax.set_ylim(0, 24)
    ax.set_yticks(range(0, 25, 6), [f"{hour:02d}:00" for hour in range(0, 25, 6)])
    drawing.date_axis(ax)
    counts = f"{sent.size:,} sent, {received.size:,} received"
    ax.set(ylabel="hour of the day (UTC)")
    ax.set_title(f"{title}: {counts}" if title else counts, loc="left", pad=22)
    handles = ax.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, handletextpad=0.1
    )
    for handle in handles.legend_handles:
        if handle is not None:
            handle.set(sizes=[30.0], alpha=1.0)
    return ax


def plot_roc(y: npt.ArrayLike, scores: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the ROC curve: how many automated accounts are found, at which share of honest ones flagged.

    Parameters
    ----------
    y : array_like of shape (n,)
        1 or True for automated.
    scores : array_like of shape (n,), or dict of str to such
        A dict draws a curve for each name.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    InsufficientDataError
        If a class is missing.

    Examples
    --------
    >>> plot_roc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).get_title()
    'ROC'
    """
    from sklearn.metrics import roc_curve

    curves = drawing.named(scores)
    areas = {name: evaluate.roc_auc(y, values, n_bootstrap=200) for name, values in curves.items()}
    ax = drawing.new_axes(ax, (4.6, 4.4))
    ax.plot([0, 1], [0, 1], color=OTHER, linewidth=1, linestyle=":")
    for k, (name, values) in enumerate(curves.items()):
        fall_out, recall, _ = roc_curve(np.asarray(y).astype(bool), values)
        drawing.curve(ax, k, fall_out, recall, f"{name}  {areas[name]}".strip())
    drawing.unit_square(ax, "share of honest accounts flagged", "share of automated accounts found")
    ax.set_title("ROC")
    ax.legend(loc="lower right", frameon=False, title="area [95 % interval]")
    return ax


def plot_precision_recall(y: npt.ArrayLike, scores: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the precision-recall curve: of the flagged accounts, how many are automated, the more are found.

    Parameters, errors and what is returned are those of `plot_roc`. The dotted line is the share of automated
    accounts: what flagging at random reaches.

    Examples
    --------
    >>> plot_precision_recall([0, 0, 1, 1], {"rule": [0.1, 0.4, 0.35, 0.8]}).get_title()
    'Precision and recall'
    """
    from sklearn.metrics import precision_recall_curve

    curves, is_automated = drawing.named(scores), np.asarray(y).astype(bool)
    areas = {name: evaluate.average_precision(y, values, n_bootstrap=200) for name, values in curves.items()}
    ax = drawing.new_axes(ax, (4.6, 4.4))
    ax.axhline(is_automated.mean(), color=OTHER, linewidth=1, linestyle=":")
    for k, (name, values) in enumerate(curves.items()):
        precision, recall, _ = precision_recall_curve(is_automated, values)
        drawing.curve(ax, k, recall, precision, f"{name}  {areas[name]}".strip(), drawstyle="steps-post")
    drawing.unit_square(
        ax, "share of automated accounts found", "share of flagged accounts that are automated"
    )
    ax.set_title("Precision and recall")
    ax.legend(loc="lower left", frameon=False, title="average precision [95 % interval]")
    return ax


def plot_metrics(model: Model, *, ax: Axes | None = None) -> Axes:
    """Draw how good a model was on its latest accounts, beside one rule and a small tree, with intervals.

    Parameters
    ----------
    model : Model
        From `train.fit`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the model carries no metrics.

    Examples
    --------
    >>> from spamclf import predict
    >>> plot_metrics(predict.load_shipped_model()).get_xlabel()
    'on the latest accounts, with 95 % intervals'
    """
    metrics = model.info.get("metrics", {})
    if not {"roc_auc", "one_rule", "depth_3_tree_roc_auc"} <= metrics.keys():
        raise ParameterError(
            "plot_metrics: model must carry metrics; got none. Use a model that train.fit made."
        )
    rows = {
        "the model": "",
        "a tree of depth 3": "depth_3_tree_",
        f"one rule: {metrics['one_rule']}": "one_rule_",
    }
    figures = {"roc_auc": ("ROC-AUC", "o", -0.13), "average_precision": ("average precision", "s", 0.13)}
    ax = drawing.new_axes(ax, (8.0, 2.4))
    for key, (what, marker, shift) in figures.items():
        for place, prefix in enumerate(rows.values()):
            value, low, high = metrics[prefix + key]
            colour = INK if key == "roc_auc" else SECOND
            ax.plot([low, high], [place + shift] * 2, color=colour, linewidth=1.8, alpha=0.7)
            label = what if place == 0 else None
            ax.plot(
                [value], [place + shift], marker, color=colour, markersize=7, linestyle="none", label=label
            )
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(right=1.005)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="on the latest accounts, with 95 % intervals")
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False)
    return ax


def plot_change(
    before: Any, after: Any, *, names: tuple[str, str] = ("before", "after"), ax: Axes | None = None
) -> Axes:
    """Draw each account's score under two models, or at two instants, and whose verdict changes.

    Parameters
    ----------
    before, after : dataframe
        From `predict.score`. Accounts that only one holds, or without data in one, are left out.
    names : (str, str), optional
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> scores = {"account_id": ["a", "b"], "score": [0.01, 0.98], "verdict": ["not_automated", "automated"]}
    >>> scores["threshold"] = [0.9, 0.9]
    >>> plot_change(scores, scores, names=("May", "June")).get_xlabel()
    'score: May'
    """
    first, second = drawing.scored(before, "plot_change"), drawing.scored(after, "plot_change")
    place = pc.index_in(first["account_id"], second["account_id"])
    first, second = first.filter(place.is_valid()), second.take(place.drop_null())
    if not first.num_rows:
        raise ParameterError(
            "plot_change: before and after must have accounts in common; got none. Score the same dataset twice."
        )
    x, y = drawing.log_odds(first["score"]), drawing.log_odds(second["score"])
    was, now = (np.asarray(table["verdict"].to_pylist()) == "automated" for table in (first, second))
    groups = {
        "flagged by neither": (~was & ~now, OTHER, "o"),
        "by both": (was & now, INK, "o"),
        f"by {names[0]} only": (was & ~now, HONEST, "v"),
        f"by {names[1]} only": (~was & now, AUTOMATED, "^"),
    }
    ax = drawing.new_axes(ax, (6.4, 6.2))
    for name, (chosen, colour, marker) in groups.items():
        label = f"{name} ({int(chosen.sum()):,})"
        ax.scatter(
            x[chosen], y[chosen], s=24, color=colour, marker=marker, alpha=0.7, linewidths=0, label=label
        )
    dashed: dict[str, Any] = {"color": INK, "linewidth": 1, "linestyle": "--"}
    ax.axvline(drawing.log_odds(first["threshold"][:1])[0], **dashed)
    ax.axhline(drawing.log_odds(second["threshold"][:1])[0], **dashed)
    drawing.score_axis(ax.xaxis)
    drawing.score_axis(ax.yaxis)
    ends = np.min([x, y]) - 0.7, np.max([x, y]) + 0.7
    ax.plot(ends, ends, color=OTHER, linewidth=1, linestyle=":", zorder=0)
    ax.set(xlim=ends, ylim=ends, aspect="equal")
    ax.set(xlabel=f"score: {names[0]}", ylabel=f"score: {names[1]}")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, handletextpad=0.2)
    return ax


def _reports(ax: Axes, dataset: Dataset, account_id: Any) -> None:
    day, _, _ = drawing.slots(drawing.times_of(dataset.reports, "account_id", account_id, "reported_at"))
    if day.size:
        height = np.full(day.size, 23.2)
        ax.scatter(
            day, height, s=34, marker="v", color=INK, linewidths=0, label="reported or blocked", zorder=3
        )
