"""What a call asks of a cluster, checked on the driver: tables, their types, the instant, the model."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from spamclf.errors import ParameterError
from spamclf.instants import DAY_US, EARLY_US, check_unit, to_instant
from spamclf.model import Model
from spamclf.model.reasons import Telling
from spamclf.schema import TABLES
from spamclf.scoring import check_count
from spamclf.spark.latest import after_last
from spamclf.spark.plan import Plan
from spamclf.tables.check import Loaded, check_names, check_types
from spamclf.tables.schemes import check_schemes, check_sections
from spamclf.tables.times import Reading

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["files_of", "given", "id_type", "plan_of", "reading_of", "stated_schemes"]

_SENDS = "send_rate_sends"


def given(*data: Any) -> dict[str, DataFrame]:
    """Name the tables that are there; refuse what is not Spark's."""
    names = ("messages", "accounts", "reports", "labels", "photos", "texts", "evidence")
    tables = {name: table for name, table in zip(names, data, strict=True) if table is not None}
    for name, table in tables.items():
        if not hasattr(table, "mapInArrow"):
            raise ParameterError(
                f"spark: {name} must be a Spark DataFrame; got {type(table).__name__}. "
                "Use session.createDataFrame(...) or session.read.parquet(...); predict.score takes the others."
            )
    return tables


def plan_of(
    session: SparkSession,
    tables: dict[str, DataFrame],
    where: str,
    names: tuple[str, ...],
    as_of: Any,
    history_days: float,
    n_partitions: int | None,
    how: tuple[str | None, str | None],
    settings: dict[str, Any],
) -> Plan:
    """Return what every stage must know, the instant looked for where none is given."""
    if n_partitions is None:
        n_partitions = int(session.conf.get("spark.sql.shuffle.partitions") or 200)
    check_count(where, "n_partitions", n_partitions, least=1, usual="200")
    reading = reading_of(tables, *how)
    if as_of is None:
        instant = after_last(tables, reading, where)
    else:
        instant = to_instant(as_of, where=where)
        if instant < EARLY_US:
            check_unit(as_of, instant, after_last(tables, reading, where) - 1, where)
    history = round(history_days * DAY_US)
    return Plan(n_partitions, instant, history, tuple(tables), reading, names, **settings)


def reading_of(tables: dict[str, DataFrame], time_zone: str | None, time_unit: str | None) -> Reading:
    """Check names and types; return how values are to be read."""
    empty, whole = {}, True
    for name, table in tables.items():
        spec = TABLES[name]
        check_names(spec, table.columns, name)
        here = [column.name for column in spec.columns if column.name in table.columns]
        schema = table.select(*here).limit(0).toArrow().schema  # Spark knows by itself that there is no row
        whole &= all(
            pa.types.is_integer(schema.field(each.name).type) for each in spec.columns if each.type == "id"
        )
        empty[name] = {each.name: pa.chunked_array([], each.type) for each in schema}
    last = time.time_ns() // 1000 + DAY_US
    reading = Reading(last, whole, time_zone, time_unit)
    for name, columns in empty.items():
        check_types(Loaded(TABLES[name], columns, 1), reading)
    return reading


def stated_schemes(schemes: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    """Check stated schemes."""
    stated = {} if schemes is None else schemes
    check_sections(stated, "schemes", ("photo_hash", "signature"))
    known = check_schemes(stated, "schemes", n_hashes=1, n_signatures=1)
    return {"schemes": tuple(known.items())}


def id_type(plan: Plan) -> str:
    """Return Spark's type of ids."""
    return "bigint" if plan.reading.integer_ids else "string"


def files_of(model: Model) -> tuple[tuple[str, ...], tuple[tuple[str, bytes], ...]]:
    """Return the features that a model and its reasons need, and the model as its folder's files."""
    names = dict.fromkeys([*model.feature_names, _SENDS, *Telling(model.feature_names).companions])
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "model"
        model.save(home)
        files = tuple((each.name, each.read_bytes()) for each in sorted(home.iterdir()) if each.is_file())
    return tuple(names), files
