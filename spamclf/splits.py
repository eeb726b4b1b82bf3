"""Who learns, who calibrates, who is tested on: later time for later parts, and whole campaigns on one side."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spamclf.ego import EgoLog, Instants
from spamclf.errors import InsufficientDataError
from spamclf.groups import CampaignGroups
from spamclf.instants import DAY_US, iso

__all__ = [
    "PARTS",
    "SHARES",
    "Split",
    "latest_labels",
    "split_accounts",
    "with_unlabelled",
]

#: In the order of time.
PARTS = ("train", "calibration", "test")
SHARES = (0.6, 0.2, 0.2)
_LEAST_OLD = (
    0.1  # share of the accounts known early that each later part gets: it must see established ones, too
)
#: A silence of at least a month is cut instead, if that moves so small a share of the days to the other side.
_SILENCE_US, _MOVED = 30 * DAY_US, 0.05


@dataclass(frozen=True, eq=False)
class Split:
    """Accounts in three parts, each with a stretch of time of its own.

    Attributes
    ----------
    part : ndarray of shape (n_accounts,), dtype int8
        Index into `PARTS`; -1 for an account that is not labelled, never sent, or is left out.
    groups : CampaignGroups
        The automated accounts of one campaign are all in one part.
    bounds : tuple of 4 ints
        Part k is looked at in ``(bounds[k], bounds[k + 1]]``, microseconds since the epoch.
    n_left_out : int
        Automated accounts that are in no part because others of their cluster are in an earlier one.
    """

    part: npt.NDArray[np.int8]
    groups: CampaignGroups
    bounds: tuple[int, int, int, int]
    n_left_out: int = 0

    def window(self, account: npt.NDArray[np.int64]) -> tuple[Instants, Instants]:
        """Return the stretch ``(low, high]`` in which each of some accounts is looked at."""
        bounds, part = np.array(self.bounds), self.part[account]
        return bounds[part], bounds[part + 1]


def split_accounts(ego: EgoLog, end: int, label: npt.NDArray[np.int8], groups: CampaignGroups) -> Split:
    """Put labelled accounts that sent before `end` into three parts.

    Time is cut where 60 % and 80 % of the days lie on which labelled accounts sent, or after the last day before a
    month of silence within five points of that: logs put one after the other are not cut in the midst of one, where
    accounts would be seen for some days only. Honest accounts are drawn into
    the parts by a hash of their ids, new and established ones alike: so those that calibrate and test are what a
    later instant brings, neither newer nor older. Of automated ones there are few, and many are gone when the first
    stretch ends: a campaign that began in a later stretch belongs to its part, and of those that began in the
    first, as many as the later parts still lack, a tenth of them at least, are drawn for each. A part is looked at
    in its own stretch alone (the threshold looks at honest calibration accounts before it, too); it learns neither
    from what came later nor from an account or a campaign of another part: where chains of clusters had to be cut,
    automated accounts of later parts with others of their cluster in an earlier one are left out. Honest ones stay:
    those that share something with a campaign are the ones a threshold must spare.

    Parameters
    ----------
    ego : EgoLog
    end : int
        Messages at or after this instant (microseconds since the epoch) are unseen.
    label : ndarray of shape (n_accounts,), dtype int8
        1 automated, 0 honest, -1 unknown.
    groups : CampaignGroups

    Returns
    -------
    split : Split
        The last part ends just after the last message before `end`: what an account looks like long after the log
        ended tells how long ago that was.

    Raises
    ------
    InsufficientDataError
        If no labelled account sent.
    """
    account, sent_at = _active_days(ego, end, label >= 0)
    if not account.size:
        raise InsufficientDataError(
            "fit: labelled accounts must have sent messages; got none that did. Give messages of labelled accounts."
        )
    cuts = _cuts(np.sort(sent_at))
    # What an account was before the log begins cannot be seen in it: nothing is learnt from such instants.
    last = int(ego.time[ego.time < end].max()) + 1
    bounds = (int(ego.time.min()), int(cuts[0]), int(cuts[1]), last)
    part = _drawn_parts(ego, label, groups.group, account, sent_at, cuts)
    n_drawn = (part >= 0).sum()
    for k in (1, 2):
        part[(part == k) & (label == 1) & groups.with_mates((part >= 0) & (part < k))] = -1
    return Split(part, groups, bounds, int(n_drawn - (part >= 0).sum()))


def _cuts(sent_at: Instants) -> Instants:
    """Cut sorted first sends of days where the later parts begin."""
    cuts = np.cumsum(SHARES)[:2]
    usual = sent_at[[round(cut * (sent_at.size - 1)) for cut in cuts]]
    before = np.flatnonzero(np.diff(sent_at) > _SILENCE_US)
    if not before.size:
        return usual
    moved = np.abs((before + 1)[:, None] / sent_at.size - cuts)
    nearest = moved.argmin(axis=0)
    end_of_day = (sent_at[before[nearest]] // DAY_US + 1) * DAY_US
    return np.where(moved.min(axis=0) <= _MOVED, end_of_day, usual)


def _drawn_parts(
    ego: EgoLog,
    label: npt.NDArray[np.int8],
    group: npt.NDArray[np.int64],
    account: npt.NDArray[np.int64],
    sent_at: Instants,
    cuts: Instants,
) -> npt.NDArray[np.int8]:
    """Draw the part of each account, the same for a whole group; (account, sent_at) are the days it sent on."""
    began = np.full(int(group.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(began, group[account], sent_at)
    senders = np.unique(account)
    part = np.full(ego.n_accounts, -1, np.int8)
    part[senders] = np.searchsorted(cuts, began[group[senders]], side="right")
    is_campaign = np.zeros(began.size, np.bool_)
    is_campaign[group[senders[label[senders] == 1]]] = True
    drawn = _drawn(ego, group)
    campaigns = senders[is_campaign[group[senders]]]
    old = campaigns[part[campaigns] == 0]
    if old.size:
        size = np.bincount(part[campaigns], minlength=len(PARTS)) / old.size
        later = [max(_LEAST_OLD, SHARES[k] * campaigns.size / old.size - size[k]) for k in (1, 2)]
        part[old] = np.searchsorted([1.0 - sum(later), 1.0 - later[1]], _rank(drawn[old]), side="right")
    people = senders[~is_campaign[group[senders]]]
    part[people] = np.searchsorted(np.cumsum(SHARES)[:2], _rank(drawn[people]), side="right")
    return part


def with_unlabelled(ego: EgoLog, split: Split, label: npt.NDArray[np.int8]) -> Split:
    """Put accounts without a label that sent in its stretch into the training part, unless their campaign is elsewhere.

    Six in ten of them, told by a hash of their ids: as many as of the labelled ones.
    """
    group = split.groups.group
    latest = np.full(int(group.max()) + 1, -1, np.int8)
    np.maximum.at(latest, group, split.part)
    free = np.zeros(label.size, np.bool_)  # who never sent is left out here as among the labelled ones
    free[_active_days(ego, split.bounds[1], label < 0)[0]] = True
    free &= np.isin(latest[group], (-1, 0)) & ~split.groups.with_mates(split.part > 0)
    free &= _drawn(ego, group) < SHARES[0]
    return replace(split, part=np.where(free, np.int8(0), split.part))


def _rank(drawn: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the share of accounts drawn before each, half of its own campaign among them; equal in a campaign."""
    _, place, size = np.unique(drawn, return_inverse=True, return_counts=True)
    rank: npt.NDArray[np.float64] = (np.cumsum(size) - size / 2)[place] / drawn.size
    return rank


def latest_labels(ego: EgoLog, end: int, where: str = "fit") -> npt.NDArray[np.int8]:
    """Return the latest label before `end` of each scored account: 1, 0, or -1 for none.

    Raises
    ------
    InsufficientDataError
        If there is none at all.
    """
    _, labelled_at, is_automated = ego.labels
    rows = latest_label_rows(ego, end)
    if not (rows >= 0).any():
        got = f"{labelled_at.size:,}, all of them later" if labelled_at.size else "none"
        raise InsufficientDataError(
            f"{where}: labels must be known before {iso(end)}; got {got}. "
            "Give a table of labels (account_id, is_automated, labelled_at), or a later as_of."
        )
    latest = np.full(ego.n_accounts, -1, np.int8)
    latest[rows >= 0] = is_automated[rows[rows >= 0]]
    return latest


def latest_label_rows(ego: EgoLog, end: int) -> npt.NDArray[np.int64]:
    """Return the row in `ego.labels` of the latest label before `end` of each scored account, -1 for none."""
    account, labelled_at, is_automated = ego.labels
    seen = np.flatnonzero(labelled_at < end)
    order = np.lexsort((~is_automated[seen], labelled_at[seen]))  # among equal instants the milder one stands
    rows = np.full(ego.n_accounts, -1, np.int64)
    rows[account[seen[order]]] = seen[order]
    return rows


def active_between(ego: EgoLog, low: int, high: int) -> npt.NDArray[np.bool_]:
    """Tell which accounts sent in ``(low, high]``."""
    account = np.repeat(np.arange(ego.n_accounts), np.diff(ego.offsets))
    active = np.zeros(ego.n_accounts, np.bool_)
    active[account[((ego.flag & 1) != 0) & (ego.time > low) & (ego.time <= high)]] = True
    return active


def _active_days(
    ego: EgoLog, end: int, wanted: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], Instants]:
    """Return (account, instant) of the first send on each day: who sends thousands of messages counts once a day."""
    account = np.repeat(np.arange(ego.n_accounts), np.diff(ego.offsets))
    sent = ((ego.flag & 1) != 0) & (ego.time < end) & wanted[account]
    account, instant = account[sent], ego.time[sent]
    day = instant // DAY_US
    first = np.ones(account.size, np.bool_)
    first[1:] = (account[1:] != account[:-1]) | (day[1:] != day[:-1])
    return account[first], instant[first]


def _drawn(ego: EgoLog, group: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return a number of [0, 1) for each account, the same for a whole campaign, that no order of rows changes."""
    name = ego.pseudonyms()
    least = np.full(int(group.max()) + 1, np.iinfo(np.uint64).max)
    np.minimum.at(least, group, name)
    drawn: npt.NDArray[np.float64] = least[group] / 2.0**64
    return drawn
