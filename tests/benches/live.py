"""A stream: how fast rows are taken in, and how soon one account with a thousand messages is scored.

``python -m tests.benches.live`` prints the table. ``--people`` and ``--rows`` make another stream.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spamclf import Dataset, predict, simulate
from spamclf.predict import LiveScorer
from tests.benches.timing import markdown

_BATCH = 10_000
_ROUNDS = 3


def stream(n_accounts: int, random_state: int) -> dict[str, pa.Table]:
    """A simulated world, its messages in the order of time."""
    tables = dict(simulate.world(n_accounts, 30, random_state=random_state))
    tables["messages"] = tables["messages"].sort_by("sent_at")
    return tables


def observe(tables: dict[str, pa.Table]) -> tuple[LiveScorer, float]:
    """Take all rows in; return the seconds that the messages took."""
    live = LiveScorer(tables=list(tables))
    for name, table in tables.items():
        if name != "messages":
            live.observe(name, table)
    messages = tables["messages"]
    batches = [messages.slice(low, _BATCH) for low in range(0, messages.num_rows, _BATCH)]
    begin = time.perf_counter()
    for batch in batches:
        live.observe("messages", batch)
    return live, time.perf_counter() - begin


def near_a_thousand(tables: dict[str, pa.Table], n: int) -> list[str]:
    """The accounts whose number of messages, sent and received, is nearest to a thousand."""
    messages = tables["messages"]
    both = pa.chunked_array([*messages["sender_id"].chunks, *messages["recipient_id"].chunks])
    counts = {each["values"]: each["counts"] for each in both.value_counts().to_pylist()}
    accounts = set(tables["accounts"]["account_id"].to_pylist())
    return sorted(accounts & counts.keys(), key=lambda name: (abs(counts[name] - 1000), name))[:n]


def latencies(live: LiveScorer, names: list[str], last: int, n: int, **settings: Any) -> np.ndarray[Any, Any]:
    """Seconds of `n` scores, each of one account at an instant of its own."""
    seconds = np.empty(n)
    for k in range(-50, n):
        instant = last - 1_000_003 * (k % 997)
        begin = time.perf_counter()
        live.score([names[k % len(names)]], instant, **settings)
        seconds[k] = time.perf_counter() - begin
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_500)
    parser.add_argument("--scores", type=int, default=5_000)
    arguments = parser.parse_args()
    tables = stream(arguments.accounts, 5001)
    n = tables["messages"].num_rows
    observe({name: table.slice(0, 20_000) for name, table in tables.items()})  # compiled, and warm
    live, seconds = min((observe(tables) for _ in range(_ROUNDS)), key=lambda each: each[1])
    dataset = Dataset(**tables)
    last = dataset.last_instant()
    assert last is not None
    wanted = {
        row["account_id"]: row["score_id"] for row in predict.score(dataset, as_of=last + 1).to_pylist()
    }
    got = {row["account_id"]: row["score_id"] for row in live.score(as_of=last + 1).to_pylist()}
    assert got == wanted
    names = near_a_thousand(tables, 200)
    rows = [
        [
            f"observe, batches of {_BATCH:,}: {n:,} messages in {seconds:.2f} s",
            f"{n / seconds:,.0f} a second",
            ">= 500,000",
        ]
    ]
    for label, settings in (("score of one account", {"n_reasons": 0}), ("the same with reasons", {})):
        found = 1e6 * latencies(live, names, last + 1, arguments.scores, **settings)
        bar = "<= 300 µs, <= 2,000 µs" if "same" not in label else ""
        rows.append(
            [
                f"{label}, median and 99 %",
                f"{np.median(found):,.0f} µs, {np.quantile(found, 0.99):,.0f} µs",
                bar,
            ]
        )
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        live.checkpoint(Path(folder))
        written = time.perf_counter() - begin
        begin = time.perf_counter()
        LiveScorer.restore(folder)
        rows.append(["checkpoint, restore", f"{written:.1f} s, {time.perf_counter() - begin:.1f} s", ""])
    print(
        f"{n:,} messages of {arguments.accounts:,} simulated accounts; those scored have about 1,000 messages each\n"
    )
    print(markdown(["measure", "figure", "bar"], rows))


if __name__ == "__main__":
    main()
