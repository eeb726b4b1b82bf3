"""Agreement of signatures, keys of bands, and exactly the pairs of a bucket that are said to be compared."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import kernels
from spamclf.kernels import sets


def signatures(seed: int, n: int, n_values: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, n_values, (n, 128), np.uint32)


def roots(words: np.ndarray, n_bands: int, n_rows: int, need: int, step: int) -> list[int]:
    rows = np.arange(len(words), dtype=np.int32)
    keys = np.empty((n_bands, len(words)), np.uint32)
    start, whole = rows.copy(), rows.copy()
    for low, high in ((0, len(words) // 2), (len(words) // 2, len(words))):
        kernels.bands.keys_of(words, rows, n_rows, need, keys, start, low, high)
    for part in range(step):
        parent = start.copy()
        kernels.bands.link(words, rows, keys, part, step, need, parent)
        sets.merge(whole, parent)
    sets.flatten(whole)
    return whole.tolist()


def roots_by_the_rule(words: np.ndarray, n_bands: int, n_rows: int, need: int) -> list[int]:
    """A member of a bucket is compared with the 48 before it and with the first 16."""
    parent = np.arange(len(words), dtype=np.int32)
    for band in range(n_bands):
        buckets = defaultdict(list)
        for i, row in enumerate(words[:, band * n_rows : (band + 1) * n_rows].tolist()):
            buckets[tuple(row)].append(i)
        for members in buckets.values():
            for b, i in enumerate(members):
                for a in range(b):
                    if (b - a <= 48 or a < 16) and (words[i] == words[members[a]]).sum() >= need:
                        sets.union(parent, i, members[a])
    sets.flatten(parent)
    return parent.tolist()


def test_matches() -> None:
    words, other = signatures(1, 50, 2), signatures(2, 50, 2)
    other.flags.writeable = False
    assert [kernels.bands.matches(words, i, other, i) for i in range(50)] == (words == other).sum(
        axis=1
    ).tolist()
    assert kernels.bands.matches(words, 3, words, 3) == 128


@pytest.mark.parametrize(("n_bands", "n_rows"), [(21, 6), (32, 4), (128, 1), (1, 128)])
def test_keys_are_equal_where_bands_are(n_bands: int, n_rows: int) -> None:
    words = signatures(3, 200, 2)
    keys = kernels.bands.band_keys(words, n_bands, n_rows)
    assert keys.shape == (200, n_bands)
    assert keys.dtype == np.uint64
    by_band = words[:, : n_bands * n_rows].reshape(200, n_bands, n_rows)
    for band in range(n_bands):
        same = (by_band[:, None, band] == by_band[None, :, band]).all(axis=2)
        np.testing.assert_array_equal(same, keys[:, None, band] == keys[None, :, band])


@settings(max_examples=30)
@given(
    st.integers(0, 2**32), st.integers(1, 90), st.sampled_from([(21, 6), (32, 4), (42, 3)]), st.integers(1, 3)
)
def test_links_as_the_rule_says(seed: int, n: int, bands: tuple[int, int], step: int) -> None:
    words = signatures(seed, n, 3)
    words[:, 50:] //= 2  # agreement by chance at 0.33 and 0.56
    for need in (56, 60, 64, 128):
        assert roots(words, *bands, need, step) == roots_by_the_rule(words, *bands, need)


@pytest.mark.parametrize("need", [70, 86, 100])
def test_links_in_a_full_bucket_as_the_rule_says(need: int) -> None:
    rng = np.random.default_rng(need)
    groups = rng.integers(0, 2**32, (40, 128), np.uint32)[rng.integers(0, 40, 500)]
    words = np.where(rng.random(groups.shape) < 0.2, rng.integers(0, 2**32, groups.shape, np.uint32), groups)
    words[:, :6] = words[0, :6]  # the first band is one bucket
    one_band = roots(words, 1, 6, need, 1)
    assert one_band == roots_by_the_rule(words, 1, 6, need)
    assert roots(words, 21, 6, need, 2) == roots_by_the_rule(words, 21, 6, need)


def test_parts_of_a_large_table() -> None:
    """Enough rows for several parts, linked in pairs."""
    rng = np.random.default_rng(4)
    words = np.repeat(rng.integers(0, 2**32, (5_000, 128), np.uint32), 2, axis=0)
    words[::2, rng.integers(0, 128)] = 7
    expected = (np.arange(10_000) // 2 * 2).tolist()
    assert roots(words, 21, 6, 100, 1) == roots(words, 21, 6, 100, 2) == expected
