"""One computation behind every door: `predict`, `LiveScorer` and `batch` give the same rows, bit for bit.

The fourth door, Spark, is held against `predict` in tests/test_spark.py.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from spamclf import Dataset, batch, extract, predict, simulate
from spamclf.instants import DAY_US
from spamclf.model import Model
from spamclf.predict import LiveScorer
from tests import doors


def observed(tables: doors.Tables, model: Model, rng: random.Random) -> LiveScorer:
    """All rows in batches of random sizes; those of messages in the order of time, others before, between and after."""
    live = LiveScorer(model, tables=list(tables), lateness_s=0)
    batches: list[tuple[float, str, pa.Table]] = []
    for name, table in tables.items():
        if name == "messages":
            table = table.sort_by("sent_at")
        low = 0
        while low < table.num_rows:
            n = int(10 ** rng.uniform(1, 5))
            place = low / table.num_rows if name == "messages" else rng.random()
            batches.append((place, name, table.slice(low, n)))
            low += n
    for _, name, rows in sorted(batches, key=lambda each: each[0]):
        live.observe(name, rows)
    return live


def written(tables: doors.Tables, folder: Path) -> Path:
    """A dataset's folder, the messages in several files."""
    doors.write_folder({name: table for name, table in tables.items() if name != "messages"}, folder)
    (folder / "messages").mkdir()
    messages = tables["messages"]
    for k, low in enumerate(range(0, messages.num_rows, messages.num_rows // 3 + 1)):
        part = messages.slice(low, messages.num_rows // 3 + 1)
        pq.write_table(part, folder / "messages" / f"{k}.parquet", row_group_size=part.num_rows // 2 + 1)
    return folder


def batched(folder: Path, out: Path, **settings: Any) -> pa.Table:
    return pa.concat_tables(
        [pq.read_table(path) for path in sorted(batch.score(folder, out, **settings).glob("*.parquet"))]
    )


def sorted_rows(scores: pa.Table) -> pa.Table:
    return scores.sort_by("account_id").combine_chunks()


def assert_same_features(live: LiveScorer, dataset: Dataset, as_of: int, model: Model, n_jobs: int) -> None:
    """Features one account or many at a time; the values alone, whoever remembers what."""
    from spamclf.ego import EgoLog

    ego = EgoLog.build(dataset, n_jobs=n_jobs).remembering(model.memory)
    names = model.feature_names
    table = extract(
        dataset, as_of=as_of, features=names, history_days=model.history_days, n_jobs=n_jobs, ego=ego
    )
    got = live.features(table.account_ids.to_pylist(), as_of)
    for name, wanted in zip(names, table.values, strict=True):
        np.testing.assert_array_equal(got[name].to_numpy(zero_copy_only=False), wanted, err_msg=name)


def assert_doors_agree(
    tables: doors.Tables, model: Model, n_instants: int, n_runs: int, tmp_path: Path
) -> None:
    rng = random.Random(5)
    tables = {name: table for name, table in tables.items() if name != "photos"} | {
        "photos": simulated_hashes(tables["photos"], rng)
    }
    dataset, live = Dataset(**tables), observed(tables, model, rng)
    folder = written(tables, tmp_path / "dataset")
    last = dataset.last_instant()
    assert last is not None
    instants = [last + 1, *(last - rng.randrange(20 * DAY_US) for _ in range(n_instants - 1))]
    for k, as_of in enumerate(instants):
        n_jobs = rng.choice((1, 2, 3))
        wanted = sorted_rows(predict.score(dataset, model, as_of=as_of, n_jobs=n_jobs))
        assert sorted_rows(live.score(as_of=as_of)).equals(wanted)
        assert_same_features(live, dataset, as_of, model, n_jobs)
        some = rng.sample(wanted["account_id"].to_pylist(), 20)
        alone = pa.concat_tables([live.score([name], as_of) for name in some])
        assert sorted_rows(alone).equals(wanted.filter(pc.is_in(wanted["account_id"], pa.array(some))))
        if k < n_runs:
            out = tmp_path / f"scores-{k}"
            got = batched(folder, out, model=model, as_of=as_of, n_shards=rng.randrange(1, 9), n_jobs=n_jobs)
            assert sorted_rows(got).equals(wanted)


def simulated_hashes(photos: pa.Table, rng: random.Random) -> pa.Table:
    """Hashes instead of files: of each file one, and now and then one of nearly the same picture."""
    bits = {
        path: rng.getrandbits(256) for path in sorted({str(each) for each in photos["photo"].to_pylist()})
    }
    made = [
        f"{bits[str(path)] ^ (1 << rng.randrange(256)) if rng.random() < 0.3 else bits[str(path)]:064x}"
        for path in photos["photo"].to_pylist()
    ]
    nothing = pa.nulls(photos.num_rows, pa.string())
    place = photos.column_names.index("photo")
    told = photos.set_column(place, "photo", nothing)
    if "photo_hash" in told.column_names:
        told = told.drop_columns("photo_hash")
    return told.append_column("photo_hash", pa.array(made))


def test_the_doors_agree(tmp_path: Path) -> None:
    assert_doors_agree(doors.tables(), doors.model(), 3, 2, tmp_path)


@pytest.mark.slow
def test_the_doors_agree_on_a_million_messages(tmp_path: Path) -> None:
    tables = dict(simulate.world(10_500, 30, random_state=5001))
    assert tables["messages"].num_rows > 1_000_000
    assert_doors_agree(tables, predict.load_shipped_model(), 20, 4, tmp_path)
