"""Replay: rebuild a past score from dataset, model and instant, and say whether it is the same, bit for bit."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spamclf.campaigns.sightings import pseudonyms
from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.explain.subject import Subject
from spamclf.instants import iso
from spamclf.model import Model
from spamclf.model.score_id import ScoreId
from spamclf.predict import Scoring

__all__ = ["Replayed", "replay"]

_OTHER_MODEL = "it was made by another model: its trees, calibration, features, threshold or memory differ"
_UNKNOWN = "the dataset has no account by this pseudonym"
_OTHER_ROWS = (
    "the account's features differ: rows that are seen at that instant were added, changed or removed since, or this "
    "version of spamclf computes them otherwise"
)
_OTHER_COLUMNS = "the account's features differ too: the other model may look at others, or rows have changed"
_OTHER_SCORE = (
    "the score differs for the same features and model: another version of spamclf or another machine"
)


@dataclass(frozen=True)
class Replayed:
    """A past score and the one rebuilt.

    Attributes
    ----------
    as_of : int
        Microseconds since the epoch.
    score_then : float
    score_now : float or None
        None if the dataset does not have the account.
    same_model, same_features, same_score : bool
        Bit for bit; `same_features` is of the account's own row.
    differences : tuple of str
        Why it is not identical, in words; empty if it is.
    """

    as_of: int
    score_then: float
    score_now: float | None
    same_model: bool
    same_features: bool
    same_score: bool
    differences: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether model, features and score are the same, bit for bit."""
        return self.same_model and self.same_features and self.same_score

    def to_dict(self) -> dict[str, Any]:
        """Return the same as what JSON can hold."""
        return {"identical": self.identical} | asdict(self) | {"as_of": iso(self.as_of)}

    def __str__(self) -> str:
        if self.identical:
            return f"identical: score {self.score_then:.4f} as of {iso(self.as_of)}"
        now = "" if self.score_now is None else f", now {self.score_now:.4f}"
        lines = [f"not identical: score {self.score_then:.4f}{now}, as of {iso(self.as_of)}"]
        return "\n".join([*lines, *(f"- {each}" for each in self.differences)])


def replay(
    score_id: str,
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    *,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> Replayed:
    """Rebuild a past score.

    Parameters
    ----------
    score_id : str
        As of `predict.score`. It tells model, instant, account, score and features by digests, so it is as personal as
        the scores are.
    dataset : Dataset
        Rows at or after the instant of the score do not matter.
    model : Model or path, optional
        By default the model that comes with spamclf.
    n_jobs : int, default=-1
        Threads, in joblib's sense.
    ego : EgoLog, optional
        The dataset's log, if it was built before.

    Returns
    -------
    replayed : Replayed

    Raises
    ------
    ParameterError
        If the score id is none, or not as it was written.
    ModelFileError
        As of `predict.score`.

    Examples
    --------
    >>> from spamclf import explain, predict, read_dataset
    >>> dataset = read_dataset("data/sample")
    >>> scores = predict.score(dataset, n_reasons=0)
    >>> explain.replay(scores["score_id"][0].as_py(), dataset).identical
    True
    """
    then = ScoreId.parse(score_id)
    scoring = Scoring(dataset, model, then.as_of, n_jobs, ego, where="replay")
    same_model = int(scoring.model.digest[:16], 16) == then.model
    codes = np.flatnonzero(pseudonyms(scoring.ego.account_ids) == np.uint64(then.account)).tolist()
    found = [
        (subject, ScoreId.parse(subject.score_id)) for subject in (Subject.at(scoring, k) for k in codes)
    ]
    other = f"{_OTHER_MODEL} ({'none was given, so the shipped one was taken' if model is None else 'give its own'})"
    differences = [] if same_model else [other]
    if not found:
        return Replayed(then.as_of, then.score, None, same_model, False, False, (*differences, _UNKNOWN))
    # Two accounts of a dataset may share a pseudonym, if hardly ever: the one that fits is meant.
    subject, now = max(
        found, key=lambda each: (each[1].features == then.features, each[1].score == then.score)
    )
    same_features, same_score = now.features == then.features, subject.score == then.score
    if not same_features:
        differences.append(_OTHER_ROWS if same_model else _OTHER_COLUMNS)
    elif same_model and not same_score:
        differences.append(_OTHER_SCORE)
    return Replayed(
        then.as_of, then.score, subject.score, same_model, same_features, same_score, tuple(differences)
    )
