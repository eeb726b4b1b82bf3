"""Campaigns of whole datasets: real fingerprints, real clusters, as of an instant, whatever the order of rows."""

from __future__ import annotations

import csv
import re
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner
from PIL import Image, ImageOps

from spamclf import Dataset, find, read_dataset, simulate
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.photos import fingerprint, from_hex, to_hex
from spamclf.campaigns.sightings import Sightings
from spamclf.cli import main
from spamclf.ego import EgoLog
from spamclf.errors import ParameterError, SchemaError
from spamclf.instants import DAY_US
from spamclf.output import restored_ids, write_result
from spamclf.remember import remember
from tests.doors import SAMPLE, cli, write_folder

AT = 1_780_000_000_000_000


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A world with pictures, as a folder, and its tables."""
    tables = dict(simulate.world(150, 12, random_state=1006, automated_share=0.4, media=True))
    folder = tmp_path_factory.mktemp("world")
    simulate.write(tables, folder)
    return folder, tables


@cache
def sample():
    return find.campaigns(read_dataset(SAMPLE))


def equal(one, other):
    return (
        one.table.equals(other.table)
        and one.members().equals(other.members())
        and one.operations(operators=True).equals(other.operations(operators=True))
    )


def test_campaigns_of_the_sample_are_mostly_of_one_mind():
    """Where most of a campaign's labelled accounts are automated, the unlabelled ones are too; others are of fans."""
    truth = simulate.truth(400, random_state=0)
    bad = set(truth.filter(truth["is_automated"])["account_id"].to_pylist())
    members = sample().members().to_pylist()
    for row in sample().table.to_pylist():
        who = [each for each in members if (each["kind"], each["campaign"]) == (row["kind"], row["campaign"])]
        assert len(who) == row["n_accounts"]
        if (row["automated_share"] or 0) > 0.5:
            assert all(each["account_id"] in bad for each in who), row["campaign"]
    assert {"photo", "text"} <= set(sample().table["kind"].to_pylist())
    joined = sample().operations().filter(pc.field("n_campaigns") > 1)
    assert joined.num_rows
    for row in joined.to_pylist():
        assert row["n_automated"] in (0, row["n_labelled"])


def test_order_threads_and_unseen_rows_change_nothing(world):
    folder, tables = world
    as_of = pc.max(tables["messages"]["sent_at"]).as_py() - np.timedelta64(2, "D").astype(object)
    options = {"as_of": as_of, "history_days": 7, "min_accounts": 2}
    expected = find.campaigns(read_dataset(folder), n_jobs=1, **options)
    assert set(expected.table["kind"].to_pylist()) >= {"photo", "text"}
    rng = np.random.default_rng(0)
    shuffled = {name: table.take(pa.array(rng.permutation(table.num_rows))) for name, table in tables.items()}
    assert equal(expected, find.campaigns(Dataset(**shuffled, folder=folder), n_jobs=3, **options))
    instant = pa.scalar(as_of, pa.timestamp("us", "UTC"))
    since = pa.scalar(as_of - np.timedelta64(7, "D").astype(object), pa.timestamp("us", "UTC"))
    seen = dict(tables)
    for name, time in (("photos", "set_at"), ("texts", "observed_at"), ("messages", "sent_at"),
                       ("labels", "labelled_at"), ("evidence", "observed_at")):  # fmt: skip
        at = tables[name][time]
        seen[name] = tables[name].filter(pc.and_(pc.less(at, instant), pc.greater_equal(at, since)))
    assert equal(expected, find.campaigns(Dataset(**seen, folder=folder), **options))


def lists(n_accounts, n_recipients, *, ids=str, apart=0):
    """Accounts that write to the same strangers, and one that writes to others."""
    rows = [
        (ids(k), ids(1000 + r), AT + k * apart + r * 1_000_000)
        for k in range(n_accounts)
        for r in range(n_recipients)
    ]
    rows += [(ids(500), ids(2000 + r), AT + r) for r in range(n_recipients)]
    sender, recipient, sent_at = zip(*rows, strict=True)
    messages = {
        "sender_id": sender,
        "recipient_id": recipient,
        "sent_at": pa.array(sent_at, pa.timestamp("us", "UTC")),
    }
    return Dataset(accounts={"account_id": sorted(set(sender))}, messages=messages)


@pytest.mark.parametrize("ids", [str, int])
def test_a_bought_list(ids):
    found = find.campaigns(lists(4, 30, ids=ids))
    (row,) = found.table.to_pylist()
    assert (row["kind"], row["n_accounts"], row["n_recipients"], row["time_overlap"]) == ("list", 4, 30, 1.0)
    assert found.members()["account_id"].to_pylist() == [ids(k) for k in range(4)]
    span = (row["last_seen"] - row["first_seen"]).total_seconds()
    assert span == 29
    assert "30 recipients, 100% of the accounts at the same time" in find.summary(found)
    assert find.campaigns(lists(4, 30, ids=ids, apart=DAY_US)).table["time_overlap"].to_pylist() == [0.0]


def test_lists_do_not_depend_on_groups_or_on_the_log_given():
    data = lists(4, 30)
    messages = data.messages.append_column("is_group", pa.array(np.arange(data.messages.num_rows) % 10 == 0))
    ids = messages["recipient_id"].cast(pa.string())
    messages = messages.set_column(1, "recipient_id", pc.if_else(messages["is_group"], pa.scalar("0"), ids))
    messages = messages.filter(pc.not_equal(messages["sender_id"].cast(pa.string()), "0"))
    grouped = Dataset(accounts=data.accounts, messages=messages)
    found = find.campaigns(grouped, ego=EgoLog.build(grouped, n_jobs=2))
    assert equal(found, find.campaigns(grouped))
    assert found.table["n_accounts"].to_pylist() == [3]
    assert found.table["n_recipients"][0].as_py() < 30


def test_a_short_list_and_a_popular_recipient_are_no_campaign():
    assert len(find.campaigns(lists(5, 4))) == 0
    assert len(find.campaigns(lists(110, 10))) == 0  # everybody's customers are on no bought list


def test_a_photo_that_drifts_is_one_operation():
    """Its ends have nothing in common: it is cut into campaigns, and they belong together."""
    rng = np.random.default_rng(1)
    n = 60
    words = np.repeat(rng.integers(0, 2**64, (1, 4), dtype=np.uint64), n, axis=0)
    for k, bit in enumerate(rng.permutation(256)[: 3 * n]):
        words[k // 3 + 1 :, bit >> 6] ^= np.uint64(1) << np.uint64(bit & 63)
    other = rng.integers(0, 2**64, (1, 4), dtype=np.uint64)
    hashes = to_hex(np.concatenate([words, np.repeat(other, 5, axis=0)]))
    ids = [f"a{k}" for k in range(len(hashes))]
    data = Dataset(
        accounts={"account_id": ids},
        messages={"sender_id": ["a0"], "recipient_id": ["a1"], "sent_at": [10]},
        photos={"account_id": ids, "set_at": [5] * len(ids), "photo_hash": hashes},
        time_unit="s",
    )
    found = find.campaigns(data)
    sizes = found.table["n_accounts"].to_pylist()
    assert len(sizes) > 2
    assert sum(sizes) == n + 5
    drifted, alone = found.operations().to_pylist()
    assert (drifted["n_campaigns"], drifted["n_accounts"]) == (len(sizes) - 1, n)
    assert (alone["n_campaigns"], alone["n_accounts"]) == (1, 5)


def test_turned_and_mirrored_copies_are_one_campaign(tmp_path):
    """As files; of hashes made elsewhere nobody knows how the picture looks mirrored."""
    pixels = np.random.default_rng(0).integers(0, 255, (2, 6, 6, 3), dtype=np.uint8)
    one, other = (Image.fromarray(each).resize((200, 200), Image.Resampling.BICUBIC) for each in pixels)
    pictures = [one, ImageOps.mirror(one), one.rotate(90), other]
    for k, picture in enumerate(pictures):
        picture.save(tmp_path / f"{k}.png")
    files = [0, 0, 1, 1, 2, 3, 3, 3]
    ids = [f"a{k}" for k in range(len(files))]
    rows = {"account_id": ids, "set_at": [5] * len(ids)}
    hashes = [to_hex(fingerprint(tmp_path / f"{k}.png").words[:1])[0] for k in range(4)]

    def sizes(**photos):
        data = Dataset(
            accounts={"account_id": ids},
            messages={"sender_id": ["a0"], "recipient_id": ["a1"], "sent_at": [10]},
            photos=rows | photos,
            time_unit="s",
            folder=tmp_path,
        )
        found = find.campaigns(data, min_accounts=1)
        assert set(found.table["fingerprint"].to_pylist()) <= set(
            hashes
        )  # as they are shown, for banks of hashes
        return found.table["n_accounts"].to_pylist()

    assert sizes(photo=[f"{k}.png" for k in files]) == [5, 3]
    assert sizes(photo_hash=[hashes[k] for k in files]) == [3, 2, 2, 1]
    for stays in range(3):  # files turn to a hash
        some = [hashes[k] if k == stays else None for k in files]
        assert sizes(photo=[f"{k}.png" for k in files], photo_hash=some) == [5, 3]


def test_kinds_that_are_not_asked_for_are_not_read(world, monkeypatch):
    def no_reading(*_, **__):
        raise AssertionError("was read")

    monkeypatch.setattr("spamclf.campaigns.shown.read_photos", no_reading)
    monkeypatch.setattr("spamclf.campaigns.shown.read_texts", no_reading)
    monkeypatch.setattr("spamclf.lists.stranger_lists", no_reading)
    data = read_dataset(world[0])
    for kind in ("photo", "text", "list"):
        with pytest.raises(AssertionError, match="was read"):
            find.campaigns(data, kinds=[kind])
    monkeypatch.undo()
    monkeypatch.setattr("spamclf.campaigns.shown.read_texts", no_reading)
    assert set(find.campaigns(data, kinds=["photo", "list"]).table["kind"].to_pylist()) <= {"photo", "list"}


def test_the_summary_names_no_account_and_no_operator():
    text = find.summary(sample())
    ids = set(sample().members()["account_id"].to_pylist())
    assert not ids & set(re.findall(r"\w+", text))
    assert "operator-" not in text
    assert "operator-" in find.summary(sample(), operators=True)
    assert find.summary(sample(), top=0).count("\n") == 0
    assert find.summary(sample(), top=1).splitlines()[0].split()[:2] == [
        sample().table["kind"][0].as_py(), str(sample().table["campaign"][0].as_py()),
    ]  # fmt: skip


def test_wrong_arguments_come_before_any_work(monkeypatch):
    data = lists(2, 5)
    monkeypatch.setattr("spamclf.find.EgoLog", None)
    for options in ({"kinds": ["x"]}, {"min_accounts": 0}, {"history_days": -1}, {"as_of": "soon"}):
        with pytest.raises(ParameterError):
            find.campaigns(data, **options)
    with pytest.raises(ParameterError, match="must be a Dataset"):
        find.campaigns("data/sample")
    for options, says in (
        ({"history_days": "30"}, "history_days must be a number of days; got str"),
        ({"min_accounts": "3"}, "campaigns: min_accounts must be a whole number"),
        ({"kinds": 5}, "campaigns: kinds must be some of photo, text, list; got 5"),
        ({"n_jobs": None}, "n_jobs must be a number of threads"),
    ):
        with pytest.raises(ParameterError, match=says):
            find.campaigns(data, **options)


def test_a_wrong_instant_is_told_before_photos_are_read(world, monkeypatch):
    def no_reading(*_, **__):
        raise AssertionError("was read")

    monkeypatch.setattr("spamclf.campaigns.shown.read_photos", no_reading)
    with pytest.raises(ParameterError, match="as_of must be an instant"):
        find.campaigns(read_dataset(world[0]), as_of="soon")


def test_the_summary_says_what_is_known_in_the_order_asked_for():
    text = find.summary(sample(), by="automated")
    best = sample().ranked("automated").slice(0, 1).to_pylist()[0]
    assert text.splitlines()[0].split()[:2] == [best["kind"], str(best["campaign"])]
    assert f"{best['n_automated']} of {best['n_labelled']} labelled automated (" in text.splitlines()[0]
    for wrong in ({"top": -1}, {"top": "all"}, {"by": "worst"}):
        with pytest.raises(ParameterError, match=next(iter(wrong))):
            find.summary(sample(), **wrong)
    with pytest.raises(ParameterError, match="found must be Campaigns; got Table"):
        find.summary(sample().table)


def test_one_account_is_one_account():
    found = find.campaigns(lists(1, 30), min_accounts=1)
    assert "1 account (+1 in 24 h)" in find.summary(found)
    assert "1 accounts" not in find.summary(found)


def test_ids_survive_in_a_file_of_members(tmp_path):
    """As in a file of scores: an id that a spreadsheet would reckon with must find its account again."""
    names = ["+491701234567", "=1+1", "-5", "@name"]
    found = find.campaigns(lists(4, 30, ids=lambda k: names[k] if k < 4 else f"s{k}"))
    write_result(found.members(), tmp_path / "m.csv")
    with open(tmp_path / "m.csv", encoding="utf-8", newline="") as file:
        written = [row["account_id"] for row in csv.DictReader(file)]
    assert "'=1+1" in written
    assert set(restored_ids(written).to_pylist()) == set(names)


def test_the_hash_of_a_photo_finds_its_bank():
    photos = sample().table.filter(pc.equal(sample().table["kind"], "photo"))
    words = from_hex(photos["fingerprint"])
    data = read_dataset(SAMPLE)
    for row, hashed in zip(photos.to_pylist(), words, strict=True):
        picture = fingerprint(data.folder / row["example"])
        assert (picture.words[0] == hashed).all()
    assert sample().table["fingerprint"].null_count == len(sample()) - len(photos)


def test_a_sheet_of_no_photo_campaign_is_told_to_be_empty(tmp_path):
    messages = {
        "sender_id": ["a"],
        "recipient_id": ["b"],
        "sent_at": pa.array([1_780_272_000_000_000], pa.timestamp("us", "UTC")),
    }
    folder = write_folder({"accounts": {"account_id": ["a"]}, "messages": messages}, tmp_path / "few")
    result = cli("campaigns", folder, "--sheet", tmp_path / "s.png")
    assert result.exit_code == 0, result.output
    assert "no photo campaign found: a sheet that says so written to" in result.stdout
    assert "their photos" not in result.stdout


@pytest.mark.parametrize("kinds", ["list", "text,list"])
def test_a_sheet_without_photos_is_refused_before_work(tmp_path, monkeypatch, kinds):
    def no_work(*_, **__):
        raise AssertionError("work was begun")

    monkeypatch.setattr("spamclf.folders.read_dataset", no_work)
    result = CliRunner().invoke(
        main, ["campaigns", str(SAMPLE), "--kind", kinds, "--sheet", str(tmp_path / "s.png")]
    )
    assert result.exit_code == 2
    assert "a sheet shows photos only" in result.output
    assert not list(tmp_path.iterdir())


def test_a_simulated_world_of_hashes_is_remembered(tmp_path):
    """Its scheme is a known one, so that what is learned from it can be kept, and is compared with no other."""
    tables = simulate.world(120, 10, random_state=1007, automated_share=0.4, media=False)
    simulate.write(tables, tmp_path / "w")
    data = read_dataset(tmp_path / "w")
    assert data.schemes == {"photo_hash": {"scheme": "simulated-256"}}
    memory = remember(EgoLog.build(data), (data.last_instant() or 0) + 1, ["photo_shown"], history_days=30)
    memory.save(tmp_path / "m")
    loaded = CampaignIndex.load(tmp_path / "m")
    assert loaded.schemes == {"photo": "simulated-256"}
    with pytest.raises(SchemaError, match="one kind and scheme"):
        loaded.add(Sightings.of("photo", "pdq", [7], [20], np.array([[1, 0, 0, 2]])))
