from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spamclf.campaigns.index import CampaignIndex
from spamclf.errors import OutputError, ParameterError
from spamclf.model import Model, load_model
from tests.model.forests import random_forest, random_model, random_rows


@pytest.fixture
def model() -> Model:
    return random_model(np.random.default_rng(1), n_features=3)


def test_scores_are_calibrated_raw_scores(model: Model) -> None:
    X = random_rows(np.random.default_rng(2), 50, 3)
    scores = model.scores(X)
    np.testing.assert_array_equal(scores, model.calibration(model.forest.raw_scores(X)))
    for size in (1, 2, 3, 7, 9, 31):
        parts = [model.scores(X[first : first + size]) for first in range(0, len(X), size)]
        np.testing.assert_array_equal(np.concatenate(parts), scores)
    for n_jobs in (2, 3):
        many = np.tile(X, (100, 1))
        np.testing.assert_array_equal(model.scores(many, n_jobs=n_jobs), np.tile(scores, 100))
    assert ((scores >= 0) & (scores <= 1)).all()


def test_info_is_what_a_reader_will_see(model: Model) -> None:
    assert replace(model, info={"seeds": (1, 2), 3: None}).info == {"seeds": [1, 2], "3": None}


def test_a_model_tells_what_it_remembers(model: Model) -> None:
    knowing = replace(model, memory=CampaignIndex.empty())
    assert "memory=<CampaignIndex: 0 accounts; 0 photos, 0 texts, 0 lists, 0 labels>" in repr(knowing)
    assert "memory" not in repr(replace(knowing, memory=None))


def test_a_model_travels_to_other_processes(model: Model) -> None:
    X = random_rows(np.random.default_rng(2), 5, 3)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).scores(X), model.scores(X))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "name must be"),
        ({"name": "a\nb"}, "name must be"),
        ({"name": "\ud800"}, "name must be"),
        ({"name": "x" * 201}, "name must be"),
        ({"name": 7}, "name must be"),
        ({"feature_names": ("a", "b")}, "one per feature"),
        ({"feature_names": ("a", "b", "b")}, "distinct"),
        ({"feature_names": ("a", "b", 3)}, "feature_names must be"),
        ({"history_days": 0}, "history_days"),
        ({"history_days": np.nan}, "finite"),
        ({"history_days": 10**400}, "finite"),
        ({"history_days": "30"}, "a number"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": True}, "a number"),
        ({"threshold": np.nan}, "finite"),
        ({"info": {"loss": np.nan}}, "JSON"),
        ({"info": {"when": object()}}, "JSON"),
        ({"info": []}, "a dict"),
        ({"memory": {}}, "memory must be a CampaignIndex or None; got dict"),
    ],
)
def test_what_makes_no_model_is_refused(model: Model, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        replace(model, **change)


def test_a_folder_with_a_model_is_kept_unless_told(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "a" / "b")
    with pytest.raises(OutputError, match="overwrite=True"):
        model.save(tmp_path / "a" / "b")
    other = replace(model, forest=random_forest(np.random.default_rng(9)), info={"card": "# Card\n"})
    other.save(tmp_path / "a" / "b", overwrite=True)
    names = sorted(path.name for path in (tmp_path / "a" / "b").iterdir() if path.suffix != ".lock")
    assert names[:2] == ["card.md", "manifest.json"]
    assert len(names) == 3, "the arrays of the former model must be gone"
    X = random_rows(np.random.default_rng(2), 5, 3)
    np.testing.assert_array_equal(load_model(tmp_path / "a" / "b").scores(X), other.scores(X))
    model.save(tmp_path / "a" / "b", overwrite=True)
    assert not (tmp_path / "a" / "b" / "card.md").exists(), "the card of another model must be gone"


def test_info_has_a_limit(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="info must fit"):
        replace(model, info={"text": "x" * (1 << 20)}).save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_scoring_needs_no_training_library(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    code = (
        "import sys; from spamclf.model import load_model\n"
        "assert 'numba' not in sys.modules\n"
        f"load_model({str(tmp_path / 'm')!r}).scores([[0.0, 1.0, 2.0]])\n"
        "assert not {'sklearn', 'scipy.optimize', 'pandas'} & set(sys.modules)\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
