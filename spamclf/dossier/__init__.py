"""Operator dossiers: all that ties accounts to one operation, as a page to read and as data to check."""

from spamclf.dossier.dossier import Dossier
from spamclf.dossier.gathering import gather
from spamclf.dossier.rows import row_hash, row_text

__all__ = ["Dossier", "gather", "row_hash", "row_text"]
