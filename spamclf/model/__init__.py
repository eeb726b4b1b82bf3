"""A trained model: trees as arrays, a calibration, and the folder they are kept in."""

from __future__ import annotations

from spamclf.model.calibration import SigmoidCalibration
from spamclf.model.forest import Forest
from spamclf.model.model import Model, load_model

__all__ = ["Forest", "Model", "SigmoidCalibration", "load_model"]
