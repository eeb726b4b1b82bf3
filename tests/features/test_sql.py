"""DuckDB as an independent judge of whole features, on a simulated platform."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spamclf import Dataset, extract, simulate
from spamclf.features import CATALOGUE
from tests.benches.sql import FACTS, QUERIES

duckdb = pytest.importorskip("duckdb")


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    return dict(simulate.world(n_accounts=150, days=20, random_state=7))


def ask(query: str, **tables: pa.Table) -> dict[str, dict[str, float]]:
    """Run a query; values by account, then by column, null as NaN."""
    with duckdb.connect(config={"threads": 2}) as connection:
        for name, table in tables.items():
            connection.register(name, table)
        answer = connection.sql(query).to_arrow_table()
    rows = answer.to_pylist()
    return {
        row.pop("account_id"): {k: np.nan if v is None else float(v) for k, v in row.items()} for row in rows
    }


def assert_same(answer: dict[str, dict[str, float]], dataset: Dataset) -> None:
    names = list(next(iter(answer.values())))
    table = extract(dataset, features=names, history_days=365, n_jobs=1)
    known = 0
    for row, account in enumerate(table.account_ids.to_pylist()):
        for name in names:
            value = table[name][row]
            if account not in answer:
                assert np.isnan(value) or value == 0, name
                continue
            known += not np.isnan(value)
            if CATALOGUE[name].unit == "count":
                np.testing.assert_equal(value, answer[account][name], err_msg=name)
            else:
                np.testing.assert_allclose(value, answer[account][name], rtol=1e-9, atol=1e-9, err_msg=name)
    assert known > len(answer) / 2
    assert set(answer) <= set(table.account_ids.to_pylist())


@pytest.mark.parametrize("name", QUERIES)
def test_who_wrote_to_whom_and_when(name: str, tables: dict[str, pa.Table]) -> None:
    messages: Any = ask_table(
        "SELECT DISTINCT sender_id, recipient_id, sent_at FROM messages WHERE is_group IS NOT TRUE", tables
    )
    dataset = Dataset(messages=messages, accounts={"account_id": []}, not_after="2040-01-01")
    assert_same(ask(QUERIES[name], messages=messages), dataset)


@pytest.mark.parametrize("name", FACTS)
def test_facts_of_messages_accounts_and_reports(name: str, tables: dict[str, pa.Table]) -> None:
    messages = ask_table("SELECT DISTINCT * FROM messages", tables)
    given = {"messages": messages, "accounts": tables["accounts"], "reports": tables["reports"]}
    assert_same(ask(FACTS[name], **given), Dataset(**given, not_after="2040-01-01"))


def ask_table(query: str, tables: dict[str, pa.Table]) -> pa.Table:
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("messages", tables["messages"])
        return connection.sql(query).to_arrow_table()


def test_sql_judges_many_features() -> None:
    queries = " ".join((*QUERIES.values(), *FACTS.values()))
    judged = {name for name in CATALOGUE if f"AS {name}" in queries}
    assert len(judged) >= 30
    assert {name.split("_")[0] for name in judged} >= {"send", "fan", "replies", "rhythm", "feedback"}
