"""How good scores are, with intervals, and beside what a single rule reaches."""

from spamclf.evaluate.figures import Interval, average_precision, best_rule, roc_auc, rule_scores

__all__ = ["Interval", "average_precision", "best_rule", "roc_auc", "rule_scores"]
