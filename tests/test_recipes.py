"""Every block of the recipes runs, in order, and gives what it says."""

from __future__ import annotations

import ast
import builtins
import json
import os
import re
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from spamclf import Dataset, predict, read_dataset
from tests.doors import ROOT, SAMPLE
from tests.test_spark import needs_spark

PAGE = (ROOT / "docs" / "recipes.md").read_text("utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)
BLOCKS = BLOCK.findall(PAGE)
RECIPES = {part.partition("\n")[0]: "".join(BLOCK.findall(part)) for part in PAGE.split("\n## ")[1:]}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the blocks define, run in a folder of their own."""
    folder: Path = tmp_path_factory.mktemp("recipes")
    (folder / "data").mkdir()
    (folder / "data" / "sample").symlink_to(SAMPLE)
    found: dict[str, Any] = {"__name__": "recipes"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for k, block in enumerate(BLOCKS):
            exec(compile(block, f"recipe {k}", "exec"), found)
    found["folder"] = folder
    yield found
    found["warehouse"].remove_function("spam")
    found["warehouse"].close()
    found[
        "server"
    ].server_close()  # twice does no harm: each worker runs the recipes, one of them the server's test
    found.clear()


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_needs_no_other(recipe: str) -> None:
    """It brings along every name that it uses: people copy one."""
    given, used = set(dir(builtins)), set()
    for node in ast.walk(ast.parse(RECIPES[recipe])):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else given).add(node.id)
        elif isinstance(node, ast.alias):
            given.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
            given.add(str(node.name))
        elif isinstance(node, ast.arg):
            given.add(node.arg)
    assert used
    assert used <= given


def test_warehouse(names: dict[str, Any]) -> None:
    assert names["flagged"].shape[0] > 0
    assert (names["folder"] / "scores-2026-06-01" / "_scores.json").exists()


def test_frames(names: dict[str, Any]) -> None:
    assert type(names["top"]).__module__.startswith("pandas")
    assert len(names["top"]) == 10
    assert names["polars_scores"].height == 400


def test_nightly(names: dict[str, Any]) -> None:
    assert names["nightly_scores"].num_rows == 400
    index = names["CampaignIndex"].load(names["folder"] / "index")
    assert index

    # The first night begins with what the model remembers.
    model = replace(names["model"], memory=index)
    quiet = Dataset(
        messages={"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [1_780_300_800]},
        accounts={"account_id": ["a", "b"]},
        time_unit="s",
    )
    first = names["folder"] / "first"
    names["nightly"](quiet, model, "2026-06-02", index=first)
    assert len(names["CampaignIndex"].load(first)) >= len(index)


def test_a_server(names: dict[str, Any]) -> None:
    server = names["server"]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    here = f"http://127.0.0.1:{server.server_address[1]}"

    def ask(path: str, rows: Any = None) -> Any:
        data = None if rows is None else json.dumps(rows).encode()
        with urllib.request.urlopen(urllib.request.Request(here + path, data)) as answer:
            return json.loads(answer.read())

    former = names["live"]
    names["live"] = names["predict"].LiveScorer(time_unit="s")
    try:
        ask("/accounts", {"account_id": ["a", "b"]})
        ask("/messages", {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [1_780_300_800]})
        (row,) = ask("/score?account=a&as_of=2026-06-01T12:00:00Z")
        assert row["n_messages"] == 1
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask("/score?account=nobody")
        assert "account_ids must be accounts that were observed" in refused.value.read().decode()
        refused.value.close()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        names["live"] = former


def test_rules(names: dict[str, Any]) -> None:
    accounts = read_dataset(SAMPLE).accounts.to_pylist()
    first = datetime(2026, 5, 1, tzinfo=UTC)
    young = [row["account_id"] for row in accounts if row["registered_at"] and row["registered_at"] >= first]
    told = {each: names["spam"](each) for each in young}
    wanted = {each: row["score"] for each, row in told.items() if row["verdict"] == "automated"}
    assert dict(names["suspects"]) == wanted
    assert wanted
    assert "insufficient_data" in {row["verdict"] for row in told.values()}, "whose scores may lie above"


# ---- README ------------------------------------------------------------------------------------------------------

DOORS = re.findall(
    r"^```python\n(.*?)^```",
    (ROOT / "README.md").read_text("utf-8").split("## Four doors")[1].split("\n## ")[0],
    re.M | re.S,
)


@pytest.fixture
def beside_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sample").symlink_to(SAMPLE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_doors_of_the_readme(beside_the_sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"predict": predict, "dataset": read_dataset("data/sample", frame="pandas")}
    exec(compile(DOORS[0], "README", "exec"), names)
    assert len(names["scores"]) == 400
    assert "a53" in capsys.readouterr().out
    assert (beside_the_sample / "live" / "checkpoint.json").exists()
    assert (beside_the_sample / "scores" / "_scores.json").exists()


@pytest.mark.slow
@needs_spark
@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_the_cluster_of_the_readme(beside_the_sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*sys.path, str(ROOT)]))
    names: dict[str, Any] = {}
    exec(compile(DOORS[1], "README", "exec"), names)
    assert names["session"].read.parquet("scores-spark").count() == 400
    names["session"].stop()
