"""Remembered recipient lists, laid out to be looked up: what the family `co_target` knows from earlier data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.recipients import SCHEME
from spamclf.campaigns.signatures import MinHashScheme, hash_items
from spamclf.campaigns.verdicts import Labels, Pseudonyms
from spamclf.ego import EgoLog, Instants, Slices
from spamclf.features.feature import Work
from spamclf.features.timeline import standing_labels

__all__ = ["N_ROWS", "KnownLists", "labels_of", "lists_by_value", "lists_remembered"]

N_ROWS = 4  # of what is found: accounts, largest similarity, labelled accounts, automated ones


@dataclass(frozen=True, eq=False)
class KnownLists:
    """Lists, their accounts and what is known of these, as `kernels.known_lists` takes them.

    Attributes
    ----------
    lists, members : tuple of ndarray
        Of the memory alone.
    known : tuple
        By remembered account its code, -1 for one that is not in the data, and its labels.
    others : tuple of ndarray
        Where the log of each code begins and ends, and the times of its entries.
    own : ndarray of dtype int64, optional
        The code, among those of `known`, of each account of a log that numbers them otherwise.
    """

    lists: tuple[Any, ...]
    members: tuple[Any, ...]
    known: tuple[Any, ...]
    others: tuple[Any, ...]
    own: Instants | None = None


def lists_remembered(ego: EgoLog, slices: Slices, out: np.ndarray[Any, Any]) -> Work:
    """Return the work that fills `out`, shape (4, n_slices), with what is remembered of lists like those of slices.

    Parameters
    ----------
    ego : EgoLog
    slices : Slices
    out : ndarray of shape (4, n_slices), dtype float64
        Zeros; without a memory of lists they stay.
    """
    memory = ego.memory
    if memory is None or not len(memory.lists):
        return lambda low, high: None
    scheme = MinHashScheme.parse(memory.lists.scheme)
    SCHEME.require(scheme, where="the memory of recipient lists")
    laid = ego.once(("memory", "lists", slices.history), lambda: _lay_out(ego, memory, slices.history))
    log = ego.peer, ego.flag, people_hashed(ego)
    account = slices.account if laid.own is None else laid.own[slices.account]

    def work(low: int, high: int) -> None:
        kernels.known_lists.look_up(
            log, *scheme.permutations, laid.lists, laid.members, laid.known, laid.others, account, slices.starts,
            slices.ends, slices.as_of, slices.history, ego.n_peers, low, high, out,
        )  # fmt: skip

    return work


def people_hashed(ego: EgoLog, *, n_jobs: int = -1) -> npt.NDArray[np.uint32]:
    """Return the hash of the id behind each code of `EgoLog.peer`; 0 of a group, which nobody asks for."""

    def build() -> npt.NDArray[np.uint32]:
        hashes = np.zeros(ego.n_peers, np.uint32)
        people = hash_items(ego.people(n_jobs=n_jobs), n_jobs=n_jobs)
        hashes[: people.size] = people
        return hashes

    return ego.once("people hashed", build)


def _lay_out(ego: EgoLog, memory: CampaignIndex, history: int) -> KnownLists:
    names = np.unique(memory.lists.account)
    return KnownLists(
        *lists_by_value(memory),
        (_codes(ego, names), labels_of(Labels.of_dataset(ego.dataset), memory, names, history)),
        (ego.offsets[:-1], ego.offsets[1:], ego.time),
    )


def lists_by_value(memory: CampaignIndex) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the remembered lists by the values they are found by, and their accounts, numbered in order."""
    seen = memory.lists
    who = np.unique(seen.account, return_inverse=True)[1]
    # Of each account and list the latest sighting: a list is known when its last recipient is.
    rows = np.lexsort((seen.instant, who, seen.group))
    pair = np.stack([seen.group[rows], who[rows]])
    rows = rows[np.append((pair[:, 1:] != pair[:, :-1]).any(axis=0), True)]
    rows = rows[np.lexsort((seen.instant[rows], seen.group[rows]))]
    offsets = np.searchsorted(seen.group[rows], np.arange(len(seen.words) + 1))
    known_from = np.minimum.reduceat(seen.instant[rows], offsets[:-1])
    values = seen.words[:, : kernels.known_lists.N_KEYS].T
    by_value = np.array([np.lexsort((known_from, value)) for value in values], np.int32)
    return (
        (seen.words, np.take_along_axis(values, by_value, axis=1), by_value, known_from),
        (offsets, who[rows].astype(np.int32), seen.instant[rows]),
    )


def _codes(ego: EgoLog, names: Pseudonyms) -> Instants:
    """Return the codes of remembered accounts, -1 for those who are not in the data."""
    mine = ego.pseudonyms()
    _, code, place = np.intersect1d(mine, names, return_indices=True)
    codes = np.full(names.size, -1)
    codes[place] = code
    return codes


def labels_of(told: Labels, memory: CampaignIndex, names: Pseudonyms, history: int) -> tuple[Instants, ...]:
    """Return the labels of remembered accounts: of the memory, and what is `told` about them now."""
    labels = Labels.join(memory.labels, told)
    labels = labels.where(np.isin(labels.account, names))
    code = np.searchsorted(names, labels.account)
    code, *spans = standing_labels(code, labels.labelled_at, labels.is_automated, history)
    return np.searchsorted(code, np.arange(names.size + 1)), *spans
