"""Score ids: what is written is read again, and rows are told apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spamclf.instants import LAST_US
from spamclf.model.score_id import ScoreId, row_digests, score_ids

WORD = st.integers(0, 2**64 - 1)


@given(WORD, st.integers(0, LAST_US), WORD, st.floats(0, 1), WORD)
def test_written_and_read(model, as_of, account, score, features):
    each = ScoreId(model, as_of, account, abs(score), features)
    assert ScoreId.parse(str(each)) == each


@given(st.integers(0, 2**32))
def test_of_many_at_once(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 20))
    X = rng.normal(size=(n, 3))
    as_of, account = rng.integers(0, LAST_US, n), rng.integers(0, 2**64, n, np.uint64)
    scores = rng.random(n)
    texts = score_ids("0f" * 16, as_of, account, scores, X).to_pylist()
    assert len(texts) == n
    for k, text in enumerate(texts):
        expected = ScoreId(
            int("0f" * 8, 16), int(as_of[k]), int(account[k]), scores[k], int(row_digests(X[k : k + 1])[0])
        )
        assert ScoreId.parse(text) == expected
        assert text == str(expected)
        assert len(text) == 96


def test_rows_are_told_apart():
    row = np.array([[0.1, np.nan, 3.0]])
    other_nan = row.copy()
    other_nan.view(np.uint64)[0, 1] ^= 1
    assert np.isnan(other_nan[0, 1])
    assert (
        row_digests(row) == row_digests(other_nan) == row_digests(np.asfortranarray(np.repeat(row, 2, 0)))[0]
    )
    for column in range(3):
        changed = row.copy()
        changed[0, column] = np.nextafter(0.5, 1)
        assert row_digests(changed) != row_digests(row)
    assert row_digests(np.array([[0.0]])) != row_digests(np.array([[np.nan]]))
    assert row_digests(np.empty((0, 3))).size == 0
