"""The reasons of one score, in full, by family."""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.explain.known_labels import KnownLabel
from spamclf.explain.subject import Subject
from spamclf.instants import iso
from spamclf.model import Model
from spamclf.model.reasons import Reason
from spamclf.scoring import check_count
from spamclf.wording import counted, score_in_words

__all__ = ["Against", "FamilyReasons", "Reasons", "reasons", "reasons_of"]

_SHOWN = 3  # features of a family in the text
_LEAST = 0.005  # log odds that two decimals show


@dataclass(frozen=True)
class FamilyReasons:
    """What the features of one family add to a raw score together.

    Attributes
    ----------
    family : str
    contribution : float
        The sum of its features', in log odds.
    features : tuple of Reason
        All of the model's, the largest contribution first.
    """

    family: str
    contribution: float
    features: tuple[Reason, ...]


@dataclass(frozen=True)
class Against:
    """What speaks against an automated account: a fact, or all that is not known of a family.

    Attributes
    ----------
    family : str
    contribution : float
        What the sentence says adds so much, below 0, in log odds: the sum of those of `features`.
    sentence : str
    features : tuple of str
        The feature that the sentence tells; of what is not known, all of the family's that have no value.
    """

    family: str
    contribution: float
    sentence: str
    features: tuple[str, ...]


@dataclass(frozen=True)
class Reasons:
    """Why an account scores as it does.

    Attributes
    ----------
    model : str
    as_of : int
        Microseconds since the epoch.
    score, threshold : float
    verdict : str
        As of `predict.score`.
    score_id : str
    raw_score, baseline : float
        Log odds before calibration, of this account and of the mean training row. `baseline` and all contributions
        add up to `raw_score` within 1e-9.
    families : tuple of FamilyReasons
        All of the model's, the largest contribution first.
    top : tuple of Reason
        What `predict.score` gives as reasons: the largest positive contribution of each family, of known values.
    against : tuple of Against
        The other side, the largest first: of each family the most negative contribution of a known value, and in one
        sum what its features without a value add, if that is below 0.
    known_label : KnownLabel or None
        The latest label of the account before `as_of`, if there is one. It is no part of the score.
    """

    model: str
    as_of: int
    score: float
    threshold: float
    verdict: str
    score_id: str
    raw_score: float
    baseline: float
    families: tuple[FamilyReasons, ...]
    top: tuple[Reason, ...]
    against: tuple[Against, ...] = ()
    known_label: KnownLabel | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the same as what JSON can hold."""
        label = None if self.known_label is None else self.known_label.to_dict()
        return asdict(self) | {"as_of": iso(self.as_of), "known_label": label}

    def __str__(self) -> str:
        moved = self.raw_score - self.baseline
        lines = [
            f"score {score_in_words(self.score)}, threshold {score_in_words(self.threshold)}: "
            f"{self.verdict.replace('_', ' ')} (model {self.model}, as of {iso(self.as_of)})",
            f"known label: {self.known_label or 'none'}",
            f"log odds before calibration {self.raw_score:+.2f}: {self.baseline:+.2f} for any account, "
            f"{moved:+.2f} for this one",
        ]
        for each in self.families:
            if any(abs(reason.contribution) >= _LEAST for reason in each.features):
                lines += _family_lines(each)
        if self.against:
            lines.append("what speaks against it, one fact of each family, and what is not known of it:")
            lines += [f"       {each.contribution:+.2f}  {_spaced(each)}" for each in self.against]
        return "\n".join(lines)


def _spaced(each: Against) -> str:
    return f"{each.family.replace('_', ' ')}: {each.sentence}"


def _against(families: list[FamilyReasons]) -> tuple[Against, ...]:
    """Tell what speaks against the account being automated, each line with the contribution of what it says."""
    found = []
    for family in families:
        known = [each for each in family.features if each.value is not None]
        if known:  # the largest contribution comes first
            last = known[-1]
            found.append(Against(family.family, last.contribution, last.sentence, (last.feature,)))
        names = tuple(each.feature for each in family.features if each.value is None)
        together = math.fsum(each.contribution for each in family.features if each.value is None)
        said = f"{counted(len(names), 'feature')} without a value{', together' if len(names) > 1 else ''}"
        found.append(Against(family.family, together, said, names))
    told = [each for each in found if each.contribution <= -_LEAST]
    return tuple(sorted(told, key=lambda each: each.contribution))


def _family_lines(family: FamilyReasons) -> list[str]:
    """Say what a family adds, in its largest features of known value; the others are told as one sum."""
    known = [each for each in family.features if each.value is not None and abs(each.contribution) >= _LEAST]
    shown = sorted(known, key=lambda each: -abs(each.contribution))[:_SHOWN]
    lines = [f"{family.contribution:+.2f}  {family.family}"]
    lines += [f"       {each.contribution:+.2f}  {each.sentence}" for each in shown]
    rest = math.fsum(each.contribution for each in family.features if each not in shown)
    n_missing = sum(each.value is None for each in family.features)
    if abs(rest) >= _LEAST:
        others = len(family.features) - len(shown)
        unknown = f", {n_missing} of them without a value" if n_missing else ""
        lines.append(f"       {rest:+.2f}  {others} more{unknown}")
    return lines


def reasons(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    account_id: Any = None,
    *,
    as_of: Any = None,
    top: int = 5,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> Reasons:
    """Share an account's raw score out among the model's features: exact Shapley values, in words and by family.

    Parameters
    ----------
    dataset : Dataset
    model : Model or path, optional
        By default the model that comes with spamclf.
    account_id : str or int
    as_of : str, datetime or int (microseconds since the epoch), optional
        As of `predict.score`.
    top : int, default=5
        How many reasons to choose, one of each family. A feature without a value is not chosen: that nothing is known
        of something is no fact that anybody could be held to, or contest. Its contribution is in `families`.
    n_jobs : int, default=-1
        Threads, in joblib's sense.
    ego : EgoLog, optional
        The dataset's log, if it was built before.

    Returns
    -------
    reasons : Reasons
        Of an account that sent nothing, too; its verdict says so.

    Raises
    ------
    ParameterError
        For an account that the dataset does not have, or an argument out of its range.
    ModelFileError, InsufficientDataError, SchemaError, DataFileError
        As of `predict.score`.

    Examples
    --------
    >>> from spamclf import explain, read_dataset
    >>> dataset = read_dataset("data/sample")
    >>> why = explain.reasons(dataset, account_id=dataset.accounts["account_id"][0].as_py())
    >>> total = why.baseline + sum(family.contribution for family in why.families)
    >>> abs(total - why.raw_score) < 1e-9
    True
    """
    check_count("reasons", "top", top, least=0, usual="5")
    return reasons_of(Subject.of("reasons", dataset, model, account_id, as_of, n_jobs, ego), top)


def reasons_of(subject: Subject, top: int) -> Reasons:
    """Return the reasons of an account that was measured already."""
    model, telling, x = subject.model, subject.scoring.telling, subject.x
    contributions, baseline = model.forest.contributions(x[None])
    every = telling.every(x, contributions[0], subject.others)
    by_family = groupby(sorted(every, key=lambda each: each.family), key=lambda each: each.family)
    grouped = ((name, tuple(each)) for name, each in by_family)
    families = [
        FamilyReasons(name, math.fsum(reason.contribution for reason in each), each) for name, each in grouped
    ]
    return Reasons(
        model=model.name,
        as_of=subject.as_of,
        score=subject.score,
        threshold=subject.threshold,
        verdict=subject.verdict,
        score_id=subject.score_id,
        raw_score=float(model.forest.raw_scores(x[None])[0]),
        baseline=baseline,
        families=tuple(sorted(families, key=lambda each: -each.contribution)),
        top=tuple(telling.chosen(x, contributions[0], subject.others, top)),
        against=_against(families),
        known_label=subject.known_label,
    )
