"""The stages in order: rows to logs, logs to where they meet, and back to the accounts."""

from spamclf.spark.answers import answer
from spamclf.spark.logs import keep_logs
from spamclf.spark.meeting import meet
from spamclf.spark.rows import route_rows

__all__ = ["LAST", "keep_logs", "meet", "route_rows"]

#: From what was kept and what was met to the result, shard by shard.
LAST = answer
