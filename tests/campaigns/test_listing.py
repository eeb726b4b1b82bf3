"""The listing counts what a slow count of the same clusters counts, as of the instant, whatever the order of rows."""

from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset
from spamclf.campaigns import listing, parts
from spamclf.campaigns.clusters import Clusters
from spamclf.campaigns.listing import list_campaigns
from spamclf.campaigns.shown import Prints
from spamclf.campaigns.sightings import Sightings, pseudonyms
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.instants import DAY_US

START = 20_000 * DAY_US
NOW = START + 40 * DAY_US


def by_tens(words, *, near, n_jobs):
    """Stands in for the clusters: fingerprints whose first words fall into the same ten; the least is the medoid."""
    tens = words[:, 0] // 10
    _, medoid, label = np.unique(tens, return_index=True, return_inverse=True)
    return Clusters(label.astype(np.int32), medoid.astype(np.int32), np.arange(medoid.size, dtype=np.int32))


def seen_in(table, kind, time, value):
    """Stands in for reading a table: the number after the # of what is shown is the fingerprint."""
    shows = table[value].to_pylist()
    numbers = np.array([int(text.rsplit("#", 1)[1]) for text in shows], np.uint64)
    words = np.zeros((len(shows), 4 if kind == "photo" else 128), np.uint64)
    words[:, 0] = numbers
    ids = table["account_id"].combine_chunks()
    ids = ids.dictionary_decode() if pa.types.is_dictionary(ids.type) else ids
    instant = np.asarray(table[time].cast(pa.int64()), np.int64)
    sightings = Sightings.of(kind, "test", pseudonyms(ids), instant, words)
    group = np.searchsorted(np.unique(numbers), numbers).astype(np.int32)
    return SimpleNamespace(
        sightings=sightings, account_ids=ids, instant=instant, group=group, row=np.arange(len(shows)),
        prints=Prints.plain(len(sightings.words)),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _fakes(monkeypatch):
    def shown(dataset, kind, n_jobs):
        how = {"photo": ("photos", "set_at", "photo"), "text": ("texts", "observed_at", "text")}[kind]
        return seen_in(dataset.tables[how[0]], kind, *how[1:])

    monkeypatch.setattr(listing, "_shown", shown)
    monkeypatch.setattr(parts, "cluster", by_tens)


def made(photos=(), texts=(), labels=(), evidence=(), *, accounts=(), **options):
    """A dataset of (account, instant, ...) rows."""

    def table(rows, *names):
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        types = {"is_automated": pa.bool_()} | {
            name: pa.timestamp("us", "UTC") for name in names if name[-3:] == "_at"
        }
        return {
            name: pa.array(column, types.get(name, pa.string()))
            for name, column in zip(names, columns, strict=True)
        }

    people = sorted({row[0] for rows in (photos, texts, labels, evidence) for row in rows} | set(accounts))
    return Dataset(
        accounts={"account_id": pa.array(people, pa.string())},
        messages=table([], "sender_id", "recipient_id", "sent_at"),
        photos=table(photos, "account_id", "set_at", "photo"),
        texts=table(
            [(who, when, "about", text) for who, when, text in texts], "account_id", "observed_at", "source", "text"
        ),
        labels=table(labels, "account_id", "labelled_at", "is_automated"),
        evidence=table(
            [(who, when, "on_platform", operator) for who, when, operator in evidence],
            "account_id", "observed_at", "kind", "operator",
        ),
        not_after="2040-01-01",
        **options,
    )  # fmt: skip


def slow(rows, kind, labels, evidence, since, until, least):
    """Count the campaigns of one kind in plain Python."""
    clusters = {}
    for who, when, text in rows:
        if since <= when < until:
            clusters.setdefault(int(text.rsplit("#", 1)[1]) // 10, []).append((when, who, text))
    known = {}
    for who, when, automated in sorted(labels, key=lambda row: (row[1], not row[2])):
        if since <= when < until:
            known[who] = automated
    tied = {who for who, when, operator in evidence if operator is not None and since <= when < until}
    found = []
    for cluster, sightings in clusters.items():
        people = {who for _, who, _ in sightings}
        if len(people) < least:
            continue
        begins = {who: min(when for when, other, _ in sightings if other == who) for who in people}
        n_labelled = sum(who in known for who in people)
        n_automated = sum(known.get(who, False) for who in people)
        numbers = {int(text.rsplit("#", 1)[1]) for *_, text in sightings}
        medoid = min(numbers)
        found.append(
            {
                "kind": kind, "cluster": cluster, "n_accounts": len(people), "n_fingerprints": len(numbers),
                "first_seen": min(sightings)[0], "last_seen": max(sightings)[0],
                "growth_24h": sum(begin >= until - DAY_US for begin in begins.values()),
                "n_labelled": n_labelled, "n_automated": n_automated,
                "automated_share": n_automated / n_labelled if n_labelled else None,
                "n_evidence": len(people & tied),
                "example": min(
                    (when, text) for when, _, text in sightings if int(text.rsplit("#", 1)[1]) == medoid
                )[1],
            }
        )  # fmt: skip
    return found


instants = st.one_of(
    st.integers(START + 35 * DAY_US, NOW + DAY_US),
    st.sampled_from([NOW - 30 * DAY_US - 1, NOW - 30 * DAY_US, NOW - DAY_US - 1, NOW - DAY_US, NOW - 1, NOW]),
)
people = st.sampled_from("abcdefg")
shows = st.builds(
    lambda spelling, number: f"{spelling}#{number}", st.sampled_from(["x", "y"]), st.integers(0, 35)
)
rows = st.lists(st.tuples(people, instants, shows), max_size=25)
label_rows = st.lists(st.tuples(people, instants, st.booleans()), max_size=8)
evidence_rows = st.lists(st.tuples(people, instants, st.sampled_from(["o", "p", None])), max_size=6)


any_campaigns = given(
    photos=rows, texts=rows, labels=label_rows, evidence=evidence_rows, least=st.integers(1, 3),
    rng=st.randoms(use_true_random=False),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@any_campaigns
def test_counts_are_those_of_a_slow_count(**campaigns):
    check_counts(**campaigns)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@any_campaigns
def test_counts_are_those_of_a_slow_count_at_length(**campaigns):
    check_counts(**campaigns)


def check_counts(photos, texts, labels, evidence, least, rng):
    options = {"as_of": NOW, "min_accounts": least, "n_jobs": 1}
    found = list_campaigns(made(photos, texts, labels, evidence, accounts="a"), **options)
    since = NOW - 30 * DAY_US
    expected = [
        row
        for kind, given_rows in (("photo", photos), ("text", texts))
        for row in slow(given_rows, kind, labels, evidence, since, NOW, least)
    ]
    expected.sort(key=lambda row: (-row["n_accounts"], row["first_seen"], row["kind"], row["cluster"]))
    got = found.table.to_pylist()
    for row in got:
        row["first_seen"], row["last_seen"] = (
            round(row[name].timestamp() * 1e6) for name in ("first_seen", "last_seen")
        )
    names = [name for name in expected[0] if name != "cluster"] if expected else []
    assert [[row[name] for name in names] for row in got] == [
        [row[name] for name in names] for row in expected
    ]
    for kind in ("photo", "text"):
        numbers = [row["campaign"] for row in got if row["kind"] == kind]
        assert numbers == list(range(1, len(numbers) + 1))
    members = found.members()
    assert members.num_rows == sum(row["n_accounts"] for row in got)

    # neither the order of rows nor what lies outside the history changes anything
    tables = [rng.sample(table, len(table)) for table in (photos, texts, labels, evidence)]
    outside = [[row for row in table if since <= row[1] < NOW] for table in tables]
    for again in (tables, outside):
        other = list_campaigns(made(*again, accounts="abcdefg"), **options)
        assert other.table.equals(found.table)
        assert other.members().equals(members)
        assert other.operations(operators=True).equals(found.operations(operators=True))


@settings(max_examples=50, deadline=None)
@given(rows)
def test_fingerprints_are_told_apart(photos):
    found = list_campaigns(made(photos, accounts="a"), as_of=NOW, min_accounts=2)
    prints = found.fingerprints()
    for row in found.table.to_pylist():
        mine = [each for each in prints.to_pylist() if each["campaign"] == row["campaign"]]
        assert len(mine) == row["n_fingerprints"]
        assert [each["is_medoid"] for each in mine] == [True] + [False] * (len(mine) - 1)
        sizes = [each["n_accounts"] for each in mine[1:]]
        assert sizes == sorted(sizes, reverse=True)
        for each in mine:
            _, when, text = photos[each["row"]]
            same = [
                (w, n)
                for w, n, t in photos
                if t.rsplit("#")[1] == text.rsplit("#")[1] and NOW - 30 * DAY_US <= n < NOW
            ]
            assert each["n_accounts"] == len({w for w, _ in same})
            assert when == min(n for _, n in same)


def shared(names, number, when=NOW - 5 * DAY_US):
    return [(name, when, f"t#{number}") for name in names]


def test_larger_first_then_earlier_and_numbered_by_kind():
    texts = shared("abc", 10) + shared("abcd", 20) + shared("efg", 30, NOW - 6 * DAY_US)
    found = list_campaigns(made(shared("xyz", 0, NOW - DAY_US), texts), as_of=NOW)
    assert found.table.select(["kind", "campaign", "example"]).to_pylist() == [
        {"kind": "text", "campaign": 1, "example": "t#20"},
        {"kind": "text", "campaign": 2, "example": "t#30"},
        {"kind": "text", "campaign": 3, "example": "t#10"},
        {"kind": "photo", "campaign": 1, "example": "t#0"},
    ]
    assert repr(found) == "<Campaigns: 4 (1 of photos, 3 of texts)>"
    assert len(found) == 4
    # numbers do not depend on the other kinds, nor on how small a cluster may be
    alone = list_campaigns(made(texts=texts), as_of=NOW, kinds="text", min_accounts=4)
    assert (
        alone.table.select(["kind", "campaign", "example"]).to_pylist()
        == found.table.select(["kind", "campaign", "example"]).to_pylist()[:1]
    )


def test_lists_are_handed_over():
    ids = pa.array(["a", "b", "c", "nobody"])
    words = np.tile(np.array([7], np.uint32), (4, 128))

    def lists(until):
        instant = np.full(4, until - 1)
        return SimpleNamespace(
            sightings=Sightings.of("list", "test", pseudonyms(ids), instant, words), account_ids=ids, instant=instant,
            group=np.zeros(4, np.int32), row=np.full(4, 57), prints=Prints.plain(1),
        )  # fmt: skip

    found = list_campaigns(made(accounts="abc"), as_of=NOW, lists=lists)
    (row,) = found.table.to_pylist()
    assert (row["kind"], row["n_accounts"], row["n_recipients"], row["example"]) == ("list", 3, 57, None)
    assert found.members()["account_id"].to_pylist() == ["a", "b", "c"]
    assert found.fingerprints()["row"].to_pylist() == [None]


def test_the_hash_of_a_photo_stands_beside_its_path():
    found = list_campaigns(made(shared("abc", 10) + shared("de", 11), shared("fgh", 3)), as_of=NOW)
    assert found.table.select(["kind", "example", "fingerprint"]).to_pylist() == [
        {"kind": "photo", "example": "t#10", "fingerprint": f"{10:016x}" + "0" * 48},
        {"kind": "text", "example": "t#3", "fingerprint": None},
    ]
    prints = found.fingerprints().select(["is_medoid", "fingerprint"]).to_pylist()
    assert [(each["is_medoid"], each["fingerprint"]) for each in prints] == [
        (True, f"{10:016x}" + "0" * 48), (False, f"{11:016x}" + "0" * 48), (True, None),
    ]  # fmt: skip


def test_other_rankings():
    texts = shared("abcd", 10) + shared("efg", 20, NOW - 1) + shared("hij", 30) + shared("klm", 40)
    labels = [(who, NOW - 1, who in "he") for who in "abcdhe"] + [("f", NOW - 1, True)]
    found = list_campaigns(made(texts=texts, labels=labels), as_of=NOW)
    shown = {by: found.ranked(by)["example"].to_pylist() for by in ("size", "automated", "growth")}
    assert shown == {
        "size": [
            "t#10",
            "t#30",
            "t#40",
            "t#20",
        ],  # of one size the earlier one; of one instant the lesser content
        "automated": ["t#20", "t#30", "t#40", "t#10"],  # 2 of 2, 1 of 1, none labelled, 0 of 4
        "growth": ["t#20", "t#10", "t#30", "t#40"],
    }
    for by in ("worst", 3, None, ["size"]):
        with pytest.raises(ParameterError, match="by must be one of size, automated, growth"):
            found.ranked(by)


def test_operations_and_their_operators():
    photos = shared("abcd", 0) + shared("xyz", 10)
    texts = shared("cdef", 20) + shared("hij", 30)
    evidence = [
        ("x", NOW - 1, "Ltd"),
        ("y", NOW - 1, "Ltd"),
        ("h", NOW - 1, "Ltd"),
        ("i", NOW - 2, "Ltd"),
        ("h", NOW, "No"),
    ]
    labels = [
        ("a", NOW - 1, True),
        ("c", NOW - 1, True),
        ("d", NOW - 2, True),
        ("d", NOW - 2, False),
        ("e", NOW, True),
    ]
    found = list_campaigns(made(photos, texts, labels, evidence), as_of=NOW)
    table = found.operations(operators=True)
    assert table.select(
        ["operation", "n_campaigns", "n_accounts", "kinds", "n_labelled", "n_automated", "n_evidence", "operators"]
    ).to_pylist() == [
        {
            "operation": 1, "n_campaigns": 2, "n_accounts": 6, "kinds": ["photo", "text"], "n_labelled": 3,
            "n_automated": 2, "n_evidence": 0, "operators": [],
        },
        {
            "operation": 2, "n_campaigns": 2, "n_accounts": 6, "kinds": ["photo", "text"], "n_labelled": 0,
            "n_automated": 0, "n_evidence": 4, "operators": ["Ltd"],
        },
    ]  # fmt: skip
    assert "operators" not in found.operations().column_names
    assert found.table["operation"].to_pylist() == [1, 1, 2, 2]


def test_nothing_to_list():
    for dataset in (made(), made(accounts="ab"), made(shared("ab", 3))):
        found = list_campaigns(dataset, as_of=NOW)
        assert len(found) == 0
        assert repr(found) == "<Campaigns: 0>"
        assert (
            found.members().num_rows
            == found.fingerprints().num_rows
            == found.operations(operators=True).num_rows
            == 0
        )
    full = list_campaigns(made(shared("abc", 3), shared("abc", 3)), as_of=NOW)
    assert found.table.schema == full.table.schema
    assert found.operations(operators=True).schema == full.operations(operators=True).schema
    assert found.members().schema == full.members().schema


def test_integer_ids_and_frames():
    dataset = Dataset(
        accounts=pd.DataFrame({"account_id": [1, 2, 3]}),
        messages={"sender_id": [1], "recipient_id": [2], "sent_at": [1_000]},
        photos={"account_id": [1, 2, 3], "set_at": [10, 10, 10], "photo": ["p#1"] * 3},
        time_unit="s",
    )
    found = list_campaigns(dataset)
    assert found.as_of == 1_000_000_001
    assert found.members()["account_id"].to_pylist() == [1, 2, 3]
    assert isinstance(found.to_pandas(), pd.DataFrame)
    assert found.to_arrow() is found.table


def test_arguments_are_checked():
    dataset = made(accounts="a")
    for options, says in (
        ({"kinds": ["video"]}, "kinds must be some of photo, text, list; got 'video'"),
        ({"kinds": []}, "got none"),
        ({"kinds": 5}, "kinds must be some of photo, text, list; got 5"),
        ({"kinds": [["photo"]]}, "kinds must be some of"),
        ({"min_accounts": "3"}, "min_accounts must be a whole number from 1; got '3'"),
        ({"history_days": "30"}, "history_days must be a number of days; got str"),
        ({"history_days": None}, "history_days must be a number of days; got NoneType"),
        ({"history_days": True}, "history_days must be a number of days; got bool"),
        ({"n_jobs": "all"}, "n_jobs must be a number of threads, or negative; got 'all'"),
        ({"n_jobs": 0}, "n_jobs must be a number of threads, or negative; got 0"),
        ({"as_of": 1.5}, "as_of must be an instant"),
        ({"kinds": "list"}, "lists must be given"),
        ({"min_accounts": 0}, "min_accounts must be a whole number from 1"),
        ({"min_accounts": 2.5}, "min_accounts must be a whole number from 1"),
        ({"history_days": 0}, "history_days must be above 0"),
        ({"as_of": "soon"}, "as_of must be an instant"),
    ):
        with pytest.raises(ParameterError, match=says):
            list_campaigns(dataset, **{"as_of": NOW} | options)
    with pytest.raises(ParameterError, match="must be a Dataset"):
        list_campaigns("data/sample")
    with pytest.raises(InsufficientDataError, match="as_of must be given"):
        list_campaigns(dataset)


def test_a_large_listing_is_counted_quickly():
    """No loop over sightings: a hundred thousand of them take well under a second or two."""
    import time

    rng = random.Random(1)
    photos = [(f"a{k % 50_000}", NOW - 1 - k, f"p#{rng.randrange(20_000)}") for k in range(100_000)]
    dataset = made(photos)
    begin = time.perf_counter()
    found = list_campaigns(dataset, as_of=NOW)
    assert time.perf_counter() - begin < 10
    assert found.table["n_accounts"].to_numpy().sum() <= 100_000
