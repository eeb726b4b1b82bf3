"""Displays of one account over time: at which hours it writes, and what it did as its score rose."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import drawing, explain
from spamclf.dataset import Dataset
from spamclf.drawing import AUTOMATED, HONEST, INK
from spamclf.errors import ParameterError
from spamclf.explain import Timeline
from spamclf.instants import DAY_US, to_instant
from spamclf.model import Model
from spamclf.plots.display import Display

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["RhythmDisplay", "TimelineDisplay"]

_VERDICTS: dict[str, dict[str, Any]] = {
    "automated": {"marker": "o", "color": AUTOMATED, "markersize": 6},
    "not_automated": {"marker": "s", "color": HONEST, "markersize": 5, "markerfacecolor": "white"},
    "insufficient_data": {"marker": "x", "color": INK, "markersize": 5},
}

Instants = npt.NDArray[np.int64]


@dataclass(eq=False, repr=False)
class RhythmDisplay(Display):
    """When one account sent and received: days to the right, hours of the day upwards.

    People leave an empty band where they sleep; a schedule is a line; a burst is a blot. A dot's area is the number of
    messages within the same ten minutes; of each day, what was sent stands left of what was received. Reports and
    blocks are triangles at the top.

    Attributes
    ----------
    sent, received, reported : ndarray of dtype int64
        Microseconds since the epoch.
    span : (int, int)
        The first and the last message of the dataset, by anybody.
    name : str
        What the title calls the account; ``""`` for no name.
    ax_, figure_ : what `plot` drew on
    """

    sent: Instants
    received: Instants
    reported: Instants
    span: tuple[int, int]
    name: str = ""

    _columns = 3

    @classmethod
    def from_account(
        cls,
        dataset: Dataset,
        account_id: Any,
        *,
        as_of: Any = None,
        name: str | None = None,
        ax: Axes | None = None,
        title: str | None = None,
    ) -> RhythmDisplay:
        """Draw an account's messages.

        Parameters
        ----------
        dataset : Dataset
        account_id : str or int
            An account of the dataset.
        as_of : str, datetime or int (microseconds since the epoch), optional
            Rows at or after this instant are not drawn. By default all are.
        name : str, optional
            What the title calls the account, by default its id; ``""`` for nothing.
        ax, title
            As of `plot`.

        Returns
        -------
        display : RhythmDisplay

        Raises
        ------
        ParameterError
            If the account has no messages.

        Examples
        --------
        >>> from spamclf import Dataset
        >>> messages = {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [1780272000]}
        >>> dataset = Dataset(messages=messages, accounts={"account_id": ["a"]}, time_unit="s")
        >>> RhythmDisplay.from_account(dataset, "a").ax_.get_title(loc="left")
        'a: 1 sent, 0 received'
        """
        messages, until = dataset.messages, None if as_of is None else to_instant(as_of, where=cls.__name__)
        sent = drawing.times_of(messages, "sender_id", account_id, "sent_at")
        received = drawing.times_of(messages, "recipient_id", account_id, "sent_at")
        reported = drawing.times_of(dataset.reports, "account_id", account_id, "reported_at")
        if until is not None:
            sent, received, reported = (each[each < until] for each in (sent, received, reported))
        if not sent.size and not received.size:
            raise ParameterError(
                "RhythmDisplay: account_id must have messages; got one without. "
                "Choose another, with n_messages above 0."
            )
        extremes = pc.min_max(messages["sent_at"].cast(pa.int64()))
        first, last = (extremes[key].as_py() for key in ("min", "max"))
        span = (first, last if until is None else min(last, until - 1))
        name = str(account_id) if name is None else name
        return cls(sent, received, reported, span, name).plot(ax, title=title)

    def _size(self) -> tuple[float, float]:
        return 8.0, 3.6

    def _title(self) -> str:
        counts = f"{self.sent.size:,} sent, {self.received.size:,} received"
        return f"{self.name}: {counts}" if self.name else counts

    def _draw(self, ax: Axes) -> None:
        looks = (
            (self.sent, "sent", {"color": AUTOMATED, "marker": "o", "linewidths": 0}, -1),
            (self.received, "received", {"facecolor": "none", "edgecolor": HONEST, "marker": "s"}, 1),
        )
        largest = max(drawing.slots(times)[2].max(initial=1) for times, *_ in looks)
        scale = min(7.0, 900.0 / float(largest))
        for times, what, look, shift in looks:
            day, hour, count = drawing.slots(times)
            size = np.maximum(scale * count, 6.0)
            beside = day + np.timedelta64(shift * DAY_US // 5, "us")
            ax.scatter(beside, hour, s=size, alpha=0.6, clip_on=False, label=what, **look)
        day, _, _ = drawing.slots(self.reported)
        if day.size:
            _triangles(ax, day, 23.2)
        low, high = drawing.instants(
            [self.span[0] // DAY_US * DAY_US - DAY_US // 2, self.span[1] // DAY_US * DAY_US + DAY_US // 2]
        )
        ax.set(xlim=(low, high), ylim=(0, 24), xlabel="day (UTC)", ylabel="hour of the day (UTC)")
        ax.set_yticks(range(0, 25, 6), [f"{hour:02d}:00" for hour in range(0, 25, 6)])
        drawing.date_axis(ax)


@dataclass(eq=False, repr=False)
class TimelineDisplay(Display):
    """What one account did from look to look, and how it scored: the score, and below it sends, strangers, replies.

    Bars upwards are messages sent since the look before, the dark ones strangers among those written to;
    bars downwards are strangers who wrote back. Triangles are reports and blocks.

    Attributes
    ----------
    timeline : Timeline
    axes_ : (matplotlib.axes.Axes, matplotlib.axes.Axes)
        Those of the score and those of the messages: they stand where `ax_` was.
    ax_, figure_ : what `plot` drew on
    """

    timeline: Timeline
    axes_: tuple[Axes, Axes] = field(init=False)

    _columns = 4

    @classmethod
    def from_account(
        cls,
        dataset: Dataset,
        account_id: Any,
        *,
        model: Model | str | os.PathLike[str] | None = None,
        as_of: Any = None,
        ax: Axes | None = None,
        title: str | None = None,
        **settings: Any,
    ) -> TimelineDisplay:
        """Draw an account's timeline.

        Parameters
        ----------
        dataset : Dataset
        account_id : str or int
        model : Model or path, optional
            By default the model that comes with spamclf.
        as_of : str, datetime or int (microseconds since the epoch), optional
            As of `explain.timeline`.
        ax, title
            As of `plot`. The axes must be of a grid, as those of ``plt.subplots`` are.
        **settings
            As of `explain.timeline`.

        Returns
        -------
        display : TimelineDisplay

        Raises
        ------
        ParameterError, ModelFileError, InsufficientDataError, SchemaError, DataFileError
            As of `explain.timeline`.

        Examples
        --------
        >>> from spamclf import read_dataset
        >>> dataset = read_dataset("data/sample")
        >>> account_id = dataset.messages["sender_id"][0].as_py()
        >>> display = TimelineDisplay.from_account(dataset, account_id)
        >>> [ax.get_ylabel() for ax in display.axes_]
        ['score', 'messages, strangers\\nper day']
        """
        found = explain.timeline(dataset, model, account_id, as_of=as_of, **settings)
        return cls(found).plot(ax, title=title)

    def _size(self) -> tuple[float, float]:
        return 8.0, 5.8

    def _top(self) -> Axes:
        return self.axes_[0]

    def _title(self) -> str:
        last = self.timeline.looks.slice(self.timeline.looks.num_rows - 1).to_pylist()[0]
        verdict = last["verdict"].replace("_", " ")
        return f"{self.timeline.account_id}: {verdict}, {last['n_messages']:,} sent, {last['n_strangers']:,} strangers"

    def _draw(self, ax: Axes) -> None:
        place = ax.get_subplotspec()
        if place is None:
            raise ParameterError(
                "TimelineDisplay: ax must be of a grid; got axes without. Use those of plt.subplots()."
            )
        ax.set_axis_off()
        grid = place.subgridspec(2, 1, height_ratios=(5, 6))
        above = drawing.new_axes(ax.figure.add_subplot(grid[0]), self._size())
        below = drawing.new_axes(ax.figure.add_subplot(grid[1], sharex=above), self._size())
        self.axes_ = above, below
        self._scores(above)
        self._messages(below)
        above.tick_params(labelbottom=False)
        drawing.crown(below, "", 4)

    def _scores(self, ax: Axes) -> None:
        looks = self.timeline.looks
        when = drawing.instants(looks["as_of"].cast(pa.int64()))
        odds = drawing.log_odds(looks["score"])
        ax.plot(when, odds, color=INK, linewidth=1.2)
        verdict = np.asarray(looks["verdict"].to_pylist())
        for name, look in _VERDICTS.items():
            mine = verdict == name
            if mine.any():
                ax.plot(when[mine], odds[mine], linestyle="none", label=name.replace("_", " "), **look)
        threshold = drawing.log_odds(looks["threshold"])
        low, high = min(looks["threshold"].to_pylist()), max(looks["threshold"].to_pylist())
        told = f"threshold {low:.3f}" if low == high else f"threshold, {low:.3f} to {high:.3f}"
        # Named in the legend: beside its line, the name would lie over the score's.
        ax.plot(when, threshold, color=INK, linestyle="--", linewidth=1.2, drawstyle="steps-post", label=told)
        ends = np.concatenate([odds, threshold])
        ax.set_ylim(min(ends.min() - 0.8, -5.5), max(ends.max() + 0.8, 5.5))
        drawing.score_axis(ax.yaxis)
        ax.set_ylabel("score")

    def _messages(self, ax: Axes) -> None:
        looks, every = self.timeline.looks, self.timeline.every_days
        when = looks["as_of"].cast(pa.int64()).to_numpy()
        begin = np.concatenate([when[:1] - every * DAY_US, when[:-1]])
        new = {
            name: np.diff(looks[name].to_numpy(), prepend=0)
            for name in ("n_messages", "n_strangers", "n_replied", "n_reports")
        }
        at, width = drawing.instants(begin), (when - begin).astype("timedelta64[us]")
        bars: dict[str, Any] = {"width": width, "align": "edge", "edgecolor": INK, "linewidth": 0.6}
        ax.bar(at, new["n_messages"], color="white", label="sent", **bars)
        ax.bar(at, new["n_strangers"], color=AUTOMATED, label="to new strangers", **bars)
        ax.bar(at, -new["n_replied"], color=HONEST, hatch="////", label="strangers who wrote back", **bars)
        ax.axhline(0, color=INK, linewidth=0.8)
        top = max(int(new["n_messages"].max()), 1)
        (reported,) = np.nonzero(new["n_reports"])
        if reported.size:
            _triangles(ax, at[reported] + width[reported] // 2, 1.08 * top)
        ax.set_ylim(-max(1.1 * new["n_replied"].max(), 0.12 * top), 1.18 * top)
        ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
        drawing.whole_numbers(ax.yaxis)
        drawing.date_axis(ax)
        ax.set(
            xlabel="time (UTC)", ylabel=f"messages, strangers\nper {'day' if every == 1 else f'{every} days'}"
        )


def _triangles(ax: Axes, when: Any, height: float) -> None:
    """Mark reports and blocks."""
    heights = np.full(len(when), height)
    ax.scatter(
        when, heights, s=34, marker="v", color=INK, linewidths=0, label="reported or blocked", zorder=3
    )
