"""List the campaigns of a dataset at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.parts import Seen, clusters_of
from spamclf.campaigns.table import KINDS, Campaigns, tabulate
from spamclf.campaigns.tally import Known
from spamclf.dataset import Dataset, check_dataset
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.facts import column_of
from spamclf.ids import IdBook
from spamclf.instants import DAY_US, to_instant

__all__ = ["check_kinds", "check_listing", "instant_or_last", "list_campaigns"]


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
    if not 1e-5 <= history_days <= 36_500:
        raise ParameterError(
            f"history_days must be above 0 (from 0.00001) and at most 36,500; got {history_days}. Use 30 for a month."
        )
    if not isinstance(min_accounts, int | np.integer) or min_accounts < 1:
        raise ParameterError(
            f"list_campaigns: min_accounts must be a whole number from 1; got {min_accounts!r}. Use 3."
        )


def instant_or_last(dataset: Dataset, as_of: Any) -> int:
    """Return `as_of` in microseconds since the epoch; None is the instant just after the dataset's last row."""
    if as_of is not None:
        return to_instant(as_of)
    last = dataset.last_instant()
    if last is None:
        raise InsufficientDataError(
            "as_of must be given when the dataset has no row with a time; got None. Pass as_of='2026-06-01'."
        )
    return last + 1


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
