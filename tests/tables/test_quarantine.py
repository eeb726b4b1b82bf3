"""Each bad row is told by its file and its number there."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spamclf.tables.quarantine import BadRows, Origin, Quarantine


@given(skipped=st.sets(st.integers(0, 30)), n=st.integers(0, 20))
def test_rows_that_were_skipped_keep_their_numbers(skipped, n):
    origin = Origin(("messages.csv",), skipped=np.array(sorted(skipped), dtype=np.int64))
    expected = [row for row in range(100) if row not in skipped][:n]
    assert origin.in_file(np.arange(n)).tolist() == expected


@given(sizes=st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_rows_of_parts(sizes):
    starts = tuple(int(s) for s in np.cumsum([0, *sizes])[:-1])
    origin = Origin(tuple(f"part-{k}" for k in range(len(sizes))), starts)
    files, rows = origin.locate(np.arange(sum(sizes)))
    assert list(zip(files, rows.tolist(), strict=True)) == [
        (f"part-{k}", row) for k, size in enumerate(sizes) for row in range(size)
    ]


def test_counts_and_order():
    quarantine = Quarantine()
    quarantine.add(
        [BadRows("texts", "text", "null", np.array([4, 9])), BadRows("texts", "", "ragged", np.zeros(0))],
        Origin(),
    )
    quarantine.add([BadRows("accounts", "account_id", "duplicate_key", np.array([1]))], Origin())
    assert quarantine.counts == {("texts", "text", "null"): 2, ("accounts", "account_id", "duplicate_key"): 1}
    assert quarantine.to_arrow()["table"].to_pylist() == ["accounts", "texts", "texts"]
    assert len(quarantine) == 3
