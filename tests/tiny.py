"""A dataset of one message, and instants to make others of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from spamclf.dataset import Dataset

START = datetime(2026, 3, 1, tzinfo=UTC)
US = pa.timestamp("us", tz="UTC")
START_US = int(START.timestamp()) * 1_000_000
LATEST_US = START_US + 86_400_000_000


def times(n, step_s=60):
    return [START + timedelta(seconds=step_s * k) for k in range(n)]


def two(messages=None, **rest):
    """Make a dataset of one message and two accounts, or of what is given instead."""
    if messages is None:
        messages = {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": times(1)}
    rest.setdefault("accounts", {"account_id": ["a", "b"]})
    return Dataset(messages=messages, **rest)
