"""Train a model on the labelled accounts of a dataset."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.index import CampaignIndex
from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.errors import InsufficientDataError
from spamclf.instants import iso
from spamclf.labelled import CALIBRATION, EARLIER, TRAIN, LabelledRows, labelled_rows
from spamclf.model import HonestScores, Model, calibrate
from spamclf.model.card_labels import thin_parts
from spamclf.progress import listener
from spamclf.remember import remember
from spamclf.splits import active_between, latest_labels
from spamclf.threads import n_threads
from spamclf.train.arguments import check_arguments, end_of
from spamclf.train.certifying import check_support, honest_scores
from spamclf.train.made_from import made_from, name_of
from spamclf.train.measured import measured
from spamclf.wording import counted

if TYPE_CHECKING:
    from spamclf.model.classifier import SpamClassifier

__all__ = ["fit"]

Floats = npt.NDArray[np.float64]


def fit(
    dataset: Dataset,
    *,
    as_of: Any = None,
    features: Sequence[str] | None = None,
    tiers: Sequence[str] | None = None,
    history_days: float = 30.0,
    fpr: float = 1e-3,
    confidence: float | None = 0.95,
    whole_campaigns: bool = True,
    unlabelled: float = 0.0,
    search: int = 0,
    memory: bool | CampaignIndex = True,
    random_state: int = 0,
    name: str | None = None,
    progress: Callable[[str], None] | None = None,
    n_jobs: int = -1,
    **boosting: Any,
) -> Model:
    """Train a model on the labelled accounts of a dataset.

    Each labelled account is looked at when it registers, after its 1st, 5th, 20th, 100th and last send, and at the
    end; its rows weigh 1 together. Time is cut in three (`spamclf.splits`): the first stretch trains a
    `spamclf.SpamClassifier` (scikit-learn's boosted trees, monotone in the catalogue's directions), other accounts
    in the second one calibrate its probabilities, others again in the third are only measured on; campaigns are on
    one side (`split` tells who is where). The threshold is set by the honest accounts of the second stretch, but by
    all looks at them up to its end, as long as they live: who is looked at again and again is flagged by the
    highest score. Features that no training row knows are left out. The same arguments give the same model, byte
    for byte.

    Parameters
    ----------
    dataset : Dataset
        With a ``labels`` table; the latest label of an account counts.
    as_of : str, datetime or int (microseconds since the epoch), optional
        Rows and labels at or after it are unseen. By default just after the last row of any table. The last look at
        accounts is just after the last message before it.
    features : sequence of str, optional
        Names of features or families. By default all of `tiers`.
    tiers : sequence of {"0", "1", "2", "3", "F"}, optional
        What the model may look at; by default all but F: 0 registration, 1 who wrote to whom and when, 2 profile
        photos, 3 public texts, F what recipients report and evidence of operators. Features of other tiers are
        refused. Reports must be asked for, since labels are often made from them and a model that reads its own label
        is worth nothing.
    history_days : float, default=30
        Look-back of the features in days.
    fpr : float, default=0.001
        Share of honest accounts that may be flagged over a time as long as the calibration's.
    confidence : float or None, default=0.95
        Probability, over calibration accounts drawn like these, that no more are: the certificate. It takes 2,995
        honest calibration accounts, about a fifth of all, for 0.1 %, and 299 for 1 %. None chooses the threshold that
        `fpr` of them reach, an estimate that is broken about every other time.
    whole_campaigns : bool, default=True
        Whether the automated accounts of a campaign, known or found, are kept in one part.
    unlabelled : float, default=0
        Weight of training accounts without a label, taken for honest ones; 0 leaves them out. Say by
        ``label_noise={True: share}`` which share of the automated accounts is thought to be among them.
        Accounts with the label honest that are automated are another matter: those in the calibration part push the
        threshold up, whatever `label_noise` does for the trees.
    search : int, default=0
        Settings to try by successive halving on folds ordered by time (`spamclf.model.search`); 0 takes the usual ones.
        What `boosting` says is not varied.
    memory : bool or CampaignIndex, default=True
        Whether the model remembers which accounts showed which photos and texts, and which of them wrote to which
        lists, in the look-back before the last message (and before `as_of`), as fingerprints and pseudonyms, so that a
        known campaign is seen at its next account. Only kinds that its features look at. With an index of earlier data
        the accounts are looked at, too, so that threshold and certificate hold with it; the model remembers both. A
        memory is of its own platform: what many share there innocently would speak against the few who share it
        elsewhere, so hand a model on without it (``dataclasses.replace(model, memory=None)``).
    random_state : int, default=0
        Seed, at least 0.
    name : str, optional
        The model's name; by default the day of `as_of` and a hash of data and settings.
    progress : callable, optional
        Called with a line of text when each step begins, such as `print`; while the trees of the model grow (not of
        settings that are tried), every few seconds with their rate and the time left.
    n_jobs : int, default=-1
        Threads, in joblib's sense.
    **boosting
        Further parameters of `spamclf.SpamClassifier`, such as ``max_iter``, ``label_noise`` or ``early_stopping``.

    Returns
    -------
    model : Model
        ``model.info`` holds counts, metrics on the latest accounts and what the model was made from; `summary` prints
        it. ``model.certify`` gives the same model another threshold.

    Warns
    -----
    UserWarning
        If the calibration or test part holds hardly a campaign, though most automated accounts are in some.

    Raises
    ------
    InsufficientDataError
        If there are no labels, one of the three parts lacks a class, nothing tells the classes apart, or the
        calibration accounts are too few for the certificate.
    ParameterError
        For an argument out of its range.
    SchemaError, DataFileError
        If signatures of texts come without how they were made, or ``innocent.csv`` cannot be read.

    Examples
    --------
    >>> from spamclf import read_dataset, train
    >>> model = train.fit(read_dataset("data/sample"), fpr=0.1, max_iter=20)
    >>> model.forest.n_trees
    20
    """
    names = check_arguments(
        dataset, features, tiers, history_days, fpr, confidence, whole_campaigns, unlabelled, search, memory,
        random_state, boosting, progress,
    )  # fmt: skip
    threads = n_threads(n_jobs)
    end = end_of(dataset, as_of)
    say = listener(progress, "fit")
    say("looking at accounts as they were ...")
    given = memory if isinstance(memory, CampaignIndex) else None
    ego = EgoLog.build(dataset, n_jobs=threads).remembering(given)  # as every score will
    rows = labelled_rows(
        ego, end, names, history_days=history_days, whole_campaigns=whole_campaigns, unlabelled=unlabelled,
        check=lambda rows: check_support(rows.n_accounts(CALIBRATION, automated=False), fpr, confidence),
        n_jobs=threads,
    )  # fmt: skip
    rows, names, unknown = _known_features(rows, names)
    classifier, tried = _boosted(rows, names, search, random_state, threads, boosting, say)
    say("calibrating and measuring ...")
    forest = classifier.forest_
    raw = forest.raw_scores(rows.X, n_jobs=threads)
    middle = (rows.part == CALIBRATION) & rows.labelled
    calibration = calibrate(raw[middle], rows.y[middle], rows.weight[middle])
    scores = calibration(raw)
    # Of honest calibration accounts all looks count, those before the calibration's stretch too; scores to come are
    # compared with looks of that stretch alone.
    spare = np.isin(rows.part, (CALIBRATION, EARLIER)) & ~rows.y & rows.labelled
    last = _as_they_come(ego, rows, end)
    looked, compared = ((rows.slices[those], rows.X[those], scores[those]) for those in (spare, last))
    honest = honest_scores(ego, looked, compared, (rows.bounds[0], rows.bounds[2]), forest, names, threads)
    certificate = None if confidence is None else honest.certify(fpr, confidence)
    threshold = _estimated(honest, fpr) if certificate is None else certificate.threshold
    settings = {
        "random_state": random_state,
        "boosting": json.loads(json.dumps(boosting, sort_keys=True, default=repr)),
        "searched": tried,
        "calibration": calibration.to_dict()["kind"],
        "fpr": fpr,
        "confidence": confidence,
        "unlabelled": unlabelled,
        "whole_campaigns": whole_campaigns,
        "features_left_out": unknown,
    }
    info = made_from(dataset, ego, rows, end, names) | settings
    if doubt := thin_parts(info):
        warnings.warn(f"fit: {doubt}", stacklevel=2)
    model = Model(
        name or f"{iso(end)[:10]}-{name_of(info, names, history_days)}", forest, calibration, names, history_days,
        threshold, info, _memory(ego, end, names, history_days, memory, threads), honest, certificate,
    )  # fmt: skip
    return replace(model, info=info | measured(model, ego, rows, scores))


def _known_features(
    rows: LabelledRows, names: tuple[str, ...]
) -> tuple[LabelledRows, tuple[str, ...], list[str]]:
    """Leave out features that are null in every training row: trees cannot use them, nor can scikit-learn bin them."""
    known = ~np.isnan(rows.X[rows.part == TRAIN]).all(axis=0)
    if not known.any():
        raise InsufficientDataError(
            "fit: features must be known of some accounts to train on; got none. "
            "Ask for others, or give the columns that they need."
        )
    kept = tuple(name for name, is_known in zip(names, known, strict=True) if is_known)
    if len(kept) == len(names):
        return rows, names, []
    X = np.ascontiguousarray(rows.X[:, known])
    return replace(rows, X=X), kept, [name for name in names if name not in kept]


def _boosted(
    rows: LabelledRows,
    names: tuple[str, ...],
    n_candidates: int,
    random_state: int,
    threads: int,
    boosting: dict[str, Any],
    say: Callable[[str], None],
) -> tuple[SpamClassifier, list[dict[str, Any]]]:
    """Fit the forest on the training part; return what was tried before, too."""
    from spamclf.model.classifier import SpamClassifier
    from spamclf.model.search import SPACE, search

    classifier = SpamClassifier(**{"random_state": random_state, "n_jobs": threads} | boosting)
    tried: list[dict[str, Any]] = []
    train = rows.part == TRAIN
    X = pa.table(dict(zip(names, rows.X[train].T, strict=True)))
    told = {"groups": rows.group[train], "time": rows.slices.as_of[train]}
    if n_candidates:
        say(f"trying {counted(n_candidates, 'setting')} ...")
        classifier, tried = search(
            X, rows.y[train], sample_weight=rows.weight[train], estimator=classifier, n_candidates=n_candidates,
            n_folds=2, space={name: values for name, values in SPACE.items() if name not in boosting},
            random_state=random_state, n_jobs=threads, **told,
        )  # fmt: skip
    say(f"boosting on {int(train.sum()):,} rows of {len(names)} features ...")
    return classifier.fit(X, rows.y[train], rows.weight[train], **told, progress=say), tried


def _as_they_come(ego: EgoLog, rows: LabelledRows, end: int) -> npt.NDArray[np.bool_]:
    """Choose the last rows of calibration accounts, in the mix that scoring all accounts at that instant would find."""
    low, high = rows.bounds[1:3]
    seen = active_between(ego, min(low, high - rows.slices.history), high)  # earlier senders have no verdict
    label = latest_labels(ego, end)
    last: npt.NDArray[np.bool_] = (rows.part == CALIBRATION) & rows.last()
    mix = [
        (np.flatnonzero(last & (rows.y == kind)), int((seen & (label == kind)).sum()))
        for kind in (False, True)
    ]
    scale = min(own.size / n for own, n in mix)  # who calibrates is among those seen
    for own, n in mix:  # rows are in the order of a hash: the first are as good as any
        last[own[round(scale * n) :]] = False
    return last


def _estimated(honest: HonestScores, fpr: float) -> float:
    """Return the lowest threshold that at most `fpr` of the honest calibration accounts reach."""
    highest = honest.values[: honest.n_accounts][::-1]
    most = int(fpr * highest.size)
    first_unflagged = float(highest[most])
    if first_unflagged >= 1.0:
        raise InsufficientDataError(
            f"fit: honest calibration accounts that reach the largest score must be at most {most:,} of "
            f"{highest.size:,}; got more. Check their labels, or train on more accounts or with fewer trees."
        )
    return float(np.nextafter(first_unflagged, 2.0))


def _memory(
    ego: EgoLog,
    end: int,
    names: Sequence[str],
    history_days: float,
    memory: bool | CampaignIndex,
    n_jobs: int,
) -> CampaignIndex | None:
    if memory is False:
        return None
    fresh = remember(ego, end, names, history_days=history_days, n_jobs=n_jobs)
    if isinstance(memory, CampaignIndex):
        return memory if fresh is None else memory.merge(fresh)
    return fresh
