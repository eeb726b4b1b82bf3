"""The stages in order: rows to logs, logs to where they meet, and back to the accounts."""

from spamclf.spark.answers import answer
from spamclf.spark.logs import keep_logs
from spamclf.spark.meeting import meet
from spamclf.spark.rows import route_rows

__all__ = ["LAST", "STAGES", "route_rows"]

#: From parcels to parcels, shard by shard; and from parcels to the result.
STAGES = (keep_logs, meet)
LAST = answer
