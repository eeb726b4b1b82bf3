"""Score ids: a text that says which score it was, so that it can be rebuilt and compared bit for bit."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.errors import ParameterError
from spamclf.instants import LAST_US

__all__ = ["ScoreId", "row_digests", "score_ids"]

_FORM = re.compile(r"s1((?:-[0-9a-f]{16}){5})-([0-9a-f]{8})", re.ASCII)
_ROWS = 1 << 20  # of one Arrow array, whose texts must stay below 2 GiB
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying loses nothing

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class ScoreId:
    """What a score id says.

    It names the account by a pseudonym, as the memory of a model does: whoever can list the possible ids can undo it,
    and the score stands in it as it is. Keep it where the scores are kept.

    Attributes
    ----------
    model : int
        The first 64 bits of `Model.digest`.
    as_of : int
        Microseconds since the epoch.
    account : int
        See `spamclf.campaigns.sightings.pseudonyms`.
    score : float
    features : int
        Of the account's own row of features (`row_digests`).

    Examples
    --------
    >>> text = "s1-00000000000000ab-0000000000000007-0000000000000002-3fe0000000000000-0000000000000005-d670eccf"
    >>> ScoreId.parse(text)
    ScoreId(model=171, as_of=7, account=2, score=0.5, features=5)
    >>> str(ScoreId.parse(text)) == text
    True
    """

    model: int
    as_of: int
    account: int
    score: float
    features: int

    @classmethod
    def parse(cls, text: Any) -> ScoreId:
        """Read a score id.

        Raises
        ------
        ParameterError
            If it is none, or not as it was written.
        """
        found = _FORM.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise _refuse("of the form s1-...-..., 96 characters", "something else")
        words = np.array([[int(part, 16) for part in found[1][1:].split("-")]], np.uint64)
        if f"{int(_check(words)[0]):08x}" != found[2]:
            raise _refuse("as it was written", "one with other characters")
        model, as_of, account, _, features = (int(word) for word in words[0])
        score = float(words[0, 3:4].view(np.float64)[0])
        if as_of > LAST_US or not 0 <= score <= 1:
            raise _refuse("of an instant and a probability", "others")
        return cls(model, as_of, account, score, features)

    def __str__(self) -> str:
        words = np.array([[self.model, self.as_of, self.account, 0, self.features]], np.uint64)
        words[0, 3] = np.float64(self.score).view(np.uint64)
        return str(_texts(words)[0].as_py())


def score_ids(
    digest: str,
    as_of: npt.NDArray[np.int64],
    account: Words,
    scores: npt.NDArray[np.float64],
    X: npt.ArrayLike,
) -> pa.ChunkedArray:
    """Return the ids of scores.

    Parameters
    ----------
    digest : str
        `Model.digest`.
    as_of : ndarray of shape (n,), dtype int64
    account : ndarray of shape (n,), dtype uint64
        Pseudonyms.
    scores : ndarray of shape (n,), dtype float64
    X : array_like of shape (n, n_features), dtype float64

    Returns
    -------
    ids : pyarrow.ChunkedArray of n strings
    """
    words = np.empty((scores.size, 5), np.uint64)
    words[:, 0] = int(digest[:16], 16)
    words[:, 1] = as_of
    words[:, 2] = account
    words[:, 3] = scores.view(np.uint64)
    words[:, 4] = row_digests(X)
    parts = [_texts(words[low : low + _ROWS]) for low in range(0, len(words), _ROWS)]
    return pa.chunked_array(parts, pa.string())


def row_digests(X: npt.ArrayLike) -> Words:
    """Return eight bytes of SHA-256 of each row of a matrix, as of little-endian float64; every NaN is the same.

    Parameters
    ----------
    X : array_like of shape (n, n_features), dtype float64

    Returns
    -------
    digests : ndarray of shape (n,), dtype uint64
    """
    rows = np.array(X, "<f8", order="C")
    rows[np.isnan(rows)] = np.nan
    width, data = rows.shape[1] * 8, memoryview(rows.tobytes())
    sha256 = hashlib.sha256  # which processors know: it costs a third of BLAKE2 here
    hashed = [sha256(data[low : low + width]).digest()[:8] for low in range(0, len(data), width)]
    return np.frombuffer(b"".join(hashed), "<u8").astype(np.uint64)


def _texts(words: Words) -> pa.Array:
    """Write rows of five words and their check digits, all at once."""
    n = len(words)
    fields = [*np.hsplit(words.astype(">u8"), 5), _check(words).astype(">u4")[:, None]]
    columns = [np.full((n, 2), np.frombuffer(b"s1", np.uint8))]
    for field in fields:
        width = 2 * field.dtype.itemsize
        digits = np.frombuffer(field.tobytes().hex().encode(), np.uint8).reshape(n, width)
        columns += [np.full((n, 1), ord("-"), np.uint8), digits]
    text = np.hstack(columns)
    offsets = np.arange(n + 1, dtype=np.int32) * np.int32(text.shape[1])
    return pa.Array.from_buffers(pa.string(), n, [None, pa.py_buffer(offsets), pa.py_buffer(text.tobytes())])


def _check(words: Words) -> npt.NDArray[np.uint32]:
    """Return 32 check bits per row: they tell a slip of the pen, and defend against nobody."""
    mixed = np.zeros(len(words), np.uint64)
    for column in words.T:
        mixed = (mixed ^ column) * _MIX
        mixed ^= mixed >> np.uint64(29)
    return (mixed >> np.uint64(32)).astype(np.uint32)


def _refuse(rule: str, got: str) -> ParameterError:
    return ParameterError(f"score_id: it must be {rule}; got {got}. Copy it whole from the scores.")
