"""Connected components of a graph that is Spark's: by stars of ever lesser leaders, in rounds, none on the driver.

Kiveris, Lattanzi, Mirrokni, Rastogi, Vassilvitskii: Connected components in MapReduce and beyond (2014).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["components", "kept"]


def components(ties: DataFrame) -> DataFrame:
    """Return the component of each node that has a lesser one in it.

    Parameters
    ----------
    ties : pyspark.sql.DataFrame
        Columns ``graph`` of any type, ``one`` and ``other`` of type bigint: which nodes of which graph are tied, in any
        order, how often so ever. The graphs have nothing to do with each other.

    Returns
    -------
    found : pyspark.sql.DataFrame
        Columns ``graph``, ``node`` and ``component``, the least node that is connected with it. A node that is the
        least itself has no row. It is computed at once, and kept on the executors for as long as it is in use.

    Examples
    --------
    >>> components(session.createDataFrame([(0, 1, 2), (0, 3, 2)], "graph int, one long, other long"))  # doctest: +SKIP
    """
    from pyspark.sql import functions as sql

    stars = ties.where("one != other").select(
        "graph", sql.greatest("one", "other").alias("node"), sql.least("one", "other").alias("component")
    )
    stars, before = kept(stars.distinct()), (-1, 0)
    while (now := _print(stars)) != before:  # about as many rounds as the logarithm of the longest way
        stars, before = kept(_small_stars(_large_stars(stars))), now
    return stars


def kept(table: DataFrame) -> DataFrame:
    """Compute a table now, on the executors, and forget where it came from: plans must not grow from round to round."""
    durable = table.sparkSession.conf.get("spark.checkpoint.dir", None)
    return table.checkpoint() if durable else table.localCheckpoint()


def _large_stars(ties: DataFrame) -> DataFrame:
    """Tie the greater neighbours of each node to the least one of it and its neighbours."""
    from pyspark.sql import Window
    from pyspark.sql import functions as sql

    back = ties.select("graph", sql.col("component").alias("node"), sql.col("node").alias("component"))
    least = sql.min(sql.least("component", "node")).over(Window.partitionBy("graph", "node"))
    found = ties.union(back).withColumn("least", least).where("component > node")
    return found.select(
        "graph", sql.col("component").alias("node"), sql.col("least").alias("component")
    ).distinct()


def _small_stars(ties: DataFrame) -> DataFrame:
    """Tie each node, and its lesser neighbours, to the least of these."""
    from pyspark.sql import Window
    from pyspark.sql import functions as sql

    least = sql.min("component").over(Window.partitionBy("graph", "node"))
    both = ties.withColumn("least", least).select(
        "graph",
        sql.explode(sql.array("node", "component")).alias("node"),
        sql.col("least").alias("component"),
    )
    return both.where("node != component").distinct()


def _print(stars: DataFrame) -> tuple[int, int]:
    """Return how many ties there are, and a hash of them all: equal if nothing has changed."""
    from pyspark.sql import functions as sql

    each = sql.xxhash64("graph", "node", "component")
    row = stars.agg(sql.count("*"), sql.coalesce(sql.bit_xor(each), sql.lit(0))).collect()[0]
    return int(row[0]), int(row[1])
