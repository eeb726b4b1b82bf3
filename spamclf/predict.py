"""Score accounts: the door most people use."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.dataset import Dataset, check_dataset
from spamclf.ego import EgoLog
from spamclf.errors import ModelFileError, ParameterError
from spamclf.features import CATALOGUE
from spamclf.features.catalogue import family_of
from spamclf.features.extract import measure, snapshot_slices
from spamclf.instants import instant_or_last
from spamclf.model import Model, load_model
from spamclf.threads import n_threads

__all__ = ["VERDICTS", "load_shipped_model", "score", "score_batches"]

VERDICTS = ("automated", "not_automated", "insufficient_data")
SHIPPED = "simulated-1"
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


def score(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    *,
    as_of: Any = None,
    n_reasons: int = 3,
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
    n_reasons : int, default=3
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
        contribution to the log odds, sentence), largest first; ``n_messages``, sends in the history; ``model``.

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
    ['account_id', 'as_of', 'score', 'verdict', 'threshold', 'reasons', 'n_messages', 'model']
    """
    ready = _Ready(dataset, model, as_of, n_reasons, reasons_for, n_jobs, ego)
    return dataset.to_native(pa.concat_tables(ready.tables(_BATCH)).combine_chunks())


def score_batches(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    *,
    as_of: Any = None,
    batch_size: int = _BATCH,
    n_reasons: int = 3,
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
    _check_count("score_batches", "batch_size", batch_size, least=1, usual="50_000")
    ready = _Ready(dataset, model, as_of, n_reasons, reasons_for, n_jobs, ego)
    return (dataset.to_native(part) for part in ready.tables(batch_size))


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
    'simulated-1'
    """
    here = Path(__file__).parent
    for folder in (here / "_shipped" / SHIPPED, here.parent / "models" / SHIPPED):
        if folder.is_dir():
            return load_model(folder)
    raise ModelFileError(
        f"load_shipped_model: the model '{SHIPPED}' must lie beside the package; got nothing. Install spamclf again."
    )


class _Ready:
    """Everything that is the same for all batches of one call."""

    def __init__(
        self,
        dataset: Dataset,
        model: Model | str | os.PathLike[str] | None,
        as_of: Any,
        n_reasons: int,
        reasons_for: str,
        n_jobs: int,
        ego: EgoLog | None,
    ) -> None:
        check_dataset(dataset, "score")
        if reasons_for not in ("flagged", "all"):
            raise ParameterError(
                f"score: reasons_for must be 'flagged' or 'all'; got {reasons_for!r}. Use 'flagged'."
            )
        _check_count("score", "n_reasons", n_reasons, least=0, usual="3")
        self.n_jobs = n_threads(n_jobs)
        self.model = _as_model(model)
        self.families = [family_of(name).name for name in self.model.feature_names]
        self.n_reasons, self.reasons_for = n_reasons, reasons_for
        instant = instant_or_last(dataset, as_of)
        ego = EgoLog.build(dataset, n_jobs=self.n_jobs) if ego is None else ego
        self.ego = ego.remembering(self.model.memory)
        self.slices = snapshot_slices(self.ego, [instant], None, self.model.history_days)

    def tables(self, batch_size: int) -> Iterator[pa.Table]:
        """Score all accounts, `batch_size` at a time; one empty table if there are none."""
        for low in range(0, max(len(self.slices), 1), batch_size):
            yield self.table(low, min(low + batch_size, len(self.slices)))

    def table(self, low: int, high: int) -> pa.Table:
        """Score the slices ``[low, high)``."""
        slices = self.slices[low:high]
        names = self.model.feature_names
        told = [each for name in names for each in CATALOGUE[name].companions] if self.n_reasons else []
        measured = list(dict.fromkeys([*names, _SENDS, *told]))
        values = dict(zip(measured, measure(self.ego, slices, measured, n_jobs=self.n_jobs), strict=True))
        X = np.column_stack([values[name] for name in names])
        sends = values[_SENDS]
        scores = self.model.scores(X, n_jobs=self.n_jobs)
        flagged = (scores >= self.model.threshold) & (sends > 0)
        verdict = np.where(sends == 0, 2, np.where(flagged, 0, 1)).astype(np.int8)
        explained = np.flatnonzero(flagged) if self.reasons_for == "flagged" else np.arange(len(slices))
        return pa.table(
            {
                "account_id": self.ego.account_ids.take(pa.array(slices.account)),
                "as_of": pa.array(slices.as_of, pa.timestamp("us", tz="UTC")),
                "score": scores,
                "verdict": pa.array(VERDICTS).take(pa.array(verdict)),
                "threshold": np.full(len(slices), self.model.threshold),
                "reasons": self._reasons(X, values, explained),
                "n_messages": sends.astype(np.int64),
                "model": pa.repeat(self.model.name, len(slices)),
            }
        )

    def _reasons(
        self,
        X: npt.NDArray[np.float64],
        values: Mapping[str, npt.NDArray[np.float64]],
        rows: npt.NDArray[np.intp],
    ) -> pa.Array:
        """Return for each row of `X` the largest contribution of each family; none for rows that are not in `rows`."""
        reasons: list[list[dict[str, Any]]] = [[] for _ in range(len(X))]
        if self.n_reasons and rows.size:
            contributions, _ = self.model.forest.contributions(X[rows], n_jobs=self.n_jobs)
            order = np.argsort(-contributions, axis=1, kind="stable")
            for k, row in enumerate(rows.tolist()):
                for column in self._one_a_family(order[k].tolist(), contributions[k]):
                    others = {
                        name: CATALOGUE[name].in_words(float(values[name][row]))
                        for name in CATALOGUE[self.model.feature_names[column]].companions
                    }
                    reasons[row].append(
                        self._reason(column, float(X[row, column]), float(contributions[k, column]), others)
                    )
        return pa.array(reasons, pa.list_(_REASON))

    def _one_a_family(self, columns: list[int], contributions: npt.NDArray[np.float64]) -> list[int]:
        """Choose columns from the largest contribution down, one of each family: the others tell much the same."""
        chosen: dict[str, int] = {}
        for column in columns:
            if contributions[column] <= 0 or len(chosen) == self.n_reasons:
                break
            chosen.setdefault(self.families[column], column)
        return list(chosen.values())

    def _reason(
        self, column: int, value: float, contribution: float, others: Mapping[str, str]
    ) -> dict[str, Any]:
        name = self.model.feature_names[column]
        return {
            "feature": name,
            "value": None if np.isnan(value) else value,
            "contribution": contribution,
            "sentence": CATALOGUE[name].say(value, others),
        }


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


def _check_count(where: str, name: str, value: Any, *, least: int, usual: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ParameterError(
            f"{where}: {name} must be a whole number from {least}; got {value!r}. Use {usual}."
        )
