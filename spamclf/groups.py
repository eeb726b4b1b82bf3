"""Which accounts belong together: campaigns that labels name, and clusters of near-duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.listing import list_campaigns
from spamclf.campaigns.sightings import Kind
from spamclf.ego import EgoLog
from spamclf.facts import column_of, instants_of
from spamclf.ids import IdBook
from spamclf.instants import DAY_US
from spamclf.lists import lists_of

__all__ = ["CampaignGroups", "campaign_groups", "each_alone"]

Codes = npt.NDArray[np.int64]

#: Of the labelled accounts so many may be in one group of several clusters: campaigns that share a photo here, a text
#: there, form chains.
_MOST = 0.04


@dataclass(frozen=True, eq=False)
class CampaignGroups:
    """Accounts that campaigns join.

    Attributes
    ----------
    group : ndarray of shape (n_accounts,), dtype int64
        Equal for accounts that campaigns join, in one step or several.
    account, cluster : ndarray of shape (n_members,), dtype int64
        The members of each found cluster. It may be in several groups where a chain of clusters would tie more than a
        twenty-fifth of the labelled accounts together.
    """

    group: Codes
    account: Codes
    cluster: Codes

    def with_mates(self, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Tell which accounts share a cluster with one of the chosen."""
        hit = np.zeros(int(self.cluster.max(initial=-1)) + 1, np.bool_)
        hit[self.cluster[chosen[self.account]]] = True
        found = np.zeros(self.group.size, np.bool_)
        found[self.account[hit[self.cluster]]] = True
        return found


def each_alone(n_accounts: int) -> CampaignGroups:
    """Return the groups of accounts that nothing joins."""
    return CampaignGroups(np.arange(n_accounts), np.empty(0, np.int64), np.empty(0, np.int64))


def campaign_groups(
    ego: EgoLog,
    end: int,
    label: npt.NDArray[np.int8],
    kinds: Sequence[Kind] = ("photo", "text", "list"),
    *,
    n_jobs: int = -1,
) -> CampaignGroups:
    """Number the campaigns that accounts belong to: those that labels name, and clusters of near-duplicates.

    A cluster of which fewer than half of the labelled accounts are automated is no campaign: honest people share a
    picture or a saying, too. What labels name is one, whoever is in it, and stays whole. Clusters that share accounts
    become one group, the smallest first, up to a twenty-fifth of the labelled accounts: through a photo here and a
    text there nearly all automated accounts may hang together.

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
    groups : CampaignGroups
    """
    given = {"photo": "photos", "text": "texts", "list": "messages"}
    asked = [kind for kind in kinds if given[kind] in ego.dataset.given]
    account, cluster = _clusters(ego, end, asked, n_jobs)
    n_of = [np.bincount(cluster[label[account] == verdict], minlength=_n(cluster)) for verdict in (0, 1)]
    kept = (n_of[1] >= n_of[0])[cluster]
    account, cluster = account[kept], np.unique(cluster[kept], return_inverse=True)[1]
    # Accounts go by the order of hashes of their ids: which campaigns are joined must not depend on that of rows.
    rank = np.argsort(np.argsort(ego.pseudonyms()))
    groups = _Groups((label >= 0)[np.argsort(rank)])
    for members in _split(*_named(ego, end)):
        groups.unite(rank[members], whole=True)
    for members in sorted(
        _split(account, cluster), key=lambda each: (int((label[each] == 1).sum()), int(rank[each].min()))
    ):
        groups.unite(rank[members])
    return CampaignGroups(groups.of_each()[rank], account, cluster)


class _Groups:
    """Accounts united step by step (union-find)."""

    def __init__(self, labelled: npt.NDArray[np.bool_]) -> None:
        self._parent = list(range(labelled.size))
        self._size = labelled.astype(np.int64).tolist()  # of each group, in labelled accounts
        self._most = _MOST * int(labelled.sum())

    def root(self, account: int) -> int:
        while self._parent[account] != account:
            self._parent[account] = self._parent[self._parent[account]]
            account = self._parent[account]
        return account

    def unite(self, members: Codes, *, whole: bool = False) -> None:
        """Unite the members that are in no group yet, and with them the groups of the others as long as there is room.

        The group that holds most of the members comes first.
        """
        shared: dict[int, int] = {}
        for each in members.tolist():
            root = self.root(each)
            shared[root] = shared.get(root, 0) + 1
        order = sorted(shared, key=lambda root: (self._size[root] > 1, -shared[root], root))
        first, *others = order
        for root in others:
            if whole or self._size[root] <= 1 or self._size[first] + self._size[root] <= self._most:
                self._parent[root] = first
                self._size[first] += self._size[root]

    def of_each(self) -> Codes:
        return np.array([self.root(account) for account in range(len(self._parent))], np.int64)


def _n(cluster: Codes) -> int:
    return int(cluster.max(initial=-1)) + 1


def _split(account: Codes, cluster: Codes) -> list[Codes]:
    """Return the members of each cluster."""
    if not account.size:
        return []
    order = np.argsort(cluster, kind="stable")
    begins = np.flatnonzero(np.diff(cluster[order])) + 1
    return np.split(account[order], begins)


def _named(ego: EgoLog, end: int) -> tuple[Codes, Codes]:
    """Return (account, number) of the campaigns that labels before `end` name."""
    labels = ego.dataset.labels
    seen = pa.array(instants_of(labels, "labelled_at") < end)
    who, named = (column_of(labels, name).filter(seen) for name in ("account_id", "campaign"))
    known = named.is_valid()
    number = named.filter(known).cast(pa.string()).dictionary_encode().indices
    return _coded(ego, who.filter(known), number)


def _clusters(ego: EgoLog, end: int, kinds: Sequence[Kind], n_jobs: int) -> tuple[Codes, Codes]:
    """Return (account, number) of all clusters of two accounts or more in the whole dataset before `end`."""
    if not kinds:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    days = _days_of(ego, end)
    members = list_campaigns(
        ego.dataset, as_of=end, history_days=days, kinds=kinds, min_accounts=2, n_jobs=n_jobs,
        lists=lambda until: lists_of(ego, until, days, n_jobs=n_jobs),
    ).members()  # fmt: skip
    numbers = [
        np.asarray(members[name].combine_chunks().dictionary_encode().indices)
        for name in ("kind", "campaign")
    ]
    cluster = np.unique(np.stack(numbers), axis=1, return_inverse=True)[1].ravel()  # each kind counts from 1
    return _coded(ego, members["account_id"].combine_chunks(), cluster)


def _coded(ego: EgoLog, ids: pa.Array, number: npt.ArrayLike) -> tuple[Codes, Codes]:
    account = IdBook(ego.account_ids).encode(ids).astype(np.int64)
    return account, np.asarray(number, np.int64)


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
