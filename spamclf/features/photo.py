"""Family `photo`: profile photos, and who else shows nearly the same one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spamclf.campaigns.shown import Shown, read_photos
from spamclf.ego import EgoLog, Slices
from spamclf.facts import column_of, instants_of
from spamclf.features.around import AUTOMATED_SHARE, MOST_PHOTOS, account_codes, clusters_around
from spamclf.features.feature import Family, Feature, Work
from spamclf.features.timeline import Timeline, fresh_rows

_SET = ("photos.set_at",)
_PHOTO = ("photos.photo|photos.photo_hash",)
_CLUSTER = (
    "its cluster: sightings in the history (those that the model remembers, too) by known accounts (row seen, or sent "
    "in the history) of a photo within 31 of 256 bits of one of its own, turned or mirrored ones too (a ready-made "
    "hash only as it is); of each account those after which it showed fewer than 16 other photos. All accounts count; "
    f"of more than {MOST_PHOTOS:,} different photos the {MOST_PHOTOS:,} met first in the index. Of its own photos that "
    "with the most other accounts (then the oldest cluster, then the least hash). Blank, tiny and known innocent "
    "pictures are in no cluster; null without another"
)
_PDQ = "Meta 2019, PDQ"

FEATURES = (
    Feature(
        "photo_shown", "flag", 0, "whether it set a photo in the history; null without a table of photos",
        "has {value}set a photo lately", _SET, "2",
    ),
    Feature(
        "photo_changes", "count", 0, "photos set in the history, less the first; null without a table of photos",
        "changed its photo {value} times", _SET, "2",
    ),
    Feature(
        "photo_default", "flag", 0,
        "whether its latest photo of the history is blank (PDQ quality below 50), smaller than 32 pixels, a head "
        "with shoulders alone, or within 31 bits of a known innocent one, also turned or mirrored (a ready-made hash "
        "only as it is); of several at once, whether all are; null without a photo that can be read",
        "its photo is {value}a blank or usual one", _PHOTO, "2", _PDQ,
    ),
    Feature(
        "photo_cluster_accounts", "count", 1, f"other accounts in {_CLUSTER}",
        "nearly the same photo is shown by {value} other accounts", _PHOTO, "2", _PDQ, actionable=False,
    ),
    Feature(
        "photo_cluster_pictures", "count", 0, f"different hashes, with its own, null without accounts, in {_CLUSTER}",
        "nearly the same photo is shown by {photo_cluster_accounts} other accounts, in {value} versions",
        _PHOTO, "2", _PDQ, actionable=False,
    ),
    Feature(
        "photo_cluster_age_s", "s", 0,
        f"time since the first sighting, its own included, null without accounts, in {_CLUSTER}",
        "nearly the same photo, shown by {photo_cluster_accounts} other accounts, was first seen {value} earlier",
        _PHOTO, "2", actionable=False,
    ),
    Feature(
        "photo_cluster_growth_24h", "count", 1,
        f"other accounts whose first sighting lies at most 24 hours back in {_CLUSTER}",
        "nearly the same photo is shown by {photo_cluster_accounts} other accounts; within the last day {value} "
        "began to show it",
        _PHOTO, "2", actionable=False,
    ),
    Feature(
        "photo_cluster_automated_share", "share", 1,
        f"{AUTOMATED_SHARE}; in {_CLUSTER}",
        "nearly the same photo is shown by {photo_cluster_accounts} other accounts; of such accounts about {value} "
        "are automated by the labels so far",
        (*_PHOTO, "labels.is_automated"), "2", actionable=False,
    ),
)  # fmt: skip


def measure(ego: EgoLog, slices: Slices, out: npt.NDArray[np.float64]) -> Work:
    """Return the work that fills `out` for these slices."""
    if "photos" not in ego.dataset.given:
        out[:] = np.nan
        return lambda low, high: None
    shown = read_photos(ego.dataset)
    every, latest = ego.once("photo rows", lambda: _lines(ego, shown))
    n_set, _ = every.within(slices.account, slices.as_of, slices.history)
    out[0] = n_set > 0
    out[1] = np.maximum(n_set - 1, 0)
    out[2] = latest.last(slices.account, slices.as_of, slices.history)
    around, clusters = clusters_around(ego, slices, shown, ego.memory.photos if ego.memory else None)

    def work(low: int, high: int) -> None:
        clusters(low, high)
        out[3:, low:high] = around[:5, low:high]

    return work


def _lines(ego: EgoLog, shown: Shown) -> tuple[Timeline, Timeline]:
    """Return when each account set a photo, and of those with a hash which were kept out of clusters."""
    table = ego.dataset.photos
    account, set_at = account_codes(ego, column_of(table, "account_id")), instants_of(table, "set_at")
    what = [np.asarray(column_of(table, name).indices.fill_null(-1)) for name in ("photo", "photo_hash")]
    fresh = np.flatnonzero(fresh_rows(account, set_at, *what))
    every = Timeline.of(account[fresh], set_at[fresh], np.ones(fresh.size, np.int64), ego.n_accounts)
    kept_out = shown.known.copy()
    kept_out[shown.row] = False
    rows = np.flatnonzero(shown.known)
    rows = rows[np.argsort(~kept_out[rows], kind="stable")]  # of several at once one in use stands last
    latest = Timeline.of(account[rows], set_at[rows], kept_out[rows].astype(np.int64), ego.n_accounts)
    return every, latest


FAMILY = Family("photo", FEATURES, measure)
