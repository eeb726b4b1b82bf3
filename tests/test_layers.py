"""Imports go down the floors of the house only, never in a circle; heavy libraries come in late."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "spamclf"
FLOORS = (
    {"errors", "kernels", "files", "instants", "progress", "sealed", "threads", "wording"},
    {"schema"},
    {"tables"},
    {"dataset"},
    {"folders"},
    {"ids", "facts", "existence", "campaigns", "simulate"},
    {"entries"},
    {"ego", "describe"},
    {"features"},
    {"model"},
    {"groups", "labelled", "lists", "remember", "segments", "shards", "splits"},
    {"scoring"},
    {"live"},
    {"evaluate", "find", "train", "predict", "explain"},
    {"output", "drawing", "plots", "contact_sheet", "dossier", "report", "review"},
    {"batch", "spark"},
    {"pseudonymise"},
    {"cli", "__main__"},
)
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}
LATE = {
    "PIL",
    "datasketch",
    "duckdb",
    "joblib",
    "matplotlib",
    "narwhals",
    "pandas",
    "polars",
    "pyspark",
    "safetensors",
    "scipy",
    "sklearn",
}  # inside functions
#: What kernels do not need, but their compiling does.
COMPILING = {
    "kernels._compile": {"pathlib"},
    "kernels._sources": {"functools", "hashlib", "pathlib", "re"},
    "kernels._ahead": {
        "concurrent",
        "contextlib",
        "fcntl",
        "graphlib",
        "os",
        "pathlib",
        "subprocess",
        "time",
    },
}
ESTIMATOR = (
    "model.classifier"  # a class of scikit-learn's must derive from scikit-learn's; it comes in late itself
)


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every imported module of a file, and whether it is imported with the file; types alone do not count."""
    yield from _imports(ast.parse(path.read_text("utf-8")), top=True)


def _imports(node: ast.AST, *, top: bool) -> Iterator[tuple[str, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name, top) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert not child.level, "relative imports hide arrows"
            assert child.module is not None
            for alias in child.names:
                whole = f"{child.module}.{alias.name}"
                yield (whole if whole.removeprefix("spamclf.") in SOURCES else child.module), top
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _imports(child, top=top and not inside)


def own_imports(name: str) -> set[str]:
    """Modules of the package that a module imports, nested imports too."""
    found = {module for module, _ in imports(SOURCES[name])}
    return {
        module.removeprefix("spamclf").removeprefix(".")
        for module in found
        if module.split(".")[0] == "spamclf"
    }


@pytest.mark.parametrize("name", [name for name in SOURCES if name])
def test_no_arrow_goes_up(name: str) -> None:
    part = name.split(".")[0]
    assert part in FLOOR, f"put spamclf.{part} on a floor of this test, and of the architecture's text"
    for other in own_imports(name):
        assert other, f"{name} imports the face of the package; import the module that defines the name"
        assert other.split(".")[0] in FLOOR, (
            f"{name} imports {other}, which stands on no floor of this test yet"
        )
        assert FLOOR[other.split(".")[0]] <= FLOOR[part], f"{name} imports {other}, which stands above it"


def test_no_circles() -> None:
    graph = {name: own_imports(name) - {name} for name in SOURCES if name}
    for (
        name,
        others,
    ) in graph.items():  # a package's face imports its parts; parts that import a sibling pass it by
        graph[name] = {other for other in others if not name.startswith(f"{other}.")}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"imports go in a circle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("name", SOURCES)
def test_heavy_libraries_come_late(name: str) -> None:
    for module, top in imports(SOURCES[name]):
        library = module.split(".")[0]
        assert library != "numba" or name.split(".")[0] == "kernels", "numba belongs to the kernels alone"
        late = LATE - {"sklearn"} if name == ESTIMATOR else LATE
        assert library not in late or not top, f"import {library} inside a function"


def test_kernels_know_arrays_alone() -> None:
    allowed = {
        "__future__",
        "collections",
        "importlib",
        "numba",
        "numpy",
        "pickle",  # its error alone: what a cache that cannot be read raises
        "sys",
        "threading",
        "types",
        "typing",
    }
    for name in SOURCES:
        if name.split(".")[0] == "kernels":
            libraries = {module.split(".")[0] for module, _ in imports(SOURCES[name])}
            assert libraries <= allowed | COMPILING.get(name, set()) | {"spamclf"}, name
            assert all(other.split(".")[0] == "kernels" for other in own_imports(name))


def test_the_faces_define_nothing() -> None:
    face = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    assert not [node for node in ast.walk(face) if isinstance(node, ast.ClassDef)]
    functions = {node.name for node in ast.walk(face) if isinstance(node, ast.FunctionDef)}
    assert functions <= {"__getattr__", "__dir__"}


@pytest.mark.parametrize("module", ["spamclf", "spamclf.predict"])
def test_importing_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "spamclf" in loaded
    assert not loaded & {
        "duckdb",
        "llvmlite",
        "matplotlib",
        "narwhals",
        "numba",
        "pandas",
        "polars",
        "scipy",
        "sklearn",
    }
