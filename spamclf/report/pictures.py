"""Small pictures for a page, each once, and no more than were asked for."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from spamclf.contact_sheet import thumbnail

__all__ = ["Pictures"]

_SIDE = 112  # pixels
_QUALITY = 72


class Pictures:
    """Makes pictures of a dataset small enough for a page.

    Parameters
    ----------
    folder : Path or None
        The dataset's; without one there are no pictures.
    most : int
        How many files are opened at most.

    Attributes
    ----------
    all : list of str
        JPEG files in base64, by number.

    Examples
    --------
    >>> pictures = Pictures(Path("data/sample"), 1)
    >>> [pictures.number(name) for name in ("photos/00000-00.png", "photos/00001-00.png", "photos/00000-00.png")]
    [0, -1, 0]
    """

    def __init__(self, folder: Path | None, most: int) -> None:
        self.all: list[str] = []
        self._folder, self._left = folder, most
        self._numbers: dict[str, int] = {}

    def number(self, photo: str | None) -> int:
        """Return the number of a photo by its path; -1 where there is none, or no more may be opened."""
        if photo is None or self._folder is None:
            return -1
        if photo not in self._numbers and self._left > 0:
            self._left -= 1
            self._numbers[photo] = self._made(photo)
        return self._numbers.get(photo, -1)

    def _made(self, photo: str) -> int:
        picture = thumbnail(self._folder, photo, _SIDE)
        if picture is None:
            return -1
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=_QUALITY, optimize=True)
        self.all.append(base64.b64encode(file.getvalue()).decode("ascii"))
        return len(self.all) - 1
