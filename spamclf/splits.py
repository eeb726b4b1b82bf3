"""Who learns, who calibrates, who is tested on: later time for later parts, and whole campaigns on one side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.listing import list_campaigns
from spamclf.campaigns.sightings import Kind, pseudonyms
from spamclf.ego import EgoLog, Instants
from spamclf.errors import InsufficientDataError
from spamclf.facts import column_of, instants_of
from spamclf.ids import IdBook
from spamclf.instants import DAY_US, iso
from spamclf.lists import lists_of

__all__ = [
    "PARTS",
    "SHARES",
    "Split",
    "campaign_groups",
    "latest_labels",
    "split_accounts",
    "with_unlabelled",
]

#: In the order of time.
PARTS = ("train", "calibration", "test")
SHARES = (0.6, 0.2, 0.2)
#: Of the labelled accounts so many may be in one group of clusters: campaigns that share a photo here, a text there,
#: form chains.
_MOST = 0.1
_LEAST_OLD = (
    0.1  # share of the accounts known early that each later part gets: it must see established ones, too
)


@dataclass(frozen=True, eq=False)
class Split:
    """Accounts in three parts, each with a stretch of time of its own.

    Attributes
    ----------
    part : ndarray of shape (n_accounts,), dtype int8
        Index into `PARTS`; -1 for an account that is not labelled or never sent.
    group : ndarray of shape (n_accounts,), dtype int64
        The accounts of one campaign have one number, and are all in one part.
    bounds : tuple of 4 ints
        Part k is looked at in ``(bounds[k], bounds[k + 1]]``, microseconds since the epoch.
    """

    part: npt.NDArray[np.int8]
    group: npt.NDArray[np.int64]
    bounds: tuple[int, int, int, int]

    def window(self, account: npt.NDArray[np.int64]) -> tuple[Instants, Instants]:
        """Return the stretch ``(low, high]`` in which each of some accounts is looked at."""
        bounds, part = np.array(self.bounds), self.part[account]
        return bounds[part], bounds[part + 1]


def split_accounts(ego: EgoLog, end: int, label: npt.NDArray[np.int8], group: npt.NDArray[np.int64]) -> Split:
    """Put labelled accounts that sent before `end` into three parts.

    Time is cut where 60 % and 80 % of the days lie on which labelled accounts sent. Honest accounts are drawn into the
    parts by a hash of their ids, new and established ones alike: so those that calibrate and test are what a later
    instant brings, neither newer nor older. Of automated ones there are few, and many are gone when the first stretch
    ends: a campaign that began in a later stretch belongs to its part, and of those that began in the first, as many as
    the later parts still lack, a tenth of them at least, are drawn for each. A part is looked at in its own stretch
    alone; it learns neither from what came later nor from an account or a campaign of another part.

    Parameters
    ----------
    ego : EgoLog
    end : int
        Messages at or after this instant (microseconds since the epoch) are unseen.
    label : ndarray of shape (n_accounts,), dtype int8
        1 automated, 0 honest, -1 unknown.
    group : ndarray of shape (n_accounts,), dtype int64
        The campaign of each account (`campaign_groups`); one of its own for an account of none.

    Returns
    -------
    split : Split

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
    cuts = np.sort(sent_at)[[round(cut * (sent_at.size - 1)) for cut in np.cumsum(SHARES)[:2]]]
    # What an account was before the log begins cannot be seen in it: nothing is learnt from such instants.
    bounds = (int(ego.time.min()), int(cuts[0]), int(cuts[1]), end)
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
    return Split(part, group, bounds)


def with_unlabelled(ego: EgoLog, split: Split, label: npt.NDArray[np.int8]) -> Split:
    """Put accounts without a label that sent in its stretch into the training part, unless their campaign is elsewhere.

    Six in ten of them, told by a hash of their ids: as many as of the labelled ones.
    """
    first = np.full(int(split.group.max()) + 1, -1, np.int8)
    np.maximum.at(first, split.group, split.part)
    free = np.zeros(label.size, np.bool_)  # who never sent is left out here as among the labelled ones
    free[_active_days(ego, split.bounds[1], label < 0)[0]] = True
    free &= np.isin(first[split.group], (-1, 0)) & (_drawn(ego, split.group) < SHARES[0])
    return replace(split, part=np.where(free, np.int8(0), split.part))


def _rank(drawn: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the share of accounts drawn before each, half of its own campaign among them; equal in a campaign."""
    _, place, size = np.unique(drawn, return_inverse=True, return_counts=True)
    rank: npt.NDArray[np.float64] = (np.cumsum(size) - size / 2)[place] / drawn.size
    return rank


def campaign_groups(
    ego: EgoLog,
    end: int,
    label: npt.NDArray[np.int8],
    kinds: Sequence[Kind] = ("photo", "text", "list"),
    *,
    n_jobs: int = -1,
) -> npt.NDArray[np.int64]:
    """Number the campaigns that accounts belong to: those that labels name, and clusters of near-duplicates.

    A cluster of which fewer than half of the labelled accounts are automated is no campaign: honest people share a
    picture or a saying, too. Campaigns that share accounts become one group, the smallest first, up to a tenth of the
    labelled accounts: through a photo here and a text there nearly all automated accounts may hang together.

    Parameters
    ----------
    ego : EgoLog
    end : int
        Rows at or after this instant (microseconds since the epoch) are unseen.
    label : ndarray of shape (n_accounts,), dtype int8
        1 automated, 0 honest, -1 unknown.
    kinds : sequence of {"photo", "text", "list"}
        Which clusters join accounts.
    n_jobs : int, default=-1
        Threads, in joblib's sense.

    Returns
    -------
    group : ndarray of shape (n_accounts,), dtype int64
        Equal for accounts that campaigns join, in one step or several.
    """
    book, labels = IdBook(ego.account_ids), ego.dataset.labels
    seen = pa.array(instants_of(labels, "labelled_at") < end)
    who, named = (column_of(labels, name).filter(seen) for name in ("account_id", "campaign"))
    known = named.is_valid()
    joined = [(who.filter(known), named.filter(known).cast(pa.string()).dictionary_encode().indices)]
    given = {"photo": "photos", "text": "texts", "list": "messages"}
    asked = [kind for kind in kinds if given[kind] in ego.dataset.given]
    if asked:
        joined.append(_clusters(ego, end, asked, n_jobs))
    return _united(book, joined, label)


def _united(
    book: IdBook, joined: list[tuple[pa.Array, pa.Array]], label: npt.NDArray[np.int8]
) -> npt.NDArray[np.int64]:
    """Unite the accounts of each campaign, the smallest first, as long as no group gets too large."""
    parent = list(range(label.size))
    size = (label >= 0).astype(np.int64).tolist()
    most = max(1.0, _MOST * sum(size))

    def root(account: int) -> int:
        while parent[account] != account:
            parent[account] = parent[parent[account]]
            account = parent[account]
        return account

    for k, (ids, campaign) in enumerate(joined):
        account, place = book.encode(ids).astype(np.int64), np.asarray(campaign, np.int64)
        account, place = account[account >= 0], place[account >= 0]
        n = int(place.max(initial=-1)) + 1
        automated, honest = (np.bincount(place[label[account] == k], minlength=n) for k in (1, 0))
        order = np.argsort(place, kind="stable")
        members = np.split(account[order], np.cumsum(np.bincount(place, minlength=n))[:-1]) if n else []
        for which in np.argsort(automated, kind="stable").tolist():
            if automated[which] < honest[which]:
                continue
            roots = sorted({root(each) for each in members[which].tolist()})
            if k == 0 or sum(size[each] for each in roots) <= most:  # a campaign that labels name stays whole
                for each in roots[1:]:
                    parent[each] = roots[0]
                    size[roots[0]] += size[each]
    return np.array([root(account) for account in range(label.size)], np.int64)


def _clusters(ego: EgoLog, end: int, kinds: Sequence[Kind], n_jobs: int) -> tuple[pa.Array, pa.Array]:
    """Return (account, cluster) of all clusters of two accounts or more in the whole dataset before `end`."""
    days = _days_of(ego, end)
    members = list_campaigns(
        ego.dataset, as_of=end, history_days=days, kinds=kinds, min_accounts=2, n_jobs=n_jobs,
        lists=lambda until: lists_of(ego, until, days, n_jobs=n_jobs),
    ).members()  # fmt: skip
    return members["account_id"].combine_chunks(), members["campaign"].combine_chunks()


def latest_labels(ego: EgoLog, end: int) -> npt.NDArray[np.int8]:
    """Return the latest label before `end` of each scored account: 1, 0, or -1 for none.

    Raises
    ------
    InsufficientDataError
        If there is none at all.
    """
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
    name = pseudonyms(ego.account_ids)
    least = np.full(int(group.max()) + 1, np.iinfo(np.uint64).max)
    np.minimum.at(least, group, name)
    drawn: npt.NDArray[np.float64] = least[group] / 2.0**64
    return drawn


def _days_of(ego: EgoLog, end: int) -> float:
    """Return a look-back in days that holds all of the dataset."""
    tables = ego.dataset.tables
    firsts = [
        (name, time)
        for name, time in (("messages", "sent_at"), ("photos", "set_at"), ("texts", "observed_at"))
    ]
    instants = [
        pc.min(tables[name][time]).cast(pa.int64()).as_py() for name, time in firsts if name in tables
    ]
    begin = min((each for each in instants if each is not None), default=end)
    return min(max((end - begin) / DAY_US + 1.0, 1.0), 36_500.0)
