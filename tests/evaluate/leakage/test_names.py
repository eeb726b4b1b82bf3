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


@pytest.mark.parametrize("whole", [False, True])
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
