"""Scores and features of accounts whose tables are Spark's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from spamclf.features.extract import resolve_features
from spamclf.instants import check_history
from spamclf.model import Model
from spamclf.schema import TABLES
from spamclf.scoring import as_model, check_reasons
from spamclf.spark.asked import files_of, given, id_type, plan_of, stated_schemes
from spamclf.spark.parcels import DDL, Parcel, opened, sent
from spamclf.spark.places import numbers_of
from spamclf.spark.plan import Plan
from spamclf.spark.stages import LAST, keep_logs, meet, route_rows
from spamclf.spark.ties import tied_parcels

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["features", "score"]

Stage = Callable[[Plan, int, dict[str, pa.Table]], Iterator[Parcel]]

_SCORES = (
    "account_id {id}, as_of timestamp, score double, verdict string, threshold double, reasons array<struct<feature: "
    "string, value: double, contribution: double, sentence: string>>, n_messages bigint, model string, score_id string"
)


def score(
    session: SparkSession,
    *,
    messages: DataFrame,
    accounts: DataFrame,
    reports: DataFrame | None = None,
    labels: DataFrame | None = None,
    photos: DataFrame | None = None,
    texts: DataFrame | None = None,
    evidence: DataFrame | None = None,
    model: Model | str | os.PathLike[str] | None = None,
    as_of: Any = None,
    n_reasons: int = 5,
    reasons_for: str = "flagged",
    n_partitions: int | None = None,
    time_zone: str | None = None,
    time_unit: str | None = None,
    schemes: Mapping[str, Mapping[str, Any]] | None = None,
) -> DataFrame:
    """Score every account at an instant, on a cluster: the rows of `spamclf.predict.score`, bit for bit.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
        Its executors need spamclf installed for the Python that they run, which is ``python3`` unless the environment
        variable ``PYSPARK_PYTHON`` names another.
    messages, accounts : pyspark.sql.DataFrame
        Columns as in `spamclf.schema.TABLES`; others are ignored. Nothing of them comes to the driver.
    reports, labels, photos, texts, evidence : pyspark.sql.DataFrame, optional
        The other tables. Photo files are not looked at, only ready-made hashes. Which accounts have to do with each
        other by photos and texts is looked for at once, in some jobs; each such component is compared in one task.
    model : Model or path, optional
        By default the model that comes with spamclf. It travels to the executors and is audited there.
    as_of : str, datetime or int (microseconds since the epoch), optional
        Rows at or after this instant are unseen. By default just after the last row of messages, reports, photos,
        texts and registrations, which is looked for at once.
    n_reasons : int, default=5
    reasons_for : {"flagged", "all"}, default="flagged"
        As of `predict.score`.
    n_partitions : int, optional
        Into how many shards the accounts part; the session's shuffle partitions by default. Of each shard all logs of
        the look-back are in memory at once: two million messages per shard take about 0.5 GB. The scores do not
        depend on it.
    time_zone, time_unit, schemes
        As of `Dataset`.

    Returns
    -------
    scores : pyspark.sql.DataFrame
        The columns of `predict.score`, in no order. Each action on it computes it anew: write it, or cache it. For CSV,
        drop the column of reasons.

    Raises
    ------
    ParameterError
        For an argument out of its range.
    SchemaError
        For a column that is missing or of another type.
    InsufficientDataError
        If no instant is given and no row has a time.
    ModelFileError
        As of `predict.score`.
    BadRowsError
        On the executors, and so when the rows are asked for (those of photos and texts at once): rows that break the
        contract are not set aside as `Dataset` does, for how many there are is known at the end only. Take them out
        first; the error names filters that do.

    Notes
    -----
    Spark weighs a batch anew for every row that it hands to Python, unless the session's
    ``spark.sql.execution.arrow.maxBytesPerBatch`` is 2147483647 when the rows are asked for. The batches stay small by
    their number of rows; ten million messages then take a sixth less.

    Examples
    --------
    >>> scores = score(session, messages=messages, accounts=accounts)  # doctest: +SKIP
    >>> scores.write.parquet("scores")  # doctest: +SKIP
    """
    tables = given(messages, accounts, reports, labels, photos, texts, evidence)
    check_reasons("spark.score", n_reasons, reasons_for)
    model = as_model(model)
    names, files = files_of(model)
    settings = {"n_reasons": n_reasons, "reasons_for": reasons_for, "files": files}
    plan = plan_of(session, tables, "spark.score", names, as_of, model.history_days, n_partitions,
                 (time_zone, time_unit), settings | stated_schemes(schemes))  # fmt: skip
    return _computed(session, plan, tables, _SCORES.format(id=id_type(plan)))


def features(
    session: SparkSession,
    *,
    messages: DataFrame,
    accounts: DataFrame,
    reports: DataFrame | None = None,
    labels: DataFrame | None = None,
    photos: DataFrame | None = None,
    texts: DataFrame | None = None,
    evidence: DataFrame | None = None,
    names: Sequence[str] | None = None,
    as_of: Any = None,
    history_days: float = 30.0,
    n_partitions: int | None = None,
    time_zone: str | None = None,
    time_unit: str | None = None,
    schemes: Mapping[str, Mapping[str, Any]] | None = None,
) -> DataFrame:
    """Compute features of every account at an instant, on a cluster: the values of `spamclf.extract`, bit for bit.

    Parameters
    ----------
    session, messages, accounts, reports, labels, photos, texts, evidence
        As of `score`.
    names : sequence of str, optional
        Names of features or of whole families; by default the whole catalogue.
    history_days : float, default=30
        Look-back in days, above 0.
    as_of, n_partitions, time_zone, time_unit, schemes
        As of `score`.

    Returns
    -------
    table : pyspark.sql.DataFrame
        ``account_id``, ``as_of`` and one column per feature, null where it cannot be known.

    Raises
    ------
    ParameterError, SchemaError, InsufficientDataError, BadRowsError
        As of `score`.

    Examples
    --------
    >>> features(session, messages=messages, accounts=accounts, names=["fan_out"])  # doctest: +SKIP
    """
    tables = given(messages, accounts, reports, labels, photos, texts, evidence)
    chosen = resolve_features(names, where="spark.features")
    check_history(history_days, "spark.features")
    plan = plan_of(session, tables, "spark.features", chosen, as_of, history_days, n_partitions,
                 (time_zone, time_unit), stated_schemes(schemes))  # fmt: skip
    values = ", ".join(f"{name} double" for name in chosen)
    return _computed(session, plan, tables, f"account_id {id_type(plan)}, as_of timestamp, {values}")


def _computed(session: SparkSession, plan: Plan, tables: dict[str, DataFrame], result: str) -> DataFrame:
    """Chain the stages: rows to logs, what these tell to where it meets, and both back to the accounts.

    A log stays where it was made: what is told goes past it.
    """
    parcels: DataFrame | None = None
    for name, table in tables.items():
        here = [each.name for each in TABLES[name].columns if each.name in table.columns]
        rows = table.select(*here).mapInArrow(partial(route_rows, plan, name), DDL)
        parcels = rows if parcels is None else parcels.union(rows)
    assert parcels is not None
    tied = tied_parcels(session, plan, tables)
    parcels = parcels if tied is None else parcels.union(tied)
    logs = _at_shards(plan, _at_shards(plan, parcels).mapInArrow(partial(_stage, keep_logs, plan), DDL))
    asked = _emptied(logs, "^(?!log[.])")
    met = _at_shards(plan, asked.mapInArrow(partial(_stage, meet, plan), DDL))
    own = _emptied(logs, "^(log|own)[.]")
    both = own.groupBy("place").cogroup(met.groupBy("place"))
    large = session.conf.get("spark.sql.execution.arrow.useLargeVarTypes", "false") == "true"
    return both.applyInArrow(partial(_answers, plan, large), result)


def _at_shards(plan: Plan, parcels: DataFrame) -> DataFrame:
    """Put each shard into a task of its own; by a mere hash some tasks would get several, and others none."""
    from pyspark.sql import functions as sql

    numbers = ", ".join(f"{each}L" for each in numbers_of(plan.n_shards))
    place = sql.expr(f"array({numbers})[cast(to as int)]").alias("place")
    return parcels.select("to", "kind", "part", "data", place).repartition(plan.n_shards, "place")


def _emptied(parcels: DataFrame, kinds: str) -> DataFrame:
    """Keep the data of some kinds. A filter would move ahead of the exchange, and make two of the one."""
    from pyspark.sql import functions as sql

    data = sql.when(sql.col("kind").rlike(kinds), sql.col("data")).alias("data")
    return parcels.select("to", "kind", "part", data, "place")


def _stage(stage: Stage, plan: Plan, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for shard, tables in opened(batches).items():
        yield from sent(stage(plan, shard, tables))


def _answers(plan: Plan, large: bool, _: tuple[pa.Scalar, ...], own: pa.Table, met: pa.Table) -> pa.Table:
    """Answer for one shard; with the types that the session wants, for here Spark does not cast."""
    parts = opened(own.to_batches() + met.to_batches())
    found = [batch for shard, tables in parts.items() for batch in LAST(plan, shard, tables)]
    if not found:
        return pa.table({})
    table = pa.Table.from_batches(found)
    return (
        table.cast(pa.schema([(each.name, _large(each.type)) for each in table.schema])) if large else table
    )


def _large(kind: pa.DataType) -> pa.DataType:
    """Return a type with large strings instead of strings, inside of lists and structs as well."""
    if pa.types.is_string(kind):
        return pa.large_string()
    if pa.types.is_list(kind):
        return pa.list_(_large(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(each.name, _large(each.type)) for each in kind])
    return kind
