"""Labelled rows: which accounts, at which instants, in which part, with which weight."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from spamclf import Dataset, simulate
from spamclf.campaigns.sightings import pseudonyms
from spamclf.ego import EgoLog
from spamclf.errors import InsufficientDataError
from spamclf.groups import campaign_groups, each_alone
from spamclf.instants import DAY_US, to_instant
from spamclf.labelled import (
    CALIBRATION,
    EARLIER,
    MIN_PER_CLASS,
    PARTS,
    SNAPSHOTS,
    TEST,
    TRAIN,
    LabelledRows,
    labelled_rows,
)
from spamclf.splits import latest_labels, split_accounts

NAMES = ("send_rate_sends", "fan_out_recipients")
END = to_instant("2026-06-08")  # after all messages, and before some labels
HISTORY = 20.0

Tables = dict[str, pa.Table]


@cache
def tables() -> Tables:
    return dict(simulate.world(700, 30, random_state=1021, media=False))


@cache
def rows_of(whole_campaigns: bool = True, unlabelled: float = 0.0) -> LabelledRows:
    return made(tables(), whole_campaigns=whole_campaigns, unlabelled=unlabelled)


def made(given: Tables, end: int = END, **settings: Any) -> LabelledRows:
    settings = {"history_days": HISTORY, "n_jobs": 1} | settings
    return labelled_rows(EgoLog.build(Dataset(**given), n_jobs=1), end, NAMES, **settings)


def with_labels(labels: pa.Table) -> Tables:
    return tables() | {"labels": labels.select(["account_id", "is_automated", "labelled_at"])}


def moved(labels: pa.Table, by: int, until: int | None = None) -> pa.Table:
    """Labels known so many microseconds later, or all at one instant."""
    instants = labels["labelled_at"].cast("int64")
    instants = pc.add(instants, by) if until is None else pa.array([until] * labels.num_rows)
    place = labels.column_names.index("labelled_at")
    return labels.set_column(place, "labelled_at", instants.cast(labels["labelled_at"].type))


def micros(table: pa.Table, name: str) -> list[Any]:
    return list(table[name].cast("int64").to_pylist())


@cache
def sends() -> dict[str, list[int]]:
    """When each account sent; a message that stands twice counts once."""
    messages = tables()["messages"]
    ends = (messages[name].to_pylist() for name in ("sender_id", "recipient_id"))
    found: dict[str, list[int]] = {}
    for who, _, when in set(zip(*ends, micros(messages, "sent_at"), strict=True)):
        found.setdefault(who, []).append(when)
    return {who: sorted(times) for who, times in found.items()}


@cache
def registered() -> dict[str, int | None]:
    accounts = tables()["accounts"]
    return dict(zip(accounts["account_id"].to_pylist(), micros(accounts, "registered_at"), strict=True))


def names_of(rows: LabelledRows) -> list[str]:
    ids = EgoLog.build(Dataset(**tables()), n_jobs=1).account_ids.to_pylist()
    return [ids[code] for code in rows.slices.account]


def part_of(rows: LabelledRows) -> dict[str, int]:
    found = zip(names_of(rows), rows.part.tolist(), strict=True)
    return {who: part for who, part in found if part != EARLIER}


def label_of(end: int = END) -> dict[str, bool]:
    """The world labels each account once."""
    labels = tables()["labels"]
    told = zip(labels["account_id"].to_pylist(), labels["is_automated"].to_pylist(), strict=True)
    found = {
        who: verdict
        for (who, verdict), at in zip(told, micros(labels, "labelled_at"), strict=True)
        if at < end
    }
    assert len(found) <= labels.num_rows == len(set(labels["account_id"].to_pylist()))
    return found


def looks(who: str, low: int, high: int) -> set[int]:
    """Count by hand when an account is looked at in (low, high]."""
    times = [each for each in sends()[who] if each < high]
    instants = {times[n - 1] + 1 for n in SNAPSHOTS if n <= len(times)} | {each + 1 for each in times[-1:]}
    alive = {at for at in instants | {high} if any(at - HISTORY * DAY_US <= each < at for each in times)}
    birth = registered()[who]
    return {at for at in alive | ({birth + 1} if birth is not None else set()) if low < at <= high}


def at_registration(rows: LabelledRows) -> np.ndarray:
    pairs = zip(names_of(rows), rows.slices.as_of.tolist(), strict=True)
    return np.array([registered()[who] == at - 1 for who, at in pairs])


# ---- which rows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole_campaigns", [True, False])
def test_rows_are_what_a_plain_count_finds(whole_campaigns: bool) -> None:
    rows, label = rows_of(whole_campaigns), label_of()
    got = list(zip(names_of(rows), rows.slices.as_of.tolist(), rows.y.tolist(), strict=True))
    assert len(got) == len(set(got)) > 1000
    ego = EgoLog.build(Dataset(**tables()), n_jobs=1)
    verdicts = latest_labels(ego, END)
    groups = each_alone(ego.n_accounts)
    if whole_campaigns:
        groups = campaign_groups(ego, END, verdicts, ["list"], n_jobs=1)
    split = split_accounts(ego, END, verdicts, groups)  # has tests of its own
    bounds, expected, earlier, n_idle = split.bounds, set(), set(), 0
    for who, part in zip(ego.account_ids.to_pylist(), split.part.tolist(), strict=True):
        if part < 0:
            continue
        seen = looks(who, bounds[part], bounds[part + 1])
        if part == CALIBRATION and not label[who] and sends()[who][0] >= bounds[2]:
            seen = set()  # it only registered there
        elif (
            part == CALIBRATION and not label[who] and seen
        ):  # who may not be flagged is looked at all its life
            earlier |= {(who, at, False) for at in looks(who, bounds[0], bounds[2]) - seen}
        if part > 0 and not label[who] and not seen:  # of use to train on, if it was there before
            seen = looks(who, bounds[0], bounds[1])
            n_idle += bool(seen)
        expected |= {(who, at, label[who]) for at in seen}
    assert n_idle > 0
    before = rows.part == EARLIER
    assert rows.bounds == bounds
    assert {each for each, is_before in zip(got, before, strict=True) if not is_before} == expected
    assert {each for each, is_before in zip(got, before, strict=True) if is_before} == earlier
    assert len(earlier) > 100
    assert rows.labelled.all()


def test_all_kinds_of_instants_are_there() -> None:
    """The count above is of something: registrations, first, fifth ... sends, last ones and ends all occur."""
    rows = rows_of()
    times = sends()
    seen = set(zip(names_of(rows), rows.slices.as_of.tolist(), strict=True))
    for n in SNAPSHOTS:
        assert sum((who, t[n - 1] + 1) in seen for who, t in times.items() if len(t) >= n) > 10, n
    assert sum((who, at + 1) in seen for who, at in registered().items() if at is not None) > 10
    assert sum((who, t[-1] + 1) in seen for who, t in times.items()) > 10
    for bound in rows.bounds[1:]:
        assert (rows.slices.as_of == bound).sum() > 10


def test_a_registration_is_seen_before_any_message() -> None:
    rows = rows_of()
    new = at_registration(rows)
    assert new.sum() > 10
    assert not np.nan_to_num(rows.X[new][:, 0]).any()


def test_rows_are_sorted_by_a_hash_of_the_account_then_by_instant() -> None:
    rows = rows_of()
    hashed = pseudonyms(pa.array(names_of(rows)))
    assert np.array_equal(np.lexsort((rows.slices.as_of, hashed)), np.arange(len(rows.y)))


def test_the_order_of_the_tables_does_not_matter() -> None:
    """The same rows in the same order: sums of floats, folds and draws are the same, too."""
    rng = np.random.default_rng(4)
    for settings in ({}, {"unlabelled": 0.2}):
        shuffled = {name: table.take(rng.permutation(table.num_rows)) for name, table in tables().items()}
        one, other = made(tables(), **settings), made(shuffled, **settings)
        assert np.array_equal(one.slices.as_of, other.slices.as_of)
        for name in ("y", "part", "group", "labelled", "weight"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
        assert np.array_equal(one.X, other.X, equal_nan=True)
        assert one.bounds == other.bounds


def test_silent_accounts_are_left_out() -> None:
    """Who sent nothing in the look-back gets no verdict, so nothing is learned from that look."""
    rows = made(tables(), end=END + 90 * DAY_US, history_days=5.0)
    new = at_registration(rows)
    assert rows.X[~new][:, 0].min() >= 1
    assert rows.slices.as_of.max() < END
    never = set(label_of()) - set(sends())
    assert len(never) > 10
    assert never.isdisjoint(names_of(rows_of()))


# ---- which part ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unlabelled", [0.0, 0.2])
def test_rows_lie_in_their_parts_stretch_of_time(unlabelled: float) -> None:
    rows = rows_of(unlabelled=unlabelled)
    assert list(rows.bounds) == sorted(set(rows.bounds))
    assert rows.bounds[-1] == max(t[-1] for t in sends().values()) + 1 < END
    for part in range(len(PARTS)):
        at = rows.slices.as_of[rows.part == part]
        assert rows.bounds[part] < at.min()
        assert at.max() <= rows.bounds[part + 1]
    later = rows.slices.as_of[(rows.part == CALIBRATION) | (rows.part == TEST)]
    assert rows.slices.as_of[rows.part == TRAIN].max() < later.min()


@pytest.mark.parametrize("unlabelled", [0.0, 0.2])
def test_accounts_and_campaigns_are_in_one_part(unlabelled: float) -> None:
    rows = rows_of(unlabelled=unlabelled)
    own = rows.part != EARLIER
    for codes in (rows.slices.account, rows.group):
        pairs = np.unique(np.stack([codes[own], rows.part[own]]), axis=1)
        assert np.unique(pairs[0]).size == pairs.shape[1]
    assert np.unique(rows.group).size < np.unique(rows.slices.account).size


def test_without_whole_campaigns_parts_share_them() -> None:
    """The same check finds the campaigns cut where nobody asked to keep them whole."""
    rows = rows_of(False)
    labels = tables()["labels"]
    campaign = dict(zip(labels["account_id"].to_pylist(), labels["campaign"].to_pylist(), strict=True))
    parts: dict[str, set[int]] = {}
    for who, part in part_of(rows).items():
        if campaign[who] is not None:
            parts.setdefault(campaign[who], set()).add(part)
    assert any(len(each) > 1 for each in parts.values())
    assert np.unique(rows.group).size == np.unique(rows.slices.account).size


@pytest.mark.parametrize("lacking", [True, False])
def test_every_part_needs_both_classes(lacking: bool) -> None:
    labels = tables()["labels"]
    kept = labels.filter(pc.equal(labels["is_automated"], not lacking))
    few = labels.filter(pc.equal(labels["is_automated"], lacking)).slice(0, MIN_PER_CLASS - 1)
    kind = "automated" if lacking else "honest"
    with pytest.raises(
        InsufficientDataError, match=f"part must hold at least {MIN_PER_CLASS} {kind} accounts; got"
    ):
        made(with_labels(pa.concat_tables([kept, few])))


# ---- which weight ----------------------------------------------------------------------------------------------------


def test_the_rows_of_an_account_weigh_one() -> None:
    rows = rows_of()
    sizes, sums = np.bincount(rows.slices.account), np.bincount(rows.slices.account, rows.weight)
    assert sizes.max() > 3
    assert sums[sizes > 0] == pytest.approx(1.0)
    mine = rows.slices.account == sizes.argmax()
    assert np.unique(rows.weight[mine]).size == 1


# ---- which labels ----------------------------------------------------------------------------------------------------


def test_labels_from_the_end_on_are_unseen() -> None:
    labels = tables()["labels"]
    early = moved(labels, 0, END - 1)
    flipped = early.set_column(
        early.column_names.index("is_automated"), "is_automated", pc.invert(early["is_automated"])
    )
    alone = made(with_labels(early))
    for instant in (END, END + DAY_US):
        both = pa.concat_tables([early, moved(flipped, 0, instant).cast(early.schema)])
        contradicted = made(with_labels(both))
        assert np.array_equal(contradicted.y, alone.y)
        assert np.array_equal(contradicted.slices.as_of, alone.slices.as_of)
    with pytest.raises(InsufficientDataError, match="all of them later"):
        made(with_labels(moved(labels, 0, END)))


def test_the_latest_label_counts() -> None:
    labels = moved(tables()["labels"], 0, END - DAY_US)
    flipped = labels.set_column(
        labels.column_names.index("is_automated"), "is_automated", pc.invert(labels["is_automated"])
    )
    for by, wins in ((-1, labels), (1, flipped)):
        both = pa.concat_tables([labels, moved(flipped, by).cast(labels.schema)])
        assert np.array_equal(made(with_labels(both)).y, made(with_labels(wins)).y)
    contradicting = pa.concat_tables([labels, flipped.cast(labels.schema)])
    with pytest.raises(
        InsufficientDataError, match="at least 5 automated accounts; got 0"
    ):  # the milder one stands
        made(with_labels(contradicting))


def test_a_label_may_be_older_than_its_account() -> None:
    """A number that was judged before (it changed hands, or clocks differ): the label is known, so it counts."""
    first = min(each for each in registered().values() if each is not None)
    early = made(with_labels(moved(tables()["labels"], 0, first - DAY_US)))
    usual = made(with_labels(moved(tables()["labels"], 0, END - 1)))
    assert np.array_equal(early.y, usual.y)
    assert np.array_equal(early.slices.as_of, usual.slices.as_of)


# ---- accounts without a label ----------------------------------------------------------------------------------------


def test_unlabelled_accounts_train_alone_and_weigh_less() -> None:
    rows, usual = rows_of(unlabelled=0.2), rows_of()
    label = label_of()
    names = np.array(names_of(rows))
    assert np.array_equal(rows.labelled, [who in label for who in names])
    free = ~rows.labelled
    assert np.unique(rows.slices.account[free]).size >= 10
    assert set(rows.part[free]) == {TRAIN}
    assert not rows.y[free].any()
    sums = np.bincount(rows.slices.account[free], rows.weight[free])
    assert sums[sums > 0] == pytest.approx(0.2)
    assert set(names[free]) <= set(sends())  # as of the labelled ones, nobody who never sent
    # The labelled ones are as they were.
    assert np.array_equal(rows.slices.as_of[~free], usual.slices.as_of)
    assert np.array_equal(rows.weight[~free], usual.weight)
    assert np.array_equal(rows.part[~free], usual.part)


def test_unlabelled_accounts_are_not_counted() -> None:
    rows, usual = rows_of(unlabelled=0.2), rows_of()
    for part in (TRAIN, CALIBRATION, TEST):
        for automated in (True, False):
            assert rows.n_accounts(part, automated) == usual.n_accounts(part, automated)
    everybody = sum(rows.n_accounts(part, kind) for part in range(3) for kind in (True, False))
    assert everybody < np.unique(rows.slices.account).size


# ---- what is asked of rows -------------------------------------------------------------------------------------------


def test_last_rows() -> None:
    rows = rows_of()
    instants = dict(zip(rows.slices.account.tolist(), rows.slices.as_of.tolist(), strict=True))
    lasting = rows.slices.as_of == [instants[code] for code in rows.slices.account]
    assert np.array_equal(rows.last(), lasting)
