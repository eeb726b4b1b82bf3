"""An account's timeline: what it had done by each look, and how it scored then."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog, Slices
from spamclf.explain.subject import code_of
from spamclf.explain.tallies import OUT, happenings
from spamclf.instants import DAY_US, iso
from spamclf.model import Model
from spamclf.scoring import VERDICTS, Scoring, check_count

__all__ = ["Timeline", "looks_at", "timeline"]

Instants = npt.NDArray[np.int64]

_EVER_DAYS = 36_500.0  # what an account has done is counted over the whole log
#: The columns of counts, and what they count.
_COUNTS = {"n_messages": "sends", "n_strangers": "strangers", "n_replied": "answers", "n_reports": "reports"}
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
    slices, _, every = looks_at(scoring, np.array([code]), n_looks)
    looked = scoring.over(slices).look(0, len(slices), companions=False)
    when = slices.as_of
    found = happenings(scoring.ego, scoring.ego.slices([code], [until], history_days=_EVER_DAYS))
    own = scoring.ego.account_ids[code]
    looks = pa.table(
        {
            "as_of": pa.array(when, _AS_OF),
            "score": looked.scores,
            "verdict": pa.array([VERDICTS[each] for each in looked.verdict]),
            "threshold": looked.thresholds,
            **{name: np.searchsorted(np.sort(found[what][1]), when) for name, what in _COUNTS.items()},
        }
    )
    return Timeline(own.as_py(), scoring.model.name, until, int(every[0]), looks)


def messages_of(ego: EgoLog, code: int, until: int) -> tuple[Instants, Instants]:
    """Return when an account sent, and when it received, before an instant; microseconds since the epoch, ascending."""
    ever = ego.slices([code], [until], history_days=_EVER_DAYS)
    log = slice(int(ever.starts[0]), int(ever.ends[0]))
    sent = (ego.flag[log] & OUT) != 0
    return ego.time[log][sent], ego.time[log][~sent]


def looks_at(scoring: Scoring, codes: Instants, n_looks: int) -> tuple[Slices, Instants, Instants]:
    """Return when to look at accounts: at midnight after each day since they began, and at the last instant.

    Parameters
    ----------
    scoring : Scoring
    codes : ndarray of shape (n_accounts,), dtype int64
        Of accounts in the log.
    n_looks : int
        Looks at most, at least 2; where there are more days they lie several days apart.

    Returns
    -------
    slices : Slices
        Account after account, each from its earliest look to the last.
    offsets : ndarray of shape (n_accounts + 1,), dtype int64
        Of each account in it.
    every : ndarray of shape (n_accounts,), dtype int64
        Days from one look to the next.

    Examples
    --------
    >>> from spamclf import read_dataset
    >>> scoring = Scoring(read_dataset("data/sample"), None, None, 1, None)
    >>> slices, offsets, _ = looks_at(scoring, np.array([0, 1]), 4)
    >>> len(slices) == offsets[-1]
    np.True_
    """
    ego, until = scoring.ego, scoring.slices.as_of[codes]
    ever = ego.slices(codes, until, history_days=_EVER_DAYS)
    empty = ever.starts == ever.ends
    first = ego.time[np.where(empty, 0, ever.starts)] // DAY_US + 1 if ego.time.size else until
    last = -(-until // DAY_US)  # the midnight at or after the last look
    every = np.where(empty, 1, np.maximum(1, -(-(last - first) // (n_looks - 1))))
    before = np.where(empty, 0, np.maximum(0, (last - first) // every))  # looks before the last
    offsets = np.append(0, np.cumsum(before + 1))
    back = np.repeat(offsets[1:] - 1, before + 1) - np.arange(offsets[-1])
    who, when = (np.repeat(each, before + 1) for each in (np.arange(codes.size), last))
    when = np.where(back == 0, until[who], (when - back * every[who]) * DAY_US)
    return ego.slices(codes[who], when, history_days=scoring.model.history_days), offsets, every
