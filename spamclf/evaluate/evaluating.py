"""What a model is worth: recall where honest people are safe, by family, how soon, and after how many victims."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.dataset import Dataset
from spamclf.errors import InsufficientDataError
from spamclf.evaluate.by_hand import at_most, by_hand
from spamclf.evaluate.evaluation import UNLABELLED, Evaluation
from spamclf.evaluate.figures import Interval, average_precision, roc_auc
from spamclf.evaluate.judged import Judged, judge, together
from spamclf.evaluate.shares import campaign_quantile, campaign_share, exact_share
from spamclf.evaluate.worlds import each_world
from spamclf.model import Certificate, Model
from spamclf.model.promise import NOT_PROMISED, promise_verdict
from spamclf.progress import listener
from spamclf.scoring import Scoring
from spamclf.simulate.world import World

__all__ = ["evaluate", "evaluate_worlds"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Masks = Iterable[tuple[str, tuple[Bools, Bools]]]

_INTERVAL = [(name, pa.float64()) for name in ("value", "low", "high")]


def evaluate(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    truth: Any = None,
    *,
    as_of: Any = None,
    progress: Callable[[str], None] | None = None,
    n_jobs: int = -1,
) -> Evaluation:
    """Find out what a model is worth on accounts that it has not seen.

    Every account is looked at as its certificate says (when it registers, after its 1st, 5th, 20th, 100th and last
    send, at the end), and counts as flagged if one of these looks flags it: a score at or above the threshold, even
    before a first send. The dataset's labels and evidence count as far as they are known at a look (what an account's
    own label says does not, that it has one does); beside it stands what the same model finds where none is known yet.
    One rule and a tree of depth 3 look once, at the end; they are fitted on the other half of these very accounts,
    campaigns apart, and cut where they flag `fpr` of the honest, which flatters them; ``recall_cut_here`` is what the
    model finds if cut so, whatever its threshold. Intervals are of 95 %; those of
    automated accounts draw whole campaigns.

    A certificate speaks of as many looks as its calibration accounts had, in their stretch of time. Where that was
    shorter than this log, honest accounts are looked at more often here (``counts["honest_looks"]`` tells how often),
    and more of them may be flagged than it promises. ``promise`` says whether it kept its word, by the interval: of
    these honest accounts, so of accounts that were chosen by chance, not because somebody suspected them.

    How many strangers an account wrote to before the flag is told for somebody who watches it after each of its first
    20 sends, then less often, beside the looks above. That flags more honest accounts; so it is told, too, for the
    threshold at which so many looks flag at most `fpr` of these honest accounts.

    Accounts that the model learned from flatter it. ``counts["remembered"]`` says how many have a label that is in its
    memory: if any, judge it by later accounts or by another dataset.

    Parameters
    ----------
    dataset : Dataset
    model : Model or path, optional
        By default the model that comes with spamclf.
    truth : dataframe or path of a ``.parquet`` or ``.csv`` file, optional
        ``account_id``, ``is_automated`` and, if known, ``family``, ``campaign`` and ``starts_at``, since when strangers
        count; ``World.truth`` is one. By default the dataset's labels. Of several rows of an account the latest label
        counts, or the last row. Accounts that are not in both, or that never sent, are left out.
    as_of : str, datetime or int (microseconds since the epoch), optional
        Rows at or after this instant are unseen. By default just after the last message, report, photo, text
        or registration.
    progress : callable, optional
        Called with a line of text when each step begins, such as `print`.
    n_jobs : int, default=-1
        Threads, in joblib's sense.

    Returns
    -------
    evaluation : Evaluation

    Raises
    ------
    InsufficientDataError
        If there are no accounts of both kinds that sent.
    ParameterError
        For arguments out of their range.
    DataFileError
        If the truth is a file that cannot be read.
    ModelFileError, SchemaError
        As of `predict.score`.

    Examples
    --------
    >>> from spamclf import evaluate, simulate
    >>> made = simulate.world(300, random_state=1001)
    >>> found = evaluate.evaluate(made.dataset, truth=made.truth)
    >>> found.figure("recall").value > 0.3
    True
    """
    say = listener(progress, "evaluate")
    scoring = Scoring(dataset, model, as_of, n_jobs, None, where="evaluate")
    return _told(scoring.model, judge(scoring, dataset.labels if truth is None else truth, say), say)


def evaluate_worlds(
    worlds: Iterable[World],
    model: Model | str | os.PathLike[str] | None = None,
    *,
    progress: Callable[[str], None] | None = None,
    n_jobs: int = -1,
) -> Evaluation:
    """Find out what a model is worth on simulated worlds, one after the other; their accounts count together.

    Parameters
    ----------
    worlds : iterable of World
        Of seeds that the model was not trained on.
    model, progress, n_jobs
        As of `evaluate`.

    Returns
    -------
    evaluation : Evaluation

    Raises
    ------
    InsufficientDataError
        If there is no world, or one without accounts of both kinds that sent.
    ParameterError
        For arguments out of their range, or what is no world.
    ModelFileError, SchemaError, DataFileError
        As of `predict.score`.

    Examples
    --------
    >>> from spamclf import evaluate, simulate
    >>> found = evaluate.evaluate_worlds(simulate.world(150, days=10, random_state=seed) for seed in (1001, 1002))
    >>> found.counts["automated"] > 30
    True
    """
    say = listener(progress, "evaluate_worlds")
    judged: list[Judged] = []
    for made in each_world(worlds, "evaluate_worlds", "worlds"):
        say(f"world {len(judged) + 1}:")
        scoring = Scoring(made.dataset, model, None, n_jobs, None, where="evaluate")
        model = scoring.model
        judged.append(judge(scoring, made.truth, say))
    if not judged:
        raise InsufficientDataError("evaluate_worlds: worlds must be one at least; got none. Give a seed.")
    return _told(scoring.model, together(judged), say)


def _told(model: Model, judged: Judged, say: Callable[[str], None]) -> Evaluation:
    """Make the tables."""
    say("drawing intervals ...")
    certificate = model.certificate
    fpr = float(model.info.get("fpr", 1e-3)) if certificate is None else certificate.fpr
    most = np.zeros(len(judged))
    np.maximum.at(most, judged.watched_place, judged.watched_score)
    fixed = at_most(most[~judged.is_automated], fpr)
    reached = {
        "the model's": judged.reached(judged.watched_flagged),
        f"flags at most {fpr:g} of these honest accounts": judged.reached(judged.watched_score >= fixed),
    }
    strangers, caught = reached["the model's"]
    y = judged.is_automated
    accounts = pa.table(
        {
            "account_id": judged.account_id,
            "is_automated": y,
            "family": pa.array(judged.family, mask=judged.family == ""),
            "score": judged.score,
            "flagged": judged.flagged,
            "caught": caught,
            "wrote": pa.array(judged.strangers > 0, mask=~y),
            "strangers": pa.array(strangers.astype(np.int64), mask=~y),
        }
    )
    counts = {"automated": int(y.sum()), "honest": int((~y).sum()), "never_sent": judged.n_never_sent}
    counts |= {"honest_looks": int(judged.n_looks[~y].sum()), "remembered": int(judged.remembered.sum())}
    return Evaluation(
        model.name,
        fpr,
        counts,
        _overall(judged, model.feature_names, fpr),
        _by_family(judged),
        _shares("segment", judged, judged.segments.items()),
        _shares("look", judged, judged.looks.items()),
        _strangers(judged, reached),
        accounts,
        _promise(judged, certificate),
    )


def _overall(judged: Judged, names: tuple[str, ...], fpr: float) -> pa.Table:
    """Tell ranking, recall and false flags of the model, and of what a person could check by hand."""
    rows: list[dict[str, Any]] = []
    y, campaign = judged.is_automated, judged.campaign
    each_of = [
        ("model", judged.score, judged.flagged),
        (UNLABELLED, judged.score_unlabelled, judged.flagged_unlabelled),
        *by_hand(judged, names, fpr),
    ]
    for of, scores, hit in each_of:
        cut = scores >= at_most(scores[~y], fpr) if of in ("model", UNLABELLED) else hit
        told: dict[str, tuple[Interval | None, int]] = {
            "roc_auc": (roc_auc(y, scores, groups=campaign), y.size),
            "average_precision": (average_precision(y, scores, groups=campaign), y.size),
            "recall": (campaign_share(hit[y], campaign[y]), int(y.sum())),
            "recall_cut_here": (campaign_share(cut[y], campaign[y]), int(y.sum())),
            "honest_flagged": (exact_share(int(hit[~y].sum()), int((~y).sum())), int((~y).sum())),
        }
        rows += [{"what": what, "of": of, "accounts": n} | _spelt(each) for what, (each, n) in told.items()]
    schema = [("what", pa.string()), ("of", pa.string()), *_INTERVAL, ("accounts", pa.int64())]
    return pa.Table.from_pylist(rows, pa.schema(schema))


def _by_family(judged: Judged) -> pa.Table:
    every = [each for automated in (True, False) for each in judged.families(automated=automated)]
    return _shares("family", judged, ((name, (those, judged.flagged)) for name, those in every), alone=True)


def _shares(first: str, judged: Judged, masks: Masks, *, alone: bool = False) -> pa.Table:
    """Tell which share of those who are in each mask is flagged, automated and honest ones apart."""
    rows: list[dict[str, Any]] = []
    for name, (present, flagged) in masks:
        for automated in (True, False):
            those = present & (judged.is_automated == automated)
            if those.any() or not (alone or first == "segment"):
                share = (
                    campaign_share(flagged[those], judged.campaign[those])
                    if automated
                    else exact_share(int(flagged[those].sum()), int(those.sum()))
                )
                told = {first: name, "is_automated": automated, "accounts": int(those.sum())}
                rows.append(told | _spelt(share))
    schema = [(first, pa.string()), ("is_automated", pa.bool_()), ("accounts", pa.int64()), *_INTERVAL]
    return pa.Table.from_pylist(rows, pa.schema(schema))


def _promise(judged: Judged, certificate: Certificate | None) -> pa.Table:
    """Tell whether the certificate kept its word: of all honest accounts, and in each of its segments."""
    rows: list[dict[str, Any]] = []
    if certificate is not None:
        everybody = (np.ones(len(judged), np.bool_), judged.flagged)
        pooled = {row.name for row in certificate.segments if row.pooled}
        for name, (present, flagged) in {"all accounts": everybody, **judged.promised}.items():
            those = present & ~judged.is_automated
            share = _spelt(exact_share(int(flagged[those].sum()), int(those.sum())))
            said = promise_verdict(share["low"], share["high"], certificate.fpr)
            verdict = NOT_PROMISED if name in pooled else said
            rows.append({"segment": name, "accounts": int(those.sum()), **share, "verdict": verdict})
    schema = [("segment", pa.string()), ("accounts", pa.int64()), *_INTERVAL, ("verdict", pa.string())]
    return pa.Table.from_pylist(rows, pa.schema(schema))


def _strangers(judged: Judged, reached: dict[str, tuple[Floats, Bools]]) -> pa.Table:
    """Tell the strangers reached by automated accounts that wrote to any, all of them and by family."""
    rows: list[dict[str, Any]] = []
    for threshold, (strangers, flagged) in reached.items():
        honest = float(flagged[~judged.is_automated].mean())
        for name, those in judged.families(automated=True):
            wrote = those & (judged.strangers > 0)
            told = {"threshold": threshold, "honest_flagged": honest, "family": name}
            told |= {"accounts": int(wrote.sum()), "never_flagged": int((wrote & ~flagged).sum())}
            rows += [told | each for each in _quantiles(strangers[wrote], judged.campaign[wrote])]
    schema = [("threshold", pa.string()), ("honest_flagged", pa.float64()), ("family", pa.string())]
    schema += [("accounts", pa.int64()), ("never_flagged", pa.int64()), ("quantile", pa.string())]
    return pa.Table.from_pylist(rows, pa.schema(schema + _INTERVAL))


def _quantiles(values: Floats, campaign: npt.NDArray[np.int64]) -> Iterator[dict[str, Any]]:
    for what, q in (("median", 0.5), ("90 %", 0.9)):
        found = campaign_quantile(values, campaign, q)
        if found is not None:
            yield {"quantile": what} | _spelt(found)


def _spelt(found: Interval | None) -> dict[str, float | None]:
    """Spell an interval out; of none, nulls."""
    return {name: getattr(found, name, None) for name in ("value", "low", "high")}
