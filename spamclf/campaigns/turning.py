"""Copies of a photo that were turned or mirrored, brought into one position so that they are near-duplicates."""

from __future__ import annotations

import numpy as np

from spamclf.campaigns.clusters import PHOTO, cluster
from spamclf.campaigns.photos import VERSIONS
from spamclf.campaigns.shown import Prints
from spamclf.campaigns.sightings import Words

__all__ = ["lying_alike"]


def lying_alike(words: Words, prints: Prints, *, n_jobs: int = -1) -> Words:
    """Return the hash of each photo in the position in which most photos like it are shown.

    The eight hashes of all photos are clustered together: the clusters that those of one photo are in are the same for
    each copy of it, however it was turned. Of these clusters all take the one that holds most photos as they are
    shown. A hash that was made elsewhere cannot be turned: it stays, and where there is one the others turn to it.

    Parameters
    ----------
    words : ndarray of shape (n, 4), dtype uint64
        The hashes of the different photos as they are shown.
    prints : Prints
        Of these photos.
    n_jobs : int, default=-1
        Threads, in joblib's sense. The result does not depend on it.

    Returns
    -------
    turned : ndarray of shape (n, 4), dtype uint64

    Examples
    --------
    >>> versions = np.random.default_rng(0).integers(0, 2**64, (1, 8, 4), dtype=np.uint64)
    >>> mirrored = versions[:, [5, 6, 4, 7, 2, 0, 1, 3]]
    >>> both = np.concatenate([versions, versions ^ np.uint64(1), mirrored])
    >>> turned = lying_alike(both[:, 0], Prints(np.arange(3, dtype=np.int32), both, np.full(3, 8)))
    >>> bool((turned[2] == both[0, 0]).all())
    True
    """
    whole = np.flatnonzero(prints.n_versions == VERSIONS)[::-1]
    if not whole.size:
        return words
    versions = np.repeat(words[:, None], VERSIONS, axis=1)
    versions[prints.group[whole]] = prints.versions[
        whole
    ]  # of several pictures with one hash the first comes last
    found = cluster(versions.reshape(-1, 4), near=PHOTO, n_jobs=n_jobs)
    label = found.label.reshape(-1, VERSIONS)
    worth = np.full(
        len(words), 1.0 + len(words)
    )  # of a hash that stays more than that of all that turn to it
    worth[prints.group[whole]] = 1.0
    shown = np.bincount(label[:, 0], worth, minlength=len(found))
    rank = np.empty(len(found), np.int64)
    rank[np.argsort(-shown, kind="stable")] = np.arange(len(found))
    turned: Words = versions[np.arange(len(words)), np.argmin(rank[label], axis=1)]
    return turned
