"""The audit as a whole: the catalogue found clean, the report, and what is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings

from spamclf import Dataset, extract
from spamclf.errors import InsufficientDataError, ParameterError, SchemaError
from spamclf.evaluate import Finding, LeakageReport, audit_leakage
from spamclf.features import CATALOGUE
from tests.evaluate.leakage.planted import (
    IDS,
    accounts_of,
    audit,
    components,
    found,
    graph_features,
    ids_of,
    made,
    of_ids,
    sends_of_all_time,
    tables,
)  # fmt: skip
from tests.worlds import random_world, worlds


def test_the_catalogue_is_clean(plain):
    report = audit_leakage(plain, n_instants=1)
    assert report.ok, report
    assert report.features == tuple(CATALOGUE)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_the_catalogue_and_a_split_by_campaign_are_clean_in_many_worlds(seed):
    """Of 600 to 1,500 accounts, with reports that made no labels."""
    dataset = made(
        tables(
            600 + 100 * seed,
            random_state=seed,
            days=(30, 45)[seed % 2],
            automated_share=(0.1, 0.2, 0.3, 0.4)[seed % 4],
            tick_s=(0.0, 1.0, 60.0)[seed % 3],
        )
    )
    assert dataset.reports.num_rows > 100
    split = [("train", "test")[number % 2] for number in components(dataset)]
    report = audit_leakage(dataset, split=split, random_state=seed)
    assert report.ok, report


def assert_clean(world):
    assume(world.tables["accounts"] or world.tables["messages"])
    report = audit_leakage(
        world.dataset(),
        as_of=world.as_of,
        history_days=world.history_days,
        n_instants=1,
        random_state=world.seed,
    )
    assert report.ok, report


@settings(max_examples=3)
@given(worlds(size=30))
def test_the_catalogue_is_clean_whatever_the_world(world):
    assert_clean(world)


@pytest.mark.slow
@settings(max_examples=150)
@given(worlds(size=60))
def test_the_catalogue_is_clean_whatever_the_world_at_length(world):
    assert_clean(world)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_the_catalogue_is_clean_in_worlds_full_of_trouble(seed):
    report = audit_leakage(random_world(seed, 40, 500).dataset(), random_state=seed)
    assert not report.leaks, report


def test_several_functions_and_names_and_frames(plain):
    codes = {
        "graph": lambda d, t: pa.Table.from_pandas(graph_features(d, t)),
        "late": sends_of_all_time,
        "ours": lambda d, t: extract(d, as_of=t, features=["send_rate_sends"]),
        "flat": lambda d, t: {
            "account_id": ids_of(d),
            "a": ["x"] * d.accounts.num_rows,
            "b": [True] * d.accounts.num_rows,
        },
    }
    report = audit(plain, codes, n_instants=1)
    assert report.features == (
        "graph.out_degree", "graph.in_degree", "graph.n_abuse_reports", "late", "ours", "flat",
    )  # fmt: skip
    assert found(report) == {("future", "late")}
    assert any("left out: a" in note for note in report.notes)
    alone = audit_leakage(plain, sends_of_all_time, n_instants=1)
    assert alone.to_arrow().column_names == ["kind", "severity", "subject", "n", "n_tried", "sentence"]
    assert alone.to_pandas().kind.tolist() == ["future"]
    assert alone.to_native().equals(alone.to_arrow())
    assert audit_leakage(plain, ["account"], n_instants=0).to_arrow().num_rows == 0


def test_a_long_report_is_cut():
    one = Finding("future", "leak", "x", 1, 2, "it changes")
    text = str(LeakageReport((one,) * 23, ("x",), (0,), ("a note",)))
    assert text.count("it changes (1 of 2)") == 20
    assert "... and 3 more" in text
    assert text.endswith("note: a note")


def test_the_same_arguments_give_the_same_report(plain):
    one, other = (audit(plain, sends_of_all_time, random_state=7) for _ in range(2))
    assert one == other
    shuffled = {
        name: table.take(np.random.default_rng(0).permutation(table.num_rows))
        for name, table in plain.tables.items()
    }
    assert found(audit(made(shuffled), sends_of_all_time)) == found(one)


def test_no_id_and_no_text_stands_in_a_report():
    given = tables(60)
    for name, column in (("accounts", "account_id"), ("labels", "account_id"), ("photos", "account_id")):
        ids = [f"canary{each}" for each in given[name][column].to_pylist()]
        given[name] = given[name].set_column(given[name].column_names.index(column), column, pa.array(ids))
    for name in ("messages", "reports", "texts", "evidence"):
        for column in ("sender_id", "recipient_id", "account_id", "reporter_id"):
            if column in given[name].column_names:
                ids = [f"canary{each}" for each in given[name][column].to_pylist()]
                given[name] = given[name].set_column(
                    given[name].column_names.index(column), column, pa.array(ids)
                )
    dataset = made(given)
    codes = {"a": sends_of_all_time, "b": of_ids(IDS["hash"])}
    report = audit_leakage(dataset, codes, split=["train", "test"] * 30)
    assert len(report.findings) >= 3
    assert "canary" not in str(report) + repr(report)
    assert "no split" not in str(report)


def test_a_dataset_of_next_to_nothing():
    dataset = Dataset(
        messages={"sender_id": [], "recipient_id": [], "sent_at": []}, accounts={"account_id": ["a"]}
    )
    with pytest.raises(InsufficientDataError, match="as_of must be given"):
        audit_leakage(dataset)
    report = audit_leakage(dataset, as_of="2026-06-01")
    assert report.ok
    assert "0 automated and 0 honest" in str(report)
    nobody = Dataset(
        messages={"sender_id": [], "recipient_id": [], "sent_at": []}, accounts={"account_id": []}
    )
    with pytest.raises(InsufficientDataError, match="must hold accounts"):
        audit_leakage(nobody, as_of="2026-06-01")


@pytest.mark.parametrize(
    ("features", "settings", "error", "words"),
    [
        (["nonsense"], {}, ParameterError, "names of the catalogue"),
        (3, {}, ParameterError, "features must be"),
        ({}, {}, ParameterError, "mapping"),
        ([], {}, ParameterError, "at least one"),
        (lambda d, t: {"x": [1]}, {}, SchemaError, "account_id"),
        (lambda d, t: {"account_id": ["a", "a"], "x": [1, 2]}, {}, SchemaError, "one row per account"),
        (lambda d, t: {"account_id": ["a"], "x": ["b"]}, {}, SchemaError, "column of numbers"),
        (lambda d, t: 5, {}, SchemaError, "dataframe"),
        (["account"], {"n_instants": -1}, ParameterError, "n_instants"),
        (["account"], {"random_state": -1}, ParameterError, "random_state"),
        (["account"], {"history_days": 0}, ParameterError, "history_days"),
        (["account"], {"as_of": "soon"}, ParameterError, "as_of"),
        (["account"], {"split": ["train"]}, ParameterError, "split must name the part"),
        (["account"], {"split": {"nobody": "train"}}, ParameterError, "accounts of the dataset"),
        (["account"], {"split": pa.table({"part": ["a"]})}, ParameterError, "split must be"),
    ],
)
def test_wrong_arguments(plain, features, settings, error, words):
    with pytest.raises(error, match=words):
        audit_leakage(plain, features, **settings)


def test_errors_of_the_features_are_handed_on_with_a_note(plain):
    def brittle(dataset, as_of):
        if dataset is not plain:
            raise KeyError("a column of mine")
        return accounts_of(dataset).assign(x=1)

    with pytest.raises(KeyError, match="a column of mine") as caught:
        audit_leakage(plain, brittle)
    assert "audit_leakage" in caught.value.__notes__[0]


def test_ids_of_another_kind_are_not_quoted():
    dataset = Dataset(
        messages={"sender_id": [1], "recipient_id": [2], "sent_at": [5]},
        accounts={"account_id": [1, 2]},
        time_unit="s",
    )
    with pytest.raises(SchemaError, match="must be integers") as caught:
        audit_leakage(dataset, lambda d, t: {"account_id": ["canary"], "x": [1]})
    assert "canary" not in str(caught.value)
    for split in ({"canary": "train"}, {1: "train", 2: 7.5}):
        with pytest.raises((SchemaError, ParameterError)) as caught:
            audit_leakage(dataset, ["account"], split=split)
        assert "canary" not in str(caught.value)


def test_no_dataset():
    with pytest.raises(ParameterError, match="dataset must be a Dataset"):
        audit_leakage("data/sample")
