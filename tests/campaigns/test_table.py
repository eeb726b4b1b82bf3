"""What a table of campaigns shows of texts that strangers wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamclf.campaigns.table import safe_text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain", "plain"),
        ("  two \t lines\n\n\u2028here ", "two lines here"),
        ("\x1b[31mred\x9b0m", "\\x1b[31mred\\x9b0m"),
        ("abc\u202edef", "abc\\u202edef"),
        ("نمی\u200cدانم", "نمی\u200cدانم"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("x" * 500, "x" * 119 + "…"),
        (None, None),
    ],
)
def test_texts_are_shown_so_that_nothing_moves(text, safe):
    assert safe_text(text) == safe


@given(st.text())
def test_what_is_shown_is_printable(text):
    safe = safe_text(text)
    assert len(safe) <= 120
    assert safe.replace("\u200c", "").replace("\u200d", "").isprintable()
