"""The false-flag certificate: a threshold that honest accounts reach no more often than promised."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import ParameterError
from spamclf.model.drift import LEVEL, DriftReport, ThresholdCount
from spamclf.model.order_statistic import least_accounts
from spamclf.model.reach import against_bound, against_others
from spamclf.model.reference import Reference
from spamclf.model.score_lists import OTHER_COUNTRIES, checked_masks, checked_scores, coded
from spamclf.model.stated import check_keys, number, refuse, whole, window, words

__all__ = ["ASSUMPTION", "Certificate", "SegmentThreshold"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: What a certificate rests on.
ASSUMPTION = (
    "The honest accounts to come are exchangeable with those it was calibrated on: the same population, honest by "
    "label, looked at for as long, as often and at the same moments. It says nothing of accounts drawn otherwise, and "
    "it ends when the population, the features or the number of looks changes: see check. spamclf.train calibrates on "
    "accounts that it did not train on and that sent after the time it trained on, and looks at their lives from their "
    "first message on: when an account registers, after its 1st, 5th, 20th, 100th and last send, and at the end. A "
    "longer time, or scoring every day, is more looks, and flags more honest accounts."
)
_EVERYBODY = "all accounts"
#: The calls that work, where `honest` are the rows of accounts labelled honest.
_REMEDIES = {
    ("thresholds", "segments"): "Give segments=predict.segments(dataset, model).",
    (
        "check",
        "segments",
    ): "Give segments={name: mask[sent] for name, mask in predict.segments(dataset, model).items()}, "
    "where scores are scores[sent] of predict.score; or leave segments out.",
    (
        "check",
        "honest_segments",
    ): "Give honest=score[rows] and honest_segments={name: mask[rows] for name, mask in "
    "predict.segments(dataset, model).items()}, where score is that of predict.score as an array and rows are those of "
    "accounts labelled honest.",
}
_ABOVE_ONE = float(np.nextafter(1.0, 2.0))  # a threshold that no score reaches


@dataclass(frozen=True)
class SegmentThreshold:
    """The threshold in force in a segment.

    Attributes
    ----------
    name : str
        ``other countries`` is one segment: all countries that have none here, most of them too small for it.
    n_accounts : int
        Honest calibration accounts that were seen in it; 0, too, where they are too few to be told apart.
    n_flagged : int
        Those of them whose highest score in it reaches the threshold.
    threshold : float
        The segment's own, or the overall one where that is higher or the segment is pooled.
    pooled : bool
        Whether it is too small for a bound of its own; accounts in it are covered by the overall bound alone.
    bound : float or None
        Upper confidence bound of the share of its honest accounts that are flagged in it; None where pooled.
    """

    name: str
    n_accounts: int
    n_flagged: int
    threshold: float
    pooled: bool
    bound: float | None


@dataclass(frozen=True, repr=False)
class Certificate:
    """A threshold with a bound on false flags; made by `HonestScores.certify`.

    With probability `confidence` over the calibration accounts, at most a share `fpr` of honest accounts is flagged
    over a time as long as the `window` in which those were looked at, whatever their mix of segments
    (`spamclf.train.fit`: from the first message to the calibration's end). Over a longer time more are: each account is
    looked at more often. The same holds in each segment that is not pooled, one by one; that all of k bounds hold at
    once has probability of at least ``1 - k * (1 - confidence)``.

    Parameters
    ----------
    fpr, confidence : float
        Within (0, 1).
    threshold : float
        Accounts that score at or above it are flagged; in [0, 1].
    n_accounts : int
        Honest calibration accounts.
    n_above : int
        How many of them the order statistic leaves above itself (fewer are flagged where scores tie).
    bound : float
        Upper confidence bound of the share of honest accounts that are flagged; at most `fpr`.
    segments : tuple of SegmentThreshold
    window : tuple of (str, str), optional
        When the calibration accounts appeared: from, to.
    reference : Reference, optional
        What `check` compares with. Not part of `to_dict`: it is stored as arrays.

    Raises
    ------
    ParameterError
        If values are out of range or contradict each other.

    Examples
    --------
    See `HonestScores`.
    """

    fpr: float
    confidence: float
    threshold: float
    n_accounts: int
    n_above: int
    bound: float
    segments: tuple[SegmentThreshold, ...] = ()
    window: tuple[str, str] | None = None
    reference: Reference | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        where, tiny = "certificate", math.ulp(0.0)
        limits = {"fpr": (tiny, 1 - 1e-16), "confidence": (tiny, 1 - 1e-16), "threshold": (0, 1)}
        for name, (low, high) in limits.items():
            object.__setattr__(self, name, number(where, name, getattr(self, name), low, high))
        number(where, "bound", self.bound, 0, self.fpr)
        whole(where, "n_accounts", self.n_accounts, 1)
        whole(where, "n_above", self.n_above, 0, self.n_accounts - 1)
        words(where, "segments", [row.name for row in self.segments])
        object.__setattr__(self, "window", window(where, self.window))
        for row in self.segments:
            _check_segment(row, self)

    @property
    def expected_per_million(self) -> float:
        """False flags to expect per million honest accounts: the mean of what the order statistic leaves above.

        On the high side where scores tie, or where a segment's threshold is higher.
        """
        return 1e6 * (self.n_above + 1) / (self.n_accounts + 1)

    @property
    def bound_per_million(self) -> float:
        """False flags per million honest accounts that are not exceeded, with `confidence`; at most fpr * 1e6."""
        return 1e6 * self.bound

    @property
    def certified(self) -> tuple[str, ...]:
        """The segments with a bound of their own."""
        return tuple(row.name for row in self.segments if not row.pooled)

    def thresholds(self, n_rows: int, segments: Mapping[str, npt.ArrayLike]) -> Floats:
        """Return the threshold in force for each row: the highest of its segments', at least the overall one.

        A row in several segments is held to each one's bound, so the highest counts: no membership ever makes a flag
        easier.

        Parameters
        ----------
        n_rows : int
        segments : mapping of str to array_like of shape (n_rows,), dtype bool
            Which rows are in each segment. All of `certified` are needed; unknown ones take the overall threshold.

        Returns
        -------
        thresholds : ndarray of shape (n_rows,), dtype float64
            Above 1 where nothing can be flagged, since too many honest accounts of a segment reach the largest score.

        Raises
        ------
        ParameterError
            If a certified segment is left out, or a mask is none.
        """
        n_rows = whole("thresholds", "n_rows", n_rows, 0)
        return self._highest(n_rows, self._masks("thresholds", "segments", segments, n_rows))

    def _masks(self, where: str, name: str, segments: Any, n_rows: int) -> dict[str, Bools]:
        """Take the rows of each segment, of the certified ones all."""
        masks = dict(checked_masks(where, name, segments, n_rows))
        if absent := [each for each in self.certified if each not in masks]:
            rule, got = "given for every certified segment", f"none for {absent[0]!r}"
            raise refuse(
                where, name, rule, got, f"A row's threshold may be higher there. {_REMEDIES[where, name]}"
            )
        return masks

    def _highest(self, n_rows: int, masks: Mapping[str, Bools]) -> Floats:
        highest = np.full(n_rows, self.threshold, np.float64)
        for row in self.segments:
            if row.name in masks:
                highest[masks[row.name]] = np.maximum(highest[masks[row.name]], row.threshold)
        return highest

    def check(
        self,
        scores: npt.ArrayLike,
        features: Mapping[str, npt.ArrayLike] | None = None,
        *,
        segments: Mapping[str, npt.ArrayLike] | None = None,
        honest: npt.ArrayLike | None = None,
        honest_account: npt.ArrayLike | None = None,
        honest_segments: Mapping[str, npt.ArrayLike] | None = None,
    ) -> DriftReport:
        """Tell whether the certificate still holds, by what new accounts look like.

        Three questions. Are scores and features spread as they were? Do more accounts reach a threshold than did, be it
        few of them all (Fisher's exact test)? Are more honest accounts flagged than was promised (binomial test)? Only
        the last one, with labels, is about the promise itself; more spam alone answers the others with yes.

        Parameters
        ----------
        scores : array_like of shape (n,)
            One per new account, taken as those of the reference were: of the accounts that `predict.score` gives a
            verdict at one instant, if `train.fit` made it.
        features : mapping of str to array_like of shape (n,), optional
            Values of the same accounts; NaN is missing. Every feature of the reference, or none.
        segments : mapping of str to array_like of shape (n,), dtype bool, optional
            Which of the same accounts are in each certified segment: each is then compared at its own threshold, too,
            if the reference knows it. Left out, all accounts are, at the overall one.
        honest : array_like of shape (n_rows,), optional
            Scores of accounts that were labelled honest since: as many rows of each as it was looked at.
        honest_account : array_like of shape (n_rows,), optional
            Which account each of these rows is of, by any code. By default each row is another account's, its highest.
        honest_segments : mapping of str to array_like of shape (n_rows,), dtype bool, optional
            Which of these rows are in each certified segment, whose thresholds are in force there.

        Returns
        -------
        report : DriftReport

        Raises
        ------
        InsufficientDataError
            If there are no accounts.
        ParameterError
            If the certificate has no reference, lengths differ, a score is outside [0, 1], or a feature or certified
            segment is missing.

        Examples
        --------
        >>> from spamclf.model.honest import HonestScores
        >>> rng = np.random.default_rng(0)
        >>> reference = Reference.of(rng.beta(1, 9, 5000))
        >>> honest = HonestScores.of(np.arange(5000), rng.beta(1, 9, 5000), reference=reference)
        >>> certificate = honest.certify(fpr=0.01)
        >>> scores = rng.beta(1, 9, 2000)
        >>> print(certificate.check(scores))
        certificate: holds, by 2,000 new accounts. Nothing to do. Check again as accounts come in.
          reach the threshold, all accounts: 22 of 2,000, 20 expected, too many from 35 on (p 0.4)
          score                            PSI 0.011  KS 0.024  p 0.38  steady
        >>> scores[:40] = 0.99
        >>> certificate.check(scores).status
        'expired'

        With accounts that were labelled honest, and the segments that `predict.segments` tells:

        >>> from spamclf import predict, read_dataset
        >>> dataset, model = read_dataset("data/sample"), predict.load_shipped_model()
        >>> told, segments = predict.score(dataset, model, n_reasons=0), predict.segments(dataset, model)
        >>> labels = dataset.labels.to_pydict()
        >>> cleared = {who for who, bad in zip(labels["account_id"], labels["is_automated"]) if not bad}
        >>> verdict, score = np.array(told["verdict"]), np.array(told["score"])
        >>> sent = verdict != "insufficient_data"
        >>> rows = sent & np.isin(told["account_id"].to_pylist(), sorted(cleared))
        >>> report = model.certificate.check(
        ...     score[sent], segments={name: mask[sent] for name, mask in segments.items()},
        ...     honest=score[rows], honest_segments={name: mask[rows] for name, mask in segments.items()},
        ... )
        >>> report.honest[0].name, report.honest[0].too_many
        ('all accounts', False)
        """
        if self.reference is None:
            raise ParameterError(
                "check: the certificate must have a reference; got none. Give certify a Reference of the scores."
            )
        found = self.reference.compare(scores, features)
        reaching = self._reaching(self.reference, checked_scores("check", "scores", scores), segments)
        recounted = () if honest is None else self._recounted(honest, honest_account, honest_segments)
        return replace(found, reaching=tuple(reaching), honest=tuple(recounted))

    def _reaching(self, reference: Reference, scores: Floats, segments: Any) -> Iterator[ThresholdCount]:
        """Count the accounts that reach each threshold, beside those of the reference."""
        masks = {} if segments is None else self._masks("check", "segments", segments, scores.size)
        everyone, *_ = reference.scores.lists()
        known = reference.scores.told_apart(self.certified)
        lines = [(_EVERYBODY, self.threshold, scores, everyone)]
        for row in self.segments:
            if row.name in masks and not row.pooled:
                lines.append(
                    (row.name, row.threshold, scores[masks[row.name]], known.get(row.name, everyone[:0]))
                )
        lines = [line for line in lines if line[2].size and line[3].size]
        for name, threshold, now, before in lines:
            n_reaching, level = int((now >= threshold).sum()), LEVEL / len(lines)
            above = before.size - int(np.searchsorted(before, threshold, side="left"))
            yield against_others(name, now.size, n_reaching, before.size, above, level)

    def _recounted(self, honest: Any, account: Any, segments: Any) -> Iterator[ThresholdCount]:
        """Count the honest accounts that were ever flagged, by the thresholds in force, beside the bound."""
        scores = checked_scores("check", "honest", honest)
        n_rows = scores.size
        codes = coded("check", "honest_account", np.arange(n_rows) if account is None else account, n_rows)
        masks = self._masks("check", "honest_segments", {} if segments is None else segments, n_rows)
        flagged = scores >= self._highest(n_rows, masks)
        kinds = [(_EVERYBODY, np.ones(n_rows, np.bool_)), *((name, masks[name]) for name in self.certified)]
        for name, mask in kinds:
            n, n_flagged = (np.unique(codes[rows]).size for rows in (mask, mask & flagged))
            if n:
                yield against_bound(name, n, n_flagged, self.fpr, LEVEL / len(kinds))

    def to_dict(self) -> dict[str, Any]:
        """Return all but the reference, as JSON can hold it."""
        stated = {
            field.name: getattr(self, field.name) for field in fields(self) if field.name != "reference"
        }
        stated["segments"] = [asdict(row) for row in self.segments]
        stated["window"] = None if self.window is None else list(self.window)
        return stated

    @classmethod
    def from_dict(cls, stated: Any, reference: Reference | None = None) -> Certificate:
        """Construct from what `to_dict` gave, trusting nothing in it.

        Parameters
        ----------
        stated : dict
        reference : Reference, optional
            What `check` compares new accounts with; it is stored beside the dict.

        Returns
        -------
        certificate : Certificate

        Raises
        ------
        ParameterError
            If a key is missing or unknown, or a value is of another type, out of range or contradicts others.
        """
        check_keys("certificate", stated, (field.name for field in fields(cls) if field.name != "reference"))
        if not isinstance(stated["segments"], list):
            raise refuse("certificate", "segments", "a list", "something else")
        rows = []
        for row in stated["segments"]:
            check_keys("certificate", row, (field.name for field in fields(SegmentThreshold)))
            rows.append(SegmentThreshold(**row))
        return cls(**{**stated, "segments": tuple(rows)}, reference=reference)

    def __str__(self) -> str:
        since = "" if self.window is None else f" of {self.window[0][:10]} to {self.window[1][:10]}"
        lines = [
            f"at most {1e6 * self.fpr:,.0f} of a million honest accounts are flagged over a time as long as the "
            f"calibration's, with confidence {self.confidence:g}",
            f"  threshold {self.threshold:.6g} from {self.n_accounts:,} honest accounts{since}, {self.n_above:,} above "
            f"it: {self.expected_per_million:,.0f} per million expected, at most {self.bound_per_million:,.0f}",
        ]
        lines += [f"  {row.name:<20} {self._said(row)}" for row in self.segments]
        return "\n".join([*lines, f"  Assumption: {ASSUMPTION}"])

    def _said(self, row: SegmentThreshold) -> str:
        """Say in a line what is promised in a segment."""
        n_accounts = f"{row.n_accounts:>9,} accounts" if row.n_accounts else f"{'too few':>9} accounts"
        if row.bound is None:
            few = (
                f"fewer than {least_accounts(self.fpr, self.confidence):,}"
                if row.n_accounts
                else "not told apart"
            )
            promised = f"pooled, {few}: the overall bound alone"
        else:
            promised = f"at most {1e6 * row.bound:,.0f} per million"
        if row.name == OTHER_COUNTRIES:
            promised += "; all countries without a line here"
        if row.threshold > 1:
            promised += "; nothing can be flagged"
        return f"{n_accounts}  threshold {row.threshold:.6g}  {promised}"

    def __repr__(self) -> str:
        size = f"n_accounts={self.n_accounts}, n_segments={len(self.segments)}"
        return f"Certificate(fpr={self.fpr:g}, confidence={self.confidence:g}, threshold={self.threshold:.6g}, {size})"


def _check_segment(row: SegmentThreshold, whole_one: Certificate) -> None:
    where = "certificate"
    n_accounts = whole(where, "segments.n_accounts", row.n_accounts, 0, whole_one.n_accounts)
    whole(where, "segments.n_flagged", row.n_flagged, 0, n_accounts)
    threshold = number(where, "segments.threshold", row.threshold, whole_one.threshold, _ABOVE_ONE)
    object.__setattr__(row, "threshold", threshold)
    if not isinstance(row.pooled, bool) or (row.bound is None) != row.pooled:
        raise refuse(where, "segments.bound", "there unless pooled", "something else")
    if row.bound is not None:
        number(where, "segments.bound", row.bound, 0, whole_one.fpr)
    if row.pooled and threshold != whole_one.threshold:
        raise refuse(where, "segments.threshold", "the overall one where pooled", "another")
