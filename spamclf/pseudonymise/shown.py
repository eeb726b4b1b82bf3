"""Photos and texts as fingerprints: what tells near-duplicates leaves, what tells nothing else becomes a keyed mark.

A text that may form no cluster (a name, some words, a usual text) has no use for its signature, and whoever guesses
it could check the guess. It leaves as a mark instead: a signature of four keyed values and zeros, which is equal for
equal texts and which no cluster takes. So does the photo file that is blank or a known avatar, as a hash of few bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.photos import to_hex
from spamclf.campaigns.shown import MIN_SHINGLES, PUBLIC, REPORTED, read_photos, read_texts, text_scheme
from spamclf.campaigns.signatures import set_sizes
from spamclf.dataset import Dataset
from spamclf.facts import column_of
from spamclf.pseudonymise.keys import Key

__all__ = ["Fingerprints", "photo_fingerprints", "text_fingerprints"]

_MARKED = (
    4  # values of a mark's signature, and of a hash the bytes: too few to be taken for a text or a picture
)
_SIGNATURE = pa.list_(pa.uint32())


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """What rows of photos or texts leave as.

    Attributes
    ----------
    values : pyarrow.Array
        One for each row: 64 hex digits, or a list of values; null where the row shows nothing.
    n_marked : int
        Rows that left as a mark.
    """

    values: pa.Array
    n_marked: int


def photo_fingerprints(dataset: Dataset, key: Key, *, n_jobs: int = -1) -> Fingerprints:
    """Return the hash of each photo as it is; how a file looks turned or mirrored does not leave.

    Parameters
    ----------
    dataset : Dataset
        Rows whose file cannot be read go to its quarantine.
    key : Key
    n_jobs : int, default=-1
    """
    shown = read_photos(dataset, n_jobs=n_jobs)
    made = column_of(dataset.photos, "photo_hash").cast(pa.string()).to_pylist()
    ready = np.array([each is not None for each in made], np.bool_)
    for row, digits in zip(shown.row.tolist(), to_hex(shown.sightings.words[shown.group]), strict=True):
        made[row] = digits
    usable = np.zeros(len(made), np.bool_)
    usable[shown.row] = True
    paths = column_of(dataset.photos, "photo").cast(pa.string())
    marked = np.flatnonzero(shown.known & ~usable & ~ready)
    for row in marked.tolist():
        made[row] = key.digest("photo", paths[row].as_py().encode())[:_MARKED].hex().rjust(64, "0")
    return Fingerprints(pa.array(made, pa.string()), marked.size)


def text_fingerprints(dataset: Dataset, key: Key, *, n_jobs: int = -1) -> Fingerprints:
    """Return the signature of each text that may form clusters, a mark of the others.

    Parameters
    ----------
    dataset : Dataset
    key : Key
    n_jobs : int, default=-1
    """
    n_perm, table = text_scheme(dataset).n_perm, dataset.texts
    parts = [read_texts(dataset, sources, n_jobs=n_jobs)[0] for sources in (PUBLIC, REPORTED)]
    table = dataset.texts  # reading may have set signatures aside that are none
    usable = np.zeros(table.num_rows, np.bool_)
    words = np.zeros((table.num_rows, n_perm), np.uint32)
    for shown in parts:
        # A signature of which a shorter text would be read off forms no cluster any more: it is of no use either.
        clear = (set_sizes(shown.sightings.words) >= MIN_SHINGLES)[shown.group]
        rows = shown.row[clear]
        words[rows], usable[rows] = shown.sightings.words[shown.group[clear]], True
    texts, signatures = column_of(table, "text"), column_of(table, "signature")
    present = np.asarray(texts.is_valid(), np.bool_) | np.asarray(signatures.is_valid(), np.bool_)
    marked = np.flatnonzero(present & ~usable)
    for row in marked.tolist():
        given = signatures[row].as_py()
        content = texts[row].as_py().encode() if given is None else b"\0" + np.asarray(given, "<u8").tobytes()
        words[row, :_MARKED] = np.frombuffer(key.digest("text", content), "<u4", _MARKED)
    return Fingerprints(_lists(words, present), marked.size)


def _lists(words: npt.NDArray[np.uint32], present: npt.NDArray[np.bool_]) -> pa.Array:
    """Return rows as lists, null where nothing is there."""
    offsets = np.append(0, np.cumsum(np.where(present, words.shape[1], 0))).astype(np.int32)
    places = pa.array(offsets, mask=np.append(~present, False))
    return pa.ListArray.from_arrays(places, pa.array(words[present].reshape(-1)), type=_SIGNATURE)
