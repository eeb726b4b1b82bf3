"""Displays of what pushes scores: of one account, and of a dataset's accounts on average."""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spamclf import drawing, explain
from spamclf.dataset import Dataset
from spamclf.drawing import AUTOMATED, HONEST, INK, OTHER
from spamclf.errors import ParameterError
from spamclf.explain import Importance, Reasons
from spamclf.model import Model
from spamclf.plots.display import Display

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FamilyReasonsDisplay", "ImportanceDisplay", "ReasonsDisplay"]

_SENTENCE_WIDTH = 60  # letters: longer sentences take another line, since bars need room, too


@dataclass(eq=False, repr=False)
class ReasonsDisplay(Display):
    """The reasons of one account's score, the largest at the top.

    Attributes
    ----------
    reasons : list of mappings
        ``sentence`` and ``contribution`` of each.
    ax_, figure_ : what `plot` drew on
    """

    reasons: list[Mapping[str, Any]]

    @classmethod
    def from_reasons(
        cls, reasons: Iterable[Mapping[str, Any]], *, ax: Axes | None = None, title: str | None = None
    ) -> ReasonsDisplay:
        """Draw reasons as score tables hold them.

        Parameters
        ----------
        reasons : iterable of mappings
            One cell of the column ``reasons`` of `predict.score`.
        ax, title
            As of `plot`.

        Returns
        -------
        display : ReasonsDisplay

        Raises
        ------
        ParameterError
            If there is none.

        Examples
        --------
        >>> display = ReasonsDisplay.from_reasons([{"sentence": "wrote to 214 strangers", "contribution": 2.1}])
        >>> display.ax_.get_yticklabels()[0].get_text()
        'wrote to 214 strangers'
        """
        rows = sorted(reasons, key=lambda reason: float(reason["contribution"]))
        if not rows:
            raise ParameterError(
                "ReasonsDisplay: reasons must hold at least one reason; got none. "
                "Score with reasons_for='all' to get reasons for accounts that are not flagged."
            )
        return cls(rows).plot(ax, title=title)

    def _sentences(self) -> list[str]:
        return [textwrap.fill(str(reason["sentence"]), _SENTENCE_WIDTH) for reason in self.reasons]

    def _size(self) -> tuple[float, float]:
        most_lines = 1 + max(sentence.count("\n") for sentence in self._sentences())
        return 8.0, 1.1 + (0.18 + 0.18 * most_lines) * len(self.reasons)

    def _title(self) -> str:
        return "What pushes the score up"

    def _draw(self, ax: Axes) -> None:
        values = [float(reason["contribution"]) for reason in self.reasons]
        place = np.arange(len(values))
        bars = ax.barh(place, values, height=0.62, **_by_sign(values))
        ax.set_yticks(place, self._sentences())
        ax.bar_label(bars, [f"{value:+.2f}" for value in values], padding=4, color=INK)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.margins(x=0.2)
        drawing.bare_rows(ax)
        ax.set(xlabel="pushes the score up by (log odds)")


@dataclass(eq=False, repr=False)
class FamilyReasonsDisplay(Display):
    """How one account's score comes about: from any account's log odds, family by family, to its own.

    Attributes
    ----------
    reasons : Reasons
    least : float
        Families that add or take less, in log odds, are drawn as one bar.
    ax_, figure_ : what `plot` drew on
    """

    reasons: Reasons
    least: float = 0.05

    @classmethod
    def from_reasons(
        cls, reasons: Reasons, *, least: float = 0.05, ax: Axes | None = None, title: str | None = None
    ) -> FamilyReasonsDisplay:
        """Draw the reasons of one score, all of them.

        Parameters
        ----------
        reasons : Reasons
            From `explain.reasons`.
        least : float, default=0.05
            Families that add or take less, in log odds, are drawn as one bar.
        ax, title
            As of `plot`.

        Returns
        -------
        display : FamilyReasonsDisplay

        Raises
        ------
        ParameterError
            If matplotlib is not installed.

        Examples
        --------
        >>> from spamclf import explain, read_dataset
        >>> dataset = read_dataset("data/sample")
        >>> why = explain.reasons(dataset, account_id=dataset.accounts["account_id"][0].as_py())
        >>> FamilyReasonsDisplay.from_reasons(why).ax_.get_xlabel()
        'log odds of being automated, before calibration'
        """
        return cls(reasons, least).plot(ax, title=title)

    def _shown(self) -> list[tuple[str, float]]:
        told = [(each.family.replace("_", " "), each.contribution) for each in self.reasons.families]
        small = [step for _, step in told if abs(step) < self.least]
        rest = [(f"{len(small)} more", math.fsum(small))] if small else []
        return [each for each in told if abs(each[1]) >= self.least] + rest

    def _size(self) -> tuple[float, float]:
        return 8.0, 1.6 + 0.34 * len(self._shown())

    def _title(self) -> str:
        return f"Score {self.reasons.score:.4f}: {self.reasons.verdict.replace('_', ' ')}"

    def _draw(self, ax: Axes) -> None:
        names, steps = zip(*self._shown(), strict=True)
        levels = self.reasons.baseline + np.cumsum((0.0, *steps))
        last = len(steps) + 1
        bars = ax.barh(np.arange(1, last), steps, left=levels[:-1], height=0.62, **_by_sign(steps))
        ax.bar_label(bars, [f"{step:+.2f}" for step in steps], padding=4, color=INK)
        for k, level in enumerate(levels):  # each bar begins where the one above it ended
            ax.plot([level, level], [k, k + 1], color=OTHER, linewidth=1)
        for k, level in ((0, self.reasons.baseline), (last, self.reasons.raw_score)):
            ax.plot([level], [k], "D", color=INK, markersize=6)
            place: dict[str, Any] = {"xytext": (8, 0), "textcoords": "offset points", "va": "center"}
            ax.annotate(f"{level:+.2f}", (level, k), color=INK, **place)
        ax.set_yticks(range(last + 1), ["any account", *names, "this account"])
        ax.set_ylim(last + 0.6, -0.6)
        ax.set_xlim(levels.min() - 0.1 * np.ptp(levels), levels.max() + 0.14 * np.ptp(levels))
        drawing.bare_rows(ax)
        ax.set(xlabel="log odds of being automated, before calibration")


@dataclass(eq=False, repr=False)
class ImportanceDisplay(Display):
    """How far each family of features moves the scores of a dataset's accounts, with intervals.

    Attributes
    ----------
    importance : Importance
    ax_, figure_ : what `plot` drew on
    """

    importance: Importance

    @classmethod
    def from_model(
        cls,
        model: Model | str | os.PathLike[str] | None,
        dataset: Dataset,
        *,
        as_of: Any = None,
        ax: Axes | None = None,
        title: str | None = None,
        **settings: Any,
    ) -> ImportanceDisplay:
        """Draw what a model looks at, in a dataset.

        Parameters
        ----------
        model : Model or path, or None
            None is the model that comes with spamclf.
        dataset : Dataset
        as_of : str, datetime or int (microseconds since the epoch), optional
            As of `predict.score`.
        ax, title
            As of `plot`.
        **settings
            As of `explain.importance`.

        Returns
        -------
        display : ImportanceDisplay

        Raises
        ------
        ParameterError, ModelFileError, InsufficientDataError, SchemaError, DataFileError
            As of `explain.importance`.

        Examples
        --------
        >>> from spamclf import read_dataset
        >>> display = ImportanceDisplay.from_model(None, read_dataset("data/sample"), n_accounts=50)
        >>> display.importance.n_accounts
        50
        """
        found = explain.importance(dataset, model, as_of=as_of, **settings)
        return cls(found).plot(ax, title=title)

    def _size(self) -> tuple[float, float]:
        return 8.0, 1.2 + 0.32 * self.importance.families.num_rows

    def _title(self) -> str:
        return f"What the model {self.importance.model} looks at"

    def _draw(self, ax: Axes) -> None:
        rows = self.importance.families.to_pylist()
        place = np.arange(len(rows))
        ax.barh(place, [row["value"] for row in rows], height=0.62, color=HONEST, alpha=0.55)
        low, high = ([row[end] for row in rows] for end in ("low", "high"))
        ax.hlines(place, low, high, color=INK, linewidth=1.8)
        ax.set_yticks(place, [row["family"].replace("_", " ") for row in rows])
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xlim(left=0)
        drawing.bare_rows(ax)
        n = self.importance.n_accounts
        ax.set(
            xlabel=f"moves a score, up or down, by (log odds; mean of {n:,} accounts, with 95 % intervals)"
        )


def _by_sign(values: Iterable[float]) -> dict[str, Any]:
    """Return how bars look: orange and plain where they push the score up, blue and hatched where down."""
    up = [value > 0 for value in values]
    return {
        "color": [AUTOMATED if each else HONEST for each in up],
        "hatch": ["" if each else "////" for each in up],
        "edgecolor": "white",
        "linewidth": 0.5,
    }
