"""What an evaluation says of accounts is what scoring them one at a time says, and nothing is seen too early."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.stats import binomtest

from spamclf import Dataset, evaluate, extract, predict
from spamclf.campaigns import CampaignIndex
from spamclf.campaigns.sightings import pseudonyms
from spamclf.campaigns.verdicts import Labels
from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.evaluate.evaluating import _promise
from spamclf.evaluate.judged import judge, together
from spamclf.evaluate.looks import _SENDS_WATCHED as WATCHED
from spamclf.model.certificate import Certificate, SegmentThreshold
from spamclf.scoring import Scoring
from tests.evaluate.common import found, found_by_stump, shipped, stump, world

DAY = 86_400_000_000


def rows(table, **wanted):
    return [row for row in table.to_pylist() if all(row[name] == value for name, value in wanted.items())]


def row(table, **wanted):
    (only,) = rows(table, **wanted)
    return only


@cache
def life():
    """From the tables: instants of all sends of each account, when it registered, first and last instant."""
    made = world()
    accounts = made["accounts"]
    ids = accounts["account_id"].to_pylist()
    registered = dict(zip(ids, accounts["registered_at"].cast(pa.int64()).to_pylist(), strict=True))
    micros = made["messages"]["sent_at"].cast(pa.int64()).to_pylist()
    sends = defaultdict(list)
    for sender, at in zip(made["messages"]["sender_id"].to_pylist(), micros, strict=True):
        sends[sender].append(at)
    return dict(sends), registered, min(micros), made.dataset.last_instant() + 1


@cache
def found_after_one_send():
    return evaluate.evaluate(world().dataset, stump(cut=0.5), world().truth, n_jobs=1)


def stated(account):
    """The looks that the certificate speaks of, by hand."""
    sends, registered, first, end = life()
    mine = sorted(sends[account])
    looks = {mine[n - 1] + 1 for n in (1, 5, 20, 100) if n <= len(mine)} | {mine[-1] + 1}
    looks |= {end} if mine[-1] >= end - 30 * DAY else set()
    if registered.get(account) is not None:
        looks.add(registered[account] + 1)
    return sorted(look for look in looks if look > first)


def test_highest_scores_and_flags_are_those_of_scoring_one_at_a_time():
    dataset, accounts = world().dataset, found().accounts
    some = [each["account_id"] for y in (True, False) for each in rows(accounts, is_automated=y)[:45:15]]
    when = sorted({look for account in some for look in stated(account)})
    scored = defaultdict(dict)
    for look in when:
        for each in predict.score(dataset, shipped(), as_of=look, n_reasons=0, n_jobs=1).to_pylist():
            scored[each["account_id"]][look] = (each["score"], each["score"] >= each["threshold"])
    for account in some:
        mine = [scored[account][look] for look in stated(account)]
        told = row(accounts, account_id=account)
        assert (told["score"], told["flagged"]) == (
            max(score for score, _ in mine),
            any(hit for _, hit in mine),
        )


def test_a_flag_after_five_sends_is_told_as_one():
    sends, _, _, _ = life()
    table, many = found_by_stump().accounts, {account for account, mine in sends.items() if len(mine) >= 5}
    assert {each["account_id"] for each in rows(table, flagged=True)} == many & set(
        table["account_id"].to_pylist()
    )
    cold = found_by_stump().cold_start
    for y in (True, False):
        assert row(cold, look="after 1 send", is_automated=y)["value"] == 0.0
        assert row(cold, look="after 5 sends", is_automated=y)["value"] == 1.0
        assert row(cold, look="at registration", is_automated=y)["value"] == 0.0
        mine = [len(sends[each["account_id"]]) for each in rows(table, is_automated=y)]
        assert row(cold, look="after 50 sends", is_automated=y)["accounts"] == sum(n >= 50 for n in mine)


@pytest.mark.parametrize(
    ("minutes", "look"),
    [
        (0, "at registration"),
        (1, "1 minute after registration"),
        (5, "5 minutes after registration"),
        (60, "60 minutes after registration"),
    ],
)
def test_looks_after_registration_are_at_accounts_that_registered_in_the_log(minutes, look):
    sends, registered, first, end = life()
    told = found_after_one_send()
    for y in (True, False):
        flagged = []
        for each in rows(told.accounts, is_automated=y):
            when = registered[each["account_id"]]
            when = None if when is None else when + 60_000_000 * minutes + 1
            if when is not None and first < when <= end:
                flagged.append(min(sends[each["account_id"]]) < when)
        cold = row(told.cold_start, look=look, is_automated=y)
        assert (cold["accounts"], cold["value"]) == (len(flagged), np.mean(flagged))


def test_strangers_before_the_flag_are_counted_as_by_hand():
    sends, _, _, end = life()
    dataset = world().dataset
    starts = {each["account_id"]: each["starts_at"] for each in world().truth.to_pylist()}

    def strangers(account, instant):
        table = extract(
            dataset, features=["fan_out_strangers"], snapshots=[instant], history_days=36_500, n_jobs=1
        )
        return table["fan_out_strangers"][pc.index(table.account_ids, account).as_py()]

    for each in rows(found_by_stump().accounts, is_automated=True)[:40:8]:
        account = each["account_id"]
        begins = int(starts[account].timestamp()) * 1_000_000 + starts[account].microsecond
        mine = sorted(sends[account])
        assert each["caught"] == (len(mine) >= 5)
        until = mine[4] + 1 if each["caught"] else end
        assert each["strangers"] == max(strangers(account, until) - strangers(account, begins), 0)
        assert each["wrote"] == (strangers(account, end) > strangers(account, begins))
    assert 5 in WATCHED


def test_the_table_of_strangers_is_made_of_the_accounts():
    table = found().accounts.to_pandas()
    automated = table[table["is_automated"]]
    wrote = automated[automated["wrote"].astype(bool)]
    told = row(found().strangers, threshold="the model's", family="all automated", quantile="median")
    assert told["value"] == np.quantile(wrote["strangers"].astype(float), 0.5, method="inverted_cdf")
    assert told["accounts"] == len(wrote)
    assert told["never_flagged"] == (~wrote["caught"]).sum()
    assert told["low"] <= told["value"] <= told["high"]
    assert told["honest_flagged"] == table[~table["is_automated"]]["caught"].mean()
    fixed = rows(found().strangers, family="all automated")[-1]
    assert fixed["honest_flagged"] <= found().fpr
    assert fixed["threshold"] == "flags at most 0.01 of these honest accounts"


def test_shares_are_those_of_the_accounts_with_exact_intervals():
    table = found().accounts.to_pandas()
    for each in found().by_family.to_pylist():
        mine = table[table["is_automated"] == each["is_automated"]]
        if not each["family"].startswith("all "):
            mine = mine[mine["family"] == each["family"]]
        assert (each["accounts"], each["value"]) == (len(mine), mine["flagged"].mean())
        exact = binomtest(int(mine["flagged"].sum()), len(mine)).proportion_ci(method="exact")
        if each["is_automated"]:  # campaigns are drawn whole: wider
            assert each["low"] <= exact.low + 1e-12
            assert each["high"] >= exact.high - 1e-12
        else:
            assert (each["low"], each["high"]) == pytest.approx((exact.low, exact.high))
    everybody = row(found().by_family, family="all automated")
    assert found().figure("recall").value == everybody["value"]
    honest = row(found().by_family, family="all honest")
    assert found().figure("honest_flagged").value == honest["value"]


def test_the_rule_and_the_tree_flag_no_more_honest_accounts_than_promised():
    for evaluation in (found(), found_by_stump()):
        for of in ("one rule", "tree of depth 3"):
            assert evaluation.figure("honest_flagged", of).value <= evaluation.fpr
            assert evaluation.figure("recall_cut_here", of) == evaluation.figure("recall", of)
    assert found_by_stump().figure("recall", "one rule").value > 0


def test_the_model_is_cut_as_they_are_beside_them():
    table = found().accounts.to_pandas()
    honest = np.sort(table[~table["is_automated"]]["score"])[::-1]
    above = honest[int(found().fpr * honest.size)]
    share = (table[table["is_automated"]]["score"] > above).mean()
    assert found().figure("recall_cut_here").value == pytest.approx(share)


def test_nobody_labelled_is_the_same_world_without_labels_and_evidence():
    made = world()
    alone = made.dataset.emptied("labels", "evidence")
    bare = evaluate.evaluate(alone, shipped(), made.truth, n_jobs=1)
    for what in ("roc_auc", "average_precision", "recall", "honest_flagged"):
        assert (
            found().figure(what, "nobody labelled")
            == bare.figure(what)
            == bare.figure(what, "nobody labelled")
        )
    assert found().figure("roc_auc", "nobody labelled") != found().figure("roc_auc")


def test_a_segment_counts_the_looks_at_which_an_account_is_in_it():
    sends, registered, _, _ = life()
    told = found_by_stump()
    for y in (True, False):
        new, flagged = [], []
        for each in rows(told.accounts, is_automated=y):
            account = each["account_id"]
            born = registered[account]
            looks = [
                look for look in stated(account) if born is not None and look - born < 7 * DAY and look > born
            ]
            if looks:
                new.append(account)
                flagged.append(any(sum(at < look for at in sends[account]) >= 5 for look in looks))
        told_new = row(told.by_segment, segment="new", is_automated=y)
        assert (told_new["accounts"], told_new["value"]) == (len(new), np.mean(flagged))
    business = set(
        pc.filter(world()["accounts"]["account_id"], world()["accounts"]["is_business"]).to_pylist()
    )
    told_business = row(told.by_segment, segment="business", is_automated=False)
    assert told_business["accounts"] == sum(
        each["account_id"] in business for each in rows(told.accounts, is_automated=False)
    )


def test_a_score_at_the_threshold_is_a_flag():
    score = found().accounts["score"].to_pylist()[0]
    made = world()
    told = evaluate.evaluate(
        made.dataset, replace(shipped(), certificate=None, threshold=score), made.truth, n_jobs=1
    )
    assert told.accounts["flagged"].to_pylist()[0]
    assert (
        told.figure("recall").value
        == pc.mean(
            pc.greater_equal(told.accounts.filter(told.accounts["is_automated"])["score"], score)
        ).as_py()
    )


def test_who_only_answers_reaches_no_stranger():
    """Days: 0 a writes to three strangers, one of whom, b, asks c, who answers; day 60: b writes again."""
    day = 86_400
    messages = [
        ("a", "b", 0),
        ("a", "p", 1),
        ("a", "q", 2),
        ("b", "c", 3),
        ("c", "b", 4),
        ("b", "c", 60 * day),
    ]
    sender, recipient, sent_at = zip(*messages, strict=True)
    dataset = Dataset(
        accounts={"account_id": ["a", "b", "c"]},
        messages={
            "sender_id": sender,
            "recipient_id": recipient,
            "sent_at": [10 * day + at for at in sent_at],
        },
        time_unit="s",
    )
    truth = {"account_id": ["a", "b", "c"], "is_automated": [True, False, True]}
    told = evaluate.evaluate(dataset, stump(cut=1.5), truth, n_jobs=1)
    accounts = {each["account_id"]: each for each in told.accounts.to_pylist()}
    assert [accounts[name]["wrote"] for name in "abc"] == [True, None, False]
    assert [accounts[name]["strangers"] for name in "abc"] == [2, None, 0]
    assert {each["accounts"] for each in told.strangers.to_pylist()} == {1}
    # Seen at the end, after 30 silent days, a would have no send and a constant would still flag it: nobody looks.
    no_sends = evaluate.evaluate(dataset, stump(cut=0.5, low=2.0, high=-2.0), truth, n_jobs=1)
    assert not any(no_sends.accounts["flagged"].to_pylist())


def test_who_never_sent_is_counted_apart():
    sends, _, _, _ = life()
    ids = world().truth["account_id"].to_pylist()
    silent = [account for account in ids if account not in sends]
    assert found().counts["never_sent"] == len(silent) > 0
    counts = found().counts
    assert counts["automated"] + counts["honest"] + counts["never_sent"] == len(ids)
    honest = [each["account_id"] for each in rows(found().accounts, is_automated=False)]
    assert counts["honest_looks"] == sum(len(stated(account)) for account in honest)
    assert not set(silent) & set(found().accounts["account_id"].to_pylist())


def test_nothing_at_or_after_the_instant_is_seen():
    made, as_of = world(), life()[2] + 12 * DAY
    cut = pa.scalar(as_of, pa.timestamp("us", tz="UTC"))
    times = {"messages": "sent_at", "photos": "set_at", "texts": "observed_at", "reports": "reported_at"}
    times |= {"labels": "labelled_at", "evidence": "observed_at"}
    early = {name: made[name].filter(pc.less(made[name][when], cut)) for name, when in times.items()}
    whole, part = (
        evaluate.evaluate(dataset, shipped(), made.truth, as_of=as_of, n_jobs=1)
        for dataset in (made.dataset, Dataset(**(made | early)))
    )
    assert whole.to_dict() == part.to_dict()
    assert whole.accounts.equals(part.accounts)
    assert whole.to_dict() != found().to_dict()


def test_a_constant_score_finds_all_or_nothing():
    made = world()
    low = evaluate.evaluate(made.dataset, stump(low=0.0, high=0.0), made.truth, n_jobs=1)
    assert (low.figure("recall").value, low.figure("honest_flagged").value) == (0, 0)
    assert low.figure("roc_auc").value == 0.5
    told = row(low.strangers, threshold="the model's", family="all automated", quantile="median")
    assert told["never_flagged"] == told["accounts"]
    high = evaluate.evaluate(made.dataset, stump(low=2.0, high=2.0), made.truth, n_jobs=1)
    assert (high.figure("recall").value, high.figure("honest_flagged").value) == (1, 1)
    assert {each["value"] for each in high.cold_start.to_pylist() if each["accounts"]} == {1.0}
    assert not rows(high.by_family, value=0.0)
    fixed = rows(high.strangers, family="all automated")[-1]
    assert (fixed["honest_flagged"], fixed["never_flagged"]) == (0, fixed["accounts"])


def test_labels_stand_in_for_the_truth_and_families_may_be_unknown():
    made = world()
    by_labels = evaluate.evaluate(made.dataset, stump(), n_jobs=1)
    assert by_labels.by_family["family"].to_pylist() == ["all automated", "all honest"]
    assert set(by_labels.accounts["account_id"].to_pylist()) <= set(made["labels"]["account_id"].to_pylist())
    bare = made.truth.select(["account_id", "is_automated"]).to_pandas()
    told = evaluate.evaluate(made.dataset, stump(), bare, n_jobs=1)
    assert told.figure("recall").value == found_by_stump().figure("recall").value
    assert "family" not in str(told).split("by family")[0]


def test_worlds_count_together():
    one, other = world(), world(1022)
    both = evaluate.evaluate_worlds([one, other], stump(), n_jobs=1)
    alone = [found_by_stump(), found_by_stump(1022)]
    for name in ("automated", "honest", "never_sent"):
        assert both.counts[name] == sum(each.counts[name] for each in alone)
    assert both.accounts.select(["account_id", "score", "flagged", "strangers", "caught"]).equals(
        pa.concat_tables([each.accounts for each in alone]).select(
            ["account_id", "score", "flagged", "strangers", "caught"]
        )
    )
    for table, names in (
        ("cold_start", ["look", "is_automated"]),
        ("by_segment", ["segment", "is_automated"]),
    ):
        for each in getattr(both, table).to_pylist():
            parts = [rows(getattr(e, table), **{name: each[name] for name in names}) for e in alone]
            assert each["accounts"] == sum(part[0]["accounts"] for part in parts if part)
    assert evaluate.evaluate_worlds([one], stump(), n_jobs=1).to_dict() == found_by_stump().to_dict()
    with pytest.raises(InsufficientDataError, match="worlds must be one at least"):
        evaluate.evaluate_worlds([])


def test_campaigns_of_two_worlds_are_never_one():
    parts = [
        judge(Scoring(made.dataset, stump(), None, 1, None), made.truth, str)
        for made in (world(), world(1022))
    ]
    both = together(parts)
    campaigns = [np.unique(part.campaign).size for part in (*parts, both)]
    assert campaigns[2] == campaigns[0] + campaigns[1]
    assert len(both) == len(parts[0]) + len(parts[1])


def test_it_is_told_in_full():
    text, told = str(found()), found().to_dict()
    assert json.loads(json.dumps(told)) == told
    for name in ("by_family", "by_segment", "cold_start", "strangers"):
        table = getattr(found(), name)
        assert told[name] == table.to_pylist()
        assert all(each in text for each in table[table.column_names[0]].to_pylist())
    assert told["promise"] == found().promise.to_pylist()
    assert f"{found().figure('recall').value:.4f}" in text
    with_more = replace(
        found(),
        retrained={
            "tiers": pa.table(
                {
                    "tiers": ["0"],
                    "accounts": [3],
                    "value": [0.5],
                    "low": [0.1],
                    "high": [0.9],
                    "honest_flagged": [0.0],
                }
            )
        },
    )
    assert "models trained anew: tiers" in str(with_more)
    assert with_more.to_dict()["retrained"]["tiers"][0]["value"] == 0.5


def test_it_is_said_whether_the_promise_was_kept():
    """Of all honest accounts and of each segment, from the interval of the share flagged."""
    certificate, promise = shipped().certificate, found().promise
    everybody, *segments = promise.to_pylist()
    flagged = found().figure("honest_flagged")
    assert everybody == {
        "segment": "all accounts", "accounts": found().counts["honest"], "value": flagged.value, "low": flagged.low,
        "high": flagged.high, "verdict": "cannot tell",
    }  # fmt: skip
    assert [each["segment"] for each in segments] == [each.name for each in certificate.segments]
    for each, named in zip(segments, certificate.segments, strict=True):
        assert (each["verdict"] == "not promised") == named.pooled
    shares = {each["segment"]: each for each in rows(found().by_segment, is_automated=False)}
    for name in ("new", "established"):
        told = row(promise, segment=name)
        for key in ("accounts", "value", "low", "high"):
            assert told[key] == shares[name][key]
    assert "promised: at most 0.01 of the honest accounts: cannot tell" in str(found())
    assert "368 of whom none is flagged" in str(found())
    assert "  established        cannot tell" in str(found())


class FourHundred:
    """Honest accounts, half of them new; so many of the new ones and of the others are flagged."""

    def __init__(self, new, others):
        self.is_automated, place = np.zeros(400, np.bool_), np.arange(400)
        self.flagged = np.where(place < 200, place < new, place - 200 < others)
        self.promised = {"new": (place < 200, self.flagged), "established": (place >= 200, self.flagged)}

    def __len__(self):
        return 400


@pytest.mark.parametrize(
    ("new", "others", "verdicts"),
    [
        (0, 0, ("kept", "cannot tell", "not promised")),
        (12, 12, ("broken", "broken", "not promised")),
        (0, 20, ("broken", "cannot tell", "not promised")),
    ],
)
def test_the_verdict_on_a_promise_comes_from_the_interval(new, others, verdicts):
    segments = (
        SegmentThreshold("new", 900, 3, 0.5, False, 0.009),
        SegmentThreshold("established", 100, 1, 0.5, True, None),
    )
    certificate = Certificate(0.01, 0.95, 0.5, 1000, 4, 0.0099, segments)
    promise = _promise(FourHundred(new, others), certificate)
    for each, verdict, n in zip(promise.to_pylist(), verdicts, (new + others, new, others), strict=True):
        size = 400 if each["segment"] == "all accounts" else 200
        exact = binomtest(n, size).proportion_ci(0.95, "exact")
        assert (each["value"], each["verdict"]) == (n / size, verdict)
        assert (each["low"], each["high"]) == pytest.approx((exact.low, exact.high))
    text = str(replace(found(), promise=promise))
    assert f"promised: at most 0.01 of the honest accounts: {verdicts[0]}, " in text
    assert f"  new                {verdicts[1]}, " in text
    is_told = "nothing was promised of it alone (pooled)" in text
    assert is_told == (others >= 12), "a pooled segment is told where more than the promise are flagged"


def test_without_a_certificate_nothing_is_promised():
    assert found_by_stump().promise.num_rows == 0
    assert "promised: nothing, for want of a certificate; 0.1 of the honest" in str(found_by_stump())


def test_how_the_work_goes_on_is_told():
    lines = []
    evaluate.evaluate(world().dataset, stump(), world().truth, progress=lines.append, n_jobs=1)
    assert lines[0].startswith("scoring accounts at 0 to")
    assert lines[-1] == "drawing intervals ..."


def test_refusals():
    made = world()
    honest = made.truth.filter(pc.invert(made.truth["is_automated"]))
    with pytest.raises(InsufficientDataError, match=r"both kinds that sent; got 0 automated and \d+ honest"):
        evaluate.evaluate(made.dataset, stump(), honest)
    with pytest.raises(InsufficientDataError, match="got 0 automated and 0 honest"):
        evaluate.evaluate(made.dataset, stump(), honest.slice(0, 0))
    with pytest.raises(ParameterError, match="what and of must name one of its figures; got 'f1' of 'model'"):
        found().figure("f1")


def test_accounts_that_the_model_learned_from_are_told():
    made = world()
    whole = Labels.of_dataset(made.dataset)
    chosen = np.arange(len(whole)) % 3 == 0
    later = Labels.of(whole.account[~chosen], whole.labelled_at[~chosen] + 1, whole.is_automated[~chosen])
    memory = CampaignIndex().add(labels=Labels.join(whole.where(chosen), later))
    known = replace(stump(), memory=memory)
    told = evaluate.evaluate(made.dataset, known, made.truth, n_jobs=1)
    sent = set(told.accounts["account_id"].to_pylist())
    by_pseudonym = dict(zip(pseudonyms(pa.array(sorted(sent))).tolist(), sorted(sent), strict=True))
    expected = {each for each in whole.account[chosen].tolist() if each in by_pseudonym}
    assert told.counts["remembered"] == len(expected) > 10
    assert f"has labels of {len(expected)} of these accounts" in str(told)
    other = evaluate.evaluate(world(1022).dataset, known, world(1022).truth, n_jobs=1)
    assert (
        other.counts["remembered"] == found_by_stump().counts["remembered"] == 0
    )  # the same ids, other labels
    assert "flatters" not in str(other)
