"""Small words of sentences: a number with its noun."""

from __future__ import annotations

__all__ = ["counted"]


def counted(n: int, noun: str) -> str:
    """Return a number and its noun, which takes an s unless there is one.

    Examples
    --------
    >>> counted(1, "account"), counted(1200, "account")
    ('1 account', '1,200 accounts')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
