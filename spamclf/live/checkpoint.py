"""Checkpoints of a live scorer: its rows as Parquet tables, and a manifest that names them.

What is stored are the rows that were observed and are still of use, not the layout of the memory: restoring reads them
through the contract, as any other rows, so that a damaged or hostile checkpoint can be refused and do no more. The
tables are written first, into files named by their hashes, and the manifest is replaced last: whoever reads meets the
former checkpoint or this one, and a process that is killed leaves the former.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spamclf.errors import DataFileError, OutputError
from spamclf.files import atomic_write, flush_to_disk, hold, make_folder, sha256_file
from spamclf.schema import TABLES, Column, Table
from spamclf.tables.check import check_names
from spamclf.tables.frames import FRAMES
from spamclf.tables.reading import read_table_file

__all__ = ["MANIFEST", "read_checkpoint", "write_checkpoint"]

MANIFEST = "checkpoint.json"
_FORMAT, _VERSION = "spamclf-live", 1
_MAX_BYTES = 1 << 20
_FILE = re.compile(r"([a-z]+)-[0-9a-f]{16}\.parquet")
#: Beside the contract's tables: who ever sent a message, even if it has fallen out since.
SENDERS = Table(
    "senders", (Column("account_id", "id", False, "who ever sent"),), "accounts without a row", time="",
)  # fmt: skip
_SETTINGS = {
    "lateness_s", "memory_limit_mb", "time_zone", "time_unit", "max_bad_share", "not_after", "schemes", "tables",
}  # fmt: skip
_SPECS = {**TABLES, SENDERS.name: SENDERS}


def write_checkpoint(
    path: str | os.PathLike[str], state: Mapping[str, Any], tables: Mapping[str, pa.Table]
) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    path : path-like
        A folder; made if missing. A former checkpoint is replaced.
    state : mapping
        What is not in the tables, as JSON.
    tables : mapping of str to pyarrow.Table

    Raises
    ------
    OutputError
        If it cannot be written or another process writes it; the former checkpoint is untouched.
    """
    folder = Path(path)
    if (
        folder.is_dir()
        and not (folder / MANIFEST).exists()
        and any(not _is_ours(each) for each in folder.iterdir())
    ):
        raise OutputError(
            f"checkpoint: path must be a folder of its own; got {folder.name!r}, which holds other files. Choose a new "
            "folder."
        )
    make_folder(folder, where="checkpoint")
    with hold(folder / MANIFEST):
        files = {name: _write_table(folder, name, table) for name, table in tables.items()}
        document = {
            "format": _FORMAT, "format_version": _VERSION, "spamclf": sys.modules["spamclf"].__version__,
            "state": dict(state), "tables": files,
        }  # fmt: skip
        text = json.dumps(document, indent=1)
        document["digest"] = hashlib.sha256(text.encode()).hexdigest()
        with atomic_write(folder / MANIFEST) as temporary:
            temporary.write_text(json.dumps(document, indent=1), encoding="utf-8")
        named = {each["file"] for each in files.values()}
        for old in folder.iterdir():
            if _is_table(old) and old.name not in named:
                old.unlink(missing_ok=True)


def _is_table(path: Path) -> bool:
    """Tell whether a file is a table of a checkpoint, finished or not."""
    found = _FILE.fullmatch(path.name) or re.fullmatch(r"\.([a-z]+)-new\.parquet", path.name)
    return found is not None and found[1] in _SPECS


def _is_ours(path: Path) -> bool:
    """Tell whether a file is one that a checkpoint that was broken off leaves behind."""
    return _is_table(path) or path.name.startswith(f".{MANIFEST}")


def _write_table(folder: Path, name: str, table: pa.Table) -> dict[str, Any]:
    """Write a table into a file named by its hash."""
    temporary = folder / f".{name}-new.parquet"
    try:
        pq.write_table(table, temporary, write_page_checksum=True, compression="zstd")
        digest = sha256_file(temporary)
        file = f"{name}-{digest[:16]}.parquet"
        flush_to_disk(temporary)
        os.replace(temporary, folder / file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(
            f"checkpoint: the folder must be writable; got: {error.strerror or type(error).__name__}. The former "
            "checkpoint is untouched. Check the folder, its rights and the free space."
        ) from error
    return {"file": file, "sha256": digest, "rows": table.num_rows}


def read_checkpoint(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, pa.Table]]:
    """Read a checkpoint, checked: hashes first, then the tables by the contract's columns.

    Returns
    -------
    state : dict
    tables : dict of str to pyarrow.Table

    Raises
    ------
    DataFileError
        If there is none, or it is damaged, forged or of another version.
    """
    folder = Path(path)
    document = _manifest(folder)
    tables = {}
    for name, told in document["tables"].items():
        file = folder / told["file"]
        if file.is_symlink() or not file.is_file():
            raise _refuse(f"hold {told['file']}", "none")
        if sha256_file(file) != told["sha256"]:
            raise _refuse(f"hold {told['file']} as it was written", "other bytes")
        table, _, _ = read_table_file(file, _SPECS[name], partial(check_names, _SPECS[name]))
        if table.num_rows != told["rows"]:
            raise _refuse(f"hold {told['rows']:,} rows in {told['file']}", f"{table.num_rows:,}")
        tables[name] = table
    return document["state"], tables


def _manifest(folder: Path) -> dict[str, Any]:
    file = folder / MANIFEST
    try:
        if file.is_symlink() or file.stat().st_size > _MAX_BYTES:
            raise _refuse(f"have a {MANIFEST} of up to 1 MiB", "another one")
        document = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise _refuse(f"have a {MANIFEST}", "none") from None
    except (OSError, ValueError, RecursionError):
        raise _refuse(f"have a {MANIFEST} that is JSON", "something else") from None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise _refuse("be one of a LiveScorer", "another file")
    if document.get("format_version") != _VERSION:
        got = str(document.get("format_version"))[:20]
        raise _refuse(f"be of version {_VERSION}", f"version {got}", "Use the spamclf that wrote it.")
    digest = document.pop("digest", None)
    if digest != hashlib.sha256(json.dumps(document, indent=1).encode()).hexdigest():
        raise _refuse(f"have its {MANIFEST} as it was written", "another text")
    tables = document.get("tables")
    if (
        not isinstance(document.get("state"), dict)
        or not isinstance(tables, dict)
        or not {"accounts", "messages", SENDERS.name} <= set(tables)
        or not all(_is_described(name, told) for name, told in tables.items())
        or not _is_state(document["state"])
    ):
        raise _refuse("describe its tables and what was counted", "something else")
    return document


def _is_state(state: dict[str, Any]) -> bool:
    """Tell whether a state is of the form that `LiveScorer` writes."""
    kinds: dict[str, Any] = {
        "model": str, "settings": dict, "integer_ids": bool | None, "frame": str, "newest_message": int | None,
        "kept_since": int | None, "n_late": int, "n_duplicates": int, "counts": dict,
    }  # fmt: skip
    if set(state) != set(kinds) or not all(isinstance(state[name], kind) for name, kind in kinds.items()):
        return False
    whole = [state[name] for name in ("newest_message", "kept_since", "n_late", "n_duplicates")]
    pairs = list(state["counts"].values())
    if set(state["counts"]) != set(TABLES) or not all(
        isinstance(pair, list) and len(pair) == 2 for pair in pairs
    ):
        return False
    whole += [n for pair in pairs for n in pair]
    numbers = all(
        isinstance(n, int) and not isinstance(n, bool) and abs(n) < 1 << 60 for n in whole if n is not None
    )
    return numbers and state["frame"] in FRAMES and set(state["settings"]) == _SETTINGS


def _is_described(name: str, told: Any) -> bool:
    if name not in _SPECS or not isinstance(told, dict) or set(told) != {"file", "sha256", "rows"}:
        return False
    found = _FILE.fullmatch(told["file"]) if isinstance(told["file"], str) else None
    return (
        found is not None
        and found[1] == name
        and isinstance(told["sha256"], str)
        and isinstance(told["rows"], int)
    )


def _refuse(
    rule: str, got: str, remedy: str = "Restore an older one, or observe the rows again."
) -> DataFileError:
    return DataFileError(f"checkpoint: the folder must {rule}; got {got}. {remedy}")
