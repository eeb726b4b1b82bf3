"""The parts of a split: each account in one, later time in later ones."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from spamclf.errors import ParameterError
from tests.evaluate.leakage.planted import audit, components, found, ids_of


def test_a_split_by_campaign_is_clean(plain):
    sides = [("train", "calibration", "test")[number % 3] for number in components(plain)]
    for split in (
        sides,
        np.array(sides),
        dict(zip(ids_of(plain), sides, strict=True)),
        pd.DataFrame({"account_id": ids_of(plain), "part": sides}),
        pa.table({"account_id": ids_of(plain), "part": pa.array(sides).dictionary_encode()}),
    ):
        report = audit(plain, ["account", "rhythm"], n_instants=0, split=split)
        assert report.ok, report
        assert not any("no split" in note for note in report.notes)


def rows_of_split(dataset, train_days, test_days):
    """Every account in one part, at some days of May."""
    ids = ids_of(dataset)
    sides = ["train" if number % 2 else "test" for number in components(dataset)]
    return [
        {"account_id": who, "part": side, "as_of": datetime(2026, 5, day, tzinfo=UTC)}
        for who, side in zip(ids, sides, strict=True)
        for day in (train_days if side == "train" else test_days)
    ]


def test_the_order_of_time(plain):
    clean = rows_of_split(plain, (5, 10), (20, 25))
    assert audit(plain, ["send_rate"], n_instants=0, split=pa.Table.from_pylist(clean)).ok
    level = rows_of_split(plain, (5, 20), (20, 25))  # what happens at an instant is not before it
    assert found(audit(plain, ["send_rate"], n_instants=0, split=pa.Table.from_pylist(level))) == {
        ("time_order", "test")
    }
    late = rows_of_split(plain, (5, 22), (20, 25))
    report = audit(plain, ["send_rate"], n_instants=0, split=pa.Table.from_pylist(late))
    assert found(report) == {("time_order", "test")}
    assert report.findings[0].n == sum(row["part"] == "train" for row in late) / 2


def test_an_account_in_two_parts(plain):
    rows = rows_of_split(plain, (5,), (20,))
    moved = next(row for row in rows if row["part"] == "train")
    alone = [row for row in rows if row["part"] == "test"]
    report = audit(
        plain, ["send_rate"], n_instants=0,
        split=pd.DataFrame([*alone, moved, moved | {"part": "test", "as_of": datetime(2026, 5, 20, tzinfo=UTC)}]),
    )  # fmt: skip
    assert ("account_in_parts", "split") in found(report)
    assert report.of("account_in_parts")[0].n == 1


def test_what_of_a_split_was_not_looked_at(plain):
    def notes(split):
        return " | ".join(audit(plain, ["send_rate"], n_instants=0, split=split).notes)

    rows = pd.DataFrame(rows_of_split(plain, (5, 10), (20, 25)))
    assert notes(rows) == ""
    assert "the split has no as_of" in notes(rows.drop(columns="as_of").drop_duplicates())
    assert "the split has no as_of" in notes(dict(zip(rows.account_id, rows.part, strict=True)))
    folds = rows.assign(part=rows.part.map({"train": "canary", "test": "test"}))
    assert "1 of 2 parts are not called train, calibration or test" in notes(folds)
    assert "canary" not in notes(folds)
    few = rows[rows.account_id != rows.account_id[0]]
    assert notes(few) == "1 of 150 accounts are in no part of the split"


def test_an_unknown_instant_is_refused(plain):
    rows = pd.DataFrame(rows_of_split(plain, (5, 10), (20, 25)))
    rows.loc[3, "as_of"] = pd.NaT
    with pytest.raises(ParameterError, match="as_of of the split must be instants"):
        audit(plain, ["send_rate"], n_instants=0, split=rows)
    rows.loc[3, "part"] = None  # a row in no part is no row
    assert audit(plain, ["send_rate"], n_instants=0, split=rows).ok
