"""Displays of what a threshold promises: what it costs, whether the promise is kept, whether it still holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf import drawing
from spamclf.drawing import AUTOMATED, HONEST, INK, OTHER, SECOND, percent
from spamclf.errors import ParameterError
from spamclf.model.drift import PSI_LIMITS, DriftReport
from spamclf.plots.display import Display
from spamclf.tables.frames import to_arrow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DriftDisplay", "FalseFlagsDisplay", "ThresholdChoiceDisplay"]

_CHOICE = ("fpr", "expected_per_million", "bound_per_million", "recall")
_LEAST_PSI = 0.003  # smaller ones are drawn there


@dataclass(eq=False, repr=False)
class ThresholdChoiceDisplay(Display):
    """What each promise costs: the stricter the bound on false flags, the fewer automated accounts are found.

    Each choice is a bar from the false flags that are to be expected (dot) to those that the certificate excludes
    (line's end), at the height of the share of automated accounts that it still finds.

    Attributes
    ----------
    choices : pyarrow.Table
        ``fpr``, ``expected_per_million``, ``bound_per_million``, ``recall``.
    ax_, figure_ : what `plot` drew on
    """

    choices: pa.Table

    @classmethod
    def from_choices(
        cls, choices: Any, *, ax: Axes | None = None, title: str | None = None
    ) -> ThresholdChoiceDisplay:
        """Draw certificates that can be chosen among.

        Parameters
        ----------
        choices : dataframe
            A row per certificate: ``fpr`` as asked for, ``expected_per_million`` and ``bound_per_million`` as the
            certificate says, ``recall``, a share, as measured on later accounts.
        ax, title
            As of `plot`.

        Returns
        -------
        display : ThresholdChoiceDisplay

        Raises
        ------
        ParameterError
            If there is no row, or a column is missing.
        SchemaError
            If it is no dataframe of a known kind.

        Examples
        --------
        >>> choice = {"fpr": [0.01], "expected_per_million": [3021], "bound_per_million": [9037], "recall": [0.6]}
        >>> ThresholdChoiceDisplay.from_choices(choice).ax_.get_ylabel()
        'automated accounts found'
        """
        _, table = to_arrow(choices, _CHOICE, cls.__name__)
        absent = [name for name in _CHOICE if name not in table.column_names]
        if absent or not table.num_rows:
            raise ParameterError(
                f"ThresholdChoiceDisplay: choices must be rows of {', '.join(_CHOICE)}; got "
                f"{'none called ' + ', '.join(absent) if absent else 'no row'}. Certify for several fpr."
            )
        columns = {name: table[name].cast(pa.float64()) for name in _CHOICE}
        return cls(pa.table(columns)).plot(ax, title=title)

    def _title(self) -> str:
        return "What each promise costs"

    def _draw(self, ax: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        fpr, expected, bound, recall = (self.choices[name].to_numpy() for name in _CHOICE)
        order = np.argsort(bound, kind="stable")
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
        ax.yaxis.set_major_formatter(percent)
        ax.set(
            xlabel="false flags per million honest accounts (logarithmic)", ylabel="automated accounts found"
        )
        ax.legend(loc="lower right", frameon=False)


@dataclass(eq=False, repr=False)
class FalseFlagsDisplay(Display):
    """Which share of honest accounts was truly flagged, draw by draw, beside what was promised.

    Attributes
    ----------
    shares : dict of str to ndarray of shape (n_draws,), dtype float64
    promised : float
    n_bins : int
    ax_, figure_ : what `plot` drew on
    """

    shares: dict[str, npt.NDArray[np.float64]]
    promised: float
    n_bins: int = 36

    _columns = 2

    @classmethod
    def from_shares(
        cls,
        shares: Mapping[str, npt.ArrayLike],
        promised: float,
        *,
        n_bins: int = 36,
        ax: Axes | None = None,
        title: str | None = None,
    ) -> FalseFlagsDisplay:
        """Draw shares that were measured.

        Parameters
        ----------
        shares : dict of str to array_like of shape (n_draws,)
            For each way to choose a threshold the true share in each draw.
        promised : float
            The share that was not to be exceeded.
        n_bins : int, default=36
        ax, title
            As of `plot`.

        Returns
        -------
        display : FalseFlagsDisplay

        Raises
        ------
        ParameterError
            If there are no shares.

        Examples
        --------
        >>> shares = {"naive": [0.008, 0.012], "certified": [0.004, 0.006]}
        >>> ax = FalseFlagsDisplay.from_shares(shares, 0.01).ax_
        >>> [text.get_text() for text in ax.get_legend().get_texts()]
        ['naive: broken in 50.0 %', 'certified: broken in 0.0 %']
        """
        values = {str(name): np.asarray(each, np.float64) for name, each in shares.items()}
        if not values or not all(each.ndim == 1 and each.size for each in values.values()):
            raise ParameterError(
                "FalseFlagsDisplay: shares must be lists of numbers by name; got none. Give the share of each draw."
            )
        return cls(values, promised, n_bins).plot(ax, title=title)

    def _title(self) -> str:
        return "Whether the promise is kept"

    def _draw(self, ax: Axes) -> None:
        promised = self.promised
        most = max(promised, *(each.max() for each in self.shares.values()))
        edges = list(np.linspace(0, most * 1.02, self.n_bins + 1))
        looks = drawing.looks((AUTOMATED, HONEST, INK), ("////", "", "...."))
        for (name, each), (colour, hatch) in zip(
            self.shares.items(), looks, strict=False
        ):  # the looks never end
            label = f"{name}: broken in {100 * (each > promised).mean():.1f} %"
            ax.hist(each, bins=edges, color=colour, alpha=0.45, label=label, hatch=hatch, edgecolor="white")
            ax.hist(each, bins=edges, color=colour, histtype="step", linewidth=1.6)
        ax.axvline(promised, color=INK, linestyle="--", linewidth=1.2)
        told, place = f"promised: {percent(promised)}", {"xycoords": ("data", "axes fraction"), "va": "top"}
        ax.annotate(
            told,
            (promised, 1.0),
            xytext=(6, -2),
            textcoords="offset points",
            color=INK,
            **place,  # type: ignore[arg-type]
        )
        ax.xaxis.set_major_formatter(percent)
        ax.set_xlim(0, edges[-1])
        ax.set(xlabel="honest accounts truly flagged", ylabel="draws")


@dataclass(eq=False, repr=False)
class DriftDisplay(Display):
    """How far scores and features have moved since a certificate was calibrated.

    Attributes
    ----------
    reports : dict of str to DriftReport
        By name, of the same columns.
    ax_, figure_ : what `plot` drew on
    """

    reports: dict[str, DriftReport]

    _columns = 3

    @classmethod
    def from_reports(
        cls,
        reports: DriftReport | Mapping[str, DriftReport],
        *,
        ax: Axes | None = None,
        title: str | None = None,
    ) -> DriftDisplay:
        """Draw what a certificate says of later accounts.

        Parameters
        ----------
        reports : DriftReport or dict of str to DriftReport
            From `Certificate.check`; of the same columns.
        ax, title
            As of `plot`.

        Returns
        -------
        display : DriftDisplay

        Raises
        ------
        ParameterError
            If there is no report, or they are of different columns.

        Examples
        --------
        >>> from spamclf.model.drift import ColumnDrift
        >>> column = ColumnDrift("score", psi=0.02, ks=0.03, p_value=0.6, level="steady")
        >>> report = DriftReport((column,), n_rows=2000, least_rows=100)
        >>> DriftDisplay.from_reports({"June": report}).ax_.get_yticklabels()[0].get_text()
        'score'
        """
        named = {"": reports} if isinstance(reports, DriftReport) else dict(reports)
        names = [[column.name for column in each.columns] for each in named.values()]
        if not names or any(each != names[0] for each in names):
            raise ParameterError(
                "DriftDisplay: reports must be of the same columns; got none, or others. Check the same features."
            )
        return cls(named).plot(ax, title=title)

    def _names(self) -> list[str]:
        return [column.name for column in next(iter(self.reports.values())).columns]

    def _size(self) -> tuple[float, float]:
        return 8.0, 1.8 + 0.34 * len(self._names())

    def _title(self) -> str:
        return "How far accounts have moved since calibration"

    def _draw(self, ax: Axes) -> None:
        place = np.arange(len(self._names()))
        looks = drawing.looks((HONEST, AUTOMATED, INK, SECOND), ("o", "^", "s", "D"))
        n = len(self.reports)
        shifts = 0.13 * (np.arange(n) - (n - 1) / 2)  # dots of equal columns stand below each other
        each_look = zip(self.reports.items(), looks, shifts, strict=False)  # the looks never end
        for (name, each), (colour, marker), shift in each_look:
            psi = np.maximum([column.psi for column in each.columns], _LEAST_PSI)
            label = f"{name}: {each.status}".strip(" :")
            ax.plot(psi, place + shift, marker, color=colour, markersize=7, linestyle="none", label=label)
        for limit, what in zip(PSI_LIMITS, ("drifting", "moved"), strict=True):
            ax.axvline(limit, color=INK, linestyle="--", linewidth=1.2)
            ax.annotate(
                what, (limit, -0.85), xytext=(4, 0), textcoords="offset points", va="center", color=INK,
                fontsize=8,
            )  # fmt: skip
        ax.set_xscale("log")
        ax.set_xlim(left=_LEAST_PSI * 0.8)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.set_yticks(place, self._names())
        ax.set_ylim(len(place) - 0.5, -1.2)  # room for what the limits mean
        ax.tick_params(axis="y", length=0)
        ax.set(xlabel="population stability index: how far a column has moved (logarithmic)")
