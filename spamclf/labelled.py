"""Labelled snapshots: the rows that a model learns from, is calibrated with and is tested on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spamclf.campaigns.sightings import Kind
from spamclf.ego import EgoLog, Slices
from spamclf.errors import InsufficientDataError
from spamclf.facts import NAT
from spamclf.features.catalogue import CATALOGUE
from spamclf.features.extract import measure
from spamclf.groups import campaign_groups, each_alone
from spamclf.splits import PARTS, Split, latest_labels, split_accounts, with_unlabelled

__all__ = [
    "CALIBRATION",
    "EARLIER",
    "MIN_PER_CLASS",
    "PARTS",
    "SNAPSHOTS",
    "TEST",
    "TRAIN",
    "LabelledRows",
    "choose_rows",
    "labelled_rows",
    "stated_looks",
    "worth_a_look",
]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Sends after which an account is looked at, besides its registration, its last send and the end.
SNAPSHOTS = (1, 5, 20, 100)
TRAIN, CALIBRATION, TEST = range(len(PARTS))
#: Of rows in no part: an honest calibration account before the calibration's stretch of time.
EARLIER = -1
#: Accounts of either class that each part needs.
MIN_PER_CLASS = 5
_TIERS: dict[Kind, str] = {"photo": "2", "text": "3", "list": "1"}


@dataclass(frozen=True)
class LabelledRows:
    """Labelled accounts at instants; sorted by account, then instant.

    Accounts and campaigns stand in the order of hashes of their ids, so that nothing made from the rows depends on the
    order of the dataset's: neither sums of floats, nor draws.

    Attributes
    ----------
    slices : Slices
        Account, look-back and instant of each row.
    y : ndarray of shape (n_rows,), dtype bool
        Whether the account is automated.
    part : ndarray of shape (n_rows,), dtype int8
        Index into `PARTS`; the automated accounts of a campaign are in one part. `EARLIER` in the rows of honest
        calibration accounts from before that part's stretch, which only the threshold looks at. Honest accounts of a
        later part that show nothing in its stretch are in the first instead, if they showed something there.
    group : ndarray of shape (n_rows,), dtype int64
        The campaign of the account; one of its own for an account of none.
    labelled : ndarray of shape (n_rows,), dtype bool
        Whether a label says so; others are training rows that are taken for honest.
    weight : ndarray of shape (n_rows,), dtype float64
        The rows of one account in its part weigh 1 together, those of one without a label less; the earlier ones
        nothing.
    X : ndarray of shape (n_rows, n_features), dtype float64
    bounds : tuple of 4 ints
        Rows of part k lie in ``(bounds[k], bounds[k + 1]]``, microseconds since the epoch.
    n_left_out : int
        As of `Split`.
    """

    slices: Slices
    y: Bools
    part: npt.NDArray[np.int8]
    group: npt.NDArray[np.int64]
    labelled: Bools
    weight: Floats
    X: Floats
    bounds: tuple[int, int, int, int]
    n_left_out: int = 0

    def last(self) -> Bools:
        """Tell of each row whether it is its account's last."""
        account = self.slices.account
        return np.append(account[1:] != account[:-1], True)

    def n_accounts(self, part: int, automated: bool) -> int:
        """Count the labelled accounts of a part and a class."""
        chosen = (self.part == part) & (self.y == automated) & self.labelled
        return int(np.unique(self.slices.account[chosen]).size)


def labelled_rows(
    ego: EgoLog,
    end: int,
    names: Sequence[str],
    *,
    history_days: float,
    whole_campaigns: bool = True,
    unlabelled: float = 0.0,
    check: Callable[[LabelledRows], None] | None = None,
    n_jobs: int = -1,
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
    whole_campaigns : bool, default=True
        Whether the automated accounts of a campaign, known or found by what the features may look at, are kept in one
        part.
    unlabelled : float, default=0
        Weight of training accounts without a label, taken for honest ones; 0 leaves them out.
    check : callable, optional
        Called with the rows before their features are computed: what it refuses costs no more.
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
    rows = choose_rows(
        ego, end, names, history_days=history_days, whole_campaigns=whole_campaigns, unlabelled=unlabelled,
        n_jobs=n_jobs,
    )  # fmt: skip
    if check is not None:
        check(rows)
    return replace(rows, X=np.ascontiguousarray(measure(ego, rows.slices, names, n_jobs=n_jobs).T))


def choose_rows(
    ego: EgoLog,
    end: int,
    names: Sequence[str],
    *,
    history_days: float,
    whole_campaigns: bool = True,
    unlabelled: float = 0.0,
    n_jobs: int = -1,
) -> LabelledRows:
    """Do as `labelled_rows`, without features: `X` has no columns."""
    label = latest_labels(ego, end)
    groups = each_alone(ego.n_accounts)
    if whole_campaigns:
        tiers = {CATALOGUE[name].tier for name in names}
        kinds = [kind for kind, tier in _TIERS.items() if tier in tiers]
        groups = campaign_groups(ego, end, label, kinds, n_jobs=n_jobs)
    split = split_accounts(ego, end, label, groups)
    if unlabelled:
        split = with_unlabelled(ego, split, label)
    slices = _snapshots(ego, split, label, history_days)
    # Honest accounts drawn into a later part that show nothing there are of use to train on, if they sent before.
    idle = (split.part > TRAIN) & (label == 0)
    idle[slices.account] = False
    if idle.any():
        split = replace(split, part=np.where(idle, np.int8(TRAIN), split.part))
        slices = _snapshots(ego, split, label, history_days)
    hashed = ego.pseudonyms()
    order = np.lexsort((slices.as_of, hashed[slices.account]))
    slices = slices[order]
    account, low = slices.account, split.window(slices.account)[0]
    part = np.where(slices.as_of > low, split.part[account], np.int8(EARLIER))
    weight = np.where(part == EARLIER, 0.0, np.where(label[account] >= 0, 1.0, unlabelled))
    weight /= np.bincount(account[part != EARLIER], minlength=ego.n_accounts)[account]
    rows = LabelledRows(
        slices, label[account] == 1, part, _renumbered(groups.group, hashed)[account], label[account] >= 0, weight,
        np.empty((len(slices), 0)), split.bounds, split.n_left_out,
    )  # fmt: skip
    _check_classes(rows)
    return rows


def stated_looks(ego: EgoLog, until: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (account, instant) of the looks that a certificate speaks of, at every account.

    When it registers, after its 1st, 5th, 20th, 100th and last send before `until`, and at `until` (microseconds since
    the epoch; a scalar, or one instant per account).
    """
    every = np.arange(ego.n_accounts)
    registered = every[: ego.facts.registered_at.size]
    registered = registered[ego.facts.registered_at[registered] != NAT]
    looks = (
        (registered, ego.facts.registered_at[registered] + 1),
        ego.after_sends(SNAPSHOTS, until),
        ego.after_last_send(until),
        (every, np.broadcast_to(np.asarray(until, np.int64), every.shape)),
    )
    account, instant = (np.concatenate([look[k] for look in looks]) for k in range(2))
    return account, instant


def worth_a_look(ego: EgoLog, slices: Slices) -> Bools:
    """Tell which slices show something: a send within the look-back, or a new account before its first one.

    An account that went silent gets no verdict when it is scored, so there is nothing to learn.
    """
    is_new = np.zeros(len(slices), np.bool_)
    listed = slices.account < ego.facts.registered_at.size
    is_new[listed] = slices.as_of[listed] == ego.facts.registered_at[slices.account[listed]] + 1
    return _has_sent(ego, slices) | is_new


def _has_sent(ego: EgoLog, slices: Slices) -> Bools:
    """Tell which slices have a send in them."""
    sent = np.zeros(ego.time.size + 1, np.int64)
    np.cumsum(ego.flag & 1, out=sent[1:])
    has_sent: Bools = sent[slices.ends] > sent[slices.starts]
    return has_sent


def _snapshots(ego: EgoLog, split: Split, label: npt.NDArray[np.int8], history_days: float) -> Slices:
    """Return the stated looks at the accounts of each part in its stretch of time.

    And at the honest ones of the calibration part that are seen there, also before: who is looked at again and again is
    flagged by the highest score of a lifetime, not by that of its latest days.
    """
    until = np.full(ego.n_accounts, split.bounds[0])
    chosen = split.part >= 0
    until[chosen] = split.window(np.flatnonzero(chosen))[1]
    account, instant = stated_looks(ego, until)
    low = np.full(ego.n_accounts, split.bounds[0])
    low[chosen] = split.window(np.flatnonzero(chosen))[0]
    spare = (split.part == CALIBRATION) & (label == 0)
    first = np.where(spare, split.bounds[0], low)
    inside = chosen[account] & (first[account] < instant) & (instant <= until[account])
    account, instant = np.unique(np.stack([account[inside], instant[inside]]), axis=1)
    slices = ego.slices(account, instant, history_days=history_days)
    slices = slices[worth_a_look(ego, slices)]
    shown = slices.as_of > low[slices.account]
    shown &= ~spare[slices.account] | _has_sent(ego, slices)  # who only registered there would prove nothing
    seen = np.zeros(ego.n_accounts, np.bool_)
    seen[slices.account[shown]] = True
    return slices[seen[slices.account]]


def _renumbered(group: npt.NDArray[np.int64], hashed: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Number the groups in the order of their least hash."""
    least = np.full(int(group.max()) + 1, np.iinfo(np.uint64).max)
    np.minimum.at(least, group, hashed)
    return np.unique(least[group], return_inverse=True)[1]


def _check_classes(rows: LabelledRows) -> None:
    for part, which in enumerate(PARTS):
        for automated, kind in ((True, "automated"), (False, "honest")):
            n = rows.n_accounts(part, automated)
            if n < MIN_PER_CLASS:
                raise InsufficientDataError(
                    f"fit: the {which} part must hold at least {MIN_PER_CLASS} {kind} accounts; got {n:,}. Label more "
                    "accounts of both kinds, over a longer stretch of time; if one campaign holds most of them, "
                    "whole_campaigns=False lets parts share it."
                )
