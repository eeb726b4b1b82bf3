"""PRIVACY.md says of every feature what it looks at; its table is made from the catalogue.

``python -m tests.test_privacy_page`` writes the table anew.
"""

from __future__ import annotations

import re

from spamclf.features import CATALOGUE, FAMILIES
from spamclf.pseudonymise import TREATMENT
from spamclf.schema import TABLES
from tests.doors import ROOT

PAGE = ROOT / "PRIVACY.md"
BEGIN, END = "<!-- made by: python -m tests.test_privacy_page -->\n", "<!-- end -->"
LEAVING = "<!-- made by: python -m tests.test_privacy_page, too -->\n"
TREATED = {
    "kept": "as it is",
    "person": "pseudonym of a person",
    "recipient": "pseudonym of a person, or of a group",
    "network": "pseudonym of a network",
    "device": "pseudonym of a device",
    "campaign": "pseudonym of a campaign",
    "operator": "pseudonym of an operator",
    "fingerprint": "hash or signature, also made of the photo or text; or a mark",
    "dropped": "does not leave",
}
TIERS = {
    "0": "0, registration",
    "1": "1, message metadata",
    "2": "2, photos",
    "3": "3, texts or signatures",
    "F": "F, reports and evidence",
}


def made() -> str:
    """Lay out the features of each tier and family, and the columns that they are made from, as a Markdown table."""
    lines = ["| tier | family | features | made from |", "|---|---|---|---|"]
    for tier, said in TIERS.items():
        for family in FAMILIES.values():
            features = [feature for feature in family.features if feature.tier == tier]
            if features:
                names = ", ".join(f"`{feature.name.removeprefix(f'{family.name}_')}`" for feature in features)
                needs = sorted({need for feature in features for need in feature.needs})
                columns = ", ".join(f"`{need}`" for need in needs)
                lines.append(f"| {said} | `{family.name}` | {names} | {columns} |")
    return "\n".join(lines) + "\n"


def test_the_table_is_that_of_the_catalogue():
    page = PAGE.read_text("utf-8")
    written = page.partition(BEGIN)[2].partition(END)[0]
    assert written == made(), "say: python -m tests.test_privacy_page"


def leaving() -> str:
    """Lay out what becomes of each column when a dataset is pseudonymised, as a Markdown table."""
    lines = ["| leaves as | columns |", "|---|---|"]
    for how, said in TREATED.items():
        columns = [
            f"`{table}.{name}`" for table, each in TREATMENT.items() for name in each if each[name] == how
        ]
        lines.append(f"| {said} | {', '.join(columns)} |")
    return "\n".join(lines) + "\n"


def test_the_table_of_what_leaves_is_that_of_the_code():
    written = PAGE.read_text("utf-8").partition(LEAVING)[2].partition(END)[0]
    assert written == leaving(), "say: python -m tests.test_privacy_page"
    assert all(
        f"`{table}.{name}`" in written
        for table, spec in TABLES.items()
        for name in (c.name for c in spec.columns)
    )


def test_every_feature_stands_in_it_once():
    rows = [row.split(" | ") for row in made().splitlines()[2:]]
    names = [
        f"{family.strip('`')}_{name}"
        for _, family, names, _ in rows
        for name in re.findall(r"`(\w+)`", names)
    ]
    assert sorted(names) == sorted(CATALOGUE)


def test_every_table_is_spoken_of():
    page = PAGE.read_text("utf-8")
    for name in TABLES:
        assert f"`{name}" in page, name


def test_what_it_tells_to_type_is_there():
    """Families, tiers and options that the page names exist."""
    from spamclf.cli import main

    page = PAGE.read_text("utf-8")
    for names in re.findall(r"--features (\S+)", page) + re.findall(r"features=\[([^\]]*)\]", page):
        for name in re.findall(r"\w+", names):
            assert name in FAMILIES or name in CATALOGUE, name
    for command, options in re.findall(r"^ *spamclf (\w+)(.*)$", page, re.M):
        known = {flag for parameter in main.commands[command].params for flag in parameter.opts}
        assert set(re.findall(r"--[\w-]+", options)) <= known, command


def test_tiers_0_and_1_read_no_content():
    for feature in CATALOGUE.values():
        if feature.tier in "01":
            tables = {need.split(".")[0] for need in feature.needs}
            assert tables <= {"accounts", "messages", "labels"}, feature.name


if __name__ == "__main__":
    text = PAGE.read_text("utf-8")
    for begin, table in ((BEGIN, made()), (LEAVING, leaving())):
        head, _, rest = text.partition(begin)
        text = head + begin + table + END + rest.partition(END)[2]
    PAGE.write_text(text, "utf-8")
