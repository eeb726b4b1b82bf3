"""The public names, by area: what ``docs/api`` lists, autodoc lays out, and the tests of docstrings look at.

On a code host a page of ``docs/api`` is a table of names with a line each (`api_page`, stored by ``make reference``);
when Sphinx builds it, the docstrings stand there instead (`autodoc_page`, called by ``docs/conf.py``).
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

DOCS = Path(__file__).parent.parent / "docs"


class Area(NamedTuple):
    title: str
    says: str
    faces: tuple[str, ...]


#: A name that several faces hand on is public in the first one.
AREAS = {
    "data": Area(
        "Data", "Tables in, a checked dataset out.", ("spamclf", "spamclf.schema", "spamclf.describe")
    ),
    "scoring": Area(
        "Scoring", "One computation behind four doors.", ("spamclf.predict", "spamclf.batch", "spamclf.spark")
    ),
    "training": Area(
        "Training",
        "Labels in, a model with a certificate out.",
        ("spamclf.train", "spamclf.model", "spamclf.review"),
    ),
    "explaining": Area(
        "Explaining", "Why an account was flagged, and what would clear it.", ("spamclf.explain",)
    ),
    "evaluating": Area(
        "Evaluating",
        "What a model is worth on accounts that it has not seen, and what it costs to evade it.",
        ("spamclf.evaluate", "spamclf.simulate"),
    ),
    "campaigns": Area(
        "Campaigns",
        "What accounts share: photos, texts, lists of recipients.",
        ("spamclf.find", "spamclf.campaigns", "spamclf.contact_sheet"),
    ),
    "features": Area("Features", "What is known of an account at an instant.", ("spamclf.features",)),
    "showing": Area(
        "Showing and handing on",
        "Pictures, pages and files of what others computed.",
        ("spamclf.plots", "spamclf.report", "spamclf.dossier", "spamclf.pseudonymise", "spamclf.output"),
    ),
    "errors": Area("Errors", "What callers can tell apart.", ("spamclf.errors",)),
}
FACES = tuple(face for area in AREAS.values() for face in area.faces)


def public_names() -> dict[str, Any]:
    """Everything that the faces name, once, by the first face that names it."""
    found: dict[str, Any] = {}
    for face in FACES:
        module = importlib.import_module(face)
        for name in module.__all__:
            value = getattr(module, name)
            if (
                name[0] != "_"
                and not inspect.ismodule(value)
                and not any(value is other for other in found.values())
            ):
                found[f"{face}.{name}"] = value
    return found


def names_of(face: str) -> dict[str, Any]:
    return {name: value for name, value in public_names().items() if name.rpartition(".")[0] == face}


def methods_of(cls: type) -> dict[str, Any]:
    """The public functions and properties of a class, with those that it has from others of the library."""
    found = {}
    for base in reversed([each for each in cls.__mro__ if is_ours(each)]):
        own = {name: getattr(each, "__func__", each) for name, each in vars(base).items() if name[0] != "_"}
        found |= {
            name: each
            for name, each in own.items()
            if isinstance(each, property) or (inspect.isfunction(each) and is_ours(each))
        }
    return found


def members_of(value: Any) -> list[str]:
    """The methods of a class that stand beside it, not beside a public class that it is made from; none of others."""
    if not inspect.isclass(value) or issubclass(value, Exception):
        return []
    public = [each for each in public_names().values() if inspect.isclass(each) and each is not value]
    handed_down = {name for each in public if issubclass(value, each) for name in methods_of(each)}
    return [each for each in methods_of(value) if each in vars(value) or each not in handed_down]


def is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith("spamclf")


# ---- to read on a code host ---------------------------------------------------------------------------------------


def api_page(area: Area) -> str:
    """Lay out the names of an area and what their classes can do, a line each, with where they are defined."""
    lines = [f"# {area.title}", "", "<!-- made by: make reference -->", "", area.says]
    for face in area.faces:
        lines += [
            "",
            f"## {face}",
            "",
            _summary(importlib.import_module(face)),
            "",
            "| name | what it is |",
            "|---|---|",
        ]
        for name, value in names_of(face).items():
            lines.append(f"| {_name(name.rpartition('.')[2], value)} | {_line(name, value)} |")
            lines += [
                f"| {_name(f'{value.__name__}.{member}', methods_of(value)[member])} | "
                f"{_line(member, methods_of(value)[member])} |"
                for member in members_of(value)
            ]
    return "\n".join(lines) + "\n"


def _name(name: str, value: Any) -> str:
    """A name as a link to the file that defines it; of what stands nowhere by itself, such as a number, the name."""
    value = value.fget if isinstance(value, property) else value
    if not is_ours(value):
        return f"`{name}`"
    return f"[`{name}`]({os.path.relpath(inspect.getfile(value), DOCS / 'api')})"


def _line(name: str, value: Any) -> str:
    is_told = inspect.isclass(value) or inspect.isfunction(value) or isinstance(value, property)
    return (_summary(value) if is_told else comment_of(name, value)).replace("|", "\\|")


def comment_of(name: str, value: Any) -> str:
    """The comment, ``#:``, above the line that defines a constant; empty if there is none."""
    line = rf"((?:^#: .*\n)+)(?:\w+, )*{name.rpartition('.')[2]}(?:, \w+)*(?:: .*)? = "
    for module in [each for where, each in sys.modules.items() if where.startswith("spamclf")]:
        if getattr(module, name.rpartition(".")[2], None) is value and module.__file__:
            found = re.search(line, Path(module.__file__).read_text("utf-8"), re.M)
            if found:
                return " ".join(found[1].replace("#:", "").split())
    return ""


def _summary(value: Any) -> str:
    return " ".join(inspect.cleandoc(value.__doc__ or "").partition("\n\n")[0].split())


# ---- to read when built -------------------------------------------------------------------------------------------


def autodoc_page(area: Area) -> str:
    """Lay out the docstrings of an area, for Sphinx to read in."""
    lines = [f"# {area.title}", "", area.says]
    for face in area.faces:
        lines += ["", f"## {face}", "", _summary(importlib.import_module(face)), "", "```{eval-rst}"]
        for name, value in names_of(face).items():
            lines += [*_directive(name, value), ""]
        lines.append("```")
    return "\n".join(lines) + "\n"


def _directive(name: str, value: Any) -> list[str]:
    if inspect.isfunction(value):
        return [f".. autofunction:: {name}"]
    if not inspect.isclass(value):
        shown = f" ``{value!r}``" if isinstance(value, str | tuple) and len(repr(value)) < 90 else ""
        return [f".. py:data:: {name}", "", f"   {comment_of(name, value)}{shown}"]
    if issubclass(value, Exception):
        return [f".. autoexception:: {name}", "   :show-inheritance:"]
    members = members_of(value)
    return [f".. autoclass:: {name}", *([f"   :members: {', '.join(members)}"] if members else [])]


PAGES = {DOCS / "api" / f"{name}.md": area for name, area in AREAS.items()}
