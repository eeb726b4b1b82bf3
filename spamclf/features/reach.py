"""Who shows what is in reach of what: an index of all accounts, or of some that have nothing to do with the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.ego import Instants
from spamclf.features.spells import Seen, offsets_of

__all__ = ["Index", "Tied"]

Bools = npt.NDArray[np.bool_]
_KEPT = 1000  # small indexes that are kept
_KEPT_FOR = 3_600_000_000  # an hour


@dataclass(eq=False)
class Index:
    """Sightings, prints and verdicts, as `kernels.around` takes them.

    Attributes
    ----------
    seen : Seen
    prints, known : tuple
        See `kernels.near.PRINTS` and `kernels.crowd.KNOWN`.
    accounts, print_numbers : ndarray, dtype int64, optional
        Of a part: which accounts and prints of the whole it holds, in order.
    """

    seen: Seen
    prints: tuple[Any, ...]
    known: tuple[Any, ...]
    accounts: Instants | None = None
    print_numbers: Instants | None = None
    _laid: _Laid | None = None

    def spells(self, history: int, first: int, last: int) -> tuple[Any, Any]:
        """Return `Seen.spells`, which are kept for whoever looks at the same instants next.

        Of a part, which is small, for all instants of the same hour.
        """
        version = self.seen.version() if self.seen.doubtful.size else 0
        laid = self._laid
        if laid is None or laid.of != (history, version) or first < laid.first or laid.last < last:
            if self.accounts is not None:
                first -= first % _KEPT_FOR
                last = max(last, first + _KEPT_FOR - 1)
            laid = self._laid = _Laid((history, version), first, last, self.seen.spells(history, first, last))
        return laid.spells

    def account(self, codes: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        """Return the numbers that accounts have here."""
        return codes if self.accounts is None else np.searchsorted(self.accounts, codes)

    def print_(self, numbers: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        """Return the numbers that prints have here."""
        return numbers if self.print_numbers is None else np.searchsorted(self.print_numbers, numbers)

    def part(self, accounts: Instants) -> Index:
        """Return the index of some accounts, ascending, which share nothing in reach with any other."""
        seen = self.seen
        offsets, rows = _rows_of(seen.offsets, accounts)
        groups = np.unique(seen.group[rows])
        versions, n_versions, group_of, photos, texts, keys, reach, near_offsets, near = self.prints
        numbers = np.flatnonzero(np.isin(group_of, groups))
        n_each = len(versions) // max(len(group_of), 1)
        pictures = versions.reshape(len(group_of), -1)[numbers] if len(group_of) else versions
        near_from, near_rows = _rows_of(near_offsets, numbers)
        buckets, key = np.unique(keys[groups], return_inverse=True)
        shift = int(buckets.size > 0 and buckets[0] == -1)
        keys = (key.reshape(len(groups), keys.shape[1]) - shift).astype(np.int32)
        part = replace(
            seen.of_accounts(accounts, rows, offsets),
            group=np.searchsorted(groups, seen.group[rows]).astype(np.int32),
            keys=keys,
            n_buckets=buckets.size - shift,
        )
        prints = (
            np.ascontiguousarray(pictures.reshape(n_each * len(numbers), versions.shape[1])),
            n_versions[numbers],
            np.searchsorted(groups, group_of[numbers]).astype(np.int32),
            photos[groups] if len(photos) else photos,
            texts[groups] if len(texts) else texts,
            keys,
            reach,
            near_from,
            np.searchsorted(groups, near[near_rows]).astype(np.int32),
        )
        labels, labelled_at, is_automated, ties, observed_at = self.known
        labels, label_rows = _rows_of(labels, accounts)
        ties, tie_rows = _rows_of(ties, accounts)
        known = labels, labelled_at[label_rows], is_automated[label_rows], ties, observed_at[tie_rows]
        return Index(part, prints, known, accounts, numbers)

    @cached_property
    def tied(self) -> Tied:
        """Return which accounts have to do with each other."""
        return Tied.of(self)


@dataclass(frozen=True, eq=False)
class _Laid:
    """Spells that matter to who looks at an instant of ``[first, last]``."""

    of: tuple[int, int]
    first: int
    last: int
    spells: tuple[Any, Any]


class Tied:
    """Accounts by component: those of one show, at whatever time, what is in reach of what others of it show.

    Where a photo has so many in reach that these are not listed, its component is not known: it `is_open`.
    """

    def __init__(self, index: Index, of_account: Instants, is_open: Bools) -> None:
        self._index, self._of_account, self._is_open = index, of_account, is_open
        self._offsets = offsets_of(of_account, is_open.size)
        self._members = np.argsort(of_account, kind="stable")
        self._kept: dict[tuple[int, ...], Index] = {}

    @classmethod
    def of(cls, index: Index) -> Tied:
        """Find the components."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        seen = index.seen
        _, _, group_of, _, _, keys, _, near_offsets, near = index.prints
        n_accounts, n_groups = seen.offsets.size - 1, len(seen.keys)
        account = np.repeat(np.arange(n_accounts), np.diff(seen.offsets))
        first_group, first_bucket = n_accounts, n_accounts + n_groups
        near_of = np.repeat(group_of, np.diff(near_offsets))
        by_text = keys.shape[1] > 0 and len(index.prints[4]) > 0
        group, column = np.nonzero(keys >= 0) if by_text else (np.empty(0, np.int64), np.empty(0, np.int64))
        ends = np.concatenate([account, first_group + near_of, first_group + group])
        others = np.concatenate(
            [first_group + seen.group, first_group + near, first_bucket + keys[group, column]]
        )
        size = first_bucket + seen.n_buckets * by_text
        graph = coo_array((np.ones(ends.size, np.int8), (ends, others)), shape=(size, size))
        n, label = connected_components(graph, directed=False)
        is_open = np.zeros(n, np.bool_)
        if not by_text:
            crowded = np.flatnonzero(np.diff(near_offsets) == 0)
            is_open[label[first_group + group_of[crowded]]] = True
        return cls(index, label[:n_accounts].astype(np.int64), is_open)

    def part(self, accounts: npt.NDArray[np.integer]) -> Index:
        """Return an index that holds all that some accounts have to do with; the whole one if that is not known."""
        components = np.unique(self._of_account[accounts])
        if self._is_open[components].any():
            return self._index
        key = tuple(components.tolist())
        if key not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            members = [self._members[self._offsets[k] : self._offsets[k + 1]] for k in key]
            self._kept[key] = self._index.part(np.sort(np.concatenate(members)))
        return self._kept[key]


def _rows_of(offsets: Instants, chosen: npt.NDArray[np.integer]) -> tuple[Instants, Instants]:
    """Return where the rows of the chosen begin once they stand alone, and which rows these are."""
    counts = offsets[chosen + 1] - offsets[chosen]
    begins = np.zeros(chosen.size + 1, np.int64)
    np.cumsum(counts, out=begins[1:])
    return begins, np.arange(begins[-1]) + np.repeat(offsets[chosen] - begins[:-1], counts)
