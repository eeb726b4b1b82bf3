"""Ids that are another one's but for spaces around them: one account that would count as two."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from spamclf.schema import TABLES
from spamclf.tables.arrays import is_text
from spamclf.wording import counted

__all__ = ["spaced_ids"]


def spaced_ids(tables: Mapping[str, pa.Table]) -> list[str]:
    """Tell of the columns of ids that hold such ones; they are used as they are.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        Checked ones, of the contract.

    Returns
    -------
    told : list of str
        A line for each such column, in the order of the contract.

    Examples
    --------
    >>> spaced_ids({"accounts": pa.table({"account_id": ["7", "7 ", "8 "]})})
    ['accounts.account_id that is another id but for spaces: 1 row of 3, used; strip ids before loading']
    """
    columns = {
        f"{name}.{column.name}": tables[name][column.name]
        for name, spec in TABLES.items()
        for column in spec.columns
        if column.type == "id" and name in tables and column.name in tables[name].column_names
    }
    words = {name: _words(column) for name, column in columns.items()}
    bare = {name: pc.utf8_trim_whitespace(each) for name, each in words.items()}
    if not any(pc.any(pc.not_equal(bare[name], words[name])).as_py() for name in words):
        return []
    every = pc.unique(pa.chunked_array([chunk for each in words.values() for chunk in each.chunks]))
    counts = pc.value_counts(pc.utf8_trim_whitespace(every))
    twice = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    told = []
    for name, mine in words.items():
        spaced = mine.filter(pc.and_(pc.not_equal(bare[name], mine), pc.is_in(bare[name], value_set=twice)))
        n = _n_rows(columns[name], spaced) if len(spaced) else 0
        if n:
            rows = f"{counted(n, 'row')} of {len(columns[name]):,}"
            told.append(f"{name} that is another id but for spaces: {rows}, used; strip ids before loading")
    return told


def _words(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the different texts of a column, and perhaps some that no row bears; none of numbers."""
    if pa.types.is_dictionary(column.type):
        texts = column.chunk(0).dictionary if column.num_chunks == 1 else column.unique().dictionary
    else:
        texts = column.unique()
    words = [texts.cast(pa.large_string())] if is_text(texts.type) else []
    return pa.chunked_array(words, pa.large_string())


def _n_rows(column: pa.ChunkedArray, wanted: pa.ChunkedArray) -> int:
    """Count the rows that hold a wanted text; coded ones are not written out."""
    n = 0
    for chunk in column.chunks:
        coded = pa.types.is_dictionary(chunk.type)
        texts = chunk.dictionary if coded else chunk
        is_wanted = pc.is_in(texts.cast(pa.large_string()), value_set=wanted)
        n += pc.sum(is_wanted.take(chunk.indices) if coded else is_wanted).as_py() or 0
    return n
