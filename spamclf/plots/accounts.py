"""Plots of accounts: their scores, what pushes them, what they did and when, how verdicts change."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import drawing
from spamclf.dataset import Dataset
from spamclf.drawing import AUTOMATED, HONEST, INK, OTHER
from spamclf.errors import ParameterError
from spamclf.explain.families import Reasons
from spamclf.instants import DAY_US

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_change", "plot_families", "plot_reasons", "plot_scores", "plot_timeline"]

_SENTENCE_WIDTH = 60  # letters: longer sentences take another line, since bars need room, too


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
    sentences = [textwrap.fill(str(reason["sentence"]), _SENTENCE_WIDTH) for reason in rows]
    most_lines = 1 + max(sentence.count("\n") for sentence in sentences)
    ax = drawing.new_axes(ax, (8.0, 0.9 + (0.18 + 0.18 * most_lines) * len(rows)))
    bars = ax.barh(
        sentences,
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


def plot_families(reasons: Reasons, *, least: float = 0.05, ax: Axes | None = None) -> Axes:
    """Draw how one account's score comes about: from any account's log odds, family by family, to its own.

    Parameters
    ----------
    reasons : Reasons
        From `explain.reasons`.
    least : float, default=0.05
        Families that add or take less, in log odds, are drawn as one bar.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> from spamclf import explain, read_dataset
    >>> dataset = read_dataset("data/sample")
    >>> why = explain.reasons(dataset, account_id=dataset.accounts["account_id"][0].as_py())
    >>> plot_families(why).get_xlabel()
    'log odds of being automated, before calibration'
    """
    shown = [(each.family, each.contribution) for each in reasons.families if abs(each.contribution) >= least]
    small = [each.contribution for each in reasons.families if abs(each.contribution) < least]
    if small:
        shown.append((f"{len(small)} more", math.fsum(small)))
    names, steps = zip(*shown, strict=True)
    levels = reasons.baseline + np.cumsum((0.0, *steps))
    place = np.arange(1, len(steps) + 1)
    ax = drawing.new_axes(ax, (8.0, 1.4 + 0.34 * len(steps)))
    bars = ax.barh(
        place,
        steps,
        left=levels[:-1],
        height=0.62,
        color=[AUTOMATED if step > 0 else HONEST for step in steps],
    )
    ax.bar_label(bars, [f"{step:+.2f}" for step in steps], padding=4, color=INK)
    for k, level in enumerate(levels):  # each bar begins where the one above it ended
        ax.plot([level, level], [k, k + 1], color=OTHER, linewidth=1)
    last = len(steps) + 1
    for k, level in ((0, reasons.baseline), (last, reasons.raw_score)):
        ax.plot([level], [k], "D", color=INK, markersize=6)
        ax.annotate(
            f"{level:+.2f}", (level, k), xytext=(8, 0), textcoords="offset points", va="center", color=INK
        )
    ax.set_yticks(range(last + 1), ["any account", *names, "this account"])
    ax.set_ylim(last + 0.6, -0.6)
    ax.set_xlim(levels.min() - 0.1 * np.ptp(levels), levels.max() + 0.14 * np.ptp(levels))
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.set(xlabel="log odds of being automated, before calibration")
    ax.set_title(f"score {reasons.score:.4f}: {reasons.verdict.replace('_', ' ')}", loc="left")
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
