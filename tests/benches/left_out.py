"""What a model finds that it was not taught: ``python -m tests.benches.left_out``, about forty minutes.

The worlds and settings of the shipped model, with fewer accounts; trained anew without one automated family after the
other, and on fewer tiers; looked for in worlds of other seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from functools import partial

import pyarrow as pa

from spamclf.evaluate import leave_one_family_out, tier_price
from spamclf.simulate import world
from spamclf.train import fit
from tests.benches.shipped import make_default
from tests.benches.timing import markdown


def rows_of(table: pa.Table) -> Iterable[list[str]]:
    for row in table.to_pylist():
        known = row.get("known")
        yield [
            str(row[table.column_names[0]]), f"{row['accounts']:,}",
            f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})", "" if known is None else f"{known:.3f}",
            f"{row['honest_flagged']:.2%}",
        ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.3, help="of the shipped model's worlds")
    scale = parser.parse_args().scale
    made = make_default()
    train = made.worlds(scale)
    tests = [world(20_000, automated_share=0.1, random_state=seed) for seed in made.UNSEEN[:2]]
    again = partial(fit, fpr=made.FPR, memory=False, n_jobs=2, **made.SETTINGS)
    print(
        f"{train['accounts'].num_rows:,} accounts to train on, calibrate and test; measured on worlds of 20,000, seeds "
        f"{made.UNSEEN[0]} and {made.UNSEEN[1]}, at the certified threshold for {made.FPR:g}.\n"
    )
    head = ["accounts", "recall (95 %)", "recall with it", "honest flagged"]
    print(
        markdown(["tiers", *head], list(rows_of(tier_price(again, train, tests, n_jobs=2)))), "\n", flush=True
    )
    print(
        markdown(
            ["family left out", *head], list(rows_of(leave_one_family_out(again, train, tests, n_jobs=2)))
        )
    )


if __name__ == "__main__":
    main()
