"""Fingerprints into clusters of near-duplicates: a function of the set of fingerprints, whatever their order."""

from __future__ import annotations

import math
from dataclasses import dataclass
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

    @property
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
    rows, place = _collapse(words)
    engine = _Engine(words, rows, near, threads if rows.size > _MIN_ROWS else 1)
    medoid, root = engine.medoids()
    medoids, number_of = _in_order(medoid)
    component = np.unique(root[medoids], return_inverse=True)[1].astype(np.int32)
    return Clusters(number_of[medoid][place], rows[medoids], component)


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


def _collapse(words: Words) -> tuple[Codes, Codes]:
    """Return the first row of each different fingerprint in lexicographic order, and each row's place among them."""
    from spamclf.kernels import rows as rows_kernel

    firsts, copy_of = np.empty(words.shape[0], np.int32), np.empty(words.shape[0], np.int32)
    order = firsts[: rows_kernel.fold(words, firsts, copy_of)].copy()
    digits = np.empty(order.size, np.uint64)
    rows_kernel.first_digits(words, order, digits)
    by = np.argsort(digits)
    order, digits = order[by], digits[by]
    same = np.zeros(order.size, np.bool_)
    rows_kernel.refine(words, order, digits, same)
    rows, place = np.empty(order.size, np.int32), np.empty(words.shape[0], np.int32)
    rows = rows[: rows_kernel.collapse(order, same, rows, place)].copy()
    return rows, place[firsts[copy_of]]


class _Engine:
    """Different fingerprints, numbered in lexicographic order, and how they link."""

    def __init__(self, words: Words, rows: Codes, near: PhotoNear | TextNear, n_jobs: int) -> None:
        self.words, self.rows, self.near = words, rows, near
        self.n_threads = n_threads(n_jobs)
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
            root = self.link(self.rows[left])
        members, starts = _components(left, root)
        medoid[members] = self._leaders(members, starts)
        return medoid, first_root

    def _centres(self, members: Codes, starts: npt.NDArray[np.int64]) -> tuple[Codes, npt.NDArray[np.bool_]]:
        """Return the number of each member's medoid, and which members are in reach of it."""
        medoids, inside = np.empty(members.size, np.int32), np.empty(members.size, np.bool_)
        rows = self.rows[members]
        in_threads(
            lambda low, high: self.kernel.centre(
                self.words, rows, starts, self.reach, medoids, inside, low, high
            ),
            equal_parts(starts, self.n_threads),
            self.n_threads,
        )
        return self._numbers(medoids, members), inside

    def _leaders(self, members: Codes, starts: npt.NDArray[np.int64]) -> Codes:
        """Return the number of the leader of each member."""
        leaders, rows = np.empty(members.size, np.int32), self.rows[members]
        in_threads(
            lambda low, high: self.kernel.lead(self.words, rows, starts, self.reach, leaders, low, high),
            equal_parts(starts, self.n_threads),
            self.n_threads,
        )
        return self._numbers(leaders, members)

    def _numbers(self, rows: Codes, members: Codes) -> Codes:
        """Return the number of the fingerprint of each of `rows`, all of them among `members`."""
        number = np.empty(self.words.shape[0], np.int32)
        number[self.rows[members]] = members
        return number[rows]

    def _link_photos(self, rows: Codes) -> Codes:
        near = self.near
        assert isinstance(near, PhotoNear)

        def link(part: int, parts: int, parent: Codes) -> None:
            if rows.size <= _FEW_PHOTOS:
                kernels.hamming.link_all(self.words, rows, near.max_distance, parent)
            else:
                kernels.hamming.link(self.words, rows, part, parts, near.max_distance, parent)

        return self._united(rows, link)

    def _link_signatures(self, rows: Codes) -> Codes:
        near = self.near
        assert isinstance(near, TextNear)
        n_bands, n_rows = near.bands
        keys = np.empty((n_bands, rows.size), np.uint32)
        threads = self._threads_for(rows)
        bounds = [rows.size * part // threads for part in range(threads + 1)]
        in_threads(
            lambda low, high: kernels.bands.keys_of(self.words, rows, n_rows, keys, low, high),
            bounds,
            threads,
        )
        need = _least_matches(near.min_similarity)
        return self._united(
            rows,
            lambda part, parts, parent: kernels.bands.link(self.words, rows, keys, part, parts, need, parent),
        )

    def _united(self, rows: Codes, link: Any) -> Codes:
        """Link in threads, each with sets of its own; return the smallest number of each one's component."""
        from spamclf.kernels import sets as sets_kernel

        threads = self._threads_for(rows)

        def work(part: int, _: int) -> Codes:
            parent = np.arange(rows.size, dtype=np.int32)
            link(part, threads, parent)
            return parent

        first, *others = in_threads(work, list(range(threads + 1)), threads)
        for other in others:
            sets_kernel.merge(first, other)
        sets_kernel.flatten(first)
        return first  # type: ignore[no-any-return]

    def _threads_for(self, rows: Codes) -> int:
        return min(self.n_threads, 16) if rows.size > _MIN_ROWS else 1


def _in_order(medoid: Codes) -> tuple[Codes, Codes]:
    """Return the medoids in the order of their first members, and the number of each."""
    everyone, first = np.arange(medoid.size, dtype=np.int32), np.empty(medoid.size, np.int32)
    first[medoid[::-1]] = everyone[::-1]  # of those that are written to one place, the last stays
    medoids = medoid[first[medoid] == everyone]
    number_of = np.empty(medoid.size, np.int32)
    number_of[medoids] = everyone[: medoids.size]
    return medoids, number_of


def _components(numbers: Codes, root: Codes) -> tuple[Codes, npt.NDArray[np.int64]]:
    """Return the members of components of two and more, one after the other in order, and where each begins."""
    from spamclf.kernels import sets as sets_kernel

    sizes = np.bincount(root, minlength=root.size)
    starts = np.concatenate([[0], np.cumsum(sizes[sizes > 1])]).astype(np.int64)
    members = np.empty(starts[-1], np.int32)
    sets_kernel.gather(root, sizes, numbers, members)
    return members, starts


def _least_matches(similarity: float) -> int:
    """Return the least number of equal values that is at least a similarity."""
    return max(1, math.ceil(similarity * N_VALUES - 1e-9))
