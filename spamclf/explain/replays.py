"""Replay: rebuild a past score and verdict from dataset, model and instant, and say whether they are the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.explain.subject import Subject
from spamclf.instants import iso
from spamclf.model import Model
from spamclf.model.score_id import ScoreId
from spamclf.scoring import VERDICTS, Scoring

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
_OTHER_SEGMENT = (
    "the threshold in force differs: what is known of the account's registration, country or business puts it into "
    "other segments of the certificate"
)
_OTHER_SENDS = "the account has sends in the look-back now and had none, or the other way round"


@dataclass(frozen=True)
class Replayed:
    """A past score and the one rebuilt.

    Attributes
    ----------
    as_of : int
        Microseconds since the epoch.
    score_then, threshold_then : float
        The threshold is the one that was in force for the account.
    verdict_then : str
    score_now, threshold_now : float or None
        None if the dataset does not have the account.
    verdict_now : str or None
    same_model, same_features, same_score, same_threshold : bool
        Bit for bit; `same_features` is of the account's own row.
    same_verdict : bool
    differences : tuple of str
        Why it is not identical, in words; empty if it is.
    """

    as_of: int
    score_then: float
    threshold_then: float
    verdict_then: str
    score_now: float | None
    threshold_now: float | None
    verdict_now: str | None
    same_model: bool
    same_features: bool
    same_score: bool
    same_threshold: bool
    same_verdict: bool
    differences: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether model, features, score, threshold and verdict are the same, bit for bit."""
        same = (self.same_model, self.same_features, self.same_score, self.same_threshold, self.same_verdict)
        return all(same)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as what JSON can hold."""
        return {"identical": self.identical} | asdict(self) | {"as_of": iso(self.as_of)}

    def __str__(self) -> str:
        then = _told(self.verdict_then, self.score_then, self.threshold_then)
        if self.identical:
            return f"identical: {then}, as of {iso(self.as_of)}"
        lines = [f"not identical: {then}, as of {iso(self.as_of)}"]
        if self.verdict_now is not None and self.score_now is not None and self.threshold_now is not None:
            lines.append(f"now: {_told(self.verdict_now, self.score_now, self.threshold_now)}")
        return "\n".join([*lines, *(f"- {each}" for each in self.differences)])


def _told(verdict: str, score: float, threshold: float) -> str:
    return f"score {score:.4f}, threshold {threshold:.4f}, {verdict}"


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
        As of `predict.score`. It tells instant, score, threshold and verdict as they are, and model, account and
        features by digests, so it is as personal as the scores are.
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
    InsufficientDataError, SchemaError, DataFileError
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
    codes = np.flatnonzero(scoring.ego.pseudonyms() == np.uint64(then.account)).tolist()
    found = [ScoreId.parse(Subject.at(scoring, k).score_id) for k in codes]
    # Two accounts of a dataset may share a pseudonym, if hardly ever: the one that fits is meant.
    now = max(
        found, key=lambda each: (each.features == then.features, each.score == then.score), default=None
    )
    return Replayed(
        as_of=then.as_of,
        score_then=then.score,
        threshold_then=then.threshold,
        verdict_then=VERDICTS[then.verdict],
        score_now=None if now is None else now.score,
        threshold_now=None if now is None else now.threshold,
        verdict_now=None if now is None else VERDICTS[now.verdict],
        same_model=int(scoring.model.digest[:16], 16) == then.model,
        same_features=now is not None and now.features == then.features,
        same_score=now is not None and now.score == then.score,
        same_threshold=now is not None and now.threshold == then.threshold,
        same_verdict=now is not None and now.verdict == then.verdict,
        differences=tuple(
            _differences(then, now, int(scoring.model.digest[:16], 16), given=model is not None)
        ),
    )


def _differences(then: ScoreId, now: ScoreId | None, model: int, *, given: bool) -> Iterator[str]:
    """Say why a score is another, the cause before what follows from it."""
    same_model = model == then.model
    if not same_model:
        yield f"{_OTHER_MODEL} ({'give its own' if given else 'none was given, so the shipped one was taken'})"
    if now is None:
        yield _UNKNOWN
        return
    if now.features != then.features:
        yield _OTHER_ROWS if same_model else _OTHER_COLUMNS
    elif same_model and now.score != then.score:
        yield _OTHER_SCORE
    if same_model and now.threshold != then.threshold:
        yield _OTHER_SEGMENT
    silent = VERDICTS.index("insufficient_data")
    if (now.verdict == silent) != (then.verdict == silent):
        yield _OTHER_SENDS
