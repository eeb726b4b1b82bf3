"""MinHash signatures of sets: how they were made, how alike two are, and the way from and to datasketch.

A signature is a row of `n_perm` uint32 values. It means nothing without its scheme: signatures of two schemes,
seeds or lengths are never compared, and asking for it is an error.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.campaigns.given import check_type, described, kept
from spamclf.campaigns.interchange import from_datasketch, to_datasketch
from spamclf.campaigns.schemes import MinHashScheme, Words
from spamclf.errors import ParameterError, SchemaError
from spamclf.tables.arrays import is_text
from spamclf.threads import equal_parts, in_threads, n_threads

__all__ = [
    "EMPTY",
    "MinHashScheme",
    "Words",
    "from_datasketch",
    "hash_items",
    "read_signatures",
    "set_sizes",
    "signatures",
    "similarity",
    "to_datasketch",
]

EMPTY = np.uint32(0xFFFFFFFF)  # every value of the empty set's signature
_STEP = 1 << 14  # signatures that are worked on at a time
_LISTED = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)


def hash_items(items: pa.Array, hash: str = "xxh32", *, n_jobs: int = 1) -> Words:
    """Return the 32-bit hash of each item's text in UTF-8; integers are taken as they are written.

    Parameters
    ----------
    items : pyarrow.Array
        (n,) strings or integers, without nulls.
    hash : {"xxh32", "sha1"}
    n_jobs : int

    Returns
    -------
    hashes : array of shape (n,), uint32

    Raises
    ------
    ParameterError
        If the items are no strings or integers, one of them is null, or the hash is another one.

    Examples
    --------
    >>> hash_items(pa.array(["a", ""]))
    array([1426945110,   46947589], dtype=uint32)
    """
    code = MinHashScheme(hash=hash).code
    _check_items(items)
    data, offsets = utf8(items)
    out = np.empty(len(items), np.uint32)
    if code:  # for interchange: rare, so not worth a kernel
        raw = data.tobytes()
        for i in range(len(items)):
            out[i] = int.from_bytes(hashlib.sha1(raw[offsets[i] : offsets[i + 1]]).digest()[:4], "little")
        return out
    bounds = equal_parts(offsets, n_threads(n_jobs))
    in_threads(
        lambda low, high: kernels.minhash.xxh32_of_items(data, offsets, out, low, high), bounds, n_jobs
    )
    return out


def _check_items(items: Any) -> None:
    kind = items.type if isinstance(items, pa.Array | pa.ChunkedArray) else None
    kind = kind.value_type if kind is not None and pa.types.is_dictionary(kind) else kind
    fits = kind is not None and (is_text(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind))
    if not fits or items.null_count:
        got = type(items).__name__ if kind is None else f"{items.null_count:,} null" if fits else str(kind)
        raise ParameterError(
            f"hash_items: items must be an Arrow array of strings or integers without nulls; got {got}. Use "
            "pyarrow.array(items)."
        )


def signatures(
    hashes: Words,
    offsets: npt.NDArray[np.int64],
    scheme: MinHashScheme,
    *,
    weights: npt.NDArray[np.uint8] | None = None,
    n_jobs: int = 1,
) -> Words:
    """Return the signatures of sets of hashed items.

    Parameters
    ----------
    hashes : array of shape (m,), uint32
        Hashes of the items of all sets, as of `hash_items`; one met again within a set changes nothing.
    offsets : array of shape (n + 1,), int64
        Set i is ``hashes[offsets[i]:offsets[i + 1]]``.
    scheme : MinHashScheme
    weights : array of shape (m,), uint8, optional
        How many items each hash h stands for: h, h + 0x9E3779B9, h + 2 * 0x9E3779B9 and so on, modulo 2**32. By
        default one. The share of equal values then estimates the sum of the lesser weights by that of the larger ones.
    n_jobs : int

    Returns
    -------
    words : array of shape (n, n_perm), uint32
        A row of 0xFFFFFFFF is the signature of the empty set.

    Raises
    ------
    ParameterError
        If the offsets do not ascend from 0 to the number of hashes, there are not as many weights, or one of these
        columns would not keep its values in its type.

    Examples
    --------
    >>> hashes = hash_items(pa.array(["ann", "bob", "cem", "ann", "bob", "dan"]))
    >>> words = signatures(hashes, np.array([0, 3, 6]), MinHashScheme(shingles="recipients"))
    >>> words.shape
    (2, 128)
    """
    check_type(scheme, MinHashScheme, "signatures", "scheme", "Use MinHashScheme.parse for its text")
    hashes, offsets = (_kept(each, kind) for each, kind in ((hashes, np.uint32), (offsets, np.int64)))
    fits = offsets.ndim == 1 and offsets.size > 0 and offsets[0] == 0 and offsets[-1] == hashes.size
    if not fits or (np.diff(offsets) < 0).any():
        raise ParameterError(
            f"signatures: offsets must ascend from 0 to {hashes.size}, the number of hashes; got "
            f"{offsets.size} others. Give where each set begins, and the end."
        )
    weights = np.ones(hashes.size, np.uint8) if weights is None else _kept(weights, np.uint8)
    if weights.shape != hashes.shape:
        raise ParameterError(
            f"signatures: weights must be one for each of {hashes.size} hashes; got {weights.size}. Leave them out."
        )
    words = np.empty((offsets.size - 1, scheme.n_perm), np.uint32)
    a, b = scheme.permutations
    bounds = equal_parts(offsets + np.arange(offsets.size), n_threads(n_jobs))
    in_threads(
        lambda low, high: kernels.minhash.of_sets(hashes, weights, offsets, a, b, words, low, high),
        bounds,
        n_jobs,
    )
    return words


def _kept(values: Any, dtype: Any) -> npt.NDArray[Any]:
    """Return a column in its type."""
    column = kept(values, dtype)
    if column is None or column.ndim != 1:
        raise ParameterError(
            f"signatures: hashes, offsets and weights must be columns of uint32, int64 and uint8; got "
            f"{described(values)}. Make hashes with hash_items."
        )
    return np.ascontiguousarray(column)


def similarity(
    a: Words, b: Words, schemes: tuple[MinHashScheme | str, MinHashScheme | str]
) -> npt.NDArray[np.float64]:
    """Return the share of equal values, which estimates the Jaccard similarity of the two sets.

    Parameters
    ----------
    a, b : arrays of shape (..., n_perm), uint32
        Compared value by value along the last axis; the others broadcast.
    schemes : pair of MinHashScheme or str
        How `a` and how `b` were made.

    Returns
    -------
    similarity : array, float64
        0 to 1; the standard error is ``sqrt(J * (1 - J) / n_perm)``.

    Raises
    ------
    SchemaError
        If the schemes differ, or an array is not of its scheme's length.
    ParameterError
        If an argument is of another type, or the shapes do not broadcast.

    Examples
    --------
    >>> scheme = MinHashScheme(n_perm=4)
    >>> float(similarity(np.array([1, 2, 3, 4], "u4"), np.array([1, 2, 3, 5], "u4"), (scheme, scheme)))
    0.75
    """
    if not isinstance(schemes, tuple | list) or len(schemes) != 2:
        raise ParameterError(
            f"similarity: schemes must be those of a and of b; got {described(schemes)}. Pass two."
        )
    first = MinHashScheme.parse(schemes[0]) if isinstance(schemes[0], str) else schemes[0]
    check_type(first, MinHashScheme, "similarity", "scheme", "Pass schemes, or their texts")
    first.require(schemes[1], where="similarity")
    for name, words in (("a", a), ("b", b)):
        check_type(words, np.ndarray, "similarity", name, "Pass signatures")
        if words.dtype != np.uint32 or words.ndim < 1 or words.shape[-1] != first.n_perm:
            raise SchemaError(
                f"similarity: signatures must be uint32 of length {first.n_perm}; got {words.dtype} of shape "
                f"{words.shape}. Compare signatures of one scheme."
            )
    try:
        return np.asarray(np.mean(np.equal(a, b), axis=-1, dtype=np.float64))
    except ValueError:
        raise ParameterError(
            f"similarity: a and b must be of shapes that broadcast; got {a.shape} and {b.shape}. Give one row for each "
            "row of the other, or one for all."
        ) from None


def read_signatures(
    column: pa.Array, scheme: MinHashScheme
) -> tuple[Words, npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Read signatures made on devices: the ``signature`` column of the texts table.

    Parameters
    ----------
    column : pyarrow.Array
        (n,) lists of integers; null where a row has none.
    scheme : MinHashScheme
        As `MinHashScheme.stated` says.

    Returns
    -------
    words : array of shape (k, n_perm), uint32
        Of the rows that have a sound one.
    rows : array of shape (k,), int64
        Which rows those are.
    bad : array of shape (n,), bool
        Rows with a signature of another length or with a value that is no uint32: quarantine them as
        ``malformed``.

    Examples
    --------
    >>> column = pa.array([[1, 2], None, [1, 2, 3], [1, 2**32]])
    >>> words, rows, bad = read_signatures(column, MinHashScheme(n_perm=2))
    >>> words.tolist(), rows.tolist(), bad.tolist()
    ([[1, 2]], [0], [False, False, True, True])
    """
    check_type(scheme, MinHashScheme, "read_signatures", "scheme", "Use MinHashScheme.parse for its text")
    kind: Any = column.type if isinstance(column, pa.Array | pa.ChunkedArray) else None
    listed = kind is not None and any(of(kind) for of in _LISTED)
    if not listed or not pa.types.is_integer(kind.value_type):
        raise ParameterError(
            f"read_signatures: column must be an Arrow array of lists of integers; got {kind or described(column)}. "
            "Pass the column signature of the texts."
        )
    parts = [_read(column.slice(begin, _STEP), scheme.n_perm) for begin in range(0, len(column), _STEP)]
    words = np.concatenate([np.empty((0, scheme.n_perm), np.uint32), *(part[0] for part in parts)])
    sound, bad = (np.concatenate([np.empty(0, np.bool_), *(part[k] for part in parts)]) for k in (1, 2))
    return words, np.flatnonzero(sound), bad


def _read(
    column: pa.Array | pa.ChunkedArray, n_perm: int
) -> tuple[Words, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Read some signatures: the sound ones, which rows have one, which rows have another."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    present = column.is_valid().to_numpy(zero_copy_only=False)
    length = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    fits = present & (length == n_perm)
    flat = column.filter(pa.array(fits)).flatten()
    known = np.asarray(flat.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    values = pc.fill_null(flat, 0).to_numpy(zero_copy_only=False).reshape(-1, n_perm)
    whole = (known.reshape(values.shape) & (values >= 0) & (values <= EMPTY)).all(axis=1)
    sound = np.zeros(present.size, np.bool_)
    sound[np.flatnonzero(fits)[whole]] = True
    return values[whole].astype(np.uint32), sound, present & ~sound


def set_sizes(words: Words) -> npt.NDArray[np.float64]:
    """Estimate how many items the sets behind signatures have.

    The least of n values drawn from [0, 1) is 1 / (n + 1) on average, and a signature holds many such values.

    Parameters
    ----------
    words : array of shape (n, n_perm), uint32

    Returns
    -------
    sizes : array of shape (n,), float64
        With a relative standard error of ``1 / sqrt(n_perm)``, 9 % for 128. Zero where more than half of the values
        repeat others, as they do in no set's signature.

    Examples
    --------
    >>> hashes = hash_items(pa.array([f"item {k}" for k in range(50)]))
    >>> words = signatures(hashes, np.array([0, 50]), MinHashScheme())
    >>> set_sizes(np.concatenate([words, np.full((1, 128), 7, np.uint32)])).round(1)
    array([49.9,  0. ])
    """
    sizes = np.empty(len(words))
    for begin in range(0, len(words), _STEP):
        part = np.sort(words[begin : begin + _STEP], axis=1)
        n_different = 1 + (part[:, 1:] != part[:, :-1]).sum(axis=1)
        each = 2.0**32 / np.maximum(part.mean(axis=1, dtype=np.float64), 0.5) - 1.0
        sizes[begin : begin + _STEP] = np.where(2 * n_different >= part.shape[1], each, 0.0)
    return sizes


def utf8(items: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return the bytes of strings (or of integers as written), and where each begins, with the end: int64."""
    if isinstance(items, pa.ChunkedArray):
        items = items.combine_chunks()
    if pa.types.is_dictionary(items.type):
        items = items.dictionary_decode()
    items = items.cast(pa.large_string())
    _, places, data = items.buffers()
    if not len(items) or data is None:
        return np.zeros(0, np.uint8), np.zeros(len(items) + 1, np.int64)
    offsets = np.frombuffer(places, np.int64)[items.offset : items.offset + len(items) + 1]
    first = int(offsets[0])
    return np.frombuffer(data, np.uint8)[first : int(offsets[-1])], offsets - first
