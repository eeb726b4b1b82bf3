"""What a run was made from: a run may be resumed only if all of it is the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from spamclf.batch.publish import read_json, remove, work_folder, write_json
from spamclf.errors import OutputError
from spamclf.files import sha256_file
from spamclf.schema import TABLES
from spamclf.tables.folder import find_table
from spamclf.tables.reading import parts_of

__all__ = ["begin", "digest_of", "inputs_of"]

_HASHED = 64 << 20  # larger files are told by their size and time alone
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif")


def inputs_of(folder: Path) -> dict[str, list[Any]]:
    """Return size, time and, where it is small, SHA-256 of each file of a dataset; of all pictures one line."""
    files = [folder / name for name in ("dataset.toml", "innocent.csv") if (folder / name).is_file()]
    for spec in TABLES.values():
        path = find_table(folder, spec)
        if path is not None:
            files += parts_of(path, spec) if path.is_dir() else [path]
    found = {str(path.relative_to(folder)): _told(path) for path in files if path.is_file()}
    pictures = hashlib.sha256()
    n = 0
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PICTURES):
        state = path.stat()
        pictures.update(f"{path.relative_to(folder)}\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
        n += 1
    return found | ({"pictures": [n, pictures.hexdigest()]} if n else {})


def _told(path: Path) -> list[Any]:
    state = path.stat()
    return [state.st_size, state.st_mtime_ns, sha256_file(path) if state.st_size <= _HASHED else None]


def digest_of(run: dict[str, Any]) -> str:
    """Return one word for all that a run is made from."""
    return hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()


def begin(out: Path, run: dict[str, Any], *, overwrite: bool) -> Path:
    """Return the work folder of a run: that of a former, broken one if it is made from the same, else a new one.

    Raises
    ------
    OutputError
        If a run on other inputs was broken off there, and `overwrite` is not said.
    """
    work = work_folder(out)
    former = read_json(work / "run.json")
    begun = work.exists() and any(not path.name.startswith(".") for path in work.iterdir())
    if former != run and begun:  # what was killed in its first write has begun nothing
        if not overwrite:
            raise OutputError(
                f"{out.name}: a run that was broken off must be resumed with what it began with; got other "
                f"{', '.join(_different(former, run))}. Remove {work.name}, or say overwrite=True."
            )
        remove(work)
    if former != run:
        work.mkdir(parents=True, exist_ok=True)
        write_json(work / "run.json", run)
    scores = work / "scores"
    scores.mkdir(exist_ok=True)
    for left in scores.glob(".*"):  # by a write that was killed: what is published is the whole folder
        left.unlink()
    return work


def _different(former: Any, run: dict[str, Any]) -> list[str]:
    if not isinstance(former, dict):
        return ["work files"]
    names = [key for key in run if key != "inputs" and former.get(key) != run[key]]
    one, other = former.get("inputs", {}), run["inputs"]
    return names + sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
