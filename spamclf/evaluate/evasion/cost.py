"""Measure what policies reach against a model, and search the best response to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np

from spamclf.errors import ParameterError
from spamclf.evaluate.evasion.arena import Arena, Outcome
from spamclf.evaluate.evasion.knobs import NAIVE
from spamclf.evaluate.evasion.search import Search
from spamclf.evaluate.evasion.told import EvasionCost, Knob, PolicyCost
from spamclf.evaluate.figures import Interval
from spamclf.evaluate.shares import exact_share
from spamclf.model import Model
from spamclf.progress import listener
from spamclf.scoring import check_count
from spamclf.simulate import Policy, World

__all__ = ["evasion_cost"]

_LEAST_HOURS = 0.01


def evasion_cost(
    model: Model,
    world: World,
    *,
    policies: str | Mapping[str, Policy] | Sequence[Policy] = "search",
    n_accounts: int = 20,
    start_day: float | None = None,
    look_every_h: float = 24.0,
    look_after_sends: Sequence[int] = (1, 5, 20, 100),
    n_starts: int = 3,
    n_bootstrap: int = 500,
    confidence: float = 0.95,
    random_state: int = 0,
    progress: Callable[[str], None] | None = None,
    n_jobs: int = -1,
) -> EvasionCost:
    """Measure how many strangers an operation reaches before it is flagged, and what the best response to a model is.

    For each policy `spamclf.simulate.attack` adds an operation to the world, and the model scores its accounts: after
    some of their sends, and at fixed instants from the start on. An account dies at the first look at which its score
    is at or above the threshold in force; whom it reached until then counts, what it would have sent later does not. A
    stranger is reached by the first message that is delivered to somebody who is no account of the operation; whoever
    two accounts write to counts for both. Nobody is labelled or learned from on the way, and recipients behave as
    simulated, whatever the policy.

    The best response is searched among `KNOBS`: from the naive policy, from what makers of bulk senders advise, and
    from policies drawn at random, one knob is turned at a time, to where accounts reach most strangers over the
    horizon (of equals, to where scores are lowest), until none helps. It is chosen on the accounts of one random state
    and measured on those of the next, as is every other figure. Attackers who try more than this grid may reach more:
    a best response that sends as much as the grid allows and is hardly flagged is not stopped at all. What an
    operation reaches on a simulated platform is no figure of a real one. Large worlds and small operations are the
    truest: people who answer run out (see `spamclf.simulate.attack`).

    What monotone constraints buy: train the same model with ``monotonic_cst=None`` and compare, for the best response
    and for `padded` policies.

    Parameters
    ----------
    model : Model
    world : World
        From `spamclf.simulate.world`, on a seed that the model was not trained on.
    policies : "search", mapping of str to Policy, or sequence of Policy, default="search"
        Policies to measure, or "search" for the best response.
    n_accounts : int, default=20
        Accounts of an operation. Intervals are bootstrapped over them; they follow one policy in one world, so that the
        intervals tell nothing about other worlds.
    start_day : float, optional
        As of `spamclf.simulate.attack`; the horizon ends with the world.
    look_every_h : float, default=24
        Hours between two looks at all accounts; the first is this long after the day of the first sends begins, the
        last at the end of the world.
    look_after_sends : sequence of int, default=(1, 5, 20, 100)
        Accounts are looked at just after these sends, too, those to fellow accounts included.
    n_starts : int, default=3
        Starts of the search.
    n_bootstrap : int, default=500
    confidence : float, default=0.95
    random_state : int, default=0
    progress : callable, optional
        Called with a line of text now and then, such as `print`.
    n_jobs : int, default=-1
        Threads, in joblib's sense.

    Returns
    -------
    cost : EvasionCost

    Raises
    ------
    ParameterError
        For an argument out of its range.

    Examples
    --------
    >>> from spamclf import predict, simulate
    >>> world = simulate.world(100, days=8, automated_share=0, random_state=1)
    >>> slow = simulate.Policy(strangers_per_day=5, gap="human", gap_s=600)
    >>> cost = evasion_cost(predict.load_shipped_model(), world, policies={"slow": slow}, n_accounts=5)
    >>> cost["slow"].price
    1.0
    """
    named = _named(policies)
    _check(model, look_every_h, look_after_sends, confidence)
    check_count("evasion_cost", "n_starts", n_starts, least=1, usual="3")
    check_count("evasion_cost", "n_bootstrap", n_bootstrap, least=1, usual="500")
    check_count("evasion_cost", "random_state", random_state, least=0, usual="0")
    say = listener(progress, "evasion_cost")
    arena = Arena(model, world, n_accounts, start_day, look_every_h, tuple(look_after_sends), n_jobs)

    def measured(name: str, policy: Policy) -> PolicyCost:
        outcome = arena.outcome(policy, random_state + 1)
        return _cost(name, policy, outcome, arena.horizon_days, n_bootstrap, confidence, random_state)

    if named is not None:
        costs = tuple(measured(name, policy) for name, policy in named.items())
        return EvasionCost(
            model.name, costs, (), (), len(costs), n_accounts, arena.horizon_days, arena.looks, random_state
        )
    found = Search(arena, random_state, n_starts, say)
    say("measuring the best response on other accounts ...")
    costs = measured("naive", NAIVE), measured("best response", found.best)
    knobs = tuple(_knobs(found, measured))
    return EvasionCost(
        model.name, costs, knobs, tuple(found.climbs), found.n_tried, n_accounts, arena.horizon_days,
        arena.looks, random_state,
    )  # fmt: skip


def _cost(
    name: str,
    policy: Policy,
    outcome: Outcome,
    horizon_days: float,
    n_bootstrap: int,
    confidence: float,
    random_state: int,
) -> PolicyCost:
    size = outcome.strangers.size
    rng = np.random.default_rng(random_state)
    drawn = outcome.strangers[rng.integers(0, size, (n_bootstrap, size))].mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail]).tolist()
    reached = outcome.reached
    flagged = exact_share(int(outcome.flagged.sum()), size, confidence)
    assert flagged is not None  # there is an account
    accounts = 1000.0 / reached if reached else float("inf")
    return PolicyCost(
        name,
        policy,
        Interval(reached / horizon_days, low / horizon_days, high / horizon_days),
        Interval(reached, low, high),
        float(outcome.strangers.sum() / max(outcome.alive_days.sum(), 1e-9)),
        flagged,
        float(np.median(outcome.alive_days)),
        float(outcome.score.mean()),
        policy.price,
        accounts,
        accounts * policy.price,
    )


def _knobs(found: Search, measured: Callable[[str, Policy], PolicyCost]) -> Iterator[Knob]:
    path = dict(found.path())
    for name in found.names():
        alone = found.best_of(NAIVE, name)
        back = replace(found.best, **{name: getattr(NAIVE, name)})
        yield Knob(
            name,
            measured(f"{name} alone", alone),
            measured(f"and {name}", path[name]) if name in path else None,
            measured(f"without {name}", back) if name in path else None,
        )


def _check(model: Any, look_every_h: Any, look_after_sends: Any, confidence: Any) -> None:
    def refuse(name: str, rule: str, value: Any, advice: str) -> None:
        raise ParameterError(f"evasion_cost: {name} must be {rule}; got {value!r}. {advice}.")

    if not isinstance(model, Model):
        refuse("model", "a Model", type(model).__name__, "Use spamclf.load_model")
    if not isinstance(look_every_h, Real) or not float(look_every_h) >= _LEAST_HOURS:
        refuse("look_every_h", f"a number from {_LEAST_HOURS:g}", look_every_h, "Use 24 for once a day")
    sends = look_after_sends if isinstance(look_after_sends, Sequence) else (0,)
    if not all(isinstance(each, int | np.integer) and each >= 1 for each in sends):
        refuse("look_after_sends", "whole numbers from 1", look_after_sends, "Use (1, 5, 20, 100)")
    if not isinstance(confidence, Real) or not 0 < float(confidence) < 1:
        refuse("confidence", "between 0 and 1", confidence, "Use 0.95")


def _named(policies: Any) -> dict[str, Policy] | None:
    """Return policies by name; None for a search."""
    if isinstance(policies, str) and policies == "search":
        return None
    if isinstance(policies, Sequence) and not isinstance(policies, str):
        policies = {f"policy {k + 1}": policy for k, policy in enumerate(policies)}
    if (
        not isinstance(policies, Mapping)
        or not policies
        or not all(isinstance(policy, Policy) for policy in policies.values())
    ):
        raise ParameterError(
            f"evasion_cost: policies must be 'search', or policies by name; got {type(policies).__name__}. "
            "Use {'mine': simulate.Policy(...)}."
        )
    return dict(policies)
