"""List the campaigns of a dataset at an instant: read what is shown, cluster each kind, lay the clusters out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.given import described
from spamclf.campaigns.parts import Seen, check_looking, clusters_of
from spamclf.campaigns.sightings import Kind
from spamclf.campaigns.table import KINDS, Campaigns, tabulate
from spamclf.campaigns.tally import Known
from spamclf.dataset import Dataset, check_dataset
from spamclf.errors import ParameterError
from spamclf.existence import Existence
from spamclf.facts import column_of
from spamclf.ids import IdBook
from spamclf.instants import DAY_US, instant_or_last, to_instant
from spamclf.progress import listener

__all__ = ["check_kinds", "list_campaigns"]

_WHERE = "campaigns"


def list_campaigns(
    dataset: Dataset,
    *,
    as_of: Any = None,
    history_days: float = 30.0,
    kinds: Sequence[str] | None = None,
    min_accounts: int = 3,
    n_jobs: int = -1,
    lists: Callable[[int], Seen] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Campaigns:
    """List the clusters of near-duplicate photos and texts at an instant; `spamclf.find.campaigns` lists all kinds.

    They are made of the sightings in ``[as_of - history, as_of)`` alone, by accounts that exist at the instant (see
    `spamclf.existence`), and do not depend on the order of rows. Copies of a photo that were turned or mirrored
    are one campaign where the files are at hand; hashes made elsewhere cannot be turned.

    Parameters
    ----------
    dataset : Dataset
    as_of : str, datetime or int (microseconds since the epoch), optional
        By default just after the last row of messages, reports, photos, texts and registrations.
    history_days : float, default=30
        Look-back in days, above 0.
    kinds : sequence of {"photo", "text", "list"}, optional
        By default photos and texts, and lists where they can be made.
    min_accounts : int, default=3
        Smaller clusters are left out.
    n_jobs : int, default=-1
        Threads, in joblib's sense. The result does not depend on it.
    lists : callable, optional
        Makes the sightings of recipient lists as of an instant. They are made of the messages' order, of which this
        floor of the house knows nothing.
    progress : callable, optional
        Takes a line of text on how the work goes on, for instance ``print``.

    Returns
    -------
    Campaigns

    Raises
    ------
    ParameterError
        For an argument out of its range.
    InsufficientDataError
        If no instant is given and no row has a time.
    SchemaError, DataFileError
        As of `find.campaigns`.

    Examples
    --------
    >>> from spamclf import read_dataset
    >>> list_campaigns(read_dataset("data/sample"), min_accounts=300)
    <Campaigns: 0>
    """
    check_dataset(dataset, _WHERE)
    if lists is not None and not callable(lists):
        raise ParameterError(
            f"{_WHERE}: lists must make lists as of an instant; got {described(lists)}. Use spamclf.find.campaigns."
        )
    chosen = check_kinds(kinds, with_lists=lists is not None)
    check_looking(_WHERE, history_days, min_accounts, n_jobs)
    if as_of is not None:
        as_of = to_instant(as_of, where=_WHERE)
    say = listener(progress, _WHERE)
    # Before the last row is looked for: photos that cannot be read leave the table, and their instants with them.
    seen: dict[Kind, Seen] = {}
    for kind in chosen:
        if kind != "list":
            say(f"fingerprinting {kind}s ...")
            seen[kind] = _shown(dataset, kind, n_jobs)
    until = instant_or_last(dataset, as_of, _WHERE)
    if lists is not None and "list" in chosen:
        say("fingerprinting lists ...")
        seen["list"] = lists(until)
    existence = Existence(dataset, until - round(history_days * DAY_US), until)
    book = IdBook(column_of(dataset.accounts, "account_id"))
    say("looking for near-duplicates ...")
    parts = [
        clusters_of(kind, each, _examples(dataset, kind), book, existence, min_accounts, n_jobs=n_jobs)
        for kind, each in seen.items()
    ]
    known = Known.of(dataset, book, existence)
    return tabulate(parts, known, book.ids, as_of=until, history_days=history_days, source=dataset)


def check_kinds(kinds: Any, *, with_lists: bool) -> tuple[Kind, ...]:
    """Return the kinds asked for in their usual order; refuse others."""
    if kinds is None:
        return KINDS if with_lists else KINDS[:2]
    try:
        wanted = [kinds] if isinstance(kinds, str) else list(kinds)
    except TypeError:
        wanted = [kinds]
    if not wanted or not all(isinstance(each, str) and each in KINDS for each in wanted):
        raise ParameterError(
            f"{_WHERE}: kinds must be some of {', '.join(KINDS)}; got {', '.join(map(repr, wanted))[:60] or 'none'}. "
            "Leave it out for all."
        )
    if "list" in wanted and not with_lists:
        raise ParameterError(
            f"{_WHERE}: lists must be given for kind 'list'; got none. Use spamclf.find.campaigns."
        )
    return tuple(kind for kind in KINDS if kind in wanted)


def _shown(dataset: Dataset, kind: Kind, n_jobs: int) -> Seen:
    """Return the sightings of photos or texts; of texts only what profiles show, for reporters may lie."""
    from spamclf.campaigns.shown import read_photos, read_texts

    return read_photos(dataset, n_jobs=n_jobs) if kind == "photo" else read_texts(dataset, n_jobs=n_jobs)[0]


def _examples(dataset: Dataset, kind: Kind) -> pa.Array | None:
    """Return what a row of a kind's table shows: the path or else the hash of a photo, the text."""
    if kind == "photo":
        path, digest = (column_of(dataset.photos, name).cast(pa.string()) for name in ("photo", "photo_hash"))
        return pc.coalesce(path, digest)
    return column_of(dataset.texts, "text") if kind == "text" else None
