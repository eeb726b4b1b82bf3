"""The counterfactual: what an account would have had to do otherwise not to be flagged."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.errors import ParameterError
from spamclf.explain.search import search
from spamclf.explain.subject import Subject
from spamclf.features.catalogue import CATALOGUE, family_of
from spamclf.instants import iso
from spamclf.model import Model
from spamclf.predict import check_count

__all__ = ["Change", "Counterfactual", "counterfactual", "counterfactual_of"]

_MOST = 5


@dataclass(frozen=True)
class Change:
    """One feature with another value.

    Attributes
    ----------
    feature, family : str
    value, to : float
        What it is, and what it would have to be.
    sentence, sentence_to : str
        The same in words, the numbers rounded.
    """

    feature: str
    family: str
    value: float
    to: float
    sentence: str
    sentence_to: str


@dataclass(frozen=True)
class Counterfactual:
    """The smallest change found that clears an account.

    Attributes
    ----------
    model : str
    as_of : int
        Microseconds since the epoch.
    score, threshold : float
    verdict : str
    changes : tuple of Change
        Empty when the account is not flagged, or no change was found.
    score_after : float or None
        With the changes; below the threshold. None without changes.
    max_features : int
        Up to how many features were changed at once.
    exhaustive : bool
        Whether every change of as many features and of fewer was tried; if not, a smaller one may have been missed.
    """

    model: str
    as_of: int
    score: float
    threshold: float
    verdict: str
    changes: tuple[Change, ...]
    score_after: float | None
    max_features: int
    exhaustive: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the same as what JSON can hold."""
        return asdict(self) | {"as_of": iso(self.as_of)}

    def __str__(self) -> str:
        if self.verdict != "automated":
            return "not flagged: no change is needed"
        if not self.changes:
            tried = "clears it" if self.exhaustive else "was found to clear it"
            return f"no change of up to {self.max_features} of the features that are its own doing {tried}"
        lines = [f"the score would be {self.score_after:.4f}, below {self.threshold:.4f}, if it"]
        lines += [f"  {each.sentence_to}  (now: {each.sentence})" for each in self.changes]
        return "\n".join(lines)


def counterfactual(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    account_id: Any = None,
    *,
    as_of: Any = None,
    max_features: int = 3,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> Counterfactual:
    """Find the smallest change of what an account did that brings its score below the threshold.

    Only features are changed that are the account's own doing (`Feature.actionable`) and known: never its age or
    registration, nor what others answered, reported, labelled or showed. Values stay possible (counts whole, shares
    from 0 to 1) and move away from what the catalogue calls suspicious. Fewer features come before more, and then what
    crosses the smaller share of the model's splits.

    It is a statement on the model, not on the world: features are not independent (who sends less also writes to fewer
    strangers), and here one changes while the others stay.

    Parameters
    ----------
    dataset, model, account_id, as_of, n_jobs, ego
        As of `reasons`.
    max_features : int, default=3
        How many features may change at once, from 1 to 5.

    Returns
    -------
    counterfactual : Counterfactual
        Rescored: with the changes the model does not flag.

    Raises
    ------
    ParameterError, ModelFileError, InsufficientDataError
        As of `reasons`.

    Examples
    --------
    >>> from spamclf import explain, predict, read_dataset
    >>> dataset = read_dataset("data/sample")
    >>> verdicts = predict.score(dataset, n_reasons=0)["verdict"].to_pylist()
    >>> flagged = dataset.accounts["account_id"][verdicts.index("automated")].as_py()
    >>> found = explain.counterfactual(dataset, account_id=flagged)
    >>> found.score_after is None or found.score_after < found.threshold <= found.score
    True
    """
    _check_max(max_features)
    subject = Subject.of("counterfactual", dataset, model, account_id, as_of, n_jobs, ego)
    return counterfactual_of(subject, max_features)


def counterfactual_of(subject: Subject, max_features: int = 3) -> Counterfactual:
    """Return the counterfactual of an account that was measured already."""
    model, changes, after, exhaustive = subject.model, [], None, True
    if subject.verdict == "automated":
        features = [CATALOGUE[name] for name in model.feature_names]
        found = search(model, subject.x, features, max_features, subject.threshold)
        exhaustive = found.exhaustive
        changes = [
            _change(subject, column, to) for column, to in zip(found.columns, found.values, strict=True)
        ]
        if changes:
            x = subject.x.copy()
            x[list(found.columns)] = found.values
            after = float(model.scores(x[None])[0])
    return Counterfactual(
        model.name, subject.as_of, subject.score, subject.threshold, subject.verdict, tuple(changes), after,
        max_features, exhaustive,
    )  # fmt: skip


def _change(subject: Subject, column: int, to: float) -> Change:
    feature, value = CATALOGUE[subject.model.feature_names[column]], float(subject.x[column])
    words = {name: CATALOGUE[name].in_words(subject.others[name]) for name in feature.companions}
    said = (feature.say(each, words) for each in (value, to))
    return Change(feature.name, family_of(feature.name).name, value, to, *said)


def _check_max(max_features: Any) -> None:
    check_count("counterfactual", "max_features", max_features, least=1, usual="3")
    if max_features > _MOST:
        raise ParameterError(
            f"counterfactual: max_features must be at most {_MOST}; got {max_features}. Use 3: nobody weighs more."
        )
