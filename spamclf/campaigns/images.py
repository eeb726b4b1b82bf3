"""Open a picture that a stranger made: four formats, within limits of size, memory and time.

Nothing but the pixels of the first frame reaches Pillow: the size is read from the file's head and refused there where
it is too large, and what a decoder need not see (texts, profiles, further frames) is cut out before. So no chunk that
unpacks to gigabytes is unpacked, and no setting of Pillow's is changed for others.

Examples
--------
>>> open_picture(b"GIF89a")
Traceback (most recent call last):
    ...
spamclf.campaigns.picture_heads.RefusedPicture: not_a_picture
"""

from __future__ import annotations

import errno
import io
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from spamclf.campaigns import picture_heads
from spamclf.campaigns.picture_heads import Head, RefusedPicture

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Picture", "RefusedPicture", "open_picture", "read_picture", "resolve", "use_picture"]

_T = TypeVar("_T")

MAX_BYTES = 20_000_000  # of a file
_LARGE = (
    4_000_000  # pixels; of pictures above it, one at a time is held decoded, however many threads there are
)
_TURN = threading.Lock()
_NO_TURN = nullcontext()
_BAND = 1 << 16  # pixels that are copied out of Pillow at a time; so few stay in the second-level cache
_ROWS = 32  # that a kernel takes at a time

#: How `Picture.bands` holds the pixels of a mode, by the name of Pillow's raw mode.
RAW_MODES = {"L": "L", "RGB": "RGBX", "YCbCr": "YCbCrX"}

_MISSING = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.EACCES,
    errno.EPERM,
    errno.EINVAL,
}


def resolve(folder: str | os.PathLike[str], path: str) -> Path:
    """Return where a picture of a dataset stands.

    Parameters
    ----------
    folder : path-like
        The dataset's folder. It may itself be reached by a link.
    path : str
        The picture's path in it.

    Returns
    -------
    place : Path
        Without links.

    Raises
    ------
    RefusedPicture
        ``outside_folder``: the path is absolute, holds ``..`` or leads out of the folder by a link;
        ``missing_file``: it is no path of a file.

    Examples
    --------
    >>> resolve("data/sample", "/etc/passwd")
    Traceback (most recent call last):
        ...
    spamclf.campaigns.picture_heads.RefusedPicture: outside_folder
    """
    if not path or "\0" in path:
        raise RefusedPicture("missing_file")
    if os.path.isabs(path) or ".." in Path(path).parts:
        raise RefusedPicture("outside_folder")
    try:
        root = Path(os.path.realpath(folder))
        place = Path(os.path.realpath(root / path))
    except (OSError, ValueError) as error:  # a name that no file can have
        raise RefusedPicture("missing_file") from error
    if not place.is_relative_to(root):
        raise RefusedPicture("outside_folder")
    return place


def read_picture(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a file: an ordinary one, within the limit.

    Raises
    ------
    RefusedPicture
        ``missing_file``: it is not there or may not be read; ``not_a_picture``: a folder, a pipe or a device;
        ``too_large``: over 20 MB.

    Examples
    --------
    >>> read_picture("README.md")[:9]
    b'# spamclf'
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would wait for a writer
    except (OSError, ValueError) as error:
        missing = isinstance(error, ValueError) or error.errno in _MISSING
        raise RefusedPicture("missing_file" if missing else "not_a_picture") from error
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise RefusedPicture("not_a_picture")
    with open(handle, "rb", buffering=0) as file:
        if status.st_size > MAX_BYTES:
            raise RefusedPicture("too_large")
        try:
            data = file.read(status.st_size)
        except OSError as error:
            raise RefusedPicture("missing_file") from error
    return data or b""


@dataclass(eq=False, slots=True)
class Picture:
    """A decoded picture, as stored: a note that it is to be shown turned (EXIF) is not followed.

    Transparent parts are laid on white.

    Attributes
    ----------
    width, height : int
        Pixels.
    mode : str
        What a pixel is, by Pillow's name: ``L`` (grey), ``RGB`` or, of most JPEGs, ``YCbCr``, as stored in them.
    """

    width: int
    height: int
    mode: str
    _image: Image.Image

    def bands(self) -> Iterator[npt.NDArray[np.uint8]]:
        """Give the pixels from top to bottom in bands of shape (rows, width * bytes of a pixel), dtype uint8.

        A pixel has one byte of grey, or three values and a byte that says nothing: so Pillow holds it, and to copy
        that takes less time than to leave the byte out.
        """
        rows = max(_BAND // self.width // _ROWS, 1) * _ROWS
        if rows >= self.height:
            yield self._pixels(self._image)
            return
        for top in range(0, self.height, rows):
            bottom = min(top + rows, self.height)
            yield self._pixels(self._image.crop((0, top, self.width, bottom)))

    def _pixels(self, image: Image.Image) -> npt.NDArray[np.uint8]:
        if image.mode != self.mode or image.info:
            if image.mode.startswith("I"):  # 16 bits; Pillow's own conversion cuts off what is over 255
                return (np.asarray(image) >> 8).astype(np.uint8)
            if image.has_transparency_data:
                image = _on_white(image)
            if image.mode != self.mode:
                image = image.convert(self.mode)
        return np.frombuffer(image.tobytes("raw", RAW_MODES[self.mode]), np.uint8).reshape(image.height, -1)


def open_picture(data: bytes) -> Picture:
    """Decode the first frame of a JPEG, PNG, WebP or GIF file.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    picture : Picture

    Raises
    ------
    RefusedPicture
        ``too_large``: more than 40 megapixels, 20,000 pixels a side or 20 MB, or costly beyond measure to decode;
        ``not_a_picture``: of another format, damaged or truncated.

    Examples
    --------
    >>> from spamclf.simulate.photos import picture
    >>> opened = open_picture(picture("photos/00031-04.jpg"))
    >>> opened.width, opened.height, opened.mode
    (72, 72, 'YCbCr')
    """
    return _open(_head(data))


def use_picture(data: bytes, use: Callable[[Picture], _T]) -> _T:
    """Open a picture, hand it to `use` and return what that returns; large ones wait for one another.

    Several threads would otherwise hold a decoded picture of the largest size each. `use` keeps nothing of it.

    Raises
    ------
    RefusedPicture
        As in `open_picture`, and if its pixels turn out to be none: what else `use` raises counts as that.

    Examples
    --------
    >>> from spamclf.simulate.photos import picture
    >>> use_picture(picture("photos/00031-04.jpg"), lambda opened: opened.mode)
    'YCbCr'
    """
    head = _head(data)
    with _TURN if head.width * head.height > _LARGE else _NO_TURN:
        try:
            return use(_open(head))
        except RefusedPicture:
            raise
        except MemoryError as error:
            raise RefusedPicture("too_large") from error
        except (
            Exception
        ) as error:  # a palette that is none, and the like, come to light with the pixels alone
            raise RefusedPicture("not_a_picture") from error


def _head(data: bytes) -> Head:
    if len(data) > MAX_BYTES:
        raise RefusedPicture("too_large")
    return picture_heads.read(data)


def _open(head: Head) -> Picture:
    try:
        image = _decode(head)
    except Exception as error:  # of whatever kind: the bytes are a stranger's, and the decoders many
        raise RefusedPicture("not_a_picture") from error
    if image.size != (head.width, head.height):
        raise RefusedPicture("not_a_picture")
    mode = image.mode
    if mode != "YCbCr":
        grey = mode in ("1", "L") or mode.startswith("I")
        mode = "L" if grey and not image.has_transparency_data else "RGB"
    return Picture(head.width, head.height, mode, image)


def _decode(head: Head) -> Image.Image:
    from PIL import Image

    size = head.width, head.height
    if head.format == "JPEG":
        image = Image.new(head.mode, size, None)  # all of it is filled, or an error raised
        image.frombytes(head.data, "jpeg", ("CMYK;I" if head.mode == "CMYK" else head.mode, "", 1, 0))
        return image
    image = _opened(head.format, io.BytesIO(head.data))
    if image.size != size:  # before anything is decoded
        raise ValueError
    image.load()
    return image


def _opened(kind: str, file: io.BytesIO) -> Image.Image:
    """Read a head with the one decoder that is meant; `Image.open` would warn, and look for others."""
    if kind == "PNG":
        from PIL.PngImagePlugin import PngImageFile

        return PngImageFile(file)
    if kind == "GIF":
        from PIL.GifImagePlugin import GifImageFile

        return GifImageFile(file)
    from PIL.WebPImagePlugin import WebPImageFile

    return WebPImageFile(file)


def _on_white(image: Image.Image) -> Image.Image:
    from PIL import Image

    image = image.convert("RGBA")
    if image.getchannel("A").getextrema()[0] == 255:
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
