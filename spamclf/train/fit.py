"""Train a model: labelled snapshots, boosting, calibration, threshold, and how good it all is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.index import CampaignIndex
from spamclf.dataset import Dataset, check_dataset
from spamclf.ego import EgoLog
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.evaluate import average_precision, best_rule, roc_auc, rule_scores
from spamclf.features.catalogue import CATALOGUE
from spamclf.features.extract import resolve_features
from spamclf.instants import check_history, iso, to_instant
from spamclf.labelled import PARTS, LabelledRows, labelled_rows
from spamclf.model import Forest, Model, SigmoidCalibration
from spamclf.model.card import card
from spamclf.remember import remember
from spamclf.threads import n_threads

__all__ = ["fit", "summary"]

Floats = npt.NDArray[np.float64]
#: What a model looks at unless told otherwise: all but reports.
DEFAULT_TIERS = ("0", "1", "2", "3")
_TRAIN, _CALIBRATION, _TEST = range(len(PARTS))
_MIN_CELLS = 5_000_000  # of the training matrix, below which boosting is done by one thread


def fit(
    dataset: Dataset,
    *,
    as_of: Any = None,
    features: Sequence[str] | None = None,
    tiers: Sequence[str] | None = None,
    history_days: float = 30.0,
    fpr: float = 0.01,
    memory: bool | CampaignIndex = True,
    random_state: int = 0,
    name: str | None = None,
    n_jobs: int = -1,
    **boosting: Any,
) -> Model:
    """Train a model on the labelled accounts of a dataset.

    Each labelled account gives rows after its 1st, 5th, 20th, 100th and last send and at the end, which weigh 1
    together; instants without a send in the look-back are left out. Accounts are ordered by their first send: the
    earliest 60 % train scikit-learn's ``HistGradientBoostingClassifier`` (monotone in the catalogue's directions),
    the next 20 % calibrate its probabilities by a sigmoid and set the threshold, the latest 20 % are only measured
    on. Features that no training row knows are left out. The same arguments give the same model, byte for byte.

    Parameters
    ----------
    dataset : Dataset
        With a ``labels`` table; the latest label of an account counts.
    as_of : str, datetime or int (microseconds since the epoch), optional
        Rows and labels at or after it are unseen. By default just after the last row of any table.
    features : sequence of str, optional
        Names of features or families. By default all of `tiers`.
    tiers : sequence of {"0", "1", "2", "3", "F"}, optional
        What the model may look at; by default all but F: 0 registration, 1 who wrote to whom and when, 2 profile
        photos, 3 public texts, F what recipients report and evidence of operators. Features of other tiers are
        refused. Reports must be asked for, since labels are often made from them and a model that reads its own label
        is worth nothing.
    history_days : float, default=30
        Look-back of the features in days.
    fpr : float, default=0.01
        Share of honest calibration accounts that may be flagged, on the highest of each one's scores; an estimate, no
        guarantee.
    memory : bool or CampaignIndex, default=True
        Whether the model remembers which accounts showed which photos and texts in the look-back before the last row
        (and before `as_of`), as fingerprints and pseudonyms, so that a known campaign is seen at its next account's
        first message. Only kinds that its features look at. An index is remembered too.
    random_state : int, default=0
        Seed, at least 0.
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
        If there are no labels, one of the three parts lacks a class, or nothing tells the classes apart.
    ParameterError
        For an argument out of its range.

    Examples
    --------
    >>> from spamclf import read_dataset, train
    >>> model = train.fit(read_dataset("data/sample"), max_iter=20)
    >>> model.forest.n_trees
    20
    """
    names = _checked(dataset, features, tiers, history_days, fpr, memory, random_state)
    threads = n_threads(n_jobs)
    end = _end(dataset, as_of)
    ego = EgoLog.build(dataset, n_jobs=threads)
    rows = labelled_rows(ego, end, names, history_days=history_days, n_jobs=threads)
    rows, names, unknown = _known_features(rows, names)
    forest, tree = _boost(rows, names, random_state, threads, boosting)
    raw = forest.raw_scores(rows.X, n_jobs=threads)
    middle = rows.part == _CALIBRATION
    calibration = SigmoidCalibration.fit(raw[middle], rows.y[middle], rows.weight[middle])
    scores = calibration(raw)
    threshold = _threshold(rows.maxima(middle & ~rows.y, scores), fpr)
    info: dict[str, Any] = {
        "as_of": iso(end),
        "tiers": sorted({CATALOGUE[name].tier for name in names}),
        "data": _data_info(dataset, ego, end),
        "random_state": random_state,
        "features_left_out": unknown,
        "boosting": json.loads(json.dumps(boosting, sort_keys=True, default=repr)),
        "fpr": fpr,
        "versions": _versions(),
        "counts": _counts(rows),
        "metrics": _metrics(rows, names, scores, threshold, tree),
    }
    name = name or f"{iso(end)[:10]}-{_digest(info, names, history_days)}"
    known = _memory(ego, end, names, history_days, memory, threads)
    info["card"] = card(name, names, history_days, threshold, info, known)
    return Model(name, forest, calibration, names, history_days, threshold, info, known)


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


def summary(model: Model) -> str:
    """Return what `fit` found out about a model, a line each: counts, metrics, threshold.

    Parameters
    ----------
    model : Model

    Returns
    -------
    text : str

    Examples
    --------
    >>> from spamclf import predict, train
    >>> print(train.summary(predict.load_shipped_model()).splitlines()[0])
    model simulated-1: ... trees, ... features
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
        if key == "honest_flagged_share":
            shown += f"  (asked for at most {model.info['fpr']:g} on the calibration accounts)"
        lines.append(f"  {key:<32} {shown}")
    lines.append(f"  {'threshold':<32} {model.threshold:.4f}")
    return "\n".join(lines)


def _checked(
    dataset: Dataset,
    features: Sequence[str] | None,
    tiers: Sequence[str] | None,
    history_days: float,
    fpr: float,
    memory: Any,
    random_state: int,
) -> tuple[str, ...]:
    """Refuse wrong arguments before any work, and return the names of the features."""
    check_dataset(dataset, "fit")
    check_history(history_days)
    if not isinstance(memory, bool | CampaignIndex):
        raise ParameterError(
            f"fit: memory must be True, False or a CampaignIndex; got {type(memory).__name__}. Use False for none."
        )
    if not 0 < fpr < 1:
        raise ParameterError(f"fit: fpr must be between 0 and 1; got {fpr}. Use 0.01 for one in a hundred.")
    if not isinstance(random_state, int | np.integer) or not 0 <= random_state < 2**32:
        raise ParameterError(
            f"fit: random_state must be a whole number from 0 to 4,294,967,295; got {random_state!r}. Use 0."
        )
    allowed = _allowed(tiers)
    if features is None:
        names = tuple(
            name for name, feature in CATALOGUE.items() if feature.tier in (allowed or DEFAULT_TIERS)
        )
    else:
        names = resolve_features(features)
        outside = [name for name in names if allowed and CATALOGUE[name].tier not in allowed]
        if outside:
            raise ParameterError(
                f"fit: features must be of the tiers {', '.join(allowed)}; got {len(outside)} of others, such as "
                f"{outside[0]} (tier {CATALOGUE[outside[0]].tier}). Leave them out, or allow their tier."
            )
    if not names:
        raise ParameterError(
            "fit: features must be one at least; got none. Leave them out for all but reports."
        )
    return names


def _allowed(tiers: Sequence[str] | None) -> tuple[str, ...]:
    """Return the tiers that a model may look at; nothing where the caller says nothing."""
    if tiers is None:
        return ()
    known = sorted({feature.tier for feature in CATALOGUE.values()})
    allowed = tuple(map(str, tiers)) if isinstance(tiers, Sequence) else ()
    wrong = [tier for tier in allowed if tier not in known]
    if wrong or not allowed:
        raise ParameterError(
            f"fit: tiers must be some of {', '.join(known)}; got {', '.join(wrong) or repr(tiers)}. "
            'Use ("0", "1") for a model that sees no photo and no text.'
        )
    return allowed


def _end(dataset: Dataset, as_of: Any) -> int:
    """Return the instant from which on nothing is seen; without a label `labelled_rows` says what is missing."""
    if as_of is not None:
        return to_instant(as_of, where="fit")
    labelled = pc.max(dataset.labels["labelled_at"]).cast("int64").as_py()
    return max((each for each in (dataset.last_instant(), labelled) if each is not None), default=-1) + 1


def _known_features(
    rows: LabelledRows, names: tuple[str, ...]
) -> tuple[LabelledRows, tuple[str, ...], list[str]]:
    """Leave out features that are null in every training row: trees cannot use them, nor can scikit-learn bin them."""
    known = ~np.isnan(rows.X[rows.part == _TRAIN]).all(axis=0)
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


def _boost(
    rows: LabelledRows, names: tuple[str, ...], random_state: int, threads: int, boosting: dict[str, Any]
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
    train = rows.part == _TRAIN
    # OpenMP threads spin while they wait: on shared cores two of them took 56 s for what one does in 0.6 s.
    with threadpool_limits(threads if rows.X[train].size >= _MIN_CELLS else 1):
        try:
            estimator = HistGradientBoostingClassifier(**(settings | boosting))
            estimator.fit(rows.X[train], rows.y[train], sample_weight=rows.weight[train])
        except (TypeError, ValueError) as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise ParameterError(
                f"fit: boosting must be arguments that HistGradientBoostingClassifier takes; got: {reason}. "
                "See its documentation."
            ) from error
        tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=10, random_state=random_state)
        tree.fit(rows.X[train], rows.y[train], sample_weight=rows.weight[train])
    return Forest.from_sklearn(estimator), tree


def _threshold(honest: Floats, fpr: float) -> float:
    """Return the lowest threshold that at most `fpr` of these highest scores of honest accounts reach."""
    first_unflagged = np.sort(honest)[::-1][int(fpr * honest.size)]
    if first_unflagged >= 1.0:
        raise InsufficientDataError(
            f"fit: at most {fpr:g} of the honest calibration accounts must reach the largest score; got more. "
            "Check their labels, or train on more accounts or with fewer trees."
        )
    return float(np.nextafter(first_unflagged, 2.0))


def _metrics(
    rows: LabelledRows, names: tuple[str, ...], scores: Floats, threshold: float, tree: Any
) -> dict[str, Any]:
    """Measure on the latest accounts, each at its last row, beside one rule and a small tree."""
    train, test = rows.part == _TRAIN, rows.part == _TEST
    at = test & rows.last()
    y, X = rows.y[at], rows.X[at]
    rule, direction, _ = best_rule(rows.X[train], rows.y[train], names)
    measured: dict[str, Any] = {}
    for prefix, values in (
        ("", scores[at]),
        ("one_rule_", rule_scores(X[:, names.index(rule)], direction)),
        ("depth_3_tree_", tree.predict_proba(X)[:, 1]),
    ):
        for what, figure in (("roc_auc", roc_auc), ("average_precision", average_precision)):
            found = figure(y, values)
            measured[f"{prefix}{what}"] = [found.value, found.low, found.high]
        if not prefix:
            for kind, those in (("automated", rows.y), ("honest", ~rows.y)):
                flagged = rows.maxima(test & those, scores) >= threshold
                measured[f"{kind}_flagged_share"] = float(flagged.mean())
            measured["one_rule"] = f"{'-' if direction < 0 else ''}{rule}"
    return measured


def _counts(rows: LabelledRows) -> dict[str, dict[str, int]]:
    return {
        name: {
            "automated": rows.n_accounts(part, automated=True),
            "honest": rows.n_accounts(part, automated=False),
            "rows": int((rows.part == part).sum()),
        }
        for part, name in enumerate(PARTS)
    }


def _data_info(dataset: Dataset, ego: EgoLog, end: int) -> dict[str, Any]:
    """Say which data a model saw: sizes, the span before `end`, and a fingerprint of the whole ordered log."""
    digest = hashlib.sha256()
    arrays = (ego.offsets, ego.time, ego.peer, ego.flag, ego.typed_s, *ego.labels, *ego.reports)
    for array in (*arrays, *vars(ego.facts).values()):
        digest.update(np.ascontiguousarray(array).data)
    sent = dataset.messages["sent_at"]
    seen = sent.filter(pc.less(sent, pa.scalar(end, sent.type)))
    first, last = (pc.min_max(seen)[what].cast("int64").as_py() for what in ("min", "max"))
    return {
        "accounts": dataset.accounts.num_rows,
        "messages": len(seen),
        "duplicates": ego.n_duplicates,
        "quarantined": len(dataset.quarantine),
        "first_message": None if first is None else iso(first),
        "last_message": None if last is None else iso(last),
        "fingerprint": digest.hexdigest(),
    }


def _digest(info: dict[str, Any], names: tuple[str, ...], history_days: float) -> str:
    """Return a short name of data and settings."""
    keys = ("as_of", "data", "random_state", "boosting", "fpr")
    settings = [[info[key] for key in keys], names, history_days]
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {package: version(package) for package in ("numpy", "scikit-learn")}
