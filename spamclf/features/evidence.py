"""Family `evidence`: accounts in its clusters that something seen elsewhere ties to an operator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spamclf.campaigns.shown import REPORTED, read_photos, read_texts
from spamclf.ego import EgoLog, Slices
from spamclf.features.around import ROWS, clusters_around
from spamclf.features.feature import Family, Feature, Work

_TIED = (
    "with a row of evidence in the history that names an operator; null without a table of evidence, or where that "
    "is"
)
FEATURES = (
    Feature(
        "evidence_photo_accounts", "count", 1, f"accounts of photo_cluster_accounts {_TIED}",
        "nearly the same photo is shown by {value} other accounts that are tied to an operator",
        ("evidence.operator", "photos.photo|photos.photo_hash"), "F", actionable=False,
    ),
    Feature(
        "evidence_template_accounts", "count", 1, f"accounts of template_cluster_accounts {_TIED}",
        "nearly the same text is shown by {value} other accounts that are tied to an operator",
        ("evidence.operator", "texts.text|texts.signature"), "F", actionable=False,
    ),
    Feature(
        "evidence_reported_accounts", "count", 1,
        "accounts of whom recipients disclosed nearly the same text as of it, counted as template_cluster_accounts "
        "over texts of source `reported` alone, which a reporter may have made up; null without one",
        "recipients disclosed nearly the same text of {value} other accounts", ("texts.text|texts.signature",), "F",
        "Broder 1997", actionable=False,
    ),
)  # fmt: skip

_TABLES = ("photos", "texts", "texts")


def measure(ego: EgoLog, slices: Slices, out: npt.NDArray[np.float64]) -> Work:
    """Return the work that fills `out` for these slices."""
    memory, given = ego.memory, ego.dataset.given
    out[:] = np.nan
    works = []
    for row, table in enumerate(_TABLES):
        if table not in given or (row < 2 and "evidence" not in given):
            continue
        shown = (
            read_photos(ego.dataset)
            if row == 0
            else read_texts(ego.dataset, *((REPORTED,) if row == 2 else ()))[0]
        )
        remembered = None if memory is None or row == 2 else (memory.photos, memory.texts)[row]
        around, clusters = clusters_around(ego, slices, shown, remembered)
        works.append((row, around[ROWS.index("accounts" if row == 2 else "evidence")], clusters))

    def work(low: int, high: int) -> None:
        for row, found, clusters in works:
            clusters(low, high)
            out[row, low:high] = found[low:high]

    return work


FAMILY = Family("evidence", FEATURES, measure)
