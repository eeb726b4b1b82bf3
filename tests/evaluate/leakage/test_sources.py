"""Labels that reports made, and labels that they did not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from spamclf.features import CATALOGUE
from tests.evaluate.leakage.planted import (
    audit,
    found,
    frame,
    graph_features,
    ids_of,
    made,
    past,
    relabelled,
    reported_world,
    tables,
)  # fmt: skip


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
    report = audit(other, graph_features)
    assert found(report) == {("label_source", "n_abuse_reports")}
    assert "it is not asked how well features tell them apart" in str(report)  # of reports it is


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


# ---- labels that follow only in part -------------------------------------------------------------------------


def hours(n):
    return lambda at, rng: at + pd.Timedelta(hours=n)


def some_days(at, rng):
    return at + pd.to_timedelta(rng.exponential(3.0 * 86_400, len(at)).astype(int), unit="s").as_unit("us")


def the_day(at, rng):
    return at.dt.floor("D")


def the_day_in_berlin(at, rng):
    return at.dt.tz_convert("Europe/Berlin").dt.floor("D").dt.tz_convert("UTC")


def next_midnight(at, rng):
    return at.dt.ceil("D")


PARTLY = [
    (0.75, hours(2), "most labels seem"),
    (0.75, the_day, "most labels seem"),
    (0.75, the_day_in_berlin, "most labels seem"),
    (0.75, next_midnight, "most labels seem"),
    (0.4, hours(2), "some labels seem"),
    (0.4, the_day, "some labels seem"),
    (0.6, some_days, "labels may follow"),
]


@pytest.mark.parametrize(("share", "delay", "words"), PARTLY)
def test_reports_that_made_a_part_of_the_labels(large, share, delay, words):
    report = audit(relabelled(large, share=share, delay=delay), ["feedback", "rhythm"])
    assert {each.kind for each in report.findings} == {"label_source"}
    assert {each.severity for each in report.findings} == {"suspicion"}
    assert {"feedback_reports", "feedback_reporters"} <= {each.subject for each in report.findings}
    assert all(CATALOGUE[each.subject].tier == "F" for each in report.findings)
    assert all(f"the reports and blocks, and {words}" in each.sentence for each in report.findings)


def test_reports_that_made_nearly_all_labels(large):
    report = audit(relabelled(large, share=0.97, delay=some_days), ["feedback"])
    assert {(each.kind, each.severity) for each in report.findings} == {("label_source", "leak")}


@pytest.mark.parametrize(
    "unit", ["h", *(pytest.param(each, marks=pytest.mark.slow) for each in ("us", "s", "D"))]
)
def test_reports_that_made_no_part_of_the_labels(large, unit):
    """Automated accounts are reported seven times as often as others; a coarse clock alone is no reason, either."""
    labels = frame(large, "labels")
    labels["labelled_at"] = labels.labelled_at.dt.floor(unit)
    given = {name: large.tables[name] for name in large.given}
    assert audit(made(given, labels=labels), ["feedback", "evidence"]).ok


def reported_all_the_time(*, soon):
    """Everybody is reported every other day and writes in the end; half of the automated are labelled soon after it."""
    given, rng = tables(), np.random.default_rng(5)
    begin = pd.Timestamp("2026-05-02", tz="UTC")
    ids, messages = given["accounts"]["account_id"].to_pylist(), []
    reports, labels = [], []
    for k, who in enumerate(ids):
        when = begin + pd.to_timedelta(np.sort(rng.uniform(0, 28, 14)), unit="D")
        reports += [
            {"account_id": who, "reporter_id": f"r{j}", "reported_at": at, "kind": "report"}
            for j, at in enumerate(when)
        ]
        messages.append({"sender_id": who, "recipient_id": f"p{k}", "sent_at": begin + pd.Timedelta(days=28)})
        at = begin + pd.Timedelta(days=rng.uniform(1, 28))
        if soon and k % 4 == 0:
            at = when[rng.integers(3, 14)] + pd.Timedelta(minutes=20)
        labels.append({"account_id": who, "is_automated": k % 2 == 0, "labelled_at": at})
    return made(
        {"accounts": given["accounts"]},
        messages=pd.DataFrame(messages), reports=pd.DataFrame(reports), labels=pd.DataFrame(labels),
    )  # fmt: skip


def test_labels_soon_after_one_of_many_reports():
    """No number of reports tells who is automated here: the time alone does."""
    assert audit(reported_all_the_time(soon=False), ["feedback_reports"]).ok
    report = audit(reported_all_the_time(soon=True), ["feedback_reports"])
    assert found(report) == {("label_source", "feedback_reports")}
    assert "within an hour of one" in report.findings[0].sentence


def test_the_figures_of_a_suspicion(large):
    """Recall, what chance gives, and the others, counted one account at a time."""
    dataset = relabelled(large, share=0.75, delay=hours(2))
    sentence = audit(dataset, ["feedback_reports"]).findings[0].sentence
    told = re.search(
        r"\(([\d.]+)% of the automated labels come within 6 hours of one, ([\d.]+)% of the others; ([\d.]+)",
        sentence,
    )
    span = pd.Timedelta(hours=6)
    reports, sent = frame(dataset, "reports"), past(dataset, pd.Timestamp("2027-01-01", tz="UTC"))
    soon, chance = {True: [], False: []}, []
    for who, automated, at in frame(dataset, "labels")[
        ["account_id", "is_automated", "labelled_at"]
    ].itertuples(index=False):
        times = sorted(reports.reported_at[(reports.account_id == who) & (reports.reported_at <= at)])
        soon[automated].append(bool(times) and at - times[-1] <= span)
        if automated:
            begin = min([*times, *sent.sent_at[sent.sender_id == who], at])
            covered = sum((min(until - one, span) for one, until in pairwise([*times, at])), pd.Timedelta(0))
            chance.append(covered / (at - begin) if covered else 0.0)
    recall = np.mean(soon[True])
    expected = [f"{100 * recall:.1f}", f"{100 * np.mean(soon[False]):.1f}", f"{recall / np.mean(chance):.1f}"]
    assert list(told.groups()) == expected


def test_reports_after_the_audit_s_instant_are_unseen(large):
    """A label by the day, that day's noon: of its reports only those of the morning are known."""
    dataset, as_of = relabelled(large, share=0.75, delay=the_day, k=1), "2026-05-20T12:00Z"
    given = {name: dataset.tables[name] for name in dataset.given}
    until = pa.scalar(pd.Timestamp(as_of), pa.timestamp("us", tz="UTC"))
    before = given["reports"].filter(pc.less(given["reports"]["reported_at"], until))
    one, other = (audit(each, ["feedback"], as_of=as_of) for each in (dataset, made(given, reports=before)))
    assert one.of("label_source")
    assert one.of("label_source") == other.of("label_source")
