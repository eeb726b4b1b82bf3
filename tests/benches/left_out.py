"""What a model finds that it was not taught: ``python -m tests.benches.left_out``, about half an hour.

The worlds and settings of the shipped model, with fewer accounts; trained anew on fewer tiers, without one automated
family after the other, and without some campaigns. The card of the shipped model repeats the tables.
"""

from __future__ import annotations

from tests.benches.shipped import make_default
from tests.benches.timing import markdown


def main() -> None:
    default = make_default()
    print(
        f"Worlds at {default.SMALLER:g} of the shipped model's accounts, certified for {default.FPR:g}; measured on "
        f"worlds of 20,000, seeds {default.UNSEEN[0]} and {default.UNSEEN[1]}, campaigns on those that were trained on."
    )
    for name, table in default.retrained(default.SMALLER).items():
        rows = [
            [
                str(row[table.column_names[0]]), f"{row['accounts']:,}",
                f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})",
                "" if row.get("known") is None else f"{row['known']:.3f}", f"{row['honest_flagged']:.2%}",
            ]
            for row in table.to_pylist()
        ]  # fmt: skip
        head = [name, "accounts", "recall (95 %)", "recall with it", "honest flagged"]
        print("\n" + markdown(head, rows), flush=True)


if __name__ == "__main__":
    main()
