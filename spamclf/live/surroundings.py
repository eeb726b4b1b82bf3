"""What accounts must know of others at an instant: the log of all that is told, and small ones of those asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.campaigns.sightings import pseudonyms
from spamclf.campaigns.signatures import hash_items
from spamclf.campaigns.verdicts import Labels
from spamclf.ego import EgoLog, Slices
from spamclf.facts import Facts, column_of, instants_of
from spamclf.features.catalogue import FAMILIES, family_of
from spamclf.features.co_target import StrangerSpans, labels_by_account
from spamclf.features.known_lists import N_ROWS, KnownLists, labels_of, lists_by_value, lists_remembered
from spamclf.features.registration import Standing, registered_on
from spamclf.features.timeline import Timeline
from spamclf.live.logs import Neighbourhood
from spamclf.live.observed import Observed
from spamclf.live.people import People, grown
from spamclf.model import Model

__all__ = ["TOGETHER", "Hood", "Surroundings"]

Ints = npt.NDArray[np.int64]
_KINDS = ("network", "device")
#: Families that `kernels.together` measures, in its order.
TOGETHER = ("account", "registration", "send_rate", "fan_out", "replies", "rhythm", "co_target")
_ENDS = (0, *accumulate(len(FAMILIES[name].features) for name in TOGETHER))


@dataclass(frozen=True, eq=False)
class Hood:
    """Slices of accounts by their live numbers, and what is needed of others.

    Attributes
    ----------
    slices : Slices
    asked : ndarray of int64
        The accounts of the slices, and those reported with them.
    reports : ndarray of int64
        Rows of reports on accounts of the slices, and all others by the same reporters.
    near : Neighbourhood
    """

    slices: Slices
    asked: Ints
    reports: Ints
    near: Neighbourhood


class Surroundings:
    """Builds the logs that features are measured on.

    Parameters
    ----------
    model : Model
    history : int
        Look-back in microseconds.
    observed : Observed
    """

    def __init__(self, model: Model, history: int, observed: Observed) -> None:
        self.memory, self._history = model.memory, history
        self._people, self._register, self._notes, self._logs = (
            observed.people, observed.register, observed.notes, observed.logs
        )  # fmt: skip
        self._are_known = observed.are_known
        families = {family_of(name).name for name in model.feature_names}
        self._needs_reports = "feedback" in families
        self._version: tuple[int, ...] = ()
        self._most: tuple[int, ...] = (0, 0)
        self._told: EgoLog | None = None
        self._lists = None if self.memory is None or not len(self.memory.lists) else _Lists(self.memory)

    def meet(self) -> None:
        """Note people who are new."""
        if self._lists is not None:
            self._lists.meet(self._people)

    def told(self) -> EgoLog:
        """Return the log of all that is told of accounts, built anew where that has changed."""
        register = self._register
        groups = tuple(register.n_groups(kind) for kind in _KINDS)
        now, told = (
            (self._notes.version, register.room, self._notes.n_reports * self._needs_reports),
            self._told,
        )
        if (
            told is None
            or now != self._version
            or any(n > most for n, most in zip(groups, self._most, strict=True))
        ):
            self._version, self._most = now, tuple(2 * n + 1024 for n in groups)
            told = self._tell()
        if told.facts is not register.facts:
            told = replace(told, facts=register.facts)
        self._told = told
        return told

    def _tell(self) -> EgoLog:
        register, room = self._register, self._register.room
        id_type = self._people.id_type
        dataset = self._notes.dataset(self._are_known, id_type=id_type)
        none = np.empty(0, np.int64)
        told = EgoLog(
            account_ids=pa.array(self._people.ids, id_type), offsets=np.zeros(room + 1, np.int64), time=none,
            peer=np.empty(0, np.int32), flag=np.empty(0, np.uint8), typed_s=np.empty(0), n_peers=room, n_duplicates=0,
            facts=register.facts, reports=self._reports(), labels=self._labels(), dataset=dataset, memory=self.memory,
            sends=self._logs,
        )  # fmt: skip
        for kind, n in zip(_KINDS, self._most, strict=True):
            labels = Standing.of(told, getattr(register.facts, kind), self._history)
            padded = Standing(_padded(labels.begun, n), _padded(labels.ended, n))
            told.put(("labels", kind, self._history), padded)
            told.put(("registered", kind), register.registrations[kind])
        self._index(told)
        if self._lists is not None:
            self._lists.judge(Labels.of_dataset(dataset), self._history)
        return told

    def _index(self, told: EgoLog) -> None:
        """Order labels and reports by who they are about, and reports by who made them."""
        account = told.labels[0]
        self._label_order = np.argsort(account, kind="stable")
        self._label_offsets = np.zeros(told.n_accounts + 1, np.int64)
        np.cumsum(np.bincount(account, minlength=told.n_accounts), out=self._label_offsets[1:])
        if self._needs_reports:
            by_account, by_reporter = (np.argsort(codes, kind="stable") for codes in told.reports[:2])
            self._report_order = (
                (by_account, told.reports[0][by_account]),
                (by_reporter, told.reports[1][by_reporter]),
            )

    def _labels(self) -> tuple[Any, ...]:
        table, codes = self._notes.table("labels", self._are_known)
        if table is None:
            return np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.bool_)
        is_automated = np.asarray(column_of(table, "is_automated"), dtype=np.bool_)
        return codes.astype(np.int32), instants_of(table, "labelled_at"), is_automated

    def _reports(self) -> tuple[Any, ...]:
        table, codes = self._notes.table("reports", self._are_known)
        if table is None:
            none = np.empty(0, np.int32)
            return none, none, np.empty(0, np.int64), np.empty(0, np.bool_)
        reporter = self._people.encode(column_of(table, "reporter_id"))
        is_block = np.asarray(pc.equal(column_of(table, "kind"), "block"), dtype=np.bool_)
        return codes.astype(np.int32), reporter.astype(np.int32), instants_of(table, "reported_at"), is_block

    def neighbourhood(self, told: EgoLog, slices: Slices) -> Hood:
        """Return what is needed of others to measure accounts at one instant.

        Parameters
        ----------
        told : EgoLog
            As `told` returned it.
        slices : Slices
            Of accounts by their live numbers, each once.
        """
        until, asked = int(slices.as_of[0]), slices.account
        starts, ends = self._logs.bounds(asked, until - self._history, until)
        rows = np.empty(0, np.int64)
        if self._needs_reports and told.reports[0].size:
            rows, more = self._reports_around(told, asked)
            # Of those who are reported with them only counts whether they sent: one message is enough.
            more_starts, more_ends = self._logs.last_sends(more, until - self._history, until)
            asked = np.concatenate([asked, more])
            starts, ends = np.concatenate([starts, more_starts]), np.concatenate([ends, more_ends])
        return Hood(slices, asked, rows, self._logs.around(asked, starts, ends, until))

    def log_of(self, told: EgoLog, hood: Hood) -> tuple[EgoLog, Slices]:
        """Return a log of a neighbourhood, and the slices of its accounts."""
        slices, near, asked, n = hood.slices, hood.near, hood.asked, len(hood.slices)
        facts, codes = told.facts, near.codes
        offsets, entries, counts = near.recipients
        none = np.empty(0, np.int64)
        spans = StrangerSpans(
            (offsets, entries, np.zeros(1, np.int64), none, np.zeros(1, np.int64)),
            (near.n_strangers, none, none),
            counts,
        )
        derived: dict[Any, Any] = {("co_target", self._history): spans}
        if self._lists is not None:
            derived["people hashed"] = self._lists.hashes[codes]
            known = self._lists.known(self._are_known, self._logs.ends, codes)
            derived["memory", "lists", self._history] = known
        ego = EgoLog(
            account_ids=told.account_ids, offsets=near.offsets, time=near.time, peer=near.peer, flag=near.flag,
            typed_s=near.typed_s, n_peers=codes.size, n_duplicates=0,
            facts=Facts(
                facts.registered_at[codes], facts.is_business[codes], facts.country[codes],
                facts.network_country[codes], facts.network[codes], facts.device[codes], facts.filled[codes],
                facts.country_names,
            ),
            reports=self._reports_of(told, hood.reports, asked), labels=self._labels_of(told, codes),
            dataset=told.dataset, memory=told.memory, instant=int(slices.as_of[0]), _derived=derived,
        )  # fmt: skip
        return ego, Slices(
            np.arange(n), near.offsets[:n], near.offsets[1 : n + 1], slices.as_of, slices.history
        )

    def measure(self, told: EgoLog, hood: Hood) -> npt.NDArray[np.float64]:
        """Compute all features of the families of `TOGETHER`, one after the other, shape (n_features, n_slices)."""
        near, facts, history, n = hood.near, told.facts, self._history, len(hood.slices)
        remembered = np.zeros((N_ROWS, n))
        if self._lists is not None:
            lists_remembered(*self.log_of(told, hood), remembered)(0, n)
        own = told.once(("own labels", history), lambda: Standing.of(told, None, history))
        values = np.empty((_ENDS[-1], n))
        kernels.together.measure(
            near.codes, hood.slices.as_of, history,
            (facts.registered_at, facts.is_business, facts.filled, facts.country, facts.network_country),
            len(facts.country_names), (near.offsets, near.time, near.peer, near.flag, near.typed_s),
            (*near.recipients, near.n_strangers), labels_by_account(told, history),
            tuple(registered_on(told, kind, history) for kind in _KINDS), own.begun.arrays, own.ended.arrays,
            remembered, tuple(values[low:high] for low, high in pairwise(_ENDS)),
        )  # fmt: skip
        return values

    def _labels_of(self, told: EgoLog, codes: Ints) -> tuple[Any, ...]:
        """Return the labels of those who have a number, by these."""
        account, labelled_at, is_automated = told.labels
        n = self._label_offsets[codes + 1] - self._label_offsets[codes]
        labelled = np.flatnonzero(n)
        if not labelled.size:
            return account[:0], labelled_at[:0], is_automated[:0]
        who = np.repeat(labelled, n[labelled])
        place = np.arange(who.size) - np.repeat(np.cumsum(n[labelled]) - n[labelled], n[labelled])
        rows = self._label_order[self._label_offsets[codes[who]] + place]
        return who.astype(np.int32), labelled_at[rows], is_automated[rows]

    def _reports_around(self, told: EgoLog, asked: Ints) -> tuple[Ints, Ints]:
        """Return the reports on accounts and all others by the same reporters; and who else is in them."""
        (by_account, accounts), (by_reporter, reporters) = self._report_order
        on_them = by_account[_within(accounts, asked)]
        rows = by_reporter[_within(reporters, np.unique(told.reports[1][on_them]))]
        people = np.unique(np.concatenate([told.reports[0][rows], told.reports[1][rows]])).astype(np.int64)
        return rows, people[~np.isin(people, asked)]

    def _reports_of(self, told: EgoLog, rows: Ints, asked: Ints) -> tuple[Any, ...]:
        """Return reports by the places of their people among those asked."""
        account, reporter, reported_at, is_block = (each[rows] for each in told.reports)
        if rows.size:
            order = np.argsort(asked)
            account, reporter = (
                order[np.searchsorted(asked[order], each)].astype(np.int32) for each in (account, reporter)
            )
        return account, reporter, reported_at, is_block


class _Lists:
    """Remembered recipient lists, and who of the people observed is in them."""

    def __init__(self, memory: Any) -> None:
        self._memory = memory
        self._names = np.unique(memory.lists.account)
        self._by_value = lists_by_value(memory)
        self._places, self._codes = np.empty(0, np.int64), np.empty(0, np.int64)
        self._labels: tuple[Ints, ...] = ()
        self._n_met = 0
        self.hashes = np.empty(0, np.uint32)

    def meet(self, people: People) -> None:
        """Hash the people who are new, and look them up."""
        first, n = self._n_met, len(people)
        if n > self.hashes.size:
            self.hashes = grown(self.hashes, max(1024, 2 * n), 0)
        codes = np.array([code for code in range(first, n) if people.ids[code] is not None], np.int64)
        self._n_met = n
        if not codes.size:
            return
        ids = pa.array([people.ids[code] for code in codes.tolist()], people.id_type)
        self.hashes[codes] = hash_items(ids)
        named = pseudonyms(ids)
        place = np.minimum(np.searchsorted(self._names, named), self._names.size - 1)
        found = self._names[place] == named
        self._places = np.concatenate([self._places, place[found]])
        self._codes = np.concatenate([self._codes, codes[found]])

    def judge(self, told: Labels, history: int) -> None:
        """Take in the labels that are told now."""
        self._labels = labels_of(told, self._memory, self._names, history)

    def known(self, are_known: Any, ends: tuple[Ints, Ints, Ints], codes: Ints) -> KnownLists:
        """Return the lists for a log in which `codes` says who has each number."""
        code_of = np.full(self._names.size, -1)
        known = are_known(self._codes)
        code_of[self._places[known]] = self._codes[known]
        return KnownLists(*self._by_value, (code_of, self._labels), ends, codes)


def _within(ordered: npt.NDArray[np.integer], wanted: Ints) -> Ints:
    """Return the places of all `wanted` in an ascending array."""
    starts, ends = np.searchsorted(ordered, wanted), np.searchsorted(ordered, wanted, side="right")
    return np.concatenate(
        [np.empty(0, np.int64), *(np.arange(a, b) for a, b in zip(starts, ends, strict=True))]
    )


def _padded(line: Timeline, n_keys: int) -> Timeline:
    """Return the same with more groups, which are empty."""
    return Timeline(
        grown(line.offsets, max(n_keys + 2, line.offsets.size), line.offsets[-1]),
        line.instant,
        line.weight_before,
    )
