"""What an evaluation finds from cut to cut, as tables: the numbers behind the curves of `spamclf.plots`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.errors import ParameterError
from spamclf.evaluate.evaluation import Evaluation
from spamclf.evaluate.figures import checked, counted_by_score
from spamclf.evaluate.probabilities import equal_bins, probabilities
from spamclf.evaluate.shares import exact_share

__all__ = ["calibration_curve", "flagging_curve", "strangers_curve"]


def flagging_curve(y: npt.ArrayLike, scores: npt.ArrayLike) -> pa.Table:
    """Return what flagging at or above each score finds, and whom it hits: the ROC and the precision-recall curve.

    Parameters
    ----------
    y : array_like of shape (n,)
        1 or True for automated.
    scores : array_like of shape (n,)
        No NaN.

    Returns
    -------
    curve : pyarrow.Table
        A row per different score, the highest first: ``threshold``; ``recall``, the share of automated accounts
        flagged; ``honest_flagged``, the share of honest ones; ``precision``, the share of the flagged that are
        automated.

    Raises
    ------
    InsufficientDataError, ParameterError
        As of `roc_auc`.

    Examples
    --------
    >>> curve = flagging_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve["recall"].to_pylist(), curve["honest_flagged"].to_pylist()
    ([0.5, 0.5, 1.0, 1.0], [0.0, 0.5, 0.5, 1.0])
    """
    truth, values = checked("flagging_curve", y, scores)
    found, hit = (np.cumsum(each) for each in counted_by_score(truth, values))
    return pa.table(
        {
            "threshold": np.unique(values)[::-1],
            "recall": found / found[-1],
            "honest_flagged": hit / hit[-1],
            "precision": found / (found + hit),
        }
    )


def calibration_curve(y: npt.ArrayLike, scores: npt.ArrayLike, *, n_bins: int = 10) -> pa.Table:
    """Return, of accounts with about one score, how many are automated: the bins of `calibration_error`.

    Parameters
    ----------
    y : array_like of shape (n,)
        1 or True for automated.
    scores : array_like of shape (n,)
        Probabilities, in [0, 1].
    n_bins : int, default=10
        Bins at most; they hold as many accounts each, save that equal scores stay together.

    Returns
    -------
    curve : pyarrow.Table
        A row per bin, the lowest first: ``mean_score``, ``accounts``; ``value``, ``low``, ``high`` of the share that is
        automated, with the exact 95 % interval of accounts by themselves.

    Raises
    ------
    InsufficientDataError, ParameterError
        As of `calibration_error`.

    Examples
    --------
    >>> calibration_curve([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.8], n_bins=2)["mean_score"].to_pylist()
    [0.25, 0.7]
    """
    truth, values = probabilities("calibration_curve", y, scores)
    chance, place = equal_bins("calibration_curve", values, n_bins)
    positives, negatives = counted_by_score(truth, values)
    accounts = np.bincount(place, positives + negatives).astype(np.int64)
    automated = np.bincount(place, positives).astype(np.int64)
    shares = [exact_share(int(k), int(n)) for k, n in zip(automated, accounts, strict=True)]
    ends = {name: [getattr(share, name) for share in shares] for name in ("value", "low", "high")}
    mean = np.bincount(place, chance * (positives + negatives)) / accounts
    order = np.argsort(mean)
    return pa.table({"mean_score": mean, "accounts": accounts, **ends}).take(pa.array(order))


def strangers_curve(evaluation: Evaluation) -> pa.Table:
    """Return which share of the automated accounts was flagged when it had written to so many strangers at most.

    Of those that wrote to strangers at all, for a watcher (see `evaluate`).

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    curve : pyarrow.Table
        ``strangers``, ascending, and the share ``flagged`` by then; no row if none is ever flagged.

    Raises
    ------
    ParameterError
        If no automated account wrote to strangers.

    Examples
    --------
    >>> from spamclf import evaluate, simulate
    >>> made = simulate.world(100, days=10, random_state=1001)
    >>> evaluate.strangers_curve(evaluate.evaluate(made.dataset, truth=made.truth)).column_names
    ['strangers', 'flagged']
    """
    table = evaluation.accounts.filter(evaluation.accounts["is_automated"])
    wrote, caught = (np.asarray(table[name]).astype(bool) for name in ("wrote", "caught"))
    if not wrote.any():
        raise ParameterError(
            "strangers_curve: evaluation must hold automated accounts that wrote to strangers; got none. "
            "Evaluate on others."
        )
    strangers = np.asarray(table["strangers"])[wrote & caught].astype(np.int64)
    values, counts = np.unique(strangers, return_counts=True)
    return pa.table({"strangers": values, "flagged": np.cumsum(counts) / wrote.sum()})
