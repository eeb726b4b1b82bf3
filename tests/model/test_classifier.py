from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import get_scorer, log_loss, roc_auc_score
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.features.catalogue import CATALOGUE
from spamclf.model.classifier import SpamClassifier
from spamclf.model.folds import later_part
from tests.model.forests import naive_contributions

NAMES = [
    *[name for name, feature in CATALOGUE.items() if feature.direction > 0][:3],
    *[name for name, feature in CATALOGUE.items() if feature.direction < 0][:2],
    "shoe_size",
]
DIRECTIONS = [1, 1, 1, -1, -1, 0]


def _data(n: int = 800, seed: int = 0, missing: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, len(NAMES)))
    y = X @ [1, 1, 0.5, -1, -0.5, 0] + np.sin(3 * X[:, 5]) + rng.normal(size=n) > 1
    X[rng.random(X.shape) < missing] = np.nan
    return X, y


@pytest.fixture
def _same_two_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until 1.6.1 scikit-learn chose the two classes by the first row, before and after shuffling (its #30770)."""
    if sklearn.__version__ == "1.6.0":
        monkeypatch.setattr(
            estimator_checks,
            "_enforce_estimator_tags_y",
            lambda estimator, y: np.where(y == y.min(), y, y.min() + 1) if y.size else y,
        )


@pytest.mark.usefixtures("_same_two_classes")
@parametrize_with_checks([SpamClassifier(max_iter=10)])
@pytest.mark.filterwarnings("default")
def test_it_is_a_scikit_learn_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("weighted", [False, True])
def test_raw_scores_are_those_of_the_bare_estimator(weighted: bool) -> None:
    X, y = _data()
    weight = None
    if (
        weighted
    ):  # few values, so that scikit-learn's bins are ours: with weights it draws their edges otherwise
        X, weight = np.round(X, 1), np.random.default_rng(1).uniform(0.1, 2, len(y))
    bare = HistGradientBoostingClassifier(
        learning_rate=0.06, max_iter=50, max_leaf_nodes=15, min_samples_leaf=20, l2_regularization=1.0,
        max_features=0.5, early_stopping=False, monotonic_cst=DIRECTIONS, random_state=7,
    ).fit(X, y, sample_weight=weight)  # fmt: skip
    frame = pd.DataFrame(X, columns=NAMES)
    ours = SpamClassifier(max_iter=50, random_state=7, n_jobs=1).fit(frame, y, sample_weight=weight)
    np.testing.assert_array_equal(ours.decision_function(frame), bare.decision_function(X))
    np.testing.assert_allclose(ours.predict_proba(frame), bare.predict_proba(X), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(ours.predict(frame), bare.predict(X))


def test_any_table_gives_the_same_scores() -> None:
    X, y = _data()
    nulls = [[None if np.isnan(value) else value for value in column] for column in X.T]
    tables = [
        pd.DataFrame(X, columns=NAMES),
        pd.DataFrame(dict(zip(NAMES, nulls, strict=True)), dtype="Float64"),
        pl.DataFrame(dict(zip(NAMES, nulls, strict=True))),
        pa.table(dict(zip(NAMES, nulls, strict=True))),
    ]
    scores = []
    for table in tables:
        fitted = SpamClassifier(max_iter=10).fit(table, y)
        assert fitted.feature_names_in_.tolist() == NAMES
        scores.append(fitted.decision_function(table))
    bare = SpamClassifier(max_iter=10, monotonic_cst=DIRECTIONS).fit(X, y)
    assert not hasattr(bare, "feature_names_in_")
    for each in scores:
        np.testing.assert_array_equal(each, bare.decision_function(X))


def test_labels_may_be_any_two() -> None:
    X, y = _data(200)
    fitted = SpamClassifier(max_iter=5).fit(X, np.where(y, "robot", "person"))
    assert fitted.classes_.tolist() == ["person", "robot"]
    np.testing.assert_array_equal(fitted.predict(X) == "robot", fitted.decision_function(X) > 0)


def test_contributions_are_exact() -> None:
    X, y = _data(300)
    fitted = SpamClassifier(max_iter=4, max_leaf_nodes=6).fit(X, y)
    shares, expected = fitted.contributions(X[:5])
    np.testing.assert_allclose(shares.sum(axis=1) + expected, fitted.decision_function(X[:5]), atol=1e-9)
    np.testing.assert_allclose(shares[0], naive_contributions(fitted.forest_, X[0]), atol=1e-12)


def test_no_perturbation_breaks_the_catalogues_directions() -> None:
    X, y = _data(2000)
    frame = pd.DataFrame(X, columns=NAMES)
    fitted = SpamClassifier(max_iter=60).fit(frame, y)
    rng = np.random.default_rng(2)
    rows = X[rng.integers(0, len(X), 10_000)]
    column = rng.integers(0, 5, 10_000)
    moved = rows.copy()
    step = rng.exponential(1.0, 10_000) * rng.choice([1e-6, 0.1, 1.0, 100.0], 10_000)
    at = np.arange(10_000), column
    known = ~np.isnan(rows[at])
    moved[at] += step * np.array(DIRECTIONS)[column]
    before, after = (fitted.decision_function(pd.DataFrame(each, columns=NAMES)) for each in (rows, moved))
    assert known.sum() > 8_000
    assert ((after - before)[known] < 0).sum() == 0
    assert ((after - before)[known] > 0).sum() > 2_000
    free = SpamClassifier(max_iter=60, monotonic_cst=None).fit(frame, y)
    before, after = (free.decision_function(pd.DataFrame(each, columns=NAMES)) for each in (rows, moved))
    assert ((after - before)[known] < 0).sum() > 0


@pytest.mark.parametrize("given", [{"a": 1, "c": -1}, [1, 0, -1], np.array([1, 0, -1])])
def test_directions_of_ones_own(given: Any) -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    y = X["a"] - X["c"] + rng.normal(size=300) > 0
    scores = SpamClassifier(max_iter=10, monotonic_cst=given).fit(X, y).decision_function(X)
    expected = SpamClassifier(max_iter=10, monotonic_cst=[1, 0, -1]).fit(X.to_numpy(), y)
    np.testing.assert_array_equal(scores, expected.decision_function(X.to_numpy()))


def test_rows_of_weight_zero_do_not_count() -> None:
    X, y = _data(300)
    rng = np.random.default_rng(0)
    weight, groups, time = rng.integers(0, 3, 300), rng.integers(0, 90, 300), rng.integers(0, 99, 300)
    used = weight > 0
    options: dict[str, Any] = {"max_iter": 10, "early_stopping": True, "label_noise": 0.02}
    one = SpamClassifier(**options).fit(X, y, sample_weight=weight, groups=groups, time=time)
    other = SpamClassifier(**options).fit(
        X[used], y[used], sample_weight=weight[used], groups=groups[used], time=time[used]
    )
    np.testing.assert_array_equal(one.decision_function(X), other.decision_function(X))
    assert one.summary() == other.summary()


def test_early_stopping_looks_at_later_groups_and_then_fits_all_rows() -> None:
    X, y = _data(600, missing=0.0)
    y = y ^ (np.random.default_rng(5).random(600) < 0.2)
    groups, time = np.arange(600) // 3, np.arange(600)
    options: dict[str, Any] = {"learning_rate": 0.3, "monotonic_cst": None}
    fitted = SpamClassifier(max_iter=80, early_stopping=True, **options).fit(X, y, groups=groups, time=time)
    train, later = later_part(time, groups, share=0.2)
    losses = {}
    for n in {1, fitted.n_iter_ - 1, fitted.n_iter_, fitted.n_iter_ + 1, 80}:
        part = SpamClassifier(max_iter=n, **options).fit(X[train], y[train])
        losses[n] = log_loss(y[later], part.predict_proba(X[later]))
    assert 1 < fitted.n_iter_ < 80
    assert min(losses, key=losses.__getitem__) == fitted.n_iter_
    whole = SpamClassifier(max_iter=fitted.n_iter_, **options).fit(X, y)
    np.testing.assert_array_equal(fitted.decision_function(X), whole.decision_function(X))
    assert "forest, later rows held out" in fitted.summary()


def test_early_stopping_without_time_keeps_groups_together() -> None:
    """Rows of a group are copies: held out beside their copies, the more trees the better."""
    X, y = _data(60, missing=0.0)
    y = np.random.default_rng(1).random(60) < 0.5
    X, y, groups = np.repeat(X, 12, axis=0), np.repeat(y, 12), np.repeat(np.arange(60), 12)
    options: dict[str, Any] = {
        "early_stopping": True,
        "max_iter": 60,
        "monotonic_cst": None,
        "min_samples_leaf": 5,
    }
    torn = SpamClassifier(**options).fit(X, y)
    whole = SpamClassifier(**options).fit(X, y, groups=groups)
    assert torn.n_iter_ > 50
    assert whole.n_iter_ < 20


@pytest.mark.parametrize("seed", [0, 1])
def test_flipped_labels_are_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1500, 4))
    truth = X[:, 0] > 0.5
    groups = rng.integers(0, 10**6, 1500)
    flipped = rng.random(1500) < 0.03
    fitted = SpamClassifier(max_iter=30, label_noise=0.03, max_features=1.0).fit(
        X, truth ^ flipped, groups=groups
    )
    doubt = 1 - fitted.label_trust_
    assert roc_auc_score(flipped, doubt) > 0.9
    assert doubt.sum() <= 0.031 * 1500 / 0.94
    assert "labels not believed" in fitted.summary()
    plain = SpamClassifier(max_iter=30, max_features=1.0).fit(X, truth ^ flipped)
    assert (plain.label_trust_ == 1).all()
    assert log_loss(truth, fitted.predict_proba(X)[:, 1]) < log_loss(truth, plain.predict_proba(X)[:, 1])


def test_labels_held_out_change_the_trust_in_no_other() -> None:
    rng = np.random.default_rng(0)
    X, groups, time = rng.normal(size=(600, 4)), np.arange(600) // 2, np.arange(600)
    y = X[:, 0] + 0.7 * rng.normal(size=600) > 0.5
    train, later = later_part(time, groups, share=0.2)
    shuffled = y.copy()
    shuffled[later] = rng.permutation(y[later])

    def trust(labels: np.ndarray, *, early_stopping: bool) -> np.ndarray:
        classifier = SpamClassifier(max_iter=20, label_noise=0.05, early_stopping=early_stopping)
        return np.asarray(classifier.fit(X, labels, groups=groups, time=time).label_trust_)

    one, other = (trust(labels, early_stopping=True) for labels in (y, shuffled))
    np.testing.assert_array_equal(one[train], other[train])
    assert one[train].min() < 0.7
    assert other[later].sum() < one[later].sum()  # the shuffled ones are doubted
    one, other = (trust(labels, early_stopping=False) for labels in (y, shuffled))
    assert (one[train] != other[train]).any()


def test_early_stopping_at_random_leaves_no_label_unjudged() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4))
    truth, flipped = X[:, 0] > 0.5, rng.random(600) < 0.05
    fitted = SpamClassifier(max_iter=30, max_features=1.0, label_noise=0.05, early_stopping=True)
    assert roc_auc_score(flipped, 1 - fitted.fit(X, truth ^ flipped).label_trust_) > 0.9


def test_the_summary_says_what_a_rule_and_a_tree_reach() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"noise": rng.normal(size=400), "gap_s": rng.uniform(0, 100, 400)})
    X.loc[::9, "gap_s"] = np.nan
    y = X["gap_s"] <= 30
    fitted = SpamClassifier(max_iter=30, monotonic_cst=None).fit(X, y)
    [rule, *_] = fitted.rules_
    assert (rule.feature, rule.direction, rule.roc_auc, rule.hit, rule.false) == ("gap_s", -1, 1.0, 1.0, 0.0)
    assert rule.cut == X["gap_s"][y].max()
    text = fitted.summary()
    assert "gap_s <= " in text
    assert "if gap_s <= " in text
    assert "holds for 100.00 % of the second class and 0.00 % of the first" in text
    for what in ("forest", "tree", "rule"):
        assert fitted.figures_[f"{what}, rows fitted on"][0] == 1.0
    told = fitted.tree_.predict_proba(X.to_numpy())[:, 1]
    assert roc_auc_score(y, told) == 1.0


def test_a_feature_that_is_never_known_is_never_asked() -> None:
    X, y = _data(300)
    X[:, 2] = np.nan
    fitted = SpamClassifier(max_iter=10).fit(X, y)
    other = X.copy()
    other[:, 2] = 1e9
    np.testing.assert_array_equal(fitted.decision_function(X), fitted.decision_function(other))
    assert not (fitted.forest_.feature == 2).any()


def test_infinities_are_numbers() -> None:
    X, y = _data(300)
    X[::7, 0], X[1::7, 1] = np.inf, -np.inf
    fitted = SpamClassifier(max_iter=10).fit(X, y)
    assert np.isfinite(fitted.decision_function(X)).all()
    assert fitted.summary()


def test_metadata_reaches_fits_within_cross_validation() -> None:
    X, y = _data(300)
    groups, time = np.arange(300) // 3, np.arange(300)
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = SpamClassifier(max_iter=5, early_stopping=True)
        estimator.set_fit_request(sample_weight=True, groups=True, time=True)
        scorer = get_scorer("roc_auc").set_score_request(sample_weight=True)
        params = {"sample_weight": np.ones(300), "groups": groups, "time": time}
        found = cross_validate(
            estimator, X, y, params=params, cv=GroupKFold(3), scoring=scorer, return_estimator=True,
            error_score="raise",
        )  # fmt: skip
    assert all("forest, later rows held out" in each.figures_ for each in found["estimator"])
    assert min(found["test_score"]) > 0.6


def test_it_repeats_and_pickles() -> None:
    X, y = _data(400)
    options: dict[str, Any] = {"max_iter": 8, "label_noise": 0.02, "early_stopping": True}
    first = SpamClassifier(**options).fit(X, y)
    for other in (clone(first).fit(X, y), pickle.loads(pickle.dumps(first))):
        assert other.summary() == first.summary()
        np.testing.assert_array_equal(other.decision_function(X), first.decision_function(X))
    drawn = [
        SpamClassifier(max_iter=8, random_state=state).fit(X, y) for state in (np.random.RandomState(3), None)
    ]
    assert all(each.n_iter_ == 8 for each in drawn)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.zeros(200), InsufficientDataError, "y must hold both classes; got one class"),
        (np.arange(200) % 3, ParameterError, "y must be of two classes; got 3, a target that is multiclass"),
        (np.linspace(0, 1, 200), ParameterError, "y must be classes; got other values"),
        (np.full(200, np.nan), ParameterError, "SpamClassifier: .* NaN"),
    ],
)
def test_other_labels_are_refused(y: np.ndarray, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        SpamClassifier().fit(_data(200)[0], y)


def test_features_that_are_never_known_are_refused() -> None:
    with pytest.raises(InsufficientDataError, match="known of some row; got 3 that are missing in all"):
        SpamClassifier().fit(np.full((50, 3), np.nan), np.arange(50) % 2)


def test_text_is_refused_and_not_repeated() -> None:
    frame = pd.DataFrame({"a": ["secret-id", "other"] * 20})
    with pytest.raises(ParameterError, match="table of numbers") as caught:
        SpamClassifier().fit(frame, np.arange(40) % 2)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "c"], "got missing: b, d\\. Give"),
        (["a", "b", "c", "d", "e"], "got unknown: e\\."),
        (["a", "x", "c", "d"], "got missing: b; unknown: x\\."),
        (["b", "a", "c", "d"], "got them in another order\\."),
    ],
)
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_other_columns_than_at_fit_are_told_apart(frame: Any, names: list[str], message: str) -> None:
    rng = np.random.default_rng(0)
    table = {name: rng.normal(size=60) for name in "abcde"}
    fitted = SpamClassifier(max_iter=2).fit(frame({name: table[name] for name in "abcd"}), table["a"] > 0)
    with pytest.raises(ParameterError, match=f"X must have the 4 columns of fit, in their order; {message}"):
        fitted.predict(frame({name: table.get(name, table["e"]) for name in names}))


def test_more_or_fewer_columns_without_names_are_counted() -> None:
    X, y = _data(100)
    fitted = SpamClassifier(max_iter=2).fit(X, y)
    for method in (fitted.predict, fitted.decision_function, fitted.contributions):
        with pytest.raises(
            ParameterError, match="X must have the 6 columns of fit, in their order; got 5 instead"
        ):
            method(X[:, :5])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_iter": -1}, "parameters must be such as .* 'max_iter'"),
        ({"learning_rate": "fast"}, "parameters must be such as .* 'learning_rate'"),
        ({"monotonic_cst": "rising"}, "monotonic_cst must be"),
        ({"monotonic_cst": [1, 1]}, "monotonic_cst must be"),
        ({"monotonic_cst": [2, 0, 0, 0, 0, 0]}, "monotonic_cst must be"),
        ({"monotonic_cst": {"z": 1}}, "monotonic_cst must name columns of X; got others: z"),
        ({"early_stopping": "auto"}, "early_stopping must be True or False"),
        ({"validation_fraction": 0.9}, "validation_fraction must be"),
        ({"label_noise": 0.6}, "label_noise must be"),
        ({"n_jobs": 0}, "n_jobs must be"),
    ],
)
def test_parameters_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        SpamClassifier(**options).fit(*_data(100))


@pytest.mark.parametrize(
    "weight", [[1.0], -np.ones(100), np.full(100, np.nan), ["a"] * 100, np.ones((100, 1))]
)
def test_other_weights_are_refused(weight: Any) -> None:
    with pytest.raises(ParameterError, match="sample_weight must be one number per row"):
        SpamClassifier().fit(*_data(100), sample_weight=weight)


def test_weights_that_leave_one_class_are_refused() -> None:
    X, y = _data(100)
    with pytest.raises(InsufficientDataError, match="rows whose weight is not zero must hold both"):
        SpamClassifier().fit(X, y, sample_weight=y.astype(float))


@pytest.mark.parametrize("name", ["groups", "time"])
def test_groups_and_times_of_another_length_are_refused(name: str) -> None:
    X, y = _data(100)
    given: dict[str, Any] = {name: np.arange(99)}
    with pytest.raises(ParameterError, match=f"{name} must be one value per row"):
        SpamClassifier(early_stopping=True).fit(X, y, sample_weight=np.arange(100) % 2, **given)


def test_columns_of_text_are_named():
    X = pd.DataFrame(
        {"account_id": ["a", "b", "c"], "n": [1, 2, 3], "country": pd.Categorical(["DE", "TH", "DE"])}
    )
    with pytest.raises(ParameterError, match=r"\(columns account_id, country\)\. Leave these columns out"):
        SpamClassifier().fit(X, [0, 1, 0])
