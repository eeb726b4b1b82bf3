"""Family `registration`: who else was registered on the same network or device, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spamclf.ego import NAT, EgoLog, Instants, Slices
from spamclf.features.account import seen_registration, visible
from spamclf.features.feature import Family, Feature, Work
from spamclf.features.timeline import Timeline, label_spans
from spamclf.ids import Codes

HOUR_US = 3_600_000_000


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
    """Fill `out` for these slices; all of it is binary search, so no work is left for threads."""
    facts = ego.facts
    seen = visible(ego, slices)
    country, network_country = facts.country[slices.account], facts.network_country[slices.account]
    known = seen & (country >= 0) & (network_country >= 0)
    out[0] = np.where(known, country != network_country, np.nan)
    history = slices.history
    own = ego.once(("own labels", history), lambda: Standing.of(ego, None, history))
    for k, kind in enumerate(("network", "device")):
        group, line, labels = _of_kind(ego, kind, history)
        _count_registrations(ego, slices, group, line, out[1 + 3 * k : 4 + 3 * k])
        out[7 + k] = _automated_share(ego, slices, group, own, labels)
    return lambda low, high: None


def _of_kind(ego: EgoLog, kind: str, history: int) -> tuple[Codes, Timeline, Standing]:
    """Return the network or device of each account, registrations and labels there."""
    group: Codes = getattr(ego.facts, kind)
    line = ego.once(("registered", kind), lambda: registrations(ego, group))
    return group, line, ego.once(("labels", kind, history), lambda: Standing.of(ego, group, history))


def registrations(ego: EgoLog, group: Codes) -> Timeline:
    """Return when accounts were registered in each group, and after all groups an empty one."""
    registered_at = ego.facts.registered_at
    dated = np.flatnonzero((group >= 0) & (registered_at != NAT))
    n_keys = int(group.max(initial=-1)) + 2
    return Timeline.of(group[dated], registered_at[dated], np.ones(dated.size, np.int64), n_keys)


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

    def at(self, key: npt.NDArray[np.integer], as_of: Instants) -> tuple[Instants, Instants]:
        """Return how many labels of each key stand at each instant, and how many say automated."""
        begun, ended = self.begun.before(key, as_of), self.ended.before(key, as_of)
        return begun[0] - ended[0], begun[1] - ended[1]


def _count_registrations(
    ego: EgoLog, slices: Slices, group: Codes, line: Timeline, out: npt.NDArray[np.float64]
) -> None:
    n_keys = line.n_keys
    key = np.where(group[slices.account] >= 0, group[slices.account], n_keys - 1)  # the last group is empty
    born = seen_registration(ego, slices)
    has_key = (group[slices.account] >= 0) & visible(ego, slices)
    since = slices.as_of - slices.history
    for k, width in enumerate((HOUR_US, 24 * HOUR_US)):
        dated_well = has_key & (born != NAT) & (np.where(born == NAT, 0, born) - width >= since)
        upto = np.where(dated_well, born, 0)
        n = line.before(key, upto + 1)[0] - line.before(key, upto - width)[0] - 1
        out[k] = np.where(dated_well, n, np.nan)
    n = line.before(key, slices.as_of)[0] - line.before(key, since)[0]
    n -= (born != NAT) & (born >= since)
    out[2] = np.where(has_key, n, np.nan)


def _automated_share(
    ego: EgoLog, slices: Slices, group: Codes, own: Standing, labels: Standing
) -> npt.NDArray[np.float64]:
    if not labels.begun.instant.size:
        return np.full(len(slices), np.nan)
    own_n, _ = own.at(slices.account + 1, slices.as_of)
    n, hits = labels.at(group[slices.account] + 1, slices.as_of)  # 0: on no known network
    # Of an account that is labelled itself nothing is told: among the others of its network, automated ones would
    # each see one automated account less than honest ones do, and so give themselves away.
    known = visible(ego, slices) & (group[slices.account] >= 0) & (n > 0) & (own_n == 0)
    return np.where(known, (hits + 1) / (n + 2), np.nan)


FAMILY = Family("registration", FEATURES, measure)
