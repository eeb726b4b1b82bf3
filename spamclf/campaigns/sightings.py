"""Sightings: which account showed which fingerprint when. The common currency of photos, texts and recipient lists."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.given import described, given_columns, kept
from spamclf.errors import ParameterError, SchemaError

__all__ = ["WIDTHS", "Kind", "Sightings", "Words", "distinct_rows", "pseudonyms"]

Kind = Literal["photo", "text", "list"]
Words = npt.NDArray[Any]  # uint64 for photos, uint32 for texts and lists

#: Numbers per fingerprint and their type, by kind.
WIDTHS: dict[Kind, tuple[int, type[np.unsignedinteger[Any]]]] = {
    "photo": (4, np.uint64),
    "text": (128, np.uint32),
    "list": (128, np.uint32),
}


@dataclass(frozen=True, eq=False)
class Sightings:
    """One account showing one fingerprint at one instant, each, of one kind.

    Two with the same rows are the same, byte for byte, in whatever order and batches the rows arrived.

    Attributes
    ----------
    kind : {"photo", "text", "list"}
    scheme : str
        How the fingerprints were made; those of another scheme cannot be compared.
    account : ndarray of shape (n,), dtype uint64
        Pseudonyms (`pseudonyms`).
    instant : ndarray of shape (n,), dtype int64
        Microseconds since the epoch.
    group : ndarray of shape (n,), dtype int32
        Row of `words`.
    words : ndarray of shape (g, 4), dtype uint64, or (g, 128), dtype uint32
        The different fingerprints, in lexicographic order; each is used. The rows above are sorted by (instant,
        account, group) and differ from each other.

    Examples
    --------
    >>> seen = Sightings.of("photo", "pdq", [7, 5, 7], [20, 10, 20], np.array([[1, 0, 0, 2]] * 3))
    >>> seen.account, seen.instant, seen.group
    (array([5, 7], dtype=uint64), array([10, 20]), array([0, 0], dtype=int32))
    """

    kind: Kind
    scheme: str
    account: npt.NDArray[np.uint64]
    instant: npt.NDArray[np.int64]
    group: npt.NDArray[np.int32]
    words: Words

    def __len__(self) -> int:
        return self.instant.size

    def __repr__(self) -> str:
        return f"<Sightings: {len(self):,} of {len(self.words):,} different {self.kind}s>"

    @classmethod
    def of(
        cls,
        kind: Kind,
        scheme: str,
        account: npt.ArrayLike,
        instant: npt.ArrayLike,
        words: npt.ArrayLike,
        place: npt.ArrayLike | None = None,
    ) -> Sightings:
        """Order rows of (account, instant, fingerprint); exact repetitions are dropped.

        With `place`, shape (n,), the fingerprint of a row is ``words[place]``: a matrix of all rows need not be made.

        Parameters
        ----------
        kind : {"photo", "text", "list"}
        scheme : str
            How the fingerprints were made; those of different schemes cannot be compared.
        account : array_like of shape (n,), dtype uint64
            Pseudonyms of accounts.
        instant : array_like of shape (n,), dtype int64
            Microseconds since the epoch, UTC.
        words : array_like of shape (n, width)
            The fingerprint of each row; with `place`, of shape (m, width).
        place : array_like of shape (n,), optional
            Which row of `words` is the fingerprint of each row.

        Returns
        -------
        sightings : Sightings

        Raises
        ------
        ParameterError
            If a column, the fingerprints or the places are of another type, shape or length, or would not keep their
            values.
        """
        if not isinstance(kind, str) or kind not in WIDTHS:
            raise ParameterError(
                f"Sightings.of: kind must be one of {', '.join(WIDTHS)}; got {kind!r}. Use 'photo'."
            )
        account, instant = given_columns("Sightings.of", account=(account, "u8"), instant=(instant, "i8"))
        each = _given_words(kind, words)
        rows, group = distinct_rows(each)
        if place is not None or len(each) != account.size:
            group = group[_given_places(place, account.size, len(each))]
        order, fresh = _in_order(account, instant, group)
        order = order[fresh]
        whole = cls(kind, scheme, account[order], instant[order], group[order], each[rows])
        return whole if place is None else whole.where(np.ones(order.size, np.bool_))

    @classmethod
    def empty(cls, kind: Kind, scheme: str) -> Sightings:
        """Return no sightings.

        Parameters
        ----------
        kind : {"photo", "text", "list"}
        scheme : str

        Returns
        -------
        sightings : Sightings

        Raises
        ------
        ParameterError
            For another kind.
        """
        return cls.of(kind, scheme, [], [], [])

    @classmethod
    def join(cls, parts: Sequence[Sightings]) -> Sightings:
        """Return the rows of all parts, each once.

        Parameters
        ----------
        parts : sequence of Sightings

        Returns
        -------
        sightings : Sightings

        Raises
        ------
        ParameterError
            If there are none: of what kind and scheme would they be?
        SchemaError
            If they are of different kinds or schemes: such fingerprints cannot be compared.
        """
        if not parts:
            raise ParameterError(
                "Sightings.join: parts must be at least one; got none. Use Sightings.empty(kind, scheme)."
            )
        first = parts[0]
        for part in parts[1:]:
            if (part.kind, part.scheme) != (first.kind, first.scheme):
                raise SchemaError(
                    f"sightings: fingerprints must be of one kind and scheme; got {first.kind} '{first.scheme}' and "
                    f"{part.kind} '{part.scheme}'. Make them anew with one scheme."
                )
        return _merge(parts)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Sightings:
        """Return some of the rows, with the fingerprints that they use.

        Parameters
        ----------
        chosen : ndarray of shape (n,), dtype bool

        Returns
        -------
        sightings : Sightings
        """
        group = self.group[chosen]
        used = np.zeros(len(self.words), np.bool_)
        used[group] = True
        place = np.cumsum(used, dtype=np.int32) - np.int32(1)
        return Sightings(
            self.kind, self.scheme, self.account[chosen], self.instant[chosen], place[group], self.words[used]
        )

    def between(self, since: int, until: int) -> Sightings:
        """Return the rows of ``[since, until)``.

        Parameters
        ----------
        since, until : int
            Microseconds since the epoch, UTC.

        Returns
        -------
        sightings : Sightings
        """
        return self.where((self.instant >= since) & (self.instant < until))


def _merge(parts: Sequence[Sightings]) -> Sightings:
    words = np.concatenate([part.words for part in parts])
    rows, group = distinct_rows(words)
    begins = np.cumsum([0, *(len(part.words) for part in parts)])
    groups = np.concatenate(
        [group[begin + part.group] for begin, part in zip(begins, parts, strict=False)]
    ).astype(np.int32)
    account = np.concatenate([part.account for part in parts])
    instant = np.concatenate([part.instant for part in parts])
    order, fresh = _in_order(account, instant, groups)
    order = order[fresh]
    return Sightings(
        parts[0].kind, parts[0].scheme, account[order], instant[order], groups[order], words[rows]
    )


def _in_order(
    account: npt.NDArray[np.uint64], instant: npt.NDArray[np.int64], group: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the order by (instant, account, group), and whether each row in it differs from the one before."""
    order = np.lexsort((group, account, instant))
    fresh = np.ones(order.size, np.bool_)
    for column in (account, instant, group):
        fresh[1:] &= column[order[1:]] == column[order[:-1]]
    fresh[1:] = ~fresh[1:]
    return order, fresh


def distinct_rows(words: Words) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Find the different rows of a matrix.

    Parameters
    ----------
    words : ndarray of shape (n, width), unsigned

    Returns
    -------
    rows : ndarray of shape (g,), dtype int64
        The first of each set of equal rows, in lexicographic order.
    group : ndarray of shape (n,), dtype int32
        Place in `rows` of the row equal to each.

    Examples
    --------
    >>> distinct_rows(np.array([[3, 1], [2, 9], [3, 1]], np.uint32))
    (array([1, 0]), array([1, 0, 1], dtype=int32))
    """
    n = len(words)
    if n == 0:
        return np.empty(0, np.int64), np.empty(0, np.int32)
    lead = words[:, 0].astype(np.uint64)
    if words.dtype.itemsize == 4 and words.shape[1] > 1:
        lead = (lead << np.uint64(32)) | words[:, 1]
    order = np.argsort(lead, kind="stable")
    tied = lead[order[1:]] == lead[order[:-1]]
    new = np.ones(n, np.bool_)
    new[1:][tied] = _differ(words, order[1:][tied], order[:-1][tied])
    if (new[1:] & tied).any():  # different rows that begin alike: order those stretches by all columns
        run = np.concatenate([[0], np.cumsum(~tied)])
        mixed = np.isin(run, run[1:][new[1:] & tied])
        members = order[mixed]
        order[mixed] = members[np.lexsort((members, *words[members].T[::-1]))]
        new[1:][tied] = _differ(words, order[1:][tied], order[:-1][tied])
    group = np.empty(n, np.int32)
    group[order] = np.cumsum(new, dtype=np.int32) - np.int32(1)
    return order[new], group


def _differ(words: Words, one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Compare pairs of rows, some thousands at a time: whole copies of a large matrix would cost its size."""
    step = 50_000
    parts = [
        (words[one[k : k + step]] != words[other[k : k + step]]).any(axis=1) for k in range(0, one.size, step)
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.bool_)


def pseudonyms(ids: pa.Array) -> npt.NDArray[np.uint64]:
    """Return eight bytes of a hash for each id, the same in every dataset and process.

    A pseudonym hides an id from a glance only: whoever can list the possible ids (telephone numbers) can find it.

    Parameters
    ----------
    ids : pyarrow.Array
        Strings or integers, without nulls.

    Returns
    -------
    codes : ndarray of shape (n,), dtype uint64
        The first eight bytes, little endian, of BLAKE2b of the id's text in UTF-8.

    Examples
    --------
    >>> pseudonyms(pa.array(["a42"])) == pseudonyms(pa.array(["a42", "a43"]))[:1]
    array([ True])
    """
    hashed = b"".join(hashlib.blake2b(str(each).encode(), digest_size=8).digest() for each in ids.to_pylist())
    return np.frombuffer(hashed, "<u8").astype(np.uint64)


def _given_words(kind: Kind, words: npt.ArrayLike) -> Words:
    """Return fingerprints as a matrix of their type; refuse others."""
    width, dtype = WIDTHS[kind]
    found = kept(words, dtype)
    if found is not None and not found.size:
        return np.empty((0, width), dtype)
    if found is None or found.ndim != 2 or found.shape[1] != width:
        raise ParameterError(
            f"Sightings.of: words must be a (n, {width}) matrix of numbers that {np.dtype(dtype).name} holds for a "
            f"{kind}; got {described(words)}. Give one fingerprint per row."
        )
    return np.ascontiguousarray(found)


def _given_places(place: npt.ArrayLike | None, n_rows: int, n_words: int) -> npt.NDArray[np.int64]:
    """Return which fingerprint each row shows; refuse rows without one."""
    if place is None:
        raise ParameterError(
            f"Sightings.of: words must be one for each of {n_rows} rows; got {n_words}. Give place, too, where rows "
            "share fingerprints."
        )
    found = kept(place, np.int64)
    if (
        found is None
        or found.shape != (n_rows,)
        or (n_rows and not 0 <= found.min() <= found.max() < n_words)
    ):
        raise ParameterError(
            f"Sightings.of: place must be a row of words (0 to {n_words - 1}) for each of {n_rows} rows; got "
            f"{described(place)}. Leave it out where words has one row for each."
        )
    return found
