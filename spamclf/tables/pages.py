"""Count what a column of a Parquet file will unpack to, by its page headers, before anything is unpacked.

Lists may repeat: a few bytes can stand for a billion values, and no fact that pyarrow hands out tells so (asking it
for the facts of one column ends the process when they are damaged). The headers are Thrift's compact protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["unpacked_size"]

_I32, _I64, _LIST, _STRUCT = 5, 6, 9, 12
_DATA_PAGE, _DATA_PAGE_V2 = 0, 3
_DEEPEST = 20
#: A page header of numbers is some dozens of bytes.
_HEADER = 1 << 12

#: A struct's fields by (number, wire type): a field of an unforeseen type is not there.
Fields = dict[tuple[int, int], Any]


def unpacked_size(path: Path, leaves: list[int], n_leaves: int) -> tuple[int, int]:
    """Add up what the pages of some columns state.

    The reader takes as many values from a page as its header states, and goes on until it has as many as the footer
    states for the column; so nothing that either of them says can make it take more than this.

    Parameters
    ----------
    path : Path
        A Parquet file.
    leaves : list of int
        The columns, by their numbers among the file's leaf columns.
    n_leaves : int
        How many leaf columns the file's schema has.

    Returns
    -------
    n_values : int
        Values, nulls and empty lists.
    n_bytes : int
        Size of the pages when unpacked.

    Raises
    ------
    ValueError
        If the footer or a header is damaged.

    Examples
    --------
    >>> import tempfile
    >>> import pyarrow as pa, pyarrow.parquet as pq
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "lists.parquet"
    ...     pq.write_table(pa.table({"signature": [[7] * 5000, [], None]}), path)
    ...     unpacked_size(path, [0], 1)[0]
    5002
    """
    n_values = n_bytes = walked = 0
    with path.open("rb") as file:
        size, groups = _row_groups(file)
        for chunks in groups:
            if len(chunks) != n_leaves:
                raise _damaged(f"{len(chunks)} columns of {n_leaves} in a row group")
            for leaf in leaves:
                for values, unpacked, packed in _pages(file, chunks[leaf]):
                    n_values += values
                    n_bytes += unpacked
                    walked += packed
                    if walked > size:  # else pages that are used twice would be followed for hours
                        raise _damaged("more pages than the file can hold")
    return n_values, n_bytes


def _damaged(what: str) -> ValueError:
    return ValueError(f"damaged headers: {what}")


def _row_groups(file: BinaryIO) -> tuple[int, list[list[Fields]]]:
    """Return the file's size, and the facts of every column chunk of every row group."""
    size = file.seek(0, 2)
    file.seek(max(size - 8, 0))
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != b"PAR1" or length > size - 12:
        raise _damaged("no footer")
    file.seek(size - 8 - length)
    footer = _Compact(file.read(length)).struct()
    groups: list[Fields] = _needed(footer, 4, _LIST)
    return size, [[_needed(chunk, 3, _STRUCT) for chunk in _needed(group, 1, _LIST)] for group in groups]


def _pages(file: BinaryIO, chunk: Fields) -> Iterator[tuple[int, int, int]]:
    """Follow the page headers of a column chunk as the reader does: values, bytes unpacked, bytes in the file."""
    stated, place = _needed(chunk, 5, _I64), _needed(chunk, 9, _I64)
    dictionary = chunk.get((11, _I64), 0)
    if 0 < dictionary < place:
        place = dictionary
    if place < 0:
        raise _damaged("a place before the file")
    n_values = 0
    while n_values < stated:
        file.seek(place)
        parser = _Compact(file.read(_HEADER))
        header = parser.struct()
        kind, unpacked, packed = (_needed(header, number, _I32) for number in (1, 2, 3))
        values = 0
        if kind in (_DATA_PAGE, _DATA_PAGE_V2):
            values = _needed(_needed(header, 5 if kind == _DATA_PAGE else 8, _STRUCT), 1, _I32)
        if min(values, unpacked, packed) < 0:
            raise _damaged("a page smaller than nothing")
        n_values += values
        place += parser.place + packed
        yield values, unpacked, parser.place + packed


def _needed(fields: Fields, number: int, kind: int) -> Any:
    if not isinstance(fields, dict) or (number, kind) not in fields:
        raise _damaged(f"no field {number}")
    value = fields[number, kind]
    if kind == _I32 and not -(2**31) <= value < 2**31:  # the reader would cut it
        raise _damaged("a number of more than 32 bits")
    return value


class _Compact:
    """Reads values of Thrift's compact protocol, as far as Parquet uses it; what is not foreseen is damage."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def struct(self, depth: int = 0) -> Fields:
        """Read fields up to the stop mark. Their numbers rise, as every writer has them: none stands twice."""
        fields: Fields = {}
        last = 0
        while head := self._byte():
            number = last + (head >> 4) if head >> 4 else self._signed()
            if number <= last:
                raise _damaged("fields out of order")
            fields[number, head & 15] = self._value(head & 15, depth + 1)
            last = number
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if depth > _DEEPEST:
            raise _damaged("too deep a nest")
        if kind in (1, 2):  # a flag is its own value
            return kind == 1
        if kind in (4, 5, 6):
            return self._signed()
        if kind == _STRUCT:
            return self.struct(depth)
        if kind in (_LIST, 10):
            return self._list(depth)
        if kind in (3, 7, 8):
            return self._bytes({3: 1, 7: 8}.get(kind) or self._unsigned())
        raise _damaged(f"a value of kind {kind}")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        length = head >> 4 if head >> 4 < 15 else self._unsigned()
        kind = head & 15
        if length > len(self.data) - self.place:  # every element takes a byte at least
            raise _damaged("a list longer than the file")
        if kind in (1, 2):
            return list(self._bytes(length))
        return [self._value(kind, depth + 1) for _ in range(length)]

    def _bytes(self, length: int) -> bytes:
        piece = self.data[self.place : self.place + length]
        if len(piece) != length:
            raise _damaged("an early end")
        self.place += length
        return piece

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if value >= 2**64 or shift > 70:
                raise _damaged("a number of more than 64 bits")
            if byte < 128:
                return value

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
