"""An account's timeline: what it had done by each look, and how it scored then."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.explain.subject import code_of
from spamclf.instants import DAY_US, iso
from spamclf.model import Model
from spamclf.scoring import VERDICTS, Scoring, check_count

__all__ = ["Timeline", "timeline"]

Instants = npt.NDArray[np.int64]

_EVER_DAYS = 36_500.0  # what an account has done is counted over the whole log
_COUNTS = ("send_rate_sends", "fan_out_strangers", "replies_debt")
_AS_OF = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, eq=False)
class Timeline:
    """What an account did, and how it scored, from look to look.

    Attributes
    ----------
    account_id : str or int
    model : str
    as_of : int
        Microseconds since the epoch; nothing at or after it is seen.
    every_days : int
        Days from one look to the next.
    looks : pyarrow.Table
        A row per look, the earliest first: ``as_of``; ``score``, ``verdict``, ``threshold`` as `predict.score` gives
        them at that instant; and what the account had done by then in the whole log: ``n_messages`` sent,
        ``n_strangers`` written to, ``n_replied``: those of them who wrote back, ``n_reports`` of it, blocks too.
    """

    account_id: Any
    model: str
    as_of: int
    every_days: int
    looks: pa.Table

    def to_dict(self) -> dict[str, Any]:
        """Return the same as what JSON can hold."""
        told = {"account_id": self.account_id, "model": self.model, "as_of": iso(self.as_of)}
        instants = [iso(each) for each in self.looks["as_of"].cast(pa.int64()).to_pylist()]
        rows = [row | {"as_of": when} for row, when in zip(self.looks.to_pylist(), instants, strict=True)]
        return told | {"every_days": self.every_days, "looks": rows}


def timeline(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    account_id: Any = None,
    *,
    as_of: Any = None,
    n_looks: int = 60,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> Timeline:
    """Tell what an account had done, and how it scored, at midnight after each day (UTC) since it began.

    It begins with its first message, sent or received. Each look is scored as `predict.score` would at that instant.

    Parameters
    ----------
    dataset : Dataset
    model : Model or path, optional
        By default the model that comes with spamclf.
    account_id : str or int
    as_of : str, datetime or int (microseconds since the epoch), optional
        The last look. As of `predict.score`.
    n_looks : int, default=60
        Looks at most, at least 2; where there are more days they lie several days apart.
    n_jobs : int, default=-1
        Threads, in joblib's sense.
    ego : EgoLog, optional
        The dataset's log, if it was built before.

    Returns
    -------
    timeline : Timeline
        Of an account without messages before `as_of`: the last look alone.

    Raises
    ------
    ParameterError
        For an account that the dataset does not have, or an argument out of its range.
    ModelFileError, InsufficientDataError, SchemaError, DataFileError
        As of `predict.score`.

    Examples
    --------
    >>> from spamclf import explain, read_dataset
    >>> dataset = read_dataset("data/sample")
    >>> found = explain.timeline(dataset, account_id=dataset.accounts["account_id"][0].as_py())
    >>> found.looks.column_names[:4]
    ['as_of', 'score', 'verdict', 'threshold']
    """
    check_count("timeline", "n_looks", n_looks, least=2, usual="60")
    scoring = Scoring(dataset, model, as_of, n_jobs, ego, where="timeline")
    code = code_of("timeline", scoring.ego.account_ids, account_id)
    until = int(scoring.slices.as_of[0])
    when, every = _midnights(scoring.ego, code, until, n_looks)
    account = np.full(when.size, code)
    looked = scoring.over(scoring.ego.slices(account, when, history_days=scoring.model.history_days)).look(
        0, when.size, companions=False
    )
    ever = scoring.ego.slices(account, when, history_days=_EVER_DAYS)
    sends, strangers, debt = scoring.measured(ever, _COUNTS).astype(np.int64)
    own = scoring.ego.account_ids[code]
    looks = pa.table(
        {
            "as_of": pa.array(when, _AS_OF),
            "score": looked.scores,
            "verdict": pa.array([VERDICTS[each] for each in looked.verdict]),
            "threshold": looked.thresholds,
            "n_messages": sends,
            "n_strangers": strangers,
            "n_replied": strangers - debt,
            "n_reports": np.searchsorted(_reported(dataset, own), when),
        }
    )
    return Timeline(own.as_py(), scoring.model.name, until, every, looks)


def _midnights(ego: EgoLog, code: int, until: int, n_looks: int) -> tuple[Instants, int]:
    """Return the looks, the last of them `until`, and how many days lie from one to the next."""
    ever = ego.slices([code], [until], history_days=_EVER_DAYS)
    begin, end = int(ever.starts[0]), int(ever.ends[0])
    if begin == end:
        return np.array([until], np.int64), 1
    first = int(ego.time[begin]) // DAY_US + 1
    last = -(-until // DAY_US)  # the midnight at or after the last look
    every = max(1, -(-(last - first) // (n_looks - 1)))
    midnights = np.arange(last - every, first - 1, -every, dtype=np.int64)[::-1] * DAY_US
    return np.append(midnights, until), every


def _reported(dataset: Dataset, account_id: pa.Scalar) -> Instants:
    """Return when the account was reported or blocked, ascending."""
    reports = dataset.reports
    ids = reports["account_id"]
    plain = ids.cast(pa.string()) if pa.types.is_dictionary(ids.type) else ids
    mine = reports.filter(pc.equal(plain, account_id.cast(plain.type)))
    return np.sort(mine["reported_at"].cast(pa.int64()).to_numpy())
