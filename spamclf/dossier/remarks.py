"""What a reader of a dossier must know: what is known, what is inferred, and what the numbers do not show."""

from __future__ import annotations

from spamclf.dossier.case import Case
from spamclf.dossier.ties import MEASURED, RULE
from spamclf.instants import iso
from spamclf.scoring import load_shipped_model
from spamclf.wording import counted

__all__ = ["remarks_of"]


def remarks_of(case: Case) -> dict[str, list[str]]:
    """Return sentences under ``known``, ``inferred`` and ``not_shown``."""
    return {"known": _known(case), "inferred": _inferred(case), "not_shown": _not_shown(case)}


def _known(case: Case) -> list[str]:
    told = [
        "Rows of the dataset are repeated as they stand there: registrations, messages sent (counted), photos, public "
        "texts, labels, and evidence with its source. Each has a SHA-256 by which it can be found again.",
        "An account is called known where a row of evidence names "
        + ("the operator." if case.operator is not None else "an operator for it."),
        "A stranger is a person who got the account's first message, had not written to it before and, where address "
        "books are known, did not have it in theirs. People who were written to are counted, not named.",
    ]
    if case.policy is not None:
        told.append(
            f"After the policy date means at or after {_minute(case.policy)} and before {_minute(case.until)}."
        )
    return told


def _inferred(case: Case) -> list[str]:
    core = (
        "the accounts that evidence ties to the operator"
        if case.operator is not None
        else f"the accounts of {case.operation}"
    )
    return [
        f"The core of the operation is {core}. Other accounts are inferred to belong to it by what they share with it; "
        "no row of the dataset says so.",
        RULE,
        MEASURED
        if case.operator is not None
        else "How often such an inference from a campaign is right was not measured.",
        f"Photos, texts and recipient lists were compared over the {case.found.history_days:g} days before "
        f"{_minute(case.until)}; groups of fewer than {counted(case.min_accounts, 'account')} were not looked "
        "at. Nearly equal ones count as shared.",
        "The score of an account is a model's estimate of the probability that it is automated, from all data before "
        "that instant. It did not decide who is listed here.",
    ]


def _not_shown(case: Case) -> list[str]:
    told = [
        "That accounts share a photo, a text, a recipient list, a device or a network does not prove that one person "
        "runs them: such things are copied, sold and used one after the other.",
        "Nothing here tells what was written in a message, or whether a person had agreed to be written to.",
        "The evidence was not verified by this software: its worth is that of its source.",
        "The operation may have accounts that share nothing with these and that no evidence names. They are not here.",
        "That an account sent after a policy date does not tell by itself that it broke the policy.",
        f"Nothing at or after {_minute(case.until)} was looked at. Exact repetitions of a message count once. "
        f"{counted(_n_bad(case), 'row')} of the whole dataset, those of later dates too, broke its contract and did "
        "not count.",
    ]
    if "reports" in case.dataset.given:
        told.append(
            "Reports and blocks are told as they were made; nobody verified them. The model does not hear them until "
            "the reporters are more than three times the people with whom the account talks, so a score may rest on "
            "fewer than are told here."
        )
    missing = [
        name
        for name in ("photos", "texts", "reports", "labels", "evidence")
        if name not in case.dataset.given
    ]
    if missing:
        told.append(f"The dataset has no table of {' or '.join(missing)}: nothing could be seen of these.")
    if case.scoring.model.digest == load_shipped_model().digest:
        told.append(
            "The model comes with spamclf and was trained on simulated accounts alone: its scores are no ground for a "
            "decision about anybody."
        )
    return told


def _n_bad(case: Case) -> int:
    """Count bad rows, but for those dated too far ahead: they lie after any instant, and are good ones another day."""
    counts = case.dataset.quarantine.counts
    return sum(n for (_, _, rule), n in counts.items() if rule != "in_future")


def _minute(instant: int) -> str:
    """Write an instant for a reader; to the microsecond it stands among the arguments."""
    return iso(instant)[:16].replace("T", " ") + " UTC"
