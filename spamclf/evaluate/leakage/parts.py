"""Duplicates, campaigns and time across the parts of a split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.listing import list_campaigns
from spamclf.campaigns.table import safe_text
from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.errors import ParameterError
from spamclf.evaluate.leakage.changed import Accounts
from spamclf.evaluate.leakage.disguise import KnownLabels
from spamclf.evaluate.leakage.report import Finding, Severity
from spamclf.evaluate.leakage.values import Values, plain_ids
from spamclf.facts import Instants, column_of, instants_of
from spamclf.instants import DAY_US, iso, loose_instant
from spamclf.lists import lists_of
from spamclf.schema import TABLES
from spamclf.tables.frames import to_arrow

__all__ = ["Parts", "check_parts", "read_parts"]

Counts = npt.NDArray[np.int64]

#: The usual names of parts, in the order of time.
_ORDER = {"train": 0, "training": 0, "calibration": 1, "validation": 1, "valid": 1, "val": 1, "dev": 1}
_ORDER |= {"test": 2, "holdout": 2}
_MIN_OWN = 2  # features whose value nobody outside of a group of duplicates has


@dataclass(frozen=True, eq=False)
class Parts:
    """Rows of a split: the account (by code) and the part (index into `names`) of each, and perhaps its instant."""

    account: Counts
    part: Counts
    names: tuple[str, ...]
    instant: Instants | None

    def spread(self, account: Counts, group: Counts) -> Counts:
        """Return of how many parts each group is, given whose member each account is."""
        of_account = np.unique(np.stack([self.account, self.part]), axis=1)
        order = np.argsort(account, kind="stable")
        low = np.searchsorted(account[order], of_account[0], "left")
        high = np.searchsorted(account[order], of_account[0], "right")
        rows = np.repeat(np.arange(low.size), high - low)
        begin = np.repeat(low - np.cumsum(high - low) + (high - low), high - low)
        member = order[begin + np.arange(rows.size)]
        pairs = np.unique(np.stack([group[member], of_account[1][rows]]), axis=1)
        return np.bincount(pairs[0], minlength=int(group.max(initial=-1)) + 1)


def read_parts(split: Any, dataset: Dataset, accounts: Accounts) -> Parts:
    """Read a split in any of the forms that `audit_leakage` takes."""
    ids: Any
    part: Any
    instant: Any = None
    if isinstance(split, Mapping) and not {"account_id", "part"} <= set(split):
        ids, part = list(split), list(split.values())
    elif isinstance(split, Sequence | np.ndarray | pa.Array | pa.ChunkedArray) and not isinstance(split, str):
        ids, part = column_of(dataset.accounts, "account_id"), split
    else:
        names, table = to_arrow(split, ("account_id", "part", "as_of"), "split")
        if not {"account_id", "part"} <= set(names):
            raise _refused(
                "a mapping, one part per row of accounts, or a table with account_id and part", split
            )
        ids, part = column_of(table, "account_id"), column_of(table, "part")
        instant = column_of(table, "as_of") if "as_of" in names else None
    part = _plain(part)
    if len(part) != len(ids):
        raise ParameterError(
            f"audit_leakage: split must name the part of each of the {len(ids):,} accounts; got {len(part):,}. "
            "Give a table with account_id and part for some of them."
        )
    account = accounts.codes(plain_ids(_plain(ids), dataset))
    if (account < 0).any():
        raise ParameterError(
            f"audit_leakage: split must be of accounts of the dataset; got {int((account < 0).sum()):,} rows of "
            "others. Give the dataset that was split."
        )
    known = np.asarray(part.is_valid(), np.bool_)
    coded = part.cast(pa.string()).dictionary_encode()
    when = None if instant is None else _instants(instant)[known]
    codes = np.asarray(coded.indices.drop_null(), np.int64)
    return Parts(account[known], codes, tuple(coded.dictionary.to_pylist()), when)


def check_parts(
    parts: Parts,
    dataset: Dataset,
    accounts: Accounts,
    labels: KnownLabels,
    values: Values,
    end: int,
    n_jobs: int,
) -> list[Finding]:
    """Look for whatever stands on several sides of a split."""
    found = list(_accounts_apart(parts))
    found += _campaigns_apart(parts, dataset, accounts, end)
    found += _clusters_apart(parts, dataset, accounts, labels, end, n_jobs)
    found += _duplicates_apart(parts, accounts, values)
    found += _out_of_time(parts)
    return found


def _accounts_apart(parts: Parts) -> Iterator[Finding]:
    whose = np.unique(parts.account)
    n = int((parts.spread(whose, np.arange(whose.size)) > 1).sum())
    if n:
        sentence = "accounts have rows in several parts, so that what is learnt of them is tested on them"
        yield Finding("account_in_parts", "leak", "split", n, whose.size, sentence)


def _campaigns_apart(parts: Parts, dataset: Dataset, accounts: Accounts, end: int) -> Iterator[Finding]:
    """Look at the operations that the labels name."""
    labels = dataset.labels
    named = np.asarray(column_of(labels, "campaign").is_valid(), np.bool_) & (
        instants_of(labels, "labelled_at") < end
    )
    labels = labels.filter(pa.array(named))
    who = accounts.codes(plain_ids(column_of(labels, "account_id"), dataset))
    campaign = column_of(labels, "campaign").cast(pa.string()).dictionary_encode()
    group = np.asarray(campaign.indices, np.int64)
    spread = parts.spread(who, group)
    names = campaign.dictionary.to_pylist()
    for each in sorted(np.flatnonzero(spread > 1).tolist(), key=names.__getitem__):
        members = np.unique(who[group == each])
        name = safe_text(names[each]) or ""
        sentence = f"accounts of this known campaign are in {spread[each]} parts"
        n = int(np.isin(members, parts.account).sum())
        yield Finding("campaign_in_parts", "leak", name, n, members.size, sentence)


def _clusters_apart(
    parts: Parts, dataset: Dataset, accounts: Accounts, labels: KnownLabels, end: int, n_jobs: int
) -> Iterator[Finding]:
    """Look at the clusters of near-duplicate photos, texts and recipient lists over the whole time."""
    first = [
        pc.min(dataset.tables[name][TABLES[name].time]).cast(pa.int64()).as_py()
        for name in ("messages", "photos", "texts")
    ]
    begin = min((each for each in first if each is not None), default=end)
    days = min(max((end - begin) / DAY_US + 1, 1.0), 36_500.0)
    ego = EgoLog.build(dataset, n_jobs=n_jobs)
    members = list_campaigns(
        dataset,
        as_of=end,
        history_days=days,
        n_jobs=n_jobs,
        lists=lambda until: lists_of(ego, until, days, n_jobs=n_jobs),
    ).members()
    who = accounts.codes(plain_ids(members["account_id"].combine_chunks(), dataset))
    for kind in ("photo", "text", "list"):
        mine = np.asarray(pc.equal(members["kind"], kind), np.bool_)
        group, place = np.unique(np.asarray(members["campaign"])[mine], return_inverse=True)
        apart = np.flatnonzero(parts.spread(who[mine], place) > 1)
        if not apart.size:
            continue
        concerned = np.unique(who[mine][np.isin(place, apart)])
        concerned = concerned[np.isin(concerned, parts.account)]
        worst: Severity = "leak" if (labels.verdict[concerned] == 1).any() else "suspicion"
        alike = {"photo": "photos", "text": "texts", "list": "recipient lists"}[kind]
        n_clusters = f"{apart.size:,} of {group.size:,} clusters"
        sentence = f"{n_clusters} of nearly the same {alike} have accounts in several parts"
        tried = int(np.unique(parts.account).size)
        yield Finding("campaign_in_parts", worst, f"{kind} clusters", concerned.size, tried, sentence)


def _duplicates_apart(parts: Parts, accounts: Accounts, values: Values) -> Iterator[Finding]:
    """Look for equal rows that are no coincidence: with values that only the equal ones have."""
    who = np.unique(parts.account)
    rows = values.of(accounts.ids, values.names)[:, who].T + 0.0  # of two zeros the positive one
    rows[np.isnan(rows)] = np.nan  # one NaN of the many
    _, group, size = np.unique(
        np.ascontiguousarray(rows).view(np.dtype((np.void, 8 * rows.shape[1]))).ravel(),
        return_inverse=True,
        return_counts=True,
    )
    own = np.zeros(who.size, np.int64)
    for column in rows.T:
        _, place, n_alike = np.unique(column, return_inverse=True, return_counts=True)
        own += (n_alike[place] == size[group]) & ~np.isnan(column)
    apart = (parts.spread(who, group)[group] > 1) & (size[group] > 1) & (own >= _MIN_OWN)
    if apart.any():
        n_groups = np.unique(group[apart]).size
        sentence = f"{n_groups:,} groups of accounts in several parts have the same values in every feature"
        yield Finding("duplicate_rows", "leak", "features", int(apart.sum()), who.size, sentence)


def _out_of_time(parts: Parts) -> Iterator[Finding]:
    """Compare the instants of parts whose names tell their order."""
    if parts.instant is None:
        return
    rank = np.array([_ORDER.get(name.lower(), -1) for name in parts.names])[parts.part]
    for later in np.unique(rank[rank > 0]):
        earlier = (rank >= 0) & (rank < later)
        if not earlier.any():
            continue
        begin = int(parts.instant[rank == later].min())
        n = int((parts.instant[earlier] >= begin).sum())
        if n:
            name = next(each for each in parts.names if _ORDER.get(each.lower()) == later)
            sentence = f"rows of earlier parts are not before the first row of this one ({iso(begin)})"
            yield Finding("time_order", "leak", name, n, int(earlier.sum()), sentence)


def _plain(part: Any) -> pa.Array:
    try:
        part = part if isinstance(part, pa.Array | pa.ChunkedArray) else pa.array(part, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # its words would quote an id
        raise ParameterError(
            "audit_leakage: split must hold ids and parts of one type each; got a mixture. Convert them to strings."
        ) from None
    part = part.combine_chunks() if isinstance(part, pa.ChunkedArray) else part
    return part.cast(part.type.value_type) if pa.types.is_dictionary(part.type) else part


def _instants(column: pa.Array) -> Instants:
    if pa.types.is_timestamp(column.type):
        return np.asarray(column.cast(pa.timestamp("us", tz="UTC"), safe=False).cast(pa.int64()), np.int64)
    when = [loose_instant(each) for each in column.to_pylist()]
    if any(each is None for each in when):
        raise ParameterError(
            "audit_leakage: as_of of the split must be instants; got others. Give timestamps, or leave it out."
        )
    return np.array(when, np.int64)


def _refused(rule: str, got: Any) -> ParameterError:
    return ParameterError(
        f"audit_leakage: split must be {rule}; got {type(got).__name__}. "
        "Use {'account': 'train', ...}, for instance."
    )
