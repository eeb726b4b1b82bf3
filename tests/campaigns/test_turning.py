"""Turned and mirrored copies of photos are brought into one position; other photos stay apart."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from spamclf.campaigns.photos import VERSIONS, distance, fingerprint
from spamclf.campaigns.shown import Prints
from spamclf.campaigns.turning import lying_alike
from spamclf.simulate.photos import picture

TURNS = [None, *Image.Transpose]
DESIGNS = ("photos/00031-00.jpg", "photos/00032-00.jpg", "photos/00040-00.jpg")


def prints_of(versions: np.ndarray, n_versions: list[int]) -> Prints:
    return Prints(np.arange(len(versions), dtype=np.int32), versions, np.array(n_versions, np.int64))


@pytest.fixture(scope="module")
def versions() -> np.ndarray:
    """Of three pictures the eight hashes of each of their eight copies: shape (24, 8, 4)."""
    made = []
    for design in DESIGNS:
        image = Image.open(io.BytesIO(picture(design)))
        for turn in TURNS:
            file = io.BytesIO()
            (image if turn is None else image.transpose(turn)).save(file, "JPEG", quality=90)
            made.append(fingerprint(file.getvalue()).words)
    return np.array(made)


@pytest.mark.parametrize("seed", range(5))
def test_copies_lie_alike_and_others_do_not(versions: np.ndarray, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(versions))
    design = order // VERSIONS
    mine = versions[order]
    assert (distance(mine[:, None, 0], mine[None, :, 0]) > 31)[design[:, None] == design[None]].mean() > 0.7
    turned = lying_alike(mine[:, 0], prints_of(mine, [VERSIONS] * len(mine)))
    far = distance(turned[:, None], turned[None]) > 31
    assert not far[design[:, None] == design[None]].any()
    assert far[design[:, None] != design[None]].all()
    assert ((turned[:, None] == mine).all(axis=2).any(axis=1)).all()  # each is one of its own eight


def test_the_position_is_that_of_most(versions: np.ndarray) -> None:
    mine = versions[[0, 0, 5, 3]] ^ np.arange(4, dtype=np.uint64)[:, None, None]
    turned = lying_alike(mine[:, 0], prints_of(mine, [VERSIONS] * 4))
    assert (turned[:2] == mine[:2, 0]).all()
    assert (distance(turned, turned[0]) <= 31).all()


def test_a_hash_made_elsewhere_stays(versions: np.ndarray) -> None:
    mine = versions[[0, 0, 5]] ^ np.arange(3, dtype=np.uint64)[:, None, None]
    mine[2] = mine[2, 0]
    turned = lying_alike(mine[:, 0], prints_of(mine, [VERSIONS, VERSIONS, 1]))
    assert (turned[2] == mine[2, 0]).all()
    assert (distance(turned, turned[2]) <= 31).all()
    assert lying_alike(mine[:, 0], prints_of(mine, [1, 1, 1])) is not None
    assert (lying_alike(mine[:, 0], prints_of(mine, [1, 1, 1])) == mine[:, 0]).all()


def test_no_photos() -> None:
    assert lying_alike(np.empty((0, 4), np.uint64), Prints.plain(0)).shape == (0, 4)


def test_prints_of_some_fingerprints(versions: np.ndarray) -> None:
    prints = Prints(np.array([0, 2, 2, 5], np.int32), versions[:4], np.array([1, 8, 1, 8]))
    some = prints.of(np.array([2, 4, 5]))
    assert some.group.tolist() == [0, 0, 2]
    assert some.n_versions.tolist() == [8, 1, 8]
    assert (some.versions == versions[1:4]).all()
    assert Prints.plain(6).of(np.array([3])).group.tolist() == [0]
