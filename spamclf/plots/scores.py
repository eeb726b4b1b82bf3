"""Displays of score tables: who scores how high, and whose verdict changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import drawing
from spamclf.drawing import AUTOMATED, HONEST, INK, OTHER
from spamclf.errors import ParameterError
from spamclf.plots.display import Display

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ChangeDisplay", "ScoresDisplay"]

_N_BINS = 46


@dataclass(eq=False, repr=False)
class ScoresDisplay(Display):
    """How many accounts score how high, and the threshold.

    The axis is stretched near 0 and 1 (log odds), where scores crowd. Accounts with insufficient data are left out.

    Attributes
    ----------
    scores : pyarrow.Table
        ``account_id``, ``score``, ``verdict``, ``threshold``.
    known : ndarray of shape (n_accounts,), dtype int64, or None
        1, 0 or -1 for accounts labelled automated, not automated, not at all; None if no labels were given.
    ax_, figure_ : what `plot` drew on
    """

    scores: pa.Table
    known: Any = None

    _columns = 3

    @classmethod
    def from_scores(
        cls, scores: Any, *, labels: Any = None, ax: Axes | None = None, title: str | None = None
    ) -> ScoresDisplay:
        """Draw a score table.

        Parameters
        ----------
        scores : dataframe
            From `predict.score`.
        labels : dataframe, optional
            ``account_id`` and ``is_automated``, for instance ``dataset.labels``: marks the bars.
        ax, title
            As of `plot`.

        Returns
        -------
        display : ScoresDisplay

        Raises
        ------
        ParameterError
            If the table lacks columns, or accounts with enough data.
        SchemaError
            If a table is no dataframe of a known kind.

        Examples
        --------
        >>> scores = {"account_id": ["a", "b"], "score": [0.01, 0.98], "verdict": ["not_automated", "automated"]}
        >>> ScoresDisplay.from_scores(scores | {"threshold": [0.9, 0.9]}).ax_.get_ylabel()
        'accounts'
        """
        table = drawing.scored(scores, cls.__name__)
        known = None if labels is None else drawing.truth(table["account_id"], labels, cls.__name__)
        return cls(table, known).plot(ax, title=title)

    def _size(self) -> tuple[float, float]:
        return 8.0, 3.8

    def _title(self) -> str:
        return f"Scores of {self.scores.num_rows:,} accounts"

    def _draw(self, ax: Axes) -> None:
        odds, known = drawing.log_odds(self.scores["score"]), self.known
        thresholds = np.unique(np.asarray(self.scores["threshold"]))
        groups = {"accounts": (np.ones(odds.size, bool), OTHER, "")}
        if known is not None:
            groups = {
                "labelled not automated": (known == 0, HONEST, ""),
                "no label": (known < 0, OTHER, "...."),
                "labelled automated": (known == 1, AUTOMATED, "////"),
            }
        groups = {name: group for name, group in groups.items() if group[0].any()}
        low, high = drawing.log_odds([drawing.EDGE, 1 - drawing.EDGE])
        _, _, drawn = ax.hist(
            [odds[chosen] for chosen, _, _ in groups.values()],
            bins=list(np.linspace(low, high, _N_BINS + 1)),
            stacked=True,
            color=[colour for _, colour, _ in groups.values()],
            label=list(groups) if known is not None else None,
            edgecolor="white",
            linewidth=0.5,
        )
        stacks: Any = drawn if len(groups) > 1 else [drawn]
        for bars, (_, _, hatch) in zip(stacks, groups.values(), strict=True):
            for bar in bars:
                bar.set_hatch(hatch)
        self._thresholds(ax, thresholds)
        drawing.score_axis(ax.xaxis)
        ax.set(xlabel="score: probability of being automated", ylabel="accounts")

    def _thresholds(self, ax: Axes, thresholds: Any) -> None:
        """Mark each threshold in force (a certificate may bound segments apart), and say the lowest."""
        for each in thresholds:
            ax.axvline(drawing.log_odds([each])[0], color=INK, linestyle="--", linewidth=1.2)
        flagged = int(pc.sum(pc.equal(self.scores["verdict"], "automated")).as_py() or 0)
        least, most = float(thresholds[0]), float(thresholds[-1])
        told = f"threshold {least:.3f}" if least == most else f"thresholds {least:.3f} to {most:.3f}"
        beside = drawing.log_odds([least])[0], drawing.log_odds([most])[0]
        left = beside[0] > 0  # on the side where there is room
        ax.annotate(
            f"{told}\n{flagged:,} of {self.scores.num_rows:,} flagged",
            (beside[0] if left else beside[1], 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-6 if left else 6, -2),
            textcoords="offset points",
            ha="right" if left else "left",
            va="top",
            color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
        )


@dataclass(eq=False, repr=False)
class ChangeDisplay(Display):
    """Each account's score under two models, or at two instants, and whose verdict changes.

    Attributes
    ----------
    before, after : pyarrow.Table
        ``account_id``, ``score``, ``verdict``, ``threshold`` of the same accounts in the same order.
    names : (str, str)
    ax_, figure_ : what `plot` drew on
    """

    before: pa.Table
    after: pa.Table
    names: tuple[str, str] = ("before", "after")

    _columns = 2

    @classmethod
    def from_scores(
        cls,
        before: Any,
        after: Any,
        *,
        names: tuple[str, str] = ("before", "after"),
        ax: Axes | None = None,
        title: str | None = None,
    ) -> ChangeDisplay:
        """Draw two score tables, one against the other.

        Parameters
        ----------
        before, after : dataframe
            From `predict.score`. Accounts that only one holds, or without data in one, are left out.
        names : (str, str), optional
        ax, title
            As of `plot`.

        Returns
        -------
        display : ChangeDisplay

        Raises
        ------
        ParameterError
            If the tables have no accounts in common.
        SchemaError
            If a table is no dataframe of a known kind.

        Examples
        --------
        >>> scores = {"account_id": ["a", "b"], "score": [0.01, 0.98], "verdict": ["not_automated", "automated"]}
        >>> scores["threshold"] = [0.9, 0.9]
        >>> ChangeDisplay.from_scores(scores, scores, names=("May", "June")).ax_.get_xlabel()
        'score: May'
        """
        first, second = drawing.scored(before, cls.__name__), drawing.scored(after, cls.__name__)
        place = pc.index_in(first["account_id"], second["account_id"])
        first, second = first.filter(place.is_valid()), second.take(place.drop_null())
        if not first.num_rows:
            raise ParameterError(
                "ChangeDisplay: before and after must have accounts in common; got none. Score the same dataset twice."
            )
        return cls(first, second, names).plot(ax, title=title)

    def _size(self) -> tuple[float, float]:
        return 6.4, 6.6

    def _title(self) -> str:
        return f"Whose verdict changes, of {self.before.num_rows:,} accounts"

    def _draw(self, ax: Axes) -> None:
        tables, names = (self.before, self.after), self.names
        x, y = (drawing.log_odds(table["score"]) for table in tables)
        was, now = (np.asarray(pc.equal(table["verdict"], "automated")) for table in tables)
        groups = {
            "flagged by neither": (~was & ~now, OTHER, "o"),
            "by both": (was & now, INK, "s"),
            f"by {names[0]} only": (was & ~now, HONEST, "v"),
            f"by {names[1]} only": (~was & now, AUTOMATED, "^"),
        }
        for name, (chosen, colour, marker) in groups.items():
            label = f"{name} ({int(chosen.sum()):,})"
            ax.scatter(
                x[chosen], y[chosen], s=24, color=colour, marker=marker, alpha=0.7, linewidths=0, label=label
            )
        dashed: dict[str, Any] = {"color": INK, "linewidth": 1, "linestyle": "--"}
        thresholds = [np.unique(np.asarray(table["threshold"])) for table in tables]
        named = {"label": "thresholds, by segment" if max(map(len, thresholds)) > 1 else "threshold"}
        for values, draw in zip(thresholds, (ax.axvline, ax.axhline), strict=True):
            for each in values:
                draw(drawing.log_odds([each])[0], **dashed, **named)
                named = {}  # one entry of the legend for all
        drawing.score_axis(ax.xaxis)
        drawing.score_axis(ax.yaxis)
        ends = np.min([x, y]) - 0.7, np.max([x, y]) + 0.7
        ax.plot(ends, ends, color=OTHER, linewidth=1, linestyle=":", zorder=0, label="the same score")
        ax.set(xlim=ends, ylim=ends, aspect="equal")
        ax.set(xlabel=f"score: {names[0]}", ylabel=f"score: {names[1]}")
