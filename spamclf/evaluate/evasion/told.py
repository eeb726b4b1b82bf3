"""What evasion costs, as data and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from spamclf.errors import ParameterError
from spamclf.evaluate.evasion.knobs import NAIVE, setting
from spamclf.evaluate.figures import Interval
from spamclf.simulate import Policy

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EvasionCost", "Knob", "PolicyCost"]


@dataclass(frozen=True)
class PolicyCost:
    """What an operation that follows a policy gets out of it.

    Attributes
    ----------
    name : str
    policy : Policy
    strangers_per_day : Interval
        Strangers reached per account and day of the horizon, whether the account lives or not.
    strangers : Interval
        Strangers reached per account over the whole horizon.
    strangers_per_day_alive : float
        Strangers reached per account and day on which it lives.
    flagged : Interval
        Share of the accounts flagged within the horizon.
    alive_days : float
        Median days from the first stranger to the flag, or to the end of the horizon.
    score : float
        Mean over accounts of the highest score at any look while they live.
    price : float
        Of an account, in fresh numbers: `Policy.price`.
    accounts_per_1000, price_per_1000 : float
        Accounts, and fresh numbers, that it takes to reach 1,000 strangers; infinite where nobody is reached.
    """

    name: str
    policy: Policy
    strangers_per_day: Interval
    strangers: Interval
    strangers_per_day_alive: float
    flagged: Interval
    alive_days: float
    score: float
    price: float
    accounts_per_1000: float
    price_per_1000: float


@dataclass(frozen=True)
class Knob:
    """What one knob of a policy pays.

    Attributes
    ----------
    name : str
        A field of `Policy`.
    alone : PolicyCost
        The naive policy with this knob alone at what is best for it.
    step : PolicyCost or None
        The naive policy with this knob and those of the steps before it as the best response has them, in the order of
        what each adds; None where the best response leaves the knob as it is.
    taken_back : PolicyCost or None
        The best response with this knob as the naive policy has it.
    """

    name: str
    alone: PolicyCost
    step: PolicyCost | None
    taken_back: PolicyCost | None


@dataclass(frozen=True)
class EvasionCost:
    """What policies reach against a model, in the order in which they were asked for.

    After a search these are the naive policy and the best response; `knobs` tells which knob pays what, those that the
    best response turns first, in the order of their steps.

    Attributes
    ----------
    model : str
    policies : tuple of PolicyCost
    knobs : tuple of Knob
        Empty unless searched.
    climbs : tuple of (str, float, float)
        Each start of the search, what it reaches and what the ascent from it reaches, in strangers per account and day
        of the accounts that the best response was chosen on.
    n_tried : int
        Policies that were tried for it.
    n_accounts : int
        Accounts of each operation.
    horizon_days : float
    looks : str
        When accounts are looked at.
    random_state : int

    Examples
    --------
    >>> from spamclf import evaluate, predict, simulate
    >>> world = simulate.world(100, days=8, automated_share=0, random_state=1)
    >>> model = predict.load_shipped_model()
    >>> cost = evaluate.evasion_cost(model, world, policies={"naive": simulate.Policy()}, n_accounts=5)
    >>> cost["naive"].flagged.value, cost.to_pandas().shape
    (1.0, (1, 27))
    """

    model: str
    policies: tuple[PolicyCost, ...]
    knobs: tuple[Knob, ...]
    climbs: tuple[tuple[str, float, float], ...]
    n_tried: int
    n_accounts: int
    horizon_days: float
    looks: str
    random_state: int

    def __getitem__(self, name: str) -> PolicyCost:
        """Return a policy's cost by its name."""
        for each in self.policies:
            if each.name == name:
                return each
        names = ", ".join(each.name for each in self.policies)
        raise ParameterError(f"EvasionCost: name must be one of {names}; got {name!r}. Use one of them.")

    @property
    def steps(self) -> tuple[PolicyCost, ...]:
        """From the naive policy to the best response, one knob after the other; empty unless searched."""
        turned = tuple(knob.step for knob in self.knobs if knob.step is not None)
        return (self.policies[0], *turned) if self.knobs else ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, numbers and texts."""
        return asdict(self)

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per policy, indexed by name, then those of the knobs; `str` shows the main columns.

        Tables of two models stand beside each other by
        ``pandas.concat({"one": one.to_pandas(), "other": other.to_pandas()}, axis=1)``.
        """
        import pandas as pd

        rows = {}
        for each in (*self.policies, *self._of_knobs()):
            told: dict[str, Any] = {}
            for field in fields(each):
                value = getattr(each, field.name)
                if isinstance(value, Interval):
                    told |= {
                        field.name: value.value,
                        f"{field.name}_low": value.low,
                        f"{field.name}_high": value.high,
                    }
                elif isinstance(value, Policy):
                    settings = {part.name: getattr(value, part.name) for part in fields(value)}
                    told |= {f"policy_{name}": setting for name, setting in settings.items()}
                elif field.name != "name":
                    told[field.name] = value
            rows[each.name] = told
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("policy")

    def __str__(self) -> str:
        lines = [
            f"evasion of model '{self.model}': {self.n_accounts} simulated accounts, {self.horizon_days:g} days, "
            f"looked at {self.looks}",
            "",
            f"{'policy':<28}{'strangers per account-day':>27}{'flagged':>9}{'alive':>9}{'price':>7}{'per 1,000':>11}",
        ]
        lines += [_line(each) for each in self.policies]
        lines += [
            "",
            "price: of an account; per 1,000: of a thousand strangers. Both are assumed, in fresh numbers: one with "
            "its account costs 1.",
        ]
        if self.knobs:
            naive = self.policies[0].strangers_per_day.value
            best = self.policies[-1].strangers_per_day.value
            lines += [
                "",
                f"{'knob':<20}{'best alone':<22}{'reaches':>8}{'adds':>8}   "
                f"{'best response':<20}{'adds':>8}{'pays':>8}",
            ]
            before = naive
            for knob in self.knobs:
                alone = knob.alone.strangers_per_day.value
                line = f"{knob.name:<20}{_told(knob.alone.policy, knob.name):<22}{alone:>8.1f}{alone - naive:>+8.1f}"
                if knob.step and knob.taken_back:
                    here, back = (each.strangers_per_day.value for each in (knob.step, knob.taken_back))
                    line += f"   {setting(self.policies[-1].policy, knob.name):<20}{here - before:>+8.1f}"
                    line += f"{best - back:>+8.1f}"
                    before = here
                lines.append(line)
            lines += [
                "",
                "adds: strangers per account-day, to the naive policy (alone), to the steps above (best response). "
                "pays: what the best response loses without it.",
                f"{self.n_tried} policies tried on accounts of random_state {self.random_state}; all figures are of "
                f"others, of {self.random_state + 1}.",
            ]
        return "\n".join(lines)

    def _of_knobs(self) -> Iterator[PolicyCost]:
        for knob in self.knobs:
            for each in (knob.alone, knob.step, knob.taken_back):
                if each is not None:
                    yield each


def _line(cost: PolicyCost) -> str:
    reached, price = cost.strangers_per_day, f"{cost.price_per_1000:,.1f}"
    span = f"{reached.value:.1f} [{reached.low:.1f}, {reached.high:.1f}]"
    flagged, alive = f"{100 * cost.flagged.value:.0f} %", f"{cost.alive_days:.1f} d"
    return f"{cost.name:<28}{span:>27}{flagged:>9}{alive:>9}{cost.price:>7.2f}{price:>11}"


def _told(policy: Policy, name: str) -> str:
    as_it_was = getattr(policy, name) == getattr(NAIVE, name)
    return f"{setting(policy, name)} (as it was)" if as_it_was else setting(policy, name)
