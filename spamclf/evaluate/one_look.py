"""How good the scores of one instant are, where labels are known by then: one look, at the price of one scoring."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.evaluate.by_hand import at_most
from spamclf.evaluate.figures import Interval, average_precision, roc_auc
from spamclf.evaluate.judged import remembered
from spamclf.evaluate.probabilities import calibration_error
from spamclf.evaluate.shares import campaign_shares, exact_share
from spamclf.evaluate.truth import Truth
from spamclf.features.catalogue import CATALOGUE
from spamclf.model import Model
from spamclf.model.baselines import rule_scores
from spamclf.scoring import Looked, Scoring

__all__ = ["OneLook", "look_once", "one_look"]

_N_DRAWS, _LEAST_DRAWS = 200, 50
_DRAWN = 4_000_000  # accounts in all draws of an interval: of many it is narrow, and drawing them takes long
_SENDS = "send_rate_sends"


@dataclass(frozen=True, eq=False)
class OneLook:
    """What one look at labelled accounts found; `one_look` takes it.

    Attributes
    ----------
    model, rule : str
        Name of the model, and the feature that it is held against.
    as_of : int
        Microseconds since the epoch: nothing at or after it is seen, labels too.
    fpr : float
        The share of honest accounts that the certificate bounds.
    y : ndarray of shape (n_accounts,), dtype bool
        Whether each labelled account that sent is automated; in order of their ids.
    scores : dict of str to ndarray of shape (n_accounts,), dtype float64
        Those of the ``model``, and the rule by its name: more is more suspicious.
    flagged : ndarray of shape (n_accounts,), dtype bool
        By the model, at the threshold in force for the account.
    n_remembered : int
        How many of these accounts have a label in the model's memory: it learned from them.
    figures : pyarrow.Table
        ``what``, ``of``, and ``value``, ``low``, ``high`` with 95 % intervals, which draw campaigns as a whole where
        labels name them: ``roc_auc``, ``average_precision``; ``recall`` and ``honest_flagged`` at the threshold;
        ``recall_cut_here``, cut where `fpr` of these honest accounts are flagged; ``calibration_error`` of the model.
    """

    model: str
    rule: str
    as_of: int
    fpr: float
    y: npt.NDArray[np.bool_]
    scores: Mapping[str, npt.NDArray[np.float64]]
    flagged: npt.NDArray[np.bool_]
    n_remembered: int
    figures: pa.Table

    def figure(self, what: str, of: str = "model") -> Interval:
        """Return one of `figures`.

        Parameters
        ----------
        what : str
        of : str, default="model"
            ``"model"``, or the rule's name.

        Returns
        -------
        figure : Interval

        Raises
        ------
        ParameterError
            If there is none of this name.

        Examples
        --------
        >>> from spamclf import evaluate, read_dataset
        >>> look = evaluate.one_look(read_dataset("data/sample"))
        >>> look.figure("roc_auc").value > look.figure("roc_auc", look.rule).value
        True
        """
        for row in self.figures.to_pylist():
            if (row["what"], row["of"]) == (what, of):
                return Interval(row["value"], row["low"], row["high"])
        raise ParameterError(
            f"OneLook: what and of must name one of its figures; got {what!r} of {of!r}. See its figures."
        )


def one_look(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    labels: Any = None,
    *,
    as_of: Any = None,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> OneLook:
    """Hold the scores of `predict.score` at one instant against the labels that are known by then.

    It costs as much as to score these accounts once. `evaluate` looks as often as the certificate says, which takes
    many times as long; it flags more accounts of either kind, so its figures and these are not the same.

    Labelled accounts are seldom drawn by chance: where the suspicious ones are reviewed first, all figures are those of
    such accounts, not of the platform. What an account's own label says is no part of its score.

    Parameters
    ----------
    dataset : Dataset
    model, as_of, n_jobs, ego
        As of `predict.score`.
    labels : dataframe, optional
        ``account_id``, ``is_automated`` and, if known, ``campaign``; as the truth of `evaluate`. By default the
        dataset's labels before `as_of`.

    Returns
    -------
    look : OneLook

    Raises
    ------
    InsufficientDataError
        If there are no labelled accounts of both kinds that sent in the model's history.
    ParameterError
        For arguments out of their range.
    ModelFileError
        As of `predict.score`.
    DataFileError, SchemaError
        If the labels are a file that cannot be read, or no dataframe of a known kind; and as of `predict.score`.

    Examples
    --------
    >>> from spamclf import evaluate, read_dataset
    >>> look = evaluate.one_look(read_dataset("data/sample"))
    >>> sorted(look.scores), len(look.y) == len(look.scores["model"])
    (['co_target_cluster_similarity', 'model'], True)
    """
    scoring = Scoring(dataset, model, as_of, n_jobs, ego, where="one_look")
    return look_once(scoring, labels)


def look_once(scoring: Scoring, labels: Any = None, scores: pa.Table | None = None) -> OneLook:
    """Do the same with what is at hand: all accounts made ready, and perhaps scored, a row of `scores` for each."""
    ego, model = scoring.ego, scoring.model
    instant = int(scoring.slices.as_of[0]) if len(scoring.slices) else 0
    who = Truth.of(ego, _known(ego.dataset, instant) if labels is None else labels)
    value, threshold, sends = _scored(scoring, who.account, scores)
    rows = _by_id(ego.account_ids, who.account, sends > 0)
    account, y, value, threshold = who.account[rows], who.is_automated[rows], value[rows], threshold[rows]
    campaign = _numbered(who.campaign[rows])
    if y.all() or not y.any():
        raise InsufficientDataError(
            f"one_look: labels must hold accounts of both kinds that sent; got {int(y.sum()):,} automated and "
            f"{int((~y).sum()):,} honest. Give labels of both, or a later as_of."
        )
    rule, direction = _rule(model)
    (measured,) = scoring.measured(scoring.slices[account], (rule,))
    every = {"model": value, rule: rule_scores(measured, direction)}
    fpr = float(model.info.get("fpr", 1e-3)) if model.certificate is None else model.certificate.fpr
    n_draws = min(_N_DRAWS, max(_LEAST_DRAWS, _DRAWN // y.size))
    flagged, told = value >= threshold, []

    def tell(what: str, of: str, found: Interval | None) -> None:
        if found is not None:
            told.append({"what": what, "of": of, "value": found.value, "low": found.low, "high": found.high})

    cuts = [values[y] >= at_most(values[~y], fpr) for values in every.values()]
    *cut_here, found = campaign_shares([*cuts, flagged[y]], campaign[y])
    for (of, values), share in zip(every.items(), cut_here, strict=True):
        tell("roc_auc", of, roc_auc(y, values, groups=campaign, n_bootstrap=n_draws))
        tell("average_precision", of, average_precision(y, values, groups=campaign, n_bootstrap=n_draws))
        tell("recall_cut_here", of, share)
    tell("recall", "model", found)
    tell("honest_flagged", "model", exact_share(int(flagged[~y].sum()), int((~y).sum())))
    tell("calibration_error", "model", calibration_error(y, value, n_bootstrap=n_draws))
    n_remembered = int(remembered(scoring, account).sum())
    figures = pa.Table.from_pylist(told)
    return OneLook(model.name, rule, instant, fpr, y, every, flagged, n_remembered, figures)


def _by_id(
    ids: pa.Array, account: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Return some rows in order of their ids: what is drawn of them must not depend on the order of a table."""
    rows = np.flatnonzero(kept)
    mine = ids.take(pa.array(account[rows]))
    return rows[np.asarray(pc.sort_indices(mine.cast(getattr(mine.type, "value_type", mine.type))), np.int64)]


def _numbered(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Number codes anew as they come."""
    _, first, place = np.unique(codes, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[place]


def _known(dataset: Dataset, instant: int) -> pa.Table:
    """Return the labels before an instant."""
    labels = dataset.labels
    return labels.filter(pc.less(labels["labelled_at"].cast(pa.int64()), instant))


def _scored(
    scoring: Scoring, codes: npt.NDArray[np.int64], scores: pa.Table | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return scores, thresholds and sends of accounts, from the table if they are there."""
    if scores is not None:
        value, threshold, sends = (
            np.asarray(scores[name].take(pa.array(codes)), np.float64)
            for name in ("score", "threshold", "n_messages")
        )
        return value, threshold, sends
    over = scoring.over(scoring.slices[codes])
    looked: Looked = over.look(0, codes.size, companions=False)
    return looked.scores, looked.thresholds, looked.values[_SENDS]


def _rule(model: Model) -> tuple[str, int]:
    """Return the one feature that told best by itself when the model was trained, and which way it speaks."""
    beside = model.info.get("beside", {}).get("rules") or []
    words = beside[0].split() if beside else []
    name = words[0] if words and words[0] in CATALOGUE else _SENDS
    return name, -1 if words and name == words[0] and words[1] == "<=" else 1
