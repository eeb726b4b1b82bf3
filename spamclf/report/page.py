"""One HTML file out of a frame, a style, a script and data: none of what strangers wrote is ever markup or code."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import Any

__all__ = ["SCRIPTS", "as_json", "page_of", "script_of"]

#: The parts of the script, in their order; `assets` holds them, the frame and the style.
SCRIPTS = ("values", "decisions", "table", "case", "timeline", "quality", "campaigns", "start")
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
    """Return a page that shows `contents`, which its script reads.

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
    frame, style = (_asset(name) for name in ("frame.html", "style.css"))
    script = script_of()
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


def script_of() -> str:
    """Return the page's script: its parts in one scope of their own."""
    return '"use strict";\n(() => {\n' + "\n".join(_asset(f"{name}.js") for name in SCRIPTS) + "})();\n"


def _asset(name: str) -> str:
    return files("spamclf.report").joinpath("assets", name).read_text("utf-8")


def _hashed(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode('ascii')}"
