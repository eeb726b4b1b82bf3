"""What is left out is in no label that a model or a score could learn from."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest

from spamclf import evaluate
from spamclf.errors import ParameterError
from spamclf.evaluate import left_out
from tests.evaluate.common import found_by_stump, stump, world


class Fit:
    """Makes the same stump of any dataset, and keeps what it was given."""

    def __init__(self):
        self.seen = []

    def __call__(self, dataset, **more):
        self.seen.append((set(dataset.labels["account_id"].to_pylist()), more))
        return stump()


def members(made, **wanted):
    rows = made.truth.to_pylist()
    return {each["account_id"] for each in rows if all(each[name] == value for name, value in wanted.items())}


def rows(table):
    return {each[table.column_names[0]]: each for each in table.to_pylist()}


@pytest.fixture
def scored(monkeypatch):
    """Accounts with a label in each dataset that is scored."""
    seen, plain = [], left_out.Scoring

    def noting(dataset, *rest, **more):
        seen.append(set(dataset.labels["account_id"].to_pylist()))
        return plain(dataset, *rest, **more)

    monkeypatch.setattr(left_out, "Scoring", noting)
    return seen


def test_a_family_is_left_out_of_training_and_of_the_unseen_world(scored):
    fit, train, test = Fit(), world(1022), world()
    lines = []
    table = evaluate.leave_one_family_out(
        fit, train, [test], families=["drip", "sim_farm"], progress=lines.append, n_jobs=1
    )
    (everybody, _), *without = fit.seen
    known, *unknown = scored
    for family, (labelled, _), seen in zip(("drip", "sim_farm"), without, unknown, strict=True):
        assert labelled == everybody - members(train, family=family) != everybody
        assert seen == known - members(test, family=family) != known
    found, full = rows(table), rows(found_by_stump().by_family)
    for family in ("drip", "sim_farm"):
        mine, same = found[family], full[family]
        for name in ("accounts", "value", "low", "high"):
            assert mine[name] == same[name]  # the stump looks at no label
        assert mine["known"] == mine["value"]
        assert mine["honest_flagged"] == full["all honest"]["value"]
    mean = found["mean over families"]
    assert mean["value"] == np.mean([found["drip"]["value"], found["sim_farm"]["value"]])
    assert mean["accounts"] == found["drip"]["accounts"] + found["sim_farm"]["accounts"]
    assert "training without drip ..." in lines


def test_families_of_several_worlds_count_together():
    one, both = (
        rows(evaluate.leave_one_family_out(Fit(), world(), tests, families=["blaster"], n_jobs=1))["blaster"]
        for tests in ([world()], [world(), world(1022)])
    )
    assert both["accounts"] > one["accounts"]


def test_all_families_by_default(monkeypatch):
    fit = Fit()
    table = evaluate.leave_one_family_out(fit, world(), [world()], n_jobs=1)
    families = sorted({each["family"] for each in world().truth.to_pylist() if each["is_automated"]})
    assert table["family"].to_pylist() == [*families, "mean over families"]
    assert len(fit.seen) == len(families) + 1


def test_each_campaign_is_left_out_once(scored):
    fit, made = Fit(), world()
    table = evaluate.leave_campaigns_out(fit, made, n_folds=3, n_jobs=1)
    labelled = set(made["labels"]["account_id"].to_pylist())
    gone = [labelled - mine for mine, _ in fit.seen]
    assert scored == [mine for mine, _ in fit.seen]
    automated = members(made, is_automated=True)
    assert set.union(*gone) == labelled & automated
    assert sum(map(len, gone)) == len(labelled & automated)
    campaign = {each["account_id"]: each["campaign"] for each in made.truth.to_pylist()}
    folds = [{campaign[account] for account in mine} for mine in gone]
    assert not folds[0] & folds[1] | folds[0] & folds[2] | folds[1] & folds[2]
    found, full = rows(table), rows(found_by_stump().by_family)["all automated"]
    everybody = found["all campaigns"]
    assert (everybody["accounts"], everybody["value"]) == (full["accounts"], full["value"])
    assert sum(found[f"fold {k} of 3"]["accounts"] for k in (1, 2, 3)) == full["accounts"]
    again = evaluate.leave_campaigns_out(Fit(), made, n_folds=3, n_jobs=1)
    assert again.equals(table)
    assert not evaluate.leave_campaigns_out(Fit(), made, n_folds=3, random_state=1, n_jobs=1).equals(table)


def test_tiers_are_asked_for_one_after_the_other():
    fit, lines = Fit(), []
    table = evaluate.tier_price(fit, world(1022), [world()], progress=lines.append, n_jobs=1)
    assert [more for _, more in fit.seen] == [{"tiers": each} for each in left_out.TIERS]
    assert table["tiers"].to_pylist() == ["0", "0,1", "0,1,2", "0,1,2,3"]
    assert set(table["value"].to_pylist()) == {found_by_stump().figure("recall").value}
    assert lines[0] == "training on tiers 0 ..."


def test_worlds_in_a_row_share_no_id_and_no_time():
    made = evaluate.worlds_in_a_row([5, 6], 60)
    parts = []
    for seed in (5, 6):
        mine = pc.starts_with(made["messages"]["sender_id"], f"w{seed}-")
        parts.append(made["messages"].filter(mine))
        assert pc.all(pc.starts_with(parts[-1]["recipient_id"], f"w{seed}-")).as_py()
    apart = pc.min(parts[1]["sent_at"]).as_py() - pc.max(parts[0]["sent_at"]).as_py()
    assert apart.days >= 31  # more than the look-back
    labels = made["labels"].filter(pc.starts_with(made["labels"]["account_id"], "w5-"))
    assert pc.max(labels["labelled_at"]).as_py() < pc.min(parts[1]["sent_at"]).as_py()
    assert made.dataset.accounts.num_rows == 120
    operators = [
        set(
            made.truth.filter(pc.starts_with(made.truth["account_id"], p))["operator"].drop_null().to_pylist()
        )
        for p in ("w5-", "w6-")
    ]
    assert operators[0]
    assert not operators[0] & operators[1]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: evaluate.leave_one_family_out(Fit(), world(), []), "tests must be one world at least"),
        (lambda: evaluate.tier_price(Fit(), world(), []), "tier_price: tests must be"),
        (
            lambda: evaluate.leave_one_family_out(Fit(), world(), [world()], families=["shop"]),
            "must be automated ones of the world to train on, .*; got 'shop'",
        ),
        (lambda: evaluate.leave_one_family_out(Fit(), world(), [world()], families=[]), "got none"),
        (lambda: evaluate.leave_campaigns_out(Fit(), world(), n_folds=1), "n_folds must be from 2 to"),
        (
            lambda: evaluate.worlds_in_a_row([]),
            "seeds must be different whole numbers, at most 300; got \\[\\]",
        ),
        (lambda: evaluate.worlds_in_a_row([1, 1]), "got \\[1, 1\\]"),
        (lambda: evaluate.worlds_in_a_row(5), "whole numbers, at most 300; got 5"),
        (lambda: evaluate.worlds_in_a_row([1], 60, start="2026-01-01"), "options must be of .*; got 'start'"),
        (lambda: evaluate.worlds_in_a_row({1: {"bogus": 1}}, 60), "options must be of .*; got 'bogus'"),
        (
            lambda: evaluate.leave_one_family_out(Fit(), world(), world()),
            "tests must be worlds in a list; got World",
        ),
        (
            lambda: evaluate.tier_price(Fit(), world(), [world().dataset]),
            "tests must be of simulate.world; got Dataset",
        ),
        (
            lambda: evaluate.tier_price(Fit(), world().dataset, [world()]),
            "train must be of simulate.world; got Dataset",
        ),
        (lambda: evaluate.worlds_in_a_row({1: 3}), "options must be of .*; got 3"),
        (lambda: evaluate.worlds_in_a_row([[1], [2]]), "different whole numbers"),
        (lambda: evaluate.worlds_in_a_row(range(13_000)), "at most 300; got 13,000"),
        (lambda: evaluate.leave_campaigns_out(Fit(), world().dataset), "world must be of simulate.world"),
        (
            lambda: evaluate.leave_campaigns_out(Fit(), world(), random_state=-1),
            "random_state must be a whole number",
        ),
        (lambda: evaluate.evaluate_worlds(None), "worlds must be worlds in a list; got NoneType"),
        (lambda: evaluate.evaluate_worlds(world()), "worlds must be worlds in a list; got World"),
        (
            lambda: evaluate.evaluate_worlds([world().dataset]),
            "worlds must be of simulate.world; got Dataset",
        ),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ParameterError, match=words):
        call()
