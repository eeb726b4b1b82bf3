"""Recompute features with other rows at or after their instant: nothing may change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.evaluate.leakage.changed import Accounts, disturbed, without_future
from spamclf.evaluate.leakage.report import Finding
from spamclf.evaluate.leakage.values import FeatureCode, Values
from spamclf.facts import instants_of

__all__ = ["check_future", "check_repeatable", "differ", "inner_instants", "last_instant"]

Bools = npt.NDArray[np.bool_]


def inner_instants(dataset: Dataset, end: int, n: int) -> list[int]:
    """Return instants of messages, spread over the messages before `end`: a row at the very instant is unseen, too."""
    sent = np.sort(instants_of(dataset.messages, "sent_at"))
    sent = sent[sent < end]
    if not sent.size:
        return []
    places = np.linspace(0.3, 0.9, n) * (sent.size - 1)
    return sorted(set(sent[places.astype(np.int64)].tolist()))


def differ(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> Bools:
    """Tell where two values differ in any bit; what is unknown in both does not."""
    same: Bools = (one == other) | (np.isnan(one) & np.isnan(other))
    return ~same


def check_repeatable(
    code: FeatureCode, dataset: Dataset, accounts: Accounts, end: int
) -> tuple[Values, list[Finding]]:
    """Compute everything twice at `end`; what differs cannot be compared with anything."""
    first, again = code(dataset, end), code(dataset, end)
    changed = differ(first.of(accounts.ids, first.names), again.of(accounts.ids, first.names)).sum(axis=1)
    sentence = "its values change from one call to the next; fix its seed and its order, then audit it again"
    found = [
        Finding("unrepeatable", "suspicion", name, n, len(accounts), sentence)
        for name, n in zip(first.names, changed.tolist(), strict=True)
        if n
    ]
    return first, found


def check_future(
    code: FeatureCode,
    dataset: Dataset,
    accounts: Accounts,
    instants: Sequence[int],
    last: Values,
    names: Sequence[str],
    rng: np.random.Generator,
) -> list[Finding]:
    """Compare the values at each instant with those of the same past before another future; `last` are the latest."""
    changed = {name: np.zeros(len(accounts), np.bool_) for name in names}
    known = np.zeros(len(accounts), np.bool_)
    for as_of in instants:
        before = last if as_of == instants[-1] else code(dataset, as_of)
        now = accounts.known_from < as_of
        known |= now
        futures = (without_future(dataset, as_of), disturbed(dataset, as_of, rng))
        for values in (code(future, as_of) for future in futures):
            # A column that is there with one future only hangs on the future, too.
            fresh = set(before.names) ^ set(values.names)
            every = [*dict.fromkeys([*names, *before.names, *values.names])]
            every = [name for name in every if name in changed or name in fresh]
            rows = differ(before.of(accounts.ids, every), values.of(accounts.ids, every)) & now
            for name, row in zip(every, rows, strict=True):
                changed[name] = changed[name] | row if name in changed else row
    sentence = "it changes when only rows at or after its instant change"
    return [
        Finding("future", "leak", name, int(row.sum()), int(known.sum()), sentence)
        for name, row in changed.items()
        if row.any()
    ]


def last_instant(dataset: Dataset) -> int | None:
    """Return the latest instant of any table, labels too."""
    labelled = pc.max(dataset.labels["labelled_at"]).cast("int64").as_py()
    return max((each for each in (dataset.last_instant(), labelled) if each is not None), default=None)
