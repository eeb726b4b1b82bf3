"""The clusters of one kind at an instant, with what is needed to show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.sightings import Sightings
from spamclf.campaigns.tally import Counts, Members
from spamclf.facts import Instants
from spamclf.ids import Codes, IdBook

__all__ = ["Part", "Seen", "clusters_of"]

Rows = npt.NDArray[np.int64]


class Seen(Protocol):
    """Sightings, and what each usable row of a dataset has to do with them.

    Attributes
    ----------
    sightings : Sightings
    account_ids : pyarrow.Array of length n_rows
    instant : ndarray of shape (n_rows,), dtype int64
    group : ndarray of shape (n_rows,), dtype int32
        Row of ``sightings.words``.
    row : ndarray of shape (n_rows,), dtype int64
        Row of the dataset's table; of a list, the number of its recipients.
    """

    @property
    def sightings(self) -> Sightings: ...
    @property
    def account_ids(self) -> pa.Array: ...
    @property
    def instant(self) -> Instants: ...
    @property
    def group(self) -> Codes: ...
    @property
    def row(self) -> Rows: ...


@dataclass(frozen=True, eq=False)
class Part:
    """The clusters of one kind that are large enough.

    Attributes
    ----------
    kind : str
    members : Members
        By cluster, in canonical order.
    prints : Members
        By fingerprint.
    cluster : ndarray of shape (n_fingerprints,), dtype int32
    row : ndarray of shape (n_fingerprints,), dtype int64
        `Seen.row` of the fingerprint's earliest sighting.
    is_medoid : ndarray of shape (n_fingerprints,), dtype bool
        One per cluster.
    examples : pyarrow.Array of str or None
        What each row shows.
    """

    kind: str
    members: Members
    prints: Members
    cluster: Codes
    row: Rows
    is_medoid: npt.NDArray[np.bool_]
    examples: pa.Array | None

    def n_fingerprints(self) -> Counts:
        """Return the number of fingerprints by cluster."""
        return np.bincount(self.cluster, minlength=self.members.n_groups).astype(np.int32)

    def medoid_rows(self) -> Rows:
        """Return the row of each cluster's medoid."""
        rows = np.empty(self.members.n_groups, np.int64)
        rows[self.cluster[self.is_medoid]] = self.row[self.is_medoid]
        return rows


def clusters_of(
    kind: str, seen: Seen, examples: pa.Array | None, book: IdBook, since: int, until: int, min_accounts: int,
    *, n_jobs: int = -1,
) -> Part:  # fmt: skip
    """Cluster the sightings of ``[since, until)`` and keep the clusters of at least `min_accounts` accounts.

    `examples` (by `Seen.row`) decides between sightings of one fingerprint at one instant, so that what is shown does
    not depend on the order of rows; accounts are numbered by `book`.
    """
    inside = (seen.instant >= since) & (seen.instant < until)
    used, group = np.unique(seen.group[inside], return_inverse=True)
    account = book.encode(seen.account_ids.filter(pa.array(inside)))
    instant, row = seen.instant[inside], seen.row[inside]
    label, medoid = _clustered(kind, seen.sightings.words[used], n_jobs)

    members = Members.of(label[group], account, instant, instant, medoid.size)
    large = members.sizes() >= min_accounts
    place = np.where(large, np.cumsum(large) - 1, -1).astype(np.int32)
    kept = place[label] >= 0  # by fingerprint
    print_place = np.where(kept, np.cumsum(kept) - 1, -1)
    is_medoid = np.zeros(used.size, np.bool_)
    is_medoid[medoid] = True
    here = kept[group]
    n_prints = int(kept.sum())
    prints = Members.of(print_place[group[here]], account[here], instant[here], instant[here], n_prints)
    return Part(
        kind,
        members.regrouped(place, int(large.sum())),
        prints,
        place[label][kept],
        _earliest(print_place[group[here]], instant[here], row[here], prints, examples),
        is_medoid[kept],
        examples,
    )


def _clustered(kind: str, words: npt.NDArray[Any], n_jobs: int) -> tuple[Codes, Codes]:
    from spamclf.campaigns import clusters

    settings: dict[str, clusters.PhotoNear | clusters.TextNear] = {
        "photo": clusters.PHOTO, "text": clusters.TEXT, "list": clusters.LIST
    }  # fmt: skip
    near = settings[kind]
    found = clusters.cluster(np.ascontiguousarray(words), near=near, n_jobs=n_jobs)
    return found.label, found.medoid


def _earliest(
    group: npt.NDArray[np.integer[Any]],
    instant: Instants,
    row: Rows,
    prints: Members,
    examples: pa.Array | None,
) -> Rows:
    """Return the row of each fingerprint's earliest sighting; of several, the one that shows the least."""
    first, _ = prints.span()
    early = instant == first[group]
    candidates = {"group": group[early], "row": row[early]}
    table = pa.table(candidates)
    keys = [("group", "ascending"), ("row", "ascending")]
    if examples is not None:
        table = table.append_column("example", examples.take(table["row"].combine_chunks()).cast(pa.string()))
        keys = [("group", "ascending"), ("example", "ascending")]
    table = table.sort_by(keys)
    begins = np.flatnonzero(np.diff(np.asarray(table["group"]), prepend=-1))
    return np.asarray(table["row"], np.int64)[begins]
