"""One line for each display: draw, and get the axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from spamclf.dataset import Dataset
from spamclf.evaluate import Evaluation, EvasionCost
from spamclf.explain import Reasons
from spamclf.model import Model
from spamclf.model.drift import DriftReport
from spamclf.plots.evasion import EvasionDisplay
from spamclf.plots.quality import CalibrationDisplay, MetricsDisplay, PrecisionRecallDisplay, RocCurveDisplay
from spamclf.plots.reasons import FamilyReasonsDisplay, ReasonsDisplay
from spamclf.plots.score_drift import ScoreDriftDisplay
from spamclf.plots.scores import ChangeDisplay, ScoresDisplay
from spamclf.plots.timeline import RhythmDisplay
from spamclf.plots.trust import DriftDisplay, FalseFlagsDisplay, ThresholdChoiceDisplay
from spamclf.plots.worth import ColdStartDisplay, FamilyRecallDisplay, RecallAtFPRDisplay, StrangersDisplay

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "plot_calibration", "plot_change", "plot_cold_start", "plot_drift", "plot_evasion", "plot_false_flags",
    "plot_families", "plot_metrics", "plot_precision_recall", "plot_reasons", "plot_recall", "plot_recall_by_family",
    "plot_roc", "plot_score_drift", "plot_scores", "plot_strangers", "plot_threshold_choice", "plot_timeline",
]  # fmt: skip


def plot_scores(scores: Any, *, labels: Any = None, ax: Axes | None = None) -> Axes:
    """Draw how many accounts score how high.

    Parameters are those of `ScoresDisplay.from_scores`, whose `ax_` it returns.
    """
    return ScoresDisplay.from_scores(scores, labels=labels, ax=ax).ax_


def plot_change(
    before: Any, after: Any, *, names: tuple[str, str] = ("before", "after"), ax: Axes | None = None
) -> Axes:
    """Draw whose verdict changes.

    Parameters are those of `ChangeDisplay.from_scores`, whose `ax_` it returns.
    """
    return ChangeDisplay.from_scores(before, after, names=names, ax=ax).ax_


def plot_score_drift(scores: Mapping[str, Any], *, ax: Axes | None = None) -> Axes:
    """Draw how scores are spread, over each other. Parameters are those of `ScoreDriftDisplay.from_scores`."""
    return ScoreDriftDisplay.from_scores(scores, ax=ax).ax_


def plot_reasons(
    reasons: Iterable[Mapping[str, Any]], *, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the reasons of one score.

    Parameters are those of `ReasonsDisplay.from_reasons`, whose `ax_` it returns.
    """
    return ReasonsDisplay.from_reasons(reasons, title=title, ax=ax).ax_


def plot_families(reasons: Reasons, *, least: float = 0.05, ax: Axes | None = None) -> Axes:
    """Draw one score, family by family.

    Parameters are those of `FamilyReasonsDisplay.from_reasons`, whose `ax_` it returns.
    """
    return FamilyReasonsDisplay.from_reasons(reasons, least=least, ax=ax).ax_


def plot_timeline(
    dataset: Dataset, account_id: Any, *, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw when one account sent and received; the title begins with `title`, by default the account's id.

    Parameters are those of `RhythmDisplay.from_account`, whose `ax_` it returns.
    """
    return RhythmDisplay.from_account(dataset, account_id, name=title, ax=ax).ax_


def plot_roc(y: npt.ArrayLike, scores: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the ROC curve.

    Parameters are those of `RocCurveDisplay.from_predictions`, whose `ax_` it returns.
    """
    return RocCurveDisplay.from_predictions(y, scores, ax=ax).ax_


def plot_precision_recall(y: npt.ArrayLike, scores: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the precision-recall curve.

    Parameters are those of `RocCurveDisplay.from_predictions`, whose `ax_` it returns.
    """
    return PrecisionRecallDisplay.from_predictions(y, scores, ax=ax).ax_


def plot_calibration(y: npt.ArrayLike, scores: Any, *, n_bins: int = 8, ax: Axes | None = None) -> Axes:
    """Draw whether scores are probabilities.

    Parameters are those of `CalibrationDisplay.from_predictions`, whose `ax_` it returns.
    """
    return CalibrationDisplay.from_predictions(y, scores, n_bins=n_bins, ax=ax).ax_


def plot_metrics(model: Model, *, ax: Axes | None = None) -> Axes:
    """Draw what a model states of itself.

    Parameters are those of `MetricsDisplay.from_model`, whose `ax_` it returns.
    """
    return MetricsDisplay.from_model(model, ax=ax).ax_


def plot_threshold_choice(choices: Any, *, ax: Axes | None = None) -> Axes:
    """Draw what each promise costs.

    Parameters are those of `ThresholdChoiceDisplay.from_choices`, whose `ax_` it returns.
    """
    return ThresholdChoiceDisplay.from_choices(choices, ax=ax).ax_


def plot_false_flags(
    shares: Mapping[str, npt.ArrayLike], promised: float, *, n_bins: int = 36, ax: Axes | None = None
) -> Axes:
    """Draw whether a promise is kept.

    Parameters are those of `FalseFlagsDisplay.from_shares`, whose `ax_` it returns.
    """
    return FalseFlagsDisplay.from_shares(shares, promised, n_bins=n_bins, ax=ax).ax_


def plot_drift(reports: DriftReport | Mapping[str, DriftReport], *, ax: Axes | None = None) -> Axes:
    """Draw how far accounts have moved.

    Parameters are those of `DriftDisplay.from_reports`, whose `ax_` it returns.
    """
    return DriftDisplay.from_reports(reports, ax=ax).ax_


def plot_recall(evaluation: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw what is found at which price.

    Parameters are those of `RecallAtFPRDisplay.from_evaluation`, whose `ax_` it returns.
    """
    return RecallAtFPRDisplay.from_evaluation(evaluation, ax=ax).ax_


def plot_cold_start(evaluation: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw how soon accounts are found.

    Parameters are those of `ColdStartDisplay.from_evaluation`, whose `ax_` it returns.
    """
    return ColdStartDisplay.from_evaluation(evaluation, ax=ax).ax_


def plot_strangers(evaluation: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw how many strangers were reached.

    Parameters are those of `StrangersDisplay.from_evaluation`, whose `ax_` it returns.
    """
    return StrangersDisplay.from_evaluation(evaluation, ax=ax).ax_


def plot_recall_by_family(evaluation: Evaluation, *, ax: Axes | None = None) -> Axes:
    """Draw who is flagged, by family.

    Parameters are those of `FamilyRecallDisplay.from_evaluation`, whose `ax_` it returns.
    """
    return FamilyRecallDisplay.from_evaluation(evaluation, ax=ax).ax_


def plot_evasion(cost: EvasionCost, *, ax: Axes | None = None) -> Axes:
    """Draw what evasion gains.

    Parameters are those of `EvasionDisplay.from_cost`, whose `ax_` it returns.
    """
    return EvasionDisplay.from_cost(cost, ax=ax).ax_
