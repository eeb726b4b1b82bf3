"""The pages of the documentation: their blocks run, what they name is there, and Sphinx finds what it puts in.

Sphinx itself builds them by ``make docs``, warnings being errors.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot

from spamclf import plots
from spamclf.cli import main
from tests.doors import ROOT, SAMPLE
from tests.notebooks_run import NOTEBOOKS
from tests.reference_api import AREAS, autodoc_page, public_names
from tests.test_links import DOCS
from tests.test_spark import needs_spark

PAGES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in [ROOT / "README.md", *DOCS]}
BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)
ELSEWHERE = {"docs/recipes.md"}  # tests/test_recipes.py runs it, and looks at what comes out
SLOW = {
    "README.md",
    "docs/evaluation.md",
    "docs/gallery.md",
    *(f"docs/how-to/{name}.md" for name in ("analysts-loop", "dossier", "retrain")),
}
CLUSTER = "docs/how-to/cluster-scale.md"


# ---- blocks run --------------------------------------------------------------------------------------------------


def blocks_of(name: str) -> list[str]:
    """The blocks of a page; tests/test_recipes.py runs the README's one on a cluster."""
    return [block for block in BLOCK.findall(PAGES[name]) if name == CLUSTER or "pyspark" not in block]


@pytest.fixture
def beside_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds the sample and nothing else, where we are."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sample").symlink_to(SAMPLE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name, page in PAGES.items()
        if BLOCK.search(page) and name not in ELSEWHERE | {CLUSTER}
    ],
)
def test_the_blocks_of_a_page_run(name: str, beside_the_sample: Path) -> None:
    """One after the other, as a reader would type them, who closes the pictures of one before the next."""
    names: dict[str, Any] = {"__name__": "page"}
    for k, block in enumerate(blocks_of(name)):
        exec(compile(block, f"{name} block {k}", "exec"), names)
        pyplot.close("all")


@pytest.mark.slow
@needs_spark
def test_the_blocks_on_a_cluster_run(beside_the_sample: Path) -> None:
    """In a process of their own: Java stays in the folder where a process first starts it."""
    settings = {
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join([*sys.path, str(ROOT)]),
        "PYSPARK_SUBMIT_ARGS": "--conf spark.sql.shuffle.partitions=4 pyspark-shell",  # of few rows
    }
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks_of(CLUSTER))],
        env=os.environ | settings,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (beside_the_sample / "scores-spark" / "_SUCCESS").exists()


def test_every_block_of_python_says_so() -> None:
    """A block without a language is for a shell or shows what comes out; all others run."""
    for name, page in PAGES.items():
        assert set(re.findall(r"^```([^\n`]+)$", page, re.M)) <= {"python"}, name


# ---- what pages name is there ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_files_and_modules_that_a_page_names_exist(name: str) -> None:
    for path in re.findall(r"`((?:tests|docs|spamclf|notebooks)/[\w./-]+\.\w+)`", PAGES[name]):
        assert (ROOT / path).exists(), path
    for module in re.findall(r"python -m ((?:tests|spamclf)[\w.]*)", PAGES[name]):
        assert importlib.util.find_spec(module), module


@pytest.mark.parametrize("name", PAGES)
def test_commands_that_a_page_shows_can_be_given(name: str) -> None:
    for block in re.findall(r"^```\n(.*?)^```", PAGES[name], re.M | re.S):
        for line in re.findall(r"^spamclf .+$", block, re.M):
            command, *words = shlex.split(line, comments=True)[1:]
            group = main.commands[command]
            if hasattr(group, "commands"):
                group = group.commands[words.pop(0)]
            options = {option for each in group.params for option in each.opts}
            assert {word for word in words if word.startswith("--")} <= options, line


@pytest.mark.parametrize(
    "figure", sorted((ROOT / "docs" / "figures").glob("*.svg")), ids=lambda path: path.name
)
def test_figures_can_be_read_aloud_and_run_nothing(figure: Path) -> None:
    text = figure.read_text("utf-8")
    assert re.search(r"<title>.{20,}</title>", text)
    assert not re.search(r"<script|\bon\w+=|href", text)
    assert re.search(rf"!\[.{{20,}}\]\(figures/{figure.name}\)", PAGES["docs/concepts.md"])


def test_the_gallery_draws_every_display() -> None:
    drawn = set(re.findall(r"plots\.(\w+Display)\.from_", PAGES["docs/gallery.md"]))
    displays = {name for name in plots.__all__ if inspect.isclass(getattr(plots, name))}
    assert drawn == displays - {"Display"}


# ---- what Sphinx puts in -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def conf() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path])
        spec = importlib.util.spec_from_file_location("docs_conf", ROOT / "docs" / "conf.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def test_figures_are_those_that_were_measured(conf: Any) -> None:
    card = (ROOT / "models" / "default" / "card.md").read_text("utf-8")
    results = (ROOT / "tests" / "benches" / "RESULTS.md").read_text("utf-8")
    n_marks = 0
    for page in PAGES.values():
        marks = conf._MARK.findall(page)
        n_marks += len(marks)
        assert page.count("<!-- measured") == len(marks)
        for kind, name in marks:
            text = conf.measured(kind, name).strip()
            assert len(text) > 80
            assert text in (results if kind == "bench" else card)
    assert n_marks > 5


def test_the_contents_are_those_of_the_index(conf: Any) -> None:
    index = PAGES["docs/README.md"]
    listed = re.findall(r"^.+ </(.+)>$", conf.contents(index), re.M)
    assert len(listed) == len(set(listed))
    notebooks = {path.relative_to(ROOT).as_posix() for path in NOTEBOOKS}
    files = {f"{name}.{'ipynb' if name.startswith('notebooks/') else 'md'}" for name in listed}
    assert files >= {*PAGES, *notebooks} - {"docs/README.md"}
    assert all((ROOT / name).is_file() for name in files)
    assert re.findall(r"^:caption: (.+)$", conf.contents(index), re.M) == re.findall(
        r"^## (.+)$", index, re.M
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_a_page_with_what_it_stores(conf: Any, path: Path, tmp_path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    page = conf.notebook_pages.page_of(path.read_text("utf-8"), f"notebooks/{path.stem}", tmp_path)
    assert all("".join(cell["source"]).rstrip() in page for cell in cells)
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len([*tmp_path.glob("*.png")]) == len(pictures) == page.count("![Plot of ")
    assert all("".join(output["text"]).rstrip() in page for output in outputs if "text" in output)
    tables = [output for output in outputs if "text/html" in output.get("data", {})]
    assert page.count("<table") == len(tables) == page.count('```{raw} html\n<div class="output">')


def test_a_fence_cannot_be_ended_from_within(conf: Any) -> None:
    text = "a\n```\nb"
    assert conf.notebook_pages.fenced(text, "text") == f"````text\n{text}\n````"


def test_the_reference_has_every_public_name_once() -> None:
    text = "\n".join(map(autodoc_page, AREAS.values()))
    told = re.findall(r"^\.\. (?:auto\w+|py:data):: (\S+)$", text, re.M)
    assert sorted(told) == sorted(public_names())
