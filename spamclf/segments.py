"""Segments of accounts that a certificate bounds one by one: new, established, business, each country."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from spamclf.ego import EgoLog, Slices
from spamclf.features.account import seen_registration, visible
from spamclf.instants import DAY_US
from spamclf.model.score_lists import COUNTRY, LEAST_OF_COUNTRY, LEAST_SCORES, OTHER_COUNTRIES, is_country

__all__ = ["KINDS", "NEW_DAYS", "hide_few", "segment_names", "segments_of"]

Bools = npt.NDArray[np.bool_]

#: An account is new for so many days after its registration, and established from then on.
NEW_DAYS = 7
#: The segments that are no countries.
KINDS = ("new", "established", "business")
_CODE = re.compile("[A-Z]{2,3}")  # as of ISO 3166; whatever else stands in the column names nobody's segment
_UNKNOWN, _UNCODED = -1, -2


def segment_names(ego: EgoLog, slices: Slices) -> tuple[str, ...]:
    """Name the segments that accounts can be told apart by.

    Parameters
    ----------
    ego : EgoLog
    slices : Slices
        The accounts as they are looked at.

    Returns
    -------
    names : tuple of str
        ``new``, ``established``, ``business``; ``country=`` with each code (two or three capital letters) that at least
        `LEAST_OF_COUNTRY` of the accounts have; and ``other countries``, where some have another. These are as many,
        too: the rarest country joins them until they are.

    Examples
    --------
    >>> from spamclf import Dataset
    >>> accounts = {"account_id": range(350), "country": ["DE"] * 120 + ["BR"] * 150 + ["FR"] * 79 + ["+49 170 1"]}
    >>> messages = {"sender_id": [], "recipient_id": [], "sent_at": []}
    >>> ego = EgoLog.build(Dataset(accounts=accounts, messages=messages, time_unit="s"))
    >>> segment_names(ego, ego.slices(range(350), 9, history_days=30))
    ('new', 'established', 'business', 'country=BR', 'other countries')
    """
    place, codes = _countries(ego)
    own = place[np.unique(slices.account[visible(ego, slices)])]
    counts = np.bincount(own[own >= 0], minlength=len(codes)).tolist()
    alone, n_others = [], int((own == _UNCODED).sum())
    for n_accounts, code in sorted(zip(counts, codes, strict=True)):
        if n_accounts < LEAST_OF_COUNTRY or 0 < n_others < LEAST_OF_COUNTRY:
            n_others += n_accounts
        else:
            alone.append(f"{COUNTRY}{code}")
    return (*KINDS, *sorted(alone), *([OTHER_COUNTRIES] if n_others else []))


def segments_of(ego: EgoLog, slices: Slices, names: Collection[str]) -> dict[str, Bools]:
    """Tell which slices are in which segment; one may be in several, or in none.

    What an account says of itself counts from its registration on, or always where that is unknown.

    Parameters
    ----------
    ego : EgoLog
    slices : Slices
    names : collection of str
        Which segments. One that nobody can be in is false everywhere.

    Returns
    -------
    segments : dict of str to ndarray of shape (n_slices,), dtype bool
        ``new`` and ``established`` (by the time since registration, where that is known), ``business``, ``country=``
        with a code, and ``other countries``: those that are not among `names`.

    Examples
    --------
    >>> from spamclf import Dataset
    >>> accounts = {"account_id": ["a", "b"], "registered_at": [0, 8 * 86_400], "country": ["DE", "FR"]}
    >>> messages = {"sender_id": [], "recipient_id": [], "sent_at": []}
    >>> ego = EgoLog.build(Dataset(accounts=accounts, messages=messages, time_unit="s"))
    >>> slices = ego.slices([0, 1], 9 * 86_400 * 1_000_000, history_days=30)
    >>> segments_of(ego, slices, ["new", "country=DE", "other countries"])
    {'new': array([False,  True]), 'country=DE': array([ True, False]), 'other countries': array([False,  True])}
    """
    nobody = np.zeros(len(slices), np.bool_)
    seen, born = visible(ego, slices), seen_registration(ego, slices)
    age, known = slices.as_of - born, born > np.iinfo(np.int64).min
    found = {
        "new": known & (age < NEW_DAYS * DAY_US),
        "established": known & (age >= NEW_DAYS * DAY_US),
        "business": seen & (ego.facts.is_business[slices.account] == 1),
    }
    if any(is_country(name) or name == OTHER_COUNTRIES for name in names):
        places, codes = _places(ego.facts.country_names)
        own = np.where(seen, places[ego.facts.country[slices.account]], _UNKNOWN)
        found[OTHER_COUNTRIES] = own != _UNKNOWN
        for name in names:
            code = name.removeprefix(COUNTRY)
            if is_country(name) and code in codes:
                found[name] = own == codes.index(code)
                found[OTHER_COUNTRIES] &= ~found[name]
    return {name: found.get(name, nobody) for name in names}


def hide_few(account: npt.NDArray[np.int64], segments: Mapping[str, Bools]) -> dict[str, Bools]:
    """Empty the segments of fewer than `LEAST_SCORES` accounts.

    Parameters
    ----------
    account : ndarray of shape (n_rows,), dtype int64
        Which account each row is of.
    segments : mapping of str to ndarray of shape (n_rows,), dtype bool

    Returns
    -------
    segments : dict of str to ndarray of shape (n_rows,), dtype bool

    Examples
    --------
    >>> some = hide_few(np.arange(150), {"new": np.arange(150) < 19, "business": np.arange(150) < 20})
    >>> {name: mask.sum().item() for name, mask in some.items()}
    {'new': 0, 'business': 20}
    """
    return {
        name: mask if np.unique(account[mask]).size >= LEAST_SCORES else np.zeros_like(mask)
        for name, mask in segments.items()
    }


def _countries(ego: EgoLog) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Return the place of each scored account's country among the codes, and these in order."""
    places, codes = _places(ego.facts.country_names)
    return places[ego.facts.country], codes


@functools.lru_cache(maxsize=64)
def _places(names: tuple[str, ...]) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Return the place of each country among the codes, last that of an unknown one, and the codes in order."""
    codes = sorted(name for name in names if _CODE.fullmatch(name))
    place_of = {name: place for place, name in enumerate(codes)}
    return np.array([*(place_of.get(name, _UNCODED) for name in names), _UNKNOWN], np.int32), codes
