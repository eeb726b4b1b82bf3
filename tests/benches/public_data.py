"""Real logs that nobody here made, found through the environment variable ``SPAMCLF_PUBLIC_DATA``.

They are no part of the project. Only the order of events and who met whom is used.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from spamclf import Dataset

HONEST = ("college_messages", "company_email", "digg_replies")
VARIABLE = "SPAMCLF_PUBLIC_DATA"

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Edits:
    """Who edited which page when, in the file's order, and after which edit a user was banned."""

    user: Integers
    page: Integers
    instant: Integers  # microseconds since the epoch, all different
    second: Integers  # as in the file
    banned: npt.NDArray[np.bool_]


def folder() -> Path | None:
    """Return the folder of public data, None where the variable is unset or points nowhere."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named and Path(named).is_dir() else None


def why_not() -> str:
    """Say why nothing can be read."""
    named = os.environ.get(VARIABLE)
    return f"{VARIABLE} must name the folder of public logs; got {'nothing' if not named else 'no folder'}"


def read(name: str) -> pa.Table:
    """Read one of the compressed CSV files."""
    data = folder()
    if data is None:
        raise FileNotFoundError(why_not())
    return csv.read_csv(data / f"{name}.csv.gz").combine_chunks()


def column(table: pa.Table, name: str) -> Integers:
    """Return a column as a writable array of its own."""
    return np.array(table[name], np.int64)


def in_file_order(second: Integers) -> Integers:
    """Return microseconds in which equal seconds, which stand together, keep the file's order."""
    if (np.diff(second) < 0).any():
        raise ValueError("public_data: seconds must not decrease; got some that do. Sort the file by time.")
    first = np.searchsorted(second, second, side="left")
    return second * 1_000_000 + (np.arange(second.size) - first)


def edits() -> Edits:
    """Read the Wikipedia log."""
    table = read("wikipedia_bans")
    second = column(table, "ts")
    return Edits(
        column(table, "u"), column(table, "i"), in_file_order(second), second, column(table, "label") == 1
    )


def instants(values: Integers) -> pa.Array:
    """Return microseconds since the epoch as the contract's time column."""
    return pa.array(values, pa.timestamp("us", tz="UTC"))


def honest(name: str) -> Dataset:
    """Read one of the logs of people: who wrote to whom and when, every id an account of which nothing is known."""
    table = read(name)
    sender, recipient, second = (column(table, each) for each in ("sender", "recipient", "t"))
    accounts = pa.table({"account_id": np.union1d(sender, recipient)})
    sent_at = instants(second * 1_000_000)
    return Dataset(
        accounts=accounts,
        messages=pa.table({"sender_id": sender, "recipient_id": recipient, "sent_at": sent_at}),
        max_bad_share=0.05,  # people write to themselves
    )
