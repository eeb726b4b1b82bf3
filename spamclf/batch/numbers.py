"""Second pass: one number for each id of the whole dataset, and each message to the shards of its two sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.batch.packs import Pack, read_pack, write_pack
from spamclf.batch.reading import Messages
from spamclf.campaigns.signatures import hash_items
from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.ids import Codes
from spamclf.model import Model
from spamclf.shards import shard_of
from spamclf.threads import equal_parts, in_threads

__all__ = ["Numbers", "Shards", "number_ids", "sender_rows", "split_messages"]

_MIN_WORDS = 100_000  # below, a second thread costs more than it saves
_ENTRY = ("rank", "time", "peer", "flag", "typed_s")


@dataclass(frozen=True)
class Numbers:
    """The ids that pieces have in common.

    Attributes
    ----------
    words : pyarrow.Array
        Each id of a sender or of a person who got a message, once.
    is_sender, is_recipient : ndarray of shape (n_words,), dtype bool
    senders, people, groups : list of ndarray, dtype int32
        By piece: the place among `words` of each id, or the number of each group.
    n_groups : int
    """

    words: pa.Array
    is_sender: npt.NDArray[np.bool_]
    is_recipient: npt.NDArray[np.bool_]
    senders: list[Codes]
    people: list[Codes]
    groups: list[Codes]
    n_groups: int


def number_ids(messages: Messages, integer_ids: bool, n_jobs: int = 1) -> Numbers:
    """Find the different ids of all pieces."""
    kind = pa.int64() if integer_ids else pa.string()
    chunks, groups = [], []
    for pack in messages.packs():
        chunks += [pack["senders"], pack["people"]]
        groups.append(pack["groups"])
    coded, words = _jointly(chunks, kind, n_jobs)
    group_codes, group_ids = _jointly(groups, kind, n_jobs)
    used = np.zeros((2, len(words)), np.bool_)
    for k, codes in enumerate(coded):
        used[k % 2, codes] = True
    return Numbers(words, used[0], used[1], coded[::2], coded[1::2], group_codes, len(group_ids))


def _jointly(chunks: list[pa.Array], kind: pa.DataType, n_jobs: int) -> tuple[list[Codes], pa.Array]:
    """Code several arrays by one list of their different values; each thread finds those of its arrays first."""
    lengths = np.append(0, np.cumsum([len(chunk) for chunk in chunks], dtype=np.int64))
    cuts = equal_parts(lengths, n_jobs if lengths[-1] > _MIN_WORDS else 1)
    found = in_threads(lambda low, high: _coded(chunks[low:high], kind), cuts, n_jobs) if chunks else []
    if len(found) == 1:
        codes, words = found[0]
    else:
        places, words = _coded([each for _, each in found], kind)
        starts = np.cumsum([0] + [len(each) for _, each in found])
        codes = np.concatenate(
            [np.empty(0, np.int32)]
            + [places[start:][own] for start, (own, _) in zip(starts, found, strict=False)]
        )
    return np.split(codes, lengths[1:-1]), words


def _coded(chunks: list[pa.Array], kind: pa.DataType) -> tuple[Codes, pa.Array]:
    """Return the codes of all values of several arrays, and the values by code."""
    if not any(len(chunk) for chunk in chunks):
        return np.empty(0, np.int32), pa.array([], kind)
    coded = pc.dictionary_encode(pa.chunked_array(chunks, kind)).chunks  # empty ones are left out
    return np.concatenate([np.asarray(chunk.indices) for chunk in coded]), coded[-1].dictionary


def sender_rows(senders: pa.Array, last: int | None, rows_in: int) -> pa.Table:
    """Return one message of each sender, at the last instant: what a dataset must know of messages to be checked."""
    if not len(senders) and rows_in and not pa.types.is_integer(senders.type):
        senders = pa.nulls(1, senders.type)  # a bad row: that ids are no integers must be known all the same
    n = len(senders)
    return pa.table(
        {
            "sender_id": senders,
            "recipient_id": senders,
            "sent_at": pa.array(np.full(n, last or 0, np.int64), pa.timestamp("us", tz="UTC")),
            "is_group": pa.array(np.ones(n, np.bool_)),  # else nobody may write to itself
        }
    )


@dataclass(frozen=True)
class Shards:
    """Where each account's log is made, and from what.

    Attributes
    ----------
    skeleton : EgoLog
        Of all accounts, without a message.
    n_shards : int
    owner, home : ndarray of shape (n_accounts,), dtype int64
        The shard of each account; the same, from bit 32, with the account's place among those of its shard.
    window : (int, int)
        Only messages in ``[since, until)`` matter.
    has_typed : bool
    paths : tuple of Path
        The files of entries, those of a shard beside each other in each.
    """

    skeleton: EgoLog
    n_shards: int
    owner: npt.NDArray[np.int64]
    home: npt.NDArray[np.int64]
    window: tuple[int, int]
    has_typed: bool
    paths: tuple[Path, ...]

    def entries(self, shard: int) -> list[tuple[npt.NDArray[Any], ...]]:
        """Return (rank, time, peer, flag, typing) of a shard, piece by piece, mapped into memory."""
        found = []
        for path in self.paths:
            pack = read_pack(path)
            low, high = np.asarray(pack["offsets"])[shard : shard + 2]
            found.append(
                tuple(np.asarray(pack[name])[low:high] if len(pack[name]) else np.empty(0) for name in _ENTRY)
            )
        return found


def split_messages(
    messages: Messages,
    numbers: Numbers,
    dataset: Dataset,
    model: Model,
    window: tuple[int, int],
    n_shards: int,
    work: Path,
    n_jobs: int,
    progress: Callable[[int], None],
) -> Shards:
    """Number all ids as a log of the whole dataset would, and write the entries of each shard."""
    from joblib import Parallel, delayed

    senders, recipients = (
        numbers.words.filter(pa.array(used)) for used in (numbers.is_sender, numbers.is_recipient)
    )
    skeleton, people = EgoLog.numbered(dataset, senders, recipients, numbers.n_groups)
    skeleton = skeleton.remembering(model.memory)
    if model.memory is not None and len(model.memory.lists):
        hashes = np.zeros(skeleton.n_peers, np.uint32)  # the dataset at hand does not know its recipients
        hashes[: len(people)] = hash_items(people, n_jobs=n_jobs)
        skeleton.once("people hashed", lambda: hashes)
    codes = np.array(pc.index_in(numbers.words, value_set=people), np.int32)
    del people, senders, recipients
    owner = shard_of(np.arange(skeleton.n_accounts), n_shards)
    rank = np.empty(owner.size, np.int64)
    for shard in range(n_shards):
        own = np.flatnonzero(owner == shard)
        rank[own] = np.arange(own.size)
    home = owner << 32 | rank

    def one(k: int) -> Path:
        path = work / f"entries-{k:06d}.arrow"
        pack = read_pack(messages.paths[k])
        if not path.exists():
            looked_up = codes[numbers.senders[k]], codes[numbers.people[k]], numbers.groups[k]
            write_pack(path, _entries(pack, *looked_up, skeleton.n_peers, home, window, n_shards))
        progress(len(pack["time"]))
        return path

    run = Parallel(n_jobs, backend="threading", pre_dispatch=n_jobs)
    paths = run(delayed(one)(k) for k in range(len(messages.paths)))
    return Shards(skeleton, n_shards, owner, home, window, messages.has_typed, tuple(paths))


def _entries(
    pack: Pack,
    senders: Codes,
    people: Codes,
    groups: Codes,
    n_peers: int,
    home: npt.NDArray[np.int64],
    window: tuple[int, int],
    n_shards: int,
) -> dict[str, Any]:
    """Return the log entries of a piece, those of a shard beside each other."""
    time, flags, typed = (np.asarray(pack[name]) for name in ("time", "flags", "typed"))
    sender = senders[np.asarray(pack["sender"])] if len(senders) else np.empty(0, np.int32)
    # Groups come after all people and are counted down from the last code.
    lookup = np.concatenate([people, (np.int32(n_peers - 1) - groups)[::-1]]).astype(np.int32)
    recipient = lookup[np.asarray(pack["recipient"])] if len(lookup) else np.empty(0, np.int32)
    counts = np.zeros(n_shards, np.int64)
    kernels.shards.count(sender, recipient, time, flags, *window, home, counts)
    offsets = np.append(0, np.cumsum(counts))
    size = int(offsets[-1])
    rank, peer = np.empty(size, np.int32), np.empty(size, np.int32)
    at, flag = np.empty(size, np.int64), np.empty(size, np.uint8)
    typed_s = np.empty(size if typed.size else 0)
    kernels.shards.split(
        sender,
        recipient,
        time,
        flags,
        typed,
        *window,
        home,
        offsets[:-1].copy(),
        rank,
        at,
        peer,
        flag,
        typed_s,
    )
    return {"offsets": offsets, "rank": rank, "time": at, "peer": peer, "flag": flag, "typed_s": typed_s}
