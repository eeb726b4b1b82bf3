"""Profile photos: who sets which drawing when, and the drawing of it.

A picture is named ``DESIGN-EDIT.jpg``: the design is a number that seeds the drawing, the edit one that seeds
small changes (crop, brightness, a sticker), as campaigns make them. Stock designs and photos of the famous are
shared innocently by many; worlds have the same stock designs, and no other picture of a world of another seed (below a
thousand million). The name is thus the truth about near-duplicates; nothing in the library reads it.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt

from spamclf.simulate.cast import Cast
from spamclf.simulate.log import DAY, FloatArray, IntArray
from spamclf.simulate.waves import n_waves, wave_instants

__all__ = ["BEYOND", "Photos", "draw_photos", "picture", "picture_name", "simulated_hash"]

#: account, instant, design, edit
Photos = tuple[IntArray, IntArray, IntArray, IntArray]

#: Designs below this number are stock pictures; design 0 is the blank avatar.
_N_STOCK = 12
#: Designs of the worlds of one seed, and how many seeds have their own; those beyond are of attackers.
_PER_SEED, _N_SEEDS = 10**8, 10**9
BEYOND = _PER_SEED * _N_SEEDS
_SIZE = 72

# Assumed throughout.
#: Share of accounts without a photo, with a stock picture, and with the photo of somebody famous.
_NONE, _STOCK, _FAMOUS = 0.15, 0.14, 0.03
#: Share of fans who edit the photo that all of them carry; share of people who change theirs.
_EDITED, _CHANGES = 0.3, 0.12
#: Share of operations with one photo and edits of it; a third steals real faces, one each; the rest has what all have.
_DESIGN, _STOLEN = 0.55, 0.33
#: Share of the members of such an operation that carry it.
_CARRY = 0.85


def draw_photos(cast: Cast) -> Photos:
    """Draw who sets which photo when.

    Returns
    -------
    account, set_at, design, edit : ndarray of int64
    """
    rng = cast.stream("photos")
    design, edit, set_at = _everybody(cast, rng)
    _dress_fans(cast, rng, (design, edit, set_at))
    _dress_operations(cast, (design, edit))
    account = np.flatnonzero(design >= 0)
    set_at, design, edit = set_at[account], design[account], edit[account]
    # Some people change theirs; the new one is nobody else's.
    changes = rng.random((2, cast.n_accounts))
    again = np.flatnonzero(changes[0][account] < _CHANGES)
    wait = changes[1][account[again]] * np.maximum(cast.end - set_at[again], 1)
    set_at = np.concatenate([set_at, set_at[again] + wait.astype(np.int64)])
    design = np.concatenate([design, _first_face(cast) + cast.n_accounts + account[again]])
    edit = np.concatenate([edit, np.zeros(len(again), dtype=np.int64)])
    account = np.concatenate([account, account[again]])
    design[design >= _N_STOCK] += cast.seed % _N_SEEDS * _PER_SEED
    seen = set_at < cast.end
    return account[seen], set_at[seen], design[seen], edit[seen]


def _first_face(cast: Cast) -> int:
    """Return the first design that is one account's alone: behind stock, the famous and the operations."""
    return _N_STOCK + n_waves(cast) + len(cast.operations)


def _everybody(cast: Cast, rng: np.random.Generator) -> tuple[IntArray, IntArray, IntArray]:
    """Draw design, edit and instant of every account, whatever it is."""
    size = cast.n_accounts
    drawn = rng.random((5, size))
    design = _first_face(cast) + np.arange(size)
    stock = (_N_STOCK * drawn[1] ** 2).astype(np.int64)
    famous = _N_STOCK + (n_waves(cast) * drawn[2] ** 2).astype(np.int64)
    design = np.where(drawn[0] < _NONE + _STOCK + _FAMOUS, famous, design)
    design = np.where(drawn[0] < _NONE + _STOCK, stock, design)
    design = np.where(drawn[0] < _NONE, -1, design)
    begin = np.maximum(cast.registered, cast.start - 15 * DAY)
    # Most set it when they register, others at any time.
    wait = np.where(
        drawn[3] < 0.5, 0.01 * drawn[4], drawn[4] ** 3 * np.maximum(cast.end - begin - DAY, 0) / DAY
    )
    return design, np.zeros(size, dtype=np.int64), (begin + wait * DAY).astype(np.int64)


def _dress_fans(cast: Cast, rng: np.random.Generator, photos: tuple[IntArray, IntArray, IntArray]) -> None:
    """Let fans carry the photo of whom they adore, most from the wave on, a part of them with an edit."""
    design, edit, set_at = photos
    fans = cast.of("fan")
    wave, when = wave_instants(cast, fans, "fans")
    design[fans] = _N_STOCK + wave
    edit[fans] = np.where(rng.random(len(fans)) < _EDITED, rng.integers(1, 40, len(fans)), 0)
    set_at[fans] = when


def _dress_operations(cast: Cast, photos: tuple[IntArray, IntArray]) -> None:
    """Let most members of most operations carry one design with edits; half of the operators keep it."""
    design, edit = photos
    kept = 0
    for number, operation in enumerate(cast.operations):
        rng = cast.stream("photos of", operation.name)
        again = number and cast.operations[number - 1].operator == operation.operator and rng.random() < 0.5
        kept = kept if again else number
        drawn, members = rng.random(), operation.members
        if drawn < _DESIGN:
            same = members[rng.random(len(members)) < _CARRY]
            design[same] = _N_STOCK + n_waves(cast) + kept
            edit[same] = rng.integers(0, 40, len(same))
        elif drawn < _DESIGN + _STOLEN:
            design[members] = _first_face(cast) + members


def picture_name(design: int, edit: int) -> str:
    """Return the path of a picture inside a dataset folder.

    Examples
    --------
    >>> picture_name(31, 4)
    'photos/00031-04.jpg'
    """
    return f"photos/{design:05d}-{edit:02d}.{'png' if design < _N_STOCK else 'jpg'}"


def simulated_hash(design: int, edit: int) -> str:
    """Return a 256-bit hash for a picture that nobody draws: edits differ from their design in a few bits.

    Examples
    --------
    >>> len(simulated_hash(31, 4)), simulated_hash(31, 4) == simulated_hash(31, 0)
    (64, False)
    """
    bits = np.random.default_rng([77, design]).integers(0, 2, 256, dtype=np.uint8)
    if edit:
        rng = np.random.default_rng([78, design, edit])
        bits[rng.choice(256, int(rng.integers(2, 14)), replace=False)] ^= 1
    return np.packbits(bits).tobytes().hex()


def picture(name: str) -> bytes:
    """Draw the picture of a name that `picture_name` made.

    Examples
    --------
    >>> picture("photos/00031-04.jpg")[:2].hex()
    'ffd8'
    """
    from PIL import Image

    stem, suffix = name.rsplit("/", 1)[-1].split(".")
    design, edit = (int(part) for part in stem.split("-"))
    pixels = _drawing(design)
    if edit:
        pixels = _edited(pixels, np.random.default_rng([78, design, edit]))
    out = io.BytesIO()
    image = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
    if suffix == "png":
        image.save(out, "PNG", optimize=True)
    else:
        image.save(out, "JPEG", quality=78 if edit % 3 else 60)
    return out.getvalue()


def _drawing(design: int) -> FloatArray:
    """Draw a gradient with a dozen discs, bars and stripes on it."""
    y, x = np.mgrid[0:_SIZE, 0:_SIZE] / _SIZE
    if design == 0:  # the blank avatar: a grey head and shoulders
        head = (x - 0.5) ** 2 + (y - 0.38) ** 2 < 0.03
        body = (x - 0.5) ** 2 + (y - 1.05) ** 2 < 0.15
        return np.repeat(np.where(head | body, 245.0, 200.0)[:, :, None], 3, axis=2)
    rng = np.random.default_rng([77, design])
    angle = rng.uniform(0, 2 * np.pi)
    ramp = (np.cos(angle) * x + np.sin(angle) * y + 1.0) / 2.0
    one, two = rng.uniform(20, 235, (2, 3))
    pixels: FloatArray = ramp[:, :, None] * one + (1.0 - ramp[:, :, None]) * two
    for _ in range(int(rng.integers(8, 14))):
        cx, cy, size, turn = rng.random(4)
        along = np.cos(turn * np.pi) * (x - cx) + np.sin(turn * np.pi) * (y - cy)
        disc = (x - cx) ** 2 + (y - cy) ** 2 < (0.06 + 0.2 * size) ** 2
        bar = np.abs(along) < 0.03 + 0.06 * size
        mask = disc if rng.random() < 0.7 else bar
        pixels[mask] = 0.25 * pixels[mask] + 0.75 * rng.uniform(0, 255, 3)
    return pixels


def _edited(pixels: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Change a picture a little: brightness, often a small sticker in a corner, and of some a narrow edge cut off.

    A cut is what escapes a perceptual hash, so an operation's picture falls into a large cluster and a few small ones.
    """
    shift = int(rng.integers(1, 3)) if rng.random() < 0.25 else 0
    edited: npt.NDArray[np.float64] = np.pad(
        pixels[shift:, shift:], ((0, shift), (0, shift), (0, 0)), mode="edge"
    )
    edited = edited * rng.uniform(0.92, 1.08) + rng.uniform(-6, 6)
    if rng.random() < 0.5:
        edited[-5:, -5:] = rng.uniform(0, 255, 3)
    return edited
