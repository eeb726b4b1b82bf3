"""Fingerprints of photos: Meta's PDQ, 256 bits that survive re-encoding, resizing, brightness and small edits.

A picture has eight hashes: as it is, turned by 90, 180 and 270 degrees, and mirrored in four ways. Two pictures are
near-duplicates where one of the eight of one is within 31 bits of the upright one of the other. A hash made elsewhere
stands alone: the other seven cannot be made from it.

Examples
--------
>>> from spamclf.simulate.photos import picture
>>> photo = fingerprint(picture("photos/00031-04.jpg"))
>>> photo.words.shape, photo.quality >= MIN_QUALITY
((8, 4), True)
>>> other = fingerprint(picture("photos/00032-00.jpg"))
>>> int(distance(photo.words[0], other.words[0])) <= 31
False
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.campaigns.given import described, path_of
from spamclf.campaigns.images import Picture, RefusedPicture, read_picture, resolve, use_picture
from spamclf.errors import ParameterError
from spamclf.threads import in_threads

__all__ = [
    "MIN_QUALITY",
    "MIN_SIDE",
    "SCHEME",
    "VERSIONS",
    "Photo",
    "Photos",
    "distance",
    "fingerprint",
    "fingerprint_files",
    "from_hex",
    "to_hex",
]

Words = npt.NDArray[np.uint64]

SCHEME = "pdq"
MIN_QUALITY = 50  # below it a picture is blank, or nearly: its hash is of noise
MIN_SIDE = 32  # pixels; a smaller picture is somebody's thumbnail of a thumbnail
VERSIONS = 8

_LEAST_SIDE = 5  # Meta's code hashes nothing smaller
_AT_ONCE = 16  # files that a thread takes at a time


@dataclass(frozen=True, eq=False)
class Photo:
    """The fingerprint of one picture.

    Attributes
    ----------
    words : ndarray of shape (8, 4), dtype uint64
        The hashes of the picture as it is, turned by 90, 180, 270 degrees, mirrored top to bottom, left to right and
        along the two diagonals; of each the highest bits first.
    quality : int
        0..100, Meta's measure of how much there is to see; 0 where the shorter side has less than 32 pixels.

    Examples
    --------
    >>> from spamclf.simulate.photos import picture
    >>> to_hex(fingerprint(picture("photos/00031-04.jpg")).words)[0][:8]
    '4daaad5b'
    """

    words: Words
    quality: int


@dataclass(frozen=True, eq=False)
class Photos:
    """The fingerprints of several files.

    Attributes
    ----------
    words : ndarray of shape (n, 8, 4), dtype uint64
        As in `Photo`; zeros where the file was refused.
    quality : ndarray of shape (n,), dtype int16
        As in `Photo`; 0 where the file was refused.
    rule : ndarray of shape (n,), dtype object
        The rule that the file broke (a key of ``RULES`` in `spamclf.tables.quarantine`), or ``""``.

    Examples
    --------
    >>> fingerprint_files("data/sample", ["README.md"]).rule
    array(['not_a_picture'], dtype=object)
    """

    words: Words
    quality: npt.NDArray[np.int16]
    rule: npt.NDArray[np.object_]


def fingerprint(picture: bytes | str | os.PathLike[str]) -> Photo:
    """Hash one picture.

    The first frame counts, the pixels as stored (EXIF turns nothing; a turned picture is one of the eight) and
    transparent parts as on white.

    Parameters
    ----------
    picture : bytes or path-like
        A JPEG, PNG, WebP or GIF file, or what is in it.

    Returns
    -------
    photo : Photo

    Raises
    ------
    RefusedPicture
        If the file is missing, too large, damaged or of another format; ``.rule`` says which.
    ParameterError
        If `picture` is neither bytes nor a path.

    Examples
    --------
    >>> fingerprint(b"<svg/>")
    Traceback (most recent call last):
        ...
    spamclf.campaigns.picture_heads.RefusedPicture: not_a_picture
    """
    data = picture if isinstance(picture, bytes) else read_picture(path_of(picture, "fingerprint", "picture"))
    return use_picture(data, _hashed)


def _hashed(picture: Picture) -> Photo:
    width, height = picture.width, picture.height
    words: Words = np.zeros((VERSIONS, 4), np.uint64)
    if min(width, height) < _LEAST_SIDE:
        return Photo(words, 0)
    pdq = kernels.pdq
    layout = pdq.LAYOUTS[picture.mode]
    if max(width, height) <= 2 * pdq.SIDE:
        pixels = next(picture.bands())
        quality = pdq.hash_little(pixels, layout, words)
        if width == height == pdq.SIDE:  # Meta's code leaves the filter out, for the upright hash alone
            upright = np.empty_like(words)
            quality = pdq.hash_unfiltered(pixels, layout, upright)
            words[0] = upright[0]
    else:
        reader = pdq.Reader(width, height, layout)
        for band in picture.bands():
            reader.feed(band)
        words, quality = reader.hashes()
    return Photo(words, quality if min(width, height) >= MIN_SIDE else 0)


def fingerprint_files(folder: str | os.PathLike[str], paths: Sequence[str], *, n_jobs: int = -1) -> Photos:
    """Hash the pictures of a dataset.

    Parameters
    ----------
    folder : path-like
        The dataset's folder; nothing outside it is read.
    paths : sequence of str
        Relative to it. Give each path once: every one is read.
    n_jobs : int, default=-1
        Threads, in joblib's sense; the result does not depend on it.

    Returns
    -------
    photos : Photos
        Files that cannot be used have a rule instead of a hash; none raises.

    Examples
    --------
    >>> fingerprint_files("data/sample", ["nobody.jpg", "../secret.jpg"]).rule.tolist()
    ['missing_file', 'outside_folder']
    """
    from tqdm import tqdm

    folder, n = path_of(folder, "fingerprint_files", "folder"), len(paths)
    photos = Photos(
        np.zeros((n, VERSIONS, 4), np.uint64), np.zeros(n, np.int16), np.full(n, "", dtype=object)
    )
    if not n:
        return photos
    with tqdm(total=n, desc="photos", unit="", delay=2, leave=False, disable=None) as progress:

        def work(low: int, high: int) -> None:
            for i in range(low, high):
                try:
                    photo = fingerprint(resolve(folder, paths[i]))
                    photos.words[i], photos.quality[i] = photo.words, photo.quality
                except RefusedPicture as refused:
                    photos.rule[i] = refused.rule
            progress.update(high - low)

        in_threads(work, [*range(0, n, _AT_ONCE), n], n_jobs)
    return photos


def from_hex(hashes: pa.Array | pa.ChunkedArray | Sequence[str]) -> Words:
    """Read hashes as Meta prints them.

    Parameters
    ----------
    hashes : pyarrow.Array or sequence of str
        64 hex digits each, upper or lower case; no nulls.

    Returns
    -------
    words : ndarray of shape (n, 4), dtype uint64
        The first digits are the highest bits of the first word.

    Raises
    ------
    ParameterError
        If a hash is not of that form.

    Examples
    --------
    >>> from_hex(["0" * 47 + "1" + "0" * 15 + "f"])
    array([[ 0,  0,  1, 15]], dtype=uint64)
    """
    column = _digits(hashes)
    wrong = pc.invert(pc.match_substring_regex(column, r"\A[0-9a-fA-F]{64}\z")).fill_null(True)
    if pc.any(wrong).as_py():
        raise ParameterError(
            f"photos: a hash must be 64 hex digits; got {pc.sum(wrong).as_py():,} of another form. Leave them out."
        )
    digits = bytes.fromhex("".join(column.to_pylist()))
    return np.frombuffer(digits, ">u8").reshape(-1, 4).astype(np.uint64)


def _digits(hashes: Any) -> pa.Array:
    """Return hashes as strings, whatever they come in."""
    if isinstance(hashes, pa.ChunkedArray):
        hashes = hashes.combine_chunks()
    if isinstance(hashes, pa.DictionaryArray):
        hashes = hashes.dictionary_decode()
    try:
        if isinstance(hashes, str):  # one hash, and not its letters
            raise TypeError
        return (hashes if isinstance(hashes, pa.Array) else pa.array(hashes)).cast(pa.large_string())
    except (TypeError, pa.ArrowException):
        raise ParameterError(
            f"photos: hashes must be strings of 64 hex digits; got {described(hashes)}. Give a list of them."
        ) from None


def to_hex(words: Words) -> list[str]:
    """Write hashes, shape (n, 4), as Meta prints them: 64 hex digits each.

    Examples
    --------
    >>> to_hex(np.array([[0, 0, 1, 15]], np.uint64))[0][-18:]
    '01000000000000000f'
    """
    return [row.tobytes().hex() for row in np.ascontiguousarray(words).astype(">u8")]


def distance(one: Words, other: Words) -> npt.NDArray[np.int64]:
    """Return in how many bits hashes, shape (..., 4), differ; the shapes are broadcast.

    Examples
    --------
    >>> distance(np.zeros((2, 4), np.uint64), np.array([7, 0, 0, 1], np.uint64))
    array([4, 4])
    """
    bits: npt.NDArray[np.int64] = np.bitwise_count(np.bitwise_xor(one, other)).sum(axis=-1, dtype=np.int64)
    return bits
