"""Plots of how good a model is, from true labels and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spamclf import drawing, evaluate
from spamclf.drawing import INK, OTHER, SECOND
from spamclf.errors import ParameterError
from spamclf.model import Model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_calibration", "plot_metrics", "plot_precision_recall", "plot_roc"]


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


def plot_calibration(y: npt.ArrayLike, scores: Any, *, n_bins: int = 8, ax: Axes | None = None) -> Axes:
    """Draw whether scores are probabilities: of the accounts with about one score, how many are automated.

    Each dot stands for as many accounts; on the dotted line both shares agree.

    Parameters
    ----------
    y : array_like of shape (n,)
        1 or True for automated.
    scores : array_like of shape (n,), or dict of str to such
        Probabilities. A dict draws a curve for each name.
    n_bins : int, default=8
        Dots at most.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    InsufficientDataError
        If a class is missing.
    ParameterError
        If a score is no probability.

    Examples
    --------
    >>> plot_calibration([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).get_title()
    'Calibration'
    """
    from sklearn.calibration import calibration_curve

    curves, is_automated = drawing.named(scores), np.asarray(y).astype(bool)
    errors = {}
    for name, values in curves.items():
        found = evaluate.calibration_error(y, values, n_bootstrap=200)
        errors[name] = evaluate.Interval(
            found.value, found.low, found.high
        )  # its own words are too long here
    ax = drawing.new_axes(ax, (4.6, 4.4))
    ax.plot([0, 1], [0, 1], color=OTHER, linewidth=1, linestyle=":")
    for k, (name, values) in enumerate(curves.items()):
        share, mean = calibration_curve(is_automated, values, n_bins=n_bins, strategy="quantile")
        drawing.curve(ax, k, mean, share, f"{name}  {errors[name]}".strip(), marker="o", markersize=5)
    drawing.unit_square(ax, "mean score", "share of automated accounts")
    ax.set_title("Calibration")
    ax.legend(loc="upper left", frameon=False, title="error [95 % interval]")
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
    if not {"roc_auc", "one_rule_roc_auc", "depth_3_tree_roc_auc"} <= metrics.keys():
        raise ParameterError(
            "plot_metrics: model must carry metrics; got none. Use a model that train.fit made."
        )
    rule = metrics.get("one_rule") or model.info["beside"]["rules"][0].split()[0]
    rows = {
        "the model": "",
        "a tree of depth 3": "depth_3_tree_",
        f"one rule: {rule}": "one_rule_",
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
