"""Put labels to those of a dataset's folder, in the form that its table has: whole or not at all, and only once."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spamclf.dataset import Dataset
from spamclf.errors import OutputError
from spamclf.facts import column_of, instants_of
from spamclf.files import atomic_write, hold
from spamclf.folders import check_folder, times_of
from spamclf.instants import UNITS, iso
from spamclf.output import check_beside, check_output
from spamclf.review.decisions import Decisions, checked, read_decisions
from spamclf.review.stores import CsvLabels, ParquetLabels, store_of
from spamclf.schema import TABLES
from spamclf.tables.folder import find_table
from spamclf.wording import counted

__all__ = ["Added", "add_labels"]

_SPEC = TABLES["labels"]
_NEEDED = ("accounts", "messages", "labels")


@dataclass(frozen=True)
class Added:
    """What became of decisions.

    Attributes
    ----------
    path : Path
        Where the labels are.
    n_added : int
    n_known : int
        Decisions whose label was there already.
    n_unsure : int
        Decisions that make no label.
    n_against : int
        Labels added that say the opposite of the account's label before.
    seen_as_of : int or None
        Training and scoring as of this instant or later see the labels of all these decisions: the next whole second
        after the latest of them, microseconds since the epoch; None without a label.
    """

    path: Path
    n_added: int
    n_known: int
    n_unsure: int
    n_against: int = 0
    seen_as_of: int | None = None

    def __str__(self) -> str:
        """Tell all of them; of opposites only where there are some."""
        told = (
            f"{counted(self.n_added, 'label')} added, {self.n_known:,} there already, {self.n_unsure:,} unsure and so "
            "no label"
        )
        if self.n_against:
            told += f"\n{self.n_against:,} of those added say the opposite of the account's label before"
        if self.seen_as_of is not None:
            told += (
                f"\nthey are seen as of {iso(self.seen_as_of)} or later; without as_of, train looks until after the "
                "last label, score and report until after the last message, report, photo, text or registration"
            )
        return told


def add_labels(
    folder: str | os.PathLike[str],
    decisions: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] | None = None,
    max_bad_share: float = 0.01,
    time_zone: str | None = None,
    time_unit: str | None = None,
) -> Added:
    """Add analysts' decisions to the labels of a dataset, for the next training to learn from.

    ``automated`` and ``not_automated`` become labels of source ``review``, ``appeal_accepted`` one that says not
    automated, of source ``appeal``; ``unsure`` becomes none. A label counts from the instant of the decision on, and
    replaces those before it from then on: what was known earlier stays known as it was. The columns ``source``,
    ``score_id`` and ``reviewer`` tell where it comes from; they stand beside the contract's columns and no feature
    reads them. Notes stay in the file of decisions.

    Decisions that were added before add nothing, so a file may be added again when more has come to it.

    Parameters
    ----------
    folder : path
        A dataset folder. Its table of labels is rewritten with the new rows after the old ones; a folder of parts gets
        one more; if there is none, ``labels.parquet`` is made.
    decisions : path
        See `read_decisions`. If one of them breaks a rule none is added.
    out : path, optional
        Write the labels to this file instead, none of the dataset's own, and leave the dataset as it is. It has the
        ending of the table's file.
    max_bad_share, time_zone, time_unit
        As of `spamclf.read_dataset`.

    Returns
    -------
    added : Added

    Raises
    ------
    DataFileError, SchemaError, ParameterError
        If the dataset or the file of decisions cannot be read.
    BadRowsError
        If a decision breaks a rule: its account is unknown, was registered later, another decision says the opposite of
        it at the same instant, and so on.
    OutputError
        If the labels cannot be written, would go over a table of the dataset, or the type of a column cannot hold them;
        what stood there before is untouched.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "decisions.csv"
    >>> _ = file.write_text("account_id,decided_at,decision\\na42,2026-06-12T10:00:00Z,not_automated\\n")
    >>> print(add_labels("data/sample", file, out=file.with_name("labels.parquet")))
    1 label added, 0 there already, 0 unsure and so no label
    they are seen as of 2026-06-12T10:00:01Z or later; without as_of, train looks until after the last label, ...
    """
    folder = check_folder(folder)
    path = find_table(folder, _SPEC)
    target = folder / f"{_SPEC.name}.parquet" if path is None else path
    if out is not None:
        endings = (".csv",) if target.suffix.lower() == ".csv" else (".parquet",)
        target = check_beside(check_output(out, endings), folder)
    with contextlib.ExitStack() as held:
        held.enter_context(hold(target))
        zone, unit = times_of(folder, time_zone, time_unit)
        reading = {"time_zone": zone, "time_unit": unit, "max_bad_share": max_bad_share}
        dataset = _dataset(folder, reading)
        found = checked(read_decisions(decisions), dataset, decisions)
        store = store_of(path, zone, unit)
        found = replace(found, decided_at=store.rounded(found.decided_at))
        fresh = _fresh(found, dataset)
        n_added = len(fresh.account_id)
        n_known, n_against = len(found.account_id) - n_added, _n_against(fresh, dataset)
        added = Added(target, n_added, n_known, found.n_unsure, n_against, _seen_as_of(found))
        if added.n_added or out is not None:
            _write(
                store,
                fresh,
                target,
                dataset,
                reading,
                part=path is not None and path.is_dir() and out is None,
            )
    return added


def _seen_as_of(found: Decisions) -> int | None:
    """Return the first whole second after all decisions that make labels."""
    if not found.decided_at.size:
        return None
    return (int(found.decided_at.max()) // UNITS["s"] + 1) * UNITS["s"]


def _dataset(folder: Path, reading: dict[str, Any], **tables: Any) -> Dataset:
    """Read accounts, messages and labels, all that decides on a decision."""
    found = {name: find_table(folder, TABLES[name]) for name in _NEEDED}
    return Dataset(**(found | tables), **reading)


def _fresh(found: Decisions, dataset: Dataset) -> Decisions:
    """Return the labels that are not there yet, each once."""
    seen = _rows(dataset)
    chosen = []
    for k, row in enumerate(
        zip(found.account_id, found.decided_at.tolist(), found.is_automated, strict=True)
    ):
        if row not in seen:
            seen.add(row)
            chosen.append(k)
    lists: dict[str, Any] = {
        name: [getattr(found, name)[k] for k in chosen]
        for name in ("account_id", "is_automated", "source", "score_id", "reviewer")
    }
    return replace(found, decided_at=found.decided_at[chosen], **lists)


def _n_against(fresh: Decisions, dataset: Dataset) -> int:
    """Count new labels that meet an opposite one: the account's before, or one of the same instant."""
    new = set(zip(fresh.account_id, fresh.decided_at.tolist(), fresh.is_automated, strict=True))
    accounts = set(fresh.account_id)
    old = {row for row in _rows(dataset) if row[0] in accounts}
    # Among equal instants the milder label stands, so it comes last.
    rows = sorted(old | new, key=lambda row: (row[0], row[1], not row[2]))
    return sum(
        (later in new or (earlier in new and earlier[1] == later[1]))
        for earlier, later in itertools.pairwise(rows)
        if earlier[0] == later[0] and earlier[2] != later[2]
    )


def _rows(dataset: Dataset) -> set[tuple[str, int, bool]]:
    table = dataset.labels
    ids = map(str, column_of(table, "account_id").to_pylist())
    return set(
        zip(ids, instants_of(table, "labelled_at").tolist(), table["is_automated"].to_pylist(), strict=True)
    )


def _write(
    store: CsvLabels | ParquetLabels,
    fresh: Decisions,
    target: Path,
    dataset: Dataset,
    reading: dict[str, Any],
    *,
    part: bool,
) -> None:
    """Write the table with the new rows, or the rows as one more part; read it back before it takes its place."""
    if part:
        told = repr((fresh.account_id, fresh.decided_at.tolist(), fresh.is_automated)).encode()
        target = target / f"reviewed-{hashlib.sha256(told).hexdigest()[:16]}.parquet"
    expected = set(zip(fresh.account_id, fresh.decided_at.tolist(), fresh.is_automated, strict=True))
    n_expected = len(fresh.account_id)
    if not part:
        expected |= _rows(dataset)
        n_expected += dataset.counts["labels"].rows_in
    with atomic_write(target) as temporary:
        store.write(temporary, fresh, alone=part)
        tables = {name: dataset.tables[name] for name in ("accounts", "messages")}
        again = Dataset(**tables, labels=temporary, **(reading | {"max_bad_share": 1.0}))
        if _rows(again) != expected or again.counts["labels"].rows_in != n_expected:
            raise OutputError(
                f"{target.name}: labelled_at must hold the instants of the decisions; got others when read back. What "
                "stood there before is untouched. Write the times of the labels in UTC, as timestamps."
            )
