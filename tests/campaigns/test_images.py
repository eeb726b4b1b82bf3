"""Whatever a file holds, opening it ends soon, in little memory, with a picture or with a rule."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from spamclf.campaigns.images import (
    MAX_BYTES,
    RefusedPicture,
    open_picture,
    read_picture,
    resolve,
    use_picture,
)
from spamclf.kernels._pdq_grey import LAYOUTS, grey
from spamclf.tables.quarantine import RULES
from tests.campaigns.naive_photos import encoded
from tests.kernels.test_pdq import grey_of, noise

PIL = pytest.importorskip("PIL.Image")
SMALL = encoded(noise(64, 48))


def pixels_of(content):
    picture = open_picture(content)
    bands = np.concatenate(list(picture.bands()))
    if picture.mode == "L":
        return bands
    return bands.reshape(picture.height, picture.width, 4)[:, :, :3]


def read_file(folder, path):
    return read_picture(resolve(folder, path))


def rule_of(content):
    with pytest.raises(RefusedPicture) as caught:
        pixels_of(content)
    assert caught.value.rule in RULES
    return caught.value.rule


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, *more, data=b""):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + b"".join(more)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def webp_header(width, height):
    body = b"\x10\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + body


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "1", "CMYK", "I;16"])
def test_what_is_opened(kind, mode):
    image = PIL.fromarray(noise(64, 48)).convert(mode)
    try:
        content = encoded(image, kind)
    except (OSError, KeyError, ValueError):
        pytest.skip("no such files")
    assert pixels_of(content).shape[:2] == (48, 64)


def test_transparent_is_white():
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[:20, :, 3] = 255
    got = pixels_of(encoded(pixels, "PNG"))
    assert (got[:20] == 0).all()
    assert (got[20:] == 255).all()


def test_sixteen_bits_keep_the_high_eight():
    grey = (np.arange(40 * 40).reshape(40, 40) * 40).astype(np.uint16)
    np.testing.assert_array_equal(pixels_of(encoded(grey, "PNG")), grey >> 8)


def test_bands_are_the_picture():
    for pixels in (noise(900, 300), noise(900, 301)[:, :, 0], noise(20, 4000), noise(2, 2)):
        np.testing.assert_array_equal(pixels_of(encoded(pixels, "PNG")), pixels)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_is_as_grey_as_its_red_green_and_blue(mode):
    """What libjpeg makes of a file is the oracle: for colours beyond all bounds, in every subsampling."""
    ways = [
        {"subsampling": sub} | how
        for sub in ("4:4:4", "4:2:2", "4:2:0")
        for how in ({}, {"progressive": True}, {"quality": 100})
    ]
    for seed, how in enumerate([*ways, {"keep_rgb": True}]):
        wild = (
            noise(75, 53, seed).astype(int) * 4
            - 380
            + np.random.default_rng(seed).integers(-90, 90, (53, 75, 3))
        )
        image = PIL.fromarray(np.clip(wild, 0, 255).astype(np.uint8)).convert(mode)
        content = encoded(image, **{"quality": 60} | how)
        with PIL.open(io.BytesIO(content)) as opened:
            expected = np.asarray(opened.convert("RGB"))
        picture = open_picture(content)
        assert picture.mode == {"RGB": "RGB" if "keep_rgb" in how else "YCbCr", "L": "L", "CMYK": "RGB"}[mode]
        out = np.empty((53, 75), np.float32)
        grey(next(picture.bands()), 0, 53, LAYOUTS[picture.mode], out)
        np.testing.assert_array_equal(out, grey_of(expected, "RGB"))


def test_the_first_frame_counts():
    frames = [PIL.fromarray(noise(64, 48, seed)) for seed in range(3)]
    for kind in ("GIF", "WEBP"):
        content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        np.testing.assert_array_equal(pixels_of(content), pixels_of(encoded(frames[0], kind, lossless=True)))


def many_scans():
    """A progressive JPEG of 16 megapixels, its scans repeated."""
    content = encoded(PIL.new("L", (4000, 3900)), progressive=True)
    start = content.index(b"\xff\xda")
    return content[:start] + content[start:-2] * 40 + b"\xff\xd9"


HOSTILE = {
    "png 100k x 100k": (png(100_000, 100_000), "too_large"),
    "png 40 MP + 1": (png(40_000_001, 1), "too_large"),
    "png 0 x 5": (png(0, 5), "not_a_picture"),
    "png cut": (encoded(noise(64, 48), "PNG")[:-60], "not_a_picture"),
    "png in short": (png(5000, 5000, data=b"\0" * 99), "not_a_picture"),
    "png second header": (
        png(64, 48, chunk(b"IHDR", struct.pack(">IIBBBBB", 9**5, 9**5, 8, 2, 0, 0, 0))),
        "not_a_picture",
    ),
    "gif lies": (b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b";", "not_a_picture"),
    "gif lies later": (
        b"GIF89a"
        + struct.pack("<HHBBB", 9, 9, 0, 0, 0)
        + b","
        + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0),
        "too_large",
    ),
    "gif lies a little": (
        b"GIF89a"
        + struct.pack("<HHBBB", 9, 9, 0, 0, 0)
        + b","
        + struct.pack("<HHHHB", 0, 0, 10000, 10000, 0),
        "too_large",
    ),
    "webp canvas": (webp_header(16_000, 16_000), "too_large"),
    "webp most": (webp_header(1 << 24, 1 << 24), "too_large"),
    "webp nothing": (webp_header(64, 64), "not_a_picture"),
    "jpeg scans": (many_scans(), "too_large"),
    "jpeg cut": (SMALL[: len(SMALL) // 2], "not_a_picture"),
    "jpeg head": (SMALL[:3], "not_a_picture"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not_a_picture"),
    "tiff": (encoded(noise(64, 48), "TIFF"), "not_a_picture"),
    "bmp": (encoded(noise(64, 48), "BMP"), "not_a_picture"),
    "pdf": (b"%PDF-1.7\n", "not_a_picture"),
    "nothing": (b"", "not_a_picture"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_hostile(name):
    content, rule = HOSTILE[name]
    start = time.perf_counter()
    assert rule_of(content) == rule
    assert time.perf_counter() - start < 2


def test_a_text_that_unpacks_to_much_is_not_read():
    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100_000_000)))
    assert not pixels_of(png(64, 48, bomb, data=bytes(48 * 193))).any()


def test_pillow_stays_as_it_was():
    before = PIL.MAX_IMAGE_PIXELS
    for content, _ in HOSTILE.values():
        rule_of(content)
    assert before == PIL.MAX_IMAGE_PIXELS


def test_paths(tmp_path):
    root = tmp_path / "data"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "outside.jpg").write_bytes(SMALL)
    (root / "a.jpg").write_bytes(SMALL)
    (root / "nothing").write_bytes(b"")
    with (root / "long").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    os.mkfifo(root / "pipe")
    links = {
        "link": "a.jpg",
        "out": "../outside.jpg",
        "circle": "circle",
        "up": "..",
        "dead": "none",
        "dev": "/dev/zero",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    assert read_file(root, "a.jpg") == read_file(root, "link") == read_file(root, "./a.jpg") == SMALL
    assert read_file(root, "nothing") == b""
    expected = {
        str(root / "a.jpg"): "outside_folder",
        "../outside.jpg": "outside_folder",
        "sub/../a.jpg": "outside_folder",
        "out": "outside_folder",
        "up/outside.jpg": "outside_folder",
        "dev": "outside_folder",
        "circle": "missing_file",
        "dead": "missing_file",
        "none": "missing_file",
        "a.jpg/b": "missing_file",
        "x" * 5000: "missing_file",
        "a\0.jpg": "missing_file",
        "": "missing_file",
        "sub": "not_a_picture",
        "pipe": "not_a_picture",
        "long": "too_large",
    }
    for path, rule in expected.items():
        with pytest.raises(RefusedPicture) as caught:
            read_file(root, path)
        assert caught.value.rule == rule, path[:20]


@pytest.mark.parametrize(("side", "most"), [(2001, 1), (48, 4)])
def test_large_pictures_are_held_one_at_a_time(side, most):
    """Four threads each hold a small picture until all do; of large ones no two are ever held."""
    content = encoded(PIL.new("1", (side, side)), "PNG")
    meet = threading.Barrier(most)
    held, seen = [], []

    def hold(picture):
        held.append(picture.width)
        meet.wait(20)
        time.sleep(0.02)
        seen.append(len(held))
        held.pop()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: use_picture(content, hold), range(4)))
    assert max(seen) == most


def test_a_large_picture_that_fails_lets_the_next_in():
    content = encoded(PIL.new("1", (2001, 2001)), "PNG")
    for error, rule in ((MemoryError, "too_large"), (ValueError, "not_a_picture")):

        def use(picture, error=error):
            raise error

        with pytest.raises(RefusedPicture) as caught:
            use_picture(content, use)
        assert caught.value.rule == rule
    assert use_picture(content, lambda picture: picture.width) == 2001


def mutants(seed, n):
    """Small files with bytes changed, cut out, put in or cut off."""
    rng = np.random.default_rng(seed)
    frames = [PIL.fromarray(noise(64, 48, k)) for k in range(2)]
    seeds = [encoded(frames[0], kind, **options) for kind, options in (
        ("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {}), ("WEBP", {"lossless": True}),
        ("WEBP", {"save_all": True, "append_images": frames[1:]}), ("GIF", {}),
    )]  # fmt: skip
    seeds += [encoded(frames[0].convert("P"), "PNG"), encoded(frames[0].convert("CMYK"))]
    for k in range(n):
        content = bytearray(seeds[k % len(seeds)])
        head = rng.random() < 0.5  # most of what matters stands in front
        for _ in range(int(rng.integers(1, 8))):
            at = int(rng.integers(0, min(len(content), 200) if head else len(content)))
            what = rng.integers(0, 6)
            if what < 3:
                content[at] = int(rng.choice([0, 255, 127, rng.integers(0, 256)]))
            elif what == 3:
                del content[at : at + int(rng.integers(1, 20))]
            elif what == 4:
                content[at:at] = rng.bytes(int(rng.integers(1, 20)))
            elif rng.random() < 0.3:
                del content[max(at, 150) :]
        yield bytes(content)


def fuzz(n, seed=1):
    """Open mutated files in this process; print the longest time and how much the memory grew."""
    import resource
    import warnings

    from spamclf.campaigns.photos import fingerprint

    warnings.simplefilter("ignore")
    fingerprint(SMALL)
    before, longest, refused = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0.0, 0
    for content in mutants(seed, n):
        start = time.perf_counter()
        try:
            fingerprint(content)
        except RefusedPicture:
            refused += 1
        longest = max(longest, time.perf_counter() - start)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(longest, grown, refused)


def run_fuzz(n):
    code = f"from tests.campaigns.test_images import fuzz; fuzz({n})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=1800
    )
    longest, grown, refused = map(float, run.stdout.split())
    assert longest < 3, "seconds; a generous bound for a busy machine"
    assert grown < 200, "MB"
    assert 0 < refused < n


def test_mutated_files():
    run_fuzz(200)


@pytest.mark.slow
def test_many_mutated_files():
    run_fuzz(10_000)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["JPEG", "progressive", "PNG", "RGBA", "GIF", "WEBP"])
def test_the_largest_that_are_opened(kind):
    code = f"from tests.campaigns.test_images import largest; largest({kind!r})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    grown, seconds = map(float, run.stdout.split())
    assert grown < 230, "MB"
    assert seconds < 10


def largest(kind):
    """Fingerprint a picture just below the bounds in a process that has not made it."""
    import multiprocessing
    import resource

    from spamclf.campaigns.photos import fingerprint

    with multiprocessing.get_context("fork").Pool(1) as pool:
        content = pool.apply(_largest, (kind,))
    fingerprint(SMALL)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    fingerprint(content)
    seconds = time.perf_counter() - start
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, seconds)


def _largest(kind):
    width, height = {"WEBP": (4000, 2500), "progressive": (3500, 3500)}.get(kind, (8000, 5000))
    y, x = np.ogrid[0:height, 0:width]
    grey = ((x // 16 + y // 24) % 256).astype(np.uint8)
    image = PIL.merge("RGB", [PIL.fromarray(grey)] * 3)
    if kind == "RGBA":
        image.putalpha(200)
    elif kind == "GIF":
        image = PIL.fromarray(grey)
    options = {"progressive": True, "subsampling": 0} if kind == "progressive" else {}
    return encoded(image, {"progressive": "JPEG", "RGBA": "PNG"}.get(kind, kind), **options)
