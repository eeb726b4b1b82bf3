"""What a sound memory of campaigns is. Every one that comes from a file passes here before anybody uses it.

The kernels check no index, and what is looked up by bisection must be sorted: so the rules below are the safety of
the process, and equality by bytes is what makes "any order of adding gives the same index" worth saying.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.campaigns.schemes import MinHashScheme
from spamclf.campaigns.sightings import WIDTHS, Kind, Words
from spamclf.errors import ParameterError, SchemaError
from spamclf.instants import LAST_US
from spamclf.sealed import Array, Part
from spamclf.tables.schemes import PHOTO_SCHEMES, told

__all__ = ["MAX_BYTES", "PART", "check_memory", "check_schemes"]

MAX_BYTES = 4 << 30  # 8 million different texts
_MAX_ROWS = 2**31 - 1
_STEP = 1 << 20  # numbers that are compared at once


def _arrays() -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    for kind, (width, dtype) in WIDTHS.items():
        rows = (f"n_{kind}_sightings",)
        arrays |= {f"{kind}_account": Array("uint64", rows), f"{kind}_instant": Array("int64", rows)}
        arrays[f"{kind}_group"] = Array("int32", rows)
        arrays[f"{kind}_words"] = Array(np.dtype(dtype).name, (f"n_{kind}_fingerprints", width))
    arrays |= {"label_account": Array("uint64", ("n_labels",)), "labelled_at": Array("int64", ("n_labels",))}
    arrays["is_automated"] = Array("uint8", ("n_labels",))
    arrays |= {name: Array("uint64", ("n_evidence",)) for name in ("evidence_account", "operator")}
    return arrays | {"observed_at": Array("int64", ("n_evidence",))}


#: The arrays of a memory, as a sealed folder keeps them.
PART = Part(
    stem="campaigns",
    sizes={str(array.shape[0]): (0, _MAX_ROWS) for array in _arrays().values()},
    arrays=_arrays(),
    max_bytes=MAX_BYTES,
)


def check_memory(arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Audit the arrays of a memory and what their numbers mean.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        As of `PART`.

    Raises
    ------
    ParameterError
        If anything is out of order: a dtype or shape, rows or fingerprints that are not sorted or not distinct, a group
        that no fingerprint has or a fingerprint that no row has, an instant before 1970 or after 9999, a verdict other
        than 0 and 1.
    """
    sizes: dict[str, int] = {}
    for name, spec in PART.arrays.items():
        array = arrays[name]
        sizes.setdefault(str(spec.shape[0]), len(array) if array.ndim else 0)
        if array.dtype != np.dtype(spec.dtype) or array.shape != spec.sized(sizes):
            got = f"{array.dtype} of shape {array.shape}"
            raise _refuse(name, f"{spec.dtype} of shape {spec.sized(sizes)}", got)
    for name in ("photo_instant", "text_instant", "list_instant", "labelled_at", "observed_at"):
        if arrays[name].size and not (arrays[name].min() >= 0 and arrays[name].max() <= LAST_US):
            raise _refuse(name, f"between 1970 and 9999 (microseconds, 0 to {LAST_US})", _span(arrays[name]))
    for kind in WIDTHS:
        _check_sightings(
            kind, *(arrays[f"{kind}_{name}"] for name in ("account", "instant", "group", "words"))
        )
    if (arrays["is_automated"] > 1).any():
        raise _refuse("is_automated", "0 or 1", str(arrays["is_automated"].max()))
    if not _rising_rows(arrays["labelled_at"], arrays["label_account"]):
        raise _refuse("the labels", "distinct and sorted by instant and account", _OTHERS)
    if not _rising_rows(arrays["observed_at"], arrays["evidence_account"], arrays["operator"]):
        raise _refuse("the evidence", "distinct and sorted by instant, account and operator", _OTHERS)


def _check_sightings(
    kind: Kind,
    account: npt.NDArray[np.uint64],
    instant: npt.NDArray[np.int64],
    group: npt.NDArray[np.int32],
    words: Words,
) -> None:
    if group.size and not (group.min() >= 0 and group.max() < len(words)):
        raise _refuse(f"{kind}_group", f"a row of {kind}_words (0 to {len(words) - 1})", _span(group))
    used = np.zeros(len(words), np.bool_)
    used[group] = True
    if not used.all():
        raise _refuse(f"{kind}_words", "shown by some account each", f"{(~used).sum():,} that are not")
    if not _rising(words):
        raise _refuse(f"{kind}_words", "distinct and in lexicographic order", _OTHERS)
    if not _rising_rows(instant, account, group):
        raise _refuse(f"the {kind} sightings", "distinct and sorted by instant, account and group", _OTHERS)


def check_schemes(schemes: Any, n_sightings: Mapping[Kind, int]) -> None:
    """Audit the schemes of a memory: one for each kind that has sightings, and no other.

    Raises
    ------
    ParameterError
        If one is missing, superfluous or unknown.
    """
    wanted = {kind for kind, n in n_sightings.items() if n}
    if not isinstance(schemes, dict) or schemes.keys() != wanted:
        got = (
            ", ".join(sorted(map(str, schemes)))[:60] if isinstance(schemes, dict) else type(schemes).__name__
        )
        rule = f"given for the kinds that were seen ({', '.join(sorted(wanted)) or 'none'})"
        raise _refuse("schemes", rule, got or "none")
    for kind in wanted:
        if not isinstance(schemes[kind], str) or not _is_known(kind, schemes[kind]):
            rule = "a known one, such as 'pdq' or 'affine32 xxh32 seed=1 ...'"
            raise _refuse(f"schemes.{kind}", rule, told(schemes[kind]))


def _is_known(kind: Kind, text: str) -> bool:
    """Tell whether fingerprints of this scheme can be compared with any other."""
    if kind == "photo":
        return text in PHOTO_SCHEMES
    try:
        scheme = MinHashScheme.parse(text)
    except (SchemaError, ParameterError):
        return False
    fits = scheme.n_perm == WIDTHS[kind][0] and (scheme.shingles == "recipients") == (kind == "list")
    return fits and str(scheme) == text  # one scheme has one spelling


#: What is out of order has no value to be told.
_OTHERS = "rows that are not"


def _span(array: npt.NDArray[np.integer]) -> str:
    return f"{array.min()} to {array.max()}"


def _refuse(name: str, rule: str, got: str) -> ParameterError:
    return ParameterError(
        f"campaigns: {name} must be {rule}; got {got}. Build the index again from the datasets."
    )


def _rising(words: Words) -> bool:
    """Tell whether each row is above the one before it, in lexicographic order; piece by piece, for memory's sake."""
    step = max(_STEP // words.shape[1], 1)
    for begin in range(0, len(words) - 1, step):
        low, high = words[begin : begin + step], words[begin + 1 : begin + step + 1]
        low = low[: len(high)]
        rows = np.arange(len(high))
        first = (low != high).argmax(axis=1)  # 0 where equal, and then not above either
        if not (high[rows, first] > low[rows, first]).all():
            return False
    return True


def _rising_rows(*columns: npt.NDArray[Any]) -> bool:
    """Tell the same of rows in columns."""
    n = columns[0].size
    for begin in range(0, n - 1, _STEP):
        above = np.zeros(min(_STEP, n - 1 - begin), np.bool_)
        for column in reversed(columns):
            low, high = column[begin : begin + above.size], column[begin + 1 : begin + above.size + 1]
            above = (high > low) | ((high == low) & above)
        if not above.all():
            return False
    return True
