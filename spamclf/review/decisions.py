"""Analysts' decisions, as a report page exports them: read, and checked row by row against a dataset."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.sightings import pseudonyms
from spamclf.dataset import Dataset
from spamclf.errors import BadRowsError, DataFileError, ParameterError
from spamclf.facts import NAT, column_of, instants_of
from spamclf.instants import DAY_US, loose_instant
from spamclf.model.score_id import ScoreId
from spamclf.output import FORMULA
from spamclf.tables.rules import unknown

__all__ = ["COLUMNS", "DECISIONS", "Decisions", "checked", "read_decisions"]

#: What an analyst may decide, and the label that comes of it: whether automated, and how that was reached.
DECISIONS: dict[str, tuple[bool, str] | None] = {
    "automated": (True, "review"),
    "not_automated": (False, "review"),
    "appeal_accepted": (False, "appeal"),
    "unsure": None,
}
COLUMNS = ("account_id", "decided_at", "decision", "note", "score_id", "reviewer")
_NEEDED = COLUMNS[:3]
_FORMAT, _VERSION = "spamclf-decisions", 1
_LARGEST = 1 << 26  # bytes
_MOST = 100_000  # decisions of a file: twenty pages, all of which were decided on
_PARTS = 2_000_000  # lists, objects, cells and lines of a file: a decision has less than twenty
_LONGEST = 200  # letters of a score_id or a reviewer
_HALF = re.compile("[\ud800-\udfff]")  # of a letter: JSON can spell it, a table cannot hold it
_NEUTRAL = re.compile(f"'(?={FORMULA[1:]})")

#: Rows of a file as text, None where nothing is; a row that could not be read as such is its rule instead.
Rows = list[dict[str, str | None] | str]
#: A row that could be read: its number, its account, its values.
Kept = tuple[int, str, dict[str, str | None]]


@dataclass(frozen=True)
class Decisions:
    """Decisions that make labels, in the order of the file.

    Attributes
    ----------
    account_id : list of str
    decided_at : ndarray of shape (n,), dtype int64
        Microseconds since the epoch.
    is_automated : list of bool
    source : list of str
        ``review`` or ``appeal``.
    score_id, reviewer : list of str or None
    n_unsure : int
        Decisions that make none.
    """

    account_id: list[str]
    decided_at: npt.NDArray[np.int64]
    is_automated: list[bool]
    source: list[str]
    score_id: list[str | None]
    reviewer: list[str | None]
    n_unsure: int


def read_decisions(path: str | os.PathLike[str]) -> Rows:
    """Read a file of decisions as it stands.

    Parameters
    ----------
    path : path-like
        ``.json``: ``{"format": "spamclf-decisions", "version": 1, "decisions": [...]}``, each an object with
        ``account_id``, ``decided_at``, ``decision`` and, if known, ``note``, ``score_id``, ``reviewer``. ``.csv``: the
        same as columns, parted by commas or semicolons; the apostrophe before a cell that a spreadsheet would take for
        a formula is taken away again from all but ids that are known with it.

    Returns
    -------
    rows : list of dict
        All values as text.

    Raises
    ------
    DataFileError
        If the file cannot be read, is of another format, or holds more than 100,000 decisions.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "decisions.csv"
    >>> _ = file.write_text("account_id,decided_at,decision\\na42,2026-06-09T10:00:00Z,automated\\n")
    >>> read_decisions(file)[0]["decision"]
    'automated'
    """
    path = Path(path)
    readers: dict[str, Callable[[str, str], Rows]] = {".json": _of_json, ".csv": _of_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        got = repr(path.suffix) if path.suffix else "none of either ending"
        raise DataFileError(
            f"{path.name}: decisions must be a .json or .csv file; got {got}. Export them from the report."
        )
    try:
        if path.stat().st_size > _LARGEST:
            raise DataFileError(f"{path.name}: the file must be at most 64 MiB; got a larger one. Part it.")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataFileError(
            f"{path.name}: the file must be readable; got: {reason}. Check its name and rights."
        ) from error
    except UnicodeDecodeError as error:
        raise DataFileError(
            f"{path.name}: the file must be UTF-8; got other bytes. Export it again, or save it as CSV UTF-8."
        ) from error
    if sum(map(text.count, "[{,;\r\n")) > _PARTS:
        raise _too_many(path.name)
    return _few(reader(text, path.name), path.name)


def _few(rows: Rows, where: str) -> Rows:
    if len(rows) > _MOST:
        raise _too_many(where)
    return rows


def _too_many(where: str) -> DataFileError:
    return DataFileError(f"{where}: the file must hold at most {_MOST:,} decisions; got more. Part it.")


def _of_json(text: str, where: str) -> Rows:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:80]
        raise DataFileError(f"{where}: the file must be JSON; got: {reason}. Export it again.") from error
    stated = (told.get("format"), told.get("version")) if isinstance(told, dict) else (None, None)
    usual = stated == (_FORMAT, _VERSION) and type(stated[1]) is int  # True equals 1
    if not usual or not isinstance(told.get("decisions"), list):
        raise DataFileError(
            f'{where}: the file must hold {{"format": "{_FORMAT}", "version": {_VERSION}, "decisions": [...]}}; got '
            "something else. Export it from a report of this version."
        )
    return [_object(each) for each in _few(told["decisions"], where)]


def _object(each: Any) -> dict[str, str | None] | str:
    if not isinstance(each, dict):
        return "malformed"
    row = {name: each[name] for name in COLUMNS if each.get(name) is not None}
    if type(row.get("decided_at")) in (int, float):
        return "unparsable"
    if type(row.get("account_id")) is int:
        row["account_id"] = str(row["account_id"])
    if not all(isinstance(value, str) for value in row.values()) or _HALF.search(row.get("account_id", "")):
        return "malformed"
    return {name: row.get(name) or None for name in COLUMNS}


def _of_csv(text: str, where: str) -> Rows:
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    try:
        lines = [
            line
            for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            if line
        ]
    except csv.Error as error:
        raise DataFileError(f"{where}: the file must be CSV; got: {error}. Export it again.") from error
    header = [name.strip() for name in lines[0]] if lines else []
    missing = [name for name in _NEEDED if name not in header]
    if missing or len(set(header)) < len(header):
        got = f"none called {', '.join(missing)}" if missing else "one twice"
        raise DataFileError(
            f"{where}: columns must be {', '.join(_NEEDED)} and, if known, {', '.join(COLUMNS[3:])}, at most once; "
            f"got {got}. Export it again."
        )
    return [
        {name: value or None for name, value in zip(header, line, strict=True) if name in COLUMNS}
        if len(line) == len(header)
        else "ragged"
        for line in lines[1:]
    ]


def checked(rows: Rows, dataset: Dataset, path: str | os.PathLike[str]) -> Decisions:
    """Return the labels that decisions make; refuse all of them if one breaks a rule.

    Parameters
    ----------
    rows : list of dict
        As of `read_decisions`.
    dataset : Dataset
        Whose accounts they are on.
    path : path-like
        Of the file: in a CSV file cells may have been neutralised.

    Raises
    ------
    BadRowsError
        With the file, and of each rule the rows.
    """
    name, neutral = Path(path).name, Path(path).suffix.lower() == ".csv"
    fields = [row for row in rows if isinstance(row, dict)]
    ids = [row.get("account_id") for row in fields]
    known = _known({each for text in ids if text for each in (text, _restored(text))}, dataset)
    if neutral:
        ids = [text if text is None or text in known else _restored(text) for text in ids]
    faults: dict[str, list[int]] = {}
    times = np.zeros(len(rows), np.int64)
    told = iter(zip(fields, ids, strict=True))
    kept: list[Kept] = []
    for number, row in enumerate(rows):
        if isinstance(row, str):
            faults.setdefault(row, []).append(number)
            continue
        values, account = next(told)
        values = {each: _restored(text) if neutral and text else text for each, text in values.items()}
        times[number], fault = _fault(values, account, known)
        if not fault and not _is_of(values.get("score_id"), account):
            fault = "wrong_score_id"
        if fault:
            faults.setdefault(fault, []).append(number)
        kept.append((number, account or "", values))
    if not faults and (opposed := _opposed(kept, times)):
        faults["contradiction"] = opposed
    if faults:
        raise BadRowsError(_refusal(name, len(rows), faults))
    return _made(kept, times)


def _opposed(kept: Sequence[Kept], times: npt.NDArray[np.int64]) -> list[int]:
    """Return the rows that say the opposite of an earlier row on the same account at the same instant."""
    said: dict[tuple[str, int], bool] = {}
    opposed = []
    for number, account, values in kept:
        label = DECISIONS[str(values["decision"])]
        if label is not None and said.setdefault((account, int(times[number])), label[0]) != label[0]:
            opposed.append(number)
    return opposed


def _restored(text: str) -> str:
    """Take the apostrophe away that keeps a spreadsheet from taking a cell for a formula."""
    return _NEUTRAL.sub("", text, count=1) if text.startswith("'") else text


def _known(ids: set[str], dataset: Dataset) -> dict[str, int]:
    """Return which ids are accounts of the dataset, and when each was registered; `NAT` where nobody knows."""
    candidates = sorted(ids)
    if dataset.integer_ids:
        numbers = {text: int(text) for text in candidates if re.fullmatch(r"-?\d{1,18}", text, re.ASCII)}
        candidates = [text for text, number in numbers.items() if str(number) == text]
        column = pa.array([numbers[text] for text in candidates], pa.int64())
    else:
        column = pa.array(candidates, pa.string()).dictionary_encode()
    strange = set(unknown(column, dataset.tables).tolist())
    found = {text: NAT for k, text in enumerate(candidates) if k not in strange}
    accounts = column_of(dataset.accounts, "account_id")
    words = accounts.dictionary if pa.types.is_dictionary(accounts.type) else accounts
    wanted = pc.is_in(words, value_set=column.dictionary if pa.types.is_dictionary(column.type) else column)
    rows = np.flatnonzero(wanted.take(accounts.indices) if words is not accounts else wanted)
    instants = instants_of(dataset.accounts, "registered_at")[rows]
    names = accounts.take(pa.array(rows)).to_pylist()
    return found | {str(each): int(instant) for each, instant in zip(names, instants, strict=True)}


def _fault(values: dict[str, str | None], account: str | None, known: dict[str, int]) -> tuple[int, str]:
    """Return when a decision was taken, and the first rule that it breaks; an empty string for none."""
    if account is None or values.get("decided_at") is None or values.get("decision") is None:
        return 0, "null"
    if values["decision"] not in DECISIONS:
        return 0, "unknown_value"
    if any(_is_odd(values.get(name)) for name in ("score_id", "reviewer")):
        return 0, "malformed"
    instant = _instant(values["decided_at"] or "")
    if instant is None:
        return 0, "unparsable"
    if instant < 0 or instant > time.time_ns() // 1000 + DAY_US:
        return 0, "before_1970" if instant < 0 else "in_future"
    if account not in known:
        return 0, "unknown_account"
    return instant, "before_registration" if instant < known[account] else ""


def _is_of(score_id: str | None, account: str | None) -> bool:
    """Tell whether a score id is of an account; those of the earlier form cannot be checked and are taken."""
    if score_id is None or ScoreId.is_earlier(score_id):
        return True
    try:
        return ScoreId.parse(score_id).account == int(pseudonyms(pa.array([account]))[0])
    except ParameterError:
        return False


def _is_odd(text: str | None) -> bool:
    return text is not None and (len(text) > _LONGEST or not text.isprintable())


def _instant(text: str) -> int | None:
    """Read an instant that says its zone."""
    try:
        told = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return None if told.tzinfo is None else loose_instant(told)


_RULES = {
    "ragged": "the row has not as many fields as the header",
    "malformed": "no object of texts; a score_id or reviewer is longer than 200 letters or holds odd ones",
    "null": "account_id, decided_at and decision must be there",
    "unknown_value": f"decision must be one of {', '.join(DECISIONS)}",
    "unparsable": "decided_at must be a text, ISO 8601 with its zone, as 2026-06-09T10:00:00Z",
    "before_1970": "decided_at is before 1970",
    "in_future": "decided_at is later than a day from now",
    "unknown_account": "account_id is neither in accounts nor a sender in messages",
    "before_registration": "decided_at is before the account was registered",
    "wrong_score_id": "score_id is none, or not as it was written, or of another account",
    "contradiction": "another row says the opposite of the same account at the same instant",
}
_SHOWN = 5


def _refusal(name: str, n_rows: int, faults: dict[str, list[int]]) -> str:
    lines = []
    for rule, text in _RULES.items():
        if rows := faults.get(rule, []):
            first = ", ".join(f"{row:,}" for row in rows[:_SHOWN]) + (" ..." if len(rows) > _SHOWN else "")
            lines.append(f"  {rule}: {len(rows):,}, at row {first} (from 0): {text}")
    n_bad = sum(map(len, faults.values()))
    return (
        f"{name}: every decision must keep the rules; got {n_bad:,} of {n_rows:,} that do not:\n"
        + "\n".join(lines)
        + "\nNothing was added. Mend these rows, then add the file again."
    )


def _made(kept: Sequence[Kept], times: npt.NDArray[np.int64]) -> Decisions:
    labels = [(*row, DECISIONS[str(row[2]["decision"])]) for row in kept]
    told = [
        (number, account, values, label) for number, account, values, label in labels if label is not None
    ]
    return Decisions(
        account_id=[account for _, account, _, _ in told],
        decided_at=times[[number for number, _, _, _ in told]],
        is_automated=[label[0] for _, _, _, label in told],
        source=[label[1] for _, _, _, label in told],
        score_id=[values.get("score_id") for _, _, values, _ in told],
        reviewer=[values.get("reviewer") for _, _, values, _ in told],
        n_unsure=len(labels) - len(told),
    )
