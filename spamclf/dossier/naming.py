"""What a dossier is about: an operator that evidence names, or a campaign by its number."""

from __future__ import annotations

import difflib
import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.table import KINDS, Campaigns, safe_text
from spamclf.dataset import Dataset
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.existence import Existence
from spamclf.facts import column_of
from spamclf.instants import iso

__all__ = ["check_named", "members_of", "tied_to"]

_WHERE = "dossier"
_SHOWN = 5  # names that an error tells


def check_named(dataset: Dataset, operator: Any, campaign: Any) -> tuple[str, int] | None:
    """Return kind and number of the campaign, None for an operator; refuse both, none, and what is neither."""
    if (operator is None) == (campaign is None):
        raise ParameterError(
            f"{_WHERE}: operator or campaign must be given; got {'none' if operator is None else 'both'}. Name one of "
            "them."
        )
    if campaign is not None:
        named = str(campaign).strip().lower()  # pages write it with a capital
        match = re.fullmatch(rf"({'|'.join(KINDS)})[ :-]([1-9][0-9]{{0,8}})", named)
        if match is None:
            raise ParameterError(
                f"{_WHERE}: campaign must be a kind ({', '.join(KINDS)}) and a number; got "
                f"{safe_text(str(campaign))!r}. Use one that find.campaigns lists, for instance 'photo 1'."
            )
        return match[1], int(match[2])
    if not isinstance(operator, str):
        raise ParameterError(
            f"{_WHERE}: operator must be a name; got {type(operator).__name__}. Use one that the evidence names."
        )
    if "evidence" not in dataset.given:
        raise InsufficientDataError(
            f"{_WHERE}: evidence must be given where an operator is named; got no such table. Add it, or name a "
            "campaign."
        )
    return None


def tied_to(dataset: Dataset, operator: str, until: int) -> pa.Array:
    """Return the accounts that evidence before an instant ties to an operator, of those that exist then.

    Raises
    ------
    ParameterError
        If there are none; it names the operators whose names are nearest.
    """
    evidence = dataset.evidence
    evidence = evidence.filter(pc.less(evidence["observed_at"].cast(pa.int64()), until))
    evidence = evidence.filter(pa.array(Existence(dataset, 0, until).of(column_of(evidence, "account_id"))))
    names = column_of(evidence, "operator").cast(pa.string())
    tied = evidence.filter(pc.fill_null(pc.equal(names, operator), False))
    if tied.num_rows:
        return column_of(tied, "account_id")
    there = sorted(names.drop_null().unique().to_pylist())
    near = difflib.get_close_matches(operator, there, n=_SHOWN, cutoff=0.0)
    hint = (
        f"The nearest names: {', '.join(safe_text(each) or '' for each in near)}."
        if near
        else "It names nobody."
    )
    raise ParameterError(
        f"{_WHERE}: operator must be one that the evidence ties to an account before {iso(until)}; got "
        f"{safe_text(operator)!r}. {hint}"
    )


def members_of(found: Campaigns, asked: tuple[str, int] | None) -> pa.Array:
    """Return the accounts of a campaign.

    Raises
    ------
    ParameterError
        If it is not listed; it says which are.
    """
    assert asked is not None
    kind, number = asked
    members = found.members()
    members = members.filter(pc.and_(pc.equal(members["kind"], kind), pc.equal(members["campaign"], number)))
    if members.num_rows:
        return column_of(members, "account_id")
    counts = {each: sum(row.as_py() == each for row in found.table["kind"]) for each in KINDS}
    there = ", ".join(f"{each} 1 to {n}" if n > 1 else f"{each} 1" for each, n in counts.items() if n)
    raise ParameterError(
        f"{_WHERE}: campaign must be one that is found as of {iso(found.as_of)} over {found.history_days:g} days; got "
        f"'{kind} {number}'. There {'are ' + there if there else 'is none'}: see find.campaigns."
    )
