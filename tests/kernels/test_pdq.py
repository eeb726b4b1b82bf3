"""The PDQ kernel gives Meta's bits, all eight versions, in one band or in many."""

from __future__ import annotations

import numpy as np
import pytest

from spamclf import kernels
from spamclf.kernels import _pdq_bits
from spamclf.kernels._pdq_grey import LAYOUTS, grey
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


def packed(pixels):
    """The pixels as kernels take them: grey, or three values and a fourth that counts for nothing; their layout."""
    if pixels.ndim == 2:
        return pixels, LAYOUTS["L"]
    rest = np.random.default_rng(0).integers(0, 256, (*pixels.shape[:2], 1), np.uint8)
    return np.concatenate([pixels, rest], axis=2).reshape(len(pixels), -1), LAYOUTS["RGB"]


def hashes(pixels, bands=()):
    rows, layout = packed(pixels)
    reader = kernels.pdq.Reader(pixels.shape[1], pixels.shape[0], layout)
    for part in np.split(rows, list(bands)):
        reader.feed(np.ascontiguousarray(part))
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
    for each in (pixels, pixels // 2 + pixels[:, ::-1] // 2, np.ascontiguousarray(pixels[:, :, 0])):
        expected, quality = hashes(each)
        words = np.empty((8, 4), np.uint64)
        assert kernels.pdq.hash_little(*packed(each), words) == quality
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


# ---- the parts, against slow twins --------------------------------------------------------------------------------


def slow_grey(red, green, blue):
    """Meta's luma: doubles, rounded to single precision."""
    return (0.299 * red + 0.587 * green + 0.114 * blue).astype(np.float32)


def slow_rgb(y, cb, cr):
    """The conversion that the JPEG library documents, in its fixed-point arithmetic."""
    cb, cr = cb.astype(int) - 128, cr.astype(int) - 128
    red = y + (91881 * cr + 32768 >> 16)
    green = y + (-22554 * cb - 46802 * cr + 32768 >> 16)
    blue = y + (116130 * cb + 32768 >> 16)
    return tuple(np.clip(each, 0, 255) for each in (red, green, blue))


def grey_of(pixels, layout):
    out = np.empty(pixels.shape[:2], np.float32)
    grey(packed(pixels)[0], 0, len(pixels), LAYOUTS[layout], out)
    return out


def test_grey_is_that_of_every_colour():
    first, second = np.mgrid[0:256, 0:256].astype(np.uint8)
    for third in (0, 1, 77, 128, 200, 254, 255):
        filled = np.full_like(first, third)
        for each in ((filled, first, second), (first, second, filled), (second, filled, first)):
            pixels = np.stack(each, axis=2)
            np.testing.assert_array_equal(grey_of(pixels, "RGB"), slow_grey(*map(np.float64, each)))
            np.testing.assert_array_equal(grey_of(pixels, "YCbCr"), slow_grey(*slow_rgb(*each)))


def slow_hashes(small):
    """The eight hashes of a reduction: sums term by term, a median by sorting, every version for itself."""
    half, frequencies = np.zeros((16, 64), np.float32), np.zeros((16, 16), np.float32)
    for k in range(64):
        half += _pdq_bits._COSINES[:, k, None] * small[k]
    for k in range(64):
        frequencies += half[:, k, None] * _pdq_bits._COSINES[:, k]
    mirrored = np.where(np.arange(16) % 2 == 0, -1, 1).astype(np.float32)
    down, across = frequencies * mirrored[:, None], frequencies * mirrored
    both = down * mirrored
    versions = [frequencies, across.T, both, down.T, down, across, frequencies.T, both.T]
    above = np.array([each > np.sort(each, axis=None)[127] for each in versions]).reshape(8, 256)
    return np.packbits(above[:, ::-1], axis=1).view(">u8").astype(np.uint64)


def slow_quality(small):
    steps = [np.diff(small, axis=axis) * np.float32(100) / np.float32(255) for axis in (0, 1)]
    return min(int(sum(np.abs(np.trunc(each)).sum() for each in steps)) // 90, 100)


def reductions():
    """Reductions: of noise, symmetric ones, half of whose frequencies are zero or nearly, and flat ones."""
    for seed in range(20):
        small = noise(64, 64, seed)[:, :, 0].astype(np.float32)
        yield from (small, small + small[:, ::-1], small + small[::-1], small + small.T)
        yield small + small[::-1, ::-1] + small[::-1] + small[:, ::-1]
    yield from (np.zeros((64, 64), np.float32), np.full((64, 64), 255, np.float32))


def test_the_bits_of_a_reduction():
    for small in reductions():
        words = np.empty((8, 4), np.uint64)
        assert _pdq_bits.hash_small(small, words) == slow_quality(small)
        np.testing.assert_array_equal(words, slow_hashes(small))


def test_the_lower_median():
    rng = np.random.default_rng(2)
    for values in (
        rng.normal(0, 50, (200, 256)),
        rng.integers(-3, 4, (200, 256)),
        rng.choice([0.0, -0.0, 1e-44, -1e-44, 3e38, -3e38], (200, 256)),
    ):
        for row in values.astype(np.float32):
            assert _pdq_bits.lower_median(row) == np.sort(row)[127]
