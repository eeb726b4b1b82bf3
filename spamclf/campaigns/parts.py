"""The clusters of one kind at an instant, with what is needed to show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.clusters import LIST, PHOTO, TEXT, PhotoNear, TextNear, cluster
from spamclf.campaigns.photos import to_hex
from spamclf.campaigns.shown import Prints
from spamclf.campaigns.sightings import Kind, Sightings, Words
from spamclf.campaigns.tally import Counts, Members
from spamclf.campaigns.turning import lying_alike
from spamclf.errors import ParameterError
from spamclf.existence import Existence
from spamclf.facts import Instants
from spamclf.ids import Codes, IdBook
from spamclf.instants import check_history
from spamclf.threads import n_threads

__all__ = ["NEAR", "Part", "Seen", "check_looking", "clusters_of", "shown_hex"]

Rows = npt.NDArray[np.int64]

#: When two fingerprints of a kind are near, in listings and in memories alike.
NEAR: dict[Kind, PhotoNear | TextNear] = {"photo": PHOTO, "text": TEXT, "list": LIST}


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
    prints : Prints
        Of photos at hand, how they look turned and mirrored.
    """

    @property
    def sightings(self) -> Sightings:
        """Who showed what when."""

    @property
    def account_ids(self) -> pa.Array:
        """Whose each usable row is."""

    @property
    def instant(self) -> Instants:
        """When each was shown."""

    @property
    def group(self) -> Codes:
        """Which of the fingerprints each shows."""

    @property
    def row(self) -> Rows:
        """Where each stands in its table."""

    @property
    def prints(self) -> Prints:
        """What pictures look like turned and mirrored."""


@dataclass(frozen=True, eq=False)
class Part:
    """The clusters of one kind that are large enough.

    Attributes
    ----------
    kind : {"photo", "text", "list"}
    members : Members
        By cluster, in canonical order: that of their least fingerprints.
    prints : Members
        By fingerprint.
    component : ndarray of shape (n_clusters,), dtype int32
        Equal for clusters that were cut out of one component of linked fingerprints.
    cluster : ndarray of shape (n_fingerprints,), dtype int32
    row : ndarray of shape (n_fingerprints,), dtype int64
        `Seen.row` of the fingerprint's earliest sighting.
    is_medoid : ndarray of shape (n_fingerprints,), dtype bool
        One per cluster.
    hex : pyarrow.Array of str, length n_fingerprints
        As of `shown_hex`.
    examples : pyarrow.Array of str or None
        What each row shows.
    """

    kind: Kind
    members: Members
    prints: Members
    component: Codes
    cluster: Codes
    row: Rows
    is_medoid: npt.NDArray[np.bool_]
    hex: pa.Array
    examples: pa.Array | None

    def n_fingerprints(self) -> Counts:
        """Return the number of fingerprints by cluster."""
        return np.bincount(self.cluster, minlength=self.members.n_groups).astype(np.int32)

    def medoids(self) -> Rows:
        """Return the number of the fingerprint that is each cluster's medoid."""
        numbers = np.empty(self.members.n_groups, np.int64)
        numbers[self.cluster[self.is_medoid]] = np.flatnonzero(self.is_medoid)
        return numbers


def check_looking(where: str, history_days: Any, min_accounts: Any, n_jobs: Any) -> None:
    """Refuse a look-back that is no number of days, a least size below 1, and threads that are no number.

    Raises
    ------
    ParameterError
    """
    check_history(history_days, where)
    if not _is_whole(min_accounts) or min_accounts < 1:
        raise ParameterError(
            f"{where}: min_accounts must be a whole number from 1; got {min_accounts!r}. Use 3."
        )
    n_threads(n_jobs, where)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def clusters_of(
    kind: Kind, seen: Seen, examples: pa.Array | None, book: IdBook, existence: Existence, min_accounts: int,
    *, n_jobs: int = -1,
) -> Part:  # fmt: skip
    """Cluster the sightings of a look-back and keep the clusters of at least `min_accounts` accounts.

    Only sightings by accounts that exist at its end count (`existence`); accounts are numbered by `book`. `examples`
    (by `Seen.row`) decides between sightings of one fingerprint at one instant, so that what is shown does not depend
    on the order of rows. Copies of a photo that were turned or mirrored are in one cluster where files are at hand.
    """
    inside = (seen.instant >= existence.since) & (seen.instant < existence.until)
    inside[inside] = existence.of(seen.account_ids.filter(pa.array(inside)))
    used, group = np.unique(seen.group[inside], return_inverse=True)
    account = book.encode(seen.account_ids.filter(pa.array(inside)))
    instant, row = seen.instant[inside], seen.row[inside]
    words = seen.sightings.words[used]
    alike = lying_alike(words, seen.prints.of(used), n_jobs=n_jobs) if kind == "photo" else words
    found = cluster(np.ascontiguousarray(alike), near=NEAR[kind], n_jobs=n_jobs)

    members = Members.of(found.label[group], account, instant, instant, len(found))
    large = members.sizes() >= min_accounts
    place = np.where(large, np.cumsum(large) - 1, -1).astype(np.int32)
    kept = place[found.label] >= 0  # by fingerprint
    print_place = np.where(kept, np.cumsum(kept) - 1, -1)
    is_medoid = np.zeros(used.size, np.bool_)
    is_medoid[found.medoid] = True
    here = kept[group]
    n_prints = int(kept.sum())
    prints = Members.of(print_place[group[here]], account[here], instant[here], instant[here], n_prints)
    return Part(
        kind,
        members.regrouped(place, int(large.sum())),
        prints,
        found.component[large],
        place[found.label][kept],
        _earliest(print_place[group[here]], instant[here], row[here], prints, examples),
        is_medoid[kept],
        shown_hex(kind, words[kept]),
        examples,
    )


def shown_hex(kind: Kind, words: Words) -> pa.Array:
    """Write the hashes of photos as banks of hashes do, 64 hex digits each; null for texts and lists."""
    return pa.array(to_hex(words) if kind == "photo" else [None] * len(words), pa.string())


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
