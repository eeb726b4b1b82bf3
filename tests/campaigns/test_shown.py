"""What accounts show: which photos are near to one of many others, turned and mirrored ones, too."""

from __future__ import annotations

import numpy as np
import pytest

from spamclf.campaigns.shown import near_any
from tests.campaigns.near_copies import flipped


@pytest.mark.parametrize("seed", range(4))
def test_near_any_equals_comparing_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = rng.integers(0, 2**64, (200, 4), np.uint64)
    bank[:100] = flipped(
        np.repeat(bank[:1], 100, axis=0), 20, rng
    )  # many near each other, as drawings of one kind are
    versions = rng.integers(0, 2**64, (300, 8, 4), np.uint64)
    for version in range(8):
        chosen = rng.integers(0, 300, 30)
        versions[chosen, version] = flipped(bank[rng.integers(0, 200, 30)], 40, rng)
    n_versions = rng.choice([1, 8], 300)
    distance = np.bitwise_count(versions[:, :, None] ^ bank).sum(axis=3).min(axis=2)
    want = [(row[:n] <= 31).any() for row, n in zip(distance, n_versions, strict=True)]
    assert 30 < sum(want) < 270
    np.testing.assert_array_equal(near_any(versions, n_versions, bank), want)
    assert not near_any(versions, n_versions, bank[:0]).any()
    assert near_any(versions[:0], n_versions[:0], bank).size == 0
