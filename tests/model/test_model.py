from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from spamclf.campaigns.index import CampaignIndex
from spamclf.errors import InsufficientDataError, OutputError, ParameterError
from spamclf.model import Model, SigmoidCalibration, load_model
from tests.campaigns.indexes import random_index
from tests.model.forests import random_forest, random_model, random_rows
from tests.model.honests import MADE, random_honest


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


FRAMES = [pd.DataFrame, pl.DataFrame, pa.table]


@pytest.mark.parametrize("frame", FRAMES)
def test_tables_are_scored_by_their_names(model: Model, frame: Callable[[dict[str, Any]], Any]) -> None:
    X = random_rows(np.random.default_rng(2), 20, 3)
    columns = dict(zip(model.feature_names, X.T, strict=True))
    np.testing.assert_array_equal(model.scores(frame(columns)), model.scores(X))
    first, *others = model.feature_names
    for wrong, words in (
        (dict(reversed(columns.items())), "got them in another order"),
        ({first: columns[first]}, f"got missing: {', '.join(others)}"),
        (columns | {"account_id": X[:, 0]}, "got unknown: account_id"),
        ({"a": X[:, 0]} | {name: columns[name] for name in others}, f"got missing: {first}; unknown: a"),
    ):
        with pytest.raises(
            ParameterError, match=f"model 'random': X must be of its 3 features, .*; {words}. Give"
        ):
            model.scores(frame(wrong))


def test_columns_without_names_are_counted(model: Model) -> None:
    X = random_rows(np.random.default_rng(2), 20, 4)
    np.testing.assert_array_equal(model.scores(pd.DataFrame(X[:, :3])), model.scores(X[:, :3]))
    for wrong in (X, pd.DataFrame(X), X[:, :2].tolist()):
        with pytest.raises(ParameterError, match=r"forest: X must be of shape \(n, 3\); got"):
            model.scores(wrong)


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
    other = replace(model, forest=random_forest(np.random.default_rng(9)), info=MADE)
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


# ---- certificates ------------------------------------------------------------------------------------------------


def test_certifying_changes_the_threshold_alone(certified: Model) -> None:
    other = certified.certify(fpr=0.2, confidence=0.9)
    assert certified.honest is not None
    assert other.certificate == certified.honest.certify(0.2, 0.9)
    assert other.threshold == other.certificate.threshold < certified.threshold
    X = random_rows(np.random.default_rng(2), 20, 3)
    np.testing.assert_array_equal(other.scores(X), certified.scores(X))
    assert other.honest is certified.honest
    assert other.memory is certified.memory
    assert other.certify(fpr=0.05, confidence=0.9).digest == certified.digest


def test_certifying_forgets_what_was_measured_at_the_former_threshold(certified: Model) -> None:
    figures = {"accounts": 7, "flagged_share": [0.1, 0.0, 0.2]}
    new = {"automated": figures, "honest": figures, "roc_auc": [0.9, 0.8, 0.95]}
    told = replace(certified, info=MADE | {"segments": {"new": new}}).certify(fpr=0.2, confidence=0.9).info
    assert set(told["metrics"]) == {"roc_auc"}
    left = figures | {"flagged_share": None}
    assert told["segments"] == {"new": {"automated": left, "honest": left, "roc_auc": [0.9, 0.8, 0.95]}}
    assert (told["fpr"], told["confidence"]) == (0.2, 0.9)


def test_certifying_is_refused_where_nothing_supports_it(model: Model, certified: Model) -> None:
    with pytest.raises(InsufficientDataError, match="must know its honest calibration accounts"):
        model.certify()
    with pytest.raises(InsufficientDataError, match=r"at least 2,995 for fpr .* got 150"):
        certified.certify()
    for wrong in (
        {"fpr": 0},
        {"fpr": 1},
        {"fpr": np.nan},
        {"fpr": "0.1"},
        {"confidence": 1.0},
        {"confidence": None},
    ):
        with pytest.raises(ParameterError, match="must be between 0 and 1"):
            certified.certify(**wrong)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": 0.5}, "threshold must be that of its certificate"),
        ({"honest": None}, "honest scores must be there to support it"),
        ({"honest": random_honest(np.random.default_rng(4))}, "what the honest scores give"),
        ({"honest": {}}, "honest must be HonestScores or None; got dict"),
        ({"certificate": {}}, "certificate must be a Certificate or None; got dict"),
    ],
)
def test_a_certificate_that_is_not_the_models_is_refused(
    certified: Model, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        replace(certified, **change)


def test_the_threshold_in_force_is_the_highest_of_a_rows_segments(certified: Model, model: Model) -> None:
    assert certified.certificate is not None
    names = ["new", "business", "country=DE", "other countries", "country=XX"]
    inside = [[0, 1, 0, 1, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1], [1] * 6]
    masks = dict(zip(names, np.array(inside, bool), strict=True))
    own = {row.name: row.threshold for row in certified.certificate.segments}
    everybody, new, business, others = (
        certified.threshold,
        own["new"],
        own["business"],
        own["other countries"],
    )
    assert everybody < new < others < business
    assert own["country=DE"] == everybody
    expected = [everybody, new, business, business, everybody, others]
    assert certified.thresholds(6, masks).tolist() == expected
    with pytest.raises(ParameterError, match="none for 'business'"):
        certified.thresholds(6, {"new": masks["new"]})
    assert model.thresholds(6, {}).tolist() == [model.threshold] * 6
    assert model.thresholds(6, masks).tolist() == [model.threshold] * 6


def test_a_card_is_made_where_training_told_how(certified: Model, model: Model) -> None:
    assert certified.card is None
    told = replace(certified, info=MADE).card
    assert told is not None
    assert str(certified.certificate) in told
    untold = replace(model, info=MADE).card
    assert untold is not None
    assert "no guarantee" in untold


# ---- digests -----------------------------------------------------------------------------------------------------


def test_the_digest_is_that_of_what_is_computed(certified: Model, model: Model, tmp_path: Path) -> None:
    same = replace(certified, name="other", info={"n": 1})
    assert same.digest == certified.digest
    certified.save(tmp_path / "m")
    assert load_model(tmp_path / "m").digest == certified.digest
    assert len(certified.digest) == 32
    unpromised = replace(certified, certificate=None)
    others = [
        certified,
        unpromised,  # no segment is held to more any longer
        certified.certify(fpr=0.2, confidence=0.9),
        replace(certified, memory=None),
        replace(certified, memory=random_index(np.random.default_rng(9))),
        replace(unpromised, threshold=0.5),
        replace(certified, history_days=certified.history_days + 1),
        replace(certified, calibration=SigmoidCalibration(1.0, 0.0)),
        replace(certified, forest=random_forest(np.random.default_rng(9))),
        replace(certified, feature_names=("a", "b", "c")),
    ]
    assert len({each.digest for each in others}) == len(others)
    assert replace(unpromised, honest=None).digest == unpromised.digest  # they change no verdict


def test_the_digest_changes_with_the_threshold_of_a_segment(certified: Model) -> None:
    honest = certified.honest
    assert honest is not None
    business = slice(*honest.offsets[2:4])
    values = honest.values.copy()
    values[business] = np.minimum(values[business], certified.threshold / 2)  # nobody there is flagged
    other = replace(certified, certificate=None, honest=replace(honest, values=values)).certify(0.05, 0.9)
    assert other.threshold == certified.threshold
    assert other.certificate is not None
    assert other.certificate.segments[1].threshold == other.threshold
    assert other.digest != certified.digest
