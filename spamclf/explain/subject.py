"""One account at one instant, measured and scored as `predict.score` does it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.errors import ParameterError
from spamclf.explain.known_labels import KnownLabel, known_labels
from spamclf.model import Model
from spamclf.scoring import VERDICTS, Scoring

__all__ = ["Subject", "code_of"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Subject:
    """What all explanations of one account's score begin with.

    Attributes
    ----------
    scoring : Scoring
    as_of : int
        Microseconds since the epoch.
    x : ndarray of shape (n_features,), dtype float64
    others : dict of str to float
        Values that the sentences name beside their own.
    score, threshold : float
    verdict : str
    score_id : str
    known_label : KnownLabel or None
        The latest before `as_of`; no part of the score.
    """

    scoring: Scoring
    as_of: int
    x: Floats
    others: dict[str, float]
    score: float
    threshold: float
    verdict: str
    score_id: str
    known_label: KnownLabel | None

    @property
    def model(self) -> Model:
        """The model that scores it."""
        return self.scoring.model

    @classmethod
    def of(
        cls,
        where: str,
        dataset: Dataset,
        model: Model | str | os.PathLike[str] | None,
        account_id: Any,
        as_of: Any,
        n_jobs: int,
        ego: EgoLog | None,
    ) -> Subject:
        """Measure and score one account; `where` names the call in errors."""
        scoring = Scoring(dataset, model, as_of, n_jobs, ego, where=where)
        return cls.at(scoring, code_of(where, scoring.ego.account_ids, account_id))

    @classmethod
    def at(cls, scoring: Scoring, code: int) -> Subject:
        """Measure and score the account with this code."""
        looked = scoring.look(code, code + 1)
        _, ids = scoring.ids_of(looked)
        as_of = int(looked.slices.as_of[0])
        return cls(
            scoring,
            as_of,
            looked.X[0],
            looked.others(0, scoring.telling.companions),
            float(looked.scores[0]),
            float(looked.thresholds[0]),
            VERDICTS[int(looked.verdict[0])],
            str(ids[0].as_py()),
            known_labels(scoring.ego, np.array([code]), as_of)[0],
        )


def code_of(where: str, ids: pa.Array, account_id: Any) -> int:
    """Return the place of an id; a text may stand for a number, as on a command line, and a number for a text."""
    wanted = account_id.item() if isinstance(account_id, np.generic) else account_id
    if isinstance(wanted, int) and not isinstance(wanted, bool) and not pa.types.is_integer(ids.type):
        wanted = str(wanted)
    elif isinstance(wanted, str) and pa.types.is_integer(ids.type):
        wanted = int(wanted) if re.fullmatch(r"0|-?[1-9][0-9]{0,18}", wanted) else None
    place = -1
    if isinstance(wanted, str | int) and not isinstance(wanted, bool):
        try:
            place = int(pc.index(ids, value=pa.scalar(wanted, ids.type)).as_py())
        except (pa.ArrowException, TypeError, OverflowError, UnicodeError):
            place = -1  # no id of this dataset can look like that
    if place < 0:
        raise ParameterError(
            f"{where}: account_id must be that of an account of the dataset; got one that is not there. "
            + (
                "One is that differs by zeros or a plus sign before it, which numbers lose: give ids as strings, whole."
                if _is_cut(wanted, ids)
                else "Look it up in the accounts or among the senders."
            )
        )
    return place


def _is_cut(wanted: Any, ids: pa.Array) -> bool:
    """Tell whether an id is there that differs by what a number loses: leading zeros and plus signs."""
    if not isinstance(wanted, str) or not wanted.isascii() or pa.types.is_integer(ids.type):
        return False
    return wanted != "" and bool(pc.any(pc.equal(pc.utf8_ltrim(ids, "+0"), wanted.lstrip("+0"))).as_py())
