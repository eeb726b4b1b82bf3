"""What calibration keeps of honest accounts, and the certificates it supports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from spamclf.errors import InsufficientDataError
from spamclf.model.certificate import Certificate, SegmentThreshold
from spamclf.model.order_statistic import least_accounts, most_above, too_few, upper_bound
from spamclf.model.reference import Reference
from spamclf.model.score_lists import ScoreLists
from spamclf.model.stated import refuse, window

__all__ = ["HonestScores", "just_above"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class HonestScores(ScoreLists):
    """The highest score of each honest calibration account, overall and in each segment: what certificates are made of.

    An account is scored again and again, so it is its highest score that decides whether it is ever flagged.

    Parameters
    ----------
    names, values, offsets
        As of `ScoreLists`.
    window : tuple of (str, str), optional
        From when to when the accounts were looked at, to be stated.
    reference : Reference, optional
        How all calibration accounts were spread, for `Certificate.check`.

    Raises
    ------
    ParameterError
        If the arrays are no such lists, or what stands beside them is nothing of the kind.

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

    where: ClassVar[str] = "honest scores"

    window: tuple[str, str] | None = None
    reference: Reference | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "window", window(self.where, self.window))
        if not isinstance(self.reference, Reference | None):
            raise refuse(self.where, "reference", "a Reference or None", type(self.reference).__name__)

    def __repr__(self) -> str:
        return f"HonestScores(n_accounts={self.n_accounts}, n_segments={len(self.names)})"

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, npt.NDArray[Any]],
        names: Sequence[str],
        window: tuple[str, str] | None = None,
        reference: Reference | None = None,
    ) -> HonestScores:
        """Construct from what was stored, after an audit.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            ``values``, shape (n_scores,), the sorted scores of one list after the other; ``offsets``, shape
            (n_segments + 2,), where each begins and ends.
        names : sequence of str
            Segments, in the order of their lists; that of all accounts comes first.
        window : tuple of (str, str), optional
            As of `HonestScores`.
        reference : Reference, optional
            As of `HonestScores`.

        Returns
        -------
        honest : HonestScores

        Raises
        ------
        ParameterError
            As of `HonestScores`.
        """
        return cls(tuple(names), **cls._stored(arrays), window=window, reference=reference)

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
        account, score, segments
            As of `ScoreLists.of`.
        window, reference
            As of `HonestScores`.

        Returns
        -------
        honest : HonestScores

        Raises
        ------
        ParameterError
            As of `ScoreLists.of`.
        """
        return cls(*cls._sorted(account, score, segments), window, reference)

    def certify(self, fpr: float = 1e-3, confidence: float = 0.95) -> Certificate:
        """Choose the lowest thresholds whose false flags are bounded, by the exact order statistic.

        Parameters
        ----------
        fpr : float, default=0.001
            Share of honest accounts that may be flagged over a time as long as the calibration's.
        confidence : float, default=0.95
            Probability, over calibration accounts drawn like these, that no more are.

        Returns
        -------
        certificate : Certificate
            Countries that are too small for a bound of their own are pooled with each other: together they may have
            one. Other segments that are too small take the overall threshold and say so.

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
                usual = 0.001 if name == "fpr" else 0.95
                estimate = " train.fit(..., confidence=None) gives an estimate without a promise."
                hint = estimate if name == "confidence" and value is None else ""
                raise refuse("certify", name, "between 0 and 1", repr(value), f"Use {usual}.{hint}")
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
        least = least_accounts(fpr, confidence)
        alone = [name for name, part in zip(self.names, parts, strict=True) if part.size >= least]
        rows = tuple(
            _segment(name, part, threshold, fpr, confidence) for name, part in self.told_apart(alone).items()
        )
        bound = upper_bound(everyone.size, n_above, fpr, confidence)
        return Certificate(
            fpr, confidence, threshold, everyone.size, n_above, bound, rows, self.window, self.reference
        )


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
