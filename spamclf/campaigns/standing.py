"""The clusters that stood in a memory at an instant: what `CampaignIndex.clusters` returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.clusters import cluster
from spamclf.campaigns.parts import NEAR, check_looking, shown_hex
from spamclf.campaigns.sightings import Sightings, pseudonyms
from spamclf.campaigns.tally import Members, in_order, numbered, times, verdict_columns
from spamclf.campaigns.verdicts import NO_OPERATOR, Evidence, Labels, Pseudonyms
from spamclf.errors import ParameterError
from spamclf.instants import DAY_US, to_instant

__all__ = ["standing_clusters"]

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
    check_looking(_WHERE, 1 if history_days is None else history_days, min_accounts, n_jobs)
    since = 0 if history_days is None else until - round(history_days * DAY_US)
    left_out = pseudonyms(_ids(leaving_out))
    labels = labels.between(since, until)
    evidence = evidence.where(evidence.operator != NO_OPERATOR).between(since, until)
    seen = [each.where(~np.isin(each.account, left_out)).between(since, until) for each in sightings]
    kinds = [_of_kind(each, labels, evidence, until, n_jobs) for each in seen]
    order = in_order([members for members, _ in kinds])
    table = pa.concat_tables([table for _, table in kinds]).take(pa.array(order))
    which = np.repeat(np.arange(len(kinds)), [members.n_groups for members, _ in kinds])[order]
    table = table.add_column(1, "campaign", pa.array(numbered(which)))
    return table.filter(pa.array(np.asarray(table["n_accounts"]) >= min_accounts))


def _of_kind(
    seen: Sightings, labels: Labels, evidence: Evidence, until: int, n_jobs: int
) -> tuple[Members, pa.Table]:
    """Cluster the sightings of one kind; the clusters are in the order of their least fingerprints."""
    names, account = np.unique(seen.account, return_inverse=True)
    found = cluster(seen.words, near=NEAR[seen.kind], n_jobs=n_jobs)
    members = Members.of(
        found.label[seen.group], account.astype(np.int32), seen.instant, seen.instant, len(found)
    )
    first, last = members.span()
    table = pa.table(
        {
            "kind": pa.repeat(pa.scalar(seen.kind, pa.string()), len(found)),
            "n_accounts": pa.array(members.sizes()),
            "n_fingerprints": pa.array(np.bincount(found.label, minlength=len(found)).astype(np.int32)),
            "first_seen": times(first),
            "last_seen": times(last),
            "age_s": pa.array((until - first) / 1e6),
            "growth_24h": pa.array(members.grown(until - DAY_US)),
            **verdict_columns(members, *_latest(labels, names), np.isin(names, evidence.account)),
            "fingerprint": shown_hex(seen.kind, seen.words[found.medoid]),
        }
    )
    return members, table


def _latest(labels: Labels, names: Pseudonyms) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Tell of each account whether it is labelled, and whether its latest label says automated."""
    labelled, automated = np.zeros(names.size, np.bool_), np.zeros(names.size, np.bool_)
    here = labels.where(np.isin(labels.account, names))
    place = np.searchsorted(names, here.account)
    labelled[place] = True
    automated[place] = here.is_automated  # they are in time, one an instant: of several the last one stays
    return labelled, automated


def _ids(leaving_out: Any) -> pa.Array:
    """Return the ids of accounts to leave out: of one, of several or of none."""
    if leaving_out is None:
        return pa.array([], pa.string())
    if isinstance(leaving_out, pa.Array | pa.ChunkedArray):
        leaving_out = leaving_out.to_pylist()
    one = isinstance(leaving_out, str | bytes) or not isinstance(leaving_out, Iterable)
    ids = [leaving_out] if one else list(leaving_out)
    wrong = [each for each in ids if not isinstance(each, str | int | np.integer) or isinstance(each, bool)]
    if wrong:
        raise ParameterError(
            f"{_WHERE}: leaving_out must be an account id (a string or an integer) or several; got "
            f"{'' if one else 'among others '}{type(wrong[0]).__name__}. Pass ids as they stand in the accounts table."
        )
    return pa.array([str(each) for each in ids], pa.string())
