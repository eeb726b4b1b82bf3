"""What each code point becomes in a normalised text: letters that look alike become one, invisible ones vanish.

The map takes one code point to a short string, without context: compatibility forms, case, look-alikes of Latin
letters, digits of all scripts, white space, marks that only decorate, characters that cannot be seen. Marks without
which a word is another word (Thai, Indic, kana) stay.
"""

from __future__ import annotations

import threading
import unicodedata
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.signatures import utf8

__all__ = ["LetterMap"]

# What is read as another letter, in the form that case folding leaves (for Cherokee, capitals). A capital and its
# small letter must become the same; where they look like two (Greek eta), the small one decides. No script's own
# letters are thrown together, so that Russian and Greek texts stay as different as they were.
_LIKE = {
    "a": "аαɑᴀⲁꓮᎪ", "b": "вβʙƀɓƃⲃꓐᏴ", "c": "сᴄƈⲥꓚᏟҫ", "d": "ԁđɖɗᴅꓓᎠ", "e": "еεɛᴇɇⲉꓰᎬ", "f": "ƒꜰꓝ",
    "g": "ցɡɢɠǥꓖᏀ", "h": "нһհħʜɦⲏꓧᎻ", "i": "іιıɪɩɨⲓꓲᎥ", "j": "јյȷᴊɉʝꓙᎫ", "k": "кκᴋƙⲕꓗᏦқҝҡ", "l": "ӏłʟɫɭƚꓡᏞ",
    "m": "мμᴍɱⲙꓟᎷ", "n": "пηոɴɲŋƞɳⲛꓠ", "o": "оοօᴏøɵⲟꓳ", "p": "рρᴘƥⲣꓑᏢ", "q": "ԛզʠɋ", "r": "гʀɍɼɽɾꓣᏒ",
    "s": "ѕꜱʂȿꓢᏚ", "t": "тτᴛŧƭʈⲧꓔᎢ", "u": "υսᴜʉꓴ", "v": "νѵᴠⱱꓦᏙ", "w": "шωԝᴡⱳⲱꓪᎳ", "x": "хχⲭꓫҳ", "y": "уγʏƴɏⲩꓬүұ",
    "z": "ζᴢƶʐʑⲍꓜᏃ", ".": "。", "-": "‐‒–—−⁃", "'": "’‘‛ʼʹ′`", '"': "“”„‟″", "/": "⁄∕", ":": "∶꞉",
    "เเ": "แ",
}  # fmt: skip
_DECORATING = (  # marks that letters of any script are overlaid with, and the optional ones of Hebrew and Arabic
    (0x0300, 0x036F), (0x0483, 0x0489), (0x0591, 0x05BD), (0x05BF, 0x05BF), (0x05C1, 0x05C2), (0x05C4, 0x05C5),
    (0x05C7, 0x05C7), (0x0610, 0x061A), (0x0640, 0x0640), (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06DC),
    (0x06DF, 0x06E8), (0x06EA, 0x06ED), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F),
)  # fmt: skip
_UNSEEN = (  # fillers, variation selectors, skin tones, tags; format characters are known by their category
    (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8), (0x1F3FB, 0x1F3FF), (0xE0000, 0xE0FFF),
)  # fmt: skip
_ALPHABETS = (0x1F150, 0x1F170, 0x1F1E6)  # 26 letters each, in circles, in squares and as flags
_BRAILLE_BLANK = 0x2800
_JOINING = (
    (0x1161, 0x11C2),
    (0x16D63, 0x16D6A),
)  # letters that may unite with the one before; marks always may

_UNKNOWN, _GONE = -1, -2  # as of kernels.letters
_MET = 4096  # unknown code points that are learnt at a time


class LetterMap:
    """The map, as tables over all code points that fill up as code points are met."""

    def __init__(self) -> None:
        self._to = np.full(0x110000, _UNKNOWN, np.int32)
        self._may_unite = np.zeros(0x110000, np.bool_)
        self._pool = np.zeros(0, np.int32)  # what becomes several: row k is pool[begins[k]:begins[k + 1]]
        self._begins = np.zeros(1, np.int64)
        self._rows: dict[str, int] = {}
        self._lock = threading.Lock()

    def apply(self, texts: pa.Array, longest: int) -> pa.Array:
        """Map the letters of texts, make runs of blanks one, cut, and apply NFKC.

        Parameters
        ----------
        texts : pyarrow.Array
            (n,) strings without nulls. Bytes that are no UTF-8 are read as U+FFFD.
        longest : int
            How many code points to keep of each.

        Returns
        -------
        mapped : pyarrow.Array
            (n,) large strings.
        """
        from spamclf.kernels import letters as kernel  # compiles only where there are texts

        data, offsets = utf8(texts)
        self._meet(data, kernel)
        with self._lock:
            pool, begins = self._pool, self._begins
        parts: list[pa.Array] = []
        at = 0
        while at < len(texts):
            out = np.empty(2 * int(offsets[-1] - offsets[at]) + 4 * longest, np.uint8)
            ends = np.zeros(len(texts) - at + 1, np.int64)
            unite = np.zeros(len(texts) - at, np.bool_)
            stop = kernel.map_letters(
                data, offsets, self._to, pool, begins, self._may_unite, longest, at, out, ends, unite
            )
            n = stop - at
            buffers = [None, pa.py_buffer(ends[: n + 1].copy()), pa.py_buffer(out[: ends[n]].copy())]
            parts.append(_united(pa.Array.from_buffers(pa.large_string(), n, buffers), unite[:n]))
            at = stop
        return pa.concat_arrays(parts) if parts else pa.array([], pa.large_string())

    def _meet(self, data: npt.NDArray[np.uint8], kernel: Any) -> None:
        at = 0
        found = np.empty(_MET, np.int32)
        while at < data.size:
            n, at = kernel.find_unknown(data, at, self._to, found)
            with self._lock:
                for code in np.unique(found[:n]).tolist():
                    self._learn(code)

    def _learn(self, code: int) -> None:
        text = _become(chr(code))
        for letter in text:
            self._may_unite[ord(letter)] = _may_unite(ord(letter))
        if len(text) > 1 and text not in self._rows:
            self._rows[text] = len(self._rows)
            self._pool = np.append(self._pool, np.array([ord(letter) for letter in text], np.int32))
            self._begins = np.append(self._begins, self._pool.size)
        self._to[code] = ord(text) if len(text) == 1 else _GONE - 1 - self._rows[text] if text else _GONE


def _united(texts: pa.Array, unite: npt.NDArray[np.bool_]) -> pa.Array:
    """Apply NFKC where it may change something; no text holds a line feed, so one keeps them apart."""
    if not unite.any():
        return texts
    which = pa.array(unite)
    joined = "\n".join(texts.filter(which).to_pylist())
    if unicodedata.is_normalized("NFKC", joined):
        return texts
    united = unicodedata.normalize("NFKC", joined).split("\n")
    return pc.replace_with_mask(texts, which, pa.array(united, pa.large_string()))


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def _may_unite(code: int) -> bool:
    return unicodedata.category(chr(code)) in ("Mn", "Mc", "Me") or _within(code, _JOINING)


_LOOKS = {ord(letter): name for name, letters in _LIKE.items() for letter in letters} | {
    start + k: chr(ord("a") + k) for start in _ALPHABETS for k in range(26)
}


def _become(letter: str) -> str:
    """Return what one code point becomes; what it returns becomes itself."""
    while True:
        parts = unicodedata.normalize("NFKD", letter)
        folded = "".join("" if _within(ord(part), _DECORATING) else part.casefold() for part in parts)
        result = unicodedata.normalize("NFKC", "".join(map(_one, unicodedata.normalize("NFKD", folded))))
        if result == letter:
            return result
        letter = result


def _one(part: str) -> str:
    code, category = ord(part), unicodedata.category(part)
    if part.isspace() or category in ("Zs", "Zl", "Zp") or code == _BRAILLE_BLANK:
        return " "
    if category in ("Cc", "Cf") or _within(code, _UNSEEN) or _within(code, _DECORATING):
        return ""
    digit = unicodedata.decimal(part, None)
    return str(digit) if digit is not None else _LOOKS.get(code, part)
