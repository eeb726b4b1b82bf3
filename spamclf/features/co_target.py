"""Family `co_target`: who else wrote to the same strangers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.ego import EgoLog, Instants, Slices
from spamclf.features.feature import Family, Feature, Work
from spamclf.features.known_lists import N_ROWS, lists_remembered
from spamclf.features.timeline import label_spans
from spamclf.ids import Codes

_SENT = ("messages.recipient_id",)
_LABELLED = ("messages.recipient_id", "labels.is_automated")
_CAO, _BRODER = "Cao et al. 2014", "Broder 1997"
_POPULAR = "a stranger to whom more than 100 did is popular and counts as one to whom nobody else did"
_FEW = "strangers to whom at most 10 others wrote as strangers"
_LISTS = "of the accounts with at least 5 strangers; null below 5 own ones"
_REMEMBERED = (
    "accounts whose remembered list agrees with its own in at least 39 of 128 MinHash values (its strangers weighing 1 "
    "or 4 each, whichever agrees more), where the data show no message of theirs in the history up to the end of that "
    "list; of remembered lists that share one of 32 values the latest are compared, at most 1,000, and at most 1,000 "
    "accounts looked at"
)
_AND_SHARERS = "; in all {co_target_sharers} other accounts wrote to at least two of them"
_LABEL = (
    "by the latest label of the history (of two at once the milder; only of accounts whose row is seen or list is "
    "remembered); null where none is labelled, or it is itself"
)

# What others did too is no proof by itself: the members of a circle of friends, of an office or a school share most of
# their strangers, and the more of them the larger the circle is. Where an honest circle reaches what a bought list
# reaches the direction is left open.
FEATURES = (
    Feature(
        "co_target_shared_share", "share", 0,
        "share of its strangers to whom another account wrote as a stranger too: who is one is decided for each "
        f"account by its own messages of the history; {_POPULAR}; null without strangers",
        f"{{value}} of the strangers it wrote to were also written to, as strangers, by another account{_AND_SHARERS}",
        _SENT, "1", _CAO, actionable=False,
    ),
    Feature(
        "co_target_few_share", "share", 0,
        "share of its strangers to whom one to ten other accounts wrote as strangers, as the users of one bought list "
        "do; null without strangers",
        "{value} of the strangers it wrote to were also written to, as strangers, by one to ten other accounts"
        f"{_AND_SHARERS}",
        _SENT, "1", _CAO, actionable=False,
    ),
    Feature(
        "co_target_others_mean", "ratio", 0,
        "2^m - 1, m the mean over its strangers of log2(1 + other accounts that wrote to them as strangers); "
        f"{_POPULAR}; null without strangers",
        "on average {value} other accounts wrote, as strangers, to a stranger it wrote to", _SENT, "1", _CAO,
        actionable=False,
    ),
    Feature(
        "co_target_others_max", "count", 0,
        f"most other accounts that wrote, as strangers, to one of its strangers; {_POPULAR}; null without strangers",
        "{value} other accounts wrote, as strangers, to one and the same stranger it wrote to", _SENT, "1", _CAO,
        actionable=False,
    ),
    Feature(
        "co_target_closest_recipients", "count", 1,
        f"{_FEW}, shared with the other account that shares most of them; of several such accounts the one with the "
        "larger co_target_closest_share, then co_target_time_overlap; null without strangers",
        f"one other account wrote, as a stranger, to {{value}} of the strangers it wrote to{_AND_SHARERS}", _SENT, "1",
        _CAO, actionable=False,
    ),
    Feature(
        "co_target_closest_share", "share", 0,
        f"the same as a share of all its {_FEW}, each weighing 1 / (accounts that wrote to them, itself included); "
        "null without such strangers",
        f"one other account wrote, as a stranger, to {{value}} of its strangers to whom few wrote{_AND_SHARERS}", _SENT,
        "1", _CAO, actionable=False,
    ),
    Feature(
        "co_target_time_overlap", "share", 0,
        "of the strangers of co_target_closest_recipients, those to whom the two accounts first wrote at most 24 hours "
        "apart; null without any",
        "{value} of the strangers it shares with one other account got the first message of both within a day; "
        "in all {co_target_sharers} other accounts wrote to at least two of its strangers",
        _SENT, "1", _CAO, actionable=False,
    ),
    Feature(
        "co_target_sharers", "count", 0,
        f"other accounts that share at least 2 of its {_FEW}; null without strangers",
        "{value} other accounts wrote, as strangers, to at least two of the strangers it wrote to", _SENT, "1", _CAO,
        actionable=False,
    ),
    Feature(
        "co_target_sharers_automated_share", "share", 1,
        f"(automated + 1) / (labelled + 2) among the accounts of co_target_sharers {_LABEL}",
        "{co_target_sharers} other accounts wrote to at least two of the strangers it wrote to; of such accounts about "
        "{value} are automated by the labels so far",
        _LABELLED, "1", _CAO, actionable=False,
    ),
    Feature(
        "co_target_cluster_accounts", "count", 0,
        "accounts of co_target_sharers whose list is nearly the same: those strangers they share / strangers of "
        f"either (a Jaccard similarity in which the others count as not shared) is at least 0.3; and {_REMEMBERED}; "
        f"{_LISTS}",
        "{value} other accounts wrote to nearly the same list of strangers", _SENT, "1", _BRODER, actionable=False,
    ),
    Feature(
        "co_target_cluster_similarity", "share", 0,
        "largest such similarity to an account of co_target_sharers, and share of the values in which a list that is "
        f"remembered agrees, also below 0.3; 0 where there are none; {_LISTS}",
        "its list of strangers is {value} the same as another account's; parts of it are shared by {co_target_sharers} "
        "other accounts",
        _SENT, "1", _BRODER, actionable=False,
    ),
    Feature(
        "co_target_cluster_automated_share", "share", 1,
        f"(automated + 1) / (labelled + 2) among the accounts of co_target_cluster_accounts {_LABEL}",
        "{co_target_cluster_accounts} other accounts wrote to nearly the same list of strangers; of such accounts "
        "about {value} are automated by the labels so far",
        _LABELLED, "1", _BRODER, actionable=False,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class StrangerSpans:
    """When each recipient is whose stranger, for one look-back: at every instant, not at a chosen one.

    Attributes
    ----------
    by_recipient : tuple of ndarray, dtype int64
        Offsets; of each span the message's instant, and its account (from bit 32) with its number among the late ones;
        begins of those, which begin later than with their message; the latest instants of blocks of spans, and where
        their levels begin. A span stands at ``(begin, instant + history]``.
    by_account : tuple of ndarray, dtype int64
        Offsets; begins and instants, each ascending.
    counts : ndarray of shape (n_peers,), dtype uint8, optional
        Of spans that are those of one instant alone (`at`): how many there are of each recipient, of a popular one
        the most that is counted.
    """

    by_recipient: tuple[Instants, Instants, Instants, Instants, Instants]
    by_account: tuple[Instants, Instants, Instants]
    counts: npt.NDArray[np.uint8] | None = None

    @classmethod
    def of(cls, ego: EgoLog, history: int) -> StrangerSpans:
        """Find the spans of all accounts of a log, `history` in microseconds."""
        kernel = kernels.co_target
        size = kernel.count_candidates(ego.flag)
        begin, instant = np.empty(size, np.int64), np.empty(size, np.int64)
        recipient = np.empty(size, np.int32)
        begins_at = np.empty(ego.n_accounts + 1, np.int64)
        n = kernel.spans(
            ego.offsets, ego.time, ego.peer, ego.flag, history, ego.n_peers, begins_at, begin, instant, recipient
        )  # fmt: skip
        begin, instant, recipient = begin[:n], instant[:n], recipient[:n]
        offsets = np.zeros(ego.n_peers + 1, np.int64)
        entries = np.empty((n, 2), np.int64)
        late = np.zeros(kernel.count_late(begin, instant) + 1, np.int64)
        kernel.invert(begins_at, begin, instant, recipient, offsets, entries, late)
        kernel.order_begins(begins_at, begin)
        return cls((offsets, entries, late, *kernel.latest_of_blocks(entries)), (begins_at, begin, instant))

    @classmethod
    def at(
        cls,
        offsets: Instants,
        entries: Instants,
        n_strangers: Instants,
        counts: npt.NDArray[np.uint8] | None = None,
    ) -> StrangerSpans:
        """Return what stands at one instant, from the lists of strangers that all accounts have then.

        Parameters
        ----------
        offsets : ndarray of shape (n_peers + 1,), dtype int64
            Where each recipient's entries begin.
        entries : ndarray of shape (n, 2), dtype int64
            The instant of the first message, and the account that wrote it (from bit 32).
        n_strangers : ndarray of shape (n_accounts + 1,), dtype int64
            How many strangers each account has; the last one is not looked at.
        counts : ndarray of shape (n_peers,), dtype uint8, optional
            How many entries each recipient has, where not all are at hand: those of recipients with more than a few
            are only counted.
        """
        none, levels = np.empty(0, np.int64), np.zeros(1, np.int64)
        if counts is None:
            counts = np.minimum(np.diff(offsets), kernels.co_target.POPULAR + 2).astype(np.uint8)
        return cls((offsets, entries, np.zeros(1, np.int64), none, levels), (n_strangers, none, none), counts)


def measure(ego: EgoLog, slices: Slices, out: npt.NDArray[np.float64]) -> Work:
    """Return the work that fills `out` for these slices."""
    history = slices.history
    spans = ego.once(("co_target", history), lambda: StrangerSpans.of(ego, history))
    labels = labels_by_account(ego, history)
    counts, which = _counted_first(ego, spans, slices)
    remembered = np.zeros((N_ROWS, len(slices)))
    look_up = lists_remembered(ego, slices, remembered)

    def work(low: int, high: int) -> None:
        look_up(low, high)
        kernels.co_target.measure(
            (ego.time, ego.peer, ego.flag), spans.by_recipient, spans.by_account, labels, counts, which, remembered,
            slices.account, slices.starts, slices.ends, slices.as_of, history, ego.n_peers, low, high, out,
        )  # fmt: skip

    return work


def labels_by_account(ego: EgoLog, history: int) -> tuple[Instants, ...]:
    """Return the spans in which labels stand, and where those of each account begin (see `label_spans`)."""

    def find() -> tuple[Instants, ...]:
        account, *spans = label_spans(ego, history)
        return (np.searchsorted(account, np.arange(ego.n_accounts + 1)), *spans)

    return ego.once(("labels by account", history), find)


def _counted_first(
    ego: EgoLog, spans: StrangerSpans, slices: Slices
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Count who wrote to each recipient once per instant rather than once per slice, where that is less work."""
    if spans.counts is not None:
        return spans.counts[None], np.zeros(len(slices), np.int64)
    instants, which = np.unique(slices.as_of, return_inverse=True)
    n_spans, n_entries = len(spans.by_recipient[1]), int((slices.ends - slices.starts).sum())
    if instants.size * (n_spans + ego.n_peers) > 4 * n_entries:
        instants, which = instants[:0], which[:0]
    counts = np.zeros((instants.size, ego.n_peers), np.uint8)
    kernels.co_target.count_standing(spans.by_recipient, instants, slices.history, 0, ego.n_peers, counts)
    return counts, which


def stranger_lists(ego: EgoLog, slices: Slices) -> tuple[Instants, Codes, Instants]:
    """List the strangers of slices.

    Parameters
    ----------
    ego : EgoLog
    slices : Slices

    Returns
    -------
    row : ndarray of shape (n,), dtype int64
        Position in `slices`, ascending.
    recipient : ndarray of shape (n,), dtype int32
        Codes of the slice's strangers, in the order of their first messages.
    instant : ndarray of shape (n,), dtype int64
        When the slice's account first wrote to them, microseconds since the epoch.
    """
    most = int((slices.ends - slices.starts).sum())
    row, recipient, instant = np.empty(most, np.int64), np.empty(most, np.int32), np.empty(most, np.int64)
    n = kernels.co_target.strangers_of(
        ego.time, ego.peer, ego.flag, slices.starts, slices.ends, ego.n_peers, row, recipient, instant
    )
    return row[:n].copy(), recipient[:n].copy(), instant[:n].copy()


FAMILY = Family("co_target", FEATURES, measure)
