"""Say in plain text what a dataset holds, what is wrong with it, and what each column means."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.photos import fingerprint_files
from spamclf.campaigns.schemes import MinHashScheme
from spamclf.campaigns.signatures import read_signatures
from spamclf.dataset import Dataset, check_dataset
from spamclf.existence import labels_too_early
from spamclf.facts import column_of
from spamclf.instants import iso
from spamclf.schema import TABLES, Column, Table
from spamclf.tables.folder import unread_tables
from spamclf.tables.quarantine import RULES, RowCounts
from spamclf.tables.spaces import spaced_ids
from spamclf.tables.units import early_times
from spamclf.wording import counted

__all__ = ["balance_of", "data_dictionary", "describe", "row_balance"]

#: Columns that `spamclf labels add` writes for people to read.
_NOTES = ("labels.source", "labels.score_id", "labels.reviewer")
_MOST_NAMES = 12


def describe(dataset: Dataset, n_duplicates: int | None = None, *, n_jobs: int = -1) -> str:
    """Describe a dataset: what is there, what is wrong, and the data dictionary.

    Photo files are decoded as they will be when they are fingerprinted, so that what is damaged within is told, too.

    Parameters
    ----------
    dataset : Dataset
    n_duplicates : int, optional
        How many messages repeat another exactly, where somebody counted (`EgoLog.n_duplicates`).
    n_jobs : int, default=-1
        Threads that look at photo files, in joblib's sense.

    Returns
    -------
    text : str
        Several lines, without an end of line at its end. It holds counts and times, never an id or a text.

    Raises
    ------
    ParameterError
        For what is no dataset, or an argument out of its range.
    SchemaError
        If signatures of texts are of a scheme that cannot be read.

    Examples
    --------
    >>> dataset = Dataset(
    ...     messages={"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [1780272000]},
    ...     accounts={"account_id": ["a", "b"]},
    ...     time_unit="s",
    ... )
    >>> print(describe(dataset).split("What is wrong")[0].strip())
    What is there
      accounts 2 rows
        without a value: registered_at 100 %, is_business 100 %, country 100 %, network_country 100 %,
          network 100 %, device 100 %
      messages 1 row, 2026-06-01T00:00:00Z to 2026-06-01T00:00:00Z
        without a value: is_group 100 %, in_contacts 100 %, typed_s 100 %, delivered 100 %
      not given: photos, texts, reports, labels, evidence
    """
    check_dataset(dataset, "describe")
    there = [_describe_table(dataset, spec) for name, spec in TABLES.items() if name in dataset.given]
    absent = [name for name in TABLES if name not in dataset.given]
    if absent:
        there.append(f"  not given: {', '.join(absent)}")
    if unread := _unread(dataset):
        there.append(_wrapped("  not read, for no table or column is called so: ", unread, indent=4))
    sections = [
        "What is there\n" + "\n".join(there),
        "What is wrong\n" + _describe_wrong(dataset, n_duplicates, n_jobs),
    ]
    return "\n\n".join([*sections, "Data dictionary\n" + data_dictionary()])


def _unread(dataset: Dataset) -> list[str]:
    """Name the files and columns that nobody reads: a name may be misspelt."""
    files = [] if dataset.folder is None else unread_tables(dataset.folder)
    names = [*files, *(name for name in dataset.unread if name not in _NOTES)]
    shown = [name[:60] if name.isprintable() else repr(name[:60]) for name in names[:_MOST_NAMES]]
    return shown + ([f"{len(names) - _MOST_NAMES:,} more"] if len(names) > _MOST_NAMES else [])


def _describe_table(dataset: Dataset, spec: Table) -> str:
    table = dataset.tables[spec.name]
    line = f"  {spec.name} {counted(table.num_rows, 'row')}{_span(table, spec)}"
    shares = [(column.name, _null_share(table, column)) for column in spec.columns if column.nullable]
    nulls = [f"{name} {_percent(share)}" for name, share in shares if share > 0]
    if table.num_rows and nulls:
        line += "\n" + _wrapped("    without a value: ", nulls, indent=6)
    shows = {"photos": _describe_photos, "texts": _describe_texts}.get(spec.name)
    if table.num_rows and shows is not None:
        line += f"\n    {shows(dataset)}"
    return line


def _describe_photos(dataset: Dataset) -> str:
    """Say which photos come as hashes, made how, and which as files."""
    path, digest = (np.asarray(dataset.photos[name].is_valid()) for name in ("photo", "photo_hash"))
    stated = dataset.schemes.get("photo_hash", {}).get("scheme")
    made = f", scheme {stated or 'not stated, taken for pdq'}" if digest.any() else ""
    files = counted(len(_files(dataset)), "different file")
    where = "" if dataset.folder is not None or not (path & ~digest).any() else ": no folder to look in"
    shares = f"hash {_percent(digest.mean())}{made}; file alone {_percent((path & ~digest).mean())} ({files}{where})"
    return f"shown: {shares}; neither {_percent((~path & ~digest).mean())}"


def _describe_texts(dataset: Dataset) -> str:
    """Say which texts come as signatures, made how."""
    text, signature = (np.asarray(dataset.texts[name].is_valid()) for name in ("text", "signature"))
    stated = dataset.schemes.get("signature")
    how = (
        f"scheme {MinHashScheme.stated(stated)}"
        if stated
        else "scheme not stated: see [signature] of dataset.toml"
    )
    made = f", {how}" if signature.any() else ""
    text_alone, neither = _percent((text & ~signature).mean()), _percent((~text & ~signature).mean())
    return f"shown: signature {_percent(signature.mean())}{made}; text alone {text_alone}; neither {neither}"


def _files(dataset: Dataset) -> list[str]:
    """Return the different photo files that have to be read: those of rows without a hash."""
    path, digest = (column_of(dataset.photos, name) for name in ("photo", "photo_hash"))
    alone = pc.and_(path.is_valid(), pc.invert(digest.is_valid()))
    return sorted(path.filter(alone).dictionary_decode().unique().to_pylist())


def _refusals(dataset: Dataset, n_jobs: int) -> dict[str, int]:
    """Count the photo files that will not be read, by the rule that they break."""
    if dataset.folder is None:
        return {}
    rules = fingerprint_files(dataset.folder, _files(dataset), n_jobs=n_jobs).rule.tolist()
    return {rule: rules.count(rule) for rule in sorted(set(rules) - {""})}


def _n_malformed(dataset: Dataset) -> int:
    """Count the signatures that are of another length than stated, or hold what is no 32-bit number."""
    stated = dataset.schemes.get("signature")
    if stated is None:
        return 0
    return int(read_signatures(column_of(dataset.texts, "signature"), MinHashScheme.stated(stated))[2].sum())


def _span(table: pa.Table, spec: Table) -> str:
    extremes = pc.min_max(table[spec.time].cast(pa.int64()))
    if extremes["min"].as_py() is None:
        return ""
    return f", {iso(extremes['min'].as_py())} to {iso(extremes['max'].as_py())}"


def _null_share(table: pa.Table, column: Column) -> float:
    if column.name not in table.column_names:
        return 1.0
    return float(table[column.name].null_count / max(table.num_rows, 1))


def _percent(share: float) -> str:
    """Round a share without calling something nothing, or almost all all."""
    if 0 < share < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"


def _wrapped(start: str, words: list[str], indent: int) -> str:
    lines, line = [], start
    for place, word in enumerate(words):
        word += "," if place < len(words) - 1 else ""
        if len(line) + len(word) > 105 and line.strip():
            lines.append(line.rstrip())
            line = " " * indent
        line += f"{word} "
    return "\n".join([*lines, line.rstrip()])


def row_balance(dataset: Dataset, n_duplicates: int | None = None) -> str:
    """Return one line that says what became of all rows.

    Parameters
    ----------
    dataset : Dataset
    n_duplicates : int, optional
        How many messages repeat another exactly, where somebody counted (`EgoLog.n_duplicates`).

    Returns
    -------
    text : str

    Examples
    --------
    >>> dataset = Dataset(
    ...     messages={"sender_id": ["a", "a"], "recipient_id": ["b", "b"], "sent_at": [10, 10]},
    ...     accounts={"account_id": ["a", "b"]},
    ...     time_unit="s",
    ... )
    >>> row_balance(dataset, n_duplicates=1)
    '4 rows in = 3 used + 0 in quarantine + 1 repeated message dropped'
    """
    return balance_of(dataset.counts.values(), n_duplicates)


def balance_of(counts: Iterable[RowCounts], n_duplicates: int | None = None) -> str:
    """Return the line of `row_balance` where no dataset is at hand.

    Parameters
    ----------
    counts : iterable of RowCounts
        What became of the rows of each table.
    n_duplicates : int, optional
        As of `row_balance`.

    Returns
    -------
    text : str

    Examples
    --------
    >>> balance_of([RowCounts(5, 4, 1), RowCounts(2, 2, 0)])
    '7 rows in = 6 used + 1 in quarantine'
    """
    counts = list(counts)
    rows_in, used, aside = (
        sum(getattr(each, name) for each in counts) for name in ("rows_in", "rows_used", "rows_quarantined")
    )
    line = f"{rows_in:,} rows in = {used - (n_duplicates or 0):,} used + {aside:,} in quarantine"
    return line if n_duplicates is None else f"{line} + {counted(n_duplicates, 'repeated message')} dropped"


def _describe_wrong(dataset: Dataset, n_duplicates: int | None, n_jobs: int) -> str:
    lines, hints = [], dataset.quarantine.hints
    for (table, column, rule), n in dataset.quarantine.counts.items():
        place = f"{table}.{column}" if column else table
        hint = hints.get((table, column, rule))
        told = f"  {place} {rule}: {counted(n, 'row')} ({RULES[rule]})"
        lines.append(f"{told}; {hint}" if hint else told)
    for rule, n in _refusals(dataset, n_jobs).items():
        lines.append(
            f"  photos.photo {rule}: {counted(n, 'file')} ({RULES[rule]}), to be set aside when read"
        )
    n_malformed = _n_malformed(dataset)
    if n_malformed:
        rows = counted(n_malformed, "row")
        lines.append(f"  texts.signature malformed: {rows} ({RULES['malformed']}), to be set aside when read")
    n_early = labels_too_early(dataset)
    if n_early:
        rows = f"{counted(n_early, 'row')} of {dataset.labels.num_rows:,}"
        lines.append(
            f"  labels.labelled_at before the account's registered_at: {rows}, used; a time is wrong, or its zone"
        )
    lines += [f"  {each}" for each in early_times(dataset.tables, dataset.reading["time_unit"]["value"])]
    lines += [f"  {each}" for each in spaced_ids(dataset.tables)]
    lines += _doubts(dataset)
    return "\n".join([*lines, f"  {row_balance(dataset, n_duplicates)}"])


def _doubts(dataset: Dataset) -> list[str]:
    """Say what makes it likely that ids or times mean something else, though each row is in order."""
    accounts, sent = dataset.accounts, dataset.messages
    if not accounts.num_rows or not sent.num_rows:
        return []
    firsts = sent.select(["sender_id", "sent_at"]).group_by("sender_id").aggregate([("sent_at", "min")])
    senders, first = (_plain(column_of(firsts, name)) for name in ("sender_id", "sent_at_min"))
    row = pc.index_in(senders, value_set=_plain(column_of(accounts, "account_id")))
    lines = []
    if row.null_count > len(row) / 2:
        lines.append(
            f"  messages.sender_id without a row in accounts: {row.null_count:,} of {counted(len(row), 'sender')}, "
            "used; is an id written in two ways?"
        )
    born = column_of(accounts, "registered_at").take(row)
    n_before = pc.sum(pc.less(first.cast(born.type), born)).as_py() or 0
    if n_before:
        lines.append(
            f"  accounts.registered_at after the account's first message: {n_before:,} of "
            f"{counted(len(row), 'sender')}, used; a number registered anew, or a time of another zone"
        )
    return lines


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def data_dictionary() -> str:
    """Return the contract as text: each table's columns, types and meanings.

    Returns
    -------
    text : str
        A block per table, a line per column; without an end of line at its end.

    Examples
    --------
    >>> print(data_dictionary().splitlines()[1])
        account_id        id         needed   the account; opaque, never parsed as a number
    """
    lines = []
    for spec in TABLES.values():
        lines.append(f"  {spec.name}{' (required)' if spec.required else ''}: {spec.meaning}")
        for column in spec.columns:
            need = "optional" if column.nullable else "needed"
            lines.append(f"    {column.name:<17} {column.type:<10} {need:<8} {_meaning(column)}")
    return "\n".join(lines)


def _meaning(column: Column) -> str:
    parts = [column.meaning]
    if column.unit:
        parts.append(f"in {column.unit}")
    if column.choices:
        parts.append("one of " + ", ".join(column.choices))
    return "; ".join(parts)
