"""A head tells the size, what a decoder need not see is cut out, and no head, however broken, costs anything."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf.campaigns.picture_heads import MAX_PARTS, RefusedPicture, read
from tests.campaigns.naive_photos import encoded

PIL = pytest.importorskip("PIL.Image")
PIXELS = np.random.default_rng(0).integers(0, 256, (37, 51, 3), np.uint8)
FILES = {kind: encoded(PIXELS, kind) for kind in ("JPEG", "PNG", "GIF", "WEBP")}


def rule_of(content):
    with pytest.raises(RefusedPicture) as caught:
        read(content)
    return caught.value.rule


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


@pytest.mark.parametrize("kind", FILES)
def test_the_size(kind):
    head = read(FILES[kind])
    assert (head.format, head.width, head.height) == (kind, 51, 37)
    assert head.mode == ("YCbCr" if kind == "JPEG" else "")


def test_lossless_and_layered_webp():
    for content in (
        encoded(PIXELS, "WEBP", lossless=True),
        encoded(PIL.fromarray(PIXELS).convert("RGBA"), "WEBP", exif=b"Exif\0\0II"),
    ):
        assert (read(content).width, read(content).height) == (51, 37)


@pytest.mark.parametrize("mode", ["L", "YCbCr", "RGB", "CMYK"])
def test_the_mode_of_a_jpeg(mode):
    """YCbCr only where libjpeg cannot take it for anything else."""
    plain = encoded(PIL.fromarray(PIXELS).convert(mode), keep_rgb=mode == "RGB")
    assert read(plain).mode == mode
    if mode == "YCbCr":
        adobe = segment(0xEE, b"Adobe" + bytes(6) + b"\1")
        assert read(plain[:2] + adobe + plain[2:]).mode == "RGB"
        at = plain.index(b"\xff\xc0")
        assert read(plain[: at + 1] + b"\xc3" + plain[at + 2 :]).mode == "RGB"
        assert read(plain[: at + 10] + b"R" + plain[at + 11 :]).mode == "RGB"


def test_notes_in_a_jpeg_are_cut_out():
    plain = FILES["JPEG"]
    noted = plain[:2] + segment(0xE1, b"Exif" + bytes(5000)) + segment(0xFE, b"a comment") + plain[2:]
    assert read(noted).data == read(plain).data


def test_texts_in_a_png_are_cut_out():
    plain = FILES["PNG"]
    text = struct.pack(">I4s", 9, b"zTXt") + bytes(9 + 4)
    assert read(plain[:33] + text + plain[33:]).data == read(plain).data == plain


def test_comments_in_a_gif_are_cut_out():
    plain = FILES["GIF"]
    at = 13 + (3 << (plain[10] & 7) + 1)
    assert read(plain[:at] + b"\x21\xfe\x03abc\x00" * 9 + plain[at:]).data == read(plain).data


def test_too_many_parts():
    for start, part, end in (
        (FILES["JPEG"][:2], segment(0xFE, b""), FILES["JPEG"][2:]),
        (FILES["PNG"][:33], struct.pack(">I4sI", 0, b"tEXt", 0), FILES["PNG"][33:]),
    ):
        assert read(start + part * 100 + end).width == 51
        assert rule_of(start + part * MAX_PARTS + end) == "not_a_picture"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_too_many_pixels(kind):
    content = bytearray(FILES[kind])
    if kind == "JPEG":
        at = content.index(b"\xff\xc0") + 5
        content[at : at + 4] = struct.pack(">HH", 30_000, 30_000)
    elif kind == "PNG":
        content[16:24] = struct.pack(">II", 10_000, 4_001)
    else:
        content[6:10] = struct.pack("<HH", 20_001, 1)
    assert rule_of(bytes(content)) == "too_large"


@pytest.mark.parametrize("kind", FILES)
def test_every_cut_is_refused_or_read(kind):
    for end in range(min(len(FILES[kind]), 700)):
        try:
            head = read(FILES[kind][:end])
        except RefusedPicture as refused:
            assert refused.rule == "not_a_picture"  # noqa: PT017 - either is right
        else:
            assert (head.width, head.height) == (51, 37)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([b"\xff\xd8\xff", FILES["PNG"][:16], b"GIF89a", b"RIFFxxxxWEBPVP8"]),
    st.binary(max_size=200),
)
def test_anything_is_refused_or_read(start, rest):
    try:
        head = read(start + rest)
    except RefusedPicture:
        return
    assert 0 < head.width * head.height <= 40_000_000
    assert len(head.data) <= len(start + rest)
