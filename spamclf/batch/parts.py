"""The passes over shards: what their logs tell others, and then the scores of their accounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf import kernels
from spamclf.batch.numbers import Shards
from spamclf.batch.packs import read_pack, write_pack
from spamclf.ego import EgoLog
from spamclf.entries import settle
from spamclf.features.co_target import StrangerSpans
from spamclf.features.extract import measure
from spamclf.model import Model
from spamclf.output import write_result
from spamclf.scoring import ScoreTables, Scoring
from spamclf.shards import Strangers, Summary, part_of, spans_of

__all__ = ["SLICES", "Logs", "score_shards", "summarise", "with_layouts"]

SLICES = 50_000  # accounts whose features are in memory at once


@dataclass
class Logs:
    """The logs of shards, in order; some stay in memory from the pass that sums them up to the one that looks at them.

    Attributes
    ----------
    shards : Shards
    room : float
        Bytes that may stay.
    """

    shards: Shards
    room: float
    _kept: dict[int, EgoLog] = field(default_factory=dict)

    def first(self, number: int) -> EgoLog:
        """Make a log, to be asked for once more."""
        log = log_of_shard(self.shards, number)
        self.room -= sum(getattr(log, name).nbytes for name in ("offsets", "time", "peer", "flag", "typed_s"))
        if self.room > 0:
            self._kept[number] = log
        return log

    def last(self, number: int) -> EgoLog:
        """Return a log that is not asked for again."""
        log = self._kept.pop(number, None)
        return log_of_shard(self.shards, number) if log is None else log


def log_of_shard(shards: Shards, number: int) -> EgoLog:
    """Return the log of a shard's accounts, in order; others have no entries."""
    own = np.flatnonzero(shards.owner == number)
    entries = shards.entries(number)
    counts = np.zeros(own.size, np.int64)
    for rank, *_ in entries:
        counts += np.bincount(rank.astype(np.int64), minlength=own.size)
    begins = np.append(0, np.cumsum(counts))
    size = int(begins[-1])
    time, peer, flag = np.empty(size, np.int64), np.empty(size, np.int32), np.empty(size, np.uint8)
    typed_s = np.full(size if shards.has_typed else 0, np.nan)
    cursor = begins[:-1].copy()
    for piece in entries:
        if len(piece[0]):
            kernels.shards.place(*piece, cursor, time, peer, flag, typed_s)
    offsets = np.zeros(shards.owner.size + 1, np.int64)
    offsets[own + 1] = counts
    np.cumsum(offsets, out=offsets)
    log = settle(offsets, time, peer, flag, typed_s, 1)
    return replace(shards.skeleton, _derived={}, **log)


def summarise(
    logs: Logs,
    instant: int,
    history_days: float,
    work: Path,
    n_jobs: int,
    progress: Callable[[int], None],
) -> tuple[Summary, StrangerSpans, int]:
    """Ask each shard what its log tells others, a file for each, and join the answers.

    Returns
    -------
    summary : Summary
        Of all accounts.
    spans : StrangerSpans
    n_duplicates : int
        Exact repetitions of a message.
    """
    from joblib import Parallel, delayed

    shards = logs.shards

    def one(number: int) -> Path:
        path = work / f"summary-{number:06d}.arrow"
        if not path.exists():
            write_pack(path, _summary(logs, number, instant, history_days))
        progress(1)
        return path

    run = Parallel(n_jobs, backend="threading", pre_dispatch=n_jobs)
    paths = run(delayed(one)(number) for number in range(shards.n_shards))
    summary, n_duplicates = Summary.empty(shards.owner.size), 0
    strangers = []
    for path in paths:
        pack = {name: np.asarray(values) for name, values in read_pack(path).items()}
        summary.put(pack["own"], Summary(pack["n_strangers"], pack["first_entry"], pack["last_send"]))
        strangers.append(Strangers(pack["recipient"], pack["account"], pack["instant"]))
        n_duplicates += int(pack["n_duplicates"][0])
    return summary, spans_of(strangers, summary, shards.skeleton.n_peers), n_duplicates


def _summary(logs: Logs, number: int, instant: int, history_days: float) -> dict[str, npt.NDArray[Any]]:
    log = logs.first(number)
    own = np.flatnonzero(logs.shards.owner == number)
    told, listed = Summary.of(log, log.slices(own, instant, history_days=history_days))
    return {
        "own": own, "n_strangers": told.n_strangers, "first_entry": told.first_entry, "last_send": told.last_send,
        "recipient": listed.recipient, "account": listed.account, "instant": listed.instant,
        "n_duplicates": np.array([log.n_duplicates], np.int64),
    }  # fmt: skip


def with_layouts(
    skeleton: EgoLog, summary: Summary, spans: StrangerSpans, model: Model, instant: int
) -> EgoLog:
    """Return the skeleton with all that features lay out of the dataset, which every shard then shares.

    It is laid out beside the messages by which accounts are known, for that is all that it needs of logs; what holds
    the log of a shard itself is made for each (`_UNSHARED`).
    """
    ego = _looked_at(skeleton, skeleton, summary, spans, model, instant)
    slices = ego.slices([], instant, history_days=model.history_days)
    scoring = Scoring.of_log(ego, model, slices)
    names = list(dict.fromkeys([*model.feature_names, *scoring.telling.companions]))
    measure(ego, slices, names, n_jobs=1)
    derived = {key: value for key, value in ego._derived.items() if not _is_of_log(key)}
    return replace(skeleton, _derived=dict(skeleton._derived) | derived)


def _is_of_log(key: Any) -> bool:
    """Tell whether what was derived holds the arrays of the log that it was derived from."""
    return key == "feedback" or (
        isinstance(key, tuple) and key[0] in ("co_target", "memory") and "lists" in key
    )


def _looked_at(
    skeleton: EgoLog, shard: EgoLog, summary: Summary, spans: StrangerSpans, model: Model, instant: int
) -> EgoLog:
    history = skeleton.slices([], instant, history_days=model.history_days).history
    return part_of(skeleton, shard, summary, spans, instant, history)


def score_shards(
    logs: Logs,
    summary: Summary,
    spans: StrangerSpans,
    model: Model,
    instant: int,
    n_reasons: int,
    reasons_for: str,
    out: Path,
    n_jobs: int,
    progress: Callable[[int], None],
) -> list[Path]:
    """Score the accounts of each shard, a Parquet file for each; those that are there already are kept."""
    from joblib import Parallel, delayed

    shards = logs.shards
    paths = [out / f"part-{number:05d}.parquet" for number in range(shards.n_shards)]
    # Even where no part is left to be made: what is bad of photos and texts is seen when they are laid out.
    skeleton = with_layouts(shards.skeleton, summary, spans, model, instant)

    def one(number: int) -> None:
        own = np.flatnonzero(shards.owner == number)
        if not paths[number].exists():
            part = _looked_at(skeleton, logs.last(number), summary, spans, model, instant)
            slices = part.slices(own, instant, history_days=model.history_days)
            tables = ScoreTables(Scoring.of_log(part, model, slices), n_reasons, reasons_for)
            rows = [
                tables.part(low, min(low + SLICES, own.size)) for low in range(0, max(own.size, 1), SLICES)
            ]
            write_result(pa.concat_tables(rows).combine_chunks(), paths[number])
        progress(own.size)

    run = Parallel(n_jobs, backend="threading", pre_dispatch=n_jobs)
    run(delayed(one)(number) for number in range(shards.n_shards))
    return paths
