"""Find campaigns: clusters of near-duplicate photos, texts and recipient lists, and the operations they form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.listing import list_campaigns
from spamclf.campaigns.parts import Seen
from spamclf.campaigns.table import Campaigns, safe_text
from spamclf.dataset import Dataset
from spamclf.ego import EgoLog, log_of
from spamclf.errors import ParameterError
from spamclf.instants import iso
from spamclf.lists import lists_of
from spamclf.wording import counted

__all__ = ["campaigns", "summary"]


def campaigns(
    dataset: Dataset,
    *,
    as_of: Any = None,
    history_days: float = 30.0,
    kinds: Sequence[str] | None = None,
    min_accounts: int = 3,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
    progress: Callable[[str], None] | None = None,
) -> Campaigns:
    """Find the campaigns of a dataset at an instant.

    Only rows in ``[as_of - history, as_of)`` are seen, and of them only those about accounts that exist at the instant
    (`spamclf.existence`). The recipient list of an account is the strangers that it wrote to in that time.

    Parameters
    ----------
    dataset : Dataset
    as_of : str, datetime or int (microseconds since the epoch), optional
        By default just after the last row of messages, reports, photos, texts and registrations.
    history_days : float, default=30
        Look-back in days, above 0.
    kinds : sequence of {"photo", "text", "list"}, optional
        By default all three. Without ``"text"`` no text is read, without ``"photo"`` no photo.
    min_accounts : int, default=3
        Smaller clusters are left out.
    n_jobs : int, default=-1
        Threads, in joblib's sense. The result does not depend on it.
    ego : EgoLog, optional
        The dataset's log, if it was built before.
    progress : callable, optional
        Takes a line of text on how the work goes on, for instance ``print``.

    Returns
    -------
    Campaigns
        `Campaigns.table` has a row per campaign, `Campaigns.operations` joins those that share accounts.

    Raises
    ------
    ParameterError
        For an argument out of its range.
    InsufficientDataError
        If no instant is given and no row has a time.
    SchemaError, BadRowsError
        If photo hashes or signatures are of another scheme, or too many photo files cannot be read.
    DataFileError
        If ``innocent.csv`` cannot be read.

    Examples
    --------
    >>> from spamclf import find, read_dataset
    >>> found = find.campaigns(read_dataset("data/sample"))
    >>> found.table["n_accounts"][0].as_py() >= 3
    True
    """
    if ego is not None:
        log_of(dataset, ego, "campaigns")

    def lists(until: int) -> Seen:
        return lists_of(log_of(dataset, ego, "campaigns", n_jobs=n_jobs), until, history_days, n_jobs=n_jobs)

    return list_campaigns(
        dataset,
        as_of=as_of,
        history_days=history_days,
        kinds=kinds,
        min_accounts=min_accounts,
        n_jobs=n_jobs,
        lists=lists,
        progress=progress,
    )


def summary(found: Campaigns, *, top: int = 20, by: str = "size", operators: bool = False) -> str:
    """Lay out campaigns and operations as text: one line each, and what a campaign shows below.

    Parameters
    ----------
    found : Campaigns
    top : int, default=20
        Campaigns and operations at most.
    by : {"size", "automated", "growth"}, default="size"
        Which campaigns come first; see `Campaigns.ranked`. Operations stay by size.
    operators : bool, default=False
        Whether to name the operators that the evidence ties to an operation.

    Returns
    -------
    text : str
        No account is named in it, unless by the path of a photo or by a text that holds an id: a photo's file may be
        called after its account. No character moves a terminal's cursor.

    Raises
    ------
    ParameterError
        For an argument out of its range, or of another type.

    Examples
    --------
    >>> from spamclf import find, read_dataset
    >>> print(find.summary(find.campaigns(read_dataset("data/sample"), min_accounts=300)))
    no campaigns as of 2026-05-30 ... UTC, 30 days back
    """
    _check_summary(found, top)
    when = iso(found.as_of // 1_000_000 * 1_000_000).replace("T", " ").replace("Z", " UTC")
    since = f"as of {when}, {found.history_days:g} days back"
    if not len(found):
        return f"no campaigns {since}"
    ranked = found.ranked(by)
    operations = found.operations(operators=operators)
    joined = operations.filter(pc.greater(operations["n_campaigns"], 1))
    several = set(joined["operation"].to_pylist())
    lines = []
    for row in ranked.slice(0, top).to_pylist():
        whose = f", operation {row['operation']}" if row["operation"] in several else ""
        name = f"{row['kind']} {row['campaign']}"
        lines.append(f"{name:<9} {_told(row)}{whose}")
        lines.append(f"{'':9} {_example(row)}")
    lines += _operations_told(operations, several, top)
    alone = operations.num_rows - joined.num_rows
    lines.append(
        f"{counted(len(found), 'campaign')} {since}: {counted(joined.num_rows, 'operation')} of several campaigns, "
        f"{counted(alone, 'campaign')} joined to no other"
    )
    return "\n".join(lines)


def _check_summary(found: Any, top: Any) -> None:
    if not isinstance(found, Campaigns):
        raise ParameterError(
            f"find.summary: found must be Campaigns; got {type(found).__name__}. Pass what find.campaigns returns."
        )
    if not isinstance(top, int | np.integer) or isinstance(top, bool) or top < 0:
        raise ParameterError(f"find.summary: top must be a whole number from 0; got {top!r}. Use 20.")


def _operations_told(operations: pa.Table, several: set[int], top: int) -> list[str]:
    """Lay out the operations of several campaigns, and those whose operators are to be named."""
    lines: list[str] = []
    for row in operations.to_pylist():
        operators = row.get("operators")
        if len(lines) < 2 * top and (operators or row["operation"] in several):
            kinds = f"{counted(row['n_campaigns'], 'campaign')} ({', '.join(row['kinds'])})"
            lines.append(f"operation {row['operation']:<4} {_told(row)}, {kinds}")
            lines.append(
                f"{'':14} operators: {', '.join(safe_text(each) or '' for each in operators)}"
                if operators
                else ""
            )
    lines = [line for line in lines if line]
    return ["", *lines] if lines else []


def _told(row: dict[str, Any]) -> str:
    """Say in one line how large a campaign or operation is, when it was seen and what is known of its accounts."""
    grown = f" (+{row['growth_24h']:,} in 24 h)" if row.get("growth_24h") else ""
    begin, end = (f"{row[name]:%Y-%m-%d}" for name in ("first_seen", "last_seen"))
    days = begin if begin == end else f"{begin} to {end}"
    known = "none labelled"
    if row["n_labelled"]:
        share = row["n_automated"] / row["n_labelled"]
        known = f"{row['n_automated']:,} of {row['n_labelled']:,} labelled automated ({share:.0%})"
    tied = f", {row['n_evidence']:,} tied to an operator" if row["n_evidence"] else ""
    return f"{counted(row['n_accounts'], 'account'):>14}{grown}, {days}, {known}{tied}"


def _example(row: dict[str, Any]) -> str:
    """Say what the accounts of a campaign share."""
    several = f"{row['n_fingerprints']:,} different: " if row["n_fingerprints"] > 1 else ""
    if row["kind"] == "list":
        overlap = f"{row['time_overlap']:.0%} of the accounts at the same time as another"
        return f"{several}{counted(row['n_recipients'], 'recipient')}, {overlap}"
    return several + (row["example"] or "(only its fingerprint is known)")
