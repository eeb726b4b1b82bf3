"""Score accounts: the door most people use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.dataset import Dataset, check_dataset
from spamclf.ego import EgoLog
from spamclf.live import LiveScorer
from spamclf.model import Model
from spamclf.scoring import VERDICTS, ScoreTables, Scoring, check_count, check_reasons, load_shipped_model

__all__ = ["VERDICTS", "LiveScorer", "load_shipped_model", "score", "score_batches", "segments"]

_BATCH = 50_000  # accounts whose features are in memory at once


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
        which `explain.replay` rebuilds the score. Choose by ``verdict``, never by comparing ``score`` with
        ``threshold``: who sent nothing has a score, too, which may lie above it and says next to nothing.

    Raises
    ------
    ParameterError
        For an argument out of its range.
    ModelFileError
        If the model is a path and cannot be loaded, or needs features that this version does not have.
    InsufficientDataError
        If no instant is given and no row has a time.
    SchemaError, DataFileError
        If signatures of texts come without how they were made, or ``innocent.csv`` cannot be read.

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
    ParameterError, ModelFileError, InsufficientDataError, SchemaError, DataFileError
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
    ParameterError, ModelFileError, InsufficientDataError, SchemaError, DataFileError
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


def _tables(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None,
    as_of: Any,
    n_reasons: int,
    reasons_for: str,
    n_jobs: int,
    ego: EgoLog | None,
) -> ScoreTables:
    check_dataset(dataset, "score")
    check_reasons("score", n_reasons, reasons_for)
    return ScoreTables(Scoring(dataset, model, as_of, n_jobs, ego), n_reasons, reasons_for)
