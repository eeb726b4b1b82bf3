"""What all displays have in common: data as attributes, and a way to draw them on any axes, again and again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from spamclf import drawing

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

__all__ = ["Display"]


@dataclass(eq=False, repr=False)
class Display(ABC):
    """What is drawn, and where it was drawn last; as scikit-learn's displays.

    A class method, ``from_...``, asks `evaluate`, `explain` or `find` for the numbers, keeps them as attributes and
    draws them. `plot` draws the same numbers again.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    """

    ax_: Axes = field(init=False)
    figure_: Figure | SubFigure = field(init=False)
    _columns: ClassVar[int] = 0  # of the legend above the axes; 0 for none

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            By default those of a new figure.
        title : str, optional
            By default what the display says of itself; ``""`` for none.

        Returns
        -------
        display : Display
            Itself.

        Raises
        ------
        ParameterError
            If matplotlib is not installed.

        Examples
        --------
        >>> from spamclf.plots import ReasonsDisplay
        >>> display = ReasonsDisplay([{"sentence": "wrote to 214 strangers", "contribution": 2.1}])
        >>> display.plot(title="Why?").ax_.get_title(loc="left")
        'Why?'
        """
        self.ax_ = drawing.new_axes(ax, self._size())
        self.figure_ = self.ax_.figure
        self._draw(self.ax_)
        drawing.crown(self._top(), self._title() if title is None else title, self._columns)
        for each in {self.ax_, self._top()}:
            drawing.letter_by_letter(each)
        return self

    def _size(self) -> tuple[float, float]:
        """Return width and height of a new figure, in inches."""
        return 8.0, 4.0

    def _top(self) -> Axes:
        """Return the axes that the title stands above."""
        return self.ax_

    @abstractmethod
    def _title(self) -> str:
        """Return what the display says of itself."""

    @abstractmethod
    def _draw(self, ax: Axes) -> None:
        """Draw on axes."""
