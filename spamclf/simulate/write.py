"""Write simulated tables as a dataset folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spamclf.errors import OutputError, ParameterError
from spamclf.files import make_folder
from spamclf.progress import Progress, check_progress
from spamclf.schema import TABLES
from spamclf.simulate.photos import picture

__all__ = ["check_new", "write"]


def check_new(folder: str | Path, *, overwrite: bool) -> Path:
    """Return the folder of a world to come; refuse one that holds something. Before the work, which makes it.

    Parameters
    ----------
    folder : str or Path
    overwrite : bool
        Whether it may hold something.

    Returns
    -------
    folder : Path

    Raises
    ------
    OutputError
        If it holds something and `overwrite` is False.

    Examples
    --------
    >>> check_new("data/sample", overwrite=False)
    Traceback (most recent call last):
    ...
    spamclf.errors.OutputError: simulate.write: folder must be new or empty; got one that holds files. ...
    """
    folder = Path(folder)
    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        raise OutputError(
            "simulate.write: folder must be new or empty; got one that holds files. Choose another, or say "
            "overwrite=True."
        )
    return folder


def write(
    tables: Mapping[str, pa.Table],
    folder: str | Path,
    *,
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
) -> None:
    """Write tables of `world` as a dataset folder: Parquet with page checksums, pictures, ``dataset.toml``.

    The same tables give the same bytes under the same versions of pyarrow and Pillow. No file takes its place before
    all are written: what breaks off leaves the folder as it was.

    Parameters
    ----------
    tables : World or mapping of str to pyarrow.Table
        All seven tables, as `world` returns them.
    folder : str or Path
        Made where it does not exist.
    overwrite : bool, default False
        Whether the folder may hold something: files of the same names are replaced, others are left alone.
    progress : callable, optional
        Told from time to time, in a line, how far the pictures are drawn.

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
    check_progress(progress, "simulate.write")
    folder = make_folder(check_new(folder, overwrite=overwrite), where="simulate.write")
    try:
        with tempfile.TemporaryDirectory(prefix=".", dir=folder) as made:
            _write_all(tables, Path(made), Progress(progress, {"drawing": 1.0}))
            _move(Path(made), folder)
    except OSError as error:
        why = error.strerror or type(error).__name__
        msg = f"simulate.write: folder must be writable; got {why}. Free space or choose another folder."
        raise OutputError(msg) from error


def _write_all(tables: Mapping[str, pa.Table], made: Path, told: Progress) -> None:
    for name in TABLES:
        _write_table(tables[name], made / f"{name}.parquet", times=TABLES[name].time)
    (made / "dataset.toml").write_text(_toml(tables["photos"]), encoding="utf-8")
    names: Sequence[str] = sorted(set(tables["photos"]["photo"].drop_null().to_pylist()))
    if names:
        (made / "photos").mkdir()
        told.begin("drawing", len(names))
    for name in names:
        (made / name).write_bytes(picture(name))
        told.add(1)


def _move(made: Path, folder: Path) -> None:
    """Give the finished files their places; those of the same names go."""
    for path in sorted(made.rglob("*")):
        place = folder / path.relative_to(made)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            os.replace(path, place)


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
