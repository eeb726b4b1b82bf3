"""Displays of what evasion costs, from `evaluate.evasion_cost`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spamclf import drawing
from spamclf.drawing import AUTOMATED, INK, OTHER
from spamclf.errors import ParameterError
from spamclf.evaluate import EvasionCost
from spamclf.evaluate.evasion.knobs import setting
from spamclf.plots.display import Display

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EvasionDisplay"]


@dataclass(eq=False, repr=False)
class EvasionDisplay(Display):
    """How an attacker gets from a naive policy to its best response, knob after knob.

    Grey bars are strangers reached per account-day by the naive policy and the best response, with intervals. A bar
    between them is what one more knob adds: orange where it gains strangers, hatched where it costs some by itself.

    Attributes
    ----------
    cost : EvasionCost
    ax_, figure_ : what `plot` drew on
    """

    cost: EvasionCost

    @classmethod
    def from_cost(
        cls, cost: EvasionCost, *, ax: Axes | None = None, title: str | None = None
    ) -> EvasionDisplay:
        """Draw what a search found.

        Parameters
        ----------
        cost : EvasionCost
            Of a search.
        ax, title
            As of `plot`.

        Returns
        -------
        display : EvasionDisplay

        Raises
        ------
        ParameterError
            If there was no search.

        Examples
        --------
        >>> from spamclf import evaluate, predict, simulate
        >>> world = simulate.world(20, days=3, automated_share=0, random_state=1)
        >>> cost = evaluate.evasion_cost(predict.load_shipped_model(), world, n_accounts=1, n_starts=1)
        >>> EvasionDisplay.from_cost(cost).ax_.get_xlabel()
        'strangers reached per account-day'
        """
        if not cost.steps:
            raise ParameterError(
                "EvasionDisplay: cost must be that of a search; got one of given policies. "
                "Use evasion_cost(model, world)."
            )
        return cls(cost).plot(ax, title=title)

    def _labels(self) -> list[str]:
        best = self.cost.policies[-1].policy
        turned = [
            f"{knob.name} = {setting(best, knob.name)}" for knob in self.cost.knobs if knob.step is not None
        ]
        return ["naive policy", *turned, "best response"]

    def _size(self) -> tuple[float, float]:
        return 7.6, 1.2 + 0.42 * len(self._labels())

    def _title(self) -> str:
        return "What evasion gains, knob after knob"

    def _draw(self, ax: Axes) -> None:
        naive, *steps = self.cost.steps
        best, labels = self.cost.policies[-1], self._labels()
        for place, each in ((0, naive), (len(labels) - 1, best)):
            reached = each.strangers_per_day
            ax.barh(place, reached.value, color=OTHER, edgecolor=INK, linewidth=0.8, height=0.6)
            ax.plot([reached.low, reached.high], [place, place], color=INK, linewidth=1.8)
            ends = max(reached.value, reached.high)
            ax.annotate(
                f"{reached.value:.1f}, {100 * each.flagged.value:.0f} % flagged", (ends, place),
                xytext=(5, 0), textcoords="offset points", va="center", color=INK,
            )  # fmt: skip
        before = naive.strangers_per_day.value
        for place, each in enumerate(steps, start=1):
            value = each.strangers_per_day.value
            gains = value >= before
            ax.barh(
                place, value - before, left=before, height=0.6, color=AUTOMATED if gains else "white",
                edgecolor=INK, linewidth=0.8, hatch="" if gains else "////",
            )  # fmt: skip
            ax.plot([value, value], [place - 0.3, place + 1.3], color=INK, linewidth=0.8, linestyle=":")
            ax.annotate(
                f"{value - before:+.1f}", (max(value, before), place),
                xytext=(5, 0), textcoords="offset points", va="center", color=INK,
            )  # fmt: skip
            before = value
        ax.set_yticks(range(len(labels)), labels)
        ax.set_ylim(len(labels) - 0.5, -0.5)
        ax.set_xlim(0, 1.35 * ax.get_xlim()[1])
        drawing.bare_rows(ax)
        ax.set(xlabel="strangers reached per account-day")
