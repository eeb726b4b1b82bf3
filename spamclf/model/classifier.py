"""A scikit-learn estimator: boosted trees on anybody's table of features, beside what a person could check by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from spamclf.errors import ParameterError
from spamclf.model.audit import DTYPES
from spamclf.model.baselines import best_rules, fit_tree, some_of_each, tree_input, tree_text
from spamclf.model.boosting import Boosting, Rows
from spamclf.model.calibration import SigmoidCalibration
from spamclf.model.card import beside_lines
from spamclf.model.forest import Forest
from spamclf.model.held_out import Figures, best_n_trees, cross_fitted, figures_of, later_or_random, trust_of
from spamclf.model.inputs import columns_differ, directions_of, two_classes, unreadable
from spamclf.model.noise import noise_rates
from spamclf.progress import check_progress
from spamclf.threads import n_threads
from spamclf.wording import counted

__all__ = ["SpamClassifier"]

Floats = npt.NDArray[np.float64]
_MIN_CELLS = 5_000_000  # of the training matrix, below which boosting is done by one thread
_LOOKED_AT = 10_000  # rows of either class that tree, rules and training figures are made from
_N_FOLDS = 5
# Parameters that boosting knows nothing of.
_OURS = ("early_stopping", "validation_fraction", "label_noise", "n_jobs")
_SIGMOID = SigmoidCalibration(1.0, 0.0)


class SpamClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn ships no types
    """Boosted trees for two classes, monotone where the catalogue knows a direction.

    Trains scikit-learn's ``HistGradientBoostingClassifier`` and keeps its trees as a `Forest`, which scores and
    explains without it. Missing values (NaN, null) are native. The second of ``classes_`` is what the scores speak
    for. A decision tree of depth 3 and the best one-feature rules are always fitted beside it: `summary` prints them.

    Parameters
    ----------
    learning_rate : float, default=0.06
    max_iter : int, default=200
        Trees; with `early_stopping` at most.
    max_leaf_nodes : int or None, default=15
    max_depth : int or None, default=None
    min_samples_leaf : int, default=20
    l2_regularization : float, default=1.0
    max_features : float, default=0.5
        Share of the features that each split may choose from.
    max_bins : int, default=255
    monotonic_cst : "catalogue", None, dict or sequence of {-1, 0, 1}, default="catalogue"
        Directions: of the features of spamclf's catalogue that the columns of `X` are named after, none for others;
        or none; or by column name; or by column.
    early_stopping : bool, default=False
        Choose the number of trees by the log loss on rows held out, then fit all rows with that many. The rows held
        out are those of the latest groups, if `fit` gets `time` or `groups`, and train on what lies before them;
        otherwise random.
    validation_fraction : float, default=0.2
        Share of the groups (or rows) held out by `early_stopping`.
    label_noise : float or dict, default=0.0
        Expected share of wrong labels, at most 0.4; or a share for each true class, such as ``{1: 0.1}`` where a tenth
        of the automated accounts were never found out and pass for honest. See Notes.
    random_state : int, RandomState instance or None, default=0
    n_jobs : int, default=-1
        Threads, in joblib's sense. Boosting on small tables takes one whatever it says.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if `X` had names.
    forest_ : Forest
    tree_ : sklearn.tree.DecisionTreeClassifier
        Of depth 3.
    rules_ : tuple of Rule
        The best one-feature rules, best first.
    n_iter_ : int
        Trees.
    label_trust_ : ndarray of shape (n_rows,), dtype float64
        How far each row's label was believed, from 0 to 1; 1 without `label_noise`.
    figures_ : dict of str to (float, float)
        ROC-AUC and average precision of forest, tree and rule on rows fitted on (at most 10,000 of either class), which
        flatter the forest; and of the forest on rows held out, where `label_noise` or `early_stopping` held some out.

    Notes
    -----
    *Label noise.* Five forests score the groups they were not fitted on; by Bayes' rule a label that they contradict
    weighs less in the final fit, all in all by no more than `label_noise` lets expect. With `early_stopping` they see
    no row held out: no label there changes another's weight. Training takes about six times as long. Measured on
    simulated worlds (``python -m tests.benches.label_noise``: 5,000 accounts to train on, as many to test on, four
    pairs; mean and standard error of points of recall): with 1.5 % of the labels flipped the forest loses little to
    begin with, and the option changes recall at 1 % false flags by 0.1 (0.5), at 0.3 % by -1.6 (1.7); with 5 % it wins
    1.0 (0.4) and 3.0 (0.9); where all labels are true it costs 0.9 (0.2) and 0.7 (0.6). Use it where one class hides in
    the other:

    *Accounts without a label* may be trained on as honest ones, given ``label_noise={1: 0.1}`` if a tenth of the
    automated accounts (class 1) is thought to be among them. With a tenth so hidden it won back 3.7 (1.8) points of
    recall at 0.3 % false flags, with a quarter 4.1 (1.6).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 3))
    >>> classifier = SpamClassifier(max_iter=20).fit(X, X[:, 0] + X[:, 1] > 1)
    >>> classifier.predict([[2.0, 1.0, 0.0], [-1.0, np.nan, 0.0]])
    array([ True, False])
    >>> print(classifier.summary().splitlines()[0])
    SpamClassifier: 20 trees on 3 features, fitted on 500 rows, 112 of them True (the second class)

    The features of a dataset, without the two columns that are none:

    >>> from spamclf import extract, read_dataset
    >>> table = extract(read_dataset("data/sample"), features=["send_rate"])
    >>> X = table.to_arrow().drop_columns(["account_id", "as_of"])
    >>> SpamClassifier(max_iter=5).fit(X, table["send_rate_sends"] > 9).n_features_in_ == X.num_columns
    True
    """

    def __init__(
        self,
        *,
        learning_rate: float = 0.06,
        max_iter: int = 200,
        max_leaf_nodes: int | None = 15,
        max_depth: int | None = None,
        min_samples_leaf: int = 20,
        l2_regularization: float = 1.0,
        max_features: float = 0.5,
        max_bins: int = 255,
        monotonic_cst: Any = "catalogue",
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        label_noise: float | Mapping[Any, float] = 0.0,
        random_state: Any = 0,
        n_jobs: int = -1,
    ) -> None:
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_bins = max_bins
        self.monotonic_cst = monotonic_cst
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.label_noise = label_noise
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        forest = state.get("forest_")
        if (
            forest is not None
        ):  # joblib may have mapped its arrays read-only: they are checked and laid out anew
            arrays = {name: getattr(forest, name) for name in DTYPES}
            self.forest_ = Forest(**arrays, baseline=forest.baseline, n_features=forest.n_features)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        time: Any = None,
        progress: Callable[[str], None] | None = None,
    ) -> Self:
        """Fit the forest, and beside it a small tree and one-feature rules.

        Parameters
        ----------
        X : array_like or dataframe of shape (n_rows, n_features)
            Numbers; NaN and null are missing, infinities are legal. pandas, polars, pyarrow, numpy.
        y : array_like of shape (n_rows,)
            Two classes.
        sample_weight : array_like of shape (n_rows,), optional
            At least 0; rows of weight 0 are left out.
        groups : array_like of shape (n_rows,), optional
            Account or campaign of each row, which `early_stopping` and `label_noise` keep together.
        time : array_like of shape (n_rows,), optional
            Instant of each row, numbers or datetimes: `early_stopping` validates on later ones.
        progress : callable, optional
            Takes a line of text every few seconds: trees grown, how fast, and the time left of this forest.
            `early_stopping` and `label_noise` grow more than one.

        Returns
        -------
        self : SpamClassifier

        Raises
        ------
        InsufficientDataError
            If a class is missing, or no feature is known of any row.
        ParameterError
            If an argument is out of its range, or lengths differ.
        """
        check_progress(progress, "SpamClassifier")
        X, y = self._validated(X, y=y)
        self.classes_, is_second = two_classes(y)
        rates = noise_rates(self.label_noise, self.classes_)
        self._check_stopping()
        rows, used = Rows.of(X, is_second, sample_weight, groups, time)
        directions = directions_of(self.monotonic_cst, self._known_names(), self.n_features_in_)
        seed = self._draw_seed()
        weighted = any(rates) or not (rows.weight == 1).all()
        boosting = Boosting.of(rows, self._settings(directions, seed), weighted=weighted, say=progress)
        self.figures_: dict[str, Figures] = {}
        threads = n_threads(self.n_jobs, "SpamClassifier")
        with threadpool_limits(threads if rows.X.size >= _MIN_CELLS else 1):
            # OpenMP threads spin while they wait: on shared cores two of them took 56 s for what one does in 0.6 s.
            self.forest_, trust = self._grown(boosting, rates, seed)
        self.n_iter_ = self.forest_.n_trees
        self.label_trust_ = np.ones(len(X))
        self.label_trust_[used] = trust
        self._counts = int(rows.is_second.sum()), len(rows)
        self._look(rows, rows.weight * trust, directions, seed)
        return self

    def decision_function(self, X: Any) -> Floats:
        """Return raw scores.

        Parameters
        ----------
        X : array_like or dataframe of shape (n_rows, n_features)
            The columns of `fit`, in their order.

        Returns
        -------
        raw : ndarray of shape (n_rows,), dtype float64
            Log odds of the second class.

        Raises
        ------
        ParameterError
            If `X` has other columns.
        """
        check_is_fitted(self)
        return self.forest_.raw_scores(self._validated(X), n_jobs=self.n_jobs)

    def predict_proba(self, X: Any) -> Floats:
        """Return the chances of both classes: the sigmoid of the raw scores.

        Parameters
        ----------
        X : array_like or dataframe of shape (n_rows, n_features)

        Returns
        -------
        chances : ndarray of shape (n_rows, 2), dtype float64
            Columns as ``classes_``.
        """
        second = _SIGMOID(self.decision_function(X))
        return np.column_stack([1.0 - second, second])

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likelier class of each row.

        Parameters
        ----------
        X : array_like or dataframe of shape (n_rows, n_features)

        Returns
        -------
        classes : ndarray of shape (n_rows,)
        """
        is_second = self.decision_function(X) > 0
        classes: npt.NDArray[Any] = self.classes_[is_second.astype(np.int64)]
        return classes

    def contributions(self, X: Any) -> tuple[Floats, float]:
        """Share each raw score out among the features: exact Shapley values.

        Parameters
        ----------
        X : array_like or dataframe of shape (n_rows, n_features)

        Returns
        -------
        contributions : ndarray of shape (n_rows, n_features), dtype float64
            In log odds; a row plus `expected` is its raw score within 1e-9.
        expected : float
            Mean raw score of the training rows.
        """
        check_is_fitted(self)
        return self.forest_.contributions(self._validated(X), n_jobs=self.n_jobs)

    def summary(self) -> str:
        """Return in words how good the forest is, and what a rule and a small tree reach.

        Returns
        -------
        text : str

        Examples
        --------
        >>> X = np.repeat(np.arange(50.0), 4)[:, None]
        >>> print(SpamClassifier(max_iter=5, monotonic_cst=None).fit(X, X[:, 0] > 39).summary())
        SpamClassifier: 5 trees on 1 feature, fitted on 200 rows, 40 of them True (the second class)
                                        ROC-AUC  average precision
          forest, rows fitted on          1.000              1.000
          tree, rows fitted on            1.000              1.000
          rule, rows fitted on            1.000              1.000
        one-feature rules:
          column 0 >= 40: holds for 100.00 % of the second class and 0.00 % of the first (ROC-AUC 1.000)
        tree of depth 3:
          if column 0 <= 39.5 or missing:
            0.00 % of the second class (80.00 % of the rows)
          else:
            100.00 % of the second class (20.00 % of the rows)
        """
        check_is_fitted(self)
        n_second, n_rows = self._counts
        size = f"{counted(self.n_iter_, 'tree')} on {counted(self.n_features_in_, 'feature')}"
        lines = [
            f"{type(self).__name__}: {size}, fitted on {n_rows:,} rows, {n_second:,} of them {self.classes_[1]} "
            "(the second class)",
            f"  {'':<30}{'ROC-AUC':>8}{'average precision':>19}",
        ]
        for what, (auc, precision) in self.figures_.items():
            lines.append(f"  {what:<30}{auc:>8.3f}{precision:>19.3f}")
        distrusted = float((1.0 - self.label_trust_).sum())
        if distrusted:
            lines.append(f"labels not believed: {distrusted:,.1f} rows' worth of {n_rows:,}")
        tree = tree_text(self.tree_, self._names()).splitlines()
        lines += beside_lines({"rules": [str(rule) for rule in self.rules_], "tree": tree})
        return "\n".join(lines)

    def _validated(self, X: Any, **y: Any) -> Any:
        """Check `X`, and `y` where it is given, against scikit-learn's rules; say what differs from `fit`."""
        try:
            return validate_data(self, X, reset=bool(y), dtype=np.float64, ensure_all_finite=False, **y)
        except ValueError as error:
            differ = None
            if not y:
                differ = columns_differ(X, self._known_names(), self.n_features_in_, error)
            raise differ or unreadable(error, X) from None

    def _known_names(self) -> list[str] | None:
        names = getattr(self, "feature_names_in_", None)
        return None if names is None else [str(name) for name in names]

    def _names(self) -> list[str]:
        return self._known_names() or [f"column {place}" for place in range(self.n_features_in_)]

    def _draw_seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _settings(self, directions: list[int], seed: int) -> dict[str, Any]:
        """Return the settings that are scikit-learn's."""
        settings = {name: value for name, value in self.get_params(deep=False).items() if name not in _OURS}
        return settings | {"monotonic_cst": directions, "random_state": seed}

    def _check_stopping(self) -> None:
        if not isinstance(self.early_stopping, bool | np.bool_):
            raise ParameterError(
                f"SpamClassifier: early_stopping must be True or False; got {self.early_stopping!r}. Use False."
            )
        if not 0 < self.validation_fraction <= 0.5:
            raise ParameterError(
                "SpamClassifier: validation_fraction must be above 0 and at most 0.5; got "
                f"{self.validation_fraction!r}. Use 0.2."
            )

    def _grown(self, boosting: Boosting, rates: tuple[float, float], seed: int) -> tuple[Forest, Floats]:
        """Fit the forest; return how far each row's label was believed, too."""
        rows, trust, n_trees = boosting.rows, np.ones(len(boosting.rows)), self.max_iter
        split = later_or_random(rows, self.validation_fraction, seed) if self.early_stopping else None
        if any(rates):
            raw = cross_fitted(boosting, split, _N_FOLDS, seed)
            held_out = f"forest, {_N_FOLDS} folds held out"
            self.figures_[held_out] = figures_of(rows.is_second, raw, rows.weight)
            trust = trust_of(rows, raw, split, rates)
        weight = rows.weight * trust
        if split is not None:
            n_trees, reached = best_n_trees(boosting, weight, split)
            if reached is not None:
                self.figures_[f"forest, {'rows' if rows.time is None else 'later rows'} held out"] = reached
        return boosting.forest(weight, n_trees), trust

    def _look(self, rows: Rows, weight: Floats, directions: list[int], seed: int) -> None:
        """Fit the small tree and the rules, and measure them and the forest, all on the same rows."""
        chosen, weight = some_of_each(rows.is_second, weight, _LOOKED_AT, seed)
        X, is_second = rows.X[chosen], rows.is_second[chosen]
        self.tree_ = fit_tree(X, is_second, weight, seed)
        self.rules_ = best_rules(X, is_second, weight, self._names(), directions)
        scores = {
            "forest": self.forest_.raw_scores(X),
            "tree": self.tree_.predict_proba(tree_input(X))[:, 1],
            "rule": self.rules_[0].scores(X),
        }
        for what, score in scores.items():
            self.figures_[f"{what}, rows fitted on"] = figures_of(is_second, score, weight)
