"""Each leak that can be planted is found, and named; beside it stands the honest twin of the same code, found clean."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import assume, given, settings

from spamclf import Dataset, extract, find
from spamclf.errors import InsufficientDataError, ParameterError, SchemaError
from spamclf.evaluate import Finding, LeakageReport, audit_leakage
from spamclf.features import CATALOGUE
from spamclf.simulate import world
from tests.worlds import random_world, worlds

SEED = 3


def tables(n_accounts: int = 150, *, random_state: int = SEED, **settings):
    return world(n_accounts, automated_share=0.3, random_state=random_state, **settings)


def made(given, **changed) -> Dataset:
    return Dataset(**(given | changed), not_after="2040-01-01")


@pytest.fixture(scope="module")
def plain() -> Dataset:
    """An ordinary world, whose labels are the truth."""
    return made(tables())


def frame(dataset, name):
    return dataset.tables[name].to_pandas().astype({"account_id": str} if name != "messages" else {})


def past(dataset, as_of):
    """The messages before an instant, as a careful user takes them."""
    messages = frame(dataset, "messages").astype({"sender_id": str, "recipient_id": str})
    return messages[messages.sent_at < as_of]


def accounts_of(dataset):
    return pd.DataFrame({"account_id": frame(dataset, "accounts").account_id})


def by_account(dataset, **columns):
    """Series by id as a table of features."""
    features = accounts_of(dataset)
    for name, values in columns.items():
        features[name] = features.account_id.map(values).astype(float)
    return features


def found(report):
    return {(each.kind, each.subject) for each in report.findings}


def audit(dataset, features, **settings):
    return audit_leakage(dataset, features, **({"n_instants": 1} | settings))


# ---- the future ----------------------------------------------------------------------------------------------


def sends_of_all_time(dataset, as_of):
    messages = frame(dataset, "messages").astype({"sender_id": str})
    return by_account(dataset, x=messages.groupby("sender_id", observed=True).size())


def sends_up_to_and_at(dataset, as_of):
    messages = frame(dataset, "messages").astype({"sender_id": str})
    return by_account(
        dataset, x=messages[messages.sent_at <= as_of].groupby("sender_id", observed=True).size()
    )


def normalised_over_all_rows(dataset, as_of):
    """Counts only what is past, then divides by what all rows give."""
    everyone = (
        frame(dataset, "messages").astype({"sender_id": str}).groupby("sender_id", observed=True).size()
    )
    sent = past(dataset, as_of).groupby("sender_id", observed=True).size()
    return by_account(dataset, x=(sent - everyone.mean()) / everyone.std())


def latest_label_of_the_neighbours(dataset, as_of):
    labels = frame(dataset, "labels").drop_duplicates("account_id", keep="last")
    verdict = labels.set_index("account_id").is_automated.astype(float)
    messages = past(dataset, as_of)
    return by_account(
        dataset, x=messages.recipient_id.map(verdict).groupby(messages.sender_id, observed=True).mean()
    )


def accounts_on_the_network(dataset, as_of):
    accounts = frame(dataset, "accounts")
    return by_account(
        dataset,
        x=accounts.groupby("network", observed=True)
        .account_id.transform("size")
        .set_axis(accounts.account_id),
    )


FUTURE = (
    sends_of_all_time, sends_up_to_and_at, normalised_over_all_rows, latest_label_of_the_neighbours,
    accounts_on_the_network,
)  # fmt: skip


@pytest.mark.parametrize("code", FUTURE)
def test_the_future(plain, code):
    report = audit(plain, code)
    assert ("future", "x") in found(report)
    assert all(each.severity == "leak" and each.n > 0 for each in report.of("future"))


def test_a_row_at_the_very_instant_is_the_future(plain):
    """Without an instant inside the data, what is added at the instant itself tells "<=" from "<"."""
    assert ("future", "x") in found(audit(plain, sends_up_to_and_at, n_instants=0))


def test_a_column_that_only_the_future_has(plain):
    def dummies(dataset, as_of):
        devices = frame(dataset, "accounts").set_index("account_id").registered_at
        weeks = pd.get_dummies(devices.dt.isocalendar().week, prefix="week")
        return weeks[[name for name in weeks if weeks[name].any()]]

    assert audit(plain, dummies).of("future")


def honest(dataset, as_of):
    """The same ideas, with care: past rows, a scale made of the past, labels that are known by then."""
    messages = past(dataset, as_of)
    sent = messages.groupby("sender_id", observed=True).size()
    labels = frame(dataset, "labels")
    labels = labels[labels.labelled_at < as_of].sort_values(
        ["labelled_at", "is_automated"], ascending=[True, False]
    )
    verdict = (
        labels.drop_duplicates("account_id", keep="last").set_index("account_id").is_automated.astype(float)
    )
    accounts = frame(dataset, "accounts")
    accounts = accounts[accounts.registered_at.isna() | (accounts.registered_at < as_of)]
    alike = (
        accounts.groupby("network", observed=True).account_id.transform("size").set_axis(accounts.account_id)
    )
    age = (as_of - accounts.registered_at).dt.total_seconds().set_axis(accounts.account_id)
    return by_account(
        dataset, sent=sent, scaled=(sent - sent.mean()) / sent.std(), alike=alike, age=age,
        neighbours=messages.recipient_id.map(verdict).groupby(messages.sender_id, observed=True).mean(),
    )  # fmt: skip


def test_honest_code_is_clean(plain):
    report = audit_leakage(plain, honest)
    assert report.ok, report
    assert bool(report)
    assert report.features == ("sent", "scaled", "alike", "age", "neighbours")
    assert len(report.instants) == 4


def test_what_cannot_be_repeated_is_not_compared(plain):
    rng = np.random.default_rng(0)

    def noisy(dataset, as_of):
        return accounts_of(dataset).assign(x=rng.random(dataset.accounts.num_rows), y=1)

    report = audit(plain, noisy)
    assert found(report) == {("unrepeatable", "x")}
    assert not report.leaks
    assert not report.ok


# ---- the label -----------------------------------------------------------------------------------------------


def reported_world(*, made_labels: bool, delay_s: float = 7200.0, n: int = 60) -> Dataset:
    """Forty accounts are reported twice or more, twenty once; labels follow from that, or from a coin."""
    given = tables()
    rng = np.random.default_rng(0)
    ids = given["accounts"]["account_id"].to_pylist()
    begin = datetime(2026, 5, 20, tzinfo=UTC)
    reports, second = [], {}
    for k, who in enumerate(rng.permutation(ids)[:n]):
        for j in range(1 if k >= 40 else 2 + k % 4):
            when = begin + timedelta(seconds=float(rng.integers(0, 5 * 86_400)))
            reports.append((who, f"r{k}_{j}", when))
        if k < 40:
            second[who] = sorted(each[2] for each in reports if each[0] == who)[1]
    coin = rng.random(len(ids)) < 0.3
    when = [
        second[who] + timedelta(seconds=delay_s)
        if made_labels and who in second
        else begin + timedelta(days=7, hours=k)
        for k, who in enumerate(ids)
    ]
    labels = {
        "account_id": ids,
        "is_automated": [who in second for who in ids] if made_labels else coin.tolist(),
        "labelled_at": when,
    }
    columns = dict(
        zip(("account_id", "reporter_id", "reported_at"), map(list, zip(*reports, strict=True)), strict=True)
    )
    texts = given["texts"].filter(pc.not_equal(given["texts"]["source"], "reported"))
    return made(given, labels=labels, reports=columns | {"kind": ["report"] * len(reports)}, texts=texts)


def graph_features(dataset, as_of):
    """As published code does: the reports that are to be predicted stand among the degrees of the graph."""
    messages, reports = past(dataset, as_of), frame(dataset, "reports")
    return by_account(
        dataset,
        out_degree=messages.groupby("sender_id", observed=True).recipient_id.nunique(),
        in_degree=messages.groupby("recipient_id", observed=True).sender_id.nunique(),
        n_abuse_reports=reports[reports.reported_at < as_of].groupby("account_id", observed=True).size(),
    )


@pytest.mark.parametrize("delay_s", [0.0, 7200.0, 86_400.0])
def test_reports_that_made_the_labels(delay_s):
    report = audit(reported_world(made_labels=True, delay_s=delay_s), graph_features)
    assert found(report) == {("label_source", "n_abuse_reports")}
    assert report.leaks[0].severity == "leak"
    assert "reports" in report.leaks[0].sentence


def test_reports_that_made_no_labels(plain):
    assert audit(reported_world(made_labels=False), graph_features).ok
    assert audit(plain, graph_features).ok  # more reports of automated accounts, as it is in life


def test_reports_of_nearly_everybody_made_no_labels():
    """Automated accounts are reported more often than others, and yet no count tells which is which."""
    dataset, rng = reported_world(made_labels=False), np.random.default_rng(0)
    begin = datetime(2026, 5, 2, tzinfo=UTC)
    reports = [
        {"account_id": row["account_id"], "reporter_id": f"q{j}", "reported_at": begin + timedelta(hours=j)}
        | {"kind": "report"}
        for row in dataset.labels.to_pylist()
        for j in range(rng.integers(2, 8) + 2 * row["is_automated"])
    ]
    given = {name: dataset.tables[name] for name in dataset.given}
    assert audit(made(given, reports=pa.Table.from_pylist(reports)), graph_features).ok


def test_reports_that_made_labels_of_the_automated_alone():
    dataset = reported_world(made_labels=True)
    labels = dataset.labels.filter(dataset.labels["is_automated"])
    other = made({name: dataset.tables[name] for name in dataset.given}, labels=labels)
    assert found(audit(other, graph_features)) == {("label_source", "n_abuse_reports")}


def test_labels_at_the_instant_of_a_report_though_others_are_reported_as_well():
    dataset = reported_world(made_labels=True, delay_s=0.0)
    begin, rng = datetime(2026, 5, 2, tzinfo=UTC), np.random.default_rng(0)
    more = [
        {
            "account_id": who,
            "reporter_id": f"q{k}_{j}",
            "reported_at": begin + timedelta(hours=j),
            "kind": "report",
        }
        for k, who in enumerate(ids_of(dataset))
        for j in range(rng.integers(0, 9))
    ]
    given = {name: dataset.tables[name] for name in dataset.given}
    other = made(given, reports=pa.Table.from_pylist(dataset.reports.to_pylist() + more))
    report = audit(other, graph_features)
    assert found(report) == {("label_source", "n_abuse_reports")}
    assert "at the instant of one" in report.leaks[0].sentence


def test_the_catalogue_of_reports_where_they_made_the_labels():
    report = audit(reported_world(made_labels=True), None, n_instants=1)
    names = {each.subject for each in report.of("label_source")}
    assert {"feedback_reports", "feedback_reporters", "feedback_per_100_strangers"} <= names
    assert all(CATALOGUE[name].tier == "F" for name in names)
    assert {each.kind for each in report.findings} == {"label_source"}


def test_the_catalogue_of_reports_where_they_did_not(plain):
    assert audit(plain, ["feedback"]).ok
    assert audit(reported_world(made_labels=False), ["feedback"], n_instants=1).ok


def share_by_country(dataset, as_of, *, leave_out):
    labels = frame(dataset, "labels")
    labels = labels[labels.labelled_at < as_of].set_index("account_id").is_automated.astype(float)
    accounts = frame(dataset, "accounts")
    accounts = accounts[accounts.registered_at.isna() | (accounts.registered_at < as_of)].set_index(
        "account_id"
    )
    known = labels.reindex(accounts.index)
    total = known.fillna(0).groupby(accounts.country, observed=True).transform("sum")
    n = known.notna().groupby(accounts.country, observed=True).transform("sum")
    if leave_out:
        total, n = total - known.fillna(0), n - known.notna()
    return by_account(dataset, share=(total / n.where(n > 0)).round(9))


def test_the_own_label(plain):
    assert found(audit(plain, lambda d, t: share_by_country(d, t, leave_out=False))) == {
        ("own_label", "share")
    }
    assert audit(plain, lambda d, t: share_by_country(d, t, leave_out=True)).ok


def test_whether_an_account_is_labelled(plain):
    def is_labelled(dataset, as_of):
        labels = frame(dataset, "labels")
        known = labels[labels.labelled_at < as_of].account_id
        features = accounts_of(dataset)
        return features.assign(known=features.account_id.isin(known))

    assert found(audit(plain, is_labelled)) == {("own_label", "known")}


def test_a_value_hidden_from_whoever_is_labelled_gives_nothing_away(plain):
    def hidden(dataset, as_of):
        labels = frame(dataset, "labels")
        sent = past(dataset, as_of).groupby("sender_id", observed=True).size()
        return by_account(
            dataset, x=sent.drop(labels[labels.labelled_at < as_of].account_id, errors="ignore")
        )

    assert audit(plain, hidden).ok


@pytest.mark.parametrize("unknown", [False, True])
def test_a_feature_that_separates_alone(unknown):
    given = tables()
    truth = dict(
        zip(
            given["labels"]["account_id"].to_pylist(),
            given["labels"]["is_automated"].to_pylist(),
            strict=True,
        )
    )

    def with_country(which):
        country = [which(who, k) for k, who in enumerate(given["accounts"]["account_id"].to_pylist())]
        columns = {name: given["accounts"][name] for name in given["accounts"].column_names}
        return made(given, accounts=columns | {"country": country})

    def is_there(dataset, as_of):
        country = frame(dataset, "accounts").set_index("account_id").country
        return by_account(dataset, x=country.eq("XX").astype(float).where(~country.eq("XX") | (not unknown)))

    bought = with_country(lambda who, k: "XX" if truth.get(who) else "DE")
    report = audit(bought, is_there)
    assert found(report) == {("separates", "x")}
    assert report.findings[0].severity == "suspicion"
    assert audit(with_country(lambda who, k: "XX" if k % 3 else "DE"), is_there).ok


# ---- ids as numbers ------------------------------------------------------------------------------------------


def of_ids(make):
    def code(dataset, as_of):
        features = accounts_of(dataset)
        return features.assign(x=make(features.account_id))

    return code


IDS = {
    "number": lambda ids: ids.str.extract(r"(\d+)")[0].astype(float),
    "affine": lambda ids: 1e9 - 0.5 * ids.str.extract(r"(\d+)")[0].astype(float),
    "hash": lambda ids: ids.map(lambda each: zlib.crc32(each.encode())),
    "code": lambda ids: ids.astype("category").cat.codes,
    "parity": lambda ids: ids.str.extract(r"(\d+)")[0].astype(int) % 2,
}


@pytest.mark.parametrize("name", IDS)
def test_ids_as_numbers(plain, name):
    report = audit(plain, of_ids(IDS[name]), n_instants=0)
    assert ("id", "x") in found(report), report
    assert report.of("id")[0].severity == "leak"


def test_the_place_of_a_row():
    given = tables()
    order = np.random.default_rng(0).permutation(given["accounts"].num_rows)
    dataset = made(given, accounts=given["accounts"].take(order))
    report = audit(dataset, of_ids(lambda ids: np.arange(len(ids))), n_instants=0)
    assert ("row_order", "x") in found(report)
    assert report.of("row_order")[0].severity == "leak"
    assert "rows of the accounts table" in report.of("row_order")[0].sentence

    def first_met(dataset, as_of):
        _, ids = pd.factorize(past(dataset, as_of).sender_id)
        return by_account(dataset, x=pd.Series(np.arange(len(ids)), ids))

    assert ("row_order", "x") in found(audit(dataset, first_met, n_instants=0))


@pytest.mark.parametrize("whole", [False, True])
def test_an_age_that_ranks_accounts_like_their_ids_is_honest(whole):
    """Ids are mostly dealt out in the order of registration: a correlation alone would blame the age."""
    given = tables(unknown_share=0.0)
    order = np.argsort(given["accounts"]["registered_at"].to_numpy(), kind="stable")
    number = dict(
        zip(given["accounts"]["account_id"].take(order).to_pylist(), range(1000, 9999), strict=False)
    )
    if whole:  # integers throughout
        every = {}
        for name, table in given.items():
            for column in ("account_id", "sender_id", "recipient_id", "reporter_id"):
                if column in table.column_names:
                    place = table.column_names.index(column)
                    new = [
                        number.setdefault(each, 10_000 + len(number)) for each in table[column].to_pylist()
                    ]
                    table = table.set_column(place, column, pa.array(new, pa.int64()))
            every[name] = table
        given = every
        dataset = made(given)
        assert dataset.integer_ids
    else:
        dataset = made(given | {"accounts": given["accounts"].take(order)})

    def age(dataset, as_of):
        accounts = frame(dataset, "accounts").set_index("account_id")
        return by_account(dataset, x=(as_of - accounts.registered_at).dt.total_seconds())

    assert audit(dataset, age, n_instants=0).ok
    assert audit(dataset, ["account", "co_target"], n_instants=1).ok
    if whole:
        report = audit(dataset, of_ids(lambda ids: ids.astype(int)), n_instants=0)
        assert ("id", "x") in found(report)
        assert "the number in their ids" in report.of("id")[0].sentence


# ---- the split -----------------------------------------------------------------------------------------------


def ids_of(dataset):
    return dataset.accounts["account_id"].cast(pa.string()).to_pylist()


def components(dataset):
    """Number the accounts so that whoever shares a campaign, known or found, has one number."""
    members = find.campaigns(dataset, as_of="2026-07-01", history_days=100).members()
    joined = [(row["account_id"], (row["kind"], row["campaign"])) for row in members.to_pylist()]
    labels = dataset.labels.filter(pc.is_valid(dataset.labels["campaign"]))
    named = zip(
        labels["account_id"].to_pylist(), labels["campaign"].cast(pa.string()).to_pylist(), strict=True
    )
    root = {}

    def top(each):
        while root.setdefault(each, each) != each:
            each = root[each]
        return each

    for who, campaign in [*joined, *named]:
        root[top(str(who))] = top(campaign)
    numbers = {}
    return [numbers.setdefault(top(who), len(numbers)) for who in ids_of(dataset)]


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


def test_a_split_by_campaign_is_clean(plain):
    sides = [("train", "calibration", "test")[number % 3] for number in components(plain)]
    for split in (
        sides,
        np.array(sides),
        dict(zip(ids_of(plain), sides, strict=True)),
        pd.DataFrame({"account_id": ids_of(plain), "part": sides}),
        pa.table({"account_id": ids_of(plain), "part": pa.array(sides).dictionary_encode()}),
    ):
        report = audit(plain, ["account", "rhythm"], n_instants=0, split=split)
        assert report.ok, report
        assert not any("no split" in note for note in report.notes)


def rows_of_split(dataset, train_days, test_days):
    """Every account in one part, at some days of May."""
    ids = ids_of(dataset)
    sides = ["train" if number % 2 else "test" for number in components(dataset)]
    return [
        {"account_id": who, "part": side, "as_of": datetime(2026, 5, day, tzinfo=UTC)}
        for who, side in zip(ids, sides, strict=True)
        for day in (train_days if side == "train" else test_days)
    ]


def test_the_order_of_time(plain):
    clean = rows_of_split(plain, (5, 10), (20, 25))
    assert audit(plain, ["send_rate"], n_instants=0, split=pa.Table.from_pylist(clean)).ok
    level = rows_of_split(plain, (5, 20), (20, 25))  # what happens at an instant is not before it
    assert found(audit(plain, ["send_rate"], n_instants=0, split=pa.Table.from_pylist(level))) == {
        ("time_order", "test")
    }
    late = rows_of_split(plain, (5, 22), (20, 25))
    report = audit(plain, ["send_rate"], n_instants=0, split=pa.Table.from_pylist(late))
    assert found(report) == {("time_order", "test")}
    assert report.findings[0].n == sum(row["part"] == "train" for row in late) / 2


def test_an_account_in_two_parts(plain):
    rows = rows_of_split(plain, (5,), (20,))
    moved = next(row for row in rows if row["part"] == "train")
    alone = [row for row in rows if row["part"] == "test"]
    report = audit(
        plain, ["send_rate"], n_instants=0,
        split=pd.DataFrame([*alone, moved, moved | {"part": "test", "as_of": datetime(2026, 5, 20, tzinfo=UTC)}]),
    )  # fmt: skip
    assert ("account_in_parts", "split") in found(report)
    assert report.of("account_in_parts")[0].n == 1


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


# ---- the catalogue, and the report itself --------------------------------------------------------------------


def test_the_catalogue_is_clean(plain):
    report = audit_leakage(plain, n_instants=1)
    assert report.ok, report
    assert report.features == tuple(CATALOGUE)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_the_catalogue_is_clean_in_many_worlds(seed):
    dataset = made(tables(500, random_state=seed, tick_s=float(seed % 2)))
    report = audit_leakage(dataset, random_state=seed)
    assert report.ok, report
    split = [("train", "test")[number % 2] for number in components(dataset)]
    report = audit_leakage(dataset, n_instants=0, split=split, as_of="2026-07-01")
    assert report.ok, report


def assert_clean(world):
    assume(world.tables["accounts"] or world.tables["messages"])
    report = audit_leakage(
        world.dataset(),
        as_of=world.as_of,
        history_days=world.history_days,
        n_instants=1,
        random_state=world.seed,
    )
    assert report.ok, report


@settings(max_examples=6)
@given(worlds(size=30))
def test_the_catalogue_is_clean_whatever_the_world(world):
    assert_clean(world)


@pytest.mark.slow
@settings(max_examples=150)
@given(worlds(size=60))
def test_the_catalogue_is_clean_whatever_the_world_at_length(world):
    assert_clean(world)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_the_catalogue_is_clean_in_worlds_full_of_trouble(seed):
    report = audit_leakage(random_world(seed, 40, 500).dataset(), random_state=seed)
    assert not report.leaks, report


def test_several_functions_and_names_and_frames(plain):
    codes = {
        "graph": lambda d, t: pa.Table.from_pandas(graph_features(d, t)),
        "late": sends_of_all_time,
        "ours": lambda d, t: extract(d, as_of=t, features=["send_rate_sends"]),
        "flat": lambda d, t: {
            "account_id": ids_of(d),
            "a": ["x"] * d.accounts.num_rows,
            "b": [True] * d.accounts.num_rows,
        },
    }
    report = audit(plain, codes, n_instants=1)
    assert report.features == (
        "graph.out_degree", "graph.in_degree", "graph.n_abuse_reports", "late", "ours", "flat",
    )  # fmt: skip
    assert found(report) == {("future", "late")}
    assert any("left out: a" in note for note in report.notes)
    alone = audit_leakage(plain, sends_of_all_time, n_instants=1)
    assert alone.to_arrow().column_names == ["kind", "severity", "subject", "n", "n_tried", "sentence"]
    assert alone.to_pandas().kind.tolist() == ["future"]
    assert alone.to_native().equals(alone.to_arrow())
    assert audit_leakage(plain, ["account"], n_instants=0).to_arrow().num_rows == 0


def test_a_long_report_is_cut():
    one = Finding("future", "leak", "x", 1, 2, "it changes")
    text = str(LeakageReport((one,) * 23, ("x",), (0,), ("a note",)))
    assert text.count("it changes (1 of 2)") == 20
    assert "... and 3 more" in text
    assert text.endswith("note: a note")


def test_the_same_arguments_give_the_same_report(plain):
    one, other = (audit(plain, sends_of_all_time, random_state=7) for _ in range(2))
    assert one == other
    shuffled = {
        name: table.take(np.random.default_rng(0).permutation(table.num_rows))
        for name, table in plain.tables.items()
    }
    assert found(audit(made(shuffled), sends_of_all_time)) == found(one)


def test_no_id_and_no_text_stands_in_a_report():
    given = tables(60)
    for name, column in (("accounts", "account_id"), ("labels", "account_id"), ("photos", "account_id")):
        ids = [f"canary{each}" for each in given[name][column].to_pylist()]
        given[name] = given[name].set_column(given[name].column_names.index(column), column, pa.array(ids))
    for name in ("messages", "reports", "texts", "evidence"):
        for column in ("sender_id", "recipient_id", "account_id", "reporter_id"):
            if column in given[name].column_names:
                ids = [f"canary{each}" for each in given[name][column].to_pylist()]
                given[name] = given[name].set_column(
                    given[name].column_names.index(column), column, pa.array(ids)
                )
    dataset = made(given)
    codes = {"a": sends_of_all_time, "b": of_ids(IDS["hash"])}
    report = audit_leakage(dataset, codes, split=["train", "test"] * 30)
    assert len(report.findings) >= 3
    assert "canary" not in str(report) + repr(report)
    assert "no split" not in str(report)


def test_a_dataset_of_next_to_nothing():
    dataset = Dataset(
        messages={"sender_id": [], "recipient_id": [], "sent_at": []}, accounts={"account_id": ["a"]}
    )
    with pytest.raises(InsufficientDataError, match="as_of must be given"):
        audit_leakage(dataset)
    report = audit_leakage(dataset, as_of="2026-06-01")
    assert report.ok
    assert "0 automated and 0 honest" in str(report)
    nobody = Dataset(
        messages={"sender_id": [], "recipient_id": [], "sent_at": []}, accounts={"account_id": []}
    )
    with pytest.raises(InsufficientDataError, match="must hold accounts"):
        audit_leakage(nobody, as_of="2026-06-01")


@pytest.mark.parametrize(
    ("features", "settings", "error", "words"),
    [
        (["nonsense"], {}, ParameterError, "names of the catalogue"),
        (3, {}, ParameterError, "features must be"),
        ({}, {}, ParameterError, "mapping"),
        ([], {}, ParameterError, "at least one"),
        (lambda d, t: {"x": [1]}, {}, SchemaError, "account_id"),
        (lambda d, t: {"account_id": ["a", "a"], "x": [1, 2]}, {}, SchemaError, "one row per account"),
        (lambda d, t: {"account_id": ["a"], "x": ["b"]}, {}, SchemaError, "column of numbers"),
        (lambda d, t: 5, {}, SchemaError, "dataframe"),
        (["account"], {"n_instants": -1}, ParameterError, "n_instants"),
        (["account"], {"random_state": -1}, ParameterError, "random_state"),
        (["account"], {"history_days": 0}, ParameterError, "history_days"),
        (["account"], {"as_of": "soon"}, ParameterError, "as_of"),
        (["account"], {"split": ["train"]}, ParameterError, "split must name the part"),
        (["account"], {"split": {"nobody": "train"}}, ParameterError, "accounts of the dataset"),
        (["account"], {"split": pa.table({"part": ["a"]})}, ParameterError, "split must be"),
    ],
)
def test_wrong_arguments(plain, features, settings, error, words):
    with pytest.raises(error, match=words):
        audit_leakage(plain, features, **settings)


def test_errors_of_the_features_are_handed_on_with_a_note(plain):
    def brittle(dataset, as_of):
        if dataset is not plain:
            raise KeyError("a column of mine")
        return accounts_of(dataset).assign(x=1)

    with pytest.raises(KeyError, match="a column of mine") as caught:
        audit_leakage(plain, brittle)
    assert "audit_leakage" in caught.value.__notes__[0]


def test_ids_of_another_kind_are_not_quoted():
    dataset = Dataset(
        messages={"sender_id": [1], "recipient_id": [2], "sent_at": [5]},
        accounts={"account_id": [1, 2]},
        time_unit="s",
    )
    with pytest.raises(SchemaError, match="must be integers") as caught:
        audit_leakage(dataset, lambda d, t: {"account_id": ["canary"], "x": [1]})
    assert "canary" not in str(caught.value)
    for split in ({"canary": "train"}, {1: "train", 2: 7.5}):
        with pytest.raises((SchemaError, ParameterError)) as caught:
            audit_leakage(dataset, ["account"], split=split)
        assert "canary" not in str(caught.value)


def test_no_dataset():
    with pytest.raises(ParameterError, match="dataset must be a Dataset"):
        audit_leakage("data/sample")
