"""The world that most tests of the audit look at."""

from __future__ import annotations

import pytest

from spamclf import Dataset
from tests.evaluate.leakage.planted import made, tables


@pytest.fixture(scope="session")
def plain() -> Dataset:
    """An ordinary world, few of whose labels are wrong."""
    return made(tables())


@pytest.fixture(scope="session")
def large() -> Dataset:
    """A world with enough reports to ask what labels follow from; they follow from none."""
    return made(tables(700))
