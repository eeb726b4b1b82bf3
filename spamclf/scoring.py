"""A dataset, a model and an instant, made ready: what scores, reasons and evaluation have in common."""

from __future__ import annotations

import copy
import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.sightings import pseudonyms
from spamclf.dataset import Dataset, check_dataset
from spamclf.ego import EgoLog, Slices, log_of
from spamclf.errors import ModelFileError, ParameterError
from spamclf.features import CATALOGUE
from spamclf.features.extract import last_look, measure, snapshot_slices
from spamclf.model import Model, load_model
from spamclf.model.reasons import Telling
from spamclf.model.score_id import score_ids
from spamclf.segments import segments_of
from spamclf.threads import n_threads

__all__ = [
    "VERDICTS", "Looked", "ScoreTables", "Scoring", "as_model", "check_count", "check_reasons", "load_shipped_model",
]  # fmt: skip

Floats = npt.NDArray[np.float64]

#: At or above the threshold; below it; nothing sent in the look-back, so nothing to judge by.
VERDICTS = ("automated", "not_automated", "insufficient_data")
SHIPPED = "default"
_SENDS = "send_rate_sends"
_REASON = pa.struct(
    [
        ("feature", pa.string()),
        ("value", pa.float64()),
        ("contribution", pa.float64()),
        ("sentence", pa.string()),
    ]
)
_REASONS = pa.list_(_REASON)
_TOLD = tuple(field.name for field in _REASON)
_NAMES = (
    "account_id", "as_of", "score", "verdict", "threshold", "reasons", "n_messages", "model", "score_id",
)  # fmt: skip
_AS_OF = pa.timestamp("us", tz="UTC")


def load_shipped_model() -> Model:
    """Load the model that comes with spamclf.

    It was trained on simulated accounts: good for a first look and for tests, never for a ban.

    Returns
    -------
    model : Model

    Raises
    ------
    ModelFileError
        If it is not there, or damaged.

    Examples
    --------
    >>> load_shipped_model().name
    'default'
    """
    here = Path(__file__).parent
    for folder in (here / "_shipped" / SHIPPED, here.parent / "models" / SHIPPED):
        if folder.is_dir():
            return load_model(folder)
    raise ModelFileError(
        f"load_shipped_model: the model '{SHIPPED}' must lie beside the package; got nothing. Install spamclf again."
    )


@dataclass(frozen=True, eq=False)
class Looked:
    """Accounts at instants, measured and scored.

    Attributes
    ----------
    slices : Slices
    values : mapping of str to ndarray of shape (n,), dtype float64
        The model's features, those that its sentences name beside them, and the number of sends.
    X : ndarray of shape (n, n_features), dtype float64
        The model's features in its order.
    scores, thresholds : ndarray of shape (n,), dtype float64
        The threshold is the one in force for the account (see `Model.thresholds`).
    verdict : ndarray of shape (n,), dtype int8
        Place in `VERDICTS`.
    """

    slices: Slices
    values: Mapping[str, Floats]
    X: Floats
    scores: Floats
    thresholds: Floats
    verdict: npt.NDArray[np.int8]

    def others(self, row: int, names: Sequence[str]) -> dict[str, float]:
        """Return some of the values of one row."""
        return {name: float(self.values[name][row]) for name in names}


class Scoring:
    """A dataset, a model and an instant, made ready: what is the same for all accounts, for scores and reasons alike.

    Parameters
    ----------
    dataset, model, as_of, n_jobs, ego
        As of `score`.
    where : str, default="score"
        How errors name the call.
    """

    def __init__(
        self,
        dataset: Dataset,
        model: Model | str | os.PathLike[str] | None,
        as_of: Any,
        n_jobs: int,
        ego: EgoLog | None,
        *,
        where: str = "score",
    ) -> None:
        check_dataset(dataset, where)
        self.n_jobs = n_threads(n_jobs, where)
        self.model = as_model(model)
        self.telling = Telling(self.model.feature_names)
        instant = last_look(dataset, as_of, self.model.feature_names, where, n_jobs=self.n_jobs)
        self.ego = log_of(dataset, ego, where, n_jobs=self.n_jobs).remembering(self.model.memory)
        self.slices = snapshot_slices(self.ego, [instant], None, self.model.history_days)

    @classmethod
    def of_log(cls, ego: EgoLog, model: Model, slices: Slices, n_jobs: int = 1) -> Scoring:
        """Make ready a log, or a part of one, with the model's memory and slices of the model's history."""
        scoring = cls.__new__(cls)
        scoring.n_jobs, scoring.model, scoring.ego, scoring.slices = n_jobs, model, ego, slices
        scoring.telling = Telling(model.feature_names)
        return scoring

    def over(self, slices: Slices) -> Scoring:
        """Return the same for other slices, of any accounts at any instants."""
        other = copy.copy(self)
        other.slices = slices
        return other

    def look(self, low: int, high: int, *, companions: bool = True) -> Looked:
        """Measure and score the slices ``[low, high)``."""
        slices, names = self.slices[low:high], self.model.feature_names
        told = self.telling.companions if companions else ()
        measured = tuple(dict.fromkeys([*names, _SENDS, *told]))
        rows = self.measured(slices, measured)
        values, X = dict(zip(measured, rows, strict=True)), np.ascontiguousarray(rows[: len(names)].T)
        scores = self.model.scores(X, n_jobs=self.n_jobs)
        thresholds = self.model.thresholds(len(slices), self.segments(slices))
        flagged = scores >= thresholds
        verdict = np.where(values[_SENDS] == 0, 2, np.where(flagged, 0, 1)).astype(np.int8)
        return Looked(slices, values, X, scores, thresholds, verdict)

    def measured(self, slices: Slices, names: Sequence[str]) -> Floats:
        """Return the values of features, shape (n_features, n_slices)."""
        return measure(self.ego, slices, names, n_jobs=self.n_jobs)

    def account_ids(self, slices: Slices) -> pa.Array:
        """Return the id of each slice's account."""
        return self.ego.account_ids.take(pa.array(slices.account))

    def segments(self, slices: Slices) -> dict[str, npt.NDArray[np.bool_]]:
        """Tell which slices are in each certified segment."""
        certificate = self.model.certificate
        return {} if certificate is None else segments_of(self.ego, slices, certificate.certified)

    def ids_of(self, looked: Looked) -> tuple[pa.Array, pa.ChunkedArray]:
        """Return the account ids and the score ids of some slices."""
        account_ids = self.account_ids(looked.slices)
        ids = score_ids(
            self.model.digest, looked.slices.as_of, pseudonyms(account_ids), looked.scores, looked.X,
            looked.thresholds, looked.verdict,
        )  # fmt: skip
        return account_ids, ids


class ScoreTables:
    """One call's scores as tables."""

    def __init__(self, scoring: Scoring, n_reasons: int, reasons_for: str) -> None:
        self.scoring, self.n_reasons, self.reasons_for = scoring, n_reasons, reasons_for

    def parts(self, batch_size: int) -> Iterator[pa.Table]:
        """Score all accounts, `batch_size` at a time; one empty table if there are none."""
        n = len(self.scoring.slices)
        for low in range(0, max(n, 1), batch_size):
            yield self.part(low, min(low + batch_size, n))

    def part(self, low: int, high: int) -> pa.Table:
        """Score the slices ``[low, high)``."""
        scoring, model = self.scoring, self.scoring.model
        looked = scoring.look(low, high, companions=self.n_reasons > 0)
        n = len(looked.slices)
        account_ids, ids = scoring.ids_of(looked)
        return pa.Table.from_arrays(
            [
                account_ids,
                pa.array(looked.slices.as_of, _AS_OF),
                pa.array(looked.scores),
                _verdict_words().take(pa.array(looked.verdict)),
                pa.array(looked.thresholds),
                self._reasons(looked),
                pa.array(looked.values[_SENDS].astype(np.int64)),
                pa.repeat(model.name, n),
                ids,
            ],
            names=_NAMES,
        )

    def _reasons(self, looked: Looked) -> pa.Array:
        """Return the largest contribution of each family for each row that gets reasons; none for the others."""
        n = len(looked.X)
        rows = np.flatnonzero((looked.verdict == 0) | (self.reasons_for == "all"))
        if not self.n_reasons or not rows.size:
            return _no_reasons(n)
        reasons: list[list[dict[str, Any]]] = [[] for _ in range(n)]
        scoring, telling = self.scoring, self.scoring.telling
        contributions, _ = scoring.model.forest.contributions(looked.X[rows], n_jobs=scoring.n_jobs)
        for row, each in zip(rows.tolist(), contributions, strict=True):
            others = looked.others(row, telling.companions)
            chosen = telling.chosen(looked.X[row], each, others, self.n_reasons)
            reasons[row] = [{name: getattr(reason, name) for name in _TOLD} for reason in chosen]
        return pa.array(reasons, _REASONS)


@functools.cache
def _verdict_words() -> pa.Array:
    """Return `VERDICTS`; not at import, for the first array that Arrow makes of words imports pandas."""
    return pa.array(VERDICTS)


@functools.lru_cache(maxsize=8)
def _no_reasons(n: int) -> pa.Array:
    """Return the reasons of rows that get none."""
    return pa.array([[]] * n, _REASONS)


def as_model(model: Model | str | os.PathLike[str] | None) -> Model:
    """Return a model that may be given by its folder, or not at all; refuse one whose features this version lacks."""
    if model is None:
        model = load_shipped_model()
    elif not isinstance(model, Model):
        model = load_model(model)
    unknown = [name for name in model.feature_names if name not in CATALOGUE]
    if unknown:
        raise ModelFileError(
            f"model '{model.name}': its features must be in the catalogue; got {len(unknown)} unknown: "
            f"{', '.join(unknown[:5])}. Train it again with this version, or install the version that made it."
        )
    return model


def check_reasons(where: str, n_reasons: Any, reasons_for: Any) -> None:
    """Refuse what says neither how many reasons there shall be nor for whom."""
    if reasons_for not in ("flagged", "all"):
        raise ParameterError(
            f"{where}: reasons_for must be 'flagged' or 'all'; got {reasons_for!r}. Use 'flagged'."
        )
    check_count(where, "n_reasons", n_reasons, least=0, usual="5")


def check_count(where: str, name: str, value: Any, *, least: int, usual: str) -> None:
    """Refuse what is no whole number from `least` on; the error names a `usual` one."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ParameterError(
            f"{where}: {name} must be a whole number from {least}; got {value!r}. Use {usual}."
        )
