"""Score ids: what is written is read again, and rows are told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.errors import ParameterError
from spamclf.instants import LAST_US
from spamclf.model.score_id import ScoreId, row_digests, score_ids

WORD = st.integers(0, 2**64 - 1)


@given(
    WORD,
    st.integers(0, LAST_US),
    WORD,
    st.floats(0, 1),
    WORD,
    st.floats(0, 1.0000000000000002),
    st.integers(0, 2),
)
def test_written_and_read(model, as_of, account, score, features, threshold, verdict):
    each = ScoreId(model, as_of, account, abs(score), features, abs(threshold), verdict)
    assert ScoreId.parse(str(each)) == each


def spelt(each):
    """A score id letter by letter."""
    score, threshold = (np.float64(value).view(np.uint64) for value in (each.score, each.threshold))
    words = [each.model, each.as_of, each.account, int(score), each.features, int(threshold)]
    check = 0
    for word in (*words, each.verdict):
        check = (check ^ word) * 0x9E3779B97F4A7C15 % 2**64
        check ^= check >> 29
    return "-".join(["s2", f"{each.verdict:x}", *(f"{word:016x}" for word in words), f"{check >> 32:08x}"])


@given(WORD, st.integers(0, LAST_US), WORD, st.floats(0, 1), WORD, st.floats(0, 1), st.integers(0, 2))
def test_every_letter(model, as_of, account, score, features, threshold, verdict):
    each = ScoreId(model, as_of, account, abs(score), features, abs(threshold), verdict)
    assert str(each) == spelt(each)


def test_what_no_score_can_be_is_refused():
    sound = ScoreId(1, 2, 3, 0.5, 4, 0.25, 0)
    for wrong in (
        {"score": 1.5}, {"score": np.nan}, {"threshold": 1.1}, {"threshold": -0.1}, {"threshold": np.nan},
        {"verdict": 3}, {"as_of": LAST_US + 1},
    ):  # fmt: skip
        with pytest.raises(ParameterError, match="of an instant, a probability, a threshold and a verdict"):
            ScoreId.parse(str(replace(sound, **wrong)))


def test_an_earlier_id_is_refused_with_the_reason():
    earlier = (
        "s1-00000000000000ab-0000000000000007-0000000000000002-3fe0000000000000-0000000000000005-d670eccf"
    )
    with pytest.raises(
        ParameterError, match=r"which an earlier version wrote without threshold and verdict\. Score the"
    ):
        ScoreId.parse(earlier)


@given(st.integers(0, 2**32))
def test_of_many_at_once(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 20))
    X = rng.normal(size=(n, 3))
    as_of, account = rng.integers(0, LAST_US, n), rng.integers(0, 2**64, n, np.uint64)
    scores, thresholds, verdict = rng.random(n), rng.random(n), rng.integers(0, 3, n)
    texts = score_ids("0f" * 16, as_of, account, scores, X, thresholds, verdict).to_pylist()
    assert len(texts) == n
    for k, text in enumerate(texts):
        expected = ScoreId(
            int("0f" * 8, 16), int(as_of[k]), int(account[k]), scores[k], int(row_digests(X[k : k + 1])[0]),
            thresholds[k], int(verdict[k]),
        )  # fmt: skip
        assert ScoreId.parse(text) == expected
        assert text == str(expected)
        assert len(text) == 115


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
