"""What calibration keeps of honest accounts, and the certificates it supports."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import InsufficientDataError
from spamclf.model.certificate import Certificate, SegmentThreshold, checked_masks, checked_scores
from spamclf.model.order_statistic import most_above, too_few, upper_bound
from spamclf.model.reference import Reference
from spamclf.model.stated import refuse, window, words

__all__ = ["MAX_SEGMENTS", "HonestScores", "just_above"]

Floats = npt.NDArray[np.float64]

#: Segments that a model's folder can hold: more would be somebody's free text in a column of countries.
MAX_SEGMENTS = 9_999


@dataclass(frozen=True, eq=False, repr=False)
class HonestScores:
    """The highest score of each honest calibration account, overall and in each segment: what certificates are made of.

    An account is scored again and again, so it is its highest score that decides whether it is ever flagged. No account
    can be told from another here: each list is sorted by itself.

    Parameters
    ----------
    names : tuple of str
        The segments.
    values : ndarray of shape (n_values,), dtype float64
        In [0, 1], rising in each list.
    offsets : ndarray of shape (n_segments + 2,), dtype int64
        List k is ``values[offsets[k]:offsets[k + 1]]``; list 0 is of all accounts, the others of the segments.
    window : tuple of (str, str), optional
        From when to when the accounts were looked at, to be stated.
    reference : Reference, optional
        How all calibration accounts were spread, for `Certificate.check`.

    Raises
    ------
    ParameterError
        If the arrays are no such lists.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> account, is_new = np.repeat(np.arange(4000), 3), np.tile([True, False, False], 4000)
    >>> honest = HonestScores.of(account, rng.beta(1, 20, 12_000), {"new": is_new, "business": account < 200})
    >>> honest
    HonestScores(n_accounts=4000, n_segments=2)
    >>> certificate = honest.certify(fpr=1e-3)
    >>> certificate
    Certificate(fpr=0.001, confidence=0.95, threshold=0.433104, n_accounts=4000, n_segments=2)
    >>> [(row.name, row.n_accounts, row.pooled) for row in certificate.segments]
    [('new', 4000, False), ('business', 200, True)]
    >>> honest.certify(fpr=1e-4)
    Traceback (most recent call last):
    ...
    spamclf.errors.InsufficientDataError: certify: honest accounts must be at least 29,956 for fpr 0.0001 at confidence
    0.95; got 4,000. Label more later accounts, or ask for an fpr of 0.000749 or more.

    References
    ----------
    X. Tong, Y. Feng and J. J. Li (2018). Neyman-Pearson classification algorithms and NP receiver operating
    characteristics. Science Advances 4(2), eaao1659.
    """

    names: tuple[str, ...]
    values: Floats
    offsets: npt.NDArray[np.int64]
    window: tuple[str, str] | None = None
    reference: Reference | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", words("honest scores", "names", self.names))
        if len(self.names) > MAX_SEGMENTS:
            raise refuse("honest scores", "names", f"at most {MAX_SEGMENTS:,}", f"{len(self.names):,}")
        object.__setattr__(self, "window", window("honest scores", self.window))
        _check_lists(self.values, self.offsets, len(self.names))

    def __repr__(self) -> str:
        return f"HonestScores(n_accounts={self.n_accounts}, n_segments={len(self.names)})"

    @property
    def n_accounts(self) -> int:
        """Honest accounts in all."""
        return int(self.offsets[1])

    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays by name, to be stored beside `names`."""
        return {"values": self.values, "offsets": self.offsets}

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, npt.NDArray[Any]],
        names: Sequence[str],
        window: tuple[str, str] | None = None,
        reference: Reference | None = None,
    ) -> HonestScores:
        """Construct from what was stored, after an audit.

        Raises
        ------
        ParameterError
            As of `HonestScores`.
        """
        if set(arrays) != {"values", "offsets"}:
            raise refuse("honest scores", "arrays", "values and offsets", "others")
        return cls(tuple(names), arrays["values"], arrays["offsets"], window, reference)

    @classmethod
    def of(
        cls,
        account: npt.ArrayLike,
        score: npt.ArrayLike,
        segments: Mapping[str, npt.ArrayLike] | None = None,
        *,
        window: tuple[str, str] | None = None,
        reference: Reference | None = None,
    ) -> HonestScores:
        """Keep the highest scores of honest accounts that the model was not trained on.

        Parameters
        ----------
        account : array_like of shape (n_rows,)
            Which account each row is of, by any code; an account has a row for each moment it was looked at.
        score : array_like of shape (n_rows,)
            In [0, 1].
        segments : mapping of str to array_like of shape (n_rows,), dtype bool, optional
            Which rows are in each segment; a row may be in several, or in none.
        window, reference
            As of `HonestScores`.

        Returns
        -------
        honest : HonestScores

        Raises
        ------
        ParameterError
            If lengths differ, a score is outside [0, 1], or a mask is none.
        """
        segments = segments or {}
        codes, scores = np.asarray(account), checked_scores("honest scores", "score", score)
        if codes.shape != scores.shape:
            raise refuse(
                "honest scores", "account", f"one per score ({scores.size:,})", f"shape {codes.shape}"
            )
        order = np.lexsort((scores, codes))
        codes, scores = codes[order], scores[order]
        whole_list = np.ones(scores.size, np.bool_)
        masks = [
            whole_list,
            *(mask[order] for _, mask in checked_masks("honest scores", segments, scores.size)),
        ]
        lists = []
        for mask in masks:
            own = codes[mask]
            last = np.append(own[1:] != own[:-1], np.ones(min(own.size, 1), np.bool_))
            lists.append(np.sort(scores[mask][last]))
        offsets = np.cumsum([0, *(each.size for each in lists)], dtype=np.int64)
        return cls(tuple(segments), np.concatenate(lists), offsets, window, reference)

    def certify(self, fpr: float = 1e-3, confidence: float = 0.95) -> Certificate:
        """Choose the lowest thresholds whose false flags are bounded, by the exact order statistic.

        Parameters
        ----------
        fpr : float, default=0.001
            Share of honest accounts that may ever be flagged.
        confidence : float, default=0.95
            Probability, over calibration accounts drawn like these, that no more are.

        Returns
        -------
        certificate : Certificate
            Segments that are too small for a bound of their own take the overall threshold and say so.

        Raises
        ------
        InsufficientDataError
            If there are fewer than ``ln(1 - confidence) / ln(1 - fpr)`` accounts, or too many of them reach the
            largest score.
        ParameterError
            If an argument is out of its range.

        Examples
        --------
        See `HonestScores`.
        """
        for name, value in (("fpr", fpr), ("confidence", confidence)):
            if not isinstance(value, Real) or not 1e-9 <= value < 1:
                rule, remedy = "between 0 and 1", "Use 0.001 and 0.95."
                raise refuse("certify", name, rule, repr(value), remedy)
        fpr, confidence = float(fpr), float(confidence)
        everyone, *parts = self.lists()
        n_above = most_above(everyone.size, fpr, confidence)
        if n_above is None:
            raise too_few(everyone.size, fpr, confidence)
        threshold = just_above(everyone, n_above)
        if threshold > 1:
            raise InsufficientDataError(
                f"certify: honest accounts that reach the largest score must be at most {n_above:,} of "
                f"{everyone.size:,}; got more. Check their labels, or train on more accounts."
            )
        rows = tuple(
            _segment(name, part, threshold, fpr, confidence)
            for name, part in zip(self.names, parts, strict=True)
        )
        bound = upper_bound(everyone.size, n_above, fpr, confidence)
        return Certificate(
            fpr, confidence, threshold, everyone.size, n_above, bound, rows, self.window, self.reference
        )

    def lists(self) -> Iterator[Floats]:
        """Yield the list of all accounts, then that of each segment."""
        for begin, end in itertools.pairwise(self.offsets):
            yield self.values[begin:end]


def just_above(rising: Floats, n_above: int) -> float:
    """Return the lowest threshold that leaves at most so many of a rising list at or above it.

    Accounts that tie with the order statistic stay unflagged, all of them.
    """
    return float(np.nextafter(rising[rising.size - 1 - n_above], np.inf))


def _segment(name: str, rising: Floats, overall: float, fpr: float, confidence: float) -> SegmentThreshold:
    n_above = most_above(rising.size, fpr, confidence)
    threshold, bound = overall, None
    if n_above is not None:
        threshold = max(overall, just_above(rising, n_above))
        bound = upper_bound(rising.size, n_above, fpr, confidence)
    n_flagged = rising.size - int(np.searchsorted(rising, threshold, side="left"))
    return SegmentThreshold(name, rising.size, n_flagged, threshold, n_above is None, bound)


def _check_lists(values: Any, offsets: Any, n_segments: int) -> None:
    where = "honest scores"
    for name, array, dtype in (("values", values, np.float64), ("offsets", offsets, np.int64)):
        if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype != dtype:
            raise refuse(where, name, f"a one-dimensional array of {np.dtype(dtype)}", "another")
    if offsets.size != n_segments + 2 or offsets[0] != 0 or offsets[-1] != values.size:
        raise refuse(where, "offsets", f"those of {n_segments + 1} lists", "others")
    if (offsets[1:] < offsets[:-1]).any():
        raise refuse(where, "offsets", "rising", "others")
    if not ((values >= 0) & (values <= 1)).all():
        raise refuse(where, "values", "between 0 and 1", "others")
    everyone = values[: offsets[1]]
    for begin, end in itertools.pairwise(offsets):
        part = values[begin:end]
        if (part[1:] < part[:-1]).any():
            raise refuse(where, "values", "rising in each list", "others")
        # An account is no higher in a segment than overall, so no rank from the top is either.
        if part.size > everyone.size or (part > everyone[everyone.size - part.size :]).any():
            raise refuse(
                where, "values", "those of segments of the accounts", "a list that is more or higher"
            )
