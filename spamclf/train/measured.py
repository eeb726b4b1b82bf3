"""How good a model is on accounts that it was neither trained nor calibrated on, beside a rule and a small tree."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.ego import EgoLog
from spamclf.evaluate import average_precision, brier_score, calibration_error, roc_auc
from spamclf.evaluate.shares import flagged_shares
from spamclf.features.catalogue import CATALOGUE
from spamclf.labelled import TEST, TRAIN, LabelledRows
from spamclf.model import Model
from spamclf.model.baselines import Rule, best_rules, fit_tree, tree_input, tree_text
from spamclf.segments import segment_names, segments_of

__all__ = ["measured"]

Floats = npt.NDArray[np.float64]


def measured(model: Model, ego: EgoLog, rows: LabelledRows, scores: Floats) -> dict[str, Any]:
    """Measure on the latest accounts: each at its last row, and flagged if any of its rows is.

    Parameters
    ----------
    model : Model
    ego : EgoLog
    rows : LabelledRows
    scores : ndarray of shape (n_rows,)
        Of the model.

    Returns
    -------
    info : dict
        ``metrics``, ``segments`` and ``beside``, what a person could check by hand.
    """
    test = rows.part == TEST
    at = test & rows.last()
    y, X = rows.y[at], rows.X[at]
    rules, tree = _by_hand(model, rows)
    metrics: dict[str, Any] = {}
    for prefix, values in (
        ("", scores[at]),
        ("one_rule_", rules[0].scores(X)),
        ("depth_3_tree_", tree.predict_proba(tree_input(X))[:, 1]),
    ):
        for what, figure in (("roc_auc", roc_auc), ("average_precision", average_precision)):
            found = figure(y, values)
            metrics[f"{prefix}{what}"] = [found.value, found.low, found.high]
    brier, error = brier_score(y, scores[at]), calibration_error(y, scores[at])
    metrics["brier_score"] = [brier.value, brier.low, brier.high]
    metrics["calibration_error"] = [error.value, error.low, error.high]
    slices = rows.slices[test]
    segments = segments_of(ego, slices, segment_names(ego, slices))
    certified = () if model.certificate is None else model.certificate.certified
    masks = segments_of(ego, slices, certified)
    flagged = scores[test] >= model.thresholds(len(slices), masks)
    shares = flagged_shares(slices.account, rows.y[test], flagged, np.ones(len(slices), np.bool_))
    for kind in ("automated", "honest"):
        metrics[f"{kind}_flagged_share"] = shares[kind]["flagged_share"]
    told = {
        name: flagged_shares(slices.account, rows.y[test], flagged, mask)
        | {"roc_auc": _auc(slices.account[mask], rows.y[test][mask], scores[test][mask])}
        for name, mask in segments.items()
        if mask.any()
    }
    text = tree_text(tree, list(model.feature_names), "automated").splitlines()
    beside = {"rules": [rule.said("the automated", "the honest accounts") for rule in rules], "tree": text}
    return {"metrics": metrics, "segments": told, "beside": beside}


def _by_hand(model: Model, rows: LabelledRows) -> tuple[tuple[Rule, ...], Any]:
    """Fit the best rules and a small tree on the training accounts, each at its last row, as they are tested."""
    at = (rows.part == TRAIN) & rows.last() & rows.labelled
    X, y, weight = rows.X[at], rows.y[at], np.ones(int(at.sum()))
    directions = [CATALOGUE[name].direction for name in model.feature_names]
    return best_rules(X, y, weight, model.feature_names, directions), fit_tree(X, y, weight)


def _auc(account: npt.NDArray[np.int64], y: npt.NDArray[np.bool_], scores: Floats) -> list[float] | None:
    """Return how well accounts are told apart, each at the last of its rows; None where one class is missing."""
    last = np.append(account[1:] != account[:-1], True)
    if y[last].all() or not y[last].any():
        return None
    found = roc_auc(y[last], scores[last])
    return [found.value, found.low, found.high]
