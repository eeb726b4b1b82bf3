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
from spamclf.simulate.kinds import AUTOMATED, HONEST

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
    wrong = round(0.015 * tables["labels"].num_rows)
    assert sum(tables["labels"]["is_automated"].to_pylist()) <= round(n_accounts * share) + wrong


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
    made = simulate.world(100, automated_share=0, random_state=3, wrong_labels=0.0)
    assert not pc.any(made["labels"]["is_automated"]).as_py()
    assert made["evidence"].num_rows == 0
    assert set(made.truth["is_automated"].to_pylist()) == {False}
    assert made.truth["starts_at"].null_count == made.truth.num_rows


def test_every_kind_is_there(truth):
    assert set(truth["family"].to_pylist()) == set(KIND_NAMES)
    assert truth["is_automated"].to_pylist().count(True) == 80


def test_a_world_is_a_mapping_of_its_tables_with_the_truth_apart(made):
    assert list(made) == list(TABLES)
    assert len(made) == 7
    assert made.dataset.messages.num_rows == made["messages"].num_rows
    assert made.dataset is made.dataset
    with pytest.raises(KeyError):
        made["truth"]
    assert made.truth["account_id"].to_pylist() == made["accounts"]["account_id"].to_pylist()
    known = {name for table in made.values() for name in table.column_names}
    assert not known & {"family", "starts_at"}
    words = {text for table in made.values() for text in strings(table)}
    told = {name for row in (*HONEST, *AUTOMATED) for name in (row.name,)}
    assert not words & told


def strings(table):
    """Every string of a table but the disclosed and public texts."""
    for column in table.column_names:
        if table[column].type == pa.string() and column != "text":
            yield from table[column].drop_null().unique().to_pylist()


def test_truth_stands_alone_too():
    assert simulate.truth(400, random_state=0).equals(simulate.world(400, random_state=0).truth)


def test_order_and_names_do_not_tell_what_an_account_is():
    made = simulate.world(4000, days=3, random_state=6)
    truth = made.truth.to_pandas()
    truth["number"] = truth.account_id.str[1:].astype(int)
    assert truth.number.is_monotonic_increasing
    for family, mine in truth.groupby("family"):
        assert abs(mine.number.mean() / 4000 - 0.5) < 2.5 * 0.29 / len(mine) ** 0.5 + 0.02, family


def test_leaving_families_out_changes_no_honest_message_and_no_family_left():
    both = simulate.world(300, random_state=4, families=("drip", "steady"), wrong_labels=0.0)
    one = simulate.world(300, random_state=4, families=("drip",), wrong_labels=0.0)
    honest = [set(honest_ids(made)) for made in (both, one)]
    assert honest[0] == honest[1]
    logs = [
        made["messages"]
        .to_pandas()
        .query("sender_id in @ids and recipient_id in @ids", local_dict={"ids": ids})
        for made, ids in zip((both, one), honest, strict=True)
    ]
    told = [sorted(map(repr, log.drop(columns="delivered").to_numpy().tolist())) for log in logs]
    assert len(told[0]) > 3000
    assert told[0] == told[1]
    accounts = [
        made["accounts"].to_pandas().query("account_id in @ids", local_dict={"ids": honest[0]})
        for made in (both, one)
    ]
    assert (
        accounts[0]
        .drop(columns=["network", "device"])
        .equals(accounts[1].drop(columns=["network", "device"]))
    )


def honest_ids(made):
    return made.truth.filter(pc.invert(made.truth["is_automated"]))["account_id"].to_pylist()


def test_an_unknown_family_is_refused_with_the_list():
    with pytest.raises(
        ParameterError, match=r"families must be of blaster, steady, .*; got 'dripp'\. Leave it out"
    ):
        simulate.world(20, families=("drip", "dripp"))
    with pytest.raises(ParameterError, match=r"got none\. Leave it out"):
        simulate.world(20, families=())
    with pytest.raises(ParameterError, match=r"got 3\. Leave it out"):
        simulate.world(20, families=3)


def test_labels_are_late_sparse_and_now_and_then_wrong():
    made = simulate.world(3000, days=12, random_state=2)
    truth = made.truth.to_pandas().set_index("account_id")
    labels = made["labels"].to_pandas().set_index("account_id")
    true = labels.is_automated == truth.is_automated.reindex(labels.index)
    assert (~true).sum() == round(0.015 * len(labels))
    assert set(labels.is_automated[~true]) == {True, False}
    assert labels.campaign[~true].isna().all()
    found = labels[true & labels.is_automated]
    late_h = (found.labelled_at - truth.starts_at.reindex(found.index)).dt.total_seconds() / 3600
    assert late_h.min() > 0
    assert late_h.median() > 24
    assert 0.7 < found.campaign.notna().mean() < 0.9
    assert found.campaign.dropna().equals(truth.campaign.reindex(found.campaign.dropna().index))
    assert 0.88 * 3000 < len(labels) < 0.96 * 3000
    assert (labels.labelled_at > made["messages"]["sent_at"].to_pandas().max()).any()


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_the_share_of_wrong_labels_is_a_parameter(share):
    made = simulate.world(400, days=5, random_state=2, wrong_labels=share)
    truth = dict(
        zip(made.truth["account_id"].to_pylist(), made.truth["is_automated"].to_pylist(), strict=True)
    )
    rows = made["labels"].to_pylist()
    assert sum(truth[row["account_id"]] != row["is_automated"] for row in rows) == round(share * len(rows))


def test_closed_accounts_write_no_more():
    made = simulate.world(1500, random_state=9, wrong_labels=0.0)
    labels = made["labels"].to_pandas().query("is_automated").set_index("account_id").labelled_at
    log = made["messages"].to_pandas()
    after = log[log.sent_at > log.sender_id.map(labels)]
    assert 0.1 < after.sender_id.nunique() / len(labels) < 0.4  # those found in a review after the fact go on


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
    automated = np.array(tables.truth["is_automated"].to_pylist())
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
        ({"wrong_labels": 0.6}, "wrong_labels"),
        ({"n_accounts": 60.5}, "n_accounts"),
        ({"n_accounts": "60"}, "n_accounts"),
        ({"days": 7.5}, "days"),
        ({"random_state": 1.5}, "random_state"),
        ({"random_state": True}, "random_state"),
        ({"tick_s": float("nan")}, "tick_s"),
        ({"wrong_labels": None}, "wrong_labels"),
    ],
)
def test_wrong_arguments_are_named(wrong, name):
    with pytest.raises(ParameterError, match=rf"simulate\.world: {name} must be .*; got .*\. Use "):
        simulate.world(**wrong)
