"""Explain scores: reasons, the smallest change that clears an account, statements of reasons, replay of past scores."""

from spamclf.explain.changes import Change, Counterfactual, counterfactual
from spamclf.explain.families import FamilyReasons, Reasons, reasons
from spamclf.explain.replays import Replayed, replay
from spamclf.explain.statements import Statement, statement

__all__ = [
    "Change",
    "Counterfactual",
    "FamilyReasons",
    "Reasons",
    "Replayed",
    "Statement",
    "counterfactual",
    "reasons",
    "replay",
    "statement",
]
