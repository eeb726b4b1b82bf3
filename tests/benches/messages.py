"""Ten million messages: features against reading and sorting, and against SQL, polars and pandas.

``python -m tests.benches.messages`` prints the tables; ``--rows`` makes a smaller log for a quick look.
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

import spamclf
from spamclf.ego import EgoLog
from spamclf.features import CATALOGUE, FAMILIES
from spamclf.features.extract import measure
from tests.benches import peers
from tests.benches.timing import markdown, side_by_side

START = 1_780_000_000_000_000
DAY = 86_400_000_000
MESSAGE_FAMILIES = ("send_rate", "fan_out", "replies", "rhythm")


def make_log(folder: Path, rows: int, accounts: int, *, ids: str = "integer") -> None:
    """Write `rows` time-ordered messages of a month between `accounts`: heavy-tailed senders, random recipients.

    Random recipients are the hard case: nearly each message meets a new pair, far apart in memory.
    """
    rng = np.random.default_rng(0)
    weight = rng.pareto(1.3, accounts) + 0.2
    sender = rng.choice(accounts, rows, p=weight / weight.sum())
    recipient = (sender + 1 + rng.integers(0, accounts - 1, rows)) % accounts
    sent_at = START + np.sort(rng.integers(0, 30 * DAY, rows))
    registered_at = START - rng.integers(0, 400 * DAY, accounts)
    names: pa.Array = pa.array(np.arange(accounts))
    if ids == "sparse":  # 62-bit numbers, as telephone numbers and snowflakes are
        names = pa.array(rng.permutation(np.unique(rng.integers(0, 2**62, accounts + 1000))[:accounts]))
    if ids == "string":  # 32 characters, as a hex digest has
        names = pa.array([f"{number:032x}" for number in rng.permutation(accounts).tolist()])
    utc = pa.timestamp("us", tz="UTC")
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.table(
            {
                "sender_id": names.take(pa.array(sender)),
                "recipient_id": names.take(pa.array(recipient)),
                "sent_at": pa.array(sent_at, utc),
            }
        ),
        folder / "messages.parquet",
    )
    pq.write_table(
        pa.table(
            {
                "account_id": names,
                "registered_at": pa.array(registered_at, utc),
                "country": pa.array(rng.integers(0, 40, accounts).astype(str)),
            }
        ),
        folder / "accounts.parquet",
    )


def features_of(folder: Path, names: list[str]) -> np.ndarray:
    """Read, order, measure: what a user waits for."""
    return spamclf.extract(spamclf.read_dataset(folder), features=names).values


def read_and_sort_numpy(folder: Path) -> None:
    table = pq.read_table(folder / "messages.parquet")
    np.lexsort((table["sent_at"].cast(pa.int64()).to_numpy(), table["sender_id"].to_numpy()))


def read_and_sort_polars(folder: Path) -> None:
    import polars as pl

    pl.read_parquet(folder / "messages.parquet").sort("sender_id", "sent_at")


def read_encode_and_sort(folder: Path) -> None:
    """Read 32-character ids, encode both columns with pyarrow, sort once: what any feature code must do."""
    table = pq.read_table(folder / "messages.parquet")
    sender = table["sender_id"].combine_chunks().dictionary_encode()
    table["recipient_id"].combine_chunks().dictionary_encode()
    sent_at = table["sent_at"].cast(pa.int64()).to_numpy()
    np.lexsort((sent_at, sender.indices.to_numpy(zero_copy_only=False)))


def bench_sort(folder: Path, rounds: int) -> list[list[str]]:
    """Features of integer ids against the read and one sort."""
    forty = [feature.name for family in MESSAGE_FAMILIES for feature in FAMILIES[family].features]
    seconds = side_by_side(
        {
            "numpy": lambda: read_and_sort_numpy(folder),
            "polars": lambda: read_and_sort_polars(folder),
            "four": lambda: features_of(folder, forty),
            "all": lambda: features_of(folder, list(CATALOGUE)),
        },
        rounds=rounds,
    )
    floor = min(seconds["numpy"], seconds["polars"])
    return [
        [f"read + one sort, numpy ({seconds['numpy']:.2f} s) or polars ({seconds['polars']:.2f} s)", "1", ""],
        [f"{len(forty)} features of both directions ({seconds['four']:.2f} s)", f"{seconds['four'] / floor:.2f} x",
         "<= 1.5 x"],
        [f"whole catalogue, {len(CATALOGUE)} features ({seconds['all']:.2f} s)", f"{seconds['all'] / floor:.2f} x", ""],
    ]  # fmt: skip


def bench_sparse(folder: Path, rounds: int) -> list[list[str]]:
    """The same with integer ids far apart, which must be hashed."""
    forty = [feature.name for family in MESSAGE_FAMILIES for feature in FAMILIES[family].features]
    seconds = side_by_side(
        {"floor": lambda: read_and_sort_numpy(folder), "ours": lambda: features_of(folder, forty)},
        rounds=rounds,
    )
    return [
        [f"62-bit integer ids far apart: {len(forty)} features ({seconds['ours']:.2f} s) vs read + one sort "
         f"({seconds['floor']:.2f} s)", f"{seconds['ours'] / seconds['floor']:.2f} x", ""],
    ]  # fmt: skip


def bench_directions(folder: Path, rounds: int) -> list[list[str]]:
    """What the second direction costs: the same messages to people who have no log of their own."""
    dataset = spamclf.read_dataset(folder)
    shifted = pa.array(dataset.messages["recipient_id"].to_numpy() + 10 * len(dataset.accounts))
    messages = dataset.messages.set_column(1, "recipient_id", shifted)
    one_way = spamclf.Dataset(messages=messages, accounts=dataset.accounts)

    def run(data: spamclf.Dataset) -> None:
        ego = EgoLog.build(data)
        names = [feature.name for family in MESSAGE_FAMILIES for feature in FAMILIES[family].features]
        slices = ego.slices(np.arange(ego.n_accounts), START + 30 * DAY, history_days=30)
        measure(ego, slices, names)

    seconds = side_by_side({"both": lambda: run(dataset), "out": lambda: run(one_way)}, rounds=rounds)
    return [
        [f"both directions ({seconds['both']:.2f} s) vs sent messages only ({seconds['out']:.2f} s), without the read",
         f"{seconds['both'] / seconds['out']:.2f} x", ""],
    ]  # fmt: skip


def bench_strings(folder: Path, rounds: int) -> list[list[str]]:
    """The same with 32-character ids."""
    forty = [feature.name for family in MESSAGE_FAMILIES for feature in FAMILIES[family].features]
    seconds = side_by_side(
        {"floor": lambda: read_encode_and_sort(folder), "ours": lambda: features_of(folder, forty)},
        rounds=rounds,
    )
    return [
        [f"32-character ids: {len(forty)} features ({seconds['ours']:.2f} s) vs read + dictionary_encode + sort "
         f"({seconds['floor']:.2f} s)", f"{seconds['ours'] / seconds['floor']:.2f} x", "<= 1.5 x"],
    ]  # fmt: skip


_PEAK = """
import sys
import numba, pyarrow.parquet, pyarrow.compute, narwhals, joblib
import spamclf
from spamclf import kernels
from spamclf.features import FAMILIES
for name in ("ego", "account", "send_rate", "fan_out", "replies", "rhythm", "feedback"):
    getattr(kernels, name)
def peak():  # not getrusage: a child inherits its parent's peak there
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
before = peak()
dataset = spamclf.read_dataset(sys.argv[1])
table = spamclf.extract(dataset)
print(dataset.messages.num_rows, before, peak())
"""


def bench_memory(folder: Path, what: str) -> list[list[str]]:
    """Peak memory of a fresh process that reads and extracts, less what it held after its imports."""
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(folder)], capture_output=True, text=True, check=True
    )
    rows, before, after = (int(word) for word in done.stdout.split())
    return [
        [f"peak memory, {what}: whole catalogue ({after / 1e9:.2f} GB in all, {before / 1e9:.2f} GB of it imports)",
         f"{(after - before) / rows:.0f} B per message", "<= 150 B"],
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--accounts", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{options.rows:,} messages of {options.accounts:,} accounts, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory() as temporary:
        integer, string = Path(temporary) / "integer", Path(temporary) / "string"
        make_log(integer, options.rows, options.accounts)
        rows = bench_sort(integer, options.rounds)
        rows += bench_directions(integer, options.rounds)
        rows += bench_memory(integer, f"{options.rows:,} messages, integer ids")
        sparse = Path(temporary) / "sparse"
        make_log(sparse, options.rows, options.accounts, ids="sparse")
        rows += bench_sparse(sparse, options.rounds)
        million = Path(temporary) / "million"
        make_log(million, options.rows // 10, options.accounts // 10)
        rows += peers.bench(integer, million, options.rounds)
        for times in (0.1, 5.0):  # a tenth and five times as many: memory per message must stay
            other = Path(temporary) / "other"
            make_log(other, int(times * options.rows), int(times * options.accounts))
            rows += bench_memory(other, f"{int(times * options.rows):,} messages")
        make_log(string, options.rows, options.accounts, ids="string")
        rows += bench_strings(string, options.rounds)
        rows += bench_memory(string, f"{options.rows:,} messages, 32-character ids")
    print(markdown(["measure", "figure", "bar"], rows))


if __name__ == "__main__":
    main()
