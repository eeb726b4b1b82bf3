"""The memory of campaigns is a set: no order, no batch and no file changes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.sightings import Sightings, pseudonyms
from spamclf.campaigns.verdicts import Evidence, Labels
from spamclf.errors import ModelFileError, OutputError, ParameterError, SchemaError
from tests.campaigns.indexes import SCHEMES, contents, random_index, same, sightings

seeds = st.integers(0, 2**32)


def index_of(seed: int) -> CampaignIndex:
    return random_index(np.random.default_rng(seed))


# ---- sets --------------------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(seeds, seeds, seeds)
def test_merging_is_a_union(one: int, two: int, three: int) -> None:
    a, b, c = map(index_of, (one, two, three))
    assert same(a.merge(b), b.merge(a))
    assert same(a.merge(b).merge(c), a.merge(b.merge(c)))
    assert same(a.merge(b, c), c.merge(a, b))
    assert same(a.merge(a), a)
    assert same(a.merge(), a)
    assert same(a.merge(CampaignIndex.empty()), a)
    assert same(CampaignIndex.empty().merge(a), a)
    merged, mine, yours = contents(a.merge(b)), contents(a), contents(b)
    for name in ("photo", "text", "list", "evidence"):
        assert merged[name] == mine[name] | yours[name]
    verdicts: dict[tuple[int, int], bool] = {}
    for account, instant, verdict in mine["labels"] | yours["labels"]:
        verdicts[account, instant] = verdicts.get((account, instant), True) and verdict
    assert merged["labels"] == {(*key, verdict) for key, verdict in verdicts.items()}


@settings(max_examples=100)
@given(st.randoms(use_true_random=False), seeds)
def test_any_order_and_any_batches_give_the_same_index(random, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [
        (kind, tuple(int(number) for number in rng.integers(0, 5, 3)))
        for kind in ("photo", "text", "list", "label", "evidence")
        for _ in range(4)
    ]

    def built(parts: list[list[tuple[str, tuple[int, ...]]]]) -> CampaignIndex:
        index = CampaignIndex()
        for part in parts:
            by_kind = {kind: [row for other, row in part if other == kind] for kind, _ in rows}
            index = index.add(
                *(sightings(kind, by_kind[kind]) for kind in ("photo", "text", "list")),
                labels=Labels.of(*np.array([(a, b, c % 2) for a, b, c in by_kind["label"]]).reshape(-1, 3).T),
                evidence=Evidence.of(*np.array(by_kind["evidence"]).reshape(-1, 3).T),
            )
        return index

    shuffled = rows * 2
    random.shuffle(shuffled)
    cuts = [0, *sorted(random.sample(range(len(shuffled) + 1), 3)), len(shuffled)]
    batches = [shuffled[low:high] for low, high in pairwise(cuts)]
    assert same(built(batches), built([rows]))


@settings(max_examples=100)
@given(seeds, st.integers(0, 10))
def test_before_is_what_was_known_then(seed: int, instant: int) -> None:
    index = index_of(seed)
    found, whole = contents(index.before(instant)), contents(index)
    for name, rows in whole.items():
        assert found[name] == {row for row in rows if row[1] < instant}
    assert same(index.before(instant).before(instant), index.before(instant))


@settings(max_examples=150)
@given(seeds, st.integers(0, 11))
def test_forgetting_takes_old_accounts_with_all_that_is_known_of_them(seed: int, instant: int) -> None:
    index = index_of(seed)
    whole = contents(index)
    seen = [row for name in ("photo", "text", "list") for row in whole[name]]
    known = [row for name in ("labels", "evidence") for row in whole[name]]
    stays = set()
    for account in {row[0] for row in seen + known}:
        mine = [row[1] for row in seen if row[0] == account] or [row[1] for row in known if row[0] == account]
        if max(mine) >= instant:
            stays.add(account)
    forgotten = index.forget(instant)
    assert len(forgotten) == len(stays)
    assert contents(forgotten) == {
        name: {row for row in rows if row[0] in stays} for name, rows in whole.items()
    }
    for one in forgotten.sightings:
        assert np.unique(one.group).size == len(one.words)


def test_adding_changes_nothing_but_the_result() -> None:
    index = index_of(3)
    before = contents(index)
    index.add(sightings("photo", [(99, 5, 1)])), index.forget(5), index.before(5), index.merge(index_of(4))
    assert contents(index) == before


def test_instants_are_read_as_everywhere() -> None:
    day = 86_400_000_000
    index = CampaignIndex().add(sightings("photo", [(1, 0, 0), (2, day, 0)]))
    for instant in (day, "1970-01-02", datetime(1970, 1, 2, tzinfo=UTC)):
        assert index.before(instant).photos.account.tolist() == [1]
        assert index.forget(instant).photos.account.tolist() == [2]
    with pytest.raises(ParameterError, match=r"CampaignIndex\.forget: before must be an instant"):
        index.forget("yesterday")
    with pytest.raises(ParameterError, match=r"CampaignIndex\.before: instant must be"):
        index.before(None)


def test_other_schemes_are_refused() -> None:
    """Row 14: an error, never a similarity."""
    sha1 = SCHEMES["text"].replace("xxh32", "sha1")
    one = CampaignIndex().add(sightings("text", [(1, 1, 1)]))
    other = CampaignIndex().add(Sightings.of("text", sha1, [1], [1], np.ones((1, 128))))
    for merge in (lambda: one.merge(other), lambda: other.merge(one), lambda: one.add(other.texts)):
        with pytest.raises(SchemaError, match="one kind and scheme"):
            merge()
    assert other.schemes == {"text": sha1}


def test_nothing_seen_has_no_scheme() -> None:
    """An index that forgot all its texts is the empty index, and takes texts of any scheme."""
    other = Sightings.of("text", SCHEMES["text"].replace("xxh32", "sha1"), [1], [1], np.ones((1, 128)))
    index = CampaignIndex().add(sightings("text", [(1, 1, 1)])).forget(2)
    assert not index
    assert same(index, CampaignIndex.empty())
    assert index.add(other).schemes == {"text": other.scheme}
    assert index.merge(CampaignIndex(texts=Sightings.empty("text", "whatever"))).schemes == {}


def test_kinds_keep_their_places() -> None:
    with pytest.raises(ParameterError, match="texts must be sightings of kind 'text'; got 'photo'"):
        CampaignIndex(texts=sightings("photo", []))


def test_what_is_not_sound_is_not_written(tmp_path: Path) -> None:
    unordered = Sightings(
        "photo", "pdq", *(np.array(a, t) for a, t in (([1, 2], "u8"), ([2, 1], "i8"), ([0, 0], "i4"))),
        np.ones((1, 4), np.uint64),
    )  # fmt: skip
    untyped = Sightings(
        "photo", "pdq", *(np.zeros(1, np.int64) for _ in range(3)), np.ones((1, 4), np.uint64)
    )
    unknown = Sightings.of("photo", "dhash", [1], [1], np.ones((1, 4)))
    early = replace(Sightings.of("photo", "pdq", [1], [1], np.ones((1, 4))), instant=np.array([-1]))
    for seen, match in ((unordered, "sorted"), (untyped, "uint64"), (unknown, "known one"), (early, "1970")):
        with pytest.raises(ParameterError, match=match):
            CampaignIndex(photos=seen).save(tmp_path / "index")
    assert not (tmp_path / "index").exists()


# ---- labels and evidence of a dataset ----------------------------------------------------------------------------


def dataset(word: str) -> Dataset:
    accounts = [f"{word}-{n}" for n in range(3)]
    return Dataset(
        messages={"sender_id": accounts[:1], "recipient_id": accounts[1:2], "sent_at": [5]},
        accounts={"account_id": accounts},
        labels={
            "account_id": [accounts[n] for n in (0, 0, 2, 0)],
            "is_automated": [True, False, True, True],
            "labelled_at": [10, 10, 20, 30],
        },
        evidence={
            "account_id": [accounts[n] for n in (1, 2, 1)],
            "observed_at": [40, 30, 40],
            "kind": ["off_platform"] * 3,
            "operator": [f"{word} & co", None, f"{word} & co"],
            "source": [f"{word} case"] * 3,
        },
        time_unit="us",
    )


def test_labels_and_evidence_are_read_from_a_dataset() -> None:
    data = dataset("x")
    accounts = pseudonyms(pa.array(["x-0", "x-1", "x-2"])).tolist()
    (operator,) = pseudonyms(pa.array(["x & co"])).tolist()
    index = CampaignIndex(labels=Labels.of_dataset(data), evidence=Evidence.of_dataset(data))
    found = contents(index)
    assert found["labels"] == {(accounts[0], 10, False), (accounts[2], 20, True), (accounts[0], 30, True)}
    assert found["evidence"] == {(accounts[1], 40, operator), (accounts[2], 30, 0)}
    assert len(index) == 3
    assert repr(index) == "<CampaignIndex: 3 accounts; 0 photos, 0 texts, 0 lists, 3 labels>"


def test_a_dataset_without_them_gives_none() -> None:
    data = Dataset(
        messages={"sender_id": [1], "recipient_id": [2], "sent_at": [5]},
        accounts={"account_id": [1]},
        time_unit="us",
    )
    assert len(Labels.of_dataset(data)) == len(Evidence.of_dataset(data)) == 0


def test_no_canary_in_the_file(tmp_path: Path) -> None:
    """Row 23: no id, no operator, no source; in no spelling."""
    word = "kanarienvogel"
    data = dataset(word)
    ids = pseudonyms(data.accounts["account_id"].combine_chunks().cast(pa.string()))
    seen = Sightings.of("photo", "pdq", ids, [1, 2, 3], np.arange(12).reshape(3, 4))
    index = CampaignIndex().add(seen, labels=Labels.of_dataset(data), evidence=Evidence.of_dataset(data))
    index.save(tmp_path / "index")
    for path in (tmp_path / "index").iterdir():
        for spelling in (word.encode(), word.encode("utf-16-le"), word.encode().hex().encode()):
            assert spelling not in path.read_bytes()
    assert word not in repr(index)


# ---- files -------------------------------------------------------------------------------------------------------


def check_round_trip(seed: int, folder: Path) -> None:
    index = random_index(np.random.default_rng(seed), n=30)
    index.save(folder, overwrite=True)
    loaded = CampaignIndex.load(folder)
    assert same(loaded, index)
    assert contents(loaded) == contents(index)
    assert loaded.labels.is_automated.dtype == np.bool_
    again = loaded.merge(index_of(seed + 1))  # what was loaded works on
    assert same(again, index.merge(index_of(seed + 1)))


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    for seed in range(30):
        check_round_trip(seed, tmp_path / "index")


@pytest.mark.slow
def test_a_thousand_indexes_are_loaded_as_saved(tmp_path: Path) -> None:
    for seed in range(1000, 2000):
        check_round_trip(seed, tmp_path / "index")


def test_the_empty_index_is_saved_and_loaded(tmp_path: Path) -> None:
    CampaignIndex.empty().save(tmp_path / "index")
    assert same(CampaignIndex.load(tmp_path / "index"), CampaignIndex.empty())


def test_the_same_index_is_the_same_files(tmp_path: Path) -> None:
    a, b = index_of(1), index_of(2)
    a.merge(b).save(tmp_path / "one")
    b.merge(a).save(tmp_path / "two")
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir() if path.suffix != ".lock"}
        for name in ("one", "two")
    )
    assert one == two
    assert len(one) == 2


def test_fingerprints_are_stored_once(tmp_path: Path) -> None:
    """A million copies cost 20 bytes each, not 512."""
    n = 1000
    CampaignIndex().add(
        Sightings.of("text", SCHEMES["text"], np.arange(n), np.arange(n), np.ones((n, 128)))
    ).save(tmp_path / "index")
    (path,) = (tmp_path / "index").glob("*.safetensors")
    assert path.stat().st_size < 20 * n + 512 + 4096


def test_an_index_is_kept_unless_told(tmp_path: Path) -> None:
    index_of(1).save(tmp_path)
    with pytest.raises(
        OutputError, match=r"CampaignIndex\.save: folder must hold no index yet.*overwrite=True"
    ):
        index_of(2).save(tmp_path)
    index_of(2).save(tmp_path, overwrite=True)
    assert same(CampaignIndex.load(tmp_path), index_of(2))
    assert len([path for path in tmp_path.iterdir() if path.suffix == ".safetensors"]) == 1


# ---- wrong arguments, and folders of models ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda index: CampaignIndex(photos=5), "CampaignIndex: photos must be Sightings; got int"),
        (lambda index: CampaignIndex(labels=[]), "CampaignIndex: labels must be Labels; got list"),
        (
            lambda index: CampaignIndex(evidence=Labels.of([], [], [])),
            "evidence must be Evidence; got Labels",
        ),
        (lambda index: index.add("x"), r"CampaignIndex\.add: sightings must be Sightings; got str"),
        (
            lambda index: index.add(index),
            r"CampaignIndex\.add: sightings must be Sightings; got CampaignIndex",
        ),
        (lambda index: index.add(labels=index), r"CampaignIndex\.add: labels must be Labels"),
        (lambda index: index.add(evidence=0), r"CampaignIndex\.add: evidence must be Evidence"),
        (lambda index: index.merge("x"), r"CampaignIndex\.merge: others must be campaign indexes; got str"),
        (lambda index: index.merge(None), r"CampaignIndex\.merge: others must be campaign indexes"),
        (lambda index: index.before(None), r"CampaignIndex\.before: instant must be an instant"),
        (lambda index: index.forget("soon"), r"CampaignIndex\.forget: before must be an instant"),
        (lambda index: index.clusters(None), r"CampaignIndex\.clusters: as_of must be an instant"),
        (lambda index: index.save(5), r"CampaignIndex\.save: folder must be a path; got int"),
        (lambda index: CampaignIndex.load(None), r"CampaignIndex\.load: folder must be a path; got NoneType"),
        (lambda index: CampaignIndex.from_arrays(5, {}), "arrays must be those of CampaignIndex"),
        (lambda index: CampaignIndex.from_arrays({}, {}), "arrays must be those of CampaignIndex"),
        (
            lambda index: CampaignIndex.from_arrays(index.arrays | {"operator": [1]}, {}),
            "arrays must be those of",
        ),
        (lambda index: CampaignIndex.from_arrays(index.arrays, 5), "schemes must be given"),
        (lambda index: Labels.of(["a"], [1], [True]), r"Labels\.of: account must be a column of pseudonyms"),
        (lambda index: Labels.of([-1], [1], [True]), r"Labels\.of: account must be a column of pseudonyms"),
        (lambda index: Labels.of(7, 1, True), r"Labels\.of: account must be a column .*; got a int"),
        (
            lambda index: Labels.of([1], [1.5], [True]),
            r"Labels\.of: labelled_at must be a column of microseconds",
        ),
        (lambda index: Labels.of([1], [None], [True]), "labelled_at must be a column"),
        (lambda index: Labels.of([1], [1], ["yes"]), "is_automated must be a column of booleans"),
        (
            lambda index: Labels.of([1], [1], [np.nan]),
            "is_automated must be a column of booleans.* Give True or False",
        ),
        (lambda index: Labels.of([1], [1], [2]), "is_automated must be a column of booleans"),
        (
            lambda index: Labels.of([1], [-1], [True]),
            "labelled_at must be a column of microseconds from 1970",
        ),
        (lambda index: Labels.of([1, 2], [1], [True]), "must be of one length; got 2, 1, 1"),
        (
            lambda index: Evidence.of([1], [np.nan], [1]),
            r"Evidence\.of: observed_at must be a column .* Give microseconds since the epoch",
        ),
        (lambda index: Evidence.of([1], [2], ["Ltd"]), r"Evidence\.of: operator must be a column"),
    ],
)
def test_wrong_types_are_refused_in_words(call: Any, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        call(random_index(np.random.default_rng(1)))


def test_of_no_parts_nothing_is_known() -> None:
    assert len(Labels.join()) == len(Evidence.join()) == 0


def test_large_pseudonyms_keep_their_values() -> None:
    accounts = [2**64 - 1, 3, 2**63 + 1]
    assert Labels.of(accounts, [1, 2, 3], [True] * 3).account.tolist() == accounts
    assert Evidence.of(np.array(accounts, np.uint64), [1, 2, 3], accounts).operator.tolist() == accounts


def test_an_index_is_not_put_into_a_models_folder(tmp_path: Path) -> None:
    index = random_index(np.random.default_rng(1))
    (tmp_path / "manifest.json").write_text("{}")
    for overwrite in (False, True):
        with pytest.raises(OutputError, match=r"folder must be no model's; .*replace\(model, memory=index\)"):
            index.save(tmp_path, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]
    with pytest.raises(
        ModelFileError, match=r"got '.*', a model's\. Use spamclf\.load_model\(folder\)\.memory"
    ):
        CampaignIndex.load(tmp_path)
