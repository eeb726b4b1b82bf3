"""What a model looks at, in a dataset: how far each family of features moves its scores."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.errors import InsufficientDataError
from spamclf.features.catalogue import family_of
from spamclf.model import Model
from spamclf.scoring import Scoring, check_count

__all__ = ["Importance", "importance"]

Floats = npt.NDArray[np.float64]

_N_DRAWS = 500


@dataclass(frozen=True, eq=False)
class Importance:
    """How far features move the scores of a dataset's accounts.

    Attributes
    ----------
    model : str
    as_of : int
        Microseconds since the epoch.
    n_accounts : int
        Accounts that it is the mean of.
    families : pyarrow.Table
        A row per family, the largest first: ``family``, ``n_features``; ``value``, ``low``, ``high``: the mean over
        accounts of the family's contribution, without its sign, in log odds, with a 95 % bootstrap interval.
    features : pyarrow.Table
        The same of each feature: ``feature``, ``family``, ``value``, ``low``, ``high``.
    """

    model: str
    as_of: int
    n_accounts: int
    families: pa.Table
    features: pa.Table


def importance(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    *,
    as_of: Any = None,
    n_accounts: int = 2000,
    random_state: int = 0,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> Importance:
    """Tell how far each family of features moves the scores of a dataset's accounts, up or down.

    The mean over accounts of what `reasons` says of each: exact Shapley values, summed by family and taken without
    their sign. It tells what the model looks at, not what is true of spam.

    Parameters
    ----------
    dataset : Dataset
    model : Model or path, optional
        By default the model that comes with spamclf.
    as_of : str, datetime or int (microseconds since the epoch), optional
        As of `predict.score`.
    n_accounts : int, default=2000
        Of more accounts with enough data so many are drawn.
    random_state : int, default=0
        Of that draw, and of the intervals.
    n_jobs : int, default=-1
        Threads, in joblib's sense.
    ego : EgoLog, optional
        The dataset's log, if it was built before.

    Returns
    -------
    importance : Importance

    Raises
    ------
    ParameterError
        For an argument out of its range.
    InsufficientDataError
        If no account has sends in the model's history; and as of `predict.score`.
    ModelFileError, SchemaError, DataFileError
        As of `predict.score`.

    Examples
    --------
    >>> from spamclf import explain, read_dataset
    >>> found = explain.importance(read_dataset("data/sample"), n_accounts=50)
    >>> found.families["value"][0].as_py() > found.families["value"][-1].as_py()
    True
    """
    check_count("importance", "n_accounts", n_accounts, least=1, usual="2000")
    scoring = Scoring(dataset, model, as_of, n_jobs, ego, where="importance")
    rng = np.random.default_rng(random_state)
    X = _rows(scoring, n_accounts, rng)
    contributions, _ = scoring.model.forest.contributions(X, n_jobs=scoring.n_jobs)
    names = scoring.model.feature_names
    own = np.array([family_of(name).name for name in names])
    families, place = np.unique(own, return_inverse=True)
    summed = np.stack([contributions[:, place == k].sum(axis=1) for k in range(families.size)], axis=1)
    weights = rng.multinomial(len(X), np.full(len(X), 1 / len(X)), _N_DRAWS) / len(X)
    by_family = {"family": families, "n_features": np.bincount(place)} | _means(np.abs(summed), weights)
    by_feature = {"feature": list(names), "family": own} | _means(np.abs(contributions), weights)
    return Importance(
        scoring.model.name, int(scoring.slices.as_of[0]), len(X), _sorted(by_family), _sorted(by_feature)
    )


def _rows(scoring: Scoring, n_accounts: int, rng: np.random.Generator) -> Floats:
    """Return the features of accounts that sent, so many at most."""
    sends = scoring.measured(scoring.slices, ["send_rate_sends"])[0]
    (able,) = np.nonzero(sends)
    if not able.size:
        raise InsufficientDataError(
            "importance: dataset must hold accounts that sent within the model's history; got none. "
            "Give a longer log, or another as_of."
        )
    chosen = np.sort(rng.choice(able, n_accounts, replace=False)) if able.size > n_accounts else able
    return scoring.over(scoring.slices[chosen]).look(0, chosen.size, companions=False).X


def _means(values: Floats, weights: Floats) -> dict[str, Floats]:
    low, high = np.quantile(weights @ values, [0.025, 0.975], axis=0)
    return {"value": values.mean(axis=0), "low": low, "high": high}


def _sorted(columns: dict[str, Any]) -> pa.Table:
    return pa.table(columns).sort_by([("value", "descending")])
