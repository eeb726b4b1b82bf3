"""Rows as they come in: checked by the contract batch by batch, and counted."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import check_settings
from spamclf.errors import SchemaError
from spamclf.instants import DAY_US, LAST_US
from spamclf.schema import TABLES
from spamclf.tables.check import Checked, Loaded, check_names, check_table, check_types, refuse_if_too_many
from spamclf.tables.frames import frame_kind, to_arrow
from spamclf.tables.loading import all_integer_ids, id_columns
from spamclf.tables.quarantine import BadRows, Quarantine, RowCounts
from spamclf.tables.times import Reading
from spamclf.wording import counted

__all__ = ["Batch", "Intake", "worth_telling"]

Ints = npt.NDArray[np.int64]
_LISTED = 10_000  # rows of the quarantine
_AS_STRINGS = (
    "Give all ids as strings from the first row on: integers have lost leading zeros and plus signs."
)
#: Why rows that keep the contract are set aside all the same.
_ASIDE = {"messages": ("sent_at", "too_late"), "accounts": ("account_id", "duplicate_key")}


@dataclass(frozen=True)
class Batch:
    """Rows that keep the contract, and what is noted once they are in (`Intake.note`)."""

    table: pa.Table
    checked: Checked
    loaded: Loaded
    integer_ids: bool | None
    frame: str


def worth_telling(before: int, after: int) -> bool:
    """Tell whether a growing number met a milestone: the first, the tenth, the hundredth and so on."""
    return after > before and len(str(after)) > len(str(before)) * bool(before)


class Intake:
    """Checks rows as `Dataset` does, but for what only all rows together can tell: keys, and who is known.

    Parameters
    ----------
    time_zone, time_unit, max_bad_share
        As of `Dataset`.
    not_after : int, optional
        Microseconds since the epoch; by default a day after the moment of checking.

    Attributes
    ----------
    counts : dict of str to RowCounts
    quarantine : Quarantine
    integer_ids : bool or None
        As the first rows decided.
    frame : str
        The dataframe library that the first rows came in.
    """

    def __init__(
        self, time_zone: str | None, time_unit: str | None, max_bad_share: float, not_after: int | None
    ) -> None:
        check_settings(time_zone, time_unit, max_bad_share)
        self._how, self._max_bad_share, self._not_after = (time_zone, time_unit), max_bad_share, not_after
        self.counts = {name: RowCounts(0, 0, 0) for name in TABLES}
        self.quarantine = Quarantine(_LISTED)
        self._judged = dict.fromkeys(TABLES, (0, 0))  # rows in and bad ones, of this process
        self._told_of_files = False
        self.integer_ids: bool | None = None
        self.frame = "pyarrow"

    def check(self, name: str, rows: Any) -> Batch:
        """Return the rows of a table that keep the contract.

        Raises
        ------
        SchemaError
            If a column is missing or of another type, or ids are strings where they were integers.
        BadRowsError
            If too many rows are bad.
        """
        spec = replace(TABLES[name], known=())
        names, table = to_arrow(rows, [column.name for column in spec.columns], name)
        check_names(spec, names, name)
        loaded = Loaded(spec, {each: table.column(each) for each in table.column_names}, table.num_rows)
        integer_ids = self._integer_ids_with(name, loaded)
        latest = self._not_after if self._not_after is not None else time.time_ns() // 1000 + DAY_US
        how = Reading(min(latest, LAST_US - 2 * DAY_US), bool(integer_ids), *self._how)
        check_types(loaded, how)
        is_first = all(each.rows_in == 0 for each in self.counts.values())
        frame = frame_kind(rows) if is_first else self.frame
        checked = check_table(loaded, how, self._max_bad_share, {})
        self._refuse_if_too_many(loaded, checked)
        self._warn_of_bad(loaded, checked)
        if name == "photos":
            self._warn_of_files(checked.table)
        return Batch(checked.table, checked, loaded, integer_ids, frame)

    def _refuse_if_too_many(self, loaded: Loaded, checked: Checked) -> None:
        """Refuse a batch with bad rows where too many of all rows of its table so far were bad."""
        if checked.bad:
            rows_in, n_bad = self._judged[loaded.spec.name]
            refuse_if_too_many(
                f"{loaded.where}, all batches so far", rows_in + checked.rows_in, checked.bad, loaded.origin,
                self._max_bad_share, n_before=n_bad,
            )  # fmt: skip

    def _warn_of_bad(self, loaded: Loaded, checked: Checked) -> None:
        """Warn of rows that break a rule: of the first of a table, of the tenth, the hundredth and so on."""
        before = self._judged[loaded.spec.name][1]
        after = before + sum(len(part.rows) for part in checked.bad)
        if worth_telling(before, after):
            rules = ", ".join(sorted({f"{part.column} {part.rule}".strip() for part in checked.bad}))
            warnings.warn(
                f"observe: rows of {loaded.spec.name} should keep the contract; got {counted(after, 'row')} so far "
                f"that do not ({rules}), and are set aside. See quarantine.",
                stacklevel=4,
            )

    def _warn_of_files(self, photos: pa.Table) -> None:
        """Warn, once, of photos that are known by their files alone: nobody looks at these."""
        alone = pc.and_(photos["photo"].is_valid(), photos["photo_hash"].is_null())
        n = pc.sum(alone).as_py() or 0
        if n and not self._told_of_files:
            warnings.warn(
                f"observe: photos must come with their photo_hash; got {counted(n, 'row')} with a file alone, which is "
                "not looked at. Fingerprint them first, as spamclf.campaigns.photos.fingerprint does.",
                stacklevel=4,
            )
            self._told_of_files = True

    def _integer_ids_with(self, name: str, loaded: Loaded) -> bool | None:
        as_integers, as_others = id_columns(loaded)
        if not loaded.n_rows or not (as_integers or as_others):
            return self.integer_ids
        integers = all_integer_ids([loaded])
        if self.integer_ids is not None and self.integer_ids != integers:
            first, got = ("integers", "others") if self.integer_ids else ("strings", "integers")
            raise SchemaError(
                f"observe: ids of {name} must be {first}, as the first ones were; got {got}. {_AS_STRINGS}"
            )
        if as_integers and as_others:
            raise SchemaError(
                f"observe: ids of {name} must be strings in every column; got integers in {', '.join(as_integers)}. "
                f"{_AS_STRINGS}"
            )
        return integers if self.integer_ids is None else self.integer_ids

    def note(self, name: str, batch: Batch, aside: Ints) -> None:
        """Note that rows of a batch are in, but those at the places `aside`."""
        self.integer_ids, self.frame = batch.integer_ids, batch.frame
        checked, bad = batch.checked, list(batch.checked.bad)
        n_used = checked.table.num_rows - aside.size
        if aside.size:
            column, rule = _ASIDE[name]
            rows = aside if checked.kept is None else checked.kept[aside]
            bad.append(BadRows(name, column, rule, batch.loaded.origin.in_file(rows)))
        self.quarantine.add(bad, batch.loaded.origin)
        rows_in, n_bad = self._judged[name]
        self._judged[name] = rows_in + checked.rows_in, n_bad + sum(len(part.rows) for part in checked.bad)
        before, n = self.counts[name], checked.rows_in
        self.counts[name] = RowCounts(
            before.rows_in + n, before.rows_used + n_used, before.rows_quarantined + n - n_used
        )

    def trusting(self) -> Intake:
        """Return an intake that takes the same rows once more: none may be bad, and no time is too late."""
        intake = Intake(*self._how, 0.0, LAST_US - 2 * DAY_US)
        intake._told_of_files = True
        return intake
