"""Values that hang on rows at or after their instant, and the same ideas with care."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spamclf.evaluate import audit_leakage
from tests.evaluate.leakage.planted import (
    accounts_of,
    audit,
    by_account,
    found,
    frame,
    past,
    sends_of_all_time,
)


def sends_up_to_and_at(dataset, as_of):
    messages = frame(dataset, "messages").astype({"sender_id": str})
    return by_account(
        dataset, x=messages[messages.sent_at <= as_of].groupby("sender_id", observed=True).size()
    )


def normalised_over_all_rows(dataset, as_of):
    """Counts only what is past, then divides by what all rows give."""
    everyone = (
        frame(dataset, "messages").astype({"sender_id": str}).groupby("sender_id", observed=True).size()
    )
    sent = past(dataset, as_of).groupby("sender_id", observed=True).size()
    return by_account(dataset, x=(sent - everyone.mean()) / everyone.std())


def latest_label_of_the_neighbours(dataset, as_of):
    labels = frame(dataset, "labels").drop_duplicates("account_id", keep="last")
    verdict = labels.set_index("account_id").is_automated.astype(float)
    messages = past(dataset, as_of)
    return by_account(
        dataset, x=messages.recipient_id.map(verdict).groupby(messages.sender_id, observed=True).mean()
    )


def accounts_on_the_network(dataset, as_of):
    accounts = frame(dataset, "accounts")
    return by_account(
        dataset,
        x=accounts.groupby("network", observed=True)
        .account_id.transform("size")
        .set_axis(accounts.account_id),
    )


FUTURE = (
    sends_of_all_time, sends_up_to_and_at, normalised_over_all_rows, latest_label_of_the_neighbours,
    accounts_on_the_network,
)  # fmt: skip


@pytest.mark.parametrize("code", FUTURE)
def test_the_future(plain, code):
    report = audit(plain, code)
    assert ("future", "x") in found(report)
    assert all(each.severity == "leak" and each.n > 0 for each in report.of("future"))


def test_a_row_at_the_very_instant_is_the_future(plain):
    """Without an instant inside the data, what is added at the instant itself tells "<=" from "<"."""
    assert ("future", "x") in found(audit(plain, sends_up_to_and_at, n_instants=0))


def test_a_column_that_only_the_future_has(plain):
    def dummies(dataset, as_of):
        devices = frame(dataset, "accounts").set_index("account_id").registered_at
        weeks = pd.get_dummies(devices.dt.isocalendar().week, prefix="week")
        return weeks[[name for name in weeks if weeks[name].any()]]

    assert audit(plain, dummies).of("future")


def honest(dataset, as_of):
    """The same ideas, with care: past rows, a scale made of the past, labels that are known by then."""
    messages = past(dataset, as_of)
    sent = messages.groupby("sender_id", observed=True).size()
    labels = frame(dataset, "labels")
    labels = labels[labels.labelled_at < as_of].sort_values(
        ["labelled_at", "is_automated"], ascending=[True, False]
    )
    verdict = (
        labels.drop_duplicates("account_id", keep="last").set_index("account_id").is_automated.astype(float)
    )
    accounts = frame(dataset, "accounts")
    accounts = accounts[accounts.registered_at.isna() | (accounts.registered_at < as_of)]
    alike = (
        accounts.groupby("network", observed=True).account_id.transform("size").set_axis(accounts.account_id)
    )
    age = (as_of - accounts.registered_at).dt.total_seconds().set_axis(accounts.account_id)
    return by_account(
        dataset, sent=sent, scaled=(sent - sent.mean()) / sent.std(), alike=alike, age=age,
        neighbours=messages.recipient_id.map(verdict).groupby(messages.sender_id, observed=True).mean(),
    )  # fmt: skip


def test_honest_code_is_clean(plain):
    report = audit_leakage(plain, honest)
    assert report.ok, report
    assert bool(report)
    assert report.features == ("sent", "scaled", "alike", "age", "neighbours")
    assert len(report.instants) == 4


def test_what_cannot_be_repeated_is_not_compared(plain):
    rng = np.random.default_rng(0)

    def noisy(dataset, as_of):
        return accounts_of(dataset).assign(x=rng.random(dataset.accounts.num_rows), y=1)

    report = audit(plain, noisy)
    assert found(report) == {("unrepeatable", "x")}
    assert not report.leaks
    assert not report.ok
