"""The dossier's page in a real browser: it opens and prints, and what strangers wrote runs nothing."""

from __future__ import annotations

import pytest

from tests.dossier.common import BAD, found
from tests.dossier.test_page import hostile
from tests.report.axe import grave
from tests.report.browser import MISSING, browser

pytestmark = [pytest.mark.slow, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]


@pytest.fixture(scope="module")
def window():
    with browser() as started:
        yield started


def opened(window, html, folder):
    page = folder / "dossier.html"
    page.write_text(html, "utf-8")
    window.log()
    window.open(page)
    return window


def test_it_opens_and_prints(window, tmp_path):
    opened(window, found().to_html(), tmp_path)
    assert window.texts("h1")[0].startswith("Operator dossier: ")
    assert len(window.texts("section h2")) == len(window.texts("nav a")) > 5
    assert window.run("return document.documentElement.scrollWidth <= innerWidth")
    assert window.printed().startswith(b"%PDF")
    assert window.log() == []


def test_names_of_strangers_run_nothing(window, tmp_path):
    opened(window, hostile(), tmp_path)
    assert window.run("return document.scripts.length") == 0
    assert f"Bulk{BAD[:8]}" in window.texts("h1")[0]
    with pytest.raises(AssertionError, match="no such alert"):
        window.call("GET", "/alert/text")
    assert window.log() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_grave_is_wrong_for_those_who_do_not_see(window, tmp_path, scheme):
    window.emulate(prefers_color_scheme=scheme)
    assert grave(opened(window, found().to_html(), tmp_path)) == []
