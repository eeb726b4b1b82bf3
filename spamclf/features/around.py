"""The cluster around an account's own fingerprint: what the families `photo`, `template` and `evidence` share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.campaigns.shown import Prints, Shown
from spamclf.campaigns.sightings import Sightings, Words, distinct_rows
from spamclf.campaigns.verdicts import NO_OPERATOR, Evidence, Labels
from spamclf.ego import EgoLog, Instants, Slices
from spamclf.existence import NEVER, row_seen_from
from spamclf.facts import column_of, instants_of
from spamclf.features.feature import Work
from spamclf.ids import Codes, IdBook

__all__ = ["AUTOMATED_SHARE", "ROWS", "account_codes", "clusters_around"]

Bools = npt.NDArray[np.bool_]

#: What `clusters_around` fills, in this order.
ROWS = (
    "accounts",
    "fingerprints",
    "age_s",
    "growth_24h",
    "automated_share",
    "gone_share",
    "top_share",
    "evidence",
)

#: How the share of known automated accounts is reckoned, in the words of the formulas.
AUTOMATED_SHARE = (
    "(automated + 1) / (labelled + 2) among the accounts by the latest label of the history (of two at once the "
    "milder); null when none of them is labelled yet, or it is itself"
)

_BANDS, _BAND_ROWS = (
    32,
    4,
)  # finds pairs that agree in half of their values nine times in ten, and more of closer ones
_MIN_MATCHES = 64  # of 128: half of the shingles in common


@dataclass(frozen=True, eq=False)
class _Around:
    """Sightings of one kind, of the data and of the memory, laid out for `kernels.near`."""

    seen: tuple[Any, ...]
    prints: tuple[Any, ...]
    buckets: tuple[Any, ...]
    own: tuple[Any, ...]
    known: tuple[Any, ...]


def clusters_around(
    ego: EgoLog, slices: Slices, shown: Shown, remembered: Sightings | None, out: npt.NDArray[np.float64]
) -> Work:
    """Return the work that fills ``out`` (`ROWS`) for these slices.

    Parameters
    ----------
    ego : EgoLog
    slices : Slices
    shown : Shown
        What the accounts of the dataset show.
    remembered : Sightings, optional
        What is known from earlier data, of the same kind.
    out : ndarray of shape (8, n_slices), dtype float64
    """
    key = ("memory", "around", id(shown))  # `shown` lives as long as the dataset
    laid = ego.once(key, lambda: _lay_out(ego, shown, remembered))

    def work(low: int, high: int) -> None:
        kernels.near.measure(
            laid.seen, laid.prints, laid.buckets, laid.own, laid.known, slices.account, slices.as_of, slices.history,
            low, high, out,
        )  # fmt: skip

    return work


def account_codes(ego: EgoLog, ids: Any) -> Codes:
    """Return the codes of scored accounts by their ids."""
    return IdBook(ego.account_ids).encode(ids)


def _lay_out(ego: EgoLog, shown: Shown, remembered: Sightings | None) -> _Around:
    parts = [shown.sightings, *([remembered] if remembered is not None and len(remembered) else [])]
    joint = Sightings.join(parts)
    names, account = np.unique(joint.account, return_inverse=True)
    account = account.astype(np.int32)
    code_of = np.full(ego.n_accounts, -1, np.int64)
    scored = account_codes(ego, shown.account_ids)
    code_of[scored] = np.searchsorted(names, shown.account)
    prints = shown.prints
    group = distinct_rows(np.concatenate([joint.words, shown.sightings.words]))[1][len(joint.words) :]
    if joint.kind == "photo":
        photos, texts, reach = joint.words, np.empty((0, 128), np.uint32), kernels.neighbours.REACH
        near = _neighbours(prints, photos)
        crowded = bool(
            (np.diff(near[0]) == 0).any()
        )  # then sightings are looked up by each part of 16 bits, too
        keys = np.empty((len(photos), 1 + crowded * kernels.neighbours.CHUNKS), np.int32)
        kernels.near.chunk_keys(photos, keys)
        n_buckets = (keys.shape[1] - 1) * kernels.neighbours.CHUNK_VALUES + len(photos)
    else:
        photos, texts, reach = np.empty((0, 4), np.uint64), joint.words, _MIN_MATCHES
        keys, n_buckets = _band_buckets(texts)
        near = np.zeros(1, np.int64), np.empty(0, np.int32)
    known_from = _since(remembered, names)
    return _Around(
        (joint.instant, account, joint.group, *_existence(ego, code_of, joint.instant, account, known_from)),
        (
            prints.versions.reshape(-1, 4),
            prints.n_versions,
            group[prints.group],
            photos,
            texts,
            keys,
            reach,
            *near,
        ),
        _fill(keys, joint.group, n_buckets),
        (code_of, *_own(scored, shown, ego.n_accounts)),
        _verdicts(ego, code_of, names),
    )


def _neighbours(prints: Prints, words: Words) -> tuple[Instants, Codes]:
    """List the photos in reach of each print: where they begin, and which. Of one with too many, none."""
    n = len(words)
    ends, members = np.empty(kernels.neighbours.CHUNK_VALUES, np.int64), np.empty(n, np.int32)
    columns, counts = np.empty((4, n), np.uint64), np.zeros(len(prints.group), np.int32)
    found = [np.empty((0, 2), np.int32)]
    versions = prints.versions.reshape(-1, 4)
    for chunk in range(kernels.neighbours.CHUNKS if n else 0):
        kernels.hamming.sort_by_chunk(words, np.arange(n, dtype=np.int32), chunk, ends, members, columns)
        found.append(
            kernels.neighbours.find(
                chunk, versions, prints.n_versions, words, ends, members, columns, counts, 0, counts.size
            )
        )
    pairs = np.concatenate(found)
    listed = np.where(counts > kernels.neighbours.MOST, 0, counts)
    pairs = pairs[listed[pairs[:, 0]] > 0]
    offsets = np.zeros(counts.size + 1, np.int64)
    np.cumsum(listed, out=offsets[1:])
    return offsets, np.ascontiguousarray(pairs[np.argsort(pairs[:, 0], kind="stable"), 1])


def _band_buckets(words: Words) -> tuple[Codes, int]:
    """Number the different values of each band, one band after the other."""
    hashed = kernels.bands.band_keys(words, _BANDS, _BAND_ROWS)
    keys = np.empty(hashed.shape, np.int32)
    n_buckets = 0
    for band in range(_BANDS):
        values, place = np.unique(hashed[:, band], return_inverse=True)
        keys[:, band] = n_buckets + place
        n_buckets += values.size
    return keys, n_buckets


def _fill(keys: Codes, group: Codes, n_buckets: int) -> tuple[Instants, Codes, npt.NDArray[np.uint64]]:
    """Put every sighting into the buckets of its fingerprint, in order; the third result tells which are filled."""
    offsets = np.zeros(n_buckets + 1, np.int64)
    for column in keys.T:
        offsets[1:] += np.bincount(column[group], minlength=n_buckets)
    np.cumsum(offsets, out=offsets)
    entries = np.empty(int(offsets[-1]), np.int32)
    kernels.near.fill_buckets(keys, group, offsets[:-1].copy(), entries)
    filled = np.zeros(-(-n_buckets // 64) * 64, np.bool_)
    filled[:n_buckets] = np.diff(offsets) > 0
    return offsets, entries, np.packbits(filled, bitorder="little").view("<u8").astype(np.uint64)


def _own(scored: Codes, shown: Shown, n_accounts: int) -> tuple[Instants, Instants, Codes]:
    """Return what each scored account itself showed, in time: where it begins, when, and which prints."""
    order = np.lexsort((shown.print_, shown.instant, scored))
    offsets = np.zeros(n_accounts + 1, np.int64)
    np.cumsum(np.bincount(scored, minlength=n_accounts), out=offsets[1:])
    return offsets, shown.instant[order], shown.print_[order]


def _since(remembered: Sightings | None, names: npt.NDArray[np.uint64]) -> Instants:
    """Return from when on each account is known by what is remembered of it."""
    since = np.full(names.size, NEVER)
    if remembered is not None and len(remembered):
        np.minimum.at(since, np.searchsorted(names, remembered.account), remembered.instant)
    return since


def _existence(
    ego: EgoLog, code_of: Instants, instant: Instants, account: npt.NDArray[np.integer], remembered: Instants
) -> tuple[Instants, Instants, Instants]:
    """Return from when on each account's row is seen, and when those sent that may be known by their sends alone."""
    codes, first = np.unique(account, return_index=True)
    scored = np.flatnonzero(code_of >= 0)
    known_from = remembered.copy()
    seen_from = row_seen_from(ego.dataset, ego.n_accounts)[scored]
    known_from[code_of[scored]] = np.minimum(known_from[code_of[scored]], seen_from)
    doubtful = scored[known_from[code_of[scored]] > instant[first[code_of[scored]]]]  # few, or none
    entries = [np.arange(ego.offsets[each], ego.offsets[each + 1]) for each in doubtful.tolist()]
    sent = [ego.time[each[(ego.flag[each] & 1) != 0]] for each in entries]
    offsets = np.zeros(codes.size + 1, np.int64)
    offsets[1 + code_of[doubtful]] = [each.size for each in sent]
    np.cumsum(offsets, out=offsets)
    sent_at = np.empty(int(offsets[-1]), np.int64)
    for code, each in zip(code_of[doubtful].tolist(), sent, strict=True):
        sent_at[offsets[code] : offsets[code + 1]] = each
    return known_from, offsets, sent_at


def _verdicts(ego: EgoLog, code_of: Instants, names: npt.NDArray[np.uint64]) -> tuple[Any, ...]:
    """Return labels and evidence on the accounts of the sightings, by code and instant."""
    account, labelled_at, is_automated = ego.labels
    evidence = ego.dataset.evidence.filter(pc.is_valid(ego.dataset.evidence["operator"]))
    tied = account_codes(ego, column_of(evidence, "account_id"))
    labels = [(code_of[account], labelled_at, is_automated)]
    ties = [(code_of[tied], instants_of(evidence, "observed_at"))]
    memory = ego.memory
    if memory is not None:  # what is found out now of accounts that were seen before counts, too
        for told, proofs in (
            (Labels.of_dataset(ego.dataset), Evidence.of_dataset(ego.dataset)),
            (memory.labels, memory.evidence),
        ):
            labels.append((_place(told.account, names), told.labelled_at, told.is_automated))
            named = proofs.operator != NO_OPERATOR
            ties.append((_place(proofs.account[named], names), proofs.observed_at[named]))
    told_of = _by_code(labels, names.size)
    tied_to = _by_code([(*tie, np.zeros(tie[0].size, np.bool_)) for tie in ties], names.size)
    return (*told_of, *tied_to[:2])


def _place(account: npt.NDArray[np.uint64], names: npt.NDArray[np.uint64]) -> Instants:
    """Return the code of each pseudonym, -1 for one that showed nothing."""
    if not names.size:
        return np.full(account.size, -1, np.int64)
    place = np.minimum(np.searchsorted(names, account), names.size - 1)
    return np.where(names[place] == account, place, -1)


def _by_code(parts: list[tuple[Instants, Instants, Bools]], n_codes: int) -> tuple[Instants, Instants, Bools]:
    """Order verdicts by (code, instant), of two at once the milder last."""
    code, instant, value = (np.concatenate([part[k] for part in parts]) for k in range(3))
    order = np.lexsort((~value, instant, code))
    order = order[code[order] >= 0]
    offsets = np.zeros(n_codes + 1, np.int64)
    np.cumsum(np.bincount(code[order], minlength=n_codes), out=offsets[1:])
    return offsets, instant[order], value[order]
