"""Labels and truths as tables of any kind, or files."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from spamclf import Dataset
from spamclf.ego import EgoLog
from spamclf.errors import DataFileError, ParameterError
from spamclf.evaluate.truth import Truth
from tests.evaluate.common import world


def small(ids=("a", "b", "c")):
    messages = {"sender_id": [ids[0]], "recipient_id": [ids[1]], "sent_at": [5]}
    return EgoLog.build(Dataset(accounts={"account_id": list(ids)}, messages=messages, time_unit="s"))


def told(truth):
    return list(zip(truth.account.tolist(), truth.is_automated.tolist(), truth.family, strict=True))


def test_accounts_stand_in_the_order_of_the_log():
    truth = {
        "account_id": ["c", "x", "a", "b"],
        "is_automated": [True, True, False, None],
        "family": ["f", "", "", "g"],
    }
    found = Truth.of(small(), truth)
    assert told(found) == [(0, False, None), (2, True, "f")]
    assert found.starts_at.tolist() == [0, 0]


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_the_latest_label_counts(order):
    when = pd.to_datetime(["2026-05-01", "2026-05-03", "2026-05-02"], utc=True)
    labels = pd.DataFrame(
        {"account_id": ["a"] * 3, "is_automated": [False, True, False], "labelled_at": when}
    )
    assert told(Truth.of(small(), labels[order])) == [(0, True, None)]
    assert told(Truth.of(small(), labels.drop(columns="labelled_at"))) == [(0, False, None)]  # the last row


@pytest.mark.parametrize("verdicts", [[True, False, None], [False, True, None], [None, False, True]])
def test_of_labels_of_one_instant_the_milder_counts(verdicts):
    when = pd.to_datetime(["2026-05-01"] * 3, utc=True)
    labels = pa.table({"account_id": ["a"] * 3, "is_automated": verdicts, "labelled_at": when})
    assert told(Truth.of(small(), labels)) == [(0, False, None)]


def test_who_has_no_campaign_is_one_by_itself():
    truth = {"account_id": ["a", "b", "c"], "is_automated": [True] * 3, "campaign": ["k", None, "k"]}
    codes = Truth.of(small(), truth).campaign.tolist()
    assert codes[0] == codes[2] != codes[1]


def test_any_frame_and_any_file(tmp_path):
    made = world()
    ego = EgoLog.build(made.dataset)
    expected = Truth.of(ego, made.truth)
    pq.write_table(made.truth, tmp_path / "truth.parquet")
    pa.csv.write_csv(made.truth, tmp_path / "truth.csv")
    for each in (
        made.truth.to_pandas(),
        pl.from_arrow(made.truth),
        tmp_path / "truth.parquet",
        str(tmp_path / "truth.csv"),
    ):
        found = Truth.of(ego, each)
        assert told(found) == told(expected)
        assert found.campaign.tolist() == expected.campaign.tolist()
        assert found.starts_at.tolist() == expected.starts_at.tolist()
    assert (expected.starts_at[expected.is_automated] > 0).all()
    assert len(set(expected.family)) > 20


def test_a_file_without_the_columns(tmp_path):
    """It is refused for them, whatever else its values are."""
    (tmp_path / "t.csv").write_text("account,age\nabc,3\n")
    with pytest.raises(ParameterError, match="none called account_id or is_automated among 'account', 'age'"):
        Truth.of(small(), tmp_path / "t.csv")


def test_integer_ids():
    truth = pd.DataFrame({"account_id": [2, 1], "is_automated": [True, False]})
    assert told(Truth.of(small((1, 2, 3)), truth)) == [(0, False, None), (1, True, None)]


@pytest.mark.parametrize(
    ("truth", "error", "words"),
    [
        ({"account_id": ["a"]}, ParameterError, "got none called is_automated among 'account_id'"),
        (
            {"account_id": ["a"], "is_automated": ["maybe"]},
            ParameterError,
            "column is_automated must be of type bool; got string",
        ),
        (
            {"account_id": ["a"], "is_automated": [True], "starts_at": ["soon"]},
            ParameterError,
            "column starts_at must be",
        ),
        (
            {"account_id": ["x", "y"], "is_automated": [True, False]},
            ParameterError,
            "truth must name accounts of this dataset; got none in 2 rows",
        ),
        ("nowhere.csv", DataFileError, "the file must exist"),
        ("truth.txt", DataFileError, "must be .parquet or .csv"),
    ],
)
def test_refusals(truth, error, words):
    with pytest.raises(error, match=words):
        Truth.of(small(), truth)


@pytest.mark.parametrize("numbers", [[0.3, 1.0], [0, 2]])
def test_numbers_that_are_no_verdicts_are_refused(numbers):
    truth = pa.table({"account_id": ["a", "b"], "is_automated": numbers})
    with pytest.raises(
        ParameterError, match="is_automated must be true or false, or 1 or 0; got other numbers"
    ):
        Truth.of(small(), truth)
