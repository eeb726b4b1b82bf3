"""The clusters that stood in a memory at an instant: what `CampaignIndex.clusters` returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.clusters import LIST, PHOTO, TEXT, PhotoNear, TextNear, cluster
from spamclf.campaigns.photos import to_hex
from spamclf.campaigns.sightings import Kind, Sightings, pseudonyms
from spamclf.campaigns.tally import Members
from spamclf.campaigns.verdicts import NO_OPERATOR, Evidence, Instants, Labels, Pseudonyms
from spamclf.errors import ParameterError
from spamclf.instants import DAY_US, check_history, to_instant

__all__ = ["check_size", "standing_clusters"]

_NEAR: dict[Kind, PhotoNear | TextNear] = {"photo": PHOTO, "text": TEXT, "list": LIST}
_WHERE = "CampaignIndex.clusters"


def standing_clusters(
    sightings: Sequence[Sightings],
    labels: Labels,
    evidence: Evidence,
    *,
    as_of: Any,
    history_days: float | None,
    leaving_out: Any,
    min_accounts: int,
    n_jobs: int,
) -> pa.Table:
    """Cluster what was known before an instant; see `spamclf.campaigns.index.CampaignIndex.clusters`."""
    until = to_instant(as_of, where=_WHERE)
    check_size(_WHERE, min_accounts)
    since = 0
    if history_days is not None:
        check_history(history_days)
        since = until - round(history_days * DAY_US)
    left_out = pseudonyms(_ids(leaving_out))
    labels = labels.where(_within(labels.labelled_at, since, until))
    evidence = evidence.where(
        _within(evidence.observed_at, since, until) & (evidence.operator != NO_OPERATOR)
    )
    return pa.concat_tables(
        [_of_kind(seen, labels, evidence, left_out, since, until, min_accounts, n_jobs) for seen in sightings]
    )


def check_size(where: str, min_accounts: Any) -> None:
    """Refuse a least size of clusters that is no whole number from 1."""
    if not isinstance(min_accounts, int | np.integer) or isinstance(min_accounts, bool) or min_accounts < 1:
        raise ParameterError(
            f"{where}: min_accounts must be a whole number from 1; got {min_accounts!r}. Use 3."
        )


def _of_kind(
    seen: Sightings,
    labels: Labels,
    evidence: Evidence,
    left_out: Pseudonyms,
    since: int,
    until: int,
    min_accounts: int,
    n_jobs: int,
) -> pa.Table:
    """Lay out the clusters of one kind, by number."""
    seen = seen.where(_within(seen.instant, since, until) & ~np.isin(seen.account, left_out))
    names, account = np.unique(seen.account, return_inverse=True)
    found = cluster(seen.words, near=_NEAR[seen.kind], n_jobs=n_jobs)
    members = Members.of(
        found.label[seen.group], account.astype(np.int32), seen.instant, seen.instant, len(found)
    )
    first, last = members.span()
    labelled, automated = _latest(labels, names)
    n_labelled, n_automated = members.sizes(labelled), members.sizes(automated)
    words = seen.words[found.medoid]
    table = pa.table(
        {
            "kind": pa.repeat(pa.scalar(seen.kind, pa.string()), len(found)),
            "cluster": pa.array(np.arange(len(found), dtype=np.int32)),
            "n_accounts": pa.array(members.sizes()),
            "n_fingerprints": pa.array(np.bincount(found.label, minlength=len(found)).astype(np.int32)),
            "first_seen": pa.array(first, pa.timestamp("us", tz="UTC")),
            "last_seen": pa.array(last, pa.timestamp("us", tz="UTC")),
            "age_s": pa.array((until - first) / 1e6),
            "growth_24h": pa.array(members.grown(until - DAY_US)),
            "n_labelled": pa.array(n_labelled),
            "n_automated": pa.array(n_automated),
            "automated_share": pa.array(n_automated / np.maximum(n_labelled, 1), mask=n_labelled == 0),
            "n_evidence": pa.array(members.sizes(np.isin(names, evidence.account))),
            "medoid": pa.array(to_hex(words) if seen.kind == "photo" else [None] * len(found), pa.string()),
        }
    )
    return table.filter(pa.array(members.sizes() >= min_accounts))


def _latest(labels: Labels, names: Pseudonyms) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Tell of each account whether it is labelled, and whether its latest label says automated."""
    labelled, automated = np.zeros(names.size, np.bool_), np.zeros(names.size, np.bool_)
    here = labels.where(np.isin(labels.account, names))
    place = np.searchsorted(names, here.account)
    labelled[place] = True
    automated[place] = here.is_automated  # they are in time, one an instant: of several the last one stays
    return labelled, automated


def _within(instant: Instants, since: int, until: int) -> npt.NDArray[np.bool_]:
    return (instant >= since) & (instant < until)


def _ids(leaving_out: Any) -> pa.Array:
    """Return the ids of accounts to leave out: of one, of several or of none."""
    if leaving_out is None:
        return pa.array([], pa.string())
    several = leaving_out
    if isinstance(leaving_out, str | int | np.integer):
        several = [leaving_out]
    elif isinstance(leaving_out, pa.Array | pa.ChunkedArray):
        several = leaving_out.to_pylist()
    try:
        ids = list(several)
    except TypeError:
        ids = [leaving_out]
    if not all(isinstance(each, str | int | np.integer) and not isinstance(each, bool) for each in ids):
        raise ParameterError(
            f"{_WHERE}: leaving_out must be an account id (a string or an integer) or several; got "
            f"{type(leaving_out).__name__} with others. Pass ids as they stand in the accounts table."
        )
    return pa.array([str(each) for each in ids], pa.string())
