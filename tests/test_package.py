"""The package as it is imported, pinned, built and installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import spamclf
from tests.doors import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
HEAVY = ("sklearn", "scipy", "numba", "pandas", "polars", "matplotlib", "duckdb", "narwhals")


def python(code: str, *arguments: str, **settings: object) -> str:
    settings = {"cwd": ROOT, "capture_output": True, "text": True, "check": True, "timeout": 600} | settings
    run = subprocess.run([sys.executable, "-c", code, *arguments], **settings)  # type: ignore[call-overload]
    return str(run.stdout).strip()


# ---- imports -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "import spamclf; print(spamclf.predict.score.__name__)",
        "import spamclf.predict; print(spamclf.predict.score.__name__)",
        "from spamclf import predict; print(predict.score.__name__)",
        "from spamclf.predict import score; print(score.__name__)",
    ],
)
def test_every_way_to_reach_score(code):
    assert python(code) == "score"


def test_predict_is_a_module():
    from types import ModuleType

    for name in ("predict", "train", "evaluate", "simulate"):
        assert isinstance(getattr(spamclf, name), ModuleType)
        assert sys.modules[f"spamclf.{name}"] is getattr(spamclf, name)


def test_importing_predict_loads_nothing_heavy():
    code = f"import sys, spamclf.predict; print([name for name in {HEAVY} if name in sys.modules])"
    assert python(code) == "[]"


def test_every_public_name_is_there():
    assert sorted(spamclf.__all__) == sorted(set(spamclf.__all__))
    for name in spamclf.__all__:
        assert getattr(spamclf, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        spamclf.scores  # noqa: B018


# ---- pins --------------------------------------------------------------------------------------------------------


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def version(text: str) -> tuple[int, ...]:
    """A version as numbers, without the zeros at its end: 6.0 is 6.0.0."""
    numbers = [int(part) for part in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def pins(name: str) -> dict[str, tuple[int, ...]]:
    """The lines of a constraints file, each of which is a comment or ``name==version`` and nothing else."""
    found = {}
    for line in (ROOT / name).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            pin = re.fullmatch(r"([A-Za-z0-9._-]+)==([0-9]+(?:\.[0-9]+)*)(?:\.post\d+)?(?: ;.*)?", line)
            assert pin, f"{name}: {line!r} is no name==version"
            found[normal(pin[1])] = version(pin[2])
    return found


def floors(*extras: str) -> dict[str, tuple[int, ...]]:
    """What the project and some of its extras require at least."""
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    found: dict[str, tuple[int, ...]] = {}
    for line in lines:
        if line.startswith("spamclf["):
            continue
        floor = re.fullmatch(r"([A-Za-z0-9._-]+)>=([0-9.]+)", line)
        assert floor, f"{line!r} must be name>=floor"
        assert found.setdefault(normal(floor[1]), version(floor[2])) == version(floor[2]), (
            f"{line}: two floors"
        )
    return found


def test_the_floors_are_those_that_were_run():
    held = {"pyparsing"}  # nobody's floor here: its newest version makes the oldest matplotlib warn
    pinned = {name: version for name, version in pins("constraints-oldest.txt").items() if name not in held}
    assert floors("test", "notebooks", "report") == pinned


def test_the_newest_versions_are_pinned_without_addresses():
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert not re.search(r"://|@|--|\bfile:|\bgit\+", text)
    newest = pins("constraints.txt")
    for name, floor in floors("dev", "test", "notebooks", "report", "docs").items():
        assert name in newest, f"constraints.txt must pin {name}"
        assert newest[name] >= floor, name


def test_what_the_package_says_of_itself():
    assert PROJECT["version"] == spamclf.__version__
    assert PROJECT["requires-python"] == ">=3.11"
    assert PROJECT["license"] == "BSD-3-Clause"
    assert (ROOT / "spamclf" / "py.typed").is_file()
    assert "BSD 3-Clause" in (ROOT / "LICENSE").read_text("utf-8")


# ---- the wheel ---------------------------------------------------------------------------------------------------

USE = """
import sys
from pathlib import Path
import spamclf
from spamclf import Dataset, predict
assert Path(spamclf.__file__).is_relative_to(sys.argv[1]), spamclf.__file__
model = predict.load_shipped_model()
dataset = Dataset(
    accounts={"account_id": ["a", "b"]},
    messages={"sender_id": ["a"] * 3, "recipient_id": ["b", "c", "b"], "sent_at": [1, 2, 3]},
    time_unit="s",
)
scores = predict.score(dataset, n_jobs=1)
print(model.name, scores["n_messages"].to_pylist())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, so that nothing lying about in the work tree is taken for a part of it."""
    build = pytest.importorskip("hatchling.build", reason="needs hatchling")
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns("__pycache__", "*.lock")
    for name in ("spamclf", "models"):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, source / name)
    here = Path.cwd()
    try:
        os.chdir(source)
        return out / build.build_wheel(str(out))
    finally:
        os.chdir(here)


@pytest.mark.slow
def test_the_wheel_holds_what_it_needs(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    shipped = [name for name in names if name.startswith("spamclf/_shipped/default/")]
    assert {Path(name).suffix for name in shipped} == {".json", ".safetensors", ".md"}
    assert "spamclf/py.typed" in names
    package = ROOT / "spamclf"
    files = [*package.rglob("*.py"), *package.glob("report/assets/*")]
    sources = {path.relative_to(ROOT).as_posix() for path in files}
    assert {f"spamclf/report/assets/{name}" for name in ("frame.html", "style.css", "start.js")} <= sources
    assert sources <= set(names)
    strangers = [
        name for name in names if name not in sources and not re.match(r"spamclf/(_shipped/|py\.typed)", name)
    ]
    assert all(".dist-info/" in name for name in strangers), strangers
    metadata = next(name for name in names if name.endswith("METADATA"))
    entry_points = next(name for name in names if name.endswith("entry_points.txt"))
    with zipfile.ZipFile(wheel) as archive:
        assert "License-Expression: BSD-3-Clause" in archive.read(metadata).decode()
        assert "spamclf = spamclf.cli:run" in archive.read(entry_points).decode()


@pytest.mark.slow
def test_the_wheel_works(wheel, tmp_path):
    """Installed elsewhere, it finds its model. Kernels run uncompiled here, so that nobody waits for them."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    env = os.environ | {"PYTHONPATH": str(tmp_path / "site"), "NUMBA_DISABLE_JIT": "1"}
    printed = python(USE, str(tmp_path / "site"), cwd=tmp_path, env=env)
    assert printed == "default [3, 0]"
