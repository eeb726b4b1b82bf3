"""Family `rhythm`: when an account sends."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.ego import EgoLog, Slices
from spamclf.features.feature import Family, Feature, Work

_SENT = ("messages.sent_at",)
_TYPED = ("messages.typed_s",)
_GIANVECCHIO = "Gianvecchio et al. 2008"


def _quantile(percent: int, words: str) -> Feature:
    return Feature(
        f"rhythm_gap_p{percent:02d}_s", "s", 0, f"{percent} % quantile of the gaps between sends",
        f"{words} {{value}} between two messages", _SENT, "1",
    )  # fmt: skip


FEATURES = (
    _quantile(1, "hardly ever left less than"),
    _quantile(10, "rarely left less than"),
    _quantile(50, "left a median of"),
    _quantile(90, "rarely left more than"),
    Feature(
        "rhythm_gap_cv", "ratio", 0, "standard deviation / mean of the gaps; null below 2 or when all are 0",
        "its gaps vary by {value} × their mean", _SENT, "1",
    ),
    Feature(
        "rhythm_burstiness", "ratio", 0, "finite-n burstiness of the gaps, -1 a clock, 0 random, 1 bursts",
        "its sending has a burstiness of {value}", _SENT, "1", "Kim & Jo 2016",
    ),
    Feature(
        "rhythm_memory", "ratio", 0, "Pearson correlation of each gap with the next; null below 3 or for equal gaps",
        "each of its gaps correlates with the one before, by {value}", _SENT, "1", "Goh & Barabási 2008",
    ),
    Feature(
        "rhythm_gap_entropy", "bits", 0, "entropy of the gaps binned by powers of 2 microseconds",
        "its gaps have an entropy of {value} bits", _SENT, "1", _GIANVECCHIO,
    ),
    Feature(
        "rhythm_conditional_entropy", "bits", 0,
        "corrected conditional entropy, least over m = 1..5 of EN(m) - EN(m - 1) + u(m) EN(1): EN(m) is the entropy "
        "of runs of m levels, u(m) the share of runs that occur once, a gap's level how many of the 20, 40, 60, 80 % "
        "quantiles it exceeds; m ends where u(m) is 1; null below 5 gaps",
        "the order of its gaps has a conditional entropy of {value} bits", _SENT, "1",
        f"{_GIANVECCHIO}, Chu et al. 2010",
    ),
    Feature(
        "rhythm_modal_gap_share", "share", 0, "share of the commonest gap, rounded to the second (half up)",
        "{value} of its gaps are the same to the second", _SENT, "1",
    ),
    Feature(
        "rhythm_lower_edge", "share", 0,
        "shortest / median of the gaps below an hour; near 1 is a hard edge; null below 5",
        "its shortest gap is {value} of the usual one", _SENT, "1",
    ),
    Feature(
        "rhythm_upper_edge", "share", 0,
        "median / longest of the gaps below an hour; near 1 is a hard edge; null below 5",
        "its usual gap is {value} of the longest one within a session", _SENT, "1",
    ),
    Feature(
        "rhythm_round_second_mass", "share", 0,
        "share of sends within 50 ms of a whole second; null when all are on one (stamped to the second)",
        "{value} of its messages fall on whole seconds", _SENT, "1",
    ),
    Feature(
        "rhythm_hour_entropy", "bits", 0, "entropy of sends over the hours of the UTC day",
        "its hours of sending have an entropy of {value} bits", _SENT, "1",
    ),
    Feature(
        "rhythm_quiet_spell_s", "s", 0,
        "longest time without a send within each UTC day that has one, from midnight (even before the history) to "
        "midnight or as_of, mean over these days",
        "was quiet for {value} at a stretch on the days it sent", _SENT, "1",
    ),
    Feature(
        "rhythm_night_share", "share", 0, "share of sends from 0 to 6 h UTC",
        "sent {value} of its messages between 0 and 6 h UTC", _SENT, "1",
    ),
    Feature("rhythm_active_days", "count", 0, "UTC days with a send", "sent on {value} days", _SENT, "1"),
    Feature(
        "rhythm_untyped_share", "share", 1, "share of sends without typing before, where that is known",
        "sent {value} of its messages without typing", _TYPED, "1",
    ),
    Feature(
        "rhythm_typed_cv", "ratio", 0,
        "standard deviation / mean of typing times above 0, in whole ms from 1; null below 2",
        "its typing times vary by {value} × their mean", _TYPED, "1",
    ),
)  # fmt: skip


def measure(ego: EgoLog, slices: Slices, out: npt.NDArray[np.float64]) -> Work:
    """Return the work that fills `out` for these slices."""

    def work(low: int, high: int) -> None:
        kernels.rhythm.measure(
            ego.time, ego.flag, ego.typed_s, slices.starts, slices.ends, slices.as_of, low, high, out
        )

    return work


FAMILY = Family("rhythm", FEATURES, measure)
