"""Family `registration`: who else was registered on the same network or device, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spamclf import kernels
from spamclf.ego import NAT, EgoLog, Instants, Slices
from spamclf.features.account import seen_registration, visible
from spamclf.features.feature import Family, Feature, Work
from spamclf.ids import Codes

HOUR_US = 3_600_000_000
_PRIOR = 2.0  # labelled accounts that the general share counts as, beside those of the network itself


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
        ),
        Feature(
            f"registration_{where}_24h", "count", 1,
            f"the same in the 24 hours up to its own registration, both ends included; {early}",
            f"{{value}} other accounts were registered on its {where} in the day before", needs, "0", source,
        ),
        Feature(
            f"registration_{where}_history", "count", 1,
            f"other accounts registered on the same {where} in the history; null when the {where} is unknown",
            f"{{value}} other accounts were registered on its {where} lately", needs, "0", source,
        ),
    )  # fmt: skip


def _share(where: str) -> Feature:
    return Feature(
        f"registration_{where}_automated_share", "share", 1,
        f"(automated + {_PRIOR:g} p) / (labelled + {_PRIOR:g}) among the other accounts of the {where} by the latest "
        "label of the history (of two at once the milder; only of accounts whose row is seen), p the same share, "
        "(automated + 1) / (labelled + 2), over all other accounts; null when the "
        f"{where} is unknown or nobody else is labelled yet",
        f"of the other accounts on its {where}, about {{value}} are automated by the labels so far",
        (f"accounts.{where}", "labels.is_automated"), "0", "Xiao et al. 2015",
    )  # fmt: skip


FEATURES = (
    Feature(
        "registration_foreign_network", "flag", 1, "country differs from network_country; null when one is unknown",
        "was {value}registered from a network of another country than its number's",
        ("accounts.country", "accounts.network_country"), "0",
    ),
    *_counts("network"),
    *_counts("device"),
    _share("network"),
    _share("device"),
)  # fmt: skip


@dataclass(frozen=True)
class _Timeline:
    """Instants grouped by key, ascending in each group: counts up to any instant by binary search."""

    offsets: Instants
    instant: Instants
    weight_before: Instants  # running sum of weights, one longer than `instant`

    @classmethod
    def of(cls, key: npt.NDArray[np.integer], instant: Instants, weight: Instants, n_keys: int) -> _Timeline:
        order = np.lexsort((instant, key))
        offsets = np.zeros(n_keys + 1, np.int64)
        np.cumsum(np.bincount(key, minlength=n_keys), out=offsets[1:])
        weights = np.concatenate([[0], np.cumsum(weight[order])]).astype(np.int64)
        return cls(offsets, np.ascontiguousarray(instant[order]), weights)

    def before(self, key: npt.NDArray[np.integer], instant: Instants) -> tuple[Instants, Instants]:
        """Return the number and the weight of a key's instants before each `instant`."""
        place = np.empty(key.size, np.int64)
        kernels.ego.first_at(
            self.instant,
            self.offsets,
            np.ascontiguousarray(key, np.int64),
            np.ascontiguousarray(instant),
            place,
        )
        start = self.offsets[key]
        return place - start, self.weight_before[place] - self.weight_before[start]


def measure(ego: EgoLog, slices: Slices, out: npt.NDArray[np.float64]) -> Work:
    """Fill `out` for these slices; all of it is binary search, so no work is left for threads."""
    facts = ego.facts
    seen = visible(ego, slices)
    country, network_country = facts.country[slices.account], facts.network_country[slices.account]
    known = seen & (country >= 0) & (network_country >= 0)
    out[0] = np.where(known, country != network_country, np.nan)
    standing = _label_spans(ego, slices.history)
    for k, group in enumerate((facts.network, facts.device)):
        _count_registrations(ego, slices, group, out[1 + 3 * k : 4 + 3 * k])
        out[7 + k] = _automated_share(ego, slices, group, standing)
    return lambda low, high: None


def _count_registrations(ego: EgoLog, slices: Slices, group: Codes, out: npt.NDArray[np.float64]) -> None:
    registered_at = ego.facts.registered_at
    dated = np.flatnonzero((group >= 0) & (registered_at != NAT))
    n_keys = int(group.max(initial=-1)) + 2
    line = _Timeline.of(group[dated], registered_at[dated], np.ones(dated.size, np.int64), n_keys)
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


def _label_spans(ego: EgoLog, history: int) -> tuple[Codes, Instants, Instants, Instants]:
    """Return (account, first, last, is automated): a label stands at every `as_of` in ``(first, last]``.

    It begins with the label (and not before the account's own row), and ends when the history passes it or a
    later label replaces it. Of labels of one instant the milder one stands.
    """
    account, labelled_at, is_automated = ego.labels
    order = np.lexsort(
        (~is_automated, labelled_at, account)
    )  # among equals the last one stands: not automated
    account, first, value = account[order], labelled_at[order], is_automated[order]
    last = first + history
    if account.size:
        replaced = np.append(account[1:] == account[:-1], False)
        last = np.where(replaced, np.minimum(last, np.append(first[1:], 0)), last)
    scored = account < ego.facts.registered_at.size
    account, first, last, value = account[scored], first[scored], last[scored], value[scored]
    first = np.maximum(first, ego.facts.registered_at[account])
    real = (first < last) & ~np.isnan(ego.facts.filled[account])
    return account[real], first[real], last[real], value[real].astype(np.int64)


def _automated_share(
    ego: EgoLog, slices: Slices, group: Codes, standing: tuple[Codes, Instants, Instants, Instants]
) -> npt.NDArray[np.float64]:
    account, first, last, value = standing

    def standing_at(
        key: npt.NDArray[np.integer], asked: npt.NDArray[np.integer]
    ) -> tuple[Instants, Instants]:
        """Return how many labels of the keys `asked` stand at each slice's instant, and how many say automated."""
        n_keys = int(max(key.max(initial=0), asked.max(initial=0))) + 1
        begun = _Timeline.of(key, first, value, n_keys).before(asked, slices.as_of)
        ended = _Timeline.of(key, last, value, n_keys).before(asked, slices.as_of)
        return begun[0] - ended[0], begun[1] - ended[1]

    own_n, own_hits = standing_at(account, slices.account)
    all_n, all_hits = standing_at(np.zeros_like(account), np.zeros_like(slices.account))
    key = group[account] + 1  # 0: on no known network
    asked = group[slices.account] + 1
    n, hits = standing_at(key, asked)
    general = (all_hits - own_hits + 1) / (all_n - own_n + 2)
    share = (hits - own_hits + _PRIOR * general) / (n - own_n + _PRIOR)
    known = visible(ego, slices) & (asked > 0) & (all_n > own_n)
    return np.where(known, share, np.nan)


FAMILY = Family("registration", FEATURES, measure)
