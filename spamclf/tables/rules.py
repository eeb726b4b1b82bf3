"""Rules that look at more than one value: pairs that must differ, keys, and accounts that must be known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spamclf.schema import Table
from spamclf.tables.arrays import one_chunk

__all__ = ["Columns", "duplicates", "same_account", "unknown"]

Columns = dict[str, pa.Array]


def same_account(spec: Table, columns: Columns) -> NDArray[np.int64]:
    """Find rows whose two accounts are one and the same; a message to a group is another matter."""
    one, other = (columns[name] for name in spec.distinct)
    if pa.types.is_dictionary(one.type):
        # Two dictionaries: say each word of the first in the codes of the second, then compare codes.
        place = pc.index_in(one.dictionary, value_set=other.dictionary)
        one, other = place.take(one.indices), other.indices
    same = pc.equal(one, other)
    if not pc.any(same).as_py():
        return np.zeros(0, dtype=np.int64)
    found = np.flatnonzero(pc.fill_null(same, False).to_numpy(zero_copy_only=False))
    if "is_group" in columns:
        grouped = columns["is_group"].take(pa.array(found))
        found = found[~pc.fill_null(grouped, False).to_numpy(zero_copy_only=False)]
    return found.astype(np.int64)


def duplicates(spec: Table, columns: Columns) -> NDArray[np.int64]:
    """Find all but one row of each key; which one stays does not depend on the order of the rows."""
    (key,) = spec.key
    ids = columns[key]
    codes = ids.indices if pa.types.is_dictionary(ids.type) else ids
    numbers = codes.to_numpy()
    if len(numbers) < 2 or (numbers[1:] > numbers[:-1]).all():
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(numbers, kind="stable")
    again = np.zeros(len(numbers), dtype=bool)
    again[1:] = numbers[order][1:] == numbers[order][:-1]
    if not again.any():
        return np.zeros(0, dtype=np.int64)
    doubled = np.flatnonzero(np.isin(numbers, numbers[order][again])).astype(np.int64)
    # An unknown age, then the earliest registration, then the least row stays: the choice that claims least.
    rest = [name for name in columns if name not in (key, spec.time)]
    rows = {"key": pa.array(numbers[doubled])}
    for name in (spec.time, *rest):
        values = columns[name].take(pa.array(doubled))
        rows[f"{name} is known"] = values.is_valid()  # nulls first, in every version of Arrow
        rows[name] = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    sorting = pa.table(rows).append_column("row", pa.array(doubled))
    ranked = pc.sort_indices(
        sorting, sort_keys=[(name, "ascending") for name in sorting.column_names]
    ).to_numpy()
    ranked_keys = numbers[doubled][ranked]
    first = np.ones(len(ranked), dtype=bool)
    first[1:] = ranked_keys[1:] != ranked_keys[:-1]
    return np.sort(doubled[ranked[~first]])


def unknown(ids: pa.Array, tables: dict[str, pa.Table]) -> NDArray[np.int64]:
    """Find rows whose account is neither in accounts nor a sender in messages."""
    coded = pa.types.is_dictionary(ids.type)
    distinct = ids.dictionary if coded else pc.unique(ids)
    missing = distinct
    for table, column in (("accounts", "account_id"), ("messages", "sender_id")):
        if not len(missing):
            break
        others = one_chunk(tables[table][column])
        words = others.dictionary if coded else others
        # Search the few that are missing among the many, not the other way round: the hash table stays small.
        seen = words.filter(pc.is_in(words, value_set=missing))
        missing = missing.filter(pc.invert(pc.is_in(missing, value_set=seen)))
    if not len(missing):
        return np.zeros(0, dtype=np.int64)
    lost = (
        pc.is_in(distinct, value_set=missing).take(ids.indices) if coded else pc.is_in(ids, value_set=missing)
    )
    return np.flatnonzero(lost.to_numpy(zero_copy_only=False)).astype(np.int64)
