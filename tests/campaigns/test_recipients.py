from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import kernels
from spamclf.campaigns.recipients import (
    LEAST_RECIPIENTS,
    POPULAR,
    SCHEME,
    WEIGHT,
    Lists,
    list_fingerprints,
)
from spamclf.errors import ParameterError

IDS = pa.array([f"+49170{k:05d}" for k in range(400)])


def rows_of(lists: dict[int, list[int]]) -> tuple[list[int], list[int], list[int]]:
    rows = [(who, to, 100 * who + k) for who, people in lists.items() for k, to in enumerate(people)]
    who, to, when = zip(*rows, strict=True) if rows else ((), (), ())
    return list(who), list(to), list(when)


def fingerprints(lists: dict[int, list[int]], **settings: Any) -> Lists:
    return list_fingerprints(*rows_of(lists), IDS, **settings)


def oracle(people: list[int], popular: frozenset[int] = frozenset()) -> list[int]:
    """By datasketch: of each recipient as many items as it weighs."""
    datasketch = pytest.importorskip("datasketch", reason="the oracle of MinHash")
    xxhash = pytest.importorskip("xxhash", reason="the oracle's hash")
    made = datasketch.MinHash(
        num_perm=128, seed=1, scheme="affine32",
        hashfunc=lambda item: (xxhash.xxh32_intdigest(item[1]) + item[0] * 0x9E3779B9) % 2**32,
    )  # fmt: skip
    for person in people:
        for copy in range(1 if person in popular else 4):
            made.update((copy, IDS[person].as_py().encode()))
    return [int(value) for value in made.hashvalues]


def test_signatures_are_datasketchs() -> None:
    lists = {3: list(range(5)), 9: list(range(100, 160)), 4: [7, 300, 1, 2, 399]}
    got = fingerprints(lists)
    assert str(SCHEME) == "affine32 xxh32 seed=1 n_perm=128 recipients"
    assert got.account.tolist() == [3, 4, 9]
    assert got.words.dtype == np.uint32
    assert got.words.shape == (3, 128)
    for who, words in zip(got.account.tolist(), got.words.tolist(), strict=True):
        assert words == oracle(lists[who])
    crowd = {k: [0, 1, *range(20 + 9 * k, 29 + 9 * k)] for k in range(12)}  # twelve write to the first two
    for who, words in enumerate(fingerprints(crowd, popular=10).words.tolist()):
        assert words == oracle(crowd[who], frozenset({0, 1}))


@settings(max_examples=60)
@given(
    st.dictionaries(st.integers(0, 30), st.lists(st.integers(0, 40), unique=True, max_size=12), max_size=12),
    st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 6),
)  # fmt: skip
def test_who_has_a_list(lists: dict[int, list[int]], seed: int, popular: int, least: int) -> None:
    writers = {person: sum(person in people for people in lists.values()) for person in range(41)}
    weight = {person: 4 if n <= popular + 1 else 1 for person, n in writers.items()}
    expected = {who: people for who, people in lists.items() if sum(weight[p] for p in people) >= 4 * least}
    got = fingerprints(lists, popular=popular, least=least)
    assert got.account.tolist() == sorted(expected)
    assert got.n_recipients.tolist() == [len(expected[who]) for who in sorted(expected)]
    place = {(who, p): 100 * who + k for who, people in lists.items() for k, p in enumerate(people)}
    assert got.first.tolist() == [min(place[who, p] for p in expected[who]) for who in sorted(expected)]
    assert got.last.tolist() == [max(place[who, p] for p in expected[who]) for who in sorted(expected)]
    rows = list(zip(*rows_of(lists), strict=True))
    rows += [(who, to, when + 1) for who, to, when in rows[::3]]  # again, later: changes nothing
    random.Random(seed).shuffle(rows)
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    other = list_fingerprints(*columns, IDS, popular=popular, least=least, n_jobs=2)
    for name in ("account", "first", "last", "n_recipients", "words"):
        assert getattr(got, name).tobytes() == getattr(other, name).tobytes(), name


def test_similar_lists_have_similar_signatures() -> None:
    got = fingerprints({0: list(range(100)), 1: list(range(20, 120)), 2: list(range(200, 300))})
    assert (got.words[0] == got.words[1]).mean() == pytest.approx(80 / 120, abs=0.15)
    assert (got.words[0] == got.words[2]).mean() < 0.05


def test_popular_recipients_weigh_less() -> None:
    """Two lists share a third of their people; where it is the popular third they are hardly alike."""
    shared = list(range(100))
    rest = [list(range(100, 300)), list(range(300, 500))]
    ids = pa.array([str(k) for k in range(2000)])
    crowd = {k: [*shared, *range(500 + 10 * k, 510 + 10 * k)] for k in range(2, 150)}

    def alike(lists: dict[int, list[int]], **settings: int) -> float:
        got = list_fingerprints(*rows_of(lists), ids, **settings)
        return float((got.words[0] == got.words[1]).mean())

    both = {k: shared + rest[k] for k in range(2)}
    assert alike(both) == pytest.approx(400 / 2000, abs=0.1)
    assert alike(both | crowd) == pytest.approx(100 / 1700, abs=0.05)
    assert alike(both | crowd, popular=1000) == alike(both)


def test_many_popular_recipients_are_a_list() -> None:
    """A hundred and more accounts with one list: its people are popular, and only a long list says something."""
    lists = {k: list(range(4 * LEAST_RECIPIENTS - 1 + k % 2)) for k in range(240)}
    got = fingerprints(lists)
    assert got.account.tolist() == list(range(1, 240, 2))
    assert (got.words == got.words[0]).all()


def test_numbers_as_ids() -> None:
    numbers = pa.array([int(str(each)[1:]) for each in IDS.to_pylist()])
    texts = pa.array([str(number) for number in numbers.to_pylist()])
    rows = rows_of({0: list(range(9))})
    assert (list_fingerprints(*rows, numbers).words == list_fingerprints(*rows, texts).words).all()


def test_whoever_is_on_no_list_needs_no_id() -> None:
    rows = rows_of({0: [0, 2, 4, 6, 8], 1: [2, 4, 6, 8, 10]})
    ids = IDS.to_pylist()
    some = pa.array([each if i % 2 == 0 else None for i, each in enumerate(ids)])
    assert (list_fingerprints(*rows, some).words == list_fingerprints(*rows, IDS).words).all()
    with pytest.raises(ParameterError):
        list_fingerprints(*rows_of({0: [0, 1, 2, 4, 6]}), some)


def test_nobody() -> None:
    got = fingerprints({})
    assert (len(got), got.words.shape) == (0, (0, 128))
    assert repr(fingerprints({1: [1, 2]})) == "<Lists: of 0 accounts>"


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(ParameterError, match="of one length"):
        list_fingerprints([1], [1, 2], [1], IDS)
    with pytest.raises(ParameterError, match="below 400"):
        list_fingerprints([1], [400], [1], IDS)
    with pytest.raises(ParameterError, match="at least 1"):
        list_fingerprints([1], [1], [1], IDS, least=0)


def test_numbers_are_those_of_the_features() -> None:
    assert kernels.co_target.POPULAR == POPULAR
    assert kernels.co_target.LEAST == LEAST_RECIPIENTS
    assert int(kernels.minhash.STEP) == 0x9E3779B9
    assert WEIGHT == 4
