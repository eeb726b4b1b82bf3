"""First pass: every message is read and checked once; of its ids and facts small numbers stay."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.batch.packs import Pack, read_pack, write_pack
from spamclf.entries import flags_of, typed_of
from spamclf.facts import column_of
from spamclf.instants import iso
from spamclf.kernels import _common as bits
from spamclf.schema import TABLES
from spamclf.tables.check import check_table, check_types
from spamclf.tables.folder import find_table
from spamclf.tables.loading import all_integer_ids, load_table
from spamclf.tables.pieces import Piece, Pieces
from spamclf.tables.quarantine import BadRows, Origin
from spamclf.tables.times import Reading
from spamclf.tables.units import FIRST_US

__all__ = ["ROWS", "Messages", "has_integer_ids", "read_messages"]

ROWS = 1 << 20  # of a piece: it, its ids and their codes are in memory at once, in every thread
_SPEC = TABLES["messages"]

Window = tuple[int, int] | None


@dataclass(frozen=True)
class Messages:
    """What the first pass found.

    Attributes
    ----------
    paths : tuple of Path
        One file for each piece, in order.
    rows_in : int
    bad : list of BadRows
    origin : Origin
    first, last : int or None
        The earliest and the latest instant of a message, microseconds since the epoch.
    has_typed : bool
        Whether it is known of any message how long it was typed.
    """

    paths: tuple[Path, ...]
    rows_in: int
    bad: list[BadRows]
    origin: Origin
    first: int | None
    last: int | None
    has_typed: bool

    def packs(self) -> Iterator[Pack]:
        """Return the files one after the other."""
        return map(read_pack, self.paths)


def has_integer_ids(folder: Path, pieces: Pieces) -> bool:
    """Say whether every id of every table is an integer, as `Dataset` decides it."""
    loaded = pieces.loaded()
    if loaded.n_rows:
        for name, kind in pieces.types.items():
            if pa.types.is_uint64(kind) and _SPEC.column(name).type == "id":
                loaded.columns[name] = pa.chunked_array([pa.array([pieces.largest(name)], kind)])
        if not all_integer_ids([loaded]):
            return False
    others = [
        load_table(spec, path)
        for name, spec in TABLES.items()
        if name != "messages" and (path := find_table(folder, spec)) is not None
    ]
    return all_integer_ids([loaded, *others])


def read_messages(
    pieces: Pieces,
    how: Reading,
    work: Path,
    window: Window,
    n_jobs: int,
    progress: Callable[[int], None],
) -> Messages:
    """Read, check and code all messages, a file for each piece; files that are there already are kept.

    Parameters
    ----------
    pieces : Pieces
    how : Reading
        How loose values are to be read, the same for the whole dataset.
    work : Path
        The folder of the files.
    window : (int, int) or None
        Of messages outside ``[since, until)`` nothing stays but the senders; None keeps all.
    n_jobs : int
    progress : callable
        Told how many rows each piece had.
    """
    from joblib import Parallel, delayed

    check_types(pieces.loaded(), how)

    def one(piece: Piece) -> Path:
        path = work / f"messages-{piece.number:06d}.arrow"
        if not path.exists():
            write_pack(path, _coded(pieces, piece, how, window))
        progress(int(np.asarray(read_pack(path)["counts"])[0]))
        return path

    run = Parallel(n_jobs, backend="threading", pre_dispatch=n_jobs)
    paths = run(delayed(one)(piece) for piece in pieces.pieces(ROWS))
    return _summed(tuple(paths), pieces)


def _summed(paths: Sequence[Path], pieces: Pieces) -> Messages:
    rows_in, has_typed = len(pieces.origin.skipped), False
    instants: list[int] = []
    rows: dict[tuple[str, str], list[Any]] = {}
    hints: dict[tuple[str, str], str] = {}
    if rows_in:
        rows["", "ragged"] = [pieces.origin.skipped]
    for path in paths:
        pack = read_pack(path)
        n, first, typed, *ends = np.asarray(pack["counts"]).tolist()
        rows_in, has_typed = rows_in + n, has_typed or bool(typed)
        instants += ends
        number = np.asarray(pack["bad"]) + first
        cuts = np.asarray(pack["bad_cuts"])
        for k, key in enumerate(pack["bad_rules"].to_pylist()):
            column, rule, *hint = key.split(" ", 2)
            hints[column, rule] = hints.get((column, rule)) or "".join(hint)
            rows.setdefault((column, rule), []).append(pieces.origin.in_file(number[cuts[k] : cuts[k + 1]]))
    bad = [BadRows("messages", *key, np.concatenate(each), hints.get(key, "")) for key, each in rows.items()]
    if instants and min(instants) < FIRST_US:
        warnings.warn(
            f"messages.sent_at before the year 2000: the earliest is {iso(min(instants))}, used; is the unit of times "
            "wrong, or are units mixed?",
            stacklevel=2,
        )
    return Messages(
        tuple(paths),
        rows_in,
        bad,
        pieces.origin,
        min(instants, default=None),
        max(instants, default=None),
        has_typed,
    )


def _coded(pieces: Pieces, piece: Piece, how: Reading, window: Window) -> dict[str, Any]:
    """Check the rows of a piece, and return them as numbers beside the ids that they stand for."""
    loaded = pieces.loaded(piece.read())
    n = loaded.n_rows
    checked = check_table(loaded, how, 1.0, {})
    table, bad = checked.table, checked.bad
    del loaded, checked
    time = np.asarray(column_of(table, "sent_at").cast(pa.int64()))
    flags, typed = flags_of(table), typed_of(table)
    sender, senders = _numbered(column_of(table, "sender_id"))
    recipient, recipients = _numbered(column_of(table, "recipient_id"))
    edges = [time.min(), time.max()] if time.size else []
    counts = np.array([n, piece.first, typed.size > 0, *edges], np.int64)
    if window is not None:
        kept = (time >= window[0]) & (time < window[1])
        time, flags, sender, recipient = time[kept], flags[kept], sender[kept], recipient[kept]
        typed = typed[kept] if typed.size else typed
    recipient, people, groups = _parted(recipient, recipients, (flags & bits.GROUP) != 0)
    cuts = np.append(0, np.cumsum([len(part.rows) for part in bad], dtype=np.int64))
    return {
        "sender": sender, "recipient": recipient, "time": time, "flags": flags, "typed": typed,
        "senders": senders, "people": people, "groups": groups, "counts": counts,
        "bad": np.concatenate([np.empty(0, np.int64), *(part.rows for part in bad)]), "bad_cuts": cuts,
        "bad_rules": pa.array([f"{part.column} {part.rule} {part.hint}".rstrip() for part in bad], pa.string()),
    }  # fmt: skip


def _numbered(ids: pa.Array) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Return the code of each row and the ids by code."""
    coded = ids if pa.types.is_dictionary(ids.type) else ids.dictionary_encode()
    return np.asarray(coded.indices), coded.dictionary


def _parted(
    recipient: npt.NDArray[np.int32], ids: pa.Array, to_group: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int32], pa.Array, pa.Array]:
    """Number people and groups apart, a group's code counted down from -1: a group may bear the id of a person."""
    lookup = np.zeros((2, len(ids)), np.int32)
    used = np.zeros((2, len(ids)), np.bool_)
    used[0, recipient if not to_group.any() else recipient[~to_group]] = True
    used[1, recipient[to_group]] = True
    for k in range(2):
        lookup[k, used[k]] = np.arange(used[k].sum(), dtype=np.int32)
    codes = lookup[0][recipient]
    codes[to_group] = -1 - lookup[1][recipient[to_group]]
    people = ids if used[0].all() else ids.filter(pa.array(used[0]))
    return codes, people, ids.filter(pa.array(used[1]))
