"""The notebooks run from top to bottom, and are stored so that they can be read without running."""

from __future__ import annotations

import ast
import itertools
import json
import re
from pathlib import Path

import nbformat
import pytest

from spamclf import load_model
from tests.notebooks_run import NOTEBOOKS, ROOT, execute, stderr_of, tidied

REBUILD = "run `python tests/notebooks_run.py` (or `make notebooks`)"
#: Paths of somebody's machine, and what an unread failure or an unread warning looks like.
FOREIGN = re.compile(r"/(?:root|home|tmp|work|usr|opt|Users|private)/|\.venv|[A-Z]:\\\\|Traceback|Warning")

#: What a notebook may import; the rest is the library's business.
USED = {"dataclasses", "functools", "matplotlib", "numpy", "pandas", "pathlib", "pyarrow", "spamclf"}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
#: Those that train several models take a minute each.
each_notebook_run = pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path, id=path.stem, marks=[pytest.mark.slow] if path.stem[:2] in ("02", "03", "04", "05") else []
        )
        for path in NOTEBOOKS
    ],
)


def outputs_of(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def kinds_of(notebook):
    """Count what a notebook shows: MIME types of results, names of streams, errors."""
    kinds = {}
    for output in outputs_of(notebook):
        for kind in output.get("data", {output.get("name", output.output_type): None}):
            kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


def test_there_are_five_notebooks():
    names = ["01_score_a_dataset", "02_retrain", "03_choose_a_threshold", "04_explain_and_appeal"]
    names.append("05_evaluate_and_evade")
    assert [path.stem for path in NOTEBOOKS] == names


def test_each_notebook_leads_to_the_next():
    for path, following in itertools.pairwise(NOTEBOOKS):
        last = nbformat.read(path, as_version=4).cells[-1].source
        assert following.name in last, f"{path.name} must end with a word on {following.name}"


@each_notebook
def test_a_notebook_only_calls_the_library(path):
    """Whatever a notebook imports is for people to use, and no name in it is a hidden one."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        for node in ast.walk(ast.parse(cell.source)):
            assert not (isinstance(node, ast.Attribute) and node.attr.startswith("_")), ast.unparse(node)
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = (
                    [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
                )
                assert {module.split(".")[0] for module in modules} <= USED, ast.unparse(node)


@each_notebook_run
def test_a_notebook_runs_and_shows_what_is_stored(path, tmp_path):
    stored = nbformat.read(path, as_version=4)
    # A cell that fails raises here. Figures differ with the versions of libraries, what is shown does not.
    fresh = execute(path, tmp_path)
    shown = kinds_of(fresh)
    shown.pop("stderr", None)  # the first run in an environment tells that it compiles
    assert shown == kinds_of(stored), REBUILD


@each_notebook
def test_a_stored_notebook_can_be_read_without_running(path):
    notebook = nbformat.read(path, as_version=4)
    kinds = kinds_of(notebook)
    assert kinds["image/png"] >= 4, REBUILD
    assert kinds["text/html"] >= 4, REBUILD
    assert "error" not in kinds, REBUILD
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1)), REBUILD


@each_notebook
def test_a_stored_notebook_tells_nothing_of_the_machine(path):
    notebook = nbformat.read(path, as_version=4)
    for output in outputs_of(notebook):
        text = json.dumps(
            {kind: data for kind, data in output.get("data", {}).items() if kind != "image/png"}
        )
        found = FOREIGN.search(text + output.get("text", ""))
        assert found is None, found
    assert FOREIGN.search("".join(cell.source for cell in notebook.cells)) is None
    assert stderr_of(notebook) == "", REBUILD
    before = nbformat.writes(notebook)
    assert nbformat.writes(tidied(notebook)) == before, f"metadata of a run is stored; {REBUILD}"


def test_the_stored_scores_are_those_of_the_shipped_model():
    name = load_model(ROOT / "models" / "default").name
    text = Path(NOTEBOOKS[0]).read_text(encoding="utf-8")
    assert name in text, f"the shipped model is another than when the notebook was stored; {REBUILD}"
