"""Family `registration`: who else was registered on the same network or device, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.ego import NAT, EgoLog, Instants, Slices
from spamclf.features.feature import Family, Feature, Work
from spamclf.features.timeline import Timeline, label_spans
from spamclf.ids import Codes

_WAITING = 2048  # registrations that are counted one by one before they are put in order


def _counts(where: str) -> tuple[Feature, ...]:
    needs = (f"accounts.{where}", "accounts.registered_at")
    early = "null when that time, or its beginning, lies before the history or is unknown"
    source = "Xiao et al. 2015"
    return (
        Feature(
            f"registration_{where}_1h", "count", 1,
            f"other accounts registered on the same {where} in the hour up to its own registration, both ends "
            f"included; {early}",
            f"{{value}} other accounts were registered on its {where} in the hour before", needs, "0", source,
            actionable=False,
        ),
        Feature(
            f"registration_{where}_24h", "count", 1,
            f"the same in the 24 hours up to its own registration, both ends included; {early}",
            f"{{value}} other accounts were registered on its {where} in the day before", needs, "0", source,
            actionable=False,
        ),
        Feature(
            f"registration_{where}_history", "count", 1,
            f"other accounts registered on the same {where} in the history; null when the {where} is unknown",
            f"{{value}} other accounts were registered on its {where} lately", needs, "0", source, actionable=False,
        ),
    )  # fmt: skip


def _share(where: str) -> Feature:
    return Feature(
        f"registration_{where}_automated_share", "share", 1,
        f"(automated + 1) / (labelled + 2) among the other accounts of the {where} by the latest label of the history "
        "(of two at once the milder; only of accounts whose row is seen); null when the "
        f"{where} is unknown, nobody else on it is labelled yet, or it is itself",
        f"of the other accounts on its {where}, about {{value}} are automated by the labels so far",
        (f"accounts.{where}", "labels.is_automated"), "0", "Xiao et al. 2015", actionable=False,
    )  # fmt: skip


FEATURES = (
    Feature(
        "registration_foreign_network", "flag", 1, "country differs from network_country; null when one is unknown",
        "was {value}registered from a network of another country than its number's",
        ("accounts.country", "accounts.network_country"), "0", actionable=False,
    ),
    *_counts("network"),
    *_counts("device"),
    _share("network"),
    _share("device"),
)  # fmt: skip


def measure(ego: EgoLog, slices: Slices, out: npt.NDArray[np.float64]) -> Work:
    """Return the work that fills `out` for these slices."""
    facts, history = ego.facts, slices.history
    own = ego.once(("own labels", history), lambda: Standing.of(ego, None, history))
    kinds = tuple(registered_on(ego, kind, history) for kind in ("network", "device"))

    def work(low: int, high: int) -> None:
        kernels.registration.measure(
            facts.registered_at, facts.country, facts.network_country, kinds, own.begun.arrays, own.ended.arrays,
            slices.account, slices.as_of, history, low, high, out,
        )  # fmt: skip

    return work


def registered_on(ego: EgoLog, kind: str, history: int) -> tuple[Any, ...]:
    """Return the network or device of each account, registrations and labels there, as the kernel takes them."""
    group: Codes = getattr(ego.facts, kind)
    registrations = ego.once(("registered", kind), lambda: Registrations.of(ego, group))
    labels = ego.once(("labels", kind, history), lambda: Standing.of(ego, group, history))
    return group, *registrations.arrays, labels.begun.arrays, labels.ended.arrays


class Registrations:
    """When accounts were registered on each network or device: more may come.

    Examples
    --------
    >>> registrations = Registrations()
    >>> registrations.add(np.array([1, 0, 1]), np.array([30, 20, 10]))
    >>> line, waiting = registrations.arrays
    >>> waiting.tolist()
    [[1, 0, 1], [30, 20, 10]]
    """

    def __init__(self) -> None:
        none = np.empty(0, np.int64)
        self._line = Timeline.of(none, none, none, 1)
        self._all = np.empty((2, _WAITING), np.int64)
        self._n = self._n_in_line = 0
        self._most = 0

    @classmethod
    def of(cls, ego: EgoLog, group: Codes) -> Registrations:
        """Find those of a log's accounts."""
        dated = np.flatnonzero((group >= 0) & (ego.facts.registered_at != NAT))
        found = cls()
        found.add(group[dated].astype(np.int64), ego.facts.registered_at[dated])
        found._put_in_line()
        return found

    @property
    def arrays(self) -> tuple[tuple[Instants, ...], Instants]:
        """What `kernels.registration` takes: those that are in order, and group and instant of those that wait."""
        if self._n_in_line < 0:
            self._put_in_line()
        return self._line.arrays, self._all[:, self._n_in_line : self._n]

    def add(self, key: Instants, instant: Instants) -> None:
        """Add instants of groups."""
        end = self._n + key.size
        if end > self._all.shape[1]:
            longer = np.empty((2, 2 * end), np.int64)
            longer[:, : self._n] = self._all[:, : self._n]
            self._all = longer
        self._all[0, self._n : end], self._all[1, self._n : end] = key, instant
        self._n, self._most = end, max(self._most, int(key.max(initial=0)))
        if self._n - self._n_in_line > _WAITING and self._n_in_line >= 0:
            self._put_in_line()

    def remove(self, key: int, instant: int) -> None:
        """Take one instant of a group away."""
        found = np.flatnonzero((self._all[0, : self._n] == key) & (self._all[1, : self._n] == instant))
        self._all[:, found[0]] = self._all[:, self._n - 1]
        self._n -= 1
        self._n_in_line = -1  # to be put in order before the next question

    def _put_in_line(self) -> None:
        key, instant = self._all[:, : self._n]
        self._line = Timeline.of(key, instant, np.ones(self._n, np.int64), self._most + 1)
        self._n_in_line = self._n


@dataclass(frozen=True)
class Standing:
    """When labels of the accounts of each group begin and cease to stand; group 0 is nobody's.

    Attributes
    ----------
    begun, ended : Timeline
        They weigh 1 where the label says automated.
    """

    begun: Timeline
    ended: Timeline

    @classmethod
    def of(cls, ego: EgoLog, group: Codes | None, history: int) -> Standing:
        """Find them; without groups each account is its own."""
        account, first, last, value = label_spans(ego, history)
        key = account + 1 if group is None else group[account] + 1
        n_keys = (ego.n_accounts if group is None else int(group.max(initial=-1)) + 1) + 1
        return cls(Timeline.of(key, first, value, n_keys), Timeline.of(key, last, value, n_keys))


FAMILY = Family("registration", FEATURES, measure)
