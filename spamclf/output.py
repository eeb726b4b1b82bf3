"""Write a result table as a file, whole or not at all; refuse an output that cannot be before the work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from spamclf.errors import OutputError, ParameterError
from spamclf.files import atomic_write, make_folder
from spamclf.folders import is_of_tables
from spamclf.model.file import MANIFEST

__all__ = ["FORMULA", "check_beside", "check_model_output", "check_output", "restored_ids", "write_result"]

_ENDINGS = (".parquet", ".csv")
#: What a spreadsheet takes for the beginning of a formula, in its wide forms too.
FORMULA = r"^([=+\-@\t\r\n＝＋－＠])"
#: An id that a spreadsheet would reckon with: +49170..., -aB3/ and @anna:home only look so, and stay as they are.
_FORMULA_ID = r"('*(?:[=\t\r\n＝]|[+\-@＋－＠][0-9A-Za-z_.:/=+@-]*[^0-9A-Za-z_.:/=+@-]))"


def check_output(
    path: str | os.PathLike[str], endings: Sequence[str] = _ENDINGS, *, name: str = "out"
) -> Path:
    """Return the path of a result if it can be one: known ending, existing folder. Before the work, not after it.

    Parameters
    ----------
    path : path-like
    endings : sequence of str, default=(".parquet", ".csv")
    name : str, default="out"
        How an error names the argument.

    Returns
    -------
    path : Path

    Raises
    ------
    ParameterError
        If it has another ending.
    OutputError
        If its folder does not exist, or a folder stands at the path itself.

    Examples
    --------
    >>> check_output("scores.parquet").name
    'scores.parquet'
    """
    out = Path(path)
    if out.suffix not in endings:
        raise ParameterError(
            f"{name}: the file must end in {' or '.join(endings)}; got {out.name!r}. Use "
            f"{out.stem or name}{endings[0]}."
        )
    if not out.parent.is_dir():
        raise OutputError(
            f"{name}: its folder must exist; got {out.parent.name!r}, which does not. Make it first."
        )
    if out.is_dir():
        raise OutputError(f"{name}: it must be a file; got {out.name!r}, a folder. Choose another name.")
    return out


def check_beside(path: Path, folder: str | os.PathLike[str], *, name: str = "out") -> Path:
    """Return the path of a result if it is no file that a dataset is read from.

    Parameters
    ----------
    path : Path
    folder : path-like
        The dataset's.
    name : str, default="out"
        How an error names the argument.

    Returns
    -------
    path : Path

    Raises
    ------
    OutputError
        If it is one of the dataset's tables, or lies in the folder of one.

    Examples
    --------
    >>> check_beside(Path("data/sample/accounts.csv"), "data/sample")
    Traceback (most recent call last):
    ...
    spamclf.errors.OutputError: out: it must be none of the dataset's tables; got 'accounts.csv'. ...
    """
    if is_of_tables(path, folder):
        raise OutputError(
            f"{name}: it must be none of the dataset's tables; got {path.name!r}. Choose another name or folder."
        )
    return path


def check_model_output(path: str | os.PathLike[str], *, overwrite: bool) -> Path:
    """Return the folder of a model to come if it can be one, and make the folder above it. Before the work.

    Parameters
    ----------
    path : path-like
    overwrite : bool
        Whether a model may be there already.

    Returns
    -------
    path : Path

    Raises
    ------
    OutputError
        If it has no name, a model or a file is there, or the folder above cannot be made.

    Examples
    --------
    >>> check_model_output("models/default", overwrite=False)
    Traceback (most recent call last):
    ...
    spamclf.errors.OutputError: out: the folder must hold no model yet; got 'default', which does. ...
    """
    if not os.fspath(path).strip():
        raise OutputError("out: a model must have a folder of its own; got ''. Use for instance models/mine.")
    out = Path(path)
    if out.exists() and not out.is_dir():
        raise OutputError(f"out: a model must be a folder; got {out.name!r}, a file. Choose another name.")
    if not overwrite and os.path.lexists(out / MANIFEST):
        raise OutputError(
            f"out: the folder must hold no model yet; got {out.name!r}, which does. "
            "Choose a new folder, or say --overwrite."
        )
    make_folder(out.parent, where="out")
    return out


def write_result(table: Any, path: str | os.PathLike[str], *, texts: Sequence[str] = ()) -> int:
    """Write a table as Parquet (with page checksums, read back and compared) or CSV.

    In CSV the reasons are their sentences, joined by semicolons, and times are ISO 8601. Ids stay as they are, for a
    telephone number that begins with ``+`` must find its account again; all but those that a spreadsheet would reckon
    with as a formula (``=...``; ``+``, ``-`` or ``@`` with brackets, bars and the like behind): these get an
    apostrophe, which `restored_ids` takes away.

    Parameters
    ----------
    table : dataframe
        As `predict.score` returns it: Arrow, pandas, polars, DuckDB.
    path : path-like
        Ends in ``.parquet`` or ``.csv``.
    texts : sequence of str, optional
        Columns that strangers wrote: a cell of a CSV that a spreadsheet would take for a formula gets an apostrophe.

    Returns
    -------
    n_changed : int
        Ids that got an apostrophe; 0 in Parquet.

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
    0
    >>> print(out.read_text())
    "account_id","score"
    "00123",0.5
    """
    out = check_output(path)
    table = table if isinstance(table, pa.Table) else pa.table(table)
    n_changed = 0
    with atomic_write(out) as temporary:
        if out.suffix == ".parquet":
            pq.write_table(table, temporary, write_page_checksum=True)
            if not _reads_back(table, temporary):
                raise OutputError(
                    f"{out.name}: the file must read back as written; got other values. "
                    "What stood there before is untouched. Check the disk, then run again."
                )
        else:
            table, n_changed = _neutral_ids(table)
            pa.csv.write_csv(_flat(_neutral(table, texts)), temporary)
    return n_changed


def restored_ids(ids: Any) -> pa.Array:
    """Take away the apostrophes that `write_result` put before ids in a CSV file.

    Parameters
    ----------
    ids : array_like of str
        A column of the file, as it was read.

    Returns
    -------
    ids : pyarrow.Array of str
        As the dataset has them.

    Examples
    --------
    >>> restored_ids(["'=1+1", "+491701234567", "a42"]).to_pylist()
    ['=1+1', '+491701234567', 'a42']
    """
    return pc.replace_substring_regex(pa.array(ids, pa.string()), f"^'{_FORMULA_ID}", r"\1")


def _neutral_ids(table: pa.Table) -> tuple[pa.Table, int]:
    """Put an apostrophe before ids that a spreadsheet would reckon with, and count them; one more where one stands."""
    where = table.schema.get_field_index("account_id")
    kind = None if where < 0 else table.schema.types[where]
    if kind is None or pa.types.is_integer(kind):
        return table, 0
    ids = table.column(where).cast(pa.string())
    n_changed = pc.sum(pc.match_substring_regex(ids, f"^{_FORMULA_ID}"), min_count=0).as_py()
    ids = pc.replace_substring_regex(ids, f"^{_FORMULA_ID}", r"'\1")
    return (table.set_column(where, "account_id", ids), n_changed) if n_changed else (table, 0)


def _reads_back(table: pa.Table, path: Path) -> bool:
    try:
        return bool(pq.read_table(path, page_checksum_verification=True).equals(table))
    except pa.ArrowException:
        return False


def _neutral(table: pa.Table, texts: Sequence[str]) -> pa.Table:
    """Put an apostrophe before what would be a formula."""
    for name in texts:
        cells = pc.replace_substring_regex(table[name], pattern=FORMULA, replacement=r"'\1")
        table = table.set_column(table.column_names.index(name), name, cells)
    return table


def _flat(table: pa.Table) -> pa.Table:
    """Turn what a CSV cell cannot hold into text."""
    for k, column in enumerate(table.columns):
        name = table.column_names[k]
        if pa.types.is_list(column.type):
            words = [
                " | ".join(reason["sentence"] for reason in reasons or ()) for reasons in column.to_pylist()
            ]
            table = table.set_column(k, name, pa.array(words, pa.string()))
        elif pa.types.is_timestamp(column.type):
            table = table.set_column(k, name, pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ"))
    return table
