"""The Dataset: seven checked tables, what was wrong with them, and where they came from."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.errors import ParameterError
from spamclf.instants import DAY_US, LAST_US, UNITS, iso, to_instant
from spamclf.schema import TABLES, Table
from spamclf.tables.check import Loaded, check_table, check_types, refuse_if_too_many
from spamclf.tables.columns import arrow_type
from spamclf.tables.frames import to_native
from spamclf.tables.loading import all_integer_ids, kind_of, load_tables, warn_of_mixed_ids
from spamclf.tables.quarantine import BadRows, Origin, Quarantine, RowCounts
from spamclf.tables.schemes import check_schemes, check_sections
from spamclf.tables.times import Reading
from spamclf.wording import counted

__all__ = ["Dataset", "check_dataset", "check_settings"]

T = TypeVar("T")

_MAX_BAD_SHARE = 0.01
#: Where an account shows what it does; labels and evidence are what others say of it later.
_BEHAVIOUR = ("accounts", "messages", "photos", "texts", "reports")


class Dataset:
    """Seven tables that keep the contract: who wrote to whom and when, and what is known of the accounts.

    Wrong columns or types are refused. Bad values are not: their rows go to quarantine, and the others are
    used, as long as no table has more bad rows than `max_bad_share`. For every table rows in = rows used +
    rows quarantined.

    Parameters
    ----------
    messages, accounts : dataframe or path
        pandas, polars, pyarrow, DuckDB, whatever has ``__arrow_c_stream__``; a dict of columns; or the path
        of a ``.parquet`` or ``.csv`` file or of a folder of Parquet parts. Columns as in
        `spamclf.schema.TABLES`; others are ignored.
    photos, texts, reports, labels, evidence : dataframe or path, optional
        The other tables.
    time_zone : str, optional
        Zone of timestamps without one, for instance ``"Europe/Berlin"``.
    time_unit : {"s", "ms", "us", "ns"}, optional
        Unit of times that are integers.
    max_bad_share : float, default 0.01
        Largest share of bad rows per table, from 0 to 1. Below 100 rows one bad row is tolerated, unless
        the share is 0.
    not_after : str, datetime or int, optional
        Later times are bad values. By default one day after now.
    folder : path, optional
        What the paths of photos are relative to; without it photo files are not looked at.
    schemes : mapping, optional
        How photo hashes and signatures were made, as ``dataset.toml`` says it: ``{"photo_hash": {"scheme": "pdq"}}``,
        ``{"signature": {"scheme": "affine32", "hash": "xxh32", "seed": 1, "n_perm": 128}}``. Unknown schemes are
        refused, unless no row has such a hash or signature.
    innocent : path or spamclf.campaigns.innocent.Innocent, optional
        A list of photos and texts that thousands share innocently, beside those that spamclf knows; see
        `spamclf.campaigns.innocent`.

    Attributes
    ----------
    tables : dict of str to pyarrow.Table
        All seven, in the contract's types and one chunk each; a table that was not given has no rows. Ids
        are int64 if every id of every table is an integer, else dictionary-coded strings. A column that is
        missing in `messages` stays missing; elsewhere it is null.
    given : frozenset of str
        Names of the tables that the caller supplied.
    quarantine : Quarantine
    counts : dict of str to RowCounts
    frame : str
        The dataframe library that the caller brought, for results.
    integer_ids : bool
    folder : Path or None
    schemes : dict
        What is stated and of use.
    innocent : path or None
    reading : dict
        How values were read: of ``time_zone``, ``time_unit``, ``max_bad_share`` and ``not_after`` the ``value``, None
        where none was stated, and ``from`` where it is: ``argument``, ``dataset.toml`` or ``default``.
    unread : tuple of str
        Columns of the given tables that the contract does not know, for instance ``"accounts.ip_country"``.

    Raises
    ------
    SchemaError, BadRowsError, DataFileError, ParameterError

    Examples
    --------
    >>> dataset = Dataset(
    ...     messages={"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [1780272000]},
    ...     accounts={"account_id": ["a", "b"]},
    ...     time_unit="s",
    ... )
    >>> dataset
    <Dataset: 2 accounts, 1 message>
    >>> dataset.messages["sent_at"][0].as_py().isoformat()
    '2026-06-01T00:00:00+00:00'
    """

    def __init__(
        self,
        *,
        messages: Any,
        accounts: Any,
        photos: Any = None,
        texts: Any = None,
        reports: Any = None,
        labels: Any = None,
        evidence: Any = None,
        time_zone: str | None = None,
        time_unit: str | None = None,
        max_bad_share: float = _MAX_BAD_SHARE,
        not_after: Any = None,
        folder: str | os.PathLike[str] | None = None,
        schemes: Mapping[str, Mapping[str, Any]] | None = None,
        innocent: Any = None,
    ) -> None:
        given = {"messages": messages, "accounts": accounts, "photos": photos, "texts": texts}
        given |= {"reports": reports, "labels": labels, "evidence": evidence}
        check_settings(time_zone, time_unit, max_bad_share)
        stated, where = {} if schemes is None else schemes, "schemes" if folder is None else "dataset.toml"
        check_sections(stated, where, ("photo_hash", "signature"))
        tomorrow = time.time_ns() // 1000 + DAY_US
        latest = tomorrow if not_after is None else to_instant(not_after, name="not_after", where="Dataset")
        self.given = frozenset(name for name, data in given.items() if data is not None)
        self.frame = kind_of(given)
        self.folder = None if folder is None else Path(folder)
        self.innocent = innocent
        self._max_bad_share = max_bad_share
        self.reading = _reading(
            time_zone, time_unit, max_bad_share, None if not_after is None else iso(latest)
        )
        self._sources: dict[str, tuple[Origin, npt.NDArray[np.int64] | None]] = {}
        self._derived: dict[Hashable, Any] = {}
        self.quarantine = Quarantine()
        self.counts: dict[str, RowCounts] = {}
        self.tables: dict[str, pa.Table] = {}
        loaded = load_tables(given)
        warn_of_mixed_ids(loaded.values())
        self.unread = tuple(f"{name}.{column}" for name, table in loaded.items() for column in table.unread)
        self.integer_ids = all_integer_ids(loaded.values())
        # Later than this no time is written by the readers, so that what is later still is seen to be.
        how = Reading(min(latest, LAST_US - 2 * DAY_US), self.integer_ids, time_zone, time_unit)
        for table in loaded.values():
            check_types(table, replace(how, text=table.text))
        for name, spec in TABLES.items():
            self._check(spec, loaded.pop(name, None), how, max_bad_share)
        made = (self.photos["photo_hash"], self.texts["signature"])
        n_hashes, n_signatures = (len(column) - column.null_count for column in made)
        self.schemes = check_schemes(stated, where, n_hashes=n_hashes, n_signatures=n_signatures)

    @classmethod
    def of_checked(
        cls,
        tables: Mapping[str, pa.Table],
        *,
        integer_ids: bool,
        given: Collection[str],
        schemes: Mapping[str, Any] | None = None,
    ) -> Dataset:
        """Return a dataset of rows that were checked before, for instance as part of a larger one.

        Parameters
        ----------
        tables : mapping of str to pyarrow.Table
            Columns may be missing, strings coded or not; a table that is missing has no rows.
        integer_ids : bool
        given : collection of str
            Names of the tables that the larger dataset was given.
        schemes : mapping, optional
            As `Dataset.schemes`.

        Returns
        -------
        dataset : Dataset

        Examples
        --------
        >>> Dataset.of_checked({"accounts": pa.table({"account_id": [7]})}, integer_ids=True, given=("accounts",))
        <Dataset: 1 account>
        """
        dataset = cls.__new__(cls)
        how = Reading(LAST_US, integer_ids)
        dataset.given, dataset.frame, dataset.integer_ids = frozenset(given), "pyarrow", integer_ids
        dataset.folder = dataset.innocent = None
        dataset.unread = ()
        dataset.schemes, dataset.quarantine = dict(schemes or {}), Quarantine()
        dataset._max_bad_share, dataset._derived = 0.0, {}
        dataset.reading = _reading(None, None, None, None)
        dataset._sources = {name: (Origin(), None) for name in TABLES}
        dataset.tables, dataset.counts = {}, {}
        for name, spec in TABLES.items():
            table = tables.get(name, pa.table({}))
            columns = {
                column.name: table[column.name].cast(arrow_type(column, how))
                if column.name in table.column_names
                else pa.nulls(table.num_rows, arrow_type(column, how))
                for column in spec.columns
            }
            dataset.tables[name] = pa.table(columns).combine_chunks()
            dataset.counts[name] = RowCounts(table.num_rows, table.num_rows, 0)
        return dataset

    def _check(self, spec: Table, loaded: Loaded | None, how: Reading, max_bad_share: float) -> None:
        if loaded is None:
            schema = pa.schema([(column.name, arrow_type(column, how)) for column in spec.columns])
            self.tables[spec.name] = schema.empty_table()
            self.counts[spec.name] = RowCounts(0, 0, 0)
            return
        checked = check_table(loaded, replace(how, text=loaded.text), max_bad_share, self.tables)
        self.tables[spec.name] = checked.table
        self._sources[spec.name] = (loaded.origin, checked.kept)
        self.quarantine.add(checked.bad, loaded.origin)
        used = checked.table.num_rows
        self.counts[spec.name] = RowCounts(checked.rows_in, used, checked.rows_in - used)

    @property
    def accounts(self) -> pa.Table:
        """One row per account: what its registration tells."""
        return self.tables["accounts"]

    @property
    def messages(self) -> pa.Table:
        """One row per message: who wrote to whom and when."""
        return self.tables["messages"]

    @property
    def photos(self) -> pa.Table:
        """Profile photos, as everybody sees them."""
        return self.tables["photos"]

    @property
    def texts(self) -> pa.Table:
        """Public profile texts, and texts disclosed in reports."""
        return self.tables["texts"]

    @property
    def reports(self) -> pa.Table:
        """Reports and blocks by recipients."""
        return self.tables["reports"]

    @property
    def labels(self) -> pa.Table:
        """What is known to be automated or not, for training."""
        return self.tables["labels"]

    @property
    def evidence(self) -> pa.Table:
        """Accounts tied to an operator by something seen elsewhere."""
        return self.tables["evidence"]

    def emptied(self, *tables: str) -> Dataset:
        """Return the same dataset in which some tables have no rows.

        Parameters
        ----------
        *tables : str
            Names of tables other than messages and accounts, without which no dataset is.

        Returns
        -------
        dataset : Dataset
            It shares its other tables with this one.

        Raises
        ------
        ParameterError
            For another name.

        Examples
        --------
        >>> from spamclf import read_dataset
        >>> read_dataset("data/sample").emptied("labels", "evidence").labels.num_rows
        0
        """
        optional = [name for name in TABLES if name not in ("messages", "accounts")]
        if unknown := [name for name in tables if name not in optional]:
            raise ParameterError(
                f"emptied: tables must be of {', '.join(optional)}; got {unknown[0]!r}. Name them one by one."
            )
        other = copy.copy(self)
        other.tables = self.tables | {name: self.tables[name].slice(0, 0) for name in tables}
        other.counts = self.counts | dict.fromkeys(tables, RowCounts(0, 0, 0))
        other._sources = {name: source for name, source in self._sources.items() if name not in tables}
        other.quarantine, other._derived = Quarantine(), {}  # of its own: reading photos may set more aside
        for name, (origin, _) in other._sources.items():
            other.quarantine.add(self.quarantine.of(name), origin)
        return other

    def set_aside(self, table: str, column: str, rules: npt.NDArray[np.object_]) -> None:
        """Move rows of a table to quarantine that proved bad when they were looked at more closely.

        Parameters
        ----------
        table, column : str
        rules : ndarray of shape (n_rows,), dtype object
            Of each row the rule of `RULES` that it broke; an empty string for the others.

        Raises
        ------
        BadRowsError
            If with them too many rows of the table are bad; then nothing is moved.
        """
        origin, kept = self._sources[table]
        kept = np.arange(len(rules), dtype=np.int64) if kept is None else kept
        stays = rules == ""
        bad = [
            BadRows(table, column, rule, origin.in_file(kept[rules == rule]))
            for rule in sorted(set(rules[~stays]))
        ]
        counts = self.counts[table]
        refuse_if_too_many(
            table, counts.rows_in, self.quarantine.of(table) + bad, origin, self._max_bad_share
        )
        self.quarantine.add(bad, origin)
        self.tables[table] = self.tables[table].filter(pa.array(stays)).combine_chunks()
        self._sources[table] = (origin, kept[stays])
        used = int(stays.sum())
        self.counts[table] = RowCounts(counts.rows_in, used, counts.rows_in - used)

    def account_for(self, table: str, rows_in: int, bad: Sequence[BadRows], origin: Origin) -> None:
        """Note what became of the rows of a table that was checked elsewhere, piece by piece.

        Parameters
        ----------
        table : str
        rows_in : int
        bad : sequence of BadRows
            All that were set aside; what the dataset itself set aside of the table is forgotten.
        origin : Origin
            Where they came from.

        Raises
        ------
        BadRowsError
            If too many are bad.
        """
        first = origin.files[0]
        where = f"{table} ({first.split('/')[0] + '/' if len(origin.files) > 1 else first})"
        refuse_if_too_many(where, rows_in, bad, origin, self._max_bad_share)
        self.quarantine.forget(table)
        self.quarantine.add(bad, origin)
        n_bad = sum(len(part.rows) for part in bad)
        self.counts[table] = RowCounts(rows_in, rows_in - n_bad, n_bad)

    def once(self, key: Hashable, build: Callable[[], T]) -> T:
        """Return what `build` makes of the tables, made at the first call only.

        Parameters
        ----------
        key : hashable
            Names it.
        build : callable
            Takes nothing.

        Returns
        -------
        derived : object
            The same one at every call with this key.
        """
        if key not in self._derived:
            self._derived[key] = build()
        derived: T = self._derived[key]
        return derived

    def last_instant(self) -> int | None:
        """Return the latest instant at which an account did something.

        Returns
        -------
        instant : int or None
            Microseconds since the epoch, UTC; None when no row has a time. Labels and evidence are not
            looked at: they say when somebody else reached a verdict.
        """
        latest = []
        for name in _BEHAVIOUR:
            last = pc.max(self.tables[name][TABLES[name].time]).cast(pa.int64()).as_py()
            if last is not None:
                latest.append(last)
        return max(latest, default=None)

    def to_native(self, table: pa.Table) -> Any:
        """Turn a result into the dataframe library that the caller brought (`frame`).

        Parameters
        ----------
        table : pyarrow.Table

        Returns
        -------
        dataframe : of the kind that `frame` names
        """
        return to_native(table, self.frame)

    def __repr__(self) -> str:
        rows = ", ".join(
            f"{table.num_rows:,} evidence" if name == "evidence" else counted(table.num_rows, name[:-1])
            for name, table in self.tables.items()
            if name in self.given
        )
        bad = f"; {counted(len(self.quarantine), 'row')} in quarantine" if len(self.quarantine) else ""
        return f"<Dataset: {rows}{bad}>"


def _reading(zone: str | None, unit: str | None, share: float | None, latest: str | None) -> dict[str, Any]:
    """Return `Dataset.reading`; a share that is the default's counts as such, whoever stated it."""
    share = None if share is None else float(share)
    values = {"time_zone": zone, "time_unit": unit, "max_bad_share": share, "not_after": latest}
    defaults = (None, _MAX_BAD_SHARE)
    return {
        name: {"value": value, "from": "default" if value in defaults else "argument"}
        for name, value in values.items()
    }


def check_settings(time_zone: str | None, time_unit: str | None, max_bad_share: float) -> None:
    """Refuse a zone, a unit or a share that is none."""
    if time_unit is not None and time_unit not in UNITS:
        msg = f"Dataset: time_unit must be one of {', '.join(UNITS)}; got {time_unit!r}. Use 's' for seconds."
        raise ParameterError(msg)
    if not isinstance(max_bad_share, int | float | np.floating) or not 0 <= max_bad_share <= 1:
        msg = f"Dataset: max_bad_share must be from 0 to 1; got {max_bad_share!r}. Use 0.01 for 1 %."
        raise ParameterError(msg)
    if time_zone is not None:
        try:
            pc.assume_timezone(pa.array([0], pa.timestamp("us")), time_zone)
        except (pa.ArrowInvalid, TypeError):
            msg = (
                f"Dataset: time_zone must be a zone's name; got {time_zone!r}. Use 'Europe/Berlin' or 'UTC'."
            )
            raise ParameterError(msg) from None


def check_dataset(dataset: Any, where: str) -> None:
    """Refuse what is no `Dataset`, for instance the path of one."""
    if not isinstance(dataset, Dataset):
        raise ParameterError(
            f"{where}: dataset must be a Dataset; got {type(dataset).__name__}. "
            "Use spamclf.read_dataset(folder) or spamclf.Dataset(messages=..., accounts=...)."
        )
