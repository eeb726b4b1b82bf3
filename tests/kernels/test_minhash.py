from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.campaigns.schemes import MinHashScheme
from spamclf.kernels import letters, minhash
from tests.campaigns import naive_texts as naive

# any Unicode, and much of the few letters that make shingles repeat, in one to four bytes each
TEXTS = st.lists(
    st.one_of(st.text(max_size=40), st.text("ab", max_size=30), st.text("aéก😀", max_size=40)), max_size=8
)
A, B = MinHashScheme().permutations


def packed(items: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.zeros(len(items) + 1, np.int64)
    np.cumsum([len(item) for item in items], out=offsets[1:])
    return np.frombuffer(b"".join(items), np.uint8), offsets


def signatures(texts: list[str], hash: str, low: int = 0) -> tuple[np.ndarray, np.ndarray]:
    data, offsets = packed([text.encode() for text in texts])
    out = np.zeros((len(texts), 128), np.uint32)
    n_shingles = np.zeros(len(texts), np.int32)
    which = {"xxh32": minhash.XXH32, "sha1": minhash.SHA1}[hash]
    minhash.of_texts(data, offsets, which, A, B, out, n_shingles, low, len(texts))
    return out, n_shingles


@pytest.mark.parametrize(
    ("data", "digest"),
    [  # published with the reference implementation
        (b"", 0x02CC5D05), (b"a", 0x550D7456), (b"abc", 0x32D153FF),
        (b"Nobody inspects the spammish repetition", 0xE2293B2F),
    ],
)  # fmt: skip
def test_xxh32_vectors(data: bytes, digest: int) -> None:
    assert naive.xxh32(data) == digest
    assert minhash.xxh32(np.frombuffer(data, np.uint8), 0, len(data)) == digest


@given(st.lists(st.binary(max_size=80), max_size=6))
def test_hashes_of_items(items: list[bytes]) -> None:
    data, offsets = packed(items)
    out = np.zeros(len(items), np.uint32)
    minhash.xxh32_of_items(data, offsets, out, 0, len(items))
    assert out.tolist() == [naive.xxh32(item) for item in items]


def test_xxh32_against_its_own_package() -> None:
    xxhash = pytest.importorskip("xxhash", reason="the oracle of xxHash is not installed")
    raw = np.random.default_rng(0).bytes(300)
    for n in range(300):
        assert (
            minhash.xxh32(np.frombuffer(raw, np.uint8), 0, n)
            == xxhash.xxh32_intdigest(raw[:n])
            == naive.xxh32(raw[:n])
        )


@pytest.mark.parametrize("hash", ["xxh32", "sha1"])
@given(texts=TEXTS)
def test_signatures_of_texts(hash: str, texts: list[str]) -> None:
    words, n_shingles = signatures(texts, hash)
    for text, row, n in zip(texts, words, n_shingles, strict=True):
        assert row.tolist() == naive.signature(naive.shingles(text), hash)
        assert n == len(naive.shingles(text))


@pytest.mark.parametrize("hash", ["xxh32", "sha1"])
def test_every_length_of_shingle(hash: str) -> None:
    letters_of = {1: "a", 2: "é", 3: "ก", 4: "😀"}
    rng = np.random.default_rng(0)
    texts = ["".join(letters_of[k] for k in rng.integers(1, 5, n)) for n in range(1, 60)] + [
        "ก" * 4 + "😀",
        "😀" * 5,
    ]
    words, _ = signatures(texts, hash)
    for text, row in zip(texts, words, strict=True):
        assert row.tolist() == naive.signature(naive.shingles(text), hash)


def test_parts_leave_the_rest_alone() -> None:
    words, n_shingles = signatures(["a long text that stays", "Ada"], "xxh32", low=1)
    assert not words[0].any()
    assert n_shingles.tolist() == [0, 1]


def test_long_texts_and_many_texts_share_buffers() -> None:
    rng = np.random.default_rng(1)
    texts = ["".join(map(chr, rng.integers(97, 100, n))) for n in (4096, 3, 0, 500, 4096, 7)]
    words, n_shingles = signatures(texts, "xxh32")
    assert n_shingles.tolist() == [len(naive.shingles(text)) for text in texts]
    assert words[3].tolist() == naive.signature(naive.shingles(texts[3]), "xxh32")
    assert (words[2] == 0xFFFFFFFF).all()


WEIGHED = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 5))


@given(st.lists(st.lists(WEIGHED, max_size=30), max_size=6), st.integers(1, 140))
def test_signatures_of_sets(sets: list[list[tuple[int, int]]], n_perm: int) -> None:
    a, b = MinHashScheme(n_perm=n_perm, seed=5).permutations
    offsets = np.cumsum([0, *(len(each) for each in sets)]).astype(np.int64)
    out = np.zeros((len(sets), n_perm), np.uint32)
    hashes, weights = (np.array([pair[k] for each in sets for pair in each], np.uint64) for k in range(2))
    minhash.of_sets(hashes.astype(np.uint32), weights.astype(np.uint8), offsets, a, b, out, 0, len(sets))
    for row, each in zip(out, sets, strict=True):
        mixed = [naive.mix((h + 0x9E3779B9 * copy) % 2**32) for h, weight in each for copy in range(weight)]
        pairs = zip(a.tolist(), b.tolist(), strict=True)
        assert row.tolist() == [
            min(((x * h + y) % 2**32 for h in mixed), default=2**32 - 1) for x, y in pairs
        ]


@given(st.binary(max_size=60))
def test_letters_of_any_bytes(raw: bytes) -> None:
    table = np.arange(0x110000, dtype=np.int32)  # each letter stays
    out, ends, unite = np.zeros(4000, np.uint8), np.zeros(2, np.int64), np.zeros(1, np.bool_)
    data, offsets = packed([raw])
    nothing = np.zeros(0x110000, np.bool_)
    stop = letters.map_letters(
        data, offsets, table, np.zeros(0, np.int32), np.zeros(1, np.int64), nothing, 50, 0, out, ends, unite
    )
    assert stop == 1
    written = out[: ends[1]].tobytes().decode()  # whatever came in, UTF-8 goes out
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        assert "\ufffd" in written or len(raw) > 50
    else:
        words = text.split(" ")
        assert written == " ".join(word for word in words if word)[:50].rstrip(" ")
