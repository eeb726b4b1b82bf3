from __future__ import annotations

import importlib.util
import os
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset, extract, predict, simulate, spark
from spamclf.campaigns.sightings import Sightings
from spamclf.campaigns.verdicts import Labels
from spamclf.ego import EgoLog
from spamclf.errors import BadRowsError, InsufficientDataError, ParameterError, SchemaError
from spamclf.features import FAMILIES
from spamclf.instants import DAY_US, LAST_US
from spamclf.lists import lists_of
from spamclf.remember import remember
from spamclf.spark.components import components
from spamclf.spark.latest import latest_of
from spamclf.spark.packing import joined, packed
from spamclf.spark.parcels import opened, routes, sent, sent_apart
from spamclf.spark.places import numbers_of
from spamclf.spark.plan import plain
from spamclf.spark.ties import prints_of, ties_of
from spamclf.tables.times import Reading
from tests import doors, spark_twin
from tests.features.crowds import LOWERED, lower
from tests.features.test_co_target import lists_worlds
from tests.features.test_reach import several_crowds
from tests.test_four_doors import simulated_hashes
from tests.worlds import World, arrow, random_world, worlds

NAMES = list(FAMILIES)
TABLES = ("messages", "accounts", "reports", "labels", "photos", "texts", "evidence")

needs_spark = pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or not (shutil.which("java") or os.environ.get("JAVA_HOME")),
    reason="PySpark or Java is not installed",
)
# Spark says so of pandas 3 wherever it looks for pandas, which is not asked for here; and its sockets are Java's.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """A cluster of two threads; Python's workers import this working copy, as this process does."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join(["", *sys.path, str(doors.ROOT)])[1:]
    builder = SparkSession.builder.master("local[2]").appName("spamclf")
    conf = {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "America/Lima", "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1", "spark.driver.memory": "1g", "spark.default.parallelism": "1",
        "spark.sql.adaptive.enabled": "false", "spark.python.daemon.module": "tests.spark_daemon",
        # Small jobs: Java's and Spark's own compilers would cost more than they save.
        "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto",
    }  # fmt: skip
    for name, value in conf.items():
        builder = builder.config(name, value)
    made = builder.getOrCreate()
    made.sparkContext.setLogLevel("OFF")
    yield made
    made.stop()


def frames(session: Any, tables: dict[str, pa.Table]) -> dict[str, Any]:
    """Tables as Spark's; it has no unsigned integers."""
    return {name: session.createDataFrame(signed(table)) for name, table in tables.items()}


def signed(table: pa.Table) -> pa.Table:
    if "signature" not in table.column_names:
        return table
    signature = table["signature"].cast(pa.list_(pa.int64()))
    return table.set_column(table.column_names.index("signature"), "signature", signature)


def assert_equal(got: pa.Table | None, wanted: pa.Table) -> None:
    """The same rows, bit for bit but for the bits of what is unknown."""
    if got is None:
        assert not wanted.num_rows
        return
    got, wanted = got.sort_by("account_id"), wanted.sort_by("account_id")
    assert got.column_names == wanted.column_names
    different = [name for name in wanted.column_names if got[name].to_pylist() != wanted[name].to_pylist()]
    assert not different


def wanted_of(world: World, names: Sequence[str] = NAMES) -> pa.Table:
    table = extract(
        world.dataset(), as_of=world.as_of, history_days=world.history_days, features=names, n_jobs=1
    )
    return table.to_arrow()


# ---- the stages, without a cluster -----------------------------------------------------------------------------


@settings(max_examples=10)
@given(worlds(), st.integers(1, 5))
def test_stages_equal_extract(world: World, n_shards: int) -> None:
    assert_equal(spark_twin.features(world, NAMES, n_shards), wanted_of(world))


@settings(max_examples=10)
@given(lists_worlds(), st.integers(1, 5))
def test_stages_equal_extract_where_lists_overlap(world: World, n_shards: int) -> None:
    assert_equal(spark_twin.features(world, NAMES, n_shards), wanted_of(world))


@pytest.mark.parametrize("seed", range(3))
def test_stages_equal_extract_in_richer_worlds(seed: int) -> None:
    world = random_world(seed, n_accounts=30, n_messages=900)
    assert_equal(spark_twin.features(world, NAMES, 2 + seed), wanted_of(world))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_stages_equal_extract_in_many_worlds(seed: int) -> None:
    rng = random.Random(seed)
    world = random_world(seed, rng.randrange(2, 40), rng.randrange(1500))
    assert_equal(spark_twin.features(world, NAMES, rng.randrange(1, 9)), wanted_of(world))


def test_popular_strangers_and_many_writers() -> None:
    """Recipients around the bounds of what is listed and what is only counted."""
    rng = np.random.default_rng(3)
    pairs = [(f"w{k}", f"r{n}") for n in (1, 2, 10, 11, 12, 13, 99, 101, 102, 103, 140) for k in range(n)]
    rows = [
        {
            "sender_id": sender,
            "recipient_id": recipient,
            "sent_at": 1_781_000_000_000_000 + int(rng.integers(9e10)),
        }
        for sender, recipient in pairs
    ]
    empty = dict.fromkeys(("is_group", "in_contacts", "typed_s", "delivered"))
    tables = {"accounts": [], "messages": [row | empty for row in rows]}
    world = World(tables, as_of=1_781_094_896_789_012)
    for n_shards in (1, 3, 7):
        assert_equal(spark_twin.features(world, NAMES, n_shards), wanted_of(world))


@pytest.mark.parametrize("limits", LOWERED)
def test_crowds_part(monkeypatch: pytest.MonkeyPatch, limits: tuple[int, ...]) -> None:
    """Crowds with an account in common, and such whose photos have one part of their hashes in common."""
    lower(monkeypatch, *limits)
    names = ("photo", "template", "evidence")
    seed = 10 * limits[2]
    for world in (several_crowds(seed, 3), with_common_part(several_crowds(seed, 3, common=""), seed)):
        wanted = wanted_of(world, names)
        for n_shards in (1, 3):
            assert_equal(spark_twin.features(world, names, n_shards), wanted)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
def test_many_crowds_part(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    lower(monkeypatch, *LOWERED[seed % len(LOWERED)])
    names = ("photo", "template", "evidence")
    world = with_common_part(
        several_crowds(10 * seed, 2 + seed % 5, common="z" if seed % 4 == 0 else ""), seed
    )
    assert_equal(spark_twin.features(world, names, 1 + seed % 7), wanted_of(world, names))


def with_common_part(world: World, seed: int) -> World:
    """Give many photos the same 16 bits, some nearly the same: they stand in one bucket, or look into it."""
    rng = random.Random(seed)
    hashes = {row["photo_hash"] for row in world.tables["photos"]}
    parts = {each: rng.choice(("f0a5", "f0a5", "f0a4", each[:4])) for each in sorted(hashes)}
    photos = [
        row | {"photo_hash": parts[row["photo_hash"]] + row["photo_hash"][4:]}
        for row in world.tables["photos"]
    ]
    return world.with_rows(photos=photos)


def test_what_is_remembered_is_recognised() -> None:
    """What the model remembers of photos, texts and lists counts, and of their accounts what the data show."""
    tables = {name: doors.tables()[name] for name in TABLES}
    dataset = Dataset(**tables)
    as_of = dataset.last_instant() + 1
    middle = as_of - 10 * 86_400_000_000
    lists = lists_of(EgoLog.build(dataset), middle, 30).sightings
    account = np.where(
        np.arange(len(lists)) % 3, lists.account ^ np.uint64(1), lists.account
    )  # others had them, too
    lists = Sightings.of("list", lists.scheme, account, lists.instant, lists.words, lists.group)
    shown = remember(EgoLog.build(dataset), middle, ("photo", "template"), history_days=30)
    assert shown is not None
    assert len(shown.photos)
    assert len(shown.texts)
    memory = shown.add(lists, labels=Labels.of(account, lists.instant, account % np.uint64(2) == 0))
    model = replace(doors.model(), memory=memory)
    wanted = predict.score(dataset, model, as_of=as_of, reasons_for="all", n_jobs=1)
    alone = predict.score(dataset, doors.model(), as_of=as_of, n_reasons=0, n_jobs=1)
    assert alone["score_id"] != wanted["score_id"]  # the memory matters
    for n_shards in (1, 4):
        plan = spark_twin.plan_of_model(tables, model, as_of, n_shards, n_reasons=5, reasons_for="all")
        assert_equal(spark_twin.run(plan, tables), wanted)


def test_a_bad_row_is_refused() -> None:
    world = random_world(1)
    double = world.with_rows(accounts=[*world.tables["accounts"], world.tables["accounts"][0]])
    with pytest.raises(BadRowsError, match="duplicate_key"):
        spark_twin.features(double, NAMES, 2)
    lost = world.with_rows(messages=[{**row, "recipient_id": None} for row in world.tables["messages"][:3]])
    with pytest.raises(
        BadRowsError, match=r"must all keep the contract.*recipient_id null: 3.*recipient_id is not null"
    ):
        spark_twin.features(lost, NAMES, 2)
    stranger = world.with_rows(
        labels=[{"account_id": "nobody", "is_automated": True, "labelled_at": 1, "campaign": None}]
    )
    with pytest.raises(BadRowsError, match="labels: accounts must be in accounts"):
        spark_twin.features(stranger, NAMES, 2)


@pytest.mark.parametrize("ids", [pa.array(["a", "b", "ü", "a"] * 50), pa.array([5, -1, 2**60, 5] * 50)])
def test_parcels_arrive_whole(ids: pa.Array) -> None:
    table = pa.table({"id": ids, "n": np.arange(len(ids))})
    shard = routes(ids, 3)
    found = opened(sent(sent_apart("x", table, shard)))
    assert set(found) == set(shard.tolist())
    for to, parcels in found.items():
        assert parcels["x"]["n"].to_pylist() == np.flatnonzero(shard == to).tolist()


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(0, 300))), min_size=1
    )
)
def test_packed_parts_join_as_they_were(parts: list[list[int | None]]) -> None:
    """Narrow numbers, wide ones, unknown ones, in parts of their own."""
    tables = [
        pa.table({"n": pa.array(part, pa.int64()), "f": pa.nulls(len(part), pa.float64())}) for part in parts
    ]
    got = joined([packed(packed(table)) for table in tables])
    assert got.equals(pa.concat_tables(tables).combine_chunks())


def test_the_latest_time_is_read_as_the_rows_are() -> None:
    batches = pa.table({"time": [5, None, 7_000]}).to_batches()
    (found,) = latest_of(Reading(LAST_US, time_unit="ms"), "messages", batches)
    assert found.column(0).to_pylist() == [7_000_000]


# ---- on a cluster ----------------------------------------------------------------------------------------------


@needs_spark
@pytest.mark.parametrize("n_partitions", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_scores_equal_predict(session: Any, n_partitions: int) -> None:
    tables = {name: doors.tables()[name] for name in TABLES}
    found = spark.score(
        session, **frames(session, tables), model=doors.model(), n_partitions=n_partitions, reasons_for="all"
    )
    got = found.toArrow().cast(predict_schema(doors.model()))
    wanted = predict.score(Dataset(**tables), doors.model(), reasons_for="all", n_jobs=1)
    assert_equal(got, wanted)


def predict_schema(model: Any) -> pa.Schema:
    """The types of `predict.score`: Spark names the items of a list otherwise, and its zone is the session's."""
    tables = {name: doors.tables()[name] for name in TABLES}
    schema = predict.score(Dataset(**tables), model, n_reasons=0, n_jobs=1).schema
    return schema.set(0, pa.field("account_id", pa.string()))


@needs_spark
@pytest.mark.parametrize(
    ("sent_at", "how"),
    [
        (pa.array(["2026-11-20T12:00:00"]).cast(pa.timestamp("us")), {"time_zone": "Europe/Berlin"}),
        (pa.array(["2026-11-20T12:00:00Z"]).cast(pa.timestamp("us", "Europe/Berlin")), {}),
        (pa.array([1_795_176_000]), {"time_unit": "s"}),
        (pa.array([1_795_176_000_123]), {"time_unit": "ms"}),
    ],
)
def test_the_usual_instant_is_that_of_predict(session: Any, sent_at: pa.Array, how: dict[str, Any]) -> None:
    """Also where times have no zone, or are counts: the session's zone is another one."""
    from spamclf.spark.asked import reading_of
    from spamclf.spark.latest import after_last

    tables = {
        "messages": pa.table({"sender_id": ["a"], "recipient_id": ["b"], "sent_at": sent_at}),
        "accounts": pa.table({"account_id": ["a", "b"]}),
    }
    last = Dataset(**tables, **how, not_after="2030-01-01").last_instant()
    given = frames(session, tables)
    if "time_zone" in how:
        from pyspark.sql import functions as sql

        clock = sql.col("sent_at").cast("timestamp_ntz")
        given["messages"] = given["messages"].withColumn("sent_at", clock)
    reading = reading_of(given, how.get("time_zone"), how.get("time_unit"))
    assert last is not None
    assert after_last(given, reading, "test") == last + 1


@pytest.mark.slow
@needs_spark
def test_features_of_many_worlds_equal_extract(session: Any) -> None:
    """Many worlds in one table, apart by their ids: one job for all of them."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for seed in range(500, 510):
        for name, theirs in random_world(seed).tables.items():
            rows[name] += [
                {c: f"{seed}{v}" if v and c.endswith("_id") else v for c, v in row.items()} for row in theirs
            ]
    world = World(rows)
    found = spark.features(
        session,
        **frames(session, arrow(rows)),
        names=NAMES,
        as_of=world.as_of,
        history_days=world.history_days,
    )
    got = found.toArrow()
    as_of = got["as_of"].cast(pa.timestamp("us", tz="UTC"))
    assert_equal(got.set_column(1, "as_of", as_of), wanted_of(world))


@pytest.mark.slow
@needs_spark
def test_a_million_messages_equal_predict(session: Any, tmp_path: Path) -> None:
    """Scores and features of a world with campaigns, at two instants and in two numbers of parts."""
    rng = random.Random(11)
    tables = dict(simulate.world(10_500, 30, random_state=5001))
    assert tables["messages"].num_rows > 1_000_000
    tables = {name: table for name, table in tables.items() if name in TABLES}
    tables["photos"] = simulated_hashes(tables["photos"], rng)
    dataset, model = Dataset(**tables), predict.load_shipped_model()
    given = parquet_frames(session, tables, tmp_path)
    last = dataset.last_instant()
    assert last is not None
    for n_partitions in (3, 8):
        as_of = last - rng.randrange(20 * DAY_US)
        wanted = predict.score(dataset, model, as_of=as_of, n_jobs=2)
        got = spark.score(session, **given, model=model, as_of=as_of, n_partitions=n_partitions).toArrow()
        assert_equal(got.cast(wanted.schema.set(0, pa.field("account_id", pa.string()))), wanted)
        values = extract(dataset, as_of=as_of, features=NAMES, n_jobs=2).to_arrow()
        found = spark.features(
            session, **given, names=NAMES, as_of=as_of, n_partitions=n_partitions
        ).toArrow()
        assert_equal(found.set_column(1, "as_of", found["as_of"].cast(pa.timestamp("us", tz="UTC"))), values)


def parquet_frames(session: Any, tables: dict[str, pa.Table], folder: Path) -> dict[str, Any]:
    """The tables in files, several row groups each, as Spark reads them."""
    made = {}
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        pq.write_table(plain(signed(table)), path, row_group_size=table.num_rows // 5 + 1)
        made[name] = session.read.parquet(str(path))
    return made


@needs_spark
@pytest.mark.parametrize("n_tasks", [1, 7, 200])
def test_each_task_gets_one_shard(session: Any, n_tasks: int) -> None:
    numbers = pa.table({"number": numbers_of(n_tasks)})
    hashes = session.createDataFrame(numbers).selectExpr(f"pmod(hash(number), {n_tasks}) AS task").toArrow()
    assert hashes["task"].to_pylist() == list(range(n_tasks))


@pytest.mark.slow
@needs_spark
def test_counts_as_times_and_large_strings(session: Any) -> None:
    """The last instant is looked for in the unit of the rows; strings come back as large as the session wants."""
    rng = np.random.default_rng(6)
    sender = rng.integers(0, 60, 2_000)
    tables = {
        "accounts": pa.table({"account_id": [str(k) for k in range(40)]}),
        "messages": pa.table(
            {
                "sender_id": sender.astype(str),
                "recipient_id": (sender + rng.integers(1, 30, 2_000)).astype(str),
                "sent_at": 1_780_000_000_000 + rng.integers(0, 20 * 86_400_000, 2_000),
            }
        ),
    }
    wanted = predict.score(Dataset(**tables, time_unit="ms"), doors.model(), reasons_for="all", n_jobs=1)
    given = frames(session, tables)
    session.conf.set("spark.sql.execution.arrow.useLargeVarTypes", "true")
    try:
        found = spark.score(
            session, **given, model=doors.model(), time_unit="ms", reasons_for="all", n_partitions=2
        ).toArrow()
    finally:
        session.conf.unset("spark.sql.execution.arrow.useLargeVarTypes")
    assert_equal(found.cast(wanted.schema.set(0, pa.field("account_id", pa.string()))), wanted)


@needs_spark
def test_components_equal_those_of_scipy(session: Any) -> None:
    """Many graphs in one table: sparse, dense, long ways, stars, and numbers of any sign."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rng = np.random.default_rng(9)
    ties: list[tuple[int, int, int]] = []
    wanted: dict[tuple[int, int], int] = {}
    for graph in range(60):
        n = int(rng.integers(2, 80))
        names = np.sort(rng.integers(-(2**62), 2**62, n))
        pairs = rng.integers(0, n, (int(rng.integers(0, 2 * n)), 2))
        if graph % 3 == 0:
            way = rng.permutation(n)
            pairs = np.stack([way[:-1], way[1:]], axis=1)
        label = connected_components(
            coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n)), directed=False
        )[1]
        least = [int(names[np.flatnonzero(label == each)[0]]) for each in label]
        wanted |= {(graph, int(name)): to for name, to in zip(names, least, strict=True) if name != to}
        ties += [(graph, int(names[one]), int(names[other])) for one, other in pairs]
    columns = zip(*ties, strict=True)
    table = pa.table(dict(zip(("graph", "one", "other"), map(list, columns), strict=True)))
    found = components(session.createDataFrame(table)).toArrow().to_pylist()
    assert {(row["graph"], row["node"]): row["component"] for row in found} == wanted


@pytest.mark.slow
@needs_spark
def test_ties_equal_those_of_all_pairs(session: Any) -> None:
    """By photos and by texts, with buckets of many and of few."""
    world = with_common_part(several_crowds(40, 4, common=""), 40)
    plan, tables = spark_twin.plan_of(world, NAMES, 3), arrow(world.tables)
    ties, wanted = None, {}
    for name, most in (("photos", 1000), ("photos", 9), ("photos", 3), ("texts", 9)):
        graph = f"{name} {most}"
        prints = pa.Table.from_batches(prints_of(plan, name, tables[name].to_batches()))
        rows = spark_twin.components(name, prints, most).to_pylist()
        wanted |= {(graph, row["node"]): row["component"] for row in rows if row["node"] != row["component"]}
        found = ties_of(name, session.createDataFrame(prints), most).selectExpr(
            f"'{graph}' graph", "one", "other"
        )
        ties = found if ties is None else ties.union(found)
    found = components(ties).toArrow().to_pylist()
    assert {(row["graph"], row["node"]): row["component"] for row in found} == wanted
    n_tied = Counter(graph for graph, _ in wanted)
    assert n_tied["photos 1000"] < n_tied["photos 3"]


@pytest.mark.slow
@needs_spark
def test_integer_ids_stay_integers(session: Any) -> None:
    rng = np.random.default_rng(5)
    n = 4_000
    sender = rng.integers(-40, 200, n)
    tables = {
        "accounts": pa.table({"account_id": np.arange(-40, 100)}),
        "messages": pa.table(
            {
                "sender_id": sender,
                "recipient_id": sender + rng.integers(1, 60, n),
                "sent_at": 1_780_000_000 + rng.integers(0, 20 * 86_400, n),
            }
        ),
    }
    wanted = extract(
        Dataset(**tables, time_unit="s"), features=NAMES, as_of="2026-06-15", n_jobs=1
    ).to_arrow()
    found = spark.features(
        session, **frames(session, tables), names=NAMES, as_of="2026-06-15", time_unit="s", n_partitions=2
    )
    got = found.toArrow()
    assert got["account_id"].type == pa.int64()
    assert_equal(got.set_column(1, "as_of", got["as_of"].cast(pa.timestamp("us", tz="UTC"))), wanted)


@needs_spark
def test_what_cannot_be_is_refused_at_once(session: Any) -> None:
    tables = frames(session, doors.tables())
    model = doors.model()
    with pytest.raises(ParameterError, match="messages must be a Spark DataFrame; got dict"):
        spark.score(session, messages={}, accounts=tables["accounts"])
    with pytest.raises(SchemaError, match="'sender_id'"):
        spark.score(session, messages=tables["accounts"], accounts=tables["accounts"], model=model)
    with pytest.raises(ParameterError, match="n_partitions must be a whole number from 1; got 0"):
        spark.score(session, **tables, model=model, n_partitions=0)
    with pytest.raises(ParameterError, match="reasons_for"):
        spark.score(session, **tables, model=model, reasons_for="some")
    with pytest.raises(ParameterError, match="history_days"):
        spark.features(session, **tables, history_days=0)
    nothing = {name: table.limit(0) for name, table in tables.items()}
    with pytest.raises(InsufficientDataError, match="as_of must be given"):
        spark.score(session, **nothing, model=model)


@pytest.mark.slow
@needs_spark
def test_no_account_gives_no_row(session: Any) -> None:
    tables = {name: doors.tables()[name] for name in ("messages", "accounts", "reports")}
    nothing = {name: table.limit(0) for name, table in frames(session, tables).items()}
    found = spark.score(session, **nothing, model=doors.model(), as_of="2026-06-01").toArrow()
    assert found.num_rows == 0
    assert found.column_names == predict_schema(doors.model()).names
