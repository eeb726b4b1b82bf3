"""Dataset folders: one file or folder of parts for each table, and what is stated beside them."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from spamclf.dataset import Dataset
from spamclf.errors import DataFileError, ParameterError
from spamclf.schema import TABLES
from spamclf.tables.folder import find_table, read_toml
from spamclf.tables.frames import FRAMES
from spamclf.tables.spaces import spaced_ids
from spamclf.tables.units import early_times

__all__ = ["check_folder", "is_of_tables", "read_around", "read_dataset", "times_of"]


def read_dataset(
    folder: str | os.PathLike[str],
    *,
    frame: str = "pyarrow",
    max_bad_share: float = 0.01,
    not_after: Any = None,
    time_zone: str | None = None,
    time_unit: str | None = None,
) -> Dataset:
    """Read a dataset folder.

    Each table is ``NAME.parquet``, ``NAME.csv`` or a folder ``NAME/`` of Parquet parts.

    Parameters
    ----------
    folder : path
        May hold a ``dataset.toml`` with ``[time] zone, unit``, ``[photo_hash] scheme`` and
        ``[signature] scheme, seed, n_perm, hash``, and an ``innocent.csv`` of photos and texts to keep out of
        clusters (`spamclf.campaigns.innocent`).
    frame : str, default "pyarrow"
        The dataframe library for results, for instance ``"pandas"``.
    max_bad_share, not_after, time_zone, time_unit
        As of `Dataset`; what is stated here goes before ``dataset.toml``.

    Returns
    -------
    dataset : Dataset

    Raises
    ------
    DataFileError
        If the folder or a file cannot be read, or a table is there twice.
    SchemaError, BadRowsError, ParameterError
        As of `Dataset`.

    Warns
    -----
    UserWarning
        Where times lie before the year 2000: most often their unit is another than the stated one, or units are
        mixed. The rows are used.

    Examples
    --------
    >>> read_dataset("data/no-such-folder")
    Traceback (most recent call last):
    ...
    spamclf.errors.DataFileError: no-such-folder: the dataset must be a folder; got nothing ...
    """
    if frame not in FRAMES:
        msg = (
            f"read_dataset: frame must be one of {', '.join(FRAMES)}; got {frame!r}. Leave it out for Arrow."
        )
        raise ParameterError(msg)
    folder = check_folder(folder)
    dataset = read_around(
        folder,
        max_bad_share=max_bad_share,
        not_after=not_after,
        time_zone=time_zone,
        time_unit=time_unit,
    )
    dataset.frame = frame
    return dataset


def check_folder(folder: str | os.PathLike[str]) -> Path:
    """Return the folder of a dataset; refuse what is none."""
    folder = Path(folder)
    if not folder.is_dir():
        got = "a file" if folder.exists() else "nothing at this path"
        raise DataFileError(f"{folder.name}: the dataset must be a folder; got {got}. Check the name.")
    return folder


def is_of_tables(path: Path, folder: str | os.PathLike[str]) -> bool:
    """Tell whether a path is a file that a dataset is read from, by whatever links, or lies in a table's folder."""
    home = Path(folder).resolve()
    target, named = path.resolve(), path.parent.resolve() / path.name
    if any(target == each.resolve() for each in home.glob("*") if _is_read(each.name)):
        return True
    inside = [each.relative_to(home).parts for each in (target, named) if each.is_relative_to(home)]
    return any(parts and _is_read(parts[0]) for parts in inside)


def _is_read(name: str) -> bool:
    return name.split(".")[0] in TABLES or name in ("dataset.toml", "innocent.csv")


def times_of(folder: Path, time_zone: str | None, time_unit: str | None) -> tuple[str | None, str | None]:
    """Return the zone and the unit of times: what the caller states goes before ``dataset.toml``."""
    times = read_toml(folder / "dataset.toml").get("time", {})
    return time_zone or times.get("zone"), time_unit or times.get("unit")


def read_around(
    folder: Path,
    messages: Any = None,
    *,
    max_bad_share: float = 0.01,
    not_after: Any = None,
    time_zone: str | None = None,
    time_unit: str | None = None,
) -> Dataset:
    """Read a dataset folder as `read_dataset`; if a table of messages is handed in, with that one instead."""
    stated = read_toml(folder / "dataset.toml")
    zone, unit = times_of(folder, time_zone, time_unit)
    stated.pop("time", None)
    tables: dict[str, Any] = {} if messages is None else {"messages": messages}
    tables |= {name: find_table(folder, spec) for name, spec in TABLES.items() if name not in tables}
    dataset = Dataset(
        **tables,
        time_zone=zone,
        time_unit=unit,
        max_bad_share=max_bad_share,
        not_after=not_after,
        folder=folder,
        schemes=stated,
        innocent=folder / "innocent.csv" if (folder / "innocent.csv").exists() else None,
    )
    for each in (*early_times(dataset.tables, unit), *spaced_ids(dataset.tables)):
        warnings.warn(f"{folder.name}: {each}", stacklevel=3)
    for name, said, used in (("time_zone", time_zone, zone), ("time_unit", time_unit, unit)):
        if used is not None and not said:
            dataset.reading[name]["from"] = "dataset.toml"
    return dataset
