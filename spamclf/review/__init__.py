"""The way back from people: what analysts decided on accounts becomes labels that the next training learns from."""

from __future__ import annotations

from spamclf.review.adding import Added, add_labels
from spamclf.review.decisions import DECISIONS, read_decisions

__all__ = ["DECISIONS", "Added", "add_labels", "read_decisions"]
