"""Drawing only, in the manner of scikit-learn: a display asks `evaluate`, `explain` or `find`, keeps that and draws it.

``XDisplay.from_...(..., ax=None)`` draws on the axes it is given, or on a new figure, and returns the display: its
data are attributes, ``ax_`` and ``figure_`` say where it was drawn, ``plot(ax)`` draws the same again.
``plot_x(...)`` is such a call in short, and returns the axes.

Of the two colours that speak of accounts, orange says automated, flagged or sent, blue the contrary; readers who do not
see red and green tell them apart (Okabe and Ito 2008). Lines differ in dashes and marks, too, bars in hatches: in grey
everything can be read as well.
"""

from spamclf.drawing import AUTOMATED, HONEST
from spamclf.plots.campaigns import CampaignGrowthDisplay
from spamclf.plots.display import Display
from spamclf.plots.evasion import EvasionDisplay
from spamclf.plots.functions import (
    plot_calibration,
    plot_change,
    plot_cold_start,
    plot_drift,
    plot_evasion,
    plot_false_flags,
    plot_families,
    plot_metrics,
    plot_precision_recall,
    plot_reasons,
    plot_recall,
    plot_recall_by_family,
    plot_roc,
    plot_score_drift,
    plot_scores,
    plot_strangers,
    plot_threshold_choice,
    plot_timeline,
)
from spamclf.plots.quality import CalibrationDisplay, MetricsDisplay, PrecisionRecallDisplay, RocCurveDisplay
from spamclf.plots.reasons import FamilyReasonsDisplay, ImportanceDisplay, ReasonsDisplay
from spamclf.plots.score_drift import ScoreDriftDisplay
from spamclf.plots.scores import ChangeDisplay, ScoresDisplay
from spamclf.plots.timeline import RhythmDisplay, TimelineDisplay
from spamclf.plots.trust import DriftDisplay, FalseFlagsDisplay, ThresholdChoiceDisplay
from spamclf.plots.worth import ColdStartDisplay, FamilyRecallDisplay, RecallAtFPRDisplay, StrangersDisplay

__all__ = [
    "AUTOMATED",
    "HONEST",
    "CalibrationDisplay",
    "CampaignGrowthDisplay",
    "ChangeDisplay",
    "ColdStartDisplay",
    "Display",
    "DriftDisplay",
    "EvasionDisplay",
    "FalseFlagsDisplay",
    "FamilyReasonsDisplay",
    "FamilyRecallDisplay",
    "ImportanceDisplay",
    "MetricsDisplay",
    "PrecisionRecallDisplay",
    "ReasonsDisplay",
    "RecallAtFPRDisplay",
    "RhythmDisplay",
    "RocCurveDisplay",
    "ScoreDriftDisplay",
    "ScoresDisplay",
    "StrangersDisplay",
    "ThresholdChoiceDisplay",
    "TimelineDisplay",
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
    "plot_score_drift",
    "plot_scores",
    "plot_strangers",
    "plot_threshold_choice",
    "plot_timeline",
]
