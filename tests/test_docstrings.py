"""Every public name has a docstring by the template: what it takes, gives and raises, and an example that runs.

That examples do run is seen by pytest itself, which collects them from `spamclf`. A section may hand on what another
docstring says, ``As of `predict.score`.``, if it is said there.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

import spamclf
from spamclf import errors
from tests.reference_api import comment_of, is_ours, methods_of, public_names

ERRORS = frozenset(errors.__all__)
_HANDED_ON = re.compile(r"\b(?:[Aa]s (?:of|for|given to)|are those of)\s+((?:`[\w.]+`(?:,? and |, )?)+)")


PUBLIC = public_names()
FUNCTIONS = {where: value for where, value in PUBLIC.items() if inspect.isfunction(value)}
CLASSES = {where: value for where, value in PUBLIC.items() if inspect.isclass(value)}
CONSTANTS = [where for where in PUBLIC if where not in FUNCTIONS | CLASSES]
METHODS: dict[str, Any] = {}
for _where, _cls in CLASSES.items():
    for _name, _method in methods_of(_cls).items():
        if _method not in METHODS.values():  # a class that others build on hands its own down
            METHODS[f"{_where}.{_name}"] = _method
CALLABLES = FUNCTIONS | {where: each for where, each in METHODS.items() if inspect.isfunction(each)}


# ---- what a docstring says ---------------------------------------------------------------------------------------


def sections(value: Any) -> dict[str, str]:
    """Cut a numpydoc docstring at its underlined headings; what comes before them is under ``""``."""
    text = inspect.cleandoc(value.__doc__ or "") + "\n"
    first, *parts = re.split(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", text, flags=re.M)
    return {"": first} | dict(zip(parts[::2], parts[1::2], strict=True))


def entries(section: str) -> Iterator[tuple[list[str], str, str]]:
    """Names, type and text of each entry of a section."""
    for head, text in re.findall(r"^(\S.*)\n((?:[ \t]+.*\n|\n)*)", section, re.M):
        names, _, kind = head.partition(" : ")
        yield [name.strip(" *") for name in names.split(",")], kind.strip(), text


def said_elsewhere(value: Any, text: str) -> list[Any]:
    """What a text hands on to: a method beside this one, or what its module or a public name is called."""
    home = sys.modules[value.__module__]
    owner = getattr(home, value.__qualname__.partition(".")[0], None)
    names = [name for found in _HANDED_ON.findall(text) for name in re.findall(r"`([\w.]+)`", found)]
    return [other for name in names if (other := spoken_of(name, owner, home)) is not None]


def spoken_of(name: str, *places: Any) -> Any:
    for place in (*places, spamclf):
        try:
            return functools.reduce(getattr, name.removeprefix("spamclf.").split("."), place)
        except AttributeError:
            continue
    return next((other for where, other in (CALLABLES | CLASSES).items() if where.endswith(f".{name}")), None)


def told(value: Any, headings: tuple[str, ...]) -> dict[str, str]:
    """The names that sections tell, and the type of each; of those that stand elsewhere, the type that stands there."""
    found: dict[str, str] = {}
    said = sections(value)
    for heading in headings:
        for names, kind, text in entries(said.get(heading, "")):
            others = [told(other, headings) for other in said_elsewhere(value, text)] if not kind else []
            for name in names:
                found[name] = kind or next((other[name] for other in others if other.get(name)), "")
    for other in handed_on_whole(value):
        found = told(other, headings) | found
    return found


def handed_on_whole(value: Any) -> list[Any]:
    """Whose sections stand for those that a docstring of few words has not, as the functions of `plots` do it."""
    first = " ".join(sections(value)[""].split())
    return said_elsewhere(value, first) if "Parameters are those of" in first else []


def all_sections(value: Any) -> dict[str, str]:
    return functools.reduce(dict.__or__, map(sections, handed_on_whole(value)), {}) | sections(value)


def errors_told(value: Any) -> set[str]:
    """The errors that a docstring names; those that stand elsewhere are named here, too."""
    found = set(re.findall(r"\w+Error\b", sections(value).get("Raises", "")))
    return found.union(*(errors_told(other) for other in handed_on_whole(value)))


# ---- what the code raises ----------------------------------------------------------------------------------------


@functools.cache
def looked_through(function: Any) -> tuple[frozenset[str], tuple[tuple[Any, frozenset[str]], ...]]:
    """What a function raises of the library, and its functions that it calls with what it catches around each."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    known = dict(vars(sys.modules[function.__module__]))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("spamclf"):
            module = importlib.import_module(node.module or "")
            known |= {each.asname or each.name: getattr(module, each.name) for each in node.names}
    owner = known.get(function.__qualname__.partition(".")[0]) if "." in function.__qualname__ else None
    raised: set[str] = set()
    called: list[tuple[Any, frozenset[str]]] = []
    for node, caught in with_caught(tree, frozenset()):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = getattr(node.exc.func, "id", getattr(node.exc.func, "attr", ""))
            raised |= {name} & ERRORS - caught
        elif isinstance(node, ast.Call):
            called += [(each, caught) for each in functions_of(resolved(node.func, known, owner))]
    return frozenset(raised), tuple(called)


def with_caught(node: ast.AST, caught: frozenset[str]) -> Iterator[tuple[ast.AST, frozenset[str]]]:
    """Each node, and the names of the library's errors that are caught around it."""
    for child in ast.iter_child_nodes(node):
        inner = caught
        if isinstance(node, ast.Try) and child in node.body:
            types = [each for handler in node.handlers for each in ast.walk(handler.type or handler)]
            names = {getattr(each, "attr", getattr(each, "id", "")) for each in types}
            inner = caught | (ERRORS if names & {"SpamclfError", "Exception"} else names & ERRORS)
        yield child, inner
        yield from with_caught(child, inner)


def resolved(node: ast.AST, known: dict[str, Any], owner: Any) -> Any:
    """What a called expression is, as far as names tell."""
    if isinstance(node, ast.Name):
        return owner if node.id == "cls" else known.get(node.id)
    if isinstance(node, ast.Attribute):
        is_self = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        base = owner if is_self else resolved(node.value, known, owner)
        if inspect.ismodule(base) or inspect.isclass(base):
            return inspect.getattr_static(base, node.attr, None)
    return None


def functions_of(value: Any) -> list[Any]:
    value = getattr(value, "__func__", value)
    if inspect.isclass(value) and is_ours(value):
        own = [vars(value).get(name) for name in ("__init__", "__post_init__")]
        return [
            each for each in own if each and not each.__code__.co_filename.startswith("<")
        ]  # a dataclass's is made
    value = inspect.unwrap(value) if callable(value) else value
    return [value] if inspect.isfunction(value) and is_ours(value) else []


def raises(function: Any) -> dict[str, str]:
    """The library's errors that a function raises, itself or by what it calls, each with the way there."""
    found: dict[str, str] = {}
    todo: list[tuple[Any, frozenset[str], str]] = [(function, frozenset(), function.__qualname__)]
    seen = set()
    for each, caught, way in todo:  # grows as it is walked through
        if (each, caught) in seen or "<" in each.__qualname__:
            continue
        seen.add((each, caught))
        raised, called = looked_through(each)
        for error in raised - caught:
            found.setdefault(error, way)
        todo += [(other, caught | also, f"{way} > {other.__qualname__}") for other, also in called]
    return found


# ---- the template ------------------------------------------------------------------------------------------------


#: What the code might raise as far as names tell, but does not.
NOT_RAISED = {"spamclf.campaigns.CampaignIndex.load": {"ParameterError"}}  # what it is made of was audited


def arguments(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters) - {"self", "cls"}


@pytest.mark.parametrize("where", [*FUNCTIONS, *CLASSES, *METHODS])
def test_a_summary_is_one_line(where: str) -> None:
    value = (FUNCTIONS | CLASSES | METHODS)[where]
    first = sections(value)[""].strip().partition("\n\n")[0]
    assert first, f"{where} must have a docstring"
    assert "\n" not in first, f"{where}: the summary must fit on a line; got {first!r}"
    assert first[-1] in ".:?", f"{where}: the summary must be a sentence; got {first!r}"


@pytest.mark.parametrize("where", CALLABLES)
def test_parameters_are_those_of_the_signature(where: str) -> None:
    function = CALLABLES[where]
    said = told(function, ("Parameters",))
    if handed_on_whole(function):  # they may be more
        said = {name: kind for name, kind in said.items() if name in arguments(function)}
    assert set(said) == arguments(function), where
    starred = {p.name for p in inspect.signature(function).parameters.values() if p.kind is p.VAR_KEYWORD}
    untyped = {name for name, kind in said.items() if not kind} - starred
    assert not untyped, f"{where} must tell the type of {', '.join(sorted(untyped))}"


@pytest.mark.parametrize("where", CALLABLES)
def test_what_is_returned_is_told(where: str) -> None:
    """Where nothing is taken, "Return ..." may say it all."""
    function = CALLABLES[where]
    if inspect.signature(function).return_annotation in (None, "None"):
        return
    in_a_sentence = (
        where in METHODS and not arguments(function) and sections(function)[""].startswith("Return ")
    )
    assert in_a_sentence or {"Returns", "Yields"} & {*all_sections(function)}, where


@pytest.mark.parametrize("where", CALLABLES)
def test_errors_are_told(where: str) -> None:
    """Every error of the library that the code raises, itself or by what it calls as far as names tell."""
    if not arguments(CALLABLES[where]):
        return  # nothing that could be wrong
    found = raises(CALLABLES[where])
    untold = {*found} - errors_told(CALLABLES[where]) - NOT_RAISED.get(where, set())
    assert not untold, f"{where} must tell of {', '.join(f'{error} ({found[error]})' for error in untold)}"


@pytest.mark.parametrize("where", FUNCTIONS)
def test_functions_have_an_example(where: str) -> None:
    assert ">>> " in all_sections(FUNCTIONS[where]).get("Examples", ""), where


@pytest.mark.parametrize("where", [where for where, cls in CLASSES.items() if not issubclass(cls, Exception)])
def test_classes_tell_their_fields(where: str) -> None:
    """A class of data has its attributes, one that does something its parameters and an example."""
    cls = CLASSES[where]
    said = told(cls, ("Parameters", "Attributes"))
    assert all(said.values()), (
        f"{where} must tell the type of {[name for name, kind in said.items() if not kind]}"
    )
    if dataclasses.is_dataclass(cls):
        fields = {field.name for field in dataclasses.fields(cls) if field.name[0] != "_"}
        assert not fields - {*said}, f"{where} must tell of {', '.join(fields - {*said})}"
    else:
        assert arguments(cls) == {*said} & arguments(cls), where
        assert ">>> " in sections(cls).get("Examples", ""), where


@pytest.mark.parametrize("where", CONSTANTS)
def test_constants_have_a_comment(where: str) -> None:
    """Above the line that defines them, with ``#:``."""
    assert comment_of(where, PUBLIC[where]).endswith("."), where


# ---- the tests see what is wrong ---------------------------------------------------------------------------------


def _lacking(account: str, *, as_of: int) -> int:
    """Return something.

    Parameters
    ----------
    account
        As of `predict.score`.
    other : int
    """
    if as_of:
        raise errors.SchemaError(account)
    try:
        spamclf.load_model(account)
    except errors.ModelFileError:
        return 0
    return spamclf.extract(account).values.size  # type: ignore[arg-type]


def test_a_wrong_docstring_is_seen() -> None:
    assert told(_lacking, ("Parameters",)) == {"account": "", "other": "int"}
    assert "Returns" not in all_sections(_lacking)
    assert errors_told(_lacking) == set()
    found = raises(_lacking)
    assert found["SchemaError"] == "_lacking"
    assert found["ParameterError"].startswith("_lacking > extract")
    assert "ModelFileError" not in found


def test_what_stands_elsewhere_is_found() -> None:
    assert told(spamclf.predict.segments, ("Parameters",))["as_of"].startswith("str, datetime")
    assert "Parameters" in all_sections(spamclf.plots.plot_roc)  # type: ignore[attr-defined]
