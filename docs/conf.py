"""How the documentation is built: ``make docs``.

The sources are the Markdown files of the repository where they lie, so that they read as well on a code host; the
index is docs/README.md, whose lists of links become the lists of contents. What is put in while a page is read: the
docstrings of ``docs/api``, the pictures of the gallery, the notebooks with the outputs that are stored in them, and
where a page says ``<!-- measured: ... -->``, figures from the model's card and the results of the benches.
"""

import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "docs" / "_build"
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

import gallery  # noqa: E402
import notebook_pages  # noqa: E402

import spamclf  # noqa: E402
from tests import reference_api  # noqa: E402

project = "spamclf"
author = copyright = "The spamclf developers"
version = release = spamclf.__version__

root_doc = "docs/README"
include_patterns = [
    "*.md",
    "docs/**.md",
    "notebooks/*.ipynb",
    "models/default/card.md",
    "data/sample/README.md",
    "tests/benches/RESULTS.md",
]
exclude_patterns = [".*", "**/.*", "docs/_build", "worlds"]
source_suffix = dict.fromkeys([".md", ".ipynb"], "markdown")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"spamclf {release}"
html_copy_source = html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["spamclf.css"]

myst_heading_anchors = 4
smartquotes = False  # quotes in types and formulas are those of Python
default_role = "py:obj"  # `score` in a docstring is a link where there is something of that name
add_module_names = False
autodoc_typehints = "none"  # the sections on parameters tell them
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = napoleon_use_param = False  # as it is written: several names of one kind on one line
napoleon_custom_sections = [("Attributes", "params_style")]

_CARD = ROOT / "models" / "default" / "card.md"
_RESULTS = ROOT / "tests" / "benches" / "RESULTS.md"
_MARK = re.compile(r"^<!-- measured: (section|table|bench) (.+?) -->$", re.M)


def measured(kind: str, name: str) -> str:
    """Return a section or a table (by its first heading) of the model's card, or what a bench printed last."""
    if kind == "table":
        found = re.search(rf"^\| {re.escape(name)} \|.*(?:\n\|.*)+", _CARD.read_text("utf-8"), re.M)
        assert found, f"the card has no table of {name}"
        return f"{found[0]}\n"
    page, heading = (_CARD, name) if kind == "section" else (_RESULTS, f"`python -m tests.benches.{name}`")
    parts = re.split(r"^## (.+)\n", page.read_text("utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading].strip() + "\n"


def contents(index: str) -> str:
    """Return hidden lists of contents: one of each heading of the index, of the pages that it links to."""
    lists = []
    for heading, text in re.findall(r"^## (.+)\n((?:(?!## ).*\n)+)", index, re.M):
        pages = re.findall(r"\[([^]]+)\]\(([^)#:]+)\.(?:md|ipynb)\)", text)
        listed = "\n".join(f"{name[0].upper()}{name[1:]} </{within(page)}>" for name, page in pages)
        lists.append(f"```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{listed}\n```\n")
    return "\n".join(lists)


def within(page: str) -> str:
    """Return where a page that the index links to lies in the repository."""
    return page.removeprefix("../") if page.startswith("../") else f"docs/{page}"


def read_in(app: Any, page: str, source: list[str]) -> None:
    """Put in what is made when a page is read."""
    path = ROOT / f"{page}.md"
    if path in reference_api.PAGES:
        source[0] = reference_api.autodoc_page(reference_api.PAGES[path])
    elif page == root_doc:
        source[0] += "\n" + contents(source[0])
    elif page == "docs/gallery":
        source[0] = gallery.with_pictures(source[0], BUILD / "gallery")
    elif page.startswith("notebooks/"):
        source[0] = notebook_pages.page_of(source[0], page, BUILD / "notebooks")
    else:
        source[0] = _MARK.sub(lambda mark: measured(mark[1], mark[2]), source[0])


def find_public(app: Any, env: Any, node: Any, content: Any) -> Any:
    """Link a name that a docstring shortens, `predict.score` or `Dataset`, if one public name ends so."""
    domain = env.get_domain("py")
    found = [name for name in domain.objects if f".{name}".endswith(f".{node.get('reftarget', '')}")]
    if len(found) != 1:
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, content)


def lead_in(app: Any, error: Exception | None) -> None:
    """Let the folder of pages open at the index."""
    if error is None:
        to = f"{root_doc}.html"
        refresh = f'<meta http-equiv="refresh" content="0; url={to}">'
        page = f'<!doctype html><title>spamclf</title>{refresh}<a href="{to}">Documentation</a>'
        (Path(app.outdir) / "index.html").write_text(page, "utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx call us with each page, with each name that it cannot find, and at the end."""
    app.connect("source-read", read_in)
    app.connect("missing-reference", find_public)
    app.connect("build-finished", lead_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
