"""Accounts of one campaign, and one account twice, on both sides of a split."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from spamclf import extract
from spamclf.features import FAMILIES
from tests.evaluate.leakage.planted import audit, components, found, frame, ids_of, made, past, tables


def test_a_split_by_row_cuts_campaigns_in_two(plain):
    rng = np.random.default_rng(1)
    split = rng.choice(["train", "calibration", "test"], plain.accounts.num_rows)
    report = audit(plain, ["send_rate"], n_instants=0, split=split)
    assert {each.kind for each in report.findings} == {"campaign_in_parts"}
    subjects = {each.subject for each in report.of("campaign_in_parts")}
    known = set(plain.labels["campaign"].drop_null().cast(pa.string()).to_pylist())
    assert subjects & known
    assert subjects & {"photo clusters", "text clusters", "list clusters"}
    assert [each.subject for each in report.findings if each.subject in known] == sorted(subjects & known)


def test_equal_rows_in_two_parts(plain):
    sides = ["train" if number % 2 else "test" for number in components(plain)]
    ids = ids_of(plain)
    known = set(
        past(plain, datetime(2026, 7, 1, tzinfo=UTC))
        .groupby("sender_id", observed=True)
        .size()
        .nlargest(100)
        .index
    )
    one = next(who for who, side in zip(ids, sides, strict=True) if side == "train" and who in known)
    other = next(who for who, side in zip(ids, sides, strict=True) if side == "test" and who in known)

    def code(dataset, as_of, copied=True):
        values = (
            extract(dataset, as_of=as_of, features=["send_rate", "rhythm"])
            .to_pandas()
            .set_index("account_id")
        )
        if copied and {one, other} <= set(values.index):
            values.loc[other] = values.loc[one]
        return values

    report = audit(plain, code, n_instants=0, split=sides)
    assert ("duplicate_rows", "features") in found(report)
    assert report.of("duplicate_rows")[0].n == 2
    # Accounts that never wrote have equal rows as well, on both sides, and that is no leak.
    quiet = audit(plain, lambda d, t: code(d, t, copied=False), n_instants=0, split=sides)
    assert not quiet.of("duplicate_rows")


# ---- two accounts --------------------------------------------------------------------------------------------


def quiet_world():
    """Tables in which nothing hangs together: nobody shows anything, no label names a campaign."""
    given = tables(60)
    given["labels"] = frame_of(given, "labels").assign(campaign=None)
    ids = frame_of(given, "accounts").account_id.tolist()
    messages = frame_of(given, "messages")
    messages["recipient_id"] = messages.sender_id.str.cat(messages.recipient_id, "_")  # nobody shares anybody
    given["messages"] = messages.drop(columns="is_group")
    return {name: given[name] for name in ("accounts", "messages", "labels")}, ids


def frame_of(given, name):
    table = given[name].to_pandas()
    return table.astype({each: str for each in table if each.endswith("_id")})


def two_of(given, verdict):
    """Two accounts that have this verdict: True, False, or None for no label."""
    labels = given["labels"].drop_duplicates("account_id", keep="last").set_index("account_id").is_automated
    ids = frame_of(given, "accounts").account_id
    chosen = ids[~ids.isin(labels.index)] if verdict is None else ids[ids.map(labels).eq(verdict)]
    return chosen.tolist()[:2]


def with_photos(given, pair):
    when = pd.Timestamp("2026-05-10", tz="UTC")
    hashes = ["f0e1d2c3b4a59687" * 4] * 2
    return given | {"photos": {"account_id": pair, "set_at": [when] * 2, "photo_hash": hashes}}


def with_texts(given, pair):
    when = pd.Timestamp("2026-05-10", tz="UTC")
    texts = ["cheap loans today, write to us at once and do not wait"] * 2
    return given | {
        "texts": {"account_id": pair, "observed_at": [when] * 2, "source": ["about"] * 2, "text": texts}
    }


def with_lists(given, pair):
    """Both write to the same eighty people, one in the morning and one in the evening."""
    begin = pd.Timestamp("2026-05-10 08:00", tz="UTC")
    more = pd.DataFrame(
        [
            {
                "sender_id": who,
                "recipient_id": f"x{k}",
                "sent_at": begin + pd.Timedelta(hours=9 * j, minutes=k),
            }
            for j, who in enumerate(pair)
            for k in range(80)
        ]
    )
    return given | {"messages": pd.concat([given["messages"], more])}


def with_name(given, pair):
    labels = given["labels"].copy()
    labels.loc[labels.account_id.isin(pair), "campaign"] = "the two"
    return given | {"labels": labels}


def apart(ids, pair):
    """Every other account to either side, and the two on different sides; and on one side."""
    sides = {who: ("train", "test")[k % 2] for k, who in enumerate(ids)}
    return sides | dict(zip(pair, ("train", "test"), strict=True)), sides | dict.fromkeys(pair, "train")


TWO = {
    "photo clusters": with_photos,
    "text clusters": with_texts,
    "list clusters": with_lists,
    "the two": with_name,
}


@pytest.mark.parametrize("subject", TWO)
def test_a_campaign_of_two(subject):
    given, ids = quiet_world()
    pair = two_of(given, True)
    dataset = made(TWO[subject](given, pair))
    split, whole = apart(ids, pair)
    report = audit(dataset, ["send_rate"], n_instants=0, split=split)
    assert found(report) == {("campaign_in_parts", subject)}
    assert (report.findings[0].severity, report.findings[0].n) == ("leak", 2)
    assert audit(dataset, ["send_rate"], n_instants=0, split=whole).ok


@pytest.mark.parametrize("subject", ["photo clusters", "text clusters", "list clusters"])
def test_what_two_honest_accounts_share_is_no_campaign(subject):
    given, ids = quiet_world()
    pair = two_of(given, False)
    split, _ = apart(ids, pair)
    assert audit(made(TWO[subject](given, pair)), ["send_rate"], n_instants=0, split=split).ok
    pair = [
        two_of(given, True)[0],
        two_of(given, False)[0],
    ]  # nothing learnt of one flatters the test of the other
    split, _ = apart(ids, pair)
    assert audit(made(TWO[subject](given, pair)), ["send_rate"], n_instants=0, split=split).ok


def test_a_picture_that_mostly_honest_accounts_show_is_no_campaign():
    given, ids = quiet_world()
    labels = given["labels"].drop_duplicates("account_id", keep="last")
    showing = [*labels.account_id[~labels.is_automated][:3], *two_of(given, True)]
    split, _ = apart(ids, showing[-2:])
    when, picture = pd.Timestamp("2026-05-10", tz="UTC"), "f0e1d2c3b4a59687" * 4
    photos = {"account_id": showing, "set_at": [when] * 5, "photo_hash": [picture] * 5}
    assert audit(made(given, photos=photos), ["send_rate"], n_instants=0, split=split).ok
    photos = {name: values[1:] for name, values in photos.items()}  # two of either: as like as not
    assert not audit(made(given, photos=photos), ["send_rate"], n_instants=0, split=split).ok


def test_what_accounts_without_a_label_share_is_a_suspicion():
    given, ids = quiet_world()
    pair = two_of(given, None)
    split, whole = apart(ids, pair)
    dataset = made(with_photos(given, pair))
    report = audit(dataset, ["send_rate"], n_instants=0, split=split)
    assert found(report) == {("campaign_in_parts", "photo clusters")}
    assert report.findings[0].severity == "suspicion"
    assert audit(dataset, ["send_rate"], n_instants=0, split=whole).ok


# ---- one account under two ids -------------------------------------------------------------------------------


def doubled(dataset, *, n_copies=1, share=1.0, later_s=0, other_people=False):
    """Copy what an account sent, and its registration, under further ids; not what it received."""
    messages, accounts = frame(dataset, "messages"), frame(dataset, "accounts")
    messages = messages.astype({"sender_id": str, "recipient_id": str})
    one = messages.sender_id.value_counts().index[9]
    mine = messages[messages.sender_id == one]
    mine = mine.iloc[: int(len(mine) * share)].assign(
        sent_at=lambda rows: rows.sent_at + pd.Timedelta(seconds=later_s),
        recipient_id=lambda rows: rows.recipient_id + "x" if other_people else rows.recipient_id,
    )
    names = [f"copy{k}" for k in range(n_copies)]
    given = {name: dataset.tables[name] for name in dataset.given}
    row = accounts[accounts.account_id == one]
    return one, names, made(
        given,
        messages=pd.concat([messages, *(mine.assign(sender_id=name) for name in names)]),
        accounts=pd.concat([accounts, *(row.assign(account_id=name) for name in names)]),
    )  # fmt: skip


def split_of(whole, one, names, *, side):
    """The sides of a split by campaign, and the copies of an account on one of them."""
    sides = {who: ("train", "test")[n % 2] for who, n in zip(ids_of(whole), components(whole), strict=True)}
    return sides | {one: "train"} | dict.fromkeys(names, side)


@pytest.mark.parametrize(
    ("n_copies", "share"),
    [(3, 1.0), pytest.param(1, 1.0, marks=pytest.mark.slow), pytest.param(1, 0.6, marks=pytest.mark.slow)],
)
def test_an_account_under_two_ids(plain, n_copies, share):
    """Whatever the features: here they know nothing of messages."""
    one, names, dataset = doubled(plain, n_copies=n_copies, share=share)
    report = audit(dataset, ["photo"], n_instants=0, split=split_of(plain, one, names, side="test"))
    copies = report.of("duplicate_rows")
    assert [(each.subject, each.severity, each.n) for each in copies] == [("messages", "leak", 1 + n_copies)]
    report = audit(dataset, ["photo"], n_instants=0, split=split_of(plain, one, names, side="train"))
    assert not report.of("duplicate_rows")


@pytest.mark.parametrize(
    "change",
    [
        {"later_s": 1},
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"other_people": True}, marks=pytest.mark.slow),
    ],
)
def test_an_account_whose_features_are_nearly_another_s(plain, change):
    """Its replies are not equal, and what depends on instants or on whom it wrote to may not be: the rest is."""
    one, names, dataset = doubled(plain, **change)
    report = audit(dataset, None, n_instants=0, split=split_of(plain, one, names, side="test"))
    copies = {each.subject: each.n for each in report.of("duplicate_rows")}
    assert copies == {"features": 2} | ({} if change else {"messages": 2})


@pytest.mark.parametrize(
    ("tick_s", "features"),
    [
        (0.0, None),
        pytest.param(60.0, None, marks=pytest.mark.slow),
        *(pytest.param(0.0, [each], marks=pytest.mark.slow) for each in FAMILIES),
    ],
)
def test_accounts_that_only_look_alike_are_no_copies(tick_s, features):
    dataset = made(tables(400, tick_s=tick_s))
    split = np.random.default_rng(0).choice(["train", "test"], dataset.accounts.num_rows)
    assert not audit(dataset, features, n_instants=0, split=split).of("duplicate_rows")


@pytest.mark.parametrize("n_sent", [0, 1, 2, 3])
def test_two_quiet_accounts_among_busy_ones_are_no_copies(plain, n_sent):
    """Nobody else is as quiet, and so most of their features are equal."""
    messages = frame(plain, "messages").astype({"sender_id": str, "recipient_id": str})
    busy = messages.sender_id.value_counts().index[:42].tolist()
    quiet = busy[-2:]
    kept = messages[messages.sender_id.isin(busy)]
    few = kept.groupby("sender_id").cumcount() < n_sent
    kept = kept[few | ~kept.sender_id.isin(quiet)]
    dataset = made({"accounts": {"account_id": busy}, "messages": kept})
    assert not audit(dataset, None, n_instants=0, split=["train", "test"] * 21, as_of="2026-06-01").of(
        "duplicate_rows"
    )


def test_two_accounts_of_which_nothing_is_known_are_no_copies():
    dataset = made(
        {
            "accounts": {"account_id": ["a", "b"]},
            "messages": {"sender_id": [], "recipient_id": [], "sent_at": []},
        }
    )
    assert audit(dataset, None, split=["train", "test"], as_of="2026-06-01").ok


@pytest.mark.parametrize(("n_shared", "n_sent"), [(4, 4), (30, 100)])
def test_a_few_messages_to_the_same_people_at_the_same_instants_are_no_copy(n_shared, n_sent):
    """Two write to a meeting's other members as it begins, and mostly to others."""
    begin = pd.Timestamp("2026-05-10", tz="UTC")
    rows = [
        {
            "sender_id": who,
            "recipient_id": f"p{k}" if k < n_shared else f"{who}{k}",
            "sent_at": begin + pd.Timedelta(minutes=k),
        }
        for who in "ab"
        for k in range(n_sent)
    ]
    dataset = made({"accounts": {"account_id": ["a", "b"]}, "messages": pd.DataFrame(rows)})
    report = audit(dataset, ["photo"], n_instants=0, split=["train", "test"])
    assert not report.of("duplicate_rows")


def values_of(pair, others):
    """Code that gives the first accounts of two sides these values, and each of the others values of its own."""

    def code(dataset, as_of):
        ids = ids_of(dataset)
        table = {f"x{k}": [others + 100 * j + k / 8 for j in range(len(ids))] for k in range(len(pair))}
        for k, value in enumerate(pair):
            table[f"x{k}"][:2] = [value, value]
        return {"account_id": ids, **table}

    return code


def test_copies_are_told_by_different_values_that_nobody_shares_by_chance(plain):
    def copies(pair, others=1000.0):
        split = ["train", "test"] * 75
        return audit(plain, values_of(pair, others), n_instants=0, split=split).of("duplicate_rows")

    assert copies([0.1, 20.0, 0.3, 44.0, 5.5])
    assert not copies([0.1, 20.0, 0.3, 44.0])  # too few
    assert not copies([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])  # small counts
    assert not copies([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])  # one number, again and again
