"""How plots look, and tables as arrays for them: the ground of `plots`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.errors import ParameterError
from spamclf.instants import DAY_US
from spamclf.tables.frames import to_arrow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]

#: The colours of what is automated and what is honest, of others, of text and of a second line.
AUTOMATED, HONEST, OTHER, INK, SECOND = "#D55E00", "#0072B2", "#B8B8B8", "#333333", "#009E73"
_CYCLE = (INK, SECOND, "#CC79A7", "#56B4E9")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), "-.")
_MARKS = ("o", "s", "^", "D", "v")
EDGE = 1e-5  # scores nearer to 0 or 1 are drawn there
_TICKS = {
    0.0001: "0.01 %",
    0.01: "1 %",
    0.1: "10 %",
    0.5: "50 %",
    0.9: "90 %",
    0.99: "99 %",
    0.9999: "99.99 %",
}
_SLOT_US = 600_000_000  # messages within ten minutes are one dot


def pyplot() -> Any:
    """Return matplotlib's pyplot, which is an extra and loaded late."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:  # pragma: no cover
        raise ParameterError(
            "plots: matplotlib must be installed; got none. pip install 'spamclf[report]'."
        ) from error
    return plt


def new_axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return the axes to draw on, undressed."""
    plt = pyplot()
    if ax is None:
        _, ax = plt.subplots(figsize=size, dpi=110, layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("#999999")
    ax.tick_params(color="#999999", labelcolor=INK)
    ax.grid(visible=True, color="#E6E6E6", linewidth=0.8)
    ax.set_axisbelow(True)
    return ax


def letter_by_letter(ax: Axes) -> None:
    """Draw what stands on the axes as it is spelt: in an id a dollar sign begins no formula."""
    legend = ax.get_legend()
    for text in (*ax.texts, *([] if legend is None else legend.get_texts())):
        text.set_parse_math(False)


def crown(ax: Axes, title: str, columns: int) -> None:
    """Put the title above the axes, and between them, in so many columns, the legend of what has a label."""
    from matplotlib.collections import PathCollection

    handles, labels = ax.get_legend_handles_labels()
    rows = -(-len(handles) // columns) if columns else 0
    if rows:
        place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.2}
        narrow: dict[str, Any] = {"handletextpad": 0.5, "columnspacing": 1.4, "labelspacing": 0.3}
        legend = ax.legend(handles, labels, ncols=columns, frameon=False, borderpad=0.2, **place, **narrow)
        for handle in legend.legend_handles:
            if isinstance(handle, PathCollection):  # dots of many sizes, faint where they lie on each other
                handle.set(sizes=[30.0], alpha=1.0)
    ax.set_title(title, loc="left", color=INK, fontweight="bold", pad=8 + 15 * rows, parse_math=False)


def looks(colours: Sequence[str], marks: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield colours with marks, without end: neighbours differ in both, and no pair comes twice before all have."""
    for k in itertools.count():
        yield colours[k % len(colours)], marks[(k % len(colours) + k // len(colours)) % len(marks)]


def named_label(name: str, told: Any) -> str:
    """Return what a legend says of a curve that may have no name."""
    return f"{name}  {told}".strip()


def curve(ax: Axes, place: int, x: Any, y: Any, label: str, **options: Any) -> None:
    """Draw a line that differs from its neighbours in colour, dashes and marks, which stand here and there on it."""
    n = len(_CYCLE)
    style: dict[str, Any] = {
        "color": _CYCLE[place % n],
        "linestyle": _DASHES[(place + place // n) % len(_DASHES)],
    }
    style |= {"marker": _MARKS[place % len(_MARKS)], "markersize": 5, "markevery": (0.04 * (place % 5), 0.2)}
    ax.plot(x, y, label=label, **{"linewidth": 2} | style | options)


def percent(share: float, _: Any = None) -> str:
    """Return a share in words; as a formatter of ticks, too."""
    return f"{100 * share:.3g} %"


def unit_square(ax: Axes, xlabel: str, ylabel: str) -> None:
    ax.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.015), xlabel=xlabel, ylabel=ylabel)
    ax.set_aspect("equal")
    ax.xaxis.set_major_formatter(percent)
    ax.yaxis.set_major_formatter(percent)


def bare_rows(ax: Axes) -> None:
    """Take ticks and grid from an axis of names."""
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)


def whole_numbers(axis: Any) -> None:
    """Put ticks at whole numbers only: there are no halves of accounts."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))


def score_axis(axis: Any) -> None:
    axis.set_ticks(log_odds(list(_TICKS)), list(_TICKS.values()))


def date_axis(ax: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def scored(scores: Any, where: str) -> pa.Table:
    """Return the needed columns of a score table, without the accounts that there is too little of."""
    needed = ("account_id", "score", "verdict", "threshold")
    _, table = to_arrow(scores, needed, where)
    absent = [name for name in needed if name not in table.column_names]
    if absent:
        raise ParameterError(
            f"{where}: scores must have the columns of predict.score; got none called {', '.join(absent)}. "
            "Hand over its result."
        )
    ids = table["account_id"]
    plain = pa.int64() if pa.types.is_integer(ids.type) else pa.string()
    schema = {"account_id": plain, "score": pa.float64(), "verdict": pa.string(), "threshold": pa.float64()}
    table = table.select(needed).cast(
        pa.schema(schema.items())
    )  # before the filter: it does not know string views
    table = table.filter(pc.not_equal(table["verdict"], "insufficient_data"))
    if not table.num_rows:
        raise ParameterError(
            f"{where}: scores must hold accounts with enough data; got none. Score a longer history."
        )
    return table


def truth(ids: pa.ChunkedArray, labels: Any, where: str) -> npt.NDArray[np.int64]:
    """Return 1, 0 or -1 for accounts labelled automated, not automated, not at all."""
    if labels is None:
        return np.full(len(ids), -1, np.int64)
    _, table = to_arrow(labels, ("account_id", "is_automated"), where)
    place = pc.index_in(ids, table["account_id"].cast(ids.type))
    known = table["is_automated"].cast(pa.int64()).take(place)
    return np.asarray(pc.fill_null(known, -1).to_numpy(), np.int64)


def named(scores: Any) -> dict[str, Floats]:
    named = scores if isinstance(scores, Mapping) else {"": scores}
    return {str(name): np.asarray(values, np.float64) for name, values in named.items()}


def log_odds(scores: Any) -> Floats:
    p = np.clip(np.asarray(scores, np.float64), EDGE, 1 - EDGE)
    return np.asarray(np.log(p) - np.log1p(-p), np.float64)


def times_of(table: pa.Table, who: str, account_id: Any, when: str) -> npt.NDArray[np.int64]:
    """Return the instants of one account's rows, in microseconds."""
    ids = table[who]
    plain = ids.cast(pa.string()) if pa.types.is_dictionary(ids.type) else ids
    rows = table.filter(pc.equal(plain, pa.scalar(account_id).cast(plain.type)))
    return np.asarray(rows[when].cast(pa.int64()).to_numpy(), np.int64)


def slots(times: npt.NDArray[np.int64]) -> tuple[npt.NDArray[Any], Floats, npt.NDArray[np.int64]]:
    """Return day, hour and number of messages of each ten minutes with messages."""
    slot, count = np.unique(times // _SLOT_US, return_counts=True)
    day, within = np.divmod(slot * _SLOT_US, DAY_US)
    return instants(day * DAY_US), (within + _SLOT_US / 2) / (DAY_US / 24), count


def instants(times: Any) -> npt.NDArray[Any]:
    return np.asarray(times, np.int64).astype("datetime64[us]")
