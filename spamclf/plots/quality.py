"""Displays of how good scores are, from true labels and scores."""

from __future__ import annotations

import os
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf import drawing, evaluate
from spamclf.dataset import Dataset
from spamclf.drawing import INK, OTHER, SECOND
from spamclf.errors import ParameterError
from spamclf.evaluate import Interval, OneLook
from spamclf.model import Model
from spamclf.plots.display import Display

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes

__all__ = ["CalibrationDisplay", "MetricsDisplay", "PrecisionRecallDisplay", "RocCurveDisplay"]

_N_DRAWS = 200  # of an interval in a legend
_N_BINS = 8
_BASELINES = ("roc_auc", "one_rule_roc_auc", "depth_3_tree_roc_auc")


@dataclass(eq=False, repr=False)
class _OfLabels(Display):
    """What is drawn of scores and of what is true of their accounts.

    Attributes
    ----------
    curves : dict of str to pyarrow.Table
        By name.
    figures : dict of str to Interval
        Of each curve, one number for all of it.
    ax_, figure_ : what `plot` drew on
    """

    curves: dict[str, pa.Table]
    figures: dict[str, Interval]

    @classmethod
    def from_model(
        cls,
        model: Model | str | os.PathLike[str] | None,
        dataset: Dataset,
        *,
        labels: Any = None,
        as_of: Any = None,
        n_jobs: int = -1,
        ax: Axes | None = None,
        title: str | None = None,
    ) -> Self:
        """Score a dataset at one instant, and draw the scores where labels are known.

        One rule is drawn beside the model, save where scores have to be probabilities: the feature that told best by
        itself when the model was trained (`OneLook.rule`).

        Parameters
        ----------
        model : Model or path
            None for the model that comes with spamclf.
        dataset : Dataset
        labels : dataframe, optional
            As of `evaluate.one_look`: by default the dataset's, as far as they are known by `as_of`.
        as_of, n_jobs
            As of `predict.score`.
        ax, title
            As of `plot`.

        Returns
        -------
        display : Display
            Of the class that was asked.

        Raises
        ------
        InsufficientDataError, ParameterError, ModelFileError, DataFileError, SchemaError
            As of `evaluate.one_look`.

        Examples
        --------
        >>> from spamclf import read_dataset
        >>> from spamclf.plots import CalibrationDisplay, RocCurveDisplay
        >>> dataset = read_dataset("data/sample")
        >>> [list(each.from_model(None, dataset).curves) for each in (RocCurveDisplay, CalibrationDisplay)]
        [['the model', 'one rule'], ['the model']]
        """
        look = evaluate.one_look(dataset, model, labels, as_of=as_of, n_jobs=n_jobs)
        return cls._of(look).plot(ax, title=title)

    @classmethod
    @abstractmethod
    def _of(cls, look: OneLook) -> Self:
        """Take what is drawn from one look at accounts."""

    def _size(self) -> tuple[float, float]:
        return 4.8, 4.8


@dataclass(eq=False, repr=False)
class RocCurveDisplay(_OfLabels):
    """The ROC curve: how many automated accounts are found, at which share of honest ones flagged.

    Attributes
    ----------
    curves : dict of str to pyarrow.Table
        By name, as of `evaluate.flagging_curve`.
    figures : dict of str to Interval
        Of each curve the area below it.
    ax_, figure_ : what `plot` drew on
    """

    _told: ClassVar[str] = "area [95 % interval]"
    _what: ClassVar[str] = "roc_auc"

    @classmethod
    def from_predictions(
        cls, y: npt.ArrayLike, scores: Any, *, ax: Axes | None = None, title: str | None = None
    ) -> Self:
        """Draw labels and scores.

        Parameters
        ----------
        y : array_like of shape (n,)
            1 or True for automated.
        scores : array_like of shape (n,), or dict of str to such
            A dict draws a curve for each name.
        ax, title
            As of `plot`.

        Returns
        -------
        display : RocCurveDisplay

        Raises
        ------
        InsufficientDataError
            If a class is missing.
        ParameterError
            If lengths differ or a score is NaN.

        Examples
        --------
        >>> print(RocCurveDisplay.from_predictions([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).figures[""].value)
        0.75
        """
        named = drawing.named(scores)
        figures = {name: cls._figure(y, values) for name, values in named.items()}
        curves = {name: evaluate.flagging_curve(y, values) for name, values in named.items()}
        return cls(curves, figures).plot(ax, title=title)

    @classmethod
    def _of(cls, look: OneLook) -> Self:
        names = {"model": "the model", look.rule: "one rule"}
        curves = {names[of]: evaluate.flagging_curve(look.y, values) for of, values in look.scores.items()}
        return cls(curves, {name: look.figure(cls._what, of) for of, name in names.items()})

    @staticmethod
    def _figure(y: npt.ArrayLike, scores: Any) -> Interval:
        return evaluate.roc_auc(y, scores, n_bootstrap=_N_DRAWS)

    def _title(self) -> str:
        return "ROC curve"

    def _draw(self, ax: Axes) -> None:
        ax.plot([0, 1], [0, 1], color=OTHER, linewidth=1, linestyle=":")
        for k, (name, curve) in enumerate(self.curves.items()):
            x, y = ([0.0, *curve[name].to_pylist()] for name in ("honest_flagged", "recall"))
            drawing.curve(ax, k, x, y, drawing.named_label(name, self.figures[name]))
        drawing.unit_square(ax, "honest accounts flagged", "automated accounts found")
        ax.legend(loc="lower right", frameon=False, title=self._told)


@dataclass(eq=False, repr=False)
class PrecisionRecallDisplay(RocCurveDisplay):
    """The precision-recall curve: of the flagged accounts, how many are automated, the more are found.

    The dotted line is the share of automated accounts: what flagging at random reaches.

    Attributes
    ----------
    curves : dict of str to pyarrow.Table
        By name, as of `evaluate.flagging_curve`.
    figures : dict of str to Interval
        Of each curve the average precision.
    ax_, figure_ : what `plot` drew on

    Examples
    --------
    >>> display = PrecisionRecallDisplay.from_predictions([0, 0, 1, 1], {"rule": [0.1, 0.4, 0.35, 0.8]})
    >>> round(display.figures["rule"].value, 3)
    0.833
    """

    _told: ClassVar[str] = "average precision [95 % interval]"
    _what: ClassVar[str] = "average_precision"

    @staticmethod
    def _figure(y: npt.ArrayLike, scores: Any) -> Interval:
        return evaluate.average_precision(y, scores, n_bootstrap=_N_DRAWS)

    def _title(self) -> str:
        return "Precision and recall"

    def _draw(self, ax: Axes) -> None:
        # Whoever flags everybody flags at random: there precision is the share of automated accounts.
        chance = next(iter(self.curves.values()))["precision"][-1].as_py()
        ax.axhline(chance, color=OTHER, linewidth=1, linestyle=":")
        for k, (name, curve) in enumerate(self.curves.items()):
            recall, precision = (curve[name].to_pylist() for name in ("recall", "precision"))
            label = drawing.named_label(name, self.figures[name])
            # The precision of a cut holds for all that is found down to it: flat leftwards, as the area is counted.
            drawing.curve(ax, k, [0.0, *recall], [precision[0], *precision], label, drawstyle="steps-pre")
        drawing.unit_square(ax, "automated accounts found", "flagged accounts that are automated")
        ax.legend(loc="lower left", frameon=False, title=self._told)


@dataclass(eq=False, repr=False)
class CalibrationDisplay(_OfLabels):
    """Whether scores are probabilities: of the accounts with about one score, how many are automated.

    Each mark stands for as many accounts, with its 95 % interval; on the dotted line both shares agree.

    Attributes
    ----------
    curves : dict of str to pyarrow.Table
        By name, as of `evaluate.calibration_curve`.
    figures : dict of str to Interval
        Of each curve the calibration error.
    ax_, figure_ : what `plot` drew on
    """

    @classmethod
    def from_predictions(
        cls,
        y: npt.ArrayLike,
        scores: Any,
        *,
        n_bins: int = _N_BINS,
        ax: Axes | None = None,
        title: str | None = None,
    ) -> CalibrationDisplay:
        """Draw labels and scores.

        Parameters
        ----------
        y : array_like of shape (n,)
            1 or True for automated.
        scores : array_like of shape (n,), or dict of str to such
            Probabilities. A dict draws a curve for each name.
        n_bins : int, default=8
            Marks at most.
        ax, title
            As of `plot`.

        Returns
        -------
        display : CalibrationDisplay

        Raises
        ------
        InsufficientDataError
            If a class is missing.
        ParameterError
            If a score is no probability.

        Examples
        --------
        >>> display = CalibrationDisplay.from_predictions([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], n_bins=2)
        >>> display.curves[""]["value"].to_pylist()
        [0.5, 0.5]
        """
        curves, figures = {}, {}
        for name, values in drawing.named(scores).items():
            found = evaluate.calibration_error(y, values, n_bootstrap=_N_DRAWS)
            figures[name] = Interval(found.value, found.low, found.high)  # its own words are too long here
            curves[name] = evaluate.calibration_curve(y, values, n_bins=n_bins)
        return cls(curves, figures).plot(ax, title=title)

    @classmethod
    def _of(cls, look: OneLook) -> Self:
        curve = evaluate.calibration_curve(look.y, look.scores["model"], n_bins=_N_BINS)
        return cls({"the model": curve}, {"the model": look.figure("calibration_error")})

    def _title(self) -> str:
        return "Calibration"

    def _draw(self, ax: Axes) -> None:
        ax.plot([0, 1], [0, 1], color=OTHER, linewidth=1, linestyle=":")
        for k, (name, curve) in enumerate(self.curves.items()):
            x, y, low, high = (np.asarray(curve[each]) for each in ("mean_score", "value", "low", "high"))
            label = drawing.named_label(name, self.figures[name])
            drawing.curve(ax, k, x, y, label, markevery=None, linewidth=1.4)
            ax.vlines(x, low, high, color=ax.lines[-1].get_color(), linewidth=1.2, alpha=0.6)
        drawing.unit_square(ax, "mean score", "automated accounts among them")
        ax.legend(loc="upper left", frameon=False, title="error [95 % interval]")


@dataclass(eq=False, repr=False)
class MetricsDisplay(Display):
    """How good a model was on its latest accounts, beside one rule and a small tree, with intervals.

    Attributes
    ----------
    metrics : dict
        As the model states them.
    rule : str
        The feature of the one rule.
    ax_, figure_ : what `plot` drew on
    """

    metrics: dict[str, Any]
    rule: str

    _columns = 2

    @classmethod
    def from_model(cls, model: Model, *, ax: Axes | None = None, title: str | None = None) -> MetricsDisplay:
        """Draw what a model states of itself.

        Parameters
        ----------
        model : Model
            From `train.fit`.
        ax, title
            As of `plot`.

        Returns
        -------
        display : MetricsDisplay

        Raises
        ------
        ParameterError
            If the model carries no metrics.

        Examples
        --------
        >>> from spamclf import predict
        >>> MetricsDisplay.from_model(predict.load_shipped_model()).ax_.get_xlabel()
        'on the latest accounts, with 95 % intervals'
        """
        metrics = model.info.get("metrics", {})
        if not metrics.keys() >= set(_BASELINES):
            raise ParameterError(
                "MetricsDisplay: model must carry metrics; got none. Use a model that train.fit made."
            )
        rule = metrics.get("one_rule") or model.info["beside"]["rules"][0].split()[0]
        return cls(metrics, rule).plot(ax, title=title)

    def _size(self) -> tuple[float, float]:
        return 8.0, 2.6

    def _title(self) -> str:
        return "What the model is worth"

    def _draw(self, ax: Axes) -> None:
        rows = {"the model": "", "a tree of depth 3": "depth_3_tree_", f"one rule: {self.rule}": "one_rule_"}
        figures = {
            "roc_auc": ("ROC-AUC", "o", INK, -0.13),
            "average_precision": ("average precision", "s", SECOND, 0.13),
        }
        for key, (what, marker, colour, shift) in figures.items():
            for place, prefix in enumerate(rows.values()):
                value, low, high = self.metrics[prefix + key]
                ax.plot([low, high], [place + shift] * 2, color=colour, linewidth=1.8, alpha=0.7)
                dot: dict[str, Any] = {"color": colour, "markersize": 7, "linestyle": "none"}
                ax.plot([value], [place + shift], marker, label=what if place == 0 else None, **dot)
        ax.set_yticks(range(len(rows)), list(rows))
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xlim(right=1.005)
        drawing.bare_rows(ax)
        ax.set(xlabel="on the latest accounts, with 95 % intervals")
