"""What the shipped model is worth on worlds that it has nothing to do with: ``python -m tests.benches.shipped``.

The worlds of its card: large ones, and others, since a model may only know towns of one size.
``models/make_default.py`` says which worlds it learned from.
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
    rows = [
        [row["worlds"], row["seeds"], f"{row['automated']:,}", _spelt(row["recall"], ".3f"), f"{row['honest']:,}",
         _spelt(row["honest_flagged"], ".2%")]
        for row in make_default().elsewhere(model)
    ]  # fmt: skip
    head = ["worlds", "seeds", "automated", "recall", "honest", "honest flagged"]
    print("Other worlds:\n\n" + markdown(head, rows))


def _spelt(figure: dict[str, float], form: str) -> str:
    return "{} ({} to {})".format(*(format(figure[name], form) for name in ("value", "low", "high")))


if __name__ == "__main__":
    main()
