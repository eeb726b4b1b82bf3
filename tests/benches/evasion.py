"""What it costs to evade the shipped model, and what monotone constraints buy: ``python -m tests.benches.evasion``.

An attacker who has bought the model turns what it controls to where most strangers are reached. Beside the shipped
model stand two that were trained alike on fewer accounts, one without constraints.
"""

from __future__ import annotations

from dataclasses import replace

from spamclf import Model
from spamclf.evaluate import EvasionCost, evasion_cost, padded
from spamclf.predict import load_shipped_model
from spamclf.simulate import Policy, World, world
from tests.benches.shipped import make_default
from tests.benches.timing import markdown

SEED, N_ACCOUNTS = 3401, 5_000
#: A careful sender, to whose traffic more is added.
CAREFUL = Policy(strangers_per_day=10, gap="human", gap_s=600)


def pads(model: Model, made: World) -> list[list[str]]:
    """Tell the mean score of padded policies from a model that flags nobody."""
    lenient = replace(model, certificate=None, threshold=1.0)
    cost: EvasionCost = evasion_cost(lenient, made, policies=padded(CAREFUL), n_jobs=2)
    return [[each.name, f"{each.score:.3f}"] for each in cost.policies]


def main() -> None:
    made = world(N_ACCOUNTS, automated_share=0.1, random_state=SEED)
    print(f"World of {N_ACCOUNTS:,} accounts, seed {SEED}.\n")
    print(f"```text\n{evasion_cost(load_shipped_model(), made, n_jobs=2)}\n```\n", flush=True)
    default = make_default()
    train = default.worlds(default.SMALLER).dataset
    scores = []
    for settings in ({"name": "constrained"}, {"name": "free", "monotonic_cst": None}):
        model = default.certified(default.uncertified(train, **settings))
        print(f"```text\n{evasion_cost(model, made, n_jobs=2)}\n```\n", flush=True)
        scores.append(pads(model, made))
    rows = [[one[0], one[1], other[1]] for one, other in zip(*scores, strict=True)]
    print(markdown(["a careful sender, with traffic added", "mean highest score, constrained", "free"], rows))


if __name__ == "__main__":
    main()
