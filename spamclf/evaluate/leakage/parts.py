"""The parts of a split: read in any form, each account in one, and one after the other in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.dataset import Dataset
from spamclf.errors import ParameterError
from spamclf.evaluate.leakage.changed import Accounts
from spamclf.evaluate.leakage.report import Finding
from spamclf.evaluate.leakage.values import plain_ids
from spamclf.facts import Instants, column_of
from spamclf.instants import iso, loose_instant
from spamclf.tables.frames import to_arrow

__all__ = ["Parts", "accounts_apart", "not_looked_at", "out_of_time", "read_parts"]

Counts = npt.NDArray[np.int64]

#: The usual names of parts, in the order of time.
_ORDER = {"train": 0, "training": 0, "calibration": 1, "validation": 1, "valid": 1, "val": 1, "dev": 1}
_ORDER |= {"test": 2, "holdout": 2}


@dataclass(frozen=True, eq=False)
class Parts:
    """Rows of a split: the account (by code) and the part (index into `names`) of each, and perhaps its instant."""

    account: Counts
    part: Counts
    names: tuple[str, ...]
    instant: Instants | None

    def spread(self, account: Counts, group: Counts, n_groups: int) -> Counts:
        """Return of how many parts each group is, given whose member each account is."""
        of_account = np.unique(np.stack([self.account, self.part]), axis=1)
        order = np.argsort(account, kind="stable")
        low = np.searchsorted(account[order], of_account[0], "left")
        high = np.searchsorted(account[order], of_account[0], "right")
        rows = np.repeat(np.arange(low.size), high - low)
        begin = np.repeat(low - np.cumsum(high - low) + (high - low), high - low)
        member = order[begin + np.arange(rows.size)]
        pairs = np.unique(np.stack([group[member], of_account[1][rows]]), axis=1)
        return np.bincount(pairs[0], minlength=n_groups)


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
    when = None if instant is None else _instants(instant.filter(pa.array(known)))
    codes = np.asarray(coded.indices.drop_null(), np.int64)
    return Parts(account[known], codes, tuple(coded.dictionary.to_pylist()), when)


def accounts_apart(parts: Parts) -> Iterator[Finding]:
    """Look for accounts with rows in several parts."""
    whose = np.unique(parts.account)
    n = int((parts.spread(whose, np.arange(whose.size), whose.size) > 1).sum())
    if n:
        sentence = "accounts have rows in several parts, so that what is learnt of them is tested on them"
        yield Finding("account_in_parts", "leak", "split", n, whose.size, sentence)


def out_of_time(parts: Parts) -> Iterator[Finding]:
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


def not_looked_at(parts: Parts, accounts: Accounts) -> Iterator[str]:
    """Say what of a split could not be looked at, and why."""
    n_missing = len(accounts) - int(np.unique(parts.account).size)
    if n_missing:
        yield f"{n_missing:,} of {len(accounts):,} accounts are in no part of the split"
    if parts.instant is None:
        yield "the split has no as_of, so it was not asked whether rows to learn from lie before rows to test on"
        return
    others = [name for name in parts.names if name.lower() not in _ORDER]
    if others:  # not by name: somebody may have put ids there
        yield (
            f"{len(others):,} of {len(parts.names):,} parts are not called train, calibration or test, so it was not "
            "asked whether they lie before or after others"
        )


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
    if pa.types.is_timestamp(column.type) and not column.null_count:
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
