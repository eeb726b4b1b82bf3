"""What a sealed folder holds, as data; and the one spelling of its manifest and of its arrays."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from spamclf.errors import ModelFileError

__all__ = ["MAX_MANIFEST_BYTES", "Array", "Arrays", "Form", "Part", "seal"]

MAX_MANIFEST_BYTES = 1 << 20
# In the order in which safetensors lays arrays out: one spelling for one set of arrays.
_TYPES = {"uint64": "U64", "int64": "I64", "float64": "F64", "uint32": "U32", "int32": "I32", "uint8": "U8"}

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Array:
    """What one array must be: its dtype, and its shape in numbers and in names of the sizes that a manifest states.

    The first dimension is longer than its size by `more`.
    """

    dtype: str
    shape: tuple[str | int, ...]
    more: int = 0

    def sized(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Return the shape in numbers."""
        first, *rest = (size if isinstance(size, int) else sizes[size] for size in self.shape)
        return first + self.more, *rest


@dataclass(frozen=True)
class Part:
    """One file of arrays.

    Attributes
    ----------
    stem : str
        The file is named ``<stem>-<first 16 digits of its SHA-256>.safetensors``.
    sizes : mapping of str to (int, int)
        Least and largest legal value of each size that the manifest states.
    arrays : mapping of str to Array
    max_bytes : int
        A larger file is refused unread.
    optional : bool, default=False
        Whether the manifest may say null instead.
    """

    stem: str
    sizes: Mapping[str, tuple[int, int]]
    arrays: Mapping[str, Array]
    max_bytes: int
    optional: bool = False

    def named(self, digest: str) -> str:
        """Return the name of the file with this SHA-256."""
        return f"{self.stem}-{digest[:16]}.safetensors"

    def layout(self, sizes: Mapping[str, int]) -> tuple[bytes, dict[str, tuple[int, int]]]:
        """Return the header of the file, and where in the file the bytes of each array begin and end."""
        names = sorted(self.arrays, key=lambda name: (list(_TYPES).index(self.arrays[name].dtype), name))
        entries, places, end = {}, {}, 0
        for name in names:
            array, begin = self.arrays[name], end
            shape = array.sized(sizes)
            end = begin + math.prod(shape) * np.dtype(array.dtype).itemsize
            entries[name] = {"dtype": _TYPES[array.dtype], "shape": shape, "data_offsets": (begin, end)}
            places[name] = begin, end
        text = json.dumps(entries, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)  # so that every array is aligned
        return len(text).to_bytes(8, "little") + text, {
            name: (8 + len(text) + begin, 8 + len(text) + end) for name, (begin, end) in places.items()
        }


@dataclass(frozen=True)
class Form:
    """What a kind of sealed folder holds, and how errors speak of it.

    Attributes
    ----------
    name : str
        Stands in the manifest.
    noun : str
        For example "a model".
    writer, reader : str
        The calls that write and read it.
    remedy, remake : str
        What to do about a damaged one, and about one of another version.
    versions : mapping of int to (mapping of str to Part)
        For each version that is read, its parts by their key in the manifest; the highest is written.
    manifest : str
        Name of the manifest's file.
    beside : tuple of str
        Text files that may lie beside it. They are written, never read.
    """

    name: str
    noun: str
    writer: str
    reader: str
    remedy: str
    remake: str
    versions: Mapping[int, Mapping[str, Part]]
    manifest: str = "manifest.json"
    beside: tuple[str, ...] = ()

    def refuse(self, name: str, rule: str, got: object, remedy: str | None = None) -> NoReturn:
        """Raise the error of a folder that cannot be read."""
        raise ModelFileError(f"{self.reader}: {name} must be {rule}; got {got}. {remedy or self.remedy}")


def _canonical(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode(
        "ascii"
    )


def seal(document: Mapping[str, Any]) -> bytes:
    """Give the canonical JSON of a document, with the digest of itself in it."""
    return _canonical({**document, "sha256": hashlib.sha256(_canonical(document)).hexdigest()})
