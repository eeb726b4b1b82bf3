"""What accounts did and met over time, in few numbers: sends, strangers, replies and reports by equal spans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spamclf.ego import EgoLog, Instants, Slices
from spamclf.features.co_target import stranger_lists

__all__ = ["COUNTED", "OUT", "Tallies", "happenings", "tallies"]

Ints = npt.NDArray[np.int64]

#: What is counted, in the order of `Tallies.counts`.
COUNTED = ("sends", "strangers", "replies", "reports")
OUT, _GROUP = 1, 2  # bits of a log entry's flags, as `spamclf.kernels._common` has them
_HOUR_US = 3_600_000_000
_STEPS = np.array([1, 2, 3, 6, 12, 24, 48, 168, 720, 8_760, 876_600])  # hours
_MOST_SPANS = 60  # of one account: as many bars as can be told apart


@dataclass(frozen=True, eq=False)
class Tallies:
    """Tallies of slices; `tallies` makes them.

    Attributes
    ----------
    offsets : ndarray of shape (n_slices + 1,), dtype int64
        The spans of slice `k` are ``[offsets[k], offsets[k + 1])`` of the arrays below.
    step_h : ndarray of shape (n_slices,), dtype int64
        Length of the slice's spans in hours: the shortest of which at most 60 hold all that it did.
    begin : ndarray of shape (n_spans,), dtype int64
        When each span begins, in hours since the epoch; ascending in a slice. Spans in which nothing was are left out.
    counts : ndarray of shape (4, n_spans), dtype int64
        Sends; strangers written to for the first time; people who wrote back for the first time; reports and blocks.
    """

    offsets: Ints
    step_h: Ints
    begin: Ints
    counts: Ints

    def totals(self) -> Ints:
        """Return the sums of `counts` by slice, shape (4, n_slices)."""
        before = np.zeros((len(self.counts), self.begin.size + 1), np.int64)
        np.cumsum(self.counts, axis=1, out=before[:, 1:])
        return np.asarray(before[:, self.offsets[1:]] - before[:, self.offsets[:-1]])


def tallies(ego: EgoLog, slices: Slices) -> Tallies:
    """Count what slices hold by spans of time.

    Parameters
    ----------
    ego : EgoLog
    slices : Slices

    Returns
    -------
    tallies : Tallies
        Strangers are those of the features (``fan_out_strangers``); who wrote back, as in ``replies_recipient_share``,
        is a person that wrote after the first message to them.

    Examples
    --------
    >>> from spamclf import Dataset
    >>> messages = {"sender_id": list("aaba"), "recipient_id": list("bcab"), "sent_at": [0, 60, 7200, 7260]}
    >>> dataset = Dataset(accounts={"account_id": ["a"]}, messages=messages, time_unit="s")
    >>> ego = EgoLog.build(dataset)
    >>> told = tallies(ego, ego.slices([0], 10**10, history_days=1))
    >>> told.begin.tolist(), told.counts.T.tolist()
    ([0, 2], [[2, 2, 0, 0], [1, 0, 1, 0]])
    """
    n, found = len(slices), happenings(ego, slices)
    told = [found[name][:2] for name in COUNTED]
    who, when = (np.concatenate([each[k] for each in told]) for k in range(2))
    what = np.repeat(np.arange(len(told)), [each[0].size for each in told])
    step = _steps(who, when, n)
    begin = when // (_HOUR_US * step[who]) * step[who]
    low, hours = (int(begin.min()), int(np.ptp(begin)) + 1) if begin.size else (0, 1)
    # Slice and hour in one number: it is sorted far faster than pairs are.
    spans, place = np.unique(who * hours + begin - low, return_inverse=True)
    counts = np.bincount(what * spans.size + place, minlength=len(told) * spans.size)
    offsets = np.searchsorted(spans, np.arange(n + 1) * hours)
    return Tallies(offsets, step, spans % hours + low, counts.reshape(len(told), spans.size))


def happenings(ego: EgoLog, slices: Slices) -> dict[str, tuple[Ints, Instants]]:
    """Return when each thing that is counted happened in slices: all that is told of accounts over time.

    Parameters
    ----------
    ego : EgoLog
    slices : Slices

    Returns
    -------
    found : dict of str to (ndarray of int64, ndarray of int64)
        Position in `slices`, and instant in microseconds since the epoch: of all in `COUNTED`, and ``answers``, those
        of the replies that came from strangers.

    Examples
    --------
    >>> from spamclf import Dataset
    >>> messages = {"sender_id": list("aaba"), "recipient_id": list("bcab"), "sent_at": [0, 60, 7200, 7260]}
    >>> dataset = Dataset(accounts={"account_id": ["a"]}, messages=messages, time_unit="s")
    >>> ego = EgoLog.build(dataset)
    >>> {name: when.size for name, (_, when) in happenings(ego, ego.slices([0], 10**10, history_days=1)).items()}
    {'sends': 3, 'strangers': 2, 'replies': 1, 'answers': 1, 'reports': 0}
    """
    sizes = slices.ends - slices.starts
    row = np.repeat(np.arange(len(slices)), sizes)
    entry = np.arange(row.size) + np.repeat(slices.starts - np.cumsum(sizes) + sizes, sizes)
    flag, time = ego.flag[entry], ego.time[entry]
    sent = (flag & OUT) != 0
    met, stranger, met_at = stranger_lists(ego, slices)
    pair, when = _first_replies(row, ego.peer[entry], time, flag, ego.n_peers)
    who, known = pair // ego.n_peers, np.isin(pair, met * ego.n_peers + stranger)
    return {
        "sends": (row[sent], time[sent]),
        "strangers": (met, met_at),
        "replies": (who, when),
        "answers": (who[known], when[known]),
        "reports": _reports(ego, slices),
    }


def _first_replies(
    row: Ints, peer: npt.NDArray[np.int32], time: Instants, flag: npt.NDArray[np.uint8], n_peers: int
) -> tuple[Ints, Instants]:
    """Return row and person, in one number, and instant of each person's first message after the first one to them."""
    personal = (flag & _GROUP) == 0
    sent = (flag[personal] & OUT) != 0
    key = (
        row[personal] * n_peers + peer[personal]
    )  # both in one number: it is sorted far faster than pairs are
    order = np.argsort(key, kind="stable")  # in order of time within each pair
    key, time, sent = key[order], time[personal][order], sent[order]
    fresh = np.diff(key, prepend=-1) != 0
    pair = np.cumsum(fresh) - 1
    so_far = np.cumsum(sent)
    before = (so_far - sent)[fresh][pair] if key.size else so_far
    answers = np.flatnonzero(~sent & (so_far > before))
    answers = answers[np.diff(pair[answers], prepend=-1) != 0]  # the first of each pair
    return key[answers], time[answers]


def _reports(ego: EgoLog, slices: Slices) -> tuple[Ints, Instants]:
    """Return row and instant of the reports and blocks in each slice's time."""
    account, _, instant, _ = ego.reports
    order = np.argsort(account, kind="stable")
    low, high = (np.searchsorted(account[order], slices.account, side) for side in ("left", "right"))
    row = np.repeat(np.arange(len(slices)), high - low)
    places = np.arange(row.size) + np.repeat(low - np.cumsum(high - low) + (high - low), high - low)
    when = instant[order[places]]
    seen = (when < slices.as_of[row]) & (when >= slices.as_of[row] - slices.history)
    return row[seen], when[seen]


def _steps(who: Ints, when: Instants, n: int) -> Ints:
    """Return the length of each slice's spans, in hours."""
    first, last = np.full(n, np.iinfo(np.int64).max), np.zeros(n, np.int64)
    np.minimum.at(first, who, when)
    np.maximum.at(last, who, when)
    hours = np.maximum(last - first, 0) // _HOUR_US + 1
    fits = np.searchsorted(_STEPS, -(-hours // (_MOST_SPANS - 1)))
    return np.asarray(_STEPS[np.minimum(fits, len(_STEPS) - 1)])
