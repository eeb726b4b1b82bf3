"""The pages that say what the code says: ``python -m tests.reference_pages`` (``make reference``) writes them.

The contract of a dataset, the catalogue of features, and how to cite: each is made from the one place where it is
decided, so that it cannot say anything else.
"""

from __future__ import annotations

import inspect
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from spamclf.dataset import Dataset
from spamclf.features import FAMILIES, Family, Feature
from spamclf.schema import TABLES, Column, ColumnType, Table
from spamclf.tables.quarantine import RULES
from tests import reference_api
from tests.doors import ROOT

TYPES: dict[ColumnType, str] = {
    "id": "an opaque string; an integer where every id of the dataset is one",
    "string": "text",
    "time": "an instant, kept as `timestamp[us, UTC]`: a timestamp with a zone, ISO 8601 text, or, where zone or unit "
    "are stated, one without a zone or an integer",
    "bool": "true or false",
    "float": "a float64",
    "signature": "a list of MinHash values, 32-bit numbers, all of one length",
}
TIERS = {
    "0": "registration",
    "1": "message metadata",
    "2": "photos",
    "3": "texts or signatures",
    "F": "reports and evidence",
}
DIRECTIONS = {
    1: "more is more suspicious",
    -1: "less is more suspicious",
    0: "neither direction is suspicious",
}
UNITS = {
    "count": "how many", "share": "a share from 0 to 1", "s": "seconds", "bits": "bits of entropy",
    "ratio": "a ratio without a unit", "flag": "0 or 1", "1/min": "per minute", "1/day": "per day",
    "1/day^2": "how much a daily number changes per day",
}  # fmt: skip
MADE = "<!-- made by: make reference -->"


# ---- the contract ------------------------------------------------------------------------------------------------


def dataset_page() -> str:
    """Lay out every table and column of the contract."""
    required = " and ".join(f"`{name}`" for name, spec in TABLES.items() if spec.required)
    bad = inspect.signature(Dataset.__init__).parameters["max_bad_share"].default
    lines = [
        "# The dataset",
        MADE,
        f"A dataset is a folder of up to {len(TABLES)} tables, each `NAME.parquet`, `NAME.csv` or a folder `NAME/` of "
        f"Parquet parts, or as many frames given to `spamclf.Dataset`. Only {required} are required. Other tables and "
        "other columns are not read. `spamclf describe FOLDER` prints this contract, what is wrong with the data, and "
        "the names of what is not read.",
        "A column that may be null may also be left out. A row is seen from just after its time on: at and before that "
        "instant it is not there. Rows that break a rule are set aside and counted; where more of a table's rows than "
        f"`max_bad_share` (a share, {bad:g} unless you say otherwise) do, the dataset is refused; one bad row of a "
        "table of less than a hundred is let through.",
        "Beside the tables may stand `dataset.toml`, which states `[time] zone, unit`, `[photo_hash] scheme` and "
        "`[signature] scheme, seed, n_perm, hash`, and `innocent.csv`, photos and texts that many may share.",
        "The unit of integer times is one of `s`, `ms`, `us`, `ns`: seconds, milliseconds, microseconds or nanoseconds "
        "since 1970. Times before the year 2000 are used, and warned of: most often their unit is another than the "
        "stated one.",
        "## Types",
        _table(("type", "what it is"), ((f"`{name}`", said) for name, said in TYPES.items())),
    ]
    for spec in TABLES.values():
        lines += [f"## `{spec.name}`" + ("" if spec.required else " (optional)"), _sentence(spec.meaning)]
        lines.append(_table(("column", "type", "null", "meaning"), map(_column_cells, spec.columns)))
        rules = _table_rules(spec)
        lines.append("\n".join(f"- {rule}" for rule in rules))
    lines += [
        "## Why a row is set aside",
        "The quarantine names the table, the column and the rule; `describe` also says what to write instead, where "
        "that is known.",
        _table(("rule", "what is wrong"), ((f"`{rule}`", said) for rule, said in RULES.items())),
    ]
    return _page(lines)


def _column_cells(column: Column) -> tuple[str, ...]:
    said = [column.meaning]
    if column.unit:
        said.append(f"in {column.unit}")
    if column.choices:
        said.append("one of " + ", ".join(f"`{choice}`" for choice in column.choices))
    if column.minimum is not None:
        said.append(f"at least {column.minimum:g}")
    if column.pattern:
        said.append(f"the whole value matches `{column.pattern}`")
    return f"`{column.name}`", column.type, "yes" if column.nullable else "no", "; ".join(said)


def _table_rules(spec: Table) -> Iterator[str]:
    yield f"A row is seen just after its `{spec.time}`" + (
        "; one without it, always." if spec.column(spec.time).nullable else "."
    )
    if spec.name == "messages":
        yield (
            "A row that repeats another exactly counts once, so times in whole seconds make one message of several "
            "to the same recipient within a second: give milliseconds or more where you have them."
        )
    if spec.key:
        yield f"One row for each {_names(spec.key)}: others go to quarantine (`duplicate_key`)."
    if spec.known:
        yield f"{_names(spec.known)} must be in `accounts`, or a sender in `messages` (`unknown_account`)."
    if spec.distinct:
        group = ", unless `is_group`" if any(column.name == "is_group" for column in spec.columns) else ""
        yield f"{_names(spec.distinct)} must differ{group} (`same_account`)."


# ---- the catalogue -----------------------------------------------------------------------------------------------


def features_page() -> str:
    """Lay out every feature of the catalogue, by family."""
    lines = [
        "# The features",
        MADE,
        f"The {sum(len(family.features) for family in FAMILIES.values())} features of an account at an instant, "
        "`as_of`. Each is computed from the rows in `[as_of - history, as_of)`, 30 days unless said otherwise, and "
        "nothing later. `spamclf.extract` gives them, a model's reasons are made of them.",
        _table(("family", "what it looks at", "features", "tiers"), map(_family_cells, FAMILIES.values())),
        "Of each feature stand here its formula, and when it is null; the sentence of a reason, where `{value}` is the "
        "value in words and other names in braces are other features' values; its unit; what its direction is; its "
        "*tier*, what a platform must be willing to look at; what it *needs*, columns without which it tells nothing "
        "(`a|b`: either will do); and whether it is the account's *own doing*, something that it could have done "
        "otherwise, which alone is asked of it when it is told what would clear it.",
        "In all formulas a message repeated exactly counts once, quantiles are interpolated linearly, and standard "
        "deviations are those of a population.",
        _table(("tier", "looks at"), TIERS.items()),
        _table(("unit", "what it is"), ((f"`{unit}`", said) for unit, said in UNITS.items())),
    ]
    for family in FAMILIES.values():
        lines += [f"## `{family.name}`", _sentence(_meaning(family)), *map(_feature, family.features)]
    return _page(lines)


def _meaning(family: Family) -> str:
    """Return what the family's module says of it."""
    first = (sys.modules[family.measure.__module__].__doc__ or "").strip().splitlines()[0]
    return first.removeprefix(f"Family `{family.name}`: ").rstrip(".")


def _family_cells(family: Family) -> tuple[str, ...]:
    tiers = Counter(feature.tier for feature in family.features)
    link = f"[`{family.name}`](#{family.name})"
    return link, _meaning(family), str(len(family.features)), ", ".join(sorted(tiers))


def _feature(feature: Feature) -> str:
    facts = [f"`{feature.unit}`", DIRECTIONS[feature.direction], f"tier {feature.tier}"]
    facts.append("own doing" if feature.actionable else "not its own doing")
    after = f"; after {feature.reference}" if feature.reference else ""
    needs = ", ".join(f"`{need}`" for need in feature.needs)
    lines = [
        f"### `{feature.name}`\n",
        f"- formula: {_plain(feature.formula)}",
        f"- sentence: {_plain(feature.sentence)}",
        f"- {', '.join(facts)}{after}",
        f"- needs {needs}",
    ]
    return "\n".join(lines)


# ---- how to cite -------------------------------------------------------------------------------------------------


def citation() -> str:
    """Return CITATION.cff (format 1.2.0) from what pyproject.toml says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [
        "# Made from pyproject.toml by: make reference",
        "cff-version: 1.2.0",
        "message: If you use this software in your work, please cite it as below.",
        "type: software",
        f"title: {project['name']}",
        f"abstract: {json.dumps(project['description'])}",
        "authors:",
        *(f"  - name: {json.dumps(author['name'])}" for author in project["authors"]),
        f"version: {json.dumps(project['version'])}",
        f"license: {project['license']}",
        "keywords:",
        *(f"  - {json.dumps(word)}" for word in project["keywords"]),
    ]
    return "\n".join(lines) + "\n"


# ---- Markdown ----------------------------------------------------------------------------------------------------


def _page(blocks: list[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _names(names: tuple[str, ...]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _plain(text: str) -> str:
    """Keep Markdown from taking a sign of a formula for its own."""
    for sign in "\\*<":
        text = text.replace(sign, f"\\{sign}")
    return text


PAGES: dict[Path, Callable[[], str]] = {
    ROOT / "docs" / "dataset.md": dataset_page,
    ROOT / "docs" / "features.md": features_page,
    ROOT / "CITATION.cff": citation,
    **{path: partial(reference_api.api_page, area) for path, area in reference_api.PAGES.items()},
}


if __name__ == "__main__":
    for path, page in PAGES.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(), "utf-8")
