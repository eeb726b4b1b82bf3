"""Score datasets that do not fit in memory: in passes over files, shard by shard, to be resumed where it stopped."""

from __future__ import annotations

from spamclf.batch.run import score

__all__ = ["score"]
