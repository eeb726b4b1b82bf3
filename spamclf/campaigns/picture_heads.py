"""What the head of a picture file says, read by hand, and the file without what a decoder need not see.

A reader of metadata is where a hostile file finds room: texts that unpack to gigabytes, a million empty segments, notes
that are joined over and over. Here they are stepped over, their number is limited, and the decoder gets the rest.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

__all__ = ["Head", "RefusedPicture", "read"]

MAX_PIXELS = 40_000_000
MAX_SIDE = 20_000
#: WebP is decoded into four copies at once; this many pixels take 160 MB.
MAX_WEBP_PIXELS = 10_000_000
#: Bytes that a decoder may take for the picture and, where it comes in several passes, for all its coefficients.
MAX_MEMORY = 180_000_000
#: Coefficients that the passes of a JPEG may visit.
MAX_VISITS = 400_000_000
MAX_PARTS = 20_000  # chunks, segments or blocks before the pixels

_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # markers that tell the size
_ONE_PASS = frozenset({0xC0, 0xC1, 0xC3, 0xC9, 0xCB})  # frames that are not progressive
_JPEG_KEPT = _FRAMES | {0xC4, 0xCC, 0xDB, 0xDA, 0xDD, 0xE0, 0xEE}  # tables, restarts, what the colours are


class RefusedPicture(Exception):  # noqa: N818 - a verdict on a file, and no error of the program
    """A picture is not opened; the argument is the rule that it broke."""

    @property
    def rule(self) -> str:
        """``missing_file``, ``outside_folder``, ``not_a_picture`` or ``too_large``."""
        return str(self.args[0])


class Head(NamedTuple):
    """What a decoder must know, and what it gets.

    Attributes
    ----------
    format : str
        JPEG, PNG, GIF or WEBP.
    width, height : int
        Pixels, within the limits.
    mode : str
        What pixels a JPEG gives, by Pillow's name; empty otherwise.
    data : bytes
        The file, without what need not be seen.
    """

    format: str
    width: int
    height: int
    mode: str
    data: bytes


def read(data: bytes) -> Head:
    """Read a head.

    Raises
    ------
    RefusedPicture
        ``too_large`` or ``not_a_picture``.
    """
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(data)
        if data.startswith((b"GIF87a", b"GIF89a")):
            return _gif(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data)
    except (IndexError, struct.error) as error:  # the head ends too early
        raise RefusedPicture("not_a_picture") from error
    raise RefusedPicture("not_a_picture")


def _within(width: int, height: int, most: int = MAX_PIXELS) -> None:
    if not width or not height:
        raise RefusedPicture("not_a_picture")
    if width * height > most or max(width, height) > MAX_SIDE:
        raise RefusedPicture("too_large")


def _png(data: bytes) -> Head:
    length, kind, width, height, depth, colour, *_ = struct.unpack_from(">I4sIIBBBBB", data, 8)
    if length != 13 or kind != b"IHDR" or colour not in _PNG_CHANNELS:
        raise RefusedPicture("not_a_picture")
    _within(width, height)
    if width * height * depth * _PNG_CHANNELS[colour] > 8 * MAX_MEMORY:
        raise RefusedPicture("too_large")
    kept, at = [data[:8]], 8
    for _ in range(MAX_PARTS):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind in _PNG_KEPT:
            kept.append(data[at:end])
        at = end
        if kind == b"IEND" or at >= len(data):
            return Head("PNG", width, height, "", b"".join(kept))
    raise RefusedPicture("not_a_picture")


def _jpeg(data: bytes) -> Head:
    kept, start, stop, at = [b""], 0, 2, 2  # what of the file is kept; its last stretch is from start to stop
    frame, adobe = None, False
    for _ in range(MAX_PARTS):
        if data[at] != 0xFF:
            at = data.find(b"\xff", at)  # decoders step over what stands between two segments
            if at < 0:
                break
        while data[at + 1] == 0xFF:
            at += 1
        marker = data[at + 1]
        if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        length = data[at + 2] << 8 | data[at + 3]
        if marker in _JPEG_KEPT:
            if at != stop:
                kept.append(data[start:stop])
                start = at
            stop = at + 2 + length
        if marker in _FRAMES:
            if frame is not None:
                break
            frame = marker, *_frame(data, at)
        elif marker == 0xDA:
            if frame is None:
                break
            marker, width, height, parts = frame
            if marker not in _ONE_PASS or 3 * data[at + 4] != len(parts):
                _in_passes(width, height, parts, data.count(b"\xff\xda", at))
            kept.append(data[start:])
            return Head("JPEG", width, height, _mode(marker, parts, adobe), b"".join(kept))
        elif marker == 0xD9:
            break
        adobe |= marker == 0xEE
        at += 2 + max(length, 2)
    raise RefusedPicture("not_a_picture")


def _frame(data: bytes, at: int) -> tuple[int, int, bytes]:
    depth, height, width, n_parts = struct.unpack_from(">BHHB", data, at + 4)
    parts = data[at + 10 : at + 10 + 3 * n_parts]
    if depth != 8 or n_parts not in (1, 3, 4) or len(parts) < 3 * n_parts:
        raise RefusedPicture("not_a_picture")
    _within(width, height)
    return width, height, parts


def _mode(marker: int, parts: bytes, adobe: bool) -> str:
    """Return what pixels to ask a decoder for: as they are stored, where libjpeg takes them for YCbCr in any case.

    To have it make red, green and blue of them is a gamble: where the row that it fills happens to start at a
    multiple of 32 bytes, it writes past the caches, and Pillow, which reads the row at once, waits for the memory. A
    small photo takes up to twice as long then.
    """
    if len(parts) != 9:
        return "L" if len(parts) == 3 else "CMYK"
    stored = marker in (0xC0, 0xC1, 0xC2) and parts[::3] == b"\1\2\3" and not adobe
    return "YCbCr" if stored else "RGB"


def _in_passes(width: int, height: int, parts: bytes, n_passes: int) -> None:
    """Refuse a picture that comes in passes over all its coefficients where these, or the passes, are too many."""
    factors = [(factor >> 4, factor & 15) for factor in parts[1::3]]
    across, down = max(a for a, _ in factors), max(b for _, b in factors)
    if not across or not down:
        raise RefusedPicture("not_a_picture")
    coefficients = sum((width + 16) * (height + 16) * a * b // (across * down) for a, b in factors)
    pixel = 1 if len(factors) == 1 else 4
    if coefficients * 2 + width * height * pixel > MAX_MEMORY or coefficients * n_passes > MAX_VISITS:
        raise RefusedPicture("too_large")


def _gif(data: bytes) -> Head:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + (3 << (flags & 7) + 1 if flags & 128 else 0)
    start, control = data[:at], b""
    for _ in range(MAX_PARTS):
        if data[at] == 0x2C:
            left, top, own_width, own_height = struct.unpack_from("<HHHH", data, at + 1)
            width, height = max(width, left + own_width), max(height, top + own_height)
            _within(width, height)
            _within(own_width, own_height)
            return Head("GIF", width, height, "", start + control + data[at:])
        if data[at] != 0x21:
            break
        begin, at = at, at + 2
        graphic = data[begin + 1] == 0xF9
        for _ in range(MAX_PARTS):
            size = data[at]
            at += 1 + size
            if not size:
                break
        if graphic and at - begin == 8:
            control = data[begin:at]
    raise RefusedPicture("not_a_picture")


def _webp(data: bytes) -> Head:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    elif kind == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        raise RefusedPicture("not_a_picture")
    _within(width, height, MAX_WEBP_PIXELS)
    return Head("WEBP", width, height, "", data)
