"""Small words of sentences: a number with its noun, a score."""

from __future__ import annotations

__all__ = ["counted", "score_in_words"]


def counted(n: int, noun: str) -> str:
    """Return a number and its noun, which takes an s unless there is one.

    Examples
    --------
    >>> counted(1, "account"), counted(1200, "account")
    ('1 account', '1,200 accounts')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def score_in_words(score: float) -> str:
    """Return a score with four decimals; one above 0.9999 is not certain, and must not look so.

    Examples
    --------
    >>> score_in_words(0.98766), score_in_words(0.99996), score_in_words(1.0)
    ('0.9877', '>0.9999', '>0.9999')
    """
    return ">0.9999" if score > 0.9999 else f"{score:.4f}"
