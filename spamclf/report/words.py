"""Texts that a page repeats, each once."""

from __future__ import annotations

__all__ = ["Words"]


class Words:
    """Numbers texts in the order of their first use.

    Attributes
    ----------
    all : list of str

    Examples
    --------
    >>> words = Words()
    >>> [words.number(text) for text in ("who", "when", "who")], words.all
    ([0, 1, 0], ['who', 'when'])
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def all(self) -> list[str]:
        """The texts by number."""
        return list(self._numbers)

    def number(self, text: str) -> int:
        """Return the number of a text."""
        return self._numbers.setdefault(text, len(self._numbers))
