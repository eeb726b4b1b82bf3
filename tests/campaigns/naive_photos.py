"""Pictures for tests: silhouettes of our own drawing, and a few ways to store and change a picture."""

from __future__ import annotations

import io
import itertools

import numpy as np
from PIL import Image


def silhouettes(side):
    """Blank avatars: head and shoulders in four builds, light on grey and grey on light."""
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side
    builds = (
        ((x - 0.5) ** 2 + (y - 0.38) ** 2 < 0.03, (x - 0.5) ** 2 + (y - 1.05) ** 2 < 0.15),
        ((x - 0.5) ** 2 + (y - 0.36) ** 2 < 0.022, ((x - 0.5) / 0.30) ** 2 + ((y - 0.92) / 0.30) ** 2 < 1),
        ((x - 0.5) ** 2 + (y - 0.35) ** 2 < 0.04, ((x - 0.5) / 0.42) ** 2 + ((y - 1.0) / 0.38) ** 2 < 1),
        ((x - 0.5) ** 2 + (y - 0.35) ** 2 < 0.03, (abs(x - 0.5) < 0.32) & (y > 0.62)),
    )
    for (head, body), (figure, ground) in itertools.product(builds, ((255, 120), (120, 255))):
        grey = np.where(head | body, figure, ground).astype(np.uint8)
        yield np.repeat(grey[:, :, None], 3, axis=2)


def avatars(side):
    """Blank avatars of 625 builds, light on grey: how large the head is, how high; how wide the shoulders, how high."""
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side
    ranges = ((0.13, 0.24), (0.30, 0.45), (0.25, 0.45), (0.25, 0.42))
    for head, height, width, rise in itertools.product(*(np.linspace(low, high, 5) for low, high in ranges)):
        figure = (x - 0.5) ** 2 + (y - height) ** 2 < head**2
        figure |= ((x - 0.5) / width) ** 2 + ((y - 1) / rise) ** 2 < 1
        grey = np.where(figure, 255, 120).astype(np.uint8)
        yield np.repeat(grey[:, :, None], 3, axis=2)


def encoded(pixels, kind="JPEG", **options):
    """Return the bytes of a file that holds the pixels, or a picture of Pillow."""
    out = io.BytesIO()
    image = Image.fromarray(pixels) if isinstance(pixels, np.ndarray) else pixels
    image.save(out, kind, **options)
    return out.getvalue()


def bits(words):
    """Return hashes as bits, (n, 256), in the order of pdqhash."""
    return np.unpackbits(np.ascontiguousarray(words, ">u8").view(np.uint8).reshape(len(words), -1), axis=1)


def distance(one, other):
    """Return in how many bits two hashes, (4,), differ."""
    return int((bits(one[None]) != bits(other[None])).sum())
