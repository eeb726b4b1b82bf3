"""Plots of an evaluation: what is found at which price, how soon, after how many victims, in which families."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spamclf import drawing
from spamclf.drawing import AUTOMATED, HONEST, INK, OTHER, SECOND
from spamclf.errors import ParameterError
from spamclf.evaluate import Evaluation
from spamclf.evaluate.evaluation import UNLABELLED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_cold_start", "plot_recall", "plot_recall_by_family", "plot_strangers"]

Floats = npt.NDArray[np.float64]
_FEW_STRANGERS = 20  # the mark that the median is held against


def plot_recall(evaluation: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw how many automated accounts are found at each share of honest ones flagged, whatever the threshold.

    The dot is the model at its thresholds, with its intervals, the diamond the same where nobody has been labelled yet;
    one rule and a tree of depth 3 stand beside it where they were cut. The dotted line is what the certificate
    promises.

    Parameters
    ----------
    evaluation : Evaluation
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> from spamclf import evaluate, simulate
    >>> made = simulate.world(100, days=10, random_state=1001)
    >>> plot_recall(evaluate.evaluate(made.dataset, truth=made.truth)).get_ylabel()
    'automated accounts found'
    """
    y = np.asarray(evaluation.accounts["is_automated"])
    scores = np.asarray(evaluation.accounts["score"])
    honest = np.sort(scores[~y])[::-1]
    least = 0.4 / honest.size  # none at all, on an axis that has no zero
    # At each threshold that a score sets: shares at or above it, from none on.
    cuts = np.unique(scores)[::-1]
    flagged = np.searchsorted(-honest, -cuts, side="right") / honest.size
    found = np.searchsorted(-np.sort(scores[y])[::-1], -cuts, side="right") / max(int(y.sum()), 1)
    ax = drawing.new_axes(ax, (8.0, 4.0))
    ax.plot(np.maximum(flagged, least), found, color=INK, linewidth=2, drawstyle="steps-post", zorder=2)
    ax.axvline(
        evaluation.fpr,
        color=OTHER,
        linestyle=":",
        linewidth=1.5,
        label=f"promised: {_percent(evaluation.fpr)}",
    )
    whose = {
        "model": ("the model, at its thresholds", AUTOMATED, "o"),
        UNLABELLED: ("the same, nobody labelled yet", INK, "D"),
        "tree of depth 3": ("tree of depth 3", SECOND, "s"),
        "one rule": ("one rule", HONEST, "^"),
    }
    for of, (label, colour, marker) in whose.items():
        x, height = evaluation.figure("honest_flagged", of), evaluation.figure("recall", of)
        ax.errorbar(
            max(x.value, least), height.value,
            xerr=[[max(x.value, least) - max(x.low, least)], [max(x.high - max(x.value, least), 0)]],
            yerr=[[height.value - height.low], [height.high - height.value]],
            color=colour, marker=marker, markersize=8, linewidth=1.4, zorder=3, linestyle="none",
            label=label,
        )  # fmt: skip
    ax.set_xscale("log")
    ax.set_xlim(least, 1)
    ax.set_ylim(-0.02, 1.02)
    ax.xaxis.set_major_formatter(lambda value, _: _percent(value))
    ax.yaxis.set_major_formatter(lambda value, _: _percent(value))
    ax.set(
        xlabel="honest accounts flagged (logarithmic; the left edge is none)",
        ylabel="automated accounts found",
    )
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, frameon=False)
    return ax


def plot_cold_start(evaluation: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw how soon accounts are found: the share that one look flags, early in their lives, with intervals.

    Accounts count that have such an instant in the data.

    Parameters
    ----------
    evaluation : Evaluation
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> from spamclf import evaluate, simulate
    >>> made = simulate.world(100, days=10, random_state=1001)
    >>> plot_cold_start(evaluate.evaluate(made.dataset, truth=made.truth)).get_ylabel()
    'accounts that this look flags'
    """
    rows = evaluation.cold_start.to_pylist()
    looks = list(dict.fromkeys(row["look"] for row in rows))
    ax = drawing.new_axes(ax, (8.0, 3.8))
    for automated, colour, marker, label in (
        (True, AUTOMATED, "o", "automated"),
        (False, HONEST, "s", "honest"),
    ):
        those = [row for row in rows if row["is_automated"] == automated and row["value"] is not None]
        for by_time in (True, False):  # time since registration and sends are two clocks: no line joins them
            mine = [row for row in those if ("registration" in row["look"]) == by_time]
            _with_intervals(
                ax,
                [looks.index(row["look"]) for row in mine],
                mine,
                colour,
                marker,
                label if by_time else None,
            )
    turn = sum("registration" in look for look in looks)
    ax.axvline(turn - 0.5, color=OTHER, linewidth=1)
    ax.set_xticks(range(len(looks)), [_folded(look) for look in looks])
    ax.set_xlim(-0.5, len(looks) - 0.5)
    ax.set_ylim(-0.02, 1.02)
    ax.yaxis.set_major_formatter(lambda value, _: _percent(value))
    ax.set(ylabel="accounts that this look flags")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, frameon=False)
    return ax


def plot_strangers(evaluation: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw how many strangers automated accounts wrote to before a watcher flagged them.

    The line tells which share of those that wrote to strangers was flagged when it had written to so many at most; the
    rest is never flagged. Dotted lines mark twenty strangers, and half of the accounts.

    Parameters
    ----------
    evaluation : Evaluation
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> from spamclf import evaluate, simulate
    >>> made = simulate.world(100, days=10, random_state=1001)
    >>> plot_strangers(evaluate.evaluate(made.dataset, truth=made.truth)).get_ylabel()
    'automated accounts flagged by then'
    """
    table = evaluation.accounts
    automated = table.filter(table["is_automated"])
    caught = np.asarray(automated["caught"])
    strangers = np.asarray(automated["strangers"], np.int64)
    wrote = np.asarray(automated["wrote"])
    if not wrote.any():
        raise ParameterError(
            "plot_strangers: evaluation must hold automated accounts that wrote to strangers; got none. "
            "Evaluate on others."
        )
    ranked = np.sort(strangers[wrote & caught])
    values, counts = np.unique(ranked, return_counts=True)
    share = np.cumsum(counts) / wrote.sum()
    last = max(int(strangers[wrote].max()), 100)
    ax = drawing.new_axes(ax, (8.0, 3.8))
    ax.step(
        [0, *values, last],
        [0, *share, share[-1] if share.size else 0],
        where="post",
        color=AUTOMATED,
        linewidth=2,
    )
    never = 1 - (share[-1] if share.size else 0.0)
    if never > 0:
        ax.axhspan(1 - never, 1, color=OTHER, alpha=0.25, linewidth=0)
        told = f"never flagged: {_percent(never)} "
        ax.text(last, 1 - never / 2, told, ha="right", va="center", color=INK)
    ax.axvline(_FEW_STRANGERS, color=INK, linestyle=":", linewidth=1.5)
    ax.axhline(0.5, color=INK, linestyle=":", linewidth=1.0)
    ax.set_xscale("symlog", linthresh=1, linscale=0.5)
    ax.set_xlim(0, last)
    ax.set_ylim(0, 1.0)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.set_xticks([0, 1, 2, 5, 10, 20, 50, 100, *[10**k for k in range(3, 7) if 10**k < last]])
    ax.yaxis.set_major_formatter(lambda value, _: _percent(value))
    ax.set(xlabel="strangers written to before the flag", ylabel="automated accounts flagged by then")
    return ax


def plot_recall_by_family(evaluation: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw which share of each family is flagged, with intervals: automated ones above, honest ones below.

    Where the evaluation holds models that did not know a family (`spamclf.evaluate.leave_one_family_out`, kept as
    ``retrained["families"]``), hollow marks tell what they found.

    Parameters
    ----------
    evaluation : Evaluation
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> from spamclf import evaluate, simulate
    >>> made = simulate.world(100, days=10, random_state=1001)
    >>> plot_recall_by_family(evaluate.evaluate(made.dataset, truth=made.truth)).get_yticklabels()[0].get_text()
    'all automated'
    """
    rows = evaluation.by_family.to_pylist()
    ax = drawing.new_axes(ax, (8.0, 1.2 + 0.27 * len(rows)))
    for automated, colour, label in ((True, AUTOMATED, "automated"), (False, HONEST, "honest")):
        mine = [(place, row) for place, row in enumerate(rows) if row["is_automated"] == automated]
        places = [place for place, _ in mine]
        values = [row["value"] for _, row in mine]
        ax.barh(places, values, color=colour, alpha=0.35, height=0.72, zorder=2)
        ax.hlines(
            places,
            [row["low"] for _, row in mine],
            [row["high"] for _, row in mine],
            color=colour,
            linewidth=1.8,
        )
        ax.plot(values, places, "o", color=colour, markersize=5, linestyle="none", label=label, zorder=3)
    names = [row["family"] for row in rows]
    left_out = evaluation.retrained.get("families")
    unseen = [row for row in left_out.to_pylist() if row["family"] in names] if left_out is not None else []
    if unseen:
        ax.plot(
            [row["value"] for row in unseen], [names.index(row["family"]) for row in unseen], "D", color=INK,
            markerfacecolor="white", markersize=6, linestyle="none", label="by a model that did not know it", zorder=4,
            clip_on=False,
        )  # fmt: skip
    n_automated = sum(row["is_automated"] for row in rows)
    ax.axhline(n_automated - 0.5, color=OTHER, linewidth=1)
    ax.set_yticks(range(len(rows)), [name.replace("_", " ") for name in names])
    for place, row in enumerate(rows):
        ax.annotate(
            f"{row['accounts']:,}", (1.0, place), xycoords=("axes fraction", "data"), xytext=(6, 0),
            textcoords="offset points", va="center", color=INK, fontsize=8,
        )  # fmt: skip
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 1.005)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_formatter(lambda value, _: _percent(value))
    ax.set(xlabel="accounts flagged, with 95 % intervals; on the right, how many accounts")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, frameon=False)
    return ax


def _with_intervals(
    ax: Axes, x: list[int], rows: list[dict[str, Any]], colour: str, marker: str, label: str | None
) -> None:
    ax.vlines(
        x, [row["low"] for row in rows], [row["high"] for row in rows], color=colour, linewidth=1.8, alpha=0.7
    )
    ax.plot(
        x,
        [row["value"] for row in rows],
        marker + "-",
        color=colour,
        markersize=6,
        linewidth=1.4,
        label=label,
    )


def _folded(look: str) -> str:
    """Put a look's name on two lines, as short as its place on the axis allows."""
    return look.replace(" after registration", "\nlater").replace("at ", "at\n").replace("after ", "after\n")


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
