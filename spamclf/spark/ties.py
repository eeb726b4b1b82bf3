"""Who shows what is in reach of what: ties of accounts, found all over the cluster, so that campaigns can part.

Photos and texts of a component are measured in one place, and need nothing of another component. It may be larger than
needs be, never smaller. Two accounts are tied

- by one fingerprint that both show;
- by texts that share a band of their signatures;
- by photos within 31 bits. In a bucket with more photos than are compared, those count that are met first, so all that
  stand in it, and all that look into it, are tied.

What the model remembers ties as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.campaigns.shown import PUBLIC, REPORTED, Shown, read_photos, read_texts
from spamclf.campaigns.sightings import Sightings
from spamclf.features import around
from spamclf.kernels.neighbours import CHUNKS, REACH
from spamclf.schema import TABLES
from spamclf.shards import MIX
from spamclf.spark.components import components, kept
from spamclf.spark.parcels import DDL, Parcel, routes, sent, sent_apart
from spamclf.spark.plan import Plan
from spamclf.spark.rows import checked, joined
from spamclf.spark.showing import SHOWN, names_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["PRINTS", "parcels_of", "prints_of", "remembered_of", "tied_parcels", "ties_of"]

#: Where an account's rows are (-1: anywhere), its pseudonym, and what it shows: a hash or the numbers of one, and the
#: bands of a text.
PRINTS = "to bigint, account bigint, print array<bigint>, bands array<bigint>"
_SCHEMA = pa.schema(
    [
        ("to", pa.int64()),
        ("account", pa.int64()),
        ("print", pa.list_(pa.int64())),
        ("bands", pa.list_(pa.int64())),
    ]
)
_EVERYWHERE = -1
_ROWS = 1 << 16  # that are sent at once


def tied_parcels(session: SparkSession, plan: Plan, tables: dict[str, DataFrame]) -> DataFrame | None:
    """Return, as parcels for the shards of accounts, the components of what they show; None where nothing is asked.

    The ties are found at once, in several jobs.
    """
    from pyspark.sql import functions as sql

    nodes, ties = None, None
    for name in SHOWN:
        if name not in tables or not names_of(plan, name):
            continue
        prints = _prints(session, plan, name, tables[name])
        node = prints.select(sql.lit(name).alias("graph"), sql.col("account").alias("node"), "to").distinct()
        tie = ties_of(name, prints, around.MOST_PHOTOS).select(sql.lit(name).alias("graph"), "one", "other")
        nodes, ties = (node, tie) if nodes is None or ties is None else (nodes.union(node), ties.union(tie))
    if nodes is None or ties is None:
        return None
    found = nodes.join(components(ties), ["graph", "node"]).select("graph", "node", "component", "to")
    return found.mapInArrow(partial(_sent, plan), DDL)


def _prints(session: SparkSession, plan: Plan, name: str, table: DataFrame) -> DataFrame:
    here = [each.name for each in TABLES[name].columns if each.name in table.columns]
    prints = table.select(*here).mapInArrow(partial(prints_of, plan, name), PRINTS)
    if plan.remembered(name) is not None:
        memory = session.range(0, 1, 1, 1).mapInArrow(partial(remembered_of, plan, name), PRINTS)
        prints = prints.union(memory)
    return kept(prints.distinct())


def prints_of(plan: Plan, name: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Tell what the rows of a table show, as `PRINTS`; what is in no cluster is left out."""
    for table in checked(plan, name, batches):
        dataset = plan.dataset(**{name: table})
        if name == "photos":
            yield from _told(
                _to(plan, shown := read_photos(dataset)), shown.account, shown.group, shown.sightings
            )
            continue
        for salt, sources in enumerate((PUBLIC, REPORTED)):  # they are never mixed
            shown = read_texts(dataset, sources)[0]
            yield from _told(_to(plan, shown), shown.account, shown.group, shown.sightings, salt)


def remembered_of(plan: Plan, name: str, _: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Tell what the model remembers, as `PRINTS`."""
    sightings = plan.remembered(name)
    if sightings is not None:
        to = np.full(len(sightings), _EVERYWHERE)
        yield from _told(to, sightings.account, sightings.group, sightings)


def _to(plan: Plan, shown: Shown) -> npt.NDArray[np.int64]:
    return routes(shown.account_ids, plan.n_shards)


def _told(
    to: npt.NDArray[np.int64],
    account: npt.NDArray[np.uint64],
    group: npt.NDArray[np.int32],
    sightings: Sightings,
    salt: int = 0,
) -> Iterator[pa.RecordBatch]:
    """Write each account with each fingerprint of it once."""
    _, rows = np.unique(np.stack([account, group.astype(np.uint64)]), axis=1, return_index=True)
    for low in range(0, rows.size, _ROWS):
        some = rows[low : low + _ROWS]
        groups, place = np.unique(group[some], return_inverse=True)
        prints, bands = _numbers(sightings.words[groups], sightings.kind == "text", salt)
        columns = [
            pa.array(to[some]),
            pa.array(account[some].view(np.int64)),
            _lists(prints).take(pa.array(place)),
            _lists(bands).take(pa.array(place)),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)


def _numbers(words: Any, are_texts: bool, salt: int) -> tuple[Any, Any]:
    """Return what identifies each fingerprint, and in which buckets a text stands."""
    if not are_texts:
        return words, np.empty((len(words), 0), np.uint64)
    bands = kernels.bands.band_keys(words, around.BANDS, around.BAND_ROWS)
    bands = (bands ^ np.uint64(salt)) + np.arange(around.BANDS, dtype=np.uint64) * MIX
    return np.stack(
        [kernels.bands.band_keys(words, 1, words.shape[1])[:, 0] ^ np.uint64(salt)], axis=1
    ), bands


def _lists(numbers: Any) -> pa.Array:
    n, width = numbers.shape
    offsets = pa.array(np.arange(n + 1, dtype=np.int32) * np.int32(width))
    return pa.ListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(numbers).view(np.int64).ravel()))


def ties_of(name: str, prints: DataFrame, most: int) -> DataFrame:
    """Return the ties of accounts, columns ``one`` and ``other``, by the photos or texts that they show (`PRINTS`).

    Of equal fingerprints one account alone, the leader, is held against others: a million copies cost what one does.
    `most` is how many photos of a bucket are compared.
    """
    from pyspark.sql import functions as sql

    leaders = kept(prints.groupBy("print", "bands").agg(sql.min("account").alias("leader")))
    same = prints.join(leaders.select("print", "leader"), "print").select("account", "leader")
    ties = same.toDF("one", "other").where("one != other")
    for more in (_by_band(leaders),) if name == "texts" else _by_photo(leaders, most):
        ties = ties.union(more.toDF("one", "other").where("one != other"))
    return ties


def _by_band(leaders: DataFrame) -> DataFrame:
    """Tie all that stand in a bucket of texts to the least of them."""
    from pyspark.sql import functions as sql

    keyed = leaders.select("leader", sql.explode("bands").alias("bucket"))
    return keyed.join(keyed.groupBy("bucket").agg(sql.min("leader").alias("least")), "bucket").select(
        "leader", "least"
    )


def _by_photo(leaders: DataFrame, most: int) -> tuple[DataFrame, DataFrame]:
    """Tie photos within reach; of large buckets all that stand or look in."""
    from pyspark.sql import functions as sql

    words = [sql.col("print")[k] for k in range(4)]
    chunk = [sql.shiftrightunsigned(words[k // 4], 16 * (k % 4)).bitwiseAND(0xFFFF) for k in range(CHUNKS)]
    buckets = sql.array(*[(each + (k << 16)).cast("int") for k, each in enumerate(chunk)])
    held = leaders.select("leader", "print", sql.explode(buckets).alias("bucket"))
    flips = sql.array(*[sql.lit(flip) for flip in (0, *(1 << bit for bit in range(16)))])
    asks = held.withColumn("flip", sql.explode(flips))
    asks = asks.select("leader", "print", sql.col("bucket").bitwiseXOR(sql.col("flip")).alias("bucket"))
    sizes = held.groupBy("bucket").agg(sql.count("*").alias("n"), sql.min("leader").alias("least"))
    large = kept(sizes.where(sql.col("n") > most).select("bucket", "least"))
    whole = asks.join(large, "bucket").select(
        "leader", "least"
    )  # an asker stands in one of its buckets itself
    far = [sql.bit_count(sql.col("a.print")[k].bitwiseXOR(sql.col("b.print")[k])) for k in range(4)]
    pairs = asks.join(large, "bucket", "left_anti").alias("a").join(held.alias("b"), "bucket")
    pairs = pairs.where(
        (sql.col("a.leader") > sql.col("b.leader")) & (far[0] + far[1] + far[2] + far[3] <= REACH)
    )
    return whole, pairs.select("a.leader", "b.leader").distinct()


def _sent(plan: Plan, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for table in joined(batches):
        yield from sent(parcels_of(plan, table))


def parcels_of(plan: Plan, found: pa.Table) -> Iterator[Parcel]:
    """Send components of accounts, columns graph, node, component and to, to the shards of these."""
    for name in SHOWN:
        to = np.asarray(found["to"])
        here = np.asarray(pc.equal(found["graph"], name))
        one, every = np.flatnonzero(here & (to >= 0)), np.flatnonzero(here & (to == _EVERYWHERE))
        rows = np.concatenate([one, np.tile(every, plan.n_shards)])
        shards = np.concatenate([to[one], np.repeat(np.arange(plan.n_shards), every.size)])
        yield from sent_apart(f"{name}.tied", found.select(["node", "component"]), shards, rows)
