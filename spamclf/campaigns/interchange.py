"""Signatures from and to datasketch, bit for bit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from spamclf import kernels
from spamclf.campaigns.given import check_type
from spamclf.campaigns.schemes import MinHashScheme, Words
from spamclf.errors import SchemaError

__all__ = ["from_datasketch", "to_datasketch"]


def to_datasketch(words: Words, scheme: MinHashScheme) -> list[Any]:
    """Return each signature as a ``datasketch.MinHash``, able to take further items with the same hash.

    Raises
    ------
    SchemaError
        If `words` are not signatures of this scheme's length.
    ParameterError
        If an argument is of another type.

    Examples
    --------
    >>> scheme = MinHashScheme(hash="sha1")
    >>> [minhash] = to_datasketch(np.full((1, 128), 0xFFFFFFFF, np.uint32), scheme)  # of the empty set
    >>> minhash.update(b"ann")
    >>> from_datasketch([minhash], scheme).shape
    (1, 128)
    """
    from datasketch import MinHash

    check_type(scheme, MinHashScheme, "to_datasketch", "scheme", "Use MinHashScheme.parse for its text")
    check_type(words, np.ndarray, "to_datasketch", "words", "Pass signatures")
    if words.ndim != 2 or words.shape[1] != scheme.n_perm or words.dtype != np.uint32:
        raise SchemaError(
            f"to_datasketch: words must be uint32 of shape (n, {scheme.n_perm}); got {words.dtype} of shape "
            f"{words.shape}. Pass signatures of this scheme."
        )
    permutations = np.array(scheme.permutations)
    settings = {
        "seed": scheme.seed, "hashfunc": _hash_function(scheme.hash), "permutations": permutations,
        "scheme": scheme.scheme,
    }  # fmt: skip
    return [MinHash(hashvalues=row.copy(), **settings) for row in words]


def from_datasketch(minhashes: Iterable[Any], scheme: MinHashScheme) -> Words:
    """Return the signatures of ``datasketch.MinHash`` or ``LeanMinHash`` objects.

    A MinHash does not tell which hash made it: that it was this scheme's is the caller's word, but for a MinHash
    whose hash is one of datasketch's own.

    Raises
    ------
    SchemaError
        If one is of another scheme (``legacy``, ``affine64``), seed, length, permutations or hash.
    ParameterError
        If an argument is of another type.

    Examples
    --------
    >>> from datasketch import LeanMinHash, MinHash
    >>> minhash = MinHash(seed=1, scheme="affine32")
    >>> minhash.update(b"ann")
    >>> from_datasketch([minhash, LeanMinHash(minhash)], MinHashScheme(hash="sha1"))[:, 0]
    array([2022240323, 2022240323], dtype=uint32)
    """
    check_type(scheme, MinHashScheme, "from_datasketch", "scheme", "Use MinHashScheme.parse for its text")
    check_type(minhashes, Iterable, "from_datasketch", "minhashes", "Pass a list of them")
    found: Sequence[Any] = list(minhashes)
    a, b = scheme.permutations
    words = np.empty((len(found), scheme.n_perm), np.uint32)
    for i, minhash in enumerate(found):
        own = getattr(minhash, "permutations", None)
        wrong = [
            (name, wanted, got)
            for name, wanted, got in (
                ("scheme", scheme.scheme, getattr(minhash, "scheme", "none")),
                ("seed", scheme.seed, getattr(minhash, "seed", None)),
                (
                    "n_perm",
                    scheme.n_perm,
                    len(minhash.hashvalues) if hasattr(minhash, "hashvalues") else None,
                ),
                ("hash", scheme.hash, _hash_name(minhash, scheme.hash)),
            )
            if got != wanted
        ]
        if not wrong and own is not None and not (np.array_equal(own[0], a) and np.array_equal(own[1], b)):
            wrong = [("permutations", "those of the seed", "others")]
        if wrong:
            name, wanted, got = wrong[0]
            raise SchemaError(
                f"from_datasketch: {name} must be {wanted}; got {got} at place {i}. "
                "Make the signatures again in one way: they cannot be converted."
            )
        words[i] = minhash.hashvalues
    return words


def _hash_function(name: str) -> Any:
    if name == "sha1":
        from datasketch.hashfunc import sha1_hash32

        return sha1_hash32
    return _xxh32


def _xxh32(item: bytes) -> int:
    """Return the xxHash32 of bytes: the hash of ``xxh32`` signatures, for datasketch to go on with.

    Examples
    --------
    >>> _xxh32(b"")
    46947589
    """
    data = np.frombuffer(item + bytes(4), np.uint8)
    return int(kernels.minhash.xxh32(data, 0, len(item)))


def _hash_name(minhash: Any, assumed: str) -> str:
    function = getattr(minhash, "hashfunc", None)
    if getattr(function, "__module__", "") == "datasketch.hashfunc":
        name = str(getattr(function, "__name__", "none"))
        return {"sha1_hash32": "sha1"}.get(name, name)
    return "xxh32" if function is _xxh32 else assumed
