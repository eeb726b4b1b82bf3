from __future__ import annotations

import hashlib
import math
import subprocess
import sys
import tomllib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.campaigns.schemes import MinHashScheme
from spamclf.campaigns.signatures import (
    EMPTY,
    from_datasketch,
    hash_items,
    read_signatures,
    set_sizes,
    signatures,
    similarity,
    to_datasketch,
)
from spamclf.errors import ParameterError, SchemaError
from tests.campaigns import naive_texts as naive

STATED = {"scheme": "affine32", "seed": 1, "n_perm": 128, "hash": "xxh32"}
SETS = st.lists(st.sets(st.text(max_size=12), max_size=25), min_size=1, max_size=6)
SCHEME = MinHashScheme()
CANARY = "canary-c0ffee"


def of_sets(sets: list[set[str]], scheme: MinHashScheme, n_jobs: int = 1) -> np.ndarray:
    items = [item for each in sets for item in sorted(each)]
    offsets = np.cumsum([0, *(len(each) for each in sets)])
    return signatures(hash_items(pa.array(items, pa.string()), scheme.hash), offsets, scheme, n_jobs=n_jobs)


@pytest.mark.parametrize("hash", ["xxh32", "sha1"])
@given(sets=SETS, seed=st.integers(0, 2**32 - 1), n_perm=st.sampled_from([1, 7, 128, 200]))
def test_bit_identical_to_datasketch(hash: str, sets: list[set[str]], seed: int, n_perm: int) -> None:
    from datasketch import MinHash

    scheme = MinHashScheme(hash=hash, seed=seed, n_perm=n_perm, shingles="recipients")
    words = of_sets(sets, scheme)
    assert words.dtype == np.uint32
    theirs = MinHash.bulk(
        [[item.encode() for item in each] for each in sets],
        num_perm=n_perm,
        seed=seed,
        hashfunc=naive.HASHES[hash],
    )
    for row, minhash in zip(words, theirs, strict=True):
        np.testing.assert_array_equal(row, minhash.hashvalues)


def test_sha1_is_datasketch_default() -> None:
    from datasketch import MinHash

    minhash = MinHash()
    minhash.update_batch([b"ann", b"bob"])
    np.testing.assert_array_equal(
        of_sets([{"ann", "bob"}], MinHashScheme(hash="sha1"))[0], minhash.hashvalues
    )


@given(SETS)
def test_threads_and_repetitions_change_nothing(sets: list[set[str]]) -> None:
    words = of_sets(sets, SCHEME)
    np.testing.assert_array_equal(of_sets(sets, SCHEME, n_jobs=3), words)
    items = sorted(sets[0]) * 2
    again = signatures(hash_items(pa.array(items, pa.string())), np.array([0, len(items)]), SCHEME)
    np.testing.assert_array_equal(again[0], words[0])


def test_empty_sets() -> None:
    words = signatures(np.zeros(0, np.uint32), np.zeros(4, np.int64), SCHEME)
    assert words.shape == (3, 128)
    assert (words == EMPTY).all()
    assert signatures(np.zeros(0, np.uint32), np.zeros(1, np.int64), SCHEME).shape == (0, 128)


@pytest.mark.parametrize("offsets", [[], [0], [1, 3], [0, 2], [0, 3, 2, 3], [[0, 3]]])
def test_offsets_must_fit(offsets: list[int]) -> None:
    with pytest.raises(
        ParameterError, match=r"offsets (must ascend from 0 to 3|and weights must be columns)"
    ):
        signatures(np.arange(3, dtype=np.uint32), np.array(offsets, np.int64), SCHEME)


@given(st.lists(st.text(max_size=80), max_size=8))
def test_hashes(items: list[str]) -> None:
    column = pa.array(items, pa.string())
    sha1 = [int.from_bytes(hashlib.sha1(item.encode()).digest()[:4], "little") for item in items]
    assert hash_items(column, "sha1").tolist() == sha1
    assert hash_items(column).tolist() == [naive.xxh32(item.encode()) for item in items]
    assert hash_items(column.dictionary_encode(), n_jobs=2).tolist() == hash_items(column).tolist()
    assert (
        hash_items(pa.chunked_array([column, column])[1:]).tolist() == (hash_items(column).tolist() * 2)[1:]
    )


def test_integer_ids_hash_as_they_are_written() -> None:
    assert (
        hash_items(pa.array([7, -12, 10**17])).tolist()
        == hash_items(pa.array(["7", "-12", str(10**17)])).tolist()
    )


def test_similarity_estimates_jaccard() -> None:
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(300):
        pool = [str(k) for k in rng.integers(0, 2**60, 120)]
        cut = rng.integers(1, 60, 2)
        one, other = set(pool[: 60 + cut[0]]), set(pool[60 - cut[1] :])
        true = len(one & other) / len(one | other)
        words = of_sets([one, other], SCHEME)
        got = float(similarity(words[0], words[1], (SCHEME, str(SCHEME))))
        errors.append((got - true) / math.sqrt(true * (1 - true) / 128))
    assert abs(np.mean(errors)) < 0.2  # no bias
    assert 0.8 < np.std(errors) < 1.2  # and the error of 128 independent draws


def test_similarity_broadcasts() -> None:
    words = of_sets([{"a"}, {"b"}, {"a"}], SCHEME)
    assert similarity(words[:, None], words[None], (SCHEME, SCHEME)).shape == (3, 3)
    assert similarity(words[0], words, (SCHEME, SCHEME)).tolist() == [1.0, 0.0, 1.0]


OTHERS = [
    MinHashScheme(hash="sha1"), MinHashScheme(seed=2), MinHashScheme(n_perm=64), MinHashScheme(shingles="recipients"),
]  # fmt: skip


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_other_schemes_are_an_error_never_a_similarity(other: MinHashScheme) -> None:
    words = of_sets([{"a"}], SCHEME)
    theirs = of_sets([{"a"}], other)
    for schemes in ((SCHEME, other), (str(SCHEME), str(other)), (other, SCHEME)):
        with pytest.raises(SchemaError, match=r"similarity: scheme must be '.*'; got '.*'\. Make"):
            similarity(words, theirs, schemes)
    assert MinHashScheme.parse(str(other)) == other
    with pytest.raises(SchemaError, match=r"index: scheme must be"):
        SCHEME.require(str(other), where="index")


def test_similarity_refuses_other_lengths_and_types() -> None:
    words = of_sets([{"a"}], SCHEME)
    for wrong in (words[:, :64], words.astype(np.int64), np.zeros((), np.uint32)):
        with pytest.raises(SchemaError, match="signatures must be uint32 of length 128"):
            similarity(words, wrong, (SCHEME, SCHEME))


def test_stated() -> None:
    assert MinHashScheme.stated(STATED) == SCHEME
    for wrong in (None, {}, {"scheme": "affine32"}, {**STATED, "salt": 1}):
        with pytest.raises(
            SchemaError, match=r"dataset\.toml: \[signature\] must state scheme, seed, n_perm, hash"
        ):
            MinHashScheme.stated(wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scheme", "legacy"), ("scheme", "affine64"), ("scheme", 32), ("hash", "murmur"), ("hash", None), ("seed", -1),
        ("seed", 2**32), ("seed", True), ("seed", 1.0), ("n_perm", 0), ("n_perm", 1025), ("n_perm", "128"),
        ("scheme", ["affine32"]), ("hash", ["sha1"]),
    ],
)  # fmt: skip
def test_unsupported_statements(name: str, value: object) -> None:
    with pytest.raises(SchemaError, match=rf"here: \[signature\] {name} must be"):
        MinHashScheme.stated({**STATED, name: value}, where="here")
    with pytest.raises(ParameterError, match=f"MinHashScheme: {name} must be"):
        MinHashScheme(**{name: value})


def test_what_to_write_can_be_pasted() -> None:
    with pytest.raises(SchemaError) as raised:
        MinHashScheme.stated(None)
    line = str(raised.value).split("Write ")[1].split(" at the top")[0]
    assert MinHashScheme.stated(tomllib.loads(f"{line}\n[time]\nunit = 's'")["signature"]) == SCHEME


def test_signatures_of_a_dataset_have_128_values() -> None:
    with pytest.raises(SchemaError, match=r"\[signature\] n_perm must be 128; got 64"):
        MinHashScheme.stated({**STATED, "n_perm": 64})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pdq",
        "affine32 xxh32 seed=1 n_perm=128",
        "affine32 xxh32 seed=٣ n_perm=128 chars-5",
        "affine32 xxh32 seed=1 n_perm=9999 chars-5",
    ],
)
def test_unreadable_schemes(text: str) -> None:
    with pytest.raises(SchemaError):
        MinHashScheme.parse(text)


def test_errors_show_no_text() -> None:
    for call in (
        lambda: MinHashScheme.parse(CANARY * 3),
        lambda: MinHashScheme(scheme=CANARY * 3),
        lambda: MinHashScheme.stated({**STATED, "hash": CANARY * 3}),
    ):
        with pytest.raises((SchemaError, ParameterError)) as raised:
            call()
        assert CANARY not in str(raised.value)


@pytest.mark.parametrize("type_", [pa.uint64(), pa.int64(), pa.uint32()])
def test_signatures_of_devices(type_: pa.DataType) -> None:
    scheme = MinHashScheme(n_perm=3)
    column = pa.array(
        [[1, 2, 3], None, [], [1, 2], [1, 2, 3, 4], [1, None, 3], [2**32 - 1, 0, 0]], pa.list_(type_)
    )
    words, rows, bad = read_signatures(column, scheme)
    assert words.tolist() == [[1, 2, 3], [2**32 - 1, 0, 0]]
    assert words.dtype == np.uint32
    assert rows.tolist() == [0, 6]
    assert bad.tolist() == [False, False, True, True, True, True, False]
    sliced = read_signatures(pa.chunked_array([column[3:5], column[6:]]), scheme)
    assert sliced[1].tolist() == [2]


def test_values_beyond_32_bits_are_bad() -> None:
    column = pa.array([[1, 2**32], [2**63, 1], [5, 6]], pa.list_(pa.uint64()))
    words, rows, bad = read_signatures(column, MinHashScheme(n_perm=2))
    assert (words.tolist(), rows.tolist(), bad.tolist()) == ([[5, 6]], [2], [True, True, False])
    negative = pa.array([[-1, 2]], pa.list_(pa.int64()))
    assert read_signatures(negative, MinHashScheme(n_perm=2))[2].tolist() == [True]
    for empty in (pa.array([], pa.list_(pa.uint64())), pa.nulls(3, pa.list_(pa.uint64()))):
        words, rows, bad = read_signatures(empty, SCHEME)
        assert words.shape == (0, 128)
        assert not bad.any()


@pytest.mark.parametrize("n", [1, 6, 12, 20, 300, 4092])
def test_how_large_a_set_is_can_be_read_off(n: int) -> None:
    words = of_sets([{f"{k} of {j}" for k in range(n)} for j in range(60)], SCHEME)
    sizes = set_sizes(words)
    assert np.median(sizes) == pytest.approx(n, rel=0.06)
    assert ((sizes > 0.5 * n) & (sizes < 1.8 * n)).all()  # a standard error of 9 % in the logarithm


def test_what_is_no_sets_signature_has_no_size() -> None:
    rng = np.random.default_rng(0)
    half = rng.integers(0, 2**26, 128, dtype=np.uint32)
    half[63:] = half[0]
    zeros, constant = np.zeros(128, np.uint32), np.full(128, 2**32 // 50, np.uint32)
    assert set_sizes(np.stack([zeros, constant, np.full(128, EMPTY), half])).tolist() == [0, 0, 0, 0]
    assert set_sizes(np.empty((0, 128), np.uint32)).shape == (0,)
    assert set_sizes(np.zeros((1, 1), np.uint32))[0] > 8e9  # of one value nothing can be told


@pytest.mark.parametrize(
    ("items", "got"),
    [
        (pa.array(["a", None]), "1 null"), (pa.nulls(2), "2 null"), (["a"], "list"), ("a", "str"), (None, "NoneType"),
        (pa.array([1.5]), "double"), (pa.array([b"a"]), "binary"), (pa.chunked_array([["a", None]]), "1 null"),
    ],
)  # fmt: skip
def test_items_without_a_hash(items: object, got: str) -> None:
    with pytest.raises(ParameterError, match=rf"hash_items: items must be .*; got {got}\."):
        hash_items(items)


@pytest.mark.parametrize("hash", ["xxh32", "sha1"])
def test_to_datasketch_and_back(hash: str) -> None:
    from datasketch import LeanMinHash

    scheme = MinHashScheme(hash=hash, seed=9, n_perm=32)
    words = of_sets([{"a", "b"}, set()], scheme)
    theirs = to_datasketch(words, scheme)
    np.testing.assert_array_equal(from_datasketch(theirs, scheme), words)
    np.testing.assert_array_equal(from_datasketch([LeanMinHash(each) for each in theirs], scheme), words)
    assert theirs[0].jaccard(theirs[1]) == 0.0
    theirs[1].update_batch([b"a", b"b"])  # it goes on with the same hash
    assert theirs[0].jaccard(theirs[1]) == 1.0
    assert (words[1] == EMPTY).all()  # and changes nothing here
    assert from_datasketch([], scheme).shape == (0, 32)


def test_from_datasketch_refuses_others() -> None:
    from datasketch import MinHash

    scheme = MinHashScheme(hash="sha1")
    other = np.array(MinHashScheme(seed=2).permutations)
    for minhash, name in (
        (MinHash(scheme="legacy"), "scheme"), (MinHash(scheme="affine64"), "scheme"), (MinHash(seed=2), "seed"),
        (MinHash(num_perm=64), "n_perm"), (MinHash(permutations=other, scheme="affine32"), "permutations"),
        (object(), "scheme"),
    ):  # fmt: skip
        with pytest.raises(SchemaError, match=f"from_datasketch: {name} must be .* at place 1"):
            from_datasketch([MinHash(), minhash], scheme)
    with pytest.raises(SchemaError, match="hash must be xxh32; got sha1"):
        from_datasketch([MinHash()], SCHEME)
    with pytest.raises(SchemaError, match="to_datasketch: words must be"):
        to_datasketch(np.zeros((2, 64), np.uint32), scheme)


def test_datasketch_is_not_needed_to_sign() -> None:
    code = (
        "import sys, pyarrow as pa; from spamclf.campaigns.texts import fingerprint_texts\n"
        "fingerprint_texts(pa.array(['a text to sign']))\n"
        "sys.exit('datasketch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
