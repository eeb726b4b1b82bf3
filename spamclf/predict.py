"""Score accounts: the door most people use."""

from __future__ import annotations

import copy
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

__all__ = ["VERDICTS", "load_shipped_model", "score", "score_batches", "segments"]

Floats = npt.NDArray[np.float64]

VERDICTS = ("automated", "not_automated", "insufficient_data")
SHIPPED = "default"
_BATCH = 50_000  # accounts whose features are in memory at once
_SENDS = "send_rate_sends"
_REASON = pa.struct(
    [
        ("feature", pa.string()),
        ("value", pa.float64()),
        ("contribution", pa.float64()),
        ("sentence", pa.string()),
    ]
)
_TOLD = tuple(field.name for field in _REASON)


def score(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    *,
    as_of: Any = None,
    n_reasons: int = 5,
    reasons_for: str = "flagged",
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> Any:
    """Score every account of a dataset at an instant.

    Parameters
    ----------
    dataset : Dataset
    model : Model or path, optional
        By default the model that comes with spamclf, which was trained on simulated accounts.
    as_of : str, datetime or int (microseconds since the epoch), optional
        Rows at or after this instant are unseen. By default just after the last row of messages, reports, photos,
        texts and registrations.
    n_reasons : int, default=5
        How many reasons an account gets at most, one of each family of features; 0 for none.
    reasons_for : {"flagged", "all"}, default="flagged"
        Who gets reasons; they cost far more than scores.
    n_jobs : int, default=-1
        Threads, in joblib's sense. The scores do not depend on it.
    ego : EgoLog, optional
        The dataset's log, if it was built before.

    Returns
    -------
    scores : dataframe of the kind that the dataset came in
        One row per account: ``account_id``; ``as_of``; ``score``, the calibrated probability of being automated;
        ``verdict``, ``automated`` at or above the threshold, else ``not_automated``, or ``insufficient_data`` for an
        account without a send in the model's history; ``threshold``; ``reasons``, a list of (feature, value,
        contribution to the log odds, sentence), largest first, of features that are known (none, where only what is
        not known speaks against an account); ``n_messages``, sends in the history; ``model``; ``score_id``, from
        which `explain.replay` rebuilds the score.

    Raises
    ------
    ParameterError
        For an argument out of its range.
    ModelFileError
        If the model is a path and cannot be loaded, or needs features that this version does not have.
    InsufficientDataError
        If no instant is given and no row has a time.

    Examples
    --------
    >>> from spamclf import predict, read_dataset
    >>> scores = predict.score(read_dataset("data/sample"))
    >>> scores.column_names
    ['account_id', 'as_of', 'score', 'verdict', 'threshold', 'reasons', 'n_messages', 'model', 'score_id']
    """
    tables = _tables(dataset, model, as_of, n_reasons, reasons_for, n_jobs, ego)
    return dataset.to_native(pa.concat_tables(tables.parts(_BATCH)).combine_chunks())


def score_batches(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    *,
    as_of: Any = None,
    batch_size: int = _BATCH,
    n_reasons: int = 5,
    reasons_for: str = "flagged",
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> Iterator[Any]:
    """Score every account, some at a time: the rows of `score`, bit for bit, in bounded memory.

    Parameters
    ----------
    dataset, model, as_of, n_reasons, reasons_for, n_jobs, ego
        As of `score`. Wrong ones are refused by the call itself, before the first part is asked for.
    batch_size : int, default=50_000
        Accounts per dataframe, at least 1.

    Returns
    -------
    parts : iterator of dataframes of the kind that the dataset came in
        At least one, which may have no rows.

    Raises
    ------
    ParameterError, ModelFileError, InsufficientDataError
        As of `score`.

    Examples
    --------
    >>> from spamclf import predict, read_dataset
    >>> parts = predict.score_batches(read_dataset("data/sample"), batch_size=150)
    >>> next(parts).num_rows
    150
    """
    check_count("score_batches", "batch_size", batch_size, least=1, usual="50_000")
    tables = _tables(dataset, model, as_of, n_reasons, reasons_for, n_jobs, ego)
    return (dataset.to_native(part) for part in tables.parts(batch_size))


def segments(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    *,
    as_of: Any = None,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> dict[str, npt.NDArray[np.bool_]]:
    """Tell which accounts are in each segment that the model's certificate has a threshold for.

    Parameters
    ----------
    dataset, model, as_of, n_jobs, ego
        As of `score`.

    Returns
    -------
    segments : dict of str to ndarray of shape (n_accounts,), dtype bool
        For each of ``model.certificate.certified``, in the order of the rows of `score`: what `Certificate.check` asks
        for. Empty without a certificate.

    Raises
    ------
    ParameterError, ModelFileError, InsufficientDataError
        As of `score`.

    Examples
    --------
    >>> from spamclf import predict, read_dataset
    >>> model = predict.load_shipped_model().certify(fpr=0.01)
    >>> found = predict.segments(read_dataset("data/sample"), model)
    >>> found.keys() == set(model.certificate.certified)
    True
    """
    scoring = Scoring(dataset, model, as_of, n_jobs, ego, where="segments")
    return scoring.segments(scoring.slices)


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
        self.model = _as_model(model)
        self.telling = Telling(self.model.feature_names)
        instant = last_look(dataset, as_of, self.model.feature_names, where, n_jobs=self.n_jobs)
        self.ego = log_of(dataset, ego, where, n_jobs=self.n_jobs).remembering(self.model.memory)
        self.slices = snapshot_slices(self.ego, [instant], None, self.model.history_days)

    def over(self, slices: Slices) -> Scoring:
        """Return the same for other slices, of any accounts at any instants."""
        other = copy.copy(self)
        other.slices = slices
        return other

    def look(self, low: int, high: int, *, companions: bool = True) -> Looked:
        """Measure and score the slices ``[low, high)``."""
        slices, names = self.slices[low:high], self.model.feature_names
        told = self.telling.companions if companions else ()
        measured = list(dict.fromkeys([*names, _SENDS, *told]))
        values = dict(zip(measured, measure(self.ego, slices, measured, n_jobs=self.n_jobs), strict=True))
        X = np.column_stack([values[name] for name in names])
        scores = self.model.scores(X, n_jobs=self.n_jobs)
        thresholds = self.model.thresholds(len(slices), self.segments(slices))
        flagged = scores >= thresholds
        verdict = np.where(values[_SENDS] == 0, 2, np.where(flagged, 0, 1)).astype(np.int8)
        return Looked(slices, values, X, scores, thresholds, verdict)

    def segments(self, slices: Slices) -> dict[str, npt.NDArray[np.bool_]]:
        """Tell which slices are in each certified segment."""
        certificate = self.model.certificate
        return {} if certificate is None else segments_of(self.ego, slices, certificate.certified)

    def ids_of(self, looked: Looked) -> tuple[pa.Array, pa.ChunkedArray]:
        """Return the account ids and the score ids of some slices."""
        account_ids = self.ego.account_ids.take(pa.array(looked.slices.account))
        ids = score_ids(
            self.model.digest, looked.slices.as_of, pseudonyms(account_ids), looked.scores, looked.X,
            looked.thresholds, looked.verdict,
        )  # fmt: skip
        return account_ids, ids


class _Tables:
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
        return pa.table(
            {
                "account_id": account_ids,
                "as_of": pa.array(looked.slices.as_of, pa.timestamp("us", tz="UTC")),
                "score": looked.scores,
                "verdict": pa.array(VERDICTS).take(pa.array(looked.verdict)),
                "threshold": looked.thresholds,
                "reasons": self._reasons(looked),
                "n_messages": looked.values[_SENDS].astype(np.int64),
                "model": pa.repeat(model.name, n),
                "score_id": ids,
            }
        )

    def _reasons(self, looked: Looked) -> pa.Array:
        """Return the largest contribution of each family for each row that gets reasons; none for the others."""
        rows = np.flatnonzero((looked.verdict == 0) | (self.reasons_for == "all"))
        reasons: list[list[dict[str, Any]]] = [[] for _ in range(len(looked.X))]
        if self.n_reasons and rows.size:
            scoring, telling = self.scoring, self.scoring.telling
            contributions, _ = scoring.model.forest.contributions(looked.X[rows], n_jobs=scoring.n_jobs)
            for row, each in zip(rows.tolist(), contributions, strict=True):
                others = looked.others(row, telling.companions)
                chosen = telling.chosen(looked.X[row], each, others, self.n_reasons)
                reasons[row] = [{name: getattr(reason, name) for name in _TOLD} for reason in chosen]
        return pa.array(reasons, pa.list_(_REASON))


def _tables(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None,
    as_of: Any,
    n_reasons: int,
    reasons_for: str,
    n_jobs: int,
    ego: EgoLog | None,
) -> _Tables:
    check_dataset(dataset, "score")
    if reasons_for not in ("flagged", "all"):
        raise ParameterError(
            f"score: reasons_for must be 'flagged' or 'all'; got {reasons_for!r}. Use 'flagged'."
        )
    check_count("score", "n_reasons", n_reasons, least=0, usual="5")
    return _Tables(Scoring(dataset, model, as_of, n_jobs, ego), n_reasons, reasons_for)


def _as_model(model: Model | str | os.PathLike[str] | None) -> Model:
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


def check_count(where: str, name: str, value: Any, *, least: int, usual: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ParameterError(
            f"{where}: {name} must be a whole number from {least}; got {value!r}. Use {usual}."
        )
