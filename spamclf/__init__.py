"""Find automated bulk senders on an end-to-end encrypted messaging platform, from metadata alone."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from spamclf.dataset import Dataset
from spamclf.features import AfterSends, FeatureTable, extract
from spamclf.folders import read_dataset
from spamclf.model import Model, load_model

if TYPE_CHECKING:
    from spamclf import (
        batch,
        dossier,
        evaluate,
        explain,
        find,
        predict,
        pseudonymise,
        report,
        review,
        simulate,
        train,
    )
    from spamclf.model.classifier import SpamClassifier

__version__ = "0.1.0"
_DOORS = (
    "batch", "dossier", "evaluate", "explain", "find", "predict", "pseudonymise", "report", "review", "simulate",
    "train",
)  # fmt: skip
__all__ = [
    "AfterSends",
    "Dataset",
    "FeatureTable",
    "Model",
    "SpamClassifier",
    "__version__",
    "batch",
    "dossier",
    "evaluate",
    "explain",
    "extract",
    "find",
    "load_model",
    "predict",
    "pseudonymise",
    "read_dataset",
    "report",
    "review",
    "simulate",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _DOORS:
        return importlib.import_module(f"spamclf.{name}")
    if name == "SpamClassifier":  # with scikit-learn, which nobody who only scores needs
        return importlib.import_module("spamclf.model.classifier").SpamClassifier
    raise AttributeError(f"module 'spamclf' has no attribute {name!r}")
