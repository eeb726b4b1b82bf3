"""The table of campaigns at an instant, their members, their fingerprints and their operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.operations import join_campaigns
from spamclf.campaigns.parts import Part
from spamclf.campaigns.sightings import Kind
from spamclf.campaigns.tally import Known, Members, in_order, numbered, times
from spamclf.errors import ParameterError
from spamclf.ids import Codes
from spamclf.instants import DAY_US
from spamclf.tables.frames import to_native

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "RANKINGS", "Campaigns", "safe_text", "tabulate"]

KINDS: tuple[Kind, ...] = ("photo", "text", "list")
#: What campaigns can be ranked by; see `Campaigns.ranked`.
RANKINGS = ("size", "automated", "growth")
_LONGEST = 120  # characters of a text that are shown
_JOINERS = "\u200c\u200d"  # they shape Persian, Hindi and emoji, and move no cursor


@dataclass(frozen=True, eq=False)
class Campaigns:
    """Campaigns at an instant; `list_campaigns` makes them.

    Attributes
    ----------
    table : pyarrow.Table
        One row per campaign, most accounts first, then the earlier one:

        - ``kind`` (photo, text, list) and ``campaign``, its number among those of its kind, from 1 for the largest;
        - ``operation``: the number of the operation that it belongs to;
        - ``n_accounts``, ``n_fingerprints``: different accounts, different fingerprints;
        - ``first_seen``, ``last_seen``: of its sightings within the history;
        - ``growth_24h``: accounts first seen in it in the last 24 hours of the history;
        - ``n_labelled``, ``n_automated``, ``automated_share``: by each account's latest label in the history, of two
          at once the milder; the share is null where nobody is labelled;
        - ``n_evidence``: accounts tied to an operator by the evidence of the history;
        - ``fingerprint``: the hash of a photo campaign's medoid, 64 hex digits, to be looked up in banks of hashes;
          null for texts and lists;
        - ``example``: the text of its medoid (printable, at most 120 characters), or the path or hash of its photo;
          null for lists, and where only a signature is known;
        - ``n_recipients``, ``time_overlap``: recipients of the medoid; share of the accounts whose time from the first
          to the last of their recipients meets that of another account. Null except for lists.
    as_of : int
        Microseconds since the epoch; rows at or after it are unseen.
    history_days : float
    frame : str
        The dataframe library that the dataset came in.

    Examples
    --------
    >>> from spamclf import read_dataset
    >>> from spamclf.campaigns import list_campaigns
    >>> campaigns = list_campaigns(read_dataset("data/sample"), kinds=["text"])
    >>> campaigns.members().column_names
    ['account_id', 'kind', 'campaign', 'operation', 'first_seen', 'last_seen']
    """

    table: pa.Table
    as_of: int
    history_days: float
    frame: str
    _members: Members
    _known: Known
    _fingerprints: pa.Table
    _account_ids: pa.Array
    _source: ref[Any]

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        kinds = [entry.as_py() for entry in self.table["kind"]]
        counts = ", ".join(f"{kinds.count(kind)} of {kind}s" for kind in KINDS if kind in kinds)
        return f"<Campaigns: {len(self):,}{f' ({counts})' if counts else ''}>"

    def are_of(self, dataset: Any) -> bool:
        """Tell whether they were listed from this very dataset: rows of another one are not theirs.

        Parameters
        ----------
        dataset : Dataset

        Returns
        -------
        are_of : bool
        """
        return self._source() is dataset

    def members(self) -> pa.Table:
        """Return who is in which campaign: account_id, kind, campaign, operation, first_seen, last_seen.

        Ids are as the dataset has them. Written to a CSV they stay so, as those of scores do, but for those that would
        be a formula (`spamclf.output.write_result`): a telephone number that begins with ``+`` must find its account
        again. Who opens such a file in a spreadsheet imports ids as text.
        """
        members = self._members
        ids = self._account_ids.take(pa.array(members.account))
        order = pc.sort_indices(
            pa.table({"group": members.group, "first": members.first, "id": ids}),
            [("group", "ascending"), ("first", "ascending"), ("id", "ascending")],
        )
        which = pa.array(members.group).take(order)
        return pa.table(
            {
                "account_id": ids.take(order),
                **{name: self.table[name].take(which) for name in ("kind", "campaign", "operation")},
                "first_seen": times(members.first).take(order),
                "last_seen": times(members.last).take(order),
            }
        )

    def fingerprints(self) -> pa.Table:
        """Return the different fingerprints of each campaign, the medoid first, then those of most accounts.

        Columns: kind, campaign, is_medoid, n_accounts, first_seen, fingerprint (of photos the hash, 64 hex digits; else
        null), and row: of the dataset's photos or texts, of the earliest sighting; null for lists.
        """
        return self._fingerprints

    def ranked(self, by: str = "size") -> pa.Table:
        """Return `table` in another order.

        Parameters
        ----------
        by : {"size", "automated", "growth"}, default="size"
            What comes first: most accounts; most of them known to be automated; or most new accounts in 24 hours. The
            known share is reckoned as the features do, (automated + 1) / (labelled + 2), so that nine of ten come
            before one of one, and what nobody labelled stands between the bad and the good. Ties stay by size.

        Returns
        -------
        table : pyarrow.Table
            The rows of `table`.

        Raises
        ------
        ParameterError
            For another order.
        """
        if not isinstance(by, str) or by not in RANKINGS:
            raise ParameterError(
                f"Campaigns.ranked: by must be one of {', '.join(RANKINGS)}; got {by!r}. Use 'size'."
            )
        n_labelled, n_automated, growth = (
            np.asarray(self.table[name]) for name in ("n_labelled", "n_automated", "growth_24h")
        )
        worth = {
            "size": np.zeros(len(self)), "automated": (n_automated + 1) / (n_labelled + 2), "growth": growth
        }[by]  # fmt: skip
        return self.table.take(pa.array(np.argsort(-worth, kind="stable")))

    def operations(self, *, operators: bool = False) -> pa.Table:
        """Return the operations: campaigns joined by shared accounts or by what they show (see `join_campaigns`).

        Parameters
        ----------
        operators : bool, default=False
            Whether to name the operators that the evidence ties to its accounts.

        Returns
        -------
        operations : pyarrow.Table
            operation, n_campaigns, n_accounts (each once), kinds, first_seen, last_seen, n_labelled, n_automated,
            n_evidence and, if asked for, operators; by number. A campaign that is joined to no other is an operation of
            its own.
        """
        operation = np.asarray(self.table["operation"], np.int32) - 1
        n = int(operation.max(initial=-1)) + 1
        members = self._members.regrouped(operation, n)
        first, last = members.span()
        columns = {
            "operation": pa.array(np.arange(1, n + 1, dtype=np.int32)),
            "n_campaigns": pa.array(np.bincount(operation, minlength=n).astype(np.int32)),
            "n_accounts": pa.array(members.sizes()),
            "kinds": _lists(operation, self.table["kind"].combine_chunks(), n),
            "first_seen": times(first),
            "last_seen": times(last),
            **self._known.columns(members),
        }
        if operators:
            columns["operators"] = _lists(*self._known.operators_of(members), n)
        return pa.table(columns)

    def to_arrow(self) -> pa.Table:
        """Return `table`."""
        return self.table

    def to_pandas(self) -> pd.DataFrame:
        """Return `table` as a pandas dataframe."""
        return self.table.to_pandas()  # type: ignore[no-any-return]

    def to_native(self) -> Any:
        """Return `table` as a dataframe of the kind that the dataset came in."""
        return to_native(self.table, self.frame)


def safe_text(text: str | None, *, longest: int = _LONGEST) -> str | None:
    """Return a stranger's text so that no character of it moves a cursor, and at most `longest` of them.

    Examples
    --------
    >>> safe_text("Hello\\x1b[2J\\n  you")
    'Hello\\\\x1b[2J you'
    """
    if text is None:
        return None
    words = " ".join(text[: 10 * longest].split())
    safe = "".join(c if c.isprintable() or c in _JOINERS else repr(c)[1:-1] for c in words)
    return safe if len(safe) <= longest else f"{safe[: longest - 1]}…"


def tabulate(
    parts: Sequence[Part],
    known: Known,
    account_ids: pa.Array,
    *,
    as_of: int,
    history_days: float,
    source: Any,
) -> Campaigns:
    """Put the clusters of all kinds into one order, number them and lay them out; `source` is the dataset."""
    which = np.repeat(np.arange(len(parts)), [part.members.n_groups for part in parts])
    order = in_order([part.members for part in parts])
    place = np.empty(order.size, np.int32)
    place[order] = np.arange(order.size, dtype=np.int32)
    places = np.split(place, np.cumsum([part.members.n_groups for part in parts])[:-1])
    members = Members.join(
        [part.members.regrouped(each, order.size) for part, each in zip(parts, places, strict=True)],
        order.size,
    )
    operation = join_campaigns(
        members.group, members.account, _components(parts)[order], known.tied_account, known.tied_operator
    )
    operation = _by_size(operation, members)
    begin, end = members.span()
    kind = which[order]

    def told(of: Callable[[Part], pa.Array]) -> pa.Array:
        return pa.concat_arrays([of(part) for part in parts]).take(pa.array(order))

    columns = {
        "kind": pa.array([part.kind for part in parts], pa.string()).take(pa.array(kind)),
        "campaign": pa.array(numbered(kind)),
        "operation": pa.array(operation + np.int32(1)),
        "n_accounts": pa.array(members.sizes()),
        "n_fingerprints": told(lambda part: pa.array(part.n_fingerprints())),
        "first_seen": times(begin),
        "last_seen": times(end),
        "growth_24h": pa.array(members.grown(as_of - DAY_US)),
        **known.columns(members),
        "fingerprint": told(lambda part: part.hex.take(pa.array(part.medoids()))),
        "example": told(_shown),
        "n_recipients": told(_n_recipients),
        "time_overlap": told(_time_overlap),
    }
    table = pa.table(columns)
    prints = pa.concat_tables([_fingerprints(*each, table) for each in zip(parts, places, strict=True)])
    frame, dataset = source.frame, ref(source)
    return Campaigns(table, as_of, history_days, frame, members, known, prints, account_ids, dataset)


def _components(parts: Sequence[Part]) -> Codes:
    """Return the component of each cluster, those of different kinds under different numbers."""
    begins = np.cumsum([0, *(int(part.component.max(initial=-1)) + 1 for part in parts)])
    return np.concatenate(
        [part.component + begin for part, begin in zip(parts, begins, strict=False)]
    ).astype(np.int32)


def _by_size(operation: Codes, members: Members) -> Codes:
    """Number operations by their accounts, most first, then by their first sighting, then as they are."""
    n = int(operation.max(initial=-1)) + 1
    merged = members.regrouped(operation, n)
    order = np.lexsort((merged.span()[0], -merged.sizes()))
    rank = np.empty(n, np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    return rank[operation]


def _shown(part: Part) -> pa.Array:
    """Return the example of each cluster's medoid as text that is safe to print."""
    if part.examples is None:
        return pa.nulls(part.members.n_groups, pa.string())
    texts = part.examples.take(pa.array(part.row[part.medoids()])).to_pylist()
    return pa.array([safe_text(text) for text in texts], pa.string())


def _n_recipients(part: Part) -> pa.Array:
    if part.kind != "list":
        return pa.nulls(part.members.n_groups, pa.int32())
    return pa.array(part.row[part.medoids()], pa.int32())


def _time_overlap(part: Part) -> pa.Array:
    if part.kind != "list":
        return pa.nulls(part.members.n_groups, pa.float64())
    return pa.array(part.members.overlapping())


def _fingerprints(part: Part, place: Codes, table: pa.Table) -> pa.Table:
    """Lay out the fingerprints of a kind's campaigns: by campaign, the medoid first, then those of most accounts."""
    first, _ = part.prints.span()
    size = part.prints.sizes()
    campaign = place[part.cluster]
    order = np.lexsort((first, -size, ~part.is_medoid, campaign))
    rows = pa.array(part.row[order])
    return pa.table(
        {
            "kind": table["kind"].take(pa.array(campaign[order])),
            "campaign": table["campaign"].take(pa.array(campaign[order])),
            "is_medoid": pa.array(part.is_medoid[order]),
            "n_accounts": pa.array(size[order]),
            "first_seen": times(first[order]),
            "fingerprint": part.hex.take(pa.array(order)),
            "row": pa.nulls(order.size, pa.int64()) if part.kind == "list" else rows,
        }
    )


def _lists(group: npt.NDArray[np.integer[Any]], values: pa.Array, n_groups: int) -> pa.Array:
    """Return each group's different values, in ascending order, as lists."""
    pairs = pa.table({"group": group, "value": values}).group_by(["group", "value"]).aggregate([])
    pairs = pairs.sort_by([("group", "ascending"), ("value", "ascending")])
    offsets = np.searchsorted(np.asarray(pairs["group"]), np.arange(n_groups + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pairs["value"].combine_chunks().cast(pa.string()))
