"""Certify a model on honest accounts: those that a fit kept aside, or those of another dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.dataset import Dataset, check_dataset
from spamclf.ego import EgoLog, Slices
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.features.extract import measure
from spamclf.instants import iso
from spamclf.labelled import stated_looks, worth_a_look
from spamclf.model import Forest, HonestScores, Model, Reference
from spamclf.model.order_statistic import least_accounts, too_few
from spamclf.progress import listener
from spamclf.segments import hide_few, segment_names, segments_of
from spamclf.splits import active_between, latest_labels
from spamclf.threads import n_threads
from spamclf.train.arguments import check_promise, end_of
from spamclf.train.made_from import data_of

__all__ = ["certify", "check_support", "honest_scores"]

Floats = npt.NDArray[np.float64]
#: Accounts at instants, their features and their scores.
Scored = tuple[Slices, Floats, Floats]
_TOP_FEATURES = 10  # that a certificate is checked against


def certify(
    model: Model,
    dataset: Dataset,
    *,
    as_of: Any = None,
    fpr: float = 1e-3,
    confidence: float = 0.95,
    progress: Callable[[str], None] | None = None,
    n_jobs: int = -1,
) -> Model:
    """Return the same model with a threshold and a certificate by the honest accounts of another dataset.

    For a model that comes from elsewhere, or whose certificate has expired: trees and probabilities stay. All honest
    accounts that sent count, a fifth of them do where `fit` has to keep some to learn from. They must have had no part
    in the training: what a model has learnt by heart it does not flag.

    Parameters
    ----------
    model : Model
    dataset : Dataset
        With labels; the latest label of an account counts. It should last as long as the promise is meant for.
    as_of : str, datetime or int (microseconds since the epoch), optional
        Rows and labels at or after it are unseen. By default just after the last row of any table.
    fpr, confidence, progress, n_jobs
        As of `fit`; `confidence` must be given.

    Returns
    -------
    model : Model
        Looked at are the honest accounts as `fit` does, from the first message to the last one before `as_of`.
        ``model.info["certified_on"]`` tells the data.

    Raises
    ------
    InsufficientDataError
        If the honest accounts are too few for the certificate.
    ParameterError
        For an argument out of its range, or the dataset that the model was trained on.

    Examples
    --------
    >>> from spamclf import predict, simulate, train
    >>> month = simulate.world(400, random_state=1001, wrong_labels=0)
    >>> train.certify(predict.load_shipped_model(), month.dataset, fpr=0.05).certificate.fpr
    0.05
    """
    if not isinstance(model, Model):
        got = type(model).__name__
        raise ParameterError(f"certify: model must be a Model; got {got}. Use spamclf.load_model(folder).")
    check_dataset(dataset, "certify")
    check_promise("certify", fpr, confidence)
    say = listener(progress, "certify")
    threads, end = n_threads(n_jobs, "certify"), end_of(dataset, as_of, "certify")
    ego = EgoLog.build(dataset, n_jobs=threads).remembering(model.memory)
    told = data_of(dataset, ego, end)
    if told["fingerprint"] == model.info.get("data", {}).get("fingerprint"):
        raise ParameterError(
            "certify: dataset must be another one than the model was trained on; got the same. "
            "Use Model.certify, which knows the accounts that the training kept aside."
        )
    chosen, at_the_end = _looks(ego, end, model.history_days)
    check_support(np.unique(chosen.account).size, fpr, confidence)

    def scored(slices: Slices) -> Scored:
        X = np.ascontiguousarray(measure(ego, slices, model.feature_names, n_jobs=threads).T)
        return slices, X, model.scores(X, n_jobs=threads)

    say(f"looking at honest accounts at {len(chosen):,} instants ...")
    looked = scored(chosen)
    say("comparing with all accounts ...")
    honest = honest_scores(
        ego, looked, scored(at_the_end), (int(ego.time.min()), int(at_the_end.as_of[0])), model.forest,
        model.feature_names, threads,
    )  # fmt: skip
    info = model.info | {"certified_on": told}
    return replace(model, honest=honest, certificate=None, info=info).certify(fpr, confidence)


def check_support(n_honest: int, fpr: float, confidence: float | None) -> None:
    """Refuse a certificate that so many accounts cannot support, before any work."""
    if confidence is not None and n_honest < least_accounts(fpr, confidence):
        raise too_few(n_honest, fpr, confidence)


def honest_scores(
    ego: EgoLog,
    looked: Scored,
    compared: Scored,
    stretch: tuple[int, int],
    forest: Forest,
    names: Sequence[str],
    n_jobs: int,
) -> HonestScores:
    """Keep the highest scores of honest accounts, and how scores and features are spread.

    Parameters
    ----------
    ego : EgoLog
    looked : tuple of (Slices, ndarray, ndarray)
        The honest accounts, looked at as often as they will be.
    compared : tuple of (Slices, ndarray, ndarray)
        One look at each account that scores to come are compared with.
    stretch : tuple of (int, int)
        Within which the former were looked at.
    forest : Forest
    names : sequence of str
    n_jobs : int
    """
    (slices, _, scores), (others, X, other_scores) = looked, compared
    shares, _ = forest.contributions(X, n_jobs=n_jobs)
    top = np.argsort(-np.abs(shares).mean(axis=0), kind="stable")[:_TOP_FEATURES]
    named = segment_names(ego, slices)
    segments, known = (hide_few(each.account, segments_of(ego, each, named)) for each in (slices, others))
    reference = Reference.of(other_scores, {names[k]: X[:, k] for k in top}, known)
    first = int(ego.time[ego.offsets[slices.account]].min())
    window = iso(max(first, stretch[0])), iso(stretch[1])
    return HonestScores.of(slices.account, scores, segments, window=window, reference=reference)


def _looks(ego: EgoLog, end: int, history_days: float) -> tuple[Slices, Slices]:
    """Return the stated looks at honest accounts that sent, and one look at the end at all that have a verdict."""
    honest = latest_labels(ego, end, "certify") == 0
    honest &= np.isin(np.arange(ego.n_accounts), ego.after_last_send(end)[0])
    if not honest.any():
        raise InsufficientDataError(
            "certify: honest accounts must have sent messages; got none that did. Give messages and labels of some."
        )
    first, last = int(ego.time.min()), int(ego.time[ego.time < end].max()) + 1
    account, instant = stated_looks(ego, last)
    inside = honest[account] & (first < instant) & (instant <= last)
    account, instant = np.unique(np.stack([account[inside], instant[inside]]), axis=1)
    slices = ego.slices(account, instant, history_days=history_days)
    at_the_end = ego.slices(np.arange(ego.n_accounts), last, history_days=history_days)
    seen = active_between(ego, last - at_the_end.history - 1, last - 1)
    return slices[worth_a_look(ego, slices)], at_the_end[seen]
