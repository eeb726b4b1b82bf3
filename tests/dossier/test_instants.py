"""Rows exactly at as_of and at the policy date, and counts of small random worlds, by plain loops."""

from __future__ import annotations

import random
import re

import pytest

from spamclf import Dataset, dossier
from spamclf.dossier.page import page_of
from tests.dossier.common import DAY, HOUR, START, by_hand
from tests.rows import HASHES, TIMES, account, arrow, tables_of

AS_OF, POLICY = START + 3 * DAY, START + DAY + 18 * HOUR
H = HASHES[0]


def told(tables, **settings):
    data = Dataset(**arrow(tables), schemes={"photo_hash": {"scheme": "pdq"}}, not_after="2040-01-01")
    return dossier.gather(data, **({"operator": "X", "as_of": AS_OF, "n_jobs": 1} | settings)).to_dict()


def tie(who, when=START):
    return {"account_id": who, "operator": "X", "observed_at": when, "kind": "on_platform"}


def wrote(sender, recipient, when):
    return {"sender_id": sender, "recipient_id": recipient, "sent_at": when}


def one_row_each(when):
    """A row of every table about `a` or `b` at an instant; evidence ties both before, and `b` sent before."""
    return tables_of(
        accounts=[account("a", registered_at=START), account("b", registered_at=when)],
        messages=[wrote("b", "f", START), wrote("a", "g", when)],
        photos=[{"account_id": "a", "set_at": when, "photo_hash": H}],
        texts=[{"account_id": "a", "observed_at": when, "source": "about", "text": "good morning everybody"}],
        reports=[{"account_id": "a", "reporter_id": "g", "reported_at": when, "kind": "report"}],
        labels=[{"account_id": "a", "is_automated": True, "labelled_at": when}],
        evidence=[tie("a"), tie("b"), tie("a", when)],
    )


# ---- as_of -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_row_of_any_table_is_seen_just_before_as_of_and_not_at_it(offset):
    tables = one_row_each(AS_OF + offset)
    contents = told(tables)
    for name, hashes in contents["inputs"]["rows"].items():
        seen = [row for row in tables[name] if row[TIMES[name]] < AS_OF]
        assert hashes == sorted(dossier.row_hash(name, row) for row in seen), name
    a, b = contents["accounts"]
    told_of_a = a["n_sent"], a["n_strangers"], a["n_reports"], len(a["labels"]), len(contents["photos"])
    assert told_of_a == (int(offset < 0),) * 5
    assert (a["label"] is not None, len(contents["texts"]), contents["summary"]["n_sent"] - 1) == told_of_a[
        :3
    ]
    assert (b["registration"]["registered_at"] is not None) == (a["last_sent"] is not None) == (offset < 0)
    assert len(contents["evidence"]) == 2 + (offset < 0)


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_registration_at_as_of_shares_no_device(offset):
    rows = [
        account("a", registered_at=START, device="d"),
        account("c", registered_at=AS_OF + offset, device="d"),
    ]
    contents = told(tables_of(accounts=rows, evidence=[tie("a")], messages=[wrote("a", "f", START)]))
    assert [each["n_accounts"] for each in contents["shared"]] == ([2] if offset < 0 else [])


# ---- the policy date ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_what_is_at_the_policy_date_is_after_it(offset):
    """A send, a stranger and a registration, in every count and in the chart."""
    contents = told(one_row_each(POLICY + offset), policy_date=POLICY)
    late = int(offset >= 0)
    after = contents["after_policy"]
    assert (after["n_senders"], after["n_sent"], after["n_strangers"], after["n_registered"]) == (late,) * 4
    a, b = (row["after_policy"] for row in contents["accounts"])
    assert (a["n_sent"], a["n_strangers"], b["registered"]) == (late, late, bool(late))
    assert [day["n_sent_after_policy"] for day in contents["days"]] == [0, late]
    (_, bar), x = bars(contents), line(contents)
    assert (bar["class"] == "bar late") == (float(bar["x"]) >= x) == bool(late)


def bars(contents):
    found = re.findall(
        r'<rect class="([^"]*)" x="([^"]*)" y="[^"]*" width="([^"]*)"', page_of(contents, {}, "")
    )
    return [dict(zip(("class", "x", "width"), each, strict=True)) for each in found]


def line(contents):
    return float(re.search(r'<line class="policy" x1="([^"]*)"', page_of(contents, {}, ""))[1])


def test_the_day_of_the_policy_date_is_split_at_its_hour():
    settings = {"operator": "Bulk", "as_of": "2026-06-04", "n_jobs": 1}
    contents = dossier.gather(by_hand(), policy_date="2026-06-02T18:00:00Z", **settings).to_dict()
    assert contents["after_policy"]["n_sent"] == 0
    assert [bar["class"] for bar in bars(contents)] == ["bar", "bar"]
    assert all(float(bar["x"]) + float(bar["width"]) <= line(contents) for bar in bars(contents))
    assert "policy date 2026-06-02 18:00<" in page_of(contents, {}, "")
    contents = dossier.gather(by_hand(), policy_date="2026-06-02T06:12:00Z", **settings).to_dict()
    assert contents["days"][1]["n_sent_after_policy"] == contents["after_policy"]["n_sent"] == 4
    assert [bar["class"] for bar in bars(contents)] == ["bar", "bar", "bar late"]
    (_, early, late), x = bars(contents), line(contents)
    assert float(early["x"]) + float(early["width"]) <= x <= float(late["x"])


# ---- counts by plain loops ---------------------------------------------------------------------------------------


def random_world(seed):
    """Three accounts of an operator and four people who write to each other, and report, at a few instants."""
    rng = random.Random(seed)
    accounts, people = ["a", "b", "c"], ["p", "q", "r", "s"]
    messages = []
    for when in rng.sample(range(START, AS_OF, 6 * HOUR), 10):
        pair = rng.choice(accounts), rng.choice(people)
        messages.append(wrote(*(pair if rng.random() < 0.6 else pair[::-1]), when))
    reports = [
        {"account_id": rng.choice(accounts), "reporter_id": rng.choice(people), "reported_at": START + k * DAY,
         "kind": rng.choice(["report", "block"])}
        for k in range(4)
    ]  # fmt: skip
    return tables_of(
        accounts=[account(each, registered_at=START) for each in accounts],
        messages=sorted(messages, key=lambda row: row["sent_at"]),
        reports=reports,
        evidence=[tie(each) for each in accounts],
    )


@pytest.mark.parametrize("seed", range(12))
def test_strangers_and_reports_of_random_worlds(seed):
    tables = random_world(seed)
    contents = told(tables, policy_date=POLICY)
    reached, written, met = {}, {}, set()  # by person: first as a stranger, first at all; pairs that wrote
    for row in tables["messages"]:
        who, whom, when = row["sender_id"], row["recipient_id"], row["sent_at"]
        if who in "abc":
            if not {(who, whom), (whom, who)} & met:
                reached.setdefault(whom, when)
            written.setdefault(whom, when)
        met.add((who, whom))
    assert contents["summary"]["n_strangers"] == len(reached)
    assert contents["after_policy"]["n_strangers"] == sum(written[each] >= POLICY for each in reached)
    for day in contents["days"]:
        begin = START + (int(day["day"][-2:]) - 1) * DAY
        new = [
            each for each, when in reached.items() if begin <= when < begin + DAY and written[each] >= begin
        ]
        assert day["n_strangers"] == len(new)
    for each in contents["accounts"]:
        kinds = [
            row["kind"]
            for row in tables["reports"]
            if row["account_id"] == each["account_id"] and row["reported_at"] < AS_OF
        ]
        assert (each["n_reports"], each["n_blocks"]) == (kinds.count("report"), kinds.count("block"))


def test_whom_an_account_had_answered_is_no_new_stranger():
    rows = [wrote("p", "a", START), wrote("a", "p", START + HOUR), wrote("b", "p", POLICY + HOUR)]
    tables = tables_of(accounts=[account("a"), account("b")], messages=rows, evidence=[tie("a"), tie("b")])
    contents = told(tables, policy_date=POLICY)
    assert contents["after_policy"]["n_strangers"] == 0
    assert [day["n_strangers"] for day in contents["days"]] == [0, 0]
    assert contents["summary"]["n_strangers"] == 1  # b had reached it as a stranger


def test_reports_on_an_account_that_talks_with_people_are_told():
    talk = [wrote("a", "f", START), wrote("f", "a", START + HOUR), wrote("a", "f", START + 2 * DAY)]
    report = {"account_id": "a", "reporter_id": "z", "reported_at": START + HOUR, "kind": "report"}
    contents = told(tables_of(accounts=[account("a")], messages=talk, reports=[report], evidence=[tie("a")]))
    (each,) = contents["accounts"]
    assert (each["n_reports"], each["n_blocks"]) == (1, 0)
    assert len(contents["inputs"]["rows"]["reports"]) == 1
