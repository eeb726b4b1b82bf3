"""Family `feedback`: what recipients report, and how far they can be believed.

False reports are cheap: a dozen people agree in a chat. So reports on an account are heard once its reporters are more
than three times its contacts: the people with whom messages went both ways in the history, the last a day or more after
the first. Until then all is as if nobody had reported it. An account with ten contacts is out of reach of twenty false
reporters, whatever a model makes of reports.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.ego import EgoLog, Instants, Slices
from spamclf.features.feature import Family, Feature, Work
from spamclf.ids import Codes

_REPORTS = ("reports.kind",)

FEATURES = (
    Feature(
        "feedback_reports", "count", 1,
        "reports; here and in all of the family none counts unless the reporters are more than three times the people "
        "with whom messages went both ways, the last a day or more after the first",
        "was reported {value} times", _REPORTS, "F", actionable=False,
    ),
    Feature(
        "feedback_blocks", "count", 1, "blocks", "was blocked {value} times", _REPORTS, "F", actionable=False
    ),
    Feature(
        "feedback_per_100_strangers", "ratio", 1, "100 (reports + blocks) / strangers; null without strangers",
        "was reported or blocked {value} times for every 100 strangers it wrote to", _REPORTS, "F",
        "WhatsApp 2019, Stopping Abuse", actionable=False,
    ),
    Feature(
        "feedback_first_message_share", "share", 1,
        "of the reports and blocks by people it had written to by then (at that instant too), the share after exactly "
        "one message",
        "{value} of the reports came on its first message", _REPORTS, "F", actionable=False,
    ),
    Feature(
        "feedback_reporters", "count", 1, "different accounts that reported or blocked it",
        "was reported or blocked by {value} people", _REPORTS, "F", actionable=False,
    ),
    Feature(
        "feedback_reporter_credibility", "share", 1,
        "mean over its reporters of (automated + 1) / (labelled + 2) among the other accounts they reported, by the "
        "latest label of the history (of two at once the milder), to 12 digits; of one reporter's reports on other "
        "accounts that are known (their row is seen, or they sent in the history) the latest 1,000 count, less those "
        "of the instant that has no place for all; null without reporters",
        "its reporters were right in {value} of the other cases decided so far",
        ("reports.kind", "labels.is_automated"), "F", actionable=False,
    ),
    Feature(
        "feedback_co_report_share", "share", 0,
        "largest share of its reporters that also reported one and the same other account (false-report brigades), by "
        "the same reports; "
        "null below 2 reporters",
        "{value} of its reporters reported one other account together", _REPORTS, "F", actionable=False,
    ),
)  # fmt: skip


def measure(ego: EgoLog, slices: Slices, out: npt.NDArray[np.float64]) -> Work:
    """Return the work that fills `out` for these slices."""
    log, people, reports, made = ego.once("feedback", lambda: _lay_out(ego))

    def work(low: int, high: int) -> None:
        kernels.feedback.measure(
            log, people, reports, made, slices.account, slices.starts, slices.ends, slices.as_of, slices.history,
            ego.n_peers, low, high, out,
        )  # fmt: skip

    return work


def _lay_out(ego: EgoLog) -> tuple[tuple[Any, ...], ...]:
    """Order reports and labels as the kernel takes them."""
    account, reporter, reported_at, is_block = ego.reports
    labelled, labelled_at, is_automated = ego.labels
    has_row = ~np.isnan(ego.facts.filled)
    label_order, label_offsets = _grouped(labelled, labelled_at, ego.n_peers, ~is_automated)
    by_account, offsets = _grouped(account, reported_at, ego.n_peers)
    by_reporter, made_offsets = _grouped(reporter, reported_at, ego.n_peers)
    sent_before = np.zeros(ego.flag.size + 1 if reporter.size else 1, np.int64)
    if reporter.size:  # else nobody asks
        np.cumsum(ego.flag & 1, dtype=np.int64, out=sent_before[1:])
    log = (ego.offsets, ego.time, ego.peer, ego.flag, sent_before)
    people = (
        ego.facts.registered_at, has_row, label_offsets, labelled_at[label_order], is_automated[label_order],
    )  # fmt: skip
    reports = (offsets, reported_at[by_account], reporter[by_account], is_block[by_account])
    made = (made_offsets, reported_at[by_reporter], account[by_reporter])
    return log, people, reports, made


def _grouped(
    key: Codes, instant: Instants, n_keys: int, last: npt.NDArray[np.bool_] | None = None
) -> tuple[npt.NDArray[np.int64], Instants]:
    """Return the order of rows by (key, instant, `last`) and where each key begins."""
    order = np.lexsort((instant, key) if last is None else (last, instant, key))
    offsets = np.zeros(n_keys + 1, np.int64)
    np.cumsum(np.bincount(key, minlength=n_keys), out=offsets[1:])
    return order, offsets


FAMILY = Family("feedback", FEATURES, measure)
