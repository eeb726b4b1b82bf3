"""Family `template`: public profile texts, and who else shows nearly the same one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.shown import PUBLIC, read_texts, text_prints
from spamclf.ego import EgoLog, Slices
from spamclf.facts import column_of, instants_of
from spamclf.features.around import AUTOMATED_SHARE, MOST_TEXTS, account_codes, clusters_around
from spamclf.features.feature import Family, Feature, Work
from spamclf.features.timeline import Timeline, fresh_rows

_TEXT = ("texts.text|texts.signature",)
_CLUSTER = (
    "its cluster: sightings in the history (those that the model remembers, too) by known accounts (row seen, or sent "
    "in the history) of a public text (about, description) whose MinHash agrees with that of one of its own in 64 of "
    "128 values, four of one band among them; of each account those after which it showed fewer than 16 other texts. "
    f"All accounts count; of more than {MOST_TEXTS:,} different texts the {MOST_TEXTS:,} met first, of as many "
    "compared in each band. Of its own texts that with the most other accounts (then the oldest cluster, then the "
    "least signature). Texts of fewer than 12 different 5-grams (of a signature as read off it) and known innocent "
    "ones are in no cluster; null without another"
)
_BRODER = "Broder 1997"

FEATURES = (
    Feature(
        "template_texts", "count", 0,
        "public texts (about, description) of the history, exact repetitions once; null without a table of texts",
        "showed {value} public texts", ("texts.source",), "3",
    ),
    Feature(
        "template_cluster_accounts", "count", 1, f"other accounts in {_CLUSTER}",
        "nearly the same text is shown by {value} other accounts", _TEXT, "3", _BRODER, actionable=False,
    ),
    Feature(
        "template_cluster_texts", "count", 0,
        f"different signatures, with its own, null without accounts, in {_CLUSTER}",
        "nearly the same text is shown by {template_cluster_accounts} other accounts, in {value} versions",
        _TEXT, "3", _BRODER, actionable=False,
    ),
    Feature(
        "template_cluster_age_s", "s", 0,
        f"time since the first sighting, its own included, null without accounts, in {_CLUSTER}",
        "nearly the same text, shown by {template_cluster_accounts} other accounts, was first seen {value} earlier",
        _TEXT, "3", actionable=False,
    ),
    Feature(
        "template_cluster_growth_24h", "count", 1,
        f"other accounts whose first sighting lies at most 24 hours back in {_CLUSTER}",
        "nearly the same text is shown by {template_cluster_accounts} other accounts; within the last day {value} "
        "began to show it",
        _TEXT, "3", actionable=False,
    ),
    Feature(
        "template_cluster_automated_share", "share", 1,
        f"{AUTOMATED_SHARE}; in {_CLUSTER}",
        "nearly the same text is shown by {template_cluster_accounts} other accounts; of such accounts about {value} "
        "are automated by the labels so far",
        (*_TEXT, "labels.is_automated"), "3", actionable=False,
    ),
    Feature(
        "template_cluster_gone_share", "share", 0,
        f"share of the other accounts whose latest sighting is older than 7 days in {_CLUSTER}; null without accounts",
        "nearly the same text is shown by {template_cluster_accounts} other accounts; {value} of such accounts have "
        "not shown it for a week",
        _TEXT, "3", actionable=False,
    ),
    Feature(
        "template_top_share", "share", 0,
        f"share of its own different texts that lie in (null without accounts) {_CLUSTER}",
        "{value} of its texts are nearly the same as those of {template_cluster_accounts} other accounts", _TEXT, "3",
        actionable=False,
    ),
    Feature(
        "template_url", "flag", 0, "whether a public text of the history holds a link; null without a text",
        "there is {value}a link in its text", ("texts.text",), "3",
    ),
    Feature(
        "template_phone", "flag", 0,
        "whether a public text of the history holds a telephone number; null without a text",
        "there is {value}a telephone number in its text", ("texts.text",), "3",
    ),
)  # fmt: skip


def measure(ego: EgoLog, slices: Slices, out: npt.NDArray[np.float64]) -> Work:
    """Return the work that fills `out` for these slices."""
    if "texts" not in ego.dataset.given:
        out[:] = np.nan
        return lambda low, high: None
    every, *flags = ego.once("text rows", lambda: _lines(ego))
    out[0], _ = every.within(slices.account, slices.as_of, slices.history)
    for row, line in zip(out[8:], flags, strict=True):
        n, n_with = line.within(slices.account, slices.as_of, slices.history)
        row[:] = np.where(n > 0, n_with > 0, np.nan)
    shown, _, _ = read_texts(ego.dataset)
    around, clusters = clusters_around(ego, slices, shown, ego.memory.texts if ego.memory else None)

    def work(low: int, high: int) -> None:
        clusters(low, high)
        out[1:6, low:high] = around[:5, low:high]
        out[6:8, low:high] = around[5:7, low:high]

    return work


def _lines(ego: EgoLog) -> tuple[Timeline, Timeline, Timeline]:
    """Return when each account showed a public text, and which of these hold a link, a telephone number."""
    _, url, phone = read_texts(ego.dataset)
    table = ego.dataset.texts
    source, text, signature = (column_of(table, name) for name in ("source", "text", "signature"))
    public = np.asarray(pc.is_in(source.cast(pa.string()), value_set=pa.array(PUBLIC)), dtype=np.bool_)
    written = np.asarray(text.is_valid(), dtype=np.bool_)
    public &= written | np.asarray(signature.is_valid(), dtype=np.bool_)
    account, seen_at = account_codes(ego, column_of(table, "account_id")), instants_of(table, "observed_at")
    what = (*(np.asarray(each.indices.fill_null(-1)) for each in (source, text)), text_prints(ego.dataset))
    rows = np.flatnonzero(public & fresh_rows(account, seen_at, *what))
    every = Timeline.of(account[rows], seen_at[rows], np.ones(rows.size, np.int64), ego.n_accounts)
    rows = np.flatnonzero(public & written)
    url_line, phone_line = (
        Timeline.of(account[rows], seen_at[rows], flag[rows].astype(np.int64), ego.n_accounts)
        for flag in (url, phone)
    )
    return every, url_line, phone_line


FAMILY = Family("template", FEATURES, measure)
