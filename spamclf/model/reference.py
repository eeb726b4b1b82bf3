"""How calibration accounts were spread, and whether new ones still are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import InsufficientDataError
from spamclf.model.drift import LEVEL, PSI_LIMITS, ColumnDrift, DriftReport
from spamclf.model.score_lists import ScoreLists, checked_scores
from spamclf.model.stated import refuse, words

__all__ = ["Reference"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Distinct values of a column that a reference keeps at most.
N_CUTS = 200
_N_BINS = 10
_SEEN_DISTANCE = 0.2  # a shift of this size (KS distance) must be seen before silence means anything
_LARGEST = float(np.finfo(np.float64).max)
_SCORE = "score"


@dataclass(frozen=True, eq=False, repr=False)
class Reference:
    """How the scores and some features of the calibration accounts were spread, a row per account.

    All scores are kept, but of each feature at most 200 values and how many rows were at or below each: shares at those
    values are exact, ties or not. Arrays and names are what a model's folder can hold; nothing in them is trusted.

    Parameters
    ----------
    scores : ScoreLists
        Of all accounts, and of those in each segment.
    names : tuple of str
        The features, in the order of their columns.
    cuts : ndarray of shape (n_cuts,), dtype float64
        Values, rising in each column.
    counts : ndarray of shape (n_cuts,), dtype int64
        Rows at or below each, missing ones left out; rising in each column.
    offsets : ndarray of shape (n_features + 1,), dtype int64
        Column k has the cuts ``offsets[k]:offsets[k + 1]``.
    missing : ndarray of shape (n_features,), dtype int64
        Rows without a value.

    Raises
    ------
    ParameterError
        If the arrays are no sound reference.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> reference = Reference.of(rng.random(5000), {"gap_s": rng.normal(size=5000)})
    >>> reference
    Reference(n_rows=5000, n_features=1)
    >>> reference.compare(rng.random(2000), {"gap_s": rng.normal(size=2000)}).status
    'holds'
    >>> reference.compare(rng.random(2000) ** 2, {"gap_s": rng.normal(size=2000)}).moved
    ('score',)
    """

    scores: ScoreLists
    names: tuple[str, ...]
    cuts: Floats
    counts: Ints
    offsets: Ints
    missing: Ints

    def __post_init__(self) -> None:
        if not isinstance(self.scores, ScoreLists):
            raise refuse("reference", "scores", "ScoreLists", type(self.scores).__name__)
        if not self.n_rows:
            raise refuse("reference", "scores", "of one account at least", "none")
        object.__setattr__(self, "names", words("reference", "names", self.names))
        if _SCORE in self.names:
            raise refuse("reference", "names", f"other than {_SCORE!r}", "it", "Rename that column.")
        _check_arrays(self._columns, len(self.names), self.n_rows)

    def __repr__(self) -> str:
        return f"Reference(n_rows={self.n_rows}, n_features={len(self.names)})"

    @property
    def n_rows(self) -> int:
        """Accounts it was made from."""
        return self.scores.n_accounts

    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays by name, to be stored beside `names` and the segments of `scores`."""
        return self._columns | {f"score_{name}": array for name, array in self.scores.arrays.items()}

    @property
    def _columns(self) -> dict[str, npt.NDArray[Any]]:
        return {"cuts": self.cuts, "counts": self.counts, "offsets": self.offsets, "missing": self.missing}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, npt.NDArray[Any]], names: Sequence[str], segments: Sequence[str] = ()
    ) -> Reference:
        """Construct from what was stored, after an audit.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            ``cuts``, ``counts``, ``offsets`` and ``missing`` as of `Reference`; ``score_values`` and ``score_offsets``,
            the sorted scores of one list after the other and where each begins and ends.
        names : sequence of str
            Features, in the order of their cuts.
        segments : sequence of str, default=()
            In the order of their scores; those of all accounts come first.

        Returns
        -------
        reference : Reference

        Raises
        ------
        ParameterError
            As of `Reference`.
        """
        expected = {"cuts", "counts", "offsets", "missing", "score_values", "score_offsets"}
        if set(arrays) != expected:
            raise refuse("reference", "arrays", ", ".join(sorted(expected)), "others")
        columns = {name: array for name, array in arrays.items() if not name.startswith("score_")}
        scores = ScoreLists(tuple(segments), arrays["score_values"], arrays["score_offsets"])
        return cls(scores, tuple(names), **columns)

    @classmethod
    def of(
        cls,
        scores: npt.ArrayLike,
        features: Mapping[str, npt.ArrayLike] | None = None,
        segments: Mapping[str, npt.ArrayLike] | None = None,
    ) -> Reference:
        """Keep how scores and features are spread.

        Parameters
        ----------
        scores : array_like of shape (n,)
            One per account, for instance its last; in [0, 1]. Of the same mix of accounts that will be compared: all,
            or the honest ones only.
        features : mapping of str to array_like of shape (n,), optional
            Values of the same accounts; NaN is missing.
        segments : mapping of str to array_like of shape (n,), dtype bool, optional
            Which accounts are in each segment, as of `HonestScores.of`.

        Returns
        -------
        reference : Reference

        Raises
        ------
        InsufficientDataError
            If there are no accounts.
        ParameterError
            If lengths differ, a score is outside [0, 1] or a mask is none.
        """
        scored, columns = _checked("reference", scores, features)
        kept = [_cuts(column) for column in columns.values()]
        return cls(
            scores=ScoreLists.of(np.arange(scored.size), scored, segments),
            names=tuple(columns),
            cuts=np.concatenate([np.empty(0), *(cuts for cuts, _, _ in kept)]),
            counts=np.concatenate([np.empty(0, np.int64), *(counts for _, counts, _ in kept)]),
            offsets=np.cumsum([0, *(cuts.size for cuts, _, _ in kept)], dtype=np.int64),
            missing=np.array([missing for _, _, missing in kept], np.int64),
        )

    def compare(
        self, scores: npt.ArrayLike, features: Mapping[str, npt.ArrayLike] | None = None
    ) -> DriftReport:
        """Compare new accounts with these.

        Parameters
        ----------
        scores : array_like of shape (n,)
            One per account, taken as those of the reference were: snapshots of one account are not independent.
        features : mapping of str to array_like of shape (n,), optional
            Must hold every feature of the reference; others are ignored. Left out, only the scores are compared.

        Returns
        -------
        report : DriftReport

        Raises
        ------
        InsufficientDataError
            If there are no accounts.
        ParameterError
            If lengths differ, a score is outside [0, 1], or a feature is missing.
        """
        if isinstance(features, Mapping):
            if absent := [name for name in self.names if name not in features]:
                rule = f"given with every feature of the reference ({len(self.names)})"
                got = f"{len(absent)} fewer, such as {absent[0]}"
                raise refuse("check", "features", rule, got, "Extract them too, or leave features out.")
            features = {name: features[name] for name in self.names}
        scored, columns = _checked("check", scores, features)
        everyone, *_ = self.scores.lists()
        cuts, m, n_tests = np.unique(everyone), self.n_rows, 1 + len(columns)
        found = [_drift(_SCORE, cuts, np.searchsorted(everyone, cuts, side="right"), 0, m, scored, n_tests)]
        for k, (name, values) in enumerate(columns.items()):
            span, missing = slice(self.offsets[k], self.offsets[k + 1]), int(self.missing[k])
            found.append(_drift(name, self.cuts[span], self.counts[span], missing, m, values, n_tests))
        return DriftReport(tuple(found), scored.size, self._least_rows(n_tests))

    def _least_rows(self, n_columns: int) -> int | None:
        """Return from how many rows on a distance of 0.2 passes for no accident (the tail of Kolmogorov's law)."""
        needed = math.log(2 * n_columns / LEVEL) / (2 * _SEEN_DISTANCE**2)
        m = self.n_rows  # needed = n m / (n + m)
        return math.ceil(needed * m / (m - needed)) if m > needed else None


def _checked(where: str, scores: Any, features: Any) -> tuple[Floats, dict[str, Floats]]:
    """Take scores and features of the same accounts; an infinite value is the largest there is."""
    if not isinstance(features, Mapping | None):
        raise refuse(
            where,
            "features",
            "columns by name",
            type(features).__name__,
            "Give a dict, or leave features out.",
        )
    if features and _SCORE in features:
        raise refuse(where, "features", f"named otherwise than {_SCORE!r}", "it", "Rename that column.")
    scored = checked_scores(where, "scores", scores)
    if not scored.size:
        raise InsufficientDataError(
            f"{where}: scores must be of one account at least; got none. Give more rows."
        )
    columns: dict[str, Floats] = {}
    for name, values in (features or {}).items():
        try:
            column = np.asarray(values, np.float64)
        except (TypeError, ValueError):
            raise refuse(where, name, "numbers", "others", "Leave such rows out.") from None
        if column.shape != scored.shape:
            rule = f"one number per score ({scored.size:,})"
            raise refuse(where, name, rule, f"shape {column.shape}", "Give columns of one length.")
        columns[name] = np.clip(column, -_LARGEST, _LARGEST)
    return scored, columns


def _drift(
    name: str, cuts: Floats, counts: Ints, missing: int, m: int, values: Floats, n_tests: int
) -> ColumnDrift:
    """Compare values with those of m rows, of which so many were at or below each cut."""
    from scipy.special import kolmogorov

    known = np.sort(values[~np.isnan(values)])
    n, n_missing = values.size, values.size - known.size
    before = np.append(missing, missing + counts)
    now = np.append(n_missing, n_missing + np.searchsorted(known, cuts, side="right"))
    distance = float(np.abs(now / n - before / m).max())
    p_value = float(kolmogorov(math.sqrt(n / (n + m) * m) * distance))
    psi = _psi(before, m, now, n)
    level = "steady"
    if p_value * n_tests <= LEVEL:
        level = ("steady", "drifting", "moved")[sum(psi >= limit for limit in PSI_LIMITS)]
    return ColumnDrift(name, psi, distance, p_value, level)


def _cuts(column: Floats) -> tuple[Floats, Ints, int]:
    """Return values at 200 equal steps of rank, and how many rows each has at or below it."""
    known = np.sort(column[~np.isnan(column)]) + 0.0  # one zero
    at = np.unique(np.ceil(np.arange(1, N_CUTS + 1) / N_CUTS * known.size).astype(np.int64) - 1)
    cuts = np.unique(known[at]) if known.size else known
    counts = np.searchsorted(known, cuts, side="right").astype(np.int64)
    return cuts, counts, column.size - known.size


def _psi(before: Ints, m: int, now: Ints, n: int) -> float:
    """Return the population stability index over the reference's deciles and the missing values.

    Both shares lean on the share of the two together, by as many rows as there are bins: an empty bin does not make
    the index infinite, nor a rare one make few rows look moved.
    """
    wanted = before[0] + (m - before[0]) * np.arange(1, _N_BINS + 1) / _N_BINS
    ends = np.unique(np.append(0, np.searchsorted(before, wanted)))
    ends = ends[ends < before.size]
    # What lies above the reference's largest value counts with its last bin; without any value it is a bin of its own.
    inner = ends[:-1] if ends.size > 1 else ends
    old, new = (np.diff(np.concatenate([[0], each[inner], [size]])) for each, size in ((before, m), (now, n)))
    pooled = (old + new) / (m + n)
    old, new, pooled = (each[pooled > 0] for each in (old, new, pooled))
    old_share, new_share = (
        (each + ends.size * pooled) / (size + ends.size) for each, size in ((old, m), (new, n))
    )
    return float(((new_share - old_share) * np.log(new_share / old_share)).sum())


def _check_arrays(arrays: Mapping[str, npt.NDArray[Any]], n_columns: int, n_rows: int) -> None:
    for name, array in arrays.items():
        dtype = np.float64 if name == "cuts" else np.int64
        if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype != dtype:
            raise refuse("reference", name, f"a one-dimensional array of {dtype.__name__}", "another")
    cuts, counts, offsets, missing = (arrays[name] for name in ("cuts", "counts", "offsets", "missing"))
    if offsets.size != n_columns + 1 or missing.size != n_columns or counts.size != cuts.size:
        raise refuse("reference", "arrays", f"of {n_columns} columns", "other lengths")
    if offsets[0] != 0 or offsets[-1] != cuts.size or (offsets[1:] < offsets[:-1]).any():
        raise refuse("reference", "offsets", f"rising from 0 to {cuts.size:,}", "others")
    if not np.isfinite(cuts).all():
        raise refuse("reference", "cuts", "finite", "others")
    if not (((missing >= 0) & (missing <= n_rows)).all() and ((counts >= 1) & (counts <= n_rows)).all()):
        raise refuse("reference", "counts and missing", "numbers of rows", "others")
    for values in (cuts, counts):
        if any((part[1:] <= part[:-1]).any() for part in _parts(values, offsets)):
            raise refuse("reference", "cuts and counts", "rising in each column", "others")
    known = [int(part[-1]) if part.size else 0 for part in _parts(counts, offsets)]
    if any(n + int(none) != n_rows for n, none in zip(known, missing, strict=True)):
        raise refuse("reference", "columns", f"of {n_rows:,} rows each, as many as scores", "others")


def _parts(values: npt.NDArray[Any], offsets: Ints) -> Iterator[npt.NDArray[Any]]:
    for begin, end in itertools.pairwise(offsets):
        yield values[begin:end]
