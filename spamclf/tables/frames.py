"""Any dataframe to Arrow and back: the only file that knows which container a caller brought."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from spamclf.errors import SchemaError

__all__ = ["FRAMES", "frame_kind", "to_arrow", "to_native"]

#: The dataframe libraries in which a result can be given.
FRAMES = ("pyarrow", "pandas", "polars", "duckdb", "modin", "cudf")

#: What Arrow raises of values that are of no one type: it has no array for a number beyond 64 bits (OverflowError), nor
#: for half of a surrogate pair in a text (UnicodeError).
_UNFIT = (
    pa.ArrowInvalid,
    pa.ArrowTypeError,
    pa.ArrowNotImplementedError,
    OverflowError,
    UnicodeError,
)


def frame_kind(data: Any) -> str:
    """Name the dataframe library of a table: pandas, polars, pyarrow, duckdb, ...

    Examples
    --------
    >>> frame_kind({"account_id": ["a"]})
    'pyarrow'
    """
    if isinstance(data, pa.Table | pa.RecordBatch | pa.RecordBatchReader | Mapping | list):
        return "pyarrow"
    import narwhals as nw

    frame = nw.from_native(data, pass_through=True)
    implementation = getattr(frame, "implementation", None)
    return "pyarrow" if implementation is None else str(implementation.value)


def to_arrow(data: Any, wanted: Sequence[str], where: str) -> tuple[list[str], pa.Table]:
    """Turn a dataframe into Arrow, restricted to the wanted columns that it has.

    Parameters
    ----------
    data : dataframe
        pandas, polars, pyarrow, DuckDB; anything with ``__arrow_c_stream__``, or that narwhals can turn to
        Arrow; a dict of columns, or a list of rows that are dicts.
    wanted : sequence of str
        Names of the contract's columns.
    where : str
        The table's name, for errors.

    Returns
    -------
    names : list of str
        All names that the dataframe has.
    table : pyarrow.Table
        The wanted columns only.

    Raises
    ------
    SchemaError
        If it is no dataframe, or its columns cannot be expressed in Arrow.
    """
    if isinstance(data, list) and all(isinstance(row, Mapping) for row in data):
        names = dict.fromkeys(name for row in data for name in row) if data else wanted
        data = {name: [row.get(name) for row in data] for name in names}
    try:
        return _to_arrow(data, wanted)
    except _UNFIT:
        _check_lengths(data, wanted, where)
        # Arrow's own words may quote a value, which may be an id: they are not handed on.
        msg = (
            f"{where}: column {_culprit(data, wanted)} must hold values of one type that Arrow knows; "
            "got a mixture. Convert it before loading, ids to strings."
        )
        raise SchemaError(msg) from None
    except (TypeError, AttributeError, KeyError) as error:
        msg = (
            f"{where}: the table must be a dataframe (pandas, polars, pyarrow, DuckDB), a dict of columns, a list of "
            f"rows that are dicts, or a path; got {_described(data)}. Convert it before loading."
        )
        raise SchemaError(msg) from error


def _described(data: Any) -> str:
    """Say what came instead of a table."""
    if isinstance(data, Mapping):
        return "a dict of single values (put each into a list)"
    if isinstance(data, list):
        return f"a list with a {next(type(row).__name__ for row in data if not isinstance(row, Mapping))}"
    return type(data).__name__


def _check_lengths(data: Any, wanted: Sequence[str], where: str) -> None:
    """Refuse a dict of columns of different lengths."""
    if not isinstance(data, Mapping):
        return
    lengths = {}
    for name in wanted:
        with contextlib.suppress(TypeError, KeyError):  # what has no length is another matter
            lengths[name] = len(data[name])
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{length:,} of {name}" for name, length in lengths.items())
        raise SchemaError(f"{where}: columns must be of one length; got {got}. Give one value for each row.")


def _culprit(data: Any, wanted: Sequence[str]) -> str:
    """Name the first column that Arrow cannot hold."""
    for name in wanted:
        try:
            pa.array(data[name])
        except _UNFIT:  # first: Arrow's type error is a TypeError, too
            return f"'{name}'"
        except (KeyError, TypeError, AttributeError):
            continue
    return "(one of them)"


def _to_arrow(data: Any, wanted: Sequence[str]) -> tuple[list[str], pa.Table]:
    if isinstance(data, Mapping):
        if any(isinstance(values, str | bytes) for name, values in data.items() if name in wanted):
            raise TypeError  # not one row for each character
        table = pa.table({str(name): data[name] for name in data if name in wanted})
        return [str(name) for name in data], table
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    if isinstance(data, pa.Table):
        return data.column_names, _select(data, wanted)
    if type(data).__module__.split(".")[0] == "pandas":
        names = [str(name) for name in data.columns]
        chosen = [name for name in data.columns if name in wanted]
        if len(set(chosen)) < len(chosen):
            return names, pa.table({})
        # Only the wanted columns are converted: an extra column of Python objects costs and harms nothing.
        return names, pa.Table.from_pandas(data[chosen], preserve_index=False)
    if hasattr(data, "to_arrow_table"):
        data = data.to_arrow_table()  # DuckDB: in older versions a relation's stream can be read only once
    if not hasattr(data, "__arrow_c_stream__"):
        import narwhals as nw

        frame = nw.from_native(data)
        if isinstance(frame, nw.LazyFrame):
            frame = frame.collect(backend="pyarrow")
        data = frame.to_arrow()
    table = pa.table(data)
    return table.column_names, _select(table, wanted)


def _select(table: pa.Table, wanted: Sequence[str]) -> pa.Table:
    places = [place for place, name in enumerate(table.column_names) if name in wanted]
    return table.select(places)


def to_native(table: pa.Table, kind: str) -> Any:
    """Turn an Arrow table into a dataframe of a kind that `frame_kind` names.

    What cannot be made here (a Spark or Dask frame) stays Arrow, which every dataframe library reads.

    Examples
    --------
    >>> to_native(pa.table({"score": [0.5]}), "pandas")
       score
    0    0.5
    """
    if kind == "duckdb":
        import duckdb

        return duckdb.from_arrow(table)
    if kind in FRAMES and kind != "pyarrow":
        import narwhals as nw

        backend: Any = kind
        return nw.from_arrow(table, backend=backend).to_native()
    return table
