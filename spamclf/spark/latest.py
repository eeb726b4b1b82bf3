"""The instant just after the last row of some tables that are Spark's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from spamclf.errors import InsufficientDataError
from spamclf.schema import TABLES
from spamclf.tables.times import Reading, read_times

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["after_last", "latest_of"]

_TIMED = ("accounts", "messages", "photos", "texts", "reports")  # where an account shows what it does


def after_last(tables: dict[str, DataFrame], reading: Reading, where: str) -> int:
    """Return the instant just after the last row that features see.

    Raises
    ------
    InsufficientDataError
        If no row has a time.
    """
    from pyspark.sql import functions as sql

    last = []
    for name in _TIMED:
        time_of = TABLES[name].time
        if time_of is None or name not in tables or time_of not in tables[name].columns:
            continue
        column = tables[name].select(sql.col(time_of).alias("time"))
        if column.dtypes[0][1] == "timestamp":
            column = column.select(sql.unix_micros("time").alias("time"))
        else:  # a clock without a zone, or a count: read as the rows will be
            column = column.mapInArrow(partial(latest_of, reading, name), "time bigint")
        last += [row[0] for row in column.agg(sql.max("time")).collect() if row[0] is not None]
    if not last:
        raise InsufficientDataError(
            f"{where}: as_of must be given when the dataset has no row with a time; got None. Pass as_of='2026-06-01'."
        )
    return int(max(last)) + 1


def latest_of(reading: Reading, name: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the latest time of each batch, microseconds since the epoch."""
    for batch in batches:
        times, _ = read_times(pa.chunked_array([batch.column(0)]), reading, f"{name}: column 'time'")
        latest = pc.max(times.cast(pa.int64()))
        yield pa.RecordBatch.from_arrays([pa.array([latest.as_py()], pa.int64())], ["time"])
