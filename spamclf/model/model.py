"""What training yields and scoring needs: trees, calibration, features, threshold, and what is known of campaigns."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spamclf.campaigns.index import CampaignIndex
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.model.audit import DTYPES
from spamclf.model.card import card
from spamclf.model.certificate import Certificate
from spamclf.model.file import write_folder
from spamclf.model.forest import Forest
from spamclf.model.honest import HonestScores
from spamclf.model.inputs import column_names, difference
from spamclf.model.isotonic import Calibration
from spamclf.model.stated import refuse
from spamclf.model.support import check_support

__all__ = ["Model"]

_MAX_NAME = 200


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A trained model: from a feature matrix to calibrated probabilities.

    Parameters
    ----------
    name : str
        Names the model in results; 1 to 200 printable characters.
    forest : Forest
    calibration : SigmoidCalibration or IsotonicCalibration
        Raw score to probability.
    feature_names : tuple of str
        One per column of the feature matrix, in its order; distinct.
    history_days : float
        How far back the features look, in days; above 0.
    threshold : float
        Accounts that score at or above it are flagged; in [0, 1].
    info : dict
        Anything JSON can hold: when and from what it was trained, versions, seed, metrics. A model card is generated
        from what `train.fit` puts there.
    memory : CampaignIndex, optional
        The campaigns known so far, so that one is recognised at its next account's first message. Personal data (see
        `CampaignIndex`); ``dataclasses.replace(model, memory=None)`` is the model without it.
    honest : HonestScores, optional
        Highest scores of the honest calibration accounts: what `certify` needs.
    certificate : Certificate, optional
        What `threshold` promises, as `honest` supports it. Without one it promises nothing.

    Raises
    ------
    ParameterError
        If a value is out of range, the names do not fit the forest, or the certificate is not what the honest scores
        give.

    Examples
    --------
    >>> from spamclf.model import SigmoidCalibration
    >>> stump = {"feature": [0, -1, -1], "threshold": [0.5, 0, 0], "left": [1, -1, -1], "right": [2, -1, -1],
    ...          "missing_left": [1, 0, 0], "value": [0.0, -1, 1], "cover": [2.0, 1, 1], "roots": [0, 3]}
    >>> forest = Forest(**{k: np.array(a, DTYPES[k]) for k, a in stump.items()}, baseline=0.0, n_features=1)
    >>> model = Model("tiny", forest, SigmoidCalibration(1.0, 0.0), ("gap_s",), 30, threshold=0.7)
    >>> model
    Model('tiny', n_trees=1, n_features=1, threshold=0.7)
    >>> model.scores([[0.2], [0.8]]).round(3)
    array([0.269, 0.731])
    """

    name: str
    forest: Forest
    calibration: Calibration
    feature_names: tuple[str, ...]
    history_days: float
    threshold: float
    info: dict[str, Any] = field(default_factory=dict)
    memory: CampaignIndex | None = None
    honest: HonestScores | None = None
    certificate: Certificate | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "feature_names", tuple(self.feature_names))
        _check_words(self.name, self.feature_names, self.forest.n_features)
        object.__setattr__(self, "history_days", _number("history_days", self.history_days))
        object.__setattr__(self, "threshold", _number("threshold", self.threshold))
        if not 0 < self.history_days <= 36_525:
            raise _refuse("history_days", "above 0 and at most 36,525 (a century)", self.history_days)
        if not 0 <= self.threshold <= 1:
            raise _refuse("threshold", "between 0 and 1", self.threshold)
        object.__setattr__(self, "info", _as_json(self.info))
        if not isinstance(self.memory, CampaignIndex | None):
            raise _refuse("memory", "a CampaignIndex or None", type(self.memory).__name__)
        if not isinstance(self.honest, HonestScores | None):
            raise _refuse("honest", "HonestScores or None", type(self.honest).__name__)
        if not isinstance(self.certificate, Certificate | None):
            raise _refuse("certificate", "a Certificate or None", type(self.certificate).__name__)
        if self.certificate is not None:
            if self.certificate.threshold != self.threshold:
                rule = f"that of its certificate ({self.certificate.threshold})"
                raise refuse(
                    "model", "threshold", rule, self.threshold, "Use certify, or leave the certificate out."
                )
            check_support(self.certificate, self.honest)

    def __repr__(self) -> str:
        size = f"n_trees={self.forest.n_trees}, n_features={self.forest.n_features}"
        memory = "" if self.memory is None else f", memory={self.memory!r}"
        return f"Model({self.name!r}, {size}, threshold={self.threshold:.3g}{memory})"

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal digits that name what the model computes.

        Models of the same trees, calibration, features, look-back, threshold and memory share it, saved and loaded
        or not; `name` and `info` do not matter.
        """
        forest, calibration, memory = self.forest, self.calibration, self.memory
        parts: dict[str, Any] = {name: getattr(forest, name) for name in DTYPES}
        parts |= {"baseline": forest.baseline, "n_features": forest.n_features}
        parts |= {f"calibration {each.name}": getattr(calibration, each.name) for each in fields(calibration)}
        parts |= {"history_days": self.history_days, "threshold": self.threshold}
        parts |= {
            f"memory {name}": array for name, array in ({} if memory is None else memory.arrays).items()
        }
        schemes = None if memory is None else memory.schemes
        segments = None if self.certificate is None else self.certificate.to_dict()["segments"]
        words = [list(self.feature_names), type(calibration).__name__, schemes, segments]
        state = hashlib.blake2b(json.dumps(words, sort_keys=True).encode(), digest_size=16)
        for name in sorted(parts):
            array = np.ascontiguousarray(parts[name])
            array = array.astype(array.dtype.newbyteorder("<"), copy=False)
            state.update(f"{name} {array.dtype.str} {array.shape} ".encode())
            state.update(array.reshape(-1).view(np.uint8).data)
        return state.hexdigest()

    @property
    def card(self) -> str | None:
        """The model card as Markdown; None unless `train.fit` made the model. It is saved beside it as ``card.md``."""
        return card(self) if "counts" in self.info else None

    def scores(self, X: ArrayLike, *, n_jobs: int = 1) -> NDArray[np.float64]:
        """Score rows of a feature matrix.

        Parameters
        ----------
        X : array-like or dataframe of shape (n, n_features)
            Columns as in ``feature_names``, in that order; NaN is missing.
        n_jobs : int, default 1
            Threads, in joblib's sense: -1 for one per available core. The scores do not depend on it.

        Returns
        -------
        scores : ndarray of shape (n,), dtype float64
            Probability of being automated.

        Raises
        ------
        ParameterError
            If `X` has other columns, by name where it has names, or holds no numbers.

        Examples
        --------
        See ``Model``.
        """
        where, names = f"model '{self.name}'", column_names(X)
        if names is not None and names != list(self.feature_names):
            rule = f"of its {len(self.feature_names):,} features, in the order of feature_names"
            remedy = "Give it those columns: X[list(model.feature_names)]."
            raise refuse(where, "X", rule, difference(names, self.feature_names), remedy)
        return self.calibration(self.forest.raw_scores(X, n_jobs=n_jobs))

    def thresholds(self, n_rows: int, segments: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """Return the threshold in force for each row: with a certificate it may be higher in some segments.

        Parameters
        ----------
        n_rows : int
        segments : mapping of str to array-like of shape (n_rows,), dtype bool
            Which rows are in each of the certificate's segments (`spamclf.segments.segments_of`).

        Returns
        -------
        thresholds : ndarray of shape (n_rows,), dtype float64

        Raises
        ------
        ParameterError
            As of `Certificate.thresholds`.
        """
        if self.certificate is None:
            return np.full(n_rows, self.threshold)
        return self.certificate.thresholds(n_rows, segments)

    def certify(self, fpr: float = 1e-3, confidence: float = 0.95) -> Model:
        """Return the same model with another threshold, and what it promises.

        Parameters
        ----------
        fpr : float, default=0.001
            Share of honest accounts that may be flagged over a time as long as the calibration's.
        confidence : float, default=0.95
            Probability, over calibration accounts drawn like the model's, that no more are.

        Returns
        -------
        model : Model

        Raises
        ------
        InsufficientDataError
            If the model's calibration accounts cannot support it, or are not known.
        ParameterError
            If an argument is out of its range.

        Examples
        --------
        >>> from spamclf import predict
        >>> predict.load_shipped_model().certify(fpr=0.05).certificate.fpr
        0.05
        """
        if self.honest is None:
            raise InsufficientDataError(
                "certify: the model must know its honest calibration accounts; got one that does not. "
                "Train it again with this version."
            )
        certificate = self.honest.certify(fpr, confidence)
        told = dict(self.info)
        if "metrics" in told:  # those of the former threshold
            told["metrics"] = {
                name: value for name, value in told["metrics"].items() if "flagged" not in name
            }
        if "segments" in told:
            told["segments"] = {name: _unflagged(part) for name, part in told["segments"].items()}
        if "fpr" in told:
            told |= {"fpr": certificate.fpr, "confidence": certificate.confidence}
        return replace(self, threshold=certificate.threshold, certificate=certificate, info=told)

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the model and its memory to a folder; readers see the former model or this one, never half of one.

        Parameters
        ----------
        folder : path-like
            Made if missing.
        overwrite : bool, default False
            Whether a model that is already there may be replaced.

        Raises
        ------
        OutputError
            If a model is there already, another run holds the folder, or a write fails.
        ParameterError
            If `info` takes more than 1 MiB, or the memory more than 4 GiB.

        Examples
        --------
        See ``load_model``.
        """
        forest, memory, honest = self.forest, self.memory, self.honest
        reference = None if honest is None else honest.reference
        manifest = {
            "name": self.name,
            "baseline": forest.baseline,
            "calibrated_on": None
            if honest is None
            else {
                "segments": list(honest.names),
                "window": None if honest.window is None else list(honest.window),
                "reference": None
                if reference is None
                else {"columns": list(reference.names), "segments": list(reference.scores.names)},
            },
            "calibration": self.calibration.to_dict(),
            "certificate": None if self.certificate is None else self.certificate.to_dict(),
            "depth": forest.depth,
            "feature_names": list(self.feature_names),
            "history_days": self.history_days,
            "info": self.info,
            "n_features": forest.n_features,
            "schemes": {} if memory is None else memory.schemes,
            "threshold": self.threshold,
        }
        write_folder(
            folder,
            manifest,
            {
                "arrays": {name: getattr(forest, name) for name in DTYPES},
                "memory": None if memory is None else memory.arrays,
                "honest": None if honest is None else honest.arrays,
                "reference": None if reference is None else reference.arrays,
            },
            card=self.card,
            overwrite=overwrite,
        )


def _unflagged(part: dict[str, Any]) -> dict[str, Any]:
    """Forget which share of a segment's accounts was flagged, by class; what no threshold matters to stays."""
    return {
        name: value | {"flagged_share": None} if isinstance(value, dict) else value
        for name, value in part.items()
    }


def _refuse(name: str, rule: str, got: object) -> ParameterError:
    return refuse("model", name, rule, got)


def _number(name: str, value: Any) -> float:
    """Take a finite number, and neither a bool nor a string that looks like one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise _refuse(name, "a number", type(value).__name__)
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not np.isfinite(number):
        raise _refuse(name, "finite", number)
    return number


def _check_words(name: str, feature_names: tuple[Any, ...], n_features: int) -> None:
    for what, word in (("name", name), *(("feature_names", word) for word in feature_names)):
        if not isinstance(word, str) or not word.isprintable() or not 1 <= len(word) <= _MAX_NAME:
            raise _refuse(what, f"of 1 to {_MAX_NAME} printable characters", "something else")
    if len(set(feature_names)) != len(feature_names):
        raise _refuse("feature_names", "distinct", f"{len(feature_names) - len(set(feature_names))} repeated")
    if len(feature_names) != n_features:
        raise _refuse("feature_names", f"one per feature of the forest ({n_features})", len(feature_names))


def _as_json(info: Any) -> dict[str, Any]:
    """Return what a reader of the saved model will see: tuples as lists, keys as strings."""
    if not isinstance(info, dict):
        raise _refuse("info", "a dict", type(info).__name__)
    try:
        return dict(json.loads(json.dumps(info, allow_nan=False)))
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        raise _refuse(
            "info", "what JSON can hold (strings, finite numbers, lists, dicts)", "something else"
        ) from error
