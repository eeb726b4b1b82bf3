from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import simulate
from spamclf.errors import ParameterError
from spamclf.schema import TABLES
from spamclf.simulate.cast import KIND_NAMES

START = datetime(2026, 5, 1, tzinfo=UTC)
TYPES = {
    "id": pa.string(),
    "string": pa.string(),
    "time": pa.timestamp("us", tz="UTC"),
    "bool": pa.bool_(),
    "float": pa.float64(),
    "signature": pa.list_(pa.uint32()),
}


def check_contract(tables):
    assert list(tables) == list(TABLES)
    accounts = set(tables["accounts"]["account_id"].to_pylist()) | set(
        tables["messages"]["sender_id"].to_pylist()
    )
    for name, spec in TABLES.items():
        table = tables[name]
        table.validate(full=True)
        assert [(field.name, field.type, field.nullable) for field in table.schema] == [
            (column.name, TYPES[column.type], column.nullable) for column in spec.columns
        ]
        for column in spec.columns:
            values = table[column.name]
            assert column.nullable or values.null_count == 0, (name, column.name)
            if column.choices:
                assert set(values.unique().to_pylist()) <= set(column.choices)
            if column.minimum is not None and table.num_rows:
                assert (pc.min(values).as_py() or 0.0) >= column.minimum
        if spec.key:
            assert table.group_by(list(spec.key)).aggregate([]).num_rows == table.num_rows
        if spec.distinct:
            assert not pc.any(pc.equal(*(table[column] for column in spec.distinct))).as_py()
        for column in spec.known:
            assert set(table[column].to_pylist()) <= accounts


def test_the_contract_holds(tables):
    check_contract(tables)


@settings(max_examples=25, deadline=None)
@given(
    n_accounts=st.integers(20, 120),
    days=st.integers(3, 40),
    share=st.sampled_from([0.0, 0.05, 0.5, 0.9]),
    seed=st.integers(0, 10_000),
    unknown=st.sampled_from([0.0, 0.3, 1.0]),
    media=st.booleans(),
)
def test_any_world_holds_the_contract(n_accounts, days, share, seed, unknown, media):
    tables = simulate.world(
        n_accounts, days, "2026-05-01", share, seed, media, unknown_share=unknown, tick_s=1.0
    )
    check_contract(tables)
    sent = tables["messages"]["sent_at"]
    if len(sent):
        assert pc.min(sent).as_py() >= START
        assert pc.max(sent).as_py() < START + timedelta(days=days)
    assert sum(tables["labels"]["is_automated"].to_pylist()) <= round(n_accounts * share)


@pytest.mark.slow
def test_a_large_world_holds_the_contract():
    tables = simulate.world(20_000, random_state=8)
    check_contract(tables)
    assert tables["messages"].num_rows > 1_000_000


def test_the_same_arguments_give_the_same_tables(tables):
    again = simulate.world(400, random_state=0)
    assert all(tables[name].equals(again[name]) for name in TABLES)
    other = simulate.world(400, random_state=1)
    assert not tables["messages"].equals(other["messages"])


def test_an_honest_world_has_no_automated_accounts_and_no_evidence():
    tables = simulate.world(100, automated_share=0, random_state=3)
    assert not pc.any(tables["labels"]["is_automated"]).as_py()
    assert tables["evidence"].num_rows == 0
    assert set(simulate.truth(100, automated_share=0, random_state=3)["is_automated"].to_pylist()) == {False}


def test_every_kind_is_there(truth):
    assert set(truth["kind"].to_pylist()) == set(KIND_NAMES)
    assert truth["is_automated"].to_pylist().count(True) == 80


def test_labels_tell_the_truth_and_leave_some_out(tables, truth):
    known = dict(zip(truth["account_id"].to_pylist(), truth["is_automated"].to_pylist(), strict=True))
    campaign = dict(zip(truth["account_id"].to_pylist(), truth["campaign"].to_pylist(), strict=True))
    rows = tables["labels"].to_pylist()
    assert all(known[row["account_id"]] == row["is_automated"] for row in rows)
    assert all(row["campaign"] in (None, campaign[row["account_id"]]) for row in rows)
    assert 0.85 * 400 < len(rows) < 400
    assert any(row["is_automated"] and row["campaign"] is None for row in rows)


def test_automated_accounts_send_before_they_are_labelled(tables):
    first = tables["messages"].group_by("sender_id").aggregate([("sent_at", "min")])
    first_send = dict(zip(first["sender_id"].to_pylist(), first["sent_at_min"].to_pylist(), strict=True))
    labelled = [row for row in tables["labels"].to_pylist() if row["is_automated"]]
    assert sum(row["account_id"] in first_send for row in labelled) > 0.9 * len(labelled)
    assert all(
        first_send[row["account_id"]] < row["labelled_at"]
        for row in labelled
        if row["account_id"] in first_send
    )


def test_nobody_writes_before_registering(tables):
    registered = dict(
        zip(
            tables["accounts"]["account_id"].to_pylist(),
            tables["accounts"]["registered_at"].to_pylist(),
            strict=True,
        )
    )
    for row in tables["messages"].select(["sender_id", "recipient_id", "sent_at"]).slice(0, 5000).to_pylist():
        for end in ("sender_id", "recipient_id"):
            born = registered.get(row[end])
            assert born is None or born <= row["sent_at"] + timedelta(seconds=1)


def test_only_accounts_write_and_messages_are_in_time_order(tables):
    accounts = set(tables["accounts"]["account_id"].to_pylist())
    assert set(tables["messages"]["sender_id"].unique().to_pylist()) <= accounts
    sent = tables["messages"]["sent_at"].cast(pa.int64()).to_numpy()
    assert (np.diff(sent) >= 0).all()


def test_whether_a_fact_is_known_does_not_tell_what_the_account_is():
    tables = simulate.world(3000, days=5, random_state=5, unknown_share=0.5)
    automated = np.array(simulate.truth(3000, days=5, random_state=5)["is_automated"].to_pylist())
    for name in ("registered_at", "is_business", "country", "network", "device"):
        unknown = np.array(tables["accounts"][name].is_null().to_pylist())
        assert abs(unknown[automated].mean() - unknown[~automated].mean()) < 0.1


def test_everything_unknown_leaves_who_wrote_to_whom_and_when():
    tables = simulate.world(60, random_state=2, unknown_share=1.0)
    for table, names in (
        ("messages", ("in_contacts", "typed_s", "delivered")),
        ("accounts", ("registered_at", "is_business", "country", "network_country", "network", "device")),
    ):
        assert all(tables[table][name].null_count == tables[table].num_rows for name in names)


def test_blocked_senders_do_not_reach_the_blocker(tables):
    blocks = [row for row in tables["reports"].to_pylist() if row["kind"] == "block"]
    when = {}
    for row in blocks:
        pair = row["account_id"], row["reporter_id"]
        when[pair] = min(when.get(pair, row["reported_at"]), row["reported_at"])
    later = [
        row["delivered"]
        for row in tables["messages"].to_pylist()
        # A coarse clock floors an instant by up to a second.
        if not row["is_group"]
        and row["sent_at"]
        > when.get((row["sender_id"], row["recipient_id"]), datetime.max.replace(tzinfo=UTC))
    ]
    assert later
    assert True not in later


def test_ticks_floor_instants():
    tables = simulate.world(40, days=5, random_state=1, tick_s=60)
    assert not (tables["messages"]["sent_at"].cast(pa.int64()).to_numpy() % 60_000_000).any()


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"n_accounts": 19}, "n_accounts"),
        ({"days": 2}, "days"),
        ({"start": "May"}, "start"),
        ({"automated_share": 1.0}, "automated_share"),
        ({"random_state": -1}, "random_state"),
        ({"unknown_share": 1.5}, "unknown_share"),
        ({"tick_s": -1}, "tick_s"),
    ],
)
def test_wrong_arguments_are_named(wrong, name):
    with pytest.raises(ParameterError, match=rf"simulate\.world: {name} must be .*; got .*\. Use "):
        simulate.world(**wrong)
