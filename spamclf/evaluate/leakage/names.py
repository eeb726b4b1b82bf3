"""Ids used as numbers: deal the ids out anew, put the rows into another order, and see what changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.evaluate.leakage.changed import Accounts, renamed, reordered
from spamclf.evaluate.leakage.report import Finding
from spamclf.evaluate.leakage.values import FeatureCode, Values, plain_ids
from spamclf.facts import column_of
from spamclf.ids import IdBook

__all__ = ["check_ids"]

Floats = npt.NDArray[np.float64]

_KEPT = 0.9  # rank correlation with the values as they were, above which most of a value is something else
_SHARE = 0.2  # of the known values that change with the order of rows, at least: who is first in a tie may hang on it
_SAME = 0.99  # rank correlation with a number made of the id that says where a value comes from
_FEWEST = 10
_DIGITS = r"(?P<number>[0-9]+)[^0-9]*$"


def check_ids(
    code: FeatureCode,
    dataset: Dataset,
    accounts: Accounts,
    values: Values,
    names: Sequence[str],
    end: int,
    rng: np.random.Generator,
) -> list[Finding]:
    """Compute everything with other ids and with other rows first: what an account did is the same."""
    before = values.of(accounts.ids, names)
    other, new_names = renamed(dataset, rng)
    called = code(other, end).of(new_names(accounts.ids), names)
    moved = code(reordered(dataset, rng), end).of(accounts.ids, names)
    numbers: list[tuple[str, Floats]] = []
    found = []
    for name, one, two, three in zip(names, before, called, moved, strict=True):
        n, known = _changed(one, two)
        if n:  # not even who is first in a tie may hang on an id
            numbers = numbers or list(_numbers(dataset, accounts))
            like = _like(one, numbers)
            sure = like or _remade(n, one, two)
            told = f"it changes when accounts are called otherwise and do the same{like}"
            found.append(Finding("id", "leak" if sure else "suspicion", name, n, known, told))
        n, known = _changed(one, three)
        if n >= _SHARE * known and _remade(n, one, three):
            numbers = numbers or list(_numbers(dataset, accounts))
            like = _like(one, numbers)
            told = f"it changes when the rows of the tables stand in another order{like}"
            found.append(Finding("row_order", "leak" if like else "suspicion", name, n, known, told))
    return found


def _remade(n: int, one: Floats, two: Floats) -> bool:
    """Tell whether so many values changed, and so much, that they are other values altogether."""
    return n >= _FEWEST and _rank_correlation(one, two) <= _KEPT


def _like(values: Floats, numbers: Sequence[tuple[str, Floats]]) -> str:
    """Say which number made of ids or rows ranks the accounts as the values do."""
    for what, number in numbers:
        if abs(_rank_correlation(values, number)) >= _SAME:
            return f"; it ranks accounts like {what}"
    return ""


def _changed(one: Floats, two: Floats) -> tuple[int, int]:
    """Count the values that changed by more than rounding, and those that were known."""
    known = ~(np.isnan(one) & np.isnan(two))
    finite = one[np.isfinite(one)]
    spread = float(np.ptp(finite)) if finite.size else 0.0
    with np.errstate(invalid="ignore"):  # of two infinities
        near = (one == two) | (np.abs(one - two) <= 1e-9 * spread + 1e-12 * np.abs(one))
    return int((known & ~near).sum()), int(known.sum())


def _rank_correlation(one: Floats, two: Floats) -> float:
    """Return Spearman's coefficient over what is known in both; 0 where nothing varies."""
    from scipy.stats import rankdata

    both = ~(np.isnan(one) | np.isnan(two))
    if both.sum() < _FEWEST:
        return 0.0
    ranks = np.stack([rankdata(one[both]), rankdata(two[both])])
    if (np.ptp(ranks, axis=1) == 0).any():
        return 0.0
    return float(np.corrcoef(ranks)[0, 1])


def _numbers(dataset: Dataset, accounts: Accounts) -> Iterator[tuple[str, Floats]]:
    """Give the numbers that are easily made of ids and of the order of rows."""
    number = _as_numbers(accounts.ids)
    if not np.isnan(number).all():
        yield "the number in their ids", number
    rank = np.empty(len(accounts))
    rank[np.asarray(pc.sort_indices(accounts.ids))] = np.arange(len(accounts))
    yield "the alphabetical order of their ids", rank
    position = np.arange(len(accounts), dtype=np.float64)
    position[dataset.accounts.num_rows :] = np.nan
    yield "the rows of the accounts table", position
    for columns in (("sender_id",), ("recipient_id",), ("sender_id", "recipient_id")):
        both = [plain_ids(column_of(dataset.messages, each), dataset) for each in columns]
        first = pc.unique(pa.concat_arrays(both)) if len(dataset.messages) else IdBook(both[0]).ids
        place = np.asarray(pc.index_in(accounts.ids, value_set=first).fill_null(-1), np.float64)
        yield "their first rows among the messages", np.where(place < 0, np.nan, place)


def _as_numbers(ids: pa.Array) -> Floats:
    """Return the last number in each id, NaN where there is none."""
    if pa.types.is_integer(ids.type):
        return np.asarray(ids, np.float64)
    found = pc.struct_field(pc.extract_regex(ids, _DIGITS), "number")
    return np.array(found.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
