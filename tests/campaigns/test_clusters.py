"""Clusters: a function of the set of fingerprints, equal to the slow twin, safe against drift and hot buckets."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf.campaigns import clusters
from spamclf.campaigns.clusters import LIST, PHOTO, TEXT, Clusters, PhotoNear, TextNear, cluster
from spamclf.errors import ParameterError
from tests.campaigns import naive_clusters
from tests.campaigns.near_copies import drifting_photos, drifting_texts, flipped, footer, templates

NEARS: dict[str, PhotoNear | TextNear] = {
    "photo": PHOTO,
    "loose photo": PhotoNear(20, 60),
    "whole photo": PhotoNear(31, None),
    "strict photo": PhotoNear(3, 3),
    "text": TEXT,
    "list": LIST,
    "whole text": TextNear(0.7, None),
    "strict text": TextNear(1.0, 1.0),
}


def draw_words(near: PhotoNear | TextNear, seed: int, n: int, spread: float) -> np.ndarray:
    """Walks from a few origins: rows that link in chains, near the bound, with repetitions."""
    rng = np.random.default_rng(seed)
    rows = []
    while len(rows) < n:
        if not rows or rng.random() < 0.1:
            kind, shape = (np.uint64, 4) if isinstance(near, PhotoNear) else (np.uint32, 128)
            rows.append(rng.integers(0, 2 ** (64 if shape == 4 else 32), shape, dtype=kind))
            continue
        row = rows[rng.integers(max(0, len(rows) - 5), len(rows))].copy()
        if isinstance(near, PhotoNear):
            bits = rng.choice(256, rng.integers(0, int(64 * spread) + 1), replace=False)
            for bit in bits:
                row[bit >> 6] ^= np.uint64(1) << np.uint64(bit & 63)
        else:
            changed = rng.random(128) < rng.random() * spread
            row[changed] = rng.integers(0, 3, changed.sum())
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize("name", NEARS)
@settings(max_examples=25)
@given(
    st.integers(0, 2**32), st.integers(1, 40), st.sampled_from([0.1, 0.3, 0.6]), st.sampled_from([0, 1, 32])
)
def test_equals_the_slow_twin(name: str, seed: int, n: int, spread: float, n_rounds: int) -> None:
    near = NEARS[name]
    words = draw_words(near, seed, n, spread)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "N_ROUNDS", n_rounds)
        found = cluster(words, near=near)
    label, medoid = naive_clusters.cluster(words, near, n_rounds)
    assert found.label.tolist() == label
    assert found.medoid.tolist() == medoid
    rows = [tuple(row) for row in words.tolist()]
    assert found.component.tolist() == naive_clusters.component_of_each(rows, medoid, near)


@pytest.mark.parametrize("name", NEARS)
@settings(max_examples=40)
@given(
    st.integers(0, 2**32), st.integers(1, 80), st.sampled_from([0.1, 0.4]), st.randoms(use_true_random=False)
)
def test_is_a_function_of_the_set(name: str, seed: int, n: int, spread: float, random: Any) -> None:
    near = NEARS[name]
    words = draw_words(near, seed, n, spread)
    found = cluster(words, near=near, n_jobs=1)
    order = np.array([random.randrange(n) for _ in range(2 * n)] + random.sample(range(n), n))
    again = cluster(words[order], near=near, n_jobs=2)
    np.testing.assert_array_equal(again.label, found.label[order])
    np.testing.assert_array_equal(words[order][again.medoid], words[found.medoid])
    assert_sound(words, again=found, near=near)


def assert_sound(words: np.ndarray, again: Clusters, near: PhotoNear | TextNear) -> None:
    """Everyone is in one cluster, within reach of its medoid; numbers follow the least member."""
    label, medoid = again.label, again.medoid
    assert label.dtype == medoid.dtype == np.int32
    assert label.shape == (len(words),)
    assert np.array_equal(np.unique(label), np.arange(len(again)))
    np.testing.assert_array_equal(label[medoid], np.arange(len(again)))
    centre = words[medoid[label]]
    if isinstance(near, PhotoNear):
        far = np.bitwise_count(words ^ centre).sum(axis=1) > (256 if near.reach is None else near.reach)
    else:
        far = (words == centre).sum(axis=1) < 128 * (near.reach or 0)
    assert not far.any()
    order = np.lexsort(words.T[::-1])
    firsts = np.unique(label[order], return_index=True)[1]
    assert (np.diff(firsts) > 0).all()


@pytest.mark.parametrize("n_jobs", [1, 2, 3, -1])
def test_threads_do_not_matter(n_jobs: int) -> None:
    rng = np.random.default_rng(7)
    photos = flipped(rng.integers(0, 2**64, (3_000, 4), np.uint64)[rng.integers(0, 3_000, 30_000)], 20, rng)
    texts = rng.integers(0, 2**32, (3_000, 128), np.uint32)[rng.integers(0, 3_000, 30_000)]
    texts = np.where(rng.random(texts.shape) < 0.2, texts[::-1], texts)
    for words, near in ((photos, PHOTO), (texts, TEXT)):
        assert len(words) > clusters._MIN_ROWS
        found, again = cluster(words, near=near, n_jobs=1), cluster(words, near=near, n_jobs=n_jobs)
        np.testing.assert_array_equal(found.label, again.label)
        np.testing.assert_array_equal(found.medoid, again.medoid)
        assert_sound(words, again, near)


@pytest.mark.parametrize("near", [PHOTO, TEXT])
def test_few_rows(near: PhotoNear | TextNear) -> None:
    shape, kind = (4, np.uint64) if near is PHOTO else (128, np.uint32)
    nothing = cluster(np.empty((0, shape), kind), near=near)
    assert len(nothing) == 0
    assert nothing.label.size == nothing.medoid.size == 0
    one = cluster(np.zeros((1, shape), kind), near=near)
    assert (one.label.tolist(), one.medoid.tolist()) == ([0], [0])
    ends = np.array([[0] * shape, [np.iinfo(kind).max] * shape, [0] * shape], kind)  # all zero, all one
    found = cluster(ends, near=near)
    assert (found.label.tolist(), found.medoid.tolist()) == ([0, 1, 0], [0, 1])
    assert repr(found) == "<Clusters: 2 of 3 rows>"


def test_reads_memory_that_may_not_be_written() -> None:
    words = np.arange(80, dtype=np.uint64).reshape(20, 4)
    found = cluster(words, near=PHOTO)
    words.flags.writeable = False
    np.testing.assert_array_equal(cluster(words, near=PHOTO).label, found.label)
    wide = np.zeros((20, 8), np.uint64)
    wide[:, ::2] = words
    np.testing.assert_array_equal(cluster(wide[:, ::2], near=PHOTO).label, found.label)


def test_many_photos_are_found_as_by_comparing_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    words = flipped(rng.integers(0, 2**64, (2_000, 4), np.uint64)[rng.integers(0, 2_000, 6_000)], 31, rng)
    words[:2_000] = flipped(np.repeat(words[:1], 2_000, axis=0), 31, rng)
    near = PhotoNear(31, None)
    by_index = cluster(words, near=near)
    monkeypatch.setattr(clusters, "_FEW_PHOTOS", 10**9)
    np.testing.assert_array_equal(cluster(words, near=near).label, by_index.label)


@pytest.mark.parametrize("length", [90, 150, 200])
def test_a_shared_footer_joins_nobody(length: int) -> None:
    words, template = footer(300, 12, length, np.random.default_rng(5))
    precision, recall = precision_and_recall(cluster(words, near=TEXT).label, template)
    assert precision >= 0.99
    assert recall >= 0.99


@pytest.mark.parametrize("spun", [0.05, 0.1, 0.15, 0.2])
def test_ordinary_templates_are_found(spun: float) -> None:
    words, template = templates(300, 20, spun, np.random.default_rng(6))
    pairs = words.reshape(300, 20, 128)
    similarity = (pairs[:, :-1] == pairs[:, 1:]).mean(axis=2)
    least = {0.05: 0.83, 0.1: 0.77, 0.15: 0.7, 0.2: 0.63}[spun]
    assert least < np.median(similarity) < 0.9  # spinning must be felt
    precision, recall = precision_and_recall(cluster(words, near=TEXT).label, template)
    assert precision == 1
    assert recall >= 0.99


@pytest.mark.parametrize("near", [TEXT, LIST, TextNear(0.8, 0.8)])
def test_a_drifting_text_stays_in_reach(near: TextNear) -> None:
    words = drifting_texts(5_000, np.random.default_rng(8))
    found = cluster(words, near=near)
    assert_sound(words, found, near)
    assert len(cluster(words, near=TextNear(near.min_similarity, None))) < len(found) < 2_500


@pytest.mark.parametrize("near", [PHOTO, PhotoNear(10, 40)])
def test_a_drifting_photo_stays_in_reach(near: PhotoNear) -> None:
    words = drifting_photos(5_000, np.random.default_rng(8))
    found = cluster(words, near=near)
    assert_sound(words, found, near)
    assert len(cluster(words, near=PhotoNear(near.max_distance, None))) == 1
    assert 5_000 / (2 * near.reach + 1) <= len(found) < 1_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["photos", "photos at the bound", "texts", "equal photos", "equal texts"])
def test_near_identical_inputs_take_no_square_of_time(name: str) -> None:
    rng = np.random.default_rng(9)
    n = 100_000
    if name == "texts":
        words = rng.integers(0, 2**32, (n, 128), np.uint32)
        words = np.where(rng.random(words.shape) < 0.1, words, words[0])
    elif name == "equal texts":
        words = np.repeat(rng.integers(0, 2**32, (1, 128), np.uint32), n, axis=0)
    else:
        most = {"photos": 15, "photos at the bound": 31, "equal photos": 0}[name]
        words = flipped(np.repeat(rng.integers(0, 2**64, (1, 4), np.uint64), n, axis=0), most, rng)
    near = TEXT if words.shape[1] == 128 else PHOTO
    start = time.perf_counter()
    found = cluster(words, near=near)
    assert time.perf_counter() - start < 20  # seconds; the bench holds it to 5
    assert len(found) < 100
    assert_sound(words, found, near)


@pytest.mark.slow
def test_long_drifts_and_crafted_bands_end() -> None:
    rng = np.random.default_rng(10)
    texts = drifting_texts(100_000, rng)
    assert_sound(texts, cluster(texts, near=TEXT), TEXT)
    photos = drifting_photos(100_000, rng)
    assert_sound(photos, cluster(photos, near=PHOTO), PHOTO)
    crafted = rng.integers(0, 2**32, (100_000, 128), np.uint32)
    crafted[:, :84] = crafted[0, :84]  # 14 of 21 bands are one bucket each, and no two texts are near
    assert len(cluster(crafted, near=TEXT)) == 100_000


def precision_and_recall(label: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Of pairs: how many in one cluster are of one template, and how many of one template are in one cluster."""
    both = _n_pairs(Counter(zip(label.tolist(), truth.tolist(), strict=True)))
    return both / max(_n_pairs(Counter(label.tolist())), 1), both / _n_pairs(Counter(truth.tolist()))


def _n_pairs(sizes: Counter[Any]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PhotoNear(32), "max_distance must be a whole number of bits from 0 to 31; got 32"),
        (lambda: PhotoNear(True), "max_distance"),
        (lambda: PhotoNear(31, 30), "reach must be a whole number of bits from max_distance"),
        (lambda: PhotoNear(31, 257), "reach"),
        (lambda: TextNear(0.0), "min_similarity must be a number above 0 and at most 1; got 0.0"),
        (lambda: TextNear(float("nan")), "min_similarity"),
        (lambda: TextNear(0.7, 0.8), "reach must be above 0 and at most min_similarity"),
        (lambda: TextNear(0.7, float("nan")), "reach"),
        (lambda: TextNear(recall=1), "recall must be a number between 0 and 1; got 1"),
        (lambda: cluster(np.zeros((2, 4), np.uint64), near=TEXT), r"must be a \(n, 128\) array of uint32"),
        (lambda: cluster(np.zeros((2, 4), np.int64), near=PHOTO), r"got int64 \(2, 4\)"),
        (lambda: cluster(np.zeros(4, np.uint64), near=PHOTO), "words"),
        (lambda: cluster([[0, 0, 0, 0]], near=PHOTO), "got list"),  # type: ignore[arg-type]
        (lambda: cluster(np.zeros((2, 4), np.uint64), near=31), "near must be a PhotoNear"),  # type: ignore[arg-type]
        (lambda: cluster(np.zeros((2, 4), np.uint64), near=PHOTO, n_jobs=0), "n_jobs"),
    ],
)
def test_refuses(make: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make()


def test_bands_keep_the_recall() -> None:
    assert TEXT.bands == (21, 6)
    for similarity in (0.05, 0.3, 0.5, 0.7, 0.9, 1.0):
        for recall in (0.5, 0.9, 0.99):
            n_bands, n_rows = TextNear(similarity, None, recall).bands
            assert n_bands * n_rows <= 128
            assert 1 - (1 - similarity**n_rows) ** n_bands >= recall or n_rows == 1
