"""Scores of a stream: tables are observed row by row, and any account is scored as of any instant in between.

rows ──► contract ──► `People` (numbers) ──► `Logs` (messages), `Register` (accounts), `Notes` (all other tables)
│
score ◄── features.extract.measure ◄── `Neighbourhood` of the accounts asked, at the instant
"""

from __future__ import annotations

from spamclf.live.scorer import LiveScorer

__all__ = ["LiveScorer"]
