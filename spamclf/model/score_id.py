"""Score ids: a text that says which score it was, so that it can be rebuilt and compared bit for bit."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf import kernels
from spamclf.errors import ParameterError
from spamclf.instants import LAST_US

__all__ = ["ScoreId", "row_digests", "score_ids"]

_FORM = re.compile(r"s2-([0-9a-f])((?:-[0-9a-f]{16}){6})-([0-9a-f]{8})", re.ASCII)
_EARLIER = re.compile(r"s1-[0-9a-f-]*", re.ASCII)
_BEGIN = np.frombuffer(b"s2", np.uint8)
_LENGTH = len("s2-0" + 6 * "-0123456789abcdef" + "-01234567")
_MOST = float(np.nextafter(1.0, 2.0))  # a threshold that no score reaches
_ROWS = 1 << 20  # of one Arrow array, whose texts must stay below 2 GiB

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class ScoreId:
    """What a score id says.

    It names the account by a pseudonym, as the memory of a model does: whoever can list the possible ids can undo it,
    and score and threshold stand in it as they are. Keep it where the scores are kept.

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
    threshold : float
        The one in force for the account; above 1 where nothing can be flagged.
    verdict : int
        Place in `spamclf.predict.VERDICTS`.

    Examples
    --------
    >>> text = str(ScoreId(171, 7, 2, score=0.5, features=5, threshold=0.25, verdict=0))
    >>> text[:50]
    's2-0-00000000000000ab-0000000000000007-00000000000'
    >>> ScoreId.parse(text)
    ScoreId(model=171, as_of=7, account=2, score=0.5, features=5, threshold=0.25, verdict=0)
    """

    model: int
    as_of: int
    account: int
    score: float
    features: int
    threshold: float
    verdict: int

    @classmethod
    def parse(cls, text: Any) -> ScoreId:
        """Read a score id.

        Raises
        ------
        ParameterError
            If it is none, or not as it was written.
        """
        if cls.is_earlier(text):
            raise ParameterError(
                "score_id: it must be of the form s2-...; got one of the form s1-..., which an earlier version wrote "
                "without threshold and verdict. Score the account again for a new one."
            )
        found = _FORM.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise _refuse(f"of the form s2-...-..., {_LENGTH} characters", "something else")
        words = np.array([[int(part, 16) for part in found[2][1:].split("-")]], np.uint64)
        verdict = np.array([int(found[1], 16)], np.uint8)
        if f"{kernels.score_ids.check(words, verdict, 0):08x}" != found[3]:
            raise _refuse("as it was written", "one with other characters")
        model, as_of, account, _, features, _ = (int(word) for word in words[0])
        score, threshold = (float(words[0, k : k + 1].view(np.float64)[0]) for k in (3, 5))
        if as_of > LAST_US or not (0 <= score <= 1 and 0 <= threshold <= _MOST and verdict[0] <= 2):
            raise _refuse("of an instant, a probability, a threshold and a verdict", "others")
        return cls(model, as_of, account, score, features, threshold, int(verdict[0]))

    @staticmethod
    def is_earlier(text: Any) -> bool:
        """Tell whether a text has the form of an earlier version, which cannot be checked."""
        return isinstance(text, str) and _EARLIER.fullmatch(text) is not None

    def __str__(self) -> str:
        words = np.array([[self.model, self.as_of, self.account, 0, self.features, 0]], np.uint64)
        words[0, [3, 5]] = np.array([self.score, self.threshold]).view(np.uint64)
        return str(_texts(words, np.array([self.verdict], np.uint8))[0].as_py())


def score_ids(
    digest: str,
    as_of: npt.NDArray[np.int64],
    account: Words,
    scores: npt.NDArray[np.float64],
    X: npt.ArrayLike,
    thresholds: npt.NDArray[np.float64],
    verdict: npt.NDArray[np.integer[Any]],
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
    thresholds : ndarray of shape (n,), dtype float64
        In force for each.
    verdict : ndarray of shape (n,), dtype integer
        Places in `spamclf.predict.VERDICTS`.

    Returns
    -------
    ids : pyarrow.ChunkedArray of n strings
    """
    words = np.empty((scores.size, 6), np.uint64)
    words[:, 0] = int(digest[:16], 16)
    words[:, 1] = as_of
    words[:, 2] = account
    words[:, 3] = scores.view(np.uint64)
    words[:, 4] = row_digests(X)
    words[:, 5] = thresholds.view(np.uint64)
    codes = verdict.astype(np.uint8)
    parts = [
        _texts(words[low : low + _ROWS], codes[low : low + _ROWS]) for low in range(0, len(words), _ROWS)
    ]
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


def _texts(words: Words, verdict: npt.NDArray[np.uint8]) -> pa.Array:
    """Write rows of a verdict, six words and their check digits, all at once."""
    n = len(words)
    text = np.empty((n, _LENGTH), np.uint8)
    text[:, :2] = _BEGIN
    kernels.score_ids.spell(words, verdict, text)
    offsets = np.arange(0, (n + 1) * _LENGTH, _LENGTH, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), n, [None, pa.py_buffer(offsets), pa.py_buffer(text)])


def _refuse(rule: str, got: str) -> ParameterError:
    return ParameterError(f"score_id: it must be {rule}; got {got}. Copy it whole from the scores.")
