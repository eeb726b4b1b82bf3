"""The clusters of a memory at an instant: of the past alone, of a set, and the same as counted by hand."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset, find
from spamclf.campaigns.clusters import LIST, N_ROUNDS, PHOTO, TEXT
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.shown import read_photos, read_texts
from spamclf.campaigns.sightings import WIDTHS, Kind, Sightings, pseudonyms
from spamclf.campaigns.verdicts import Evidence, Labels
from spamclf.ego import EgoLog
from spamclf.errors import ParameterError
from spamclf.instants import DAY_US
from spamclf.lists import lists_of
from tests.campaigns import naive_clusters
from tests.campaigns.indexes import SCHEMES
from tests.doors import tables

seeds = st.integers(0, 2**32)
HOUR = DAY_US // 24
AS_OF = 10 * DAY_US
NEAR = {"photo": PHOTO, "text": TEXT, "list": LIST}
IDS = [f"account-{n}" for n in range(8)]
PSEUDONYMS = dict(zip(IDS, pseudonyms(pa.array(IDS)).tolist(), strict=True))

#: Rows as plain tuples: (kind, account, instant, what), of sightings, labels and evidence.
Rows = list[tuple[str, str, int, int]]


def words_of(kind: Kind, variant: int) -> np.ndarray:
    """Fingerprints that drift: neighbours link, those further apart do not, and every fifth is far from all others."""
    rng = np.random.default_rng(variant // 5)
    width, dtype = WIDTHS[kind]
    words = rng.integers(0, 2**32, width).astype(dtype)
    step = variant % 5
    if kind == "photo":
        words[0] = np.uint64((1 << (20 * min(step, 3))) - 1)
        words[1] = np.uint64((1 << (20 * max(step - 3, 0))) - 1)
    else:
        changed = {"text": 25, "list": 33}[kind] * step
        words[:changed] = rng.integers(0, 2**32, width)[:changed]
    return words


def random_rows(rng: np.random.Generator, n: int = 40) -> Rows:
    kinds = rng.choice(["photo", "text", "list", "label", "evidence"], n, p=[0.3, 0.2, 0.15, 0.2, 0.15])
    instants = AS_OF - rng.integers(-20, 40, n) * HOUR  # some at the instant itself, some later
    rows: Rows = []
    for kind, account, instant in zip(kinds.tolist(), rng.integers(0, len(IDS), n), instants, strict=True):
        what = int(rng.integers(0, 10 if kind in WIDTHS else 3))
        rows.append((kind, IDS[account], int(instant), what))
    return rows


def index_of(rows: Rows) -> CampaignIndex:
    def columns(kind: str) -> tuple[list[int], list[int], list[int]]:
        mine = [row for row in rows if row[0] == kind]
        return [PSEUDONYMS[row[1]] for row in mine], [row[2] for row in mine], [row[3] for row in mine]

    seen = []
    for kind in WIDTHS:
        account, instant, variant = columns(kind)
        words = np.array([words_of(kind, each) for each in variant]).reshape(-1, WIDTHS[kind][0])
        seen.append(Sightings.of(kind, SCHEMES[kind], account, instant, words))
    account, instant, verdict = columns("label")
    labels = Labels.of(account, instant, [each > 0 for each in verdict])
    return CampaignIndex().add(*seen, labels=labels, evidence=Evidence.of(*columns("evidence")))


def naive(rows: Rows, as_of: int, since: int = 0) -> list[dict[str, Any]]:
    """Count clusters one row at a time."""
    found = []
    rows = [row for row in rows if since <= row[2] < as_of]
    labels: dict[str, tuple[int, bool]] = {}
    for _, account, instant, verdict in (row for row in rows if row[0] == "label"):
        mine = (instant, verdict == 0)  # the later one; of two at once the milder
        labels[account] = max(labels.get(account, mine), mine)
    tied = {row[1] for row in rows if row[0] == "evidence" and row[3] > 0}
    for kind in WIDTHS:
        mine = [row for row in rows if row[0] == kind]
        prints = {tuple(words_of(kind, row[3]).tolist()) for row in mine}
        words = np.array(sorted(prints), WIDTHS[kind][1]).reshape(-1, WIDTHS[kind][0])
        label, medoid = naive_clusters.cluster(words, NEAR[kind], N_ROUNDS)
        number = dict(zip(sorted(prints), label, strict=True))
        members = defaultdict(list)
        for row in mine:
            members[number[tuple(words_of(kind, row[3]).tolist())]].append(row)
        for cluster in sorted(members):
            accounts = {row[1] for row in members[cluster]}
            firsts = [min(row[2] for row in members[cluster] if row[1] == account) for account in accounts]
            labelled = [labels[account] for account in accounts if account in labels]
            n_automated = sum(not mild for _, mild in labelled)
            centre = words[medoid[cluster]].tolist()
            found.append(
                {
                    "kind": kind,
                    "campaign": None,
                    "n_accounts": len(accounts),
                    "n_fingerprints": label.count(cluster),
                    "first_seen": min(row[2] for row in members[cluster]),
                    "last_seen": max(row[2] for row in members[cluster]),
                    "age_s": (as_of - min(firsts)) / 1e6,
                    "growth_24h": sum(as_of - first <= DAY_US for first in firsts),
                    "n_labelled": len(labelled),
                    "n_automated": n_automated,
                    "automated_share": n_automated / len(labelled) if labelled else None,
                    "n_evidence": len(accounts & tied),
                    "fingerprint": "".join(f"{word:016x}" for word in centre) if kind == "photo" else None,
                }
            )
    # Most accounts first, then the earlier one; kinds and their least fingerprints are in order already.
    found.sort(key=lambda row: (-row["n_accounts"], row["first_seen"]))
    number: dict[str, int] = defaultdict(int)
    for row in found:
        number[row["kind"]] += 1
        row["campaign"] = number[row["kind"]]
    return found


def plain(table: pa.Table) -> list[dict[str, Any]]:
    for name in ("first_seen", "last_seen"):
        place = table.column_names.index(name)
        assert table.schema.field(name).type == pa.timestamp("us", tz="UTC")
        table = table.set_column(place, name, table[name].cast(pa.int64()))
    return table.to_pylist()


# ---- what is counted ---------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(seeds, st.sampled_from([None, 0.5, 1.0]))
def test_as_counted_one_by_one(seed: int, history_days: float | None) -> None:
    rows = random_rows(np.random.default_rng(seed))
    since = 0 if history_days is None else AS_OF - round(history_days * DAY_US)
    found = index_of(rows).clusters(AS_OF, history_days=history_days)
    assert plain(found) == naive(rows, AS_OF, since)


def test_clusters_really_drift_and_join() -> None:
    """The random rows above hold chains that stay whole, and such as are cut at the reach of their centres."""
    every = index_of([(kind, IDS[n % 8], n, n) for kind in WIDTHS for n in range(10)])
    found = every.clusters(AS_OF)
    for kind in WIDTHS:
        n_fingerprints = found.filter(pc.equal(found["kind"], kind))["n_fingerprints"].to_pylist()
        assert sum(n_fingerprints) == 10
        assert sorted(n_fingerprints) == ([1, 1, 1, 1, 3, 3] if kind == "photo" else [5, 5])


def test_the_types_of_an_empty_table() -> None:
    nothing, something = CampaignIndex.empty().clusters(5), index_of([("photo", IDS[0], 1, 1)]).clusters(5)
    assert nothing.num_rows == 0
    assert nothing.schema.equals(something.schema)


def test_the_same_campaigns_as_of_the_dataset_itself() -> None:
    """What a memory says of a dataset is what its listing says."""
    data = Dataset(**tables())
    ego = EgoLog.build(data)
    as_of = (data.last_instant() or 0) - 3 * DAY_US
    index = CampaignIndex().add(
        read_photos(data).sightings,
        read_texts(data)[0].sightings,
        lists_of(ego, as_of, 10).sightings,
        labels=Labels.of_dataset(data),
        evidence=Evidence.of_dataset(data),
    )
    mine = index.clusters(as_of, history_days=10, min_accounts=2)
    listed = find.campaigns(data, as_of=as_of, history_days=10, min_accounts=2, ego=ego).table
    alike = [name for name in mine.column_names if name in listed.column_names]
    assert set(mine.column_names) - set(alike) == {"age_s"}
    assert mine.num_rows > 2
    assert mine.select(alike).equals(listed.select(alike))  # in the same order, under the same numbers


# ---- what it does not depend on ----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), seeds, st.integers(1, 3))
def test_any_order_and_any_batches_give_the_same_table(random: Any, seed: int, n_jobs: int) -> None:
    rows = random_rows(np.random.default_rng(seed))
    shuffled = rows + rows[: len(rows) // 2]  # some twice
    random.shuffle(shuffled)
    cuts = [0, *sorted(random.sample(range(len(shuffled) + 1), 3)), len(shuffled)]
    built = CampaignIndex()
    for low, high in pairwise(cuts):
        part = index_of(shuffled[low:high])
        built = built.merge(part) if random.random() < 0.5 else part.merge(built)
    assert built.clusters(AS_OF, n_jobs=n_jobs).equals(index_of(rows).clusters(AS_OF))


@settings(max_examples=60, deadline=None)
@given(seeds, seeds)
def test_nothing_later_changes_the_past(seed: int, other: int) -> None:
    index = index_of(random_rows(np.random.default_rng(seed)))
    rng = np.random.default_rng(other)
    later = [(kind, who, AS_OF + int(rng.integers(0, 3)), what) for kind, who, _, what in random_rows(rng)]
    expected = index.clusters(AS_OF)
    assert index.merge(index_of(later)).clusters(AS_OF).equals(expected)
    assert index.before(AS_OF).clusters(AS_OF).equals(expected)


@settings(max_examples=60, deadline=None)
@given(seeds, seeds)
def test_nothing_before_the_history_is_seen(seed: int, other: int) -> None:
    index = index_of(random_rows(np.random.default_rng(seed)))
    rng = np.random.default_rng(other)
    earlier = [(kind, who, AS_OF - DAY_US - 1 - int(rng.integers(0, 3)), what)
               for kind, who, _, what in random_rows(rng)]  # fmt: skip
    expected = index.clusters(AS_OF, history_days=1)
    assert index.merge(index_of(earlier)).clusters(AS_OF, history_days=1).equals(expected)


@pytest.mark.parametrize("kind", WIDTHS)
def test_a_later_bridge_does_not_merge_the_past(kind: Kind) -> None:
    two = index_of([(kind, IDS[0], 10, 0), (kind, IDS[1], 10, 2)])
    bridged = two.merge(index_of([(kind, IDS[2], 20, 1)]))
    assert bridged.clusters(20).equals(two.clusters(20))
    assert bridged.clusters(20)["n_accounts"].to_pylist() == [1, 1]
    assert bridged.clusters(21)["n_accounts"].to_pylist() == [3]


@settings(max_examples=60, deadline=None)
@given(seeds, st.sets(st.sampled_from(IDS), min_size=1, max_size=3))
def test_leaving_out_is_never_having_seen(seed: int, left_out: set[str]) -> None:
    rows = random_rows(np.random.default_rng(seed))
    expected = index_of([row for row in rows if row[1] not in left_out]).clusters(AS_OF)
    index = index_of(rows)
    assert index.clusters(AS_OF, leaving_out=left_out).equals(expected)
    assert index.clusters(AS_OF, leaving_out=pa.array(sorted(left_out))).equals(expected)
    if len(left_out) == 1:
        assert index.clusters(AS_OF, leaving_out=next(iter(left_out))).equals(expected)


def test_a_bridge_that_is_left_out_joins_nothing() -> None:
    index = index_of([("photo", IDS[n], 10, n) for n in range(3)])
    assert index.clusters(20)["n_accounts"].to_pylist() == [3]
    assert index.clusters(20, leaving_out=IDS[1])["n_accounts"].to_pylist() == [1, 1]


def test_integer_ids_are_left_out_as_their_text() -> None:
    who = pseudonyms(pa.array([7, 8]))
    index = CampaignIndex().add(Sightings.of("photo", "pdq", who, [1, 1], np.zeros((2, 4))))
    for left_out in (7, "7", np.int64(7), [7], np.array([7]), pa.array([7]), pa.chunked_array([[7]])):
        assert index.clusters(5, leaving_out=left_out)["n_accounts"].to_pylist() == [1]
    assert index.clusters(5, leaving_out=[])["n_accounts"].to_pylist() == [2]
    assert index.clusters(5, leaving_out="nobody")["n_accounts"].to_pylist() == [2]


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 4))
def test_the_least_size_only_filters(seed: int, least: int) -> None:
    index = index_of(random_rows(np.random.default_rng(seed)))
    whole = index.clusters(AS_OF)
    few = index.clusters(AS_OF, min_accounts=least)
    assert few.equals(whole.filter(pa.array(np.asarray(whole["n_accounts"]) >= least)))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"as_of": "soon"}, r"CampaignIndex\.clusters: as_of must be an instant"),
        ({"history_days": 0}, "history_days must be above 0"),
        ({"history_days": float("nan")}, "history_days must be above 0"),
        ({"min_accounts": 0}, r"CampaignIndex\.clusters: min_accounts must be a whole number from 1; got 0"),
        ({"min_accounts": 1.5}, "min_accounts must be a whole number"),
        ({"min_accounts": True}, "min_accounts must be a whole number"),
        ({"as_of": None}, r"CampaignIndex\.clusters: as_of must be an instant"),
        ({"history_days": "3"}, r"^CampaignIndex\.clusters: history_days must be a number of days; got str"),
        ({"n_jobs": "all"}, r"^CampaignIndex\.clusters: n_jobs must be a number of threads"),
        ({"leaving_out": 1.5}, r"leaving_out must be an account id .*; got float\. Pass ids"),
        ({"leaving_out": b"x"}, r"leaving_out must be an account id .*; got bytes\."),
        ({"leaving_out": ["a", 1.5]}, r"leaving_out must be an account id .*; got among others float\."),
        ({"leaving_out": [None]}, "leaving_out must be an account id"),
        ({"leaving_out": True}, "leaving_out must be an account id"),
    ],
)
def test_wrong_arguments(options: dict[str, Any], match: str) -> None:
    with pytest.raises(ParameterError, match=match):
        CampaignIndex.empty().clusters(**({"as_of": 5} | options))
