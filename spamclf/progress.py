"""How far a long run is, and how long it will take still."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from spamclf.errors import ParameterError

__all__ = ["Pace", "Progress", "SlowPace", "check_progress", "clock", "listener"]

_EVERY_S = 0.5


def check_progress(progress: Any, where: str) -> None:
    """Refuse what cannot be called with a line; `where` names the call in the error."""
    if progress is not None and not callable(progress):
        raise ParameterError(
            f"{where}: progress must be a function that takes a line of text, or None; "
            f"got {type(progress).__name__}. Use print."
        )


def listener(progress: Callable[[str], None] | None, where: str) -> Callable[[str], None]:
    """Return the function that takes lines: for None one that drops them.

    Raises
    ------
    ParameterError
        If it cannot be called; `where` names the call.
    """
    check_progress(progress, where)
    return (lambda line: None) if progress is None else progress


def clock(seconds: float) -> str:
    """Write a duration as a clock does.

    Examples
    --------
    >>> clock(65.9), clock(3_600)
    ('1:05', '1:00:00')
    """
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _rate(per_s: float) -> str:
    return f"{per_s:,.0f}" if per_s >= 10 else f"{per_s:.2g}"  # 0 a second tells nothing


class Pace:
    """Tells of steps that take about the same time each how fast they go, and what is left.

    Parameters
    ----------
    total : int
        How many there are.

    Examples
    --------
    >>> pace = Pace(4)
    >>> pace.told(0), pace.told(1).endswith(" left"), pace.told(4)
    ('', True, '')
    """

    def __init__(self, total: int) -> None:
        self._total, self._began = total, time.monotonic()

    def told(self, done: int, unit: str = "") -> str:
        """Return what to put to a line when some steps are done; nothing before the first and after the last.

        Parameters
        ----------
        done : int
        unit : str, optional
            What is counted; with it the rate is told, too.
        """
        if not 0 < done < self._total:
            return ""
        spent = time.monotonic() - self._began
        rate = f", {_rate(done / max(spent, 1e-9))} {unit} a second" if unit else ""
        return f"{rate}, {clock(spent / done * (self._total - done))} left"


class SlowPace(Pace):
    """A `Pace` of many short steps: it says a line where the last is some seconds old, so none in a short run.

    Parameters
    ----------
    total : int
    say : callable
        Takes a line.
    every_s : float, default=5
        Seconds between two lines.

    Examples
    --------
    >>> said = []
    >>> SlowPace(4, said.append, every_s=0).tell("searching 2 of 4", 1, "accounts")
    >>> said[0].endswith(" left ...")
    True
    """

    def __init__(self, total: int, say: Callable[[str], None], every_s: float = 5.0) -> None:
        super().__init__(total)
        self._say, self._every, self._told = say, every_s, self._began

    def tell(self, line: str, done: int, unit: str) -> None:
        """Say a line with rate and time left, if it is time for one."""
        now = time.monotonic()
        if done and now - self._told >= self._every:
            self._told = now
            self._say(f"{line}{self.told(done, unit)} ...")


class Progress:
    """Says lines such as ``reading 40 %, 2,100,000 a second, 1:05 left``.

    What is left of a pass goes by its own rate; what later passes take, by what a row of theirs usually costs beside
    a row of those that are done.

    Parameters
    ----------
    tell : callable or None
        Takes a line; None: nobody hears.
    costs : mapping of str to float
        The passes in order, and what a row costs in each.

    Examples
    --------
    >>> said = []
    >>> progress = Progress(said.append, {"reading": 1.0})
    >>> progress.begin("reading", 10)
    >>> progress.add(10)
    >>> said[0].split(",")[0]
    'reading 0 %'
    """

    def __init__(self, tell: Callable[[str], None] | None, costs: Mapping[str, float]) -> None:
        self.tell, self.costs = tell, costs
        self._lock = threading.Lock()
        self._spent = self._cost = 0.0  # of passes that are done: seconds, and what they should cost
        self._name, self._total, self._done = "", 0, 0
        self._began = self._told = 0.0

    def begin(self, name: str, total: int) -> None:
        """Begin a pass over so many rows; 0 is a number that nobody knows."""
        with self._lock:
            self._end()
            self._name, self._total, self._done = name, total, 0
            self._began = self._told = time.monotonic()
        self._say()

    def add(self, n: int) -> None:
        """Note that so many rows of the pass are done."""
        with self._lock:
            self._done += n
            if time.monotonic() - self._told < _EVERY_S and self._done < self._total:
                return
            self._told = time.monotonic()
        self._say()

    def _end(self) -> None:
        if self._name and self._done:
            self._spent += time.monotonic() - self._began
            self._cost += self.costs[self._name]

    def _say(self) -> None:
        if self.tell is None:
            return
        spent, done, total = time.monotonic() - self._began, self._done, self._total
        if not total:
            self.tell(f"{self._name} {done:,} rows, {done / max(spent, 1e-9) / 1e6:.1f} M/s")
            return
        share = min(done / total, 1.0)
        line = f"{self._name} {share:.0%}".replace("%", " %")
        left = self._left(spent, share)
        if done and spent > _EVERY_S:
            line += f", {_rate(done / spent)} a second"
        self.tell(line if left is None else f"{line}, {clock(left)} left")

    def _left(self, spent: float, share: float) -> float | None:
        """Return the seconds that are left, None where nothing is known yet."""
        cost = self._cost + share * self.costs[self._name]
        if cost <= 0 or self._spent + spent < 2 * _EVERY_S:
            return None
        names = list(self.costs)
        later = sum(self.costs[name] for name in names[names.index(self._name) + 1 :])
        rate = (self._spent + spent) / cost  # seconds for what should cost 1
        mine = spent / share * (1 - share) if share > 0.02 else rate * self.costs[self._name] * (1 - share)
        return mine + rate * later
