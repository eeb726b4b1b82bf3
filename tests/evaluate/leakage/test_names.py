"""Ids and rows taken for numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.evaluate.leakage.planted import IDS, audit, by_account, found, frame, made, of_ids, past, tables


@pytest.mark.parametrize("name", IDS)
def test_ids_as_numbers(plain, name):
    report = audit(plain, of_ids(IDS[name]), n_instants=0)
    assert ("id", "x") in found(report), report
    assert report.of("id")[0].severity == "leak"


def test_the_place_of_a_row():
    given = tables()
    order = np.random.default_rng(0).permutation(given["accounts"].num_rows)
    dataset = made(given, accounts=given["accounts"].take(order))
    report = audit(dataset, of_ids(lambda ids: np.arange(len(ids))), n_instants=0)
    assert ("row_order", "x") in found(report)
    assert report.of("row_order")[0].severity == "leak"
    assert "rows of the accounts table" in report.of("row_order")[0].sentence

    def first_met(dataset, as_of):
        _, ids = pd.factorize(past(dataset, as_of).sender_id)
        return by_account(dataset, x=pd.Series(np.arange(len(ids)), ids))

    assert ("row_order", "x") in found(audit(dataset, first_met, n_instants=0))


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_an_age_that_ranks_accounts_like_their_ids_is_honest(whole):
    """Ids are mostly dealt out in the order of registration: a correlation alone would blame the age."""
    given = tables(unknown_share=0.0)
    order = np.argsort(given["accounts"]["registered_at"].to_numpy(), kind="stable")
    number = dict(
        zip(given["accounts"]["account_id"].take(order).to_pylist(), range(1000, 9999), strict=False)
    )
    if whole:  # integers throughout
        every = {}
        for name, table in given.items():
            for column in ("account_id", "sender_id", "recipient_id", "reporter_id"):
                if column in table.column_names:
                    place = table.column_names.index(column)
                    new = [
                        number.setdefault(each, 10_000 + len(number)) for each in table[column].to_pylist()
                    ]
                    table = table.set_column(place, column, pa.array(new, pa.int64()))
            every[name] = table
        given = every
        dataset = made(given)
        assert dataset.integer_ids
    else:
        dataset = made(given | {"accounts": given["accounts"].take(order)})

    def age(dataset, as_of):
        accounts = frame(dataset, "accounts").set_index("account_id")
        return by_account(dataset, x=(as_of - accounts.registered_at).dt.total_seconds())

    assert audit(dataset, age, n_instants=0).ok
    assert audit(dataset, ["account", "co_target"], n_instants=1).ok
    if whole:
        report = audit(dataset, of_ids(lambda ids: ids.astype(int)), n_instants=0)
        assert ("id", "x") in found(report)
        assert "the number in their ids" in report.of("id")[0].sentence


def sends_and(more):
    """A count of messages, and for some accounts a little more."""

    def code(dataset, as_of):
        sent = past(dataset, as_of).groupby("sender_id", observed=True).size()
        features = by_account(dataset, x=sent).fillna(0.0)
        return features.assign(x=features.x + more(features))

    return code


def number_of(features):
    return features.account_id.str.extract(r"(\d+)$")[0].astype(float)


PARTLY = {
    "band": lambda features: 5.0 * (number_of(features) > 75),
    "suffix": lambda features: 5.0 * features.account_id.str.endswith("7"),
    "few": lambda features: 1.0 * features.account_id.isin(["a7", "a70", "a77"]),
    "tie": lambda features: 1e-6 * number_of(features),
}


@pytest.mark.parametrize("name", PARTLY)
def test_ids_as_a_part_of_a_value(plain, name):
    report = audit(plain, sends_and(PARTLY[name]), n_instants=0)
    assert found(report) == {("id", "x")}
    assert report.findings[0].severity == "suspicion"
    assert report.findings[0].n > 0
    # What an account did may have any part in it.
    assert audit(plain, sends_and(lambda features: 5.0 * (features.x % 7 == 0)), n_instants=0).ok


RULES = {
    "suffix": (lambda ids: ids.str.endswith("7").astype(float), "leak"),
    "unknown": (lambda ids: pd.Series(1.0, ids.index).where(ids.str.endswith("7")), "leak"),
    "look-up": (lambda ids: ids.isin(["a7", "a70"]).astype(float), "suspicion"),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_about_ids_that_few_fulfil(plain, name):
    rule, severity = RULES[name]
    report = audit(plain, of_ids(rule), n_instants=0)
    assert found(report) == {("id", "x")}
    assert report.findings[0].severity == severity
    assert audit(plain, of_ids(lambda ids: np.ones(len(ids))), n_instants=0).ok


def test_who_stands_first_in_a_tie_may_hang_on_the_order_of_rows(plain):
    def last_of_an_hour(dataset, as_of):
        """Whether the last message went to a contact; of those in one hour, the last row."""
        sent = past(dataset, as_of).assign(at=lambda rows: rows.sent_at.dt.floor("h"))
        latest = sent.sort_values("at", kind="stable").drop_duplicates("sender_id", keep="last")
        return by_account(dataset, x=latest.set_index("sender_id").in_contacts.astype(float))

    assert audit(plain, last_of_an_hour, n_instants=0).ok
