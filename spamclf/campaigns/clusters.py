"""Fingerprints into clusters of near-duplicates: a function of the set of fingerprints, whatever their order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.errors import ParameterError
from spamclf.threads import equal_parts, in_threads, n_threads

__all__ = ["LIST", "PHOTO", "TEXT", "Clusters", "PhotoNear", "TextNear", "cluster"]

Codes = npt.NDArray[np.int32]
Words = npt.NDArray[Any]  # uint64 for photos, uint32 for texts and lists

N_BITS = 256
N_VALUES = 128
N_ROUNDS = 32  # of cutting and linking again; what then still drifts goes to leaders

_MIN_ROWS = 8_192  # below, a second thread costs more than it saves
_FEW_PHOTOS = 4_096  # so many are compared with each other, without an index


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int | np.number) and not isinstance(value, bool)


@dataclass(frozen=True)
class PhotoNear:
    """When two photos are near.

    Parameters
    ----------
    max_distance : int, default=31
        Two photos link when their 256-bit hashes differ in at most so many bits, 0 to 31.
    reach : int or None, default=31
        Every member of a cluster differs from its medoid in at most so many bits, from `max_distance` to 256. None
        leaves linked photos together, however far they drift.

    Examples
    --------
    >>> PhotoNear(max_distance=20)
    PhotoNear(max_distance=20, reach=31)
    """

    max_distance: int = 31
    reach: int | None = 31

    def __post_init__(self) -> None:
        if not _is_whole(self.max_distance) or not 0 <= self.max_distance <= 31:
            raise ParameterError(
                f"PhotoNear: max_distance must be a whole number of bits from 0 to 31; got {self.max_distance!r}. "
                "Use 31: above, pairs would be missed."
            )
        if self.reach is not None and not (
            _is_whole(self.reach) and self.max_distance <= self.reach <= N_BITS
        ):
            raise ParameterError(
                f"PhotoNear: reach must be a whole number of bits from max_distance ({self.max_distance}) to 256, or "
                f"None; got {self.reach!r}. Use {max(31, self.max_distance)}."
            )


@dataclass(frozen=True)
class TextNear:
    """When two MinHash signatures, of texts or recipient lists, are near.

    The similarity of two signatures is the share of their 128 values that agree, an estimate of the Jaccard
    similarity of the sets they were made of, with a standard error of at most 0.045.

    Parameters
    ----------
    min_similarity : float, default=0.7
        Two signatures link from this similarity on, above 0 to 1.
    reach : float or None, default=0.4
        Every member of a cluster has at least this similarity to its medoid, above 0 to `min_similarity`. None leaves
        linked signatures together, however far they drift.
    recall : float, default=0.9
        Chance that two at exactly `min_similarity` are compared, above 0 and below 1; more similar ones have better
        chances, and a common neighbour is enough to join them.

    Examples
    --------
    >>> TextNear().bands
    (21, 6)
    """

    min_similarity: float = 0.7
    reach: float | None = 0.4
    recall: float = 0.9

    def __post_init__(self) -> None:
        if not _is_number(self.min_similarity) or not 0 < self.min_similarity <= 1:
            raise ParameterError(
                f"TextNear: min_similarity must be a number above 0 and at most 1; got {self.min_similarity!r}. "
                "Use 0.7."
            )
        if self.reach is not None and not (_is_number(self.reach) and 0 < self.reach <= self.min_similarity):
            raise ParameterError(
                f"TextNear: reach must be above 0 and at most min_similarity ({self.min_similarity}), or None; "
                f"got {self.reach!r}. Use {self.min_similarity - min(0.3, self.min_similarity / 2):.2g}."
            )
        if not _is_number(self.recall) or not 0 < self.recall < 1:
            raise ParameterError(
                f"TextNear: recall must be a number between 0 and 1; got {self.recall!r}. Use 0.9."
            )

    @cached_property
    def bands(self) -> tuple[int, int]:
        """Number of bands, and of values in each: the longest bands that keep the `recall`."""
        for n_rows in range(N_VALUES, 1, -1):
            n_bands = N_VALUES // n_rows
            if 1 - (1 - self.min_similarity**n_rows) ** n_bands >= self.recall:
                return n_bands, n_rows
        return N_VALUES, 1


PHOTO = PhotoNear()
TEXT = TextNear()
LIST = TextNear(min_similarity=0.5, reach=0.3)


@dataclass(frozen=True, eq=False)
class Clusters:
    """A partition of fingerprints; `cluster` makes it.

    Attributes
    ----------
    label : ndarray of shape (n,), dtype int32
        Number of each row's cluster. Clusters are numbered by their least fingerprint in lexicographic order, from 0,
        so that equal sets of fingerprints get equal numbers.
    medoid : ndarray of shape (n_clusters,), dtype int32
        Row of each cluster's medoid; of equal rows the first.
    component : ndarray of shape (n_clusters,), dtype int32
        Equal for clusters that were cut out of one component; numbered by their first clusters.

    Examples
    --------
    >>> cluster(np.array([[1, 2, 3, 4], [1, 2, 3, 5]], np.uint64), near=PHOTO).component
    array([0], dtype=int32)
    """

    label: Codes
    medoid: Codes
    component: Codes

    def __len__(self) -> int:
        return int(self.medoid.size)

    def __repr__(self) -> str:
        return f"<Clusters: {len(self):,} of {self.label.size:,} rows>"


def cluster(words: Words, *, near: PhotoNear | TextNear, n_jobs: int = -1) -> Clusters:
    """Group fingerprints into clusters of near-duplicates.

    Equal fingerprints collapse first. Two that are near link; what is linked, also by way of others, is a component. A
    component is a cluster if all its members are within reach of its medoid (the member nearest to what is most
    frequent in each position). If not, those in reach become a cluster, and the rest is linked again, up to 32 times;
    what is left then is given to leaders, the first in lexicographic order first. A fingerprint near to none is a
    cluster of its own. Of photos, clusters are cut out of a component until half of it is cut (512 at most) before the
    rest is linked again: linking them costs most.

    Parameters
    ----------
    words : ndarray of shape (n, 4), dtype uint64, or of shape (n, 128), dtype uint32
        Photo hashes, or MinHash signatures. Rows may be repeated.
    near : PhotoNear or TextNear
        `PHOTO`, `TEXT` and `LIST` are the usual settings.
    n_jobs : int, default=-1
        Threads, in joblib's sense. The result does not depend on it.

    Returns
    -------
    Clusters

    Raises
    ------
    ParameterError
        If `words` is of another shape or type than `near` asks for.

    Notes
    -----
    Photos: every pair within `max_distance` links, unless more than 32,768 hashes that are not near to each other share
    16 bits: of so crowded a bucket, each is compared with 32,768.
    Signatures: a pair is compared if it agrees in a whole band, and in that band's bucket stands at most 48 apart in
    lexicographic order, or one of the two is among the first 16; hence any two of a bucket of up to 65.

    Time is near-linear in the number of different signatures. Of photos that are all unlike, each is compared with
    about n / 500 others. Memory beside `words`: some 170 bytes per different signature, 100 per photo.

    Examples
    --------
    >>> photos = np.array([[7, 0, 0, 0], [0, 0, 0, 2**64 - 1], [6, 0, 0, 0], [7, 0, 0, 0]], np.uint64)
    >>> found = cluster(photos, near=PHOTO)
    >>> found
    <Clusters: 2 of 4 rows>
    >>> found.label, found.medoid
    (array([1, 0, 1, 1], dtype=int32), array([1, 2], dtype=int32))
    """
    words = _checked(words, near)
    threads = n_threads(n_jobs)
    rows, place = _collapse(words, threads)
    medoid, root = _Engine(words, rows, near, threads).medoids()
    number_of, medoids = np.empty_like(medoid), np.empty_like(medoid)
    medoids = medoids[: kernels.sets.number(medoid, number_of, medoids)]
    component = np.unique(root.take(medoids), return_inverse=True)[1].astype(np.int32)
    return Clusters(number_of.take(place), rows.take(medoids), component)


def _checked(words: Words, near: PhotoNear | TextNear) -> Words:
    if not isinstance(near, PhotoNear | TextNear):
        raise ParameterError(
            f"cluster: near must be a PhotoNear or TextNear; got {type(near).__name__}. Use PHOTO, TEXT or LIST."
        )
    width, kind = (4, np.uint64) if isinstance(near, PhotoNear) else (N_VALUES, np.uint32)
    if not isinstance(words, np.ndarray) or words.ndim != 2 or words.shape[1] != width or words.dtype != kind:
        got = f"{words.dtype} {words.shape}" if isinstance(words, np.ndarray) else type(words).__name__
        raise ParameterError(
            f"cluster: words must be a (n, {width}) array of {kind.__name__} for {type(near).__name__}; got {got}. "
            "Pass fingerprints of this kind, one per row."
        )
    return np.ascontiguousarray(words)


def _collapse(words: Words, threads: int) -> tuple[Codes, Codes]:
    """Return the first row of each different fingerprint in lexicographic order, and each row's place among them."""
    n, fold = words.shape[0], kernels.rows.fold
    firsts, copy_of, digits = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.uint64)
    parts = _enough(threads, n)
    lows = [n * part // parts for part in range(parts + 1)]
    ends = in_threads(lambda low, high: fold(words, low, high, firsts, copy_of, digits), lows, parts)
    filled = [slice(low, end) for low, end in zip(lows[:-1], ends, strict=True)]
    order, digits = (np.concatenate([each[part] for part in filled]) for each in (firsts, digits))
    by = np.argsort(digits)
    order, digits = order.take(by), digits.take(by)
    same = np.zeros(order.size, np.bool_)
    parts = _enough(threads, order.size)
    cuts = [order.size * part // parts for part in range(1, parts)]  # moved to where equal digits begin
    in_threads(
        lambda low, high: kernels.rows.refine(words, order[low:high], digits[low:high], same[low:high]),
        [0, *np.searchsorted(digits, digits[cuts]), order.size],
        parts,
    )
    rows, place = np.empty(order.size, np.int32), np.empty(n, np.int32)
    rows = rows[: kernels.rows.collapse(order, same, rows, place)].copy()
    return rows, place.take(firsts.take(copy_of))


class _Engine:
    """Different fingerprints, numbered in lexicographic order, and how they link."""

    def __init__(self, words: Words, rows: Codes, near: PhotoNear | TextNear, threads: int) -> None:
        self.words, self.rows, self.near, self.threads = words, rows, near, threads
        self.kernel: ModuleType = kernels.hamming if isinstance(near, PhotoNear) else kernels.bands
        if isinstance(near, PhotoNear):
            self.link, self.reach = self._link_photos, N_BITS if near.reach is None else int(near.reach)
        else:
            self.link = self._link_signatures
            self.reach = 0 if near.reach is None else _least_matches(near.reach)

    def medoids(self) -> tuple[Codes, Codes]:
        """Return the number of each fingerprint's medoid, and of the first one of the component that it is in."""
        n = self.rows.size
        medoid = np.arange(n, dtype=np.int32)
        left = medoid.copy()
        root = first_root = self.link(self.rows)
        for _ in range(N_ROUNDS):
            members, starts = _components(left, root)
            if not members.size:
                return medoid, first_root
            medoid_of, inside = self._centres(members, starts)
            medoid[members[inside]] = medoid_of[inside]
            left = np.sort(members[~inside])
            if not left.size:
                return medoid, first_root
            root = self.link(self.rows.take(left))
        members, starts = _components(left, root)
        medoid[members] = self._leaders(members, starts)
        return medoid, first_root

    def _centres(self, members: Codes, starts: npt.NDArray[np.int64]) -> tuple[Codes, npt.NDArray[np.bool_]]:
        """Return the number of each member's medoid, and which members are in reach of it."""
        medoids, inside = np.empty(members.size, np.int32), np.empty(members.size, np.bool_)
        rows, threads = self.rows.take(members), _enough(self.threads, members.size)
        in_threads(
            lambda low, high: self.kernel.centre(
                self.words, rows, starts, self.reach, medoids, inside, low, high
            ),
            equal_parts(starts, threads) if threads > 1 else [0, starts.size - 1],
            threads,
        )
        # Of those out of reach, no medoid may be written.
        return members.take(medoids, mode="clip"), inside

    def _leaders(self, members: Codes, starts: npt.NDArray[np.int64]) -> Codes:
        """Return the number of the leader of each member."""
        leaders, rows = np.empty(members.size, np.int32), self.rows.take(members)
        threads = _enough(self.threads, members.size)
        in_threads(
            lambda low, high: self.kernel.lead(self.words, rows, starts, self.reach, leaders, low, high),
            equal_parts(starts, threads),
            threads,
        )
        return members.take(leaders)

    def _link_photos(self, rows: Codes) -> Codes:
        near = self.near
        assert isinstance(near, PhotoNear)
        # They are read once or twice a chunk: no pass may wait for scattered rows.
        words = self.words.take(rows, axis=0)

        def link(part: int, parts: int, parent: Codes) -> None:
            if rows.size <= _FEW_PHOTOS:
                kernels.hamming.link_all(words, near.max_distance, parent)
            else:
                kernels.hamming.link(words, part, parts, near.max_distance, parent)

        return self._united(np.arange(rows.size, dtype=np.int32), link)

    def _link_signatures(self, rows: Codes) -> Codes:
        near = self.near
        assert isinstance(near, TextNear)
        n_bands, n_rows = near.bands
        need = _least_matches(near.min_similarity)
        keys, parent = np.empty((n_bands, rows.size), np.uint32), np.empty(rows.size, np.int32)
        threads = _enough(self.threads, rows.size)
        bounds = [rows.size * part // threads for part in range(threads + 1)]
        in_threads(
            lambda low, high: kernels.bands.keys_of(self.words, rows, n_rows, need, keys, parent, low, high),
            bounds,
            threads,
        )
        return self._united(
            parent,
            lambda part, parts, parent: kernels.bands.link(self.words, rows, keys, part, parts, need, parent),
        )

    def _united(self, sets: Codes, link: Any) -> Codes:
        """Link sets in threads, each with its own copy; return the smallest place in each one's component."""
        threads = _enough(self.threads, sets.size)

        def work(part: int, _: int) -> Codes:
            parent = sets.copy()
            link(part, threads, parent)
            return parent

        first, *others = in_threads(work, list(range(threads + 1)), threads)
        for other in others:
            kernels.sets.merge(first, other)
        kernels.sets.flatten(first)
        return first  # type: ignore[no-any-return]


def _enough(threads: int, n: int) -> int:
    """Return how many threads are worth it for so many rows; there are 16 chunks and 21 bands to share."""
    return min(threads, 16) if n > _MIN_ROWS else 1


def _components(numbers: Codes, root: Codes) -> tuple[Codes, npt.NDArray[np.int64]]:
    """Return the members of components of two and more, one after the other in order, and where each begins."""
    members, starts = np.empty(root.size, np.int32), np.empty(root.size // 2 + 1, np.int64)
    starts = starts[: kernels.sets.gather(root, numbers, members, starts) + 1]
    return members[: starts[-1]], starts


def _least_matches(similarity: float) -> int:
    """Return the least number of equal values that is at least a similarity."""
    return max(1, math.ceil(similarity * N_VALUES - 1e-9))
