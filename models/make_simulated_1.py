"""Make the shipped model: ``python models/make_simulated_1.py [FOLDER]``, about three minutes.

It learns from several simulated worlds side by side, from platforms that know everything about an account to logs
that tell nothing but who wrote to whom and when: a model that has only seen complete rows takes what is unknown
in a real log for a sign of something. The same versions of the libraries always make the same model.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from spamclf import Dataset
from spamclf.model import Model
from spamclf.schema import TABLES
from spamclf.simulate import world
from spamclf.train import fit, summary

NAME = "simulated-1"

#: (random_state, accounts, days, share of automated accounts, unknown_share, tick_s) of each world; seeds from
#: 1000 on are kept for tests.
WORLDS = (
    (101, 5000, 30, 0.2, 0.1, 0.0),
    (102, 5000, 30, 0.2, 0.15, 1.0),
    (103, 5000, 30, 0.2, 0.3, 0.0),
    (104, 5000, 30, 0.2, 0.6, 20.0),
    (105, 5000, 30, 0.2, 0.9, 1.0),
    (106, 5000, 30, 0.2, 1.0, 0.0),
    (107, 5000, 30, 0.2, 1.0, 1.0),
    (108, 5000, 30, 0.2, 1.0, 20.0),
)
#: From this unknown_share on, a world has neither photos nor texts: a platform that keeps none of them.
BARE = 0.6
FPR = 0.001

_ABOUT = f"""**Everybody it learned from is simulated**: {len(WORLDS)} worlds of `spamclf.simulate.world`, in which
between a tenth and all of the facts of accounts and messages are unknown, put together by
`models/make_simulated_1.py`. It is for a first look and for tests. Its figures below are about simulated accounts and
promise nothing on a real platform; train on your own labels before you act on a score.
"""


def joined(worlds: tuple[tuple[int, int, int, float, float, float], ...] = WORLDS) -> Dataset:
    """Return worlds as one dataset: nobody writes from one to another."""
    parts: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
    for seed, n_accounts, days, automated, unknown, tick in worlds:
        made = world(
            n_accounts,
            days,
            automated_share=automated,
            random_state=seed,
            unknown_share=unknown,
            tick_s=tick,
        )
        for name, table in made.items():
            hidden = unknown >= BARE and name in ("photos", "texts", "evidence")
            parts[name].append(_apart(table.slice(0, 0) if hidden else table, f"w{seed}-"))
    return Dataset(**{name: pa.concat_tables(tables) for name, tables in parts.items()})


def make(random_state: int = 0) -> Model:
    """Return the model, trained anew."""
    model = fit(
        joined(),
        fpr=FPR,
        random_state=random_state,
        name=NAME,
        n_jobs=2,
        memory=False,  # nobody meets these accounts again
        max_iter=400,
        learning_rate=0.05,
    )
    return dataclasses.replace(model, info=model.info | {"about": _ABOUT})


def _apart(table: pa.Table, prefix: str) -> pa.Table:
    """Put a prefix before every id that worlds would otherwise share."""
    ids = {
        "account_id",
        "sender_id",
        "recipient_id",
        "reporter_id",
        "network",
        "device",
        "campaign",
        "operator",
    }
    for place, name in enumerate(table.column_names):
        if name in ids:
            column = table[name].cast(pa.string())
            table = table.set_column(place, name, pc.binary_join_element_wise(prefix, column, ""))
    return table


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / NAME
    model = make()
    model.save(out, overwrite=True)
    print(summary(model))


if __name__ == "__main__":
    main()
