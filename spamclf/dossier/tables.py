"""The rows of a dataset that speak of some accounts before an instant, with their hashes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.images import RefusedPicture, resolve
from spamclf.campaigns.parts import shown_hex
from spamclf.campaigns.shown import REPORTED, read_photos
from spamclf.campaigns.table import Campaigns
from spamclf.dataset import Dataset
from spamclf.dossier.rows import hashes_of
from spamclf.files import sha256_file
from spamclf.instants import iso
from spamclf.schema import TABLES
from spamclf.tables.folder import find_table
from spamclf.tables.reading import parts_of

__all__ = ["Rows", "files_of", "seen_rows"]

_PICTURES = 1000  # photo files that are hashed at most


def seen_rows(dataset: Dataset, name: str, ids: pa.Array, until: int) -> pa.Table:
    """Return the rows of a table about some accounts before an instant; of messages those from and to them.

    Of accounts whose registration is unknown the row is seen at any instant.
    """
    spec, table = TABLES[name], dataset.tables[name]
    time = table[spec.time].cast(pa.int64())
    inside = pc.less(time, until)
    if spec.column(spec.time).nullable:
        inside = pc.fill_null(inside, True)
    about = ("sender_id", "recipient_id") if name == "messages" else ("account_id",)
    named = [_is_in(table[column], ids) for column in about]
    return table.filter(pc.and_(inside, named[0] if len(named) == 1 else pc.or_(*named)))


def _is_in(column: pa.ChunkedArray, ids: pa.Array) -> Any:
    plain = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
    wanted = ids.dictionary_decode() if pa.types.is_dictionary(ids.type) else ids
    return pc.is_in(plain, value_set=wanted.cast(plain.type))


@dataclass(frozen=True, eq=False)
class Rows:
    """All rows about some accounts before an instant.

    Attributes
    ----------
    dataset : Dataset
        Whose photos were read.
    ids : pyarrow.Array
    until : int
        Microseconds since the epoch.
    """

    dataset: Dataset
    ids: pa.Array
    until: int

    @cached_property
    def tables(self) -> dict[str, pa.Table]:
        """The rows of each table."""
        return {name: seen_rows(self.dataset, name, self.ids, self.until) for name in TABLES}

    @cached_property
    def _hashes(self) -> dict[str, list[str]]:
        return {name: hashes_of(name, table) for name, table in self.tables.items()}

    def hashes(self) -> dict[str, list[str]]:
        """Return the hashes of the rows of each table in ascending order; a row that is there twice is told twice."""
        return {name: sorted(hashes) for name, hashes in self._hashes.items()}

    def told(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a table, instants in ISO 8601, each with its hash, in time and then by hash."""
        rows = self.tables[name].to_pylist()
        for row, digest in zip(rows, self._hashes[name], strict=True):
            row["account_id"] = str(row["account_id"])
            for column in TABLES[name].columns:
                if column.type == "time" and row[column.name] is not None:
                    row[column.name] = iso(self._instant(row[column.name]))
            row["sha256"] = digest
        time = TABLES[name].time
        return sorted(rows, key=lambda row: (row[time] or "", row["account_id"], row["sha256"]))

    @staticmethod
    def _instant(value: Any) -> int:
        return int(pa.scalar(value, pa.timestamp("us", "UTC")).cast(pa.int64()).as_py())

    def texts(self) -> list[dict[str, Any]]:
        """Return what profiles showed; not what reporters disclosed, who may have made it up."""
        rows = [row for row in self.told("texts") if row["source"] not in REPORTED]
        for row in rows:
            row.pop("signature")
        return rows

    @cached_property
    def photos(self) -> list[dict[str, Any]]:
        """Return the photos, each with its perceptual hash and, where the file is at hand, the file's SHA-256."""
        hexes = self._perceptual()
        rows = self.told("photos")
        files: dict[str, str | None] = {}
        for row in rows:
            path = row["photo"]
            if path is not None and path not in files and len(files) < _PICTURES:
                files[path] = self._file_hash(path)
            row["perceptual_hash"] = hexes.get(row["sha256"])
            row["file_sha256"] = files.get(path) if path is not None else None
        return rows

    def _perceptual(self) -> dict[str, str]:
        """Return the perceptual hash of each photo's row, by the row's hash; blank pictures have none."""
        if "photos" not in self.dataset.given:
            return {}
        shown = read_photos(self.dataset)
        every = self.dataset.photos
        mine = pc.and_(
            _is_in(every["account_id"], self.ids), pc.less(every["set_at"].cast(pa.int64()), self.until)
        )
        kept = mine.combine_chunks().take(pa.array(shown.row))
        row, group = (pa.array(each).filter(kept) for each in (shown.row, shown.group))
        hexes = shown_hex("photo", shown.sightings.words[group.to_numpy(zero_copy_only=False)])
        return dict(zip(hashes_of("photos", every.take(row)), hexes.to_pylist(), strict=True))

    def _file_hash(self, path: str) -> str | None:
        if self.dataset.folder is None:
            return None
        try:
            return sha256_file(resolve(self.dataset.folder, path))
        except (RefusedPicture, OSError):
            return None

    def templates(self, found: Campaigns, number: int) -> list[dict[str, Any]]:
        """Return the different texts of a text campaign and how many accounts showed each, the medoid first."""
        prints = found.fingerprints()
        prints = prints.filter(
            pc.and_(pc.equal(prints["kind"], "text"), pc.equal(prints["campaign"], number))
        )
        texts = self.dataset.texts["text"].take(prints["row"].combine_chunks()).to_pylist()
        return [
            {"text": text, "n_accounts": n}
            for text, n in zip(texts, prints["n_accounts"].to_pylist(), strict=True)
        ]


def files_of(dataset: Dataset) -> list[dict[str, str]]:
    """Return name and SHA-256 of each file that was read of a dataset's tables and settings; none of dataframes."""
    folder = dataset.folder
    if folder is None:
        return []
    found: list[Path] = []
    for name in dataset.given:
        place = find_table(folder, TABLES[name])
        if place is not None:
            found += parts_of(place, TABLES[name]) if place.is_dir() else [place]
    found += [path for name in ("dataset.toml", "innocent.csv") if (path := folder / name).exists()]
    return [
        {"file": path.relative_to(folder).as_posix(), "sha256": sha256_file(path)} for path in sorted(found)
    ]
