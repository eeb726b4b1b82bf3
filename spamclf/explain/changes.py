"""The counterfactual: what an account would have had to do otherwise not to be flagged."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.explain.search import search
from spamclf.explain.subject import Subject
from spamclf.features.catalogue import CATALOGUE, family_of
from spamclf.instants import iso
from spamclf.model import Model
from spamclf.scoring import check_count
from spamclf.wording import counted, score_in_words

__all__ = ["Change", "Counterfactual", "counterfactual", "counterfactual_of"]

_NOT_FOUND = (
    "no change of its own doing was found that would clear it, of however many features; there may be one"
)


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
    """A change that clears an account, and whether it is the smallest.

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
    max_features : int or None
        Up to how many features might be changed at once; None for all.
    exhaustive : bool
        With changes, whether no smaller change clears: every one of as many features and of fewer was tried. If not,
        each of the changes is needed, in full, but others may be fewer. Without changes, whether none clears; of any
        number of features, not even if what is unknown of the account became known.
    """

    model: str
    as_of: int
    score: float
    threshold: float
    verdict: str
    changes: tuple[Change, ...]
    score_after: float | None
    max_features: int | None
    exhaustive: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the same as what JSON can hold."""
        return asdict(self) | {"as_of": iso(self.as_of)}

    def __str__(self) -> str:
        if self.verdict != "automated":
            return "not flagged: no change is needed"
        if not self.changes:
            return self._nothing()
        what = "the smallest change there is"
        if not self.exhaustive:
            others = "whether fewer others would do is not known"
            what = f"a change of {counted(len(self.changes), 'feature')}, each needed in full; {others}"
        after = score_in_words(self.score_after or 0.0)
        lines = [f"{what}: the score would be {after}, below {score_in_words(self.threshold)}, if it"]
        lines += [f"  {each.sentence_to}  (now: {each.sentence})" for each in self.changes]
        return "\n".join(lines)

    def _nothing(self) -> str:
        """Say that there is no change, or that none was found."""
        if self.max_features is None:
            return "nothing it could change would clear it" if self.exhaustive else _NOT_FOUND
        tried = "clears it" if self.exhaustive else "was found to clear it"
        return f"no change of up to {counted(self.max_features, 'feature')} of its own doing {tried}"


def counterfactual(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    account_id: Any = None,
    *,
    as_of: Any = None,
    max_features: int | None = None,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> Counterfactual:
    """Find a change of what an account did, as small as can be, that brings its score below the threshold.

    Only features are changed that are the account's own doing (`Feature.actionable`) and known: never its age or
    registration, nor what others answered, reported, labelled or showed. Values stay possible (counts whole, shares
    from 0 to 1) and move away from what the catalogue calls suspicious. Fewer features come before more, and then what
    crosses the smaller share of the model's splits.

    Every change of one feature is tried, and of several while they are few: then the change is the smallest there is.
    Else features are changed until the account is cleared, and changes are taken back or made smaller one at a time:
    what is left needs each of them, yet others might be fewer. `Counterfactual.exhaustive` and the text say which. It
    may be many features, or none: of some accounts it can be shown that nothing they could change would clear them,
    since it is what others did, or the account's age, that weighs.

    It is a statement on the model, not on the world: features are not independent (who sends less also writes to fewer
    strangers), and here one changes while the others stay.

    Parameters
    ----------
    dataset, model, account_id, as_of, n_jobs, ego
        As of `reasons`.
    max_features : int, optional
        How many features may change at once, at least 1. By default as many as it takes.

    Returns
    -------
    counterfactual : Counterfactual
        Rescored: with the changes the model does not flag.

    Raises
    ------
    ParameterError, ModelFileError, InsufficientDataError, SchemaError, DataFileError
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
    if max_features is not None:
        check_count("counterfactual", "max_features", max_features, least=1, usual="3")
    subject = Subject.of("counterfactual", dataset, model, account_id, as_of, n_jobs, ego)
    return counterfactual_of(subject, max_features)


def counterfactual_of(subject: Subject, max_features: int | None = None) -> Counterfactual:
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
