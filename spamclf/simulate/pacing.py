"""When a program sends: quotas by day, gaps, caps, breaks, hours and acted typing, as operators set them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from spamclf.simulate.log import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    FloatArray,
    IntArray,
    lognormal,
    micros,
    positions,
    running_sum,
)

__all__ = ["Pace", "Sends", "acted_typing", "paced"]

Gap = Literal["lognormal", "exponential", "uniform", "fixed"]


@dataclass(frozen=True)
class Pace:
    """The settings of a bulk sender.

    Attributes
    ----------
    quota : float
        Strangers on the first day.
    gap : {"lognormal", "exponential", "uniform", "fixed"}
        Shape of the gaps between two sends.
    gap_s : tuple of float
        Edges of ``uniform`` gaps; for the others the first number is the median (the mean of ``exponential``).
    jitter : float
        Share by which ``fixed`` gaps vary, and sigma of ``lognormal`` ones.
    growth, full, warm_days
        The quota grows by this factor a day for `warm_days` days, and is `full` from then on.
    weekend : float
        Factor of the quota on Saturdays and Sundays.
    hours : tuple of float or None
        Local hours between which it runs; None is day and night.
    per_minute, per_hour, per_day : float
        Caps.
    pauses : tuple of (share, least, most)
        Breaks after a share of the sends, in seconds.
    words : float
        Length of a message, for the typing indicator; 0 shows none.
    by_hand : bool
        Typing varies as in `acted_typing`; else between two and six seconds, whatever the length.
    varied, pasted : float
        Sigma of the logarithm of the length, and share of messages without typing all the same.
    tick_s : float
        Sends wait for a multiple of this many seconds; 0 for none.
    offset : int
        Local time minus UTC in microseconds.
    """

    quota: float
    gap: Gap
    gap_s: tuple[float, float]
    jitter: float = 0.0
    growth: float = 1.0
    full: float = 0.0
    warm_days: int = 0
    weekend: float = 1.0
    hours: tuple[float, float] | None = None
    per_minute: float = np.inf
    per_hour: float = np.inf
    per_day: float = np.inf
    pauses: tuple[tuple[float, float, float], ...] = ()
    words: float = 0.0
    by_hand: bool = False
    varied: float = 0.1
    pasted: float = 0.0
    tick_s: float = 0.0
    offset: int = 0


#: Position of the sender in the team, its how manieth send, instant, seconds of typing.
Sends = tuple[IntArray, IntArray, IntArray, FloatArray]


def acted_typing(rng: np.random.Generator, words: FloatArray) -> FloatArray:
    """Act typing: 45 +- 15 words a minute, and after 8 % of the words a pause of 0.8 to 3.5 s (published)."""
    size = len(words)
    pace = np.clip(rng.normal(45.0, 15.0, size), 15.0, 90.0)
    pauses = rng.binomial(np.rint(words).astype(np.int64), 0.08)
    return words * 60.0 / pace + pauses * rng.uniform(0.8, 3.5, size)


def paced(rng: np.random.Generator, pace: Pace, starts: IntArray, reach: IntArray, end: int) -> Sends:
    """Return when each member of a team sends to its strangers, one after the other.

    Parameters
    ----------
    rng : numpy.random.Generator
    pace : Pace
    starts : ndarray of int64
        The first send of each member.
    reach : ndarray of int64
        How many sends each member has; those that its days cannot hold are left out.
    end : int
        Nothing is planned for the days after this instant.

    Returns
    -------
    member, nth, when : ndarray of int64
    typed_s : ndarray of float64
    """
    counts, begins, closes = _days(rng, pace, starts, reach, end)
    n_days = counts.shape[1]
    day, place = positions(counts.ravel())
    typed = _typing(rng, pace, len(day))
    gap = micros(_gaps(rng, pace, len(day)) + typed)
    gap[place == 0] = 0
    run = running_sum(gap, counts.ravel())
    run += _held(run, _floor(pace, place), counts.ravel())
    when = begins.ravel()[day] + run
    if pace.tick_s:
        tick = round(pace.tick_s * SECOND)
        when = -(-when // tick) * tick + micros(rng.exponential(0.05, len(when)) + 0.3 * (place % 7))
    kept = (when < closes.ravel()[day]) & (place >= 0)
    member = day // n_days
    nth = np.arange(len(day)) - np.searchsorted(member, member)
    return member[kept], nth[kept], when[kept], typed[kept]


def _days(
    rng: np.random.Generator, pace: Pace, starts: IntArray, reach: IntArray, end: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return how many sends each member has on each day of its life, and when each day begins and closes."""
    n_days = max(int((end - int(starts.min())) // DAY) + 1, 1)
    day = np.arange(n_days)[None, :]
    local = (starts[:, None] + pace.offset) // DAY + day
    warm = pace.quota * pace.growth ** np.minimum(day, pace.warm_days)
    quota = np.where(day < pace.warm_days, warm, pace.full if pace.warm_days else pace.quota)
    quota = quota * np.where((local + 3) % 7 >= 5, pace.weekend, 1.0) * _mood(rng, local.shape)
    planned = np.maximum(np.rint(np.minimum(quota, pace.per_day)), 1).astype(np.int64)
    before = np.cumsum(planned, axis=1) - planned
    counts = np.clip(reach[:, None] - before, 0, planned)
    if pace.hours is None:
        begins = starts[:, None] + day * DAY
        return counts, begins, begins + DAY
    first, last = pace.hours
    midnight = local * DAY - pace.offset
    late = (np.abs(rng.normal(0.0, 0.6, local.shape)) * HOUR).astype(np.int64)
    begins = np.where(day == 0, starts[:, None], midnight + int(first * HOUR) + late)
    return counts, begins, midnight + int(last * HOUR)


def _mood(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Quotas differ from day to day."""
    return np.exp(0.2 * rng.standard_normal(shape))


def _gaps(rng: np.random.Generator, pace: Pace, size: int) -> FloatArray:
    low, high = pace.gap_s
    if pace.gap == "uniform":
        gaps = rng.uniform(low, high, size)
    elif pace.gap == "fixed":
        gaps = low * (1.0 + pace.jitter * rng.uniform(-1.0, 1.0, size))
    elif pace.gap == "exponential":
        gaps = rng.exponential(low, size) + 1.0
    else:
        gaps = lognormal(rng, low, pace.jitter, size)
    for share, least, most in pace.pauses:
        gaps = gaps + np.where(rng.random(size) < share, rng.uniform(least, most, size), 0.0)
    return np.asarray(gaps)


def _typing(rng: np.random.Generator, pace: Pace, size: int) -> FloatArray:
    if not pace.words:
        return np.zeros(size)
    typed = rng.uniform(2.0, 6.0, size)
    if pace.by_hand:
        typed = acted_typing(
            rng, np.maximum(pace.words * np.exp(pace.varied * rng.standard_normal(size)), 1.0)
        )
    return np.where(rng.random(size) < pace.pasted, 0.0, typed)


def _floor(pace: Pace, place: IntArray) -> IntArray:
    """Return the earliest time since the day's start that the caps allow for the n-th send of a day."""
    minutes = place % pace.per_hour // pace.per_minute
    return np.asarray(place // pace.per_hour * HOUR + minutes * MINUTE, dtype=np.int64)


def _held(run: IntArray, floor: IntArray, counts: IntArray) -> IntArray:
    """Return how long each send is held back, so that it keeps the floor and its gap to the one before."""
    # The largest delay so far within each day: days are set far apart for one running maximum over all.
    day, _ = positions(counts)
    apart = day * (np.int64(1) << 42)
    latest: IntArray = np.maximum.accumulate(np.maximum(floor - run, 0) + apart)
    return latest - apart
