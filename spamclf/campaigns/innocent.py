"""What thousands of people share innocently: blank avatars and usual texts, to be kept out of campaigns.

A platform knows its own default picture best: add its hash in ``innocent.csv``. Plain heads with shoulders are known by
their build, see `spamclf.campaigns.silhouettes`; those here are some that are drawn otherwise. Initials on a colour are
not known, for each platform has letters of its own. Most blank pictures never get so far: their quality is too low.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spamclf.campaigns.given import check_type, path_of
from spamclf.campaigns.photos import from_hex
from spamclf.errors import DataFileError

__all__ = ["Innocent"]

#: Heads with shoulders that we drew: the simulator's blank avatar, then four builds, light on grey and grey on light,
#: 96 and 256 pixels wide.
_PHOTOS = (
    "346c30cdcb29b332d3c30d3cfcb34bcbb4cc32d3cf0ac33c2b4234b32cf2d10f",
    "2cd8a28c8f6ce732d29f4878d8f6479ba49c56d28e5b82786e4365b629a6954b",
    "c772593364970dd96964f6d62209b8701a63b93930e56dc3d4f89e58d3487ef0",
    "69ddc309376565cfdf1c8866b0e35b8d39e9c283d209f66dc2823c66c1e07f0a",
    "c26338e39ccf9a7525f333d94f49f122d3172c7c29f608c2683dd6d86b0ec5a0",
    "82834c4dddb60292788824d60f96a359d3d86b0749385eb5e50f65b7f5d2477b",
    "293cb2b3365ca878c2728e6cf07d1da2397384adb382a40b1bf1db585f2cfd90",
    "22888e34cf33c26f1c915ce2b85e63cc37dca82f8b708a39a85e79f209e6f85e",
    "d92765de61dd38d1e77eb70c56e5cc27dc7343d020df758243a49349a60813e4",
    "618da7989e61a666969e596681e65e98e19917869a7996697a1661e679a7855a",
    "9e725867619e59996961a6997e19a1671e66e8796586699685e99e1986587aa5",
    "6999866c6666659e9e691866a5875f9969a987869659a6691786796681e57a1e",
    "9666799399999a616196e7995a78a0669656787969a65996e87986997e1a85e1",
    "979a596d99e6169e689961865e96a65987a97a1619695ee5a01e65a6e087177a",
    "6865a6926619e96197669e79a16959a6785685e9e696a11a5fe19a591f78e885",
    "06a19e6796664991598559a6e25a67996598e87e9e619669695e79a615a7e85a",
    "f95e61986999b66ea67aa6591da598669a671781619e699696a18659ea5817a5",
)
_TEXTS = (
    "Available",
    "Away",
    "At school",
    "At the gym",
    "At the movies",
    "At work",
    "Battery about to die",
    "Busy",
    "Can't talk, WhatsApp only",
    "Can't talk, Telegram only",
    "Do not disturb",
    "Driving",
    "Hey there! I am using this app.",
    "Hey there! I am using WhatsApp.",
    "Hi there! I am using this app.",
    "I am using this app.",
    "I'm using Telegram",
    "In a meeting",
    "On vacation",
    "Only emergency calls",
    "Out of office",
    "Sleeping",
    "Urgent calls only",
)
_DIGITS = re.compile("[0-9A-Fa-f]{64}")
_LONGEST = 50_000_000  # bytes of a list


@dataclass(frozen=True, eq=False)
class Innocent:
    """Photos and texts that are in no campaign.

    Attributes
    ----------
    photos : ndarray of shape (n, 4), dtype uint64
        PDQ hashes; pictures within 31 bits of one count as it.
    texts : tuple of str
        Texts that read the same, see `spamclf.campaigns.texts.normalise`, count as one of them.

    Examples
    --------
    >>> known = Innocent.default()
    >>> len(known.photos), "At work" in known.texts
    (17, True)
    """

    photos: npt.NDArray[np.uint64]
    texts: tuple[str, ...]

    @classmethod
    def default(cls) -> Innocent:
        """Return those that spamclf knows."""
        return cls(from_hex(list(_PHOTOS)), _TEXTS)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Innocent:
        r"""Read a list: lines of ``photo,<64 hex digits>`` or ``text,<text>``; ``#`` begins a comment.

        A text goes on to the end of its line, commas included; one between quotes is taken as CSV means it.

        Parameters
        ----------
        path : path-like
            UTF-8.

        Returns
        -------
        innocent : Innocent

        Raises
        ------
        DataFileError
            If it cannot be read, or a line is of neither form; the message tells the line's number alone.
        ParameterError
            If `path` is none.

        Examples
        --------
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "innocent.csv"
        >>> _ = path.write_text("# ours\ntext,At home, as ever\n", encoding="utf-8")
        >>> Innocent.read(path).texts
        ('At home, as ever',)
        """
        path = path_of(path, "Innocent.read", "path")
        photos: list[str] = []
        texts: list[str] = []
        for number, line in enumerate(_content(path).split("\n"), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            kind, _, value = (part.strip() for part in line.partition(","))
            value = _unquoted(value)
            if kind == "photo" and _DIGITS.fullmatch(value):
                photos.append(value)
            elif kind == "text" and value:
                texts.append(value)
            else:
                raise DataFileError(
                    f"{path.name}: line {number} must be 'photo,' and 64 hex digits or 'text,' and a text; got "
                    "neither. Mend it, or put # before it."
                )
        return cls(from_hex(photos), tuple(texts))

    def extended(self, other: Innocent) -> Innocent:
        """Return both together, each once.

        Raises
        ------
        ParameterError
            If the other is no `Innocent`.
        """
        check_type(other, Innocent, "Innocent.extended", "other", "Use Innocent.read(path)")
        photos = np.concatenate([self.photos, other.photos])
        first = np.sort(np.unique(photos, axis=0, return_index=True)[1])
        return Innocent(photos[first], tuple(dict.fromkeys(self.texts + other.texts)))


def _content(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST:
            raise OSError
        return path.read_bytes().decode("utf-8-sig")
    except OSError:
        got, hint = "nothing to read", "Check the name"
    except UnicodeDecodeError:
        got, hint = "other bytes", "Save it as UTF-8"
    raise DataFileError(
        f"{path.name}: the list of what is innocent must be a file of UTF-8 text below 50 MB; got {got}. {hint}."
    )


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1].replace('""', '"').strip()
    return value
