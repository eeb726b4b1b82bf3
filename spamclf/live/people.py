"""Numbers of people and groups in the order in which they come, and arrays that grow with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["People", "grown"]

Numbers = npt.NDArray[np.int64]


def grown(array: npt.NDArray[Any], size: int, fill: Any) -> npt.NDArray[Any]:
    """Return a longer copy of an array, its new places filled.

    Examples
    --------
    >>> grown(np.array([1, 2]), 4, -1)
    array([ 1,  2, -1, -1])
    """
    longer = np.full(size, fill, array.dtype)
    longer[: array.size] = array
    return longer


class People:
    """One number for each person, and for each group: a group may bear the id of a person.

    Attributes
    ----------
    ids : list
        By number; None for a group.

    Examples
    --------
    >>> people = People()
    >>> people.encode(pa.array(["b", "a", "b"])), people.encode(pa.array(["a"]), groups=True), people.ids
    (array([0, 1, 0]), array([2]), ['b', 'a', None])
    """

    def __init__(self) -> None:
        self.ids: list[Any] = []
        self._numbers: dict[Any, int] = {}
        self._groups: dict[Any, int] = {}

    @property
    def id_type(self) -> pa.DataType:
        """The type of all ids: int64, or string."""
        first = next(iter(self._numbers), next(iter(self._groups), ""))
        return pa.int64() if isinstance(first, int) else pa.string()

    def __len__(self) -> int:
        return len(self.ids)

    def encode(self, column: pa.Array, *, groups: bool = False) -> Numbers:
        """Return the number of each row, which is no null; whoever is new gets the next one."""
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        numbers = self._groups if groups else self._numbers
        places = np.asarray(coded.indices)
        words = coded.dictionary
        if len(words) > 2 * len(places) + 100:  # a slice of a column may come with the words of all of it
            used = np.unique(places)
            words, places = words.take(pa.array(used)), np.searchsorted(used, places)
        found = np.empty(len(words), np.int64)
        for k, each in enumerate(words.to_pylist()):
            number = numbers.get(each)
            if number is None:
                number = numbers[each] = len(self.ids)
                self.ids.append(None if groups else each)
            found[k] = number
        codes: Numbers = found[places]
        return codes

    def forget_from(self, n: int) -> None:
        """Take back the numbers from `n` on: those of rows that were refused."""
        for numbers in (self._numbers, self._groups):
            while numbers and next(reversed(numbers.values())) >= n:
                numbers.popitem()
        del self.ids[n:]

    def find(self, ids: list[Any]) -> list[int | None]:
        """Return the number of each id, None for one that was never met."""
        return [self._numbers.get(each) for each in ids]

    def take(self, numbers: Numbers, *, groups: bool = False) -> pa.Array:
        """Return the ids of some people, or groups."""
        ids = {number: each for each, number in self._groups.items()} if groups else self.ids
        return pa.array([ids[number] for number in numbers.tolist()], self.id_type)
