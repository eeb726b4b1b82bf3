"""Near-duplicates by the thousand, for the tests and benches of clusters.

Texts are made as sets of shingles and signed by a plain MinHash of our own; the similarity of two is then known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Photos = NDArray[np.uint64]
Texts = NDArray[np.uint32]

_TEXT = """
    account active again all answer any apply around ask away bank before best bonus book bring build
    buy call car card cash chance change check city claim click client code come contact cost credit
    daily deal deliver desk doctor door earn easy energy enter expert extra family fast fee find first
    follow form free friend fund gift give good group grow guide hand happy help home hour house income
    invest invite job join just keep key last learn level life line link list loan local look lucky make
    many market member message minute mobile money month more morning move new news next night number
    offer office only open order pack page part party pay person phone place plan play please point
    price prize profit quick rate read ready real receive reply rest return reward safe sale save school
    secret secure send service share shop show sign simple small soon special start stay stock store
    street sum support sure take talk team tell test thank ticket time today top trade travel trust try
    update use value visit wait want watch week welcome win winner word work world write year young
"""
_WORDS = _TEXT.split()


def flipped(photos: Photos, most: int, rng: np.random.Generator) -> Photos:
    """Change a random number of bits, 0 to `most`, of each photo."""
    photos = photos.copy()
    rows = np.arange(len(photos))
    n_flips = rng.integers(0, most + 1, len(photos))
    for k in range(most):
        bit = rng.integers(0, 256, len(photos))
        some = n_flips > k
        photos[rows[some], bit[some] >> 6] ^= np.uint64(1) << (bit[some] & 63).astype(np.uint64)
    return photos


def drifting_photos(n: int, rng: np.random.Generator) -> Photos:
    """One bit changes from each photo to the next: a bit that was changed is far back when it changes again."""
    steps = np.zeros((n, 4), np.uint64)
    bit = np.concatenate([rng.permutation(256) for _ in range(n // 256 + 1)])[:n]
    steps[np.arange(n), bit >> 6] = np.uint64(1) << (bit & 63).astype(np.uint64)
    return np.bitwise_xor.accumulate(steps, axis=0)


def drifting_texts(n: int, rng: np.random.Generator) -> Texts:
    return signatures(drift(n, rng))


def drift(n: int, rng: np.random.Generator) -> list[str]:
    """Of 30 words, one changes from each text to the next."""
    words = rng.integers(0, len(_WORDS), 30).tolist()
    texts = []
    for _ in range(n):
        words[int(rng.integers(30))] = int(rng.integers(len(_WORDS)))
        texts.append(" ".join(_WORDS[word] for word in words))
    return texts


def templates(n: int, n_each: int, spun: float, rng: np.random.Generator) -> tuple[Texts, NDArray[np.int64]]:
    """`n` templates of some 150 characters, `n_each` texts of each; a share of the words is spun.

    A spun word is drawn anew for each text from three; every text ends in a link of its own.
    """
    return signatures(template_texts(n, n_each, spun, rng)), np.repeat(np.arange(n), n_each)


def template_texts(n: int, n_each: int, spun: float, rng: np.random.Generator) -> list[str]:
    texts = []
    for _ in range(n):
        n_words = int(rng.integers(22, 29))
        choices = rng.integers(0, len(_WORDS), (3, n_words))
        places = rng.choice(n_words, round(spun * n_words), replace=False)
        for _ in range(n_each):
            chosen = choices[0].copy()
            chosen[places] = choices[rng.integers(0, 3, places.size), places]
            code = "".join("abcdefghijkmnpqrstuvwxyz"[k] for k in rng.integers(0, 24, 4))
            texts.append(" ".join(_WORDS[word] for word in chosen) + f" https://go.example/{code}")
    return texts


def footer_texts(n: int, n_each: int, length: int, rng: np.random.Generator) -> list[str]:
    """Texts of `n` templates of 130 characters each that end in the same `length` characters."""
    end = " reply stop to leave this list. this message was sent by the friendly shop, 1 main street, where we are "
    end += "open all week, and you get it because somebody gave us your number when they "
    end += "asked for an offer. terms and limits hold."
    return [text[:130] + end[:length] for text in template_texts(n, n_each, 0.1, rng)]


def footer(n: int, n_each: int, length: int, rng: np.random.Generator) -> tuple[Texts, NDArray[np.int64]]:
    return signatures(footer_texts(n, n_each, length, rng)), np.repeat(np.arange(n), n_each)


def shingles(text: str) -> set[str]:
    return {text[k : k + 5] for k in range(len(text) - 4)}


def signatures(texts: list[str]) -> Texts:
    """MinHash signatures of the texts' 5-grams, 128 values each; affine permutations of a random number per 5-gram."""
    rng = np.random.default_rng(0)
    a, b = (rng.integers(1, 2**32, 128, np.uint32) | np.uint32(1) for _ in range(2))
    number: dict[str, int] = {}
    found = np.empty((len(texts), 128), np.uint32)
    mixed = np.empty(0, np.uint32)
    for row, text in enumerate(texts):
        codes = [number.setdefault(each, len(number)) for each in sorted(shingles(text))]
        if len(number) > mixed.size:
            mixed = np.random.default_rng(1).integers(0, 2**32, 2 * len(number), np.uint32)
        found[row] = (mixed[codes][:, None] * a + b).min(axis=0)
    return found
