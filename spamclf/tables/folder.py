"""What lies in a dataset folder: the tables and the settings."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from spamclf.errors import DataFileError, SchemaError
from spamclf.schema import TABLES, Table
from spamclf.tables.schemes import check_sections

__all__ = ["find_table", "read_toml", "unread_tables"]


def find_table(folder: Path, spec: Table) -> Path | None:
    """Find the file or folder of a table; None when an optional one is not there.

    Raises
    ------
    DataFileError
        If it is there twice.
    SchemaError
        If it is required and not there.
    """
    found = [path for path in (folder / f"{spec.name}.parquet", folder / f"{spec.name}.csv") if path.exists()]
    if (folder / spec.name).is_dir() and any((folder / spec.name).glob("*.parquet")):
        found.append(folder / spec.name)
    if len(found) > 1:
        listed = " and ".join(path.name for path in found)
        raise DataFileError(
            f"{folder.name}: table '{spec.name}' must be there once; got {listed}. Remove all but one."
        )
    if not found and spec.required:
        there = ", ".join(sorted(path.name for path in folder.iterdir())[:10]) or "nothing"
        msg = (
            f"{folder.name}: table '{spec.name}' must be there; got {there}. "
            f"Add {spec.name}.parquet, {spec.name}.csv or a folder {spec.name}/ of Parquet parts."
        )
        raise SchemaError(msg)
    return found[0] if found else None


def unread_tables(folder: Path) -> list[str]:
    """Name the CSV and Parquet files of a dataset folder, and the folders of such parts, that are no table of it."""
    known = {"innocent.csv"} | {f"{name}{ending}" for name in TABLES for ending in (".csv", ".parquet", "")}
    return sorted(
        f"{path.name}/" if path.is_dir() else path.name
        for path in folder.iterdir()
        if path.name not in known
        and path.name[0] not in "._"
        and (path.suffix.lower() in (".csv", ".parquet") or (path.is_dir() and any(path.glob("*.parquet"))))
    )


def read_toml(path: Path) -> dict[str, dict[str, Any]]:
    """Read ``dataset.toml``: the zone and unit of times, and how hashes and signatures were made.

    Raises
    ------
    DataFileError
        If it is no TOML.
    SchemaError
        If it holds a section or a key that nobody would read.
    """
    if not path.exists():
        return {}
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise DataFileError(
            f"{path.name}: the file must be TOML in UTF-8; got: {reason}. Mend it."
        ) from error
    check_sections(stated, path.name)
    return stated
