"""Fifty million messages: the batch door against reading, encoding the ids and one sort, and its peak memory.

``python -m tests.benches.batch`` prints the table; ``--rows`` makes a smaller log for a quick look.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.benches.messages import DAY, START
from tests.benches.timing import markdown

_PIECE = 1 << 20
_CIRCLES = 6  # rounds that an account sits in, with a friend at either side
_SPAMMERS = 0.01


def make_log(folder: Path, rows: int, accounts: int) -> None:
    """Write a month of messages in order of time, with ids of 20 to 32 characters.

    Most senders write with a few friends, who answer, by day, and are heavy-tailed in how much; one account in a
    hundred writes to strangers, of whom a third are on no list of accounts.
    """
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    people = accounts + accounts // 2
    length = rng.integers(20, 33, people)
    names = pa.array(
        [
            f"{number:032x}"[32 - n :]
            for number, n in zip(rng.permutation(people).tolist(), length, strict=True)
        ]
    )
    weight = np.minimum(rng.pareto(1.3, accounts) + 0.2, 30)
    cumulated = np.cumsum(weight / weight.sum())
    seat = np.array([rng.permutation(accounts) for _ in range(_CIRCLES)])
    at_seat = np.argsort(seat, axis=1)
    wakes = rng.integers(6, 16, accounts)
    spams = rng.random(accounts) < _SPAMMERS
    utc = pa.timestamp("us", tz="UTC")
    schema = pa.schema(
        [
            ("sender_id", pa.string()),
            ("recipient_id", pa.string()),
            ("sent_at", utc),
            ("delivered", pa.bool_()),
        ]
    )
    with pq.ParquetWriter(folder / "messages.parquet", schema) as writer:
        for low in range(0, rows, _PIECE):
            n = min(_PIECE, rows - low)
            sender = np.minimum(np.searchsorted(cumulated, rng.random(n)), accounts - 1)
            circle = np.minimum(rng.geometric(0.4, n), _CIRCLES) - 1
            friend = at_seat[circle, (seat[circle, sender] + rng.choice((-1, 1), n)) % accounts]
            recipient = np.where(spams[sender], rng.integers(0, people, n), friend)
            recipient = np.where(recipient == sender, (recipient + 1) % accounts, recipient)
            hours = wakes[sender] + np.minimum(rng.exponential(2.5, n), 8)
            day = (30 * (low + np.arange(n)) // rows) * DAY
            sent_at = START - START % DAY + day + (hours * 3_600_000_000).astype(np.int64)
            order = np.argsort(sent_at)
            sender, recipient, sent_at = sender[order], recipient[order], sent_at[order]
            columns = [
                names.take(pa.array(sender)), names.take(pa.array(recipient)), pa.array(sent_at, utc),
                pa.array(rng.random(n) < 0.97),
            ]  # fmt: skip
            writer.write_table(pa.table(columns, schema=schema), row_group_size=_PIECE)
    registered_at = START - rng.integers(-20 * DAY, 400 * DAY, accounts)
    table = pa.table({"account_id": names.slice(0, accounts), "registered_at": pa.array(registered_at, utc)})
    pq.write_table(table, folder / "accounts.parquet")


_HEAD = """
import sys, threading, time
from pathlib import Path
def status(name):  # not getrusage: a child inherits its parent's peak there
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
own = [0]  # without the pages of mapped files, which the system takes back when it wants to
def watch():
    while True:
        own[0] = max(own[0], status("RssAnon"))
        time.sleep(0.05)
threading.Thread(target=watch, daemon=True).start()
def peak():
    return f"{status('VmHWM')} {own[0]}"
"""
_FLOOR = """
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
start = time.perf_counter()
table = pq.read_table(Path(sys.argv[1]) / "messages.parquet")
sender = table["sender_id"].dictionary_encode().combine_chunks()
recipient = table["recipient_id"].dictionary_encode().combine_chunks()
sent_at = table["sent_at"].cast(pa.int64()).to_numpy()
np.lexsort((sent_at, sender.indices.to_numpy(zero_copy_only=False)))
print(time.perf_counter() - start, time.process_time(), peak())
"""
_BATCH = """
from spamclf import batch
told = []
start = time.perf_counter()
def tell(line):
    name = line.split()[0]
    if not told or told[-1][0] != name:
        told.append((name, time.perf_counter()))
batch.score(sys.argv[1], sys.argv[2], memory_gb=float(sys.argv[3]), progress=tell, overwrite=True)
end = time.perf_counter()
ends = [at for _, at in told[1:]] + [end]
import json
verdicts = json.loads((Path(sys.argv[2]) / "_scores.json").read_text())["verdicts"]
passes = [f"{name}={until - at:.1f}" for (name, at), until in zip(told, ends)]
print(end - start, time.process_time(), peak(), verdicts.get("automated", 0), *passes)
"""


def run(code: str, *arguments: Path | float) -> tuple[float, float, float, float, list[str]]:
    """Return seconds, seconds of all cores, peak memory and the same without mapped files of a process of its own."""
    command = [sys.executable, "-c", _HEAD + code, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds, cpu, peak, own, *rest = done.stdout.split()
    return float(seconds), float(cpu), float(peak), float(own), rest


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--accounts", type=int)
    parser.add_argument("--memory-gb", type=float, default=4.0)
    parser.add_argument("--folder", type=Path, help="keep the log there, and take one that is there")
    options = parser.parse_args()
    accounts = options.accounts or options.rows // 50
    print(f"{options.rows:,} messages of {accounts:,} accounts, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "log"
        if not (folder / "accounts.parquet").exists():
            make_log(folder, options.rows, accounts)
        floor_s, floor_cpu, floor_peak, _, _ = run(_FLOOR, folder)
        ours_s, ours_cpu, ours_peak, ours_own, (n_flagged, *passes) = run(
            _BATCH, folder, Path(temporary) / "scores", options.memory_gb
        )
    rows = [
        [f"read, encode both ids, one sort ({floor_s:.1f} s, {floor_cpu:.1f} s of all cores, "
         f"peak {floor_peak / 1e9:.2f} GB)", "1", ""],
        [f"batch.score, reasons of {int(n_flagged):,} flagged accounts ({ours_s:.1f} s, {ours_cpu:.1f} s of all cores)",
         f"{ours_s / floor_s:.2f} x", "<= 2.5 x"],
        [f"its peak memory, told to get along with {options.memory_gb:g} GB", f"{ours_peak / 1e9:.2f} GB",
         f"<= {options.memory_gb:g} GB"],
        ["the same without pages of its own files, mapped into memory", f"{ours_own / 1e9:.2f} GB", ""],
    ]  # fmt: skip
    print(markdown(["measure", "figure", "bar"], rows))
    print(f"\nSeconds of its passes: {', '.join(passes)}.")


if __name__ == "__main__":
    main()
