"""Score accounts on a cluster: the computation of `predict.score`, shard by shard, in PySpark."""

from spamclf.spark.door import features, score

__all__ = ["features", "score"]
