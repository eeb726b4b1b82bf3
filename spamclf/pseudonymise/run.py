"""From a dataset folder to one that may leave: messages piece by piece, then the other tables, then all at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spamclf.batch.numbers import sender_rows
from spamclf.batch.publish import publish, remove
from spamclf.batch.reading import ROWS, has_integer_ids
from spamclf.campaigns.innocent import Innocent
from spamclf.campaigns.photos import SCHEME as PDQ
from spamclf.campaigns.photos import to_hex
from spamclf.campaigns.shown import text_scheme
from spamclf.dataset import Dataset, check_settings
from spamclf.errors import OutputError, ParameterError
from spamclf.facts import column_of
from spamclf.files import flush_to_disk, hold
from spamclf.folders import check_folder, read_around, times_of
from spamclf.instants import DAY_US, LAST_US, to_instant
from spamclf.output import write_result
from spamclf.progress import Progress, check_progress
from spamclf.pseudonymise.columns import treated
from spamclf.pseudonymise.keys import Key
from spamclf.pseudonymise.shown import photo_fingerprints, text_fingerprints
from spamclf.schema import TABLES
from spamclf.tables.check import check_table, check_types, refuse_if_too_many
from spamclf.tables.folder import find_table
from spamclf.tables.pieces import Pieces
from spamclf.tables.quarantine import BadRows, RowCounts
from spamclf.tables.times import Reading
from spamclf.threads import n_threads

__all__ = ["SHOWN", "Pseudonymised", "pseudonymise"]

SHOWN = ("fingerprints", "nothing")
_COSTS = {"pseudonymising": 1.0}


@dataclass(frozen=True)
class Pseudonymised:
    """What became of a dataset.

    Attributes
    ----------
    folder : Path
    counts : dict of str to RowCounts
        By table that was written; bad rows stay behind.
    n_marked : dict of str to int
        Photos and texts of which a mark left instead of a fingerprint.
    """

    folder: Path
    counts: dict[str, RowCounts]
    n_marked: dict[str, int]

    def __str__(self) -> str:
        """Tell of each table how many rows left, in which form."""
        lines = []
        for name, counts in self.counts.items():
            line = f"{name}: {counts.rows_used:,} rows"
            if counts.rows_quarantined:
                line += f", {counts.rows_quarantined:,} bad ones left behind"
            if self.n_marked.get(name):
                line += f", {self.n_marked[name]:,} as marks that tell no more than equality"
            lines.append(line)
        return "\n".join(lines)


def pseudonymise(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    key: bytes,
    shown: str = "fingerprints",
    n_jobs: int = -1,
    progress: Callable[[str], None] | None = None,
    max_bad_share: float = 0.01,
    time_zone: str | None = None,
    time_unit: str | None = None,
    not_after: Any = None,
) -> Pseudonymised:
    """Write a dataset folder anew with keyed pseudonyms for ids, and without texts and photos.

    `TREATMENT` says of each column what becomes of it. The same id gets the same pseudonym in every table and every
    run with the same key; persons, groups, networks, devices, campaigns and operators have pseudonyms of their own
    kinds. Texts become MinHash signatures and photos PDQ hashes, as far as they may form campaigns; the others become
    marks that tell equal ones and nothing else. The key is written nowhere.

    **Times and who wrote to whom are kept, and can tell who somebody is**: whoever knows a few messages of a person
    finds its pseudonym by them. A rare country tells much, too, and whoever has the same text or photo can see whether
    it was shown. A pseudonymised dataset is personal data still; hand it to those who are bound to keep it.

    Features and scores of the new dataset are those of the old one bit for bit, but for what was dropped: links and
    telephone numbers in texts, texts of hardly more than twelve different pieces, photo files turned or mirrored,
    repetitions of one account at one instant that differ in what was dropped. A model's memory knows accounts by their
    ids: an account that it remembers is a stranger under its pseudonym, whose own photo counts as another's, and
    remembered recipient lists are not recognised. A model that is trained on the new dataset learns from the same
    features and is not the same, for hashes of ids decide who trains and who tests.

    Parameters
    ----------
    folder : path
        A dataset folder as of `spamclf.read_dataset`. Messages need not fit in memory; the other tables are held in it,
        with about 5 kB for each text.
    out : path
        The folder to come; it must be new or empty. It appears whole, with Parquet files that have page checksums.
    key : bytes
        At least 32, drawn at random, for instance by ``secrets.token_bytes(32)``; see `read_key`.
    shown : {"fingerprints", "nothing"}, default="fingerprints"
        What is kept of photos and texts; of nothing both tables are left out.
    n_jobs : int, default=-1
        Threads to fingerprint with, in joblib's sense.
    progress : callable, optional
        Told from time to time, in a line, how far the run is.
    max_bad_share, time_zone, time_unit, not_after
        As of `spamclf.read_dataset`; bad rows stay behind.

    Returns
    -------
    made : Pseudonymised

    Raises
    ------
    ParameterError, SchemaError, DataFileError, BadRowsError
        If an argument is out of its range, or as of `read_dataset`.
    OutputError
        If the output is there already, lies in the dataset's folder, or cannot be written; nothing is left of it then.

    Examples
    --------
    >>> import secrets, tempfile
    >>> out = Path(tempfile.mkdtemp()) / "sample"
    >>> made = pseudonymise("data/sample", out, key=secrets.token_bytes(32), shown="nothing")
    >>> sorted(path.name for path in out.iterdir())
    ['accounts.parquet', 'dataset.toml', 'evidence.parquet', 'labels.parquet', 'messages', 'reports.parquet']
    """
    folder, out = check_folder(folder), Path(out)
    secret = Key(key)
    if shown not in SHOWN:
        raise ParameterError(
            f"pseudonymise: shown must be one of {', '.join(SHOWN)}; got {shown!r}. Use 'fingerprints'."
        )
    n_threads(n_jobs, "pseudonymise")
    check_progress(progress, "pseudonymise")
    check_settings(*times_of(folder, time_zone, time_unit), max_bad_share)
    _check_out(out, folder)
    tomorrow = time.time_ns() // 1000 + DAY_US
    latest = tomorrow if not_after is None else to_instant(not_after, name="not_after", where="pseudonymise")
    reading: dict[str, Any] = {"max_bad_share": max_bad_share, "time_zone": time_zone, "time_unit": time_unit}
    with hold(out), _making(out) as made:
        rows, sent = _messages(folder, made, secret, latest, reading, Progress(progress, _COSTS))
        dataset = read_around(folder, rows, not_after=latest, **reading)
        dataset.account_for("messages", *sent)
        n_marked = _others(dataset, made, secret, shown, n_jobs)
        _settings(dataset, made, shown)
        publish(made, out)
    left_out = () if shown == "fingerprints" else ("photos", "texts")
    names = [name for name in TABLES if name in dataset.given and name not in left_out]
    return Pseudonymised(out, {name: dataset.counts[name] for name in names}, n_marked)


def _check_out(out: Path, folder: Path) -> None:
    if not out.name or out.resolve() == folder.resolve() or out.resolve().is_relative_to(folder.resolve()):
        raise OutputError(
            f"out: it must lie outside of the dataset's folder; got {out.name!r}. Use for instance shared."
        )
    if not out.parent.is_dir():
        raise OutputError(
            f"out: its folder must exist; got {out.parent.name!r}, which does not. Make it first."
        )
    if os.path.lexists(out) and (not out.is_dir() or out.is_symlink() or any(out.iterdir())):
        raise OutputError(f"out: it must be a new or an empty folder; got {out.name!r}. Choose another name.")


@contextlib.contextmanager
def _making(out: Path) -> Iterator[Path]:
    """Give a folder beside the output, which goes whatever happens unless it took the output's place.

    A run that was killed leaves it; the next run on the output, which holds it, begins by removing it.
    """
    made = out.with_name(f".{out.name}.half")
    try:
        remove(made)
        made.mkdir()
        yield made
    except OSError as error:
        raise OutputError(
            f"{out.name}: the output must be writable; got: {error.strerror or type(error).__name__}. Nothing is left "
            "of it. Check the folder, its rights and the free space."
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _messages(
    folder: Path, made: Path, key: Key, latest: int, reading: dict[str, Any], progress: Progress
) -> tuple[pa.Table, tuple[int, list[BadRows], Any]]:
    """Write the messages; return a row of each sender, and what `Dataset.account_for` is to be told of them."""
    path = find_table(folder, TABLES["messages"])
    assert path is not None  # a dataset without messages is refused by find_table
    pieces = Pieces.open(path, TABLES["messages"])
    integer_ids = has_integer_ids(folder, pieces)
    zone, unit = times_of(folder, reading["time_zone"], reading["time_unit"])
    how = Reading(min(latest, LAST_US - 2 * DAY_US), integer_ids, zone, unit, pieces.text)
    check_types(pieces.loaded(), how)
    progress.begin("pseudonymising", pieces.n_rows or 0)
    (made / "messages").mkdir()
    senders: pa.Array = pa.array([], pa.int64() if integer_ids else pa.string())
    bad, rows_in, last = [], 0, 0
    for number, (first, table) in enumerate(_tables(pieces)):
        checked = check_table(pieces.loaded(table), how, 1.0, {})
        bad += [(part, part.rows + first) for part in checked.bad]
        rows_in += table.num_rows
        ids = column_of(checked.table, "sender_id")
        ids = ids.dictionary if pa.types.is_dictionary(ids.type) else ids
        senders = pc.unique(pa.concat_arrays([senders, ids]))
        last = max(last, pc.max(checked.table["sent_at"].cast(pa.int64())).as_py() or 0)
        name = f"part-{number:05d}.parquet"
        write_result(treated("messages", checked.table, key, by_time=True), made / "messages" / name)
        progress.add(table.num_rows)
    flush_to_disk(made / "messages")
    rows_in += len(pieces.origin.skipped)
    found = [replace(part, rows=pieces.origin.in_file(rows)) for part, rows in bad]
    if len(pieces.origin.skipped):
        found.append(BadRows("messages", "", "ragged", pieces.origin.skipped))
    refuse_if_too_many(pieces.loaded().where, rows_in, found, pieces.origin, reading["max_bad_share"])
    return sender_rows(senders, last, rows_in), (rows_in, found, pieces.origin)


def _tables(pieces: Pieces) -> Iterator[tuple[int, pa.Table]]:
    """Read the pieces one after the other: the first row of each, and its rows; at least one, be it empty."""
    some = False
    for piece in pieces.pieces(ROWS):
        some = True
        yield piece.first, piece.read()
    if not some:
        yield 0, pa.table({name: pa.array([], kind) for name, kind in pieces.types.items()})


def _others(dataset: Dataset, made: Path, key: Key, shown: str, n_jobs: int) -> dict[str, int]:
    """Write the other tables; return how many photos and texts became marks."""
    n_marked: dict[str, int] = {}
    fingerprints = {"photos": photo_fingerprints, "texts": text_fingerprints}
    for name in TABLES:
        if name == "messages" or name not in dataset.given or (name in fingerprints and shown == "nothing"):
            continue
        values = None
        if name in fingerprints:
            found = fingerprints[name](dataset, key, n_jobs=n_jobs)  # first: it may set rows aside
            values, n_marked[name] = found.values, found.n_marked
        write_result(treated(name, dataset.tables[name], key, values), made / f"{name}.parquet")
    return n_marked


def _settings(dataset: Dataset, made: Path, shown: str) -> None:
    """Write how times are told and fingerprints made, and the known innocent pictures, which are hashes."""
    lines = ["# Pseudonymised by spamclf.", "", "[time]", 'zone = "UTC"', 'unit = "us"']
    if shown == "fingerprints" and "photos" in dataset.given:
        scheme = dataset.schemes.get("photo_hash", {}).get("scheme", PDQ)
        lines += ["", "[photo_hash]", f'scheme = "{scheme}"']
        if dataset.innocent is not None:
            hashes = to_hex(Innocent.read(dataset.innocent).photos)
            (made / "innocent.csv").write_text("".join(f"photo,{each}\n" for each in hashes), "utf-8")
    if shown == "fingerprints" and "texts" in dataset.given:
        how = text_scheme(dataset)
        lines += ["", "[signature]", 'scheme = "affine32"', f'hash = "{how.hash}"', f"seed = {how.seed}"]
        lines += [f"n_perm = {how.n_perm}"]
    (made / "dataset.toml").write_text("\n".join(lines) + "\n", "utf-8")
    for path in made.glob("*.*"):
        flush_to_disk(path)
