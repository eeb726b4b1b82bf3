"""What the pages point at is there: files, headings, tests, and targets of the Makefile."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.doors import ROOT

DOCS = sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)
PAGES = sorted([*ROOT.glob("*.md"), *DOCS])
HAND_WRITTEN = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "PRIVACY.md",
    "docs/README.md",
    "docs/threat-model.md",
)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def prose(path: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.M | re.S)


def anchors(path: Path) -> set[str]:
    """The headings of a page as a browser of the repository names them."""
    heads = re.findall(r"^#+ (.*)$", prose(path), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.is_relative_to(ROOT.resolve()), f"{link} leads out of the repository"
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


def test_the_pages_are_looked_at() -> None:
    names = {page.relative_to(ROOT).as_posix() for page in PAGES}
    assert {*HAND_WRITTEN, "docs/dataset.md", "docs/features.md", "docs/recipes.md"} <= names
    assert all(_LINK.search(prose(ROOT / name)) for name in HAND_WRITTEN if name != "PRIVACY.md")


def test_the_index_leads_to_every_page_of_docs() -> None:
    links = set(_LINK.findall(prose(ROOT / "docs" / "README.md")))
    assert {path.relative_to(ROOT / "docs").as_posix() for path in DOCS} - {"README.md"} <= links


def test_the_tests_that_are_cited_are_there() -> None:
    cited = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", prose(ROOT / "docs" / "threat-model.md"))
    assert len(cited) > 20
    for file, name in cited:
        assert re.search(rf"^ *def {name}\(", (ROOT / file).read_text("utf-8"), re.M), f"{file} has no {name}"


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_the_commands_that_are_named_are_there(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.M)) <= targets
    for module in re.findall(r"python -m (tests[.\w]*)", text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


def test_contributors_find_each_target_of_the_makefile() -> None:
    told = set(re.findall(r"`make ([a-z]+)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8")))
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert targets - {"demo", "clean"} == told
