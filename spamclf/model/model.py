"""What training yields and scoring needs: trees, calibration, features, threshold, and what is known of campaigns."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spamclf.campaigns.index import CampaignIndex
from spamclf.errors import ModelFileError, ParameterError
from spamclf.model.audit import DTYPES
from spamclf.model.calibration import SigmoidCalibration
from spamclf.model.file import read_folder, write_folder
from spamclf.model.forest import Forest
from spamclf.sealed import Arrays

__all__ = ["Model", "load_model"]

_MAX_NAME = 200
_KEYS = frozenset(
    {"arrays", "baseline", "calibration", "depth", "feature_names", "format", "format_version"}
    | {"history_days", "info", "n_features", "name", "sha256", "threshold"}
)
_KEYS_SINCE_2 = _KEYS | {"memory", "schemes"}


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A trained model: from a feature matrix to calibrated probabilities.

    Parameters
    ----------
    name : str
        Names the model in results; 1 to 200 printable characters.
    forest : Forest
    calibration : SigmoidCalibration
        Raw score to probability.
    feature_names : tuple of str
        One per column of the feature matrix, in its order; distinct.
    history_days : float
        How far back the features look, in days; above 0.
    threshold : float
        Accounts that score at or above it are flagged; in [0, 1].
    info : dict
        Anything JSON can hold: when and from what it was trained, versions, seed, metrics. A string under
        ``"card"`` is also written as ``card.md``.
    memory : CampaignIndex, optional
        The campaigns known so far, so that one is recognised at its next account's first message. Personal data (see
        `CampaignIndex`); ``dataclasses.replace(model, memory=None)`` is the model without it.

    Raises
    ------
    ParameterError
        If a value is out of range, or the names do not fit the forest.

    Examples
    --------
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
    calibration: SigmoidCalibration
    feature_names: tuple[str, ...]
    history_days: float
    threshold: float
    info: dict[str, Any] = field(default_factory=dict)
    memory: CampaignIndex | None = None

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

    def __repr__(self) -> str:
        size = f"n_trees={self.forest.n_trees}, n_features={self.forest.n_features}"
        memory = "" if self.memory is None else f", memory={self.memory!r}"
        return f"Model({self.name!r}, {size}, threshold={self.threshold:.3g}{memory})"

    def scores(self, X: ArrayLike, *, n_jobs: int = 1) -> NDArray[np.float64]:
        """Score rows of a feature matrix.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Columns as in ``feature_names``; NaN is missing.
        n_jobs : int, default 1
            Threads, in joblib's sense: -1 for one per available core. The scores do not depend on it.

        Returns
        -------
        scores : ndarray of shape (n,), dtype float64
            Probability of being automated.

        Raises
        ------
        ParameterError
            If `X` has another number of columns or holds no numbers.

        Examples
        --------
        See ``Model``.
        """
        return self.calibration(self.forest.raw_scores(X, n_jobs=n_jobs))

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
        forest, card, memory = self.forest, self.info.get("card"), self.memory
        manifest = {
            "name": self.name,
            "baseline": forest.baseline,
            "calibration": {
                "kind": "sigmoid",
                "slope": float(self.calibration.slope),
                "intercept": float(self.calibration.intercept),
            },
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
            {name: getattr(forest, name) for name in DTYPES},
            None if memory is None else memory.arrays,
            card=card if isinstance(card, str) else None,
            overwrite=overwrite,
        )


def load_model(folder: str | os.PathLike[str]) -> Model:
    """Read a model that ``Model.save`` wrote: read, audit, construct.

    Nothing in the folder is trusted: a damaged or hostile one is refused before anything is built from it.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    model : Model
        Scores as the saved one, bit for bit.

    Raises
    ------
    ModelFileError
        If the folder is damaged, forged, of a later format, or no model at all.

    Examples
    --------
    >>> import tempfile
    >>> stump = {"feature": [0, -1, -1], "threshold": [0.5, 0, 0], "left": [1, -1, -1], "right": [2, -1, -1],
    ...          "missing_left": [1, 0, 0], "value": [0.0, -1, 1], "cover": [2.0, 1, 1], "roots": [0, 3]}
    >>> forest = Forest(**{k: np.array(a, DTYPES[k]) for k, a in stump.items()}, baseline=0.0, n_features=1)
    >>> folder = tempfile.mkdtemp()
    >>> Model("tiny", forest, SigmoidCalibration(1.0, 0.0), ("gap_s",), 30, 0.7).save(folder)
    >>> load_model(folder)
    Model('tiny', n_trees=1, n_features=1, threshold=0.7)
    """
    try:
        return _construct(*read_folder(folder))
    except ParameterError as error:
        raise ModelFileError(f"load_model: {error}") from error


def _construct(manifest: Mapping[str, Any], arrays: Arrays, memory: Arrays | None) -> Model:
    keys = _KEYS if manifest["format_version"] == 1 else _KEYS_SINCE_2
    if manifest.keys() != keys:
        raise _refuse("the manifest", f"of the keys {', '.join(sorted(keys))}", "others")
    if memory is None and manifest.get("schemes", {}) != {}:
        raise _refuse("schemes", "empty where there is no memory", "something else")
    n_features, calibration, names = (manifest[key] for key in ("n_features", "calibration", "feature_names"))
    if type(n_features) is not int:
        raise _refuse("n_features", "an integer", "something else")
    if not isinstance(names, list):
        raise _refuse("feature_names", "a list", "something else")
    if not isinstance(calibration, dict) or calibration.keys() != {"kind", "slope", "intercept"}:
        raise _refuse("calibration", "kind, slope and intercept", "something else")
    if calibration["kind"] != "sigmoid":
        raise _refuse("calibration.kind", "'sigmoid'", "another")
    forest = Forest(**arrays, baseline=_number("baseline", manifest["baseline"]), n_features=n_features)
    if type(manifest["depth"]) is not int or manifest["depth"] != forest.depth:
        raise _refuse("depth", f"that of the trees ({forest.depth})", "another")
    slope, intercept = (_number(f"calibration.{key}", calibration[key]) for key in ("slope", "intercept"))
    return Model(
        name=manifest["name"],
        forest=forest,
        calibration=SigmoidCalibration(slope, intercept),
        feature_names=tuple(names),
        history_days=manifest["history_days"],
        threshold=manifest["threshold"],
        info=manifest["info"],
        memory=None if memory is None else CampaignIndex.from_arrays(memory, manifest["schemes"]),
    )


def _refuse(name: str, rule: str, got: object) -> ParameterError:
    return ParameterError(f"model: {name} must be {rule}; got {got}. Train the model again.")


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
