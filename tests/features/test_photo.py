from __future__ import annotations

import io
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from PIL import Image

from spamclf import Dataset, extract, read_dataset, simulate
from spamclf.campaigns.innocent import Innocent
from spamclf.campaigns.photos import fingerprint, fingerprint_files
from spamclf.simulate.photos import picture
from tests import naive, naive_near
from tests.naive_near import OWN
from tests.worlds import (
    DAY,
    Row,
    World,
    account,
    all_known,
    assert_equal_values,
    assert_twin,
    at,
    by_account,
    differing,
    disturbed,
    flipped,
    labelled,
    look,
    pictured,
    random_world,
    sent,
    shuffled,
    some_hashes,
    tables_of,
    worlds,
)

RNG = random.Random(5)
BASE = f"{RNG.getrandbits(256):064x}"
OTHER = f"{RNG.getrandbits(256):064x}"


def people(*names: str) -> list[Row]:
    return [account(name) for name in names]


def apart(*distances: int) -> list[str]:
    """Hashes at these distances from `BASE`, in bits that no two of them share."""
    bits = iter(RNG.sample(range(256), sum(distances)))
    return [f"{int(BASE, 16) ^ sum(1 << next(bits) for _ in range(n)):064x}" for n in distances]


# ---- twins -------------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(worlds(size=4))
def test_kernel_equals_twin(world: World) -> None:
    assert_twin(world, "photo")


@pytest.mark.slow
@settings(max_examples=600)
@given(worlds(size=4))
def test_kernel_equals_twin_at_length(world: World) -> None:
    assert_twin(world, "photo")


@pytest.mark.parametrize("seed", range(0, 20, 2))
def test_larger_worlds_equal_their_twins(seed: int) -> None:
    assert_twin(random_world(seed, n_accounts=5 + 2 * seed, n_messages=20), "photo")


def _unseen_rows_change_nothing(world: World) -> None:
    world, rng = all_known(world), random.Random(world.seed)
    want = world.extract(features=["photo"])
    for _ in range(2):
        assert not differing(want, disturbed(world, rng).extract(features=["photo"]))
    again = world.with_rows(photos=world.tables["photos"] * 2)
    assert not differing(want, shuffled(again, rng).extract(features=["photo"]))


@settings(max_examples=15)
@given(worlds(size=4))
def test_unseen_rows_change_nothing(world: World) -> None:
    _unseen_rows_change_nothing(world)


@pytest.mark.slow
@settings(max_examples=200)
@given(worlds(size=4))
def test_unseen_rows_change_nothing_at_length(world: World) -> None:
    _unseen_rows_change_nothing(world)


def test_a_message_that_is_unseen_makes_nobody_known() -> None:
    photos = [pictured("a", BASE, 1), pictured("b", BASE, 2)]
    world = World(tables_of(accounts=people("a"), photos=photos), at(9))
    later = replace(
        world, tables=tables_of(accounts=people("a"), photos=photos, messages=[sent("b", "a", 20)])
    )
    assert not differing(world.extract(features=["photo"]), later.extract(features=["photo"]))


def test_seen_rows_do_matter() -> None:
    changed: set[str] = set()
    for seed in range(4):
        world = random_world(seed)
        now = replace(world, as_of=world.as_of - DAY // 2)
        changed |= {name for _, name in differing(world.extract(features=["photo"]), now.extract())}
    assert changed >= {name for name in world.extract(features=["photo"])["p0"] if name != "photo_default"}


def test_without_a_table_of_photos_nothing_is_known() -> None:
    world = random_world(2).without("photos")
    assert_twin(world, "photo")
    assert all(
        math.isnan(v) for values in world.extract(features=["photo"]).values() for v in values.values()
    )


# ---- by hand -----------------------------------------------------------------------------------------------------


def test_what_it_set() -> None:
    photos = [
        pictured("a", BASE, 1), pictured("a", BASE, 1), pictured("a", BASE, 2), pictured("a", None, 2),
        pictured("b", None, 1),
    ]  # fmt: skip
    got = look("photo", accounts=people("a", "b", "c"), photos=photos)
    assert [got[who]["photo_shown"] for who in "abc"] == [1, 1, 0]
    assert [got[who]["photo_changes"] for who in "abc"] == [2, 0, 0]
    assert [got[who]["photo_cluster_accounts"] for who in "ab"] == pytest.approx([0, math.nan], nan_ok=True)
    assert math.isnan(got["a"]["photo_cluster_pictures"])  # nobody else is there
    assert math.isnan(got["a"]["photo_cluster_age_s"])


def test_in_reach_are_31_bits() -> None:
    near, far, quite = apart(31, 32, 0)
    photos = [
        pictured("a", BASE, 9),
        pictured("b", near, 5),
        pictured("c", far, 4),
        pictured("d", quite.upper(), 7),
    ]
    got = look("photo", accounts=people(*"abcd"), photos=photos)
    assert got["a"]["photo_cluster_accounts"] == 2
    assert got["a"]["photo_cluster_pictures"] == 2
    assert got["a"]["photo_cluster_age_s"] == DAY / 1e6 - 5
    assert got["c"]["photo_cluster_accounts"] == 0


def test_a_chain_is_no_cluster() -> None:
    """Each sees what is near its own photo: the ends of a chain do not see each other."""
    one, other = apart(20, 20)
    photos = [pictured("a", one, 1), pictured("b", BASE, 2), pictured("c", other, 3)]
    got = look("photo", accounts=people(*"abc"), photos=photos)
    assert [got[who]["photo_cluster_accounts"] for who in "abc"] == [1, 2, 1]
    assert got["b"]["photo_cluster_pictures"] == 3


def test_age_and_growth() -> None:
    photos = [
        pictured("a", BASE, 0), pictured("b", BASE, -DAY / 1e6), pictured("b", BASE, 10), pictured("c", BASE, 0),
        pictured("d", BASE, -1e-6),
    ]  # fmt: skip
    got = look("photo", accounts=people(*"abcd"), photos=photos)
    assert got["a"]["photo_cluster_accounts"] == 3
    assert got["a"]["photo_cluster_growth_24h"] == 1  # "c" alone began in the day before
    assert got["a"]["photo_cluster_age_s"] == 2 * DAY / 1e6


def test_the_cluster_is_that_of_the_photo_with_most_accounts_then_the_earliest() -> None:
    photos = [
        pictured("a", BASE, 1),
        pictured("a", OTHER, 2),
        pictured("b", BASE, 5),
        pictured("c", OTHER, 4),
    ]
    got = look("photo", accounts=people(*"abcd"), photos=photos)
    assert got["a"]["photo_cluster_age_s"] == DAY / 1e6 - 1
    got = look("photo", accounts=people(*"abcd"), photos=[*photos, pictured("d", OTHER, 50)])
    assert got["a"]["photo_cluster_age_s"] == DAY / 1e6 - 2


def test_automated_share_leaves_itself_out() -> None:
    photos = [pictured(who, BASE, 1) for who in "abc"] + [pictured("d", OTHER, 1)]
    labels = [labelled("a", True, 5), labelled("b", True, 5), labelled("d", False, 5)]
    got = look("photo", accounts=people(*"abcde"), photos=photos, labels=labels)
    assert math.isnan(
        got["a"]["photo_cluster_automated_share"]
    )  # it is labelled: the others would give it away
    assert got["c"]["photo_cluster_automated_share"] == (2 + 1) / (2 + 2)
    assert math.isnan(got["d"]["photo_cluster_automated_share"])  # nobody else is in its cluster
    assert math.isnan(got["e"]["photo_cluster_automated_share"])


def test_innocent_photos_are_in_no_cluster() -> None:
    if not len(Innocent.default().photos):
        pytest.skip("no innocent photo is shipped")
    usual = "".join(f"{word:016x}" for word in Innocent.default().photos[0].tolist())
    near = flipped(usual, 31, RNG)
    photos = [
        pictured("a", BASE, 1),
        pictured("a", usual, 2),
        pictured("b", near, 3),
        pictured("c", usual, 4),
    ]
    photos += [pictured("c", BASE, 4), pictured("d", near, 5), pictured("d", None, 6)]
    got = look("photo", accounts=people(*"abcde"), photos=photos)
    assert [got[who]["photo_default"] for who in "abcd"] == [1, 1, 0, 1]
    assert math.isnan(got["e"]["photo_default"])
    assert [got[who]["photo_cluster_accounts"] for who in "ac"] == [1, 1]
    assert math.isnan(got["b"]["photo_cluster_accounts"])


def test_of_its_own_photos_the_latest_sixteen_count() -> None:
    photos = [pictured("a", f"{RNG.getrandbits(256):064x}", 100 + k // 2) for k in range(16)]
    photos += [pictured("b", BASE, 1), pictured("a", BASE, 50)]
    assert look("photo", accounts=people("a", "b"), photos=photos)["a"]["photo_cluster_accounts"] == 0
    photos += [pictured("a", BASE, 101)]
    assert look("photo", accounts=people("a", "b"), photos=photos)["a"]["photo_cluster_accounts"] == 1


@pytest.mark.parametrize("seed", range(3))
def test_many_own_photos(seed: int) -> None:
    rng = random.Random(seed)
    pool = some_hashes(rng, 12)
    photos = [
        pictured(rng.choice("aaabcdefgh"), rng.choice(pool), rng.randrange(40)) for _ in range(250)
    ]  # fmt: skip
    look("photo", accounts=people(*"abcdefgh"), photos=photos)


@pytest.mark.parametrize("ties", [*(pytest.param(n, marks=pytest.mark.slow) for n in (1, 40)), 10_000])
def test_a_hot_photo(ties: int) -> None:
    """All 1,500 accounts with one photo or a near one count."""
    rng = random.Random(ties)
    near = [BASE, *(flipped(BASE, n, rng) for n in (3, 9, 15, 15, 20))]
    names = [f"v{k}" for k in range(1500)]
    photos = [pictured(name, rng.choice(near), k // ties) for k, name in enumerate(names)]
    photos += [pictured(rng.choice(names), rng.choice(near), rng.randrange(1500) // ties) for _ in range(300)]
    photos += [pictured("a", near[0], 2000), pictured("a", near[1], 700), pictured("b", near[2], 9000)]
    labels = [labelled(name, k % 3 == 0, 6) for k, name in enumerate(names)]
    world = World(
        tables_of(accounts=people("a", "b", *names), photos=photos, labels=labels), at(days=2), 9 * DAY
    )
    values = world.extract(features=["photo"])
    for who in ("a", "b", "v0", "v700", "v1499"):
        assert_equal_values(values[who], world.twin(who) | {})
    assert values["a"]["photo_cluster_accounts"] == 1501
    assert not differing(values, shuffled(world, rng).extract(features=["photo"]))


# ---- files -------------------------------------------------------------------------------------------------------


def test_photos_as_files(tmp_path: Path) -> None:
    """Files are hashed turned and mirrored too; one is held against another as that one is."""
    simulate.write(simulate.world(150, days=20, random_state=3, media=True), tmp_path)
    dataset = read_dataset(tmp_path)
    rows = dataset.photos.to_pylist()
    names = sorted({row["photo"] for row in rows if row["photo"] is not None})
    made = fingerprint_files(tmp_path, names)
    words = dict(zip(names, made.words.tolist(), strict=True))
    good = dict(zip(names, np.asarray(made.quality) >= 50, strict=True))
    versions = {tuple(turned[0]): [tuple(each) for each in turned] for turned in words.values()}
    shown = [
        (row, tuple(words[row["photo"]][0]), good[row["photo"]]) for row in rows if row["photo"] is not None
    ]
    instants = [round(row["set_at"].timestamp() * 1e6) for row, _, _ in shown]
    as_of, history = max(instants) + 1, 60 * DAY
    sightings = {
        naive_near.Sighting(row["account_id"], instant, upright)
        for (row, upright, is_good), instant in zip(shown, instants, strict=True)
        if is_good and as_of - history <= instant
        and not naive_near.is_silhouette(upright)
        and not any(naive_near.is_innocent_photo(turned) for turned in versions[upright])
    }  # fmt: skip

    def in_reach(own: naive_near.Words, other: naive_near.Words) -> bool:
        return any(naive_near.photo_in_reach(turned, other) for turned in versions[own])

    listed = dataset.accounts["account_id"].to_pylist()
    known = {"accounts": [{"account_id": who, "registered_at": None} for who in listed], "messages": []}
    got = by_account(extract(dataset, as_of=as_of, history_days=60, features=["photo"]))
    largest = 0
    for who, values in got.items():
        view = naive.View(known, who, as_of, history)
        cluster = naive_near.largest_cluster(view, sightings, in_reach, naive_near.photo_buckets, 1000)
        assert math.isnan(values["photo_cluster_accounts"]) == (cluster is None)
        if cluster is not None:
            assert values["photo_cluster_accounts"] == len(cluster.accounts)
            if not cluster.accounts:
                assert math.isnan(values["photo_cluster_pictures"])
                continue
            assert values["photo_cluster_pictures"] == len({s.words for s in cluster.sightings})
            assert values["photo_cluster_age_s"] == pytest.approx((as_of - cluster.began) / 1e6)
            largest = max(largest, len(cluster.accounts))
    assert largest >= 3
    assert {
        values["photo_default"] for values in got.values() if not math.isnan(values["photo_default"])
    } == {0, 1}


def test_a_turned_copy_of_an_innocent_picture_is_innocent(tmp_path: Path) -> None:
    """Whoever mirrors the stock photo of everybody shows it still; what its hash looks like mirrored the file tells."""
    stock = picture("photos/00040-00.jpg")
    (tmp_path / "stock.jpg").write_bytes(stock)
    for turn in Image.Transpose:
        Image.open(io.BytesIO(stock)).transpose(turn).save(tmp_path / f"{turn.name}.png")
    names = ["stock.jpg", *(f"{turn.name}.png" for turn in Image.Transpose)]
    ids = [f"a{k}" for k in range(len(names))]

    def default(innocent: Innocent | None) -> list[float]:
        data = Dataset(
            accounts={"account_id": ids},
            messages={"sender_id": ["a0"], "recipient_id": ["a1"], "sent_at": [10]},
            photos={"account_id": ids, "set_at": [5] * len(ids), "photo": names},
            time_unit="s",
            folder=tmp_path,
            innocent=innocent,
        )
        return extract(data, as_of=10**8, features=["photo_default"]).values[0].tolist()

    assert default(None) == [0] * len(ids)
    assert default(Innocent(fingerprint(stock).words[:1], ())) == [1] * len(ids)


def test_hashes_and_files_of_the_same_pictures_agree(tmp_path: Path) -> None:
    simulate.write(simulate.world(60, days=10, random_state=5, media=True), tmp_path)
    files = read_dataset(tmp_path)
    names = files.photos["photo"].to_pylist()
    made = fingerprint_files(tmp_path, names)
    hashes = ["".join(f"{word:016x}" for word in turned[0].tolist()) for turned in made.words]
    good = np.asarray(made.quality) >= 50
    assert good.sum() > 10
    keep = pa.array(good)
    photos = (
        files.photos.select(["account_id", "set_at"])
        .append_column("photo_hash", pa.array(hashes))
        .filter(keep)
    )
    tables = {name: files.tables[name] for name in ("messages", "accounts")}
    hashed = Dataset(**tables, photos=photos)
    one, other = (
        by_account(extract(each, as_of=files.last_instant() + 1, features=["photo_cluster_accounts"]))
        for each in (Dataset(**tables, photos=files.photos.filter(keep), folder=tmp_path), hashed)
    )
    differ = [who for who, _ in differing(one, other)]
    assert len(differ) <= 0.05 * len(one)  # turned and mirrored copies are known of files alone


def test_one_account_crowds_nobody_out() -> None:
    """Neither by one photo that it shows thousands of times, nor by hundreds of near copies."""
    names = [f"p{k}" for k in range(12)]
    photos = [pictured(who, BASE, k) for k, who in enumerate(names)]
    floods = (
        [pictured("z", BASE, 20 + k / 10) for k in range(9_000)],
        [pictured("z", flipped(BASE, 9, RNG), 20 + k / 10 - (k % 2) * 9_000) for k in range(1_100)],
    )
    for flood in floods:
        world = World(tables_of(accounts=people(*names, "z"), photos=photos + flood), at(days=1))
        got = world.extract(features=["photo_cluster_accounts", "photo_cluster_pictures"])
        assert [got[who]["photo_cluster_accounts"] for who in names] == [len(names)] * len(names)
        assert got["p0"]["photo_cluster_pictures"] <= 1 + OWN


def test_a_campaign_of_thousands_is_told_whole() -> None:
    """Its first accounts, long ago and found out since, are as much a part of it as the latest ones."""
    names = [f"p{k}" for k in range(3_000)]
    photos = [pictured(who, BASE, -20 * 86_400 + 500 * k) for k, who in enumerate(names)]
    labels = [labelled(who, True, 86_399) for who in names[:1_500]]
    world = World(tables_of(accounts=people(*names), photos=photos, labels=labels), at(days=1), 30 * DAY)
    last = world.extract(features=["photo"])[names[-1]]
    assert last["photo_cluster_accounts"] == 2_999
    assert last["photo_cluster_age_s"] == 21 * 86_400
    assert last["photo_cluster_growth_24h"] == sum(-20 * 86_400 + 500 * k >= 0 for k in range(2_999))
    assert last["photo_cluster_automated_share"] == 1_501 / 1_502
