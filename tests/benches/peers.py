"""The same features as an analyst would write them in DuckDB SQL, polars and pandas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import spamclf
from tests.benches.timing import side_by_side

#: What all four compute, one row per sender.
FEATURES = (
    "send_rate_sends",
    "send_rate_per_active_day",
    "send_rate_max_1h",
    "fan_out_recipients",
    "fan_out_once",
    "fan_out_once_share",
    "fan_out_messages_per_recipient",
    "fan_out_entropy",
    "replies_in_out_ratio",
    "rhythm_gap_p10_s",
    "rhythm_gap_p50_s",
    "rhythm_gap_p90_s",
    "rhythm_gap_cv",
    "rhythm_night_share",
    "rhythm_hour_entropy",
    "rhythm_active_days",
)

_SQL = """
WITH sent AS (
    SELECT sender_id, epoch_us(sent_at) AS t FROM messages
), gaps AS (
    SELECT sender_id, t,
        (t - lag(t) OVER w) / 1e6 AS gap,
        count(*) OVER (PARTITION BY sender_id ORDER BY t RANGE BETWEEN 3599999999 PRECEDING AND CURRENT ROW) AS last_1h
    FROM sent WINDOW w AS (PARTITION BY sender_id ORDER BY t)
), by_sender AS (
    SELECT sender_id, count(*) AS sends, max(last_1h) AS max_1h,
        count(DISTINCT t // 86400000000) AS active_days,
        quantile_cont(gap, [0.1, 0.5, 0.9]) AS q,
        CASE WHEN count(gap) > 1 THEN stddev_pop(gap) / nullif(avg(gap), 0) END AS gap_cv,
        avg((t % 86400000000 < 21600000000)::INT) AS night
    FROM gaps GROUP BY sender_id
), pairs AS (
    SELECT sender_id, recipient_id, count(*) AS n FROM messages GROUP BY ALL
), people AS (
    SELECT sender_id, count(*) AS recipients, sum((n = 1)::INT) AS once,
        log2(sum(n)) - sum(n * log2(n)) / sum(n) AS entropy
    FROM pairs GROUP BY sender_id
), hours AS (
    SELECT sender_id, log2(sum(n)) - sum(n * log2(n)) / sum(n) AS hour_entropy
    FROM (SELECT sender_id, (t % 86400000000) // 3600000000 AS hour, count(*) AS n FROM sent GROUP BY ALL)
    GROUP BY sender_id
), got AS (
    SELECT recipient_id AS sender_id, count(*) AS received FROM messages GROUP BY ALL
)
SELECT sender_id AS account_id, sends, sends / active_days, max_1h, recipients, once, once / recipients,
    sends / recipients, entropy, coalesce(received, 0) / sends, q[1], q[2], q[3], gap_cv, night, hour_entropy,
    active_days
FROM by_sender JOIN people USING (sender_id) JOIN hours USING (sender_id) LEFT JOIN got USING (sender_id)
ORDER BY account_id
"""


def by_duckdb(path: Path) -> np.ndarray:
    import duckdb

    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE VIEW messages AS SELECT * FROM read_parquet('{path}')")
        return _matrix(connection.sql(_SQL).to_arrow_table())


def by_polars(path: Path) -> np.ndarray:
    import polars as pl

    day, hour = 86_400_000_000, 3_600_000_000
    messages = pl.read_parquet(path).with_columns(pl.col("sent_at").dt.epoch("us").alias("t"))
    sent = messages.sort("sender_id", "t").with_columns(
        (pl.col("t").diff().over("sender_id") / 1e6).alias("gap"),
    )
    # the sends in the hour up to each: its place less the place of the first one within the hour
    rolling = (
        sent.select("sender_id", "t", pl.lit(1).alias("one"))
        .rolling("t", period=f"{hour}i", group_by="sender_id", closed="right")
        .agg(pl.col("one").sum().alias("last_1h"))
        .group_by("sender_id")
        .agg(pl.col("last_1h").max().alias("max_1h"))
    )
    by_sender = sent.group_by("sender_id").agg(
        pl.len().alias("sends"),
        (pl.col("t") // day).n_unique().alias("active_days"),
        *(pl.col("gap").quantile(q, "linear").alias(f"q{k}") for k, q in enumerate((0.1, 0.5, 0.9))),
        pl.when(pl.col("gap").count() > 1)
        .then(pl.col("gap").std(ddof=0) / pl.col("gap").mean())
        .alias("gap_cv"),
        (pl.col("t") % day < 6 * hour).mean().alias("night"),
    )
    spread = (pl.col("n").sum().log(2) - (pl.col("n") * pl.col("n").log(2)).sum() / pl.col("n").sum()).alias(
        "entropy"
    )
    people = (
        messages.group_by("sender_id", "recipient_id")
        .agg(pl.len().alias("n"))
        .group_by("sender_id")
        .agg(pl.len().alias("recipients"), (pl.col("n") == 1).sum().alias("once"), spread)
    )
    hours = (
        messages.group_by("sender_id", (pl.col("t") % day // hour).alias("hour"))
        .agg(pl.len().alias("n"))
        .group_by("sender_id")
        .agg(spread.alias("hour_entropy"))
    )
    got = messages.group_by(pl.col("recipient_id").alias("sender_id")).agg(pl.len().alias("received"))
    joined = by_sender.join(rolling, on="sender_id").join(people, on="sender_id").join(hours, on="sender_id")
    joined = joined.join(got, on="sender_id", how="left").sort("sender_id")
    sends = pl.col("sends")
    return _matrix(
        joined.select(
            "sender_id", "sends", (sends / pl.col("active_days")).alias("per_day"), "max_1h", "recipients", "once",
            (pl.col("once") / pl.col("recipients")).alias("once_share"),
            (sends / pl.col("recipients")).alias("per_recipient"), "entropy",
            (pl.col("received").fill_null(0) / sends).alias("ratio"), "q0", "q1", "q2", "gap_cv", "night",
            "hour_entropy", "active_days",
        ).to_arrow()
    )  # fmt: skip


def by_pandas(path: Path) -> np.ndarray:
    import pandas as pd

    messages = pd.read_parquet(path)
    messages["t"] = messages["sent_at"].astype("datetime64[us, UTC]").astype("int64")
    messages = messages.sort_values(["sender_id", "t"])
    messages["gap"] = messages.groupby("sender_id")["t"].diff() / 1e6
    messages["day"] = messages["t"] // 86_400_000_000
    messages["hour"] = messages["t"] % 86_400_000_000 // 3_600_000_000
    groups = messages.groupby("sender_id")
    out = pd.DataFrame({"sends": groups.size()})
    active_days = groups["day"].nunique()
    out["per_day"] = out["sends"] / active_days
    timed = messages.set_index(pd.to_datetime(messages["t"], unit="us"))
    rolled = timed.groupby("sender_id")["t"].rolling("1h").count()
    out["max_1h"] = rolled.groupby("sender_id").max()
    pairs = messages.groupby(["sender_id", "recipient_id"]).size()
    out["recipients"] = pairs.groupby("sender_id").size()
    out["once"] = (pairs == 1).groupby("sender_id").sum()
    out["once_share"] = out["once"] / out["recipients"]
    out["per_recipient"] = out["sends"] / out["recipients"]
    out["entropy"] = _entropy(pairs)
    out["ratio"] = messages.groupby("recipient_id").size().reindex(out.index).fillna(0) / out["sends"]
    quantiles = groups["gap"].quantile([0.1, 0.5, 0.9]).unstack()
    out[["q0", "q1", "q2"]] = quantiles
    out["gap_cv"] = (groups["gap"].std(ddof=0) / groups["gap"].mean()).where(out["sends"] > 2)
    out["night"] = (messages["hour"] < 6).groupby(messages["sender_id"]).mean()
    out["hour_entropy"] = _entropy(messages.groupby(["sender_id", "hour"]).size())
    out["active_days"] = active_days
    return _matrix(pa.Table.from_pandas(out.reset_index()))


def _entropy(counts: Any) -> Any:
    total = counts.groupby("sender_id").sum()
    return np.log2(total) - (counts * np.log2(counts)).groupby("sender_id").sum() / total


def by_spamclf(path: Path) -> np.ndarray:
    dataset = spamclf.read_dataset(path.parent)
    table = spamclf.extract(dataset, features=FEATURES)
    sends = table["send_rate_sends"] > 0
    ids = np.asarray(table.account_ids)[sends]
    return table.values[:, sends][:, np.argsort(ids)]


def _matrix(table: pa.Table) -> np.ndarray:
    return np.stack([np.asarray(column.cast(pa.float64()).fill_null(np.nan)) for column in table.columns[1:]])


def assert_equal(path: Path, work: dict[str, Any]) -> None:
    """Counts exactly, the rest to 1e-9: different orders of summing differ in the last bits."""
    ours = by_spamclf(path)
    for name, run in work.items():
        theirs = run(path)
        for feature, mine, other in zip(FEATURES, ours, theirs, strict=True):
            np.testing.assert_allclose(other, mine, rtol=1e-9, atol=1e-9, err_msg=f"{name}: {feature}")


def bench(folder: Path, smaller: Path, rounds: int) -> list[list[str]]:
    """Time all on one log, pandas on the smaller one; equal values first."""
    path, small = folder / "messages.parquet", smaller / "messages.parquet"
    fast: dict[str, Any] = {"DuckDB SQL": by_duckdb, "polars": by_polars}
    assert_equal(small, {**fast, "pandas": by_pandas})
    assert_equal(path, fast)
    big = side_by_side(
        {"ours": lambda: by_spamclf(path), **{name: lambda run=run: run(path) for name, run in fast.items()}},
        rounds=rounds,
    )
    few = side_by_side({"ours": lambda: by_spamclf(small), "pandas": lambda: by_pandas(small)}, rounds=rounds)
    bars = {"DuckDB SQL": ">= 4 x", "polars": ">= 8 x", "pandas": ">= 20 x"}
    rows = []
    for name, ours, theirs, log in (
        *((name, big["ours"], big[name], path) for name in fast),
        ("pandas", few["ours"], few["pandas"], small),
    ):
        size = pq.read_metadata(log).num_rows
        rows.append(
            [f"{len(FEATURES)} equal features of {size:,} messages: spamclf ({ours:.2f} s) vs {name} ({theirs:.2f} s)",
             f"{theirs / ours:.1f} x faster", bars[name]]
        )  # fmt: skip
    return rows
