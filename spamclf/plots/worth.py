"""Displays of an evaluation: what is found at which price, how soon, after how many victims, in which families."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from spamclf import drawing, evaluate
from spamclf.dataset import Dataset
from spamclf.drawing import AUTOMATED, HONEST, INK, OTHER, SECOND, percent
from spamclf.evaluate import Evaluation
from spamclf.evaluate.evaluation import UNLABELLED
from spamclf.model import Model
from spamclf.plots.display import Display

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes

__all__ = ["ColdStartDisplay", "FamilyRecallDisplay", "RecallAtFPRDisplay", "StrangersDisplay"]

_FEW_STRANGERS = 20  # the mark that the median is held against


@dataclass(eq=False, repr=False)
class _OfEvaluation(Display):
    """What is drawn of an evaluation.

    Attributes
    ----------
    evaluation : Evaluation
    ax_, figure_ : what `plot` drew on
    """

    evaluation: Evaluation

    @classmethod
    def from_evaluation(
        cls, evaluation: Evaluation, *, ax: Axes | None = None, title: str | None = None
    ) -> Self:
        """Draw an evaluation.

        Parameters
        ----------
        evaluation : Evaluation
            From `evaluate.evaluate`.
        ax, title
            As of `plot`.

        Returns
        -------
        display : Display
            Of the class that was asked.

        Raises
        ------
        ParameterError, InsufficientDataError
            If the evaluation holds no accounts of the kind that is drawn.

        Examples
        --------
        >>> from spamclf import evaluate, read_dataset
        >>> from spamclf.plots import FamilyRecallDisplay
        >>> found = evaluate.evaluate(read_dataset("data/sample"))
        >>> FamilyRecallDisplay.from_evaluation(found, title="Found").ax_.get_title(loc="left")
        'Found'
        """
        return cls(evaluation).plot(ax, title=title)

    @classmethod
    def from_model(
        cls,
        model: Model | str | os.PathLike[str] | None,
        dataset: Dataset,
        *,
        truth: Any = None,
        as_of: Any = None,
        n_jobs: int = -1,
        ax: Axes | None = None,
        title: str | None = None,
    ) -> Self:
        """Evaluate a model on a dataset, and draw that. Of several displays of one model, evaluate once instead.

        Parameters
        ----------
        model : Model or path
            None for the model that comes with spamclf.
        dataset : Dataset
        truth, as_of, n_jobs
            As of `evaluate.evaluate`.
        ax, title
            As of `plot`.

        Returns
        -------
        display : Display
            Of the class that was asked.

        Raises
        ------
        InsufficientDataError, ParameterError, DataFileError, ModelFileError, SchemaError
            As of `evaluate.evaluate`.

        Examples
        --------
        >>> from spamclf import simulate
        >>> from spamclf.plots import ColdStartDisplay
        >>> made = simulate.world(100, days=10, random_state=1001)
        >>> ColdStartDisplay.from_model(None, made.dataset, truth=made.truth).evaluation.model
        'default'
        """
        found = evaluate.evaluate(dataset, model, truth, as_of=as_of, n_jobs=n_jobs)
        return cls.from_evaluation(found, ax=ax, title=title)


@dataclass(eq=False, repr=False)
class RecallAtFPRDisplay(_OfEvaluation):
    """How many automated accounts are found at each share of honest ones flagged, whatever the threshold.

    The dot is the model at its thresholds, with its intervals, the diamond the same where nobody has been labelled yet;
    one rule and a tree of depth 3 stand beside it where they were cut. The dotted line is what the certificate
    promises.

    Attributes
    ----------
    evaluation : Evaluation
    curve : pyarrow.Table
        As of `evaluate.flagging_curve`, of each account's highest score.
    ax_, figure_ : what `plot` drew on

    Examples
    --------
    >>> from spamclf import evaluate, simulate
    >>> made = simulate.world(100, days=10, random_state=1001)
    >>> found = evaluate.evaluate(made.dataset, truth=made.truth)
    >>> RecallAtFPRDisplay.from_evaluation(found).ax_.get_ylabel()
    'automated accounts found'
    """

    _columns = 2

    @property
    def curve(self) -> pa.Table:
        """What flagging at or above each score finds."""
        accounts = self.evaluation.accounts
        return evaluate.flagging_curve(accounts["is_automated"], accounts["score"])

    def _size(self) -> tuple[float, float]:
        return 8.0, 4.6

    def _title(self) -> str:
        return f"What the model {self.evaluation.model} finds, at which price"

    def _draw(self, ax: Axes) -> None:
        least = 0.4 / self.evaluation.counts["honest"]  # none at all, on an axis that has no zero
        x, y = ([max(each, bound) for each in self.curve[name].to_pylist()]
                for name, bound in (("honest_flagged", least), ("recall", 0.0)))  # fmt: skip
        ax.plot(x, y, color=INK, linewidth=2, drawstyle="steps-post", zorder=2)
        promised = self.evaluation.fpr
        ax.axvline(promised, color=INK, linestyle=":", linewidth=1.5, label=f"promised: {percent(promised)}")
        whose = {
            "model": ("the model, at its thresholds", AUTOMATED, "o"),
            UNLABELLED: ("the same, nobody labelled yet", INK, "D"),
            "tree of depth 3": ("tree of depth 3", SECOND, "s"),
            "one rule": ("one rule", HONEST, "^"),
        }
        for of, (label, colour, marker) in whose.items():
            self._cross(ax, of, least, {"label": label, "color": colour, "marker": marker})
        ax.set_xscale("log")
        ax.set_xlim(least, 1)
        ax.set_ylim(-0.02, 1.02)
        ax.xaxis.set_major_formatter(percent)
        ax.yaxis.set_major_formatter(percent)
        ax.set(
            xlabel="honest accounts flagged (logarithmic; the left edge is none)",
            ylabel="automated accounts found",
        )

    def _cross(self, ax: Axes, of: str, least: float, look: dict[str, Any]) -> None:
        """Draw two figures of one model, with the interval of each."""
        x, y = self.evaluation.figure("honest_flagged", of), self.evaluation.figure("recall", of)
        at = max(x.value, least)
        ax.errorbar(
            at, y.value,
            xerr=[[at - max(x.low, least)], [max(x.high - at, 0)]],
            yerr=[[y.value - y.low], [y.high - y.value]],
            markersize=8, linewidth=1.4, zorder=3, linestyle="none", markeredgecolor="white", clip_on=False, **look,
        )  # fmt: skip


@dataclass(eq=False, repr=False)
class ColdStartDisplay(_OfEvaluation):
    """How soon accounts are found: the share that one look flags, early in their lives, with intervals.

    Accounts count that have such an instant in the data.

    Attributes
    ----------
    evaluation : Evaluation
    ax_, figure_ : what `plot` drew on

    Examples
    --------
    >>> from spamclf import evaluate, simulate
    >>> made = simulate.world(100, days=10, random_state=1001)
    >>> ColdStartDisplay.from_evaluation(evaluate.evaluate(made.dataset, truth=made.truth)).ax_.get_ylabel()
    'accounts that this look flags'
    """

    _columns = 2

    def _title(self) -> str:
        return "How soon accounts are found"

    def _draw(self, ax: Axes) -> None:
        rows = self.evaluation.cold_start.to_pylist()
        looks = list(dict.fromkeys(row["look"] for row in rows))
        kinds: tuple[tuple[bool, str, dict[str, Any]], ...] = (
            (True, "automated", {"color": AUTOMATED, "marker": "o", "linestyle": "-"}),
            (False, "honest", {"color": HONEST, "marker": "s", "linestyle": "--"}),
        )
        for automated, label, look in kinds:
            those = [row for row in rows if row["is_automated"] == automated and row["value"] is not None]
            for by_time in (
                True,
                False,
            ):  # time since registration and sends are two clocks: no line joins them
                mine = [row for row in those if ("registration" in row["look"]) == by_time]
                x = [looks.index(row["look"]) for row in mine]
                low, high = ([row[end] for row in mine] for end in ("low", "high"))
                ax.vlines(x, low, high, color=look["color"], linewidth=1.8, alpha=0.7)
                told = label if by_time else None
                ax.plot(x, [row["value"] for row in mine], markersize=6, linewidth=1.4, label=told, **look)
        turn = sum("registration" in look for look in looks)
        ax.axvline(turn - 0.5, color=OTHER, linewidth=1)
        ax.set_xticks(range(len(looks)), [_folded(look) for look in looks])
        ax.set_xlim(-0.5, len(looks) - 0.5)
        ax.set_ylim(-0.02, 1.02)
        ax.yaxis.set_major_formatter(percent)
        ax.set(ylabel="accounts that this look flags", xlabel="when somebody looks")


@dataclass(eq=False, repr=False)
class StrangersDisplay(_OfEvaluation):
    """How many strangers automated accounts wrote to before a watcher flagged them.

    The line tells which share of those that wrote to strangers was flagged when it had written to so many at most; the
    rest is never flagged. Dotted lines mark twenty strangers, and half of the accounts.

    Attributes
    ----------
    evaluation : Evaluation
    curve : pyarrow.Table
        As of `evaluate.strangers_curve`, which refuses evaluations without strangers.
    ax_, figure_ : what `plot` drew on

    Examples
    --------
    >>> from spamclf import evaluate, simulate
    >>> made = simulate.world(100, days=10, random_state=1001)
    >>> StrangersDisplay.from_evaluation(evaluate.evaluate(made.dataset, truth=made.truth)).ax_.get_ylabel()
    'automated accounts flagged by then'
    """

    @property
    def curve(self) -> pa.Table:
        """What share is flagged by how many strangers."""
        return evaluate.strangers_curve(self.evaluation)

    def _title(self) -> str:
        return "Strangers written to before the flag"

    def _draw(self, ax: Axes) -> None:
        values, share = (self.curve[name].to_pylist() for name in ("strangers", "flagged"))
        caught = share[-1] if share else 0.0
        last = max(max(self.evaluation.accounts["strangers"].drop_null().to_pylist()), 100)
        ax.step([0, *values, last], [0, *share, caught], where="post", color=AUTOMATED, linewidth=2)
        if caught < 1:
            ax.axhspan(caught, 1, facecolor="white", edgecolor=OTHER, hatch="////", alpha=0.6, linewidth=0)
            place: dict[str, Any] = {
                "xytext": (-6, -5),
                "textcoords": "offset points",
                "ha": "right",
                "va": "top",
            }
            ax.annotate(f"never flagged: {percent(1 - caught)}", (last, caught or 1.0), color=INK, **place)
        ax.axvline(_FEW_STRANGERS, color=INK, linestyle=":", linewidth=1.5)
        ax.axhline(0.5, color=INK, linestyle=":", linewidth=1.0)
        ax.set_xscale("symlog", linthresh=1, linscale=0.5)
        ax.set_xlim(0, last)
        ax.set_ylim(0, 1.0)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        ax.set_xticks([0, 1, 2, 5, 10, 20, 50, 100, *[10**k for k in range(3, 7) if 10**k < last]])
        ax.yaxis.set_major_formatter(percent)
        ax.set(
            xlabel="strangers written to before the flag (logarithmic)",
            ylabel="automated accounts flagged by then",
        )


@dataclass(eq=False, repr=False)
class FamilyRecallDisplay(_OfEvaluation):
    """Which share of each family is flagged, with intervals: automated ones above, honest ones below.

    Where the evaluation holds models that did not know a family (`spamclf.evaluate.leave_one_family_out`, kept as
    ``retrained["families"]``), hollow marks tell what they found.

    Attributes
    ----------
    evaluation : Evaluation
    ax_, figure_ : what `plot` drew on

    Examples
    --------
    >>> from spamclf import evaluate, simulate
    >>> made = simulate.world(100, days=10, random_state=1001)
    >>> display = FamilyRecallDisplay.from_evaluation(evaluate.evaluate(made.dataset, truth=made.truth))
    >>> display.ax_.get_yticklabels()[0].get_text()
    'all automated'
    """

    _columns = 3

    def _size(self) -> tuple[float, float]:
        return 8.0, 1.5 + 0.27 * self.evaluation.by_family.num_rows

    def _title(self) -> str:
        return "Who is flagged, by family"

    def _draw(self, ax: Axes) -> None:
        rows = self.evaluation.by_family.to_pylist()
        kinds = ((True, "automated", AUTOMATED, "o", ""), (False, "honest", HONEST, "s", "////"))
        for automated, label, colour, marker, hatch in kinds:
            mine = [(place, row) for place, row in enumerate(rows) if row["is_automated"] == automated]
            places = [place for place, _ in mine]
            value, low, high = ([row[name] for _, row in mine] for name in ("value", "low", "high"))
            ax.barh(
                places, value, color=colour, alpha=0.35, height=0.72, zorder=2, hatch=hatch, edgecolor="white"
            )
            ax.hlines(places, low, high, color=colour, linewidth=1.8)
            ax.plot(
                value, places, marker, color=colour, markersize=5, linestyle="none", label=label, zorder=3
            )
        self._unseen(ax, [row["family"] for row in rows])
        ax.axhline(sum(row["is_automated"] for row in rows) - 0.5, color=OTHER, linewidth=1)
        ax.set_yticks(range(len(rows)), [row["family"].replace("_", " ") for row in rows])
        for place, row in enumerate(rows):
            ax.annotate(
                f"{row['accounts']:,}", (1.0, place), xycoords=("axes fraction", "data"), xytext=(6, 0),
                textcoords="offset points", va="center", color=INK, fontsize=8,
            )  # fmt: skip
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_xlim(0, 1.005)
        drawing.bare_rows(ax)
        ax.xaxis.set_major_formatter(percent)
        ax.set(xlabel="accounts flagged, with 95 % intervals; on the right, how many accounts")

    def _unseen(self, ax: Axes, names: list[str]) -> None:
        """Mark what models found that did not know a family."""
        left_out = self.evaluation.retrained.get("families")
        told = left_out.to_pylist() if left_out is not None else []
        found = [(row["value"], names.index(row["family"])) for row in told if row["family"] in names]
        if found:
            ax.plot(
                *zip(*found, strict=True), "D", color=INK, markerfacecolor="white", markersize=6, linestyle="none",
                label="by a model that did not know it", zorder=4, clip_on=False,
            )  # fmt: skip


def _folded(look: str) -> str:
    """Put a look's name on two lines, as short as its place on the axis allows."""
    return look.replace(" after registration", "\nlater").replace("at ", "at\n").replace("after ", "after\n")
