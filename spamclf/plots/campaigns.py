"""Displays of campaigns: how they grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import drawing
from spamclf.campaigns import Campaigns
from spamclf.errors import ParameterError
from spamclf.instants import DAY_US
from spamclf.plots.display import Display

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CampaignGrowthDisplay"]


@dataclass(eq=False, repr=False)
class CampaignGrowthDisplay(Display):
    """How many accounts campaigns had by when: those that were seen in them within the history.

    Attributes
    ----------
    joined : dict of str to ndarray of dtype int64
        When each account was first seen, ascending, in microseconds since the epoch; by campaign.
    span : (int, int)
        Begin and end of the history.
    ax_, figure_ : what `plot` drew on
    """

    joined: dict[str, npt.NDArray[np.int64]]
    span: tuple[int, int]

    _columns = 3

    @classmethod
    def from_campaigns(
        cls,
        campaigns: Campaigns,
        which: Sequence[tuple[str, int]] | None = None,
        *,
        top: int = 5,
        ax: Axes | None = None,
        title: str | None = None,
    ) -> CampaignGrowthDisplay:
        """Draw campaigns that were found.

        Parameters
        ----------
        campaigns : Campaigns
            From `find.campaigns`.
        which : sequence of (str, int), optional
            Kind and number of each campaign, as in ``campaigns.table``. By default the largest.
        top : int, default=5
            How many of the largest, at least 1.
        ax, title
            As of `plot`.

        Returns
        -------
        display : CampaignGrowthDisplay

        Raises
        ------
        ParameterError
            If there is no such campaign.

        Examples
        --------
        >>> from spamclf import find, read_dataset
        >>> found = find.campaigns(read_dataset("data/sample"), kinds=["text"])
        >>> list(CampaignGrowthDisplay.from_campaigns(found, top=1).joined)
        ['text 1']
        """
        names = [
            (row["kind"], row["campaign"]) for row in campaigns.table.select(["kind", "campaign"]).to_pylist()
        ]
        chosen = names[:top] if which is None else [(kind, int(number)) for kind, number in which]
        if not chosen or not set(chosen) <= set(names):
            raise ParameterError(
                "CampaignGrowthDisplay: which must name campaigns that were found; got none, or others. "
                "See campaigns.table."
            )
        members = campaigns.members()
        joined = {}
        for kind, number in chosen:
            mine = pc.and_(pc.equal(members["kind"], kind), pc.equal(members["campaign"], number))
            first = members.filter(mine)["first_seen"].cast(pa.int64()).to_numpy()
            joined[f"{kind} {number}"] = np.sort(first)
        span = (campaigns.as_of - round(campaigns.history_days * DAY_US), campaigns.as_of)
        return cls(joined, span).plot(ax, title=title)

    def _title(self) -> str:
        if len(self.joined) > 1:
            return f"How {len(self.joined)} campaigns grow"
        (name, joined), *_ = self.joined.items()
        return f"How campaign {name} grows to {joined.size:,} accounts"

    def _draw(self, ax: Axes) -> None:
        for k, (name, joined) in enumerate(self.joined.items()):
            # Each account is one step up; the last number holds until the history ends.
            when = np.concatenate([joined[:1], joined, [self.span[1]]])
            accounts = np.concatenate([[0], np.arange(1, joined.size + 1), [joined.size]])
            label = f"{name} ({joined.size:,})"
            drawing.curve(ax, k, drawing.instants(when), accounts, label, drawstyle="steps-post")
        first = min(int(joined[0]) for joined in self.joined.values())
        ax.set_xlim(*drawing.instants([max(self.span[0], first - DAY_US), self.span[1]]))
        ax.set_ylim(0, 1.06 * max(joined.size for joined in self.joined.values()))
        drawing.whole_numbers(ax.yaxis)
        drawing.date_axis(ax)
        ax.set(xlabel="time (UTC)", ylabel="accounts seen in it so far")
