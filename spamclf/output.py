"""Write a result table as a file: whole or not at all, and read back before it counts."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from spamclf.errors import OutputError, ParameterError
from spamclf.files import atomic_write

__all__ = ["check_output", "write_result"]

_ENDINGS = (".parquet", ".csv")


def check_output(path: str | os.PathLike[str]) -> Path:
    """Return the path of a result if it can be one: known ending, existing folder. Before the work, not after it.

    Raises
    ------
    ParameterError
    """
    out = Path(path)
    if out.suffix not in _ENDINGS:
        raise ParameterError(
            f"out: the file must end in .parquet or .csv; got {out.name!r}. Use scores.parquet."
        )
    if not out.parent.is_dir():
        raise ParameterError(f"out: its folder must exist; got {out.parent.name!r}. Make it first.")
    return out


def write_result(table: pa.Table, path: str | os.PathLike[str]) -> None:
    """Write a table as Parquet (with page checksums, read back and compared) or CSV.

    In CSV the reasons are their sentences, joined by semicolons, and times are ISO 8601.

    Parameters
    ----------
    table : pyarrow.Table
    path : path-like
        Ends in ``.parquet`` or ``.csv``.

    Raises
    ------
    OutputError
        If it cannot be written, or does not read back as written; what stood there before is untouched.
    ParameterError
        If the path has another ending.

    Examples
    --------
    >>> import tempfile
    >>> out = Path(tempfile.mkdtemp()) / "scores.csv"
    >>> write_result(pa.table({"account_id": ["00123"], "score": [0.5]}), out)
    >>> print(out.read_text())
    "account_id","score"
    "00123",0.5
    """
    out = check_output(path)
    with atomic_write(out) as temporary:
        if out.suffix == ".parquet":
            pq.write_table(table, temporary, write_page_checksum=True)
            if not pq.read_table(temporary, page_checksum_verification=True).equals(table):
                raise OutputError(
                    f"{out.name}: the file must read back as written; got other values. Check the disk, then run again."
                )
        else:
            pa.csv.write_csv(_flat(table), temporary)


def _flat(table: pa.Table) -> pa.Table:
    """Turn what a CSV cell cannot hold into text."""
    for k, column in enumerate(table.columns):
        name = table.column_names[k]
        if pa.types.is_list(column.type):
            words = [
                "; ".join(reason["sentence"] for reason in reasons or ()) for reasons in column.to_pylist()
            ]
            table = table.set_column(k, name, pa.array(words, pa.string()))
        elif pa.types.is_timestamp(column.type):
            table = table.set_column(k, name, pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ"))
    return table
