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
    "send_rate_max_15s",
    "send_rate_max_1m",
    "send_rate_max_10m",
    "send_rate_max_1h",
    "send_rate_max_24h",
    "send_rate_busiest_hour_share",
    "fan_out_recipients",
    "fan_out_strangers",
    "fan_out_stranger_share",
    "fan_out_max_strangers_1h",
    "fan_out_once",
    "fan_out_once_share",
    "fan_out_entropy",
    "fan_out_messages_per_recipient",
    "replies_recipient_share",
    "replies_debt",
    "replies_in_out_ratio",
    "replies_began_share",
    "replies_mutual_share",
    "rhythm_gap_p01_s",
    "rhythm_gap_p10_s",
    "rhythm_gap_p50_s",
    "rhythm_gap_p90_s",
    "rhythm_gap_cv",
    "rhythm_modal_gap_share",
    "rhythm_hour_entropy",
    "rhythm_night_share",
    "rhythm_active_days",
)

_SECONDS = {"15s": 15, "1m": 60, "10m": 600, "1h": 3_600, "24h": 86_400}
_QUANTILES = (0.01, 0.1, 0.5, 0.9)


def _most(window: str) -> str:
    frame = f"RANGE BETWEEN {_SECONDS[window] * 1_000_000 - 1} PRECEDING AND CURRENT ROW"
    return f"count(*) OVER (PARTITION BY a ORDER BY t {frame}) AS in_{window}"


_SQL = f"""
WITH sent AS (
    SELECT sender_id AS a, epoch_us(sent_at) AS t FROM messages
), timed AS (
    SELECT a, t, (t - lag(t) OVER (PARTITION BY a ORDER BY t)) / 1e6 AS gap, {", ".join(map(_most, _SECONDS))} FROM sent
), by_account AS (
    SELECT a, count(*) AS sends, count(DISTINCT t // 86400000000) AS active_days,
        {", ".join(f"max(in_{window}) AS max_{window}" for window in _SECONDS)},
        quantile_cont(gap, {list(_QUANTILES)}) AS q,
        CASE WHEN count(gap) > 1 THEN stddev_pop(gap) / nullif(avg(gap), 0) END AS gap_cv,
        avg((t % 86400000000 < 21600000000)::INT) AS night
    FROM timed GROUP BY a
), modal AS (
    SELECT a, max(n) / sum(n) AS modal
    FROM (SELECT a, floor(gap + 0.5) AS second, count(*) AS n FROM timed WHERE gap IS NOT NULL GROUP BY ALL) GROUP BY a
), hours AS (
    SELECT a, log2(sum(n)) - sum(n * log2(n)) / sum(n) AS hour_entropy
    FROM (SELECT a, (t % 86400000000) // 3600000000 AS hour, count(*) AS n FROM sent GROUP BY ALL) GROUP BY a
), both_ways AS (
    SELECT sender_id AS a, recipient_id AS b, epoch_us(sent_at) AS t, true AS sends FROM messages
    UNION ALL SELECT recipient_id, sender_id, epoch_us(sent_at), false FROM messages
), talks AS (
    SELECT a, b, count(*) FILTER (sends) AS n, count(*) FILTER (NOT sends) AS n_in,
        min(t) FILTER (sends) AS first_out, coalesce(min(t) FILTER (NOT sends), 9e18) AS first_in,
        coalesce(max(t) FILTER (NOT sends), 0) AS last_in
    FROM both_ways GROUP BY a, b
), met AS (
    SELECT a, first_out AS t FROM talks WHERE n > 0 AND first_in > first_out
), meetings AS (
    SELECT a, max(in_1h) AS max_met FROM (SELECT a, {_most("1h")} FROM met) GROUP BY a
), people AS (
    SELECT a, count(*) AS talks, count(*) FILTER (n > 0) AS recipients, count(*) FILTER (n = 1) AS once,
        count(*) FILTER (n > 0 AND first_in > first_out) AS strangers,
        count(*) FILTER (n > 0 AND last_in > first_out) AS replied,
        count(*) FILTER (n > 0 AND first_in > first_out AND last_in <= first_out) AS debt,
        count(*) FILTER (n > 0 AND n = n_in) AS mutual, sum(n_in) AS received,
        log2(sum(n)) - sum(n * log2(n)) FILTER (n > 0) / sum(n) AS entropy
    FROM talks GROUP BY a HAVING sum(n) > 0
)
SELECT a AS account_id, sends, sends / active_days, max_15s, max_1m, max_10m, max_1h, max_24h, max_1h / sends,
    recipients, strangers, strangers / recipients, coalesce(max_met, 0), once, once / recipients, entropy,
    sends / recipients, replied / recipients, debt, received / sends, strangers / talks, mutual / talks,
    q[1], q[2], q[3], q[4], gap_cv, modal, hour_entropy, night, active_days
FROM by_account JOIN people USING (a) JOIN hours USING (a) LEFT JOIN modal USING (a) LEFT JOIN meetings USING (a)
ORDER BY a
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
    n, gap, t, sends = pl.col("n"), pl.col("gap"), pl.col("t"), pl.col("sends")
    spread = n.sum().log(2) - (n * n.log(2)).filter(n > 0).sum() / n.sum()

    def most(frame: Any, window: str, name: str) -> Any:
        period = f"{_SECONDS[window] * 1_000_000}i"
        counted = frame.rolling("t", period=period, group_by="a", closed="right").agg(pl.len().alias(name))
        return counted.group_by("a").agg(pl.col(name).max())

    messages = pl.read_parquet(path).select(
        pl.col("sender_id").alias("a"),
        pl.col("recipient_id").alias("b"),
        pl.col("sent_at").dt.epoch("us").alias("t"),
    )
    sent = messages.sort("a", "t").with_columns((t.diff().over("a") / 1e6).alias("gap"))
    out = sent.group_by("a").agg(
        pl.len().alias("sends"),
        (t // day).n_unique().alias("active_days"),
        *(gap.quantile(q, "linear").alias(f"q{k}") for k, q in enumerate(_QUANTILES)),
        pl.when(gap.count() > 1).then(gap.std(ddof=0) / gap.mean()).alias("gap_cv"),
        (t % day < 6 * hour).mean().alias("night"),
    )
    for window in _SECONDS:
        out = out.join(most(sent, window, f"max_{window}"), on="a")
    seconds = (
        sent.filter(gap.is_not_null())
        .group_by("a", (gap + 0.5).floor().alias("second"))
        .agg(pl.len().alias("n"))
    )
    out = out.join(seconds.group_by("a").agg((n.max() / n.sum()).alias("modal")), on="a", how="left")
    hours = messages.group_by("a", (t % day // hour).alias("hour")).agg(pl.len().alias("n"))
    out = out.join(hours.group_by("a").agg(spread.alias("hour_entropy")), on="a")
    gone = messages.group_by("a", "b").agg(pl.len().alias("n"), t.min().alias("first_out"))
    came = messages.group_by(pl.col("b").alias("a"), pl.col("a").alias("b")).agg(
        pl.len().alias("n_in"), t.min().alias("first_in"), t.max().alias("last_in")
    )
    talks = gone.join(came, on=["a", "b"], how="full", coalesce=True).with_columns(
        n.fill_null(0),
        pl.col("n_in").fill_null(0),
        pl.col("first_in").fill_null(2**62),
        pl.col("last_in").fill_null(0),
    )
    wrote = n > 0
    stranger = wrote & (pl.col("first_in") > pl.col("first_out"))
    replied = wrote & (pl.col("last_in") > pl.col("first_out"))
    people = talks.group_by("a").agg(
        pl.len().alias("talks"),
        wrote.sum().alias("recipients"),
        (n == 1).sum().alias("once"),
        stranger.sum().alias("strangers"),
        replied.sum().alias("replied"),
        (stranger & ~replied).sum().alias("debt"),
        (wrote & (n == pl.col("n_in"))).sum().alias("mutual"),
        pl.col("n_in").sum().alias("received"),
        spread.alias("entropy"),
    )
    met = talks.filter(stranger).select("a", pl.col("first_out").alias("t")).sort("a", "t")
    out = out.join(people, on="a").join(most(met, "1h", "max_met"), on="a", how="left").sort("a")
    recipients, strangers = pl.col("recipients"), pl.col("strangers")
    columns = (
        "a", sends, sends / pl.col("active_days"), *(f"max_{window}" for window in _SECONDS),
        pl.col("max_1h") / sends, recipients, strangers, strangers / recipients, pl.col("max_met").fill_null(0), "once",
        pl.col("once") / recipients, "entropy", sends / recipients, pl.col("replied") / recipients, "debt",
        pl.col("received") / sends, strangers / pl.col("talks"), pl.col("mutual") / pl.col("talks"), "q0", "q1", "q2",
        "q3", "gap_cv", "modal", "hour_entropy", "night", "active_days",
    )  # fmt: skip
    named = [(pl.col(c) if isinstance(c, str) else c).alias(f"c{k}") for k, c in enumerate(columns)]
    return _matrix(out.select(named).to_arrow())


def by_pandas(path: Path) -> np.ndarray:
    import pandas as pd

    day, hour = 86_400_000_000, 3_600_000_000
    messages = pd.read_parquet(path).rename(columns={"sender_id": "a", "recipient_id": "b"})
    messages["t"] = messages["sent_at"].astype("datetime64[us, UTC]").astype("int64")
    messages = messages.sort_values(["a", "t"])
    messages["gap"] = messages.groupby("a")["t"].diff() / 1e6

    def most(frame: Any, window: str) -> Any:
        timed = frame.set_index(pd.to_datetime(frame["t"], unit="us"))
        return timed.groupby("a")["t"].rolling(f"{_SECONDS[window]}s").count().groupby("a").max()

    groups = messages.groupby("a")
    sends, active_days = groups.size(), (messages["t"] // day).groupby(messages["a"]).nunique()
    most_sent = {window: most(messages, window) for window in _SECONDS}
    quantiles = groups["gap"].quantile(list(_QUANTILES)).unstack()
    gap_cv = (groups["gap"].std(ddof=0) / groups["gap"].mean()).where(sends > 2)
    with_gap = messages.dropna(subset="gap")
    seconds = with_gap.groupby(["a", np.floor(with_gap["gap"] + 0.5)]).size().groupby("a")
    hours = messages.groupby(["a", messages["t"] % day // hour]).size()
    night = (messages["t"] % day < 6 * hour).groupby(messages["a"]).mean()
    gone = messages.groupby(["a", "b"])["t"].agg(n="size", first_out="min")
    came = messages.rename(columns={"a": "b", "b": "a"}).groupby(["a", "b"])["t"]
    talks = gone.join(came.agg(n_in="size", first_in="min", last_in="max"), how="outer")
    talks = talks.fillna({"n": 0, "n_in": 0, "first_in": 2**62, "last_in": 0})
    wrote = talks["n"] > 0
    stranger = wrote & (talks["first_in"] > talks["first_out"])
    replied = wrote & (talks["last_in"] > talks["first_out"])

    def total(values: Any) -> Any:
        return values.groupby("a").sum().reindex(sends.index)

    recipients, strangers, once = total(wrote), total(stranger), total(talks["n"] == 1)
    n_talks = total(wrote | True)
    met = talks[stranger].reset_index().rename(columns={"first_out": "t"}).sort_values(["a", "t"])
    columns = [
        sends, sends / active_days, *most_sent.values(), most_sent["1h"] / sends, recipients, strangers,
        strangers / recipients, most(met, "1h").reindex(sends.index).fillna(0), once, once / recipients,
        _entropy(talks.loc[wrote, "n"]), sends / recipients, total(replied) / recipients, total(stranger & ~replied),
        total(talks["n_in"]) / sends, strangers / n_talks, total(wrote & (talks["n"] == talks["n_in"])) / n_talks,
        *(quantiles[q] for q in _QUANTILES), gap_cv, seconds.max() / seconds.sum(), _entropy(hours), night,
        active_days,
    ]  # fmt: skip
    return np.stack([np.asarray(column.reindex(sends.index), np.float64) for column in columns])


def _entropy(counts: Any) -> Any:
    total = counts.groupby("a").sum()
    return np.log2(total) - (counts * np.log2(counts)).groupby("a").sum() / total


def measured(path: Path) -> spamclf.FeatureTable:
    return spamclf.extract(spamclf.read_dataset(path.parent), features=FEATURES)


def by_spamclf(path: Path) -> np.ndarray:
    """In the order of the others, for comparison."""
    table = measured(path)
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
        {"ours": lambda: measured(path), **{name: lambda run=run: run(path) for name, run in fast.items()}},
        rounds=rounds,
    )
    few = side_by_side({"ours": lambda: measured(small), "pandas": lambda: by_pandas(small)}, rounds=rounds)
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
