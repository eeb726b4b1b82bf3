"""Texts: one form for all that read alike, and its fingerprint.

A fingerprint is the MinHash signature of a text's shingles. How it is made, step by step, so that a device can make
the same:

1. Map each code point (`spamclf.campaigns.letters`): compatibility forms and case folded, look-alikes of Latin
   letters made Latin, digits of any script made ASCII, white space made a blank, decorating marks and everything
   invisible taken out.
2. Make runs of blanks one, take those at the ends away, and keep the first 4,096 code points.
3. Apply NFKC, which unites what now stands side by side.
4. Put slots in place of e-mail addresses, web addresses, telephone numbers and figures (`spamclf.campaigns.slots`).
5. Take every run of five code points, in UTF-8; a text of one to four is a run of its own; the empty text has none.
6. Hash each to 32 bits, mix it, and keep the least value under each permutation (`spamclf.campaigns.signatures`).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import kernels
from spamclf.campaigns import slots
from spamclf.campaigns.given import check_type, described
from spamclf.campaigns.letters import LetterMap
from spamclf.campaigns.signatures import MinHashScheme, Words, utf8
from spamclf.errors import ParameterError
from spamclf.threads import equal_parts, in_threads, n_threads

__all__ = ["LONGEST", "Texts", "fingerprint_texts", "normalise", "signature"]

LONGEST = 4096  # code points of a normalised text: what comes later is not looked at
_CHUNK = 8_000_000  # bytes that are mapped at a time

_LETTERS = LetterMap()


@dataclass(frozen=True)
class Texts:
    """Fingerprints of texts, those that read alike stored once.

    Attributes
    ----------
    scheme : MinHashScheme
    distinct : array of shape (g, n_perm), uint32
        The signatures of the different normalised texts.
    group : array of shape (n,), int32
        Each text's row of `distinct`; nulls read as the empty text. Numbered by first appearance.
    n_shingles : array of shape (n,), int32
        How many different shingles each text has, told apart by their 32-bit hashes; 0 where null or empty.
    url, phone : arrays of shape (n,), bool
        Whether the text holds a web address, a telephone number.
    normalised : pyarrow.Array
        (n,) strings, null where the text is.

    Examples
    --------
    >>> found = fingerprint_texts(pa.array(["At  WORK", "at work", None]))
    >>> found.group, found.words.shape, found.normalised.to_pylist()
    (array([0, 0, 1], dtype=int32), (3, 128), ['at work', 'at work', None])
    """

    scheme: MinHashScheme
    distinct: Words
    group: npt.NDArray[np.int32]
    n_shingles: npt.NDArray[np.int32]
    url: npt.NDArray[np.bool_]
    phone: npt.NDArray[np.bool_]
    normalised: pa.Array

    def __len__(self) -> int:
        return self.group.size

    @property
    def words(self) -> Words:
        """The signature of each text, (n, n_perm) uint32; 4 * n_perm bytes each, so ask for no more than is needed."""
        return self.distinct[self.group]


def normalise(texts: pa.Array) -> pa.Array:
    """Bring texts that read alike to one form; to do it twice changes nothing.

    Parameters
    ----------
    texts : pyarrow.Array
        (n,) strings, null where there is none.

    Returns
    -------
    normalised : pyarrow.Array
        (n,) strings of at most `LONGEST` code points; null where `texts` is.

    Raises
    ------
    ParameterError
        If `texts` are no strings.

    Examples
    --------
    >>> normalise(pa.array(["  FREE   Ｃаѕh 24,000!", "free\u200b  cash 300!"])).to_pylist()
    ['free cash 0!', 'free cash 0!']
    """
    texts = _strings(texts)
    values, places = _distinct(texts)
    return _normalise_distinct(values).take(places)


def _strings(texts: Any) -> pa.Array:
    if not isinstance(texts, pa.Array | pa.ChunkedArray):
        raise ParameterError(
            f"texts: the column must be an Arrow array of strings; got {described(texts)}. Use pyarrow.array(texts)."
        )
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    kind = texts.type.value_type if pa.types.is_dictionary(texts.type) else texts.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
        raise ParameterError(
            f"texts: the column must be strings; got {kind}. Pass text, or signatures as such."
        )
    return texts.cast(pa.large_string())


def _distinct(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the different texts, and each text's place among them, null for null."""
    encoded = texts.dictionary_encode()
    return encoded.dictionary, encoded.indices


def _normalise_distinct(texts: pa.Array) -> pa.Array:
    """Normalise texts without nulls, some at a time, which bounds the memory."""
    _, offsets = utf8(texts)
    bounds = equal_parts(offsets, int(offsets[-1]) // _CHUNK + 1)
    parts = [
        slots.fill(_LETTERS.apply(texts.slice(low, high - low), LONGEST))
        for low, high in itertools.pairwise(bounds)
    ]
    return pa.concat_arrays(parts) if parts else texts


def fingerprint_texts(texts: pa.Array, scheme: MinHashScheme | None = None, *, n_jobs: int = 1) -> Texts:
    """Return the fingerprints of texts; a million copies cost what one does.

    Parameters
    ----------
    texts : pyarrow.Array
        (n,) strings, null where there is none.
    scheme : MinHashScheme, default MinHashScheme()
        Of ``chars-5`` shingles.
    n_jobs : int

    Returns
    -------
    texts : Texts

    Raises
    ------
    ParameterError
        If `texts` are no strings, or the scheme is for something else.

    Examples
    --------
    >>> found = fingerprint_texts(pa.array(["Win 500 at bit.ly/x", "WIN 20 at lin.ee/y", None, "Ada"]))
    >>> found.group.tolist(), found.n_shingles.tolist(), found.url.tolist()
    ([0, 0, 2, 1], [6, 6, 0, 1], [True, True, False, False])
    """
    scheme = MinHashScheme() if scheme is None else scheme
    check_type(scheme, MinHashScheme, "fingerprint_texts", "scheme", "Use MinHashScheme.parse for its text")
    if scheme.shingles != "chars-5":
        raise ParameterError(
            f"fingerprint_texts: shingles must be 'chars-5'; got '{scheme.shingles}'. Leave it out for texts."
        )
    raw, places = _distinct(_strings(texts))
    if places.null_count:  # they read as the empty text
        raw = pa.concat_arrays([raw, pa.array([""], raw.type)])
    forms, form_of = _distinct(_normalise_distinct(raw))
    words, n_shingles = _signatures(forms, scheme, n_jobs)
    group = form_of.take(places.fill_null(len(raw) - 1) if places.null_count else places)
    at = np.asarray(group.to_numpy(zero_copy_only=False), np.int32)
    url, phone = _holds(forms, slots.URL)[at], _holds(forms, slots.PHONE)[at]
    return Texts(scheme, words, at, n_shingles[at], url, phone, forms.take(form_of).take(places))


def _holds(texts: pa.Array, slot: str) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.match_substring(texts, slot).to_numpy(zero_copy_only=False), np.bool_)


def _signatures(texts: pa.Array, scheme: MinHashScheme, n_jobs: int) -> tuple[Words, npt.NDArray[np.int32]]:
    """Return the signatures of normalised texts without nulls, and their numbers of different shingles."""
    data, offsets = utf8(texts)
    words = np.empty((len(texts), scheme.n_perm), np.uint32)
    n_shingles = np.empty(len(texts), np.int32)
    a, b = scheme.permutations

    def work(low: int, high: int) -> None:
        kernels.minhash.of_texts(data, offsets, scheme.code, a, b, words, n_shingles, low, high)

    in_threads(work, equal_parts(offsets + np.arange(offsets.size), n_threads(n_jobs)), n_jobs)
    return words, n_shingles


def signature(text: str, scheme: MinHashScheme | None = None) -> Words:
    """Return the fingerprint of one text: the reference for those who make it on a device.

    Parameters
    ----------
    text : str
    scheme : MinHashScheme, default MinHashScheme()

    Returns
    -------
    words : array of shape (n_perm,), uint32
        See the text of this module for each step.

    Raises
    ------
    ParameterError
        If `text` is no string, or the scheme is for something else.

    Examples
    --------
    >>> bool((signature("Call NOW: 0812345678") == signature("call now: 098 765 4321")).all())
    True
    """
    check_type(text, str, "signature", "text", "Use fingerprint_texts for several")
    words: Words = fingerprint_texts(pa.array([text], pa.large_string()), scheme).words[0]
    return words
