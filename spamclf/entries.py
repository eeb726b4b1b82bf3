"""Messages as entries of logs: what is known of each in bits, and each log in order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.facts import Instants, column_of
from spamclf.ids import Codes
from spamclf.threads import equal_parts, in_threads, n_threads

__all__ = ["flags_of", "order_messages", "settle", "typed_of"]


def typed_of(messages: pa.Table) -> npt.NDArray[np.float64]:
    """Return the seconds of typing before each message, NaN where unknown; nothing if none is known."""
    if "typed_s" not in messages.column_names or messages.column("typed_s").null_count == messages.num_rows:
        return np.empty(0)
    return np.array(column_of(messages, "typed_s").fill_null(np.nan), np.float64)


def flags_of(messages: pa.Table) -> npt.NDArray[np.uint8]:
    """Pack the nullable facts of each message into bits."""
    from spamclf.kernels import _common as bits

    flags = np.zeros(messages.num_rows, np.uint8)
    for name, known, value, when in (
        ("is_group", 0, bits.GROUP, True),
        ("in_contacts", bits.CONTACT_KNOWN, bits.CONTACT, True),
        ("delivered", bits.DELIVERY_KNOWN, bits.UNDELIVERED, False),
    ):
        if name not in messages.column_names:
            continue
        column = column_of(messages, name)
        flags |= np.asarray(column.is_valid()).astype(np.uint8) * np.uint8(known)
        flags |= np.asarray(pc.equal(column, when).fill_null(False)).astype(np.uint8) * np.uint8(value)
    return flags


def order_messages(
    sender: Codes,
    recipient: Codes,
    sent_at: Instants,
    flags: npt.NDArray[np.uint8],
    typed: npt.NDArray[np.float64],
    n_accounts: int,
    n_jobs: int,
) -> dict[str, Any]:
    """Sort the messages into logs: count, lay out, scatter, then put unordered stretches right."""
    n_parts = max(1, min(n_threads(n_jobs), sender.size // max(n_accounts, 100_000)))
    parts = [sender.size * part // n_parts for part in range(n_parts + 1)]
    counts = np.zeros((n_parts, n_accounts), np.int64)
    in_threads(
        lambda low, high: kernels.ego.count(sender, recipient, flags, low, high, counts[parts.index(low)]),
        parts,
        n_parts,
    )
    offsets = np.zeros(n_accounts + 1, np.int64)
    np.cumsum(counts.sum(axis=0), out=offsets[1:])
    size = int(offsets[-1])
    time, peer, flag = np.empty(size, np.int64), np.empty(size, np.int32), np.empty(size, np.uint8)
    typed_s = np.empty(size if typed.size else 0)
    cursors = offsets[:-1] + np.cumsum(counts, axis=0) - counts
    in_threads(
        lambda low, high: kernels.ego.scatter(
            sender, recipient, sent_at, flags, typed, low, high, cursors[parts.index(low)],
            time, peer, flag, typed_s,
        ),
        parts,
        n_parts,
    )  # fmt: skip
    return settle(offsets, time, peer, flag, typed_s, n_parts)


def settle(
    offsets: Instants,
    time: Instants,
    peer: Codes,
    flag: npt.NDArray[np.uint8],
    typed_s: npt.NDArray[np.float64],
    n_jobs: int,
) -> dict[str, Any]:
    """Put the entries of each log in order, where they stand, and drop exact repetitions."""
    repeated = np.zeros(time.size, np.bool_)
    n_duplicates = sum(
        in_threads(
            lambda low, high: kernels.ego.order_logs(offsets, low, high, time, peer, flag, typed_s, repeated),
            equal_parts(offsets, n_jobs),
            n_jobs,
        )
    )
    if repeated.any():  # of some accounts only the received copies may be here
        dropped = np.zeros(time.size + 1, np.int64)
        np.cumsum(repeated, out=dropped[1:])
        offsets = offsets - dropped[offsets]
        time, peer, flag = time[~repeated], peer[~repeated], flag[~repeated]
        typed_s = typed_s[~repeated] if typed_s.size else typed_s
    return {
        "offsets": offsets, "time": time, "peer": peer, "flag": flag, "typed_s": typed_s,
        "n_duplicates": n_duplicates,
    }  # fmt: skip
