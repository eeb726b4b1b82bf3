"""The statement of reasons that a restricted user is owed, and what a reviewer sees beside it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.explain.changes import Counterfactual, counterfactual_of
from spamclf.explain.families import Reasons, reasons_of
from spamclf.explain.subject import Subject
from spamclf.features.catalogue import CATALOGUE, FAMILIES
from spamclf.features.wording import plain_words
from spamclf.instants import DAY_US, iso
from spamclf.model import Model
from spamclf.model.reasons import Reason

__all__ = ["Audience", "DecidedBy", "Statement", "check_texts", "statement", "statement_from", "statement_of"]

Audience = Literal["reviewer", "user"]
DecidedBy = Literal["person", "machine"]

N_FACTS = 5
_LONGEST = 2_000
GROUND = "The terms of service do not allow accounts that send messages in bulk or by automated means."
RESTRICTION = "suspension of the account"
TERRITORY = "wherever the service is offered"
DURATION = "until further notice"
REDRESS = (
    "You can complain to us free of charge, within six months of this statement; people, not machines alone, will "
    "decide on your complaint.",
    "You can turn to a certified body for out-of-court dispute settlement.",
    "You can go to court.",
)
_AS_A_WHOLE = "what it does as a whole resembles automated accounts"
_DETECTED = "The account was found by automated means: a statistical model of how accounts behave."
_DECIDED: dict[DecidedBy | None, str] = {
    "person": "The decision was taken by a person who reviewed the account.",
    "machine": "The decision was taken by automated means.",
    None: "Whether a person or automated means took the decision is not stated here.",
}
_OWN_INITIATIVE = "The platform looked into the account on its own initiative"
_REPORTS = ", and took reports by users into account"


@dataclass(frozen=True)
class Statement:
    """What the Digital Services Act (Regulation (EU) 2022/2065, Article 17(3)) asks of a statement of reasons.

    Attributes
    ----------
    audience : {"reviewer", "user"}
    restriction, territory, duration : str
        What is imposed, where and for how long (point a).
    facts : tuple of str
        Facts and circumstances relied on (point b). To a user in words that hold no number, in the catalogue's order,
        which tells no weight; to a reviewer the sentences of the reasons, the largest first.
    initiative : str
        Whether notices were relied on (point b).
    detection, decision : str
        The use of automated means in finding and deciding (point c); who decided is stated only if the caller said it.
    ground : str
        Clause of the terms of service (point e).
    redress : tuple of str
        Ways to contest it (point f).
    details : dict or None
        To a reviewer everything: score, threshold, reasons with their values, counterfactual, model, data. None to a
        user.
    """

    audience: Audience
    restriction: str
    territory: str
    duration: str
    facts: tuple[str, ...]
    initiative: str
    detection: str
    decision: str
    ground: str
    redress: tuple[str, ...]
    details: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the same as what JSON can hold; no `details` for a user."""
        whole = asdict(self) | {"facts": list(self.facts), "redress": list(self.redress)}
        if self.details is None:
            del whole["details"]
        return whole

    def __str__(self) -> str:
        lines = [
            f"Decision: {self.restriction}, {self.territory}, {self.duration}.",
            "Facts relied on:",
            *(f"- {fact}" for fact in self.facts),
            f"{self.initiative} {self.detection} {self.decision}",
            f"Ground: {self.ground}",
            "Redress:",
            *(f"- {way}" for way in self.redress),
        ]
        if self.details is not None:
            lines += [f"{name.replace('_', ' ')}: {self.details[name]}" for name in _SHOWN]
            label = self.details["reasons"]["known_label"]
            if label is not None:
                what = "automated" if label["is_automated"] else "not automated"
                lines.append(f"known label: {what}, {label['labelled_at']}")
        return "\n".join(lines)


_SHOWN = ("score", "threshold", "score_id", "model", "model_digest", "data_from", "data_until")


def statement(
    dataset: Dataset,
    model: Model | str | os.PathLike[str] | None = None,
    account_id: Any = None,
    *,
    as_of: Any = None,
    audience: Audience = "reviewer",
    ground: str = GROUND,
    restriction: str = RESTRICTION,
    territory: str = TERRITORY,
    duration: str = DURATION,
    decided_by: DecidedBy | None = None,
    redress: Sequence[str] = REDRESS,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> Statement:
    """State the reasons for restricting a flagged account, for its user or for a reviewer.

    The user's view names no threshold, score, contribution, feature or number that an evader could tune to, and nobody
    else. The reviewer's holds them all and must not be forwarded. Neither is legal advice: what you pass in is printed
    as it is, and whether Article 17 applies to your decision at all is for you to find out.

    Parameters
    ----------
    dataset, model, account_id, as_of, n_jobs, ego
        As of `reasons`.
    audience : {"reviewer", "user"}, default="reviewer"
    ground : str, optional
        The clause of your terms of service that the account broke.
    restriction, territory, duration : str, optional
        By default the suspension of the account, wherever the service is offered, until further notice.
    decided_by : {"person", "machine"}, optional
        Who took the decision; the law asks for it, and only you know. By default the statement says that this is not
        stated, and is a draft. The models of this library are not meant for decisions without a person.
    redress : str or sequence of str, optional
        By default a complaint to you, out-of-court settlement, and court; name your own addresses here.

    Returns
    -------
    statement : Statement

    Raises
    ------
    InsufficientDataError
        If the model does not flag the account: there are no reasons to state.
    ParameterError, ModelFileError, SchemaError, DataFileError
        As of `reasons`; also for a text that is empty or longer than 2,000 characters.

    Examples
    --------
    >>> from spamclf import explain, predict, read_dataset
    >>> dataset = read_dataset("data/sample")
    >>> verdicts = predict.score(dataset, n_reasons=0)["verdict"].to_pylist()
    >>> flagged = dataset.accounts["account_id"][verdicts.index("automated")].as_py()
    >>> text = str(explain.statement(dataset, account_id=flagged, audience="user", duration="for two weeks"))
    >>> print(text.splitlines()[0])
    Decision: suspension of the account, wherever the service is offered, for two weeks.
    >>> any(letter.isdigit() for letter in text)
    False
    """
    if audience not in get_args(Audience):
        raise ParameterError(
            f"statement: audience must be 'reviewer' or 'user'; got {str(audience)[:40]!r}. Use 'user' for the "
            "account's user."
        )
    if decided_by is not None and decided_by not in get_args(DecidedBy):
        raise ParameterError(
            f"statement: decided_by must be 'person', 'machine' or None; got {str(decided_by)[:40]!r}. Use 'person' "
            "once a person has reviewed the account and decided."
        )
    texts = {"ground": ground, "restriction": restriction, "territory": territory, "duration": duration}
    ways = (redress,) if isinstance(redress, str) else tuple(redress) if isinstance(redress, Iterable) else ()
    check_texts(
        texts | {"redress": ways[0] if ways else ""} | {f"redress {k}": way for k, way in enumerate(ways)}
    )
    subject = Subject.of("statement", dataset, model, account_id, as_of, n_jobs, ego)
    return statement_of(
        subject,
        audience,
        ground=ground,
        restriction=restriction,
        territory=territory,
        duration=duration,
        decided_by=decided_by,
        redress=ways,
    )


def statement_of(
    subject: Subject,
    audience: Audience,
    *,
    ground: str = GROUND,
    restriction: str = RESTRICTION,
    territory: str = TERRITORY,
    duration: str = DURATION,
    decided_by: DecidedBy | None = None,
    redress: tuple[str, ...] = REDRESS,
    change: Counterfactual | None = None,
) -> Statement:
    """Return the statement on an account that was measured, and maybe searched for a `change`, already."""
    if subject.verdict != "automated":
        why = "it sent nothing" if subject.verdict == "insufficient_data" else "it scores below the threshold"
        raise InsufficientDataError(
            f"statement: the account must be one that the model flags; got another ({why}). There are no reasons to "
            "state; see explain.reasons."
        )
    why_so = reasons_of(subject, N_FACTS)
    told = statement_from(
        why_so.top,
        ground=ground,
        restriction=restriction,
        territory=territory,
        duration=duration,
        decided_by=decided_by,
        redress=redress,
    )
    if audience == "user":
        return told
    facts = tuple(each.sentence for each in why_so.top) or (_AS_A_WHOLE,)
    return replace(told, audience="reviewer", facts=facts, details=_details(subject, why_so, change))


def statement_from(
    top: Sequence[Reason],
    *,
    ground: str = GROUND,
    restriction: str = RESTRICTION,
    territory: str = TERRITORY,
    duration: str = DURATION,
    decided_by: DecidedBy | None = None,
    redress: tuple[str, ...] = REDRESS,
) -> Statement:
    """Return the user's statement from the reasons of a flagged account, `N_FACTS` of them as a rule."""
    reported = any(CATALOGUE[each.feature].needs[0].startswith("reports.") for each in top)
    return Statement(
        audience="user",
        restriction=restriction,
        territory=territory,
        duration=duration,
        facts=_plain(top) or (_AS_A_WHOLE,),
        initiative=f"{_OWN_INITIATIVE}{_REPORTS if reported else ''}.",
        detection=_DETECTED,
        decision=_DECIDED[decided_by],
        ground=ground,
        redress=redress,
    )


def _plain(top: Sequence[Reason]) -> tuple[str, ...]:
    """Say the facts in words for the user, in the order of the catalogue."""
    families = list(FAMILIES)
    in_order = sorted(top, key=lambda each: families.index(each.family))
    return tuple(dict.fromkeys(plain_words(each.feature, each.value) for each in in_order))


def _details(subject: Subject, reasons: Reasons, change: Counterfactual | None) -> dict[str, Any]:
    """Return all that a reviewer needs to contest the score or to rebuild it."""
    model = subject.model
    return {
        "score": subject.score,
        "threshold": subject.threshold,
        "score_id": subject.score_id,
        "model": model.name,
        "model_digest": model.digest,
        "data_from": iso(max(0, subject.as_of - round(model.history_days * DAY_US))),
        "data_until": iso(subject.as_of),
        "reasons": reasons.to_dict(),
        "counterfactual": (change or counterfactual_of(subject)).to_dict(),
    }


def check_texts(texts: dict[str, Any]) -> None:
    """Refuse what is no text that a user could read; of a name its first word is told."""
    for name, text in texts.items():
        if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST:
            raise ParameterError(
                f"statement: {name.split()[0]} must be a text of 1 to {_LONGEST:,} characters; got something else. "
                "Write what the user is to read, or leave it out."
            )
