"""Real logs load whole and go through extraction; skipped where they are not at hand."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from spamclf import extract
from spamclf.ego import EgoLog
from tests.benches import page_side, public_data

needs_data = pytest.mark.skipif(public_data.folder() is None, reason=public_data.why_not())


def raw(name: str) -> list[dict[str, str]]:
    data = public_data.folder()
    assert isinstance(data, Path)
    with gzip.open(data / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_equal_seconds_keep_the_order_of_the_file() -> None:
    made = public_data.in_file_order(np.array([0, 3, 3, 3, 4]))
    assert made.tolist() == [0, 3_000_000, 3_000_001, 3_000_002, 4_000_000]


def test_seconds_that_decrease_are_refused() -> None:
    with pytest.raises(ValueError, match="must not decrease"):
        public_data.in_file_order(np.array([4, 3]))


def test_page_columns_see_what_came_before_and_no_more() -> None:
    rng = np.random.default_rng(0)
    n, cut = 400, 250
    second = np.sort(rng.integers(0, 90_000, n))
    log = public_data.Edits(
        rng.integers(0, 20, n),
        rng.integers(100, 110, n),
        public_data.in_file_order(second),
        second,
        rng.random(n) < 0.05,
    )
    early = public_data.Edits(*(getattr(log, name)[:cut] for name in log.__dataclass_fields__))
    whole, part = page_side.columns(log), page_side.columns(early)
    assert whole.keys() == part.keys()
    for name, values in part.items():
        np.testing.assert_array_equal(whole[name][:cut], values, err_msg=name)


@needs_data
@pytest.mark.parametrize("name", public_data.HONEST)
def test_honest_log_is_counted_as_in_its_file(name: str) -> None:
    rows = raw(name)
    dataset = public_data.honest(name)
    counts = dataset.counts["messages"]
    alone = sum(row["sender"] == row["recipient"] for row in rows)
    assert (counts.rows_in, counts.rows_used, counts.rows_quarantined) == (
        len(rows),
        len(rows) - alone,
        alone,
    )
    people = {row[side] for row in rows for side in ("sender", "recipient")}
    assert dataset.accounts.num_rows == len(people)
    last = max(int(row["t"]) for row in rows if row["sender"] != row["recipient"])
    assert dataset.last_instant() == last * 1_000_000


@needs_data
@pytest.mark.parametrize("name", public_data.HONEST)
def test_honest_log_is_extracted(name: str) -> None:
    dataset = public_data.honest(name)
    ego = EgoLog.build(dataset, n_jobs=1)
    table = extract(dataset, ego=ego, history_days=365, n_jobs=1)
    assert len(table) == dataset.accounts.num_rows
    assert not np.isinf(table.values).any()
    # A look-back longer than the log: sends add up to the messages less repetitions.
    assert table["send_rate_sends"].sum() == dataset.messages.num_rows - ego.n_duplicates
    triples = {
        (row["sender"], row["recipient"], row["t"]) for row in raw(name) if row["sender"] != row["recipient"]
    }
    assert table["send_rate_sends"].sum() == len(triples)


@needs_data
def test_wikipedia_log_is_counted_as_in_its_file() -> None:
    rows = raw("wikipedia_bans")
    edits = public_data.edits()
    assert edits.user.size == len(rows) == 157_474
    assert np.unique(edits.user).size == 8_227
    assert int(edits.banned.sum()) == sum(row["label"] == "1" for row in rows) == 217
    assert np.unique(edits.instant).size == edits.instant.size
    np.testing.assert_array_equal(edits.instant // 1_000_000, edits.second)


@needs_data
def test_a_ban_follows_the_users_last_edit() -> None:
    edits = public_data.edits()
    last = np.zeros(edits.user.max() + 1, np.int64)
    np.maximum.at(last, edits.user, edits.instant)
    assert (last[edits.user[edits.banned]] == edits.instant[edits.banned]).all()
