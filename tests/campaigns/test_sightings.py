from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf.campaigns.sightings import Sightings, distinct_rows, pseudonyms
from spamclf.errors import ParameterError, SchemaError

Rows = list[tuple[int, int, tuple[int, ...]]]

_WORDS = st.tuples(*[st.integers(0, 1)] * 3, st.integers(0, 2**64 - 1))
_ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10), _WORDS), max_size=25)


def made(rows: Rows) -> Sightings:
    account, instant, words = zip(*rows, strict=True) if rows else ((), (), ())
    return Sightings.of("photo", "pdq", account, instant, np.array(words, np.uint64).reshape(-1, 4))


def listed(seen: Sightings) -> Rows:
    words = [tuple(map(int, each)) for each in seen.words]
    assert words == sorted(set(words))
    assert set(seen.group.tolist()) == set(range(len(words)))
    return [
        (int(a), int(t), words[g]) for a, t, g in zip(seen.account, seen.instant, seen.group, strict=True)
    ]


def same(one: Sightings, other: Sightings) -> bool:
    names = ("account", "instant", "group", "words")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def in_order(rows: Rows) -> Rows:
    return sorted(set(rows), key=lambda row: (row[1], row[0], row[2]))


@given(_ROWS)
def test_are_a_sorted_set(rows: Rows) -> None:
    assert listed(made(rows)) == in_order(rows)


@given(_ROWS, st.randoms(use_true_random=False))
def test_any_order_and_any_batches_give_the_same(rows: Rows, random: Any) -> None:
    shuffled = rows + rows[:3]
    random.shuffle(shuffled)
    cut = random.randint(0, len(shuffled))
    parts = [made(shuffled[:cut]), made(shuffled[cut:])]
    assert same(Sightings.join(parts), made(rows))
    assert same(Sightings.join(parts[::-1]), made(rows))


@given(_ROWS, st.integers(-1, 12), st.integers(-1, 12))
def test_between_keeps_the_rows_of_the_interval(rows: Rows, since: int, until: int) -> None:
    kept = [row for row in in_order(rows) if since <= row[1] < until]
    assert listed(made(rows).between(since, until)) == kept


@given(_ROWS)
def test_words_by_place_are_the_same(rows: Rows) -> None:
    whole = made(rows)
    bank = np.array([row[2] for row in rows] + [(9, 9, 9, 9)], np.uint64).reshape(-1, 4)
    placed = Sightings.of(
        "photo", "pdq", [r[0] for r in rows], [r[1] for r in rows], bank, np.arange(len(rows))
    )
    assert same(placed, whole)


@settings(max_examples=200)
@given(st.lists(st.tuples(*[st.integers(0, 2)] * 5), max_size=30), st.sampled_from([np.uint32, np.uint64]))
def test_distinct_rows_equal_a_sorted_set(rows: list[tuple[int, ...]], dtype: Any) -> None:
    words = np.array(rows, dtype).reshape(-1, 5)
    first, group = distinct_rows(words)
    expected = sorted(set(rows))
    assert [tuple(map(int, words[row])) for row in first] == expected
    assert [expected[place] for place in group] == rows
    assert all(row == rows.index(rows[row]) for row in first)


def test_other_schemes_are_refused() -> None:
    one, other = Sightings.empty("photo", "pdq"), Sightings.empty("photo", "other")
    with pytest.raises(SchemaError, match="of one kind and scheme; got photo 'pdq' and photo 'other'"):
        Sightings.join([one, other])
    with pytest.raises(SchemaError, match="one kind"):
        Sightings.join([one, Sightings.empty("text", "pdq")])


_ONE: dict[str, Any] = {"account": [1], "instant": [1], "words": [[1, 0, 0, 2**64 - 1]]}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kind": "face"}, "kind must be one of photo, text, list; got 'face'"),
        ({"kind": []}, r"kind must be one of photo, text, list; got \[\]"),
        (
            {"words": [[1, 2], [3, 4]]},
            r"words must be a \(n, 4\) matrix of .* uint64 holds for a photo; got a list",
        ),
        ({"words": [1, 2, 3, 4]}, "words must be"),
        ({"words": np.ones((1, 3), np.uint64)}, r"words must be .*; got uint64 \(1, 3\)"),
        ({"words": [[1.5, 2, 3, 4]]}, "words must be"),
        ({"words": np.array([[1.0, 2e30, 3, 4]])}, "words must be"),
        ({"words": [[-1, 2, 3, 4]]}, "words must be"),
        ({"words": [[2**64, 2, 3, 4]]}, "words must be"),
        ({"words": [["a", "b", "c", "d"]]}, "words must be"),
        ({"words": [[1, 2, 3, 4], [1, 2]]}, "words must be"),
        ({"words": None}, "words must be"),
        (
            {"kind": "text", "words": np.full((1, 128), 2**32)},
            "words must be .* that uint32 holds for a text; got int64",
        ),
        ({"words": np.ones((2, 4))}, "words must be one for each of 1 rows; got 2"),
        ({"words": []}, "words must be one for each of 1 rows; got 0"),
        ({"place": [1]}, r"place must be a row of words \(0 to 0\) for each of 1 rows; got a list"),
        ({"place": [-1]}, "place must be"),
        ({"place": [0.5]}, "place must be"),
        ({"place": [0, 0]}, "place must be"),
        ({"place": "a"}, "place must be"),
        ({"words": [], "place": [0]}, "place must be"),
        (
            {"instant": [-1]},
            r"instant must be a column of microseconds from 1970 to 9999 \(int64\); got a list",
        ),
        ({"instant": [2**62]}, "instant must be .* Give microseconds since the epoch"),
        ({"instant": [1.5]}, "instant must be"),
        ({"account": [-1]}, r"account must be a column of pseudonyms .* Use pseudonyms\(ids\)"),
        ({"account": [[1]]}, "account must be"),
        ({"account": [1, 2]}, "account, instant must be of one length; got 2, 1"),
    ],
)
def test_what_would_not_stay_itself_is_refused(wrong: dict[str, Any], says: str) -> None:
    given: dict[str, Any] = {"kind": "photo", "scheme": "pdq"} | _ONE
    assert len(Sightings.of(**given)) == 1
    with pytest.raises(ParameterError, match=rf"Sightings\.of: {says}"):
        Sightings.of(**given | wrong)


def test_nothing_to_join_is_refused() -> None:
    with pytest.raises(ParameterError, match="parts must be at least one; got none"):
        Sightings.join([])


def test_pseudonyms_are_the_first_bytes_of_a_hash() -> None:
    ids = ["00123", "+49 1", "é", ""]
    expected = [int.from_bytes(hashlib.blake2b(i.encode(), digest_size=8).digest(), "little") for i in ids]
    assert pseudonyms(pa.array(ids)).tolist() == expected
    assert pseudonyms(pa.array([42])).tolist() == pseudonyms(pa.array(["42"])).tolist()
