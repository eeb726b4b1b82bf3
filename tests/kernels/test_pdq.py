"""The PDQ kernel gives Meta's bits, all eight versions, in one band or in many."""

from __future__ import annotations

import numpy as np
import pytest

from spamclf import kernels
from tests.campaigns.naive_photos import bits

SIZES = [
    (64, 64),
    (65, 33),
    (96, 96),
    (127, 200),
    (128, 128),
    (129, 40),
    (300, 301),
    (640, 480),
    (40, 700),
    (33, 32),
]


def noise(width, height, seed=0):
    """A picture with something at every scale."""
    rng = np.random.default_rng([width, height, seed])
    y, x = np.mgrid[0:height, 0:width]
    waves = sum(
        rng.uniform(20, 60) * np.sin(x * rng.uniform(-9, 9) / width + y * rng.uniform(-9, 9) / height + k)
        for k in range(5)
    )
    colours = waves[:, :, None] * rng.uniform(0.5, 1, 3) + 128 + rng.normal(0, 4, (height, width, 3))
    return np.clip(colours, 0, 255).astype(np.uint8)


def hashes(pixels, bands=()):
    reader = kernels.pdq.Reader(pixels.shape[1], pixels.shape[0])
    for part in np.split(pixels, list(bands)):
        reader.feed(np.ascontiguousarray(part).reshape(len(part), pixels[0].size))
    return reader.hashes()


@pytest.mark.parametrize("size", SIZES)
def test_all_bits_are_those_of_pdqhash(size):
    pdqhash = pytest.importorskip("pdqhash", reason="Meta's own code is the oracle")
    for seed in range(3):
        pixels = noise(*size, seed)
        words, quality = hashes(pixels)
        expected, expected_quality = pdqhash.compute_dihedral(pixels)
        assert quality == expected_quality
        assert (bits(words) != np.array(expected)).sum(axis=1).max() <= 2


@pytest.mark.parametrize("size", [(64, 64), (96, 130), (300, 301), (7, 333)])
def test_bands_change_nothing(size):
    pixels = noise(*size)
    whole = hashes(pixels)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        got = hashes(pixels, np.sort(rng.integers(0, size[1], rng.integers(1, 9))))
        np.testing.assert_array_equal(got[0], whole[0])
        assert got[1] == whole[1]


@pytest.mark.parametrize("width", [5, 31, 64, 97, 127, 128])
@pytest.mark.parametrize("height", [5, 6, 63, 64, 96, 127, 128])
def test_little_pictures_get_the_same_bits_on_their_own_path(width, height):
    pixels = noise(width, height)
    for each in (pixels, pixels // 2 + pixels[:, ::-1] // 2, np.ascontiguousarray(pixels[:, :, :1])):
        expected, quality = hashes(each)
        words = np.empty((8, 4), np.uint64)
        assert kernels.pdq.hash_little(each.reshape(height, -1), each.shape[2], words) == quality
        np.testing.assert_array_equal(words, expected)


def test_grey_is_grey_in_colour():
    for size in SIZES:
        grey = np.ascontiguousarray(noise(*size)[:, :, 0])
        one, other = hashes(grey), hashes(np.repeat(grey[:, :, None], 3, axis=2))
        np.testing.assert_array_equal(one[0], other[0])


def test_one_colour_has_no_quality():
    assert hashes(np.full((80, 90, 3), 77, np.uint8))[1] == 0


def test_the_versions_are_the_turned_pictures():
    pixels = noise(320, 320)
    words = bits(hashes(pixels)[0])
    for version, turned in enumerate(
        [pixels, np.rot90(pixels, 1), np.rot90(pixels, 2), np.rot90(pixels, 3), pixels[::-1], pixels[:, ::-1]]
    ):
        near = (bits(hashes(np.ascontiguousarray(turned))[0][:1])[0] != words).sum(axis=1)
        assert near.min() <= 16
        assert near.argmin() == version, near
