from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from spamclf.model import Model
from tests.campaigns.indexes import random_index
from tests.model.forests import random_model
from tests.model.honests import MADE, certified_model


@pytest.fixture(autouse=True)
def one_openmp_thread() -> Iterator[None]:
    """Train on one thread: other tests may run beside these."""
    import sklearn.ensemble  # noqa: F401 - its OpenMP must be loaded to be bounded

    with threadpool_limits(1):
        yield


@pytest.fixture
def model() -> Model:
    return replace(random_model(np.random.default_rng(1)), info=MADE | {"n": [1, 2.5, None, "ä"]})


@pytest.fixture
def folder(model: Model, tmp_path: Path) -> Path:
    model.save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def knowing(model: Model) -> Model:
    """A model that remembers campaigns."""
    return replace(model, memory=random_index(np.random.default_rng(2), n=30))


@pytest.fixture
def knowing_folder(knowing: Model, tmp_path: Path) -> Path:
    knowing.save(tmp_path / "knowing")
    return tmp_path / "knowing"


@pytest.fixture
def certified() -> Model:
    """A model with memory, honest scores, their reference and a certificate."""
    return certified_model(np.random.default_rng(3), memory=True)


@pytest.fixture
def certified_folder(certified: Model, tmp_path: Path) -> Path:
    certified.save(tmp_path / "certified")
    return tmp_path / "certified"
