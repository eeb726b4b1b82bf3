"""Accounts that are alike across the parts of a split: of one campaign, of one cluster, or one account twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.listing import list_campaigns
from spamclf.campaigns.table import safe_text
from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.evaluate.leakage.changed import Accounts
from spamclf.evaluate.leakage.disguise import KnownLabels
from spamclf.evaluate.leakage.parts import Parts
from spamclf.evaluate.leakage.report import Finding, Severity
from spamclf.evaluate.leakage.values import Values, plain_ids
from spamclf.facts import column_of, instants_of
from spamclf.instants import DAY_US
from spamclf.lists import lists_of
from spamclf.schema import TABLES

__all__ = ["campaigns_apart", "clusters_apart", "equal_rows_apart", "equal_sends_apart"]

Counts = npt.NDArray[np.int64]

#: Messages to the same people at the same instants that two accounts share, at least, and the share of all that either
#: sent. Where clocks tell whole hours, accounts of one campaign share up to half.
_SENDS, _OF_SENDS = 5, 0.5
#: Different values that two accounts share and nobody else has, and the share of features that is equal, at least.
#: In simulated worlds accounts of one campaign, known or not, have up to 15 in 60 %, others 2; copies have 9 or more.
_OWN, _OF_FEATURES = 5, 2 / 3
#: A flag or a count up to this is equal by chance, and so are the others that hang on it.
_SMALL = 10


def campaigns_apart(parts: Parts, dataset: Dataset, accounts: Accounts, end: int) -> Iterator[Finding]:
    """Look at the operations that the labels name."""
    labels = dataset.labels
    named = np.asarray(column_of(labels, "campaign").is_valid(), np.bool_) & (
        instants_of(labels, "labelled_at") < end
    )
    labels = labels.filter(pa.array(named))
    who = accounts.codes(plain_ids(column_of(labels, "account_id"), dataset))
    campaign = column_of(labels, "campaign").cast(pa.string()).dictionary_encode()
    group = np.asarray(campaign.indices, np.int64)
    names = campaign.dictionary.to_pylist()
    spread = parts.spread(who, group, len(names))
    for each in sorted(np.flatnonzero(spread > 1).tolist(), key=names.__getitem__):
        members = np.unique(who[group == each])
        name = safe_text(names[each]) or ""
        sentence = f"accounts of this known campaign are in {spread[each]} parts"
        n = int(np.isin(members, parts.account).sum())
        yield Finding("campaign_in_parts", "leak", name, n, members.size, sentence)


def clusters_apart(
    parts: Parts, dataset: Dataset, accounts: Accounts, labels: KnownLabels, end: int, n_jobs: int
) -> Iterator[Finding]:
    """Look at the clusters of near-duplicate photos, texts and recipient lists over the whole time.

    Honest people share a picture or a saying, too: a cluster of which fewer than half of the labelled accounts are
    automated is no campaign, and an honest account in one that is gives nobody away.
    """
    members = _clusters(dataset, end, n_jobs)
    who = accounts.codes(plain_ids(members["account_id"].combine_chunks(), dataset))
    verdict = labels.verdict[who]
    tried = int(np.unique(parts.account).size)
    for kind, alike in (("photo", "photos"), ("text", "texts"), ("list", "recipient lists")):
        mine = np.asarray(pc.equal(members["kind"], kind), np.bool_)
        names, group = np.unique(np.asarray(members["campaign"])[mine], return_inverse=True)
        account, judged = who[mine], verdict[mine]
        n_honest, n_automated = (np.bincount(group[judged == each], minlength=names.size) for each in (0, 1))
        campaign = n_automated >= n_honest
        known = campaign & (parts.spread(account[judged == 1], group[judged == 1], names.size) > 1)
        others = campaign & (parts.spread(account[judged != 0], group[judged != 0], names.size) > 1) & ~known
        grades: tuple[tuple[Severity, str, npt.NDArray[np.bool_]], ...] = (
            ("leak", "automated accounts", known),
            ("suspicion", "accounts", others),
        )
        for severity, whose, apart in grades:
            if apart.any():
                concerned = np.unique(account[apart[group]])
                n = int(np.isin(concerned, parts.account).sum())
                where = f"{apart.sum():,} of {names.size:,} clusters of nearly the same {alike}"
                sentence = f"in {where} {whose} are in several parts"
                yield Finding("campaign_in_parts", severity, f"{kind} clusters", n, tried, sentence)


def _clusters(dataset: Dataset, end: int, n_jobs: int) -> pa.Table:
    """Return the members of all clusters of two accounts or more before an instant."""
    first = [
        pc.min(dataset.tables[name][TABLES[name].time]).cast(pa.int64()).as_py()
        for name in ("messages", "photos", "texts")
    ]
    begin = min((each for each in first if each is not None), default=end)
    days = min(max((end - begin) / DAY_US + 1, 1.0), 36_500.0)
    ego = EgoLog.build(dataset, n_jobs=n_jobs)
    return list_campaigns(
        dataset, as_of=end, history_days=days, min_accounts=2, n_jobs=n_jobs,
        lists=lambda until: lists_of(ego, until, days, n_jobs=n_jobs),
    ).members()  # fmt: skip


def equal_sends_apart(parts: Parts, dataset: Dataset, accounts: Accounts, end: int) -> Iterator[Finding]:
    """Look for accounts that sent messages to the same people at the same instants: one account under two ids."""
    messages = dataset.messages.filter(pa.array(instants_of(dataset.messages, "sent_at") < end))
    sender = accounts.codes(plain_ids(column_of(messages, "sender_id"), dataset))
    recipient = np.asarray(
        plain_ids(column_of(messages, "recipient_id"), dataset).dictionary_encode().indices, np.int64
    )
    sent_at = instants_of(messages, "sent_at")
    order = np.lexsort((sender, sent_at, recipient))
    sender, recipient, sent_at = sender[order], recipient[order], sent_at[order]
    again = (recipient[1:] == recipient[:-1]) & (sent_at[1:] == sent_at[:-1]) & (sender[1:] != sender[:-1])
    pairs, n = np.unique(np.stack([sender[:-1], sender[1:]])[:, again], axis=1, return_counts=True)
    n_sent = np.bincount(sender, minlength=len(accounts))[pairs].max(axis=0)
    copies = pairs[:, n >= np.maximum(_SENDS, _OF_SENDS * n_sent)]
    yield from _copies_apart(
        parts, accounts, copies, "messages", "sent the same messages at the same instants"
    )


def equal_rows_apart(parts: Parts, accounts: Accounts, values: Values) -> Iterator[Finding]:
    """Look for equal values that are no coincidence: many, and some of them that only two accounts have."""
    who = np.unique(parts.account)
    rows = values.of(accounts.ids, values.names)[:, who]
    shared = []
    for row in rows:
        order = np.argsort(row, kind="stable")  # unknown ones last, none of them equal to another
        new = np.flatnonzero(np.append(True, row[order][1:] != row[order][:-1]))
        first = new[np.diff(np.append(new, row.size)) == 2]
        value = row[order[first]]
        telling = np.isfinite(value) & ((value != np.floor(value)) | (np.abs(value) > _SMALL))
        shared.append(np.stack([order[first], order[first + 1], value])[:, telling])
    pairs = np.unique(np.concatenate(shared, axis=1), axis=1)[:2].astype(np.int64)
    pairs, n_own = np.unique(pairs, axis=1, return_counts=True)
    pairs = pairs[:, n_own >= _OWN]
    one, other = rows[:, pairs[0]], rows[:, pairs[1]]
    n_known = (~np.isnan(one) | ~np.isnan(other)).sum(axis=0)
    copies = who[pairs[:, (one == other).sum(axis=0) >= _OF_FEATURES * n_known]]
    alike = "have the same values in most features, some of which nobody else has"
    yield from _copies_apart(parts, accounts, copies, "features", alike)


def _copies_apart(
    parts: Parts, accounts: Accounts, pairs: Counts, subject: str, alike: str
) -> Iterator[Finding]:
    """Tell of the accounts of pairs, and of pairs of these, that are in several parts."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(accounts)
    linked = coo_array((np.ones(pairs.shape[1], np.bool_), (pairs[0], pairs[1])), shape=(n, n))
    n_groups, group = connected_components(linked, directed=False)
    spread = parts.spread(np.arange(n), group.astype(np.int64), n_groups)
    alone = np.bincount(group) == 1
    apart = (spread > 1) & ~alone
    if apart.any():
        concerned = int(np.isin(np.flatnonzero(apart[group]), parts.account).sum())
        sentence = f"accounts in several parts {alike}"
        tried = int(np.unique(parts.account).size)
        yield Finding("duplicate_rows", "leak", subject, concerned, tried, sentence)
