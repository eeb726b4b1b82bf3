"""Sorted scores of accounts, overall and by segment: what certificates are made of and compared with."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from spamclf.model.stated import refuse, words

__all__ = [
    "COUNTRY",
    "LEAST_OF_COUNTRY",
    "LEAST_SCORES",
    "MAX_SEGMENTS",
    "OTHER_COUNTRIES",
    "ScoreLists",
    "checked_masks",
    "checked_scores",
    "coded",
    "is_country",
]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: A country of fewer accounts gets no segment of its own: its name would tell of few people.
LEAST_OF_COUNTRY = 100
#: Whatever its name, a list of fewer scores is not kept: it would tell those of persons.
LEAST_SCORES = 20
#: Segments that a model's folder can hold.
MAX_SEGMENTS = 9_999
#: What the name of a country's segment begins with; an account is of one country, so these have nobody in common.
COUNTRY = "country="
#: The accounts of every country that has no segment of its own.
OTHER_COUNTRIES = "other countries"


@dataclass(frozen=True, eq=False, repr=False)
class ScoreLists:
    """The highest score of each account, overall and in each segment.

    No account can be told from another here: each list is sorted by itself. A list of few accounts tells their scores
    all the same; see `spamclf.segments.hide_few`.

    Parameters
    ----------
    names : tuple of str
        The segments.
    values : ndarray of shape (n_values,), dtype float64
        In [0, 1], rising in each list.
    offsets : ndarray of shape (n_segments + 2,), dtype int64
        List k is ``values[offsets[k]:offsets[k + 1]]``; list 0 is of all accounts, the others of the segments.

    Raises
    ------
    ParameterError
        If the arrays are no such lists.

    Examples
    --------
    >>> lists = ScoreLists.of([7, 7, 8], [0.1, 0.5, 0.3], {"new": [True, False, True]})
    >>> [each.tolist() for each in lists.lists()]
    [[0.3, 0.5], [0.1, 0.3]]
    """

    where: ClassVar[str] = "scores"  # how errors name them

    names: tuple[str, ...]
    values: Floats
    offsets: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", words(self.where, "names", self.names))
        if len(self.names) > MAX_SEGMENTS:
            raise refuse(self.where, "names", f"at most {MAX_SEGMENTS:,}", f"{len(self.names):,}")
        _check_arrays(self.where, self.values, self.offsets, len(self.names))
        everyone, *_ = self.lists()
        for part in (*self.told_apart(self.names).values(), *self.told_apart(()).values()):
            _check_part(self.where, part, everyone)

    @property
    def n_accounts(self) -> int:
        """Accounts in all."""
        return int(self.offsets[1])

    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays by name, to be stored beside `names`."""
        return {"values": self.values, "offsets": self.offsets}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], names: Sequence[str]) -> ScoreLists:
        """Construct from what was stored, after an audit.

        Raises
        ------
        ParameterError
            As of `ScoreLists`.
        """
        return cls(tuple(names), **cls._stored(arrays))

    @classmethod
    def of(
        cls,
        account: npt.ArrayLike,
        score: npt.ArrayLike,
        segments: Mapping[str, npt.ArrayLike] | None = None,
    ) -> ScoreLists:
        """Keep the highest scores of accounts.

        Parameters
        ----------
        account : array_like of shape (n_rows,)
            Which account each row is of, by any code; an account has a row for each moment it was looked at.
        score : array_like of shape (n_rows,)
            In [0, 1].
        segments : mapping of str to array_like of shape (n_rows,), dtype bool, optional
            Which rows are in each segment; a row may be in several, or in none. An account is of one country.

        Returns
        -------
        lists : ScoreLists

        Raises
        ------
        ParameterError
            If lengths differ, a score is outside [0, 1], a mask is none, or an account is of two countries.
        """
        return cls(*cls._sorted(account, score, segments))

    def lists(self) -> Iterator[Floats]:
        """Yield the list of all accounts, then that of each segment.

        Yields
        ------
        scores : ndarray of shape (n_scores,), dtype float64
            Sorted.
        """
        for begin, end in itertools.pairwise(self.offsets):
            yield self.values[begin:end]

    def told_apart(self, alone: Collection[str]) -> dict[str, Floats]:
        """Return the list of each segment by name, countries that do not stand alone as one list of other countries.

        Parameters
        ----------
        alone : collection of str
            Segments of countries that stand alone, such as ``country=DE``.

        Returns
        -------
        lists : dict of str to ndarray of shape (n_scores,), dtype float64
            Sorted scores.

        Examples
        --------
        >>> masks = {"country=DE": [True, False, False], "country=FR": [False, True, True], "new": [True] * 3}
        >>> lists = ScoreLists.of([1, 2, 3], [0.1, 0.5, 0.3], masks)
        >>> {name: each.tolist() for name, each in lists.told_apart(["country=DE"]).items()}
        {'country=DE': [0.1], 'new': [0.1, 0.3, 0.5], 'other countries': [0.3, 0.5]}
        """
        kept, others = {}, []
        for name, part in zip(self.names, itertools.islice(self.lists(), 1, None), strict=True):
            if name == OTHER_COUNTRIES or (is_country(name) and name not in alone):
                others.append(part)
            else:
                kept[name] = part
        if others:
            kept[OTHER_COUNTRIES] = np.sort(np.concatenate(others))
        return kept

    @classmethod
    def _stored(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        if set(arrays) != {"values", "offsets"}:
            raise refuse(cls.where, "arrays", "values and offsets", "others")
        return dict(arrays)

    @classmethod
    def _sorted(
        cls, account: npt.ArrayLike, score: npt.ArrayLike, segments: Mapping[str, npt.ArrayLike] | None
    ) -> tuple[tuple[str, ...], Floats, npt.NDArray[np.int64]]:
        """Return the names, values and offsets of rows."""
        scores = checked_scores(cls.where, "score", score)
        codes = coded(cls.where, "account", account, scores.size)
        order = np.lexsort((scores, codes))
        codes, scores = codes[order], scores[order]
        given = checked_masks(cls.where, "segments", {} if segments is None else segments, scores.size)
        masks = {name: mask[order] for name, mask in given}
        lists, n_of_countries = [], 0
        abroad = np.zeros(scores.size, np.bool_)
        for name, mask in {"": np.ones(scores.size, np.bool_), **masks}.items():
            own = codes[mask]
            last = np.append(own[1:] != own[:-1], np.ones(min(own.size, 1), np.bool_))
            lists.append(np.sort(scores[mask][last]))
            if is_country(name) or name == OTHER_COUNTRIES:
                n_of_countries += lists[-1].size
                abroad |= mask
        if np.unique(codes[abroad]).size != n_of_countries:
            raise refuse(
                cls.where,
                "segments",
                "of one country per account",
                "two of some",
                "Give the country of its number.",
            )
        offsets = np.cumsum([0, *(each.size for each in lists)], dtype=np.int64)
        return tuple(masks), np.concatenate(lists), offsets


def is_country(name: str) -> bool:
    """Tell whether a segment is a country's."""
    return name.startswith(COUNTRY)


def checked_scores(where: str, name: str, values: npt.ArrayLike) -> Floats:
    """Take scores, each in [0, 1]."""
    try:
        scores = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        scores = np.array(np.nan)
    if scores.ndim != 1 or not ((scores >= 0) & (scores <= 1)).all():
        raise refuse(
            where, name, "a list of numbers between 0 and 1", "others", "Give scores, not raw scores."
        )
    return scores + 0.0  # one zero


def checked_masks(where: str, name: str, segments: Any, n: int) -> Iterator[tuple[str, Bools]]:
    """Take the rows of each segment, by its name."""
    if not isinstance(segments, Mapping):
        raise refuse(where, name, "masks by name", type(segments).__name__, "Give a dict of masks.")
    for segment, values in segments.items():
        mask = np.asarray(values)
        if mask.shape != (n,) or mask.dtype != np.bool_:
            rule, got = f"true or false for each of {n:,} rows", f"{mask.dtype} of shape {mask.shape}"
            raise refuse(where, name, rule, got, "Give a mask per segment.")
        yield segment, mask


def coded(where: str, name: str, values: npt.ArrayLike, n: int) -> npt.NDArray[np.int64]:
    """Take a code for each row, by whichever values; the same ones get the same code."""
    given = np.asarray(values)
    if given.shape != (n,):
        raise refuse(
            where, name, f"one per score ({n:,})", f"shape {given.shape}", "Give lists of one length."
        )
    try:
        return np.unique(given, return_inverse=True)[1].astype(np.int64)
    except TypeError:
        raise refuse(where, name, "codes of one kind", "several kinds", "Give numbers, or texts.") from None


def _check_arrays(where: str, values: Any, offsets: Any, n_segments: int) -> None:
    for name, array, dtype in (("values", values, np.float64), ("offsets", offsets, np.int64)):
        if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype != dtype:
            raise refuse(where, name, f"a one-dimensional array of {np.dtype(dtype)}", "another")
    if offsets.size != n_segments + 2 or offsets[0] != 0 or offsets[-1] != values.size:
        raise refuse(where, "offsets", f"those of {n_segments + 1} lists", "others")
    if (offsets[1:] < offsets[:-1]).any():
        raise refuse(where, "offsets", "rising", "others")
    if not ((values >= 0) & (values <= 1)).all():
        raise refuse(where, "values", "between 0 and 1", "others")
    falls = np.flatnonzero(values[1:] < values[:-1]) + 1
    if not np.isin(falls, offsets).all():
        raise refuse(where, "values", "rising in each list", "others")


def _check_part(where: str, part: Floats, everyone: Floats) -> None:
    """Refuse a segment of more accounts than there are, or higher ones: an account is no higher there than overall."""
    if part.size > everyone.size or (part > everyone[everyone.size - part.size :]).any():
        raise refuse(where, "values", "those of segments of the accounts", "a list that is more or higher")
