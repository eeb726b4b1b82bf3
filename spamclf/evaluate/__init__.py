"""How good scores are, with intervals, and beside what a single rule reaches."""

from spamclf.evaluate.curves import calibration_curve, flagging_curve, strangers_curve
from spamclf.evaluate.evaluating import evaluate, evaluate_worlds
from spamclf.evaluate.evaluation import Evaluation
from spamclf.evaluate.evasion import KNOBS, EvasionCost, Knob, PolicyCost, evasion_cost, padded
from spamclf.evaluate.figures import Interval, average_precision, best_rule, roc_auc
from spamclf.evaluate.leakage import Finding, LeakageReport, audit_leakage
from spamclf.evaluate.left_out import leave_campaigns_out, leave_one_family_out, tier_price
from spamclf.evaluate.one_look import OneLook, one_look
from spamclf.evaluate.probabilities import CalibrationError, brier_score, calibration_error
from spamclf.evaluate.worlds import worlds_in_a_row
from spamclf.model.baselines import rule_scores

__all__ = [
    "KNOBS",
    "CalibrationError",
    "Evaluation",
    "EvasionCost",
    "Finding",
    "Interval",
    "Knob",
    "LeakageReport",
    "OneLook",
    "PolicyCost",
    "audit_leakage",
    "average_precision",
    "best_rule",
    "brier_score",
    "calibration_curve",
    "calibration_error",
    "evaluate",
    "evaluate_worlds",
    "evasion_cost",
    "flagging_curve",
    "leave_campaigns_out",
    "leave_one_family_out",
    "one_look",
    "padded",
    "roc_auc",
    "rule_scores",
    "strangers_curve",
    "tier_price",
    "worlds_in_a_row",
]
