"""Accounts of one dataset or several, and what looking at them found: the arrays behind every table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.verdicts import Labels
from spamclf.ego import Slices
from spamclf.errors import InsufficientDataError
from spamclf.evaluate.looks import STATED, WATCHED, Looks, questions, strangers_until
from spamclf.evaluate.truth import Truth
from spamclf.features.extract import measure
from spamclf.scoring import Scoring
from spamclf.segments import segment_names, segments_of

__all__ = ["Judged", "flags", "judge", "together"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Judged:
    """Accounts that sent, and what looking at them found; arrays have a place per account unless they say otherwise.

    Attributes
    ----------
    account_id : pyarrow.Array
    is_automated : ndarray of bool
    family : ndarray of str
        Empty where unknown.
    campaign : ndarray of int64
    score, flagged, n_looks : ndarray of float64, ndarray of bool, ndarray of int64
        The highest of the looks that the certificate speaks of, whether one of them flags, and how many there are.
    score_unlabelled, flagged_unlabelled : ndarray of float64, ndarray of bool
        The same where nobody on the platform is labelled yet, and no evidence is known.
    looks, segments : dict of str to (ndarray of bool, ndarray of bool)
        Of each single look, and of each segment: which accounts are looked at (in it), which flagged.
    promised : dict of str to (ndarray of bool, ndarray of bool)
        The same of each segment that the certificate names, which may be others.
    strangers : ndarray of float64
        That it wrote to in all, since it set out to where that is known.
    X : ndarray of shape (n_accounts, n_features), dtype float64
        The model's features at the end.
    watched_place, watched_score, watched_flagged, watched_strangers : ndarray of shape (n_looks,)
        Looks of a watcher by account and time: whose, what they found, the strangers written to by then (0 for honest
        accounts: nobody counts them).
    remembered : ndarray of bool
        That a label of theirs is in the model's memory: it learned from these very data.
    n_never_sent : int
        Accounts of the truth that are left out, for they never sent.
    """

    account_id: pa.Array
    is_automated: Bools
    family: npt.NDArray[np.str_]
    campaign: Codes
    score: Floats
    flagged: Bools
    n_looks: Codes
    score_unlabelled: Floats
    flagged_unlabelled: Bools
    looks: Mapping[str, tuple[Bools, Bools]]
    segments: Mapping[str, tuple[Bools, Bools]]
    promised: Mapping[str, tuple[Bools, Bools]]
    strangers: Floats
    X: Floats
    watched_place: Codes
    watched_score: Floats
    watched_flagged: Bools
    watched_strangers: Floats
    remembered: Bools
    n_never_sent: int

    def __len__(self) -> int:
        return self.is_automated.size

    def families(self, *, automated: bool) -> Iterator[tuple[str, Bools]]:
        """Yield everybody of a kind, then its families, and who is in each."""
        those = self.is_automated == automated
        yield "all automated" if automated else "all honest", those
        for name in np.unique(self.family[those & (self.family != "")]).tolist():
            yield name, those & (self.family == name)

    def reached(self, flagged: Bools) -> tuple[Floats, Bools]:
        """Return the strangers that each account wrote to before a watcher flags it, or in all; and who is flagged."""
        place = self.watched_place[flagged]
        first = np.unique(place, return_index=True)[1]
        reached, is_flagged = self.strangers.copy(), np.zeros(len(self), np.bool_)
        reached[place[first]] = self.watched_strangers[flagged][first]
        is_flagged[place] = True
        return reached, is_flagged


def judge(scoring: Scoring, truth: Any, say: Callable[[str], None]) -> Judged:
    """Look at all accounts that the truth names, in every way that an evaluation asks for.

    Raises
    ------
    InsufficientDataError
        If there are no accounts of both kinds that sent.
    ParameterError
        If the truth is no table of the kind.
    """
    ego, end = scoring.ego, _end(scoring)
    who, n_never_sent = _senders(scoring, truth, end)
    looks = Looks.at(scoring, who, end, questions(ego, end), say)
    n = who.account.size
    stated, watched = looks.pop(STATED), looks.pop(WATCHED)
    unlabelled = _unlabelled(scoring, who, end, say) or stated
    say("counting strangers ...")
    before = strangers_until(scoring, who.account, np.minimum(who.starts_at, end))
    last = np.full(n, end)
    strangers = strangers_until(scoring, who.account, last) - before
    watched_strangers = np.zeros(watched.place.size)
    of_automated = who.is_automated[watched.place]
    slices = watched.slices[of_automated]
    so_far = strangers_until(scoring, slices.account, slices.as_of)
    watched_strangers[of_automated] = np.maximum(so_far - before[watched.place[of_automated]], 0)
    at_end = ego.slices(who.account, last, history_days=scoring.model.history_days)
    return Judged(
        account_id=ego.account_ids.take(pa.array(who.account)).cast(pa.string()),
        is_automated=who.is_automated,
        family=np.array([name or "" for name in who.family], dtype=str),
        campaign=who.campaign,
        score=stated.highest(n),
        flagged=stated.any_of(n, stated.flagged),
        n_looks=np.bincount(stated.place, minlength=n),
        score_unlabelled=unlabelled.highest(n),
        flagged_unlabelled=unlabelled.any_of(n, unlabelled.flagged),
        looks={name: (look.looked_at(n), look.any_of(n, look.flagged)) for name, look in looks.items()},
        segments=_within(stated, n, segments_of(ego, stated.slices, segment_names(ego, stated.slices))),
        promised=_within(stated, n, _named(scoring, stated.slices)),
        strangers=strangers,
        X=np.ascontiguousarray(measure(ego, at_end, scoring.model.feature_names, n_jobs=scoring.n_jobs).T),
        watched_place=watched.place,
        watched_score=watched.score,
        watched_flagged=watched.flagged,
        watched_strangers=watched_strangers,
        remembered=remembered(scoring, who.account),
        n_never_sent=n_never_sent,
    )


def _within(stated: Looks, n: int, masks: Mapping[str, Bools]) -> dict[str, tuple[Bools, Bools]]:
    """Tell of each segment who is looked at in it, and who is flagged in it."""
    return {
        name: (stated.any_of(n, mask), stated.any_of(n, mask & stated.flagged))
        for name, mask in masks.items()
    }


def _named(scoring: Scoring, slices: Slices) -> dict[str, Bools]:
    """Return the segments of the certificate; a country without a threshold of its own is one of the others."""
    certificate = scoring.model.certificate
    if certificate is None:
        return {}
    every = [row.name for row in certificate.segments]
    return segments_of(scoring.ego, slices, every) | segments_of(scoring.ego, slices, certificate.certified)


def flags(scoring: Scoring, truth: Any, say: Callable[[str], None]) -> tuple[Truth, Bools]:
    """Look at all accounts that the truth names as the certificate says, and no further: who is flagged?"""
    end = _end(scoring)
    who, _ = _senders(scoring, truth, end)
    stated = _stated(scoring, who, end, say)
    return who, stated.any_of(who.account.size, stated.flagged)


def _stated(scoring: Scoring, who: Truth, end: int, say: Callable[[str], None]) -> Looks:
    """Look as the certificate says."""
    return Looks.at(scoring, who, end, {STATED: questions(scoring.ego, end)[STATED]}, say)[STATED]


def _unlabelled(scoring: Scoring, who: Truth, end: int, say: Callable[[str], None]) -> Looks | None:
    """Look as if nobody had been labelled yet; None where that is so."""
    dataset = scoring.ego.dataset
    if not (dataset.labels.num_rows or dataset.evidence.num_rows):
        return None
    say("once more, as if nobody had been labelled yet ...")
    alone = dataset.emptied("labels", "evidence")
    return _stated(Scoring(alone, scoring.model, end, scoring.n_jobs, None, where="evaluate"), who, end, say)


def remembered(scoring: Scoring, account: Codes) -> Bools:
    """Tell of accounts, by their codes, whose labels the model remembers, each by account and instant."""
    memory = scoring.model.memory
    if memory is None:
        return np.zeros(account.size, np.bool_)
    own = Labels.of_dataset(scoring.ego.dataset)
    own = own.where(
        np.isin(own.account, memory.labels.account)
    )  # of most models nobody: pairs take long to compare
    ours, theirs = (
        np.rec.fromarrays([labels.account, labels.labelled_at]) for labels in (own, memory.labels)
    )
    return np.isin(scoring.ego.pseudonyms()[account], own.account[np.isin(ours, theirs)])


def _end(scoring: Scoring) -> int:
    return int(scoring.slices.as_of[0]) if len(scoring.slices) else 0


def _senders(scoring: Scoring, truth: Any, end: int) -> tuple[Truth, int]:
    """Return what is true of the accounts that sent, of both kinds, and how many others the truth names."""
    who = Truth.of(scoring.ego, truth)
    sent = np.isin(who.account, scoring.ego.after_last_send(end)[0])
    y = who.is_automated[sent]
    if y.all() or not y.any():
        raise InsufficientDataError(
            f"evaluate: truth must hold accounts of both kinds that sent; got {int(y.sum()):,} automated and "
            f"{int((~y).sum()):,} honest. Give labels of both, or messages of theirs."
        )
    return who.only(sent), int((~sent).sum())


def together(parts: Sequence[Judged]) -> Judged:
    """Count the accounts of several datasets as those of one; nothing of one is in the campaigns of another."""
    shift = np.cumsum([0, *(int(part.campaign.max()) + 1 for part in parts[:-1])])
    start = np.cumsum([0, *(len(part) for part in parts[:-1])])

    def moved(name: str, by: Codes) -> Any:
        return np.concatenate([getattr(part, name) + more for part, more in zip(parts, by, strict=True)])

    def masks(name: str) -> dict[str, tuple[Bools, Bools]]:
        pairs = [(getattr(part, name), (np.zeros(len(part), np.bool_),) * 2) for part in parts]
        keys = dict.fromkeys(key for own, _ in pairs for key in own)
        found = {key: [own.get(key, nobody) for own, nobody in pairs] for key in keys}
        return {
            key: (
                np.concatenate([present for present, _ in each]),
                np.concatenate([flagged for _, flagged in each]),
            )
            for key, each in found.items()
        }

    alone = (
        "is_automated", "family", "score", "flagged", "n_looks", "score_unlabelled", "flagged_unlabelled", "strangers",
        "X", "watched_score", "watched_flagged", "watched_strangers", "remembered",
    )  # fmt: skip
    return Judged(
        account_id=pa.concat_arrays([part.account_id for part in parts]),
        looks=masks("looks"),
        segments=masks("segments"),
        promised=masks("promised"),
        n_never_sent=sum(part.n_never_sent for part in parts),
        campaign=moved("campaign", shift),
        watched_place=moved("watched_place", start),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in alone},
    )
