"""Slots: what differs from copy to copy of one text (addresses, telephone numbers, figures) becomes one letter each.

All expressions are RE2's, so their time is linear in the text whatever the text is. They see text whose letters are
mapped (small, Latin look-alikes made Latin) and write private-use letters, which they never match, so that doing it
twice changes nothing.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["EMAIL", "PHONE", "URL", "fill"]

URL, PHONE, EMAIL = "\ue000", "\ue001", "\ue002"

_REST = r"[a-z0-9._~:/?#\[\]@!$&'()*+,;=%-]"
_NAME = r"[a-z0-9][a-z0-9-]*"
_HIDDEN_DOT = r" ?[\[({] ?(?:\.|dot) ?[\])}] ?"
_DOT = rf"(?:\.|{_HIDDEN_DOT})"
# Endings that need nothing behind them; others do, as a full stop without a blank is no address ("yes.it is").
_ENDINGS = (
    "com|net|org|info|biz|xyz|top|vip|win|bet|icu|buzz|club|shop|site|online|link|click|store|live|pro|fun|app|website|"
    "casino|loan|loans|mobi|asia|io|ly|co|cc|tv|pw|ai|gg|dev|edu|gov|agency|berlin|bingo|clothing|cloud|cyou|dating|"
    "digital|download|email|exchange|finance|fitness|guru|holdings|jewelry|london|marketing|moscow|network|ninja|"
    "photography|photos|poker|promo|sbs|services|shopping|software|solutions|studio|systems|tech|technology|tokyo|trading|"
    "vegas|webcam|xn--[a-z0-9-]+|"
    "th|cn|hk|jp|kr|tw|vn|ph|sg|uk|fr|ru|ua|br|mx|pl|tr|ir|pk|ng|za|ke|gh|ca|au|nz|eu|ch|cz|hu|ro|gr"
)
_SECOND = r"(?:co|com|net|org|ac|go|or|in)\.[a-z]{2}"
# Letters of scripts that part words by blanks, Latin ones with strokes to Georgian; Thai or Chinese words before a host
# would be taken for a part of it. Endings (of Russia, Ukraine, Serbia, Macedonia) as they read with look-alikes Latin.
_FOREIGN = "\u00c0-\u024f\u0370-\u06ff\u10a0-\u10ff"
_FOREIGN_NAME = rf"[a-z0-9{_FOREIGN}][a-z0-9{_FOREIGN}-]*"
_FOREIGN_REST = rf"(?:{_REST}|[{_FOREIGN}])"
_FOREIGN_ENDINGS = "pф|ykp|cpб|mкd"
_URLS = "|".join(
    (
        rf"\b(?:h(?:tt|xx)ps?|ftp) ?: ?/ ?/ ?{_REST}+(?:{_HIDDEN_DOT}{_REST}+)*",
        rf"\bwww{_DOT}{_REST}+(?:{_HIDDEN_DOT}{_REST}+)*",
        rf"\b(?:{_NAME}{_DOT})+[a-z]{{2,24}}/{_REST}+",
        rf"\b(?:{_NAME}(?:{_DOT}| dot | \.))+(?:{_SECOND}|{_ENDINGS})\b(?:[:/?#]{_REST}*)?",
        rf"\b(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}(?::[0-9]{{2,5}}\b(?:/{_REST}*)?|/{_REST}+)",
        rf"(?:{_FOREIGN_NAME}\.)+[a-z{_FOREIGN}]{{2,24}}/{_FOREIGN_REST}+",
        rf"(?:{_FOREIGN_NAME}\.)+(?:{_FOREIGN_ENDINGS})(?:[:/?#]{_FOREIGN_REST}*)?",
    )
)
_EMAILS = rf"[a-z0-9._%+-]+@{_NAME}(?:\.{_NAME})+"
# Each needs two digits side by side somewhere, which a text whose figures are filled no longer has.
_PHONES = "|".join(
    (
        r"(?:\+ ?|\b00 ?)(?:[1-9][0-9]|[17][ .(-]{1,2}[0-9]{2})(?:[ .()-]{0,2}[0-9]){6,12}\b",
        r"\(?\b0[0-9]{1,4}\)?[ .-]{0,2}[0-9]{3,4}[ .-]?[0-9]{3,6}\b",
        r"\b0[0-9](?:[ .-][0-9]{2}){4}\b",
        r"\(?\b(?:1[ .-]\(?)?[0-9]{3}\)?[ .-]{1,2}[0-9]{3}[ .-][0-9]{4}\b",
        r"\b8(?:[ .-]?\([0-9]{3}\)[ .-]?|[ .-][0-9]{3}[ .-])[0-9]{3}[ .-]?[0-9]{2}[ .-]?[0-9]{2}\b",
    )
)
# Digit by digit; one of them is no nought, which no filled figure is.
_SPELT = r"\b(?:0[ .-])*[0-9]{0,2}[1-9][0-9]{0,2}(?:[ .-][0-9]){7,14}\b"
_FIGURES = r"[0-9]+(?:[.,:/-][0-9]+)*"


def fill(texts: pa.Array) -> pa.Array:
    """Put slots in place of e-mail addresses, web addresses, telephone numbers and figures.

    Parameters
    ----------
    texts : pyarrow.Array
        (n,) strings without nulls, letters mapped and blanks single.

    Returns
    -------
    filled : pyarrow.Array
        (n,) strings; `EMAIL`, `URL` and `PHONE` are private-use letters, any figure is ``0``.

    Examples
    --------
    >>> filled = fill(pa.array(["call +66 81 234 5678 or see bit[.]ly/abc, 50.00 off"]))
    >>> filled[0].as_py() == f"call {PHONE} or see {URL} 0 off"
    True
    """
    texts = _replace(texts, "@", _EMAILS, EMAIL)
    texts = _replace(texts, r"\.|dot|:", _URLS, URL)
    texts = _replace(texts, "[0-9]{2}", _PHONES, PHONE)
    texts = _replace(texts, "[0-9][ .-][0-9][ .-]", _SPELT, PHONE)
    texts = _replace(texts, "[0-9]", _FIGURES, "0")
    return _replace(texts, "@[0a-z]", _EMAILS, EMAIL)  # where a figure with a stroke in it hid one


def _replace(texts: pa.Array, hint: str, pattern: str, slot: str) -> pa.Array:
    """Replace in the texts that hold the hint, which is cheap to look for."""
    hit = pc.match_substring_regex(texts, hint)
    filled = pc.replace_substring_regex(texts.filter(hit), pattern, slot)
    return pc.replace_with_mask(texts, hit, filled)
