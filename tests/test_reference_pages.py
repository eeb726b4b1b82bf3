"""The stored reference pages are those of the code, and leave nothing out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from spamclf.features import CATALOGUE
from spamclf.features.feature import Tier, Unit
from spamclf.schema import TABLES, ColumnType
from tests import reference_api
from tests.doors import ROOT
from tests.reference_pages import PAGES, TIERS, TYPES, UNITS, citation, dataset_page, features_page


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_what_is_stored_is_what_the_code_says(path: Path) -> None:
    assert path.read_text("utf-8") == PAGES[path](), f"{path.name}: run make reference"


@pytest.mark.parametrize("area", reference_api.AREAS.values(), ids=lambda area: area.title)
def test_every_name_is_told_and_leads_to_where_it_is_defined(area: reference_api.Area) -> None:
    rows = re.findall(
        r"^\| (?:\[`([\w.]+)`\]\((.+)\)|`(\w+)`) \| (.+) \|$", reference_api.api_page(area), re.M
    )
    names = [name for face in area.faces for name in reference_api.names_of(face)]
    assert len(rows) >= len(names)
    assert {linked or alone for linked, _, alone, _ in rows} >= {name.rpartition(".")[2] for name in names}
    for name, link, _, told in rows:
        assert told.endswith("."), name
        if link:
            source = (reference_api.DOCS / "api" / link).read_text("utf-8")
            assert re.search(rf"^ *(?:class|def) {name.rpartition('.')[2]}\b", source, re.M), name


def test_every_table_and_column_stands_in_it() -> None:
    sections = re.split(r"^## `(\w+)`.*$", dataset_page(), flags=re.M)
    found = dict(zip(sections[1::2], sections[2::2], strict=True))
    assert list(found) == list(TABLES)
    for name, spec in TABLES.items():
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (yes|no) \|", found[name], re.M)
        assert rows[: len(spec.columns)] == [
            (column.name, column.type, "yes" if column.nullable else "no") for column in spec.columns
        ]
        for column in spec.columns:
            assert column.meaning in found[name]
            assert all(f"`{choice}`" in found[name] for choice in column.choices)


def test_every_feature_stands_in_it_once() -> None:
    assert re.findall(r"^### `(\w+)`$", features_page(), re.M) == list(CATALOGUE)


def test_every_type_unit_and_tier_is_explained() -> None:
    assert set(TYPES) == set(get_args(ColumnType))
    assert set(UNITS) == set(get_args(Unit))
    assert set(TIERS) == set(get_args(Tier))


def test_the_citation_names_nobody_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    said = citation()
    assert re.findall(r'^  - name: "(.*)"$', said, re.M) == [author["name"] for author in project["authors"]]
    keys = set(re.findall(r"^([a-z-]+):", said, re.M))
    assert {"cff-version", "message", "title", "authors"} <= keys  # what the format asks for
    assert not keys & {"doi", "identifiers"}
