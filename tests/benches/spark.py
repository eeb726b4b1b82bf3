"""How fast the cluster door is: against our own on one machine, and against Spark SQL with window functions.

    python -m tests.benches.spark [n_messages] [rounds]

Everything runs on two threads. The query computes eighteen of the features, as far as Spark SQL can say them; its
values must equal ours. `score` computes all that the model asks for, and scores.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from spamclf import Dataset, batch, extract, predict, spark
from tests.benches.timing import markdown

AS_OF = "2026-07-01"
_DAY, _HOUR = 86_400_000_000, 3_600_000_000
_START = 1_782_864_000 - 30 * 86_400

#: Eighteen features of the family `send_rate`, `rhythm`, `fan_out` and `replies` in Spark's dialect.
QUERY = f"""
WITH sends AS (
    SELECT sender_id, recipient_id, unix_micros(sent_at) AS t FROM messages
), ahead AS (
    SELECT sender_id, t,
           count(*) OVER one_minute AS in_1m, count(*) OVER one_hour AS in_1h, count(*) OVER one_day AS in_24h,
           t - lag(t) OVER plain AS gap
    FROM sends
    WINDOW plain AS (PARTITION BY sender_id ORDER BY t),
           one_minute AS (PARTITION BY sender_id ORDER BY t RANGE BETWEEN CURRENT ROW AND 59999999 FOLLOWING),
           one_hour AS (PARTITION BY sender_id ORDER BY t RANGE BETWEEN CURRENT ROW AND {_HOUR - 1} FOLLOWING),
           one_day AS (PARTITION BY sender_id ORDER BY t RANGE BETWEEN CURRENT ROW AND {_DAY - 1} FOLLOWING)
), own AS (
    SELECT sender_id AS account_id, count(*) AS send_rate_sends,
           count(DISTINCT t div {_DAY}) AS rhythm_active_days,
           count(*) / count(DISTINCT t div {_DAY}) AS send_rate_per_active_day,
           count_if(t % {_DAY} < 6 * {_HOUR}) / count(*) AS rhythm_night_share,
           max(in_1m) AS send_rate_max_1m, max(in_1h) AS send_rate_max_1h, max(in_24h) AS send_rate_max_24h,
           max(in_1h) / count(*) AS send_rate_busiest_hour_share,
           percentile(gap, 0.5) / 1e6 AS rhythm_gap_p50_s
    FROM ahead GROUP BY sender_id
), pairs AS (
    SELECT sender_id, recipient_id, count(*) AS n, min(t) AS first, max(t) AS last
    FROM sends GROUP BY sender_id, recipient_id
), people AS (
    SELECT there.sender_id AS account_id, count(*) AS fan_out_recipients,
           count_if(there.n = 1) AS fan_out_once, count_if(there.n = 1) / count(*) AS fan_out_once_share,
           sum(there.n) / count(*) AS fan_out_messages_per_recipient,
           log2(sum(there.n)) - sum(there.n * log2(there.n)) / sum(there.n) AS fan_out_entropy,
           count_if(back.first IS NULL OR back.first > there.first) AS fan_out_strangers,
           count_if(back.first IS NULL OR back.first > there.first) / count(*) AS fan_out_stranger_share,
           count_if(back.last > there.first) / count(*) AS replies_recipient_share,
           count_if(back.first IS NULL) AS replies_debt
    FROM pairs AS there
    LEFT JOIN pairs AS back ON back.sender_id = there.recipient_id AND back.recipient_id = there.sender_id
    GROUP BY there.sender_id
)
SELECT * FROM own JOIN people USING (account_id)
"""


def make(n_messages: int, folder: Path) -> None:
    """Write messages and accounts: few write to many strangers, most to a few friends who answer."""
    rng = np.random.default_rng(0)
    n_accounts = max(n_messages // 50, 100)
    sender = (n_accounts * rng.random(n_messages) ** 1.5).astype(np.int64)
    friend = (sender + rng.integers(1, 12, n_messages)) % n_accounts
    anybody = (sender + 1 + rng.integers(0, n_accounts - 1, n_messages)) % n_accounts
    recipient = np.where(rng.random(n_messages) < np.where(sender % 50 == 0, 0.9, 0.1), anybody, friend)
    sent_at = _START * 1_000_000 + rng.permutation(30 * _DAY // n_messages * np.arange(n_messages))
    messages = {
        "sender_id": sender,
        "recipient_id": recipient,
        "sent_at": pa.array(sent_at, pa.timestamp("us", "UTC")),
    }
    pq.write_table(pa.table(messages), folder / "messages.parquet", row_group_size=1 << 20)
    who = np.arange(n_accounts)
    born = (_START - rng.integers(0, 400 * 86_400, n_accounts)) * 1_000_000
    accounts = {
        "account_id": who,
        "registered_at": pa.array(born, pa.timestamp("us", "UTC")),
        "country": np.array(["DE", "FR", "BR"])[who % 3],
        "network": [f"n{k}" for k in (who % 5000).tolist()],
    }
    pq.write_table(pa.table(accounts), folder / "accounts.parquet")


def cluster() -> Any:
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    conf = {
        "spark.ui.enabled": "false", "spark.driver.memory": "6g", "spark.sql.session.timeZone": "UTC",
        "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.sql.shuffle.partitions": "8",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.maxBytesPerBatch": "2147483647",  # as the notes of `spark.score` say
    }  # fmt: skip
    builder = SparkSession.builder.master("local[2]")
    for name, value in conf.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def check(session: Any, tables: dict[str, Any], folder: Path, names: list[str]) -> None:
    """Spark's own values equal ours, and ours on the cluster those of one machine, bit for bit."""
    here = extract(_dataset(folder), features=names, as_of=AS_OF, n_jobs=2).to_arrow().sort_by("account_id")
    there = spark.features(session, **tables, names=names, as_of=AS_OF).toArrow().sort_by("account_id")
    query = session.sql(QUERY).select("account_id", *names).toArrow().sort_by("account_id")
    sends = np.asarray(here["send_rate_sends"]) > 0
    for name in names:
        assert here[name].equals(there[name]), name
        ours, theirs = np.asarray(here[name])[sends], np.asarray(query[name], np.float64)
        np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-9, err_msg=name)


def _dataset(folder: Path) -> Dataset:
    return Dataset(
        messages=folder / "messages.parquet", accounts=folder / "accounts.parquet", not_after="2040-01-01"
    )


def measure(work: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each, in turns, after one run that nobody times."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for each in range(rounds + 1):
        for name, run in work.items():
            start = time.perf_counter()
            run()
            print(f"  {name}: {time.perf_counter() - start:.1f} s", flush=True)
            if each:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in times.items()}


def main(n_messages: int = 10_000_000, rounds: int = 3) -> None:
    session = cluster()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make(n_messages, folder)
        tables = {
            name: session.read.parquet(str(folder / f"{name}.parquet")) for name in ("messages", "accounts")
        }
        tables["messages"].createOrReplaceTempView("messages")
        names = [name for name in session.sql(QUERY).columns if name != "account_id"]
        assert len(names) == 18
        check(session, tables, folder, names)

        def written(frame: Any) -> None:
            frame.write.mode("overwrite").parquet(str(folder / "out"))

        def on_one_machine() -> None:
            scores = predict.score(_dataset(folder), as_of=AS_OF, n_reasons=0, n_jobs=2)
            pq.write_table(scores, folder / "scores.parquet")

        def in_batch() -> None:
            data = folder / "data"
            data.mkdir(exist_ok=True)
            for name in tables:
                if not (data / f"{name}.parquet").exists():
                    os.link(folder / f"{name}.parquet", data / f"{name}.parquet")
            shutil.rmtree(folder / "batch", ignore_errors=True)
            batch.score(data, folder / "batch", as_of=AS_OF, n_reasons=0, n_jobs=2)

        seconds = measure(
            {
                "batch.score": in_batch,
                "predict.score": on_one_machine,
                "spark.score": lambda: written(spark.score(session, **tables, as_of=AS_OF, n_reasons=0)),
                "spark.features, 18": lambda: written(
                    spark.features(session, **tables, names=names, as_of=AS_OF)
                ),
                "Spark SQL, 18 features": lambda: written(session.sql(QUERY)),
            },
            rounds,
        )
    own, one, ours, few, query = seconds.values()
    rows = [[name, f"{each:.1f}"] for name, each in seconds.items()]
    rows += [["spark.score / batch.score (bar: at most 2.5)", f"{ours / own:.2f}"]]
    rows += [["spark.score / predict.score, all in memory", f"{ours / one:.2f}"]]
    rows += [["Spark SQL / spark.score", f"{query / ours:.2f}"]]
    rows += [["Spark SQL / spark.features of the same 18 (bar: at least 2)", f"{query / few:.2f}"]]
    print(markdown([f"{n_messages:,} messages", "seconds"], rows))


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:]))
