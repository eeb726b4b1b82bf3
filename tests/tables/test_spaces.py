from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf import Dataset, read_dataset
from spamclf.describe import describe
from spamclf.tables.spaces import spaced_ids
from tests.doors import write_folder

IDS = st.lists(st.sampled_from(["a", "a ", " a", "b", "b\t", "c", " c c "]), min_size=1, max_size=8)


def dataset(senders, accounts=(), nobody="x"):
    n = len(senders)
    rows = {
        "sender_id": senders,
        "recipient_id": [nobody] * n,
        "sent_at": range(1_780_300_800, 1_780_300_800 + n),
    }
    return Dataset(messages=rows, accounts={"account_id": list(accounts)}, time_unit="s")


@given(IDS, st.sets(st.sampled_from(["a", "b ", "c", "c c"])))
def test_ids_that_are_anothers_but_for_spaces_are_counted(senders, accounts):
    every = {*senders, *accounts, "x"}
    alike = Counter(each.strip() for each in every)
    n = sum(each != each.strip() and alike[each.strip()] > 1 for each in senders)
    told = [
        line
        for line in spaced_ids(dataset(senders, accounts).tables)
        if line.startswith("messages.sender_id ")
    ]
    rows = f"{n} row" + ("s" if n != 1 else "")
    assert told == (
        [f"messages.sender_id that is another id but for spaces: {rows} of {len(senders)}, used; "
         "strip ids before loading"] if n else []
    )  # fmt: skip


def test_two_that_are_padded_differently_are_one():
    column = pa.chunked_array([["a "], [], [" a", "b"]]).dictionary_encode()
    for ids in (column, column.combine_chunks(), column.cast(pa.string())):
        told = spaced_ids({"accounts": pa.table({"account_id": ids})})
        assert [line.split(": ")[1] for line in told] == ["2 rows of 3, used; strip ids before loading"]


def test_numbers_have_no_spaces():
    assert spaced_ids(dataset([1, 2], nobody=3).tables) == []


def test_they_are_told_where_a_folder_is_read_and_described(tmp_path):
    spaced = dataset(["a ", "b"], ["a", "b"])
    folder = write_folder({name: spaced.tables[name] for name in ("accounts", "messages")}, tmp_path / "data")
    line = "messages.sender_id that is another id but for spaces: 1 row of 2, used; strip ids before loading"
    with pytest.warns(UserWarning, match=line):
        read_dataset(folder)
    assert f"  {line}\n" in describe(spaced)
