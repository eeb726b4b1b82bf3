"""How MinHash signatures are made: what two must share to be comparable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import ParameterError, SchemaError

__all__ = ["MinHashScheme", "Words"]

Words = npt.NDArray[np.uint32]

_HASHES = ("xxh32", "sha1")
_MOST_PERMUTATIONS = 1024
_FORM = re.compile(r"([a-z0-9]+) ([a-z0-9]+) seed=([0-9]{1,10}) n_perm=([0-9]{1,4}) ([a-z0-9-]+)")
_HOW = '[signature] scheme = "affine32", seed = 1, n_perm = 128, hash = "xxh32"'


@dataclass(frozen=True)
class MinHashScheme:
    """How signatures are made: everything that two must share to be comparable.

    Attributes
    ----------
    scheme : str, default "affine32"
        datasketch's permutation scheme; its only one that is supported.
    hash : {"xxh32", "sha1"}, default "xxh32"
        From an item's bytes to 32 bits: xxHash32 with seed 0, or the first four bytes of SHA-1 read as a
        little-endian number, which is datasketch's own default.
    seed : int, default 1
        Seed of the permutations, 0 to 2**32 - 1.
    n_perm : int, default 128
        Number of permutations, which is the length of a signature.
    shingles : str, default "chars-5"
        What the items are: ``chars-5``, the runs of five code points of a normalised text; or ``recipients``.

    Raises
    ------
    ParameterError
        If a value is none of these.

    Examples
    --------
    >>> str(MinHashScheme())
    'affine32 xxh32 seed=1 n_perm=128 chars-5'
    >>> MinHashScheme.parse("affine32 sha1 seed=7 n_perm=64 recipients").seed
    7
    """

    scheme: str = "affine32"
    hash: str = "xxh32"
    seed: int = 1
    n_perm: int = 128
    shingles: str = field(default="chars-5", kw_only=True)

    def __post_init__(self) -> None:
        legal: tuple[tuple[str, bool, str], ...] = (
            ("scheme", self.scheme == "affine32", "'affine32'"),
            ("hash", self.hash in _HASHES, f"one of {', '.join(_HASHES)}"),
            ("seed", _is_int(self.seed) and 0 <= self.seed < 2**32, "an integer from 0 to 2**32 - 1"),
            (
                "n_perm",
                _is_int(self.n_perm) and 1 <= self.n_perm <= _MOST_PERMUTATIONS,
                f"an integer from 1 to {_MOST_PERMUTATIONS}",
            ),
            ("shingles", self.shingles in ("chars-5", "recipients"), "'chars-5' or 'recipients'"),
        )
        for name, holds, rule in legal:
            if not holds:
                raise ParameterError(
                    f"MinHashScheme: {name} must be {rule}; got {_shown(getattr(self, name))}. "
                    "Signatures of another kind cannot be compared: make them again."
                )

    def __str__(self) -> str:
        return f"{self.scheme} {self.hash} seed={self.seed} n_perm={self.n_perm} {self.shingles}"

    @classmethod
    def parse(cls, text: str) -> MinHashScheme:
        """Read what ``str`` of a scheme wrote.

        Raises
        ------
        SchemaError
            If `text` states no scheme, or one that is not supported.
        """
        form = _FORM.fullmatch(text)
        if form is None:
            raise SchemaError(
                f"MinHashScheme: the text must look like '{cls()}'; got {_shown(text)}. State the scheme."
            )
        try:
            return cls(form[1], form[2], int(form[3]), int(form[4]), shingles=form[5])
        except ParameterError as error:
            raise SchemaError(str(error)) from None

    @classmethod
    def stated(cls, settings: Mapping[str, Any] | None, *, where: str = "dataset.toml") -> MinHashScheme:
        """Return the scheme that ``dataset.toml`` states for the signatures of the texts table.

        Parameters
        ----------
        settings : mapping or None
            The section ``[signature]``: scheme, seed, n_perm and hash, all four; ``dataset.schemes.get("signature")``.
        where : str
            What an error names as the place.

        Raises
        ------
        SchemaError
            If the section is missing, lacks a setting, or states one that is not supported.

        Examples
        --------
        >>> str(MinHashScheme.stated({"scheme": "affine32", "seed": 1, "n_perm": 128, "hash": "sha1"}))
        'affine32 sha1 seed=1 n_perm=128 chars-5'
        >>> MinHashScheme.stated(None)
        Traceback (most recent call last):
        ...
        spamclf.errors.SchemaError: dataset.toml: [signature] must state scheme, seed, n_perm, hash; got nothing. Write
        [signature] scheme = "affine32", seed = 1, n_perm = 128, hash = "xxh32", with the values of the devices.
        """
        names = ("scheme", "seed", "n_perm", "hash")
        given = dict(settings or {})
        missing = [name for name in names if name not in given]
        if missing or given.keys() - set(names):
            got = ", ".join(sorted(map(str, given))) or "nothing"
            raise SchemaError(
                f"{where}: [signature] must state {', '.join(names)}; got {got}. Write {_HOW}, "
                "with the values of the devices."
            )
        try:
            return cls(given["scheme"], given["hash"], given["seed"], given["n_perm"])
        except ParameterError as error:
            raise SchemaError(str(error).replace("MinHashScheme", f"{where}: [signature]", 1)) from None

    def require(self, other: MinHashScheme | str, *, where: str = "signatures") -> None:
        """Refuse signatures made in another way.

        Raises
        ------
        SchemaError
            If any setting of `other` differs.

        Examples
        --------
        >>> MinHashScheme().require("affine32 xxh32 seed=2 n_perm=128 chars-5")
        Traceback (most recent call last):
        ...
        spamclf.errors.SchemaError: signatures: scheme must be 'affine32 xxh32 seed=1 n_perm=128 chars-5'; got
        'affine32 xxh32 seed=2 n_perm=128 chars-5'. Make all signatures in one way.
        """
        other = MinHashScheme.parse(other) if isinstance(other, str) else other
        if other != self:
            raise SchemaError(
                f"{where}: scheme must be '{self}'; got '{other}'. Make all signatures in one way."
            )

    @property
    def permutations(self) -> tuple[Words, Words]:
        """The multipliers, all odd, and the summands: (n_perm,) uint32 each, the same as datasketch draws."""
        return _permutations(self.seed, self.n_perm)

    @property
    def code(self) -> int:
        """The number by which kernels know the hash."""
        return _HASHES.index(self.hash)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: object) -> str:
    """Show a setting, but no more of it than a setting has: it might be a text that got there by mistake."""
    return (
        repr(value)
        if _is_int(value) or (isinstance(value, str) and len(value) <= 12)
        else type(value).__name__
    )


@lru_cache(maxsize=16)
def _permutations(seed: int, n_perm: int) -> tuple[Words, Words]:
    # datasketch's generator, written out so that scoring need not import datasketch; a test demands equality
    draw = np.random.RandomState(seed)
    a = draw.randint(0, 1 << 31, n_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    b = draw.randint(0, 1 << 32, n_perm, dtype=np.uint32)
    return a, b
