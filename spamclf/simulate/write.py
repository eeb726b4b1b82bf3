"""Write simulated tables as a dataset folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spamclf.errors import OutputError, ParameterError
from spamclf.schema import TABLES
from spamclf.simulate.photos import picture

__all__ = ["write"]


def write(tables: Mapping[str, pa.Table], folder: str | Path, *, overwrite: bool = False) -> None:
    """Write tables of `world` as a dataset folder: Parquet with page checksums, pictures, ``dataset.toml``.

    The same tables give the same bytes under the same versions of pyarrow and Pillow.

    Parameters
    ----------
    tables : World or mapping of str to pyarrow.Table
        All seven tables, as `world` returns them.
    folder : str or Path
        Made where it does not exist.
    overwrite : bool, default False
        Whether the folder may hold something: files of the same names are replaced, others are left alone.

    Raises
    ------
    ParameterError
        If a table is missing.
    OutputError
        If the folder cannot be written, or holds something and `overwrite` is False.

    Examples
    --------
    >>> import tempfile
    >>> from spamclf import simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     simulate.write(simulate.world(20, days=3), folder)
    ...     print(len(list(Path(folder).glob("*.parquet"))))
    7
    """
    missing = sorted(set(TABLES) - set(tables))
    if missing:
        lost = ", ".join(missing)
        msg = f"simulate.write: tables must be all seven; got none called {lost}. Use simulate.world."
        raise ParameterError(msg)
    folder = Path(folder)
    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        raise OutputError(
            "simulate.write: folder must be new or empty; got one that holds files. Choose another, or say overwrite."
        )
    names = sorted(set(tables["photos"]["photo"].drop_null().to_pylist()))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            _write_table(tables[name], folder / f"{name}.parquet", times=TABLES[name].time)
        if names:
            (folder / "photos").mkdir(exist_ok=True)
        for name in names:
            (folder / name).write_bytes(picture(name))
        (folder / "dataset.toml").write_text(_toml(tables["photos"]), encoding="utf-8")
    except OSError as error:
        why = error.strerror or type(error).__name__
        msg = f"simulate.write: folder must be writable; got {why}. Free space or choose another folder."
        raise OutputError(msg) from error


def _write_table(table: pa.Table, path: Path, times: str) -> None:
    # Times are nearly sorted: their differences take a third of the room of the times themselves.
    dictionary = [field.name for field in table.schema if field.type in (pa.string(), pa.float64())]
    pq.write_table(
        table,
        path,
        compression="zstd",
        write_page_checksum=True,
        use_dictionary=dictionary,
        column_encoding={times: "DELTA_BINARY_PACKED"},
    )


def _toml(photos: pa.Table) -> str:
    lines = [
        "# Simulated by spamclf.simulate; nothing in here was ever a person.",
        "",
        "[time]",
        'zone = "UTC"',
        'unit = "us"',
    ]
    if photos["photo_hash"].null_count < photos.num_rows:
        lines += ["", "[photo_hash]", 'scheme = "simulated-256"']
    return "\n".join(lines) + "\n"
