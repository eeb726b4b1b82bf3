"""Plain numbers of plain lists: what the slow twins reckon with. ``None`` is a null."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def answer_times(talk: Sequence[tuple[int, bool]], *, asks: bool) -> list[int]:
    """From each first message not yet answered of the side that `asks` (True: the account) to the answer."""
    times, waiting = [], None
    for instant, out in talk:
        if out == asks:
            waiting = instant if waiting is None else waiting
        elif waiting is not None:
            times.append(instant - waiting)
            waiting = None
    return times


def utc(instant: int) -> datetime:
    return datetime.fromtimestamp(instant // SECOND, UTC)


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def in_seconds(value: float | None) -> float | None:
    return None if value is None else value / SECOND


def most(times: Iterable[int], width: int) -> int:
    """Most instants in any half-open window: one of the best windows begins at one of them."""
    times = list(times)
    return max((sum(first <= t < first + width for t in times) for first in times), default=0)


def most_different(events: list[tuple[int, Any]], width: int) -> int:
    return max(
        (len({who for t, who in events if first <= t < first + width}) for first, _ in events), default=0
    )


def quantile(values: Sequence[int], percent: int) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def spread(values: Sequence[int]) -> float | None:
    if len(values) < 2 or sum(values) == 0:
        return None
    return statistics.pstdev(values) / statistics.mean(values)


def entropy(counts: Iterable[int]) -> float | None:
    counts = list(counts)
    total = sum(counts)
    return sum(-n / total * math.log2(n / total) for n in counts) if total else None


def slope(times: Sequence[int], as_of: int) -> float | None:
    """Of sends a day over the days of 24 hours back from the instant to the first send."""
    daily = Counter((as_of - 1 - t) // DAY for t in times)
    if max(daily, default=0) == 0:
        return None
    days = range(max(daily) + 1)
    return statistics.linear_regression([-day for day in days], [daily[day] for day in days]).slope


def burstiness(cv: float, n: int) -> float:
    """Kim & Jo 2016, eq. 22, for n gaps."""
    up, down = math.sqrt(n + 1), math.sqrt(n - 1)
    return (up * cv - down) / ((up - 2) * cv + down)


def memory(gaps: Sequence[int]) -> float | None:
    """Goh & Barabasi 2008."""
    if len(gaps) < 3:
        return None
    try:
        return statistics.correlation(gaps[:-1], gaps[1:])
    except statistics.StatisticsError:  # equal gaps
        return None


def conditional_entropy(gaps: Sequence[int]) -> float | None:
    """Porta et al. 1998: the least of CE(m) + (share of patterns met once) * EN(1)."""
    if len(gaps) < 5:
        return None
    bounds = statistics.quantiles(gaps, n=5, method="inclusive")
    levels = [sum(gap > bound for bound in bounds) for gap in gaps]
    joint = {0: 0.0}
    corrected = []
    for m in range(1, 6):
        patterns = Counter(tuple(levels[i : i + m]) for i in range(len(levels) - m + 1))
        joint[m] = entropy(patterns.values()) or 0.0
        once = sum(n == 1 for n in patterns.values()) / patterns.total()
        corrected.append(joint[m] - joint[m - 1] + once * joint[1])
        if once == 1:
            break
    return min(corrected)


def quiet_spell(times: Sequence[int], as_of: int) -> float | None:
    """Longest time without a send within each day that has one, in the mean over these days."""
    days = defaultdict(list)
    for t in times:
        days[t // DAY].append(t)
    spells = []
    for day, sends in days.items():
        edges = [day * DAY, *sends, min((day + 1) * DAY, as_of)]
        spells.append(max(b - a for a, b in pairwise(edges)))
    return in_seconds(statistics.fmean(spells)) if spells else None
