"""What the tests of the doors share: one small simulated world, a model of it, and ways to compare results."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from click.testing import CliRunner, Result

from spamclf import Dataset, Model, simulate, train
from spamclf.cli import main

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "data" / "sample"
Tables = dict[str, pa.Table]
#: How to train on a small world: too few honest accounts for a certificate, too few campaigns to keep them whole.
SMALL: dict[str, Any] = {"fpr": 0.05, "confidence": None, "whole_campaigns": False}


@cache
def tables() -> Tables:
    """A world with enough labels to train on; seeds from 1000 on are nobody's training data."""
    return dict(simulate.world(300, 20, random_state=1010))


@cache
def dataset() -> Dataset:
    return Dataset(**tables())


@cache
def model() -> Model:
    return train.fit(dataset(), **SMALL, max_iter=10, max_features=1.0, n_jobs=1)


@cache
def large() -> Dataset:
    """Enough messages that log, features and trees are worked on in several threads."""
    rng = np.random.default_rng(1002)
    n_messages, n_accounts = 130_000, 4_000
    sender = rng.integers(0, n_accounts, n_messages)
    return Dataset(
        accounts={"account_id": np.arange(n_accounts)},
        messages={
            "sender_id": sender,
            "recipient_id": (sender + rng.integers(1, 400, n_messages)) % (2 * n_accounts),
            "sent_at": 1_780_000_000 + np.sort(rng.integers(0, 20 * 86_400, n_messages)),
            "delivered": rng.random(n_messages) < 0.9,
        },
        time_unit="s",
    )


def same(one: pa.Table, other: pa.Table) -> bool:
    """The same rows, bit for bit (scores hold no NaN, so equal means identical)."""
    return bool(one.combine_chunks().equals(other.combine_chunks()))


def by_account(scores: pa.Table) -> dict[Any, dict[str, Any]]:
    return {row["account_id"]: row for row in scores.to_pylist()}


def write_folder(tables: dict[str, Any], folder: Path, ending: str = "parquet") -> Path:
    """Write tables as a dataset folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = folder / f"{name}.{ending}"
        table = table if isinstance(table, pa.Table) else pa.table(table)
        if ending == "parquet":
            pq.write_table(table, path)
        else:
            pa.csv.write_csv(table, path)
    return folder


#: What the first process ever says on stderr, whatever it does.
COMPILING = "spamclf: compiling its kernels, once; later runs start at once ...\n"


def cli(*arguments: Any) -> Result:
    """Run a command in this process; what it prints on stdout and stderr stays apart in every version of click."""
    apart = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
    return CliRunner(**apart).invoke(main, [str(each) for each in arguments], prog_name="spamclf")


def cli_process(*arguments: Any, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, in a pipe."""
    command = [sys.executable, "-m", "spamclf", *(str(each) for each in arguments)]
    settings = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": 600} | settings
    return subprocess.run(command, env=os.environ | {"PYTHONWARNINGS": "error"}, **settings)  # type: ignore[no-any-return]
