"""How MinHash signatures are made: what two must share to be comparable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.campaigns.given import check_type, described
from spamclf.errors import ParameterError, SchemaError
from spamclf.tables.schemes import HASHES, HOW_SIGNED, signature_fault, stated_fault, told

__all__ = ["MinHashScheme", "Words"]

Words = npt.NDArray[np.uint32]

_FORM = re.compile(r"([a-z0-9]+) ([a-z0-9]+) seed=([0-9]{1,10}) n_perm=([0-9]{1,4}) ([a-z0-9-]+)")


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
        fault = signature_fault(self.scheme, self.hash, self.seed, self.n_perm)
        if fault is None and self.shingles not in ("chars-5", "recipients"):
            fault = "shingles", "'chars-5' or 'recipients'"
        if fault is not None:
            name, rule = fault
            raise ParameterError(
                f"MinHashScheme: {name} must be {rule}; got {told(getattr(self, name))}. "
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
        check_type(text, str, "MinHashScheme.parse", "text", "Pass what str(scheme) writes")
        form = _FORM.fullmatch(text)
        if form is None:
            raise SchemaError(
                f"MinHashScheme: the text must look like '{cls()}'; got {told(text)}. State the scheme."
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
            If the section is missing, lacks a setting, or states one that is not supported, or another length than
            128 values.

        Examples
        --------
        >>> str(MinHashScheme.stated({"scheme": "affine32", "seed": 1, "n_perm": 128, "hash": "sha1"}))
        'affine32 sha1 seed=1 n_perm=128 chars-5'
        >>> MinHashScheme.stated(None)
        Traceback (most recent call last):
        ...
        spamclf.errors.SchemaError: dataset.toml: [signature] must state scheme, seed, n_perm, hash; got nothing. Write
        signature = { scheme = "affine32", hash = "xxh32", seed = 1, n_perm = 128 } at the top of dataset.toml, with the
        values of the devices.
        """
        if settings is not None and not isinstance(settings, Mapping):
            raise SchemaError(
                f"{where}: [signature] must be settings by name; got {described(settings)}. Write {HOW_SIGNED}."
            )
        given = dict(settings or {})
        fault = stated_fault(given)
        if fault is not None:
            raise SchemaError(f"{where}: [signature] {fault}")
        return cls(**given)

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
        check_type(other, MinHashScheme, where, "scheme", "Pass a scheme, or its text")
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
        return HASHES.index(self.hash)


@lru_cache(maxsize=16)
def _permutations(seed: int, n_perm: int) -> tuple[Words, Words]:
    # datasketch's generator, written out so that scoring need not import datasketch; a test demands equality
    draw = np.random.RandomState(seed)
    a = draw.randint(0, 1 << 31, n_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    b = draw.randint(0, 1 << 32, n_perm, dtype=np.uint32)
    return a, b
