"""Photos get Meta's hashes from their files, the same in any number of threads, and files that are none a rule."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from spamclf.campaigns.photos import MIN_QUALITY, fingerprint, fingerprint_files, from_hex, to_hex
from spamclf.errors import ParameterError
from spamclf.simulate.photos import picture
from tests.campaigns.naive_photos import bits, encoded
from tests.kernels.test_pdq import noise

PIL = pytest.importorskip("PIL.Image")
AVATARS = sorted(Path(os.environ.get("SPAMCLF_PUBLIC_DATA", "none"), "avatars").glob("*.png"))


def assert_as_oracle(content):
    """Compare with OpenCV's decoding and Meta's hashing."""
    cv2 = pytest.importorskip("cv2", reason="decodes for the oracle")
    pdqhash = pytest.importorskip("pdqhash", reason="Meta's own code is the oracle")
    pixels = cv2.cvtColor(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    got = fingerprint(content)
    upright, quality = pdqhash.compute(pixels)
    if quality < MIN_QUALITY:
        return
    assert abs(quality - got.quality) <= 1
    expected = np.array(pdqhash.compute_dihedral(pixels)[0])
    expected[0] = upright
    assert (bits(got.words) != expected).sum(axis=1).max() <= 2


@pytest.mark.parametrize("design", range(40))
def test_drawings(design):
    for edit in range(2):
        assert_as_oracle(picture(f"photos/{design:05d}-{edit:02d}.{'png' if design < 12 else 'jpg'}"))


@pytest.mark.skipif(not AVATARS, reason="SPAMCLF_PUBLIC_DATA names no folder with avatars")
@pytest.mark.parametrize("path", AVATARS, ids=lambda path: getattr(path, "stem", None))
def test_avatars(path):
    with PIL.open(path) as image:
        plain = PIL.new("RGB", image.size, "white")
        plain.paste(image, mask=image.convert("RGBA").getchannel("A"))
    for size in ((64, 64), (96, 96), (127, 201), (333, 320), (640, 640)):
        small = plain.resize(size)
        assert_as_oracle(encoded(small, quality=30))
        assert_as_oracle(encoded(small, quality=85, progressive=True))
        assert_as_oracle(encoded(small.convert("L")))
    assert_as_oracle(encoded(plain.convert("P"), "PNG"))
    assert_as_oracle(encoded(plain, "WEBP", lossless=True))


def test_threads_change_nothing(tmp_path):
    names = []
    for k in range(70):
        names.append(f"{k}.jpg")
        (tmp_path / names[-1]).write_bytes(encoded(noise(60 + k, 50, k)) if k % 9 else b"none")
    names += ["nobody.jpg", "../x", names[1]]
    one, three = (fingerprint_files(tmp_path, names, n_jobs=n) for n in (1, 3))
    np.testing.assert_array_equal(one.words, three.words)
    np.testing.assert_array_equal(one.quality, three.quality)
    assert one.rule.tolist() == three.rule.tolist()
    assert one.rule[:2].tolist() == ["not_a_picture", ""]
    assert one.rule[-3:].tolist() == ["missing_file", "outside_folder", ""]
    np.testing.assert_array_equal(one.words[-1], one.words[1])
    assert not one.words[one.rule != ""].any()
    assert len(fingerprint_files(tmp_path, []).words) == 0


def test_tiny_pictures_have_no_quality():
    assert fingerprint(encoded(noise(31, 90))).quality == 0
    assert fingerprint(encoded(noise(32, 90))).quality > 0


def test_hex_is_there_and_back():
    words = np.random.default_rng(1).integers(0, 2**64, (50, 4), np.uint64)
    digits = to_hex(words)
    for given in (
        digits,
        [d.upper() for d in digits],
        pa.array(digits),
        pa.array(digits).dictionary_encode(),
    ):
        np.testing.assert_array_equal(from_hex(given), words)
    assert from_hex(pa.array([], pa.string())).shape == (0, 4)
    for bad in ("", "0" * 63, "0" * 65, "g" * 64, " " * 2 + "0" * 62, "0" * 64 + "\n"):
        with pytest.raises(ParameterError):
            from_hex([digits[0], bad])
    with pytest.raises(ParameterError):
        from_hex(pa.array([digits[0], None]))


def test_hex_is_that_of_pdqhash():
    pdqhash = pytest.importorskip("pdqhash", reason="Meta's own code is the oracle")
    pixels = noise(200, 160)
    hashed = np.packbits(pdqhash.compute(pixels)[0].astype(np.uint8)).tobytes().hex()
    assert to_hex(fingerprint(encoded(pixels, "PNG")).words[:1]) == [hashed]
