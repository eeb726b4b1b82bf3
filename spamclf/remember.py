"""What a model keeps of the data it learned from: the memory by which a known campaign is recognised at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spamclf.campaigns.clusters import LIST, cluster
from spamclf.campaigns.given import check_type
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.shown import Shown, read_photos, read_texts
from spamclf.campaigns.sightings import Sightings
from spamclf.campaigns.verdicts import NO_OPERATOR, Evidence, Labels
from spamclf.ego import DAY_US, EgoLog
from spamclf.existence import Existence
from spamclf.facts import column_of
from spamclf.features.catalogue import family_of
from spamclf.features.extract import resolve_features
from spamclf.instants import check_history, to_instant
from spamclf.lists import lists_of

__all__ = ["remember"]


def remember(
    ego: EgoLog, until: Any, names: Sequence[str], *, history_days: float, n_jobs: int = -1
) -> CampaignIndex | None:
    """Return the fingerprints that the features looked at, with the labels and the evidence on their accounts.

    They are what the features of a later dataset are compared with. Of recipient lists only those are kept that say
    something: whose account is labelled automated or tied to an operator, or that another account's list is near to. An
    honest account's list is nobody's business, and from a fingerprint whoever can list the possible ids learns some of
    the recipients. Nor is anything kept of accounts that do not exist yet at the end of what is looked at
    (`spamclf.existence`): the features do not see them either.

    Parameters
    ----------
    ego : EgoLog
    until : str, datetime or int (microseconds since the epoch)
        Rows at or after this instant are left out, as are those before the look-back
        from the last message by then: labels may come weeks later. Without one it goes back from the instant itself.
    names : sequence of str
        Features of the catalogue or families; kinds that none of them looks at are left out.
    history_days : float
        Look-back in days.
    n_jobs : int, default=-1
        Threads, in joblib's sense.

    Returns
    -------
    memory : CampaignIndex or None
        None when there is nothing to remember.

    Raises
    ------
    ParameterError
        For an argument of another type or out of its range.

    Examples
    --------
    >>> from spamclf.folders import read_dataset
    >>> remember(EgoLog.build(read_dataset("data/sample")), "2026-06-01", ["photo", "template"], history_days=30)
    <CampaignIndex: ... accounts; ... photos, ... texts, 0 lists, ... labels>
    """
    check_type(ego, EgoLog, "remember", "ego", "Use EgoLog.build(dataset)")
    until = to_instant(until, name="until", where="remember")
    check_history(history_days)
    names = resolve_features(names, where="remember")
    families = {family_of(name).name for name in names}
    shown: list[Shown] = []
    if "photo" in families:
        shown.append(read_photos(ego.dataset, n_jobs=n_jobs))
    if "template" in families:
        shown.append(read_texts(ego.dataset, n_jobs=n_jobs)[0])
    # The log ends with a message: rows on accounts that nobody knows yet must not move the end, nor later messages.
    end = int(ego.time.max(where=ego.time < until, initial=-1)) + 1 or until
    since = end - round(history_days * DAY_US)
    existence = Existence(ego.dataset, since, until)
    seen = [_of_existing(each, existence) for each in shown]
    known_labels, known_evidence = (
        existence.of(column_of(table, "account_id")) for table in (ego.dataset.labels, ego.dataset.evidence)
    )
    labels = Labels.of_dataset(ego.dataset, known_labels).between(since, until)
    evidence = Evidence.of_dataset(ego.dataset, known_evidence).between(since, until)
    if any(name.startswith("co_target_cluster_") for name in names):
        lists = lists_of(ego, end, history_days, n_jobs=n_jobs).sightings
        seen.append(_telling(lists, labels, evidence, n_jobs))
    if not any(len(part) for part in seen):
        return None
    return CampaignIndex().add(*seen, labels=labels, evidence=evidence)


def _of_existing(shown: Shown, existence: Existence) -> Sightings:
    """Return what accounts that exist showed in the look-back."""
    exists = existence.of(shown.account_ids)
    seen = shown.sightings
    if not exists.all():
        seen = seen.where(np.isin(seen.account, shown.account[~exists], invert=True))
    return seen.between(existence.since, existence.until)


def _telling(lists: Sightings, labels: Labels, evidence: Evidence, n_jobs: int) -> Sightings:
    """Return the recipient lists of suspects, and those that several accounts have nearly the same."""
    who, latest = np.unique(labels.account[::-1], return_index=True)
    automated = who[labels.is_automated[::-1][latest]]
    tied = evidence.account[evidence.operator != NO_OPERATOR]
    suspect = np.isin(lists.account, np.concatenate([automated, tied]))
    label = cluster(lists.words, near=LIST, n_jobs=n_jobs).label[lists.group]
    members = np.unique(np.stack([label.astype(np.uint64), lists.account]), axis=1)[0].astype(np.int64)
    return lists.where(suspect | (np.bincount(members, minlength=1)[label] > 1))
