"""Labels that reports made, and labels that they did not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from spamclf.features import CATALOGUE
from tests.evaluate.leakage.planted import audit, found, graph_features, ids_of, made, reported_world


@pytest.mark.parametrize("delay_s", [0.0, 7200.0, 86_400.0])
def test_reports_that_made_the_labels(delay_s):
    report = audit(reported_world(made_labels=True, delay_s=delay_s), graph_features)
    assert found(report) == {("label_source", "n_abuse_reports")}
    assert report.leaks[0].severity == "leak"
    assert "reports" in report.leaks[0].sentence


def test_reports_that_made_no_labels(plain):
    assert audit(reported_world(made_labels=False), graph_features).ok
    assert audit(plain, graph_features).ok  # more reports of automated accounts, as it is in life


def test_reports_of_nearly_everybody_made_no_labels():
    """Automated accounts are reported more often than others, and yet no count tells which is which."""
    dataset, rng = reported_world(made_labels=False), np.random.default_rng(0)
    begin = datetime(2026, 5, 2, tzinfo=UTC)
    reports = [
        {"account_id": row["account_id"], "reporter_id": f"q{j}", "reported_at": begin + timedelta(hours=j)}
        | {"kind": "report"}
        for row in dataset.labels.to_pylist()
        for j in range(rng.integers(2, 8) + 2 * row["is_automated"])
    ]
    given = {name: dataset.tables[name] for name in dataset.given}
    assert audit(made(given, reports=pa.Table.from_pylist(reports)), graph_features).ok


def test_reports_that_made_labels_of_the_automated_alone():
    dataset = reported_world(made_labels=True)
    labels = dataset.labels.filter(dataset.labels["is_automated"])
    other = made({name: dataset.tables[name] for name in dataset.given}, labels=labels)
    assert found(audit(other, graph_features)) == {("label_source", "n_abuse_reports")}


def test_labels_at_the_instant_of_a_report_though_others_are_reported_as_well():
    dataset = reported_world(made_labels=True, delay_s=0.0)
    begin, rng = datetime(2026, 5, 2, tzinfo=UTC), np.random.default_rng(0)
    more = [
        {
            "account_id": who,
            "reporter_id": f"q{k}_{j}",
            "reported_at": begin + timedelta(hours=j),
            "kind": "report",
        }
        for k, who in enumerate(ids_of(dataset))
        for j in range(rng.integers(0, 9))
    ]
    given = {name: dataset.tables[name] for name in dataset.given}
    other = made(given, reports=pa.Table.from_pylist(dataset.reports.to_pylist() + more))
    report = audit(other, graph_features)
    assert found(report) == {("label_source", "n_abuse_reports")}
    assert "at the instant of one" in report.leaks[0].sentence


def test_the_catalogue_of_reports_where_they_made_the_labels():
    report = audit(reported_world(made_labels=True), None, n_instants=1)
    names = {each.subject for each in report.of("label_source")}
    assert {"feedback_reports", "feedback_reporters", "feedback_per_100_strangers"} <= names
    assert all(CATALOGUE[name].tier == "F" for name in names)
    assert {each.kind for each in report.findings} == {"label_source"}


def test_the_catalogue_of_reports_where_they_did_not(plain):
    assert audit(plain, ["feedback"]).ok
    assert audit(reported_world(made_labels=False), ["feedback"], n_instants=1).ok
