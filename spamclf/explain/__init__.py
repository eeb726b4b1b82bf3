"""Explain scores: reasons, the smallest change that clears an account, statements of reasons, replays, timelines."""

from spamclf.explain.changes import Change, Counterfactual, counterfactual
from spamclf.explain.families import Against, FamilyReasons, Reasons, reasons
from spamclf.explain.importances import Importance, importance
from spamclf.explain.known_labels import KnownLabel
from spamclf.explain.replays import Replayed, replay
from spamclf.explain.statements import Statement, statement
from spamclf.explain.timelines import Timeline, timeline

__all__ = [
    "Against",
    "Change",
    "Counterfactual",
    "FamilyReasons",
    "Importance",
    "KnownLabel",
    "Reasons",
    "Replayed",
    "Statement",
    "Timeline",
    "counterfactual",
    "importance",
    "reasons",
    "replay",
    "statement",
    "timeline",
]
