"""Several rows per account, and the other arguments of `extract`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given, settings

import spamclf
from spamclf import AfterSends, extract
from spamclf.errors import ParameterError
from spamclf.features import FAMILIES
from tests.worlds import (
    DAY,
    World,
    at,
    by_account,
    differing,
    random_world,
    sent,
    tables_of,
    worlds,
)

# ---- snapshots ---------------------------------------------------------------------------------------------------


def test_several_instants_equal_one_at_a_time() -> None:
    world = random_world(3)
    dataset, instants = world.dataset(), [world.as_of, world.as_of - DAY // 3, world.as_of - DAY]
    table = extract(dataset, snapshots=instants, history_days=2)
    assert table.as_of.tolist() == sorted(instants) * (len(table) // 3)
    for instant in instants:
        rows = table.as_of == instant
        alone = extract(dataset, as_of=instant, history_days=2)
        assert table.account_ids.filter(pa.array(rows)).equals(alone.account_ids)
        assert table.values[:, rows].tobytes() == alone.values.tobytes()


def test_after_sends() -> None:
    messages = [sent("a", "x", s) for s in (1, 2, 2, 9)] + [
        sent("a", "y", 2),
        sent("b", "a", 3),
        sent("b", "a", 50),
    ]
    dataset = World(tables_of(messages=messages)).dataset()
    table = extract(dataset, as_of=at(50), snapshots=AfterSends(1, 2, 3, 4, 5), features=["send_rate_sends"])
    rows = list(
        zip(
            table.account_ids.to_pylist(),
            table.as_of.tolist(),
            table["send_rate_sends"].tolist(),
            strict=True,
        )
    )
    assert rows == [
        ("a", at(1) + 1, 1),  # of the two equal rows one is dropped; of two sends at once both are seen
        ("a", at(2) + 1, 3),
        ("a", at(2) + 1, 3),
        ("a", at(9) + 1, 4),
        ("b", at(3) + 1, 1),  # its send at 50 s is unseen
    ]


@settings(max_examples=20)
@given(worlds())
def test_after_sends_equals_the_same_instants(world: World) -> None:
    dataset = world.dataset()
    settings = {"history_days": world.history_days, "n_jobs": 1}
    table = extract(dataset, as_of=world.as_of, snapshots=AfterSends(1, 3), **settings)
    for row, (who, instant) in enumerate(
        zip(table.account_ids.to_pylist(), table.as_of.tolist(), strict=True)
    ):
        assert instant <= world.as_of
        alone = by_account(extract(dataset, as_of=instant, **settings))[who]
        mine = dict(zip(table.names, table.values[:, row].tolist(), strict=True))
        assert not differing({who: mine}, {who: alone})


# ---- arguments ---------------------------------------------------------------------------------------------------


def test_families_and_single_features_keep_the_callers_order() -> None:
    world = random_world(1)
    every = world.extract()
    names = ["rhythm_memory", "account", "fan_out_once", "rhythm_gap_cv"]
    some = world.extract(features=names)
    assert list(some["p0"]) == [
        "rhythm_memory", *(feature.name for feature in FAMILIES["account"].features), "fan_out_once", "rhythm_gap_cv",
    ]  # fmt: skip
    assert not differing({who: {name: every[who][name] for name in some["p0"]} for who in every}, some)


def test_what_is_wrong_is_said() -> None:
    dataset = World(tables_of(messages=[sent("a", "b", 0)])).dataset()
    with pytest.raises(ParameterError, match="fan_out_strangers"):
        extract(dataset, features=["fan_out_stranger"])
    with pytest.raises(ParameterError, match="history_days must be above 0"):
        extract(dataset, history_days=0)
    with pytest.raises(ParameterError, match="history_days"):
        extract(dataset, history_days=float("nan"))
    with pytest.raises(ParameterError, match="counts must be whole numbers"):
        AfterSends(0)
    with pytest.raises(ParameterError, match="as_of"):
        extract(dataset, as_of="yesterday")
    with pytest.raises(ParameterError, match="name must be"):
        extract(dataset)["nonsense"]


def test_tables_of_features() -> None:
    world = random_world(2)
    table = extract(
        world.dataset(), as_of=world.as_of, history_days=2, features=["account", "send_rate_sends"]
    )
    assert repr(table) == f"<FeatureTable: {len(table)} rows, 7 features>"
    frame = table.to_arrow()
    assert frame.schema.field("as_of").type == pa.timestamp("us", tz="UTC")
    assert frame["account_age_s"].null_count == np.isnan(table["account_age_s"]).sum() > 0
    assert table.matrix().shape == (len(table), 7)
    assert table.matrix(["send_rate_sends"]).tolist() == [[n] for n in table["send_rate_sends"]]
    pandas = pytest.importorskip("pandas")
    assert isinstance(table.to_pandas(), pandas.DataFrame)


def test_snapshots_after_the_instant_are_refused() -> None:
    dataset = spamclf.Dataset(
        accounts={"account_id": ["a"]},
        messages={"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [10]},
        time_unit="s",
    )
    with pytest.raises(ParameterError, match="snapshots must not be later than as_of"):
        spamclf.extract(dataset, as_of=15_000_000, snapshots=[31_000_000])
    assert (
        len(spamclf.extract(dataset, snapshots="1970-01-02")) == 1
    )  # one instant is no sequence of characters
