"""Train a model: snapshots, time-forward split, boosting, calibration, threshold."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog, Instants, Slices
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.evaluate import average_precision, best_rule, roc_auc, rule_scores
from spamclf.features.catalogue import CATALOGUE
from spamclf.features.extract import measure, resolve_features
from spamclf.instants import iso, to_instant
from spamclf.model import Forest, Model, SigmoidCalibration
from spamclf.model.card import card
from spamclf.threads import n_threads

__all__ = ["SNAPSHOTS", "fit", "summary"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SNAPSHOTS = (1, 5, 20, 100)  # sends after which an account is looked at, besides its last send and the end
_PARTS = (0.6, 0.8)  # the earliest 60 % of accounts train, the next 20 % calibrate, the latest 20 % test
_MIN_PER_CLASS = 5


@dataclass(frozen=True)
class _Rows:
    """Training rows: labelled accounts at instants, in three parts by time."""

    slices: Slices
    y: Bools
    part: npt.NDArray[np.int64]  # 0 train, 1 calibration, 2 test
    weight: Floats  # the rows of one account weigh 1 together
    X: Floats


def fit(
    dataset: Dataset,
    *,
    as_of: Any = None,
    features: Sequence[str] | None = None,
    history_days: float = 30.0,
    fpr: float = 0.01,
    random_state: int = 0,
    name: str | None = None,
    n_jobs: int = -1,
    **boosting: Any,
) -> Model:
    """Train a model on the labelled accounts of a dataset.

    Each labelled account gives rows after its 1st, 5th, 20th, 100th and last send and at the end, which weigh 1
    together. Accounts are ordered by when they appeared: the earliest 60 % train scikit-learn's
    ``HistGradientBoostingClassifier`` (monotone in the catalogue's directions), the next 20 % calibrate its
    probabilities by a sigmoid and set the threshold, the latest 20 % are only measured on.

    Parameters
    ----------
    dataset : Dataset
        With a ``labels`` table.
    as_of : str, datetime or int (microseconds since the epoch), optional
        Rows and labels at or after it are unseen. By default just after the last row of any table.
    features : sequence of str, optional
        Names of features or families. By default all of tiers 0 and 1: reports (family ``feedback``) must be asked
        for, since labels are often made from them and a model that reads its own label is worth nothing.
    history_days : float, default=30
        Look-back of the features in days.
    fpr : float, default=0.01
        Share of honest calibration accounts that may be flagged, on the highest of each one's scores; an estimate, no
        guarantee.
    random_state : int, default=0
    name : str, optional
        The model's name; by default the day of `as_of` and a hash of data and settings.
    n_jobs : int, default=-1
        Threads, in joblib's sense.
    **boosting
        Further arguments of ``HistGradientBoostingClassifier``.

    Returns
    -------
    model : Model
        ``model.info`` holds counts, metrics on the latest accounts and what the model was made from;
        `summary` prints it.

    Raises
    ------
    InsufficientDataError
        If there are no labels, or one of the three parts lacks a class.
    ParameterError
        For an argument out of its range.

    Examples
    --------
    >>> from spamclf import read_dataset, train
    >>> model = train.fit(read_dataset("data/sample"), max_iter=20)
    >>> model.forest.n_trees
    20
    """
    if not 0 < fpr < 1:
        raise ParameterError(f"fit: fpr must be between 0 and 1; got {fpr}. Use 0.01 for one in a hundred.")
    names = _chosen(features)
    instant = _end(dataset, as_of)
    ego = EgoLog.build(dataset, n_jobs=n_jobs)
    rows = _rows(ego, instant, names, history_days, n_jobs)
    forest, tree = _boost(rows, names, random_state, n_jobs, boosting)
    raw = forest.raw_scores(rows.X, n_jobs=n_jobs)
    middle = rows.part == 1
    calibration = SigmoidCalibration.fit(raw[middle], rows.y[middle], rows.weight[middle])
    scores = calibration(raw)
    threshold = _threshold(rows, scores, fpr)
    info: dict[str, Any] = {
        "as_of": iso(instant),
        "data": _data_info(dataset, ego),
        "random_state": random_state,
        "boosting": dict(sorted(boosting.items())),
        "fpr": fpr,
        "versions": _versions(),
        "counts": _counts(rows),
        "metrics": _metrics(rows, names, scores, threshold, tree),
    }
    digest = hashlib.sha256(repr((sorted(info["data"].items()), names, history_days, random_state)).encode())
    name = name or f"{iso(instant)[:10]}-{digest.hexdigest()[:8]}"
    info["card"] = card(name, names, history_days, threshold, info)
    return Model(name, forest, calibration, names, history_days, threshold, info)


def summary(model: Model) -> str:
    """Return the metrics of a model that `fit` made, a line each.

    Parameters
    ----------
    model : Model
    """
    metrics, counts = model.info.get("metrics", {}), model.info.get("counts", {})
    lines = [f"model {model.name}: {model.forest.n_trees} trees, {len(model.feature_names)} features"]
    for part, count in counts.items():
        lines.append(
            f"  {part:<12} {count['automated']:>7,} automated, {count['honest']:>7,} honest accounts"
        )
    for key, value in metrics.items():
        shown = value
        if isinstance(value, list):
            shown = f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]"
        elif isinstance(value, float):
            shown = f"{value:.4f}"
        lines.append(f"  {key:<32} {shown}")
    lines.append(f"  {'threshold':<32} {model.threshold:.4f}")
    return "\n".join(lines)


def _chosen(features: Sequence[str] | None) -> tuple[str, ...]:
    if features is None:
        return tuple(name for name, feature in CATALOGUE.items() if feature.tier in ("0", "1"))
    return resolve_features(features)


def _end(dataset: Dataset, as_of: Any) -> int:
    if as_of is not None:
        return to_instant(as_of, where="fit")
    labelled = pc.max(dataset.labels["labelled_at"]).cast("int64").as_py()
    last = max((each for each in (dataset.last_instant(), labelled) if each is not None), default=None)
    if last is None or labelled is None:
        raise InsufficientDataError(
            "fit: dataset must have a labels table; got no label. Give labels (account_id, is_automated, labelled_at)."
        )
    return last + 1


def _rows(ego: EgoLog, end: int, names: tuple[str, ...], history_days: float, n_jobs: int) -> _Rows:
    """Choose (account, instant) pairs and compute their features."""
    is_automated = _labels_at(ego, end)
    account, instant = ego.after_sends(SNAPSHOTS, end)
    last_account, last_instant = ego.after_last_send(end)
    account = np.concatenate([account, last_account, last_account])
    instant = np.concatenate([instant, last_instant, np.full(last_account.size, end)])
    pairs = np.unique(np.stack([account, instant]), axis=1)
    pairs = pairs[:, is_automated[pairs[0]] >= 0]
    account, instant = pairs
    slices = ego.slices(account, instant, history_days=history_days)
    filled = slices.ends > slices.starts  # a look-back without a message tells nothing but registration
    slices = Slices(
        account[filled], slices.starts[filled], slices.ends[filled], instant[filled], slices.history
    )
    if not len(slices):
        raise InsufficientDataError(
            "fit: labelled accounts must have sent messages in the history; got none. "
            "Give messages of labelled accounts."
        )
    X = np.ascontiguousarray(measure(ego, slices, names, n_jobs=n_jobs).T)
    part = _parts(ego, slices)
    weight = 1.0 / np.bincount(slices.account, minlength=ego.n_accounts)[slices.account]
    rows = _Rows(slices, is_automated[slices.account] == 1, part, weight, X)
    for each, what in enumerate(("train", "calibrate", "test")):
        for kind, value in (("automated", True), ("honest", False)):
            n = np.unique(slices.account[(part == each) & (rows.y == value)]).size
            if n < _MIN_PER_CLASS:
                raise InsufficientDataError(
                    f"fit: the accounts to {what} on must hold at least {_MIN_PER_CLASS} {kind} ones; got {n}. "
                    "Label more accounts, or a longer stretch of time."
                )
    return rows


def _labels_at(ego: EgoLog, end: int) -> npt.NDArray[np.int8]:
    """Return the latest label before `end` of each scored account: 1, 0, or -1 for none."""
    account, labelled_at, is_automated = ego.labels
    seen = (labelled_at < end) & (account < ego.n_accounts)
    order = np.lexsort((~is_automated[seen], labelled_at[seen]))  # among equal instants the milder one stands
    latest = np.full(ego.n_accounts, -1, np.int8)
    latest[account[seen][order]] = is_automated[seen][order]
    return latest


def _parts(ego: EgoLog, slices: Slices) -> npt.NDArray[np.int64]:
    """Put each row into the part of its account, by when the account first appeared in the log."""
    accounts, first = np.unique(slices.account, return_index=True)
    appeared = slices.as_of[
        first
    ]  # rows are sorted by account, then instant: this is just after the first send
    order = np.argsort(appeared, kind="stable")
    part = np.zeros(ego.n_accounts, np.int64)
    for cut in _PARTS:
        part[accounts[order[round(cut * accounts.size) :]]] += 1
    return part[slices.account]


def _boost(
    rows: _Rows, names: tuple[str, ...], random_state: int, n_jobs: int, boosting: dict[str, Any]
) -> tuple[Forest, Any]:
    """Fit the forest, and a depth-3 tree to hold it against."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.tree import DecisionTreeClassifier
    from threadpoolctl import threadpool_limits

    settings: dict[str, Any] = {
        "learning_rate": 0.06,
        "max_iter": 200,
        "max_leaf_nodes": 15,
        "min_samples_leaf": 20,
        "l2_regularization": 1.0,
        "max_features": 0.5,
        "early_stopping": False,
        "monotonic_cst": [CATALOGUE[name].direction for name in names],
        "random_state": random_state,
    }
    train = rows.part == 0
    # OpenMP threads that spin while others work can slow boosting tenfold on shared cores: bound them
    with threadpool_limits(n_threads(n_jobs)):
        estimator = HistGradientBoostingClassifier(**(settings | boosting))
        estimator.fit(rows.X[train], rows.y[train], sample_weight=rows.weight[train])
        tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=10, random_state=random_state)
        tree.fit(rows.X[train], rows.y[train], sample_weight=rows.weight[train])
    return Forest.from_sklearn(estimator), tree


def _account_maxima(rows: _Rows, chosen: Bools, scores: Floats) -> Floats:
    """Return the highest of each account's scores: an account is scored again and again."""
    accounts, place = np.unique(rows.slices.account[chosen], return_inverse=True)
    highest = np.full(accounts.size, -np.inf)
    np.maximum.at(highest, place, scores[chosen])
    return highest


def _threshold(rows: _Rows, scores: Floats, fpr: float) -> float:
    """Return the lowest threshold that flags at most `fpr` of the honest calibration accounts."""
    honest = np.sort(_account_maxima(rows, (rows.part == 1) & ~rows.y, scores))[::-1]
    first_unflagged = honest[min(int(fpr * honest.size), honest.size - 1)]
    return float(min(np.nextafter(first_unflagged, 2.0), 1.0))


def _metrics(
    rows: _Rows, names: tuple[str, ...], scores: Floats, threshold: float, tree: Any
) -> dict[str, Any]:
    """Measure on the latest accounts, each at its last row, beside one rule and a small tree."""
    train, test = rows.part == 0, rows.part == 2
    last = np.append(rows.slices.account[1:] != rows.slices.account[:-1], True)
    at = test & last
    y, X = rows.y[at], rows.X[at]
    rule, direction, _ = best_rule(rows.X[train], rows.y[train], names)
    by_tree = tree.predict_proba(X)[:, 1]

    def interval(figure: Any, values: Floats) -> list[float]:
        found = figure(y, values, n_bootstrap=200)
        return [found.value, found.low, found.high]

    return {
        "roc_auc": interval(roc_auc, scores[at]),
        "average_precision": interval(average_precision, scores[at]),
        "automated_flagged_share": float((_account_maxima(rows, test & rows.y, scores) >= threshold).mean()),
        "honest_flagged_share": float((_account_maxima(rows, test & ~rows.y, scores) >= threshold).mean()),
        "one_rule": f"{'-' if direction < 0 else ''}{rule}",
        "one_rule_roc_auc": interval(roc_auc, rule_scores(X[:, names.index(rule)], direction)),
        "one_rule_average_precision": interval(
            average_precision, rule_scores(X[:, names.index(rule)], direction)
        ),
        "depth_3_tree_roc_auc": interval(roc_auc, by_tree),
        "depth_3_tree_average_precision": interval(average_precision, by_tree),
    }


def _counts(rows: _Rows) -> dict[str, dict[str, int]]:
    counts = {}
    for each, what in enumerate(("train", "calibration", "test")):
        here = rows.part == each
        counts[what] = {
            "automated": int(np.unique(rows.slices.account[here & rows.y]).size),
            "honest": int(np.unique(rows.slices.account[here & ~rows.y]).size),
            "rows": int(here.sum()),
        }
    return counts


def _data_info(dataset: Dataset, ego: EgoLog) -> dict[str, Any]:
    """Say which data a model saw: sizes, span and a fingerprint of the ordered logs."""
    digest = hashlib.sha256()
    arrays: tuple[Instants | npt.NDArray[Any], ...] = (ego.offsets, ego.time, ego.peer, ego.flag, *ego.labels)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    sent = dataset.messages["sent_at"]
    span = [pc.min(sent).cast("int64").as_py(), pc.max(sent).cast("int64").as_py()]
    return {
        "accounts": dataset.accounts.num_rows,
        "messages": dataset.messages.num_rows,
        "first_message": None if span[0] is None else iso(span[0]),
        "last_message": None if span[1] is None else iso(span[1]),
        "fingerprint": digest.hexdigest(),
    }


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {package: version(package) for package in ("numpy", "scikit-learn")}
