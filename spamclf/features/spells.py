"""Who showed what when, by account, and the spells in which that counts for whoever looks back from an instant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.campaigns.sightings import Sightings
from spamclf.ego import EgoLog, Instants
from spamclf.existence import NEVER
from spamclf.ids import Codes

__all__ = ["Seen", "offsets_of"]

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Seen:
    """Sightings by account, in time, and what tells when each account is known.

    Attributes
    ----------
    offsets : ndarray of shape (n_accounts + 1,), dtype int64
        Where each account's sightings begin.
    group, instant : ndarray of shape (n,), dtype int32, int64
        The fingerprint and the time of each sighting.
    known_from : ndarray of shape (n_accounts,), dtype int64
        From when on each account is known by its row, or by what is remembered of it.
    sends : callable
        Takes the places of some accounts among those that `doubtful` names, returns where the sends of each begin, and
        the instants.
    version : callable
        Returns another number after what `sends` tells has changed.
    doubtful : ndarray, dtype int64
        The accounts that may be known earlier by their sends alone, ascending.
    keys : ndarray of shape (n_groups, n_keys), dtype int32
        The buckets of each fingerprint; -1 stands for one in which it would be alone.
    n_buckets : int
    is_judged : ndarray of shape (n_accounts,), dtype bool
        Whether there is a label or evidence on an account, at any time.
    """

    offsets: Instants
    group: Codes
    instant: Instants
    known_from: Instants
    sends: Callable[[Instants], tuple[Instants, Instants]]
    version: Callable[[], int]
    doubtful: Instants
    keys: Codes
    n_buckets: int
    is_judged: Bools

    @classmethod
    def of(
        cls,
        ego: EgoLog,
        joint: Sightings,
        names: npt.NDArray[np.uint64],
        code_of: Instants,
        remembered: Sightings | None,
        keys: tuple[Codes, int],
        is_judged: Bools,
    ) -> Seen:
        """Order all sightings by account: their pseudonyms `names` in order; ``code_of`` a scored account its place."""
        code = np.searchsorted(names, joint.account)
        order = np.argsort(code, kind="stable")  # in order of time already
        offsets, instant = offsets_of(code, names.size), joint.instant[order]
        known_from = _known_from(ego, code_of, names, remembered)
        code_in_log = np.full(names.size, -1)
        code_in_log[code_of[code_of >= 0]] = np.flatnonzero(code_of >= 0)
        # Few, or none: everybody here showed something.
        doubtful = np.flatnonzero((known_from > instant[offsets[:-1]]) & (code_in_log >= 0))
        in_log = code_in_log[doubtful]
        return cls(
            offsets, joint.group[order], instant, known_from, lambda which: ego.sends_of(in_log[which]),
            ego.sends_version, doubtful, *keys, is_judged,
        )  # fmt: skip

    def of_accounts(self, accounts: Instants, rows: Instants, offsets: Instants) -> Seen:
        """Return the same of some accounts, ascending, with the sightings `rows`; fingerprints stay as they are."""
        place = np.minimum(np.searchsorted(accounts, self.doubtful), accounts.size - 1)
        among = np.flatnonzero(accounts[place] == self.doubtful)
        return Seen(
            offsets, self.group[rows], self.instant[rows], self.known_from[accounts],
            lambda which: self.sends(among[which]), self.version, place[among], self.keys, self.n_buckets,
            self.is_judged[accounts],
        )  # fmt: skip

    def spells(self, history: int, first: int, last: int) -> tuple[Any, Any]:
        """Return the spells that matter to who looks at an instant of ``[first, last]``, and the buckets they stand in.

        They are what `kernels.around` works with. Accounts that are known at none of these instants leave no trace.
        """
        known, known_from, known_until = self._known_times(history)
        most = min(3, int(np.diff(known).max(initial=0)))  # times of being known that one look-back can meet
        room = self.instant.size * most
        place, begin, end = np.empty(room, np.int32), np.empty(room, np.int64), np.empty(room, np.int64)
        n = kernels.spells.lay_out(
            self.offsets, self.group, self.instant, known, known_from, known_until, history, first, last,
            place, begin, end,
        )  # fmt: skip
        account = np.repeat(np.arange(self.known_from.size), np.diff(self.offsets))[place[:n]]
        rows, at = np.empty((n, kernels.spells.N_COLUMNS), np.int64), kernels.spells
        rows[:, at.INSTANT], rows[:, at.BEGIN], rows[:, at.END] = self.instant[place[:n]], begin[:n], end[:n]
        rows[:, at.ACCOUNT], rows[:, at.GROUP] = account, self.group[place[:n]]
        order = np.argsort(rows[:, at.GROUP], kind="stable")  # then by account, then in order of time
        rows = rows[order]
        kept = ~_in_between(rows, first, last)
        by_account = np.empty(n, np.int32)
        by_account[order] = np.where(kept, np.cumsum(kept) - 1, -1)
        return self._standing(rows[kept], by_account[by_account >= 0], first, last)

    def _known_times(self, history: int) -> tuple[Instants, Instants, Instants]:
        """Return where each account's times of being known begin, and these: ``(from, until]``, in order and apart."""
        offsets, sent_at = self.sends(np.arange(self.doubtful.size))
        code = np.repeat(self.doubtful, np.diff(offsets))
        new = np.ones(code.size, np.bool_)
        new[1:] = (code[1:] != code[:-1]) | (sent_at[1:] > sent_at[:-1] + history)
        begins = np.flatnonzero(new)
        ends = sent_at[np.append(begins[1:], code.size)[: begins.size] - 1] + history
        code, since = code[begins], sent_at[begins]
        until = np.minimum(ends, self.known_from[code])  # from then on it is known for good
        early, rows = since < until, np.flatnonzero(self.known_from < NEVER)
        code = np.concatenate([code[early], rows])
        since = np.concatenate([since[early], self.known_from[rows]])
        until = np.concatenate([until[early], np.full(rows.size, NEVER)])
        order = np.lexsort((since, code))
        return offsets_of(code, self.known_from.size), since[order], until[order]

    def _standing(self, rows: Instants, by_account: Codes, first: int, last: int) -> tuple[Any, Any]:
        """Index spells, which are ordered by fingerprint, by account and by bucket."""
        at = kernels.spells
        account, group = rows[:, at.ACCOUNT], rows[:, at.GROUP]
        of_account, of_group = offsets_of(account, self.known_from.size), offsets_of(group, len(self.keys))
        rows[:, at.LOW], rows[:, at.HIGH] = of_account[account], of_account[account + 1]
        rows[:, at.JUDGED] = self.is_judged[account]
        chosen = np.zeros(len(rows), np.bool_)
        of_time = np.zeros(len(self.keys) + 1, np.int64)
        times = np.empty((2, len(rows)), np.int64)
        n = kernels.spells.stand_for(rows, of_group, first, last, chosen, of_time, *times)
        spells = rows, by_account, of_account, of_group, of_time, times[0, :n].copy(), times[1, :n].copy()
        standing = np.flatnonzero(chosen).astype(np.int32)
        standing = standing[np.argsort(account[standing], kind="stable")]  # by account, then fingerprint
        offsets = offsets_of(self._buckets_of(group[standing]), self.n_buckets)
        entries = np.empty((int(offsets[-1]), 2), np.int32)
        kernels.spells.fill_buckets(self.keys, rows, standing, offsets[:-1].copy(), entries)
        different = np.bincount(self._buckets_of(np.diff(of_group) > 0), minlength=self.n_buckets)
        return spells, (offsets, entries, different.astype(np.int32))

    def _buckets_of(self, groups: Any) -> Codes:
        """Return the buckets of some fingerprints, one after the other."""
        keys: Codes = self.keys[groups].ravel()
        return keys[keys >= 0]


def offsets_of(codes: npt.NDArray[np.integer], n: int) -> Instants:
    """Return where those of each code begin, once they are in order."""
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(codes, minlength=n), out=offsets[1:])
    return offsets


def _in_between(rows: Instants, first: int, last: int) -> Bools:
    """Tell which spells lie between two others of the same account and fingerprint whenever they count: repetitions."""
    between, at = np.zeros(len(rows), np.bool_), kernels.spells
    before, after = rows[:-2], rows[2:]
    same = (before[:, at.ACCOUNT] == after[:, at.ACCOUNT]) & (before[:, at.GROUP] == after[:, at.GROUP])
    between[1:-1] = same & (before[:, at.END] >= last) & (after[:, at.BEGIN] < first)
    return between


def _known_from(
    ego: EgoLog, code_of: Instants, names: npt.NDArray[np.uint64], remembered: Sightings | None
) -> Instants:
    """Return from when on each account is known by its row, or by what is remembered of it."""
    known_from = np.full(names.size, NEVER)
    if remembered is not None and len(remembered):
        np.minimum.at(known_from, np.searchsorted(names, remembered.account), remembered.instant)
    scored = np.flatnonzero(code_of >= 0)
    facts = ego.facts
    seen_from = np.where(np.isnan(facts.filled), NEVER, facts.registered_at)[scored]
    known_from[code_of[scored]] = np.minimum(known_from[code_of[scored]], seen_from)
    return known_from
