from __future__ import annotations

import pyarrow as pa
import pytest

from spamclf import simulate


@pytest.fixture(scope="session")
def tables() -> dict[str, pa.Table]:
    return simulate.world(400, random_state=0)


@pytest.fixture(scope="session")
def truth() -> pa.Table:
    return simulate.truth(400, random_state=0)
