"""Read a model's folder: audit every part, and construct from it only what passed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from spamclf.campaigns.index import CampaignIndex
from spamclf.errors import ModelFileError, ParameterError
from spamclf.model.certificate import Certificate
from spamclf.model.file import read_folder
from spamclf.model.forest import Forest
from spamclf.model.honest import HonestScores
from spamclf.model.isotonic import calibration_from_dict
from spamclf.model.model import Model
from spamclf.model.reference import Reference
from spamclf.model.stated import check_keys, number, refuse
from spamclf.sealed import Arrays

__all__ = ["load_model"]

_LARGEST = float(np.finfo(np.float64).max)
_KEYS = frozenset(
    {"arrays", "baseline", "calibration", "depth", "feature_names", "format", "format_version"}
    | {"history_days", "info", "n_features", "name", "sha256", "threshold"}
)
_KEYS_SINCE_2 = _KEYS | {"memory", "schemes"}
_KEYS_SINCE_3 = _KEYS_SINCE_2 | {"honest", "reference", "calibrated_on", "certificate"}


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
    >>> from spamclf.model import SigmoidCalibration
    >>> from spamclf.model.audit import DTYPES
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


def _construct(manifest: Mapping[str, Any], parts: Mapping[str, Arrays | None]) -> Model:
    keys = {1: _KEYS, 2: _KEYS_SINCE_2}.get(manifest["format_version"], _KEYS_SINCE_3)
    arrays, memory = parts["arrays"], parts.get("memory")
    assert arrays is not None  # it is not optional
    if manifest.keys() != keys:
        raise refuse("model", "the manifest", f"of the keys {', '.join(sorted(keys))}", "others")
    if memory is None and manifest.get("schemes", {}) != {}:
        raise refuse("model", "schemes", "empty where there is no memory", "something else")
    n_features, names = manifest["n_features"], manifest["feature_names"]
    if type(n_features) is not int:
        raise refuse("model", "n_features", "an integer", "something else")
    if not isinstance(names, list):
        raise refuse("model", "feature_names", "a list", "something else")
    forest = Forest(
        **arrays,
        baseline=number("model", "baseline", manifest["baseline"], -_LARGEST, _LARGEST),
        n_features=n_features,
    )
    if type(manifest["depth"]) is not int or manifest["depth"] != forest.depth:
        raise refuse("model", "depth", f"that of the trees ({forest.depth})", "another")
    honest = _honest(manifest.get("calibrated_on"), parts)
    stated, certificate = manifest.get("certificate"), None
    if stated is not None:
        if honest is None:
            raise refuse("model", "certificate", "none where there are no honest scores", "one")
        certificate = Certificate.from_dict(stated, honest.reference)  # Model compares it with the scores
    return Model(
        name=manifest["name"],
        forest=forest,
        calibration=calibration_from_dict(manifest["calibration"]),
        feature_names=tuple(names),
        history_days=manifest["history_days"],
        threshold=manifest["threshold"],
        info=manifest["info"],
        memory=None if memory is None else CampaignIndex.from_arrays(memory, manifest["schemes"]),
        honest=honest,
        certificate=certificate,
    )


def _honest(stated: Any, parts: Mapping[str, Arrays | None]) -> HonestScores | None:
    """Construct what is known of the calibration accounts."""
    arrays, reference = parts.get("honest"), parts.get("reference")
    if (stated is None) != (arrays is None) or (arrays is None and reference is not None):
        raise refuse("model", "calibrated_on", "there if honest scores are, and then alone", "something else")
    if stated is None or arrays is None:
        return None
    check_keys("model", stated, ("segments", "window", "reference"))
    told = stated["reference"]
    if (told is None) != (reference is None):
        raise refuse(
            "model", "calibrated_on.reference", "there if its arrays are, and then alone", "something else"
        )
    compared = None
    if told is not None and reference is not None:
        check_keys("model", told, ("columns", "segments"))
        compared = Reference.from_arrays(reference, _listed(told["columns"]), _listed(told["segments"]))
    return HonestScores.from_arrays(arrays, _listed(stated["segments"]), stated["window"], compared)


def _listed(names: Any) -> list[Any]:
    if not isinstance(names, list):
        raise refuse("model", "calibrated_on", "lists of names", "something else")
    return names
