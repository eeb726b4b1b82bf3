"""Parts of a log that is never whole in memory: the logs of some accounts, and what these must know of all others.

At one instant there is little that an account's features need from the logs of others, and all of it is told by a
summary of each log: who wrote to whom as a stranger, and by which messages an account is known to exist. So a shard of
the accounts can be looked at by itself, by the same computation as a whole log:

    each shard's log ──► Summary ──► all summaries joined, strangers by recipient ──► `part_of` ──► features
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.ego import NAT, EgoLog, Instants, Slices
from spamclf.features.co_target import StrangerSpans, stranger_lists
from spamclf.ids import Codes

__all__ = ["MIX", "Strangers", "Summary", "part_of", "shard_of", "spans_of"]

#: Odd: multiplying by it spreads numbers that lie close and loses nothing.
MIX = np.uint64(0x9E3779B97F4A7C15)


def shard_of(codes: npt.NDArray[np.integer], n_shards: int) -> npt.NDArray[np.int64]:
    """Return the shard of each account: by a hash of its code, so that neighbours in a table part.

    Examples
    --------
    >>> shard_of(np.arange(6), 2)
    array([1, 0, 0, 1, 1, 0])
    """
    mixed = (np.asarray(codes).astype(np.uint64) + np.uint64(1)) * MIX
    return ((mixed >> np.uint64(32)) % np.uint64(n_shards)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Strangers:
    """Who is whose stranger at one instant.

    Attributes
    ----------
    recipient, account : ndarray of shape (n,), dtype int32
        The stranger, and who wrote to it.
    instant : ndarray of shape (n,), dtype int64
        When it did first, in microseconds since the epoch.
    """

    recipient: Codes
    account: Codes
    instant: Instants


@dataclass(frozen=True, eq=False)
class Summary:
    """What the log of each account tells others at one instant, of its history alone.

    Attributes
    ----------
    n_strangers : ndarray of shape (n,), dtype int64
        How many strangers it wrote to.
    first_entry, last_send : ndarray of shape (n,), dtype int64
        Its first message, sent or received, and the last one it sent; `NAT` where there is none.
    """

    n_strangers: Instants
    first_entry: Instants
    last_send: Instants

    @classmethod
    def of(cls, ego: EgoLog, slices: Slices) -> tuple[Summary, Strangers]:
        """Summarise slices, one per account and all of one instant; list their strangers."""
        row, recipient, instant = stranger_lists(ego, slices)
        first, last = np.full(len(slices), NAT), np.full(len(slices), NAT)
        kernels.ego.first_and_last(ego.time, ego.flag, slices.starts, slices.ends, first, last)
        summary = cls(np.bincount(row, minlength=len(slices)), first, last)
        return summary, Strangers(recipient, slices.account[row].astype(np.int32), instant)

    @classmethod
    def empty(cls, n_accounts: int) -> Summary:
        """Return that of accounts without messages, to be filled shard by shard (`put`)."""
        return cls(np.zeros(n_accounts, np.int64), np.full(n_accounts, NAT), np.full(n_accounts, NAT))

    def put(self, account: Instants, other: Summary) -> None:
        """Write what `other` tells of some accounts."""
        self.n_strangers[account] = other.n_strangers
        self.first_entry[account] = other.first_entry
        self.last_send[account] = other.last_send


def spans_of(strangers: Sequence[Strangers], summary: Summary, n_peers: int) -> StrangerSpans:
    """Join the strangers of all shards, by recipient."""
    recipient = np.concatenate([each.recipient for each in strangers])
    order = np.argsort(recipient, kind="stable")
    offsets = np.zeros(n_peers + 1, np.int64)
    np.cumsum(np.bincount(recipient, minlength=n_peers), out=offsets[1:])
    entries = np.empty((recipient.size, 2), np.int64)
    entries[:, 0] = np.concatenate([each.instant for each in strangers])[order]
    entries[:, 1] = np.concatenate([each.account for each in strangers])[order].astype(np.int64) << 32
    return StrangerSpans.at(offsets, entries, np.append(summary.n_strangers, 0))


def part_of(
    skeleton: EgoLog, shard: EgoLog, summary: Summary, spans: StrangerSpans, instant: int, history: int
) -> EgoLog:
    """Return a log that answers, for the accounts of a shard and at one instant, as the whole log would.

    Parameters
    ----------
    skeleton : EgoLog
        Of all accounts, without a message; what is derived from it is shared.
    shard : EgoLog
        Whose entries are those of the shard's accounts; the others have none.
    summary : Summary
        Of all accounts.
    spans : StrangerSpans
        Of all accounts at the instant (`spans_of`).
    instant, history : int
        Microseconds since the epoch, and microseconds.

    Returns
    -------
    ego : EgoLog
        In the log of another account stand the messages by which it is known, no more: its first one and the last that
        it sent, where somebody may have to know.
    """
    mine = np.diff(shard.offsets) > 0
    asked = _known_by_messages(skeleton, instant) & ~mine & (summary.first_entry != NAT)
    account = np.flatnonzero(asked)
    sent = account[summary.last_send[account] != NAT]
    added = (
        np.concatenate([account, sent]),
        np.concatenate([summary.first_entry[account], summary.last_send[sent]]),
        np.repeat(np.array([0, 1], np.uint8), [account.size, sent.size]),
    )
    derived = dict(skeleton._derived) | {("co_target", history): spans}
    return replace(skeleton, instant=instant, _derived=derived, **_with(shard, *added))


def _known_by_messages(skeleton: EgoLog, instant: int) -> npt.NDArray[np.bool_]:
    """Tell of which accounts others may ask whether messages show that they exist."""
    facts = skeleton.facts
    asked = np.isnan(facts.filled) | (facts.registered_at >= instant)
    if skeleton.memory is not None and len(skeleton.memory.lists):
        names = skeleton.pseudonyms()
        asked |= np.isin(names, skeleton.memory.lists.account)
    return asked


def _with(shard: EgoLog, account: Instants, time: Instants, flag: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """Return a shard's entries with some of accounts that have none, in time."""
    log: dict[str, Any] = {
        name: getattr(shard, name) for name in ("time", "peer", "flag", "typed_s", "n_peers")
    }
    log["n_duplicates"] = shard.n_duplicates
    if not account.size:
        return log | {"offsets": shard.offsets}
    order = np.lexsort((flag, time, account))
    counts = np.diff(shard.offsets)
    offsets = np.zeros_like(shard.offsets)
    np.cumsum(counts + np.bincount(account, minlength=counts.size), out=offsets[1:])
    new = np.ones(int(offsets[-1]), np.bool_)
    moved = np.arange(shard.time.size) + np.repeat(offsets[:-1] - shard.offsets[:-1], counts)
    new[moved] = False
    for name, values in (("time", time[order]), ("peer", 0), ("flag", flag[order]), ("typed_s", np.nan)):
        former = log[name]
        if name == "typed_s" and not former.size:
            continue
        log[name] = np.empty(new.size, former.dtype)
        log[name][moved], log[name][new] = former, values
    return log | {"offsets": offsets}
