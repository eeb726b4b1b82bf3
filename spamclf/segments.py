"""Segments of accounts that a certificate bounds one by one: new, established, business, each country."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.ego import EgoLog, Slices
from spamclf.facts import NAT, column_of
from spamclf.instants import DAY_US

__all__ = ["NEW_DAYS", "segments_of"]

#: An account is new for so many days after its registration, and established from then on.
NEW_DAYS = 7
_COUNTRY = "country="
_LONGEST = 20


def segments_of(
    ego: EgoLog, slices: Slices, names: Iterable[str] | None = None
) -> dict[str, npt.NDArray[np.bool_]]:
    """Tell which slices are in which segment; one may be in several, or in none.

    Parameters
    ----------
    ego : EgoLog
    slices : Slices
    names : iterable of str, optional
        Which segments; by default all that any slice is in. One that nobody can be in is false everywhere.

    Returns
    -------
    segments : dict of str to ndarray of shape (n_slices,), dtype bool
        ``new`` and ``established`` (by the time since registration, where that is known), ``business``, and
        ``country=`` with the country at registration.

    Examples
    --------
    >>> from spamclf import Dataset
    >>> accounts = {"account_id": ["a", "b"], "registered_at": [0, 8 * 86_400], "country": ["DE", None]}
    >>> messages = {"sender_id": [], "recipient_id": [], "sent_at": []}
    >>> ego = EgoLog.build(Dataset(accounts=accounts, messages=messages, time_unit="s"))
    >>> segments_of(ego, ego.slices([0, 1], 9 * 86_400 * 1_000_000, history_days=30))
    {'new': array([False,  True]), 'established': array([ True, False]), 'country=DE': array([ True, False])}
    """
    wanted = None if names is None else list(names)
    registered_at = ego.facts.registered_at[slices.account]
    known = registered_at != NAT
    is_new = slices.as_of - registered_at < NEW_DAYS * DAY_US
    found = {
        "new": known & is_new,
        "established": known & ~is_new,
        "business": ego.facts.is_business[slices.account] == 1,
    }
    place, countries = _countries(ego)
    for code, country in enumerate(countries):
        name = f"{_COUNTRY}{country}"
        if wanted is None or name in wanted:
            found[name] = place[slices.account] == code
    if wanted is None:
        return {name: mask for name, mask in found.items() if mask.any()}
    nobody = np.zeros(len(slices), np.bool_)
    return {name: found.get(name, nobody) for name in wanted}


def _countries(ego: EgoLog) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Return which country each scored account is of, -1 for an unknown one, and their names in order."""
    accounts = ego.dataset.accounts
    place = np.full(ego.n_accounts, -1, np.int32)
    if "country" not in accounts.column_names:
        return place, []
    told = column_of(accounts, "country").cast(pa.string())
    every = sorted(pc.unique(told.drop_null()).to_pylist())
    # The names go into the model's certificate: whatever else stands in the column stays out of it.
    names = pa.array(
        [name for name in every if name.isprintable() and 1 <= len(name) <= _LONGEST], pa.string()
    )
    place[: len(told)] = pc.index_in(told, value_set=names).fill_null(-1)
    return place, names.to_pylist()
