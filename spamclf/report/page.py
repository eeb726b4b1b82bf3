"""One HTML file out of a frame, a style, a script and data: none of what strangers wrote is ever markup or code."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import Any

__all__ = ["as_json", "page_of"]

#: What could end the script element that holds the data, begin a comment in it, or end a line of JavaScript.
_ESCAPES = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def as_json(contents: Any) -> str:
    r"""Return JSON that can stand in an HTML script element.

    Parameters
    ----------
    contents : anything that JSON can hold

    Returns
    -------
    text : str
        It reads back as the same, and holds no ``<``, ``>``, ``&`` or separator of lines.

    Examples
    --------
    >>> print(as_json(["</script><b>"]))
    ["\u003c/script\u003e\u003cb\u003e"]
    """
    text = json.dumps(contents, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def page_of(contents: dict[str, Any], *, title: str) -> bytes:
    """Return a page that shows `contents`; page.js reads them.

    The style and the script are let in by their hashes alone; a policy in the page forbids any other, and all loading.

    Parameters
    ----------
    contents : dict
        Anything that JSON can hold.
    title : str

    Returns
    -------
    page : bytes
        UTF-8.

    Examples
    --------
    >>> b"<title>A &lt; B</title>" in page_of({}, title="A < B")
    True
    """
    folder = files("spamclf.report")
    frame, style, script = (
        folder.joinpath(f"page.{ending}").read_text("utf-8") for ending in ("html", "css", "js")
    )
    data = as_json(contents)
    policy = (
        f"default-src 'none'; script-src '{_hashed(script)}'; style-src '{_hashed(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": policy,
        "title": html.escape(title),
        "report": hashlib.sha256(data.encode()).hexdigest()[:16],
        "style": style,
        "data": data,
        "script": script,
    }
    return _PLACE.sub(lambda place: parts[place[1]], frame).encode()


def _hashed(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode('ascii')}"
