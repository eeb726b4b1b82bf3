"""What evasion costs: the accounting against a slow twin, the search against its own starts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from spamclf import evaluate, predict, simulate
from spamclf.ego import EgoLog
from spamclf.errors import ParameterError
from spamclf.evaluate import KNOBS, EvasionCost
from spamclf.evaluate.evasion import search
from spamclf.evaluate.evasion.arena import Arena
from spamclf.simulate import Policy

HOUR, DAY = 3_600_000_000, 86_400_000_000
#: Careful, so that the looks of every kind have something to find.
HALFWAY = Policy(
    strangers_per_day=12, gap="human", gap_s=900, hours=(8.0, 21.0), wait_days=20, overlap=0.0, photo="own",
    text="own", registration="fresh", typing=True, chats_per_day=1,
)  # fmt: skip


@cache
def world() -> simulate.World:
    return simulate.world(150, days=8, automated_share=0.1, random_state=3)


@cache
def model():
    shipped = predict.load_shipped_model()
    return replace(shipped, certificate=None, threshold=0.5)


def cost_of(policies, by=None, **options) -> EvasionCost:
    settings = {"n_accounts": 4, "n_jobs": 1, "n_bootstrap": 50} | options
    return evaluate.evasion_cost(by or model(), world(), policies=policies, **settings)


@cache
def on_the_edge():
    """The model with a threshold that half of the careful accounts reach."""
    never = replace(model(), threshold=1.0)
    arena = Arena(never, world(), 4, None, 24.0, (1, 5, 20), 1)
    return replace(model(), threshold=float(np.median(arena.outcome(HALFWAY, 1).score)))


@pytest.fixture(scope="module")
def few_knobs() -> Iterator[None]:
    """A grid of a few knobs, so that a search takes a second."""
    with pytest.MonkeyPatch.context() as patch:
        names = ("strangers_per_day", "gap_s", "wait_days", "overlap", "typing")
        patch.setattr(search, "KNOBS", {name: KNOBS[name][-2:] for name in names})
        yield


@pytest.fixture(scope="module")
def searched(few_knobs: None) -> EvasionCost:
    return cost_of("search", n_starts=2, n_accounts=3, random_state=1)


def by_hand(policy, n_accounts, random_state, every_h, sends):
    """Score every account at every look by `predict.score`, one look at a time, and count rows of tables."""
    made = simulate.attack(world(), policy, n_accounts, random_state)
    ids = made.truth["account_id"].to_pylist()[-n_accounts:]
    rows = made["messages"].to_pylist()
    micros = pc.cast(made["messages"]["sent_at"], pa.int64()).to_pylist()
    begin = world().behind.cast.start + 4 * DAY
    end = world().behind.cast.end
    ego = EgoLog.build(made.dataset)
    reached, died = [], []
    for one in ids:
        own = sorted(
            when for row, when in zip(rows, micros, strict=True) if row["sender_id"] == one and when < end
        )
        looks = {own[n - 1] + 1 for n in sends if n <= len(own)}
        looks |= set(range(begin + every_h * HOUR, end, every_h * HOUR)) | {end}
        death = None
        for instant in sorted(looks):
            table = predict.score(made.dataset, on_the_edge(), as_of=instant, n_reasons=0, ego=ego)
            verdict = dict(zip(table["account_id"].to_pylist(), table["verdict"].to_pylist(), strict=True))[
                one
            ]
            if verdict == "automated":
                death = instant
                break
        died.append(death is not None)
        people = {
            row["recipient_id"]
            for row, when in zip(rows, micros, strict=True)
            if row["sender_id"] == one
            and row["recipient_id"] not in ids
            and row["delivered"] is not False
            and when < (death or end + 1)
        }
        reached.append(len(people))
    return reached, died


@pytest.mark.parametrize("every_h", [24, 36])
def test_flags_cut_what_counts_as_counted_by_hand(every_h):
    cost = cost_of({"it": HALFWAY}, on_the_edge(), look_every_h=every_h, look_after_sends=(1, 5, 20))["it"]
    reached, died = by_hand(HALFWAY, 4, 1, every_h, (1, 5, 20))
    assert 0 < sum(died) < 4
    assert cost.strangers.value == np.mean(reached)
    assert cost.strangers_per_day.value == np.mean(reached) / 4
    assert cost.flagged.value == np.mean(died)


def test_who_sends_nothing_reaches_nobody_and_is_not_flagged():
    cost = cost_of({"silent": Policy(strangers_per_day=0)})["silent"]
    assert (cost.strangers.value, cost.flagged.value, cost.score) == (0, 0, pytest.approx(cost.score))
    assert cost.price_per_1000 == np.inf


def test_the_naive_policy_dies_within_its_first_look_or_so():
    cost = cost_of({"naive": Policy()})["naive"]
    assert cost.flagged.value == 1.0
    assert cost.alive_days < 0.05
    assert cost.strangers.value <= 100
    assert cost.strangers.low <= cost.strangers.value <= cost.strangers.high
    assert cost.price_per_1000 == pytest.approx(1000 / cost.strangers.value)


def test_more_looks_let_fewer_strangers_be_reached():
    few = cost_of({"it": Policy()}, look_after_sends=(100,))["it"]
    many = cost_of({"it": Policy()}, look_after_sends=(1, 5, 20, 100))["it"]
    assert many.strangers.value < few.strangers.value


def test_the_same_arguments_give_the_same_costs():
    again, other = cost_of([HALFWAY]), cost_of([HALFWAY], random_state=7)
    assert again == cost_of([HALFWAY])
    assert again["policy 1"].score != other["policy 1"].score


def test_the_best_response_is_no_worse_than_any_start_where_it_was_chosen(searched):
    cost = searched
    assert [name for name, _, _ in cost.climbs] == ["naive", "as advised"]
    assert all(reached >= start for _, start, reached in cost.climbs)
    best = cost["best response"].policy
    chosen_on = cost_of({"best": best, "naive": Policy()}, n_accounts=3, random_state=0)
    assert chosen_on["best"].strangers_per_day.value == max(reached for _, _, reached in cost.climbs)
    assert chosen_on["naive"].strangers_per_day.value == cost.climbs[0][1]
    for name, values in search.KNOBS.items():  # and no knob alone makes it better
        turned = {f"{value}": replace(best, **{name: value}) for value in values}
        others = cost_of(turned, n_accounts=3, random_state=0)
        assert all(
            each.strangers_per_day.value <= chosen_on["best"].strangers_per_day.value
            for each in others.policies
        )


def test_figures_are_of_other_accounts_than_the_best_response_was_chosen_on(searched):
    cost = searched
    best = cost_of({"best response": cost["best response"].policy}, n_accounts=3, random_state=1)
    assert best["best response"] == cost["best response"]


def test_every_knob_is_told_and_steps_lead_from_naive_to_best(searched):
    cost = searched
    assert {knob.name for knob in cost.knobs} >= set(search.KNOBS)
    assert cost.steps[0] == cost["naive"]
    assert cost.steps[-1].policy == cost["best response"].policy
    for before, after in zip(cost.steps, cost.steps[1:], strict=False):
        differs = [name for name in KNOBS if getattr(before.policy, name) != getattr(after.policy, name)]
        assert len(differs) == 1
    for knob in cost.knobs:
        alone = [name for name in KNOBS if getattr(knob.alone.policy, name) != getattr(Policy(), name)]
        assert alone in ([], [knob.name])
        if knob.taken_back is not None:
            assert getattr(knob.taken_back.policy, knob.name) == getattr(Policy(), knob.name)


def test_it_is_told_in_words_in_plain_data_and_as_a_table(searched):
    cost = searched
    told = str(cost)
    assert all(name in told for name in search.KNOBS)
    assert "best response" in told
    assert "every 24 h" in told
    assert "random_state 1; all figures are of others, of 2" in told
    assert max(map(len, told.splitlines())) < 150
    json.dumps(cost.to_dict())
    table = cost.to_pandas()
    assert table.index[0] == "naive"
    assert table.loc["naive", "policy_gap_s"] == 0.15
    assert (table["strangers_low"] <= table["strangers"]).all()


def test_padding_adds_and_leaves_the_policy_otherwise():
    given = evaluate.padded(HALFWAY)
    assert given["as it is"] == HALFWAY
    assert given["own reports"] == replace(HALFWAY, self_reports=10)
    assert given["more strangers"].strangers_per_day == 24
    cost = cost_of(given)
    # A model that does not look at reports cannot be moved by them.
    assert cost["own reports"].score == cost["as it is"].score


def test_progress_is_told(few_knobs):
    lines: list[str] = []
    cost_of("search", n_starts=1, n_accounts=1, progress=lines.append)
    assert lines[0].startswith("from naive: ")
    assert lines[-1].endswith("...")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("policies", {"policies": "best"}),
        ("policies", {"policies": {}}),
        ("policies", {"policies": {"a": 1}}),
        ("n_starts", {"n_starts": 0}),
        ("n_bootstrap", {"n_bootstrap": 0}),
        ("look_every_h", {"look_every_h": 0}),
        ("look_every_h", {"look_every_h": 1e-12}),
        ("look_every_h", {"look_every_h": "x"}),
        ("confidence", {"confidence": "x"}),
        ("look_after_sends", {"look_after_sends": (0, 5)}),
        ("look_after_sends", {"look_after_sends": 5}),
        ("confidence", {"confidence": 95}),
        ("model", {"model": "models/one"}),
        ("random_state", {"random_state": -1}),
    ],
)
def test_nonsense_is_refused(name, given):
    settings = {"policies": [Policy()], "n_accounts": 2, "model": model()} | given
    with pytest.raises(ParameterError, match=rf"^evasion_cost: {name} must be .*; got .*\. .*\.$"):
        evaluate.evasion_cost(settings.pop("model"), world(), **settings)


def test_a_name_that_nobody_gave_is_refused():
    with pytest.raises(ParameterError, match=r"^EvasionCost: name must be one of policy 1; got 'best'\."):
        cost_of([Policy()])["best"]
