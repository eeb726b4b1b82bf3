from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import AfterSends, Dataset, FeatureTable, extract, predict, read_dataset
from spamclf.ego import EgoLog
from spamclf.errors import InsufficientDataError
from spamclf.features import CATALOGUE, FAMILIES
from tests.model.forests import random_model
from tests.worlds import (
    DAY,
    World,
    account,
    arrow,
    assert_equal_values,
    at,
    by_account,
    differing,
    disturbed,
    random_world,
    sent,
    shuffled,
    tables_of,
    worlds,
)

Values = dict[Any, dict[str, float]]


def bits(table: FeatureTable) -> tuple[bytes, list[Any], list[int]]:
    return table.values.tobytes(), table.account_ids.to_pylist(), table.as_of.tolist()


# ---- twins and point in time -------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(worlds())
def test_every_feature_equals_its_twin(world: World) -> None:
    for who, values in world.extract().items():
        assert_equal_values(values, world.twin(who))


@pytest.mark.slow
@settings(max_examples=1000)
@given(worlds(size=60))
def test_every_feature_equals_its_twin_at_length(world: World) -> None:
    for who, values in world.extract().items():
        assert_equal_values(values, world.twin(who))


@pytest.mark.parametrize("seed", range(3))
def test_larger_worlds_equal_their_twins(seed: int) -> None:
    world = random_world(seed, n_accounts=20, n_messages=600)
    for who, values in world.extract().items():
        assert_equal_values(values, world.twin(who))


@settings(max_examples=50)
@given(worlds())
def test_unseen_rows_change_nothing(world: World) -> None:
    other = disturbed(world, random.Random(world.seed))
    assert not differing(world.extract(), other.extract())


@pytest.mark.slow
@settings(max_examples=1500)
@given(worlds(size=40))
def test_unseen_rows_change_nothing_at_length(world: World) -> None:
    other = disturbed(world, random.Random(world.seed))
    assert not differing(world.extract(), other.extract())


@pytest.fixture(scope="module")
def disturbances() -> list[tuple[Values, Values]]:
    """Values of some worlds, and the same after unseen rows were removed, changed and added."""
    pairs = []
    for seed in range(12):
        world = random_world(seed)
        before = world.extract()
        pairs += [(before, disturbed(world, random.Random(100 * seed + k)).extract()) for k in range(2)]
    return pairs


@pytest.mark.parametrize("name", CATALOGUE)
def test_point_in_time(name: str, disturbances: list[tuple[Values, Values]]) -> None:
    known = 0
    for before, after in disturbances:
        one, other = ({who: {name: values[name]} for who, values in each.items()} for each in (before, after))
        assert not differing(one, other)
        known += sum(not np.isnan(values[name]) for values in one.values())
    if name != "account_time_to_send_100_s":  # nobody sends so much here
        # few write to nearly the same list, and of those who do some are labelled themselves
        assert known > (0 if name == "co_target_cluster_automated_share" else 10), "the check would be empty"


def test_a_seen_row_does_matter() -> None:
    """Else the checks above would prove nothing."""
    world = random_world(0)
    now = replace(world, as_of=world.as_of - DAY // 2)
    assert len(differing(world.extract(), now.extract())) > 200


def test_the_edges_of_the_history() -> None:
    world = World(tables_of(messages=[sent("a", "b", 100)]), history=DAY)
    counts = [
        replace(world, as_of=instant).extract()["a"]["send_rate_sends"]
        for instant in (at(100), at(100) + 1, at(100, days=1), at(100, days=1) + 1)
    ]
    assert counts == [0, 1, 1, 0]


# ---- what must not matter ----------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(worlds())
def test_the_order_of_rows_does_not_matter(world: World) -> None:
    assert not differing(world.extract(), shuffled(world, random.Random(world.seed)).extract())


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_many_rows_does_not_matter(seed: int) -> None:
    world = random_world(seed, n_accounts=8, n_messages=1000)
    assert not differing(world.extract(), shuffled(world, random.Random(seed)).extract())


@settings(max_examples=20)
@given(worlds(), st.integers(1, 3))
def test_repeated_messages_change_nothing_and_are_counted(world: World, times: int) -> None:
    messages = world.tables["messages"]
    once = EgoLog.build(world.dataset(), n_jobs=1)
    again = world.with_rows(messages=messages * (1 + times))
    assert EgoLog.build(again.dataset(), n_jobs=1).n_duplicates == once.n_duplicates + times * len(messages)
    assert not differing(world.extract(), again.extract())


def many_messages(n: int = 120_000, n_accounts: int = 400) -> Dataset:
    rng = np.random.default_rng(0)
    sender = rng.integers(0, n_accounts, n)
    times = at() + np.sort(rng.integers(0, 20 * DAY, n))
    times[::7] = times[::7] // 1_000_000 * 1_000_000
    return Dataset(
        accounts={"account_id": np.arange(n_accounts), "registered_at": at() + rng.integers(0, DAY, n_accounts)},
        messages={
            "sender_id": sender, "recipient_id": sender + rng.integers(1, 300, n), "sent_at": times,
            "typed_s": rng.exponential(3.0, n), "is_group": rng.random(n) < 0.1,
        },
        reports={
            "account_id": sender[:500], "reporter_id": sender[:500] + 1, "reported_at": times[:500] + 5,
            "kind": ["report"] * 500,
        },
        time_unit="us", not_after="2040-01-01",
    )  # fmt: skip


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_threads_do_not_matter(n_jobs: int) -> None:
    dataset = many_messages()
    for snapshots in (None, AfterSends(1, 20, 100)):
        tables = [extract(dataset, snapshots=snapshots, n_jobs=n) for n in (1, n_jobs)]
        assert bits(tables[0]) == bits(tables[1])


def test_integers_or_strings_as_ids() -> None:
    world = random_world(5)
    numbers: dict[str, int] = {}
    tables = {
        name: [
            {c: numbers.setdefault(v, 7 * len(numbers)) if c.endswith("_id") else v for c, v in row.items()}
            for row in rows
        ]
        for name, rows in world.tables.items()
    }
    settings = {"max_bad_share": 1.0, "not_after": "2040-01-01"}
    as_numbers = extract(
        Dataset(**arrow(tables, ids=pa.int64()), **settings), as_of=world.as_of, history_days=2
    )
    assert as_numbers.account_ids.type == pa.int64()
    back = {number: name for name, number in numbers.items()}
    values = {back[who]: each for who, each in by_account(as_numbers).items()}
    expected = world.extract()
    assert values.keys() == expected.keys()
    assert not differing(values, expected)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb", "csv", "parquet", "parts"])
def test_units_and_frames_do_not_matter(kind: str, unit: str, tmp_path: Path) -> None:
    world = random_world(9)
    step = 1_000_000 if unit == "s" else 1_000
    times = ("sent_at", "registered_at", "set_at", "observed_at", "reported_at", "labelled_at")
    tables = {
        name: [
            {c: v // step * step if c in times and v is not None else v for c, v in row.items()}
            for row in rows
        ]
        for name, rows in world.tables.items()
    }
    world = world.with_rows(**tables)
    frames = {
        name: pa.table(
            {
                field.name: table[field.name].cast(pa.timestamp(unit, tz="UTC")) if field.name in times
                else table[field.name]
                for field in table.schema if field.name != "signature"
            }
        )
        for name, table in arrow(tables).items()
    }  # fmt: skip
    dataset = _as_dataset(frames, kind, tmp_path)
    got = by_account(extract(dataset, as_of=world.as_of, history_days=2))
    expected = world.extract()
    assert got.keys() == expected.keys()
    assert not differing(got, expected)


def _as_dataset(frames: dict[str, pa.Table], kind: str, folder: Path) -> Dataset:
    settings = {"max_bad_share": 1.0, "not_after": "2040-01-01"}
    if kind in ("csv", "parquet", "parts"):
        for name, table in frames.items():
            if kind == "csv":
                pyarrow.csv.write_csv(table, folder / f"{name}.csv")
            elif kind == "parquet":
                pyarrow.parquet.write_table(table, folder / f"{name}.parquet")
            else:
                (folder / name).mkdir()
                half = len(table) // 2
                pyarrow.parquet.write_table(table.slice(half), folder / name / "part-1.parquet")
                pyarrow.parquet.write_table(table.slice(0, half), folder / name / "part-0.parquet")
        return read_dataset(folder, **settings)
    if kind == "duckdb":
        duckdb = pytest.importorskip("duckdb")
        return Dataset(**{name: duckdb.from_arrow(table) for name, table in frames.items()}, **settings)
    if kind == "polars":
        polars = pytest.importorskip("polars")
        return Dataset(**{name: polars.from_arrow(table) for name, table in frames.items()}, **settings)
    if kind == "pandas":
        return Dataset(**{name: table.to_pandas() for name, table in frames.items()}, **settings)
    return Dataset(**frames, **settings)


def test_reports_matter_to_feedback_alone() -> None:
    for seed in range(5):
        world = random_world(seed)
        changed = {name for _, name in differing(world.extract(), world.with_rows(reports=[]).extract())}
        assert changed == {feature.name for feature in FAMILIES["feedback"].features}


# ---- odd worlds --------------------------------------------------------------------------------------------------


def test_empty_tables() -> None:
    empty = World(tables_of()).dataset()
    assert len(extract(empty, as_of="2026-06-01")) == 0
    assert len(extract(empty, as_of="2026-06-01", snapshots=AfterSends(1))) == 0
    with pytest.raises(InsufficientDataError, match="as_of"):
        extract(empty)


def test_one_row() -> None:
    got = World(tables_of(messages=[sent("a", "b", 0)]), at(1)).extract()
    assert list(got) == ["a"]
    assert got["a"]["fan_out_strangers"] == 1


def test_accounts_without_messages_and_messages_without_accounts() -> None:
    silent = World(tables_of(accounts=[account("b"), account("a", registered_at=at(0))])).dataset()
    table = extract(silent)
    assert table.account_ids.to_pylist() == ["b", "a"]
    assert table.as_of.tolist() == [at(0) + 1] * 2
    assert table["send_rate_sends"].tolist() == [0, 0]
    loud = extract(World(tables_of(messages=[sent("z", "a", 0), sent("m", "z", 1)])).dataset())
    assert loud.account_ids.to_pylist() == ["m", "z"]
    assert np.isnan(loud["account_age_s"]).all()


def test_all_null_columns() -> None:
    world = World(tables_of(accounts=[account("a")], messages=[sent("a", "b", 0), sent("a", "c", 9)]), at(10))
    got = world.extract()["a"]
    for name in ("rhythm_untyped_share", "fan_out_outside_contacts_share", "fan_out_undelivered_share"):
        assert np.isnan(got[name])
    assert got["account_completeness"] == 0


@pytest.mark.parametrize("partner", ["one", "many"])
def test_a_huge_log_at_one_instant(partner: str) -> None:
    """Ten thousand messages in one microsecond, both ways; a square of them would take minutes."""
    n = 10_000
    peers = [f"p{k:05d}" if partner == "many" else "p" for k in random.Random(0).sample(range(n), n)]
    messages = [sent("a", peer, 5, typed_s=float(k)) for k, peer in enumerate(peers)]
    messages += [sent(peer, "a", 5, typed_s=float(k)) for k, peer in enumerate(peers)]
    reports = [
        {"account_id": "a", "reporter_id": f"p{k:05d}", "reported_at": at(5), "kind": "block"}
        for k in range(n)
    ]
    world = World(tables_of(accounts=[account("a")], messages=messages, reports=reports), at(6))
    got = world.extract()["a"]
    assert got["send_rate_max_15s"] == n
    assert got["fan_out_recipients"] == (n if partner == "many" else 1)
    assert got["fan_out_strangers"] == 0
    assert got["rhythm_gap_p90_s"] == 0
    assert got["feedback_reporters"] == n


def test_a_reporter_of_everybody_is_no_square() -> None:
    """Each of 3,000 accounts is reported by the same 20 accounts: 60,000 reports."""
    n = 3_000
    who = np.tile(np.arange(n), 20)
    dataset = Dataset(
        accounts={"account_id": np.arange(n + 20)},
        messages={"sender_id": [0], "recipient_id": [1], "sent_at": [at(0)]},
        reports={
            "account_id": who, "reporter_id": np.repeat(np.arange(n, n + 20), n), "reported_at": at(1) + who,
            "kind": ["report"] * (20 * n),
        }, time_unit="us", not_after="2040-01-01",
    )  # fmt: skip
    table = extract(dataset, features=["feedback"])
    assert table["feedback_co_report_share"][:n].tolist() == [1.0] * n


# ---- the instant of looking, where nobody names one -----------------------------------------------------------------

SIGNED = {"signature": {"scheme": "affine32", "hash": "xxh32", "seed": 1, "n_perm": 128}}


def with_a_broken_last_row(folder: Path, table: str) -> Dataset:
    """Photos, texts: the last row by far shows what cannot be read."""
    n, days = 120, 40
    who, signature = [f"a{k}" for k in range(n)], [2**18 * k for k in range(128)]
    shown: dict[str, Any] = {
        "photos": {"account_id": who, "set_at": [30] * n, "photo_hash": [f"{7**90:064x}"[-64:]] * n},
        "texts": {
            "account_id": who, "observed_at": [30] * n, "source": ["about"] * n, "signature": [signature] * n,
        },
    }  # fmt: skip
    if table == "photos":
        shown["photos"]["set_at"][-1] = days * 86_400
        shown["photos"]["photo_hash"][-1] = None
        shown["photos"]["photo"] = [None] * (n - 1) + ["gone.png"]
    else:
        shown["texts"]["observed_at"][-1] = days * 86_400
        shown["texts"]["signature"][-1] = [1, 2, 3]
    return Dataset(
        accounts={"account_id": who},
        messages={"sender_id": who[:1], "recipient_id": who[1:2], "sent_at": [20]},
        **shown, folder=folder, schemes=SIGNED, time_unit="s",
    )  # fmt: skip


@pytest.mark.parametrize("table", ["photos", "texts"])
def test_the_same_call_gives_the_same_twice(tmp_path: Path, table: str) -> None:
    """Rows that cannot be read leave their table before the last row is looked for, not after it."""
    dataset = with_a_broken_last_row(tmp_path, table)
    family = {"photos": "photo", "texts": "template"}[table]
    first, second = (extract(dataset, features=[family], n_jobs=1) for _ in range(2))
    assert first.as_of[0] == second.as_of[0] == 30_000_001
    assert first.values.tobytes() == second.values.tobytes()
    assert first[f"{family}_cluster_accounts"][0] == 118
    assert extract(with_a_broken_last_row(tmp_path, table), features=["send_rate"]).as_of[0] > 30_000_001
    names = tuple(feature.name for feature in FAMILIES[family].features)
    made = replace(random_model(np.random.default_rng(0), n_features=len(names)), feature_names=names)
    scores = predict.score(with_a_broken_last_row(tmp_path, table), made)
    assert pc.max(scores["as_of"]).cast(pa.int64()).as_py() == 30_000_001
