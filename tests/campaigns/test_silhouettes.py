"""Blank avatars are known by their build, whatever their size, colours and file; other pictures are not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from spamclf.campaigns.photos import MIN_QUALITY, VERSIONS, fingerprint
from spamclf.campaigns.silhouettes import MOST, SYMMETRIC, _bank, are_silhouettes
from spamclf.simulate.photos import picture
from tests.campaigns.naive_photos import avatars, bits, encoded
from tests.naive_near import is_silhouette

MIRRORED = 5  # among the versions of a hash: left and right exchanged


def drawn(
    side: int, colours: tuple[str, str], head: float, height: float, width: float, rise: float
) -> bytes:
    """A head with shoulders by Pillow, its edges smoothed."""
    ground, figure = colours
    s = 4 * side
    image = Image.new("RGB", (s, s), ground)
    draw = ImageDraw.Draw(image)
    draw.ellipse([s * (0.5 - head), s * (height - head), s * (0.5 + head), s * (height + head)], fill=figure)
    draw.ellipse([s * (0.5 - width), s * (1 - rise), s * (0.5 + width), s * (1 + rise)], fill=figure)
    file = io.BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(file, "JPEG", quality=80)
    return file.getvalue()


def test_the_shipped_builds_are_our_own_drawings() -> None:
    words = np.array([fingerprint(encoded(each, "PNG")).words[0] for each in avatars(256)])
    np.testing.assert_array_equal(_bank()[: len(words)], words & SYMMETRIC)
    np.testing.assert_array_equal(_bank()[len(words) :], ~words & SYMMETRIC)


def test_the_columns_compared_are_those_that_mirroring_keeps() -> None:
    photos = [fingerprint(picture(f"photos/{k:05d}-00.jpg")).words for k in range(31, 51)]
    changed = (bits(np.array(photos)[:, 0]) != bits(np.array(photos)[:, MIRRORED])).mean(axis=0)
    compared = bits(np.full((1, 4), SYMMETRIC))[0].astype(bool)
    assert len(photos[0]) == VERSIONS
    assert (changed[compared] < 0.3).all()
    assert (changed[~compared] > 0.7).all()


@pytest.mark.parametrize(
    "colours", [("#DDDDDD", "white"), ("white", "#BBBBBB"), ("#6A7175", "#CFD4D6"), ("#3F51B5", "#FFFFFF")]
)
def test_blank_avatars_of_any_build_are_known(colours: tuple[str, str]) -> None:
    rng = np.random.default_rng(0)
    low, high = (0.13, 0.30, 0.25, 0.25), (0.24, 0.45, 0.45, 0.42)
    photos = [
        fingerprint(drawn(int(side), colours, *rng.uniform(low, high)))
        for side in np.repeat([64, 96, 200, 640], 8)
    ]  # fmt: skip
    words = np.array([photo.words[0] for photo in photos if photo.quality >= MIN_QUALITY])
    known = are_silhouettes(words) if len(words) else np.ones(1, np.bool_)
    assert known.mean() > 0.9


def test_others_are_not() -> None:
    words = np.array([fingerprint(picture(f"photos/{k:05d}-00.jpg")).words[0] for k in range(1, 200)])
    random = np.random.default_rng(0).integers(0, 2**64, (5_000, 4), dtype=np.uint64)
    assert not are_silhouettes(words).any()
    assert not are_silhouettes(random).any()
    assert are_silhouettes(words[:0]).shape == (0,)


def test_equals_the_slow_twin() -> None:
    rng = np.random.default_rng(1)
    words = _bank()[rng.integers(0, len(_bank()), 300)] | (
        rng.integers(0, 2**64, (300, 4), np.uint64) & ~SYMMETRIC
    )
    for row, n in zip(words, rng.integers(MOST - 6, MOST + 14, 300), strict=True):
        for bit in rng.choice(128, n, replace=False):  # every other bit
            row[bit >> 5] ^= np.uint64(2) << np.uint64(2 * (bit & 31))
    expected = [is_silhouette(tuple(row)) for row in words.tolist()]
    assert are_silhouettes(words).tolist() == expected
    assert 50 < sum(expected) < 250
