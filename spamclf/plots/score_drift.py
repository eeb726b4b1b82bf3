"""A display of how scores have moved: those of several instants or datasets, over each other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import drawing, predict
from spamclf.dataset import Dataset
from spamclf.drawing import INK
from spamclf.errors import ParameterError
from spamclf.instants import iso, to_instant
from spamclf.model import Model
from spamclf.plots.display import Display
from spamclf.scoring import as_model

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ScoreDriftDisplay"]

_N_BINS = 23  # fewer than of one table: the curves cross


@dataclass(eq=False, repr=False)
class ScoreDriftDisplay(Display):
    """Which share of accounts scores how high, at several instants or in several datasets, one over the other.

    Shares, not counts: tables may hold different numbers of accounts. The axis is stretched near 0 and 1 (log odds).

    Attributes
    ----------
    scores : dict of str to pyarrow.Table
        By name: ``account_id``, ``score``, ``verdict``, ``threshold``.
    ax_, figure_ : what `plot` drew on
    """

    scores: dict[str, pa.Table]

    _columns = 2

    @classmethod
    def from_scores(
        cls, scores: Mapping[str, Any], *, ax: Axes | None = None, title: str | None = None
    ) -> ScoreDriftDisplay:
        """Draw score tables over each other.

        Parameters
        ----------
        scores : dict of str to dataframe
            By name, the earliest first: from `predict.score`. Accounts with insufficient data are left out.
        ax, title
            As of `plot`.

        Returns
        -------
        display : ScoreDriftDisplay

        Raises
        ------
        ParameterError
            If there is no table, or one lacks columns, or accounts with enough data.
        SchemaError
            If a table is no dataframe of a known kind.

        Examples
        --------
        >>> scores = {"account_id": ["a", "b"], "score": [0.01, 0.98], "verdict": ["not_automated", "automated"]}
        >>> scores["threshold"] = [0.9, 0.9]
        >>> ScoreDriftDisplay.from_scores({"May": scores, "June": scores}).ax_.get_ylabel()
        'share of accounts'
        """
        if not isinstance(scores, Mapping) or not scores:
            raise ParameterError(
                f"{cls.__name__}: scores must be tables by name; got {type(scores).__name__} of none. "
                'Give {"May": scores, "June": scores}.'
            )
        return cls({str(name): drawing.scored(each, cls.__name__) for name, each in scores.items()}).plot(
            ax, title=title
        )

    @classmethod
    def from_model(
        cls,
        model: Model | str | os.PathLike[str] | None,
        dataset: Dataset,
        *,
        as_of: Iterable[Any],
        n_jobs: int = -1,
        ax: Axes | None = None,
        title: str | None = None,
    ) -> ScoreDriftDisplay:
        """Score a dataset at several instants, and draw that.

        Parameters
        ----------
        model : Model or path
            None for the model that comes with spamclf.
        dataset : Dataset
        as_of : iterable of str, datetime or int (microseconds since the epoch)
            The instants; each names its curve.
        n_jobs : int, default=-1
            Threads, in joblib's sense.
        ax, title
            As of `plot`.

        Returns
        -------
        display : ScoreDriftDisplay

        Raises
        ------
        ParameterError, ModelFileError, InsufficientDataError
            As of `predict.score`, or if at an instant no account has enough data.
        SchemaError, DataFileError
            As of `predict.score`.

        Examples
        --------
        >>> from spamclf import read_dataset
        >>> at = ["2026-05-20", "2026-05-28"]
        >>> list(ScoreDriftDisplay.from_model(None, read_dataset("data/sample"), as_of=at).scores)
        ['2026-05-20', '2026-05-28']
        """
        ready, named = as_model(model), {}
        for each in as_of:
            instant = to_instant(each, where=cls.__name__)
            table = predict.score(dataset, ready, as_of=instant, n_reasons=0, n_jobs=n_jobs)
            named[iso(instant).removesuffix("T00:00:00Z")] = table
        return cls.from_scores(named, ax=ax, title=title)

    def _size(self) -> tuple[float, float]:
        return 8.0, 3.8

    def _title(self) -> str:
        return "How scores are spread"

    def _draw(self, ax: Axes) -> None:
        low, high = drawing.log_odds([drawing.EDGE, 1 - drawing.EDGE])
        edges = np.linspace(low, high, _N_BINS + 1)
        middle = (edges[:-1] + edges[1:]) / 2
        for k, (name, table) in enumerate(self.scores.items()):
            counts = np.histogram(drawing.log_odds(table["score"]), edges)[0]
            flagged = int(pc.sum(pc.equal(table["verdict"], "automated")).as_py() or 0)
            label = f"{name}: {flagged:,} of {table.num_rows:,} flagged"
            drawing.curve(ax, k, middle, counts / table.num_rows, label, drawstyle="steps-mid")
        for each in np.unique(
            np.concatenate([np.asarray(table["threshold"]) for table in self.scores.values()])
        ):
            ax.axvline(drawing.log_odds([each])[0], color=INK, linestyle="--", linewidth=1.2)
        drawing.score_axis(ax.xaxis)
        ax.yaxis.set_major_formatter(drawing.percent)
        ax.set_ylim(bottom=0)
        ax.set(
            xlabel="score: probability of being automated (dashed: thresholds)", ylabel="share of accounts"
        )
