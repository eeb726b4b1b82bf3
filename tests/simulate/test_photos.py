from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from spamclf.simulate.photos import draw_photos, picture, picture_name, simulated_hash
from spamclf.simulate.world import world
from tests.simulate.conftest import cast_of


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


def designs_by_operation(cast):
    account, _, design, _ = draw_photos(cast)
    shown = {}
    for code, number in zip(account.tolist(), design.tolist(), strict=True):
        shown.setdefault(code, number)
    return [[shown[code] for code in one.members.tolist() if code in shown] for one in cast.operations]


def test_a_third_of_the_operations_steal_faces_and_most_others_share_one_design():
    large = [mine for mine in designs_by_operation(cast_of(4000, 5)) if len(mine) >= 4]
    same = np.array([max(np.unique(mine, return_counts=True)[1]) / len(mine) for mine in large])
    assert 0.4 < (same > 0.6).mean() < 0.75
    assert 0.2 < (same < 0.4).mean() < 0.55


def test_worlds_share_stock_pictures_and_no_others():
    stock = {simulated_hash(design, 0) for design in range(12)}
    shown = [set(world(400, random_state=seed)["photos"]["photo_hash"].to_pylist()) for seed in (5, 6)]
    assert all(len(mine - stock) > 200 for mine in shown)
    assert stock >= shown[0] & shown[1] != set()


def test_operators_keep_a_design_at_times_and_others_never_share_one():
    cast = cast_of(4000, 5)
    owners = {}
    for one, mine in zip(cast.operations, designs_by_operation(cast), strict=True):
        for design in {d for d in mine if mine.count(d) > 0.6 * len(mine) and len(mine) > 3}:
            owners.setdefault(design, set()).add(one.operator)
    assert all(len(operators) == 1 for operators in owners.values())


def test_honest_people_show_nothing_stock_or_their_own_and_a_few_the_famous():
    cast = cast_of(4000, 5)
    account, set_at, design, _ = draw_photos(cast)
    first = {}
    for code, number in zip(account.tolist(), design.tolist(), strict=True):
        first.setdefault(code, number)
    people = [code for code in range(cast.n_honest) if cast.kind[code] != cast.kind[cast.of("fan")[0]]]
    shown = np.array([first.get(code, -1) for code in people])
    assert 0.1 < (shown < 0).mean() < 0.25
    assert 0.1 < ((shown >= 0) & (shown < 12)).mean() < 0.2
    own = shown[shown >= 12]
    values, counts = np.unique(own, return_counts=True)
    assert counts.max() > 5
    assert (counts == 1).sum() > 0.9 * len(values)
    assert (set_at < cast.end).all()
