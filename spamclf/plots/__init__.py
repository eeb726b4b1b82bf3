"""Drawing only: scores, reasons, timelines, curves. What is drawn comes from the caller or from `evaluate`.

Every function draws on the axes it is given, or on a new figure, and returns the axes. Of the two colours that
speak of accounts, orange says automated, flagged or sent, blue the contrary; readers who do not see red and green
tell them apart (Okabe and Ito 2008).
"""

from spamclf.drawing import AUTOMATED, HONEST
from spamclf.plots.accounts import plot_change, plot_families, plot_reasons, plot_scores, plot_timeline
from spamclf.plots.evasion import plot_evasion
from spamclf.plots.quality import plot_calibration, plot_metrics, plot_precision_recall, plot_roc
from spamclf.plots.trust import plot_drift, plot_false_flags, plot_threshold_choice
from spamclf.plots.worth import plot_cold_start, plot_recall, plot_recall_by_family, plot_strangers

__all__ = [
    "AUTOMATED",
    "HONEST",
    "plot_calibration",
    "plot_change",
    "plot_cold_start",
    "plot_drift",
    "plot_evasion",
    "plot_false_flags",
    "plot_families",
    "plot_metrics",
    "plot_precision_recall",
    "plot_reasons",
    "plot_recall",
    "plot_recall_by_family",
    "plot_roc",
    "plot_scores",
    "plot_strangers",
    "plot_threshold_choice",
    "plot_timeline",
]
