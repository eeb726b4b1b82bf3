"""A trained model: trees as arrays, a calibration, a certificate, and the folder they are kept in."""

from __future__ import annotations

from spamclf.model.calibration import SigmoidCalibration
from spamclf.model.certificate import Certificate
from spamclf.model.forest import Forest
from spamclf.model.honest import HonestScores
from spamclf.model.isotonic import IsotonicCalibration, calibrate
from spamclf.model.load import load_model
from spamclf.model.model import Model
from spamclf.model.reference import Reference

__all__ = [
    "Certificate",
    "Forest",
    "HonestScores",
    "IsotonicCalibration",
    "Model",
    "Reference",
    "SigmoidCalibration",
    "calibrate",
    "load_model",
]
