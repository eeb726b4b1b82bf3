"""List the campaigns of a dataset at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.parts import Seen, clusters_of
from spamclf.campaigns.standing import check_size
from spamclf.campaigns.table import KINDS, Campaigns, tabulate
from spamclf.campaigns.tally import Known
from spamclf.dataset import Dataset, check_dataset
from spamclf.errors import ParameterError
from spamclf.facts import column_of
from spamclf.ids import IdBook
from spamclf.instants import DAY_US, check_history, instant_or_last

__all__ = ["check_kinds", "check_listing", "list_campaigns", "sightings_of"]


def list_campaigns(
    dataset: Dataset,
    *,
    as_of: Any = None,
    history_days: float = 30.0,
    kinds: Sequence[str] | None = None,
    min_accounts: int = 3,
    n_jobs: int = -1,
    lists: Seen | None = None,
) -> Campaigns:
    """List the clusters of near-duplicate photos, texts and recipient lists at an instant.

    They are made of the sightings in ``[as_of - history, as_of)`` alone, and do not depend on the order of rows.
    Who wants recipient lists too asks `spamclf.find.campaigns`, which makes them from the messages.

    Parameters
    ----------
    dataset : Dataset
    as_of : str, datetime or int (microseconds since the epoch), optional
        By default just after the last row of messages, reports, photos, texts and registrations.
    history_days : float, default=30
        Look-back in days, above 0.
    kinds : sequence of {"photo", "text", "list"}, optional
        By default photos and texts, and lists where they are handed over.
    min_accounts : int, default=3
        Smaller clusters are left out.
    n_jobs : int, default=-1
        Threads, in joblib's sense. The result does not depend on it.
    lists : Seen, optional
        Sightings of recipient lists.

    Returns
    -------
    Campaigns

    Raises
    ------
    ParameterError
        For an argument out of its range.
    InsufficientDataError
        If no instant is given and no row has a time.

    Examples
    --------
    >>> from spamclf import read_dataset
    >>> list_campaigns(read_dataset("data/sample"), min_accounts=300)
    <Campaigns: 0>
    """
    check_dataset(dataset, "list_campaigns")
    chosen = check_kinds(kinds, with_lists=lists is not None)
    check_listing(history_days, min_accounts)
    # Before the instant is settled: photos that cannot be read leave the table, and their instants with them.
    seen = {kind: sightings_of(dataset, kind, lists, n_jobs) for kind in chosen}
    until = instant_or_last(dataset, as_of)
    since = until - round(history_days * DAY_US)
    book = IdBook(column_of(dataset.accounts, "account_id"))
    parts = [
        clusters_of(kind, each, _examples(dataset, kind), book, since, until, min_accounts, n_jobs=n_jobs)
        for kind, each in seen.items()
    ]
    known = Known.of(dataset, book, since, until)
    return tabulate(parts, known, book.ids, as_of=until, history_days=history_days, frame=dataset.frame)


def check_kinds(kinds: Sequence[str] | None, *, with_lists: bool) -> tuple[str, ...]:
    """Return the kinds asked for in their usual order; refuse others."""
    if kinds is None:
        return KINDS if with_lists else KINDS[:2]
    wanted = [kinds] if isinstance(kinds, str) else list(kinds)
    if not wanted or not set(wanted) <= set(KINDS):
        raise ParameterError(
            f"list_campaigns: kinds must be some of {', '.join(KINDS)}; got {', '.join(map(repr, wanted)) or 'none'}. "
            "Leave it out for all."
        )
    if "list" in wanted and not with_lists:
        raise ParameterError(
            "list_campaigns: lists must be given for kind 'list'; got none. Use spamclf.find.campaigns."
        )
    return tuple(kind for kind in KINDS if kind in wanted)


def check_listing(history_days: float, min_accounts: int) -> None:
    """Refuse a look-back that is no number of days, and a size below 1."""
    check_history(history_days)
    check_size("list_campaigns", min_accounts)


def sightings_of(dataset: Dataset, kind: str, lists: Seen | None, n_jobs: int) -> Seen:
    """Return the sightings of a kind; of texts only what profiles show, for reporters may lie."""
    if kind == "list":
        assert lists is not None
        return lists
    from spamclf.campaigns.shown import read_photos, read_texts

    return read_photos(dataset, n_jobs=n_jobs) if kind == "photo" else read_texts(dataset, n_jobs=n_jobs)[0]


def _examples(dataset: Dataset, kind: str) -> pa.Array | None:
    """Return what a row of a kind's table shows: the path or else the hash of a photo, the text."""
    if kind == "photo":
        path, digest = (column_of(dataset.photos, name).cast(pa.string()) for name in ("photo", "photo_hash"))
        return pc.coalesce(path, digest)
    return column_of(dataset.texts, "text") if kind == "text" else None
