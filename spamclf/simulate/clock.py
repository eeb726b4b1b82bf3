"""Circadian rhythm by person: when each account is up, on which days, and at which hours it writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spamclf.simulate.log import DAY, HOUR, SECOND, FloatArray, IntArray, pair_uniform

__all__ = ["RHYTHMS", "Clocks", "Rhythm", "Sittings", "draw_clocks", "draw_sittings"]


@dataclass(frozen=True)
class Rhythm:
    """How a kind of people spends its days; each person differs from it a little.

    Attributes
    ----------
    wake_h, awake_h : float
        Mean local hour of getting up, and mean hours until sleep.
    spread_h : float
        Standard deviation of both.
    rise, fall : tuple of float
        Range of the shape of a day: what is done in the first share x of the waking hours is
        1 - (1 - x^rise)^fall (Kumaraswamy's distribution).
    leak : float
        Mean share of what is done in the hours of sleep.
    weekend : tuple of float
        Range of the weight of a Saturday or Sunday; a working day weighs about 1.
    mood : float
        How much days differ: the weight of a day is a uniform number to this power.
    wanes : float
        How much interest wanes or grows over a stay: sigma of the logarithm of the power to which the share of the
        time that has passed is drawn.
    """

    wake_h: float
    awake_h: float
    spread_h: float
    rise: tuple[float, float]
    fall: tuple[float, float]
    leak: float
    weekend: tuple[float, float]
    mood: float
    wanes: float


#: Hours of `day` and `night` are assumed; how sharp the days are: college. `work`: email.
RHYTHMS: dict[str, Rhythm] = {
    "day": Rhythm(7.5, 16.5, 1.5, (0.7, 2.2), (0.7, 2.2), 0.05, (0.4, 1.2), 2.0, 1.3),
    "work": Rhythm(8.0, 8.0, 0.7, (1.5, 3.0), (1.5, 3.0), 0.004, (0.0, 0.04), 0.5, 0.1),
    "night": Rhythm(16.5, 15.0, 2.0, (1.0, 3.0), (1.0, 3.0), 0.03, (0.5, 1.2), 2.0, 1.0),
}


@dataclass(frozen=True)
class Clocks:
    """The rhythm of every account, in arrays by code.

    Attributes
    ----------
    offset : ndarray of int64
        Local time minus UTC in microseconds.
    wake_h, awake_h, rise, fall, leak, mood, wanes : ndarray of float64
        As in `Rhythm`.
    week : ndarray of float64, shape (n, 7)
        Weight of each weekday, Monday first; at most 1.
    salt : int
        Whence the good and the bad days of each account come.
    """

    offset: IntArray
    wake_h: FloatArray
    awake_h: FloatArray
    rise: FloatArray
    fall: FloatArray
    leak: FloatArray
    mood: FloatArray
    wanes: FloatArray
    week: FloatArray
    salt: int

    def draw(self, rng: np.random.Generator, who: IntArray, begin: IntArray, until: IntArray) -> IntArray:
        """Draw one instant per entry of `who`, on a day from `begin` to `until`, at an hour it is up."""
        day = self._day(rng, who, begin, until)
        drawn, within = rng.random(len(who)), rng.random(len(who))
        up = drawn >= self.leak[who]
        share = (1.0 - (1.0 - within) ** (1.0 / self.fall[who])) ** (1.0 / self.rise[who])
        awake = self.awake_h[who]
        hour = self.wake_h[who] + np.where(up, share * awake, awake + within * (24.0 - awake))
        return day * DAY + (hour * HOUR).astype(np.int64) - self.offset[who]

    def weekday_weight(self, who: IntArray, day: IntArray) -> FloatArray:
        """Return how much is done on a local day, counted since the epoch, because of its weekday."""
        return self.week[who, (day + 3) % 7]  # day 0 of the epoch was a Thursday

    def _day(self, rng: np.random.Generator, who: IntArray, begin: IntArray, until: IntArray) -> IntArray:
        day = np.zeros(len(who), dtype=np.int64)
        again = np.arange(len(who))
        for _ in range(6):  # by rejection; after six draws a day is as good as it gets
            some = who[again]
            instant = begin[again] + rng.random(len(again)) ** self.wanes[some] * (
                until[again] - begin[again]
            )
            day[again] = (instant.astype(np.int64) + self.offset[some]) // DAY
            weight = self.weekday_weight(some, day[again])
            weight = weight * pair_uniform(some, day[again], self.salt) ** self.mood[some]
            again = again[rng.random(len(again)) >= weight]
        return day


def draw_clocks(rng: np.random.Generator, rhythms: list[str], offset_h: FloatArray) -> Clocks:
    """Draw everybody's clock from the rhythm of its kind; `offset_h` is the zone, hours from UTC."""
    size = len(rhythms)
    rows = [RHYTHMS[name] for name in rhythms]

    def number(name: str) -> FloatArray:
        return np.array([getattr(row, name) for row in rows], dtype=np.float64)

    def between(name: str) -> FloatArray:
        low, high = number(name).reshape(size, 2).T
        return np.asarray(low + (high - low) * rng.random(size))

    spread_h = number("spread_h")
    week = np.clip(rng.normal(0.85, 0.12, (size, 7)), 0.2, 1.0)
    week[:, 5:] = np.clip(between("weekend")[:, None] * rng.uniform(0.7, 1.3, (size, 2)), 0.0, 1.0)
    return Clocks(
        offset=(offset_h * HOUR).astype(np.int64),
        wake_h=number("wake_h") + spread_h * rng.standard_normal(size),
        awake_h=np.clip(number("awake_h") + spread_h * rng.standard_normal(size), 6.0, 20.0),
        rise=between("rise"),
        fall=between("fall"),
        leak=np.minimum(number("leak") * rng.exponential(1.0, size), 0.4),
        mood=number("mood"),
        wanes=np.exp(number("wanes") * rng.standard_normal(size)),
        week=week,
        salt=int(rng.integers(1 << 32)),
    )


@dataclass(frozen=True)
class Sittings:
    """When each account looks at its messages: what waits is answered then, and new talk begins.

    Attributes
    ----------
    begins : ndarray of int64
        Where the sittings of each account begin in `key`; one entry more than accounts.
    key : ndarray of int64
        ``account * width + seconds since start``, ascending.
    start, width : int
        First instant in microseconds, and the length of the world in seconds.
    """

    begins: IntArray
    key: IntArray
    start: int
    width: int

    def some(self, rng: np.random.Generator, who: IntArray) -> tuple[IntArray, IntArray]:
        """Pick one sitting for each of `who`; those that never sit down are left out.

        Returns
        -------
        row : ndarray of int64
            Positions in `who`.
        when : ndarray of int64
        """
        count = self.begins[who + 1] - self.begins[who]
        row = np.flatnonzero(count)
        nth = self.begins[who[row]] + (count[row] * rng.random(len(row))).astype(np.int64)
        return row, self._instant(nth)

    def after(self, who: IntArray, when: IntArray) -> IntArray:
        """Return the next sitting after an instant, and one beyond the end of the world where there is none."""
        second = np.clip((when - self.start) // SECOND, 0, self.width - 1)
        nth = np.searchsorted(self.key, who * self.width + second, side="right")
        there = nth < self.begins[who + 1]
        return np.where(there, self._instant(np.where(there, nth, 0)), self.start + 2 * self.width * SECOND)

    def _instant(self, nth: IntArray) -> IntArray:
        if not len(self.key):
            return np.zeros(len(nth), dtype=np.int64)
        return self.start + self.key[nth] % self.width * SECOND


def draw_sittings(
    parts: Iterable[tuple[IntArray, np.random.Generator]],
    clocks: Clocks,
    per_day: FloatArray,
    present: tuple[IntArray, IntArray],
    span: tuple[int, int],
) -> Sittings:
    """Draw everybody's sittings; each part of the accounts has its own stream of random numbers.

    Parameters
    ----------
    parts : iterable of (ndarray of int64, Generator)
        Codes of accounts, ascending.
    clocks : Clocks
    per_day : ndarray of float64
        Mean sittings per day by account.
    present : tuple of ndarray of int64
        From when to when each account is there.
    span : tuple of int
        First and last instant of the world.
    """
    begin, until = present
    start, width = span[0], -(-(span[1] - span[0]) // SECOND)
    keys = [np.zeros(0, dtype=np.int64)]
    for codes, rng in parts:
        days = (until[codes] - begin[codes]) / DAY
        who = np.repeat(codes, rng.poisson(per_day[codes] * days))
        when = clocks.draw(rng, who, begin[who], until[who])
        inside = (when >= span[0]) & (when < span[1])
        keys.append(np.sort(who[inside] * width + (when[inside] - start) // SECOND))
    key = np.concatenate(keys)
    return Sittings(np.searchsorted(key, np.arange(len(begin) + 1) * width), key, start, width)
