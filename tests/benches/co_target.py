"""Recipient lists: what the family costs, and whom it tells apart: ``python -m tests.benches.co_target``."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import spamclf
from spamclf import simulate
from spamclf.dataset import Dataset
from spamclf.ego import EgoLog, Slices
from spamclf.features import co_target, fan_out, replies
from spamclf.features.co_target import FEATURES
from spamclf.features.extract import AfterSends, snapshot_slices
from spamclf.threads import equal_parts, in_threads
from tests.benches import public_data
from tests.benches.messages import DAY, START, make_log
from tests.benches.timing import markdown, side_by_side

Values = npt.NDArray[np.float64]


def measured(ego: EgoLog, slices: Slices, family: Any = co_target, n_jobs: int = 1) -> Values:
    """Compute one family, what it derives from the log anew."""
    ego._derived.clear()
    load = np.append(0, np.cumsum(slices.ends - slices.starts + 20))
    out = np.empty((len(family.FEATURES), len(slices)))
    in_threads(family.measure(ego, slices, out), equal_parts(load, 1 if n_jobs == 1 else 4 * n_jobs), n_jobs)
    return out


def bench_messages(rows: int, accounts: int, rounds: int) -> list[list[str]]:
    """The family against two others that read the same entries."""
    with tempfile.TemporaryDirectory() as folder:
        make_log(Path(folder), rows, accounts)
        ego = EgoLog.build(spamclf.read_dataset(folder))
    slices = ego.slices(np.arange(ego.n_accounts), START + 30 * DAY, history_days=30)
    table = []
    for n_jobs in (1, 2):
        work: dict[str, Callable[[], Values]] = {
            family.FAMILY.name: lambda family=family, n_jobs=n_jobs: measured(ego, slices, family, n_jobs)
            for family in (co_target, fan_out, replies)
        }  # fmt: skip
        took = side_by_side(work, rounds=rounds)
        two = took["fan_out"] + took["replies"]
        table.append(
            [f"{rows:,} messages of {accounts:,} accounts, {n_jobs} threads: co_target ({took['co_target']:.2f} s) vs "
             f"fan_out + replies ({two:.2f} s)", f"{took['co_target'] / two:.2f} x", "about 1 x"]
        )  # fmt: skip
    spans = co_target.StrangerSpans.of(ego, slices.history)
    held = sum(each.nbytes for each in (*spans.by_recipient, *spans.by_account))
    return [*table, ["its index, kept with the log", f"{held / rows:.0f} B per message", ""]]


def bench_extremes(scale: int) -> list[list[str]]:
    """What would be a square in a naive count: four times the rows must cost about four times as much."""
    n = np.arange
    worlds: dict[str, Callable[[int], tuple[Any, Any]]] = {
        "accounts that all write to one recipient": lambda k: (n(k) + 1, np.zeros(k, int)),
        "strangers of one account": lambda k: (np.zeros(k, int), n(k) + 1),
        "messages of one conversation": lambda k: (np.zeros(k, int), np.ones(k, int)),
        "messages of 8 accounts that share a list": lambda k: (n(k) % 8, n(k) // 8 + 8),
    }
    table = []
    for name, make in worlds.items():
        took = []
        for size in (scale // 4, scale):
            sender, recipient = make(size)
            when = START + n(size) * (60 * DAY // size)
            messages = {"sender_id": sender, "recipient_id": recipient, "sent_at": when}
            ego = EgoLog.build(Dataset(accounts={"account_id": []}, messages=messages, time_unit="us"))
            slices = snapshot_slices(ego, [START + 90 * DAY], AfterSends(1, 5, 20, 100, size // 8), 30)
            took.append(side_by_side({"it": lambda e=ego, s=slices: measured(e, s)}, rounds=3)["it"])
        table.append(
            [f"{scale:,} {name} ({took[1]:.2f} s), against a quarter", f"{took[1] / took[0]:.1f} x", "<= 5 x"]
        )
    return table


def auc(one: Values, other: Values) -> float:
    """Return the chance that one of the first is larger than one of the second."""
    one, other = one[~np.isnan(one)], np.sort(other[~np.isnan(other)])
    if not one.size or not other.size:
        return float("nan")
    places = np.searchsorted(other, one, side="left") + np.searchsorted(other, one, side="right")
    return float(places.mean() / 2 / other.size)


def bench_worlds() -> list[list[str]]:
    """How far each feature alone tells automated from honest accounts of simulated platforms."""
    platforms = []
    for seed in (0, 1, 2):
        settings = {"n_accounts": 2000, "random_state": seed}
        truth = simulate.truth(**settings)
        platforms.append((Dataset(**simulate.world(**settings)), truth))
    sample = spamclf.read_dataset("data/sample")
    table: list[list[str]] = [[feature.name] for feature in FEATURES]
    for dataset, truth in platforms:
        bad = dict(zip(truth["account_id"].to_pylist(), truth["is_automated"].to_pylist(), strict=True))
        for snapshots in (None, AfterSends(20)):
            add_aucs(table, dataset, bad, snapshots)
    labels = sample.labels
    known = dict(zip(labels["account_id"].to_pylist(), labels["is_automated"].to_pylist(), strict=True))
    add_aucs(table, sample, known)
    return table


def add_aucs(table: list[list[str]], dataset: Dataset, bad: dict[str, bool], snapshots: Any = None) -> None:
    ego = EgoLog.build(dataset)
    last = dataset.last_instant()
    assert last is not None
    slices = snapshot_slices(ego, [last + 1], snapshots, 30)
    out = measured(ego, slices)
    ids = ego.account_ids.to_pylist()
    truth = np.array([bad.get(ids[code], False) for code in slices.account])
    known = np.array([ids[code] in bad for code in slices.account])
    for row, values in zip(table, out, strict=True):
        row.append(f"{auc(values[truth & known], values[~truth & known]):.2f}")


def bench_honest() -> list[list[str]]:
    """What honest people reach who never saw a bought list."""
    table: list[list[str]] = [[feature.name] for feature in FEATURES]
    for name in public_data.HONEST:
        dataset = public_data.honest(name)
        ego = EgoLog.build(dataset)
        last = dataset.last_instant()
        assert last is not None
        first = int(ego.time.min())
        when = [first + k * (last - first) // 4 for k in (1, 2, 3)]
        slices = snapshot_slices(ego, when, None, 30)
        for row, values in zip(table, measured(ego, slices), strict=True):
            known = values[~np.isnan(values)]
            quantiles = np.quantile(known, [0.5, 0.9, 0.99]) if known.size else np.full(3, np.nan)
            row.append(" / ".join(f"{q:.3g}" for q in quantiles) + f" ({np.isnan(values).mean():.0%} null)")
    return table


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = bench_messages(options.rows, options.rows * 3 // 100, options.rounds)
    rows += bench_messages(
        options.rows, options.rows * 12 // 100, options.rounds
    )  # few wrote to each: the hard case
    rows += bench_extremes(options.rows // 10)
    print(markdown(["measure", "figure", "bar"], rows), "\n")
    worlds = [f"{when}, world {seed}" for seed in (0, 1, 2) for when in ("end", "20 sends")]
    print(markdown(["AUC, automated against honest", *worlds, "sample"], bench_worlds()), "\n")
    if public_data.folder() is None:
        print(f"co_target: honest logs skipped, {public_data.why_not()}.")
        return
    print(markdown(["median / 90 % / 99 % of honest logs", *public_data.HONEST], bench_honest()))


if __name__ == "__main__":
    main()
