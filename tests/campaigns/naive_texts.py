"""The slow, obvious twins of text fingerprints: plain strings and sets in, plain lists out."""

from __future__ import annotations

import hashlib
import struct

import numpy as np

MASK = 0xFFFFFFFF


def shingles(text: str) -> set[bytes]:
    """Runs of five code points in UTF-8; a text of one to four is a run of its own."""
    if 0 < len(text) < 5:
        return {text.encode()}
    return {text[i : i + 5].encode() for i in range(len(text) - 4)}


def turn(x: int, n: int) -> int:
    return (x << n | x >> (32 - n)) & MASK


def xxh32(data: bytes) -> int:
    """xxHash32 with seed 0, from its specification."""
    p1, p2, p3, p4, p5 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1
    at, h = 0, p5
    if len(data) >= 16:
        lanes = [(p1 + p2) & MASK, p2, 0, -p1 & MASK]
        while at + 16 <= len(data):
            for k, word in enumerate(struct.unpack_from("<4I", data, at)):
                lanes[k] = turn((lanes[k] + word * p2) & MASK, 13) * p1 & MASK
            at += 16
        h = sum(turn(lane, n) for lane, n in zip(lanes, (1, 7, 12, 18), strict=True)) & MASK
    h = (h + len(data)) & MASK
    while at + 4 <= len(data):
        h = turn((h + struct.unpack_from("<I", data, at)[0] * p3) & MASK, 17) * p4 & MASK
        at += 4
    for byte in data[at:]:
        h = turn((h + byte * p5) & MASK, 11) * p1 & MASK
    h = (h ^ h >> 15) * p2 & MASK
    h = (h ^ h >> 13) * p3 & MASK
    return h ^ h >> 16


def sha1(data: bytes) -> int:
    return int.from_bytes(hashlib.sha1(data).digest()[:4], "little")


HASHES = {"xxh32": xxh32, "sha1": sha1}


def mix(h: int) -> int:
    h = (h ^ h >> 16) * 0x85EBCA6B & MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & MASK
    return h ^ h >> 16


def signature(items: set[bytes], hash: str, seed: int = 1, n_perm: int = 128) -> list[int]:
    """The least of each permutation over the items."""
    draw = np.random.RandomState(seed)
    a = [2 * int(x) + 1 for x in draw.randint(0, 1 << 31, n_perm, dtype=np.uint32)]
    b = [int(x) for x in draw.randint(0, 1 << 32, n_perm, dtype=np.uint32)]
    mixed = [mix(HASHES[hash](item)) for item in items]
    return [min(((x * h + y) & MASK for h in mixed), default=MASK) for x, y in zip(a, b, strict=True)]


def jaccard(one: set[bytes], other: set[bytes]) -> float:
    return len(one & other) / len(one | other)
