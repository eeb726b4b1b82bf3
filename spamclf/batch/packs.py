"""Named arrays of any lengths in one file, written whole or not at all, read without a copy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pyarrow as pa

from spamclf.files import atomic_write

__all__ = ["Pack", "read_pack", "write_pack"]

Pack = dict[str, pa.Array]


def write_pack(path: Path, arrays: Mapping[str, pa.Array | npt.NDArray[Any]]) -> None:
    """Write arrays as one file: a table of one row, of which each cell is an array.

    Parameters
    ----------
    path : Path
    arrays : mapping of str to array
        One-dimensional, without nulls.

    Raises
    ------
    OutputError
        If it cannot be written; what stood there before is untouched.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> path = Path(tempfile.mkdtemp()) / "some.arrow"
    >>> write_pack(path, {"time": np.array([3, 5]), "name": pa.array(["a"])})
    >>> pack = read_pack(path)
    >>> np.asarray(pack["time"]), pack["name"].to_pylist()
    (array([3, 5]), ['a'])
    """
    cells = {}
    for name, values in arrays.items():
        array = values if isinstance(values, pa.Array) else pa.array(values)
        offsets = pa.array([0, len(array)], pa.int64())
        cells[name] = pa.LargeListArray.from_arrays(offsets, array)
    batch = pa.record_batch(list(cells.values()), list(cells))
    with (
        atomic_write(path) as temporary,
        pa.OSFile(str(temporary), "wb") as file,
        pa.ipc.new_file(file, batch.schema) as writer,
    ):
        writer.write_batch(batch)


def read_pack(path: Path) -> Pack:
    """Return the arrays of a file, which is mapped into memory: what is not looked at is not read."""
    with pa.memory_map(str(path)) as file:
        batch = pa.ipc.open_file(file).get_batch(0)
    return {name: batch.column(k).values for k, name in enumerate(batch.schema.names)}
