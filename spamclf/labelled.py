"""Labelled snapshots: the rows that a model learns from, in three parts by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spamclf.ego import EgoLog, Instants, Slices
from spamclf.errors import InsufficientDataError
from spamclf.features.extract import measure
from spamclf.instants import iso

__all__ = ["MIN_PER_CLASS", "PARTS", "SNAPSHOTS", "LabelledRows", "labelled_rows"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Sends after which an account is looked at, besides its last send and the end.
SNAPSHOTS = (1, 5, 20, 100)
#: The earliest 60 % of the accounts train, the next 20 % calibrate, the latest 20 % test.
PARTS = ("train", "calibration", "test")
_CUTS = (0.6, 0.8)
#: Accounts of either class that each part needs.
MIN_PER_CLASS = 5


@dataclass(frozen=True)
class LabelledRows:
    """Labelled accounts at instants; sorted by account, then instant.

    Attributes
    ----------
    slices : Slices
        Account, look-back and instant of each row.
    y : ndarray of shape (n_rows,), dtype bool
        Whether the account is automated.
    part : ndarray of shape (n_rows,), dtype int64
        Index into `PARTS`; all rows of an account are in one part.
    weight : ndarray of shape (n_rows,), dtype float64
        The rows of one account weigh 1 together.
    X : ndarray of shape (n_rows, n_features), dtype float64
    """

    slices: Slices
    y: Bools
    part: npt.NDArray[np.int64]
    weight: Floats
    X: Floats

    def maxima(self, chosen: Bools, scores: Floats) -> Floats:
        """Return the highest of each account's scores over the chosen rows: an account is scored again and again."""
        accounts, place = np.unique(self.slices.account[chosen], return_inverse=True)
        highest = np.full(accounts.size, -np.inf)
        np.maximum.at(highest, place, scores[chosen])
        return highest

    def last(self) -> Bools:
        """Tell of each row whether it is its account's last."""
        account = self.slices.account
        return np.append(account[1:] != account[:-1], True)

    def n_accounts(self, part: int, automated: bool) -> int:
        """Count the accounts of a part and a class."""
        return int(np.unique(self.slices.account[(self.part == part) & (self.y == automated)]).size)


def labelled_rows(
    ego: EgoLog, end: int, names: Sequence[str], *, history_days: float, n_jobs: int = -1
) -> LabelledRows:
    """Choose labelled accounts and instants before `end`, and compute their features.

    Parameters
    ----------
    ego : EgoLog
    end : int
        Messages and labels at or after this instant (microseconds since the epoch) are unseen.
    names : sequence of str
        Features of the catalogue.
    history_days : float
        Look-back in days.
    n_jobs : int, default=-1
        Threads, in joblib's sense.

    Returns
    -------
    rows : LabelledRows

    Raises
    ------
    InsufficientDataError
        If no label is known before `end`, no labelled account sent, or a part lacks accounts of a class.
    """
    label = _labels_before(ego, end)
    slices = _snapshots(ego, end, label >= 0, history_days)
    weight = 1.0 / np.bincount(slices.account, minlength=ego.n_accounts)[slices.account]
    X = np.ascontiguousarray(measure(ego, slices, names, n_jobs=n_jobs).T)
    rows = LabelledRows(slices, label[slices.account] == 1, _parts(ego, slices), weight, X)
    _check_classes(rows)
    return rows


def _labels_before(ego: EgoLog, end: int) -> npt.NDArray[np.int8]:
    """Return the latest label before `end` of each scored account: 1, 0, or -1 for none."""
    account, labelled_at, is_automated = ego.labels
    seen = labelled_at < end
    if not seen.any():
        got = f"{seen.size:,}, all of them later" if seen.size else "none"
        raise InsufficientDataError(
            f"fit: labels must be known before {iso(end)}; got {got}. "
            "Give a table of labels (account_id, is_automated, labelled_at), or a later as_of."
        )
    order = np.lexsort((~is_automated[seen], labelled_at[seen]))  # among equal instants the milder one stands
    latest = np.full(ego.n_accounts, -1, np.int8)
    latest[account[seen][order]] = is_automated[seen][order]
    return latest


def _snapshots(ego: EgoLog, end: int, is_labelled: Bools, history_days: float) -> Slices:
    """Return the labelled accounts after some of their sends, after the last one and at `end`."""
    account, instant = ego.after_sends(SNAPSHOTS, end)
    last_account, last_instant = ego.after_last_send(end)
    account = np.concatenate([account, last_account, last_account])
    instant = np.concatenate([instant, last_instant, np.full(last_account.size, end)])
    wanted = is_labelled[account]
    account, instant = np.unique(np.stack([account[wanted], instant[wanted]]), axis=1)
    slices = ego.slices(account, instant, history_days=history_days)
    # An account without a send in the look-back gets no verdict when it is scored, so there is nothing to learn.
    sent = np.zeros(ego.time.size + 1, np.int64)
    np.cumsum(ego.flag & 1, out=sent[1:])
    slices = slices[sent[slices.ends] > sent[slices.starts]]
    if not len(slices):
        raise InsufficientDataError(
            "fit: labelled accounts must have sent messages; got none that did. Give messages of labelled accounts."
        )
    return slices


def _parts(ego: EgoLog, slices: Slices) -> npt.NDArray[np.int64]:
    """Put each row into the part of its account, by when the account first sent."""
    accounts, first = np.unique(slices.account, return_index=True)
    appeared: Instants = slices.as_of[
        first
    ]  # just after the first send: rows are sorted by account, then instant
    order = np.argsort(appeared, kind="stable")
    part = np.zeros(ego.n_accounts, np.int64)
    for cut in _CUTS:
        part[accounts[order[round(cut * accounts.size) :]]] += 1
    return part[slices.account]


def _check_classes(rows: LabelledRows) -> None:
    for part, which in enumerate(("earliest 60 %", "next 20 %", "latest 20 %")):
        for automated, kind in ((True, "automated"), (False, "honest")):
            n = rows.n_accounts(part, automated)
            if n < MIN_PER_CLASS:
                raise InsufficientDataError(
                    f"fit: the {which} of the labelled accounts must hold at least {MIN_PER_CLASS} {kind} ones; "
                    f"got {n:,}. Label more accounts of both kinds, over a longer stretch of time."
                )
