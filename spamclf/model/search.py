"""Which parameters to train with: successive halving on folds ordered by time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.model.folds import Split, time_folds
from spamclf.model.inputs import directions_of
from spamclf.threads import n_threads

if TYPE_CHECKING:
    from spamclf.model.classifier import SpamClassifier

__all__ = ["SPACE", "search"]

#: What is tried unless told otherwise: lists of values, drawn from uniformly.
SPACE: dict[str, list[Any]] = {
    "learning_rate": [0.03, 0.06, 0.1, 0.15],
    "max_iter": [100, 200, 400],
    "max_leaf_nodes": [7, 15, 31],
    "min_samples_leaf": [10, 20, 50, 100],
    "l2_regularization": [0.1, 1.0, 10.0],
    "max_features": [0.3, 0.5, 1.0],
}
_FACTOR = 3
_ENOUGH = 20  # rows of the rarer class in the smallest part of the first round, about


def search(
    X: Any,
    y: Any,
    *,
    time: Any,
    groups: Any = None,
    sample_weight: Any = None,
    estimator: SpamClassifier | None = None,
    space: Mapping[str, Any] | str = "default",
    n_candidates: int = 27,
    n_folds: int = 3,
    scoring: str = "average_precision",
    random_state: int = 0,
    n_jobs: int = -1,
) -> tuple[SpamClassifier, list[dict[str, Any]]]:
    """Find good parameters by successive halving on folds ordered by time.

    Candidates are drawn at random and compared on few rows; the best third goes on to three times as many, until all
    rows are used. Each fold trains on earlier rows of earlier groups and validates on later groups (see `time_folds`).

    Parameters
    ----------
    X : array_like or dataframe of shape (n_rows, n_features)
    y : array_like of shape (n_rows,)
    time : array_like of shape (n_rows,)
        Instant of each row: numbers or datetimes.
    groups : array_like of shape (n_rows,), optional
        Account or campaign of each row: its rows stay on one side.
    sample_weight : array_like of shape (n_rows,), optional
        Of the rows, in training and in validation.
    estimator : SpamClassifier, optional
        What the candidates are changes of. By default ``SpamClassifier()``.
    space : "default" or dict, default="default"
        Values of each parameter: a list, or a distribution of scipy.stats. By default `SPACE`.
    n_candidates : int, default=27
    n_folds : int, default=3
    scoring : {"average_precision", "roc_auc", "neg_log_loss"}, default="average_precision"
    random_state : int, default=0
    n_jobs : int, default=-1
        Processes, in joblib's sense.

    Returns
    -------
    best : SpamClassifier
        Not fitted.
    table : list of dict
        Each fit candidate of each round, best of the last round first: ``round``, ``n_rows``, ``score`` (mean over
        folds, by weight), ``score_std``, and its parameters.

    Raises
    ------
    InsufficientDataError
        If a fold lacks a class.
    ParameterError
        If an argument is out of its range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, space = rng.normal(size=(600, 2)), {"max_iter": [5, 30], "max_leaf_nodes": [2, 7]}
    >>> best, table = search(
    ...     X, X[:, 0] + X[:, 1] > 1, time=np.arange(600), space=space, n_candidates=3, n_folds=2, n_jobs=1
    ... )
    >>> best.max_iter, len(table)
    (30, 3)
    """
    from sklearn import config_context

    from spamclf.model.classifier import SpamClassifier

    base = SpamClassifier() if estimator is None else estimator
    tried = _space(space, base)
    _check(scoring, n_candidates)
    folds = _folds(y, time, groups, sample_weight, n_folds)
    told, X = _by_place(base, X)
    with config_context(enable_metadata_routing=True):
        halving = _halving(told, tried, folds, scoring, n_candidates, random_state, n_jobs)
        halving.set_params(min_resources=_first_round(np.asarray(y), folds, n_candidates))
        given = {"sample_weight": sample_weight, "groups": groups, "time": time}
        params = {name: np.asarray(values) for name, values in given.items() if values is not None}
        halving.fit(X, y, **params)
    settings = base.get_params() | {name: _plain(value) for name, value in halving.best_params_.items()}
    return SpamClassifier(**settings), _table(halving.cv_results_)


def _by_place(base: SpamClassifier, X: Any) -> tuple[SpamClassifier, Any]:
    """Replace an Arrow table, of which older scikit-learn cannot take rows, by an array and directions by place."""
    if not isinstance(X, pa.Table):
        return base, X
    from spamclf.model.classifier import SpamClassifier

    directions = directions_of(base.monotonic_cst, X.column_names, X.num_columns)
    array = np.column_stack([column.to_numpy() for column in X.columns])
    return SpamClassifier(**base.get_params() | {"monotonic_cst": directions}), array


def _space(space: Any, base: SpamClassifier) -> dict[str, Any]:
    tried = SPACE if isinstance(space, str) and space == "default" else space
    unknown = (
        [str(name) for name in tried if name not in base.get_params()] if isinstance(tried, Mapping) else None
    )
    if unknown or not tried or unknown is None:
        raise ParameterError(
            'search: space must be "default" or a dict of parameters of SpamClassifier and their values; got '
            f"{', '.join(unknown) if unknown else repr(space)}. See spamclf.model.search.SPACE."
        )
    return dict(tried)


def _check(scoring: Any, n_candidates: int) -> None:
    if scoring not in ("average_precision", "roc_auc", "neg_log_loss"):
        raise ParameterError(
            f'search: scoring must be "average_precision", "roc_auc" or "neg_log_loss"; got {scoring!r}. '
            'Use "average_precision".'
        )
    if n_candidates < 1:
        raise ParameterError(f"search: n_candidates must be at least 1; got {n_candidates}. Use 27.")


def _folds(y: Any, time: Any, groups: Any, sample_weight: Any, n_folds: int) -> list[Split]:
    labels = np.asarray(y)
    if labels.shape != np.shape(time):
        raise ParameterError(
            f"search: time must be one instant per row; got shapes {np.shape(time)} and, of y, {labels.shape}. "
            "Give two lists of one length."
        )
    used = np.ones(labels.shape, bool) if sample_weight is None else np.asarray(sample_weight) > 0
    folds = time_folds(time, groups, n_folds=n_folds)
    for number, sides in enumerate(folds, start=1):
        for side, rows in zip(("train", "validate"), sides, strict=True):
            if np.unique(labels[rows][used[rows]]).size < 2:
                raise InsufficientDataError(
                    f"search: each fold must hold both classes; got one to {side} on in fold {number} of {n_folds}. "
                    "Give more labelled accounts of both kinds, or ask for fewer folds."
                )
    return folds


def _first_round(labels: Any, folds: list[Split], n_candidates: int) -> int:
    """Return on how many rows to start, so that the last round has all and the first one enough of either class."""
    rarest = min(
        int(np.unique(labels[rows], return_counts=True)[1].min()) for sides in folds for rows in sides
    )
    n_rounds, candidates = 1, n_candidates
    while candidates >= _FACTOR and rarest >= _FACTOR * _ENOUGH:
        n_rounds, candidates, rarest = n_rounds + 1, candidates // _FACTOR, rarest // _FACTOR
    return max(1, len(labels) // int(_FACTOR ** (n_rounds - 1)))


def _halving(
    base: SpamClassifier,
    tried: dict[str, Any],
    folds: list[Split],
    scoring: str,
    n_candidates: int,
    random_state: int,
    n_jobs: int,
) -> Any:
    """Set scikit-learn's search up, with weights and groups handed on to fits and figures."""
    from sklearn.base import clone
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.metrics import get_scorer
    from sklearn.model_selection import HalvingRandomSearchCV

    processes = n_threads(n_jobs, "search")
    one = clone(base)
    if processes > 1:
        one.set_params(n_jobs=1)
    one.set_fit_request(sample_weight=True, groups=True, time=True)
    return HalvingRandomSearchCV(
        one,
        tried,
        n_candidates=n_candidates,
        factor=_FACTOR,
        cv=folds,
        scoring=get_scorer(scoring).set_score_request(sample_weight=True),
        refit=False,
        error_score="raise",
        random_state=random_state,
        n_jobs=processes,
    )


def _table(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lay the results out, the last round and the highest score first."""
    order = np.lexsort((-results["mean_test_score"], -np.asarray(results["iter"])))
    return [
        {
            "round": int(results["iter"][at]),
            "n_rows": int(results["n_resources"][at]),
            "score": float(results["mean_test_score"][at]),
            "score_std": float(results["std_test_score"][at]),
        }
        | {name: _plain(value) for name, value in results["params"][at].items()}
        for at in order
    ]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
