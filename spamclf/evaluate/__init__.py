"""How good scores are, with intervals, and beside what a single rule reaches."""

from spamclf.evaluate.figures import Interval, average_precision, best_rule, roc_auc
from spamclf.evaluate.leakage import Finding, LeakageReport, audit_leakage
from spamclf.evaluate.probabilities import CalibrationError, brier_score, calibration_error
from spamclf.model.baselines import rule_scores

__all__ = [
    "CalibrationError",
    "Finding",
    "Interval",
    "LeakageReport",
    "audit_leakage",
    "average_precision",
    "best_rule",
    "brier_score",
    "calibration_error",
    "roc_auc",
    "rule_scores",
]
