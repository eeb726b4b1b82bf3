"""How far a long run is, and how long it will take still."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

__all__ = ["Progress"]

#: What a row costs in each pass, by the row of the first one: measured by ``tests/benches/batch.py``.
_COSTS = {"reading": 1.0, "numbering": 0.4, "ordering": 0.4, "scoring": 2.5}
_EVERY_S = 0.5


class Progress:
    """Says lines such as ``reading 40 %, 2.1 M/s, 1:05 left``.

    What is left of a pass goes by its own rate; what later passes take, by what a row of theirs usually costs beside
    a row of those that are done.

    Parameters
    ----------
    tell : callable, optional
        Takes a line; by default nobody hears.
    costs : mapping of str to float, optional
        The passes in order, and what a row costs in each; by default those of a batch run.

    Examples
    --------
    >>> said = []
    >>> progress = Progress(said.append)
    >>> progress.begin("reading", 10)
    >>> progress.add(10)
    >>> said[0].split(",")[0]
    'reading 0 %'
    """

    def __init__(self, tell: Callable[[str], None] | None, costs: Mapping[str, float] = _COSTS) -> None:
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
            line += f", {done / spent:,.0f} a second"
        self.tell(line if left is None else f"{line}, {int(left // 60)}:{int(left % 60):02d} left")

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
