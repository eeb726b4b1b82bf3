from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from spamclf.simulate.photos import picture, picture_name, simulated_hash


def grey(name):
    return np.asarray(Image.open(io.BytesIO(picture(name))).convert("L"), dtype=float)


@pytest.mark.parametrize("design", [0, 3, 40, 41])
def test_a_picture_is_small_and_always_the_same(design):
    name = picture_name(design, 0)
    data = picture(name)
    assert data == picture(name)
    assert len(data) < 12_000
    assert Image.open(io.BytesIO(data)).size == (72, 72)


def test_edits_stay_near_their_design_and_designs_apart():
    design = grey(picture_name(40, 0))
    near = [np.corrcoef(design.ravel(), grey(picture_name(40, edit)).ravel())[0, 1] for edit in range(1, 8)]
    far = [np.corrcoef(design.ravel(), grey(picture_name(other, 0)).ravel())[0, 1] for other in range(41, 61)]
    assert min(near) > 0.7 > max(far)


def test_hashes_of_edits_differ_in_a_few_bits():
    bits = [int(simulated_hash(40, edit), 16) for edit in range(10)] + [int(simulated_hash(41, 0), 16)]
    distances = [(bits[0] ^ other).bit_count() for other in bits[1:]]
    assert max(distances[:-1]) <= 14
    assert distances[-1] > 80
