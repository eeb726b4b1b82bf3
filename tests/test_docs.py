"""What is public is written down: in the README, in docstrings, and in the catalogue."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from string import Formatter
from typing import Any, get_args

import pytest

import spamclf
from spamclf import explain, predict, train
from spamclf.cli import main
from spamclf.features import CATALOGUE, FAMILIES
from spamclf.features.feature import Tier, Unit
from spamclf.schema import TABLES
from tests.doors import ROOT

README = ROOT / "README.md"


def is_defined_in(value: Any, module: Any) -> bool:
    return (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__ == module.__name__


def modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(spamclf.__path__, "spamclf."):
        if not found.name.startswith("spamclf.kernels") and not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def public_functions() -> dict[str, Any]:
    """Functions that modules name as public, and the public methods of public classes."""
    found = {}
    for module in modules():
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if not is_defined_in(value, module):
                continue
            found[f"{module.__name__}.{name}"] = value
            if inspect.isclass(value):
                for method, function in vars(value).items():
                    function = getattr(function, "__func__", function)
                    if not method.startswith("_") and inspect.isfunction(function):
                        found[f"{module.__name__}.{name}.{method}"] = function
    return found


FUNCTIONS = public_functions()
# ---- docstrings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", FUNCTIONS)
def test_public_names_have_docstrings(where):
    doc = FUNCTIONS[where].__doc__
    assert doc, where
    first = doc.strip().split("\n\n")[0]
    assert first.endswith((".", ":")) or first.count("\n") == 0, f"{where}: a summary is a sentence"


# ---- README ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def readme() -> str:
    return README.read_text("utf-8")


@pytest.mark.parametrize("command", main.commands)
def test_readme_names_every_command(readme, command):
    assert re.search(rf"spamclf {command}\b", readme), f"README.md must show `spamclf {command}`"


@pytest.mark.parametrize("name", [name for name in spamclf.__all__ if not name.startswith("_")])
def test_readme_names_the_face(readme, name):
    assert re.search(rf"\b{name}\b", readme), f"README.md must name {name}"


@pytest.mark.parametrize(
    "name",
    [
        f"{module.__name__.removeprefix('spamclf.')}.{name}"
        for module in (predict, train, explain)
        for name in module.__all__
        if is_defined_in(getattr(module, name), module)
    ],
)
def test_readme_names_the_doors(readme, name):
    assert re.search(rf"\b{re.escape(name)}\b", readme), f"README.md must name {name}"


def test_readme_shows_the_two_commands(readme):
    assert "make demo" in readme
    assert "make test" in readme


# ---- the catalogue -----------------------------------------------------------------------------------------------


def test_the_catalogue_is_large_enough():
    assert len(CATALOGUE) >= 40
    assert {"account", "registration", "send_rate", "fan_out", "replies", "rhythm", "feedback"} <= set(
        FAMILIES
    )


@pytest.mark.parametrize("name", CATALOGUE)
def test_catalogue_entries_are_complete(name):
    feature = CATALOGUE[name]
    family = next(family for family in FAMILIES.values() if feature in family.features)
    assert name == feature.name
    # "account_time_to_send_10_s" and the like: the family's name comes first, in words
    assert name.startswith(f"{family.name}_"), f"the family's name, {family.name}, comes first"
    assert feature.formula.strip(), "needs a formula"
    assert feature.unit in get_args(Unit)
    assert feature.tier in get_args(Tier)
    assert feature.direction in (-1, 0, 1)
    fields = [field for _, field, _, _ in Formatter().parse(feature.sentence) if field is not None]
    assert fields.count("value") == 1, "a sentence says the value, once"
    assert {*fields} - {"value"} == set(feature.companions) <= set(CATALOGUE)
    assert feature.sentence == feature.sentence.strip()
    for value in (0.0, 1.0, 0.123456, 12345.678, float("nan")):
        said = feature.say(value)
        assert said
        assert "{" not in said
    assert feature.needs, "says which columns it needs"
    for need in (each for either in feature.needs for each in either.split("|")):
        table, _, column = need.partition(".")
        assert table in TABLES, need
        assert column in [each.name for each in TABLES[table].columns], need


def test_tiers_follow_what_is_read():
    """Reports and evidence are tier F, photos 2, texts 3, registration 0."""
    for feature in CATALOGUE.values():
        read = {need.split(".")[0] for either in feature.needs for need in either.split("|")}
        assert bool(read & {"reports", "evidence"}) <= (feature.tier == "F"), feature.name
        if feature.tier == "0":
            assert read <= {"accounts", "messages", "labels"}, feature.name
        assert ("photos" in read) <= (feature.tier in "2F"), feature.name
        assert ("texts" in read) <= (feature.tier in "3F"), feature.name
