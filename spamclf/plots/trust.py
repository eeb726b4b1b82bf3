"""Plots of what a threshold promises: what it costs, whether the promise is kept, whether it still holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf import drawing
from spamclf.drawing import AUTOMATED, HONEST, INK, OTHER, SECOND
from spamclf.errors import ParameterError
from spamclf.model.drift import PSI_LIMITS, DriftReport
from spamclf.tables.frames import to_arrow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_drift", "plot_false_flags", "plot_threshold_choice"]

_CHOICE = ("fpr", "expected_per_million", "bound_per_million", "recall")
_LEAST_PSI = 0.003  # smaller ones are drawn there


def plot_threshold_choice(choices: Any, *, ax: Axes | None = None) -> Axes:
    """Draw what each promise costs: the stricter the bound on false flags, the fewer automated accounts are found.

    Each choice is a bar from the false flags that are to be expected (dot) to those that the certificate excludes
    (line's end), at the height of the share of automated accounts that it still finds.

    Parameters
    ----------
    choices : dataframe
        A row per certificate: ``fpr`` as asked for, ``expected_per_million`` and ``bound_per_million`` as the
        certificate says, ``recall``, a share, as measured on later accounts.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> choice = {"fpr": [0.01], "expected_per_million": [3021], "bound_per_million": [9037], "recall": [0.6]}
    >>> plot_threshold_choice(choice).get_ylabel()
    'automated accounts found'
    """
    from matplotlib.ticker import MaxNLocator

    _, table = to_arrow(choices, _CHOICE, "plot_threshold_choice")
    absent = [name for name in _CHOICE if name not in table.column_names]
    if absent or not table.num_rows:
        raise ParameterError(
            f"plot_threshold_choice: choices must be rows of {', '.join(_CHOICE)}; got "
            f"{'none called ' + ', '.join(absent) if absent else 'no row'}. Certify for several fpr."
        )
    fpr, expected, bound, recall = (table[name].cast(pa.float64()).to_numpy() for name in _CHOICE)
    order = np.argsort(bound, kind="stable")
    ax = drawing.new_axes(ax, (8.0, 4.0))
    ax.plot(bound[order], recall[order], color=OTHER, linewidth=1, zorder=1)
    ax.hlines(recall, expected, bound, color=INK, linewidth=2)
    ax.plot(expected, recall, "o", color=HONEST, markersize=7, linestyle="none", label="expected")
    ax.plot(bound, recall, "|", color=AUTOMATED, markersize=14, markeredgewidth=3, label="not exceeded")
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}  # other choices' lines pass there
    names: dict[
        tuple[float, float], list[str]
    ] = {}  # where two choices come to the same, one label tells both
    for each, x, height in zip(fpr, bound, recall, strict=True):
        names.setdefault((x, height), []).append(f"{100 * each:g} %")
    for point, told in names.items():
        place: dict[str, Any] = {"xytext": (9, 0), "textcoords": "offset points", "va": "center"}
        ax.annotate(", ".join(told), point, color=INK, bbox=behind, **place)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.margins(x=0.12, y=0.12)
    ax.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    ax.set(xlabel="false flags per million honest accounts", ylabel="automated accounts found")
    ax.legend(loc="lower right", frameon=False)
    return ax


def plot_false_flags(
    shares: Mapping[str, npt.ArrayLike], promised: float, *, n_bins: int = 36, ax: Axes | None = None
) -> Axes:
    """Draw which share of honest accounts was truly flagged, draw by draw, beside what was promised.

    Parameters
    ----------
    shares : dict of str to array_like of shape (n_draws,)
        For each way to choose a threshold the true share in each draw.
    promised : float
        The share that was not to be exceeded.
    n_bins : int, default=36
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> ax = plot_false_flags({"naive": [0.008, 0.012], "certified": [0.004, 0.006]}, 0.01)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['naive: broken in 50.0 %', 'certified: broken in 0.0 %']
    """
    values = {str(name): np.asarray(each, np.float64) for name, each in shares.items()}
    if not values or not all(each.ndim == 1 and each.size for each in values.values()):
        raise ParameterError(
            "plot_false_flags: shares must be lists of numbers by name; got none. Give the share of each draw."
        )
    edges = np.linspace(0, max(promised, *(each.max() for each in values.values())) * 1.02, n_bins + 1)
    ax = drawing.new_axes(ax, (8.0, 3.6))
    looks = drawing.looks((AUTOMATED, HONEST, INK), ("////", "", "...."))
    for (name, each), (colour, hatch) in zip(values.items(), looks, strict=False):  # the looks never end
        label = f"{name}: broken in {100 * (each > promised).mean():.1f} %"
        ax.hist(each, bins=list(edges), color=colour, alpha=0.45, label=label, hatch=hatch, edgecolor="white")
        ax.hist(each, bins=list(edges), color=colour, histtype="step", linewidth=1.6)
    ax.axvline(promised, color=INK, linestyle="--", linewidth=1.2)
    ax.annotate(
        f"promised: {100 * promised:g} %",
        (promised, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(6, -2),
        textcoords="offset points",
        va="top",
        color=INK,
    )
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    ax.set_xlim(0, edges[-1])
    ax.set(xlabel="honest accounts truly flagged", ylabel="draws")
    ax.legend(loc="upper left", bbox_to_anchor=(0.0, 1.2), ncols=3, frameon=False)
    return ax


def plot_drift(reports: DriftReport | Mapping[str, DriftReport], *, ax: Axes | None = None) -> Axes:
    """Draw how far scores and features have moved since a certificate was calibrated.

    Parameters
    ----------
    reports : DriftReport or dict of str to DriftReport
        From `Certificate.check`; of the same columns.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> from spamclf.model.drift import ColumnDrift
    >>> column = ColumnDrift("score", psi=0.02, ks=0.03, p_value=0.6, level="steady")
    >>> plot_drift({"June": DriftReport((column,), n_rows=2000, least_rows=100)}).get_yticklabels()[0].get_text()
    'score'
    """
    named = {"": reports} if isinstance(reports, DriftReport) else dict(reports)
    names = [[column.name for column in each.columns] for each in named.values()]
    if not names or any(each != names[0] for each in names):
        raise ParameterError(
            "plot_drift: reports must be of the same columns; got none, or others. Check the same features."
        )
    ax = drawing.new_axes(ax, (8.0, 1.3 + 0.34 * len(names[0])))
    place = np.arange(len(names[0]))
    looks = drawing.looks((HONEST, AUTOMATED, INK, SECOND), ("o", "^", "s", "D"))
    shifts = 0.13 * (
        np.arange(len(named)) - (len(named) - 1) / 2
    )  # dots of equal columns stand below each other
    for (name, each), (colour, marker), shift in zip(
        named.items(), looks, shifts, strict=False
    ):  # nor do these
        psi = np.maximum([column.psi for column in each.columns], _LEAST_PSI)
        ax.plot(
            psi, place + shift, marker, color=colour, markersize=7, label=f"{name}: {each.status}".strip(" :")
        )
    for limit, what in zip(PSI_LIMITS, ("drifting", "moved"), strict=True):
        ax.axvline(limit, color=INK, linestyle="--", linewidth=1.2)
        ax.annotate(
            f" {what}", (limit, 1.0), xycoords=("data", "axes fraction"), va="bottom", ha="left", color=INK
        )
    ax.set_xscale("log")
    ax.set_xlim(left=_LEAST_PSI * 0.8)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.set_yticks(place, names[0])
    ax.set_ylim(len(place) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set(xlabel="population stability index: how far a column has moved")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.06), ncols=min(len(named), 4), frameon=False)
    return ax
