"""The rows of a simulated message log as plain arrays, and the draws that all kinds of account share."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "BoolArray",
    "FloatArray",
    "IntArray",
    "Log",
    "lognormal",
    "micros",
    "pair_uniform",
    "positions",
    "running_sum",
    "span",
    "stream",
]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Microseconds.
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True)
class Log:
    """Messages, one entry per row in every array; accounts are codes, instants are microseconds (UTC).

    Examples
    --------
    >>> log = Log.of([0, 0], [1, 2], [10, 20])
    >>> len(log), len(log.where(log.recipient == 2)), len(Log.join([log, log]))
    (2, 1, 4)
    """

    sender: IntArray
    recipient: IntArray
    sent_at: IntArray
    is_group: BoolArray
    in_contacts: BoolArray
    typed_s: FloatArray
    delivered: BoolArray

    @classmethod
    def of(
        cls,
        sender: npt.ArrayLike,
        recipient: npt.ArrayLike,
        sent_at: npt.ArrayLike,
        *,
        is_group: npt.ArrayLike = False,
        in_contacts: npt.ArrayLike = False,
        typed_s: npt.ArrayLike = 0.0,
        delivered: npt.ArrayLike = True,
    ) -> Log:
        """Build a log; single values stand for every row."""
        who, whom, when = np.broadcast_arrays(
            np.asarray(sender, dtype=np.int64),
            np.asarray(recipient, dtype=np.int64),
            np.asarray(sent_at).astype(np.int64),
        )

        def flags(values: npt.ArrayLike) -> BoolArray:
            return np.broadcast_to(np.asarray(values, dtype=np.bool_), when.shape)

        typed = np.broadcast_to(np.asarray(typed_s, dtype=np.float64), when.shape)
        return cls(who, whom, when, flags(is_group), flags(in_contacts), typed, flags(delivered))

    @classmethod
    def join(cls, logs: Iterable[Log]) -> Log:
        """Put logs one after the other."""
        parts = [cls.of([], [], []), *logs]
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    def where(self, keep: npt.NDArray[np.generic]) -> Log:
        """Return the rows picked by a mask or by positions."""
        return Log(*(getattr(self, field.name)[keep] for field in fields(self)))

    def __len__(self) -> int:
        """Return the number of messages."""
        return len(self.sent_at)


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the random numbers of one part of a world: parts change alone, and none depends on another's draws.

    Examples
    --------
    >>> bool(stream(3, "friends").random() == stream(3, "friends").random() != stream(3, "groups").random())
    True
    """
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


def span(rng: np.random.Generator, least_most: tuple[float, float], size: int) -> FloatArray:
    """Draw numbers between two positive bounds, evenly on a logarithmic scale.

    Examples
    --------
    >>> drawn = span(np.random.default_rng(0), (1.0, 100.0), 9)
    >>> bool(drawn.min() >= 1.0), bool(drawn.max() <= 100.0)
    (True, True)
    """
    low, high = np.log(least_most)
    return np.asarray(np.exp(low + (high - low) * rng.random(size)), dtype=np.float64)


def lognormal(rng: np.random.Generator, median: npt.ArrayLike, sigma: float, size: int) -> FloatArray:
    """Draw positive numbers around `median`, the usual shape of human delays and volumes."""
    return np.asarray(median, dtype=np.float64) * np.exp(sigma * rng.standard_normal(size))


def positions(counts: IntArray) -> tuple[IntArray, IntArray]:
    """Return each row's group and its place in it, for groups of `counts` rows one after the other.

    Examples
    --------
    >>> positions(np.array([2, 0, 3]))
    (array([0, 0, 2, 2, 2]), array([0, 1, 0, 1, 2]))
    """
    group = np.repeat(np.arange(len(counts)), counts)
    begins = np.cumsum(counts) - counts
    return group, np.arange(len(group)) - begins[group]


def micros(seconds: FloatArray) -> IntArray:
    """Turn seconds into whole microseconds, so that sums of them are exact on every machine.

    Examples
    --------
    >>> micros(np.array([0.5, 2.0]))
    array([ 500000, 2000000])
    """
    return np.rint(seconds * SECOND).astype(np.int64)


def running_sum(values: IntArray, counts: IntArray) -> IntArray:
    """Sum up within each group of `counts` rows.

    Examples
    --------
    >>> running_sum(np.array([1, 2, 3, 4]), np.array([2, 2]))
    array([1, 3, 3, 7])
    """
    total: IntArray = np.concatenate([[0], np.cumsum(values)])
    before: IntArray = np.repeat(total[np.cumsum(counts) - counts], counts)
    return total[1:] - before


def pair_uniform(left: npt.ArrayLike, right: npt.ArrayLike, salt: int) -> FloatArray:
    """Return one number in [0, 1) per pair, always the same for the same pair.

    A fact about two accounts (one has the other in its contacts) must not change from message to message.

    Examples
    --------
    >>> bool(pair_uniform([3], [4], 1)[0] == pair_uniform([3, 3], [4, 5], 1)[0])
    True
    """
    mixed = np.asarray(left).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed + np.asarray(right).astype(np.uint64)) * np.uint64(0xBF58476D1CE4E5B9) + np.uint64(salt)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53)
