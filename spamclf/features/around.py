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
from spamclf.errors import SchemaError
from spamclf.facts import column_of, instants_of
from spamclf.features.feature import Work
from spamclf.features.reach import Index
from spamclf.features.spells import Seen, offsets_of
from spamclf.ids import Codes, IdBook

__all__ = ["AUTOMATED_SHARE", "ROWS", "account_codes", "clusters_around"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

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
    "(automated + 1) / (labelled + 2) among the other accounts by the latest label of the history (of two at once the "
    "milder); null when none of them is labelled yet, or it is itself"
)

#: Different photos, texts: so many count of those in reach, and are compared in each bucket. Accounts count all.
MOST_PHOTOS, MOST_TEXTS = 1000, 500
FEW = (
    64  # sightings of a fingerprint from which on its accounts are counted once for all who have it in reach
)
LISTED = 64  # photos in reach of another, up to which they are listed once for all instants
#: Finds pairs that agree in half of their values nine times in ten, and more of closer ones.
BANDS, BAND_ROWS = 32, 4
_MIN_MATCHES = 64  # of 128: half of the shingles in common
#: Slices up to which, and sightings per slice from which on, what they have to do with is looked up first.
SOME, WORTH = 64, 200
_ROOM = 4_000_000  # fingerprints of many that are listed at a time


@dataclass(frozen=True, eq=False)
class _Look:
    """What slices look at, and what they see of it: `ROWS`, for those parts of the slices that are `done`."""

    slices: Slices
    index: Index
    spells: tuple[Any, ...]
    buckets: tuple[Any, ...]
    rows: Floats
    done: set[tuple[int, int]]
    effort: Instants  # fingerprints compared, sightings gone through: what its cost must be linear in


@dataclass(eq=False)
class _Around:
    """Sightings of one kind, of the data and of the memory, laid out for `kernels.around`.

    The latest look is kept: a second family asks for the same slices. `alone` tells of which accounts nobody else ever
    shows what is in reach of theirs: so it is at any instant.
    """

    index: Index
    own: tuple[Any, ...]
    code_of: Instants
    most: int
    alone: Bools
    latest: _Look | None = None

    def look(self, slices: Slices) -> _Look:
        """Return the look of slices."""
        latest = self.latest
        if latest is not None and latest.slices is slices:
            return latest
        first, last = (int(slices.as_of.min()), int(slices.as_of.max())) if len(slices) else (0, 0)
        spells: tuple[Any, ...] = ()
        buckets: tuple[Any, ...] = ()
        index = self.index
        if not self.alone[slices.account].all():
            index = self._index_of(slices.account)
            spells, buckets = index.spells(slices.history, first, last)
        rows = np.empty((len(ROWS), len(slices)))
        self.latest = _Look(slices, index, spells, buckets, rows, set(), np.zeros(2, np.int64))
        return self.latest

    def _index_of(self, account: Instants) -> Index:
        """Return an index that holds whatever the accounts of slices have to do with."""
        asked = self.code_of[account]
        if account.size > SOME or self.index.seen.instant.size < WORTH * account.size:
            return self.index
        return self.index.tied.part(asked[asked >= 0])

    def measure(self, look: _Look, low: int, high: int) -> None:
        """Fill the rows of the slices ``[low, high)``."""
        slices, history = look.slices, look.slices.history
        offsets, print_, first_at = self._own_prints(slices, low, high)
        if not look.spells:
            self._tell_of_nobody(look, low, (offsets, print_, first_at))
            return
        row = np.repeat(np.arange(low, high), np.diff(offsets))
        until, account = slices.as_of[row], self.code_of[slices.account[row]].astype(np.int32)
        order = np.lexsort((until, print_))
        print_by, until_by = print_[order], until[order]
        new = np.ones(order.size, np.bool_)
        new[1:] = (print_by[1:] != print_by[:-1]) | (until_by[1:] != until_by[:-1])
        begins = np.flatnonzero(new)
        cases = (
            look.index.print_(print_by[new]).astype(np.int32), until_by[new], np.append(begins, order.size),
            look.index.account(account[order]).astype(np.int32),
        )  # fmt: skip
        sums, bits = self._sums(look, cases)
        case_of, does = np.empty(order.size, np.int64), np.empty(order.size, np.uint8)
        case_of[order], does[order] = np.cumsum(new) - 1, bits
        kernels.around.tell(
            low, history, slices.account, slices.as_of, self.code_of, (offsets, print_, first_at, case_of, does), sums,
            self.index.prints, self.index.known, look.rows,
        )  # fmt: skip

    def _tell_of_nobody(self, look: _Look, low: int, own: tuple[Any, ...]) -> None:
        """Fill the rows of slices whose accounts are alone with what they show: there is nothing to count."""
        slices, sums = look.slices, np.zeros((1, kernels.crowd.N_SUMS), np.int64)
        sums[0, -1] = kernels.crowd.NEVER
        case_of, does = np.zeros(own[1].size, np.int64), np.zeros(own[1].size, np.uint8)
        kernels.around.tell(
            low, slices.history, slices.account, slices.as_of, self.code_of, (*own, case_of, does), sums,
            self.index.prints, self.index.known, look.rows,
        )  # fmt: skip

    def _own_prints(self, slices: Slices, low: int, high: int) -> tuple[Instants, Codes, Instants]:
        """Return the prints that the account of each slice showed last: where they begin, which, and since when."""
        account = slices.account[low:high]
        most = np.minimum(self.own[0][account + 1] - self.own[0][account], kernels.spells.OWN).sum()
        offsets, print_, first_at = (
            np.empty(high - low + 1, np.int64), np.empty(most, np.int32), np.empty(most, np.int64)
        )  # fmt: skip
        n = kernels.near.own_prints(
            self.own, slices.account, slices.as_of, slices.history, low, high, offsets, print_, first_at
        )
        return offsets, print_[:n].copy(), first_at[:n].copy()

    def _sums(self, look: _Look, cases: tuple[Any, ...]) -> tuple[Instants, npt.NDArray[np.uint8]]:
        """Return the sums of each case, and what each account that asks does itself."""
        n, history = cases[0].size, look.slices.history
        sums, bits = np.empty((n, kernels.crowd.N_SUMS), np.int64), np.empty(cases[3].size, np.uint8)
        crowd, spans = (
            np.empty(min(n * self.most, max(self.most, _ROOM)), np.int32),
            np.empty((n, 3), np.int64),
        )
        effort, start = np.zeros(2, np.int64), 0
        while start < n:
            end = kernels.around.look(
                cases, start, self.most, FEW, history, look.index.prints, look.spells, look.buckets, look.index.known,
                sums, bits, crowd, spans, effort,
            )  # fmt: skip
            listed = start + np.flatnonzero(spans[start:end, 0] < spans[start:end, 1])
            order = listed[np.lexsort((cases[1][listed], spans[listed, 2]))]
            kernels.crowd.count(
                order, spans, crowd, cases[1], history, look.spells, look.index.known, sums, effort
            )
            start = end
        look.effort[:] += effort
        return sums, bits


def clusters_around(
    ego: EgoLog, slices: Slices, shown: Shown, remembered: Sightings | None
) -> tuple[Floats, Work]:
    """Return the rows (`ROWS`) of these slices, shape (8, n_slices), and the work that fills them.

    Parameters
    ----------
    ego : EgoLog
    slices : Slices
    shown : Shown
        What the accounts of the dataset show.
    remembered : Sightings, optional
        What is known from earlier data, of the same kind.
    """
    key = ("memory", "around", id(shown))  # `shown` lives as long as the dataset
    laid = ego.once(key, lambda: _lay_out(ego, shown, remembered))
    look = laid.look(slices)

    def work(low: int, high: int) -> None:
        if (low, high) not in look.done:
            laid.measure(look, low, high)
            look.done.add((low, high))

    return look.rows, work


def account_codes(ego: EgoLog, ids: Any) -> Codes:
    """Return the codes of scored accounts by their ids."""
    return IdBook(ego.account_ids).encode(ids)


def _lay_out(ego: EgoLog, shown: Shown, remembered: Sightings | None) -> _Around:
    joint, group = shown.sightings, np.arange(len(shown.sightings.words), dtype=np.int32)
    if remembered is not None and len(remembered):
        if joint.scheme != remembered.scheme:
            raise SchemaError(
                f"model: fingerprints of a {joint.kind} must be of its scheme, '{remembered.scheme}'; got "
                f"'{joint.scheme}'. Train a model on data of that scheme, or make the fingerprints anew by the model's."
            )
        joint = Sightings.join([shown.sightings, remembered])
        group = distinct_rows(np.concatenate([joint.words, shown.sightings.words]))[1][len(joint.words) :]
    names = np.unique(joint.account)
    code_of = np.full(ego.n_accounts, -1, np.int64)
    scored = account_codes(ego, shown.account_ids)
    code_of[scored] = np.searchsorted(names, shown.account)
    prints = shown.prints
    if joint.kind == "photo":
        photos, texts, reach = joint.words, np.empty((0, 128), np.uint32), kernels.neighbours.REACH
        near = _neighbours(prints, photos, min(LISTED, MOST_PHOTOS - 1), MOST_PHOTOS)
        crowded = len(photos) > 0 and bool((np.diff(near[0]) == 0).any())
        keys = np.empty((len(photos), crowded * kernels.neighbours.CHUNKS), np.int32)
        kernels.near.chunk_keys(photos, keys)
        n_buckets = keys.shape[1] * kernels.neighbours.CHUNK_VALUES
        listed = near[0]
    else:
        photos, texts, reach = np.empty((0, 4), np.uint64), joint.words, _MIN_MATCHES
        keys, n_buckets = _band_buckets(texts)
        near, listed = (np.zeros(len(prints.group) + 1, np.int64), np.empty(0, np.int32)), None
    known = _verdicts(ego, code_of, names)
    is_judged = (np.diff(known[0]) > 0) | (np.diff(known[3]) > 0)
    index = Index(
        Seen.of(ego, joint, names, code_of, remembered, (keys, n_buckets), is_judged),
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
        known,
    )
    return _Around(
        index,
        _own(scored, shown, ego.n_accounts),
        code_of,
        MOST_PHOTOS if joint.kind == "photo" else MOST_TEXTS,
        _alone(joint, shown, scored, group[prints.group], listed, keys, ego.n_accounts),
    )


def _alone(
    joint: Sightings,
    shown: Shown,
    scored: Codes,
    group_of: npt.NDArray[np.integer],
    listed: Instants | None,
    keys: Codes,
    n_accounts: int,
) -> Bools:
    """Tell of which accounts no other ever shows what is in reach of theirs, as far as the index tells at once.

    Such is a print whose fingerprint one account alone shows, with no other in its list of photos in reach, or in none
    of its buckets of texts.
    """
    pairs = np.unique(np.stack([joint.group.astype(np.uint64), joint.account]), axis=1)
    single = np.bincount(pairs[0].astype(np.int64), minlength=len(joint.words)) == 1
    unlike = (keys == -1).all(axis=1)[group_of] if listed is None else np.diff(listed) == 1
    alone = np.ones(n_accounts, np.bool_)
    alone[scored[~(single[group_of] & unlike)[shown.print_]]] = False
    return alone


def _neighbours(prints: Prints, words: Words, listed: int, most: int) -> tuple[Instants, Codes]:
    """List the photos in reach of each print: where they begin, and which. Of one with too many, none."""
    n = len(words)
    ends, members = np.empty(kernels.neighbours.CHUNK_VALUES, np.int64), np.empty(n, np.int32)
    columns, counts = np.empty((4, n), np.uint64), np.zeros(len(prints.group), np.int32)
    found, effort = [np.empty((0, 2), np.int32)], np.zeros(1, np.int64)
    versions = prints.versions.reshape(-1, 4)
    for chunk in range(kernels.neighbours.CHUNKS if n else 0):
        kernels.hamming.sort_by_chunk(words, chunk, ends, members, columns)
        found.append(
            kernels.neighbours.find(
                chunk,
                versions,
                prints.n_versions,
                words,
                ends,
                members,
                columns,
                listed,
                most,
                counts,
                effort,
            )
        )
    pairs = np.concatenate(found)
    counts[counts > listed] = 0
    pairs = pairs[counts[pairs[:, 0]] > 0]
    offsets = np.zeros(counts.size + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets, np.ascontiguousarray(pairs[np.argsort(pairs[:, 0], kind="stable"), 1])


def _band_buckets(words: Words) -> tuple[Codes, int]:
    """Number the values of each band that several have, one band after the other; -1 is that of one alone."""
    hashed = kernels.bands.band_keys(words, BANDS, BAND_ROWS)
    keys = np.empty(hashed.shape, np.int32)
    n_buckets = 0
    for band in range(BANDS):
        _, place, times = np.unique(hashed[:, band], return_inverse=True, return_counts=True)
        shared = times > 1
        number = np.where(shared, n_buckets + np.cumsum(shared) - 1, -1)
        keys[:, band] = number[place]
        n_buckets += int(shared.sum())
    return keys, n_buckets


def _own(scored: Codes, shown: Shown, n_accounts: int) -> tuple[Instants, Instants, Codes]:
    """Return what each scored account itself showed, in time: where it begins, when, and which prints."""
    order = np.lexsort((shown.print_, shown.instant, scored))
    return offsets_of(scored, n_accounts), shown.instant[order], shown.print_[order]


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
    return offsets_of(code[order], n_codes), instant[order], value[order]
