"""What the shipped model is worth on worlds that it has nothing to do with: ``python -m tests.benches.shipped``.

The worlds of its card, and smaller ones, since a model may only know towns of one size. ``models/make_default.py``
says which worlds it learned from.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from spamclf.evaluate import evaluate_worlds
from spamclf.predict import load_shipped_model
from spamclf.simulate import world
from tests.benches.timing import markdown

ROOT = Path(__file__).parents[2]
#: Accounts, and seeds that no training used.
SMALLER = ((5_000, range(3101, 3105)), (2_000, range(3201, 3211)), (400, range(3301, 3351)))


def make_default() -> ModuleType:
    """Return the script that makes the shipped model."""
    spec = importlib.util.spec_from_file_location("make_default", ROOT / "models" / "make_default.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    model, seeds = load_shipped_model(), make_default().UNSEEN
    found = evaluate_worlds(
        (world(20_000, automated_share=0.1, random_state=seed) for seed in seeds), model, n_jobs=2
    )
    print(f"Worlds of 20,000 accounts, seeds {', '.join(map(str, seeds))}:\n\n```text\n{found}\n```\n")
    rows = []
    for n_accounts, others in SMALLER:
        each = (world(n_accounts, automated_share=0.1, random_state=seed) for seed in others)
        small = evaluate_worlds(each, model, n_jobs=2)
        false = small.figure("honest_flagged")
        share = f"{false.value:.2%} ({false.low:.2%} to {false.high:.2%})"
        rows.append(
            [f"{n_accounts:,}", f"{others[0]} to {others[-1]}", f"{small.counts['automated']:,}",
             str(small.figure("recall")), f"{small.counts['honest']:,}", share]
        )  # fmt: skip
    head = ["accounts of a world", "seeds", "automated", "recall", "honest", "honest flagged"]
    print("Smaller worlds:\n\n" + markdown(head, rows))


if __name__ == "__main__":
    main()
