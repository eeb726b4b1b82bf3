"""What accounts show: from the tables of photos and texts to sightings, each file and text fingerprinted once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.campaigns.given import path_of
from spamclf.campaigns.innocent import Innocent
from spamclf.campaigns.photos import MIN_QUALITY, SCHEME, VERSIONS, Photos, fingerprint_files, from_hex
from spamclf.campaigns.sightings import Kind, Sightings, Words, distinct_rows, pseudonyms
from spamclf.campaigns.signatures import MinHashScheme, read_signatures, set_sizes
from spamclf.campaigns.silhouettes import are_silhouettes
from spamclf.campaigns.texts import LONGEST, fingerprint_texts, normalise
from spamclf.dataset import Dataset
from spamclf.errors import SchemaError
from spamclf.facts import Instants, column_of, instants_of
from spamclf.tables.schemes import HOW_SIGNED

__all__ = [
    "PUBLIC",
    "REPORTED",
    "Prints",
    "Shown",
    "innocents",
    "read_photos",
    "read_texts",
    "text_prints",
    "text_scheme",
]

Bools = npt.NDArray[np.bool_]

#: Texts of a profile. Names are left out: thousands of people share one innocently.
PUBLIC = ("about", "description")
#: Texts that a reporter disclosed, who may lie: never mixed with the public ones.
REPORTED = ("reported",)

_FEWEST_BITS = 48
MIN_SHINGLES = 12  # a text with fewer different ones is a word or two that many people would write


@dataclass(frozen=True, eq=False)
class Prints:
    """The different things that rows show: fingerprints, and of pictures at hand those of their versions.

    Attributes
    ----------
    group : ndarray of shape (p,), dtype int32
        Which of the sightings' fingerprints each print is.
    versions : ndarray of shape (p, 8, 4), dtype uint64; of texts (0, 8, 4)
        The hashes of each picture turned and mirrored, the first as it is.
    n_versions : ndarray of shape (p,), dtype int64
        How many of them there are: 1 of a hash made elsewhere, for no picture is at hand.
    """

    group: npt.NDArray[np.int32]
    versions: npt.NDArray[np.uint64]
    n_versions: npt.NDArray[np.int64]

    @classmethod
    def plain(cls, n: int) -> Prints:
        """Return the prints that are nothing but `n` fingerprints."""
        return cls(np.arange(n, dtype=np.int32), np.empty((0, VERSIONS, 4), np.uint64), np.ones(n, np.int64))

    def of(self, groups: npt.NDArray[np.integer]) -> Prints:
        """Return the prints of some fingerprints, ascending, which are numbered by their places there."""
        place = np.searchsorted(groups, self.group)
        here = np.append(groups, -1)[place] == self.group
        versions = self.versions[here] if len(self.versions) else self.versions
        return Prints(place[here].astype(np.int32), versions, self.n_versions[here])


@dataclass(frozen=True, eq=False)
class Shown:
    """What the rows of a table show.

    Attributes
    ----------
    sightings : Sightings
    row : ndarray of shape (n_usable,), dtype int64
        The rows whose fingerprint may form clusters.
    account_ids : pyarrow.Array of length n_usable
    account : ndarray of shape (n_usable,), dtype uint64
        Their pseudonyms.
    instant, group : ndarray of shape (n_usable,), dtype int64, int32
        When, and which of ``sightings.words``.
    known : ndarray of shape (n_rows,), dtype bool
        Rows that have a fingerprint at all; those of them that are not usable are blank, tiny, too short or known
        to be innocent.
    prints : Prints
    print_ : ndarray of shape (n_usable,), dtype int32
        Which of them each of those rows shows.
    """

    sightings: Sightings
    row: npt.NDArray[np.int64]
    account_ids: pa.Array
    account: npt.NDArray[np.uint64]
    instant: Instants
    group: npt.NDArray[np.int32]
    known: Bools
    prints: Prints
    print_: npt.NDArray[np.int32]


def read_photos(dataset: Dataset, *, n_jobs: int = -1) -> Shown:
    """Fingerprint the profile photos of a dataset, at the first call; later ones return the same.

    A ready-made ``photo_hash`` goes before the file. Files that cannot be read go to quarantine.

    Parameters
    ----------
    dataset : Dataset
    n_jobs : int, default=-1
        Threads, in joblib's sense.

    Returns
    -------
    shown : Shown

    Raises
    ------
    SchemaError
        If ready-made hashes are of a scheme that photo files cannot be compared with.
    BadRowsError
        If too many files cannot be read.

    Examples
    --------
    >>> accounts, hashes = {"account_id": ["a", "b"]}, ["0123456789abcdef" * 4, "0" * 64]
    >>> photos = {"account_id": ["a", "b"], "set_at": [3, 5], "photo_hash": hashes}
    >>> messages = {"sender_id": [], "recipient_id": [], "sent_at": []}
    >>> shown = read_photos(Dataset(accounts=accounts, messages=messages, photos=photos, time_unit="s"))
    >>> shown.known, shown.row  # the second one is blank
    (array([ True,  True]), array([0]))
    """
    return dataset.once("photos", lambda: _read_photos(dataset, n_jobs))


def read_texts(
    dataset: Dataset, sources: tuple[str, ...] = PUBLIC, *, n_jobs: int = -1
) -> tuple[Shown, Bools, Bools]:
    """Fingerprint the texts of a dataset, at the first call; later ones return the same.

    A ready-made ``signature`` goes before the text.

    Parameters
    ----------
    dataset : Dataset
    sources : tuple of str, default=("about", "description")
        Of which sources.
    n_jobs : int, default=-1
        Threads, in joblib's sense.

    Returns
    -------
    shown : Shown
    url, phone : ndarray of shape (n_rows,), dtype bool
        Rows of the table whose text holds a link, a telephone number.

    Raises
    ------
    SchemaError
        If the dataset does not say how its signatures were made, or they are of another length.

    Examples
    --------
    >>> texts = {"account_id": ["a", "b"], "observed_at": [3, 5], "source": ["about"] * 2}
    >>> texts["text"] = ["Win 500 euro today at bit.ly/x", "At work"]
    >>> messages = {"sender_id": [], "recipient_id": [], "sent_at": []}
    >>> dataset = Dataset(accounts={"account_id": ["a", "b"]}, messages=messages, texts=texts, time_unit="s")
    >>> shown, url, phone = read_texts(dataset)
    >>> shown.row, url  # what the second one says many people do
    (array([0]), array([ True, False]))
    """
    dataset.once("texts", lambda: _read_texts(dataset, n_jobs))
    return dataset.once(("texts", sources), lambda: _of_sources(dataset, sources))


def _of_sources(dataset: Dataset, sources: tuple[str, ...]) -> tuple[Shown, Bools, Bools]:
    texts = dataset.once("texts", lambda: _read_texts(dataset, -1))
    source = column_of(dataset.texts, "source").cast(pa.string())
    chosen = np.asarray(pc.is_in(source, value_set=pa.array(sources)), dtype=np.bool_)
    shown = _shown(
        dataset.texts, "observed_at", "text", str(text_scheme(dataset)), texts.words, texts.place,
        chosen & texts.usable, chosen & texts.known,
    )  # fmt: skip
    return shown, texts.url & chosen, texts.phone & chosen


def text_prints(dataset: Dataset) -> npt.NDArray[np.int32]:
    """Return a number for each row of the texts, equal where their fingerprints are."""
    texts = dataset.once("texts", lambda: _read_texts(dataset, -1))
    return distinct_rows(texts.words)[1][texts.place]


def text_scheme(dataset: Dataset) -> MinHashScheme:
    """Return how the text signatures of a dataset are made: as it states, or as is usual here."""
    stated = dataset.schemes.get("signature")
    return MinHashScheme() if stated is None else MinHashScheme.stated(stated)


def innocents(dataset: Dataset) -> Innocent:
    """Return the fingerprints that the dataset and spamclf know to be innocent."""
    given = dataset.innocent
    if given is None:
        return Innocent.default()
    if not isinstance(given, Innocent):
        given = Innocent.read(path_of(given, "Dataset", "innocent"))
    return Innocent.default().extended(given)


def _read_photos(dataset: Dataset, n_jobs: int) -> Shown:
    scheme = dataset.schemes.get("photo_hash", {}).get("scheme", SCHEME)
    files = _read_files(dataset, scheme, n_jobs)
    hashes = column_of(dataset.photos, "photo_hash").dictionary_decode().dictionary_encode()
    made = from_hex(hashes.dictionary)
    versions = np.repeat(
        made[:, None, :], VERSIONS, axis=1
    )  # all pictures: those of hashes first, then the files
    n_versions, usable = np.ones(len(made), np.int64), np.ones(len(made), np.bool_)
    place = np.asarray(hashes.indices.fill_null(-1)).astype(np.int64)
    if files is not None:
        filed, among, photos = files
        place[filed] = len(made) + among
        versions = np.concatenate([versions, photos.words])
        n_versions = np.concatenate([n_versions, np.full(len(photos.words), VERSIONS)])
        usable = np.concatenate([usable, photos.quality >= MIN_QUALITY])
    if scheme == SCHEME:  # about half of its bits are set; a hash of nearly none or all is of a blank picture
        n_bits = np.bitwise_count(versions[:, 0]).sum(axis=1)
        usable &= (n_bits >= _FEWEST_BITS) & (n_bits <= 256 - _FEWEST_BITS)
        usable &= ~are_silhouettes(versions[:, 0])
    usable &= ~near_any(versions, n_versions, innocents(dataset).photos)
    known = place >= 0
    in_use = known & usable[place] if usable.size else known
    shown = _shown(dataset.photos, "set_at", "photo", scheme, versions[:, 0], place, in_use, known)
    return _with_versions(shown, versions, n_versions, place[shown.row])


def _with_versions(
    shown: Shown,
    versions: npt.NDArray[np.uint64],
    n_versions: npt.NDArray[np.int64],
    place: npt.NDArray[np.int64],
) -> Shown:
    """Tell which versions of its photo each row itself brings; another row with the same hash may bring others."""
    told = np.column_stack(
        [versions[:, 0], n_versions.astype(np.uint64), versions[:, 1:].reshape(-1, 4 * (VERSIONS - 1))]
    )
    used, which = np.unique(place, return_inverse=True)
    rows, number = distinct_rows(told[used])
    print_ = number[which]
    group = np.empty(len(rows), np.int32)
    group[print_] = shown.group
    chosen = used[rows]
    return replace(shown, prints=Prints(group, versions[chosen], n_versions[chosen]), print_=print_)


def _read_files(
    dataset: Dataset, scheme: str, n_jobs: int
) -> tuple[Bools, npt.NDArray[np.int64], Photos] | None:
    """Return the rows whose photo is a file, the place of each among the different files, and their fingerprints.

    Rows whose file cannot be read leave the table.
    """
    if dataset.folder is None:  # files of no folder cannot be looked at: nothing is known of them
        return None
    filed = _in_files(dataset)
    if not filed.any():
        return None
    if scheme != SCHEME:
        raise SchemaError(
            f"photos: photo_hash must be of scheme '{SCHEME}' where photo files are to be compared with it; got "
            f"'{scheme}'. Give hashes of one scheme, or files."
        )
    coded = column_of(dataset.photos, "photo").filter(pa.array(filed)).dictionary_decode().dictionary_encode()
    place = np.asarray(coded.indices).astype(np.int64)
    photos = fingerprint_files(dataset.folder, coded.dictionary.to_pylist(), n_jobs=n_jobs)
    broken = np.asarray(photos.rule, object)[place]
    if (broken != "").any():
        rules = np.full(filed.size, "", object)
        rules[filed] = broken
        dataset.set_aside("photos", "photo", rules)
        filed, place = _in_files(dataset), place[broken == ""]
    return filed, place, photos


def _in_files(dataset: Dataset) -> Bools:
    """Tell which rows name a file and bring no hash."""
    path, digest = (column_of(dataset.photos, name) for name in ("photo", "photo_hash"))
    return np.asarray(path.is_valid(), dtype=np.bool_) & ~np.asarray(digest.is_valid(), dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class _Texts:
    """The fingerprints of all rows of the texts, row by row ``words[place]``, and which may form clusters."""

    words: Words
    place: npt.NDArray[np.int64]
    usable: Bools
    known: Bools
    url: Bools
    phone: Bools


def _read_texts(dataset: Dataset, n_jobs: int) -> _Texts:
    scheme = text_scheme(dataset)
    signatures = column_of(dataset.texts, "signature")
    made, rows, which = np.empty((0, 128), np.uint32), np.empty(0, np.int64), np.empty(0, np.int32)
    if signatures.null_count < len(signatures):
        if "signature" not in dataset.schemes:
            raise SchemaError(
                "texts: signature must come with how it was made; got none. Write at the top of dataset.toml: "
                f'{HOW_SIGNED}; or pass schemes={{"signature": {{...}}}}.'
            )
        made, rows, bad = read_signatures(signatures, scheme)
        if bad.any():
            dataset.set_aside("texts", "signature", np.where(bad, "malformed", "").astype(object))
            return _read_texts(dataset, n_jobs)
        different, which = distinct_rows(made)
        made = made[different]
    text = column_of(dataset.texts, "text")
    texts = fingerprint_texts(text, scheme, n_jobs=n_jobs)
    usable, known = texts.n_shingles >= MIN_SHINGLES, texts.n_shingles > 0
    usual = pa.array(innocents(dataset).texts, pa.string())
    if usable.any():
        same = pc.is_in(texts.normalised, value_set=normalise(usual), skip_nulls=True).fill_null(False)
        usable &= ~np.asarray(same, dtype=np.bool_)
    place = texts.group.astype(np.int64)
    if rows.size:
        place[rows] = len(texts.distinct) + which
        known[rows] = True
        usable[rows] = _usable_signatures(made, fingerprint_texts(usual, scheme).distinct)[which]
    return _Texts(np.concatenate([texts.distinct, made]), place, usable, known, texts.url, texts.phone)


def _usable_signatures(made: Words, usual: Words) -> Bools:
    """Tell which ready-made signatures may form clusters: how long their texts are is read off them.

    They have no text to compare, so the signature of each innocent one (`usual`) is.
    """
    sizes = set_sizes(made)
    listed = {each.tobytes() for each in usual}
    innocent = np.array([each.tobytes() in listed for each in made], np.bool_)
    return (sizes >= MIN_SHINGLES) & (sizes <= 2 * LONGEST) & ~innocent


def _shown(
    table: pa.Table,
    time: str,
    kind: Kind,
    scheme: str,
    words: Words,
    place: npt.NDArray[np.integer],
    usable: Bools,
    known: Bools,
) -> Shown:
    """Put the usable rows of a table into sightings; the fingerprint of a row is ``words[place]``."""
    row = np.flatnonzero(usable)
    ids = column_of(table, "account_id").take(pa.array(row))
    instant = instants_of(table, time)[row]
    coded = ids if pa.types.is_dictionary(ids.type) else ids.dictionary_encode()
    account = pseudonyms(coded.dictionary)[np.asarray(coded.indices)] if row.size else np.empty(0, np.uint64)
    sightings = Sightings.of(kind, scheme, account, instant, words, place[row])
    number = np.full(len(words), -1, np.int32)  # of each different fingerprint among those in use
    in_use = np.zeros(len(words), np.bool_)
    in_use[place[row]] = True
    number[in_use] = distinct_rows(words[in_use])[1]
    group = number[place[row]]
    return Shown(
        sightings, row, ids, account, instant, group, known, Prints.plain(len(sightings.words)), group
    )


def near_any(
    versions: npt.NDArray[np.uint64], n_versions: npt.NDArray[np.int64], bank: npt.NDArray[np.uint64]
) -> Bools:
    """Tell which photos, turned and mirrored too (see `Prints`), are within 31 bits of one of some others."""
    n, counts, effort = len(bank), np.zeros(len(versions), np.int32), np.zeros(1, np.int64)
    ends, members = np.empty(kernels.neighbours.CHUNK_VALUES, np.int64), np.empty(n, np.int32)
    columns = np.empty((4, n), np.uint64)
    for chunk in range(kernels.neighbours.CHUNKS if n else 0):
        kernels.hamming.sort_by_chunk(bank, chunk, ends, members, columns)
        kernels.neighbours.find(
            chunk, versions.reshape(-1, 4), n_versions, bank, ends, members, columns, 0, n, counts, effort
        )  # one neighbour is enough
    return counts > 0
