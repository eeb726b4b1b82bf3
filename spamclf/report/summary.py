"""What the head of a page says: how many, by which model, as of when, and what is not known.

Accounts are counted if they exist at the instant (`spamclf.existence`); rows are those of the whole data.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa

from spamclf.describe import row_balance
from spamclf.existence import Existence
from spamclf.facts import column_of
from spamclf.instants import DAY_US, iso
from spamclf.scoring import VERDICTS, Scoring
from spamclf.wording import counted

__all__ = ["summary_of"]

#: What is not known without a table.
_WITHOUT = {
    "photos": "No photos were given: who shows the same picture as others is not known.",
    "texts": "No texts were given: who shows the same words as others is not known.",
    "reports": "No reports were given: who was reported or blocked is not known.",
    "labels": "No labels were given: what earlier reviews found is not known.",
    "evidence": "No evidence was given: who is tied to an operator is not known.",
}


def summary_of(
    scoring: Scoring, scores: pa.Table, instant: int, *, n_shown: int, n_cleared: int, n_changes: int
) -> dict[str, Any]:
    """Return the head of a page as what JSON can hold.

    Parameters
    ----------
    scoring : Scoring
    scores : pyarrow.Table
        As of `predict.score`.
    instant : int
        Microseconds since the epoch.
    n_shown, n_cleared, n_changes : int
        How many flagged accounts the page shows, how many it leaves out as cleared by a label, and for how many of
        those shown a change was searched.
    """
    model = scoring.model
    since = max(0, instant - round(model.history_days * DAY_US))
    there = Existence(scoring.ego.dataset, since, instant).of(column_of(scores, "account_id"))
    verdicts = Counter(scores["verdict"].filter(pa.array(there)).to_pylist())
    about = model.info.get("about", "")
    return {
        "as_of": iso(instant // 1_000_000 * 1_000_000),
        "since": iso(since // 1_000_000 * 1_000_000),
        "history_days": model.history_days,
        "model": model.name,
        "digest": model.digest,
        "about": " ".join(str(about).replace("*", "").replace("`", "").split()),
        "threshold": model.threshold,
        "counts": {verdict: verdicts[verdict] for verdict in VERDICTS},
        "n_shown": n_shown,
        "n_cleared": n_cleared,
        "certificate": [] if model.certificate is None else str(model.certificate).splitlines(),
        "has_reports": "reports" in scoring.ego.dataset.given,
        "rows": row_balance(scoring.ego.dataset, scoring.ego.n_duplicates),
        "unknown": _unknown(scoring, verdicts, n_shown, n_cleared, n_changes),
    }


def _unknown(
    scoring: Scoring, verdicts: Counter[str], n_shown: int, n_cleared: int, n_changes: int
) -> list[str]:
    """Say what the page does not know, or does not show."""
    model, lines = scoring.model, []
    if model.certificate is None:
        lines.append(
            "The threshold carries no promise: how many honest accounts are flagged is not known. It takes labels; see "
            "train.certify."
        )
    silent = verdicts["insufficient_data"]
    if silent:
        lines.append(
            f"{counted(silent, 'account')} sent nothing in the {model.history_days:g} days: no verdict on them."
        )
    lines += [text for name, text in _WITHOUT.items() if name not in scoring.ego.dataset.given]
    if n_cleared:
        lines.append(
            f"{counted(n_cleared, 'flagged account')} left out of this page: the latest label says not automated."
        )
    left_out = verdicts["automated"] - n_cleared - n_shown
    if left_out:
        lines.append(f"{counted(left_out, 'flagged account')} of the lowest scores are not on this page.")
    if n_changes < n_shown:
        lines.append(
            "What would clear an account, and what speaks against the flag, takes long to find and is told for the "
            f"{counted(n_changes, 'account')} closest to the threshold; for others run spamclf explain."
        )
    return lines
