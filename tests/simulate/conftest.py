from __future__ import annotations

from functools import cache

import pyarrow as pa
import pytest

from spamclf import simulate
from spamclf.simulate.cast import Cast
from spamclf.simulate.casting import draw_cast
from spamclf.simulate.kinds import AUTOMATED

#: 2026-05-01, a Friday, in microseconds.
START = 1_777_593_600_000_000
FAMILIES = tuple(row.name for row in AUTOMATED)


@pytest.fixture(scope="session")
def made() -> simulate.World:
    return simulate.world(400, random_state=0)


@pytest.fixture(scope="session")
def tables(made: simulate.World) -> simulate.World:
    return made


@pytest.fixture(scope="session")
def truth(made: simulate.World) -> pa.Table:
    return made.truth


@cache
def cast_of(
    n_accounts: int = 600, seed: int = 3, families: tuple[str, ...] = FAMILIES, share: float = 0.25
) -> Cast:
    return draw_cast(seed, n_accounts, START, 30, share, families)
