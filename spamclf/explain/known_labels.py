"""The label of an account that a person should know of who decides about it: the latest, which no score reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.ego import EgoLog
from spamclf.instants import iso
from spamclf.splits import latest_label_rows

__all__ = ["KnownLabel", "known_labels"]


@dataclass(frozen=True)
class KnownLabel:
    """What the latest label of an account says. It is no part of the account's score.

    Attributes
    ----------
    is_automated : bool
    labelled_at : int
        Microseconds since the epoch.
    """

    is_automated: bool
    labelled_at: int

    def to_dict(self) -> dict[str, Any]:
        """Return the same as what JSON can hold."""
        return asdict(self) | {"labelled_at": iso(self.labelled_at)}

    def __str__(self) -> str:
        what = "automated" if self.is_automated else "not automated"
        return (
            f"{what}, by the label of {iso(self.labelled_at)}: no part of the score, but the model may have learned "
            "from it"
        )


def known_labels(ego: EgoLog, codes: npt.NDArray[np.int64], until: int) -> list[KnownLabel | None]:
    """Return the latest label of accounts before an instant.

    Parameters
    ----------
    ego : EgoLog
    codes : ndarray of shape (n_accounts,), dtype int64
        Of accounts in the log.
    until : int
        Microseconds since the epoch: labels at or after it are unseen.

    Returns
    -------
    labels : list of KnownLabel or None
        None for an account without one. Of two labels of one instant the milder one stands.

    Examples
    --------
    >>> from spamclf import Dataset
    >>> messages = {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [0]}
    >>> labels = {"account_id": ["a", "a"], "is_automated": [True, False], "labelled_at": [60, 120]}
    >>> accounts = {"account_id": ["a"]}
    >>> ego = EgoLog.build(Dataset(accounts=accounts, messages=messages, labels=labels, time_unit="s"))
    >>> print(*known_labels(ego, np.array([0]), 10**9))
    not automated, by the label of 1970-01-01T00:02:00Z: no part of the score, but the model may have learned from it
    >>> known_labels(ego, np.array([0]), 60_000_000)
    [None]
    """
    _, labelled_at, is_automated = ego.labels
    return [
        None if row < 0 else KnownLabel(bool(is_automated[row]), int(labelled_at[row]))
        for row in latest_label_rows(ego, until)[codes].tolist()
    ]
